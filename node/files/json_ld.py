"""schema.org products as JSON-LD, alone or in the scripts of a web page. It decides what is a product, a group and an offer.

Nothing is fetched and no context is followed: a name counts with or without schema.org's address before it. References by `@id` within the
document are followed one step; a group within a group, or one that comes back to itself, is told and not followed.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from node.errors import UserError
from node.model.listing import ProductRow, Skipped

from . import ld_values, offers_ld
from .amounts import BadAmount
from .decoding import Progress, Source
from .gathering import take_image, take_skipped, take_variant
from .ld_values import many, node_types, short, text_of
from .listing import Assembly, Draft, category_number, slug
from .plain_text import plain_text
from .prices import Prices
from .whole_text import MOST_JSON, MOST_PAGE, json_of, whole_text

DIALECT = "json-ld"
_SCRIPT = re.compile(r"<script\b([^>]{0,1000})>", re.IGNORECASE)
_END = re.compile(r"</script", re.IGNORECASE)
_PRODUCTS = frozenset(("Product", "IndividualProduct", "ProductModel", "SomeProducts"))
_ELSEWHERE = frozenset(
    (
        "isRelatedTo",
        "isSimilarTo",
        "isAccessoryOrSparePartFor",
        "isConsumableFor",
        "review",
        "reviews",
        "itemReviewed",
        "subjectOf",
        "isVariantOf",
        "brand",
    )
)
_OPTIONS = {"color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern"}
_MOST_NODES = 200_000


@dataclass(slots=True)
class _Document:
    """The nodes of a document: products and groups in its order, each numbered; `known` by `@id`."""

    products: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def resolved(self, value: Any) -> dict[str, Any] | None:
        """The node that a value is or names."""
        if not isinstance(value, dict):
            return self.known.get(value) if isinstance(value, str) else None
        return self.known.get(value["@id"], value) if set(value) == {"@id"} and isinstance(value["@id"], str) else value


def read_text(source: Source, name: str, prices: Prices, progress: Progress | None = None) -> Iterator[ProductRow | Skipped]:
    """Products of a JSON document. Raises UserError `file-broken`, `file-limit`, `file-encoding`, `file-dialect`."""
    text = whole_text(source, name, MOST_JSON, progress)
    return _read([json_of(text, name)], name, prices, "JSON")


def read_page(source: Source, name: str, prices: Prices, progress: Progress | None = None) -> Iterator[ProductRow | Skipped]:
    """Products that a web page tells of in its scripts. A script that is no JSON is passed over unless none is."""
    text = whole_text(source, name, MOST_PAGE, progress)
    values: list[Any] = []
    failed: UserError | None = None
    for script in _scripts(text, name):
        try:
            values.append(json_of(script, name))
        except UserError as error:
            failed = error
    if not values and failed is not None:
        raise failed
    return _read(values, name, prices, "a web page")


def _scripts(page: str, name: str) -> Iterator[str]:
    """The JSON-LD scripts of a page."""
    place, size = 0, 0
    while found := _SCRIPT.search(page, place):
        end = _END.search(page, found.end())
        place = end.end() if end else len(page)
        if "application/ld+json" not in found[1].casefold():
            continue
        body = page[found.end() : end.start() if end else len(page)].strip().removeprefix("<!--").removesuffix("-->")
        size += len(body)
        if size > MOST_JSON:
            raise UserError(f"“{name}” has more than {MOST_JSON >> 20} MB of JSON-LD. Export a table or a feed instead.", code="file-limit")
        yield body


def _read(values: list[Any], name: str, prices: Prices, what: str) -> Iterator[ProductRow | Skipped]:
    document = _Document()
    for value in values:
        _collect(document, value, name)
    if not document.products and not document.groups:
        text = f"“{name}” is {what} that holds no product of schema.org (JSON-LD). Import the shop's export, or its product feed."
        raise UserError(text, code="file-dialect")
    return _entries(document, prices)


def _collect(document: _Document, value: Any, name: str) -> None:
    """Find products and groups wherever they stand, in order, without recursion."""
    waiting = [value]
    seen = 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if seen > _MOST_NODES:
            raise UserError(f"“{name}” has more than {_MOST_NODES:,} parts. Export a table or a feed instead.", code="file-limit")
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict):
            _note(document, item)
            waiting += [inner for key, inner in reversed(item.items()) if short(key) not in _ELSEWHERE and isinstance(inner, dict | list)]


def _note(document: _Document, item: dict[str, Any]) -> None:
    types = node_types(item)
    identity = item.get("@id")
    if isinstance(identity, str) and len(item) > 1:
        document.known.setdefault(identity, item)
    if "ProductGroup" in types:
        document.groups.append(item)
    elif types & _PRODUCTS:
        document.products.append(item)
    elif "Offer" in types and isinstance(sold := item.get("itemOffered"), dict) and "offers" not in sold:
        sold["offers"] = {key: value for key, value in item.items() if key != "itemOffered"}
    if types & _PRODUCTS or "ProductGroup" in types:
        document.numbers[id(item)] = len(document.numbers) + 1


def _entries(document: _Document, prices: Prices) -> Iterator[ProductRow | Skipped]:
    assembly = Assembly()
    members, told = _members(document)
    yield from told
    drafts = [_group(document, group, members[id(group)], prices) for group in document.groups]
    taken = {id(product) for found in members.values() for product in found}
    drafts += [_single(document, product, prices) for product in document.products if id(product) not in taken]
    rows = {entry.row for entry in told}
    for draft, skipped in sorted(drafts, key=lambda made: made[0].row):
        draft.told = draft.told or draft.row in rows
        yield from skipped
        yield from assembly.finished(draft)


def _members(document: _Document) -> tuple[dict[int, list[dict[str, Any]]], list[Skipped]]:
    """The variants of each group, each product in one group; what is no variant is told."""
    members: dict[int, list[dict[str, Any]]] = {id(group): [] for group in document.groups}
    told: list[Skipped] = []
    owner: dict[int, int] = {}
    by_number = {text_of(group.get("productGroupID")): group for group in reversed(document.groups)}
    by_number.pop("", None)

    def add(group: dict[str, Any], product: dict[str, Any]) -> None:
        if id(product) in members:
            row = document.numbers[id(product)]
            told.append(
                Skipped(
                    row, "It is a group within a group. A group holds products only.", "", text_of(product.get("name")), code="nested-group"
                )
            )
        elif owner.setdefault(id(product), id(group)) == id(group) and all(known is not product for known in members[id(group)]):
            members[id(group)].append(product)

    for group in document.groups:
        for value in many(group.get("hasVariant")):
            if (product := document.resolved(value)) is not None and (node_types(product) & (_PRODUCTS | {"ProductGroup"})):
                add(group, product)
    for product in document.products:
        for value in many(product.get("isVariantOf")):
            found = document.resolved(value)
            if found is not None and id(found) in members:
                add(found, product)
        named = by_number.get(text_of(product.get("inProductGroupWithID")))
        if named is not None:
            add(named, product)
    return members, told


def _draft(document: _Document, item: Mapping[str, Any], row: int, names: tuple[str, ...]) -> Draft:
    name = text_of(item.get("name"))
    category = ld_values.category(item)
    handle = next((made for key in names if (made := slug(text_of(item.get(key))))), "") or slug(name) or f"product-{row}"
    draft = Draft(
        row=row,
        handle=handle,
        title=html.unescape(name),
        description=plain_text(text_of(item.get("description"))),
        vendor=html.unescape(ld_values.named(document.resolved(item.get("brand")) or item.get("brand"))),
        category=html.unescape(category) if category_number(category) is None else "",
        tags=tuple(dict.fromkeys(tag for tag in ld_values.keywords(item) if tag)),
        sku=text_of(item.get("sku")),
        google_category=category_number(category),
        origin=ld_values.origin(item),
    )
    for address in ld_values.addresses(item.get("image"), document.resolved):
        take_image(draft, address)
    return draft


def _single(document: _Document, product: dict[str, Any], prices: Prices) -> tuple[Draft, list[Skipped]]:
    row = document.numbers[id(product)]
    draft, skipped = _draft(document, product, row, ("productID", "sku", "mpn")), list[Skipped]()
    offers = offers_ld.apart(product, document.resolved)
    for offer in offers:
        named = text_of(offer.get("sku")) or (draft.sku if len(offers) == 1 else "")
        _take(draft, offers_ld.Sold(product, offer, named, row), prices, skipped)
    if not offers:
        skipped.append(take_skipped(draft, row, "It has no offer, so no price.", draft.sku, "no-price"))
    if not draft.title:
        skipped.append(take_skipped(draft, row, "It has no name.", draft.sku, "no-title"))
        draft.variants.clear()
    return draft, skipped


def _group(document: _Document, group: dict[str, Any], variants: list[dict[str, Any]], prices: Prices) -> tuple[Draft, list[Skipped]]:
    row = document.numbers[id(group)]
    draft, skipped = _draft(document, group, row, ("productGroupID", "sku")), list[Skipped]()
    if not draft.title:
        draft.title = next((text_of(item.get("name")) for item in variants if text_of(item.get("name"))), "")
    for product in variants:
        number = document.numbers[id(product)]
        offers = offers_ld.apart({**product, "offers": product.get("offers", group.get("offers"))}, document.resolved)
        if not offers:
            skipped.append(take_skipped(draft, number, "It has no offer, so no price.", text_of(product.get("sku")), "no-price"))
            continue
        if _take(draft, offers_ld.Sold(product, offers[0], text_of(product.get("sku") or offers[0].get("sku")), number), prices, skipped):
            draft.choices[number] = _options(product)
            for address in ld_values.addresses(product.get("image"), document.resolved):
                take_image(draft, address)
    return draft, skipped


def _take(draft: Draft, sold: offers_ld.Sold, prices: Prices, skipped: list[Skipped]) -> bool:
    try:
        full = take_variant(draft, offers_ld.variant(sold, draft.handle, prices))
    except BadAmount as problem:
        skipped.append(take_skipped(draft, sold.row, str(problem), sold.sku, problem.code))
        return False
    if full:
        skipped.append(full)
    return full is None


def _options(product: Mapping[str, Any]) -> dict[str, str]:
    found = {shown: text_of(product.get(name)) for name, shown in _OPTIONS.items()}
    for item in many(product.get("additionalProperty")):
        if isinstance(item, dict) and text_of(item.get("name")):
            found[text_of(item.get("name"))[:200]] = text_of(item.get("value"))
    return {name: value for name, value in found.items() if value}
