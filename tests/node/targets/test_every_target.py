"""What every target does alike, against the real thing: a folder, a WebDAV server (Basic and Digest), an S3 server."""

from contextlib import closing

import pytest

from node.errors import IntegrityError, NotFound
from node.model.target import Description, Kind, Stored
from node.targets.opening import found_target, open_target
from tests.node.targets.servers import dav, s3

MARKER = "b" * 16
NAMES = ["parts/" + letter * 64 for letter in "abc"] + ["manifests/0001-x.age"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with (
        dav(tmp_path_factory.mktemp("basic")) as basic,
        dav(tmp_path_factory.mktemp("digest"), scheme="digest") as digest,
        s3() as bucket,
    ):
        yield {"webdav-basic": basic.description(), "webdav-digest": digest.description(), "s3": bucket}


@pytest.fixture(params=["folder", "webdav-basic", "webdav-digest", "s3"])
def description(request, servers, tmp_path):
    if request.param == "folder":
        return found_target(Description(Kind.FOLDER, str(tmp_path / "backups"), marker=MARKER))
    return found_target(servers[request.param])


@pytest.fixture
def target(description):
    with closing(open_target(description)) as made:
        yield made
        for row in made.entries(""):
            made.delete(row.name)


def test_what_is_put_is_got(target):
    data = bytes(range(256)) * 4096
    target.put("parts/one", data)
    assert target.get("parts/one", len(data)) == data
    assert list(target.entries("")) == [Stored("parts/one", len(data))]


def test_an_empty_object(target):
    target.put("parts/none", b"")
    assert target.get("parts/none", 0) == b""
    assert list(target.entries("parts/")) == [Stored("parts/none", 0)]


def test_without_replace_what_is_there_stays(target):
    target.put("keys/all", b"first")
    target.put("keys/all", b"second, longer")
    assert target.get("keys/all", 100) == b"first"
    target.put("keys/all", b"third", replace=True)
    assert target.get("keys/all", 100) == b"third"


def test_entries_by_prefix_in_order(target):
    for name in reversed(NAMES):
        target.put(name, name.encode())
    assert [row.name for row in target.entries("")] == sorted(NAMES)
    assert [row.name for row in target.entries("parts/")] == NAMES[:3]
    assert [row.name for row in target.entries("parts/b")] == NAMES[1:2]
    assert list(target.entries("nothing/")) == []
    assert list(target.entries("parts/aa/b")) == []


def test_delete_twice_is_fine(target):
    target.put("parts/one", b"x")
    target.delete("parts/one")
    target.delete("parts/one")
    target.delete("never/was")
    assert list(target.entries("")) == []


def test_what_is_not_there(target):
    with pytest.raises(NotFound) as caught:
        target.get("parts/none", 10)
    assert caught.value.code == "backup-missing"
    target.put("parts/other", b"x")
    with pytest.raises(NotFound):
        target.get("parts/none", 10)


def test_larger_than_it_may_be(target):
    target.put("parts/one", b"x" * 100_001)
    with pytest.raises(IntegrityError) as caught:
        target.get("parts/one", 100_000)
    assert caught.value.code == "backup-damaged"


@pytest.mark.parametrize(
    "name", ["../up", "parts/../../up", "/etc/passwd", "parts/.hidden", ".incoming/x", "parts/ä", "a" * 201, "", "parts/"]
)
def test_a_name_that_leads_elsewhere(target, name):
    for call in (lambda: target.put(name, b"x"), lambda: target.get(name, 1), lambda: target.delete(name)):
        with pytest.raises(IntegrityError) as caught:
            call()
        assert caught.value.code == "backup-damaged"


def test_none_of_them_keeps_old_versions(target):
    assert target.keeps_old_versions() is False


def test_setting_up_twice_changes_nothing(target, description):
    target.put("parts/one", b"x")
    assert found_target(description) == description
    with closing(open_target(description)) as again:
        assert again.get("parts/one", 1) == b"x"
