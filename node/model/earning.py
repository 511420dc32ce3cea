"""What a sale brings: the direct rate of a plan, found at once where many sales are reckoned."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.money import BASIS_POINTS
from protocol.plan import Plan, Scope


@dataclass(frozen=True, slots=True)
class Earning:
    """The seller's share of one piece, in minor units of the offer's currency, and its rate in basis points."""

    minor: int
    bps: int


NOTHING = Earning(0, 0)


class PlanRates:
    """The direct rates of one plan. Which of them holds is as `protocol.plan.direct_rate` says."""

    def __init__(self, plan: Plan) -> None:
        self._direct = plan.direct_bps
        self._others: Mapping[Scope, dict[str, int]] = {scope: {} for scope in Scope}
        for override in plan.overrides:
            self._others[override.scope].setdefault(override.name, override.direct_bps)

    def earned(self, price: int, *, sku: str, product: bytes, category: str) -> Earning:
        """What one piece at this price brings; `category` is empty for a product without one."""
        bps = self._others[Scope.SKU].get(sku)
        if bps is None:
            bps = self._others[Scope.PRODUCT].get(product.hex())
        if bps is None and category:
            bps = self._others[Scope.CATEGORY].get(category)
        if bps is None:
            bps = self._direct
        return Earning(price * bps // BASIS_POINTS, bps)
