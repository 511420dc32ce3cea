"""Imports of customers in the store: what was taken over and what each changed, so that it can be taken back."""

from typing import Any

from sqlite_utils import Database

from node.model.customer import Customer, ImportRow
from node.model.person import Contact

from .customers import customer_of, packed, person_of

_IMPORT = "id, name, dialect, at, created, updated, known, undone"


class CustomerImports:
    """The tables `customer_imports` and `customer_changes` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep_import(self, row: ImportRow) -> None:
        """Write an import, new or undone."""
        values = (row.id, row.name, row.dialect, row.at, row.created, row.updated, row.known, row.undone)
        self._db.execute(
            f"INSERT INTO customer_imports ({_IMPORT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET created = excluded.created, updated = excluded.updated, "
            "known = excluded.known, undone = excluded.undone",
            values,
        )

    def imported(self, id_: bytes) -> ImportRow | None:
        """The import with this id."""
        row = self._db.execute(f"SELECT {_IMPORT} FROM customer_imports WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return _import(row) if row else None

    def imports(self) -> list[ImportRow]:
        """The latest imports, newest first."""
        return [_import(row) for row in self._db.execute(f"SELECT {_IMPORT} FROM customer_imports ORDER BY at DESC LIMIT 100")]  # noqa: S608

    def note_change(self, import_: bytes, customer: bytes, before: Contact | None) -> None:
        """Keep what the customer was before the import."""
        values = (import_, customer, None if before is None else packed(before))
        self._db.execute("INSERT INTO customer_changes (import, customer, before) VALUES (?, ?, ?)", values)

    def changes(self, import_: bytes) -> list[tuple[Customer, Contact | None]]:
        """Customers this import wrote and nothing since, with what they were before."""
        sql = (
            "SELECT c.id, c.record, c.created, c.updated, c.source, c.archived, change.before FROM customer_changes AS change "
            "JOIN customers AS c ON c.id = change.customer WHERE change.import = ? AND c.source = change.import"
        )
        found = self._db.execute(sql, (import_,)).fetchall()
        return [(customer_of(row[:6]), None if row[6] is None else person_of(row[6])) for row in found]

    def forget_changes(self, import_: bytes) -> None:
        """Erase what undoing the import needed."""
        self._db.execute("DELETE FROM customer_changes WHERE import = ?", (import_,))


def _import(row: tuple[Any, ...]) -> ImportRow:
    id_, name, dialect, at, created, updated, known, undone = row
    return ImportRow(id_, name, dialect, at, created, updated, known, bool(undone))
