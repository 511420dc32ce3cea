"""What a product file says, in one shape for every dialect. What a file has by the hundred thousand are structs: a frozen dataclass takes
four times as long to be made.
"""

from dataclasses import dataclass

from msgspec import Struct

from protocol.operations import Noun

CODES = {
    "no-sku": "sku", "no-title": "title", "no-handle": "handle", "no-price": "price", "bad-price": "price", "price-range": "price",
    "currency": "price", "bad-sale": "sale_days", "put-aside": "published", "not-a-kind-sold": "type", "sku-taken": "sku",
    "sku-of-another": "sku", "same-product": "sku", "no-parent": "group", "rows-apart": "group", "nested-group": "group",
    "bad-options": "option", "too-large": "", "nothing-sold": "", "not-a-product": "", "not-in-file": "",
    "bad-field": "", "unknown-field": "", "no-profile": "shipping_profile", "unknown-tax": "tax_class", "no-brand": "brand",
}  # fmt: skip
"""Why a row is not sold, and which field that is about, as mappings name it ("": the whole row)."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A lower price for some days. `starts` 0: already; `ends` None: until further notice; both in ms, `ends` is its last."""

    price_minor: int
    starts: int
    ends: int | None


class VariantRow(Struct, frozen=True):
    """A purchasable SKU. Prices in minor units of `currency`; `options` stand in the order of the product's options.

    `price_minor` is what it costs when the file is read; `sale` tells the days of a sale, also of one that has not begun. `in_stock` None:
    the file does not say. `size_mm` is length, width, height; `digital`: nothing is sent. `silent` names what the file has no column for
    (compare_at, sale, stock, count), so that nothing there means nothing; `cleared`: fields that an empty cell clears, its product's too.
    """

    sku: str
    title: str
    options: tuple[str, ...]
    price_minor: int
    compare_at_minor: int | None
    currency: str
    gtin: str
    stock: int | None
    in_stock: bool | None
    weight_grams: int | None
    taxable: bool
    image: str
    row: int
    mpn: str = ""
    size_mm: tuple[int, int, int] | None = None
    sale: Sale | None = None
    digital: bool = False
    silent: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()

    @property
    def dated(self) -> Sale | None:
        """Its sale, where that has an end: then it ends by itself."""
        return self.sale if self.sale is not None and self.sale.ends is not None else None

    @property
    def regular_minor(self) -> int:
        """What it costs outside its days."""
        on = self.dated is not None and self.compare_at_minor is not None and self.price_minor == self.dated.price_minor
        return self.compare_at_minor if on and self.compare_at_minor is not None else self.price_minor


class Option(Struct, frozen=True):
    """A choice such as Size, with its values in the order of the file."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exact:
    """Records as our own lines hold them, byte for byte: a product with its offers, or one that stands by itself."""

    noun: Noun
    record: bytes
    offers: tuple[bytes, ...] = ()


class ProductRow(Struct, frozen=True):
    """What is listed for sale, with at least one variant. `description` is plain text, `images` are addresses as the file has them.

    `title` is empty where a list of prices or stock names only SKUs. `google_category` is a number of Google's taxonomy, `origin` a country
    in two capitals. `notes` say what of the product was left out. `plain`: no options are named because the file has no word on options.
    `exact`: what is signed is there, and the rest only shows it; a record that is no product has no variants.
    """

    handle: str
    title: str
    description: str
    vendor: str
    category: str
    tags: tuple[str, ...]
    options: tuple[Option, ...]
    images: tuple[str, ...]
    variants: tuple[VariantRow, ...]
    row: int
    google_category: int | None = None
    origin: str = ""
    notes: tuple[str, ...] = ()
    plain: bool = False
    exact: Exact | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is not sold, and why: `code` is one of `CODES`. `row` as a spreadsheet counts (the header is row 1).

    `handle` names the product that the shop has put aside (a draft, archived, hidden): whoever sells it still should withdraw it.
    """

    row: int
    reason: str
    sku: str = ""
    name: str = ""
    handle: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class ProductFile:
    """The whole file: products in its order, skipped rows in its order."""

    dialect: str
    products: tuple[ProductRow, ...]
    skipped: tuple[Skipped, ...]
    currency: str = ""

    @property
    def variants(self) -> int:
        """How many SKUs can be bought."""
        return sum(len(product.variants) for product in self.products)
