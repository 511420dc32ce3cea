"""Products as Google's feed: the attributes of each SKU, and the XML that holds them."""

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from node.model.listing import ProductRow, VariantRow

from .google_names import OPTIONS, name_of
from .named_records import decimal
from .plain_text import as_html
from .prices import days_of

_NAMES = {shown.casefold(): name_of(name) for name, shown in OPTIONS.items()} | {"colour": "color"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    "<title>Products</title><description>Made by Gemstra</description>\n"
)
_SIDES = ("product_length", "product_width", "product_height")
_MOST_PICTURES = 10


def attributes(product: ProductRow, currency: str, decimals: int) -> Iterator[list[tuple[str, str]]]:
    """Name and text of each attribute, a list a SKU. Options that the feed has no name for are in the title only."""
    for variant in product.variants:
        found = [
            ("id", variant.sku),
            ("title", product.title),
            ("description", as_html(product.description)),
            *_pictures(product, variant),
            ("availability", "out_of_stock" if variant.in_stock is False else "in_stock"),
            *_prices(variant, currency, decimals),
            ("brand", product.vendor),
            ("gtin", variant.gtin),
            ("mpn", variant.mpn),
            ("google_product_category", str(product.google_category or "")),
            ("product_type", product.category),
            ("item_group_id", product.handle if product.options or len(product.variants) > 1 else ""),
            *_options(product, variant),
            ("shipping_weight", f"{variant.weight_grams} g" if variant.weight_grams else ""),
            *((name, f"{side / 10:g} cm") for name, side in zip(_SIDES, variant.size_mm or (), strict=False)),
        ]
        yield [(name, text) for name, text in found if text]


def _pictures(product: ProductRow, variant: VariantRow) -> Iterator[tuple[str, str]]:
    addresses = list(dict.fromkeys(address for address in (variant.image, *product.images) if address))
    for at, address in enumerate(addresses[: _MOST_PICTURES + 1]):
        yield ("additional_image_link" if at else "image_link"), address


def _prices(variant: VariantRow, currency: str, decimals: int) -> Iterator[tuple[str, str]]:
    now = f"{decimal(variant.price_minor, decimals)} {currency}"
    if variant.dated:
        yield "price", f"{decimal(variant.regular_minor, decimals)} {currency}"
        yield "sale_price", f"{decimal(variant.dated.price_minor, decimals)} {currency}"
        yield "sale_price_effective_date", "/".join(days_of(variant.dated))
    elif variant.compare_at_minor is None:
        yield "price", now
    else:
        yield "price", f"{decimal(variant.compare_at_minor, decimals)} {currency}"
        yield "sale_price", now


def _options(product: ProductRow, variant: VariantRow) -> Iterator[tuple[str, str]]:
    for option, value in zip(product.options, variant.options, strict=True):
        name = _NAMES.get(option.name.casefold())
        if name and value:
            yield name, value


class FeedXml:
    """An RSS 2.0 feed in pieces."""

    media_type, ending = "application/xml", "xml"

    def __init__(self, currency: str, decimals: int) -> None:
        self._currency, self._decimals = currency, decimals

    def begin(self) -> bytes:
        """Up to the first item."""
        return _HEAD.encode()

    def rows(self, products: Iterable[ProductRow]) -> bytes:
        """An item a SKU."""
        items = [found for product in products for found in attributes(product, self._currency, self._decimals)]
        return "".join(f"<item>{''.join(_element(name, text) for name, text in item)}</item>\n" for item in items).encode(
            "utf-8", "replace"
        )

    def end(self) -> bytes:
        """What closes it."""
        return b"</channel>\n</rss>\n"


def _element(name: str, text: str) -> str:
    return f"<g:{name}>{escape(_NOT_XML.sub('', text))}</g:{name}>"
