"""Products of all catalogs found by words, marks and prices, in the catalog file as it stands for the transaction.

The index meets all that is asked in one walk. Of few that match, all are read and sorted; of more, the first by title or by price are found
without reading all (`catalog_walk`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from node.model.catalog_search import MOST_COUNTED, Asked, Found, Listing, Order, Place

from . import catalog_columns as columns
from .catalog_feeds import marks
from .catalog_walk import INDEXED, Met, Walk, is_priced, prices_of
from .database import ATTACHED

_AT = ATTACHED
_ROWS = (
    "SELECT l.id, h.feed, p.product, p.record, l.low, l.high, l.stock, l.offers, l.name "  # noqa: S608
    f"FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods JOIN {_AT}.heads AS h ON h.id = l.feed"
)
_KEYS = f"SELECT l.id, l.name, l.low FROM json_each(?) AS j CROSS JOIN {_AT}.listings AS l ON l.id = j.value"  # noqa: S608
_PRICED = (
    f"SELECT l.id FROM json_each(?) AS j CROSS JOIN {_AT}.listings AS l INDEXED BY listings_prices ON l.id = j.value "  # noqa: S608
    "WHERE l.low BETWEEN ? AND ?"
)
"""An index that is read in place of the rows: it is a fifth of them."""
FINE_MARKS = 16
"""Up to so many marks of prices are asked for at a time."""
_Key = tuple[int, str, int, int]
"""Rank, name, price, number: what `Place` holds."""


class CatalogSearch:
    """The tables `listings`, `words` and `labels` of the catalog file."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, asked: Asked, order: Order, after: Place | None, limit: int) -> Found:
        """A page of what is asked, after the place where another ended."""
        feeds = self._feeds()
        match = _match(asked, feeds)
        if not match:
            return Found((), 0, many=False, more=False)
        met = Met(self._db, match)
        ids = self._fitting(asked, met)
        if len(ids) <= MOST_COUNTED:
            every = self._all(asked, ids, order)
            keys = [key for key in every if after is None or _sorted_by(order, key) > _sorted_by(order, _key(after))]
            return Found(self._listings([(key[3], key[0]) for key in keys[:limit]]), len(every), many=False, more=len(keys) > limit)
        found = Walk(self._db, asked, order, after).page(met, _match(asked, feeds, INDEXED), limit + 1)
        return Found(self._listings([(id_, 0) for id_ in found[:limit]]), MOST_COUNTED + 1, many=True, more=len(found) > limit)

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

    # --- rows

    def _feeds(self) -> Mapping[bytes, int]:
        return dict(self._db.execute(f"SELECT feed, id FROM {_AT}.heads").fetchall())  # noqa: S608

    def _fitting(self, asked: Asked, met: Met) -> list[int]:
        """What is met at a price that is asked for, until there are more than are counted."""
        if not is_priced(asked):
            met.read(MOST_COUNTED)
            return met.ids
        found: list[int] = []
        while len(found) <= MOST_COUNTED:
            read = len(met.ids)
            met.read(read + MOST_COUNTED)
            if len(met.ids) == read:
                break
            found += [row[0] for row in self._db.execute(_PRICED, (json.dumps(met.ids[read:]), *prices_of(asked)))]
        return found

    def _all(self, asked: Asked, ids: Sequence[int], order: Order) -> list[_Key]:
        rows = self._db.execute(_KEYS, (json.dumps(ids),))
        return sorted(((_rank(name, asked.words), name, low, id_) for id_, name, low in rows), key=lambda key: _sorted_by(order, key))

    def _listings(self, found: Sequence[tuple[int, int]]) -> tuple[Listing, ...]:
        """Listings by number, each with its rank."""
        ids = [id_ for id_, _ in found]
        rows = {row[0]: row for row in self._db.execute(f"{_ROWS} WHERE l.id IN ({marks(ids)})", ids)}
        return tuple(_listing(rows[id_], rank) for id_, rank in found)


def _match(asked: Asked, known: Mapping[bytes, int], letters: int | None = None) -> str:
    """The expression of the index, of words only so many `letters`; empty when nothing can match."""
    terms = [f'"{word[:letters]}"*' for word in asked.words]
    found = [columns.AVAILABLE] if asked.available else [columns.OFFERED] if asked.offered else []
    found += [columns.brand_mark(asked.brand)] if asked.brand else []
    found += [columns.category_mark(asked.category)] if asked.category else []
    found += [columns.code_mark(asked.code)] if asked.code else []
    terms += [f'"{mark}"' for mark in found]
    if is_priced(asked):
        terms.append(_any(_price_marks(*prices_of(asked))))
    feeds = asked.feeds or tuple(known)
    if not terms or not known.keys() <= set(feeds):
        terms.append(_any(columns.feed_mark(known[feed]) for feed in feeds if feed in known))
    return "" if "()" in terms else " AND ".join(terms)


def _any(marks: Iterable[str]) -> str:
    return "(" + " OR ".join(f'"{mark}"' for mark in marks) + ")"


def _price_marks(low: int, high: int) -> list[str]:
    """Marks of all prices from `low` to `high`, and of few others: fine ones while they are not many."""
    first, last = columns.place_of(low), columns.place_of(high)
    if last - first < FINE_MARKS:
        return [f"{columns.MARK}q{step:03x}" for step in range(first, last + 1)]
    return [columns.price_mark(1 << bits >> 1) for bits in range(low.bit_length(), high.bit_length() + 1)]


def _listing(row: Sequence[Any], rank: int) -> Listing:
    id_, feed, product, goods, low, high, stock, offers, name = row
    return Listing(id_, feed, product, goods, low, high, stock, offers, Place(rank, name, low, id_))


def _rank(name: str, words: Sequence[str]) -> int:
    """0 for a title that begins with the first word asked for, 1 for one that holds it as a whole word, 2 for any other."""
    if not words or name.startswith(words[0]):
        return 0
    return 1 if words[0] in name.split() else 2


def _key(place: Place) -> _Key:
    return place.rank, place.name, place.price, place.listing


def _sorted_by(order: Order, key: _Key) -> tuple[int | str, ...]:
    rank, name, price, id_ = key
    if order is Order.BEST:
        return rank, name, id_
    return (price, id_) if order is Order.CHEAP else (-price, -id_)
