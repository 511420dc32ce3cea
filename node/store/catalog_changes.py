"""What changed in feeds that are followed, read from the journal in the catalog file (node/store/catalog_journal.py writes it)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from node.model.catalog_change import Change, Kind, Told

from .catalog_feeds import marks
from .database import ATTACHED

_AT = ATTACHED
_ROWS = (
    "SELECT c.id, h.feed, c.at, c.noun, c.name, c.kind, c.old, c.new, c.currency, c.note, c.old_plan, c.new_plan, "  # noqa: S608
    f"s.feed, c.handle, c.title, (SELECT p.product FROM {_AT}.products AS p WHERE p.feed = c.shelf AND p.handle = c.handle) "
    f"FROM {_AT}.changes AS c JOIN {_AT}.heads AS h ON h.id = c.feed LEFT JOIN {_AT}.heads AS s ON s.id = c.shelf"
)
Place = tuple[int, int]
"""(time, id) of a line."""


class CatalogChanges:
    """The table `changes` of the catalog file."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(self, feeds: Sequence[bytes], kinds: Sequence[Kind], since: int, before: Place | None, limit: int) -> list[Change]:
        """Lines of these feeds from `since` on, of these kinds (none: of all), the newest first, older than `before`."""
        where, values = self._where(feeds, kinds, since)
        if before is not None:
            where += " AND (c.at, c.id) < (?, ?)"
            values += before
        found = self._db.execute(f"{_ROWS} WHERE {where} ORDER BY c.at DESC, c.id DESC LIMIT ?", [*values, limit])
        return [_change(row) for row in found]

    def counts(self, feeds: Sequence[bytes], since: int) -> Mapping[Kind, int]:
        """How many lines of each kind."""
        where, values = self._where(feeds, (), since)
        found = self._db.execute(f"SELECT c.kind, count(*) FROM {_AT}.changes AS c WHERE {where} GROUP BY c.kind", values)  # noqa: S608
        return {Kind(kind): count for kind, count in found}

    def told_from(self, feed: bytes) -> int:
        """Since when changes of a feed are told (ms); 0 while its first sync is under way."""
        row = self._db.execute(f"SELECT told_from FROM {_AT}.heads WHERE feed = ?", (feed,)).fetchone()  # noqa: S608
        return row[0] if row else 0

    def _where(self, feeds: Sequence[bytes], kinds: Sequence[Kind], since: int) -> tuple[str, list[Any]]:
        where = f"c.feed IN (SELECT id FROM {_AT}.heads WHERE feed IN ({marks(feeds)})) AND c.at >= ?"  # noqa: S608
        values: list[Any] = [*feeds, since]
        if kinds:
            where += f" AND c.kind IN ({marks(kinds)})"
            values += [kind.value for kind in kinds]
        return where, values


def _change(row: Sequence[Any]) -> Change:
    id_, feed, at, noun, name, kind, old, new, currency, note, old_plan, new_plan, *goods = row
    told = Told(Kind(kind), old, new, currency, note, old_plan, new_plan)
    return Change(id_, feed, at, noun, name, told, *goods)
