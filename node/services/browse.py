"""Looking at catalogs: feeds, products and offers, as pages and commands show them."""

from dataclasses import dataclass
from typing import Protocol

from node.model.catalog import FeedRow, OfferRecord, ProductRecord
from node.model.catalog_search import Asked, Order
from node.model.terms import words
from protocol.codec import from_bytes
from protocol.offer import Stock
from protocol.product import Product

from . import catalog_whole, feed_trouble
from .brand_offers import refusal
from .brand_plans import BrandsUnit, brand_name
from .catalog_following import expected
from .earning import EarningUnit, Rates
from .picture_views import PictureView, picture_views
from .search_book import BookUnit, cursor_of, place_of

MOST_ROWS = 200
MOST_WORDS = 12


class ListUnit(BrandsUnit, BookUnit, Protocol):
    """What the list of products needs of a transaction."""


class OffersUnit(EarningUnit, BrandsUnit, Protocol):
    """What offers need of a transaction: they are shown at one's own price."""


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed and how far we are with it. `state_hash` is what its merchant signed and we recomputed, of a part what is here; while
    `held` is less than `size` the catalog file was lost and is being filled again: what is not in yet is missing from lists and searches.
    `expected`: how many records a fetch under way brings in all, 0 when none is, of which `fetched` came; `products` and `offers` are
    those that are here. `trouble` says in words what `error` is a code of, of our own what keeps the file from being filled; `verified`
    only once every record was reckoned into the state hash. `division` (brand, category) and `sections` say which part is followed; empty:
    all.
    """

    feed: str
    merchant: str
    merchant_name: str
    currency: str
    own: bool
    size: int
    products: int
    offers: int
    checkpoint: str
    state_hash: str
    as_of: int
    synced_at: int
    verified: bool
    error: str
    held: int
    expected: int
    trouble: str
    division: str
    sections: tuple[str, ...]
    fetched: int


@dataclass(frozen=True, slots=True)
class VariantView:
    """A SKU with its offer. Prices in minor units; `compare_at` is the regular price of something on sale. `refusal` says why it can't be
    sold now, whatever its stock: withdrawn, outside its brand's bounds, …
    """

    sku: str
    title: str
    values: tuple[str, ...]
    price: int
    compare_at: int | None
    currency: str
    stock: str
    plan: str
    gtin: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product with its SKUs. `as_of` is when its merchant last said so (ms)."""

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
    variants: tuple[VariantView, ...]
    as_of: int
    pictures: tuple[PictureView, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Products, and where to go on: `cursor` empty = the end."""

    products: tuple[ProductView, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class OfferView:
    """One SKU a seller can order. `price` is what one piece costs you now, in minor units."""

    merchant: str
    feed: str
    sku: str
    product: str
    title: str
    price: int
    currency: str
    stock: str


def list_feeds(unit: BrandsUnit) -> list[FeedView]:
    """The feeds this node writes or follows."""
    return [feed_view(unit, row) for row in unit.catalog.feeds()]


def list_products(unit: ListUnit, search: str = "", cursor: str = "", limit: int = 50, own: bool = False) -> ProductPage:
    """Products found by these words, the best match first; by title without them. Each once, offered or not; `own`: only what we write."""
    looked = tuple(words(search)[:MOST_WORDS])
    feeds = tuple(row.feed for row in unit.catalog.feeds(own=own or None))
    place = place_of(cursor)
    if not feeds or (search.strip() and not looked):
        return ProductPage((), "")
    asked = Asked(looked, feeds, offered=False, home=True)
    found = unit.catalog_search.find(asked, Order.BEST, place, min(max(limit, 1), MOST_ROWS))
    shown = (ProductRecord(listing.feed, listing.product, from_bytes(Product, listing.goods)) for listing in found.listings)
    return ProductPage(tuple(_product_view(unit, record) for record in shown), cursor_of(found))


def unknown_product(unit: BrandsUnit) -> str:
    """Why a product isn't here. Whose it is nobody can tell from its id: it may be in what isn't followed of a catalog."""
    partly = sorted({merchant_name(unit, row.identity) for row in unit.catalog.feeds(own=False) if row.part})
    if not partly:
        return "There is no such product in your catalogs. It may have been replaced: look for its title."
    return (
        f"There is no such product in what you follow. You follow only a part of the catalog of {', '.join(partly)}: it may be in the "
        "rest. Choose more of it, or look for the title here if it was replaced."
    )


def list_offers(
    unit: OffersUnit, feed: bytes | None = None, purchasable: bool = False, after: str = "", limit: int = 50
) -> list[OfferView]:
    """SKUs with their prices, in SKU order. `purchasable` leaves out what is sold out or not valid now."""
    count = min(max(limit, 1), MOST_ROWS)
    views: list[OfferView] = []
    rates = Rates(unit)
    while len(views) < count:
        found = unit.catalog.offers(feed, after, count)
        views += [_offer_view(unit, rates, record) for record in found if not purchasable or _purchasable(unit, record)]
        if len(found) < count:
            break
        after = found[-1].offer.sku
    return views[:count]


def _purchasable(unit: BrandsUnit, record: OfferRecord) -> bool:
    return record.offer.orderable_at(unit.now) and refusal(unit, record.offer) is None


def merchant_name(unit: BrandsUnit, identity: bytes) -> str:
    """Whose a feed is, by name."""
    return brand_name(unit, identity)


def feed_view(unit: BrandsUnit, row: FeedRow) -> FeedView:
    """A feed as faces show it."""
    held, waiting = unit.catalog.held(row.feed), unit.catalog.fetch(row.feed)
    obstacle = unit.catalog.obstacle if row.own and not unit.catalog.is_whole(row.feed) else None
    return FeedView(
        row.feed.hex(),
        row.identity.hex(),
        merchant_name(unit, row.identity),
        row.currency,
        row.own,
        row.size,
        held.products,
        held.offers,
        row.checkpoint_id.hex() if row.checkpoint_id else "",
        row.state.digest.hex(),
        row.synced_at,
        row.synced_at,
        bool(row.checkpoint) and not row.error and held.size >= row.size and held.sealed is None and (row.own or held.part == row.part),
        obstacle.code if obstacle else row.error,
        held.size,
        0 if row.own else expected(unit, row.feed),
        catalog_whole.words(obstacle.code) if obstacle else feed_trouble.words(row),
        row.part.division.value if row.part else "",
        tuple(name for name in row.part.names if name) if row.part else (),
        waiting.records if waiting else held.products + held.offers,
    )


def _product_view(unit: BrandsUnit, record: ProductRecord) -> ProductView:
    row = unit.catalog.feed(record.feed)
    assert row is not None
    product = record.product
    offers, sold = _sold(unit, record, row)
    variants = tuple(
        VariantView(
            variant.sku,
            variant.title,
            variant.values,
            offers[variant.sku].offer.price.minor,
            compare.minor if (compare := offers[variant.sku].offer.compare_at) else None,
            offers[variant.sku].offer.price.currency,
            offers[variant.sku].offer.stock.value,
            plan.hex() if (plan := offers[variant.sku].offer.plan) else "",
            variant.gtin or "",
            refusal=f"{refused}" if (refused := refusal(unit, offers[variant.sku].offer)) else "",
        )
        for variant in product.variants
        if variant.sku in offers
    )
    return ProductView(
        record.id.hex(),
        record.feed.hex(),
        sold.identity.hex(),
        merchant_name(unit, sold.identity),
        product.handle,
        product.title,
        product.description,
        product.vendor,
        product.category,
        product.tags,
        product.options,
        tuple(image.url for image in product.images if image.url),
        variants,
        sold.synced_at,
        picture_views(product),
    )


def _sold(unit: BrandsUnit, record: ProductRecord, row: FeedRow) -> tuple[dict[str, OfferRecord], FeedRow]:
    """The offers of a product by SKU, and the feed that has them: its own, or of the merchants that sell a brand's product the cheapest."""
    found = unit.catalog.offers_of(record.id)
    feeds: dict[bytes, dict[str, OfferRecord]] = {}
    for item in found:
        if item.feed == record.feed or item.offer.brand is not None:
            feeds.setdefault(item.feed, {})[item.offer.sku] = item
    if record.feed in feeds or not feeds:
        return feeds.get(record.feed, {}), row
    best = min(feeds, key=lambda feed: min((item.offer.stock is Stock.OUT, item.offer.price.minor, feed) for item in feeds[feed].values()))
    sold = unit.catalog.feed(best)
    return feeds[best], sold or row


def _offer_view(unit: OffersUnit, rates: Rates, record: OfferRecord) -> OfferView:
    row = unit.catalog.feed(record.feed)
    assert row is not None
    title = next((item.title for item in record.product.variants if item.sku == record.offer.sku), "")
    name = record.product.title if title in ("", record.product.title) else f"{record.product.title} – {title}"
    offer = record.offer
    price = offer.price.minor if row.own else rates.price(row.identity, record)
    return OfferView(
        row.identity.hex(), row.feed.hex(), offer.sku, offer.product.hex(), name, price, offer.price.currency, offer.stock.value
    )
