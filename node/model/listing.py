"""What a product file says, in one shape for every dialect."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A purchasable SKU. Prices in minor units of `currency`; `options` stand in the order of the product's options."""

    sku: str
    title: str
    options: tuple[str, ...]
    price_minor: int
    compare_at_minor: int | None
    currency: str
    gtin: str
    stock: int | None
    in_stock: bool
    weight_grams: int | None
    taxable: bool
    image: str
    row: int


@dataclass(frozen=True, slots=True)
class Option:
    """A choice such as Size, with its values in the order of the file."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductRow:
    """What is listed for sale, with at least one variant. `description` is plain text, `images` are addresses as the file has them."""

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


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is not sold, and why. `row` as a spreadsheet counts (the header is row 1)."""

    row: int
    reason: str
    sku: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProductFile:
    """The whole file: products in its order, skipped rows in its order."""

    dialect: str
    products: tuple[ProductRow, ...]
    skipped: tuple[Skipped, ...]

    @property
    def variants(self) -> int:
        """How many SKUs can be bought."""
        return sum(len(product.variants) for product in self.products)
