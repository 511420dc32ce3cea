"""Where backups go, kept in real stores: sealed, tested, changed, removed."""

import pytest

from node.canary import scan_files
from node.errors import ConflictError, IntegrityError, NotFound, UserError
from node.model.target import Description, Kind, Stored
from node.services import backup_targets as service
from node.targets.folder import Folder
from node.targets.opening import open_target

SECRET = "correct-horse-42"
DAV = Description(Kind.WEBDAV, "https://cloud.example/dav/gemstra", "ana", SECRET, marker="a" * 16)
FOUND = {"keeps_old": False, "same_disk": False}


def added(node, description=DAV, name="Cloud", **found):
    return node.write(service.keep_target, description, name, **(FOUND | found))


def test_it_is_kept_and_opened_again_after_a_restart(ana):
    view = added(ana)
    ana.reopen()
    assert ana.read(service.list_targets) == [view]
    assert ana.read(service.describe, bytes.fromhex(view.target)) == DAV
    assert (view.name, view.kind, view.where, view.user) == ("Cloud", "webdav", DAV.where, "ana")
    assert (view.every_hours, view.keep_last, view.keep_daily, view.keep_weekly, view.keep_monthly) == (24, 3, 7, 4, 12)


def test_no_view_and_no_row_in_clear_holds_the_password(ana):
    view = added(ana)
    assert SECRET not in repr(view) + repr(DAV)
    row = ana.read(lambda unit: unit.backup_targets.get(bytes.fromhex(view.target)))
    assert SECRET.encode() not in row.sealed


def test_no_file_holds_it(ana, tmp_path):
    added(ana)
    ana.store.close()
    assert scan_files([tmp_path], [SECRET, DAV.where]) == []
    (tmp_path / "control").write_text(SECRET)
    assert scan_files([tmp_path], [SECRET]) != []


def test_a_sealed_description_of_one_target_opens_no_other(ana):
    one = bytes.fromhex(added(ana).target)
    other = bytes.fromhex(added(ana, Description(Kind.FOLDER, "/backups")).target)

    def swap(unit):
        unit.db.execute(
            "UPDATE backup_places SET sealed = (SELECT sealed FROM backup_places WHERE target = ?) WHERE target = ?", (one, other)
        )

    ana.write(swap)
    with pytest.raises(IntegrityError):
        ana.read(service.describe, other)


def test_the_same_place_twice(ana):
    added(ana)
    with pytest.raises(ConflictError) as caught:
        added(ana, Description(Kind.WEBDAV, DAV.where + "/", "ben", "x"))
    assert caught.value.code == "target-known"
    assert len(ana.read(service.list_targets)) == 1


def test_how_often_and_how_many(ana):
    target = bytes.fromhex(added(ana).target)
    view = ana.write(service.change_target, target=target, name="  My  cloud ", every_hours=6, keep_last=1, keep_daily=0)
    assert (view.name, view.every_hours, view.keep_last, view.keep_daily, view.keep_weekly) == ("My cloud", 6, 1, 0, 4)
    wrong = [{"every_hours": -1}, {"every_hours": 10**9}, {"keep_last": 0}, {"keep_monthly": -1}, {"after_changes": 10**9}, {"name": " "}]
    for given in wrong:
        with pytest.raises(UserError) as caught:
            ana.write(service.change_target, target=target, **given)
        assert caught.value.code in ("bad-schedule", "bad-name")
    assert ana.read(service.get_target, target=target) == view


def test_removed_is_forgotten(ana):
    target = bytes.fromhex(added(ana).target)
    ana.write(service.remove_target, target=target)
    assert ana.read(service.list_targets) == []
    for run in (service.get_target, service.remove_target, service.change_target):
        with pytest.raises(NotFound):
            ana.write(run, target=target)


def test_only_so_many(ana):
    for count in range(service.MOST_TARGETS):
        added(ana, Description(Kind.FOLDER, f"/backups/{count}"))
    with pytest.raises(ConflictError) as caught:
        added(ana, Description(Kind.FOLDER, "/backups/more"))
    assert caught.value.code == "too-many-targets"


# --- the probe


def test_a_folder_that_works(tmp_path):
    description = Description(Kind.FOLDER, str(tmp_path / "b"), marker="m" * 16)
    Folder(tmp_path / "b").found("m" * 16)
    assert service.probe(open_target, description, b"t" * 16) is False
    assert [path.name for path in (tmp_path / "b").rglob("*") if path.is_file()] == [".gemstra-target"]


class Lossy:
    """A target with one fault."""

    def __init__(self, fault) -> None:
        self.fault, self.held = fault, {}

    def put(self, name, data, *, replace=False):
        if self.fault != "keeps-the-first" or name not in self.held:
            self.held[name] = data[:-1] if self.fault == "cuts" else data

    def get(self, name, most):
        return self.held[name][:most]

    def entries(self, prefix):
        return [] if self.fault == "hides" else [Stored(name, len(data)) for name, data in self.held.items()]

    def delete(self, name):
        if self.fault != "never-deletes":
            self.held.pop(name, None)

    def keeps_old_versions(self):
        return self.fault == "versions"

    def close(self):
        self.fault = ""


@pytest.mark.parametrize("fault", ["cuts", "hides", "keeps-the-first", "never-deletes"])
def test_a_target_that_does_not_give_back_what_it_took(fault):
    with pytest.raises(IntegrityError) as caught:
        service.probe(lambda _: Lossy(fault), DAV, b"t" * 16)
    assert caught.value.code == "target-unreliable"


@pytest.mark.parametrize(("fault", "keeps"), [("none", False), ("versions", True)])
def test_control_without_a_fault_it_passes(fault, keeps):
    assert service.probe(lambda _: Lossy(fault), DAV, b"t" * 16) is keeps
