"""Finding customers: an index derived from their records, kept in the transaction that writes them, and made anew where it is stale.

`node.model.terms` decides what a record is found by, `node.model.filters` what it is filtered by; both are words of one full-text index,
and pieces of phones and e-mails are found in a second one. Each condition gives a set of customers' numbers. What meets all of them is
fetched and sorted where it is little, and met on a walk along the order where it is much.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlite_utils import Database

from node.model.customer import Customer, plain
from node.model.filters import ARCHIVED_WORD, KINDS, Filters, facet_shown, facet_start, facet_word, facets, has_word, moment, month_word
from node.model.terms import Query, query, terms

from .customers import COLUMNS, customer_of

VERSION = 1
"""Of what is derived: raised whenever terms, facets or their tables change, so that each store makes them anew when it is opened."""
CHUNK = 2_000
_WORDS_KEPT = 5_000  # of tags, cities, countries: many records share them
LITTLE = 2_000  # so many are fetched and sorted; to meet a page of more on a walk takes no longer
_INDEX = (
    "INSERT INTO customer_index (number, customer, sort, last_order) VALUES (?, ?, ?, "
    "(SELECT coalesce(max(created), 0) FROM orders WHERE customer = ?2 AND order_id IS NOT NULL)) "
    "ON CONFLICT (number) DO UPDATE SET sort = excluded.sort"
)
_TERMS = (
    "INSERT INTO customer_terms (number, names, others, facets, parts) VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET "
    "names = excluded.names, others = excluded.others, facets = excluded.facets, parts = excluded.parts"
)
_WORDS_IN = "INSERT INTO customer_words (rowid, names, others, facets) VALUES (?, ?, ?, ?)"
_PARTS_IN = "INSERT INTO customer_parts (rowid, parts) VALUES (?, ?)"
_WORDS_OUT = "INSERT INTO customer_words (customer_words, rowid, names, others, facets) VALUES ('delete', ?, ?, ?, ?)"
_PARTS_OUT = "INSERT INTO customer_parts (customer_parts, rowid, parts) VALUES ('delete', ?, ?)"
_FTS = ("customer_words", "customer_parts")
_BY_WORDS = "SELECT rowid FROM customer_words WHERE customer_words MATCH ?"
_BY_PARTS = "SELECT rowid FROM customer_parts WHERE customer_parts MATCH ?"
_ORDERED = "SELECT number FROM customer_index WHERE last_order > 0"
_LAST = chr(0x10FFFF)
_IDS = ", ".join("c." + name for name in COLUMNS.split(", "))

Terms = tuple[str, str, str, str]
"""Names, others, facets, parts of a customer."""
Place = tuple[int, str | int, int]
"""Where a page ended: stage of the order, value in it, number."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Numbers of those who meet everything: `within` (None: everyone) but `without`. `begins`: whose names begin with all that is asked."""

    within: set[int] | None
    without: set[int]
    begins: set[int]
    total: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of an order: those in `within` (None: everyone), walked along an index."""

    within: set[int] | None
    column: str
    falling: bool
    walk: str
    only: str = "1"


class CustomerSearch:
    """The tables `customer_index`, `customer_terms` and the indexes over them, of one transaction."""

    def __init__(self, db: Database, now: int) -> None:
        self._db = db
        self._now = now
        self._bulk = False
        self._added = self._taken = 0
        self._word = lru_cache(_WORDS_KEPT)(facet_word)

    # --- keeping

    def index_some(self, customers: Sequence[Customer]) -> None:
        """Keep what customers, already written, are found by; entries that change are wiped one by one."""
        for start in range(0, len(customers), CHUNK):
            self._keep(customers[start : start + CHUNK])

    def index_many(self, customers: Iterable[Customer]) -> None:
        """Keep what any number of customers, already written, are found by. For an import, call it once or do all of it `in_bulk`."""
        left = iter(customers)
        with self.in_bulk():
            while chunk := tuple(islice(left, CHUNK)):
                self._keep(chunk)

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """Within it, many customers are changed or erased: what they were found by is wiped at its end, for all of them at once."""
        if self._bulk:
            yield
            return
        self._bulk, self._taken, before = True, 0, self._size()
        self._set_secure(0)
        yield
        if self._taken or self._size() < before:
            for table in _FTS:
                self._db.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608
        self._set_secure(1)
        self._bulk = False

    def rebuild(self) -> None:
        """Make all of it anew from the records."""
        self._set_secure(0)
        self._db.execute("DELETE FROM customer_index")
        for table in _FTS:
            self._db.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")  # noqa: S608
        self._set_secure(1)
        rows = self._db.execute(f"SELECT {COLUMNS} FROM customers ORDER BY created, rowid")  # noqa: S608
        self.index_many(customer_of(row) for row in rows)

    def _size(self) -> int:
        """How many customers are in the index, less those that were added."""
        return self._everyone() - self._added

    def _everyone(self) -> int:
        found: int = self._db.execute("SELECT count(*) FROM customer_index").fetchone()[0]
        return found

    def _set_secure(self, on: int) -> None:
        for table in _FTS:
            self._db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('secure-delete', ?)", (on,))  # noqa: S608

    def _keep(self, customers: Sequence[Customer]) -> None:
        known = self._known([customer.id for customer in customers])
        free: int = self._db.execute("SELECT coalesce(max(number), 0) FROM customer_index").fetchone()[0]
        rows: list[tuple[Any, ...]] = []
        kept: list[tuple[int, Terms]] = []
        gone: list[tuple[int, Terms]] = []
        for customer in {customer.id: customer for customer in customers}.values():
            person, found = customer.person, terms(customer.person)
            now = (found.names, found.others, facets(person, archived=customer.archived is not None, word=self._word), found.parts)
            if customer.id in known:
                number, before = known[customer.id]
                gone += [(number, before)] if now != before else []
            else:
                number, before = free + 1, None
                free = number
            kept += [(number, now)] if now != before else []
            rows.append((number, customer.id, plain(person.names.full)))
        self._added += len(rows) - len(known)
        self._taken += len(gone)
        self._write(rows, kept, gone)

    def _known(self, ids: Sequence[bytes]) -> dict[bytes, tuple[int, Terms]]:
        columns = "customer, number, names, others, facets, parts"
        sql = f"SELECT {columns} FROM customer_index JOIN customer_terms USING (number) WHERE customer IN ({_marks(ids)})"  # noqa: S608
        return {row[0]: (row[1], row[2:]) for row in self._db.execute(sql, tuple(ids))}

    def _write(self, rows: list[tuple[Any, ...]], kept: list[tuple[int, Terms]], gone: list[tuple[int, Terms]]) -> None:
        many = self._db.conn.executemany
        many(_INDEX, rows)
        many(_WORDS_OUT, [(number, *old[:3]) for number, old in gone])
        many(_PARTS_OUT, [(number, old[3]) for number, old in gone])
        many(_TERMS, [(number, *new) for number, new in kept])
        many(_WORDS_IN, [(number, *new[:3]) for number, new in kept])
        many(_PARTS_IN, [(number, new[3]) for number, new in kept])

    # --- finding

    def look(self, conditions: Sequence[Filters], asked: Query) -> Hits:
        """Who meets all of `conditions` and what is asked."""
        groups = [*asked, *(group for filters in conditions for group in query(filters.text))]
        met = [self._group(group) for group in groups]
        without: set[int] = set()
        for filters in conditions:
            met += self._met(filters)
            without = without.union(*self._unmet(filters))
        if not met:
            return Hits(None, without, set(), self._everyone() - len(without))
        within = set.intersection(*sorted(met, key=len)) - without
        names = _begin(asked)
        return Hits(within, set(), within & self._numbers(_BY_WORDS, names) if within and names else set(), len(within))

    def page(self, hits: Hits, order: str, after: Place | None, limit: int) -> list[tuple[Place, int, Customer]]:
        """Some of `hits` after a place in the order `fit` (names that begin so, then the others), `name`, `newest` or `order` (who
        ordered last comes first): their own places, when they ordered last (ms; 0: never), and they themselves.
        """
        found: list[tuple[Place, int]] = []
        for number, stage in enumerate(_stages(hits, order)):
            if after is None or number >= after[0]:
                start = after[1:] if after is not None and number == after[0] else None
                found += [((number, *place), last) for place, last in self._stage(stage, hits.without, start, limit - len(found))]
        people = self._people([place[2] for place, _ in found])
        return [(place, last, people[place[2]]) for place, last in found]

    def ids(self, hits: Hits) -> list[bytes]:
        """All of them."""
        rows = self._db.execute("SELECT number, customer FROM customer_index ORDER BY number")
        return [customer for number, customer in rows if _is_hit(number, hits.within, hits.without)]

    def among(self, hits: Hits, customer: bytes) -> bool:
        """Whether this customer is one of them."""
        row = self._db.execute("SELECT number FROM customer_index WHERE customer = ?", (customer,)).fetchone()
        return row is not None and _is_hit(row[0], hits.within, hits.without)

    def values(self, kind: str, most: int = 300) -> list[str]:
        """What can be filtered by, the commonest first, as it is written: kind tag, city, country, language, source or consent."""
        start = KINDS[kind]
        sql = "SELECT term FROM customer_vocabulary WHERE term >= ? AND term < ? ORDER BY doc DESC LIMIT ?"
        found: dict[str, str] = {}
        for (word,) in self._db.execute(sql, (start, start + "~", most)):
            found.setdefault(word.partition("x")[0], facet_shown(word))
        return list(found.values())

    def known(self, words: Collection[str]) -> dict[str, int]:
        """Those of some words that are known, and in how many records each is."""
        sql = f"SELECT term, doc FROM customer_vocabulary WHERE term IN ({_marks(words)})"  # noqa: S608
        return dict(self._db.execute(sql, tuple(words)).fetchall())

    def vocabulary(self, start: str, shortest: int) -> dict[str, int]:
        """Known words without digits that begin so, and in how many records each is."""
        sql = "SELECT term, doc FROM customer_vocabulary WHERE term >= ? AND term < ? AND length(term) >= ? AND term NOT GLOB '*[0-9]*'"
        return dict(self._db.execute(sql, (start, start + _LAST, shortest)).fetchall())

    def _stage(self, stage: Stage, without: set[int], after: tuple[str | int, int] | None, limit: int) -> list[Any]:
        """((value, number), last order) of the next in a stage."""
        if limit <= 0 or stage.within == set():
            return []
        beyond, way = ("<", "DESC") if stage.falling else (">", "ASC")
        place = f"({stage.column}, number) {beyond} (?, ?)" if after else "1"
        few = stage.within is not None and len(stage.within) <= LITTLE
        source = f"customer_index WHERE number IN ({_marks(stage.within or ())})" if few else f"customer_index {stage.walk} WHERE 1"
        sql = (
            f"SELECT {stage.column}, number, last_order FROM {source} AND {stage.only} AND {place} "  # noqa: S608
            f"ORDER BY {stage.column} {way}, number {way}"
        )
        rows = self._db.execute(sql, (*(stage.within if few and stage.within else ()), *(after or ())))
        met = (((value, number), last) for value, number, last in rows if _is_hit(number, stage.within, without))
        return list(islice(met, limit))

    def _people(self, numbers: Sequence[int]) -> dict[int, Customer]:
        sql = f"SELECT number, {_IDS} FROM customer_index JOIN customers AS c ON c.id = customer WHERE number IN ({_marks(numbers)})"  # noqa: S608
        return {row[0]: customer_of(row[1:]) for row in self._db.execute(sql, tuple(numbers))}

    def _numbers(self, sql: str, *values: Any) -> set[int]:
        return {row[0] for row in self._db.execute(sql, values).fetchall()}

    def _group(self, group: Iterable[Any]) -> set[int]:
        found: set[int] = set()
        for piece in group:
            if piece.words:
                found |= self._numbers(_BY_WORDS, " AND ".join(map(_beginning, piece.words)))
            if piece.part:
                found |= self._numbers(_BY_PARTS, f'"{piece.part}"')
        return found

    def _met(self, filters: Filters) -> Iterator[set[int]]:
        one = (("city", filters.city), ("country", filters.country), ("language", filters.language), ("source", filters.source))
        texts = (*(("tag", tag) for tag in filters.tags), *one, ("consent", filters.consent))
        wanted = [f'"{facet_start(kind, text)}"*' for kind, text in texts if text]
        wanted += [f'"{has_word(name)}"' for name in filters.has]
        wanted += [f'"{month_word(filters.month)}"'] if filters.month else []
        wanted += [f'"{ARCHIVED_WORD}"'] if filters.archived == "only" else []
        if wanted:
            yield self._numbers(_BY_WORDS, f"facets : ({' AND '.join(wanted)})")
        for beyond, text in ((">=", filters.since), ("<", filters.before)):
            if text:
                yield self._numbers(f"{_ORDERED} AND last_order {beyond} ?", moment(text, self._now))

    def _unmet(self, filters: Filters) -> Iterator[set[int]]:
        words = [f'"{has_word(name)}"' for name in filters.lacks]
        words += [f'"{ARCHIVED_WORD}"'] if filters.archived == "no" else []
        words += [f'"{facet_start("consent", filters.no_consent)}"*'] if filters.no_consent else []
        if words:
            yield self._numbers(_BY_WORDS, f"facets : ({' OR '.join(words)})")
        if filters.never:
            yield self._numbers(_ORDERED)


def _marks(values: Collection[Any]) -> str:
    return ", ".join("?" * len(values))


def _is_hit(number: int, within: set[int] | None, without: set[int]) -> bool:
    return number not in without if within is None else number in within


def _beginning(word: str) -> str:
    """One or two letters are looked for in names only."""
    return f'"{word}"*' if len(word) > 2 else f'names : "{word}"*'


def _begin(asked: Query) -> str:
    """What names must match that begin with all that is asked; "" where none can."""
    each = [" OR ".join(_all(piece.words) for piece in group if piece.words) for group in asked]
    return f"names : ({' AND '.join(f'({one})' for one in each)})" if each and all(each) else ""


def _all(words: Iterable[str]) -> str:
    return "(" + " AND ".join(f'"{word}"*' for word in words) + ")"


def _stages(hits: Hits, order: str) -> list[Stage]:
    by_name = Stage(hits.within, "sort", falling=False, walk="INDEXED BY customer_index_by_name")
    if order == "newest":
        return [Stage(hits.within, "number", falling=True, walk="NOT INDEXED")]
    if order == "order":
        walk = "INDEXED BY customer_index_by_order"
        ordered = Stage(hits.within, "last_order", falling=True, walk=walk, only="last_order > 0")
        return [ordered, Stage(hits.within, "number", falling=True, walk="NOT INDEXED", only="last_order = 0")]
    if order == "fit" and hits.within is not None:
        rest = Stage(hits.within - hits.begins, "sort", falling=False, walk="INDEXED BY customer_index_by_name")
        return [Stage(hits.begins, "sort", falling=False, walk="INDEXED BY customer_index_by_name"), rest]
    return [by_name]
