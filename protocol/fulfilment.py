"""One parcel, from the shelf to the customer's hands. It decides where the units are; it knows no carrier and no address.

Theory of operation. A parcel is sent or picked up, never both. PACKED and READY are the merchant's steps. A failed delivery is sent
again or returns to the merchant, and its units may then go into another parcel. A carrier that says nothing is no obstacle:
DELIVERED falls back to shipped + SILENT_MS. Digital delivery is not part of this version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .machine import draw, illegal, is_replay, targets

SILENT_MS = 30 * 86_400_000


class Status(StrEnum):
    """Where a parcel is."""

    PENDING = "PENDING"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    RETURNED = "RETURNED"
    READY = "READY"
    HANDED_OVER = "HANDED_OVER"


DONE = frozenset({Status.DELIVERED, Status.HANDED_OVER})


@dataclass(frozen=True, slots=True)
class Packed:
    """The units are in a box."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """The carrier has it, for the first time or again."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class InTransit:
    """The carrier moved it."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """It could not be delivered."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Returned:
    """The merchant has it back."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Ready:
    """It lies ready for pickup."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The customer took it."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The node's clock."""

    now: int


Logged = Packed | Shipped | InTransit | Delivered | DeliveryFailed | Returned | Ready | HandedOver
Event = Logged | Tick


@dataclass(frozen=True, slots=True)
class ReportArrived:
    """`units` reached the customer at `at` (ms): tell the order machine when they were the last."""

    units: int
    at: int


@dataclass(frozen=True, slots=True)
class Restock:
    """`units` are back on the shelf."""

    units: int


Effect = ReportArrived | Restock
Result = tuple["Parcel", tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel of `units` pieces; times in ms, 0 = not yet."""

    number: int
    units: int
    pickup: bool = False
    status: Status = Status.PENDING
    seq: int = 0
    shipped_at: int = 0
    arrived_at: int = 0


_S = Status

# The whole machine. docs/protocol/diagrams/fulfilment.mmd is drawn from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], tuple[Status, ...]]] = MappingProxyType(
    {
        _S.PENDING: {Packed: (_S.PACKED,), Ready: (_S.READY,), Tick: (_S.PENDING,)},
        _S.PACKED: {Shipped: (_S.SHIPPED,), Tick: (_S.PACKED,)},
        _S.SHIPPED: {
            InTransit: (_S.IN_TRANSIT,),
            Delivered: (_S.DELIVERED,),
            DeliveryFailed: (_S.DELIVERY_FAILED,),
            Tick: (_S.SHIPPED, _S.DELIVERED),
        },
        _S.IN_TRANSIT: {
            InTransit: (_S.IN_TRANSIT,),
            Delivered: (_S.DELIVERED,),
            DeliveryFailed: (_S.DELIVERY_FAILED,),
            Tick: (_S.IN_TRANSIT, _S.DELIVERED),
        },
        _S.DELIVERY_FAILED: {Shipped: (_S.SHIPPED,), Returned: (_S.RETURNED,), Tick: (_S.DELIVERY_FAILED,)},
        _S.READY: {HandedOver: (_S.HANDED_OVER,), Returned: (_S.RETURNED,), Tick: (_S.READY,)},
        _S.DELIVERED: {Tick: (_S.DELIVERED,)},
        _S.HANDED_OVER: {Tick: (_S.HANDED_OVER,)},
        _S.RETURNED: {Tick: (_S.RETURNED,)},
    }
)


def apply(parcel: Parcel, event: Event) -> Result:
    """The parcel after `event`. Raises OutOfOrder at a gap, IllegalTransition for what is not in the table or of the other kind."""
    if isinstance(event, Tick):
        deadline = next_deadline(parcel)
        return (parcel, ()) if deadline is None or event.now < deadline else _arrived(replace(parcel, status=Status.DELIVERED), deadline)
    if is_replay(parcel.seq, event.seq):
        return parcel, ()
    status = targets(TRANSITIONS, parcel.status, event)[0]
    if parcel.status is Status.PENDING and parcel.pickup is not isinstance(event, Ready):
        raise illegal(parcel.status, event)
    moved = replace(parcel, status=status, seq=event.seq)
    match event:
        case Shipped(at=at):
            return replace(moved, shipped_at=at), ()
        case Delivered(at=at) | HandedOver(at=at):
            return _arrived(moved, at)
        case Returned():
            return moved, (Restock(parcel.units),)
        case Packed() | InTransit() | DeliveryFailed() | Ready():
            return moved, ()
        case _:
            assert_never(event)


def _arrived(parcel: Parcel, at: int) -> Result:
    return replace(parcel, arrived_at=at), (ReportArrived(parcel.units, at),)


def next_deadline(parcel: Parcel) -> int | None:
    """When silence counts as delivery (ms), or None."""
    return parcel.shipped_at + SILENT_MS if parcel.status in (Status.SHIPPED, Status.IN_TRANSIT) else None


def diagram() -> str:
    """The machine as Mermaid source."""
    return draw(TRANSITIONS, Status.PENDING)
