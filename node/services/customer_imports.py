"""Customers out of a file: looked at, taken over, taken back. Reading the file itself is `node/files`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound
from node.model.customer import Customer, ImportRow, merged
from node.model.person import Contact, ContactFile

from .asking import ERASED
from .customers import LONGEST, CustomersUnit, detail, require_seller
from .erasure import erase
from .grant_book import GrantsUnit

MOST_ERRORS = 500


class ImportBook(Protocol):
    """Imports as this service keeps them (node/store/customer_imports.py says what each does)."""

    def keep_import(self, row: ImportRow) -> None: ...  # noqa: D102
    def imported(self, id_: bytes, /) -> ImportRow | None: ...  # noqa: D102
    def imports(self) -> Sequence[ImportRow]: ...  # noqa: D102
    def note_change(self, import_: bytes, customer: bytes, before: Contact | None) -> None: ...  # noqa: D102
    def changes(self, import_: bytes) -> Sequence[tuple[Customer, Contact | None]]: ...  # noqa: D102
    def forget_changes(self, import_: bytes) -> None: ...  # noqa: D102


class ImportsUnit(CustomersUnit, Protocol):
    """A unit that knows customers and the imports they came by."""

    @property
    def customer_imports(self) -> ImportBook: ...  # noqa: D102


class UndoUnit(GrantsUnit, ImportsUnit, Protocol):
    """Taking an import back concerns orders and grants too."""


@dataclass(frozen=True, slots=True)
class FaultView:
    """A row or card that gave no customer, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an import did: `imported` = `created` + `updated` + `known` (here already). `errors` are the first 500 of `failed`."""

    id: str
    dialect: str
    imported: int
    created: int
    updated: int
    known: int
    failed: int
    errors: tuple[FaultView, ...]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What would become of a contact. outcome: created | updated | known | failed."""

    row: int
    name: str
    detail: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What an import would do; the first rows of it."""

    dialect: str
    created: int
    updated: int
    known: int
    failed: int
    rows: tuple[PreviewRow, ...]


@dataclass(frozen=True, slots=True)
class PastImport:
    """An import as it was taken over; `at` in ms."""

    id: str
    name: str
    dialect: str
    at: int
    created: int
    updated: int
    known: int
    undone: bool


@dataclass(frozen=True, slots=True)
class UndoView:
    """`removed` customers were new with the import, `restored` are as before it; those changed or ordered for since then stay."""

    id: str
    removed: int
    restored: int


def preview_contacts(unit: ImportsUnit, file: ContactFile, most: int = 50) -> PreviewView:
    """What `import_contacts` would do."""
    require_seller(unit)
    counts = {"created": 0, "updated": 0, "known": 0}
    rows: list[PreviewRow] = []
    seen: set[bytes] = set()
    for contact in file.contacts:
        outcome, found, _ = _judge(unit, contact, seen)
        counts[outcome] += 1
        if found is not None:
            seen.add(found.id)
        if len(rows) < most:
            rows.append(PreviewRow(contact.row, contact.names.full, detail(contact), outcome, ""))
    rows += [PreviewRow(fault.row, "", "", "failed", fault.reason) for fault in file.errors[:most]]
    return PreviewView(file.dialect, **counts, failed=len(file.errors), rows=tuple(rows))


def import_contacts(unit: ImportsUnit, file: ContactFile, name: str) -> ImportView:
    """Take a file's contacts over. Each is one customer; one already here is brought up to date and not doubled."""
    require_seller(unit)
    id_ = unit.random(32)
    row = ImportRow(id_, name[:LONGEST], file.dialect, unit.now, 0, 0, 0)
    unit.customer_imports.keep_import(row)
    counts = {"created": 0, "updated": 0, "known": 0}
    seen: set[bytes] = set()
    for contact in file.contacts:
        outcome, found, person = _judge(unit, contact, seen)
        counts[outcome] += 1
        customer = Customer(unit.random(32), person, unit.now, unit.now) if found is None else found
        seen.add(customer.id)
        if outcome != "known":
            unit.customers.keep(replace(customer, person=person, updated=unit.now, source=id_))
            unit.customer_imports.note_change(id_, customer.id, found.person if found else None)
    unit.customer_imports.keep_import(replace(row, created=counts["created"], updated=counts["updated"], known=counts["known"]))
    unit.touched("changes")
    errors = tuple(FaultView(fault.row, fault.reason) for fault in file.errors[:MOST_ERRORS])
    return ImportView(id_.hex(), file.dialect, len(file.contacts), **counts, failed=len(file.errors), errors=errors)


def _judge(unit: ImportsUnit, contact: Contact, seen: Collection[bytes]) -> tuple[str, Customer | None, Contact]:
    """What becomes of a contact, who it is, and the person after it. Two of one file are never the same customer."""
    found = unit.customers.same(contact, seen)
    if found is None:
        return "created", None, contact
    person = merged(found.person, contact)
    return ("known" if person == found.person else "updated"), found, person


def list_imports(unit: ImportsUnit) -> list[PastImport]:
    """The latest imports, newest first."""
    return [
        PastImport(row.id.hex(), row.name, row.dialect, row.at, row.created, row.updated, row.known, row.undone)
        for row in unit.customer_imports.imports()
    ]


def undo_import(unit: UndoUnit, import_id: bytes) -> UndoView:
    """Take an import back: customers it made go, those it changed are as before. Who was changed or ordered for since then stays."""
    row = require_unchanged(unit.customer_imports.imported(import_id))
    removed = restored = 0
    for customer, before in unit.customer_imports.changes(row.id):
        if before is not None:
            unit.customers.keep(replace(customer, person=before, updated=unit.now, source=None))
            restored += 1
        elif not unit.orders.of_customer(customer.id):
            erase(unit, customer.id)
            removed += 1
    unit.customer_imports.forget_changes(row.id)
    unit.customer_imports.keep_import(replace(row, undone=True))
    unit.touched(ERASED)
    unit.touched("changes")
    return UndoView(row.id.hex(), removed, restored)


def require_unchanged(row: ImportRow | None) -> ImportRow:
    """An import that can be undone. Raises NotFound, ConflictError `already-undone`."""
    if row is None:
        raise NotFound("There is no such import.")
    if row.undone:
        raise ConflictError("This import was undone already.", code="already-undone")
    return row
