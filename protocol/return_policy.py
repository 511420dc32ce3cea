"""Return policies: until when a customer may send goods back, at whose cost, and what is kept of the price.

It decides what a policy may say. A commission plan's return window is another thing: it says since when a commission is payable.
"""

from dataclasses import dataclass
from enum import StrEnum

from .codec import key
from .errors import Malformed
from .money import BASIS_POINTS

LONGEST_DAYS = 3_660


class ReturnCost(StrEnum):
    """Who pays for sending goods back."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """`days` from the delivery on, 0 = no returns beyond the law. `fee_bps` of the price are kept; `conditions` is plain text."""

    OPEN_ENDED = True
    name: str = key(0, longest=64)
    days: int = key(2, high=LONGEST_DAYS)
    cost: ReturnCost = key(4)
    fee_bps: int = key(6, high=BASIS_POINTS)
    conditions: str = key(8, longest=5_000)

    def __post_init__(self) -> None:
        if not self.name:
            raise Malformed("a return policy has a name")
