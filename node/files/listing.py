"""What a product file says, in one shape for every dialect. It decides identity (one SKU, one row) and what is listed; it reads no file."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_NO_WORD = re.compile(r"[^a-z0-9]+")


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


@dataclass(slots=True)
class Draft:
    """A product while its rows are gathered."""

    row: int
    handle: str
    title: str
    description: str = ""
    vendor: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    option_names: tuple[str, ...] = ()
    option_values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    variants: list[VariantRow] = field(default_factory=list)
    sku: str = ""


def slug(text: str) -> str:
    """`text` as a stable handle: lower-case ASCII letters and digits joined by hyphens; "" when nothing is left."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NO_WORD.sub("-", folded).strip("-")[:120]


def gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 with a right check digit, or ""."""
    digits = text.strip().lstrip("'").replace("-", "").replace(" ", "")
    if len(digits) not in {8, 12, 13, 14} or not digits.isascii() or not digits.isdigit():
        return ""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return digits if total % 10 == 0 else ""


def assemble(dialect: str, drafts: Iterable[Draft], skipped: list[Skipped]) -> ProductFile:
    """The file from its drafts: of equal SKUs the first row wins; a product without any purchasable SKU is skipped."""
    drafts = list(drafts)
    owner: dict[str, int] = {}
    for variant in sorted((v for draft in drafts for v in draft.variants), key=lambda v: v.row):
        first = owner.setdefault(variant.sku, variant.row)
        if first != variant.row:
            reason = f"The SKU {variant.sku} is already in row {first}; one SKU can be sold once. Give it another SKU."
            skipped.append(Skipped(variant.row, reason, variant.sku, variant.title))
    told = {entry.row for entry in skipped}
    handles: set[str] = set()
    products = []
    for draft in sorted(drafts, key=lambda draft: draft.row):
        variants = tuple(v for v in draft.variants if owner[v.sku] == v.row)
        if variants:
            products.append(_finish(draft, variants, handles))
        elif draft.row not in told:
            skipped.append(Skipped(draft.row, "Nothing of this product can be bought.", draft.sku, draft.title))
    return ProductFile(dialect, tuple(products), tuple(sorted(skipped, key=lambda entry: entry.row)))


def _finish(draft: Draft, variants: tuple[VariantRow, ...], handles: set[str]) -> ProductRow:
    handle, count = draft.handle, 1
    while handle in handles:
        count += 1
        handle = f"{draft.handle}-{count}"
    handles.add(handle)
    options = tuple(Option(name, _values(draft, name, variants, place)) for place, name in enumerate(draft.option_names))
    return ProductRow(
        handle=handle,
        title=draft.title,
        description=draft.description,
        vendor=draft.vendor,
        category=draft.category,
        tags=draft.tags,
        options=options,
        images=tuple(dict.fromkeys(image for image in draft.images if image)),
        variants=variants,
        row=draft.row,
    )


def _values(draft: Draft, name: str, variants: tuple[VariantRow, ...], place: int) -> tuple[str, ...]:
    """The values that can be had; a variant without one stands for any value that the product names."""
    found = dict.fromkeys(v.options[place] for v in variants if v.options[place])
    any_value = any(not v.options[place] for v in variants)
    return tuple(dict.fromkeys((*found, *draft.option_values.get(name, ())))) if any_value else tuple(found)
