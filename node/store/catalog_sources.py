"""Watched places of product files in the store."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from node.model.catalog_source import CatalogSource

_FIELDS = "source, kind, place, currency, every, withdraw, publish, added, looked, taken, seen, code, error, paused"


class CatalogSources:
    """The table `catalog_sources` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, row: CatalogSource) -> None:
        """Write a place, new or looked at."""
        values = (row.source, row.kind, row.place, row.currency, row.every, int(row.withdraw), int(row.publish), row.added)
        rest = (row.looked, row.taken, row.seen, row.code, row.error, int(row.paused))
        marks = ", ".join("?" * 14)
        self._db.execute(f"INSERT OR REPLACE INTO catalog_sources ({_FIELDS}) VALUES ({marks})", (*values, *rest))  # noqa: S608

    def get(self, source: bytes) -> CatalogSource | None:
        """The place with this id."""
        row = self._db.execute(f"SELECT {_FIELDS} FROM catalog_sources WHERE source = ?", (source,)).fetchone()  # noqa: S608
        return _source(row) if row else None

    def all(self) -> list[CatalogSource]:
        """Every place, in the order they were added."""
        return [_source(row) for row in self._db.execute(f"SELECT {_FIELDS} FROM catalog_sources ORDER BY added, source")]  # noqa: S608

    def drop(self, source: bytes) -> bool:
        """Forget a place. True when there was one."""
        return bool(self._db.execute("DELETE FROM catalog_sources WHERE source = ?", (source,)).rowcount)


def _source(row: Sequence[Any]) -> CatalogSource:
    source, kind, place, currency, every, withdraw, publish, *rest, paused = row
    ends = [*rest, bool(paused)]
    return CatalogSource(source, kind, place, currency, every, bool(withdraw), bool(publish), *ends)
