"""A bare machine, the words and a target: the node is there again, as a new device, holding back what must be looked at first."""

import pytest

from node.app import restoring
from node.app.founding import STORE_FILE
from node.errors import IntegrityError, Unavailable, UserError
from node.model.order import OrderRow
from node.services import backup_check, devices, order_log, pauses
from node.services.backup_stream import Packer
from node.services.backups import Backups
from node.services.erasure import erase_customer
from node.store import load
from node.store.load import Loading, Workshop
from node.store.rekey import rekey
from node.store.store import Store
from node.vault import vault
from node.vault.backup_cipher import BackupCipher
from protocol import order_records as rec
from protocol.envelope import sign
from tests.node.desk import COSTS, OTHER, ROTATION, WORDS, Desk
from tests.node.services.vaulted import PLACE, Vaulted
from tests.node.store import searching
from tests.node.store.searching import is_index


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "old")
    desk.ids = desk.store.write_now(lambda unit: Vaulted.add(None, unit, 30))
    yield desk
    desk.close()


def restored(desk, folder, words=WORDS, **options):
    return restoring.restore(folder, "a new passphrase", words, desk.target, costs=COSTS, **options)


def content(store, *but):
    """Every row of every table, but of those that are a node's own."""
    own = {"backup_changes", "backup_rows", "backup_account", "backup_targets", "backup_objects", "backup_runs", "sqlite_stat1", *but}

    def read(unit):
        names = [row[0] for row in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {
            name: sorted(map(repr, unit.db.execute(f"SELECT * FROM {name}"))) for name in names if name not in own and not is_index(name)
        }
        return rows | {"the search": searching.dump(unit)}

    return store.read_now(read)


def opened(folder):
    keys = vault.unlock(folder, "a new passphrase")
    return keys, Store.open(folder / STORE_FILE, keys.store_key, keys)


# --- it is all there


@pytest.mark.parametrize("rows_at_once", [1, load.MOST_OPEN])
def test_words_and_backup_give_the_node_back(desk, tmp_path, monkeypatch, rows_at_once):
    monkeypatch.setattr(load, "MOST_OPEN", rows_at_once)
    desk.store.write_now(lambda unit: unit.settings.set("zone", "America/Recife"))
    desk.make()
    desk.store.write_now(erase_customer, desk.ids[3])
    desk.make()
    own = ("settings", "root_log", "migrations", "sqlite_sequence", "derived")
    before = content(desk.store, *own)
    view = restored(desk, tmp_path / "new")
    assert (view.name, view.role, view.number, view.newest, view.withheld) == ("Ana", "seller", 2, 2, 1)
    keys, store = opened(tmp_path / "new")
    assert (keys.identity, keys.currency) == (desk.keys.identity, "BRL")
    assert content(store, *own) == before
    assert store.read_now(lambda unit: unit.settings.get("zone")) == "America/Recife"
    assert keys.member_key(b"m" * 32).public == desk.keys.member_key(b"m" * 32).public
    assert keys.chain_address(0) == desk.keys.chain_address(0)
    assert keys.open("p", desk.keys.seal("p", b"sealed before", b""), b"") == b"sealed before"
    store.close()


def test_an_earlier_backup_brings_no_place_of_who_was_erased_since(desk, tmp_path):
    merchant, gone, there = b"m" * 32, desk.ids[3], desk.ids[4]

    def ordered(unit, customer, at):
        asked = rec.QuoteRequest(merchant, b"n" * 32, (rec.RequestLine("cream", 1),), "DE", "", "10115", pickup=False)
        signed = sign(unit.me.member_key(merchant), rec.QUOTE_REQUEST, asked, created=at)
        log = rec.order_log(merchant, signed.id)
        unit.orders.keep(OrderRow(signed.id, "seller", merchant, b"n" * 32, log, signed.raw, pickup=False, created=at, customer=customer))

    desk.store.write_now(ordered, gone, 1)
    desk.store.write_now(ordered, there, 2)
    desk.make()
    desk.store.write_now(erase_customer, gone)
    desk.make()
    restored(desk, tmp_path / "new", number=1)
    _, store = opened(tmp_path / "new")
    rows = store.read_now(lambda unit: unit.orders.of_peer(merchant))
    store.close()
    assert [(row.customer, order_log.opened(row.request).read(rec.QuoteRequest).postcode) for row in rows] == [(None, ""), (there, "10115")]


def test_it_is_a_new_device_beside_the_old_one_and_holds_everything_back(desk, tmp_path):
    made = desk.make()
    restored(desk, tmp_path / "new")
    keys, store = opened(tmp_path / "new")
    assert keys.device.public != desk.keys.device.public
    shown = store.read_now(devices.show)
    assert [(device.here, device.state) for device in shown.devices] == [(True, "live"), (False, "live")]
    assert list(store.read_now(pauses.paused)) == ["grants", "renewals", "payouts"]
    head = desk.store.read_now(lambda unit: unit.backups.target(PLACE)).head
    assert store.read_now(lambda unit: unit.settings.get("restore/manifest")) == {"sequence": made.number, "hash": head.hex()}
    store.close()


def test_the_restored_node_goes_on_with_the_chain_at_the_same_target(desk, tmp_path):
    desk.make()
    desk.close()
    restored(desk, tmp_path / "new")
    desk.keys, desk.store = opened(tmp_path / "new")
    cipher, clock = BackupCipher(lambda: [desk.keys.agreement_secret]), lambda: 0
    desk.engine = Backups(desk.store, cipher, desk.keys, Workshop(tmp_path / "new", clock), clock, "0.1.0")
    made = desk.make()
    assert (made.number, made.whole) == (2, True)
    assert desk.engine.drill(desk.target, PLACE).kept == 2
    again = restored(desk, tmp_path / "third")
    assert again.number == 2


def test_an_earlier_backup_can_be_chosen_without_those_erased_since(desk, tmp_path):
    desk.make()
    desk.store.write_now(erase_customer, desk.ids[0])
    desk.store.write_now(lambda unit: Vaulted.add(None, unit, 1, 99))
    desk.make()
    view = restored(desk, tmp_path / "new", number=1)
    assert (view.number, view.newest, view.withheld) == (1, 2, 1)
    _, store = opened(tmp_path / "new")
    assert store.read_now(lambda unit: unit.customer_search.look((), ()).total) == 29
    assert store.read_now(lambda unit: unit.db.execute("PRAGMA foreign_key_check").fetchall()) == []
    store.close()


def test_customers_keep_their_keys_and_new_ones_get_new_slots(desk, tmp_path):
    desk.make()
    slots = "SELECT slot, customer, key FROM customer_secrets ORDER BY slot"
    before = desk.store.read_now(lambda unit: unit.db.execute(slots).fetchall())
    restored(desk, tmp_path / "new")
    _, store = opened(tmp_path / "new")
    assert store.read_now(lambda unit: unit.db.execute(slots).fetchall()) == before
    store.write_now(lambda unit: unit.db.execute("DELETE FROM customers WHERE id = ?", (before[-1][1],)))
    store.write_now(lambda unit: Vaulted.add(None, unit, 1, 99))
    store.write_now(lambda unit: unit.backups.give_secrets(unit.dump.keyless(9)))
    assert store.read_now(lambda unit: unit.db.execute(slots).fetchall())[-1][0] == before[-1][0] + 1
    store.close()


# --- what goes wrong


def refused(code, call, *args, **options):
    with pytest.raises((UserError, Unavailable)) as error:
        call(*args, **options)
    assert error.value.code == code


def nothing_in(folder):
    """No vault, so no node, and no store either."""
    return not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (OTHER, "backup-other-keys"),
        (WORDS.replace("art", "about"), "bad-words"),
        (WORDS.replace("art", "arrt"), "bad-words"),
        ("abandon", "bad-words"),
        (ROTATION, "backup-other-keys"),
    ],
)
def test_wrong_words_open_nothing(desk, tmp_path, words, code):
    desk.make()
    refused(code, restored, desk, tmp_path / "new", words)
    refused(code, restoring.look, words, desk.target)
    assert nothing_in(tmp_path / "new")


def test_a_node_that_is_there_and_a_short_passphrase_are_refused_before_anything_is_read(desk, tmp_path):
    refused("vault-exists", restored, desk, tmp_path / "old")
    refused("passphrase-too-short", restoring.restore, tmp_path / "new", "short", WORDS, desk.target)
    refused("no-backup", restored, desk, tmp_path / "new")
    (tmp_path / "file").write_text("")
    desk.make()
    refused("folder-unusable", restored, desk, tmp_path / "file")
    refused("no-backup", restored, desk, tmp_path / "new", number=7)


def test_a_damaged_or_older_backup_gives_no_node(desk, tmp_path):
    desk.make()
    desk.store.write_now(lambda unit: unit.settings.set("a", 1))
    made = desk.make()
    head = desk.store.read_now(lambda unit: unit.backups.target(PLACE)).head
    whole = dict(desk.target.objects)
    refused("backup-older", restored, desk, tmp_path / "new", known=(made.number + 1, bytes(32)))
    refused("backup-older", restored, desk, tmp_path / "new", known=(made.number, bytes(32)))
    for name, data in whole.items():
        desk.target.objects = whole | {name: data[:50] + bytes([data[50] ^ 1]) + data[51:]}
        if "manifest-00000001" not in name:
            refused("backup-damaged", restored, desk, tmp_path / "new")
            assert nothing_in(tmp_path / "new")
    desk.target.objects = whole
    assert restored(desk, tmp_path / "new", known=(made.number, head)).number == 2


def test_a_newer_schema_or_format_is_refused(desk, tmp_path, monkeypatch):
    desk.store.write_now(lambda unit: unit.db.execute("INSERT INTO migrations VALUES (9999, 0)"))
    desk.make()
    refused("newer-schema", restored, desk, tmp_path / "new")
    monkeypatch.setattr("node.services.backup_make.FORMAT", 2)
    desk.make(afresh=True)
    refused("backup-newer", restored, desk, tmp_path / "new")


@pytest.mark.parametrize("moment", ["rows", "seal", "vault"])
def test_a_restore_that_is_killed_leaves_no_node_and_is_run_again(desk, tmp_path, monkeypatch, moment):
    desk.make()

    def killed(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "rows":
            patch.setattr(Loading, "part_done", killed)
        elif moment == "seal":
            patch.setattr(Loading, "seal", killed)
        else:
            patch.setattr(vault, "write_new", killed)
        with pytest.raises(KeyboardInterrupt):
            restored(desk, tmp_path / "new")
    assert nothing_in(tmp_path / "new")
    assert restored(desk, tmp_path / "new").number == 1
    keys, store = opened(tmp_path / "new")
    assert store.read_now(lambda unit: unit.customer_search.look((), ()).total) == 30
    store.close()
    keys.lock()


def test_a_target_that_goes_half_way_leaves_no_node(desk, tmp_path):
    desk.make()
    for calls in range(4):
        desk.target.calls = calls
        refused("target-gone", restored, desk, tmp_path / "new")
        assert nothing_in(tmp_path / "new")
    desk.target.calls = None
    assert restored(desk, tmp_path / "new").number == 1


def test_control_without_comparing_a_lost_row_is_restored_as_if_nothing_were(desk, tmp_path, monkeypatch):
    """The state hash is what notices: a row that the store had and no part has."""
    desk.store.write_now(lambda unit: unit.settings.set("mine", 1))
    packed = Packer.add
    with monkeypatch.context() as patch:
        patch.setattr(Packer, "add", lambda packer, batch: packed(packer, batch) if batch.table != "settings" else None)
        desk.make()
    refused("backup-differs", restored, desk, tmp_path / "new")
    monkeypatch.setattr(backup_check, "compare", lambda *_: None)
    restored(desk, tmp_path / "new")
    _, store = opened(tmp_path / "new")
    assert store.read_now(lambda unit: unit.settings.get("mine")) is None
    store.close()


def test_the_temporary_key_and_words_are_in_no_file(desk, tmp_path):
    desk.make()
    restored(desk, tmp_path / "new")
    planted = [b"abandon", b"Souza 7", b"ana7@example.com"]
    for path in (tmp_path / "new").iterdir():
        data = path.read_bytes()
        assert not any(value in data for value in planted), path.name
    with pytest.raises(IntegrityError):
        Store.open(tmp_path / "new" / STORE_FILE, bytes(32), "me")


def test_a_store_under_another_key_goes_on_where_it_was(desk, tmp_path):
    """After the store was written anew (a next generation) changes are still told from those that are backed up."""
    desk.store.write_now(lambda unit: unit.settings.set("a", 1))
    desk.make()
    path, fresh = tmp_path / "old" / STORE_FILE, b"\x05" * 32
    desk.store.close()
    rekey(path, desk.keys.store_key, fresh)
    desk.store = Store.open(path, fresh, desk.keys)
    desk.engine = Backups(
        desk.store, BackupCipher(lambda: [desk.keys.agreement_secret]), desk.keys, Workshop(tmp_path, lambda: 0), lambda: 0, "0.1.0"
    )
    desk.store.write_now(lambda unit: unit.settings.set("a", 2))
    made = desk.make()
    assert (made.whole, made.rows) == (False, 1)
    assert desk.engine.drill(desk.target, PLACE).number == 2
