"""From one generation of keys to the next: complete, and whole again after being stopped at any point of it."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from node import canary
from node.app import generation
from node.app.founding import STORE_FILE, found
from node.errors import ConflictError, IntegrityError, Unavailable
from node.model.identity import Founder, Step
from node.model.sealed import PLACES
from node.services import devices
from node.store import generations, rekey
from node.store.catalog_file import file_of
from node.store.store import Store
from node.vault import keyfile, seals, sheets, vault
from node.vault.kdf import Profile as Costs
from node.vault.opening import Opening
from protocol.identity import DeviceAdded, DeviceCertificate, Role, replay, sign_entry

ROOT = Path(__file__).parents[2]
PASSPHRASE = "correct horse battery"
WEAK = Costs(memory_kib=64, passes=1, lanes=1)
ROWS = 40
LOST = (b"L" * 32, b"l" * 32)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def made(first, tmp_path, monkeypatch):
    """A folder with sealed rows in every place, a lost device in the root log, and the words."""
    monkeypatch.setattr(generations, "BATCH", 16)
    shutil.copytree(first[0], tmp_path / "ana")
    return tmp_path / "ana", first[1]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first") / "ana"
    founded = found(folder, PASSPHRASE, Founder("Ana", Role.SELLER, "EUR"), costs=WEAK)
    phrase = " ".join(founded.words)
    keys = vault.unlock(folder, PASSPHRASE)
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    store._writer.execute("PRAGMA foreign_keys = OFF")  # sealed rows alone, without the orders and grants they belong to
    store._writer.execute("PRAGMA ignore_check_constraints = ON")
    store.write_now(fill, phrase)
    store.close()
    keys.lock()
    return folder, phrase


def fill(unit, phrase):
    sheet = sheets.read(phrase)
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    entry = DeviceAdded(DeviceCertificate(state.identity, *LOST, "Old laptop", unit.now))
    unit.peers.append(sign_entry(state, sheet.root, entry, created=unit.now).raw)
    for number in range(ROWS):
        name = number.to_bytes(32, "big")
        for place in PLACES:
            keep(unit, place, name, unit.me.seal(place.purpose, b"of %d" % number, name))


def keep(unit, place, name, sealed):
    """A row of the place; what else its table wants is made up."""
    columns = unit.db.execute("SELECT name, type FROM pragma_table_info(?)", (place.table,)).fetchall()
    values = {column: {"BLOB": b"c" * 32, "INTEGER": 1, "TEXT": ""}[kind] for column, kind in columns}
    values |= {place.key: name, place.column: sealed}
    unit.db.execute(
        f"INSERT INTO {place.table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )


def planned(folder, phrase):
    """What the app decides before anything is written."""
    opening, sheet = vault.open_file(folder, PASSPHRASE), sheets.read(phrase)
    keys = vault.unlock(folder, PASSPHRASE)
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    standing = store.read_now(devices.standing)
    store.close()
    seed = os.urandom(32)
    sealed = seals.seal_seed(seed, [keys.agreement, sheet.recovery])
    entries = devices.revocation(standing, sheet.root, LOST[0], keys.device.public, "lost", seals.hash_of(sealed))
    step = Step(1, seed, os.urandom(32), standing.payout_index, sheet.recovery, entries, sealed, ())
    keys.lock()
    return opening, step


def whole(folder, step, old_store):
    """The node after the next unlock: at the new generation everywhere, and not a row lost."""
    keys = generation.complete(folder, vault.open_file(folder, PASSPHRASE))
    assert (keys.generation, keys.store_key, keys.payout_index, keys.recovery_public) == (1, step.store, step.payout_index, step.recovery)
    path = folder / STORE_FILE
    assert rekey.is_under(path, step.store)
    with pytest.raises(IntegrityError):
        Store.open(path, old_store, keys)
    store = Store.open(path, keys.store_key, keys)
    try:
        view = store.read_now(devices.show)
        assert [(device.name, device.state) for device in view.devices] == [("Old laptop", "revoked"), ("Ana", "live")]
        assert (view.generation, view.entries) == (1, 4)
        kept = store.read_now(lambda unit: unit.generations.seals(1))
        assert kept == step.seals
        assert seals.open_seed(bytes(keys._secrets.agreement), kept) == step.seed
        for place in PLACES:
            rows = store.read_now(lambda unit, at=place: unit.db.execute(f"SELECT {at.key}, {at.column} FROM {at.table}").fetchall())
            assert {sealed[:2] for _, sealed in rows} == {b"\0\1"}
            opened = {key: keys.open(place.purpose, sealed, key) for key, sealed in rows}
            assert opened == {number.to_bytes(32, "big"): b"of %d" % number for number in range(ROWS)}
    finally:
        store.close()
        keys.lock()
    assert sorted(file.name for file in folder.iterdir()) == sorted([STORE_FILE, file_of(path).name, keyfile.NAME])


def old_key(folder):
    keys = vault.unlock(folder, PASSPHRASE)
    kept = keys.store_key
    keys.lock()
    return kept


def test_the_next_generation_is_everywhere(made):
    folder, phrase = made
    before = old_key(folder)
    opening, step = planned(folder, phrase)
    generation.begin(folder, opening, step)
    with pytest.raises(ConflictError) as caught:
        vault.unlock(folder, PASSPHRASE)  # not by the short way
    assert caught.value.code == "unfinished"
    assert generation.complete(folder, opening).generation == 1
    whole(folder, step, before)


POINTS = [
    (Opening, "begin", True),
    (generation, "_enter", False),
    (devices, "_resealed", False),
    (generation, "_enter", True),
    (rekey, "_write", False),
    (rekey, "_write", True),
    (rekey, "_check", True),
    (rekey, "_exchange", False),
    (rekey, "_exchange", True),
    (Opening, "finish", False),
    (keyfile, "write_atomically", False),
    (Opening, "finish", True),
]


def begin_and_complete(folder, opening, step):
    generation.begin(folder, opening, step)
    generation.complete(folder, opening)


@pytest.mark.parametrize(("owner", "name", "late"), POINTS, ids=[f"{name}-{'after' if late else 'before'}" for _, name, late in POINTS])
def test_killed_at_any_point_the_next_unlock_completes_it(made, monkeypatch, owner, name, late):
    folder, phrase = made
    before = old_key(folder)
    opening, step = planned(folder, phrase)
    real, calls = getattr(owner, name), []

    def killed(*arguments):
        calls.append(name)
        if (name, len(calls)) in {("_resealed", 1), ("write_atomically", 1)}:  # the first is let through: killed in the middle
            return real(*arguments)
        if late:
            real(*arguments)
        raise Killed

    monkeypatch.setattr(owner, name, killed)
    with pytest.raises(Killed):
        begin_and_complete(folder, opening, step)
    assert calls
    monkeypatch.undo()
    assert canary.scan_files([folder], [phrase, PASSPHRASE, step.seed.hex(), step.store.hex(), before.hex()]) == []
    whole(folder, step, before)


def test_killed_before_the_step_is_written_nothing_has_happened(made, monkeypatch):
    folder, phrase = made
    before = old_key(folder)
    opening, step = planned(folder, phrase)

    def killed(*_):
        raise Killed

    monkeypatch.setattr(keyfile, "write_atomically", killed)
    with pytest.raises(Killed):
        generation.begin(folder, opening, step)
    monkeypatch.undo()
    keys = generation.complete(folder, vault.open_file(folder, PASSPHRASE))
    assert (keys.generation, keys.store_key) == (0, before)


def test_a_full_disk_stops_it_by_name_and_room_lets_it_go_on(made, monkeypatch):
    folder, phrase = made
    before = old_key(folder)
    opening, step = planned(folder, phrase)
    generation.begin(folder, opening, step)

    def full(*_):
        raise Unavailable("The disk is full.", code="disk-full")

    monkeypatch.setattr(rekey, "_write", full)
    for _ in range(2):
        with pytest.raises(Unavailable):
            generation.complete(folder, vault.open_file(folder, PASSPHRASE))
    monkeypatch.undo()
    whole(folder, step, before)


PROGRAM = textwrap.dedent("""
    import sys
    from pathlib import Path
    from node.app import generation
    from node.vault import vault
    opening = vault.open_file(Path(sys.argv[1]), sys.argv[2])
    print("begun", flush=True)
    generation.complete(Path(sys.argv[1]), opening)
""")


@pytest.mark.slow
def test_a_real_kill_in_the_middle(made):
    """SIGKILL at growing moments of a process that completes the step, until one gets to the end; then the node is whole."""
    folder, phrase = made
    before = old_key(folder)
    opening, step = planned(folder, phrase)
    generation.begin(folder, opening, step)
    killed = 0
    for pause in (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.25, 60.0):
        ran = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), PASSPHRASE], cwd=ROOT, stdout=subprocess.PIPE)
        assert ran.stdout is not None
        ran.stdout.readline()
        try:
            ran.wait(timeout=pause)
        except subprocess.TimeoutExpired:
            ran.send_signal(signal.SIGKILL)
            ran.wait()
            killed += 1
        ran.stdout.close()
        if ran.returncode == 0:
            break
    assert killed > 0
    whole(folder, step, before)


def test_every_sealed_column_is_among_the_places(made):
    """A column named `sealed` that the next generation would leave behind."""
    folder, _ = made
    keys = vault.unlock(folder, PASSPHRASE)
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    sql = "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name LIKE '%sealed%'"
    columns = {tuple(row) for row in store.read_now(lambda unit: unit.db.execute(sql).fetchall())}
    store.close()
    known = {(place.table, place.column) for place in PLACES}
    assert columns - {("generation_seals", "sealed")} == known
    assert columns - known  # control: the one that is no row of ours is found


def test_every_purpose_that_is_sealed_for_is_among_the_places():
    calls = [path for path in (ROOT / "node").rglob("*.py") if "me.seal(" in path.read_text()]
    assert {path.name for path in calls} == {"quotes.py", "asking.py", "backup_targets.py", "devices.py"}
