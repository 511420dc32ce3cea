"""What was done to many customers at once, in the store."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.bulk import Bulk, BulkRow

_BULK = "id, action, tag, at, (SELECT count(*) FROM customer_bulk_rows WHERE bulk = id), undone"


class Bulks:
    """The tables `customer_bulks` and `customer_bulk_rows` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, bulk: Bulk) -> None:
        """Write it, new or undone."""
        self._db.execute(
            "INSERT INTO customer_bulks (id, action, tag, at, undone) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET undone = excluded.undone",
            (bulk.id, bulk.action, bulk.tag, bulk.at, bulk.undone),
        )

    def note(self, bulk: bytes, rows: Sequence[BulkRow]) -> None:
        """Keep what it wrote over."""
        values = [(bulk, row.customer, msgspec.json.encode(row.tags).decode(), row.archived, row.updated, row.source) for row in rows]
        sql = "INSERT INTO customer_bulk_rows (bulk, customer, tags, archived, updated, source) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, values)

    def get(self, bulk: bytes) -> Bulk | None:
        """The one with this id."""
        row = self._db.execute(f"SELECT {_BULK} FROM customer_bulks WHERE id = ?", (bulk,)).fetchone()  # noqa: S608
        return _bulk(row) if row else None

    def latest(self, limit: int) -> list[Bulk]:
        """The latest, newest first."""
        return [_bulk(row) for row in self._db.execute(f"SELECT {_BULK} FROM customer_bulks ORDER BY at DESC, id LIMIT ?", (limit,))]  # noqa: S608

    def rows(self, bulk: bytes) -> list[BulkRow]:
        """The customers it changed who are still here."""
        sql = "SELECT customer, tags, archived, updated, source FROM customer_bulk_rows WHERE bulk = ? ORDER BY customer"
        found = self._db.execute(sql, (bulk,))
        return [BulkRow(customer, msgspec.json.decode(tags, type=tuple[str, ...]), *rest) for customer, tags, *rest in found]

    def forget_rows(self, bulk: bytes) -> None:
        """Erase what undoing it needed."""
        self._db.execute("DELETE FROM customer_bulk_rows WHERE bulk = ?", (bulk,))


def _bulk(row: tuple[Any, ...]) -> Bulk:
    id_, action, tag, at, changed, undone = row
    return Bulk(id_, action, tag, at, changed, bool(undone))
