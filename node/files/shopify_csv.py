"""Shopify's product export, the classic columns ("Handle", "Variant SKU") and those of 2024 ("URL handle", "SKU").

A product takes one row and more rows with its handle: each carries a variant, an image, or both. What is listed: status
active (or none given) and published. Prices per market ("Price / Germany") are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from node.model.listing import Skipped, VariantRow

from .amounts import BadAmount, count, grams, minor_units
from .listing import Draft, gtin, slug
from .plain_text import plain_text
from .table import Row, Table

DIALECT = "shopify"
_NAMES = {
    "url handle": "handle",
    "description": "body (html)",
    "product category": "category",
    "published on online store": "published",
    "sku": "variant sku",
    "barcode": "variant barcode",
    "price": "variant price",
    "compare-at price": "variant compare at price",
    "charge tax": "variant taxable",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "weight value (grams)": "variant grams",
    "product image url": "image src",
    "variant image url": "variant image",
}
_CLASSIC = {"handle": "Handle", "title": "Title", "variant sku": "Variant SKU", "variant price": "Variant Price"}
_NEW = {"handle": "URL handle", "title": "Title", "variant sku": "SKU", "variant price": "Price"}
_YES = frozenset(("true", "yes", "1", "wahr", "vrai", "continue"))
_NO = frozenset(("false", "no", "0", "falsch", "faux"))
_NOT_LISTED = {
    "draft": "It is a draft. Make it active in the shop to sell it.",
    "archived": "It is archived. Make it active in the shop to sell it.",
    "unlisted": "It is unlisted, which hides it from the catalog.",
}


def recognises(columns: Iterable[str]) -> bool:
    """Whether a table with these plain column titles is an export of Shopify."""
    found = set(columns)
    return "url handle" in found or any(title.startswith("variant ") for title in found) or {"handle", "body (html)"} <= found


@dataclass(slots=True)
class _Gathering:
    currency: str
    decimals: int
    drafts: dict[str, Draft] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)


def read(table: Table, currency: str, decimals: int) -> tuple[list[Draft], list[Skipped]]:
    """Products and skipped rows of `table`. Raises UserError `file-column`."""
    classic = any(title.startswith("variant ") and title != "variant image url" for title in table.columns)
    table.rename(_NAMES)
    table.require(_CLASSIC if classic else _NEW, "a product export of Shopify")
    state = _Gathering(currency, decimals)
    for row in table:
        _take(state, row)
    return list(state.drafts.values()), state.skipped


def _take(state: _Gathering, row: Row) -> None:
    handle = row.get("handle") or slug(row.get("title"))
    if handle in state.unlisted:
        return
    draft = state.drafts.get(handle)
    if draft is None:
        reason = _why_not_listed(row, handle)
        if reason:
            if handle:
                state.unlisted.add(handle)
            state.skipped.append(Skipped(row.number, reason, _sku(row), row.get("title") or handle))
            return
        draft = state.drafts[handle] = _product(row, handle)
    draft.images.append(row.get("image src"))
    if not _has_variant(row):
        return
    try:
        draft.variants.append(_variant(state, draft, row))
    except BadAmount as problem:
        state.skipped.append(Skipped(row.number, str(problem), _sku(row), draft.title))


def _why_not_listed(row: Row, handle: str) -> str:
    if not handle:
        return "It has no handle, so it belongs to no product."
    if not row.get("title"):
        return f"The first row of “{handle}” has no title."
    status = row.get("status").casefold()
    if status and status != "active":
        return _NOT_LISTED.get(status, f"Its status is “{status[:40]}”, not active.")
    if row.get("published").casefold() in _NO:
        return "It is not published in the shop."
    return ""


def _product(row: Row, handle: str) -> Draft:
    names = tuple(name for place in (1, 2, 3) if (name := row.get(f"option{place} name")))
    if names == ("Title",) and row.get("option1 value") == "Default Title":
        names = ()
    return Draft(
        row=row.number,
        handle=handle,
        title=row.get("title"),
        description=plain_text(row.get("body (html)")),
        vendor=row.get("vendor"),
        category=row.get("type") or row.get("category"),
        tags=tuple(dict.fromkeys(tag for part in row.get("tags").split(",") if (tag := part.strip()))),
        option_names=names,
        sku=_sku(row),
    )


def _sku(row: Row) -> str:
    sku = row.get("variant sku")
    return sku.removeprefix("'")  # Shopify writes an apostrophe before numbers


def _has_variant(row: Row) -> bool:
    return bool(row.get("variant sku") or row.get("variant price") or row.get("option1 value") or row.get("title"))


def _variant(state: _Gathering, draft: Draft, row: Row) -> VariantRow:
    if not row.get("variant price"):
        raise BadAmount("It has no price.")
    price = minor_units(row.get("variant price"), state.decimals, state.currency)
    before = row.get("variant compare at price")
    compare_at = minor_units(before, state.decimals, state.currency) if before else 0
    values = tuple(row.get(f"option{place} value") for place in range(1, len(draft.option_names) + 1))
    stock, in_stock = _stock(row)
    return VariantRow(
        sku=_sku(row) or "-".join(part for part in (draft.handle, *map(slug, values)) if part),
        title=" / ".join(value for value in values if value),
        options=values,
        price_minor=price,
        compare_at_minor=compare_at if compare_at > price else None,
        currency=state.currency,
        gtin=gtin(row.get("variant barcode")),
        stock=stock,
        in_stock=in_stock,
        weight_grams=grams(row.get("variant grams"), "g"),
        taxable=row.get("variant taxable").casefold() not in _NO,
        image=row.get("variant image"),
        row=row.number,
    )


def _stock(row: Row) -> tuple[int | None, bool]:
    """Pieces (None: not counted by the shop) and whether one can be bought now."""
    quantity = count(row.get("variant inventory qty"))
    if not row.get("variant inventory tracker") or quantity is None:
        return None, True
    return quantity, quantity > 0 or row.get("variant inventory policy").casefold() in _YES
