"""A payment and its refunds. It decides what counts as paid; it knows no bank and no chain. Amounts are minor units of one currency.

Theory of operation. The merchant asks for `due`. A word of the seller or customer makes it SUBMITTED, a sight of it on the way OBSERVED;
only the merchant's signed confirmation (or a final chain fact) moves money, and the sum of what was received decides between UNDERPAID,
FUNDED and OVERPAID. Money that arrives after EXPIRED still counts: it is there. Refunds are machines of their own; only a SETTLED one
comes back here. What came in and went out is never forgotten: `balance` = received - refunded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .machine import draw, illegal, is_replay, targets


class Method(StrEnum):
    """How the customer pays the merchant; the merchant confirms both."""

    TRANSFER = "transfer"
    CASH = "cash"


class Status(StrEnum):
    """Where a payment stands."""

    REQUESTED = "REQUESTED"
    SUBMITTED = "SUBMITTED"
    OBSERVED = "OBSERVED"
    UNDERPAID = "UNDERPAID"
    FUNDED = "FUNDED"
    OVERPAID = "OVERPAID"
    EXPIRED = "EXPIRED"
    RELEASED = "RELEASED"
    PART_REFUNDED = "PART_REFUNDED"
    REFUNDED = "REFUNDED"


PAID = frozenset({Status.FUNDED, Status.OVERPAID})


@dataclass(frozen=True, slots=True)
class Submitted:
    """The customer or seller says it was sent."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Observed:
    """It was seen on the way, not yet final."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`amount` more minor units are with the merchant."""

    seq: int
    at: int
    amount: int


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """`amount` minor units went back to the payer."""

    seq: int
    at: int
    amount: int


@dataclass(frozen=True, slots=True)
class Released:
    """The order is completed: what is here is the merchant's."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The node's clock."""

    now: int


Logged = Submitted | Observed | Confirmed | RefundSettled | Released
Event = Logged | Tick


@dataclass(frozen=True, slots=True)
class ReportFunded:
    """Tell the order machine."""


@dataclass(frozen=True, slots=True)
class ReturnSurplus:
    """Grant a refund of `amount` minor units: more came than was due."""

    amount: int


@dataclass(frozen=True, slots=True)
class RemindPayer:
    """The payment is late."""


Effect = ReportFunded | ReturnSurplus | RemindPayer
Result = tuple["Payment", tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment; amounts in minor units, `pay_by` in ms."""

    due: int
    pay_by: int
    status: Status = Status.REQUESTED
    seq: int = 0
    received: int = 0
    refunded: int = 0

    @property
    def balance(self) -> int:
        """What the merchant has of it."""
        return self.received - self.refunded


_S = Status
_BY_AMOUNT = (_S.UNDERPAID, _S.FUNDED, _S.OVERPAID)

# The whole machine. docs/protocol/diagrams/payment.mmd is drawn from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], tuple[Status, ...]]] = MappingProxyType(
    {
        _S.REQUESTED: {
            Submitted: (_S.SUBMITTED,),
            Observed: (_S.OBSERVED,),
            Confirmed: _BY_AMOUNT,
            Tick: (_S.REQUESTED, _S.EXPIRED),
        },
        _S.SUBMITTED: {Submitted: (_S.SUBMITTED,), Observed: (_S.OBSERVED,), Confirmed: _BY_AMOUNT, Tick: (_S.SUBMITTED, _S.EXPIRED)},
        _S.OBSERVED: {Confirmed: _BY_AMOUNT, Tick: (_S.OBSERVED,)},
        _S.UNDERPAID: {
            Submitted: (_S.UNDERPAID,),
            Confirmed: _BY_AMOUNT,
            RefundSettled: (_S.UNDERPAID, _S.REFUNDED),
            Tick: (_S.UNDERPAID,),
        },
        _S.FUNDED: {
            Confirmed: (_S.OVERPAID,),
            RefundSettled: (_S.PART_REFUNDED, _S.REFUNDED),
            Released: (_S.RELEASED,),
            Tick: (_S.FUNDED,),
        },
        _S.OVERPAID: {
            Confirmed: (_S.OVERPAID,),
            RefundSettled: (_S.OVERPAID, _S.FUNDED, _S.PART_REFUNDED, _S.REFUNDED),
            Released: (_S.RELEASED,),
            Tick: (_S.OVERPAID,),
        },
        _S.EXPIRED: {Submitted: (_S.SUBMITTED,), Confirmed: _BY_AMOUNT, Tick: (_S.EXPIRED,)},
        _S.PART_REFUNDED: {RefundSettled: (_S.PART_REFUNDED, _S.REFUNDED), Released: (_S.RELEASED,), Tick: (_S.PART_REFUNDED,)},
        _S.RELEASED: {Tick: (_S.RELEASED,)},
        _S.REFUNDED: {Tick: (_S.REFUNDED,)},
    }
)


def apply(payment: Payment, event: Event) -> Result:
    """The payment after `event`. Raises OutOfOrder at a gap, IllegalTransition for what is not in the table or not in the money."""
    if isinstance(event, Tick):
        deadline = next_deadline(payment)
        if deadline is None or event.now < deadline:
            return payment, ()
        return replace(payment, status=Status.EXPIRED), (RemindPayer(),)
    if is_replay(payment.seq, event.seq):
        return payment, ()
    found = targets(TRANSITIONS, payment.status, event)
    moved = replace(payment, status=found[0], seq=event.seq)
    match event:
        case Confirmed(amount=amount):
            if amount <= 0:
                raise illegal(payment.status, event)
            return _received(moved, amount)
        case RefundSettled(amount=amount):
            if not 0 < amount <= payment.balance:
                raise illegal(payment.status, event)
            return _refunded(payment, moved, amount), ()
        case Submitted() | Observed() | Released():
            return moved, ()
        case _:
            assert_never(event)


def _received(moved: Payment, amount: int) -> Result:
    paid = replace(moved, received=moved.received + amount)
    surplus = paid.balance - paid.due
    first_time = surplus - amount < 0
    if surplus < 0:
        return replace(paid, status=Status.UNDERPAID), ()
    if surplus == 0:
        return replace(paid, status=Status.FUNDED), (ReportFunded(),)
    effects: tuple[Effect, ...] = (ReportFunded(),) if first_time else ()
    return replace(paid, status=Status.OVERPAID), (*effects, ReturnSurplus(min(surplus, amount)))


def _refunded(before: Payment, moved: Payment, amount: int) -> Payment:
    paid = replace(moved, refunded=moved.refunded + amount)
    if paid.balance == 0:
        return replace(paid, status=Status.REFUNDED)
    if before.status is Status.UNDERPAID:
        return replace(paid, status=Status.UNDERPAID)
    if paid.balance < paid.due:
        return replace(paid, status=Status.PART_REFUNDED)
    return replace(paid, status=Status.FUNDED if paid.balance == paid.due else Status.OVERPAID)


def next_deadline(payment: Payment) -> int | None:
    """When a Tick will expire the payment (ms), or None."""
    return payment.pay_by if payment.status in (Status.REQUESTED, Status.SUBMITTED) else None


def diagram() -> str:
    """The machine as Mermaid source."""
    return draw(TRANSITIONS, Status.REQUESTED)
