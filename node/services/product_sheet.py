"""One product in full, as whoever sells it looks at it: its texts in a language, what each SKU costs them now and why, who else sells it.

A brand's product may be sold by several merchants under one id; the sheet is of one of them, and names the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.errors import NotFound
from node.model.catalog import FeedRow, OfferRecord, ProductRecord
from protocol.codec import from_bytes
from protocol.money import Money
from protocol.offer import Promotion, RankPrice, Stock, price_at
from protocol.operations import Noun
from protocol.product import Product, Size, Translation, Variant, product_id
from protocol.return_policy import ReturnPolicy
from protocol.shipping import ShippingProfile

from .brand_offers import refusal
from .browse import merchant_name, unknown_product
from .catalog_search import SearchUnit
from .earning import Rates
from .picture_views import PictureView, picture_views
from .ranks import own_rank

_NONE = "und"  # of texts whose writer names no language


@dataclass(frozen=True, slots=True)
class SheetVariant:
    """A SKU. Amounts in minor units. `price` is what one piece costs you now, and `rule` why (list, rank, promotion: then `promotion` is
    its name and `until` its end in ms); `listed` is the list price; all None where the SKU isn't offered. `least` and `most` bound the
    quantity, `count` is how many there are where they are counted; `available_from` is when goods are there (ms), 0 = now, until
    `available_to`; it is on sale in [`valid_from`, `valid_to`). `shipping` and `returns` name profile and policy, `brand_plan` the brand's
    bounds. `refusal` says why it can't be sold now, whatever its stock. What it leaves out of weight, size, suggested prices, volume and
    maker's number is as the product says.
    """

    sku: str
    title: str
    values: tuple[str, ...]
    gtin: str
    mpn: str
    weight: int | None
    size: tuple[int, ...]
    suggested: tuple[Money, ...]
    volume: tuple[Money, ...]
    ingredients: str
    price: int | None = None
    listed: int | None = None
    compare_at: int | None = None
    currency: str = ""
    rule: str = ""
    promotion: str = ""
    until: int | None = None
    ranks: tuple[RankPrice, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    stock: str = "out"
    count: int | None = None
    plan: str = ""
    brand_plan: str = ""
    earns: int = 0
    earns_bps: int = 0
    least: int = 1
    most: int | None = None
    valid_from: int = 0
    valid_to: int | None = None
    available_from: int = 0
    available_to: int | None = None
    tax_class: str = ""
    shipping: str = ""
    returns: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ReturnsView:
    """How goods come back: within `days` of delivery (0 = no returns beyond the law), at whose cost, less `fee_bps` of the price."""

    name: str
    days: int
    cost: str
    fee_bps: int
    conditions: str


@dataclass(frozen=True, slots=True)
class ShopView:
    """Another merchant that sells this product: its lowest price for you, in minor units."""

    merchant: str
    merchant_name: str
    price: int
    currency: str
    stock: str


@dataclass(frozen=True, slots=True)
class ProductSheet:
    """A product with all that is said of it. `language` is that of its texts, `languages` all there are; `weight` in grams, `size` its
    three sides in millimetres; `plans` are the names of the only brand plans under which it may be offered, in [`valid_from`, `valid_to`);
    `shipping` are the profiles that its offers name, `flat` whether some go at the shop's flat price; `withdrawn` is why nobody may sell
    it, since `withdrawn_at` (ms), empty where they may. `as_of` is when its merchant last said so (ms).
    """

    id: str
    feed: str
    merchant: str
    merchant_name: str
    handle: str
    title: str
    description: str
    vendor: str
    category: str
    tags: tuple[str, ...]
    options: tuple[str, ...]
    images: tuple[str, ...]
    variants: tuple[SheetVariant, ...]
    as_of: int
    pictures: tuple[PictureView, ...]
    language: str
    languages: tuple[str, ...]
    care: str
    ingredients: str
    warnings: tuple[str, ...]
    origin: str
    mpn: str
    weight: int | None
    size: tuple[int, ...]
    google_category: int | None
    plans: tuple[str, ...]
    valid_from: int | None
    valid_to: int | None
    withdrawn: str
    withdrawn_at: int
    shipping: tuple[ShippingProfile, ...]
    flat: bool
    returns: tuple[ReturnsView, ...]
    shops: tuple[ShopView, ...]


def get_product(unit: SearchUnit, product: bytes, merchant: bytes | None = None, language: str = "") -> ProductSheet:
    """One product in full: as `merchant` sells it (None: whoever has it cheapest), its texts in `language` where it has them."""
    record = unit.catalog.product(product)
    row = unit.catalog.feed(record.feed) if record is not None else None
    if record is None or row is None:
        raise NotFound(unknown_product(unit))
    rates, sold = Rates(unit), _sold(unit, record)
    feed = _chosen(unit, rates, sold, merchant) or row
    return _sheet(unit, rates, record, feed, sold, language)


def _sold(unit: SearchUnit, record: ProductRecord) -> dict[bytes, dict[str, OfferRecord]]:
    """Its offers by feed and SKU: those of merchants that sell a brand's product, and of feeds that hold the same record themselves, as
    several do that took it from one supplier's file.
    """
    found: dict[bytes, dict[str, OfferRecord]] = {}
    held: dict[bytes, bool] = {record.feed: True}
    for item in unit.catalog.offers_of(record.id):
        if item.feed not in held:
            raw = unit.catalog.record(item.feed, (Noun.PRODUCT, record.product.handle))
            held[item.feed] = raw is not None and product_id(raw) == record.id
        if held[item.feed] or item.offer.brand is not None:
            found.setdefault(item.feed, {})[item.offer.sku] = item
    return found


def _chosen(unit: SearchUnit, rates: Rates, sold: dict[bytes, dict[str, OfferRecord]], merchant: bytes | None) -> FeedRow | None:
    rows = [row for feed in sold if (row := unit.catalog.feed(feed)) is not None]
    wanted = [row for row in rows if row.identity == merchant] or rows
    return min(wanted, key=lambda row: _cheapest(rates, row, sold[row.feed]), default=None)


def _cheapest(rates: Rates, row: FeedRow, offers: dict[str, OfferRecord]) -> tuple[bool, int, bytes]:
    """What is there stands before what is sold out."""
    return min((item.offer.stock is Stock.OUT, rates.price(row.identity, item), row.feed) for item in offers.values())


def _sheet(
    unit: SearchUnit, rates: Rates, record: ProductRecord, row: FeedRow, sold: dict[bytes, dict[str, OfferRecord]], language: str
) -> ProductSheet:
    product, said = record.product, _said(record.product, language)
    offers = sold.get(row.feed, {})
    recall = product.withdrawal if product.withdrawn_at(unit.now) else None
    return ProductSheet(
        id=record.id.hex(),
        feed=row.feed.hex(),
        merchant=row.identity.hex(),
        merchant_name=merchant_name(unit, row.identity),
        handle=product.handle,
        title=said.title or product.title,
        description=said.description or product.description,
        vendor=product.vendor,
        category=product.category,
        tags=product.tags,
        options=product.options,
        images=tuple(image.url for image in product.images if image.url),
        variants=tuple(_variant(unit, rates, row, product, variant, offers.get(variant.sku)) for variant in product.variants),
        as_of=row.synced_at,
        pictures=picture_views(product),
        language=said.language if said.language != _NONE else "",
        languages=tuple(tag for tag in (product.language, *(item.language for item in product.translations or ())) if tag),
        care=said.care or product.care or "",
        ingredients=said.ingredients or product.ingredients or "",
        warnings=said.warnings or product.warnings or (),
        origin=product.origin or "",
        mpn=product.mpn or "",
        weight=product.weight,
        size=_sides(product.size),
        google_category=product.google_category,
        plans=tuple(_bounds(unit, plan) for plan in product.plans or ()),
        valid_from=product.valid_from,
        valid_to=product.valid_to,
        withdrawn=recall.reason if recall else "",
        withdrawn_at=recall.at if recall else 0,
        shipping=_shipping(unit, row, list(offers.values())),
        flat=any(not item.offer.shipping_profile for item in offers.values()),
        returns=_returns(unit, row, list(offers.values())),
        shops=_others(unit, rates, sold, row),
    )


def _said(product: Product, language: str) -> Translation:
    """The texts in a language: that very one, else another of the same (de for de-CH), else none but the product's own."""
    known = {item.language: item for item in product.translations or ()}
    own = Translation(product.language) if product.language else None
    if own is not None:
        known[own.language] = own
    wanted = language.partition("-")[0]
    near = next((item for tag, item in known.items() if wanted and tag.partition("-")[0] == wanted), None)
    return known.get(language) or near or own or Translation(_NONE)


def _variant(unit: SearchUnit, rates: Rates, row: FeedRow, product: Product, variant: Variant, record: OfferRecord | None) -> SheetVariant:
    about = SheetVariant(
        sku=variant.sku,
        title=variant.title,
        values=variant.values,
        gtin=variant.gtin or "",
        mpn=variant.mpn or product.mpn or "",
        weight=variant.weight or product.weight,
        size=_sides(variant.size or product.size),
        suggested=variant.suggested or product.suggested or (),
        volume=variant.volume or product.volume or (),
        ingredients=variant.ingredients or "",
        currency=row.currency,
    )
    return about if record is None else _offered(unit, rates, row, about, record)


def _offered(unit: SearchUnit, rates: Rates, row: FeedRow, about: SheetVariant, record: OfferRecord) -> SheetVariant:
    offer, refused = record.offer, refusal(unit, record.offer)
    now, earning = price_at(offer, unit.now, own_rank(unit, row.identity)), rates.of(row.identity, record)
    return replace(
        about,
        price=now.price.minor,
        listed=offer.price.minor,
        compare_at=offer.compare_at.minor if offer.compare_at else None,
        currency=offer.price.currency,
        rule=now.rule.value,
        promotion=now.name,
        until=now.until,
        ranks=offer.ranks or (),
        promotions=offer.promotions or (),
        stock=offer.stock.value,
        count=offer.count,
        plan=offer.plan.hex() if offer.plan else "",
        brand_plan=_bounds(unit, offer.brand.plan) if offer.brand else "",
        earns=earning.minor,
        earns_bps=earning.bps,
        least=offer.least or 1,
        most=offer.most,
        valid_from=offer.valid_from,
        valid_to=offer.valid_to,
        available_from=offer.available_from if offer.available_from is not None and offer.available_from > unit.now else 0,
        available_to=offer.available_to,
        tax_class=offer.tax_class,
        shipping=offer.shipping_profile,
        returns=offer.returns or "",
        refusal=f"{refused}" if refused else "",
    )


def _sides(size: Size | None) -> tuple[int, ...]:
    return (size.length, size.width, size.height) if size else ()


def _bounds(unit: SearchUnit, plan: bytes) -> str:
    """A brand's bounds by name; those that are not here by the beginning of their hash."""
    known = unit.brands.plan(plan)
    return known.bounds.name if known else plan.hex()[:12]


def _shipping(unit: SearchUnit, row: FeedRow, offers: Sequence[OfferRecord]) -> tuple[ShippingProfile, ...]:
    names = dict.fromkeys(item.offer.shipping_profile for item in offers if item.offer.shipping_profile)
    records = [unit.catalog.record(row.feed, (Noun.SHIPPING, name)) for name in names]
    return tuple(from_bytes(ShippingProfile, raw) for raw in records if raw is not None)


def _returns(unit: SearchUnit, row: FeedRow, offers: Sequence[OfferRecord]) -> tuple[ReturnsView, ...]:
    names = dict.fromkeys(item.offer.returns for item in offers if item.offer.returns)
    records = [unit.catalog.record(row.feed, (Noun.RETURNS, name)) for name in names]
    found = [from_bytes(ReturnPolicy, raw) for raw in records if raw is not None]
    return tuple(ReturnsView(item.name, item.days, item.cost.value, item.fee_bps, item.conditions) for item in found)


def _others(unit: SearchUnit, rates: Rates, sold: dict[bytes, dict[str, OfferRecord]], chosen: FeedRow) -> tuple[ShopView, ...]:
    found = []
    for feed, offers in sold.items():
        row = unit.catalog.feed(feed)
        if row is not None and feed != chosen.feed:
            best = min(offers.values(), key=lambda item: (item.offer.stock is Stock.OUT, rates.price(row.identity, item)))
            price = rates.price(row.identity, best)
            found.append(ShopView(row.identity.hex(), merchant_name(unit, row.identity), price, row.currency, best.offer.stock.value))
    return tuple(sorted(found, key=lambda view: (view.currency, view.price, view.merchant_name)))
