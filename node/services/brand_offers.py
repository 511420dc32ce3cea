"""A merchant's offers of a brand's products: signed under the brand's bounds, signed anew when the brand changes a product, and held
against brand, bounds and plan by whoever is about to sell (protocol/brand_plan.py decides).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.brand import BrandPlanRecord
from node.model.catalog import FeedRow, PlanRecord, ProductRecord
from node.model.catalog_search import Asked, Order
from node.model.terms import words
from protocol.brand_plan import check_offer, check_within
from protocol.codec import from_bytes
from protocol.errors import Conflict
from protocol.identity import Role
from protocol.money import Money
from protocol.offer import BrandTerms, Offer, Stock
from protocol.operations import Noun, put, remove
from protocol.plan import Plan
from protocol.product import Product, product_id

from .brand_plans import BrandsUnit, brand_name, current_bounds
from .catalog import publish
from .catalog_whole import is_whole, require_whole
from .search_book import BookUnit

MOST_ROWS = 200
MOST_WORDS = 12
_KEY_28 = b"\x18\x1c"  # of a brand in an offer: what lacks it need not be read
_SEEN = "brand-offers/seen"  # setting: feed of a brand → the size our offers were last held against


@dataclass(frozen=True, slots=True)
class SkuPrice:
    """What one SKU shall cost, in minor units."""

    sku: str
    price: int


@dataclass(frozen=True, slots=True)
class BrandOfferView:
    """An offer of a brand's product. `refusal` says why it can't be sold now, `code` is its term; both empty while it can."""

    sku: str
    title: str
    product: str
    brand: str
    brand_name: str
    merchant: str
    price: int
    currency: str
    stock: str
    bounds: str
    code: str
    refusal: str


@dataclass(frozen=True, slots=True)
class BrandProductView:
    """A brand's product as a merchant may offer it. Prices in minor units of `currency`; `withdrawn` is the brand's reason."""

    product: str
    brand: str
    brand_name: str
    title: str
    skus: tuple[str, ...]
    suggested: int | None
    currency: str
    bounds: tuple[str, ...]
    offered: bool
    withdrawn: str


class BrandProductsUnit(BrandsUnit, BookUnit, Protocol):
    """What the list of brands' products needs of a transaction."""


# --- the merchant


def offer_product(
    unit: BrandsUnit, product: bytes, prices: list[SkuPrice], bounds: str = "", stock: str = "in_stock", *, only: bool = False
) -> list[BrandOfferView]:
    """Sign offers of a brand's product: which SKUs, at what price, under which of the brand's plans (empty: the first that holds).
    `only`: its other SKUs are offered no more.
    """
    record, owner = _brands_product(unit, product)
    raw = unit.catalog.record(record.feed, (Noun.PRODUCT, record.product.handle))
    if raw is None or product_id(raw) != product:
        raise ConflictError("The brand has changed that product. Look at it again, and offer it as it is now.", code="changed-product")
    if not prices:
        raise UserError("Say what at least one of its SKUs shall cost.", code="bad-request")
    currency = unit.me.currency
    plan = _own_plan(unit, currency)
    offers = []
    for item in prices:
        if item.price <= 0:
            raise UserError(f"{item.sku}: a price is above zero.", code="bad-price")
        draft = Offer(item.sku, product, Money(item.price, currency), _stock(stock), "standard", plan=plan.hash)
        offers.append(_under_bounds(unit, draft, record, raw, owner.identity, plan, bounds))
    stay = {offer.sku for offer in offers}
    others = {offer.sku for row, offer in _own(unit) if only and row.currency == currency and offer.product == product} - stay
    publish(unit, currency, [*map(put, offers), *(remove(Noun.OFFER, sku) for sku in sorted(others))])
    unit.brands.keep_goods(product, record.feed, record.product.handle)
    return [_view(unit, unit.me.identity, offer) for offer in offers]


def stop_offering(unit: BrandsUnit, product: bytes) -> int:
    """Take back our offers of a brand's product; how many there were."""
    _brands_product(unit, product)
    found = [offer for _, offer in _own(unit) if offer.product == product]
    for currency in sorted({offer.price.currency for offer in found}):
        publish(unit, currency, [remove(Noun.OFFER, offer.sku) for offer in found if offer.price.currency == currency])
    return len(found)


def list_brand_products(unit: BrandProductsUnit, search: str = "", limit: int = MOST_ROWS) -> list[BrandProductView]:
    """The products of our brands, by title; of many, what these words find."""
    brands = {row.feed: row for row in _brand_feeds(unit)}
    asked = Asked(tuple(words(search)[:MOST_WORDS]), tuple(brands), offered=False, home=True)
    if not brands or (search.strip() and not asked.words):
        return []
    found = unit.catalog_search.find(asked, Order.BEST, None, min(max(limit, 1), MOST_ROWS)).listings
    return [_shown(unit, brands[item.feed].identity, item.product, from_bytes(Product, item.goods)) for item in found]


def get_brand_product(unit: BrandsUnit, product: bytes) -> BrandProductView:
    """One product of a brand of ours."""
    record, owner = _brands_product(unit, product)
    return _shown(unit, owner.identity, record.id, record.product)


def list_brand_offers(unit: BrandsUnit) -> list[BrandOfferView]:
    """Offers of brands' products, ours or our merchants', each with why it can't be sold now."""
    return [_view(unit, row.identity, offer) for row, offer in _brand_offers(unit, unit.catalog.feeds())]


def check_plan_of_offers(unit: BrandsUnit, currency: str, plan: Plan) -> None:
    """A plan that is about to be signed keeps the bounds of each brand's product offered in its currency. Raises Conflict."""
    for row, offer in _own(unit):
        known = unit.brands.plan(offer.brand.plan) if row.currency == currency and offer.brand else None
        if known is not None:
            check_within(plan, known.bounds, sku=offer.sku, product=offer.product, categories=_categories(unit, offer))


def tick(unit: BrandsUnit) -> None:
    """Once a brand's feed has changed: sign our offers of its products anew, as sold out where it doesn't let them be sold any more."""
    if unit.me.role != "merchant" or not is_whole(unit):
        return
    seen, brands = unit.settings.get(_SEEN, {}), _brand_feeds(unit)
    now = {row.feed.hex(): row.size for row in brands}
    if now == seen or any(unit.catalog.held(row.feed).size < row.size for row in brands):  # what is not here yet isn't gone
        return
    unit.settings.set(_SEEN, now)
    changed: dict[str, list[Offer]] = {}
    for row, offer in _own(unit):
        renewed = _renewed(unit, offer)
        if renewed is not None:
            changed.setdefault(row.currency, []).append(renewed)
    for currency, offers in changed.items():
        publish(unit, currency, [put(offer) for offer in offers])


def _renewed(unit: BrandsUnit, offer: Offer) -> Offer | None:
    """The offer as it has to be signed now; None where it stands."""
    refused = refusal(unit, offer)
    if refused is None:
        return None
    assert offer.brand is not None
    raw = unit.catalog.record(offer.brand.feed, (Noun.PRODUCT, offer.brand.handle))
    fresh = offer if raw is None else replace(offer, product=product_id(raw))
    if refusal(unit, fresh) is None:
        unit.brands.keep_goods(fresh.product, offer.brand.feed, offer.brand.handle)
        return fresh
    out = replace(fresh, stock=Stock.OUT, count=None)
    return out if out != offer else None


# --- whoever is about to sell


def refusal(unit: BrandsUnit, offer: Offer) -> Conflict | None:
    """Why an offer can't be sold now, as far as product, bounds and plan are known here; None where it can."""
    if offer.brand is None:
        return _own_refusal(unit, offer)
    row = unit.catalog.feed(offer.brand.feed)
    raw = unit.catalog.record(offer.brand.feed, (Noun.PRODUCT, offer.brand.handle)) if row is not None else None
    if row is None or raw is None:
        return Conflict(f"{offer.sku}: its brand's feed doesn't have it, or hasn't arrived yet", code="unknown-product")
    bounds = unit.brands.plan(offer.brand.plan)
    plan = unit.catalog.plan(offer.plan) if offer.plan is not None else None
    if bounds is None or plan is None:
        return Conflict(f"{offer.sku}: its commission plan or the brand's bounds haven't arrived yet", code="unknown-plan")
    try:
        check_offer(offer, raw, from_bytes(Product, raw), bounds.bounds, plan.plan, brand=row.identity, now=unit.now)
    except Conflict as refused:
        return refused
    return None


def _own_refusal(unit: BrandsUnit, offer: Offer) -> Conflict | None:
    """A merchant's own goods: it has withdrawn them, or says that they are not sold at this time."""
    record = unit.catalog.product(offer.product)
    if record is None or record.product.sellable_at(unit.now):
        return None
    if record.product.withdrawal is not None and record.product.withdrawn_at(unit.now):
        return Conflict(f"{offer.sku}: it was withdrawn: {record.product.withdrawal.reason}", code="withdrawn")
    return Conflict(f"{offer.sku}: it is not sold at this time", code="not-sellable")


def require_sellable(unit: BrandsUnit, merchant: bytes, skus: Iterable[str]) -> None:
    """Raises the Conflict of the first SKU that a merchant may not sell now: `withdrawn`, `outside-bounds`, …"""
    if merchant == unit.me.identity:
        require_whole(unit)
    feeds = [row for row in unit.catalog.feeds() if row.identity == merchant]
    for sku in skus:
        found = (unit.catalog.offer(row.feed, sku) for row in feeds)
        offer = next((item.offer for item in found if item is not None and item.offer.valid_at(unit.now)), None)
        refused = refusal(unit, offer) if offer is not None else None
        if refused is not None:
            raise refused


# --- inside


def _brand_feeds(unit: BrandsUnit) -> list[FeedRow]:
    brands = {peer.identity for peer in unit.peers.all() if peer.role is Role.BRAND}
    return [row for row in unit.catalog.feeds(own=False) if row.identity in brands]


def _brands_product(unit: BrandsUnit, product: bytes) -> tuple[ProductRecord, FeedRow]:
    if unit.me.role != "merchant":
        raise UserError("Only a merchant's node offers products.", code="not-a-merchant")
    record = unit.catalog.product(product)
    owner = next((row for row in _brand_feeds(unit) if record is not None and row.feed == record.feed), None)
    if record is None or owner is None:
        raise NotFound("None of your brands has such a product. It may have been changed: look for its title.")
    return record, owner


def _own(unit: BrandsUnit) -> Iterator[tuple[FeedRow, Offer]]:
    """Our offers of brands' products."""
    require_whole(unit)
    return _brand_offers(unit, unit.catalog.feeds(own=True))


def _brand_offers(unit: BrandsUnit, rows: Iterable[FeedRow]) -> Iterator[tuple[FeedRow, Offer]]:
    for row in rows:
        for name in unit.catalog.branded(row.feed):
            raw = unit.catalog.record(row.feed, (Noun.OFFER, name))
            offer = from_bytes(Offer, raw) if raw is not None and _KEY_28 in raw else None
            if offer is not None and offer.brand is not None:
                yield row, offer


def _own_plan(unit: BrandsUnit, currency: str) -> PlanRecord:
    found = next((record for record in unit.catalog.plans(unit.me.identity) if record.plan.currency == currency), None)
    if found is None:
        raise ConflictError(f"Sign a commission plan for {currency} first: an offer of a brand's product names it.", code="no-plan")
    return found


def _allowed(unit: BrandsUnit, brand: bytes, product: Product) -> list[BrandPlanRecord]:
    known = unit.brands.plans(brand) if product.plans is not None else current_bounds(unit, brand)
    return [record for record in known if product.plans is None or record.hash in product.plans]


def _under_bounds(unit: BrandsUnit, draft: Offer, record: ProductRecord, raw: bytes, brand: bytes, plan: PlanRecord, name: str) -> Offer:
    """The offer under the first of the brand's plans that lets it be. Raises the last refusal."""
    allowed = [item for item in _allowed(unit, brand, record.product) if name in ("", item.bounds.name)]
    if not allowed:
        raise ConflictError("The brand has signed no bounds for this product yet. Ask it to, and offer it then.", code="no-bounds")
    refused: Conflict | None = None
    for item in allowed:
        offer = replace(draft, brand=BrandTerms(record.feed, record.product.handle, item.hash))
        try:
            check_offer(offer, raw, record.product, item.bounds, plan.plan, brand=brand, now=unit.now)
        except Conflict as error:
            refused = error
        else:
            return offer
    assert refused is not None
    raise refused


def _categories(unit: BrandsUnit, offer: Offer) -> tuple[str, ...]:
    record = unit.catalog.product(offer.product)
    return (record.product.category,) if record is not None and record.product.category else ()


def _stock(text: str) -> Stock:
    try:
        return Stock(text)
    except ValueError as error:
        raise UserError(f"Stock is one of {', '.join(Stock)}.", code="bad-stock") from error


def _shown(unit: BrandsUnit, owner: bytes, id_: bytes, product: Product) -> BrandProductView:
    currency = unit.me.currency
    suggested = next((amount.minor for amount in product.suggested or () if amount.currency == currency), None)
    names = tuple(plan.bounds.name for plan in _allowed(unit, owner, product))
    withdrawn = product.withdrawal.reason if product.withdrawal is not None and product.withdrawn_at(unit.now) else ""
    skus = tuple(variant.sku for variant in product.variants)
    own = {row.feed for row in unit.catalog.feeds(own=True)}
    offered = any(item.feed in own and item.offer.product == id_ for item in unit.catalog.offers_of(id_))
    shown = (id_.hex(), owner.hex(), brand_name(unit, owner), product.title, skus, suggested, currency, names)
    return BrandProductView(*shown, offered, withdrawn)


def _view(unit: BrandsUnit, merchant: bytes, offer: Offer) -> BrandOfferView:
    assert offer.brand is not None
    refused = refusal(unit, offer)
    row = unit.catalog.feed(offer.brand.feed)
    raw = unit.catalog.record(offer.brand.feed, (Noun.PRODUCT, offer.brand.handle)) if row else None
    title = from_bytes(Product, raw).title if raw is not None else offer.brand.handle
    bounds = unit.brands.plan(offer.brand.plan)
    brand = row.identity if row else b""
    shown = (offer.sku, title, offer.product.hex(), brand.hex(), brand_name(unit, brand) if brand else "", merchant.hex())
    price = (offer.price.minor, offer.price.currency, offer.stock.value, bounds.bounds.name if bounds else "")
    return BrandOfferView(*shown, *price, refused.code if refused else "", f"{refused}" if refused else "")
