"""Shopify's product export, the classic columns ("Handle", "Variant SKU") and those of 2024 ("URL handle", "SKU").

A product takes one row and more rows with its handle: each carries a variant, an image, or both. What is listed: status
active (or none given) and published. Prices per market ("Price / Germany") are not read.
"""

from collections.abc import Collection, Iterable, Iterator

from node.model.listing import ProductRow, Skipped, VariantRow

from .amounts import BadAmount, count, grams
from .gathering import Gathering, apart, take_image, take_skipped, take_variant
from .listing import Draft, category_number, gtin, slug
from .plain_text import plain_text
from .prices import Prices
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
    "requires shipping": "variant requires shipping",
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
_SIGNS = {
    "sale": frozenset[str](),  # the shop knows no days of a sale
    "compare_at": frozenset(("variant compare at price",)),
    "stock": frozenset(("variant inventory qty", "variant inventory tracker", "variant inventory policy")),
}
_OPTION_NAMES = ("option1 name", "option2 name", "option3 name")
_OPTION_VALUES = ("option1 value", "option2 value", "option3 value")
_GOOGLE = ("google shopping / google product category", "metafield: mm-google-shopping.google_product_category")
"""Shops keep the number of Google's taxonomy in a column of its own or in a metafield."""
_MPN = ("google shopping / mpn", "metafield: mm-google-shopping.mpn")
_NOT_LISTED = {
    "draft": "It is a draft. Make it active in the shop to sell it.",
    "archived": "It is archived. Make it active in the shop to sell it.",
    "unlisted": "It is unlisted, which hides it from the catalog.",
}


def recognises(columns: Iterable[str]) -> bool:
    """Whether a table with these plain column titles is an export of Shopify."""
    found = set(columns)
    return "url handle" in found or any(title.startswith("variant ") for title in found) or {"handle", "body (html)"} <= found


class _Reading:
    """A file under way."""

    def __init__(self, prices: Prices, columns: Collection[str]) -> None:
        self.prices = prices
        self.has_options = "option1 name" in columns
        self.names = _present(columns, _OPTION_NAMES)
        self.google = _present(columns, _GOOGLE)
        self.mpn = _present(columns, _MPN)
        self.silent = tuple(what for what, signs in _SIGNS.items() if signs.isdisjoint(columns))
        self.open = Gathering()
        self.unlisted: set[str] = set()


def read(table: Table, prices: Prices) -> Iterator[ProductRow | Skipped]:
    """Products and skipped rows of `table`, as its rows come. Raises UserError `file-column`."""
    classic = any(title.startswith("variant ") and title != "variant image url" for title in table.columns)
    table.rename(_NAMES)
    table.require(_CLASSIC if classic else _NEW, "a product export of Shopify")
    reading = _Reading(prices, table.columns)
    for row in table:
        yield from _take(reading, row)
    yield from reading.open.rest()


def _present(columns: Collection[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Of these columns those that the file has: the others need not be looked for in each row."""
    return tuple(column for column in wanted if column in columns)


def _take(reading: _Reading, row: Row) -> Iterator[ProductRow | Skipped]:
    handle = row.get("handle") or slug(row.get("title"))
    if handle in reading.unlisted:
        return
    draft = reading.open.find(handle)
    if draft is None:
        if reading.open.closed(handle):
            yield apart(row.number, _sku(row), row.get("title") or handle, handle, "Handle")
            return
        reason, code = _why_not_listed(row, handle)
        if reason:
            if handle:
                reading.unlisted.add(handle)
            yield Skipped(row.number, reason, _sku(row), row.get("title") or handle, handle if code == "put-aside" else "", code)
            return
        draft = _product(reading, row, handle)
        draft.has_options = reading.has_options
        yield from reading.open.add(handle, draft)
    take_image(draft, row.get("image src"))
    if not _has_variant(row):
        return
    try:
        full = take_variant(draft, _variant(reading, draft, row))
    except BadAmount as problem:
        yield take_skipped(draft, row.number, str(problem), _sku(row), problem.code)
    else:
        if full:
            yield full


def _why_not_listed(row: Row, handle: str) -> tuple[str, str]:
    """Why a product is not sold, and the code of that; `put-aside`: the shop says so of a product that is whole."""
    if not handle:
        return "It has no handle, so it belongs to no product.", "no-handle"
    if not row.get("title"):
        return f"The first row of “{handle}” has no title.", "no-title"
    status = row.get("status").casefold()
    if status and status != "active":
        return _NOT_LISTED.get(
            status, f"Its status is “{status[:40]}”, not active."
        ), "put-aside" if status in _NOT_LISTED else "not-a-kind-sold"
    if row.get("published").casefold() in _NO:
        return "It is not published in the shop.", "put-aside"
    return "", ""


def _product(reading: _Reading, row: Row, handle: str) -> Draft:
    names = tuple([name for column in reading.names if (name := row.get(column))])
    if names == ("Title",) and row.get("option1 value") == "Default Title":
        names = ()
    return Draft(
        row=row.number,
        handle=handle,
        title=row.get("title"),
        description=plain_text(row.get("body (html)")),
        vendor=row.get("vendor"),
        category=row.get("type") or row.get("category"),
        tags=tuple(dict.fromkeys([tag for part in row.get("tags").split(",") if (tag := part.strip())])),
        option_names=names,
        sku=_sku(row),
        google_category=category_number(_first(row, reading.google)),
    )


def _first(row: Row, columns: Collection[str]) -> str:
    """The first of these cells that holds something."""
    return next(filter(None, map(row.get, columns)), "") if columns else ""


def _sku(row: Row) -> str:
    sku = row.get("variant sku")
    return sku.removeprefix("'")  # Shopify writes an apostrophe before numbers


def _has_variant(row: Row) -> bool:
    return bool(row.get("variant sku") or row.get("variant price") or row.get("option1 value") or row.get("title"))


def _variant(reading: _Reading, draft: Draft, row: Row) -> VariantRow:
    prices = reading.prices
    cell = row.get("variant price")
    if not cell:
        raise BadAmount("It has no price.", "no-price")
    price = prices.minor(cell)
    before = row.get("variant compare at price")
    compare_at = prices.minor(before) if before else 0
    values = tuple([row.get(column) for column in _OPTION_VALUES[: len(draft.option_names)]])
    stock, in_stock = _stock(row)
    return VariantRow(
        sku=_sku(row) or "-".join(part for part in (draft.handle, *map(slug, values)) if part),
        title=" / ".join(filter(None, values)),
        options=values,
        price_minor=price,
        compare_at_minor=compare_at if compare_at > price else None,
        currency=prices.currency,
        gtin=gtin(row.get("variant barcode")),
        stock=stock,
        in_stock=in_stock,
        weight_grams=grams(row.get("variant grams"), "g"),
        taxable=row.get("variant taxable").casefold() not in _NO,
        image=row.get("variant image"),
        row=row.number,
        mpn=_first(row, reading.mpn),
        digital=row.get("variant requires shipping").casefold() in _NO,
        silent=reading.silent,
    )


def _stock(row: Row) -> tuple[int | None, bool]:
    """Pieces (None: not counted by the shop) and whether one can be bought now."""
    quantity = count(row.get("variant inventory qty")) if row.get("variant inventory tracker") else None
    if quantity is None:
        return None, True
    return quantity, quantity > 0 or row.get("variant inventory policy").casefold() in _YES
