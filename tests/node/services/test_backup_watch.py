"""A watched target passes everything on, counts, and stops between two objects."""

import pytest

from node.errors import UserError
from node.services.backup_watch import Moved, Watched
from node.targets.folder import Folder


def test_it_passes_on_and_counts(tmp_path):
    Folder(tmp_path / "b").found("m" * 16)
    watched = Watched(Folder(tmp_path / "b", "m" * 16))
    watched.put("a/one", b"12345")
    watched.put("a/one", b"123", replace=True)
    assert watched.get("a/one", 10) == b"123"
    assert [row.name for row in watched.entries("a/")] == ["a/one"]
    assert watched.keeps_old_versions() is False
    watched.delete("a/one")
    assert watched.moved == Moved(2, 8, 1, 3)
    assert list(watched.entries("")) == []


def test_stopped_it_lets_nothing_through(tmp_path):
    Folder(tmp_path / "b").found("m" * 16)
    watched = Watched(Folder(tmp_path / "b", "m" * 16))
    watched.put("a/one", b"1")
    watched.stop()
    calls = (
        lambda: watched.put("a/two", b"2"),
        lambda: watched.get("a/one", 1),
        lambda: watched.delete("a/one"),
        lambda: watched.entries(""),
        watched.keeps_old_versions,
    )
    for call in calls:
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == "backup-cancelled"
    assert [row.name for row in Folder(tmp_path / "b").entries("")] == ["a/one"]
    assert watched.moved == Moved(1, 1)
