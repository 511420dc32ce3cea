"""A folder: synced, private, never written to when it is not the one; and full, gone, forbidden in words."""

import errno
import os
import stat
import subprocess
import sys
from contextlib import contextmanager

import pytest

from node.errors import NodeError, NotFound, Unavailable, UserError
from node.model.target import Description, Kind
from node.targets.folder import Folder
from node.targets.names import INCOMING, MARKER
from node.targets.opening import found_target, open_target
from tests.node.targets.servers import inside

ID = "c" * 16


@pytest.fixture
def root(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def target(root):
    assert Folder(root).found(ID) == ID
    return Folder(root, ID)


@contextmanager
def told(kind, code, *words):
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


def test_only_the_owner_may_look(target, root):
    target.put("parts/one", b"x")
    modes = {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
    assert modes == {".": 0o700, MARKER: 0o600, INCOMING: 0o700, "parts": 0o700, "parts/one": 0o600}


def test_it_is_synced_before_it_has_its_name(target, root, monkeypatch):
    done = []
    for name in ("fsync", "link", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real, **more: (done.append(name), real(*args, **more))[1])
    target.put("parts/one", b"x")
    target.put("parts/one", b"y", replace=True)
    while done[0] == "fsync" and done[1] == "fsync":
        done.pop(0)  # folders that were made
    assert done == ["fsync", "link", "fsync", "fsync", "rename", "fsync"]


def test_a_disk_without_hard_links(target, root, monkeypatch):
    def none(*_args, **_more):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    target.put("parts/one", b"first")
    target.put("parts/one", b"second")
    assert target.get("parts/one", 10) == b"first"
    assert inside(root / INCOMING) == []


def test_the_empty_mount_point_is_not_the_disk(target, root, tmp_path):
    target.put("parts/one", b"x")
    root.rename(tmp_path / "pulled-out")
    for empty in (False, True):
        if empty:
            root.mkdir()
        for call in (lambda: target.put("parts/two", b"x"), lambda: target.entries(""), lambda: target.get("parts/one", 1)):
            with told(Unavailable, "target-gone", "Plug in the disk"):
                call()
    assert inside(root) == []
    root.rmdir()
    (tmp_path / "pulled-out").rename(root)
    target.put("parts/two", b"x")
    assert [row.name for row in target.entries("")] == ["parts/one", "parts/two"]


def test_another_disk_at_the_same_place(target, root):
    (root / MARKER).write_text("d" * 16)
    with told(Unavailable, "target-gone"):
        target.put("parts/one", b"x")


def test_control_without_a_marker_the_empty_mount_point_is_written_to(root):
    root.mkdir()
    Folder(root).put("parts/one", b"x")
    assert (root / "parts" / "one").exists()


def test_a_folder_that_was_set_up_keeps_its_id(target, root):
    assert Folder(root).found("e" * 16) == ID
    assert found_target(Description(Kind.DISK, str(root), marker="e" * 16)).marker == ID


def test_the_parent_must_be_there(tmp_path):
    with told(Unavailable, "target-gone"):
        Folder(tmp_path / "no" / "such").found(ID)


def test_links_lead_nowhere(target, root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("theirs")
    (root / "parts").symlink_to(outside)
    (root / "keys").mkdir()
    (root / "keys" / "all").symlink_to(outside / "secret")
    with pytest.raises(NodeError):
        target.get("parts/secret", 100)
    with pytest.raises(NodeError):
        target.put("parts/new", b"x")
    with pytest.raises(NodeError):
        target.get("keys/all", 100)
    assert list(target.entries("")) == []
    assert inside(outside) == ["secret"]


def test_strange_names_are_not_ours(target, root):
    target.put("parts/one", b"x")
    (root / "Holiday photos").mkdir()
    (root / "parts" / "one (copy)").write_bytes(b"x")
    assert [row.name for row in target.entries("")] == ["parts/one"]


def test_an_emptied_folder_goes_and_one_with_something_in_it_stays(target, root):
    for name in ("probe/one", "probe/two", "other/one"):
        target.put(name, b"x")
    target.delete("probe/one")
    assert (root / "probe" / "two").exists()
    target.delete("probe/two")
    assert not (root / "probe").exists()
    assert (root / "other" / "one").exists()


def test_what_was_left_half_written_goes(target, root):
    target.put("parts/one", b"x")
    left, theirs = root / INCOMING / f"{ID}-0011", root / INCOMING / "ffff-0011"
    left.write_bytes(b"half")
    theirs.write_bytes(b"half")
    Folder(root, ID).put("parts/two", b"x")
    assert not left.exists()
    assert theirs.exists()


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, Unavailable, "target-full"),
        (errno.EDQUOT, Unavailable, "target-full"),
        (errno.EIO, Unavailable, "target-gone"),
        (errno.EROFS, UserError, "target-refused"),
        (errno.EACCES, UserError, "target-refused"),
        (errno.EMFILE, Unavailable, "target-unreachable"),
    ],
)
@pytest.mark.parametrize("step", ["open", "fsync", "link"])
def test_each_step_may_fail(target, root, monkeypatch, number, kind, code, step):
    target.put("parts/one", b"x")
    real = getattr(os, step)

    def fails(*args, **more):
        if step != "open" or (len(args) > 1 and args[1] & os.O_CREAT):
            raise OSError(number, os.strerror(number))
        return real(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fails)
        with told(kind, code):
            target.put("parts/two", b"y")
    assert [row.name for row in target.entries("")] == ["parts/one"]
    assert inside(root / INCOMING) == []
    target.put("parts/two", b"y")


FILL = """
import sys
from pathlib import Path
from node.errors import NodeError
from node.targets.folder import Folder
root = Path(sys.argv[1]) / "backups"
Folder(root).found("c" * 16)
target = Folder(root, "c" * 16)
target.put("parts/small", b"s" * 1000)
try:
    target.put("parts/large", b"l" * 1_000_000)
except NodeError as error:
    print(error.code)
print(",".join(f"{row.name}:{row.size}" for row in target.entries("")))
print(len(list((root / ".incoming").iterdir())))
target.delete("parts/small")
target.put("parts/next", b"n" * 1000)
print(target.get("parts/next", 1000) == b"n" * 1000)
"""


def test_a_disk_that_is_really_full(tmp_path):
    """A tmpfs of 256 KiB in a mount namespace of its own."""
    script = f"mount -t tmpfs -o size=256k none {tmp_path} && exec {sys.executable} - {tmp_path}"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], input=FILL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["target-full", "parts/small:1000", "0", "True"]


KILLED = """
import sys
from pathlib import Path
from node.targets.folder import Folder
target = Folder(Path(sys.argv[1]), "c" * 16)
count = 0
while True:
    target.put(f"parts/{count:06}", bytes([count % 256]) * 300_000)
    print(count, flush=True)
    count += 1
"""


def test_killed_in_the_middle_leaves_whole_objects_only(target, root):
    for _ in range(5):
        for row in target.entries(""):
            target.delete(row.name)
        with subprocess.Popen([sys.executable, "-c", KILLED, root], stdout=subprocess.PIPE, text=True) as process:
            acknowledged = [int(process.stdout.readline()) for _ in range(8)]
            process.kill()
            acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        rows = {row.name: row.size for row in target.entries("")}
        assert set(rows.values()) == {300_000}
        assert rows.keys() >= {f"parts/{count:06}" for count in acknowledged}
    Folder(root, ID).put("parts/after", b"x")
    assert inside(root / INCOMING) == []


@pytest.mark.parametrize("where", ["", "backups", "./backups", "/tmp/a\0b"])
def test_a_folder_is_named_in_full(where):
    with told(UserError, "bad-target", "whole path"):
        open_target(Description(Kind.FOLDER, where))


def test_missing_is_missing_and_not_gone(target):
    with pytest.raises(NotFound):
        target.get("parts/none", 1)
