"""schema.org offers: which of a product's offers has the price, and what is sold by it."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from node.model.listing import VariantRow

from . import ld_values
from .amounts import BadAmount, count
from .ld_values import many, node_types, short, text_of
from .listing import gtin, slug
from .prices import Prices

_STOCK = {
    "instock": True, "onlineonly": True, "limitedavailability": True, "backorder": True, "madetoorder": True, "instoreonly": False,
    "outofstock": False,
    "soldout": False, "discontinued": False, "preorder": False, "presale": False, "reserved": False,
}  # fmt: skip
_CODES = ("gtin", "gtin14", "gtin13", "gtin12", "gtin8", "isbn")
_BEFORE = frozenset(("ListPrice", "StrikethroughPrice", "MSRP", "SRP", "RegularPrice"))
Resolve = Callable[[Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Sold:
    """A product with the offer it is sold by."""

    product: Mapping[str, Any]
    offer: Mapping[str, Any]
    sku: str
    row: int


def apart(product: Mapping[str, Any], resolved: Resolve) -> list[dict[str, Any]]:
    """The offers of a product that each sell another SKU; of several for the same thing the first."""
    found: list[dict[str, Any]] = []
    for value in many(product.get("offers")):
        offer = resolved(value)
        if offer is None:
            continue
        inner = [item for entry in many(offer.get("offers")) if (item := resolved(entry)) is not None]
        found += inner if "AggregateOffer" in node_types(offer) and inner else [offer]
    skus = {text_of(offer.get("sku")) for offer in found} - {""}
    if len(skus) < 2:
        return found[:1]
    return list({text_of(offer.get("sku")): offer for offer in reversed(found) if text_of(offer.get("sku"))}.values())[::-1]


def variant(sold: Sold, handle: str, prices: Prices) -> VariantRow:
    """What can be bought. Raises BadAmount."""
    price, before = _price(sold.offer, prices)
    stock = count(text_of(sold.offer.get("inventoryLevel")))
    said = _STOCK.get(short(text_of(sold.offer.get("availability"))).casefold().replace(" ", "").replace("_", ""))
    code = next((found for source in (sold.product, sold.offer) for name in _CODES if (found := gtin(text_of(source.get(name))))), "")
    name = html.unescape(text_of(sold.offer.get("name")) or text_of(sold.product.get("name")))
    return VariantRow(
        sku=sold.sku or code or text_of(sold.product.get("productID")) or slug(name) or handle,
        title=name,
        options=(),
        price_minor=price,
        compare_at_minor=before if before is not None and before > price else None,
        currency=prices.currency,
        gtin=code,
        stock=stock,
        in_stock=said if said is not None or stock is None else stock > 0,
        weight_grams=ld_values.weight(sold.product),
        taxable=True,
        image="",
        row=sold.row,
        mpn=text_of(sold.product.get("mpn")),
        size_mm=ld_values.size(sold.product),
        silent=("sale", *(("compare_at",) if before is None else ()), *(("count",) if stock is None else ())),
    )


def _price(offer: Mapping[str, Any], prices: Prices) -> tuple[int, int | None]:
    """The price now, and the one before it where it is told."""
    currency = text_of(offer.get("priceCurrency"))
    now, before = text_of(offer.get("price")), ""
    for item in many(offer.get("priceSpecification")):
        if not isinstance(item, dict) or not text_of(item.get("price")):
            continue
        currency = text_of(item.get("priceCurrency")) or currency
        if short(text_of(item.get("priceType"))) in _BEFORE:
            before = text_of(item.get("price"))
        else:
            now = now or text_of(item.get("price"))
    if not now:
        low, high = text_of(offer.get("lowPrice")), text_of(offer.get("highPrice"))
        if low and high and low != high:
            raise BadAmount(
                f"It tells only a range of prices ({low[:20]} to {high[:20]}). Give each variant an offer with its price.", "price-range"
            )
        now = low or before
    if not now:
        raise BadAmount("Its offer has no price.", "no-price")
    return _money(now, currency, prices), _money(before, currency, prices) if before and before != now else None


def _money(text: str, currency: str, prices: Prices) -> int:
    code = currency.strip().upper()
    return prices.minor(f"{text} {code}" if code else text)
