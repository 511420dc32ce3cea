"""Orders after they are placed: the merchant accepts or refuses, either side cancels, time completes. Listing and looking."""

from dataclasses import dataclass, replace

from node.errors import ConflictError, UserError
from protocol import order_records as rec
from protocol.cancellation import RULES, CancelCode, Party
from protocol.envelope import Signed, check_time, sign
from protocol.errors import Conflict, Unauthorized
from protocol.kinds import Topic
from protocol.messages import Message, Nack
from protocol.money import GMS_UNIT
from protocol.order import TERMINAL, Status
from protocol.order_checks import check_accepted
from protocol.payment import Method

from . import facts, stock, wallet
from .exchange import Exchange, Incoming, send
from .ledger import reserve_free
from .order_log import ABOUT, Case, OrdersUnit, accepted_order, find, load, passed, take, write
from .order_view import OrderView, view
from .quotes import take_reply
from .unit import OutboxEntry

DAY_MS = 86_400_000
PAY_MS, FULFIL_MS = 7 * DAY_MS, 14 * DAY_MS
MOST_ROWS = 200
AT_ONCE = 100  # orders a tick looks after in one transaction
REJECT_CODES = ("out-of-stock", "price-error", "no-delivery-there", "suspected-fraud", "not-covered", "other")
ENTRIES = (
    rec.ACCEPTED,
    rec.REJECTED,
    rec.CANCELLED,
    rec.PAYMENT_CONFIRMED,
    rec.REFUND_SETTLED,
    rec.SHIPPED,
    rec.READY,
    rec.REPORTED,
    rec.ATTENTION,
    rec.COMPLETED,
)


@dataclass(frozen=True, slots=True)
class ReserveView:
    """The reserve and its free part, GMS base units."""

    reserve: str
    free: str


# --- looking


def list_orders(unit: OrdersUnit, state: str = "", attention: bool = False, before: int = 0, limit: int = 50) -> list[OrderView]:
    """The newest orders: all, `open`, `done`, or of one status; `attention` keeps those a person should look at."""
    statuses = _statuses(state)
    rows = unit.orders.all(statuses, min(max(limit, 1), MOST_ROWS), before or None)
    views = [view(unit, load(unit, row)) for row in rows]
    return [found for found in views if found.attention] if attention else views


def get_order(unit: OrdersUnit, order: bytes) -> OrderView:
    """One order, by its id or the id it had as a draft."""
    return view(unit, load(unit, find(unit, order)))


def reserve(unit: OrdersUnit) -> ReserveView:
    """What the merchant has in the vault for commissions, and how much of it no order has set aside."""
    return ReserveView(str(wallet.reserve(unit)), str(reserve_free(unit)))


def _statuses(state: str) -> tuple[str, ...]:
    groups = {"": (), "all": (), "done": tuple(TERMINAL), "open": tuple(found for found in Status if found not in TERMINAL)}
    if state in groups:
        return tuple(found.value for found in groups[state])
    if state.upper() not in tuple(Status):
        raise UserError(f"No order has the state {state!r}; say open, done or one of {', '.join(Status)}.", code="bad-request")
    return (state.upper(),)


# --- the merchant decides


def accept(unit: OrdersUnit, order: bytes, method: Method = Method.TRANSFER) -> OrderView:
    """Take the order: its commissions are set aside from the reserve, the payment is asked for."""
    case = merchants(unit, order)
    status = case.state.order.status
    if case.accepted is not None:
        return view(unit, case)
    if status is not Status.PLACED or case.state.placed is None:
        raise ConflictError(f"The order is {status}: there is nothing to accept.", code="illegal-transition")
    if unit.now > case.state.order.accept_by:
        raise ConflictError("The time to accept is over; the seller can order again.", code="too-late")
    stock.require(unit, case.row.draft)
    plan = unit.catalog.plan(case.state.placed.plan)
    if plan is None:
        raise ConflictError("The plan of this order is not here.", code="changed-plan")
    terms = rec.OrderAccepted(
        order=case.state.order_id,
        cover=0,
        facts=(),
        method=method,
        reference="GM-" + case.state.order_id.hex()[:12].upper(),
        instructions=rec.Instructions.TRANSFER_WITH_REFERENCE if method is Method.TRANSFER else rec.Instructions.CASH_ON_HANDOVER,
        pay_by=unit.now + int(unit.settings.get("orders/pay_ms", PAY_MS)),
        fulfil_by=unit.now + int(unit.settings.get("orders/fulfil_ms", FULFIL_MS)),
        return_window_ms=plan.plan.return_window_ms,
        hold_ms=plan.plan.hold_ms,
    )
    about = accepted_order(unit, case, terms)
    cover, free = facts.cover(unit, about), reserve_free(unit)
    if cover > free:
        missing = cover - free
        raise UserError(
            f"The reserve does not cover this order's commissions: {_gms(cover)} are needed and {_gms(free)} are free. "
            f"Deposit at least {_gms(missing)} more, or refuse the order.",
            code="not-covered",
        )
    terms = replace(terms, cover=cover, facts=facts.accrue_order(unit, about))
    case, _ = write(unit, case, rec.ACCEPTED, terms)
    return view(unit, case)


def reject(unit: OrdersUnit, order: bytes, code: str = "other") -> OrderView:
    """Refuse the order; the seller learns the code."""
    if code not in REJECT_CODES:
        raise UserError(f"Refuse an order as one of: {', '.join(REJECT_CODES)}.", code="bad-code")
    case = merchants(unit, order)
    case, _ = write(unit, case, rec.REJECTED, rec.OrderRejected(case.state.order_id, code))
    return view(unit, case)


def _gms(amount: int) -> str:
    whole, rest = divmod(amount, GMS_UNIT)
    return f"{whole}.{rest:018}".rstrip("0").rstrip(".") + " GMS"


# --- either side cancels


def cancel(unit: OrdersUnit, order: bytes, code: str) -> OrderView:
    """End the order under a code of the cancellation table."""
    row = find(unit, order)
    by = Party(row.side)
    allowed = [found.value for found, rule in RULES.items() if rule.by is by]
    if code not in allowed:
        raise UserError(f"The {by} cancels as one of: {', '.join(allowed)}.", code="bad-code")
    case = passed(unit, load(unit, row))
    status = case.state.order.resume if case.state.order.status is Status.NEEDS_ATTENTION else case.state.order.status
    if status not in RULES[CancelCode(code)].stages:
        when = ", ".join(sorted(RULES[CancelCode(code)].stages))
        raise ConflictError(f"The order is {status}; {code} is possible while it is {when}.", code="illegal-transition")
    if by is Party.MERCHANT:
        case, _ = write(unit, case, rec.CANCELLED, rec.OrderCancelled(case.state.order_id, CancelCode(code)))
    else:
        ask(unit, case, rec.CANCEL_REQUEST, rec.CancelRequest(case.state.order_id, CancelCode(code)))
    return view(unit, case)


# --- shared with payments and fulfilment


def merchants(unit: OrdersUnit, order: bytes) -> Case:
    """An order of ours as a merchant, with the time until now passed. Raises NotFound, UserError `wrong-side`."""
    row = find(unit, order)
    if row.side != "merchant":
        raise UserError("Only the merchant of an order can do that.", code="wrong-side")
    return passed(unit, load(unit, row))


def ask(unit: OrdersUnit, case: Case, type_: str, body: object) -> None:
    """The seller's signed request about a placed order, to its merchant."""
    peer = unit.peers.by_identity(case.row.peer)
    if peer is None:
        raise ConflictError("You are no longer paired with the merchant of this order. Pair again.", code="not-paired")
    signed = sign(unit.me.member_key(case.row.peer), type_, body, created=unit.now)
    unit.orders.keep_request(signed.id, case.row.draft, signed.raw)
    send(unit, peer.peer, signed, topic=Topic.ORDER, about=(ABOUT, case.row.draft))
    unit.touched("changes")


def tick(unit: OrdersUnit) -> None:
    """Let time have its say on orders whose deadline has come."""
    for row in unit.orders.due(unit.now, AT_ONCE):
        passed(unit, load(unit, row))


# --- messages


def _on_request(unit: OrdersUnit, incoming: Incoming) -> Signed:
    """The merchant receipts what the seller of the order asks: nothing logged later can defeat it."""
    signed = incoming.message.signed
    assert signed is not None
    row = unit.orders.get(incoming.message.record.order)
    if row is None or row.side != "merchant" or row.peer != incoming.peer.identity:
        raise Unauthorized("there is no such order of yours here", code="unknown-order")
    check_time(signed.envelope, unit.now)
    case = passed(unit, load(unit, row))
    if signed.envelope.author != case.state.seller:
        raise Unauthorized("signed by another key than the order's", code="wrong-member")
    _, entry = write(unit, case, rec.RECEIPT, rec.Receipt(signed.id), request=signed, push=False)
    return entry


def _on_receipt(unit: OrdersUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    assert entry.about is not None
    take_reply(unit, entry, entry.about[1], reply)


def _on_entry(unit: OrdersUnit, incoming: Incoming) -> Nack | None:
    """An entry of the merchant's log. One that may not happen is kept without effect, and answered with its code."""
    signed = incoming.signed
    row = unit.orders.by_log(signed.envelope.log)
    if row is None or row.side != "seller" or row.peer != incoming.peer.identity:
        raise Unauthorized("that is no log of an order with you", code="unknown-order")
    refused = take(unit, row, signed)
    if incoming.message.kind.name == rec.ACCEPTED and not refused:
        _check_accepted(unit, row.draft)
    return Nack(signed.id, refused, "the entry may not happen now: it is kept without effect") if refused else None


def _check_accepted(unit: OrdersUnit, draft: bytes) -> None:
    """The acceptance must have the times of the plan that was ordered under and cover what is ours; else a person is told."""
    case = load(unit, find(unit, draft))
    plan = unit.catalog.plan(case.state.placed.plan) if case.state.placed else None
    if plan is None or case.accepted is None:
        return
    try:
        check_accepted(case.accepted, plan.plan, facts.cover(unit, accepted_order(unit, case, case.accepted)))
    except Conflict as error:
        unit.orders.keep(replace(case.row, error=error.code))


def _on_taken(unit: OrdersUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    row = unit.orders.get(entry.about[1]) if entry.about else None
    if isinstance(reply.record, Nack) and row is not None and Status(row.status) not in TERMINAL:
        unit.orders.keep(replace(row, error=reply.record.code, updated=unit.now))


def _on_acceptance_taken(unit: OrdersUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    """An acceptance that came too late counts for nobody: it is taken back, and with it what was set aside (10-order.md)."""
    _on_taken(unit, entry, sent, reply)
    if isinstance(reply.record, Nack) and entry.about:
        case = passed(unit, load(unit, find(unit, entry.about[1])))
        if case.state.order.status is Status.ACCEPTED:
            write(unit, case, rec.CANCELLED, rec.OrderCancelled(case.state.order_id, CancelCode.ACCEPTANCE_LATE))


def _on_refused(unit: OrdersUnit, entry: OutboxEntry, _sent: Message, code: str) -> None:
    row = unit.orders.get(entry.about[1]) if entry.about else None
    if row is None:
        raise Conflict("there is no such order here", code="unknown-order")
    unit.orders.keep(replace(row, error=code, updated=unit.now))


EXCHANGE = Exchange(
    answers=dict.fromkeys(ENTRIES, _on_entry) | {rec.CANCEL_REQUEST: _on_request, rec.PAYMENT_SUBMITTED: _on_request},
    settles=dict.fromkeys(ENTRIES, _on_taken)
    | {rec.ACCEPTED: _on_acceptance_taken, rec.CANCEL_REQUEST: _on_receipt, rec.PAYMENT_SUBMITTED: _on_receipt},
    fails=dict.fromkeys((*ENTRIES, rec.CANCEL_REQUEST, rec.PAYMENT_SUBMITTED), _on_refused),
    nacks=frozenset(ENTRIES),
)
