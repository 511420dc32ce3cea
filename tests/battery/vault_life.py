"""A seller's vault at work, the same at every telling: each step is one use case and one transaction, and depends on nothing but its number.

So the content after each step is known beforehand, and whatever became of a process, a disk or a file, what is found must be the content
after some step, and not after one that is earlier than the last acknowledged.
"""

import hashlib
import random
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from node.model.person import Address, Contact, Entry, Labelled, Names, Phone
from node.services import customer_imports, customer_staging, customers, erasure, notes, tasks
from node.store.kept import TABLES
from node.store.store import Store
from node.vault.keys import Ed25519Signer

KEY = bytes(range(32))
START, MINUTE = 1_790_000_000_000, 60_000
OWN = {"migrations", "customer_secrets", "derived", *(table.name for table in TABLES if table.name.startswith("backup_"))}
FILE, PICTURE = 24, 3_000  # contacts a file, bytes of a picture
FIRST = ("Ada", "Mia", "Jo", "Zoë", "Ben", "Cleo", "Dario", "Eva", "Fay", "Gus")
LAST = ("Torres", "Nilsson", "Okafor", "Marsh", "Conti", "van den Berg", "Nwosu")


class Owner:
    """Who sells, as far as these use cases ask."""

    role = "seller"
    name = "ana"
    identity = bytes(32)
    device = Ed25519Signer(bytes(range(1, 33)))


def contacts(dice):
    """A file of contacts; some of them are of earlier files too, and have moved."""
    return tuple(contact(row, dice.randrange(60), dice) for row in range(FILE))


def contact(row, number, dice):
    name = f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]} {number}"
    phone = f"+34600{number:06}"
    picture = dice.randbytes(PICTURE) if number % 5 == 0 else None
    where = Address("home", (f"Calle {dice.randrange(99)}",), "Valencia", "", f"46{number:03}", "ES")
    return Contact(
        row, Names(name), (Phone("", phone, phone),), (Labelled("", f"n{number}@example.com"),), (where,),
        birthday=f"1990-{number % 12 + 1:02}-11", notes=dice.choice(FIRST) * dice.randrange(1, 90), photo=picture, tags=("file",),
    )  # fmt: skip


def stage_file(unit, dice):
    """A file comes: it waits, with what would become of each row."""
    staged = customer_staging.begin_staging(unit, name="contacts.vcf", dialect="vcard", region="ES", header=(), guess=(), ask=False)
    customer_staging.add_entries(unit, staged, 1, [Entry(person.row, person) for person in contacts(dice)])
    customer_staging.end_staging(unit, staged)


def take_file(unit, _dice):
    """What waits is taken over."""
    for staged in [file for file in unit.staged_imports.all() if file.state == "ready"]:
        customer_imports.apply_import(unit, staged.id)


def undo_file(unit, _dice):
    past = next((row for row in customer_imports.list_imports(unit) if not row.undone), None)
    if past is not None:
        customer_imports.undo_import(unit, import_id=bytes.fromhex(past.id), leave=True)


def edit(unit, dice):
    id_ = someone(unit, dice)
    if id_ is None:
        return
    view = customers.get_customer(unit, customer=id_)
    details = replace(view.details, note=dice.choice(LAST) * dice.randrange(1, 60), tags=("edited", dice.choice(FIRST)))
    customers.change_customer(unit, customer=id_, details=details, updated=view.updated)


def erase(unit, dice):
    if (id_ := someone(unit, dice)) is not None:
        erasure.erase_customer(unit, customer=id_)


def follow(unit, dice):
    id_ = someone(unit, dice)
    kept = tasks.add_task(unit, title="Call back", customer=id_, note="about the serum " * dice.randrange(9))
    if dice.random() < 0.5:
        tasks.finish_task(unit, task=bytes.fromhex(kept.id))


def note(unit, dice):
    if (id_ := someone(unit, dice)) is not None:
        notes.add_note(unit, customer=id_, text="the serum again " * dice.randrange(1, 40), channel="call")


def put_aside(unit, dice):
    if (id_ := someone(unit, dice)) is not None:
        customers.archive_customer(unit, customer=id_)


def someone(unit, dice):
    ids = [row[0] for row in unit.db.execute("SELECT id FROM customers ORDER BY id")]
    return dice.choice(ids) if ids else None


ACTS = (stage_file, take_file, edit, note, follow, erase, stage_file, take_file, undo_file, edit, put_aside, erase, note, edit)


class Life:
    """The store at `path`, and its steps."""

    def __init__(self, path: Path) -> None:
        self._number, self._dice = 0, random.Random(0)
        self.store = Store.open(path, KEY, Owner(), clock=self._clock, entropy=self._entropy)

    def _clock(self):
        return START + self._number * MINUTE

    def _entropy(self, count):
        return self._dice.randbytes(count)

    def begin(self, number):
        """From here on time and chance are those of the step."""
        self._number, self._dice = number, random.Random(number)
        return random.Random(-1 - number)

    def step(self, number):
        """Do the step: when this returns it is kept."""
        dice = self.begin(number)
        self.store.write_now(ACTS[number % len(ACTS)], dice)

    def digest(self):
        """The content, in 32 bytes."""
        return self.store.read_now(digest)

    def close(self):
        self.store.close()


def digest(unit):
    """Every row of every table, but for what backups note down for themselves and what a store notes of the files it makes anew."""
    found = hashlib.sha256()
    for table in sorted({table.name for table in TABLES} - OWN):
        rows = sorted(map(repr, unit.db.execute(f"SELECT * FROM {table}").fetchall()))
        found.update(f"{table} {len(rows)}\n".encode() + "\n".join(rows).encode())
    return found.digest()


@cache
def told(steps):
    """The content before the first step and after each."""
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "told.db")
        try:
            contents = [life.digest()]
            for number in range(steps):
                life.step(number)
                contents.append(life.digest())
        finally:
            life.close()
    return contents


def found_at(contents, path):
    """How many steps the store at `path` has done; None when its content is that of no moment. Raises NodeError when it does not open."""
    life = Life(path)
    try:
        content = life.digest()
    finally:
        life.close()
    return next((number for number, known in reversed(list(enumerate(contents))) if known == content), None)
