"""What a sale brings the seller: the direct commission that a merchant's plan gives on an offer, at its price for the seller's rank."""

from collections.abc import Mapping
from typing import Protocol

from node.model.catalog import OfferRecord, PlanRecord
from node.model.earning import NOTHING, Earning, PlanRates
from protocol.money import BASIS_POINTS
from protocol.offer import price_at

from .catalog import CatalogUnit
from .ranks import rank_of
from .team import TeamUnit


class EarningUnit(CatalogUnit, TeamUnit, Protocol):
    """What this service needs of a transaction."""


class Rates:
    """The plans of all merchants, and our rank at each, for one transaction. Who doesn't sell for them earns nothing."""

    def __init__(self, unit: EarningUnit) -> None:
        self._unit = unit
        self._ranks = {row.merchant: rank_of(unit, row.merchant, row.member) for row in unit.team.memberships() if row.status == "accepted"}
        sells = unit.me.role == "seller"
        self._plans: Mapping[bytes, PlanRecord] = {record.hash: record for record in unit.catalog.plans()} if sells else {}
        self._rates: dict[bytes, PlanRates] = {}

    def price(self, merchant: bytes, record: OfferRecord) -> int:
        """What one piece costs at our rank, in minor units."""
        return price_at(record.offer, self._unit.now, self._ranks.get(merchant, 0)).price.minor

    def of(self, merchant: bytes, record: OfferRecord) -> Earning:
        """What one piece brings. Nothing where the offer names no plan, or one that isn't here."""
        known = self._plans.get(record.offer.plan or b"")
        if known is None or known.plan.merchant != merchant:
            return NOTHING
        rates = self._rates.get(known.hash)
        if rates is None:
            rates = self._rates[known.hash] = PlanRates(known.plan)
        offer, price = record.offer, self.price(merchant, record)
        return rates.earned(price, sku=offer.sku, product=offer.product, category=record.product.category)

    def floor(self, least: int) -> int:
        """No price below this brings so much, at the highest rate there is."""
        plans = (record.plan for record in self._plans.values())
        highest = max((rate for plan in plans for rate in (plan.direct_bps, *(other.direct_bps for other in plan.overrides))), default=0)
        return -(-least * BASIS_POINTS // highest) if highest else 0
