"""One product in full, as whoever sells it looks at it: its texts in a language, what each SKU costs them now and why, who else sells it.

A brand's product may be sold by several merchants under one id; the sheet is of one of them, and names the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from node.errors import NotFound
from node.model.catalog import FeedRow, OfferRecord, ProductRecord
from protocol.codec import from_bytes
from protocol.offer import Stock, price_at
from protocol.operations import Noun
from protocol.product import Product, Translation, Variant
from protocol.return_policy import ReturnPolicy

from .brand_offers import refusal
from .browse import merchant_name
from .catalog_search import SearchUnit
from .earning import Rates
from .picture_views import PictureView, picture_views
from .ranks import own_rank


@dataclass(frozen=True, slots=True)
class SheetVariant:
    """A SKU. Amounts in minor units. `price` is what one piece costs you now, and `rule` why (list, rank, promotion: then `promotion` is
    its name and `until` its end in ms); `listed` is the list price; all None where the SKU isn't offered. `least` and `most` bound the
    quantity; `available_from` is when goods are there (ms), 0 = now. `refusal` says why it can't be sold now, whatever its stock.
    """

    sku: str
    title: str
    values: tuple[str, ...]
    gtin: str
    mpn: str
    weight: int | None
    price: int | None
    listed: int | None
    compare_at: int | None
    currency: str
    rule: str
    promotion: str
    until: int | None
    stock: str
    plan: str
    earns: int
    earns_bps: int
    least: int
    most: int | None
    available_from: int
    refusal: str


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
    three sides in millimetres; `withdrawn` is why nobody may sell it, since `withdrawn_at` (ms), empty where they may. `as_of` is when its
    merchant last said so (ms).
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
    withdrawn: str
    withdrawn_at: int
    returns: tuple[ReturnsView, ...]
    shops: tuple[ShopView, ...]


def get_product(unit: SearchUnit, product: bytes, merchant: bytes | None = None, language: str = "") -> ProductSheet:
    """One product in full: as `merchant` sells it (None: whoever has it cheapest), its texts in `language` where it has them."""
    record = unit.catalog.product(product)
    row = unit.catalog.feed(record.feed) if record is not None else None
    if record is None or row is None:
        raise NotFound("There is no such product in your catalogs. It may have been replaced: look for its title.")
    rates, sold = Rates(unit), _sold(unit, record)
    feed = _chosen(unit, rates, sold, merchant) or row
    return _sheet(unit, rates, record, feed, sold, language)


def _sold(unit: SearchUnit, record: ProductRecord) -> dict[bytes, dict[str, OfferRecord]]:
    """Its offers by feed and SKU: those of its own feed, and those of merchants that sell a brand's product."""
    found: dict[bytes, dict[str, OfferRecord]] = {}
    for item in unit.catalog.offers_of(record.id):
        if item.feed == record.feed or item.offer.brand is not None:
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
        variants=tuple(_variant(unit, rates, row, variant, offers.get(variant.sku)) for variant in product.variants),
        as_of=row.synced_at,
        pictures=picture_views(product),
        language=said.language,
        languages=tuple(tag for tag in (product.language, *(item.language for item in product.translations or ())) if tag),
        care=said.care or product.care or "",
        ingredients=said.ingredients or product.ingredients or "",
        warnings=said.warnings or product.warnings or (),
        origin=product.origin or "",
        mpn=product.mpn or "",
        weight=product.weight,
        size=(product.size.length, product.size.width, product.size.height) if product.size else (),
        withdrawn=recall.reason if recall else "",
        withdrawn_at=recall.at if recall else 0,
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
    return known.get(language) or near or own or Translation("und")


def _variant(unit: SearchUnit, rates: Rates, row: FeedRow, variant: Variant, record: OfferRecord | None) -> SheetVariant:
    about = (variant.sku, variant.title, variant.values, variant.gtin or "", variant.mpn or "", variant.weight)
    if record is None:
        return SheetVariant(*about, None, None, None, row.currency, "", "", None, "out", "", 0, 0, 1, None, 0, "")
    offer, refused = record.offer, refusal(unit, record.offer)
    now, earning = price_at(offer, unit.now, own_rank(unit, row.identity)), rates.of(row.identity, record)
    return SheetVariant(
        *about,
        now.price.minor,
        offer.price.minor,
        offer.compare_at.minor if offer.compare_at else None,
        offer.price.currency,
        now.rule.value,
        now.name,
        now.until,
        offer.stock.value,
        offer.plan.hex() if offer.plan else "",
        earning.minor,
        earning.bps,
        offer.least or 1,
        offer.most,
        offer.available_from if offer.available_from is not None and offer.available_from > unit.now else 0,
        f"{refused}" if refused else "",
    )


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
