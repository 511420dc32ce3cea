"""A merchant's commission plan: signed, immutable, versioned; an order freezes its hash.

It decides which rates a line has and which plans are refused. It pays nobody (commission.py).
Rates are basis points of a line's base: price minus discounts, without tax, shipping and fees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .codec import key, to_bytes
from .errors import Conflict
from .ids import digest
from .kinds import Kind, Topic
from .money import BASIS_POINTS, exponent

TYPE = "plan"
MOST_LEVELS = 7
LEAST_RETAIL_BPS = 6_667  # two thirds of the rewards, rounded up
LONGEST_HOLD_MS = 366 * 86_400_000


class Scope(StrEnum):
    """What an override names; the narrower one wins."""

    SKU = "sku"
    PRODUCT = "product"
    CATEGORY = "category"


class Leftover(StrEnum):
    """Where the share of a missing or unqualified upline goes."""

    MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class Level:
    """One level above the seller. `active` asks for a sale of the payee's own in the period."""

    bps: int = key(0, high=BASIS_POINTS)
    min_rank: int = key(2, high=255)
    active: bool = key(4)


@dataclass(frozen=True, slots=True)
class Override:
    """Another direct rate for a SKU, a product (hex of its hash) or a category."""

    scope: Scope = key(0)
    name: str = key(2, longest=200)
    direct_bps: int = key(4, high=BASIS_POINTS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merchant pays, until when it may be returned, and since when it is payable.

    `gms_rate` is GMS base units per minor unit of `currency`. `enrolment_bonus` and `purchase_to_qualify` (minor units) are stated so that
    a plan can be refused for them; `retail_bps` is the least share of rewards paid on verified retail sales.
    """

    merchant: bytes = key(0, size=32)
    version: int = key(2, low=1)
    currency: str = key(4, longest=3)
    direct_bps: int = key(6, high=BASIS_POINTS)
    levels: tuple[Level, ...] = key(8, most=64)
    overrides: tuple[Override, ...] = key(10, most=1_000)
    cap_bps: int = key(12, high=BASIS_POINTS)
    leftover: Leftover = key(14)
    return_window_ms: int = key(16, high=LONGEST_HOLD_MS)
    hold_ms: int = key(18, high=LONGEST_HOLD_MS)
    gms_rate: int = key(20, high=2**128 - 1)
    enrolment_bonus: int = key(22)
    purchase_to_qualify: int = key(24)
    retail_bps: int = key(26, high=BASIS_POINTS)


def plan_hash(plan: Plan) -> bytes:
    """32 bytes that name the plan; orders, facts and ledger entries carry it."""
    return digest(TYPE, to_bytes(plan))


def direct_rate(plan: Plan, *, sku: str, product: bytes, categories: Sequence[str] = ()) -> tuple[int, str]:
    """The seller's basis points for a line and the rule that gave them: `sku`, `product`, `category` or `default`."""
    names = ((Scope.SKU, {sku}), (Scope.PRODUCT, {product.hex()}), (Scope.CATEGORY, set(categories)))
    for scope, wanted in names:
        for override in plan.overrides:
            if override.scope is scope and override.name in wanted:
                return override.direct_bps, scope.value
    return plan.direct_bps, "default"


def check_plan(plan: Plan) -> None:
    """Refuse a plan nobody may sell under. Raises Malformed `currency`, Conflict `plan-…` (docs/protocol/13-plan.md)."""
    exponent(plan.currency)
    levels = sum(level.bps for level in plan.levels)
    highest = max([plan.direct_bps, *(override.direct_bps for override in plan.overrides)]) + levels
    named = [(override.scope, override.name) for override in plan.overrides]
    refusals = (
        (len(plan.levels) > MOST_LEVELS, "plan-levels", f"it has more than {MOST_LEVELS} levels"),
        (highest > plan.cap_bps, "plan-cap", f"it pays up to {highest} bps where its cap is {plan.cap_bps}"),
        (plan.enrolment_bonus > 0, "plan-enrolment", "it pays for enrolling people"),
        (plan.purchase_to_qualify > 0, "plan-purchase", "it demands purchases to qualify"),
        (plan.retail_bps < LEAST_RETAIL_BPS, "plan-retail", "it pays fewer than two thirds of its rewards on retail sales"),
        (plan.gms_rate == 0, "plan-rate", "its rate is zero"),
        (len(set(named)) != len(named), "plan-overrides", "it overrides one rate twice"),
    )
    for refused, code, reason in refusals:
        if refused:
            raise Conflict(f"the plan is refused: {reason}", code=code)


KINDS = (Kind(TYPE, Topic.CATALOG, Plan, signed=True),)
