"""Where much matches a search: a page of it in an order, found without reading all of it.

What matches is either listed whole, or it is so much of what is there that walking along the order and looking each up is quick. Where the
order leads away from what matches, a list is sorted by the engine; for more than is listed, marks of how titles begin or how high amounts
are lead on: the index meets each of them with all that is asked in one walk (ADR 0070).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from sqlite_utils import Database

from node.model.catalog_search import Asked, Order, Place

from . import catalog_columns as columns
from .database import ATTACHED

_AT = ATTACHED
HIGHEST = 2**63 - 1
SORTED, PEEKED = 3_000, 1_500
"""So many that match are sorted at once, and so many are read to tell how many that may be."""
LISTED, MARKED = 15_000, 50_000
"""So many that match are listed whole, in all or of one mark; of more, marks are asked for, and where one has more, each is looked up."""
STEPS, LOOKS, FIRST_LOOKS = 60_000, 1_500, 250
"""So far a walk goes at most: with a list at hand, with a question to the index at each step, and with these before anything is listed."""
SPARE = 4
"""A walk goes so many times as far as it had to if what matches stood everywhere alike."""
DEARER = 3
"""Where amounts are compared, each that is read costs so many times as much."""
AT_ONCE = 10_000
"""So many are read together at most."""
INDEXED = 5
"""Beginnings of words up to so many letters have lists of their own; longer ones are put together from all words that begin so, for each
question. Where many match, these letters are asked for, and of what is met the rest is compared.
"""
_LISTED = f"FROM json_each(?) AS j CROSS JOIN {_AT}.listings AS l ON l.id = j.value"
_READ = f"(SELECT rowid FROM {_AT}.words WHERE words MATCH ? AND rowid > ? LIMIT ?) AS w"  # noqa: S608
_MET = f"SELECT count(*), max(w.rowid), group_concat(w.rowid) FROM {_READ}"  # noqa: S608
_COMPARED = (
    "SELECT count(*), max(w.rowid), group_concat(CASE WHEN {} THEN l.id END) "  # noqa: S608
    f"FROM {_READ} CROSS JOIN {_AT}.listings AS l INDEXED BY listings_prices ON l.id = w.rowid"
)
"""How many were read, the last of them, and those that fit: in one row, for a row of each costs more than to read it. The index stands in
for the rows: it is a fifth of them.
"""
_Bounds = tuple[int, int]
_Span = tuple[Any, Any]
"""The least and the greatest title or amount, both included."""


def bounds_of(asked: Asked) -> Mapping[str, _Bounds]:
    """The lowest and the highest amount that is asked for, by column."""
    found = {}
    if asked.low is not None or asked.high is not None:
        found["low"] = (asked.low or 0, HIGHEST if asked.high is None else asked.high)
    if asked.earns:
        found["earns"] = (asked.earns, HIGHEST)
    return found


def _within(bounds: Mapping[str, _Bounds]) -> tuple[str, tuple[int, ...]]:
    """The condition on a listing `l`, and its values."""
    return " AND ".join(f"l.{column} BETWEEN ? AND ?" for column in bounds), tuple(chain.from_iterable(bounds.values()))


class Met:
    """The numbers of what the index meets and whose amounts fit: read only as far as they are wanted."""

    def __init__(self, db: Database, match: str, bounds: Mapping[str, _Bounds], *, is_dear: bool = True) -> None:
        self._db = db
        self._match = match
        where, self._values = _within(bounds)
        self._sql = _COMPARED.format(where) if bounds else _MET
        self._reads = self._last = 0
        self.is_dear = is_dear and bool(bounds)
        """Whether a list of it costs more than another way: where marks of amounts are met already, no other costs less."""
        self.is_whole = False
        """Whether nothing is left to read."""
        self.ids: list[int] = []

    def read(self, most: int, reads: int = HIGHEST) -> bool:
        """Read on until there are more than `most`, or so many were read. Whether all are here then, and no more than that."""
        while not self.is_whole and len(self.ids) <= most and self._reads < reads:
            wanted = min(max(most + 1 - len(self.ids), self._reads), AT_ONCE, reads - self._reads)
            count, last, fitting = self._db.execute(self._sql, (*self._values, self._match, self._last, wanted)).fetchone()
            self.is_whole = count < wanted
            self._reads, self._last = self._reads + count, last or self._last
            self.ids += json.loads(f"[{fitting or ''}]")
        return self.is_whole and len(self.ids) <= most

    def expected(self, highest: int) -> int:
        """How many they may be in all, where the last listing's number is `highest`: the index gives them by their numbers."""
        return self._in_all(len(self.ids), highest)

    def to_read(self, highest: int) -> int:
        """How many may have to be read for all of them."""
        return self._in_all(self._reads, highest)

    def _in_all(self, count: int, highest: int) -> int:
        return count if self.is_whole else max(count * highest // max(self._last, 1), count)


class Walk:
    """A page of what matches, in order of titles, prices or earnings, after a place."""

    def __init__(self, db: Database, asked: Asked, order: Order, after: Place | None) -> None:
        self._db = db
        self._titled, self._turned = order is Order.BEST, order in (Order.DEAR, Order.EARNS)
        self.column = {Order.BEST: "name", Order.EARNS: "earns"}.get(order, "low")
        bounds = bounds_of(asked)
        self._span: _Span = ("", "\U0010ffff") if self._titled else bounds.get(self.column, (0, HIGHEST))
        if self.column == "low":
            self._span = (max(self._span[0], asked.floor), self._span[1])
        self._others = {column: ends for column, ends in bounds.items() if column != self.column}
        """To be compared: of what stands in order the span says it."""
        self._longer = [word for word in asked.words if len(word) > INDEXED]
        self._looks = SPARE * FIRST_LOOKS
        self._briefly = False
        """Whether the index is asked for the first letters only."""
        self._place: tuple[Any, int] | None = None
        if after is not None:
            self._place = ({"name": after.name, "low": after.price, "earns": after.earns}[self.column], after.listing)

    def page(self, met: Met, brief: str, most: int) -> list[int]:
        """The first `most` after the place. `brief` asks the index for the same as `met`, of each word for `INDEXED` letters at most, and
        for no amounts.
        """
        self._highest = self._db.execute(f"SELECT max(id) FROM {_AT}.listings").fetchone()[0]  # noqa: S608
        found = self._listed(self._span, met, LISTED, most)
        return list(islice(self._climb(brief, most), most)) if found is None else found

    def _listed(self, span: _Span, met: Met, listed: int, most: int) -> list[int] | None:
        """Those of a span, where all that is met may be listed; None where it is too many."""
        if met.read(SORTED, PEEKED):
            return self._sorted(met.ids, most)
        listed //= DEARER if met.is_dear else 1
        expected = met.expected(self._highest)
        if expected > listed or met.to_read(self._highest) > listed or not met.read(listed, listed + 1):
            return None
        if len(met.ids) <= SORTED:
            return self._sorted(met.ids, most)
        steps = SPARE * most * self._highest // max(expected, 1) + expected
        found, ended = self._along(span, min(steps, STEPS), most, among=set(met.ids))
        return found if ended else [*found, *self._sorted(met.ids, most - len(found))]

    # --- along the order

    def _along(self, span: _Span, steps: int, most: int, *, match: str = "", among: Collection[int] = ()) -> tuple[list[int], bool]:
        """Go on through a span, so many steps, and take what is `among` some or what the index meets. The second says that nothing is left
        to find; else the walk ended at the place.
        """
        looked, given = self._looked(match)
        where, values = self._ahead(span)
        sql = f"SELECT l.id, l.{self.column}, {looked} FROM {_AT}.listings AS l WHERE {where} ORDER BY {self._order()} LIMIT ?"  # noqa: S608
        found: list[int] = []
        count, row = 0, None
        for row in self._db.execute(sql, (*given, *values, steps)):
            count += 1
            if (row[2] if match else row[0] in among) and self._has(row[0]):
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
        where, values = _within(self._others)
        return (f"{where} AND {met}", (*values, match)) if where else (met, (match,))

    def _sorted(self, ids: Sequence[int], most: int) -> list[int]:
        """The first of some, sorted by the engine."""
        where, values = self._ahead(self._span)
        sql = f"SELECT l.id {_LISTED} WHERE {where} ORDER BY {self._order()} LIMIT ?"
        found = self._db.execute(sql, (json.dumps(ids), *values, -1 if self._briefly else most))
        return list(islice((row[0] for row in found if self._has(row[0])), most))

    def _ahead(self, span: _Span) -> tuple[str, tuple[Any, ...]]:
        """What lies in a span, after the place."""
        near, far = reversed(span) if self._turned else span
        on, back = ("<", ">") if self._turned else (">", "<")
        until = f"l.{self.column} {back}= ?"
        if self._place is not None and (self._place[0] <= near if self._turned else self._place[0] >= near):
            return f"(l.{self.column}, l.id) {on} (?, ?) AND {until}", (*self._place, far)
        return f"l.{self.column} {on}= ? AND {until}", (near, far)

    def _order(self) -> str:
        way = "DESC" if self._turned else "ASC"
        return f"l.{self.column} {way}, l.id {way}"

    # --- by marks

    def _climb(self, match: str, most: int) -> Iterator[int]:
        self._briefly = True
        for mark in self._by_title(match) if self._titled else self._by_amount(match):
            yield from self._band(f'{match} AND "{mark}"', self._ends(mark), match, most)
        if self.column == "earns" and self._span[0] == 0:
            yield from self._band(match, (0, 0), match, most)  # what earns nothing has no mark

    def _band(self, marked: str, span: _Span, match: str, most: int) -> list[int]:
        """The first of one span. Where it holds much, what stands first is looked up before all of it is listed."""
        met = Met(self._db, marked, self._others | ({"earns": (0, 0)} if marked is match else {}))
        found: list[int] = []
        ended, looks = False, self._looks
        if met.read(SORTED, PEEKED):
            return self._sorted(met.ids, most)
        if looks and met.to_read(self._highest) > LISTED:
            found, ended = self._along(span, min(looks, FIRST_LOOKS), most, match=match)
            self._looks -= min(looks, FIRST_LOOKS)
        return found if ended else [*found, *self._rest(met, span, match, most - len(found))]

    def _rest(self, met: Met, span: _Span, match: str, most: int) -> list[int]:
        found = self._listed(span, met, MARKED, most)
        if found is None:
            found, ended = self._along(span, LOOKS, most, match=match)
            if not ended:
                met.read(HIGHEST)
                found += self._sorted(met.ids, most - len(found))
        return found

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

    def _by_amount(self, match: str) -> Iterator[str]:
        ladder, (low, high) = columns.LADDERS[self.column], self._span
        if self._place is not None:
            low, high = (low, min(high, self._place[0])) if self._turned else (max(low, self._place[0]), high)
        magnitudes = range(low.bit_length(), high.bit_length() + 1)
        first, last = columns.place_of(low), columns.place_of(high)
        for bits in reversed(magnitudes) if self._turned else magnitudes:
            if not self._meets(match, ladder.mark(1 << bits >> 1)):
                continue
            steps = range(max(first, bits << columns.FINE), min(last, (bits + 1 << columns.FINE) - 1) + 1)
            for step in reversed(steps) if self._turned else steps:
                yield ladder.fine(step)

    def _ends(self, mark: str) -> _Span:
        if self._titled:
            beginning = columns.beginning_of(mark)  # with spaces after a title that is shorter
            return beginning.rstrip(), beginning + "\U0010ffff"
        low, high = columns.amounts_of(mark)
        return max(low, self._span[0]), min(high, self._span[1])

    def _meets(self, match: str, mark: str) -> bool:
        sql = f"SELECT 1 FROM {_AT}.words WHERE words MATCH ? LIMIT 1"  # noqa: S608
        return bool(self._db.execute(sql, (f'{match} AND "{mark}"',)).fetchone())

    def _has(self, listing: int) -> bool:
        """Whether the words asked for begin the listing's, where the index was only asked for their first letters."""
        if not (self._briefly and self._longer):
            return True
        sql = f"SELECT p.record FROM {_AT}.listings AS l JOIN {_AT}.products AS p ON p.id = l.goods WHERE l.id = ?"  # noqa: S608
        here = columns.goods(self._db.execute(sql, (listing,)).fetchone()[0]).words.split()
        return all(any(word.startswith(asked) for word in here) for asked in self._longer)
