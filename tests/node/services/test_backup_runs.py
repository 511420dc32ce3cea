"""Runs in a real store with the real engine and a real folder: which are due, which stay, what Today says of them."""

import pytest

from node.errors import NodeError
from node.model.target import Description, Kind
from node.services import backup_runs, backup_targets, customers, today
from node.services.backups import Backups, verify
from node.services.erasure import erase_customer
from node.store.load import Workshop
from node.targets.folder import Folder
from node.vault.backup_cipher import BackupCipher

from .shop import Shop

HOUR = 3_600_000
DAY = 24 * HOUR
FOUND = {"keeps_old": False, "same_disk": False}


class Desk:
    """Ana, her engine, and one folder."""

    def __init__(self, folder, node, clock, kind=Kind.FOLDER) -> None:
        self.node, self.clock, self.root = node, clock, folder / "backups"
        Folder(self.root).found("m" * 16)
        self.folder = Folder(self.root, "m" * 16)
        self.cipher = BackupCipher(lambda: [node.keys.agreement_secret])
        self.engine = Backups(node.store, self.cipher, node.keys, Workshop(folder, clock), clock, "test")
        view = node.write(backup_targets.keep_target, Description(kind, str(self.root), marker="m" * 16), "Shelf", **FOUND)
        self.target = bytes.fromhex(view.target)

    def change(self, **given):
        self.node.write(backup_targets.change_target, target=self.target, **given)

    def note(self, text):
        self.node.write(lambda unit: (unit.settings.set("test/note", text), unit.touched("changes")))

    def make(self):
        keep = self.node.read(backup_runs.keep_rule, self.target)
        return self.engine.make(self.folder, self.target, keep=keep)

    def drill(self):
        return self.engine.drill(self.folder, self.target)

    def fails(self, what):
        with pytest.raises(NodeError):
            what()

    def due(self):
        return self.node.read(backup_runs.due_targets) == [self.target]

    def runs(self):
        return self.node.read(backup_runs.list_runs)

    def items(self):
        return [item for item in self.node.read(today.show).items if item.kind == "backup"]

    def pull_out(self):
        self.root.rename(self.root.with_name("pulled-out"))

    def plug_in(self):
        self.root.with_name("pulled-out").rename(self.root)


@pytest.fixture
def desk(world, tmp_path):
    return Desk(tmp_path, world.node("ana"), world.clock)


# --- due


def test_due_at_first_then_by_time(desk):
    assert desk.due()
    desk.make()
    assert not desk.due()
    desk.clock.tick(DAY - 1)
    assert not desk.due()
    desk.clock.tick(1)
    assert desk.due()
    desk.change(every_hours=0)
    assert not desk.due()


def test_due_after_many_changes(desk):
    desk.change(after_changes=3)
    desk.make()
    desk.clock.tick(HOUR)
    for count in range(3):
        assert not desk.due()
        desk.note(f"note {count}")
    assert desk.due()
    desk.make()
    assert not desk.due()


def test_an_erased_customer_makes_one_due_and_leaves_the_older_ones(desk):
    made = desk.node.write(customers.add_customer, name="Mia Torres")
    customer = bytes.fromhex(made.id)
    desk.make()
    before = {path.name: path.read_bytes() for path in desk.root.rglob("keys-*")}
    desk.clock.tick(1000)
    assert not desk.due()
    desk.node.write(erase_customer, customer=customer)
    assert desk.due()
    desk.clock.tick(1000)
    desk.make()
    assert not desk.due()
    assert verify(desk.folder, desk.cipher, desk.node.identity, number=1).withheld > 0
    assert not before.keys() & {path.name for path in desk.root.rglob("keys-*")}


def test_a_failure_is_tried_again_after_a_pause(desk):
    desk.pull_out()
    desk.fails(desk.make)
    assert not desk.due()
    desk.clock.tick(5 * 60_000)
    assert desk.due()
    desk.fails(desk.make)
    desk.clock.tick(5 * 60_000)
    assert not desk.due()
    desk.clock.tick(5 * 60_000)
    assert desk.due()
    desk.plug_in()
    desk.make()
    assert [run.state for run in desk.runs()] == ["done", "failed", "failed"]


def test_a_run_cut_off_by_a_crash_is_over_at_the_next_start(desk):
    desk.engine._begin(desk.target)
    desk.node.reopen()
    assert desk.node.write(backup_runs.end_interrupted) == 1
    assert desk.node.write(backup_runs.end_interrupted) == 0
    (run,) = desk.runs()
    assert (run.state, run.code) == ("failed", "backup-interrupted")


def test_removing_a_place_forgets_its_runs_and_waits_for_it_no_more(desk):
    desk.make()
    desk.node.write(backup_targets.remove_target, target=desk.target)
    assert desk.runs() == []
    assert desk.node.read(lambda unit: unit.backups.targets()) == []
    assert desk.items() == []
    assert any(path.name.startswith("manifest-") for path in desk.root.rglob("*"))


# --- which stay


def test_what_stays_restores_and_nothing_else_lies_there(desk):
    desk.change(keep_last=2, keep_daily=2, keep_weekly=2, keep_monthly=2)
    for count in range(40):
        desk.note(f"note {count}")
        desk.make()
        desk.clock.tick(DAY // 2 if count % 3 else 3 * DAY)
    desk.drill()
    made = [run for run in desk.node.read(lambda unit: unit.backups.runs(desk.target, 1000)) if run.objects]
    assert 4 <= len(made) <= 8
    assert made[0].number == 40
    for run in made:
        assert verify(desk.folder, desk.cipher, desk.node.identity, number=run.number).number == run.number
    needed = {name for run in made for name in run.objects if "/keys-" not in name} | set(made[0].objects)
    assert {row.name for row in desk.folder.entries("")} == needed


def test_the_rules_may_be_narrowed_later(desk):
    for count in range(6):
        desk.note(f"note {count}")
        desk.make()
        desk.clock.tick(DAY)
    desk.change(keep_last=1, keep_daily=0, keep_weekly=0, keep_monthly=0)
    desk.note("last")
    desk.make()
    made = [run for run in desk.node.read(lambda unit: unit.backups.runs(desk.target, 1000)) if run.objects]
    assert [run.number for run in made] == [7]
    assert desk.drill().kept == 1


# --- Today


def titles(desk):
    return [item.title for item in desk.items()]


@pytest.mark.parametrize("hours", [0, 24])
def test_an_erasure_that_nobody_hurries_to_a_place_is_told_until_it_is_there(desk, hours):
    desk.change(every_hours=hours)
    made = desk.node.write(customers.add_customer, name="Mia Torres")
    desk.make()
    desk.drill()
    desk.clock.tick(1000)
    assert titles(desk) == ["Backed up and tested"]
    desk.node.write(erase_customer, customer=bytes.fromhex(made.id))
    assert desk.due() == bool(hours)
    if hours:  # the schedule sees to it, unless the place is away
        assert titles(desk) == ["Backed up and tested"]
        desk.clock.tick(DAY + 1)
    (item,) = desk.items()
    assert (item.title, item.action) == ("An erasure has not reached Shelf", "Back up there now")
    assert desk.node.read(today.face).counts == {"backup": 1}
    desk.clock.tick(1000)
    desk.make()
    desk.drill()
    assert titles(desk) == ["Backed up and tested"]


def test_a_backup_on_the_desks_own_disk_is_told_as_what_it_is_until_there_is_another(desk, tmp_path):
    desk.node.write(backup_targets.tested_target, target=desk.target, keeps_old=False, same_disk=True)
    assert [task.done for task in desk.node.read(today.show).setup if task.href == "/backup"] == [False]
    desk.make()
    desk.drill()
    (item,) = desk.items()
    assert (item.title, item.action, item.href) == ("Backed up on this machine's own disk only", "Add a place", "/backup/add")
    Folder(tmp_path / "elsewhere").found("e" * 16)
    there = Description(Kind.FOLDER, str(tmp_path / "elsewhere"), marker="e" * 16)
    other = bytes.fromhex(desk.node.write(backup_targets.keep_target, there, "Attic", **FOUND).target)
    assert titles(desk) == ["Backed up on this machine's own disk only"]  # nothing lies there yet
    assert [task.done for task in desk.node.read(today.show).setup if task.href == "/backup"] == [True]
    desk.engine.make(Folder(tmp_path / "elsewhere", "e" * 16), other, keep=desk.node.read(backup_runs.keep_rule, other))
    assert titles(desk) == ["Backed up and tested"]


def test_today_from_the_first_backup_to_trouble_and_back(desk):
    assert desk.items() == []
    desk.make()
    assert desk.items() == []  # nothing is known of it before the drill
    desk.drill()
    (item,) = desk.items()
    assert (item.title, item.text, item.action, item.at) == ("Backed up and tested", "Shelf", "", desk.clock.now)
    part = next(path for path in desk.root.rglob("part-*"))
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    desk.fails(desk.drill)
    (item,) = desk.items()
    assert item.title == "A backup in Shelf cannot be restored"
    assert item.action == "Back up again"
    assert "damaged" in item.text
    assert [run.drill for run in desk.runs()] == ["different"]
    part.write_bytes(whole)
    desk.drill()
    assert [item.title for item in desk.items()] == ["Backed up and tested"]


def test_a_place_that_cannot_be_reached_for_a_while_is_no_trouble_yet(desk):
    desk.make()
    desk.drill()
    desk.pull_out()
    for days in range(3):
        desk.clock.tick(DAY)
        desk.fails(desk.make)
        titles = [item.title for item in desk.items()]
        assert titles == (["Backed up and tested"] if days < 2 else ["No backup in Shelf for 3 days"])
    assert desk.node.read(today.face).counts == {"backup": 1}
    desk.plug_in()
    desk.make()
    desk.drill()
    assert [item.title for item in desk.items()] == ["Backed up and tested"]
    assert desk.node.read(today.face).counts == {}


def test_a_disk_may_be_away_for_a_week(world, tmp_path):
    desk = Desk(tmp_path, world.node("ana"), world.clock, Kind.DISK)
    desk.make()
    desk.drill()
    desk.pull_out()
    desk.clock.tick(7 * DAY)
    desk.fails(desk.make)
    assert [item.title for item in desk.items()] == ["Backed up and tested"]
    desk.clock.tick(1)
    assert [item.title for item in desk.items()] == ["No backup in Shelf for 7 days"]


def test_what_no_waiting_mends_is_told_at_once(desk):
    desk.make()
    run = desk.node.read(lambda unit: unit.backups.runs(desk.target))[0]
    for code in ("target-credentials", "target-full", "backup-foreign"):
        desk.clock.tick(1000)
        failed = type(run)(bytes([len(code)] * 32), desk.target, desk.clock.now, desk.clock.now, "failed", code, "Do this.")
        desk.node.write(lambda unit, failed=failed: unit.backups.keep_run(failed))
        (item,) = desk.items()
        assert (item.text, item.action) == ("Do this.", "Look")


def test_a_drill_that_the_place_cut_short_says_nothing_of_the_backup(desk):
    desk.make()
    desk.pull_out()
    desk.fails(desk.drill)
    assert [run.drill for run in desk.runs()] == ["untried"]
    assert desk.items() == []


def test_backups_that_disappear_are_told_once_a_new_one_is_made(desk):
    desk.make()
    for path in desk.root.rglob("manifest-*"):
        path.unlink()
    desk.clock.tick(1000)
    desk.make()
    desk.drill()
    assert sorted(item.title for item in desk.items()) == ["Backed up and tested", "Backups in Shelf had disappeared"]
    desk.clock.tick(1000)
    desk.note("later")
    desk.make()
    desk.drill()
    assert [item.title for item in desk.items()] == ["Backed up and tested"]


def test_after_the_first_sale_a_desk_without_a_backup_is_told(tmp_path):
    shop = Shop(tmp_path)
    assert not any(item.kind == "backup" for item in shop.ana.read(today.show).items)
    assert any(task.href == "/backup" and not task.done for task in shop.ana.read(today.show).setup)
    shop.accepted()
    (item,) = [item for item in shop.ana.read(today.show).items if item.kind == "backup"]
    assert (item.title, item.action) == ("Your desk has no backup", "Choose a place")
    shop.world.close()
