"""What changed in the catalogs that are followed, since when one asks: from the journal that is kept as each change arrives.

It shows what was noted here, also offline. It fetches nothing, and it says since when each merchant's changes were noted.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.catalog import FeedRow
from node.model.catalog_change import Change, Kind
from node.model.day import begins, day_of, read_day
from protocol.encoding import decode, encode
from protocol.errors import Malformed

from . import brand_relays
from .brand_plans import BrandsUnit
from .browse import merchant_name
from .tasks import ZONE

MOST_ROWS = 500
KEPT_DAYS = 30
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_SEEN = "catalog/changes-seen"
_SPAN = re.compile(r"([0-9]{1,4})([hd])")
_SINCE = "Say since when: yesterday, today, seen, a day such as 2026-11-26, or a span such as 48h or 7d."
Place = tuple[int, int]


class ChangeBook(Protocol):
    """The journal (node/store/catalog_changes.py says what each does)."""

    def page(self, feeds: Sequence[bytes], kinds: Sequence[Kind], since: int, before: Place | None, limit: int) -> Sequence[Change]: ...  # noqa: D102
    def counts(self, feeds: Sequence[bytes], since: int) -> Mapping[Kind, int]: ...  # noqa: D102
    def told_from(self, feed: bytes, /) -> int: ...  # noqa: D102


class ChangesUnit(BrandsUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def catalog_changes(self) -> ChangeBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change. `noun` and `name` say of what (product and handle, offer and SKU); `product` is the id it has now, empty when it is gone.

    `old` and `new` are prices in minor units; of `many` changes `new` is how many, where known. `percent` is by how much a price rose, in
    hundredths; `old_bps` and `new_bps` are the commission before and after. `note`: why it was called back. `by_brand`: a brand said so,
    not the shop. `at` in ms.
    """

    at: int
    merchant: str
    merchant_name: str
    by_brand: bool
    kind: str
    noun: str
    name: str
    handle: str
    title: str
    product: str
    old: int | None
    new: int | None
    currency: str
    percent: int | None
    old_bps: int | None
    new_bps: int | None
    note: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many changes of a kind."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class NotedSince:
    """Changes of a merchant are noted from `at` (ms) on: what was before is not known here."""

    merchant: str
    merchant_name: str
    at: int


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes since `since` (ms), the newest first. `counts` are of every kind; `cursor` empty = the end; `seen` is when you last said that
    you had seen them (0: never); `noted` names merchants whose changes are noted for less long than you ask.
    """

    since: int
    changes: tuple[ChangeView, ...]
    counts: tuple[KindCount, ...]
    noted: tuple[NotedSince, ...]
    seen: int
    cursor: str


def list_changes(
    unit: ChangesUnit, since: str = "yesterday", merchant: bytes | None = None, kind: str = "", cursor: str = "", limit: int = 100
) -> ChangesPage:
    """What changed since yesterday, today, seen (when you last looked), a day (2026-11-26) or a span (48h, 7d). `kind`: one, or several
    with commas. Raises NotFound for a `merchant` whom you do not follow.
    """
    began, kinds, before = _began(unit, since), _kinds(kind), _place(cursor)
    rows = {row.feed: row for row in unit.catalog.feeds(own=False) if merchant in (None, row.identity)}
    if merchant is not None and not rows:
        raise NotFound("You follow no such shop. Your shops are listed by: gemstra catalog feeds")
    size = min(max(limit, 1), MOST_ROWS)
    book, feeds = unit.catalog_changes, tuple(rows)
    found = book.page(feeds, kinds, began, before, size + 1)
    shown = found[:size]
    going_on = _cursor(shown[-1]) if len(found) > size else ""
    counts = tuple(KindCount(known.value, count) for known, count in sorted(book.counts(feeds, began).items()))
    views = tuple(_view(unit, rows[change.feed], change) for change in shown)
    return ChangesPage(began, views, counts, _noted(unit, rows.values(), began), unit.settings.get(_SEEN, 0), going_on)


def see_changes(unit: ChangesUnit) -> int:
    """You have seen what changed until now: `since=seen` goes on from here. When that is, in ms."""
    unit.settings.set(_SEEN, unit.now)
    unit.touched("changes")
    return unit.now


def _view(unit: ChangesUnit, row: FeedRow, change: Change) -> ChangeView:
    told = change.told
    percent = None
    if told.kind in (Kind.CHEAPER, Kind.DEARER) and told.old and told.new is not None:
        percent = round((told.new - told.old) * 10_000 / told.old)
    return ChangeView(
        change.at,
        row.identity.hex(),
        merchant_name(unit, row.identity),
        brand_relays.is_brands(unit, row),
        told.kind.value,
        change.noun,
        change.name,
        change.handle,
        change.title,
        change.product.hex() if change.product else "",
        told.old,
        told.new,
        told.currency,
        percent,
        _bps(unit, told.old_plan),
        _bps(unit, told.new_plan),
        told.note,
    )


def _bps(unit: ChangesUnit, plan: bytes | None) -> int | None:
    found = unit.catalog.plan(plan) if plan is not None else None
    return found.plan.direct_bps if found else None


def _noted(unit: ChangesUnit, rows: Iterable[FeedRow], began: int) -> tuple[NotedSince, ...]:
    late: dict[bytes, int] = {}
    for row in rows:
        at = unit.catalog_changes.told_from(row.feed)
        if at > began:
            late[row.identity] = max(at, late.get(row.identity, 0))
    found = [NotedSince(identity.hex(), merchant_name(unit, identity), at) for identity, at in late.items()]
    return tuple(sorted(found, key=lambda item: item.merchant_name))


# --- what was asked


def _began(unit: ChangesUnit, since: str) -> int:
    """When a span begins that a person names. No further back than lines are kept."""
    zone: str = unit.settings.get(ZONE, "UTC")
    today, text = day_of(unit.now, zone), since.strip().lower()
    span = _SPAN.fullmatch(text)
    at: int
    if text == "seen":
        at = unit.settings.get(_SEEN, 0)
    elif text == "yesterday":
        at = begins(today - timedelta(days=1), zone)
    elif span:
        at = unit.now - int(span[1]) * (_HOUR_MS if span[2] == "h" else _DAY_MS)
    else:
        at = begins(_day(text, today), zone)
    return max(at, unit.now - KEPT_DAYS * _DAY_MS)


def _day(text: str, today: date) -> date:
    day = read_day(text, today)
    if day is None or day > today:
        raise UserError(_SINCE, code="bad-request")
    return day


def _kinds(text: str) -> tuple[Kind, ...]:
    asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = next((name for name in asked if name not in list(Kind)), None)
    if unknown is not None:
        raise UserError(f"“{unknown[:40]}” is no kind of change. There are: {', '.join(Kind)}.", code="bad-request")
    return tuple(Kind(name) for name in asked)


def _cursor(change: Change) -> str:
    return urlsafe_b64encode(encode([change.at, change.id])).decode()


def _place(cursor: str) -> Place | None:
    if not cursor:
        return None
    try:
        at, number = decode(urlsafe_b64decode(cursor))
        return int(at), int(number)
    except (ValueError, TypeError, Malformed) as error:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request") from error
