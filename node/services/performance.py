"""Performance figures: a merchant tells each brand once what a month came to; the brand reads them by product, merchant and month.

What may be told is decided by protocol/performance.py: sums only, and no small number. No person and no order leaves here.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from node.errors import ConflictError, NotFound, UserError
from node.model.brand import ReportRow
from node.model.catalog import FeedRow
from protocol import fulfilment as fm
from protocol import order_records as rec
from protocol.codec import from_bytes
from protocol.envelope import check_time, sign
from protocol.errors import Conflict
from protocol.identity import Role
from protocol.kinds import Topic
from protocol.operations import Noun
from protocol.order import Status
from protocol.performance import TYPE, Performance, Sale, divide, figures
from protocol.product import Product

from .brand_plans import brand_name
from .exchange import Exchange, Incoming, send
from .order_log import Case, OrdersUnit, load, opened

DAY_MS = 86_400_000
SETTLED_MS = 14 * DAY_MS  # after a month, so that what came back is in it
LOOKED_BACK_MS = 70 * DAY_MS  # before a month: an order may be accepted long after it was drafted
PAGE = 200
_COUNTED = (Status.ACCEPTED, Status.IN_FULFILMENT, Status.FULFILLED, Status.COMPLETED, Status.NEEDS_ATTENTION)
_LOOKED = "performance/looked"  # setting: the day on which months were last looked at


@dataclass(frozen=True, slots=True)
class FigureView:
    """One product in one month at one merchant. None: too few to be told. `regions`: (country, units); `title`: the product's now.

    Names may be those of several: `merchant` and `brand` tell them apart. `brand` is empty where its catalog is here no more.
    """

    period: str
    merchant: str
    merchant_name: str
    brand: str
    brand_name: str
    feed: str
    handle: str
    title: str
    units: int | None
    returns: int | None
    sellers: int | None
    regions: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ToldView:
    """A month that was told to a brand, and of how many products."""

    period: str
    brand_name: str
    products: int


def list_figures(unit: OrdersUnit, period: str = "") -> list[FigureView]:
    """What merchants told us (a brand), or we told brands (a merchant), the latest month first."""
    found = []
    for row in unit.brands.reports(period=period):
        report, feed = row.report, unit.catalog.feed(row.report.feed)
        brand = (feed.identity.hex(), brand_name(unit, feed.identity)) if feed else ("", "")
        who = (report.merchant.hex(), brand_name(unit, report.merchant), *brand, report.feed.hex())
        for figure in report.figures:
            regions = tuple((item.country, item.units) for item in figure.regions or ())
            shown = (report.period, *who, figure.handle, _title(unit, report.feed, figure.handle))
            found.append(FigureView(*shown, figure.units, figure.returns, figure.sellers, regions))
    return found


def _title(unit: OrdersUnit, feed: bytes, handle: str) -> str:
    """What a product is called now; its handle where it is gone."""
    raw = unit.catalog.record(feed, (Noun.PRODUCT, handle))
    return handle if raw is None else from_bytes(Product, raw).title


def tell(unit: OrdersUnit, period: str = "") -> list[ToldView]:
    """Tell every brand what a month that is over came to (empty: the one before this), once."""
    if unit.me.role != "merchant":
        raise UserError("Only a merchant's node tells brands what was sold.", code="not-a-merchant")
    month = period or _before(_month_of(unit.now))
    begins, ends = _bounds(month)
    if unit.now < ends:
        raise ConflictError("A month is told once it is over: figures of two days would tell what was sold between.", code="month-not-over")
    told = [_tell(unit, row, month, begins, ends) for row in _brand_feeds(unit)]
    if not told:
        raise NotFound("You are connected to no brand.")
    done = [view for view in told if view is not None]
    if not done:
        raise ConflictError("That month has been told already.", code="already-told")
    return done


def tick(unit: OrdersUnit) -> None:
    """Two weeks after a month has ended it is told, so that most of what comes back has."""
    if unit.me.role != "merchant" or unit.settings.get(_LOOKED, 0) == unit.now // DAY_MS:
        return
    unit.settings.set(_LOOKED, unit.now // DAY_MS)
    month = _before(_month_of(unit.now))
    begins, ends = _bounds(month)
    if unit.now >= ends + SETTLED_MS:
        for row in _brand_feeds(unit):
            _tell(unit, row, month, begins, ends)


def _tell(unit: OrdersUnit, row: FeedRow, month: str, begins: int, ends: int) -> ToldView | None:
    brand = unit.peers.by_identity(row.identity)
    if brand is None or unit.brands.reports(unit.me.identity, row.feed, month):
        return None
    found = figures(_sales(unit, row.feed, begins, ends))
    report = Performance(unit.me.identity, row.feed, month, 1, 1, 1, ())
    for part in divide(report, found):
        signed = sign(unit.me.device, TYPE, part, created=unit.now)
        unit.brands.keep_report(ReportRow(signed.id, part, signed.raw, unit.now))
        send(unit, brand.peer, signed, topic=Topic.CATALOG, about=("performance", row.feed))
    unit.touched("changes")
    return ToldView(month, brand.name, len(found))


def _sales(unit: OrdersUnit, feed: bytes, begins: int, ends: int) -> Iterator[Sale]:
    """What was accepted of a brand's products in [`begins`, `ends`) and not cancelled."""
    after: int | None = ends
    while True:
        rows = unit.orders.all([status.value for status in _COUNTED], PAGE, after)
        for row in rows:
            if row.side == "merchant" and row.created >= begins - LOOKED_BACK_MS:
                case = load(unit, row)
                if begins <= case.reached.get(rec.ACCEPTED, 0) < ends:
                    yield from _lines(unit, case, feed)
        if len(rows) < PAGE or rows[-1].created < begins - LOOKED_BACK_MS:
            return
        after = rows[-1].created


def _lines(unit: OrdersUnit, case: Case, feed: bytes) -> Iterator[Sale]:
    placed = case.state.placed
    country = opened(case.row.request).read(rec.QuoteRequest).country
    returned: dict[int, int] = {}
    for parcel, lines in zip(case.state.parcels, case.state.contents, strict=True):
        for part in lines if parcel.status is fm.Status.RETURNED else ():
            returned[part.line] = returned.get(part.line, 0) + part.quantity
    for number, line in enumerate(placed.lines if placed else ()):
        goods = unit.brands.goods(line.product)
        if goods is not None and goods[0] == feed:
            yield Sale(goods[1], case.row.draft, case.row.peer, country, line.quantity, returned.get(number, 0))


def _brand_feeds(unit: OrdersUnit) -> list[FeedRow]:
    brands = {peer.identity for peer in unit.peers.all() if peer.role is Role.BRAND}
    return [row for row in unit.catalog.feeds(own=False) if row.identity in brands]


def _month_of(now: int) -> str:
    return time.strftime("%Y-%m", time.gmtime(now / 1000))


def _before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"


def _bounds(month: str) -> tuple[int, int]:
    """When a month in UTC begins, and when the next does (ms)."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        following = _following(first)  # no year comes after 9999
    except ValueError as error:
        raise UserError("Name a month such as 2026-11.", code="bad-period") from error
    return int(first.timestamp() * 1000), int(following.timestamp() * 1000)


def _following(first: datetime) -> datetime:
    """The first of the month after."""
    return first.replace(year=first.year + 1, month=1) if first.month == 12 else first.replace(month=first.month + 1)


# --- the brand


def _on_report(unit: OrdersUnit, incoming: Incoming) -> None:
    signed, report = incoming.signed, incoming.message.record
    assert isinstance(report, Performance)
    check_time(signed.envelope, unit.now)
    feed = unit.catalog.feed(report.feed)
    if report.merchant != incoming.peer.identity or incoming.peer.role is not Role.MERCHANT:
        raise Conflict("a merchant tells its own figures", code="wrong-identity")
    if feed is None or not feed.own:
        raise Conflict("figures of somebody else's products", code="unknown-feed")
    if unit.now < _bounds(report.period)[1]:
        raise Conflict("a month is told once it is over", code="month-not-over")
    known = unit.brands.reports(report.merchant, report.feed, report.period)
    if any(row.report.version > report.version for row in known):
        raise Conflict("a later version of that month is here", code="rollback")
    unit.brands.keep_report(ReportRow(signed.id, report, signed.raw, unit.now))
    unit.touched("changes")


EXCHANGE = Exchange(answers={TYPE: _on_report})
