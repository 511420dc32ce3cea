"""A shop's own terms: tax by class, the flat price of sending what has no profile, how long a quote holds, and the words of its terms."""

from dataclasses import dataclass

from node.errors import UserError

from .catalog import CatalogUnit
from .pricing import NO_TAX, SHIPPING, TAXES, rates_of
from .quotes import MINUTE_MS, QUOTE_MS

HIGHEST_BPS, MOST_CLASSES, LONGEST_NAME = 10_000, 16, 64
LONGEST_TERMS, MOST_MINUTES = 20_000, 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class TaxClass:
    """A tax class that offers name, and its rate in basis points."""

    name: str
    bps: int


@dataclass(frozen=True, slots=True)
class ShopTermsView:
    """What quotes are reckoned by. `shipping` is in minor units of the order's currency."""

    taxes: tuple[TaxClass, ...]
    shipping: int
    quote_minutes: int
    terms: str


def get_terms(unit: CatalogUnit) -> ShopTermsView:
    """The shop's terms. Raises UserError `not-a-merchant`."""
    _require_shop(unit)
    return ShopTermsView(
        tuple(TaxClass(name, rate) for name, rate in rates_of(unit).items()),
        int(unit.settings.get(SHIPPING, 0)),
        int(unit.settings.get("orders/quote_ms", QUOTE_MS)) // MINUTE_MS,
        str(unit.settings.get("orders/terms", "")),
    )


def set_terms(unit: CatalogUnit, taxes: list[TaxClass], shipping: int = 0, quote_minutes: int = 15, terms: str = "") -> ShopTermsView:
    """Set them; quotes already given keep theirs. Raises UserError `not-a-merchant`, `bad-tax`, `bad-amount`, `bad-time`, `too-long`."""
    _require_shop(unit)
    names = [item.name.strip() for item in taxes]
    if len(set(names)) != len(names) or len(names) > MOST_CLASSES or not all(0 < len(name) <= LONGEST_NAME for name in names):
        raise UserError(f"Each tax class has a name of its own, 1 to {LONGEST_NAME} letters; at most {MOST_CLASSES}.", code="bad-tax")
    if any(not 0 <= item.bps <= HIGHEST_BPS for item in taxes) or any(
        item.bps for item, name in zip(taxes, names, strict=True) if name == NO_TAX
    ):
        raise UserError(f"A tax rate is 0 to 100 %, and that of “{NO_TAX}” is 0.", code="bad-tax")
    if not 0 <= shipping < 10**12:
        raise UserError("Sending costs nothing or more, in minor units.", code="bad-amount")
    if not 1 <= quote_minutes <= MOST_MINUTES:
        raise UserError("A quote holds from one minute to seven days.", code="bad-time")
    if len(terms) > LONGEST_TERMS:
        raise UserError(f"The terms are longer than {LONGEST_TERMS} characters.", code="too-long")
    unit.settings.set(TAXES, {name: item.bps for item, name in zip(taxes, names, strict=True)})
    unit.settings.set(SHIPPING, shipping)
    unit.settings.set("orders/quote_ms", quote_minutes * MINUTE_MS)
    unit.settings.set("orders/terms", terms)
    unit.touched("changes")
    return get_terms(unit)


def _require_shop(unit: CatalogUnit) -> None:
    if unit.me.role != "merchant":
        raise UserError("Only a merchant sets the terms of a shop.", code="not-a-merchant")
