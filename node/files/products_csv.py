"""Product tables of no known program: a guess what each column holds, and rows read by a mapping (node/model/product_fields.py)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from node.model.listing import ProductRow, Skipped
from node.model.product_fields import UNITS, without_clear

from . import items
from .items import Item
from .prices import Prices
from .table import Table, plain

DIALECT = "csv"
_WORDS = {
    "sku": "sku|article number|article no|item number|item no|item code|product code|artikelnummer|artikel-nr|artikelnr|bestellnummer|"
    "référence|reference|ref|código|codigo|seller sku|stock code|part number",
    "title": "title|name|product|product name|product title|item name|bezeichnung|produktname|produkt|artikel|artikelbezeichnung|titel|nom|"
    "désignation|titre|nombre|producto|título",
    "price": "price|unit price|regular price|retail price|rrp|preis|verkaufspreis|vk|vk-preis|bruttopreis|prix|prix ttc|precio|pvp",
    "compare_at": "compare at price|compare-at price|list price|was price|msrp|uvp|prix barré",
    "sale_price": "sale price|special price|offer price|angebotspreis|sonderpreis|prix promo|precio oferta",
    "description": "description|long description|body|beschreibung|langtext|descripción|details",
    "vendor": "brand|vendor|manufacturer|marke|hersteller|marque|fabricant|marca",
    "category": "category|categories|product type|type|kategorie|warengruppe|catégorie|categoría",
    "google_category": "google product category|google category",
    "tags": "tags|keywords|schlagwörter|étiquettes|etiquetas",
    "gtin": "gtin|ean|upc|barcode|isbn|ean13|gtin13|ean code|código de barras",
    "mpn": "mpn|manufacturer part number|hersteller-nr",
    "stock": "stock|quantity|qty|inventory|pieces|bestand|lager|lagerbestand|menge|stück|quantité|cantidad|existencias",
    "available": "availability|available|in stock|in stock?|verfügbar|verfügbarkeit|disponibilité|disponible",
    "published": "published|status|active|aktiv|veröffentlicht|publié|publicado",
    "weight": "weight|gewicht|poids|peso",
    "image": "image|image url|picture|photo|main image|image src|image link|bild|bild-url|foto|imagen",
    "images": "images|additional images|more images|bilder|gallery",
    "group": "group|item group id|parent sku|parent|product id|style|style number|modell|modellnummer",
    "option:Size": "size|größe|groesse|taille|talla|tamaño",
    "option:Color": "color|colour|farbe|couleur",
    "option:Material": "material|matière",
    "origin": "origin|country of origin|ursprungsland|herkunftsland|pays d'origine",
    "handle": "handle|slug|url key",
}
_TARGETS = {plain(word): target for target, words in _WORDS.items() for word in words.split("|")}
_IN_UNIT = re.compile(r"(?:weight|gewicht|poids|peso) ?[(\[]?(kg|g|lb|lbs|oz)[)\]]?\Z")
_NAMES = {
    "sku": "id", "vendor": "brand", "category": "product_type", "google_category": "google_product_category", "stock": "quantity",
    "available": "availability", "group": "item_group_id", "sale_days": "sale_price_effective_date",
}  # fmt: skip
_TOLD = frozenset(("sale_price", "compare_at"))
_MANY = re.compile(r"[\n|;,]+")


def guess(header: Sequence[str]) -> tuple[str, ...]:
    """A target for each column, "" where no word tells."""
    found: list[str] = []
    for title in header:
        short = plain(title)
        unit = _IN_UNIT.match(short)
        target = f"weight:{unit[1].removesuffix('s')}" if unit else _TARGETS.get(short.replace("_", " "), "")
        taken = target in found and target.partition(":")[0] not in {"images", "tags"}
        found.append("" if taken else target)
    return tuple(found)


def read(table: Table, targets: Sequence[str], prices: Prices, now_ms: int) -> Iterator[ProductRow | Skipped]:
    """Products and skipped rows, read as `targets` say."""
    return read_rows(((row.number, row.cells) for row in table), table.header, targets, prices, now_ms)


def read_rows(
    rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str], targets: Sequence[str], prices: Prices, now_ms: int
) -> Iterator[ProductRow | Skipped]:
    """As `read`, of rows (number, cells) that were kept."""
    make = row_reader(header, targets)
    return items.read((make(number, cells) for number, cells in rows), prices, now_ms, _grouping(header, targets))


def row_reader(header: Sequence[str], targets: Sequence[str]) -> Callable[[int, Sequence[str]], Item]:
    """How a row is read: its number and cells → an item."""
    named = [(at, *without_clear(target)) for at, target in enumerate(targets) if target]
    places = [(at, *target.partition(":")[::2], clears) for at, target, clears in named]

    def read_row(number: int, cells: Sequence[str]) -> Item:
        values: dict[str, str] = {}
        options: dict[str, str] = {}
        images: list[str] = []
        tags: list[str] = []
        cleared: list[str] = []
        for at, field, label, clears in places:
            cell = cells[at].strip() if at < len(cells) else ""
            if not cell:
                if field in _TOLD:
                    values[field] = ""  # the column is there: there is none
                if clears:
                    cleared.append(field)
                continue
            if field == "option":
                options[label or header[at]] = cell
            elif field in {"image", "images"}:
                images += [cell] if field == "image" else [part.strip() for part in cell.split(",") if part.strip()]
            elif field == "tags":
                tags += [part.strip() for part in _MANY.split(cell) if part.strip()]
            elif field == "weight":
                values["product_weight"] = cell if cell[-1:].isalpha() else f"{cell} {label or UNITS[0]}"
            else:
                values[_NAMES.get(field, field)] = cell
        return Item(number, values, images, tuple(dict.fromkeys(tags)), options, tuple(cleared))

    return read_row


def _grouping(header: Sequence[str], targets: Sequence[str]) -> str:
    return next((title for title, target in zip(header, targets, strict=False) if target == "group"), "SKU")
