"""What a target may give back: flipped bits, cut, older, swapped, missing and doubled objects, and a target that goes half-way.

Each run spoils one thing of a good target and restores from it with the words alone. It must end in a named error and no node, or in exactly
what was backed up; never in something else.
"""

import random
import shutil

from node.app import restoring
from node.errors import NodeError
from node.services import backup_check, backup_read
from node.store.store import Store
from node.vault import vault
from protocol.errors import ProtocolError
from tests.node.desk import COSTS, WORDS, Desk
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.vaulted import PLACE, Vaulted

FULL, SHORT = 1_000, 60
PASSPHRASE = "a new passphrase"
NAMED = {
    "backup-damaged", "backup-missing", "backup-older", "backup-forged", "backup-other-keys", "backup-differs", "no-backup", "target-gone"
}  # fmt: skip


def prepared(folder):
    """A target after each of three backups, the newest's place in the chain, and what the store then held."""
    desk = Desk(folder / "old")
    states = []
    ids = desk.store.write_now(lambda unit: Vaulted.add(None, unit, 25))
    for number in range(3):
        desk.store.write_now(lambda unit, number=number: Vaulted.add(None, unit, 3, 100 * (number + 1)))
        desk.store.write_now(lambda unit, number=number: unit.settings.set("round", number))
        desk.store.write_now(lambda unit, number=number: unit.db.execute("DELETE FROM customers WHERE id = ?", (ids[number],)))
        desk.make()
        states.append(dict(desk.target.objects))
    row = desk.store.read_now(lambda unit: unit.backups.target(PLACE))
    held = content(desk.store)
    desk.close()
    return states, (row.number, row.head), held


def content(store):
    def read(unit):
        people = unit.db.execute("SELECT id, record FROM customers ORDER BY id").fetchall()
        return people, unit.settings.get("round")

    return store.read_now(read)


def spoiled(states, dice):
    """A target of which one thing is not as it was, and what was done."""
    objects, name = dict(states[-1]), dice.choice(sorted(states[-1]))
    data = objects[name]
    match dice.randrange(7):
        case 0:
            place = dice.randrange(len(data))
            objects[name] = data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
            return MemoryTarget(objects), f"bit of byte {place} of {name}"
        case 1:
            objects[name] = data[: dice.randrange(len(data))]
            return MemoryTarget(objects), f"{name} cut"
        case 2:
            other = dice.choice(sorted(set(objects) - {name}))
            objects[name], objects[other] = objects[other], objects[name]
            return MemoryTarget(objects), f"{name} and {other} swapped"
        case 3:
            del objects[name]
            return MemoryTarget(objects), f"{name} gone"
        case 4:
            return MemoryTarget(states[dice.randrange(2)]), "an older state"
        case 5:
            folder, kind = name.split("/")
            doubled = f"{folder}/manifest-{dice.randrange(4, 9):08}-{kind.rsplit('-', 1)[1]}"
            objects[doubled] = data
            return MemoryTarget(objects), f"{name} once more as {doubled}"
        case _:
            target = MemoryTarget(objects)
            target.calls = dice.randrange(8)
            return target, f"gone after {target.calls} calls"


def judge(folder, target, known, held):
    """What is wrong with a restore from it, in a line; empty when nothing is."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        restoring.restore(folder, PASSPHRASE, WORDS, target, known=known, costs=COSTS)
    except (NodeError, ProtocolError) as error:
        if error.code not in NAMED:
            return f"no name of ours: {error.code}: {error}"
        return "a node is left" if (folder / "vault.json").exists() else ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    keys = vault.unlock(folder, PASSPHRASE)
    store = Store.open(folder / "node.db", keys.store_key, keys)
    try:
        return "" if content(store) == held else "other content than was backed up"
    finally:
        store.close()
        keys.lock()


def run(size, folder):
    states, known, held = prepared(folder)
    dice, failures = random.Random(7), []
    for number in range(size):
        target, done = spoiled(states, dice)
        if wrong := judge(folder / "new", target, known, held):
            failures.append(f"run {number}: {done}: {wrong}")
    if wrong := judge(folder / "new", MemoryTarget(states[-1]), known, held):
        failures.append(f"the good target: {wrong}")
    return failures


def control(folder):
    """Without comparing hashes, heads and states something slips through."""
    states, _, held = prepared(folder)
    dice = random.Random(7)
    real = backup_read.fetch, backup_check.compare
    backup_read.fetch = lambda target, name, part, most: target.get(name, most)
    backup_check.compare = lambda *_: None
    try:
        return any(judge(folder / "new", spoiled(states, dice)[0], None, held) for _ in range(100))
    finally:
        backup_read.fetch, backup_check.compare = real
