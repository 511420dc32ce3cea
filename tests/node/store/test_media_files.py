"""Pictures on the disk: whole or not there, by hash, within a quota, those looked at last kept longest."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.model.media import Shelf, Usage
from node.store.media_files import MediaFolder
from protocol.media import media_hash

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path):
    return MediaFolder(tmp_path / "media", 1000)


def put(folder, number, size=300, shelf=Shelf.SHOWN):
    content = bytes([number]) * size
    return folder.put(shelf, media_hash(content), content), media_hash(content), content


def test_what_was_put_is_there_for_its_owner_only(folder, tmp_path):
    _, hash_, content = put(folder, 1, shelf=Shelf.OWN)
    assert folder.get(Shelf.OWN, hash_) == content
    assert folder.get(Shelf.SHOWN, hash_) is None
    file = tmp_path / "media" / "own" / hash_.hex()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0


def test_the_quota_holds_and_what_was_not_looked_at_goes_first(folder):
    hashes = [put(folder, number)[1] for number in range(3)]
    assert folder.get(Shelf.SHOWN, hashes[0])  # looked at: the second is the oldest now
    put(folder, 9)
    assert [folder.get(Shelf.SHOWN, hash_) is not None for hash_ in hashes] == [True, False, True]
    assert folder.usage() == Usage(0, 0, 3, 900)
    assert put(folder, 8, 1001)[0] is False
    assert folder.usage().kept_bytes <= 1000


def test_the_order_outlives_a_restart(folder, tmp_path):
    hashes = [put(folder, number)[1] for number in range(3)]
    for age, hash_ in enumerate(hashes):
        os.utime(tmp_path / "media" / "shown" / hash_.hex(), (1000 - age, 1000 - age))  # the last one is the oldest
    again = MediaFolder(tmp_path / "media", 1000)
    put(again, 9)
    assert [again.get(Shelf.SHOWN, hash_) is not None for hash_ in hashes] == [True, True, False]


def test_our_own_never_go(folder):
    _, own, content = put(folder, 1, 5000, Shelf.OWN)
    for number in range(2, 9):
        put(folder, number)
    folder.clear()
    assert folder.get(Shelf.OWN, own) == content
    assert folder.usage() == Usage(1, 5000, 0, 0)


@pytest.mark.parametrize("shelf", [Shelf.OWN, Shelf.CAME])
def test_what_is_damaged_is_gone(folder, tmp_path, shelf):
    _, hash_, _ = put(folder, 1, shelf=shelf)
    file = tmp_path / "media" / shelf / hash_.hex()
    file.write_bytes(b"other")
    assert folder.get(shelf, hash_) is None
    assert not file.exists()


_WRITER = """
import sys
from pathlib import Path
from node.model.media import Shelf
from node.store.media_files import MediaFolder
from protocol.media import media_hash
folder = MediaFolder(Path(sys.argv[1]), 10**9)
for number in range(10**6):
    content = number.to_bytes(4, "big") * 200_000
    folder.put(Shelf.OWN, media_hash(content), content)
    if not number:
        print("ready", flush=True)
"""


@pytest.mark.parametrize("after", [0.03, 0.11, 0.2])
def test_a_kill_leaves_no_half_under_a_name(tmp_path, after):
    path = tmp_path / "media"
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
    writer.stdout.readline()
    time.sleep(after)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    half = path / "own" / ".half"
    half.write_bytes(b"x")  # as a kill in the middle of a write leaves it
    folder = MediaFolder(path, 10**9)
    folder.usage()
    assert not half.exists()
    found = list((path / "own").iterdir())
    assert all(media_hash(file.read_bytes()).hex() == file.name for file in found)
