"""Products as schema.org JSON-LD: a Product for one SKU, a ProductGroup with its variants for several. In pieces, one document."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from node.model.listing import ProductRow, VariantRow

from .named_records import decimal
from .plain_text import as_html

_OWN = {"color": "color", "colour": "color", "size": "size", "material": "material", "pattern": "pattern"}


class GraphJson:
    """One document whose `@graph` holds every product."""

    media_type, ending = "application/ld+json", "jsonld"

    def __init__(self, currency: str, decimals: int) -> None:
        self._currency, self._decimals = currency, decimals
        self._begun = False

    def begin(self) -> bytes:
        """Up to the first product."""
        return b'{"@context":"https://schema.org","@graph":['

    def rows(self, products: Iterable[ProductRow]) -> bytes:
        """A node a product."""
        parts = [msgspec.json.encode(self._node(product)) for product in products]
        joined = b",\n".join(parts)
        between, self._begun = (b",\n" if self._begun and parts else b""), self._begun or bool(parts)
        return between + joined

    def end(self) -> bytes:
        """What closes it."""
        return b"]}\n"

    def _node(self, product: ProductRow) -> dict[str, Any]:
        about = {
            "name": product.title,
            "description": as_html(product.description),
            "brand": {"@type": "Brand", "name": product.vendor} if product.vendor else None,
            "category": str(product.google_category) if product.google_category and not product.category else product.category,
            "keywords": list(product.tags),
            "image": list(product.images),
            "countryOfOrigin": product.origin,
        }
        if not product.options and len(product.variants) == 1:
            return _full({"@type": "Product", "productID": product.handle, **about, **self._variant(product.variants[0])})
        variants = [
            _full(
                {
                    "@type": "Product",
                    "name": variant.title or product.title,
                    **self._variant(variant),
                    **_chosen(product, variant),
                }
            )
            for variant in product.variants
        ]
        return _full({"@type": "ProductGroup", "productGroupID": product.handle, **about, "hasVariant": variants})

    def _variant(self, variant: VariantRow) -> dict[str, Any]:
        offer: dict[str, Any] = {"@type": "Offer", "price": decimal(variant.price_minor, self._decimals), "priceCurrency": self._currency}
        if variant.in_stock is not None:
            offer["availability"] = f"https://schema.org/{'InStock' if variant.in_stock else 'OutOfStock'}"
        if variant.stock is not None:
            offer["inventoryLevel"] = {"@type": "QuantitativeValue", "value": variant.stock}
        if variant.compare_at_minor is not None:
            before = {"@type": "UnitPriceSpecification", "priceType": "https://schema.org/StrikethroughPrice"}
            offer["priceSpecification"] = {
                **before,
                "price": decimal(variant.compare_at_minor, self._decimals),
                "priceCurrency": self._currency,
            }
        sides = zip(("depth", "width", "height"), variant.size_mm or (), strict=False)
        return {
            "sku": variant.sku,
            "gtin": variant.gtin,
            "mpn": variant.mpn,
            "weight": {"@type": "QuantitativeValue", "value": variant.weight_grams, "unitCode": "GRM"} if variant.weight_grams else None,
            **{name: {"@type": "QuantitativeValue", "value": side, "unitCode": "MMT"} for name, side in sides},
            "offers": offer,
        }


def _chosen(product: ProductRow, variant: VariantRow) -> dict[str, Any]:
    """Options by schema.org's names, others as properties of their own."""
    found: dict[str, Any] = {}
    others = []
    for option, value in zip(product.options, variant.options, strict=True):
        name = _OWN.get(option.name.casefold())
        if name:
            found[name] = value
        else:
            others.append({"@type": "PropertyValue", "name": option.name, "value": value})
    return {**found, "additionalProperty": others}


def _full(node: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in node.items() if value not in ("", None, [])}
