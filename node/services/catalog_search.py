"""Searching over the catalogs of all merchants: words, filters, what a sale earns; and one product at several merchants."""

from dataclasses import dataclass
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.catalog import FeedRow, OfferRecord
from node.model.catalog_search import Asked, Listing, Order, Place
from node.model.earning import NOTHING
from node.model.terms import words
from protocol.codec import from_bytes
from protocol.product import Product

from .brand_offers import refusal
from .brand_plans import BrandsUnit
from .browse import MOST_ROWS, MOST_WORDS, merchant_name
from .earning import EarningUnit, Rates
from .picture_views import PictureView, picture_views
from .search_book import BookUnit, cursor_of, place_of


class SearchUnit(EarningUnit, BrandsUnit, BookUnit, Protocol):
    """What this service needs of a transaction."""


@dataclass(frozen=True, slots=True)
class ListingView:
    """A product as a merchant sells it. Prices (the lowest and the highest of its SKUs) and `earns` (what one piece of the cheapest brings
    you) in minor units; `as_of` is when its merchant last said so (ms). `refusal` is why it can't be sold now, whatever its stock: called
    back and for what reason, outside its brand's bounds, …
    """

    product: str
    feed: str
    merchant: str
    merchant_name: str
    title: str
    brand: str
    category: str
    images: tuple[str, ...]
    price: int
    price_to: int
    compare_at: int | None
    currency: str
    stock: str
    skus: tuple[str, ...]
    codes: tuple[str, ...]
    earns: int
    earns_bps: int
    withdrawn: bool
    refusal: str
    as_of: int
    pictures: tuple[PictureView, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was found. `total` counts all of it, or with `many` says that there are more than so many; `cursor` empty = the end."""

    listings: tuple[ListingView, ...]
    total: int
    many: bool
    cursor: str


@dataclass(frozen=True, slots=True)
class ChoicesView:
    """Names to choose a filter from."""

    brands: tuple[str, ...]
    categories: tuple[str, ...]


def search_products(
    unit: SearchUnit,
    q: str = "",
    merchant: bytes | None = None,
    brand: str = "",
    category: str = "",
    in_stock: bool = False,
    lowest: int | None = None,
    highest: int | None = None,
    earns: int | None = None,
    order: str = "best",
    cursor: str = "",
    limit: int = 24,
) -> SearchPage:
    """Products of every catalog here. Prices and `earns` (at least so much) in minor units; `order` is best, cheap, dear or earns.

    Raises NotFound for a `merchant` of whom no catalog is here.
    """
    if order not in list(Order):
        raise UserError("Sort by best, cheap, dear or earns.", code="bad-request")
    rows = {row.feed: row for row in unit.catalog.feeds() if merchant in (None, row.identity)}
    if merchant is not None and not rows:
        raise NotFound("No catalog of such a shop is here. Your shops are listed by: gemstra catalog feeds")
    rates = Rates(unit)
    asked = Asked(
        words=tuple(words(q)[:MOST_WORDS]),
        feeds=tuple(rows),
        brand=brand.strip(),
        category=category.strip(),
        available=in_stock,
        offered=unit.me.role != "brand",
        low=lowest,
        high=highest,
        earns=earns,
        floor=rates.floor(earns or 0),
    )
    size = min(max(limit, 1), MOST_ROWS)
    look = _Look(unit, rows, asked, rates)
    if not rows or (q.strip() and not asked.words):
        return SearchPage((), 0, many=False, cursor="")
    return look.page(Order(order), place_of(cursor), size)


def compare_code(unit: SearchUnit, code: str) -> list[ListingView]:
    """Everybody who sells the product with this GTIN, the lowest price first. Several currencies stand one after the other."""
    digits = code.strip().replace("-", "").replace(" ", "")
    if not digits.isdecimal():
        raise UserError("A GTIN has only digits: the number under the bar code.", code="bad-request")
    look = _Look(unit, {row.feed: row for row in unit.catalog.feeds()}, Asked(), Rates(unit))
    shown = [look.view(listing) for listing in unit.catalog_search.same_code(digits) if listing.feed in look.rows and listing.offers]
    return sorted(shown, key=lambda view: (view.currency, view.price, view.merchant_name))


def list_choices(unit: SearchUnit, brand: str = "", category: str = "", limit: int = 50) -> ChoicesView:
    """Brands and categories that begin so, to filter by."""
    most = min(max(limit, 1), MOST_ROWS)
    book = unit.catalog_search
    return ChoicesView(tuple(book.labels("b", brand.strip(), most)), tuple(book.labels("c", category.strip(), most)))


class _Look:
    """One search."""

    def __init__(self, unit: SearchUnit, rows: dict[bytes, FeedRow], asked: Asked, rates: Rates) -> None:
        self._unit = unit
        self._asked = asked
        self._rates = rates
        self.rows = rows

    def page(self, order: Order, after: Place | None, limit: int) -> SearchPage:
        """A page in an order that the file itself knows."""
        found = self._unit.catalog_search.find(self._asked, order, after, limit)
        return SearchPage(tuple(self.view(listing) for listing in found.listings), found.total, found.many, cursor_of(found))

    def _offers(self, listing: Listing) -> list[OfferRecord]:
        return [record for record in self._unit.catalog.offers_of(listing.product) if record.feed == listing.feed]

    def view(self, listing: Listing) -> ListingView:
        """A listing as it is shown."""
        row = self.rows[listing.feed]
        offers = self._offers(listing)
        product = offers[0].product if offers else from_bytes(Product, listing.goods)
        prices = [self._rates.price(row.identity, record) for record in offers]
        first = offers[prices.index(min(prices))] if offers else None
        compare = first.offer.compare_at if first else None
        earning = self._rates.of(row.identity, first) if first else NOTHING
        return ListingView(
            listing.product.hex(),
            listing.feed.hex(),
            row.identity.hex(),
            merchant_name(self._unit, row.identity),
            product.title,
            product.vendor,
            product.category,
            tuple(image.url for image in product.images if image.url),
            min(prices, default=0),
            max(prices, default=0),
            compare.minor if compare else None,
            row.currency,
            STOCKS[listing.stock],
            tuple(record.offer.sku for record in offers),
            tuple(variant.gtin for variant in product.variants if variant.gtin),
            earning.minor,
            earning.bps,
            product.withdrawn_at(self._unit.now),
            self._refusal(product, first),
            row.synced_at,
            picture_views(product),
        )

    def _refusal(self, product: Product, first: OfferRecord | None) -> str:
        """Asked of each page's rows: of a merchant's own goods the record at hand says it."""
        if first is None or (first.offer.brand is None and not product.withdrawn_at(self._unit.now)):
            return ""
        return str(refusal(self._unit, first.offer) or "")


STOCKS = ("in_stock", "low", "unknown", "out")
"""In the order of a listing's number."""
