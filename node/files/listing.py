"""What a product file says, in one shape for every dialect. It decides identity (one SKU, one row) and what is listed; it reads no file."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from node.model.listing import Option, ProductFile, ProductRow, Skipped, VariantRow

from .bounds import LONGEST_SKU, MOST_OPTIONS, MOST_VARIANTS, Room, cut

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
    drafts = sorted(drafts, key=lambda draft: draft.row)
    owner: dict[str, int] = {}
    for variant in sorted((v for draft in drafts for v in draft.variants), key=lambda v: v.row):
        first = owner.setdefault(variant.sku, variant.row)
        if first != variant.row:
            reason = f"The SKU {variant.sku} is already in row {first}; one SKU can be sold once. Give it another SKU."
            skipped.append(Skipped(variant.row, reason, variant.sku, variant.title))
    handles: dict[str, int] = {}
    products = []
    for draft in drafts:
        room = Room()
        own = [v for v in draft.variants if owner[v.sku] == v.row]
        variants = _bounded(draft, own, room, skipped)
        if variants:
            products.append(_finish(draft, variants, handles, room))
    told = {entry.row for entry in skipped}
    sold = {product.row for product in products}
    empty = (draft for draft in drafts if draft.row not in told and draft.row not in sold)
    skipped += [Skipped(draft.row, "Nothing of this product can be bought.", draft.sku, draft.title) for draft in empty]
    return ProductFile(dialect, tuple(products), tuple(sorted(skipped, key=lambda entry: entry.row)))


def _bounded(draft: Draft, variants: list[VariantRow], room: Room, skipped: list[Skipped]) -> tuple[VariantRow, ...]:
    """The variants that one product of a catalog can hold, with texts of the length it can hold; others are skipped."""
    room.take(cut(draft.title, 500), cut(draft.vendor, 200), cut(draft.category, 500), *draft.option_names[:MOST_OPTIONS])
    kept: list[VariantRow] = []
    for variant in variants:
        options = tuple(cut(value, 200) for value in variant.options[:MOST_OPTIONS])
        short = replace(variant, title=cut(variant.title, 500), options=options)
        reason = ""
        if len(variant.sku) > LONGEST_SKU:
            reason = f"Its SKU is longer than {LONGEST_SKU} characters. Give it a shorter one."
        elif len(kept) == MOST_VARIANTS or not room.take(short.sku, short.title, short.gtin, *options):
            reason = f"One product holds {MOST_VARIANTS} variants or 60 kB of texts. Divide it into several products."
        if reason:
            skipped.append(Skipped(variant.row, reason, variant.sku[:LONGEST_SKU], draft.title))
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
    return ProductRow(
        handle=handle,
        title=cut(draft.title, 500),
        description=room.text(draft.description, 20_000),
        vendor=cut(draft.vendor, 200),
        category=cut(draft.category, 500),
        tags=room.tags(draft.tags),
        options=tuple(Option(cut(name, 200), _values(draft, name, variants, place)) for place, name in enumerate(names)),
        images=room.images(draft.images),
        variants=variants,
        row=draft.row,
    )


def _values(draft: Draft, name: str, variants: tuple[VariantRow, ...], place: int) -> tuple[str, ...]:
    """The values that can be had; a variant without one stands for any value that the product names."""
    found = dict.fromkeys(v.options[place] for v in variants if v.options[place])
    any_value = any(not v.options[place] for v in variants)
    return tuple(dict.fromkeys((*found, *draft.option_values.get(name, ())))) if any_value else tuple(found)
