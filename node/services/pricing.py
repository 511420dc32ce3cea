"""What an order costs: the price that holds for a rank at a time, delivery by the profiles of the goods, tax by their class.

Prices and delivery are in the merchant's feed, so both sides reckon them alike; tax rates are the merchant's own.
"""

from collections.abc import Iterable, Mapping, Sequence

from node.model.catalog import FeedRow, OfferRecord, PlanRecord
from protocol import order_records as rec
from protocol.codec import from_bytes
from protocol.errors import Conflict
from protocol.money import Money
from protocol.offer import Stock, price_at
from protocol.operations import Noun
from protocol.order_checks import Priced
from protocol.shipping import ShippingProfile, cost_of

from .catalog import CatalogUnit
from .catalog_whole import require_whole

TAXES, SHIPPING = "orders/taxes", "orders/shipping_minor"
STANDARD, NO_TAX = "standard", "none"
_WHOLE = 10_000


def prices(unit: CatalogUnit, merchant: bytes, skus: Iterable[str], *, rank: int, at: int) -> dict[str, Priced]:
    """What the merchant's feeds say of SKUs for a seller of `rank` at `at` (ms), as far as they are known here; the first feed counts."""
    feeds = [row for row in unit.catalog.feeds() if row.identity == merchant]
    if any(row.own for row in feeds):
        require_whole(unit)
    newest: dict[str, bytes] = {}
    for record in unit.catalog.plans(merchant):
        newest.setdefault(record.plan.currency, record.hash)
    found: dict[str, Priced] = {}
    for sku in skus:
        records = (unit.catalog.offer(row.feed, sku) for row in feeds)
        held = next((item for item in records if item is not None and item.offer.valid_at(at)), None)
        if held is not None:
            found[sku] = _priced(held, rank, at, newest.get(held.offer.price.currency, b""))
    return found


def _priced(held: OfferRecord, rank: int, at: int, newest: bytes) -> Priced:
    """`newest`: the plan of an offer that names none."""
    offer, price = held.offer, price_at(held.offer, at, rank).price
    variant = held.product.variant(offer.sku)
    weight = (variant.weight if variant is not None else None) or held.product.weight or 0
    left = 0 if not offer.orderable_at(at) or offer.stock is Stock.OUT else offer.count
    return Priced(
        offer.product,
        price.minor,
        price.currency,
        left,
        offer.least or 1,
        offer.most,
        weight,
        offer.shipping_profile,
        offer.tax_class,
        offer.plan or newest,
    )


def plan_of(unit: CatalogUnit, merchant: bytes, currency: str, known: Priced) -> PlanRecord | None:
    """The commission plan that an offer is under, as far as it is here and the merchant's for that currency."""
    found = unit.catalog.plan(known.plan)
    return found if found and (found.plan.merchant, found.plan.currency) == (merchant, currency) else None


def delivery(unit: CatalogUnit, feed: FeedRow, request: rec.QuoteRequest, lines: Sequence[rec.Line], known: Mapping[str, Priced]) -> int:
    """Minor units to bring the goods there: each profile's goods go together, goods without one at the shop's flat price.

    Raises Conflict `no-pickup`, `no-shipping`, `too-heavy`, `too-dear`, `unknown-profile`.
    """
    groups: dict[str, list[rec.Line]] = {}
    for line in lines:
        groups.setdefault(known[line.sku].profile, []).append(line)
    return sum(_sent(unit, feed, request, name, group, known) for name, group in groups.items())


def _sent(
    unit: CatalogUnit, feed: FeedRow, request: rec.QuoteRequest, name: str, lines: Sequence[rec.Line], known: Mapping[str, Priced]
) -> int:
    if not name:
        return 0 if request.pickup or not feed.own else int(unit.settings.get(SHIPPING, 0))
    raw = unit.catalog.record(feed.feed, (Noun.SHIPPING, name))
    if raw is None:
        raise Conflict(f"{lines[0].sku}: how it is sent is not in the catalog: sync", code="unknown-profile")
    profile = from_bytes(ShippingProfile, raw)
    if request.pickup:
        if not (profile.pickup or profile.digital):
            raise Conflict(f"{lines[0].sku} cannot be fetched, only sent", code="no-pickup")
        return 0
    weight = sum(known[line.sku].weight * line.quantity for line in lines)
    price = Money(sum(line.total for line in lines), feed.currency)
    return cost_of(profile, request.country, request.postcode, weight=weight, price=price).minor


def is_flat(lines: Sequence[rec.Line], known: Mapping[str, Priced]) -> bool:
    """Whether some goods go at the merchant's flat price, which its feed does not say."""
    return any(not known[line.sku].profile for line in lines)


def tax(unit: CatalogUnit, lines: Sequence[rec.Line], known: Mapping[str, Priced]) -> int:
    """Minor units of tax on the goods, each class rounded to the nearest by itself. Goods without a class, or of one that has no rate any
    more, are standard.
    """
    rates, sums = rates_of(unit), dict[str, int]()
    for line in lines:
        named = known[line.sku].tax_class
        name = named if named in rates else STANDARD
        sums[name] = sums.get(name, 0) + line.total
    return sum((base * rates[name] + _WHOLE // 2) // _WHOLE for name, base in sums.items())


def rates_of(unit: CatalogUnit) -> dict[str, int]:
    """Basis points by tax class, as the merchant set them; standard and none are always there."""
    return {STANDARD: 0, NO_TAX: 0} | {str(name): int(bps) for name, bps in unit.settings.get(TAXES, {}).items()}
