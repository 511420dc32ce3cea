"""What an order's quote request says of where its customer lives, blanked once they are erased.

The request is signed and names country, region and postcode. While the order is under way both sides read it; after that only its lines
and its merchant are, so it is signed anew without the place. Its id, by which both sides know the order, stays that of the first one.

erased ── order under way, or its request not answered ──> waits here ── tick ──> blanked
"""

from collections.abc import Iterable
from dataclasses import replace

from node.model.order import OrderRow
from protocol import order_records as rec
from protocol.envelope import sign
from protocol.messages import pack
from protocol.order import TERMINAL, Status

from .exchange import id_of
from .order_log import OrdersUnit, opened

_WAITING = "orders/erased"
_UNDER_WAY = ("waiting", "sent", "stored")


def is_blanked(row: OrderRow) -> bool:
    """Whether the request is no longer the one the order began with: then it proves nothing to the other side."""
    return opened(row.request).id != row.draft


def forget(unit: OrdersUnit, rows: Iterable[OrderRow]) -> None:
    """Blank the place in these orders of a customer who is erased, now or when they have ended."""
    waiting: list[str] = unit.settings.get(_WAITING, [])
    unit.settings.set(_WAITING, [*waiting, *(row.draft.hex() for row in rows if _has_place(row))])
    tick(unit)


def end_with_customers(unit: OrdersUnit) -> None:
    """Orders that a backup brought of customers erased since: nobody's, and without the place, as erasing would have had it."""
    rows = unit.orders.of_nobody()
    for customer in {row.customer for row in rows if row.customer is not None}:
        unit.orders.erase_customer(customer)
    forget(unit, rows)


def tick(unit: OrdersUnit) -> None:
    """Blank what has ended meanwhile."""
    waiting: list[str] = unit.settings.get(_WAITING, [])
    left = [draft for draft in waiting if not _blank(unit, bytes.fromhex(draft))]
    if left != waiting:
        unit.settings.set(_WAITING, left)


def _has_place(row: OrderRow) -> bool:
    request = opened(row.request).read(rec.QuoteRequest)
    return row.side == "seller" and bool(request.country or request.region or request.postcode)


def _blank(unit: OrdersUnit, draft: bytes) -> bool:
    """Done, or nothing to do; False: later."""
    row = unit.orders.get(draft)
    if row is None:
        return True
    peer, first = unit.peers.by_identity(row.peer), opened(row.request)
    sent = None if peer is None else unit.outbox.get(id_of(peer.peer, pack(first)))
    if sent is not None and sent.state in _UNDER_WAY and not unit.outbox.withdraw(sent.id):
        return False
    if row.order is not None and Status(row.status) not in TERMINAL:
        return False
    key, request = unit.me.member_key(row.peer), first.read(rec.QuoteRequest)
    signed = sign(key, rec.QUOTE_REQUEST, replace(request, country="", region="", postcode=""), created=first.envelope.created)
    unit.orders.keep(replace(row, request=signed.raw))
    if sent is not None:
        unit.outbox.reword(sent.id, pack(signed))
    return True
