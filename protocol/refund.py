"""A refund: granted by the merchant, sent, settled or failed. Only a settled one moves a payment's balance (payment.RefundSettled).

Theory of operation. A refund names its amount once and never changes it; a failed one is over, and a new one is granted in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .machine import draw, is_replay, targets


class Status(StrEnum):
    """Where a refund stands."""

    GRANTED = "GRANTED"
    SUBMITTED = "SUBMITTED"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Submitted:
    """The merchant sent the money."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Settled:
    """It reached the payer."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Failed:
    """It came back."""

    seq: int
    at: int


Event = Submitted | Settled | Failed


@dataclass(frozen=True, slots=True)
class MoveBalance:
    """Apply payment.RefundSettled of `amount` minor units."""

    amount: int


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of `amount` minor units."""

    amount: int
    status: Status = Status.GRANTED
    seq: int = 0


# The whole machine. docs/protocol/diagrams/refund.mmd is drawn from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], tuple[Status, ...]]] = MappingProxyType(
    {
        Status.GRANTED: {Submitted: (Status.SUBMITTED,)},
        Status.SUBMITTED: {Settled: (Status.SETTLED,), Failed: (Status.FAILED,)},
        Status.SETTLED: {},
        Status.FAILED: {},
    }
)


def apply(refund: Refund, event: Event) -> tuple[Refund, tuple[MoveBalance, ...]]:
    """The refund after `event`. Raises OutOfOrder at a gap, IllegalTransition for what is not in the table."""
    if is_replay(refund.seq, event.seq):
        return refund, ()
    moved = replace(refund, status=targets(TRANSITIONS, refund.status, event)[0], seq=event.seq)
    match event:
        case Settled():
            return moved, (MoveBalance(refund.amount),)
        case Submitted() | Failed():
            return moved, ()
        case _:
            assert_never(event)


def diagram() -> str:
    """The machine as Mermaid source."""
    return draw(TRANSITIONS, Status.GRANTED)
