"""What a sale brings the seller: the direct commission that a merchant's plan gives on an offer, at its price for the seller's rank."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from node.model.catalog import OfferRecord
from protocol.money import BASIS_POINTS
from protocol.offer import price_at
from protocol.plan import Plan, direct_rate

from .catalog import CatalogUnit
from .ranks import rank_of
from .team import TeamUnit


class EarningUnit(CatalogUnit, TeamUnit, Protocol):
    """What this service needs of a transaction."""


@dataclass(frozen=True, slots=True)
class Earning:
    """The seller's share of one piece, in minor units of the offer's currency, and its rate in basis points."""

    minor: int
    bps: int


NOTHING = Earning(0, 0)


class Rates:
    """The plans of all merchants, and our rank at each, for one transaction. Who doesn't sell for them earns nothing."""

    def __init__(self, unit: EarningUnit) -> None:
        self._unit = unit
        self._ranks = {row.merchant: rank_of(unit, row.merchant, row.member) for row in unit.team.memberships() if row.status == "accepted"}
        sells = unit.me.role == "seller"
        self._plans: Mapping[bytes, Plan] = {record.hash: record.plan for record in unit.catalog.plans()} if sells else {}

    def price(self, merchant: bytes, record: OfferRecord) -> int:
        """What one piece costs at our rank, in minor units."""
        return price_at(record.offer, self._unit.now, self._ranks.get(merchant, 0)).price.minor

    def of(self, merchant: bytes, record: OfferRecord) -> Earning:
        """What one piece brings. Nothing where the offer names no plan, or one that isn't here."""
        plan = self._plans.get(record.offer.plan or b"")
        if plan is None or plan.merchant != merchant:
            return NOTHING
        product = record.product
        categories = (product.category,) if product.category else ()
        bps, _ = direct_rate(plan, sku=record.offer.sku, product=record.offer.product, categories=categories)
        return Earning(self.price(merchant, record) * bps // BASIS_POINTS, bps)

    def highest(self, merchant: bytes, currency: str) -> int:
        """The highest rate in basis points that any plan of a merchant gives in a currency."""
        found = [plan for plan in self._plans.values() if (plan.merchant, plan.currency) == (merchant, currency)]
        return max((rate for plan in found for rate in (plan.direct_bps, *(other.direct_bps for other in plan.overrides))), default=0)
