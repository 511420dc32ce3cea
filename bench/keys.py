"""Unlocking, and the next generation of keys, over a store of many customers. `python -m bench.keys [--quick] [--json]`.

A real folder: founded, filled with customers of about 1 KB and with sealed rows, unlocked by passphrase at the costs this machine was
measured for, a lost device revoked. Bars are for a machine that is otherwise idle; beside each time stands the processor time it took.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.report import Asked, Figure, Report, Took, main, timed
from node.app import generation
from node.app.founding import STORE_FILE, found
from node.model.customer import Customer
from node.model.identity import Founder, Step
from node.model.person import Address, Contact, Labelled, Names, Phone
from node.model.sealed import ORDER_SECRETS
from node.services import devices
from node.store.store import Store
from node.vault import seals, sheets, vault
from node.vault.keys import Keys
from protocol.identity import DeviceAdded, DeviceCertificate, Role, replay, sign_entry

PASSPHRASE = "a passphrase for the bench"
LOST = (b"L" * 32, b"l" * 32)
CUSTOMERS, BATCH = 100_000, 1_000
NOTE = "Likes rose and the blue one, asks about delivery before ordering, never on Mondays. " * 7
UNLOCK, NEXT_GENERATION = 2.0, 20.0  # seconds


def person(number: int) -> Contact:
    street = Address("home", (f"{number} Long Street",), "Springfield", "IL", f"{number % 100000:05}", "USA")
    phone = Phone("mobile", f"+1 202 {number // 10000:03} {number % 10000:04}", f"+1202{number // 10000:03}{number % 10000:04}")
    mail = Labelled("home", f"person{number}@example.com")
    return Contact(number, Names(f"Person {number}"), phones=(phone,), emails=(mail,), addresses=(street,), notes=NOTE)


def fill(unit: Any, start: int, sealed: int) -> None:
    """A batch of customers, and sealed rows as orders have them."""
    numbers = range(start, start + BATCH)
    unit.customers.keep_all([Customer(number.to_bytes(32, "big"), person(number), unit.now, unit.now) for number in numbers])
    rows = [(number.to_bytes(32, "big"), bytes(32)) for number in numbers[:sealed]]
    values = [(key, owner, unit.me.seal(ORDER_SECRETS.purpose, NOTE.encode()[:200], key)) for key, owner in rows]
    unit.db.conn.executemany("INSERT INTO order_secrets (draft, customer, sealed) VALUES (?, ?, ?)", values)


def add_lost_device(unit: Any, phrase: str) -> None:
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    entry = DeviceAdded(DeviceCertificate(state.identity, *LOST, "Old laptop", unit.now))
    unit.peers.append(sign_entry(state, sheets.read(phrase).root, entry, created=unit.now).raw)


def make(folder: Path, customers: int) -> str:
    """A founded and filled folder; its 24 words."""
    phrase = " ".join(found(folder, PASSPHRASE, Founder("Bench", Role.SELLER, "USD")).words)
    keys = vault.unlock(folder, PASSPHRASE)
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    store._writer.execute("PRAGMA foreign_keys = OFF")  # noqa: SLF001  sealed rows without the orders around them
    for start in range(0, customers, BATCH):
        store.write_now(fill, start, BATCH // 2)
    store.write_now(add_lost_device, phrase)
    store.close()
    keys.lock()
    return phrase


def planned(folder: Path, keys: Keys, phrase: str) -> Step:
    """What the app decides when a device is revoked (node/app/keys.py)."""
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    standing = store.read_now(devices.standing)
    store.close()
    sheet, seed = sheets.read(phrase), os.urandom(32)
    sealed = seals.seal_seed(seed, [keys.agreement, sheet.recovery])
    entries = devices.revocation(standing, sheet.root, LOST[0], keys.device.public, "lost", seals.hash_of(sealed))
    return Step(1, seed, os.urandom(32), standing.payout_index, sheet.recovery, entries, sealed, ())


def unlocked(folder: Path) -> Keys:
    """As the node unlocks, up to an open store."""
    keys = generation.complete(folder, vault.open_file(folder, PASSPHRASE))
    Store.open(folder / STORE_FILE, keys.store_key, keys).close()
    return keys


def measure(asked: Asked) -> Report:
    customers = asked.scaled(CUSTOMERS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "node"
        phrase = make(folder, customers)
        megabytes = (folder / STORE_FILE).stat().st_size / 1e6
        unlocking = timed(lambda: unlocked(folder))
        keys = unlocking.answer
        step = planned(folder, keys, phrase)
        keys.lock()

        def next_generation() -> Keys:
            opening = vault.open_file(folder, PASSPHRASE)
            generation.begin(folder, opening, step)
            return generation.complete(folder, opening)

        stepping = timed(next_generation)
        after = stepping.answer
        assert after.generation == 1
        after.lock()
    figures = {"unlock": _figure(unlocking, UNLOCK), "next_generation": _figure(stepping, NEXT_GENERATION, {"store MB": megabytes})}
    return Report("keys", {"customers": customers, "sealed rows": customers // 2}, figures)


def _figure(took: Took, bar: float, beside: dict[str, float] | None = None) -> Figure:
    return Figure(took.wall, "s", bar, {"processor": took.processor} | (beside or {}))


if __name__ == "__main__":
    sys.exit(main(__doc__, measure))
