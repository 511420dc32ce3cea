"""Money: integers of minor units with an ISO 4217 code, GMS in base units (18 decimals). It decides rounding; it formats nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .codec import key
from .errors import LocalError, Malformed

GMS_UNIT = 10**18
BASIS_POINTS = 10_000

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Decimals of the minor unit (ISO 4217). Raises Malformed `currency` when the code is not three capitals."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise Malformed(f"{currency!r} is not an ISO 4217 code such as USD", code="currency")
    for decimals, codes in ((0, _NO_DECIMALS), (3, _THREE_DECIMALS), (4, _FOUR_DECIMALS)):
        if currency in codes.split():
            return decimals
    return 2


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units of `currency`; may be negative in adjustments."""

    minor: int = key(0, low=-(2**63), high=2**63 - 1)
    currency: str = key(2, longest=3)

    def __post_init__(self) -> None:
        exponent(self.currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise LocalError(f"{self.currency} and {other.currency} cannot be added", code="currency")
        return Money(self.minor + other.minor, self.currency)

    def times(self, quantity: int) -> "Money":
        """`quantity` of this amount."""
        return Money(self.minor * quantity, self.currency)


def share(amount: int, bps: int) -> int:
    """`bps` basis points of `amount`, rounded down: what is left over stays where the plan says."""
    return amount * bps // BASIS_POINTS


def split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount` (≥ 0) by `weights`, largest remainder first; the parts sum to `amount`, ties go to the earlier part."""
    total = sum(weights)
    if amount < 0 or total <= 0 or min(weights) < 0:
        raise LocalError("a split needs a non-negative amount and weights with a positive sum", code="bad-split")
    parts = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in remainders[: amount - sum(parts)]:
        parts[index] += 1
    return tuple(parts)
