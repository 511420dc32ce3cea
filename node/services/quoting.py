"""The merchant's answers to a quote request and to an order: prices from its own feed, every rule checked, then the log goes on."""

from collections.abc import Mapping
from dataclasses import replace

from node.model.order import OrderRow
from protocol import conversation as talk
from protocol import order_records as rec
from protocol.envelope import Signed, check_time
from protocol.errors import Conflict, Unauthorized
from protocol.ids import digest
from protocol.order_checks import Priced, check_placed, check_request, quote_lines

from . import stock
from .brand_offers import require_sellable
from .exchange import Exchange, Incoming
from .order_log import Case, OrdersUnit, load, opened, passed, write
from .pricing import delivery, plan_of, prices, tax
from .quotes import QUOTE_MS
from .ranks import rank_of


def _on_quote_request(unit: OrdersUnit, incoming: Incoming) -> Signed:
    signed, request = _asked(unit, incoming)
    assert isinstance(request, rec.QuoteRequest)
    if request.merchant != unit.me.identity:
        raise Conflict("a request to another merchant", code="wrong-merchant")
    require_sellable(unit, unit.me.identity, (line.sku for line in request.lines))
    rank = rank_of(unit, unit.me.identity, request.member)
    known = prices(unit, unit.me.identity, (line.sku for line in request.lines), rank=rank, at=unit.now)
    check_request(request, stock.free(unit, known, signed.id), signed.envelope.author)
    require_member(unit, request.member, incoming)
    row = unit.orders.get(signed.id)
    if row is not None:
        first = unit.orders.entry(row.draft, 1)
        assert first is not None
        return opened(first)
    stock.check_share(unit, request, known, signed.id)
    row = OrderRow(
        draft=signed.id,
        side="merchant",
        peer=incoming.peer.identity,
        member=request.member,
        log=rec.order_log(unit.me.identity, signed.id),
        request=signed.raw,
        pickup=request.pickup,
        created=unit.now,
        updated=unit.now,
    )
    unit.orders.keep(row)
    quote = _quote(unit, signed.id, request, known)
    stock.hold(unit, row.draft, row.member, quote.lines, known, quote.expires)
    case, entry = write(unit, Case(row, talk.begin(unit.me.identity, signed.id), {}), rec.QUOTE, quote, push=False)
    unit.orders.keep(replace(case.row, quote=entry.id))
    return entry


def _quote(unit: OrdersUnit, request_id: bytes, request: rec.QuoteRequest, known: Mapping[str, Priced]) -> rec.Quote:
    lines = quote_lines(request, known)
    currency = known[lines[0].sku].currency
    plan = plan_of(unit, unit.me.identity, currency, known[lines[0].sku])
    feed = next(row for row in unit.catalog.feeds(own=True) if row.currency == currency)
    if plan is None or feed.checkpoint_id is None:
        raise Conflict(f"there is no commission plan for {currency} yet", code="no-plan")
    base = sum(line.total for line in lines)
    shipping, taxed = delivery(unit, feed, request, lines, known), tax(unit, lines, known)
    return rec.Quote(
        request=request_id,
        lines=lines,
        shipping=shipping,
        tax=taxed,
        total=base + shipping + taxed,
        currency=currency,
        base=base,
        plan=plan.hash,
        gms_rate=plan.plan.gms_rate,
        terms=digest("terms", str(unit.settings.get("orders/terms", "")).encode()),
        expires=unit.now + int(unit.settings.get("orders/quote_ms", QUOTE_MS)),
        checkpoint=feed.checkpoint_id,
        liable=rec.Liable.MERCHANT,
    )


def _on_placed(unit: OrdersUnit, incoming: Incoming) -> Signed:
    signed, placed = _asked(unit, incoming)
    assert isinstance(placed, rec.OrderPlaced)
    row = unit.orders.by_quote(placed.quote)
    if row is None or row.peer != incoming.peer.identity:
        raise Conflict("there is no such quote: ask for a new one", code="unknown-quote")
    case = load(unit, row)
    quote = case.state.quote
    assert quote is not None
    if case.state.order_id == signed.id and (receipt := unit.orders.entry(row.draft, 2)) is not None:
        return opened(receipt)
    if case.state.placed is not None:
        raise Conflict("something else was ordered under this quote already", code="already-placed")
    merchant = unit.me.identity
    require_sellable(unit, unit.me.identity, (line.sku for line in placed.lines))
    check_placed(placed, quote, placed.quote, merchant=merchant, author=signed.envelope.author, now=unit.now)
    member = require_member(unit, placed.member, incoming)
    if placed.pickup != row.pickup:
        raise Conflict("the quote was for another way of delivery", code="changed-delivery")
    if placed.payee != member:
        raise Conflict("the payee is not the address you joined with", code="wrong-payee")
    _, entry = write(unit, passed(unit, case), rec.RECEIPT, rec.Receipt(signed.id), request=signed, push=False)
    return entry


def require_member(unit: OrdersUnit, member: bytes, incoming: Incoming) -> bytes:
    """The payout address of an accepted member that is this peer. Raises Unauthorized `not-a-member`."""
    row = unit.team.member(member)
    if row is None or row.status != "accepted" or row.peer != incoming.peer.peer:
        raise Unauthorized("you are no member here: join first", code="not-a-member")
    return row.payout


def _asked(unit: OrdersUnit, incoming: Incoming) -> tuple[Signed, object]:
    """A seller's signed request, to a merchant, in time."""
    signed = incoming.message.signed
    assert signed is not None
    if unit.me.role != "merchant":
        raise Unauthorized("this node is no merchant's", code="not-a-merchant")
    check_time(signed.envelope, unit.now)
    return signed, incoming.message.record


EXCHANGE = Exchange(answers={rec.QUOTE_REQUEST: _on_quote_request, rec.PLACED: _on_placed})
