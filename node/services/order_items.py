"""What orders put on the home page. It reads rows, not histories: it runs with every page."""

from collections.abc import Iterable

from node.model.order import OrderRow
from protocol.order import Status

from .order_log import OrdersUnit
from .today_items import MOST, TodayItem

DAY_MS = 86_400_000
_SELLER = (Status.DRAFT, Status.QUOTED, Status.NEEDS_ATTENTION)
_MERCHANT = (Status.PLACED, Status.ACCEPTED, Status.IN_FULFILMENT, Status.NEEDS_ATTENTION)
_TO_DO = {
    Status.PLACED: ("wants an order taken", "Its commission is covered by your reserve", "Answer"),
    Status.ACCEPTED: ("waits for payment or delivery", "Confirm what came, then send it", "Go on"),
    Status.IN_FULFILMENT: ("has an order on its way", "Say what became of the parcel", "Go on"),
    Status.NEEDS_ATTENTION: ("has an order that stands still", "Look what became of the parcel and the payment", "Look"),
}


def waiting(unit: OrdersUnit) -> Iterable[TodayItem]:
    """Orders that wait for this person."""
    merchant = unit.me.role == "merchant"
    for row in unit.orders.all([status.value for status in (_MERCHANT if merchant else _SELLER)], MOST):
        item = _of_merchant(unit, row) if merchant else _of_seller(unit, row)
        if item is not None:
            yield item


def _of_merchant(unit: OrdersUnit, row: OrderRow) -> TodayItem:
    peer = unit.peers.by_identity(row.peer)
    name = peer.name if peer else "A seller"
    what, text, action = _TO_DO[Status(row.status)]
    href = f"/merchant/orders/{(row.order or row.draft).hex()}"
    return TodayItem("order", "merchant", f"{name} {what}", text, href, action, row.updated, name)


def _of_seller(unit: OrdersUnit, row: OrderRow) -> TodayItem | None:
    peer = unit.peers.by_identity(row.peer)
    shop = peer.name if peer else "The shop"
    whose = (unit.customers.name_of(row.customer) if row.customer else "") or "A pickup"
    href = f"/orders/{(row.order or row.draft).hex()}"
    if row.error and unit.now - row.updated < DAY_MS:
        return TodayItem(
            "order", "orders", f"{whose}: {shop} did not take it", "See why, and order again", href, "Look", row.updated, whose
        )
    if row.status == Status.QUOTED and row.order is None and (row.deadline or 0) > unit.now:
        return TodayItem(
            "order",
            "orders",
            f"{whose}: {shop} named the price",
            "It is held for a short time",
            href,
            "Check and order",
            row.updated,
            whose,
        )
    if row.status == Status.NEEDS_ATTENTION:
        return TodayItem("order", "orders", f"{whose}: the order stands still", f"{shop} looks after it", href, "", row.updated, whose)
    return None
