"""One order as both sides compute it: the merchant's log entries, folded into the order, payment and fulfilment machines.

It decides which machine an entry concerns, and that an entry which may not happen passes without effect. It checks no signature and no
clock: entries come verified (envelope.py, log.py), requests come checked (order_checks.py). Role-blind: both nodes run this function.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import fulfilment as fm
from . import order as om
from . import order_records as rec
from . import payment as pm
from .cancellation import RULES, CancelCode, Party
from .envelope import Signed, Signer
from .errors import Conflict, IllegalTransition, LocalError
from .log import Chain

Effect = om.Effect | pm.ReturnSurplus | pm.RemindPayer | fm.Restock


@dataclass(frozen=True, slots=True)
class Conversation:
    """An order with its payment and parcels, at the head of its log. `seller` is the key that placed it.

    `refused` is the code of the last entry when it had no effect.
    """

    chain: Chain
    order: om.Order = field(default_factory=om.Order)
    payment: pm.Payment | None = None
    parcels: tuple[fm.Parcel, ...] = ()
    contents: tuple[tuple[rec.ParcelLine, ...], ...] = ()
    quote: rec.Quote | None = None
    placed: rec.OrderPlaced | None = None
    order_id: bytes = b""
    seller: bytes = b""
    refused: str = ""

    @property
    def units(self) -> int:
        """Pieces ordered."""
        return sum(line.quantity for line in self.placed.lines) if self.placed else 0

    @property
    def arrived(self) -> int:
        """Pieces that reached the customer."""
        return sum(parcel.units for parcel in self.parcels if parcel.status in fm.DONE)

    def unsent(self, line: int) -> int:
        """Pieces of a line that are in no parcel, or came back."""
        ordered = self.placed.lines[line].quantity if self.placed and line < len(self.placed.lines) else 0
        sent = (
            part.quantity
            for parcel, lines in zip(self.parcels, self.contents, strict=True)
            if parcel.status is not fm.Status.RETURNED
            for part in lines
            if part.line == line
        )
        return ordered - sum(sent)


Step = tuple[Conversation, tuple[Effect, ...]]


def begin(merchant: bytes, request: bytes) -> Conversation:
    """The conversation that the quote request with the id `request` opens with `merchant`."""
    return Conversation(Chain(rec.order_log(merchant, request)))


def advance(state: Conversation, entry: Signed, request: Signed | None = None) -> Step:
    """The conversation after the merchant's next log `entry`; a Receipt comes with the `request` it names.

    A replayed entry changes nothing. One that may not happen moves the head only, and `refused` holds the code to answer with.
    Raises OutOfOrder at a gap, Conflict `wrong-log`, `equivocation`, LocalError `wrong-request`, Malformed.
    """
    seq = entry.envelope.seq
    if entry.envelope.log == state.chain.log and (0 < seq < state.chain.seq or entry.id == state.chain.head):
        return state, ()
    moved = replace(state, chain=state.chain.follow(entry), refused="")
    body = entry.read(rec.RECORDS[entry.envelope.type]) if entry.envelope.type in rec.RECORDS else None
    try:
        return _entry(moved, body, request, entry.envelope.created)
    except (IllegalTransition, Conflict) as error:
        passed, _ = _order(moved, om.Noted(moved.order.seq + 1, entry.envelope.created))
        return replace(passed, refused=error.code), ()


def tick(state: Conversation, now: int) -> Step:
    """What time alone changes: parcels that arrived by silence, a late payment, the order's silence outcomes."""
    effects: tuple[Effect, ...] = ()
    for number, parcel in enumerate(state.parcels):
        changed, found = fm.apply(parcel, fm.Tick(now))
        if changed is not parcel:
            parcels = (*state.parcels[:number], changed, *state.parcels[number + 1 :])
            state, more = _after_parcel(replace(state, parcels=parcels), found)
            effects += more
    if state.payment is not None:
        paid, late = pm.apply(state.payment, pm.Tick(now))
        state = replace(state, payment=paid)
        if any(isinstance(effect, pm.RemindPayer) for effect in late):
            effects += (pm.RemindPayer(),)
    state, due = _order(state, om.Tick(now))
    return state, effects + due


def write(
    state: Conversation, signer: Signer, type_: str, body: object, *, created: int, request: Signed | None = None
) -> tuple[Conversation, tuple[Effect, ...], Signed]:
    """The merchant's side: sign `body` as the next entry and apply it. Raises LocalError with the code where it may not happen now."""
    _, entry = state.chain.sign(signer, type_, body, created=created)
    after, effects = advance(state, entry, request)
    if after.refused:
        raise LocalError(f"{type_} is not possible while the order is {state.order.status}", code=after.refused)
    return after, effects, entry


def replay(state: Conversation, history: Iterable[tuple[Signed, Signed | None] | int]) -> Conversation:
    """The conversation after a node's own history: entries (with the request of a Receipt) and, in their place, the times of its ticks.

    A node keeps the time of each tick that changed something beside the entries: silence is part of its history.
    """
    for step in history:
        state, _ = tick(state, step) if isinstance(step, int) else advance(state, *step)
    return state


def next_deadline(state: Conversation) -> int | None:
    """When `tick` will next change something (ms), or None."""
    found = [om.next_deadline(state.order), *(fm.next_deadline(parcel) for parcel in state.parcels)]
    if state.payment is not None:
        found.append(pm.next_deadline(state.payment))
    return min((at for at in found if at is not None), default=None)


def _order(state: Conversation, event: om.Event) -> Step:
    after, effects = om.apply(state.order, event)
    paid = state.payment
    if after.status is om.Status.COMPLETED and paid is not None and pm.Released in pm.TRANSITIONS[paid.status]:
        paid, _ = pm.apply(paid, pm.Released(paid.seq + 1, after.settled_at))
    return replace(state, order=after, payment=paid), effects


def _entry(state: Conversation, body: Any, request: Signed | None, at: int) -> Step:
    """One event for the order machine, and for the machine of the noun."""
    seq = state.order.seq + 1
    _check_named(state, getattr(body, "order", state.order_id))
    match body:
        case rec.Quote():
            return _order(replace(state, quote=body), om.Quoted(seq, at, body.expires))
        case rec.Receipt():
            return _receipt(state, body, request, at)
        case rec.OrderAccepted():
            accepted = om.Accepted(seq, at, body.fulfil_by, body.return_window_ms, body.hold_ms)
            due = state.placed.total if state.placed else 0
            return _order(replace(state, payment=pm.Payment(due, body.pay_by)), accepted)
        case rec.OrderRejected():
            return _order(state, om.Rejected(seq, at, body.code))
        case rec.OrderCancelled():
            return _cancelled(state, body.code, Party.MERCHANT, at)
        case rec.PaymentConfirmed():
            return _paid(state, pm.Confirmed(_payment_seq(state), at, body.amount), at)
        case rec.RefundSettled():
            return _paid(state, pm.RefundSettled(_payment_seq(state), at, body.amount), at)
        case rec.ParcelShipped():
            return _sent(state, body, fm.Shipped, at, pickup=False)
        case rec.ParcelReady():
            return _sent(state, body, fm.Ready, at, pickup=True)
        case rec.ParcelReported():
            return _reported(state, body)
        case rec.Attention():
            return _order(state, om.AttentionRaised(seq, at, body.until) if body.until else om.AttentionResolved(seq, at))
        case rec.OrderCompleted():
            return _order(state, om.Completed(seq, at))
        case _:
            return _order(state, om.Noted(seq, at))


def _receipt(state: Conversation, receipt: rec.Receipt, request: Signed | None, at: int) -> Step:
    if request is None or request.id != receipt.request:
        raise LocalError("a receipt is read with the request it names", code="wrong-request")
    seq = state.order.seq + 1
    if state.seller and request.envelope.author != state.seller:
        raise Conflict("the request is not by the seller of this order", code="wrong-author")
    match request.envelope.type:
        case rec.PLACED:
            placed = request.read(rec.OrderPlaced)
            return _order(
                replace(state, placed=placed, order_id=request.id, seller=request.envelope.author), om.Placed(seq, at, placed.accept_by)
            )
        case rec.CANCEL_REQUEST:
            body = request.read(rec.CancelRequest)
            _check_named(state, body.order)
            return _cancelled(state, body.code, Party.SELLER, at)
        case rec.PAYMENT_SUBMITTED:
            _check_named(state, request.read(rec.PaymentSubmitted).order)
            return _paid(state, pm.Submitted(_payment_seq(state), at), at)
        case _:
            return _order(state, om.Noted(seq, at))


def _check_named(state: Conversation, named: bytes) -> None:
    if named != state.order_id:
        raise Conflict("it names another order", code="wrong-order")


def _cancelled(state: Conversation, code: CancelCode, by: Party, at: int) -> Step:
    if RULES[code].by is not by:
        raise Conflict(f"the {by} may not cancel as {code}", code="wrong-party")
    return _order(state, om.Cancelled(state.order.seq + 1, at, code))


def _payment_seq(state: Conversation) -> int:
    if state.payment is None:
        raise IllegalTransition("nothing is to be paid before the order is accepted")
    return state.payment.seq + 1


def _paid(state: Conversation, event: pm.Event, at: int) -> Step:
    assert state.payment is not None
    paid, found = pm.apply(state.payment, event)
    state = replace(state, payment=paid)
    seq = state.order.seq + 1
    surplus = tuple(effect for effect in found if isinstance(effect, pm.ReturnSurplus))
    if pm.ReportFunded() not in found:
        after, _ = _order(state, om.Noted(seq, at))
        return after, surplus
    try:
        after, effects = _order(state, om.Funded(seq, at))
    except IllegalTransition:  # the order ended before the money came: it goes back
        after, _ = _order(state, om.Noted(seq, at))
        return after, (om.RefundPayment(state.order.end_code), *surplus)
    return after, effects + surplus


_Moves = Mapping[rec.Report, type[fm.Delivered | fm.InTransit | fm.DeliveryFailed | fm.Returned | fm.HandedOver]]
_MOVES: _Moves = {
    rec.Report.IN_TRANSIT: fm.InTransit,
    rec.Report.DELIVERED: fm.Delivered,
    rec.Report.HANDED_OVER: fm.HandedOver,
    rec.Report.FAILED: fm.DeliveryFailed,
    rec.Report.RETURNED: fm.Returned,
}


def _find(state: Conversation, number: int) -> int | None:
    return next((place for place, parcel in enumerate(state.parcels) if parcel.number == number), None)


def _sent(
    state: Conversation,
    body: rec.ParcelShipped | rec.ParcelReady,
    move: type[fm.Shipped | fm.Ready],
    at: int,
    *,
    pickup: bool,
) -> Step:
    """A new parcel is packed and sent (or laid ready) in one entry; a known one is sent again."""
    place = _find(state, body.parcel)
    if place is None:
        _check_contents(state, body.lines)
        fresh = fm.Parcel(body.parcel, sum(part.quantity for part in body.lines), pickup)
        packed = fresh if pickup else fm.apply(fresh, fm.Packed(1, at))[0]
        place = len(state.parcels)
        state = replace(state, parcels=(*state.parcels, packed), contents=(*state.contents, body.lines))
    elif state.contents[place] != body.lines:
        raise Conflict(f"parcel {body.parcel} has other contents", code="bad-parcel")
    parcel, _ = fm.apply(state.parcels[place], move(state.parcels[place].seq + 1, at))
    state = replace(state, parcels=(*state.parcels[:place], parcel, *state.parcels[place + 1 :]))
    return _order(state, om.FulfilmentStarted(state.order.seq + 1, at))


def _check_contents(state: Conversation, lines: tuple[rec.ParcelLine, ...]) -> None:
    """Every piece is in one parcel at most. Raises Conflict `bad-parcel`."""
    if not lines or len({part.line for part in lines}) != len(lines):
        raise Conflict("a parcel names each of its lines once", code="bad-parcel")
    for part in lines:
        if not 0 < part.quantity <= state.unsent(part.line):
            raise Conflict(f"{part.quantity} of line {part.line} where {state.unsent(part.line)} are left to send", code="bad-parcel")


def _reported(state: Conversation, body: rec.ParcelReported) -> Step:
    place = _find(state, body.parcel)
    if place is None:
        raise Conflict(f"there is no parcel {body.parcel}", code="bad-parcel")
    before = state.parcels[place]
    parcel, found = fm.apply(before, _MOVES[body.report](before.seq + 1, body.at))
    state = replace(state, parcels=(*state.parcels[:place], parcel, *state.parcels[place + 1 :]))
    return _after_parcel(state, found, noted_at=body.at)


def _after_parcel(state: Conversation, found: tuple[fm.Effect, ...], *, noted_at: int | None = None) -> Step:
    """Tell the order when the last piece arrived; an entry that is not the last only passes, and so does silence after the order's end."""
    seq = state.order.seq + 1
    restock = tuple(effect for effect in found if isinstance(effect, fm.Restock))
    over = noted_at is None and state.order.status in om.TERMINAL
    if not over and state.arrived == state.units and any(isinstance(effect, fm.ReportArrived) for effect in found):
        return _order(state, om.Fulfilled(seq, max(parcel.arrived_at for parcel in state.parcels)))
    if noted_at is None:
        return state, restock
    after, _ = _order(state, om.Noted(seq, noted_at))
    return after, restock
