"""Products as the tables that Shopify, WooCommerce and Google take in. No cell begins a formula (export_csv.py says how)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from node.model.listing import ProductRow, VariantRow

from .export_csv import safe
from .google_out import attributes
from .named_records import decimal
from .plain_text import as_html
from .prices import days_of

_SHOPIFY = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Option2 Name",
    "Option2 Value",
    "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src",
    "Variant Image",
    "Google Shopping / Google Product Category", "Google Shopping / MPN", "Status",
)  # fmt: skip
_WOO = (
    "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Visibility in catalog", "Description", "Tax status", "In stock?",
    "Stock",
    "Weight (kg)", "Length (cm)", "Width (cm)", "Height (cm)", "Date sale price starts",
    "Date sale price ends", "Sale price", "Regular price", "Categories", "Tags", "Images", "Brands",
    "Parent",
    *(f"Attribute {number} {what}" for number in range(1, 9) for what in ("name", "value(s)")),
)  # fmt: skip
_GOOGLE = (
    "id", "title", "description", "image_link", "additional_image_link", "availability", "price", "sale_price", "sale_price_effective_date",
    "brand", "gtin", "mpn",
    "google_product_category", "product_type", "item_group_id", "color", "size", "material", "pattern", "gender", "age_group",
    "shipping_weight",
    "product_length", "product_width", "product_height",
)  # fmt: skip


class Rows:
    """A table in pieces: titles first, then what `cells` makes of each product."""

    media_type, ending, delimiter = "text/csv", "csv", ","
    titles: Sequence[str] = ()

    def __init__(self, currency: str, decimals: int) -> None:
        self.currency, self.decimals = currency, decimals

    def begin(self) -> bytes:
        """The mark by which spreadsheets know UTF-8, and the titles."""
        return b"\xef\xbb\xbf" + self._lines([dict(zip(self.titles, self.titles, strict=True))])

    def rows(self, products: Iterable[ProductRow]) -> bytes:
        """The rows of these products."""
        return self._lines(cells for product in products for cells in self.cells(product))

    def end(self) -> bytes:
        """A table has no end."""
        return b""

    def cells(self, product: ProductRow) -> Iterator[Mapping[str, str]]:
        """Cells by title, a mapping a row."""
        raise NotImplementedError

    def money(self, minor: int | None) -> str:
        """An amount, or nothing."""
        return "" if minor is None else decimal(minor, self.decimals)

    def _lines(self, rows: Iterable[Mapping[str, str]]) -> bytes:
        made = io.StringIO()
        writer = csv.writer(made, delimiter=self.delimiter, lineterminator="\r\n")
        for row in rows:
            writer.writerow([safe(row.get(title, "")) for title in self.titles])
        return made.getvalue().encode("utf-8", "replace")


class ShopifyRows(Rows):
    """Shopify's classic columns. Of more than three options the last ones share a column."""

    titles = _SHOPIFY

    def cells(self, product: ProductRow) -> Iterator[Mapping[str, str]]:
        """A row a variant, then a row for each picture that is left."""
        names = [option.name for option in product.options]
        pictures = list(product.images)
        for at, variant in enumerate(product.variants):
            row = self._variant(product, variant, names) | {"Image Src": pictures.pop(0) if pictures else ""}
            yield row | (self._product(product, names) if at == 0 else {})
        for address in pictures:
            yield {"Handle": product.handle, "Image Src": address}

    def _product(self, product: ProductRow, names: Sequence[str]) -> dict[str, str]:
        shown = _three(names) or ["Title"]
        return {
            "Title": product.title,
            "Body (HTML)": as_html(product.description),
            "Vendor": product.vendor,
            "Type": product.category,
            "Tags": ", ".join(product.tags),
            "Published": "true",
            "Google Shopping / Google Product Category": str(product.google_category or ""),
            "Status": "active",
            **{f"Option{number} Name": name for number, name in enumerate(shown, 1)},
        }

    def _variant(self, product: ProductRow, variant: VariantRow, names: Sequence[str]) -> dict[str, str]:
        values = _three(variant.options) if names else ["Default Title"]
        tracked = variant.stock is not None or variant.in_stock is False
        quantity = variant.stock if variant.stock is not None else 0
        return {
            "Handle": product.handle,
            "Variant SKU": variant.sku,
            "Variant Grams": str(variant.weight_grams or ""),
            "Variant Inventory Tracker": "shopify" if tracked else "",
            "Variant Inventory Qty": str(quantity) if tracked else "",
            "Variant Inventory Policy": "continue" if variant.in_stock and quantity <= 0 else "deny",
            "Variant Price": self.money(variant.price_minor),
            "Variant Compare At Price": self.money(variant.compare_at_minor),
            "Variant Requires Shipping": "false" if variant.digital else "true",
            "Variant Taxable": "true" if variant.taxable else "false",
            "Variant Barcode": variant.gtin,
            "Google Shopping / MPN": variant.mpn,
            **{f"Option{number} Value": value for number, value in enumerate(values, 1)},
        }


def _three(texts: Sequence[str]) -> list[str]:
    return list(texts) if len(texts) <= 3 else [*texts[:2], " / ".join(texts[2:])]


class WooRows(Rows):
    """WooCommerce's columns: a simple product, or a variable one with its variations."""

    titles = _WOO

    def cells(self, product: ProductRow) -> Iterator[Mapping[str, str]]:
        """One row, or one for the product and one for each variation."""
        names = [option.name for option in product.options]
        if not names and len(product.variants) == 1:
            yield self._product(product) | self._variant(product.variants[0], "simple") | {"Name": product.title}
            return
        skus = {variant.sku for variant in product.variants}
        parent = next(
            name for number in range(len(skus) + 1) if (name := f"{product.handle}{'-' * bool(number)}{number or ''}") not in skus
        )
        named = names or ["Variant"]
        choices = [variant.options if names else (variant.title or variant.sku,) for variant in product.variants]
        every = [tuple(dict.fromkeys(choice[at] for choice in choices)) for at in range(len(named))]
        attributes_ = {
            key: text
            for at, name in enumerate(named, 1)
            for key, text in ((f"Attribute {at} name", name), (f"Attribute {at} value(s)", ", ".join(map(_escaped, every[at - 1]))))
        }
        yield self._product(product) | {"Type": "variable", "SKU": parent} | attributes_
        for variant, choice in zip(product.variants, choices, strict=True):
            own = {f"Attribute {at} name": name for at, name in enumerate(named, 1)}
            own |= {f"Attribute {at} value(s)": value for at, value in enumerate(choice, 1)}
            yield self._variant(variant, "variation") | {"Name": product.title, "Parent": parent} | own

    def _product(self, product: ProductRow) -> dict[str, str]:
        return {
            "Name": product.title,
            "Published": "1",
            "Visibility in catalog": "visible",
            "Description": as_html(product.description),
            "Categories": _escaped(product.category),
            "Tags": ", ".join(map(_escaped, product.tags)),
            "Images": ", ".join(map(_escaped, product.images)),
            "Brands": product.vendor,
        }

    def _variant(self, variant: VariantRow, kind: str) -> dict[str, str]:
        sale, regular = variant.dated, variant.compare_at_minor
        starts, ends = days_of(sale) if sale else ("", "")
        before = variant.regular_minor if sale or regular is None else regular
        sides = [_shortened(side, 10) for side in variant.size_mm or ()]
        return {
            "Type": f"{kind}, virtual" if variant.digital else kind,
            "SKU": variant.sku,
            "GTIN, UPC, EAN, or ISBN": variant.gtin,
            "Published": "1",
            "Visibility in catalog": "visible",
            "Tax status": "taxable" if variant.taxable else "none",
            "In stock?": "" if variant.in_stock is None else "1" if variant.in_stock else "0",
            "Stock": "" if variant.stock is None else str(variant.stock),
            "Weight (kg)": _shortened(variant.weight_grams, 1000) if variant.weight_grams else "",
            "Date sale price starts": starts,
            "Date sale price ends": ends,
            "Sale price": self.money(sale.price_minor if sale else None if regular is None else variant.price_minor),
            "Regular price": self.money(before),
            **dict(zip(("Length (cm)", "Width (cm)", "Height (cm)"), sides, strict=False)),
        }


def _escaped(text: str) -> str:
    return text.replace(",", "\\,")


def _shortened(value: int, by: int) -> str:
    return f"{value / by:g}" if value % by else str(value // by)


class GoogleRows(Rows):
    """Google's feed as a table with tabs."""

    media_type, ending, delimiter = "text/tab-separated-values", "tsv", "\t"
    titles = _GOOGLE

    def cells(self, product: ProductRow) -> Iterator[Mapping[str, str]]:
        """A row a SKU."""
        for found in attributes(product, self.currency, self.decimals):
            pairs: dict[str, list[str]] = {}
            for name, text in found:
                pairs.setdefault(name, []).append(text)
            yield {name: " ".join(",".join(texts).split()) for name, texts in pairs.items()}  # a tab or a line end would end the cell
