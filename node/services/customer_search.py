"""Customers found by what somebody types and by filters that combine. It joins the index of the store with what was mistyped."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from node.errors import NotFound, UserError
from node.model.customer import Customer
from node.model.filters import Filters, Segment, checked
from node.model.terms import Piece, Query, instead, is_ranked, may_be_mistyped, near, query, slips
from protocol.encoding import decode, encode
from protocol.errors import Malformed

from .customers import CustomerRow, row_of
from .exchange import PeersUnit

MOST_ROWS = 200
LONGEST = 500
FEW = 2  # so few found: near words are offered beside them
SORTS = ("fit", "name", "newest", "order")
Place = tuple[int, str | int, int]


class Hits(Protocol):
    """Who was found, as the index knows them."""

    @property
    def total(self) -> int: ...  # noqa: D102


class SearchBook(Protocol):
    """The index of customers as services use it (node/store/customer_search.py says what each does)."""

    def look(self, conditions: Sequence[Filters], asked: Query) -> Any: ...  # noqa: D102
    def page(self, hits: Any, order: str, after: Place | None, limit: int) -> Sequence[tuple[Place, int, Customer]]: ...  # noqa: D102
    def ids(self, hits: Any) -> Sequence[bytes]: ...  # noqa: D102
    def among(self, hits: Any, customer: bytes) -> bool: ...  # noqa: D102
    def values(self, kind: str) -> Sequence[str]: ...  # noqa: D102
    def known(self, words: Collection[str]) -> Mapping[str, int]: ...  # noqa: D102
    def vocabulary(self, start: str, shortest: int) -> Mapping[str, int]: ...  # noqa: D102
    def in_bulk(self) -> AbstractContextManager[None]: ...  # noqa: D102


class SegmentBook(Protocol):
    """Saved choices of customers (node/store/segments.py)."""

    def get(self, segment: bytes) -> Segment | None: ...  # noqa: D102
    def named(self, name: str) -> Segment | None: ...  # noqa: D102
    def all(self) -> Sequence[Segment]: ...  # noqa: D102
    def keep(self, segment: Segment) -> None: ...  # noqa: D102
    def remove(self, segment: bytes) -> None: ...  # noqa: D102
    def rules_of(self, segment: bytes) -> Sequence[str]: ...  # noqa: D102


class LatestOrders(Protocol):
    """What the list needs of orders."""

    def latest_of(self, customers: Sequence[bytes]) -> Mapping[bytes, str]: ...  # noqa: D102


class SearchUnit(PeersUnit, Protocol):
    """A unit that finds customers."""

    @property
    def customer_search(self) -> SearchBook: ...  # noqa: D102

    @property
    def segments(self) -> SegmentBook: ...  # noqa: D102

    @property
    def orders(self) -> LatestOrders: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Some of the customers found, how many there are, and where to go on: `cursor` empty = the end.

    `near`: nobody was found by a word as it was typed, and these are shown instead. `also`: few were, and these words are near.
    """

    customers: tuple[CustomerRow, ...]
    total: int
    cursor: str
    near: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterValues:
    """What customers can be filtered by, the commonest first."""

    tags: tuple[str, ...]
    cities: tuple[str, ...]
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    sources: tuple[str, ...]
    purposes: tuple[str, ...]


def list_customers(
    unit: SearchUnit,
    search: str = "",
    tag: str = "",
    city: str = "",
    country: str = "",
    consent: str = "",
    no_consent: str = "",
    month: int = 0,
    has: str = "",
    lacks: str = "",
    since: str = "",
    before: str = "",
    never: bool = False,
    archived: str = "",
    language: str = "",
    source: str = "",
    segment: bytes | None = None,
    sort: str = "",
    cursor: str = "",
    limit: int = 50,
) -> CustomerPage:
    """Customers who meet all of what is given.

    `search`: names, phones, e-mails, tags, cities, notes; words as they begin, three letters or more of a phone or an e-mail anywhere.
    `tag`, `has` and `lacks` (phone, email, postal) may be several, with commas. `since` and `before` (no order since) are a date or a
    number of days back. `archived`: no (also when empty, but for a `segment`), only, all. `sort`: fit, name, newest, order.
    """
    texts = {"city": city, "country": country, "consent": consent, "no_consent": no_consent, "language": language, "source": source}
    filters = Filters(
        tags=several(tag),
        month=month,
        has=several(has),
        lacks=several(lacks),
        since=since.strip(),
        before=before.strip(),
        never=never,
        archived=archived or ("all" if segment else "no"),
        **{name: value.strip()[:LONGEST] for name, value in texts.items()},
    )
    conditions = [checked(filters, unit.now)]
    if segment:
        conditions.append(find_segment(unit, segment).filters)
    asked = query(search[:LONGEST])
    hits = unit.customer_search.look(conditions, asked)
    close: tuple[str, ...] = ()
    if asked and not hits.total:
        asked, close = _mended(unit, asked)
        hits = unit.customer_search.look(conditions, asked) if close else hits
        close = close if hits.total else ()
    also = _offered(unit, asked) if asked and not close and 0 < hits.total <= FEW else ()
    return replace(_page(unit, hits, _order(sort, asked), cursor, min(max(limit, 1), MOST_ROWS)), near=close, also=also)


def list_values(unit: SearchUnit) -> FilterValues:
    """What customers can be filtered by: the tags, cities, countries, languages, sources and purposes there are."""
    kinds = ("tag", "city", "country", "language", "source", "consent")
    return FilterValues(*(tuple(unit.customer_search.values(kind)) for kind in kinds))


def find_segment(unit: SearchUnit, segment: bytes) -> Segment:
    """The segment. Raises NotFound."""
    found = unit.segments.get(segment)
    if found is None:
        raise NotFound("There is no such segment. It may have been removed.")
    return found


def chosen(unit: SearchUnit, segment: bytes | None, filters: Filters | None) -> Sequence[bytes]:
    """The ids of the customers in a segment, or who meet filters, or both; nobody where neither is given."""
    conditions = [] if filters is None else [checked(filters, unit.now)]
    conditions += [] if segment is None else [find_segment(unit, segment).filters]
    return unit.customer_search.ids(unit.customer_search.look(conditions, ())) if conditions else ()


def several(text: str) -> tuple[str, ...]:
    """The values between commas."""
    return tuple(dict.fromkeys(part for piece in text[:LONGEST].split(",") if (part := piece.strip())))


def _order(sort: str, asked: Query) -> str:
    if sort and sort not in SORTS:
        raise UserError(f"“{sort[:20]}” is no order: say fit, name, newest or order.", code="bad-filter")
    if sort in ("", "fit"):
        return "fit" if is_ranked(asked) else "name"
    return sort


def _mended(unit: SearchUnit, asked: Query) -> tuple[Query, tuple[str, ...]]:
    """What was asked with near words in place of those that nobody is found by, and these words."""
    mended, close = [], []
    for group in asked:
        found = _near(unit, group[0]) if not unit.customer_search.look((), (group,)).total else []
        close += found
        mended.append(instead(found) if found else group)
    return tuple(mended), tuple(close)


def _offered(unit: SearchUnit, asked: Query) -> tuple[str, ...]:
    """Words one slip from what somebody was found by: they may have meant another."""
    return tuple(_one_slip(unit, asked[0][0].words[0])) if len(asked) == 1 and may_be_mistyped(asked[0][0]) else ()


def _near(unit: SearchUnit, piece: Piece) -> list[str]:
    """One slip is looked for in every place, two or a slip of what is still being typed where the first letter is right: so neither
    reads all the words there are.
    """
    if not may_be_mistyped(piece):
        return []
    word = piece.words[0]
    return _one_slip(unit, word) or near(word, unit.customer_search.vocabulary(word[0], len(word) - 2))


def _one_slip(unit: SearchUnit, word: str) -> list[str]:
    return near(word, unit.customer_search.known(slips(word)))


def _page(unit: SearchUnit, hits: Hits, order: str, cursor: str, count: int) -> CustomerPage:
    order, after = _read_cursor(cursor, order)
    found = unit.customer_search.page(hits, order, after, count + 1)
    shown = found[:count]
    going_on = urlsafe_b64encode(encode([order, *shown[-1][0]])).decode() if len(found) > count else ""
    latest = unit.orders.latest_of([customer.id for _, last, customer in shown if last])
    rows = tuple(replace(row_of(customer), last_order=last, status=latest.get(customer.id, "")) for _, last, customer in shown)
    return CustomerPage(rows, hits.total, going_on)


def _read_cursor(cursor: str, order: str) -> tuple[str, Place | None]:
    """A page goes on in the order it began in."""
    if not cursor:
        return order, None
    try:
        begun, stage, value, number = decode(urlsafe_b64decode(cursor))
        if begun in SORTS and type(value) is (str if begun in ("fit", "name") else int):
            return str(begun), (int(stage), value, int(number))
    except (ValueError, TypeError, Malformed) as error:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request") from error
    raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request")
