"""Saved choices of customers in the store."""

from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.filters import Filters, Segment

_ROW = "id, name, filters, created, updated"


class Segments:
    """The table `customer_segments` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, segment: bytes) -> Segment | None:
        """The segment with this id."""
        return self._one("id", segment)

    def named(self, name: str) -> Segment | None:
        """The segment of this name."""
        return self._one("name", name)

    def all(self) -> list[Segment]:
        """All of them, by name."""
        return [_segment(row) for row in self._db.execute(f"SELECT {_ROW} FROM customer_segments ORDER BY name")]  # noqa: S608

    def keep(self, segment: Segment) -> None:
        """Write a segment, new or changed."""
        filters = msgspec.json.encode(segment.filters).decode()
        self._db.execute(
            f"INSERT INTO customer_segments ({_ROW}) VALUES (?, ?, ?, ?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, filters = excluded.filters, updated = excluded.updated, import = NULL",
            (segment.id, segment.name, filters, segment.created, segment.updated),
        )

    def remove(self, segment: bytes) -> None:
        """Erase a segment."""
        self._db.execute("DELETE FROM customer_segments WHERE id = ?", (segment,))

    def rules_of(self, segment: bytes) -> list[str]:
        """The kinds of the rules that look at this segment only."""
        found = self._db.execute("SELECT kind FROM task_rules WHERE segment = ? ORDER BY kind", (segment,))
        return [kind for (kind,) in found]

    def _one(self, column: str, value: bytes | str) -> Segment | None:
        row = self._db.execute(f"SELECT {_ROW} FROM customer_segments WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
        return _segment(row) if row else None


def _segment(row: tuple[Any, ...]) -> Segment:
    id_, name, filters, created, updated = row
    return Segment(id_, name, msgspec.json.decode(filters, type=Filters), created, updated)
