"""Counted pieces: a quote keeps them for its lifetime, an order until it is accepted or not; accepted they leave the offer's count.

A cancelled order's pieces come back where protocol/cancellation.py says so and as far as they are in no parcel. Offers that are not
counted are the merchant's word, and nothing is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from node.errors import ConflictError
from node.model.stock import Hold
from protocol import order_records as rec
from protocol.codec import from_bytes
from protocol.conversation import Conversation
from protocol.errors import Conflict
from protocol.offer import Offer, Stock
from protocol.operations import Noun, put
from protocol.order import TERMINAL, ReleaseStock, Status
from protocol.order_checks import Priced

from .catalog import CatalogUnit, publish
from .catalog_whole import require_whole
from .product_merging import FEW

_KNOWN, _PROVEN = 1, 5  # orders that went well, from which on a member may hold a half, and all
_ALWAYS = 3  # pieces: a first order may be of a few


class StockBook(Protocol):
    """Holds as this service keeps them (node/store/stock.py says what each does)."""

    def keep(self, hold: Hold) -> None: ...  # noqa: D102
    def of(self, draft: bytes, /) -> Sequence[Hold]: ...  # noqa: D102
    def drop(self, draft: bytes, /) -> None: ...  # noqa: D102
    def held(self, currency: str, sku: str, now: int, draft: bytes, member: bytes | None = None) -> int: ...  # noqa: D102
    def completed(self, member: bytes, /) -> int: ...  # noqa: D102


class StockUnit(CatalogUnit, Protocol):
    """What counted stock needs of a transaction."""

    @property
    def stock(self) -> StockBook: ...  # noqa: D102


def free(unit: StockUnit, known: Mapping[str, Priced], draft: bytes) -> dict[str, Priced]:
    """What the catalog says, without the pieces that other orders hold."""
    return {
        sku: priced
        if priced.stock is None
        else replace(priced, stock=max(0, priced.stock - unit.stock.held(priced.currency, sku, unit.now, draft)))
        for sku, priced in known.items()
    }


def check_share(unit: StockUnit, request: rec.QuoteRequest, known: Mapping[str, Priced], draft: bytes) -> None:
    """So that strangers cannot freeze a shop: of what is counted a member holds a quarter at most, a half once an order of it went well,
    all after five; three pieces always. `known`: with all that is counted. Raises Conflict `hold-limit`.
    """
    went_well = unit.stock.completed(request.member)
    parts = 1 if went_well >= _PROVEN else 2 if went_well >= _KNOWN else 4
    for line in request.lines:
        priced = known[line.sku]
        if priced.stock is None:
            continue
        most = max(_ALWAYS, -(-priced.stock // parts))
        held = unit.stock.held(priced.currency, line.sku, unit.now, draft, request.member)
        if held + line.quantity > most:
            text = f"{line.sku}: {most} at a time are kept for you until more of your orders went well; {held} are kept now"
            raise Conflict(text, code="hold-limit")


def hold(unit: StockUnit, draft: bytes, member: bytes, lines: Iterable[rec.Line], known: Mapping[str, Priced], until: int) -> None:
    """Keep a quote's pieces for its lifetime."""
    for line in lines:
        priced = known[line.sku]
        if priced.stock is not None:
            unit.stock.keep(Hold(draft, line.sku, priced.currency, member, line.quantity, until))


def require(unit: StockUnit, draft: bytes) -> None:
    """What is about to be accepted is there, by the merchant's own count. Raises ConflictError `out-of-stock`."""
    for item in unit.stock.of(draft):
        offer = _offer(unit, item)
        if item.state in ("quoted", "placed") and offer is not None and offer.count is not None and offer.count < item.quantity:
            text = f"{item.sku}: {item.quantity} were ordered and {offer.count} are left by your count. Count again, or refuse the order."
            raise ConflictError(text, code="out-of-stock")


def settle(unit: StockUnit, draft: bytes, state: Conversation, effects: Iterable[object]) -> None:
    """Bring what an order holds to where the order stands now."""
    holds = unit.stock.of(draft)
    if not holds:
        return
    order, released = state.order, any(isinstance(effect, ReleaseStock) for effect in effects)
    accepted = order.fulfil_by > 0
    if not accepted and order.status in TERMINAL:
        unit.stock.drop(draft)
        return
    for item in holds:
        if item.state in ("quoted", "placed") and accepted:
            _move(unit, item, -item.quantity)
            item = replace(item, state="taken")  # noqa: PLW2901
        elif item.state == "quoted" and order.status is Status.PLACED:
            item = replace(item, state="placed", until=order.accept_by)  # noqa: PLW2901
        if item.state == "taken" and released:
            item = replace(item, state="back")  # noqa: PLW2901
        if item.state == "back":
            there = min(item.quantity, _unsent(state, item.sku))
            _move(unit, item, there - item.back)
            item = replace(item, back=max(there, item.back))  # noqa: PLW2901
        unit.stock.keep(item)


def _unsent(state: Conversation, sku: str) -> int:
    lines = state.placed.lines if state.placed else ()
    return sum(state.unsent(number) for number, line in enumerate(lines) if line.sku == sku)


def _move(unit: StockUnit, item: Hold, pieces: int) -> None:
    """Sign the offer with so many pieces more or fewer; its class follows."""
    offer = _offer(unit, item)
    if not pieces or offer is None or offer.count is None:
        return
    count = max(0, offer.count + pieces)
    stock = Stock.OUT if count == 0 else Stock.LOW if count <= FEW else Stock.IN_STOCK
    publish(unit, item.currency, [put(replace(offer, count=count, stock=stock))])


def _offer(unit: StockUnit, item: Hold) -> Offer | None:
    feed = next((row.feed for row in unit.catalog.feeds(own=True) if row.currency == item.currency), None)
    require_whole(unit)
    raw = unit.catalog.record(feed, (Noun.OFFER, item.sku)) if feed else None
    return None if raw is None else from_bytes(Offer, raw)
