"""A brand's plan: the bounds within which merchants may pay on its products. Signed and versioned; an offer names it beside its own.

It decides when a merchant's plan, and an offer under it, keeps the bounds. It pays nobody, and the order freezes the merchant's plan alone
(docs/protocol/19-brand.md).
"""

from dataclasses import dataclass

from .codec import key, to_bytes
from .errors import Conflict, Unauthorized
from .ids import digest
from .kinds import Kind, Topic
from .money import BASIS_POINTS
from .offer import Offer
from .operations import Noun
from .plan import LONGEST_HOLD_MS, MOST_LEVELS, Plan, direct_rate, plan_hash
from .product import Product, product_id

TYPE = "brand.plan"


@dataclass(frozen=True, slots=True)
class BrandPlan:
    """Bounds. The seller's rate lies in [`direct_least`, `direct_most`], all rates together come to `total_most` at most.

    At most `levels_most` levels are paid, and goods may come back for `window_least` at least. `name` tells a brand's plans apart; a later
    version of a name takes the place of the earlier for offers to come.
    """

    brand: bytes = key(0, size=32)
    name: str = key(2, longest=64)
    version: int = key(4, low=1)
    direct_least: int = key(6, high=BASIS_POINTS)
    direct_most: int = key(8, high=BASIS_POINTS)
    levels_most: int = key(10, high=MOST_LEVELS)
    total_most: int = key(12, high=BASIS_POINTS)
    window_least: int = key(14, high=LONGEST_HOLD_MS)


def brand_plan_hash(bounds: BrandPlan) -> bytes:
    """32 bytes that name it."""
    return digest(TYPE, to_bytes(bounds))


def check_bounds(bounds: BrandPlan) -> None:
    """Refuse bounds that no plan can keep. Raises Conflict `bad-bounds`."""
    if not bounds.name.strip():
        raise Conflict("a brand's plan has a name", code="bad-bounds")
    if not bounds.direct_least <= bounds.direct_most <= bounds.total_most:
        raise Conflict("the least rate is above the most, or the most above what all may come to", code="bad-bounds")


def check_noun(noun: Noun) -> None:
    """A brand's feed holds products only. Raises Unauthorized `products-only`."""
    if noun is not Noun.PRODUCT:
        raise Unauthorized(f"a brand's feed holds products, and no {noun}", code="products-only")


def check_within(plan: Plan, bounds: BrandPlan, *, sku: str, product: bytes, categories: tuple[str, ...] = ()) -> None:
    """Hold a merchant's plan, for one SKU, against a brand's bounds. Raises Conflict `outside-bounds`."""
    direct, _ = direct_rate(plan, sku=sku, product=product, categories=categories)
    total = direct + sum(level.bps for level in plan.levels)
    refusals = (
        (
            direct < bounds.direct_least,
            f"the seller earns {_percent(direct)}, and the brand asks for {_percent(bounds.direct_least)} at least",
        ),
        (direct > bounds.direct_most, f"the seller earns {_percent(direct)}, and the brand allows {_percent(bounds.direct_most)}"),
        (len(plan.levels) > bounds.levels_most, f"{len(plan.levels)} levels are paid, and the brand allows {bounds.levels_most}"),
        (total > bounds.total_most, f"all rates come to {_percent(total)}, and the brand allows {_percent(bounds.total_most)}"),
        (plan.return_window_ms < bounds.window_least, "goods may come back for a shorter time than the brand asks for"),
    )
    for refused, reason in refusals:
        if refused:
            raise Conflict(f"{sku}: {reason}", code="outside-bounds")


def _percent(bps: int) -> str:
    return f"{bps / 100:g} %"


def check_offer(offer: Offer, record: bytes, product: Product, bounds: BrandPlan, plan: Plan, *, brand: bytes, now: int) -> None:
    """An offer of a brand's product, whoever holds it: `record` is what the brand's feed has under the handle now, read as `product`.

    Raises Conflict `withdrawn`, `not-sellable`, `unknown-sku`, `changed-product`, `wrong-brand-plan`, `wrong-plan`, `outside-bounds`.
    """
    assert offer.brand is not None
    if product.withdrawn_at(now):
        assert product.withdrawal is not None
        raise Conflict(f"{offer.sku}: its brand has withdrawn it: {product.withdrawal.reason}", code="withdrawn")
    if not product.sellable_at(now):
        raise Conflict(f"{offer.sku}: its brand does not let it be sold now", code="not-sellable")
    if product.variant(offer.sku) is None:
        raise Conflict(f"{offer.sku} is no SKU of {product.title}", code="unknown-sku")
    if offer.product != product_id(record):
        raise Conflict(f"{offer.sku}: its brand has changed the product since it was offered", code="changed-product")
    named = brand_plan_hash(bounds)
    if offer.brand.plan != named or bounds.brand != brand or (product.plans is not None and named not in product.plans):
        raise Conflict(f"{offer.sku}: the brand does not let it be sold under that plan", code="wrong-brand-plan")
    if offer.plan != plan_hash(plan):
        raise Conflict(f"{offer.sku}: the offer names another commission plan", code="wrong-plan")
    check_within(plan, bounds, sku=offer.sku, product=offer.product, categories=tuple(filter(None, (product.category,))))


KINDS = (Kind(TYPE, Topic.CATALOG, BrandPlan, signed=True),)
