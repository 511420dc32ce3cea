"""Searching over the catalogs of all merchants: words, filters, what a sale earns; and one product at several merchants."""

from dataclasses import dataclass
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.catalog import FeedRow, OfferRecord
from node.model.catalog_search import Asked, Found, Listing, Order, Waiting
from node.model.earning import NOTHING
from node.model.terms import words
from protocol.codec import from_bytes
from protocol.product import Product

from .brand_offers import refusal
from .brand_plans import BrandsUnit
from .browse import MOST_ROWS, MOST_WORDS, merchant_name
from .currencies import chosen, counting, counting_in
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
    """What was found. `total` counts all of it, or with `many` says that there are more than so many; `cursor` empty = the end.
    `currency` is the only one that was looked at, empty where all were. While figures are being worked out anew, `waiting` is of how many
    products, of `waiting_of` in all. `notes` say in words what to know of this answer.
    """

    listings: tuple[ListingView, ...]
    total: int
    many: bool
    cursor: str
    currency: str = ""
    waiting: int = 0
    waiting_of: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChoicesView:
    """Names to choose a filter from, and the currencies that something is offered in."""

    brands: tuple[str, ...]
    categories: tuple[str, ...]
    currencies: tuple[str, ...]


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
    currency: str = "",
) -> SearchPage:
    """Products of every catalog here. Prices and `earns` (at least so much) in minor units; `order` is best, cheap, dear or earns. Where
    amounts are compared, only one currency counts: `currency`, else yours or that of most offers.

    Raises NotFound for a `merchant` of whom no catalog is here.
    """
    if order not in list(Order):
        raise UserError("Sort by best, cheap, dear or earns.", code="bad-request")
    rows = {row.feed: row for row in unit.catalog.feeds() if merchant in (None, row.identity)}
    if merchant is not None and not rows:
        raise NotFound("No catalog of such a shop is here. Your shops are listed by: gemstra catalog feeds")
    money = counting_in(unit, list(rows.values()))
    counts = chosen(money, currency)
    notes: tuple[str, ...] = ()
    compared = order != Order.BEST or (lowest, highest, earns) != (None, None, None)
    if not counts and compared and money.is_offered and len(money.held) > 1:
        counts, notes = money.counts, (money.words(),)
    rows = {feed: row for feed, row in rows.items() if counts in ("", row.currency)}
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
    after, found = place_of(cursor), Found((), 0, many=False, more=False)
    if rows and (asked.words or not q.strip()):
        found = unit.catalog_search.find(asked, Order(order), after, size)
    look = _Look(unit, rows, rates)
    waiting = unit.catalog_search.waiting(unit.now)
    return SearchPage(
        tuple(look.view(listing) for listing in found.listings),
        found.total,
        found.many,
        cursor_of(found),
        counts,
        waiting.products,
        waiting.of,
        (*notes, *([unfinished(waiting)] if waiting.products else [])),
    )


def unfinished(waiting: Waiting) -> str:
    """How it is said that figures are being worked out anew."""
    return (
        f"Still working out what {waiting.products:,} of {waiting.of:,} products cost you and bring you. "
        "Until that is done, a filter or order by price or earnings doesn't find all of them."
    )


def compare_code(unit: SearchUnit, code: str) -> list[ListingView]:
    """Everybody who sells the product with this GTIN, the lowest price first. Several currencies stand one after the other."""
    digits = code.strip().replace("-", "").replace(" ", "")
    if not digits.isdecimal():
        raise UserError("A GTIN has only digits: the number under the bar code.", code="bad-request")
    look = _Look(unit, {row.feed: row for row in unit.catalog.feeds()}, Rates(unit))
    shown = [look.view(listing) for listing in unit.catalog_search.same_code(digits) if listing.feed in look.rows and listing.offers]
    return sorted(shown, key=lambda view: (view.currency, view.price, view.merchant_name))


def list_choices(unit: SearchUnit, brand: str = "", category: str = "", limit: int = 50) -> ChoicesView:
    """Brands and categories that begin so, to filter by, and all currencies."""
    most = min(max(limit, 1), MOST_ROWS)
    book = unit.catalog_search
    brands, categories = (tuple(book.labels(kind, text.strip(), most)) for kind, text in (("b", brand), ("c", category)))
    return ChoicesView(brands, categories, counting(unit).held)


class _Look:
    """One search."""

    def __init__(self, unit: SearchUnit, rows: dict[bytes, FeedRow], rates: Rates) -> None:
        self._unit = unit
        self._rates = rates
        self.rows = rows

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
