"""Where much matches a search: a page of it in an order, found without reading all of it.

What matches is either listed whole, or it is so much of what is there that walking along the order and looking each up is quick. Where the
order leads away from what matches, a list is sorted by the engine; for more than is listed, marks of how titles begin or of how high prices
are lead on: the index meets each of them with all that is asked in one walk (ADR 0060).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlite_utils import Database

from node.model.catalog_search import Asked, Order, Place

from . import catalog_columns as columns
from .database import ATTACHED

_AT = ATTACHED
HIGHEST = 2**63 - 1
SORTED = 5_000
"""So many that match are sorted at once."""
LISTED, MARKED = 15_000, 50_000
"""So many that match are listed whole, in all or of one mark; of more, marks are asked for, and where one has more, each is looked up."""
STEPS, LOOKS = 60_000, 1_500
"""So far a walk goes at most: with a list at hand, and with a question to the index at each step."""
SPARE = 4
"""A walk goes so many times as far as it had to if what matches stood everywhere alike."""
AT_ONCE = 5_000
"""So many are read together."""
INDEXED = 5
"""Beginnings of words up to so many letters have lists of their own; longer ones are put together from all words that begin so, for each
question. Where many match, these letters are asked for, and of what is met the rest is compared.
"""
_LISTED = f"FROM json_each(?) AS j CROSS JOIN {_AT}.listings AS l ON l.id = j.value"
_Span = tuple[Any, Any]
"""The least and the greatest title or price, both included."""


def prices_of(asked: Asked) -> tuple[int, int]:
    """The lowest and the highest price that is asked for."""
    return asked.low or 0, HIGHEST if asked.high is None else asked.high


def is_priced(asked: Asked) -> bool:
    """Whether prices are asked for at all."""
    return asked.low is not None or asked.high is not None


class Met:
    """The numbers of what the index meets, whatever they cost: read only as far as they are wanted, in one walk."""

    def __init__(self, db: Database, match: str) -> None:
        self._cursor = db.execute(f"SELECT rowid FROM {_AT}.words WHERE words MATCH ?", (match,))  # noqa: S608
        self._whole = False
        self.ids: list[int] = []

    def read(self, most: int) -> bool:
        """Read on until there are more than `most`. Whether all are here then, and no more than that."""
        while not self._whole and len(self.ids) <= most:
            part = self._cursor.fetchmany(min(most + 1 - len(self.ids), AT_ONCE))
            self._whole = not part
            self.ids += [row[0] for row in part]
        return len(self.ids) <= most

    def expected(self, highest: int) -> int:
        """How many they may be in all, where the last listing's number is `highest`: the index gives them by their numbers."""
        return len(self.ids) if self._whole else max(len(self.ids) * highest // self.ids[-1], len(self.ids))


class Walk:
    """A page of what matches, in order of titles or of prices, after a place."""

    def __init__(self, db: Database, asked: Asked, order: Order, after: Place | None) -> None:
        self._db = db
        self._titled, self._turned = order is Order.BEST, order is Order.DEAR
        self._column = "name" if self._titled else "low"
        self._span: _Span = ("", "\U0010ffff") if self._titled else prices_of(asked)
        self._prices = prices_of(asked) if self._titled and is_priced(asked) else ()
        """To be compared: in order of prices the span says them."""
        self._longer = [word for word in asked.words if len(word) > INDEXED]
        self._briefly = False
        """Whether the index is asked for the first letters only."""
        self._place: tuple[Any, int] | None = None
        if after is not None:
            self._place = (after.name if self._titled else after.price, after.listing)

    def page(self, met: Met, brief: str, most: int) -> list[int]:
        """The first `most` after the place. `brief` asks the index for the same as `met`, of each word for `INDEXED` letters at most."""
        self._highest = self._db.execute(f"SELECT max(id) FROM {_AT}.listings").fetchone()[0]  # noqa: S608
        found = self._listed(self._span, met, LISTED, most)
        return list(islice(self._climb(brief, most), most)) if found is None else found

    def _listed(self, span: _Span, met: Met, listed: int, most: int) -> list[int] | None:
        """Those of a span, where all that is met may be listed; None where it is too many."""
        if met.read(SORTED):
            return self._sorted(met.ids, most)
        expected = met.expected(self._highest)
        if expected > listed or not met.read(listed):
            return None
        steps = SPARE * most * self._highest // expected + expected
        found, ended = self._along(span, min(steps, STEPS), most, among=set(met.ids))
        return found if ended else [*found, *self._sorted(met.ids, most - len(found))]

    # --- along the order

    def _along(self, span: _Span, steps: int, most: int, *, match: str = "", among: Collection[int] = ()) -> tuple[list[int], bool]:
        """Go on through a span, so many steps, and take what is `among` some or what the index meets. The second says that nothing is left
        to find; else the walk ended at the place.
        """
        looked, given = self._looked(match)
        where, values = self._ahead(span)
        sql = f"SELECT l.id, l.{self._column}, {looked} FROM {_AT}.listings AS l WHERE {where} ORDER BY {self._order()} LIMIT ?"  # noqa: S608
        found: list[int] = []
        count, row = 0, None
        for row in self._db.execute(sql, (*given, *values, steps)):
            count += 1
            if (row[2] if match else row[0] in among) and self._fits(row[0]):
                found.append(row[0])
                if len(found) == most:
                    return found, True
        if row is not None:
            self._place = (row[1], row[0])
        return found, count < steps

    def _looked(self, match: str) -> tuple[str, tuple[Any, ...]]:
        if not match:
            return "0", ()
        met = f"EXISTS (SELECT 1 FROM {_AT}.words WHERE words MATCH ? AND rowid = l.id)"  # noqa: S608
        return (f"l.low BETWEEN ? AND ? AND {met}", (*self._prices, match)) if self._prices else (met, (match,))

    def _sorted(self, ids: Sequence[int], most: int) -> list[int]:
        """The first of some, sorted by the engine."""
        where, values = self._ahead(self._span)
        if self._prices:
            where, values = f"{where} AND l.low BETWEEN ? AND ?", (*values, *self._prices)
        sql = f"SELECT l.id {_LISTED} WHERE {where} ORDER BY {self._order()} LIMIT ?"
        found = self._db.execute(sql, (json.dumps(ids), *values, -1 if self._briefly else most))
        return list(islice((row[0] for row in found if self._has(row[0])), most))

    def _ahead(self, span: _Span) -> tuple[str, tuple[Any, ...]]:
        """What lies in a span, after the place."""
        near, far = reversed(span) if self._turned else span
        on, back = ("<", ">") if self._turned else (">", "<")
        until = f"l.{self._column} {back}= ?"
        if self._place is not None and (self._place[0] <= near if self._turned else self._place[0] >= near):
            return f"(l.{self._column}, l.id) {on} (?, ?) AND {until}", (*self._place, far)
        return f"l.{self._column} {on}= ? AND {until}", (near, far)

    def _order(self) -> str:
        way = "DESC" if self._turned else "ASC"
        return f"l.{self._column} {way}, l.id {way}"

    # --- by marks

    def _climb(self, match: str, most: int) -> Iterator[int]:
        self._briefly = True
        for mark in self._by_title(match) if self._titled else self._by_price(match):
            met = Met(self._db, f'{match} AND "{mark}"')
            found = self._listed(self._ends(mark), met, MARKED, most)
            if found is None:
                found, ended = self._along(self._ends(mark), LOOKS, most, match=match)
                if not ended:
                    met.read(HIGHEST)
                    found += self._sorted(met.ids, most)
            yield from found

    def _by_title(self, match: str) -> Iterator[str]:
        start = columns.title_marks(self._place[0]) if self._place else []
        return self._letters(match, f"{columns.MARK}t", start)

    def _letters(self, match: str, above: str, start: Sequence[str]) -> Iterator[str]:
        """Marks of how titles begin, from the one in `start` on, in order: the longest there are, whose shorter ones are met."""
        width = len(above) + 5
        sql = f"SELECT mark FROM {_AT}.labels WHERE mark > ? AND mark < ? AND length(mark) = ? ORDER BY mark"  # noqa: S608
        for (mark,) in self._db.execute(sql, (above, above + "\uffff", width)).fetchall():
            if start and mark < start[0]:
                continue
            if width == len(columns.MARK) + 1 + 5 * columns.STEPS:
                yield mark
            elif self._meets(match, mark):
                yield from self._letters(match, mark, start[1:] if start and mark == start[0] else [])

    def _by_price(self, match: str) -> Iterator[str]:
        low, high = self._span
        if self._place is not None:
            low, high = (low, min(high, self._place[0])) if self._turned else (max(low, self._place[0]), high)
        magnitudes = range(low.bit_length(), high.bit_length() + 1)
        first, last = columns.place_of(low), columns.place_of(high)
        for bits in reversed(magnitudes) if self._turned else magnitudes:
            if not self._meets(match, columns.price_mark(1 << bits >> 1)):
                continue
            steps = range(max(first, bits << columns.FINE), min(last, (bits + 1 << columns.FINE) - 1) + 1)
            for step in reversed(steps) if self._turned else steps:
                yield f"{columns.MARK}q{step:03x}"

    def _ends(self, mark: str) -> _Span:
        if self._titled:
            beginning = columns.beginning_of(mark)  # with spaces after a title that is shorter
            return beginning.rstrip(), beginning + "\U0010ffff"
        low, high = columns.prices_of(mark)
        return max(low, self._span[0]), min(high, self._span[1])

    def _meets(self, match: str, mark: str) -> bool:
        sql = f"SELECT 1 FROM {_AT}.words WHERE words MATCH ? LIMIT 1"  # noqa: S608
        return bool(self._db.execute(sql, (f'{match} AND "{mark}"',)).fetchone())

    def _fits(self, listing: int) -> bool:
        """Whether its price is one that is asked for, and its words are."""
        if not self._prices:
            return self._has(listing)
        low, high = self._prices
        price: int = self._db.execute(f"SELECT low FROM {_AT}.listings WHERE id = ?", (listing,)).fetchone()[0]  # noqa: S608
        return low <= price <= high and self._has(listing)

    def _has(self, listing: int) -> bool:
        """Whether the words asked for begin the listing's, where the index was only asked for their first letters."""
        if not (self._briefly and self._longer):
            return True
        sql = f"SELECT p.record FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods WHERE l.id = ?"  # noqa: S608
        here = columns.goods(self._db.execute(sql, (listing,)).fetchone()[0]).words.split()
        return all(any(word.startswith(asked) for word in here) for asked in self._longer)
