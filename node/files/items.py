"""Feeds with one row or element for each SKU (Google Merchant, tables by a mapping): items → products. It decides what a group is.

How an item is written, google_xml.py and google_tsv.py and products_csv.py know.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.model.listing import ProductRow, Sale, Skipped, VariantRow

from .amounts import BadAmount, count, grams, measure, millimetres, moment
from .gathering import Gathering, apart, take_image, take_skipped, take_variant
from .listing import Draft, category_number, country, gtin, slug
from .plain_text import plain_text
from .prices import Prices, on_sale

_AVAILABLE = {
    "in stock": True, "instock": True, "available": True, "backorder": True, "yes": True, "true": True, "1": True, "ja": True,
    "oui": True, "sí": True,
    "limited availability": True, "out of stock": False, "outofstock": False, "sold out": False, "preorder": False,
    "discontinued": False, "no": False,
    "false": False, "0": False, "nein": False, "non": False,
}  # fmt: skip
_ON_SALES = frozenset(("sale_price", "compare_at"))
_NO = frozenset(("false", "no", "0", "nein", "non", "draft", "archived", "hidden", "unlisted", "private", "inactive"))


@dataclass(slots=True)
class Item:
    """One SKU as it is written: texts by the names of the feed specification. `options` are its choices (Size: M) within a group."""

    row: int
    values: Mapping[str, str]
    images: Sequence[str] = ()
    tags: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    """Fields that its empty cells clear (node/model/product_fields.py)."""

    def get(self, name: str) -> str:
        """A value, or nothing."""
        return self.values.get(name, "")


def read(items: Iterable[Item], prices: Prices, now_ms: int, column: str) -> Iterator[ProductRow | Skipped]:
    """Products and skipped items; `column` is what a person sorts by where a group's items stand too far apart."""
    gathering = Gathering()
    for item in items:
        yield from _take(gathering, item, prices, now_ms, column)
    yield from gathering.rest()


def _take(gathering: Gathering, item: Item, prices: Prices, now_ms: int, column: str) -> Iterator[ProductRow | Skipped]:
    sku = item.get("id")
    if not sku:
        yield Skipped(item.row, "It has no SKU (id), by which it would be ordered.", "", item.get("title"), code="no-sku")
        return
    group = item.get("item_group_id")
    key = f"group {group}" if group else f"item {sku}"
    draft = gathering.find(key)
    if draft is None:
        if gathering.closed(key):
            yield _again(item, sku, group, column)
            return
        draft = _product(item, slug(group or sku) or f"row-{item.row}")
        yield from gathering.add(key, draft)
    if item.get("published").casefold() in _NO:
        yield take_skipped(draft, item.row, "It is put aside in the shop (not published).", sku, "put-aside", aside=not group)
        return
    for address in item.images:
        take_image(draft, address)
    try:
        full = take_variant(draft, _variant(item, prices, now_ms))
    except BadAmount as problem:
        yield take_skipped(draft, item.row, str(problem), sku, problem.code)
        return
    if full:
        yield full
    elif group or item.options:
        draft.choices[item.row] = dict(item.options)


def _again(item: Item, sku: str, group: str, column: str) -> Skipped:
    if group:
        return apart(item.row, sku, item.get("title"), group, column)
    reason = f"The SKU {sku[:80]} is in the file already; one SKU can be sold once. Give it another SKU."
    return Skipped(item.row, reason, sku, item.get("title"), code="sku-taken")


def _product(item: Item, handle: str) -> Draft:
    number = category_number(item.get("google_product_category"))
    words = "" if number is not None else item.get("google_product_category")
    return Draft(
        row=item.row,
        handle=slug(item.get("handle")) or handle,
        title=item.get("title"),
        description=plain_text(item.get("description")),
        vendor=item.get("brand"),
        category=item.get("product_type") or words,
        tags=tuple(item.tags),
        sku=item.get("id"),
        google_category=number,
        origin=country(item.get("origin")),
    )


def _variant(item: Item, prices: Prices, now_ms: int) -> VariantRow:
    price, before, sale = _price(item, prices, now_ms)
    stock = count(item.get("quantity"))
    said = _AVAILABLE.get(item.get("availability").casefold().replace("_", " "))
    values = [value for value in item.options.values() if value]
    return VariantRow(
        sku=item.get("id"),
        title=" / ".join(values),
        options=(),
        price_minor=price,
        compare_at_minor=before,
        currency=prices.currency,
        gtin=gtin(item.get("gtin")),
        stock=stock,
        in_stock=said if said is not None or stock is None else stock > 0,
        weight_grams=_weight(item),
        taxable=item.get("taxable").casefold() not in _NO,
        image=next(iter(item.images), ""),
        row=item.row,
        mpn=item.get("mpn"),
        size_mm=_size(item),
        sale=sale,
        silent=(*(("sale", "compare_at") if _ON_SALES.isdisjoint(item.values) else ()), *(("count",) if stock is None else ())),
        cleared=item.cleared,
    )


def _price(item: Item, prices: Prices, now_ms: int) -> tuple[int, int | None, Sale | None]:
    if not item.get("price"):
        raise BadAmount("It has no price.", "no-price")
    regular = prices.minor(item.get("price"))
    reduced = prices.minor(item.get("sale_price")) if item.get("sale_price") else None
    starts, _, ends = item.get("sale_price_effective_date").partition("/")
    begin = moment(starts) if starts.strip() else 0
    end = moment(ends, end_of_day=True) if ends.strip() else None
    if reduced is not None and (begin is None or (ends.strip() and end is None)):
        raise BadAmount(
            f"The days of its sale (“{item.get('sale_price_effective_date')[:80]}”) cannot be read. Write 2026-12-01/2026-12-31.",
            "bad-sale",
        )
    price, before, sale = on_sale(regular, reduced, begin or 0, end, now_ms)
    struck = prices.minor(item.get("compare_at")) if item.get("compare_at") else 0
    return price, before if before is not None else struck if struck > price else None, sale


def _weight(item: Item) -> int | None:
    for name in ("product_weight", "shipping_weight"):
        found = grams(*measure(item.get(name)))
        if found is not None:
            return found
    return None


def _size(item: Item) -> tuple[int, int, int] | None:
    for kind in ("product", "shipping"):
        found = [millimetres(*measure(item.get(f"{kind}_{side}"))) for side in ("length", "width", "height")]
        whole = [side for side in found if side is not None]
        if len(whole) == 3:
            return whole[0], whole[1], whole[2]
    return None
