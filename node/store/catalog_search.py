"""Products of all catalogs found by words, marks and prices, in the catalog file as it stands for the transaction.

The index meets all that is asked in one walk. Of few that match, all are read and sorted; of more, the first by title or by price are found
without reading all (`catalog_walk`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, assert_never

from sqlite_utils import Database

from node.model.catalog_search import MOST_COUNTED, Asked, Found, Listing, Order, Place, Waiting

from . import catalog_columns as columns
from .catalog_feeds import marks
from .catalog_walk import HIGHEST, INDEXED, Met, Walk, bounds_of
from .database import ATTACHED

_AT = ATTACHED
_ROWS = (
    "SELECT l.id, h.feed, p.product, p.record, l.low, l.high, l.stock, l.offers "  # noqa: S608
    f"FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods JOIN {_AT}.heads AS h ON h.id = l.feed"
)
_KEYS = f"SELECT l.id, l.name, l.low, l.earns FROM json_each(?) AS j CROSS JOIN {_AT}.listings AS l ON l.id = j.value"  # noqa: S608
FINE_MARKS = 16
"""Up to so many fine marks of amounts are asked for."""
READ_FIRST, FITTING = 3_000, 240
"""Where amounts are asked for, so many are read to count what fits; and so many that fit are not few."""
AT_ONCE, DUE = 500, 20_000
"""So many that wait are reckoned anew within a second, and nobody need know; so many whose time has come are counted."""


class CatalogSearch:
    """The tables `listings`, `words` and `labels` of the catalog file."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._asked = Asked()
        self._known: Mapping[bytes, int] = {}
        self._is_marked = True

    def find(self, asked: Asked, order: Order, after: Place | None, limit: int) -> Found:
        """A page of what is asked, after the place where another ended."""
        self._asked, self._known = asked, self._feeds()
        self._is_marked = self._db.execute(f"SELECT marked FROM {_AT}.renewing").fetchone()[0]  # noqa: S608
        if not self._match():
            return Found((), 0, many=False, more=False)
        met, column, marks = self._met()
        if met.is_whole and len(met.ids) <= MOST_COUNTED:
            every = self._all(met.ids, order)
            places = [place for place in every if after is None or _sorted_by(order, place) > _sorted_by(order, after)]
            return Found(self._listings(places[:limit]), len(every), many=False, more=len(places) > limit)
        walk = Walk(self._db, asked, order, after)
        brief = self._match(INDEXED, () if column == walk.column else marks)
        found = self._all(walk.page(met, brief, limit + 1), None)
        more = len(found) > limit
        if after is None and not more:
            return Found(self._listings(found), len(found), many=False, more=False)
        count = min(max(len(met.ids), len(found)) - 1, MOST_COUNTED)
        return Found(self._listings(found[:limit]), count, many=True, more=more)

    def same_code(self, code: str) -> list[Listing]:
        """Every listing of a product with this GTIN."""
        return list(self.find(Asked(code=code, offered=False), Order.CHEAP, None, MOST_COUNTED).listings)

    def labels(self, kind: str, beginning: str, limit: int) -> list[str]:
        """Names of brands (`b`) or categories (`c`) that begin so, in order."""
        low = columns.MARK + kind
        sql = (
            f"SELECT DISTINCT label FROM {_AT}.labels WHERE mark >= ? AND mark < ? AND label <> '' AND label LIKE ? ESCAPE '\\' "  # noqa: S608
            "ORDER BY label COLLATE NOCASE LIMIT ?"
        )
        pattern = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return [row[0] for row in self._db.execute(sql, (low, columns.MARK + chr(ord(kind) + 1), pattern, limit))]

    def waiting(self, now: int) -> Waiting:
        """What is to be reckoned anew: it waits for that, or its time has come."""
        due = f"SELECT count(*) FROM (SELECT 1 FROM {_AT}.listings WHERE turns <= ? LIMIT ?)"  # noqa: S608
        sql = f"SELECT waiting + ({due}), (SELECT sum(products) FROM {_AT}.heads WHERE NOT going) FROM {_AT}.renewing"  # noqa: S608
        waiting, products = self._db.execute(sql, (now, DUE)).fetchone()
        return Waiting(waiting, max(waiting, products or 0)) if waiting > AT_ONCE else Waiting(0, products or 0)

    # --- rows

    def _feeds(self) -> Mapping[bytes, int]:
        return dict(self._db.execute(f"SELECT feed, id FROM {_AT}.heads").fetchall())  # noqa: S608

    def _met(self) -> tuple[Met, str, Sequence[str]]:
        """What is met, read as far as it is counted, and by which marks of which amounts. Of what the words meet, some is held against the
        amounts that are asked for; where few of it fit, marks of amounts are asked for as well: that meets less, and each costs more.
        """
        bounds = bounds_of(self._asked)
        met = Met(self._db, self._match(), bounds)
        met.read(MOST_COUNTED, READ_FIRST if bounds else HIGHEST)
        if met.is_whole or not bounds or len(met.ids) >= FITTING:
            return met, "", ()
        column, marks = min(((column, self._marks(column, *ends)) for column, ends in bounds.items()), key=lambda pair: len(pair[1]))
        met = Met(self._db, self._match(within=marks), bounds, is_dear=False)
        met.read(MOST_COUNTED, READ_FIRST)
        return met, column, marks

    def _all(self, ids: Sequence[int], order: Order | None) -> list[Place]:
        """Where these stand; in an order, or as they come."""
        rows = {row[0]: row for row in self._db.execute(_KEYS, (json.dumps(ids),))}
        words = self._asked.words if order else ()
        places = (Place(_rank(name, words), name, low, id_, earns) for id_, name, low, earns in (rows[id_] for id_ in ids))
        return list(places) if order is None else sorted(places, key=lambda place: _sorted_by(order, place))

    def _listings(self, places: Sequence[Place]) -> tuple[Listing, ...]:
        """The listings that stand there."""
        ids = [place.listing for place in places]
        rows = {row[0]: row for row in self._db.execute(f"{_ROWS} WHERE l.id IN ({marks(ids)})", ids)}
        return tuple(_listing(rows[place.listing], place) for place in places)

    def _match(self, letters: int | None = None, within: Sequence[str] = ()) -> str:
        """The expression of the index, of words only so many `letters`, and one of the marks `within`. Empty when nothing can match."""
        asked, known = self._asked, self._known
        terms = [f'"{word[:letters]}"*' for word in asked.words]
        found = [columns.AVAILABLE] if asked.available else []
        found += [columns.brand_mark(asked.brand)] if asked.brand else []
        found += [columns.category_mark(asked.category)] if asked.category else []
        found += [columns.code_mark(asked.code)] if asked.code else []
        found += [columns.RECALLED] if asked.recalled else []
        terms += [f'"{mark}"' for mark in found]
        terms += [_any(within)] if within else []
        feeds = asked.feeds or tuple(known)
        if not known.keys() <= set(feeds) or not (terms or asked.offered):
            terms.append(_any(columns.feed_mark(known[feed]) for feed in feeds if feed in known))
        is_hidden = asked.offered and not asked.available  # what nobody offers: by the list of it, where something else is asked for
        terms += [f'"{columns.OFFERED}"'] if is_hidden and not (terms and self._is_marked) else []
        match = "" if "()" in terms else " AND ".join(terms)
        absent = [columns.UNOFFERED] if is_hidden and self._is_marked else []
        absent += [columns.ABROAD] if asked.home else []
        return f"({match}) NOT {_any(absent)}" if match and absent else match

    def _marks(self, column: str, low: int, high: int) -> list[str]:
        """Marks of all amounts from `low` to `high`, and of few others: fine ones while they are not many."""
        ladder = columns.LADDERS[column]
        highest = self._db.execute(f"SELECT max({column}) FROM {_AT}.listings").fetchone()[0]  # noqa: S608
        high = max(low, min(high, highest))
        first, last = columns.place_of(low), columns.place_of(high)
        if last - first < FINE_MARKS:
            return [ladder.fine(place) for place in range(first, last + 1)]
        return [ladder.mark(1 << bits >> 1) for bits in range(low.bit_length(), high.bit_length() + 1)]


def _any(marks: Iterable[str]) -> str:
    return "(" + " OR ".join(f'"{mark}"' for mark in marks) + ")"


def _listing(row: Sequence[Any], place: Place) -> Listing:
    id_, feed, product, goods, low, high, stock, offers = row
    return Listing(id_, feed, product, goods, low, high, stock, offers, place)


def _rank(name: str, words: Sequence[str]) -> int:
    """0 for a title that begins with the first word asked for, 1 for one that holds it as a whole word, 2 for any other."""
    if not words or name.startswith(words[0]):
        return 0
    return 1 if words[0] in name.split() else 2


def _sorted_by(order: Order, place: Place) -> tuple[int | str, ...]:
    match order:
        case Order.BEST:
            return place.rank, place.name, place.listing
        case Order.CHEAP:
            return place.price, place.listing
        case Order.DEAR:
            return -place.price, -place.listing
        case Order.EARNS:
            return -place.earns, -place.listing
        case _:
            assert_never(order)
