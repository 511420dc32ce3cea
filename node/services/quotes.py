"""From a draft to a placed order, the seller: ask what it would cost, hold the quote against the catalog, order. quoting.py answers.

The customer never leaves the seller: an order carries two salted commitments, and a quote request the country, region and postcode.
"""

from dataclasses import dataclass, replace

from node.errors import ConflictError, NotFound, UserError
from node.model.order import OrderRow, OrderSecrets
from node.model.sealed import ORDER_SECRETS
from protocol import order_records as rec
from protocol.disclosure import SALT_BYTES, Field, commit_delivery
from protocol.encoding import decode, encode
from protocol.envelope import sign
from protocol.errors import Conflict, RemoteError
from protocol.identity import Role
from protocol.ids import commitment
from protocol.kinds import Topic
from protocol.messages import Message
from protocol.order import Status
from protocol.order_checks import check_quote, check_request

from .brand_offers import require_sellable
from .exchange import Exchange, send
from .order_log import ABOUT, Case, OrdersUnit, find, load, opened, take
from .order_view import OrderView, view
from .pricing import delivery, is_flat, plan_of, prices
from .ranks import own_rank
from .unit import OutboxEntry

MINUTE_MS = 60_000
QUOTE_MS, ACCEPT_MS = 15 * MINUTE_MS, 48 * 60 * MINUTE_MS
MOST_PIECES = 1_000_000
PURPOSE = ORDER_SECRETS.purpose


@dataclass(frozen=True, slots=True)
class LineInput:
    """So many pieces of a SKU."""

    sku: str
    quantity: int


# --- the seller


def draft(unit: OrdersUnit, merchant: bytes, lines: list[LineInput], customer: bytes | None = None, pickup: bool = False) -> OrderView:
    """Ask a merchant what an order would cost. The customer stays here."""
    peer = unit.peers.by_identity(merchant)
    if peer is None or peer.role is not Role.MERCHANT:
        raise NotFound("You are not paired with that merchant. Pair first.")
    membership = unit.team.membership(merchant)
    if unit.me.role != "seller" or membership is None or membership.status != "accepted":
        raise UserError(f"You are no member of {peer.name} yet. Join first, and wait until it has accepted you.", code="not-a-member")
    if customer is not None and not unit.customers.name_of(customer):
        raise NotFound("There is no such customer here.")
    if customer is None and not pickup:
        raise UserError("Say which customer the order is for; without one it can only be picked up.", code="no-customer")
    country, region, postcode = ("", "", "") if pickup or customer is None else unit.customers.destination(customer)
    wanted = tuple(rec.RequestLine(line.sku, line.quantity) for line in lines)
    _check_bounds(wanted)
    request = rec.QuoteRequest(merchant, membership.member, wanted, country, region, postcode, pickup)
    key = unit.me.member_key(merchant)
    with_prices = prices(unit, merchant, (line.sku for line in wanted), rank=own_rank(unit, merchant), at=unit.now)
    try:
        require_sellable(unit, merchant, (line.sku for line in wanted))
        check_request(request, with_prices, key.public)
    except RemoteError as error:
        raise UserError(f"{error}.", code=error.code) from error
    signed = sign(key, rec.QUOTE_REQUEST, request, created=_fresh(unit))
    log = rec.order_log(merchant, signed.id)
    row = OrderRow(signed.id, "seller", merchant, membership.member, log, signed.raw, pickup, unit.now, customer=customer, updated=unit.now)
    unit.orders.keep(row)
    _keep_secrets(unit, row)
    send(unit, peer.peer, signed, topic=Topic.ORDER, about=(ABOUT, row.draft))
    unit.touched("changes")
    return view(unit, load(unit, row))


def place(unit: OrdersUnit, order: bytes, confirm_price: bool = False) -> OrderView:
    """Order what was quoted. A quote that differs from the catalog as you know it needs `confirm_price`."""
    row = find(unit, order)
    _require(row, "seller", "The seller places the order.")
    case = load(unit, row)
    if row.order is not None:
        return view(unit, case)
    quote = case.state.quote
    if quote is None or case.state.order.status is not Status.QUOTED:
        code = "not-quoted" if case.state.order.status is Status.DRAFT else "quote-expired"
        raise ConflictError("There is no quote to order under: make the order again to get one.", code=code)
    if unit.now > quote.expires:
        raise ConflictError("The quote has expired. Make the order again to get a new one.", code="quote-expired")
    _compare(unit, case, confirm_price=confirm_price)
    secrets = secrets_of(unit, row.draft)
    membership = unit.team.membership(row.peer)
    peer = unit.peers.by_identity(row.peer)
    if secrets is None or membership is None or peer is None:
        raise ConflictError("The customer or the merchant of this draft is gone.", code="draft-void")
    body = rec.OrderPlaced(
        quote=row.quote or b"",
        lines=quote.lines,
        total=quote.total,
        currency=quote.currency,
        base=quote.base,
        customer=commitment("customer", secrets.customer_salt, secrets.customer),
        delivery=commit_delivery(secrets.delivery_salt, secrets.values),
        member=row.member,
        payee=membership.payout,
        accept_by=unit.now + int(unit.settings.get("orders/accept_ms", ACCEPT_MS)),
        plan=quote.plan,
        terms=quote.terms,
        pickup=row.pickup,
    )
    signed = sign(unit.me.member_key(row.peer), rec.PLACED, body, created=unit.now)
    unit.orders.keep_request(signed.id, row.draft, signed.raw)
    row = replace(row, order=signed.id, error="", updated=unit.now)
    unit.orders.keep(row)
    send(unit, peer.peer, signed, topic=Topic.ORDER, about=(ABOUT, row.draft))
    unit.touched("changes")
    return view(unit, replace(case, row=row))


def secrets_of(unit: OrdersUnit, order: bytes) -> OrderSecrets | None:
    """What opens the commitments of an order (by either id); None once erased. Only the seller has it."""
    row = find(unit, order)
    sealed = unit.orders.secrets(row.draft)
    if sealed is None:
        return None
    customer, customer_salt, delivery_salt, values = decode(unit.me.open(PURPOSE, sealed, row.draft))
    named = {Field(name): value for name, value in values.items()}
    return OrderSecrets(customer, customer_salt, delivery_salt, named)


def _check_bounds(lines: tuple[rec.RequestLine, ...]) -> None:
    if len(lines) > rec.MOST_LINES:
        raise UserError(f"An order has at most {rec.MOST_LINES} lines.", code="too-many-lines")
    for line in lines:
        if not 0 < len(line.sku) <= rec.LONGEST_SKU or line.quantity > MOST_PIECES:
            what = f"{line.sku[:40]!r}: a SKU has 1 to {rec.LONGEST_SKU} characters, a line at most {MOST_PIECES} pieces."
            raise UserError(what, code="bad-quantity" if line.quantity > MOST_PIECES else "unknown-sku")


def _fresh(unit: OrdersUnit) -> int:
    """A time no earlier request of ours has: the same wish twice in a millisecond is two orders."""
    last = int(unit.settings.get("orders/last_request", 0))
    at = max(unit.now, last + 1)
    unit.settings.set("orders/last_request", at)
    return at


def _keep_secrets(unit: OrdersUnit, row: OrderRow) -> None:
    values = {} if row.customer is None else unit.customers.delivery_values(row.customer)
    named = {field.value: value for field, value in values.items()}
    customer = row.customer or unit.random(SALT_BYTES)
    content = encode([customer, unit.random(SALT_BYTES), unit.random(SALT_BYTES), named])
    unit.orders.keep_secrets(row.draft, customer, unit.me.seal(PURPOSE, content, row.draft))


def _compare(unit: OrdersUnit, case: Case, *, confirm_price: bool) -> None:
    """Hold the quote against the catalog and plan known here. Raises ConflictError with the difference."""
    try:
        compare(unit, case)
    except RemoteError as error:
        if error.code not in ("changed-price", "changed-shipping"):
            raise ConflictError(f"{error}.", code=error.code) from error
        if not confirm_price:
            raise ConflictError(f"{error}; or order at the new price by confirming it.", code=error.code) from error


def compare(unit: OrdersUnit, case: Case) -> None:
    """Raises Conflict when the quote is not what catalog and plan here said when it was made (protocol.order_checks.check_quote)."""
    quote = case.state.quote
    assert quote is not None
    request = opened(case.row.request).read(rec.QuoteRequest)
    require_sellable(unit, request.merchant, (line.sku for line in quote.lines))
    skus, rank = [line.sku for line in quote.lines], own_rank(unit, request.merchant)
    known = prices(unit, request.merchant, skus, rank=rank, at=case.reached[rec.QUOTE])
    named = next((known[sku] for sku in skus if sku in known), None)
    plan = plan_of(unit, request.merchant, quote.currency, named) if named else None
    check_quote(quote, request, case.row.draft, known, (plan.hash, plan.plan.gms_rate) if plan else (b"", 0))
    feed = next((row for row in unit.catalog.feeds() if (row.identity, row.currency) == (request.merchant, quote.currency)), None)
    if feed is not None and not is_flat(quote.lines, known):
        sent = delivery(unit, feed, request, quote.lines, known)
        if quote.shipping != sent:
            what = f"sending it now costs {quote.shipping}, the catalog here says {sent}: sync"
            raise Conflict(what, code="changed-shipping")


def _require(row: OrderRow, side: str, message: str) -> None:
    if row.side != side:
        raise UserError(message, code="wrong-side")


# --- the seller learns


def take_reply(unit: OrdersUnit, entry: OutboxEntry, draft_id: bytes, reply: Message) -> OrderRow:
    """Take the merchant's log entry that answers a request. Raises Conflict `unexpected-reply`, Unauthorized `not-live`."""
    row = find(unit, draft_id)
    peer = unit.peers.get(entry.peer)
    if reply.signed is None or peer is None or peer.identity != row.peer:
        raise Conflict("the merchant did not answer with an entry of its log", code="unexpected-reply")
    peer.state.require_live(reply.signed.envelope.author)
    take(unit, row, reply.signed)
    return find(unit, draft_id)


def _on_quote(unit: OrdersUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    assert sent.signed is not None
    if not isinstance(reply.record, rec.Quote) or reply.signed is None or reply.signed.envelope.seq != 1:
        raise Conflict("the merchant did not answer with a quote", code="unexpected-reply")
    row = take_reply(unit, entry, sent.signed.id, reply)
    unit.orders.keep(replace(row, quote=reply.signed.id))


def _on_receipt(unit: OrdersUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    assert entry.about is not None
    take_reply(unit, entry, entry.about[1], reply)


def _on_refused(unit: OrdersUnit, entry: OutboxEntry, sent: Message, code: str) -> None:
    """The merchant refused our request: the row says so, and a refused order may be placed anew."""
    row = unit.orders.get(entry.about[1]) if entry.about else None
    if row is None:
        return
    order = None if sent.kind.name == rec.PLACED else row.order
    unit.orders.keep(replace(row, order=order, error=code, updated=unit.now))


EXCHANGE = Exchange(
    settles={rec.QUOTE_REQUEST: _on_quote, rec.PLACED: _on_receipt},
    fails={rec.QUOTE_REQUEST: _on_refused, rec.PLACED: _on_refused},
)
