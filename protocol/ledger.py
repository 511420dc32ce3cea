"""The life of one commission ledger entry. It decides when an amount is payable and what a refund does to it; it computes no rate.

Theory of operation. An accrual is written with ACCEPTED, held from delivery, released when the order completes, and payable at the time
that release states: the same on both sides, whenever their clocks tick. Before it is in a batch a refund reduces or voids it; afterwards
it stands, and the refund posts an adjustment: a negative entry that is payable at once. Entries are never removed and never changed in
their key: (order, line, payee, level, plan, cause).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .codec import key, to_bytes
from .commission import Accrual, AccrualFact, Change, FactChange, Why, fact_hash
from .errors import Conflict
from .ids import digest
from .machine import draw, illegal, is_replay, targets


class Status(StrEnum):
    """Where an entry stands."""

    ACCRUED = "ACCRUED"
    HELD = "HELD"
    PAYABLE = "PAYABLE"
    BATCHED = "BATCHED"
    PAID = "PAID"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True)
class Held:
    """Delivered; held until `until` (ms)."""

    seq: int
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class Released:
    """The order completed; payable at `payable_at` (ms), not before the hold ends."""

    seq: int
    at: int
    payable_at: int


@dataclass(frozen=True, slots=True)
class Batched:
    """In the statement of `epoch`."""

    seq: int
    at: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Paid:
    """Claimed on the chain, finally."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Reduced:
    """A refund takes `gms` base units (`minor` minor units) of it back."""

    seq: int
    at: int
    gms: int
    minor: int


@dataclass(frozen=True, slots=True)
class Voided:
    """The order was cancelled."""

    seq: int
    at: int
    code: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The node's clock."""

    now: int


Logged = Held | Released | Batched | Paid | Reduced | Voided
Event = Logged | Tick


@dataclass(frozen=True, slots=True)
class PostAdjustment:
    """Write `adjustment(entry, …)`: the amount was already in a batch."""

    gms: int
    minor: int


Result = tuple["Entry", tuple[PostAdjustment, ...]]


@dataclass(frozen=True, slots=True)
class EntryKey:
    """What makes an entry unique. `cause` is the id of the record it follows from."""

    order: bytes = key(0, size=32)
    line: int = key(2)
    payee: bytes = key(4, size=32)
    level: int = key(6, high=255)
    plan: bytes = key(8, size=32)
    cause: bytes = key(10, size=32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `gms` in base units and `minor` in minor units, negative in an adjustment; times in ms, 0 = not yet.

    `taken_back` is what adjustments took after the batch, `changes` counts the merchant's words on a payee's entry.
    """

    key: EntryKey
    why: Why
    minor: int
    gms: int
    status: Status = Status.ACCRUED
    seq: int = 0
    hold_until: int = 0
    payable_at: int = 0
    epoch: int = 0
    taken_back: int = 0
    changes: int = 0

    @property
    def id(self) -> bytes:
        """32 bytes: the hash of the key."""
        return entry_id(self.key)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member's live entries come to: `payable` so far, and `outstanding`, which counts the accrued and held ones too."""

    payable: int
    outstanding: int


_S = Status

# The whole machine. docs/protocol/diagrams/ledger.mmd is drawn from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], tuple[Status, ...]]] = MappingProxyType(
    {
        _S.ACCRUED: {Held: (_S.HELD,), Reduced: (_S.ACCRUED,), Voided: (_S.VOIDED,), Tick: (_S.ACCRUED,)},
        _S.HELD: {Released: (_S.HELD,), Reduced: (_S.HELD,), Voided: (_S.VOIDED,), Tick: (_S.HELD, _S.PAYABLE)},
        _S.PAYABLE: {Batched: (_S.BATCHED,), Reduced: (_S.PAYABLE,), Voided: (_S.VOIDED,), Tick: (_S.PAYABLE,)},
        _S.BATCHED: {Paid: (_S.PAID,), Reduced: (_S.BATCHED,), Tick: (_S.BATCHED,)},
        _S.PAID: {Reduced: (_S.PAID,), Tick: (_S.PAID,)},
        _S.VOIDED: {Tick: (_S.VOIDED,)},
    }
)


def entry_id(name: EntryKey) -> bytes:
    """32 bytes that name an entry."""
    return digest("commission.entry", to_bytes(name))


def accrue(order: bytes, cause: bytes, accruals: Sequence[Accrual]) -> tuple[Entry, ...]:
    """The entries an acceptance writes; `cause` is the order's id."""
    return tuple(
        Entry(EntryKey(order, part.line, part.payee, part.level, part.why.plan, cause), part.why, part.minor, part.gms) for part in accruals
    )


def entry_of_fact(fact: AccrualFact) -> Entry:
    """The one entry a payee keeps for a fact: its key has the order's commitment for the order and the fact's hash for the cause."""
    name = EntryKey(fact.order, 0, fact.member, fact.level, fact.plan, fact_hash(fact))
    why = Why(fact.base, fact.bps, fact.plan, fact.level, fact.gms_rate, "fact")
    return Entry(name, why, fact.amount // fact.gms_rate if fact.gms_rate else 0, fact.amount)


def apply_change(entry: Entry, change: FactChange) -> Result:
    """The payee's entry after the merchant's word about its fact; changes have a count of their own.

    A replayed change changes nothing. Raises OutOfOrder at a gap, IllegalTransition, Conflict `wrong-fact`.
    """
    if change.fact != entry.key.cause:
        raise Conflict("the change names another fact", code="wrong-fact")
    if is_replay(entry.changes, change.seq):
        return entry, ()
    after, effects = apply(entry, _event_of(change, entry.seq + 1))
    return replace(after, changes=change.seq), effects


def _event_of(change: FactChange, seq: int) -> Logged:
    match change.change:
        case Change.HELD:
            return Held(seq, change.at, change.at)
        case Change.RELEASED:
            return Released(seq, change.at, change.at)
        case Change.REDUCED:
            return Reduced(seq, change.at, change.gms, change.minor)
        case Change.VOIDED:
            return Voided(seq, change.at, "voided")
        case _:
            assert_never(change.change)


def adjustment(entry: Entry, effect: PostAdjustment, *, cause: bytes, at: int) -> Entry:
    """The negative entry that nets a refund after the batch; `cause` is the id of the refund's record."""
    name = replace(entry.key, cause=cause)
    return Entry(name, entry.why, -effect.minor, -effect.gms, Status.PAYABLE, hold_until=at, payable_at=at)


def apply(entry: Entry, event: Event) -> Result:
    """The entry after `event`. Raises OutOfOrder at a gap, IllegalTransition for what is not in the table or more than is there."""
    if isinstance(event, Tick):
        deadline = next_deadline(entry)
        return (entry, ()) if deadline is None or event.now < deadline else (replace(entry, status=Status.PAYABLE), ())
    if is_replay(entry.seq, event.seq):
        return entry, ()
    moved = replace(entry, status=targets(TRANSITIONS, entry.status, event)[0], seq=event.seq)
    match event:
        case Held(until=until):
            return replace(moved, hold_until=until), ()
        case Released() if entry.payable_at:
            raise illegal(entry.status, event)
        case Released(payable_at=payable_at):
            return replace(moved, payable_at=max(payable_at, entry.hold_until)), ()
        case Batched(epoch=epoch):
            return replace(moved, epoch=epoch), ()
        case Reduced(gms=gms, minor=minor):
            return _reduced(entry, moved, event, PostAdjustment(gms, minor))
        case Voided() if entry.gms < 0:
            raise illegal(entry.status, event)
        case Paid() | Voided():
            return moved, ()
        case _:
            assert_never(event)


def _reduced(entry: Entry, moved: Entry, event: Event, by: PostAdjustment) -> Result:
    if not 0 < by.gms <= entry.gms - entry.taken_back or by.minor < 0:
        raise illegal(entry.status, event)
    if entry.status in (Status.BATCHED, Status.PAID):
        return replace(moved, taken_back=entry.taken_back + by.gms), (by,)
    return replace(moved, gms=entry.gms - by.gms, minor=entry.minor - by.minor), ()


def next_deadline(entry: Entry) -> int | None:
    """When a Tick makes the entry payable (ms), or None."""
    return entry.payable_at if entry.status is Status.HELD and entry.payable_at else None


def is_payable(entry: Entry, at: int) -> bool:
    """Whether the entry counts as payable in a statement whose period ends at `at` (ms)."""
    return entry.status is not Status.VOIDED and 0 < entry.payable_at <= at


def recompute(entries: Sequence[Entry], at: int) -> Balance:
    """What one member's own entries come to at `at` (ms). Void entries count nowhere."""
    live = [entry for entry in entries if entry.status is not Status.VOIDED]
    payable = sum(entry.gms for entry in live if is_payable(entry, at))
    return Balance(payable, sum(entry.gms for entry in live))


def diagram() -> str:
    """The machine as Mermaid source."""
    return draw(TRANSITIONS, Status.ACCRUED)
