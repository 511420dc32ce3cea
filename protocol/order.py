"""The life of an order. It decides status and what a node must do next; it knows no role, transport, clock or money.

Theory of operation. The merchant's log of the order is its history: each entry becomes one event with the next `seq`, and both sides
apply the same events. Time is no entry: a node feeds `Tick(now)`, and when a live status stays silent past its deadline, its silence
outcome takes effect in that node's own history; entries that surface later and contradict it are illegal, so they stay without effect.

    status          deadline                      silence outcome
    QUOTED          the quote's expiry            EXPIRED, stock released
    PLACED          accept-by + grace             EXPIRED, stock released
    ACCEPTED        fulfil-by                     CANCELLED `merchant-silent`
    IN_FULFILMENT   last parcel + ARRIVAL_MS      NEEDS_ATTENTION for ATTENTION_MS
    FULFILLED       delivered + return window     COMPLETED when funded and without an open claim, unfunded: NEEDS_ATTENTION
    NEEDS_ATTENTION its own deadline              PLACED → EXPIRED; ACCEPTED, IN_FULFILMENT → CANCELLED; FULFILLED → COMPLETED

A merchant who delivered and neither confirms the payment nor cancels as `unpaid` is taken to be paid: silence never voids a commission.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .cancellation import RULES, CancelCode, Commission
from .machine import draw, illegal, is_replay, targets

GRACE_MS = 600_000  # an acceptance logged by accept-by may travel this long
ATTENTION_MS = 14 * 86_400_000
ARRIVAL_MS = 31 * 86_400_000  # a day more than a silent carrier has (fulfilment.SILENT_MS)


class Status(StrEnum):
    """Where an order stands."""

    DRAFT = "DRAFT"
    QUOTED = "QUOTED"
    PLACED = "PLACED"
    ACCEPTED = "ACCEPTED"
    IN_FULFILMENT = "IN_FULFILMENT"
    FULFILLED = "FULFILLED"
    COMPLETED = "COMPLETED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


LIVE = frozenset({Status.PLACED, Status.ACCEPTED, Status.IN_FULFILMENT, Status.FULFILLED})
TERMINAL = frozenset({Status.COMPLETED, Status.REJECTED, Status.EXPIRED, Status.CANCELLED})

# Events: what happened. `at` is the time the entry states, milliseconds UTC.


@dataclass(frozen=True, slots=True)
class Quoted:
    """The merchant quoted, and reserves until `expires`."""

    seq: int
    at: int
    expires: int


@dataclass(frozen=True, slots=True)
class Placed:
    """The merchant receipted the seller's order, to be accepted by `accept_by`."""

    seq: int
    at: int
    accept_by: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The merchant took the order, and will have started to fulfil by `fulfil_by`."""

    seq: int
    at: int
    fulfil_by: int
    return_window_ms: int
    hold_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The merchant refused the order."""

    seq: int
    at: int
    code: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The order ended under a code of the cancellation table."""

    seq: int
    at: int
    code: CancelCode


@dataclass(frozen=True, slots=True)
class Funded:
    """The payment machine reached FUNDED or OVERPAID."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class FulfilmentStarted:
    """A parcel left, or lies ready for pickup."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """Every unit was delivered or handed over, the last one at `at`."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class ClaimOpened:
    """A claim on a line was opened."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class ClaimClosed:
    """A claim came to its end."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class AttentionRaised:
    """A side asks a person to look, until `until` at the latest."""

    seq: int
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class AttentionResolved:
    """The order goes on where it was."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Completed:
    """The merchant logged the completion; each side computes it by itself as well."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the log that does not concern this machine, or one that has no effect: the position passes."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The node's clock."""

    now: int


Logged = (
    Quoted
    | Placed
    | Accepted
    | Rejected
    | Cancelled
    | Funded
    | FulfilmentStarted
    | Fulfilled
    | ClaimOpened
    | ClaimClosed
    | AttentionRaised
    | AttentionResolved
    | Completed
    | Noted
)
Event = Logged | Tick

# Effects: what the node must now do.


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """Keep the quoted units until `until` (ms)."""

    until: int


@dataclass(frozen=True, slots=True)
class ReleaseStock:
    """Give back what is still reserved: pieces in no parcel. A parcel that comes back is fulfilment.Restock's."""


@dataclass(frozen=True, slots=True)
class AskForPayment:
    """Open the payment and show its instructions."""


@dataclass(frozen=True, slots=True)
class AccrueCommissions:
    """Write one ledger entry for each payee and line, sign the accrual facts."""


@dataclass(frozen=True, slots=True)
class HoldCommissions:
    """The order's entries are held until `until` (ms)."""

    until: int


@dataclass(frozen=True, slots=True)
class MakePayable:
    """The order's entries become payable at `at` (ms): the same time on both sides, whenever each computes it."""

    at: int


@dataclass(frozen=True, slots=True)
class VoidCommissions:
    """The order's entries are void."""

    code: str


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Grant a refund of what was paid."""

    code: str


Effect = ReserveStock | ReleaseStock | AskForPayment | AccrueCommissions | HoldCommissions | MakePayable | VoidCommissions | RefundPayment
Result = tuple["Order", tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Order:
    """One order. Times in ms UTC, 0 = not yet; `settled_at` is the last entry that settled something, `resume` where
    NEEDS_ATTENTION returns to.
    """

    status: Status = Status.DRAFT
    seq: int = 0
    quote_expires: int = 0
    accept_by: int = 0
    fulfil_by: int = 0
    return_window_ms: int = 0
    hold_ms: int = 0
    sent_at: int = 0
    delivered_at: int = 0
    settled_at: int = 0
    attention_until: int = 0
    resume: Status = Status.DRAFT
    funded: bool = False
    claims: int = 0
    end_code: str = ""

    @property
    def window_ends(self) -> int:
        """When the return window is over (ms)."""
        return self.delivered_at + self.return_window_ms

    @property
    def hold_until(self) -> int:
        """The later of delivered + return window and delivered + hold (ms)."""
        return self.delivered_at + max(self.return_window_ms, self.hold_ms)


_S = Status

# The whole machine. docs/protocol/diagrams/order.mmd is drawn from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], tuple[Status, ...]]] = MappingProxyType(
    {
        _S.DRAFT: {Quoted: (_S.QUOTED,), Noted: (_S.DRAFT,), Tick: (_S.DRAFT,)},
        _S.QUOTED: {
            Placed: (_S.PLACED,),
            Noted: (_S.QUOTED,),
            Tick: (_S.QUOTED, _S.EXPIRED),
        },
        _S.PLACED: {
            Accepted: (_S.ACCEPTED,),
            Rejected: (_S.REJECTED,),
            Cancelled: (_S.CANCELLED,),
            AttentionRaised: (_S.NEEDS_ATTENTION,),
            Noted: (_S.PLACED,),
            Tick: (_S.PLACED, _S.EXPIRED),
        },
        _S.ACCEPTED: {
            Funded: (_S.ACCEPTED,),
            FulfilmentStarted: (_S.IN_FULFILMENT,),
            Cancelled: (_S.CANCELLED,),
            AttentionRaised: (_S.NEEDS_ATTENTION,),
            Noted: (_S.ACCEPTED,),
            Tick: (_S.ACCEPTED, _S.CANCELLED),
        },
        _S.IN_FULFILMENT: {
            Funded: (_S.IN_FULFILMENT,),
            FulfilmentStarted: (_S.IN_FULFILMENT,),
            Fulfilled: (_S.FULFILLED,),
            ClaimOpened: (_S.IN_FULFILMENT,),
            ClaimClosed: (_S.IN_FULFILMENT,),
            Cancelled: (_S.CANCELLED,),
            AttentionRaised: (_S.NEEDS_ATTENTION,),
            Noted: (_S.IN_FULFILMENT,),
            Tick: (_S.IN_FULFILMENT, _S.NEEDS_ATTENTION),
        },
        _S.FULFILLED: {
            Funded: (_S.FULFILLED,),
            ClaimOpened: (_S.FULFILLED,),
            ClaimClosed: (_S.FULFILLED,),
            Completed: (_S.COMPLETED,),
            AttentionRaised: (_S.NEEDS_ATTENTION,),
            Noted: (_S.FULFILLED,),
            Tick: (_S.FULFILLED, _S.COMPLETED, _S.NEEDS_ATTENTION),
        },
        _S.NEEDS_ATTENTION: {
            Funded: (_S.NEEDS_ATTENTION,),
            Fulfilled: (_S.FULFILLED,),
            ClaimOpened: (_S.NEEDS_ATTENTION,),
            ClaimClosed: (_S.NEEDS_ATTENTION,),
            Cancelled: (_S.CANCELLED,),
            AttentionResolved: (_S.PLACED, _S.ACCEPTED, _S.IN_FULFILMENT, _S.FULFILLED),
            Completed: (_S.COMPLETED,),
            Noted: (_S.NEEDS_ATTENTION,),
            Tick: (_S.NEEDS_ATTENTION, _S.EXPIRED, _S.CANCELLED, _S.COMPLETED),
        },
        _S.COMPLETED: {Completed: (_S.COMPLETED,), Noted: (_S.COMPLETED,), Tick: (_S.COMPLETED,)},
        _S.REJECTED: {Noted: (_S.REJECTED,), Tick: (_S.REJECTED,)},
        _S.EXPIRED: {Noted: (_S.EXPIRED,), Tick: (_S.EXPIRED,)},
        _S.CANCELLED: {Noted: (_S.CANCELLED,), Tick: (_S.CANCELLED,)},
    }
)


def apply(order: Order, event: Event) -> Result:
    """The order after `event`, and what the node must now do.

    A replayed event changes nothing. Raises OutOfOrder at a gap, IllegalTransition for what is not in the table or against its guard.
    """
    if isinstance(event, Tick):
        return _tick(order, event.now)
    if is_replay(order.seq, event.seq):
        return order, ()
    status = targets(TRANSITIONS, order.status, event)[0]
    _guard(order, event)
    moved = replace(order, status=status, seq=event.seq)
    match event:
        case Quoted(expires=expires):
            return replace(moved, quote_expires=expires), (ReserveStock(expires),)
        case Placed(accept_by=accept_by):
            return replace(moved, accept_by=accept_by), ()
        case Accepted():
            terms = replace(moved, fulfil_by=event.fulfil_by, return_window_ms=event.return_window_ms, hold_ms=event.hold_ms)
            return terms, (AccrueCommissions(), AskForPayment())
        case Rejected(code=code):
            return replace(moved, end_code=code), (ReleaseStock(),)
        case Cancelled(code=cancel_code):
            return _cancelled(order, moved, cancel_code)
        case Funded(at=at):
            return replace(moved, funded=True, settled_at=max(at, order.settled_at)), ()
        case Fulfilled(at=at):
            delivered = replace(moved, delivered_at=at)
            return delivered, (HoldCommissions(delivered.hold_until),)
        case ClaimOpened():
            return replace(moved, claims=order.claims + 1), ()
        case ClaimClosed(at=at):
            return replace(moved, claims=order.claims - 1, settled_at=max(at, order.settled_at)), ()
        case AttentionRaised(until=until):
            return replace(moved, resume=order.status, attention_until=until), ()
        case AttentionResolved():
            return replace(moved, status=order.resume), ()
        case Completed():
            return (moved, ()) if order.status is Status.COMPLETED else _completed(moved, 0)
        case FulfilmentStarted(at=at):
            return replace(moved, sent_at=max(at, order.sent_at)), ()
        case Noted():
            return moved, ()
        case _:
            assert_never(event)


def _guard(order: Order, event: Logged) -> None:
    """What the table cannot say."""
    match event:
        case Placed(at=at):
            allowed = at <= order.quote_expires
        case Accepted(at=at):
            allowed = at <= order.accept_by
        case Cancelled(code=code):
            stage = order.resume if order.status is Status.NEEDS_ATTENTION else order.status
            allowed = stage in RULES[code].stages
        case Fulfilled():
            allowed = order.status is Status.IN_FULFILMENT or order.resume is Status.IN_FULFILMENT
        case ClaimClosed():
            allowed = order.claims > 0
        case AttentionRaised(at=at, until=until):
            allowed = at < until <= at + ATTENTION_MS
        case Completed(at=at):
            allowed = order.status is Status.COMPLETED or _settled(order, at)
        case _:
            allowed = True
    if not allowed:
        raise illegal(order.status, event)


def _settled(order: Order, now: int) -> bool:
    """Funded, nothing claimed, everything delivered and the return window over."""
    return order.funded and not order.claims and order.delivered_at > 0 and now >= order.window_ends


def _cancelled(before: Order, moved: Order, code: CancelCode) -> Result:
    rule = RULES[code]
    effects: list[Effect] = [ReleaseStock()] if rule.restock and not before.delivered_at else []
    if before.fulfil_by and rule.commission is Commission.VOID:
        effects.append(VoidCommissions(code))
    if before.funded:
        effects.append(RefundPayment(code))
    return replace(moved, end_code=code), tuple(effects)


def _tick(order: Order, now: int) -> Result:
    deadline = next_deadline(order)
    if deadline is None or now < deadline:
        return order, ()
    match order.status:
        case Status.QUOTED:
            return replace(order, status=Status.EXPIRED, end_code="quote-expired"), (ReleaseStock(),)
        case Status.PLACED:
            return _expired(order)
        case Status.ACCEPTED:
            return _cancelled(order, replace(order, status=Status.CANCELLED), CancelCode.MERCHANT_SILENT)
        case Status.FULFILLED if order.funded:
            return _completed(order, 0)
        case Status.IN_FULFILMENT | Status.FULFILLED:
            attention = replace(order, status=Status.NEEDS_ATTENTION, resume=order.status, attention_until=deadline + ATTENTION_MS)
            return _tick(attention, now)
        case Status.NEEDS_ATTENTION:
            return _attention_ends(order)
        case _:
            return order, ()


def _attention_ends(order: Order) -> Result:
    match order.resume:
        case Status.PLACED:
            return _expired(order)
        case Status.FULFILLED:
            return _completed(order, 0 if order.funded else order.attention_until)
        case _:
            return _cancelled(order, replace(order, status=Status.CANCELLED), CancelCode.MERCHANT_SILENT)


def _expired(order: Order) -> Result:
    return replace(order, status=Status.EXPIRED, end_code="not-accepted"), (ReleaseStock(),)


def _completed(order: Order, not_before: int) -> Result:
    return replace(order, status=Status.COMPLETED), (MakePayable(max(order.hold_until, order.settled_at, not_before)),)


def next_deadline(order: Order) -> int | None:
    """When a Tick will change the order if nothing else does (ms); None when time alone changes nothing."""
    match order.status:
        case Status.QUOTED:
            return order.quote_expires
        case Status.PLACED:
            return order.accept_by + GRACE_MS
        case Status.ACCEPTED:
            return order.fulfil_by
        case Status.IN_FULFILMENT:
            return max(order.sent_at + ARRIVAL_MS, order.fulfil_by)
        case Status.FULFILLED:
            return None if order.claims else order.window_ends
        case Status.NEEDS_ATTENTION:
            if order.resume is Status.FULFILLED and order.claims:
                return None
            if order.resume is Status.FULFILLED and order.funded:
                return min(order.attention_until, order.window_ends)
            return order.attention_until
        case _:
            return None


def diagram() -> str:
    """The machine as Mermaid source."""
    return draw(TRANSITIONS, Status.DRAFT)
