"""Products of all catalogs found by words, marks and prices, in the catalog file as it stands for the transaction.

Of few that match, all are read and sorted. Of many, a page is found by climbing a ladder of marks: those of how titles begin, or of how
high prices are, in their order; the index meets each of them with all that is asked in one walk (ADR 0060).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from node.model.catalog_search import MOST_COUNTED, Asked, Found, Listing, Order, Place

from . import catalog_columns as columns
from .catalog_feeds import FileFeeds, marks
from .database import ATTACHED

_AT = ATTACHED
_KEYS = f"SELECT l.id, l.name, l.low FROM {_AT}.words AS w JOIN {_AT}.listings AS l ON l.id = w.rowid WHERE w.words MATCH ?"  # noqa: S608
_ROWS = (
    "SELECT l.id, h.feed, p.product, p.record, l.low, l.high, l.stock, l.offers, l.name "  # noqa: S608
    f"FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods JOIN {_AT}.heads AS h ON h.id = l.feed"
)
_HIGHEST = 2**63 - 1
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
        few = self._db.execute(f"SELECT rowid FROM {_AT}.words WHERE words MATCH ? LIMIT ?", (match, MOST_COUNTED + 1)).fetchall()  # noqa: S608
        many = len(few) > MOST_COUNTED
        keys: Iterator[Key] = self._climb(asked, match, order, after) if many else self._all(asked, match, order)
        total, found = len(few), []
        if not many:
            every = list(keys)
            total, keys = len(every), iter(every)
        for key in keys:
            if after is not None and _sorted_by(order, key) <= _sorted_by(order, (after.rank, after.name, after.price, after.listing)):
                continue
            found.append(key)
            if len(found) > limit:
                break
        return Found(self._listings(found[:limit]), total, many, more=len(found) > limit)

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

    def _match(self, asked: Asked) -> str:
        """The expression of the index; empty when nothing can match."""
        terms = [f'"{word}"*' for word in asked.words]
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

    def _all(self, asked: Asked, match: str, order: Order) -> Iterator[Key]:
        rows = self._db.execute(_KEYS, (match,)).fetchall()
        keys = [(_rank(name, asked.words), name, low, id_) for id_, name, low in rows if _priced(asked, low)]
        return iter(sorted(keys, key=lambda key: _sorted_by(order, key)))

    # --- many: along a ladder

    def _climb(self, asked: Asked, match: str, order: Order, after: Place | None) -> Iterator[Key]:
        rungs = self._by_title(match, after) if order is Order.BEST else self._by_price(match, asked, order, after)
        for rung in rungs:
            rows = self._db.execute(_KEYS, (f'{match} AND "{rung}"',)).fetchall()
            keys = [(0, name, low, id_) for id_, name, low in rows if _priced(asked, low)]
            yield from sorted(keys, key=lambda key: _sorted_by(order, key))

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


def _sorted_by(order: Order, key: Key) -> tuple[int | str, ...]:
    rank, name, price, id_ = key
    if order is Order.BEST:
        return rank, name, id_
    return (price if order is Order.CHEAP else -price), id_
