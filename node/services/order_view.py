"""An order as pages, API and commands show it: amounts, steps, who acts next, and what became of each message."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol import conversation as talk
from protocol import fulfilment as fm
from protocol import order_records as rec
from protocol import payment as pm
from protocol.kinds import Topic
from protocol.messages import unpack
from protocol.order import LIVE, TERMINAL, Status

from .order_log import ABOUT, Case, OrdersUnit, opened
from .unit import OutboxEntry


@dataclass(frozen=True, slots=True)
class LineView:
    """One line; amounts in minor units."""

    sku: str
    title: str
    quantity: int
    unit_price: int
    total: int


@dataclass(frozen=True, slots=True)
class PaymentView:
    """How the customer pays the merchant. `due`, `received` and `refunded` in minor units; `pay_by` in ms."""

    status: str
    due: int
    received: int
    refunded: int
    method: str
    reference: str
    pay_by: int


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One parcel and the pieces of each line in it."""

    number: int
    status: str
    pickup: bool
    carrier: str
    tracking: str
    pieces: tuple[tuple[int, int], ...]
    shipped_at: int
    arrived_at: int


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the way: `done`, `current`, `todo` or `failed`; `at` in ms, 0 = not yet."""

    name: str
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message of ours about the order, and how far it got."""

    kind: str
    state: str
    code: str
    at: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order. `id` is the draft's until it is placed; `base` and amounts in minor units, `gms_rate` and `cover` in GMS base units."""

    id: str
    draft_id: str
    side: str
    status: str
    peer: str
    peer_name: str
    merchant: str
    merchant_name: str
    member: str
    customer: str
    customer_name: str
    pickup: bool
    lines: tuple[LineView, ...]
    shipping: int
    tax: int
    total: int
    currency: str
    base: int
    gms_rate: str
    plan: str
    quote_expires: int
    accept_by: int
    covered: bool
    cover: str
    payment: PaymentView | None
    parcels: tuple[ParcelView, ...]
    steps: tuple[StepView, ...]
    next_actor: str
    next_text: str
    deadline: int
    messages: tuple[MessageView, ...]
    placed_at: int
    created: int
    updated: int
    window_ends: int
    hold_until: int
    end_code: str
    error: str
    attention: str


def view(unit: OrdersUnit, case: Case) -> OrderView:
    """The order as it stands."""
    row, state = case.row, case.state
    request = opened(row.request).read(rec.QuoteRequest)
    peer = unit.peers.by_identity(row.peer)
    peer_name = peer.name if peer else ""
    selling = row.side == "seller"
    quote = state.quote
    actor, text = _next(case)
    return OrderView(
        id=(row.order or row.draft).hex(),
        draft_id=row.draft.hex(),
        side=row.side,
        status=state.order.status.value,
        peer=row.peer.hex(),
        peer_name=peer_name,
        merchant=request.merchant.hex(),
        merchant_name=peer_name if selling else unit.me.name,
        member=row.member.hex(),
        customer=row.customer.hex() if row.customer else "",
        customer_name=unit.customers.name_of(row.customer) if row.customer else "",
        pickup=row.pickup,
        lines=_lines(unit, request, quote),
        shipping=quote.shipping if quote else 0,
        tax=quote.tax if quote else 0,
        total=quote.total if quote else 0,
        currency=quote.currency if quote else "",
        base=quote.base if quote else 0,
        gms_rate=str(quote.gms_rate) if quote else "0",
        plan=quote.plan.hex() if quote else "",
        quote_expires=state.order.quote_expires,
        accept_by=state.order.accept_by,
        covered=case.accepted is not None and state.order.status is not Status.CANCELLED,
        cover=str(case.accepted.cover if case.accepted else 0),
        payment=_payment(case),
        parcels=_parcels(unit, case),
        steps=_steps(case),
        next_actor=actor,
        next_text=text,
        deadline=talk.next_deadline(state) or 0,
        messages=tuple(_message(entry) for entry in unit.outbox.about(ABOUT, row.draft)),
        placed_at=case.reached.get(rec.PLACED, 0),
        created=row.created,
        updated=row.updated,
        window_ends=state.order.window_ends if state.order.delivered_at else 0,
        hold_until=state.order.hold_until if state.order.delivered_at else 0,
        end_code=state.order.end_code,
        error=row.error,
        attention=_attention(case, unit.now),
    )


def _lines(unit: OrdersUnit, request: rec.QuoteRequest, quote: rec.Quote | None) -> tuple[LineView, ...]:
    if quote is None:
        return tuple(LineView(line.sku, _title_of(unit, request.merchant, line.sku), line.quantity, 0, 0) for line in request.lines)
    return tuple(
        LineView(line.sku, product_title(unit, line.product, line.sku), line.quantity, line.unit_price, line.total) for line in quote.lines
    )


def _title_of(unit: OrdersUnit, merchant: bytes, sku: str) -> str:
    """Before there is a price: by what the merchant's feeds sell under the SKU."""
    feeds = [row.feed for row in unit.catalog.feeds() if row.identity == merchant]
    found = next((record for record in (unit.catalog.offer(feed, sku) for feed in feeds) if record is not None), None)
    return product_title(unit, found.offer.product, sku) if found else sku


def product_title(unit: OrdersUnit, product: bytes, sku: str) -> str:
    """A product as a person knows it, by the hash that an order names; the SKU where its record is not here."""
    record = unit.catalog.product(product)
    if record is None:
        return sku
    variant = next((found.title for found in record.product.variants if found.sku == sku), "")
    return record.product.title if variant in ("", record.product.title) else f"{record.product.title} – {variant}"


def _payment(case: Case) -> PaymentView | None:
    paid, accepted = case.state.payment, case.accepted
    if paid is None or accepted is None:
        return None
    return PaymentView(paid.status.value, paid.due, paid.received, paid.refunded, accepted.method.value, accepted.reference, paid.pay_by)


def _parcels(unit: OrdersUnit, case: Case) -> tuple[ParcelView, ...]:
    if not case.state.parcels:
        return ()
    shipped: dict[int, rec.ParcelShipped] = {}
    for step in unit.orders.steps(case.row.draft):
        entry = opened(step.entry) if step.entry else None
        if entry is not None and entry.envelope.type == rec.SHIPPED:
            body = entry.read(rec.ParcelShipped)
            shipped[body.parcel] = body
    return tuple(
        ParcelView(
            parcel.number,
            parcel.status.value,
            parcel.pickup,
            shipped[parcel.number].carrier if parcel.number in shipped else "",
            shipped[parcel.number].tracking if parcel.number in shipped else "",
            tuple((part.line, part.quantity) for part in pieces),
            parcel.shipped_at,
            parcel.arrived_at,
        )
        for parcel, pieces in zip(case.state.parcels, case.state.contents, strict=True)
    )


def _message(entry: OutboxEntry) -> MessageView:
    kind = unpack(Topic(entry.topic), entry.body).kind.name
    return MessageView(kind, entry.state, entry.code or "", entry.created)


# --- the way


def _steps(case: Case) -> tuple[StepView, ...]:
    """The steps in the order a person expects them; the first that is not done is the current one, or failed when the order ended."""
    order, paid, reached = case.state.order, case.state.payment, case.reached
    funded = paid is not None and (order.funded or paid.status in pm.PAID)
    sent = bool(case.state.parcels)
    completed = order.status is Status.COMPLETED
    marks = (
        ("quoted", case.state.quote is not None, reached.get(rec.QUOTE, 0)),
        ("placed", case.state.placed is not None, reached.get(rec.PLACED, 0)),
        ("accepted", case.accepted is not None, reached.get(rec.ACCEPTED, 0)),
        ("paid", funded, reached.get(rec.PAYMENT_CONFIRMED, 0) if funded else 0),
        ("ready" if case.row.pickup else "shipped", sent, reached.get(rec.READY, reached.get(rec.SHIPPED, 0))),
        ("handed over" if case.row.pickup else "delivered", order.delivered_at > 0, order.delivered_at),
        ("completed", completed, max(order.window_ends, order.settled_at) if completed else 0),
    )
    steps: list[StepView] = []
    waiting = "failed" if order.status in TERMINAL and not completed else "current"
    for name, done, at in marks:
        if done:
            steps.append(StepView(name, "done", at))
        else:
            steps.append(StepView(name, waiting, 0))
            waiting = "todo"
    return tuple(steps)


_ENDS: Mapping[Status, str] = {
    Status.COMPLETED: "The order is complete.",
    Status.REJECTED: "The merchant refused the order.",
    Status.EXPIRED: "Nobody acted in time; the order is over.",
    Status.CANCELLED: "The order was cancelled.",
}


def _next(case: Case) -> tuple[str, str]:
    """Who acts next (`seller`, `merchant`, `customer`, `time`, or "" at the end), and what they do."""
    state, row = case.state, case.row
    if state.order.status in _ENDS:
        return "", _ENDS[state.order.status]
    match state.order.status:
        case Status.DRAFT:
            return (
                ("seller", "Make the order again: the merchant refused to quote.")
                if row.error
                else ("merchant", "The merchant's node quotes.")
            )
        case Status.QUOTED if row.order is not None and row.side == "seller":
            return "merchant", "The merchant's node takes the order in."
        case Status.QUOTED:
            return "seller", "Check the quote and place the order."
        case Status.PLACED:
            return "merchant", "The merchant accepts or refuses the order."
        case Status.NEEDS_ATTENTION:
            return "merchant", "The order stands still: look what became of the parcel and the payment."
        case Status.FULFILLED if state.order.funded:
            return "time", "The return window runs; then the order is complete by itself."
        case _:
            return _next_delivery(case)


def _next_delivery(case: Case) -> tuple[str, str]:
    state = case.state
    paid = state.payment
    if paid is not None and not state.order.funded:
        if paid.status is pm.Status.SUBMITTED:
            return "merchant", "The customer has paid, says the seller: the merchant confirms what came."
        return "customer", "The customer pays the merchant; the merchant confirms it."
    if not state.parcels:
        return "merchant", "The merchant lays it ready for pickup." if case.row.pickup else "The merchant sends it."
    if any(parcel.status is fm.Status.READY for parcel in state.parcels):
        return "customer", "The customer picks it up; the merchant hands it over."
    return "merchant", "The merchant reports the delivery."


def _attention(case: Case, now: int) -> str:
    """Why a person should look, or ""."""
    order, paid = case.state.order, case.state.payment
    if case.row.error:
        return f"refused: {case.row.error}"
    if order.status is Status.NEEDS_ATTENTION:
        return "stands still"
    if paid is not None and paid.status is pm.Status.UNDERPAID:
        return "underpaid"
    if paid is not None and paid.status is pm.Status.OVERPAID:
        return "overpaid"
    if paid is not None and paid.balance > 0 and order.status is Status.CANCELLED:
        return "refund due"
    if paid is not None and paid.status is pm.Status.EXPIRED and order.status in LIVE:
        return "payment late"
    if any(parcel.status is fm.Status.DELIVERY_FAILED for parcel in case.state.parcels):
        return "delivery failed"
    if order.status is Status.PLACED and case.row.side == "merchant":
        return "to accept" if now <= order.accept_by else "too late to accept"
    return ""
