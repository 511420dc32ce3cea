"""Bits that flip, sectors that read as zeros and files that end early, in the store, in its write-ahead log and in the vault file: a named
error, or what was there. A damaged log may end at an earlier moment (docs/data.md says so); no content is ever one that never was."""

import random
import shutil
import sqlite3

from node.errors import NodeError
from node.vault import keyfile, vault
from node.vault.kdf import Profile as Costs
from node.vault.keys import Profile
from tests.battery import vault_life

FULL, SHORT = 1_000, 40
CONTROL = 400
STEPS = 15
QUICK = Costs(memory_kib=64, passes=1, lanes=1)
PASSPHRASE = "correct horse battery"
STORE, LOG = "node.db", "node.db-wal"
NAMED = {
    STORE: {"damaged", "truncated", "not-encrypted", "wrong-key"},
    LOG: {"damaged"},
    keyfile.NAME: {"damaged", "wrong-passphrase", "newer-vault"},
}
TO_DO = {"wrong-key": ("restore",), "damaged": ("restore", "install"), "truncated": ("restore",)}
"""What a person is told to do about it."""


def prepare(folder):
    """A folder with a vault file, a store that was closed, and beside it one as a crash leaves it, with its log."""
    folder.mkdir()
    (folder / "crashed").mkdir()
    life = vault_life.Life(folder / STORE)
    for number in range(STEPS):
        life.step(number)
    for name in (STORE, LOG):
        shutil.copyfile(folder / name, folder / "crashed" / name)
    life.close()
    keys = vault.create(folder, PASSPHRASE, vault.prepare(), Profile(b"i" * 32, "seller", "Ana", "EUR"), costs=QUICK)
    key = bytes(keys.store_key)
    keys.lock()
    return key


def damaged(data, dice):
    """The bytes with one thing wrong, and what it is."""
    data, at = bytearray(data), dice.randrange(len(data))
    kind = dice.choice(("bit", "bit", "bit", "zeros", "end"))
    if kind == "bit":
        data[at] ^= 1 << dice.randrange(8)
    elif kind == "zeros":
        data[at : at + 512] = bytes(len(data[at : at + 512]))
    else:
        del data[at:]
    return bytes(data), f"{kind} at {at}"


def judge(folder, name, key):
    """What is wrong with what the damaged file `name` gives, in a line; empty when nothing is."""
    try:
        if name == keyfile.NAME:
            keys = vault.unlock(folder, PASSPHRASE)
            same = bytes(keys.store_key) == key
            keys.lock()
            return "" if same else "it unlocks with other keys"
        done = vault_life.found_at(vault_life.told(STEPS), folder / STORE)
    except NodeError as error:
        known = error.code in NAMED[name] and any(word in str(error).lower() for word in TO_DO.get(error.code, ("",)))
        return "" if known else f"{error.code}: {error}"
    except Exception as error:
        return f"no named error: {error!r}"
    return "" if done == STEPS or (name == LOG and done is not None) else "it opens with a content that never was"


def run(size, folder):
    key, dice, failures = prepare(folder / "whole"), random.Random(1), []
    work = folder / "work"
    for number in range(size):
        name = (STORE, LOG, keyfile.NAME)[number % 3]
        shutil.rmtree(work, ignore_errors=True)
        source = folder / "whole" / ("crashed" if name == LOG else "")
        work.mkdir()
        for each in (STORE, LOG) if name == LOG else (name,):
            shutil.copyfile(source / each, work / each)
        data, what = damaged((work / name).read_bytes(), dice)
        (work / name).write_bytes(data)
        if wrong := judge(work, name, key):
            failures.append(f"{name}, {what}: {wrong}")
    return failures


def control(folder):
    """A file whose pages nobody authenticates: some flipped bit is read as if it were so."""
    rows = [(number, f"{number} Quillfeather Lane") for number in range(500)]
    plain = sqlite3.connect(folder / "plain.db")
    plain.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, street TEXT)")
    plain.executemany("INSERT INTO customers VALUES (?, ?)", rows)
    plain.commit()
    plain.close()
    whole, dice = (folder / "plain.db").read_bytes(), random.Random(1)
    for _ in range(CONTROL):
        (folder / "plain.db").write_bytes(damaged(whole, dice)[0])
        opened = sqlite3.connect(folder / "plain.db")
        try:
            if opened.execute("SELECT * FROM customers").fetchall() != rows:
                return True
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue
        finally:
            opened.close()
    return False
