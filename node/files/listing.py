"""What a product file says, in one shape for every dialect. It decides identity (one SKU, one row) and what is listed; it reads no file."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from node.model.listing import Option, ProductFile, ProductRow, Skipped, VariantRow
from protocol.gtin import is_gtin

from . import pictures_at
from .bounds import LONGEST_SKU, MOST_OPTIONS, MOST_VARIANTS, Room, cut

MOST_NOTES = 20
_NO_WORD = re.compile(r"[^a-z0-9]+")


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
    google_category: int | None = None
    origin: str = ""
    has_options: bool = False
    """Whether the file has columns for options, so that a product without any has none."""
    told: bool = False
    """Whether its first row was told as skipped already."""
    choices: dict[int, dict[str, str]] = field(default_factory=dict)
    """Options of variants by their rows, where the names are known only once all are there."""


def slug(text: str) -> str:
    """`text` as a stable handle: lower-case ASCII letters and digits joined by hyphens; "" when nothing is left."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NO_WORD.sub("-", folded).strip("-")[:120]


def gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 with a right check digit, or ""."""
    if not text:
        return ""
    digits = text.strip().lstrip("'").replace("-", "").replace(" ", "")
    return digits if is_gtin(digits) else ""


def category_number(cell: str) -> int | None:
    """A number of Google's taxonomy, alone or before its words (“2271 - Apparel & Accessories > …”); None for words alone."""
    number = cell.strip().partition(" ")[0] if cell else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else None


def country(cell: str) -> str:
    """Two capitals, or nothing."""
    code = cell.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


class Assembly:
    """Products as they are finished, one after the other: one SKU is sold once, one handle names one product."""

    def __init__(self) -> None:
        self.owners: dict[str, int] = {}
        """By SKU the row that sells it."""
        self._handles: dict[str, int] = {}

    def finished(self, draft: Draft) -> Iterator[ProductRow | Skipped]:
        """The product, with a reason for each of its rows that is not sold: of equal SKUs the first finished wins."""
        if draft.choices:
            _settle(draft)
        room, own, skipped = Room(), list[VariantRow](), list[Skipped]()
        for variant in draft.variants:
            first = self.owners.get(variant.sku)
            if first is None:
                self.owners[variant.sku] = variant.row
                own.append(variant)
            else:
                reason = f"The SKU {variant.sku} is already in row {first}; one SKU can be sold once. Give it another SKU."
                skipped.append(Skipped(variant.row, reason, variant.sku, variant.title, code="sku-taken"))
        variants = _bounded(draft, own, room, skipped)
        if variants:
            yield _finish(draft, variants, self._handles, room)
        elif not draft.told and all(entry.row != draft.row for entry in skipped):
            skipped.append(Skipped(draft.row, "Nothing of this product can be bought.", draft.sku, draft.title, code="nothing-sold"))
        yield from skipped


def collected(dialect: str, entries: Iterable[ProductRow | Skipped]) -> ProductFile:
    """A whole file in memory, products and skipped rows in its order."""
    products, skipped = list[ProductRow](), list[Skipped]()
    for entry in entries:
        if isinstance(entry, Skipped):
            skipped.append(entry)
        else:
            products.append(entry)
    products.sort(key=lambda product: product.row)
    return ProductFile(dialect, tuple(products), tuple(sorted(skipped, key=lambda entry: entry.row)))


def _settle(draft: Draft) -> None:
    """Every name that some variant has a value for is an option, in the order they came."""
    names = tuple(dict.fromkeys(name for choice in draft.choices.values() for name, value in choice.items() if value))
    draft.option_names = names
    draft.variants = [
        replace(variant, options=tuple(draft.choices.get(variant.row, {}).get(name, "") for name in names)) for variant in draft.variants
    ]


def _bounded(draft: Draft, variants: list[VariantRow], room: Room, skipped: list[Skipped]) -> tuple[VariantRow, ...]:
    """The variants that one product of a catalog can hold, with texts of the length it can hold; others are skipped."""
    room.take(cut(draft.title, 500), cut(draft.vendor, 200), cut(draft.category, 500), *draft.option_names[:MOST_OPTIONS])
    kept: list[VariantRow] = []
    for variant in variants:
        options = tuple([cut(value, 200) for value in variant.options[:MOST_OPTIONS]])
        image = "" if variant.image and pictures_at.why_not(variant.image) else variant.image
        title, mpn, short = cut(variant.title, 500), cut(variant.mpn, 70), variant
        if (title, options, mpn, image) != (variant.title, variant.options, variant.mpn, variant.image):
            short = replace(variant, title=title, options=options, mpn=mpn, image=image)
        reason = ""
        if len(variant.sku) > LONGEST_SKU:
            reason = f"Its SKU is longer than {LONGEST_SKU} characters. Give it a shorter one."
        elif len(kept) == MOST_VARIANTS or not room.take(
            short.sku, short.title, short.gtin, *((short.mpn,) if short.mpn else ()), *options
        ):
            reason = f"One product holds {MOST_VARIANTS} variants or 60 kB of texts. Divide it into several products."
        if reason:
            skipped.append(Skipped(variant.row, reason, variant.sku[:LONGEST_SKU], draft.title, code="too-large"))
        else:
            kept.append(short)
    return tuple(kept)


def _finish(draft: Draft, variants: tuple[VariantRow, ...], handles: dict[str, int], room: Room) -> ProductRow:
    base = draft.handle[:240]
    handle = base
    while handle in handles:
        handles[base] += 1
        handle = f"{base}-{handles[base]}"
    handles[handle] = 1
    names = draft.option_names[:MOST_OPTIONS]
    images, notes = pictures_at.kept([*draft.images, *[variant.image for variant in draft.variants]])
    return ProductRow(
        handle=handle,
        title=cut(draft.title, 500),
        description=room.text(draft.description, 20_000),
        vendor=cut(draft.vendor, 200),
        category=cut(draft.category, 500),
        tags=room.tags(draft.tags),
        options=tuple([Option(cut(name, 200), _values(draft, name, variants, place)) for place, name in enumerate(names)]),
        images=room.images(images),
        variants=variants,
        row=draft.row,
        google_category=draft.google_category,
        origin=draft.origin,
        notes=tuple(notes[:MOST_NOTES]),
        plain=not names and not draft.has_options,
    )


def _values(draft: Draft, name: str, variants: tuple[VariantRow, ...], place: int) -> tuple[str, ...]:
    """The values that can be had; a variant without one stands for any value that the product names."""
    found = dict.fromkeys(v.options[place] for v in variants if v.options[place])
    any_value = any(not v.options[place] for v in variants)
    return tuple(dict.fromkeys((*found, *draft.option_values.get(name, ())))) if any_value else tuple(found)
