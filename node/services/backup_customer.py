"""One customer out of a backup: what would change, and putting it back. Nobody else is touched, and nothing that came since is lost.

The record and the picture become as they were. What stands beside them (notes, follow-ups, …: `returns` in node/store/kept.py) comes back
where it is missing; what is there stays.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from node.errors import NotFound
from node.model.backup import Key, Value
from node.model.customer import Customer
from node.model.history import change_of
from node.model.person import Contact

from .backup_check import CUSTOMERS
from .backup_ports import Cipher
from .backup_ports import Dump as RowDump
from .backup_read import Opened, open_keyring, read_rows, secrets_of
from .backup_target import Target
from .customers import EditsUnit, find

PHOTOS = "customer_photos"
_NOT_SHOWN = {"row"}
_LONGEST = 500


class Arrival(Protocol):
    """Rows of one customer that come back (node/store/arrival.py says what each does)."""

    def returning(self) -> Sequence[str]: ...  # noqa: D102
    def person(self, record: bytes, picture: bytes | None) -> Contact: ...  # noqa: D102
    def missing(self, table: str, rows: Sequence[Mapping[str, Value]]) -> Sequence[Mapping[str, Value]]: ...  # noqa: D102
    def bring_back(self, table: str, rows: Sequence[Mapping[str, Value]]) -> None: ...  # noqa: D102


class CustomerUnit(EditsUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def arrival(self) -> Arrival: ...  # noqa: D102
    @property
    def dump(self) -> RowDump: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class FieldThen:
    """A field of the record that differs: as it is now, and as it was then."""

    field: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class MissingRows:
    """Rows that stood beside the record then and are gone."""

    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class CustomerThen:
    """A customer as backup `number` of `created` (ms) has it, beside how it is now. Nothing in `fields` and `missing`: it is the same."""

    customer: str
    name: str
    number: int
    created: int
    fields: tuple[FieldThen, ...]
    missing: tuple[MissingRows, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """One customer's rows in a backup, by table."""

    number: int
    created: int
    tables: Mapping[str, Sequence[Mapping[str, Value]]]


def slot_of(unit: CustomerUnit, customer: bytes) -> int:
    """Under which slot the customer's rows lie. Raises NotFound `not-found`, `not-in-backup`."""
    find(unit, customer)
    found = unit.dump.slot_of(customer)
    if found is None:
        raise _not_in_backup()
    return found[0]


def read_customer(target: Target, cipher: Cipher, newest: Opened, opened: Opened, slot: int) -> Kept:
    """All rows of one customer in a backup, as they were at its end. Other customers' rows are not opened."""
    secrets = secrets_of(open_keyring(target, cipher, newest))
    found: dict[str, dict[Key, dict[str, Value]]] = {}
    for read in read_rows(target, cipher, opened, secrets, lambda whose: whose in (None, slot)):
        rows = found.setdefault(read.table, {})
        for key in read.gone:
            rows.pop(key, None)
        for whose, values in zip(read.slots, read.rows, strict=False):
            if whose == slot:
                row = dict(zip(read.columns, values, strict=True))
                rows[tuple(row[name] for name in read.key)] = row
    tables = {table: tuple(rows.values()) for table, rows in found.items() if rows}
    return Kept(opened.envelope.seq, opened.envelope.created, tables)


def compare_customer(unit: CustomerUnit, customer: bytes, kept: Kept) -> CustomerThen:
    """What putting the customer back would change. Raises NotFound `not-in-backup`."""
    now = find(unit, customer)
    then = _then(unit, now, kept)
    missing = [(table, len(rows)) for table, rows in _missing(unit, kept)]
    return CustomerThen(
        customer.hex(),
        then.person.names.full,
        kept.number,
        kept.created,
        tuple(_fields(now.person, then.person)),
        tuple(MissingRows(table, count) for table, count in missing),
    )


def restore_customer(unit: CustomerUnit, customer: bytes, kept: Kept) -> CustomerThen:
    """Put the customer back, in one transaction; what it changed."""
    view = compare_customer(unit, customer, kept)
    now = find(unit, customer)
    if view.fields:
        unit.customer_history.note(customer, change_of(now, unit.now, "backup"))
        unit.customers.keep(replace(_then(unit, now, kept), updated=unit.now, source=None))
    for table, rows in _missing(unit, kept):
        unit.arrival.bring_back(table, rows)
    unit.touched("changes")
    return view


def _then(unit: CustomerUnit, now: Customer, kept: Kept) -> Customer:
    row = next(iter(kept.tables.get(CUSTOMERS, ())), None)
    if row is None or not isinstance(row["record"], bytes):
        raise _not_in_backup()
    picture = next((photo["picture"] for photo in kept.tables.get(PHOTOS, ())), None)
    person = unit.arrival.person(row["record"], picture if isinstance(picture, bytes) else None)
    return replace(now, person=person)


def _missing(unit: CustomerUnit, kept: Kept) -> list[tuple[str, Sequence[Mapping[str, Value]]]]:
    found = [(table, unit.arrival.missing(table, kept.tables.get(table, ()))) for table in unit.arrival.returning()]
    return [(table, rows) for table, rows in found if rows]


def _fields(now: Contact, then: Contact) -> list[FieldThen]:
    names = [field.name for field in dataclasses.fields(Contact) if field.name not in _NOT_SHOWN]
    return [
        FieldThen(name, _shown(getattr(now, name)), _shown(getattr(then, name)))
        for name in names
        if getattr(now, name) != getattr(then, name)
    ]


def _shown(value: Any) -> str:
    """A value of a record in one line."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, tuple):
        return "; ".join(_shown(item) for item in value)[:_LONGEST]
    if dataclasses.is_dataclass(value):
        parts = (_shown(getattr(value, field.name)) for field in dataclasses.fields(value))
        return ", ".join(part for part in dict.fromkeys(parts) if part)[:_LONGEST]
    return "" if value is None else str(value)[:_LONGEST]


def _not_in_backup() -> NotFound:
    return NotFound("This customer isn't in that backup: the record was made later. Choose a newer one.", code="not-in-backup")
