"""Imports of customers in the store: what was taken over and what each changed, so that it can be taken back, column for column."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.customer import Customer, Image, ImportRow, Touched, Undone

from .customers import WRITTEN, person_of

_IMPORT = "id, name, dialect, at, created, updated, known, undone"
_OF = "FROM customer_changes AS change JOIN customers AS c ON c.id = change.customer WHERE change.import = :import"
_MADE = "change.was IS NULL AND change.before IS NULL"
_RECORD_AT = WRITTEN.split(", ").index("record")
_RECORD = frozenset(
    (
        *("customer_index", "customer_keys", "customer_photos", "customer_changes", "staged_judgements", "customer_secrets"),
        *("customer_orders", "customer_purchases", "customer_reorders"),
    )
)
"""Tables with a column `customer` that are the record itself, what imports and backups keep, or drawn from orders."""
_COUNTS = {
    "orders": f"({_MADE} OR t.created > :at)",
    "tasks": f"{_MADE} AND t.import IS NOT :import AND (t.rule = '' OR t.status <> 'open')",
    "customer_notes": f"{_MADE} AND t.import IS NOT :import",
}
_BATCH = 500


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

    # --- what undoing needs

    def images(self, ids: Sequence[bytes], pictured: Collection[bytes]) -> dict[bytes, Image]:
        """What an import is about to write over, as it stands in the tables; with the picture of those that are `pictured`."""
        found: dict[bytes, Image] = {}
        for part in _parts(ids):
            marks = ",".join("?" * len(part))
            for id_, *values in self._db.execute(f"SELECT id, {WRITTEN} FROM customers WHERE id IN ({marks})", part):  # noqa: S608
                found[id_] = Image(tuple(values), [], *self._picture(id_), True) if id_ in pictured else Image(tuple(values), [])
            sql = f"SELECT customer, kind, value FROM customer_keys WHERE customer IN ({marks}) ORDER BY kind, value"  # noqa: S608
            for id_, kind, value in self._db.execute(sql, part):
                found[id_].keys.append((kind, value))
        return found

    def _picture(self, customer: bytes) -> tuple[bytes | None, bytes | None]:
        row = self._db.execute("SELECT picture, shown FROM customer_photos WHERE customer = ?", (customer,)).fetchone()
        return (row[0], row[1]) if row else (None, None)

    def note_changes(self, import_: bytes, changes: Iterable[tuple[bytes, int, Image | None]]) -> None:
        """Keep of each customer what `updated` the import wrote, and what there was before: None: nothing. Of several the first holds."""
        rows = ((import_, customer, wrote, *_apart(image)) for customer, wrote, image in changes)
        sql = (
            "INSERT INTO customer_changes (import, customer, wrote, before, was) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (import, customer) DO UPDATE SET wrote = excluded.wrote"
        )
        self._db.conn.executemany(sql, rows)

    def taken(self, ids: Sequence[bytes]) -> set[bytes]:
        """Those of the ids that a new customer can't have: somebody has it, or had it until they were erased or merged into another."""
        found: set[bytes] = set()
        for part in _parts(ids):
            marks = ",".join("?" * len(part))
            for table, column in (("customers", "id"), ("erasure_receipts", "erased"), ("customer_merges", "gone")):
                found.update(id_ for (id_,) in self._db.execute(f"SELECT {column} FROM {table} WHERE {column} IN ({marks})", part))  # noqa: S608
        return found

    def touched_since(self, row: ImportRow) -> list[Touched]:
        """Customers of the import that were written, ordered for or used since, by name. An open task that a rule made is no use."""
        named = {"import": row.id, "at": row.at}
        changed = f"SELECT c.id, c.name {_OF} AND (c.source IS NOT :import OR c.updated <> coalesce(change.wrote, :at))"
        since = {id_: Touched(id_, name, "changed") for id_, name in self._db.execute(changed, named)}
        for table, counts in self._uses():
            sql = f"SELECT c.id, c.name {_OF} AND EXISTS (SELECT 1 FROM {table} AS t WHERE t.customer = c.id AND {counts})"  # noqa: S608
            for id_, name in self._db.execute(sql, named):
                since.setdefault(id_, Touched(id_, name, "ordered" if table == "orders" else "used"))
        return sorted(since.values(), key=lambda item: (item.name, item.id))

    def _uses(self) -> list[tuple[str, str]]:
        """Every table with rows about customers beside the record itself, and which of its rows count."""
        sql = (
            "SELECT m.name FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS p "
            "WHERE m.type = 'table' AND p.name = 'customer' ORDER BY m.name"
        )
        return [(name, _COUNTS.get(name, _MADE)) for (name,) in self._db.execute(sql).fetchall() if name not in _RECORD]

    def undo_changes(self, row: ImportRow, leave: Collection[bytes]) -> Undone:
        """Take the changes back, except those of `leave`: what was, is again; what the import made goes. The rest is forgotten."""
        sql = f"SELECT c.id, change.was, change.before, c.created, c.archived {_OF} ORDER BY c.id"
        removed: list[bytes] = []
        restored: list[tuple[bytes, Image]] = []
        older: list[Customer] = []
        for id_, was, before, created, archived in self._db.execute(sql, {"import": row.id}).fetchall():
            if id_ in leave:
                continue
            if was is not None:
                restored.append((id_, _together(before, was)))
            elif before is not None:
                older.append(Customer(id_, person_of(before), created, 0, None, archived))
            else:
                removed.append(id_)
        self._db.execute("DELETE FROM customer_changes WHERE import = ?", (row.id,))
        return Undone(tuple(removed), tuple(restored), tuple(older))


def _apart(image: Image | None) -> tuple[bytes | None, bytes | None]:
    """The record, which a customer's history reads, and everything else."""
    if image is None:
        return None, None
    rest = tuple(None if at == _RECORD_AT else value for at, value in enumerate(image.columns))
    return image.columns[_RECORD_AT], msgspec.msgpack.encode(replace(image, columns=rest))


def _together(record: bytes, rest: bytes) -> Image:
    image = msgspec.msgpack.decode(rest, type=Image)
    return replace(image, columns=tuple(record if at == _RECORD_AT else value for at, value in enumerate(image.columns)))


def _parts(ids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _import(row: tuple[Any, ...]) -> ImportRow:
    id_, name, dialect, at, created, updated, known, undone = row
    return ImportRow(id_, name, dialect, at, created, updated, known, bool(undone))
