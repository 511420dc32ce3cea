"""WooCommerce's product export: one row a product, one row a variation, tied by `Parent` (an SKU or `id:NN`), in any order.

What is listed: published, not hidden in the catalog, of the types simple, variable and variation. The price is the sale price
while it is on (its dates are days or times in UTC), else the regular one. Headers in English, German, French and Spanish.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from node.errors import UserError
from node.model.listing import ProductRow, Sale, Skipped, VariantRow

from .amounts import BadAmount, count, grams, millimetres, moment
from .gathering import take_image, take_skipped, take_variant
from .listing import Assembly, Draft, gtin, slug
from .plain_text import plain_text
from .prices import Prices, on_sale
from .table import Row, Table

DIALECT = "woocommerce"
_MARKS = frozenset(
    (
        "regular price", "visibility in catalog", "sale price", "is featured?", "regulärer preis", "sichtbarkeit im katalog",
        "angebotspreis", "tarif régulier", "tarif promo", "visibilité dans le catalogue", "precio normal", "visibilidad en el catálogo",
    )
)  # fmt: skip
_NAMES = {
    # German
    "typ": "type", "artikelnummer": "sku", "veröffentlicht": "published", "sichtbarkeit im katalog": "visibility in catalog",
    "kurzbeschreibung": "short description", "beschreibung": "description", "steuerstatus": "tax status", "vorrätig?": "in stock?",
    "lager": "stock", "lagerbestand": "stock", "angebotspreis": "sale price", "regulärer preis": "regular price",
    "kategorien": "categories", "schlagwörter": "tags", "bilder": "images", "übergeordnetes produkt": "parent",
    "rückstände erlaubt?": "backorders allowed?", "lieferrückstände erlaubt?": "backorders allowed?",
    "datum, an dem angebotspreis beginnt": "date sale price starts", "datum, an dem angebotspreis endet": "date sale price ends",
    "datum, an dem der angebotspreis beginnt": "date sale price starts", "datum, an dem der angebotspreis endet": "date sale price ends",
    # French
    "ugs": "sku", "nom": "name", "publié": "published", "visibilité dans le catalogue": "visibility in catalog",
    "description courte": "short description", "état de la tva": "tax status", "en stock ?": "in stock?", "tarif promo": "sale price",
    "tarif régulier": "regular price", "catégories": "categories", "étiquettes": "tags",
    "autoriser les commandes de produits en rupture ?": "backorders allowed?",
    "date de début de promo": "date sale price starts", "date de fin de promo": "date sale price ends",
    # Spanish
    "tipo": "type", "nombre": "name", "publicado": "published", "visibilidad en el catálogo": "visibility in catalog",
    "descripción corta": "short description", "descripción": "description", "estado del impuesto": "tax status",
    "¿en inventario?": "in stock?", "¿existencias?": "in stock?", "inventario": "stock", "precio rebajado": "sale price",
    "precio normal": "regular price",
    "categorías": "categories", "etiquetas": "tags", "imágenes": "images", "superior": "parent",
    "¿permitir reservas de productos agotados?": "backorders allowed?",
    "día en que empieza el precio rebajado": "date sale price starts", "día en que termina el precio rebajado": "date sale price ends",
    # every language
    "gtin, upc, ean, or isbn": "gtin", "brands": "vendor", "marken": "vendor", "marques": "vendor",
}  # fmt: skip
_ATTRIBUTE_NAME = re.compile(r"(?:attribute? (\d{1,2}) name|nom de l'attribut (\d{1,2})|nombre del atributo (\d{1,2}))\Z")
_ATTRIBUTE_VALUE = re.compile(
    r"(?:attribute (\d{1,2}) value\(s\)|attribut (\d{1,2}) wert\(e\)|"
    r"valeur\(s\) de l'attribut (\d{1,2})|valor\(es\) del atributo (\d{1,2}))\Z"
)
_WEIGHT = re.compile(r"(?:weight|gewicht|poids|peso) \((kg|g|lbs|oz)\)\Z")
_SIZE = re.compile(
    r"(length|width|height|länge|breite|höhe|longueur|largeur|hauteur|longitud|ancho|anchura|alto|altura) \((mm|cm|m|in|yd)\)\Z"
)
_SIZE_NAMES = {
    "length": "length", "länge": "length", "longueur": "length", "longitud": "length",
    "width": "width", "breite": "width", "largeur": "width", "ancho": "width", "anchura": "width",
    "height": "height", "höhe": "height", "hauteur": "height", "alto": "height", "altura": "height",
}  # fmt: skip
MOST_HELD = 256 << 20
_ROW_WEIGHT = 500  # what a row takes beside its texts
_REQUIRED = {"type": "Type", "sku": "SKU", "name": "Name", "regular price": "Regular price"}
_COMMA = re.compile(r"(?<!\\),")
_KIND_WORDS = frozenset(("downloadable", "virtual"))


def recognises(columns: Iterable[str]) -> bool:
    """Whether a table with these plain column titles is an export of WooCommerce."""
    found = set(columns)
    return bool(found & _MARKS)


@dataclass(slots=True)
class _Product:
    """A row that is a product; `variations` are rows that name it."""

    draft: Draft
    id: str
    reason: str
    code: str
    stock: int | None
    attributes: dict[str, str]
    left_out: int = 0
    variations: list["_Variation"] = field(default_factory=list)


@dataclass(slots=True)
class _Variation:
    row: int
    sku: str
    id: str
    parent: str
    name: str
    options: dict[str, str]
    variant: VariantRow | None
    reason: str
    code: str
    inherits_stock: bool
    image: str


@dataclass(slots=True)
class _Reading:
    prices: Prices
    now_ms: int
    weight: tuple[str, str]
    size: tuple[tuple[str, str], ...]
    attributes: tuple[tuple[str, str], ...]
    silent: tuple[str, ...]
    held: int = 0
    products: list[_Product] = field(default_factory=list)
    variations: list[_Variation] = field(default_factory=list)


def read(table: Table, prices: Prices, now_ms: int) -> Iterator[ProductRow | Skipped]:
    """Products and skipped rows of `table`, once all is read: a variation may stand anywhere. `now_ms` decides which sales are on.

    Raises UserError `file-column`, `file-limit` for more text than is held at once.
    """
    table.rename(_NAMES)
    table.require(_REQUIRED, "a product export of WooCommerce")
    weight = next(((title, found[1]) for title in table.columns if (found := _WEIGHT.match(title))), ("", ""))
    reading = _Reading(prices, now_ms, weight, _size_columns(table.columns), _attribute_columns(table.columns), _silent(table))
    for row in table:
        _take(reading, row)
        if reading.held > MOST_HELD:
            raise UserError(
                f"“{table.name}” has more than {MOST_HELD >> 20} MB of texts. Export the products in several files, by category.",
                code="file-limit",
            )
    skipped = list(_join(reading))
    assembly = Assembly()
    for product in reading.products:
        if not product.reason:
            yield from assembly.finished(product.draft)
    yield from skipped


def _silent(table: Table) -> tuple[str, ...]:
    """What the table has no column for."""
    sales = () if "sale price" in table.columns else ("sale", "compare_at")
    return sales if {"in stock?", "stock"} & set(table.columns) else (*sales, "stock")


def _size_columns(columns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(title, unit) of length, width and height, or nothing unless all three are there."""
    found: dict[str, tuple[str, str]] = {}
    for title in columns:
        if match := _SIZE.match(title):
            found[_SIZE_NAMES[match[1]]] = (title, match[2])
    return tuple(found[name] for name in ("length", "width", "height")) if len(found) == 3 else ()


def _attribute_columns(columns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    names: dict[int, str] = {}
    values: dict[int, str] = {}
    for title in columns:
        for pattern, found in ((_ATTRIBUTE_NAME, names), (_ATTRIBUTE_VALUE, values)):
            if match := pattern.match(title):
                found[int(next(group for group in match.groups() if group))] = title
    return tuple((names[place], values[place]) for place in sorted(names) if place in values)


def _take(reading: _Reading, row: Row) -> None:
    words = [word.strip().casefold() for word in row.get("type").split(",")]
    reading.held += _ROW_WEIGHT + min(sum(map(len, row.cells)), 40_000)
    kind = next((word for word in words if word and word not in _KIND_WORDS), "simple")
    if kind == "variation":
        reading.variations.append(_variation(reading, row))
        return
    product = _product(reading, row, kind)
    reading.products.append(product)
    if kind != "simple" or product.reason:
        return
    try:
        product.draft.variants.append(_variant(reading, row, product.draft.sku or product.draft.handle, words))
    except BadAmount as problem:
        product.reason, product.code = str(problem), problem.code


def _product(reading: _Reading, row: Row, kind: str) -> _Product:
    sku, name, identity = row.get("sku"), row.get("name"), row.get("id")
    handle = slug(sku) or slug(name) or (f"product-{identity}" if identity else f"row-{row.number}")
    if not slug(sku) and identity and not handle.endswith(f"-{identity}"):
        handle = f"{handle}-{slug(identity)}"
    draft = Draft(
        row=row.number,
        handle=handle,
        title=name,
        description=plain_text(row.get("description") or row.get("short description")),
        vendor=row.get("vendor"),
        category=next(iter(_split(row.get("categories"))), ""),
        tags=tuple(dict.fromkeys(_split(row.get("tags")))),
        sku=sku,
        has_options=bool(reading.attributes),
    )
    for address in _split(row.get("images")):
        take_image(draft, address)
    return _Product(draft, identity, *_why_not_listed(row, kind), count(row.get("stock")), _attributes(reading, row))


def _why_not_listed(row: Row, kind: str) -> tuple[str, str]:
    """Why a product is not sold, and the code of that; `put-aside`: the shop has put it aside."""
    if kind == "grouped":
        return "It is a grouped product: its parts are sold, not the group.", "not-a-kind-sold"
    if kind == "external":
        return "It is an external product: it is sold on another site.", "not-a-kind-sold"
    if kind not in {"simple", "variable"}:
        return f"Products of the type “{kind[:40]}” cannot be sold here.", "not-a-kind-sold"
    if not row.get("name"):
        return "It has no name.", "no-title"
    published = row.get("published")
    if published == "-1":
        return "It is a draft. Publish it in the shop to sell it.", "put-aside"
    if published.casefold() in {"0", "false", "no"}:
        return "It is not published. Publish it in the shop to sell it.", "put-aside"
    if row.get("visibility in catalog").casefold() == "hidden":
        return "It is hidden in the catalog. Make it visible in the shop to sell it.", "put-aside"
    return "", ""


def _variation(reading: _Reading, row: Row) -> _Variation:
    sku, reason, code, variant = row.get("sku"), "", "put-aside", None
    if row.get("published").casefold() in {"0", "-1", "false", "no"}:
        reason = "This variation is switched off in the shop."
    elif row.get("visibility in catalog").casefold() == "hidden":
        reason = "This variation is hidden in the catalog."
    else:
        try:
            variant = _variant(reading, row, sku, [word.strip().casefold() for word in row.get("type").split(",")])
        except BadAmount as problem:
            reason, code = str(problem), problem.code
    return _Variation(
        row=row.number,
        sku=sku,
        id=row.get("id"),
        parent=row.get("parent"),
        name=row.get("name"),
        options=_attributes(reading, row),
        variant=variant,
        reason=reason,
        code=code,
        inherits_stock=row.get("stock").casefold() == "parent",
        image=next(iter(_split(row.get("images"))), ""),
    )


def _variant(reading: _Reading, row: Row, sku: str, words: Collection[str]) -> VariantRow:
    price, regular, sale = _price(reading, row)
    stock = count(row.get("stock"))
    return VariantRow(
        sku=sku,
        title="",
        options=(),
        price_minor=price,
        compare_at_minor=regular,
        currency=reading.prices.currency,
        gtin=gtin(row.get("gtin")),
        stock=stock,
        in_stock=_in_stock(row, stock),
        weight_grams=grams(row.get(reading.weight[0]), reading.weight[1]) if reading.weight[0] else None,
        taxable=row.get("tax status").casefold() not in {"none", "shipping"},
        image="",
        row=row.number,
        size_mm=_size(reading, row),
        sale=sale,
        digital=not _KIND_WORDS.isdisjoint(words),
        silent=reading.silent,
    )


def _size(reading: _Reading, row: Row) -> tuple[int, int, int] | None:
    found = [value for title, unit in reading.size if (value := millimetres(row.get(title), unit))]
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _price(reading: _Reading, row: Row) -> tuple[int, int | None, Sale | None]:
    """What it costs now, what it costs without a sale, and the days of the sale."""
    if not row.get("regular price"):
        raise BadAmount("It has no regular price.", "no-price")
    regular = reading.prices.minor(row.get("regular price"))
    sale = reading.prices.minor(row.get("sale price")) if row.get("sale price") else None
    starts, ends = row.get("date sale price starts"), row.get("date sale price ends")
    begin = moment(starts) if starts else 0
    end = moment(ends, end_of_day=True) if ends else None
    if sale is not None and (begin is None or (ends and end is None)):
        raise BadAmount(f"The dates of its sale (“{starts[:40]}” to “{ends[:40]}”) cannot be read. Write them as 2026-12-31.", "bad-sale")
    return on_sale(regular, sale, begin or 0, end, reading.now_ms)


def _in_stock(row: Row, stock: int | None) -> bool:
    state = row.get("in stock?").casefold()
    if state:
        return state not in {"0", "false", "no", "outofstock"}
    return stock is None or stock > 0 or row.get("backorders allowed?").casefold() in {"1", "yes", "notify"}


def _attributes(reading: _Reading, row: Row) -> dict[str, str]:
    return {row.get(name): row.get(value) for name, value in reading.attributes if row.get(name)}


def _split(cell: str) -> list[str]:
    return [part for piece in _COMMA.split(cell) if (part := piece.replace("\\,", ",").strip())]


def _join(reading: _Reading) -> Iterator[Skipped]:
    """Give each variation to its product, wherever in the file that is; what cannot be sold, with its reason."""
    by_id = {product.id: product for product in reversed(reading.products) if product.id}
    by_sku = {product.draft.sku: product for product in reversed(reading.products) if product.draft.sku}
    variations = {f"id:{item.id}" for item in reading.variations if item.id} | {item.sku for item in reading.variations if item.sku}
    for variation in reading.variations:
        parent = by_id.get(variation.parent[3:].strip()) if variation.parent.startswith("id:") else by_sku.get(variation.parent)
        if parent is None:
            yield Skipped(variation.row, _orphaned(variation, variations), variation.sku, variation.name, code="no-parent")
        elif parent.reason:
            parent.left_out += 1
        elif variation.variant is None:
            yield take_skipped(parent.draft, variation.row, variation.reason, variation.sku, variation.code)
        else:
            parent.variations.append(variation)
    for product in reading.products:
        yield from _adopt(product)
        if product.reason:
            along = f" Left out with it: {product.left_out} variations." if product.left_out else ""
            handle = product.draft.handle if product.code == "put-aside" else ""
            yield Skipped(product.draft.row, product.reason + along, product.draft.sku, product.draft.title, handle, product.code)


def _orphaned(variation: _Variation, variations: Collection[str]) -> str:
    if not variation.parent:
        return "It names no product (column Parent)."
    if variation.parent in variations:
        return f"Its product “{variation.parent[:80]}” is a variation itself; only a product has variations."
    return f"Its product “{variation.parent[:80]}” is not in the file."


def _adopt(product: _Product) -> Iterator[Skipped]:
    """Its variations become variants; its options are the attributes they name, in the product's order."""
    draft = product.draft
    named = dict.fromkeys(name for variation in product.variations for name in variation.options)
    ordered = [name for name in product.attributes if name in named]
    draft.option_names = (*ordered, *(name for name in named if name not in product.attributes))
    draft.option_values = {name: tuple(_split(product.attributes.get(name, ""))) for name in draft.option_names}
    for variation in product.variations:
        if variation.variant is not None and (full := take_variant(draft, _named(product, variation, variation.variant))):
            yield full


def _named(product: _Product, variation: _Variation, variant: VariantRow) -> VariantRow:
    """`variant` with what it has from its product: option values in order, an SKU where it has none of its own, stock."""
    values = tuple(variation.options.get(name, "") for name in product.draft.option_names)
    sku = variation.sku
    if not sku or sku == product.draft.sku:
        own = variation.id or "-".join(slug(value) for value in values if value) or str(variation.row)
        sku = f"{product.draft.sku or product.draft.handle}-{own}"
    return replace(
        variant,
        sku=sku,
        title=" / ".join(value for value in values if value),
        options=values,
        stock=product.stock if variation.inherits_stock else variant.stock,
        image=variation.image,
    )
