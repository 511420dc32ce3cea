"""Products of all catalogs found by words, marks and prices, in the catalog file as it stands for the transaction.

Of few that match, all are read and sorted; of some thousand, the engine sorts. Of more, a page is found by climbing a ladder of marks:
those of how titles begin, or of how high prices are, in their order; the index meets each of them with all that is asked in one walk. Where
much meets one mark, it is so much of what is there that walking along the order and looking each up is quick (ADR 0060).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlite_utils import Database

from node.model.catalog_search import MOST_COUNTED, Asked, Found, Listing, Order, Place

from . import catalog_columns as columns
from .catalog_feeds import FileFeeds, marks
from .database import ATTACHED

_AT = ATTACHED
_KEYS = f"SELECT l.id, l.name, l.low FROM {_AT}.words AS w JOIN {_AT}.listings AS l ON l.id = w.rowid WHERE w.words MATCH ?"  # noqa: S608
_PRICES = (
    f"SELECT l.id, '', l.low FROM {_AT}.words AS w CROSS JOIN {_AT}.listings AS l INDEXED BY listings_prices ON l.id = w.rowid "  # noqa: S608
    "WHERE w.words MATCH ?"
)
"""An index that is read in place of the rows: it is a fifth of them."""
_ROWS = (
    "SELECT l.id, h.feed, p.product, p.record, l.low, l.high, l.stock, l.offers, l.name "  # noqa: S608
    f"FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods JOIN {_AT}.heads AS h ON h.id = l.feed"
)
_HIGHEST = 2**63 - 1
SORTED = 10_000
"""So many that match are sorted by the engine at once."""
INDEXED = 5
"""Beginnings of words up to so many letters have lists of their own; longer ones are put together from all words that begin so, for each
question. Where many match, these letters are asked for, and of what is met the rest is compared.
"""
Key = tuple[int, str, int, int]
"""Rank, name, price, number: what `Place` holds."""


class CatalogSearch:
    """The tables `listings`, `words` and `labels` of the catalog file."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._feeds = FileFeeds(db, ATTACHED)

    def find(self, asked: Asked, order: Order, after: Place | None, limit: int) -> Found:
        """A page of what is asked, after the place where another ended."""
        match = self._match(asked)
        if not match:
            return Found((), 0, many=False, more=False)
        count = self._count(match, SORTED + 1)
        if count <= MOST_COUNTED:
            every = self._all(asked, match, order)
            keys = [key for key in every if after is None or _sorted_by(order, key) > _sorted_by(order, _key(after))]
            return Found(self._listings(keys[:limit]), len(every), many=False, more=len(keys) > limit)
        walk = _Walk(self._db, asked, order, after)
        met = walk.sorted(match, limit + 1) if count <= SORTED else self._climb(walk, asked)
        found = list(islice(met, limit + 1))
        return Found(self._listings(found[:limit]), MOST_COUNTED + 1, many=True, more=len(found) > limit)

    def same_code(self, code: str) -> list[Listing]:
        """Every listing of a product with this GTIN."""
        return list(self.find(Asked(code=code, offered=False), Order.CHEAP, None, MOST_COUNTED).listings)

    def listing(self, feed: bytes, product: bytes) -> Listing | None:
        """A product as a feed sells it."""
        sql = f"{_ROWS} WHERE p.product = ? AND h.feed = ?"
        row = self._db.execute(sql, (product, feed)).fetchone()
        return _listing(row, 0) if row else None

    def labels(self, kind: str, beginning: str, limit: int) -> list[str]:
        """Names of brands (`b`) or categories (`c`) that begin so, in order."""
        low = columns.MARK + kind
        sql = (
            f"SELECT DISTINCT label FROM {_AT}.labels WHERE mark >= ? AND mark < ? AND label <> '' AND label LIKE ? ESCAPE '\\' "  # noqa: S608
            "ORDER BY label COLLATE NOCASE LIMIT ?"
        )
        pattern = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return [row[0] for row in self._db.execute(sql, (low, columns.MARK + chr(ord(kind) + 1), pattern, limit))]

    # --- what is asked, as the index takes it

    def _count(self, match: str, most: int) -> int:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {_AT}.words WHERE words MATCH ? LIMIT ?)"  # noqa: S608
        found: int = self._db.execute(sql, (match, most)).fetchone()[0]
        return found

    def _match(self, asked: Asked, letters: int | None = None) -> str:
        """The expression of the index, of words only so many `letters`; empty when nothing can match."""
        terms = [f'"{word[:letters]}"*' for word in asked.words]
        feeds = asked.feeds or (() if terms or asked.offered else [held.feed for held in self._feeds.all_held()])
        keys = [key for feed in feeds if (key := self._feeds.key(feed))]
        if asked.feeds and not keys:
            return ""
        if keys:
            terms.append("(" + " OR ".join(f'"{columns.feed_mark(key)}"' for key in keys) + ")")
        found = [columns.OFFERED] if asked.offered else []
        found += [columns.AVAILABLE] if asked.available else []
        found += [columns.brand_mark(asked.brand)] if asked.brand else []
        found += [columns.category_mark(asked.category)] if asked.category else []
        found += [columns.code_mark(asked.code)] if asked.code else []
        terms += [f'"{mark}"' for mark in found]
        if asked.low is not None or asked.high is not None:
            low, high = asked.low or 0, _HIGHEST if asked.high is None else asked.high
            terms.append("(" + " OR ".join(f'"{columns.price_mark(1 << bits >> 1)}"' for bits in _magnitudes(low, high)) + ")")
        return " AND ".join(terms)

    # --- few: all of them

    def _all(self, asked: Asked, match: str, order: Order) -> list[Key]:
        rows = self._db.execute(_KEYS, (match,)).fetchall()
        keys = [(_rank(name, asked.words), name, low, id_) for id_, name, low in rows if _priced(asked, low)]
        return sorted(keys, key=lambda key: _sorted_by(order, key))

    # --- many: along a ladder

    def _climb(self, walk: "_Walk", asked: Asked) -> Iterator[Key]:
        match, after = self._match(asked, INDEXED), walk.after
        words = [word for word in asked.words if len(word) > INDEXED]
        rungs = self._by_title(match, after) if walk.order is Order.BEST else self._by_price(match, asked, walk.order, after)
        for rung in rungs:
            few = self._count(f'{match} AND "{rung}"', MOST_COUNTED + 1) <= MOST_COUNTED
            for key in walk.sorted(f'{match} AND "{rung}"') if few else walk.along(match, rung):
                if not words or self._has(key[3], words):
                    yield key

    def _has(self, listing: int, words: Sequence[str]) -> bool:
        """Whether each of `words` begins one of the listing's."""
        sql = f"SELECT p.record FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods WHERE l.id = ?"  # noqa: S608
        here = columns.goods(self._db.execute(sql, (listing,)).fetchone()[0]).words.split()
        return all(any(word.startswith(asked) for word in here) for asked in words)

    def _meets(self, match: str, mark: str) -> bool:
        sql = f"SELECT 1 FROM {_AT}.words WHERE words MATCH ? LIMIT 1"  # noqa: S608
        return bool(self._db.execute(sql, (f'{match} AND "{mark}"',)).fetchone())

    def _by_title(self, match: str, after: Place | None) -> Iterator[str]:
        start = columns.title_marks(after.name) if after else []
        return self._letters(match, f"{columns.MARK}t", start)

    def _letters(self, match: str, above: str, start: Sequence[str]) -> Iterator[str]:
        """Marks of how titles begin that are met, from the one in `start` on, in order: the longest there are."""
        width = len(above) + 5
        sql = f"SELECT mark FROM {_AT}.labels WHERE mark > ? AND mark < ? AND length(mark) = ? ORDER BY mark"  # noqa: S608
        for (mark,) in self._db.execute(sql, (above, above + "\uffff", width)).fetchall():
            if start and mark < start[0]:
                continue
            on = start[1:] if start and mark == start[0] else []
            if not self._meets(match, mark):
                continue
            if width == len(columns.MARK) + 1 + 5 * columns.STEPS:
                yield mark
            else:
                yield from self._letters(match, mark, on)

    def _by_price(self, match: str, asked: Asked, order: Order, after: Place | None) -> Iterator[str]:
        low, high = asked.low or 0, _HIGHEST if asked.high is None else asked.high
        if after is not None:
            low, high = (max(low, after.price), high) if order is Order.CHEAP else (low, min(high, after.price))
        magnitudes, turned = _magnitudes(low, high), order is Order.DEAR
        first, last = columns.place_of(low), columns.place_of(high)
        for bits in reversed(magnitudes) if turned else magnitudes:
            if not self._meets(match, columns.price_mark(1 << bits >> 1)):
                continue
            steps = range(max(first, bits << columns.FINE), min(last, (bits + 1 << columns.FINE) - 1) + 1)
            for step in reversed(steps) if turned else steps:
                yield f"{columns.MARK}q{step:03x}"

    # --- rows

    def _listings(self, keys: Sequence[Key]) -> tuple[Listing, ...]:
        ids = [key[3] for key in keys]
        rows = {row[0]: row for row in self._db.execute(f"{_ROWS} WHERE l.id IN ({marks(ids)})", ids)}
        return tuple(_listing(rows[key[3]], key[0]) for key in keys)


class _Walk:
    """Listings in an order, after a place."""

    def __init__(self, db: Database, asked: Asked, order: Order, after: Place | None) -> None:
        self._db = db
        self._asked = asked
        self.order = order
        self.after = after
        self._column, self._turned = ("l.name", False) if order is Order.BEST else ("l.low", order is Order.DEAR)

    def sorted(self, match: str, most: int = -1) -> Iterator[Key]:
        """What matches, sorted by the engine."""
        where, values = self._after()
        sql = f"{_KEYS if self.order is Order.BEST else _PRICES}{where} ORDER BY {self._order()} LIMIT ?"
        return self._keys(sql, (match, *values, most))

    def along(self, match: str, rung: str) -> Iterator[Key]:
        """What matches, on a walk along the order from rung to rung's end: it is much of what is there."""
        low, high = self._ends(rung)
        where, values = self._after()
        sql = (
            f"SELECT l.id, l.name, l.low FROM {_AT}.listings AS l WHERE {self._column} BETWEEN ? AND ?{where} "  # noqa: S608
            f"AND EXISTS (SELECT 1 FROM {_AT}.words WHERE words MATCH ? AND rowid = l.id) ORDER BY {self._order()}"
        )
        return self._keys(sql, (low, high, *values, match))

    def _keys(self, sql: str, values: Sequence[Any]) -> Iterator[Key]:
        return ((0, name, low, id_) for id_, name, low in self._db.execute(sql, values))

    def _order(self) -> str:
        way = "DESC" if self._turned else "ASC"
        return f"{self._column} {way}, l.id {way}"

    def _after(self) -> tuple[str, tuple[Any, ...]]:
        low, high = self._asked.low or 0, _HIGHEST if self._asked.high is None else self._asked.high
        where, values = " AND l.low BETWEEN ? AND ?", (low, high)
        if self.after is None:
            return where, values
        place = self.after.name if self.order is Order.BEST else self.after.price
        where += f" AND ({self._column}, l.id) {'<' if self._turned else '>'} (?, ?)"
        return where, (*values, place, self.after.listing)

    def _ends(self, rung: str) -> tuple[Any, Any]:
        if self.order is Order.BEST:
            beginning = columns.beginning_of(rung)  # with spaces after a title that is shorter
            return beginning.rstrip(), beginning + "\U0010ffff"
        return columns.prices_of(rung)


def _listing(row: Sequence[Any], rank: int) -> Listing:
    id_, feed, product, goods, low, high, stock, offers, name = row
    return Listing(id_, feed, product, goods, low, high, stock, offers, Place(rank, name, low, id_))


def _magnitudes(low: int, high: int) -> range:
    return range(low.bit_length(), high.bit_length() + 1)


def _priced(asked: Asked, low: int) -> bool:
    return (asked.low is None or asked.low <= low) and (asked.high is None or low <= asked.high)


def _rank(name: str, words: Sequence[str]) -> int:
    """0 for a title that begins with the first word asked for, 1 for one that holds it as a whole word, 2 for any other."""
    if not words or name.startswith(words[0]):
        return 0
    return 1 if words[0] in name.split() else 2


def _key(place: Place) -> Key:
    return place.rank, place.name, place.price, place.listing


def _sorted_by(order: Order, key: Key) -> tuple[int | str, ...]:
    rank, name, price, id_ = key
    if order is Order.BEST:
        return rank, name, id_
    return (price, id_) if order is Order.CHEAP else (-price, -id_)
