"""What an order's sale pays to whom. It decides amounts and reasons; an entry's life is ledger.py's, the chain's form settlement.py's.

Arithmetic (docs/protocol/14-commission.md). For one level let w(i) = base(i) x bps(i) over the order's lines. The level's GMS amount is
floor(sum of w x gms_rate / 10,000), divided over the lines by w, largest remainder first, ties to the earlier line. So anyone recomputes
it: base x bps x gms_rate / 10,000. The minor amount, floor(sum of w / 10,000) divided the same way, is for reading; GMS is what is owed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .codec import LATEST_MS, key, to_bytes
from .errors import Conflict
from .ids import commitment, digest
from .kinds import Kind, Topic
from .money import BASIS_POINTS, split
from .plan import Plan, direct_rate, plan_hash

MOST_GMS = 2**128 - 1
FACT_TYPE = "commission.fact"
CHANGE_TYPE = "commission.change"


@dataclass(frozen=True, slots=True)
class BaseLine:
    """One order line as the plan sees it; `base` in minor units."""

    line: int
    sku: str
    product: bytes
    base: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upline:
    """A member above the seller, nearest first. None in its place is a missing one."""

    member: bytes
    rank: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of an amount, enough to recompute it: minor amount and GMS follow from base, rate and plan."""

    base: int = key(0)
    bps: int = key(2, high=BASIS_POINTS)
    plan: bytes = key(4, size=32)
    level: int = key(6, high=255)
    gms_rate: int = key(8, high=MOST_GMS)
    rule: str = key(10, longest=32)  # sku, product, category, default for the seller; level for an upline


@dataclass(frozen=True, slots=True)
class Accrual:
    """One payee's amount for one line. `minor` in the order's currency, `gms` in base units."""

    line: int
    payee: bytes
    level: int
    minor: int
    gms: int
    why: Why


@dataclass(frozen=True, slots=True)
class Skipped:
    """A level that pays nobody, and why: `no-upline`, `rank`, `inactive`. Its share stays where the plan says."""

    level: int
    reason: str
    gms: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """All of an order's accruals, and what was left over."""

    accruals: tuple[Accrual, ...]
    skipped: tuple[Skipped, ...]

    @property
    def gms(self) -> int:
        """What the reserve must cover, in base units."""
        return sum(accrual.gms for accrual in self.accruals)


def allocate(plan: Plan, lines: Sequence[BaseLine], seller: bytes, uplines: Sequence[Upline | None]) -> Allocation:
    """Who gets what for these lines: the seller at level 0, uplines from level 1, nearest first. No compression: a gap is not filled."""
    name = plan_hash(plan)
    rates = [direct_rate(plan, sku=line.sku, product=line.product, categories=line.categories) for line in lines]
    accruals = _level(plan, name, lines, 0, seller, rates)
    skipped: list[Skipped] = []
    for number, level in enumerate(plan.levels, start=1):
        upline = uplines[number - 1] if number <= len(uplines) else None
        reason = _unqualified(upline, level.min_rank, needs_activity=level.active)
        parts = _level(plan, name, lines, number, upline.member if upline else b"", [(level.bps, "level")] * len(lines))
        if reason:
            skipped.append(Skipped(number, reason, sum(part.gms for part in parts)))
        else:
            accruals += parts
    return Allocation(tuple(accruals), tuple(skipped))


def _unqualified(upline: Upline | None, min_rank: int, *, needs_activity: bool) -> str:
    if upline is None:
        return "no-upline"
    if upline.rank < min_rank:
        return "rank"
    return "inactive" if needs_activity and not upline.active else ""


def _level(plan: Plan, name: bytes, lines: Sequence[BaseLine], level: int, payee: bytes, rates: Sequence[tuple[int, str]]) -> list[Accrual]:
    weights = [line.base * bps for line, (bps, _) in zip(lines, rates, strict=True)]
    if not sum(weights):
        return []
    gms = split(sum(weights) * plan.gms_rate // BASIS_POINTS, weights)
    minor = split(sum(weights) // BASIS_POINTS, weights)
    return [
        Accrual(line.line, payee, level, minor[i], gms[i], Why(line.base, rates[i][0], name, level, plan.gms_rate, rates[i][1]))
        for i, line in enumerate(lines)
        if weights[i]
    ]


@dataclass(frozen=True, slots=True)
class AccrualFact:
    """What is owed to one payee for one order, provable without anyone's order: signed by the merchant, forwarded by the seller.

    `amount` in GMS base units; `base` in minor units and `bps` (0 = the lines' rates differ) with `gms_rate` give its reason. `order` is a
    salted commitment. Payable at the later of delivered + return window and delivered + hold. `chain_signature`
    is by `issuer`, the merchant's chain key, over the EIP-712 twin (settlement.AccrualFact), whose
    returnWindow is the longer of the two times.
    """

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    payee: bytes = key(4, size=20)
    amount: int = key(6, high=MOST_GMS)
    base: int = key(8)
    bps: int = key(10, high=BASIS_POINTS)
    gms_rate: int = key(12, high=MOST_GMS)
    currency: str = key(14, longest=3)
    plan: bytes = key(16, size=32)
    order: bytes = key(18, size=32)
    level: int = key(20, high=255)
    return_window_ms: int = key(22)
    hold_ms: int = key(24)
    accrued_at: int = key(26, high=LATEST_MS)
    issuer: bytes = key(28, size=20)
    chain_signature: bytes = key(30, size=65)


def check_fact(fact: AccrualFact, plan: Plan) -> None:
    """The payee, on receiving a fact under `plan`. Whose order it was, and its lines, it cannot know; level and amount it can reckon.

    Raises Conflict `wrong-plan`, `bad-fact`.
    """
    terms = (plan_hash(plan), plan.merchant, plan.currency, plan.gms_rate, plan.return_window_ms, plan.hold_ms)
    if (fact.plan, fact.merchant, fact.currency, fact.gms_rate, fact.return_window_ms, fact.hold_ms) != terms:
        raise Conflict("the fact does not follow the plan it names", code="wrong-plan")
    if fact.level > len(plan.levels) or (fact.level and fact.bps != plan.levels[fact.level - 1].bps):
        raise Conflict(f"the plan pays something else at level {fact.level}", code="bad-fact")
    if fact.bps and fact.amount != fact.base * fact.bps * fact.gms_rate // BASIS_POINTS:
        raise Conflict("the fact's amount is not base x bps x rate", code="bad-fact")
    if fact.amount > fact.base * plan.cap_bps * fact.gms_rate // BASIS_POINTS:
        raise Conflict("the fact's amount is above the plan's cap", code="bad-fact")


class Change(StrEnum):
    """What happened to a fact since: each is an event of the ledger machine."""

    HELD = "held"
    RELEASED = "released"
    REDUCED = "reduced"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class FactChange:
    """The merchant tells the payee: held until `at`, payable at `at`, reduced by `gms` (`minor`), or void. `fact` is its hash."""

    fact: bytes = key(0, size=32)
    seq: int = key(2, low=1)
    change: Change = key(4)
    at: int = key(6, high=LATEST_MS)
    gms: int = key(8, high=MOST_GMS)
    minor: int = key(10)


@dataclass(frozen=True, slots=True)
class Due:
    """One payee's part of an order over all its lines: what its fact states."""

    level: int
    base: int
    bps: int
    minor: int
    gms: int


def due_by_payee(accruals: Sequence[Accrual]) -> dict[bytes, Due]:
    """For each payee what its accrual fact states. A payee stands at one level of an order."""
    found: dict[bytes, Due] = {}
    for part in accruals:
        due = found.get(part.payee, Due(part.level, 0, part.why.bps, 0, 0))
        bps = due.bps if due.bps == part.why.bps else 0
        found[part.payee] = Due(part.level, due.base + part.why.base, bps, due.minor + part.minor, due.gms + part.gms)
    return found


def order_commitment(order: bytes, salt: bytes) -> bytes:
    """What a fact shows of its order: nothing, without the 32-byte salt."""
    return commitment("accrual-order", salt, order)


def fact_hash(fact: AccrualFact) -> bytes:
    """32 bytes that name a fact; OrderAccepted lists them."""
    return digest(FACT_TYPE, to_bytes(fact))


KINDS = (
    Kind(FACT_TYPE, Topic.COMMISSION, AccrualFact, signed=True),
    Kind(CHANGE_TYPE, Topic.COMMISSION, FactChange, signed=True),
)
