"""Backups: whole and by what changed, the drill, what a target can do to them, and that erasing reaches the older ones."""

import pytest

from node.errors import ConflictError, IntegrityError, NotFound, Unavailable, UserError
from node.model.backup import Keyring
from node.services import backup_make, backup_read
from node.services.backup_check import reckon
from node.services.backups import newest
from node.services.customer_merge import keep_apart
from node.services.erasure import erase_customer
from node.vault.backup_cipher import BackupCipher
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.vaulted import PLACE, Vaulted


@pytest.fixture
def vaulted(tmp_path):
    vaulted = Vaulted(tmp_path)
    yield vaulted
    vaulted.close()


def refused(code, call, *args, **options):
    with pytest.raises((UserError, Unavailable)) as error:
        call(*args, **options)
    assert error.value.code == code
    return str(error.value)


# --- making


def test_the_first_is_whole_the_next_holds_what_changed(vaulted):
    first = vaulted.make()
    assert (first.number, first.whole) == (1, True)
    assert first.rows > 12
    vaulted.note(vaulted.ids[0], "prefers mornings")
    second = vaulted.make()
    assert (second.number, second.whole, second.rows) == (2, False, 1)
    checked = vaulted.drill()
    assert (checked.number, checked.rows, checked.withheld, checked.kept) == (2, first.rows + 1, 0, 2)
    assert vaulted.runs()[0].drill_code == ""
    assert vaulted.runs()[0].drilled == vaulted.world.clock.now


def test_nothing_is_put_where_nothing_changed(vaulted):
    vaulted.make()
    before = dict(vaulted.target.objects)
    again = vaulted.make()
    assert (again.number, again.put, again.rows) == (1, 0, 0)
    assert vaulted.target.objects == before
    assert [run.state for run in vaulted.runs()] == ["done", "done"]


def test_what_is_new_changed_and_gone_is_there_at_the_end(vaulted, monkeypatch):
    monkeypatch.setattr(backup_make, "_CHANGES", 3)
    vaulted.make()
    for number in range(10):
        vaulted.note(vaulted.ids[0], f"note {number}")
    vaulted.node.write(vaulted.add, 5, 100)
    vaulted.node.write(lambda unit: unit.settings.set("unit", {"zone": "America/Recife"}))
    vaulted.node.write(erase_customer, vaulted.ids[1])
    assert not vaulted.make().whole
    copied = {}
    with vaulted.engine._workshop.copy(vaulted.node.read(lambda unit: unit.dump.schema())) as copy:
        opened = backup_read.open_newest(vaulted.target, vaulted.engine._cipher, vaulted.node.identity)
        keyring = backup_read.open_keyring(vaulted.target, vaulted.engine._cipher, opened)
        backup_read_into(copy, vaulted, opened, keyring)
        copied = {table: sorted(map(repr, rows)) for table, rows in copy.rows()}
        counts, _ = reckon(copy)
    assert counts["customers"] == 16
    columns = "archived, contact, created, id, name, record, sort, source, updated"
    live = vaulted.node.read(lambda unit: sorted(map(repr, unit.db.execute(f"SELECT {columns} FROM customers").fetchall())))
    assert copied["customers"] == live
    assert any("Recife" in row for row in copied["settings"])


def backup_read_into(copy, vaulted, opened, keyring):
    for read in backup_read.read_rows(vaulted.target, vaulted.engine._cipher, opened, backup_read.secrets_of(keyring)):
        copy.put(read.table, read.columns, read.rows)
        copy.drop(read.table, read.key, read.gone)


def test_a_whole_one_follows_when_the_changes_have_grown_past_half_of_it(vaulted, monkeypatch):
    monkeypatch.setattr(backup_make, "_LEAST_DELTAS", 0)
    vaulted.make()
    made = []
    for number in range(12):
        vaulted.node.write(vaulted.add, 8, 100 + 8 * number)
        made.append(vaulted.make().whole)
    assert made[0] is False
    assert True in made
    assert vaulted.drill().number == 13


def test_rows_that_come_while_it_is_walked_are_in_it(vaulted, monkeypatch):
    """A customer comes between the walk and its end, another goes, a third changes: the backup is the store as it was at the end."""
    whole = backup_make.Making._catch_up

    def meanwhile(making, since):
        vaulted.node.write(vaulted.add, 3, 200)
        vaulted.node.write(erase_customer, vaulted.ids[2])
        vaulted.note(vaulted.ids[3], "came late")
        return whole(making, since)

    monkeypatch.setattr(backup_make.Making, "_catch_up", meanwhile)
    assert vaulted.make().whole
    monkeypatch.undo()
    assert vaulted.drill().withheld == 1
    assert not vaulted.make().rows


def test_control_a_change_that_nobody_noted_is_found_by_the_next_whole_backup(vaulted):
    vaulted.make()
    vaulted.node.write(lambda unit: unit.db.execute("DROP TRIGGER backup_of_customers_update"))
    vaulted.note(vaulted.ids[0], "unnoticed")
    vaulted.node.write(vaulted.add, 1, 50)
    vaulted.make()
    vaulted.drill()  # both know nothing of it
    vaulted.make(afresh=True)
    refused("backup-differs", vaulted.drill)
    assert vaulted.runs()[0].drill_code == "backup-differs"


def test_after_a_drill_that_found_a_difference_the_next_backup_is_whole_and_reckoned_anew(vaulted):
    vaulted.make()
    vaulted.node.write(lambda unit: unit.db.execute("DELETE FROM backup_rows WHERE noun = 'customers'"))
    vaulted.note(vaulted.ids[0], "counted twice")
    vaulted.make()
    refused("backup-differs", vaulted.drill)
    assert vaulted.make().whole
    vaulted.drill()
    vaulted.note(vaulted.ids[0], "as ever")
    assert not vaulted.make().whole
    vaulted.drill()


def test_two_targets_go_their_own_way(vaulted):
    other, place = MemoryTarget(), b"\x22" * 32
    vaulted.make()
    vaulted.note(vaulted.ids[0], "one")
    assert vaulted.engine.make(other, place).whole
    vaulted.note(vaulted.ids[0], "two")
    assert vaulted.make().rows == 1
    assert vaulted.engine.make(other, place).rows == 1
    assert vaulted.drill().number == 3  # one chain, whatever the target
    assert vaulted.engine.drill(other, place).number == 4


def test_changes_are_forgotten_once_every_target_has_them(vaulted):
    vaulted.make()
    vaulted.note(vaulted.ids[0], "one")
    count = lambda: vaulted.node.read(lambda unit: unit.dump.behind(0))  # noqa: E731
    assert count() == 1
    vaulted.make()
    assert count() == 0


def test_a_new_schema_makes_the_next_one_whole(vaulted):
    vaulted.make()
    vaulted.node.write(lambda unit: unit.db.execute("UPDATE backup_account SET schema = '[1]'"))
    assert vaulted.make().whole
    assert vaulted.drill().number == 2


def test_one_at_a_time(vaulted):
    with vaulted.engine._alone():
        refused("backup-running", vaulted.make)
        refused("backup-running", vaulted.drill)


# --- targets that fail


@pytest.mark.parametrize("room", [0, 2_000, 40_000])
def test_a_full_target_gets_nothing_that_counts_and_the_next_run_ends_it(vaulted, room, monkeypatch):
    monkeypatch.setattr("node.services.backup_stream._READY", 4_000)
    vaulted.node.write(vaulted.add, 300, 1_000)
    vaulted.target.room = room
    refused("target-full", vaulted.make)
    assert vaulted.runs()[0].code == "target-full"
    assert not vaulted.named("manifest")
    refused("no-backup", vaulted.engine.verify, vaulted.target)
    vaulted.target.room = None
    assert vaulted.make().number == 1
    assert vaulted.drill().number == 1


def test_a_target_that_goes_at_any_moment_leaves_the_last_backup_and_the_next_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("node.services.backup_stream._READY", 4_000)
    monkeypatch.setattr(backup_make, "_ROWS", 20)
    vaulted = Vaulted(tmp_path, 100)
    reused, codes = 0, set()
    for calls in range(40):
        vaulted.target.calls = calls
        try:
            vaulted.make()
            break
        except Unavailable as error:
            codes.add(error.code)
        vaulted.target.calls = None
        assert not vaulted.named("manifest") or vaulted.engine.verify(vaulted.target)
        begun = vaulted.node.read(lambda unit: unit.backups.target(PLACE)).begun
        reused = max(reused, len(begun.parts) if begun else 0)
    assert reused > 2
    assert codes == {"target-gone"}
    vaulted.target.calls = None
    assert vaulted.drill().number == vaulted.runs()[0].number
    vaulted.close()


def test_a_run_that_was_cut_off_goes_on_and_uses_the_parts_that_are_there(vaulted, monkeypatch):
    monkeypatch.setattr("node.services.backup_stream._READY", 4_000)
    monkeypatch.setattr(backup_make, "_ROWS", 20)
    vaulted.node.write(vaulted.add, 200, 1_000)
    vaulted.target.calls = 8
    refused("target-gone", vaulted.make)
    vaulted.target.calls = None
    before = set(vaulted.named("part"))
    assert len(before) > 2
    vaulted.note(vaulted.ids[0], "changed in between")
    made = vaulted.make()
    assert before < set(vaulted.named("part"))
    assert made.put == len(vaulted.target.objects) - len(before)
    assert vaulted.drill().number == 1


def test_parts_that_vanished_meanwhile_are_made_again(vaulted, monkeypatch):
    monkeypatch.setattr("node.services.backup_stream._READY", 4_000)
    monkeypatch.setattr(backup_make, "_ROWS", 20)
    vaulted.node.write(vaulted.add, 200, 1_000)
    vaulted.target.calls = 8
    refused("target-gone", vaulted.make)
    vaulted.target.calls = None
    vaulted.target.delete(vaulted.named("part")[0])
    vaulted.make()
    assert vaulted.drill().number == 1


def test_a_target_that_lost_its_backups_gets_a_whole_one_and_that_is_said(vaulted):
    vaulted.make()
    vaulted.target.objects.clear()
    made = vaulted.make()
    assert (made.number, made.whole, made.warnings) == (2, True, ("target-lost-backups",))
    vaulted.note(vaulted.ids[0], "more")
    vaulted.make()
    vaulted.target.delete(vaulted.named("part")[0])
    assert vaulted.make().warnings == ("target-lost-backups",)
    assert vaulted.drill().number == 4


def test_another_device_at_the_same_target_is_told_so(vaulted):
    vaulted.make()
    vaulted.node.write(lambda unit: unit.backups.forget_target(PLACE))
    assert vaulted.make().number == 2  # the same device, added again
    vaulted.node.write(lambda unit: unit.backups.forget_target(PLACE))
    author = backup_read.open_newest(vaulted.target, vaulted.engine._cipher, vaulted.node.identity).envelope.author
    assert author == vaulted.node.keys.device.public
    vaulted.node.keys._device = type(vaulted.node.keys._device)(bytes(32))
    with pytest.raises(ConflictError) as foreign:
        vaulted.make()
    assert foreign.value.code == "backup-foreign"


# --- retention


def test_only_the_backups_that_shall_stay_do(vaulted):
    for number in range(6):
        vaulted.note(vaulted.ids[0], f"note {number}")
        vaulted.make(keep=newest(3))
    assert len(vaulted.named("manifest")) == 3
    assert len(vaulted.named("keys")) == 1
    assert [bool(run.objects) for run in vaulted.runs()] == [True, True, True, False, False, False]
    assert vaulted.drill().kept == 3
    vaulted.make(afresh=True)
    assert (len(vaulted.named("manifest")), len(vaulted.named("part")), len(vaulted.named("keys"))) == (1, 1, 1)
    assert vaulted.drill().kept == 1


# --- what whoever keeps the target may try


def test_every_flipped_byte_is_a_named_error(vaulted):
    vaulted.make()
    whole = dict(vaulted.target.objects)
    for name, data in whole.items():
        for place in (0, 100, len(data) - 1):
            vaulted.target.objects = dict(whole)
            vaulted.flip(name, place)
            refused("backup-damaged", vaulted.drill)
            refused("backup-damaged", vaulted.engine.verify, vaulted.target)


def test_cut_swapped_and_missing_objects_are_named_errors(vaulted):
    vaulted.make()
    vaulted.note(vaulted.ids[0], "more")
    vaulted.make()
    whole = dict(vaulted.target.objects)
    for name, data in whole.items():
        newest_manifest = name == max(vaulted.named("manifest"))
        vaulted.target.objects = dict(whole) | {name: data[:-1]}
        refused("backup-damaged", vaulted.engine.verify, vaulted.target)
        vaulted.target.objects = {other: kept for other, kept in whole.items() if other != name}
        if "manifest" not in name:
            refused("backup-missing", vaulted.engine.verify, vaulted.target)
        elif newest_manifest:
            refused("backup-older", vaulted.drill)
    one, two = sorted(vaulted.named("part"))
    vaulted.target.objects = dict(whole) | {one: whole[two], two: whole[one]}
    refused("backup-damaged", vaulted.engine.verify, vaulted.target)


def test_an_older_state_of_the_target_is_noticed_when_a_newer_one_is_known(vaulted):
    vaulted.make()
    old = dict(vaulted.target.objects)
    vaulted.note(vaulted.ids[0], "more")
    made = vaulted.make()
    head = vaulted.node.read(lambda unit: unit.backups.target(PLACE)).head
    vaulted.target.objects = old
    refused("backup-older", vaulted.drill)
    refused("backup-older", vaulted.engine.verify, vaulted.target, (made.number, head))
    assert vaulted.engine.verify(vaulted.target).number == 1  # whoever knows of none can't tell
    vaulted.target.objects = {}
    refused("backup-older", vaulted.engine.verify, vaulted.target, (made.number, head))


def test_a_manifest_signed_by_another_identity_or_for_another_place_is_refused(vaulted, tmp_path):
    vaulted.make()
    (tmp_path / "other").mkdir()
    other = Vaulted(tmp_path / "other")
    other.make()
    name = other.named("manifest")[0]
    foreign = other.target.objects[name]
    folder = backup_read.folder_of(vaulted.node.identity)
    # another identity's manifest, sealed to us and put under our name
    raw = BackupCipher(lambda: [other.node.keys.agreement_secret]).decrypt(foreign)
    sealed = vaulted.engine._cipher.encrypt(raw, [vaulted.node.keys.agreement])
    vaulted.target.objects[backup_read.manifest_name(folder, 2, sealed)] = sealed
    assert "another place" in refused("backup-forged", vaulted.engine.verify, vaulted.target)
    # our own first manifest again, as if it were the second
    own = vaulted.engine._cipher.decrypt(vaulted.target.objects[min(vaulted.named("manifest"))])
    sealed = vaulted.engine._cipher.encrypt(own, [vaulted.node.keys.agreement])
    vaulted.target.objects = {n: d for n, d in vaulted.target.objects.items() if "manifest-00000002" not in n}
    vaulted.target.objects[backup_read.manifest_name(folder, 2, sealed)] = sealed
    refused("backup-forged", vaulted.engine.verify, vaulted.target)
    other.close()


def test_keys_of_somebody_else_open_nothing(vaulted):
    vaulted.make()
    with pytest.raises(IntegrityError) as sealed:
        backup_read.open_newest(vaulted.target, BackupCipher(lambda: [bytes(32)]), None)
    assert sealed.value.code == "backup-other-keys"
    with pytest.raises(NotFound):
        backup_read.open_newest(MemoryTarget(), BackupCipher(lambda: [bytes(32)]), None)


# --- erasing


def opens(vaulted, objects, secrets):
    """The customers that parts give away to whoever has every other key."""
    cipher, found = vaulted.engine._cipher, b""
    target = MemoryTarget(objects)
    opened = backup_read.open_newest(target, cipher, vaulted.node.identity)
    for read in backup_read.read_rows(target, cipher, opened, secrets):
        found += repr(read.rows).encode()
    return found


def test_an_erased_customer_can_no_longer_be_read_in_older_backups(vaulted):
    vaulted.make()
    old = dict(vaulted.target.objects)
    assert b"Souza 5" in opens(vaulted, old, keys_at(vaulted))
    vaulted.node.write(erase_customer, vaulted.ids[5])
    vaulted.make()
    parts = {name: data for name, data in old.items() if "part-" in name or "manifest-" in name}
    assert parts.items() <= vaulted.target.objects.items()  # they lie there still
    assert not old.keys() <= vaulted.target.objects.keys()  # but the keyring of then is gone
    secrets = keys_at(vaulted)
    assert len(secrets) == 11
    read = opens(vaulted, old, secrets)
    assert b"Souza 4" in read
    for planted in (b'Souza 5"', b"Souza 5'", b"ana5@example.com", b"98765-0005", b"note of 5"):
        assert planted not in read
    assert vaulted.drill().withheld == 1


def test_rows_whose_key_names_an_erased_customer_are_reckoned_no_more(vaulted):
    """Two who were said to be two: the row's key holds both. After one is erased the next backups, whole or not, are equal to the store."""
    one, two = sorted(vaulted.ids[:2])
    vaulted.node.write(keep_apart, one, two)
    vaulted.make()
    vaulted.drill()
    vaulted.node.write(erase_customer, one)
    vaulted.make()
    vaulted.drill()
    assert vaulted.runs()[0].drill_code == ""
    vaulted.target.objects.clear()
    assert vaulted.make().whole
    vaulted.drill()
    assert vaulted.runs()[0].drill_code == ""


def test_control_with_the_old_keyring_the_erased_customer_is_read(vaulted):
    vaulted.make()
    old, secrets = dict(vaulted.target.objects), keys_at(vaulted)
    vaulted.node.write(erase_customer, vaulted.ids[5])
    vaulted.make()
    assert b"ana5@example.com" in opens(vaulted, old, secrets)


def keys_at(vaulted):
    opened = backup_read.open_newest(vaulted.target, vaulted.engine._cipher, vaulted.node.identity)
    keyring: Keyring = backup_read.open_keyring(vaulted.target, vaulted.engine._cipher, opened)
    return backup_read.secrets_of(keyring)


def test_a_target_that_keeps_what_is_replaced_is_warned_of(tmp_path):
    vaulted = Vaulted(tmp_path)
    vaulted.target = MemoryTarget(versioned=True)
    assert vaulted.make().warnings == ("keeps-old-versions",)
    assert vaulted.runs()[0].warnings == ("keeps-old-versions",)
    vaulted.close()


def test_slots_are_never_given_twice(vaulted):
    vaulted.make()
    before = set(keys_at(vaulted))
    vaulted.node.write(erase_customer, vaulted.ids[-1])
    vaulted.node.write(vaulted.add, 1, 70)
    vaulted.make()
    after = set(keys_at(vaulted))
    assert len(before - after) == 1
    assert after - before == {max(before) + 1}


# --- no trace on this machine


def test_a_drill_leaves_no_file_and_sweeps_what_a_crash_left(vaulted):
    vaulted.make()
    left = vaulted.folder / "drill-0000.db"
    left.write_bytes(b"noise")
    vaulted.drill()
    assert not list(vaulted.folder.glob("drill-*"))


def test_how_far_it_is_is_told_of_a_total(vaulted):
    """Rows of a whole backup, of what changed since, and bytes of a drill."""
    told, read = [], []
    made = vaulted.make(tell=lambda *seen: told.append(seen))
    assert told[-1] == (made.rows, made.rows)
    assert [total for _, total in told[:1]] == [made.rows]  # known before the first row is sent
    assert all(done <= total for done, total in told)
    vaulted.note(vaulted.ids[0], "changed since")
    told.clear()
    again = vaulted.make(tell=lambda *seen: told.append(seen))
    assert not again.whole
    assert 0 < told[-1][0] == again.rows <= told[-1][1]
    checked = vaulted.engine.drill(vaulted.target, PLACE, lambda *seen: read.append(seen))
    assert read == [(0, checked.bytes)]
