"""Our own product file: JSON lines, the first a header, then a product a line (docs/catalog-imports.md). It reads back as it was.

A line is whole records (record_lines.py), or the short form that is here, for a person to write: it leaves alone what it does not name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from node.errors import UserError
from node.model.listing import ProductRow, Sale, Skipped, VariantRow
from protocol.codec import LATEST_MS

from .amounts import BadAmount
from .gathering import take_image, take_skipped, take_variant
from .listing import Assembly, Draft, country, gtin, slug
from .named_records import decimal
from .prices import Prices
from .record_lines import RecordLines, is_record, line_of
from .whole_text import too_deep

DIALECT = "gemstra-products"
SIGN = b'{"gemstra":"products"'
VERSION = 2
"""Since 2 a line may hold whole records."""
LONGEST_LINE = 16 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. Prices are in `currency`."""

    gemstra: str
    version: int
    currency: str


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A lower price for some days, in ms; `ends` null: until further notice."""

    price: str
    starts: int = 0
    ends: int | None = None


@dataclass(frozen=True, slots=True)
class VariantLine:
    """A SKU. `price` is what it costs now, as a decimal number in a text."""

    sku: str
    price: str
    title: str = ""
    options: tuple[str, ...] = ()
    compare_at: str | msgspec.UnsetType | None = msgspec.UNSET
    sale: SaleLine | msgspec.UnsetType | None = msgspec.UNSET
    gtin: str = ""
    mpn: str = ""
    stock: int | None = None
    in_stock: bool | None = None
    weight_grams: int | None = None
    size_mm: tuple[int, int, int] | None = None
    taxable: bool = True
    digital: bool = False
    image: str = ""


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product."""

    handle: str
    title: str
    variants: tuple[VariantLine, ...]
    description: str = ""
    vendor: str = ""
    category: str = ""
    google_category: int | None = None
    origin: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    images: tuple[str, ...] = ()


def read(lines: Iterable[str], name: str, prices: Prices) -> Iterator[ProductRow | Skipped]:
    """Products and skipped lines. Raises UserError `file-broken` for a header that is none, `file-version` for a later one."""
    numbered = enumerate(lines, 1)
    version = _read_header(next(numbered, (1, ""))[1], name, prices)
    return _entries(numbered, prices, records=version == VERSION)


def _read_header(line: str, name: str, prices: Prices) -> int:
    try:
        header = msgspec.json.decode(line, type=Header)
        prices.settle(header.currency, header.currency)
    except (msgspec.DecodeError, RecursionError, BadAmount) as problem:
        raise UserError(f"The first line of “{name}” is no header of a product file: {str(problem)[:200]}.", code="file-broken") from None
    if not 1 <= header.version <= VERSION:
        text = f"“{name}” is a product file of version {header.version}; this node reads versions 1 and {VERSION}. Update Gemstra."
        raise UserError(text, code="file-version")
    return header.version


def _entries(lines: Iterable[tuple[int, str]], prices: Prices, *, records: bool) -> Iterator[ProductRow | Skipped]:
    assembly = Assembly()
    whole = RecordLines(prices.currency, assembly.owners)
    for number, line in lines:
        if not line.strip():
            continue
        if too_deep(line):
            yield Skipped(number, "It is nested too deeply to be a product.", code="not-a-product")
            continue
        try:
            given = msgspec.json.decode(line)
            if records and is_record(given):
                yield whole.read(number, given)
                continue
            product = msgspec.convert(given, ProductLine)
        except msgspec.DecodeError as problem:  # of which ValidationError is one
            yield Skipped(number, f"It is no product: {str(problem)[:200]}.", code="not-a-product")
            continue
        draft = _draft(number, product)
        if not draft.title or not draft.handle:
            reason, code = ("It has no handle.", "no-handle") if draft.title else ("It has no title.", "no-title")
            yield Skipped(number, reason, draft.sku, draft.title, code=code)
            continue
        for variant in product.variants:
            try:
                full = take_variant(draft, _variant(variant, product, number, prices))
            except BadAmount as problem:
                yield take_skipped(draft, number, str(problem), variant.sku, problem.code)
            else:
                if full:
                    yield full
        yield from assembly.finished(draft)


def _draft(number: int, product: ProductLine) -> Draft:
    draft = Draft(
        row=number,
        handle=slug(product.handle) and product.handle[:240],
        title=product.title.strip(),
        description=product.description,
        vendor=product.vendor,
        category=product.category,
        tags=product.tags,
        option_names=product.options or (),
        has_options=product.options is not msgspec.UNSET,
        sku=product.variants[0].sku if product.variants else "",
        google_category=product.google_category,
        origin=country(product.origin),
    )
    for address in product.images:
        take_image(draft, address)
    return draft


def _variant(variant: VariantLine, product: ProductLine, number: int, prices: Prices) -> VariantRow:
    if not variant.sku:
        raise BadAmount("A variant has no SKU.", "no-sku")
    if not variant.price.strip():
        raise BadAmount("It has no price.", "no-price")
    options = product.options or ()
    if len(variant.options) != len(options):
        raise BadAmount(f"{variant.sku[:80]} has {len(variant.options)} values for {len(options)} options.", "bad-options")
    price = prices.minor(variant.price)
    before = prices.minor(variant.compare_at) if variant.compare_at else 0
    silent = tuple(name for name in ("compare_at", "sale") if getattr(variant, name) is msgspec.UNSET)
    return VariantRow(
        variant.sku,
        variant.title,
        variant.options,
        price,
        before if before > price else None,
        prices.currency,
        gtin(variant.gtin),
        variant.stock,
        variant.in_stock if variant.in_stock is not None or variant.stock is None else variant.stock > 0,
        variant.weight_grams if variant.weight_grams is not None and 0 < variant.weight_grams < 10**9 else None,
        variant.taxable,
        variant.image,
        number,
        variant.mpn,
        variant.size_mm if variant.size_mm is not None and all(0 < side < 10**6 for side in variant.size_mm) else None,
        _sale(variant.sale, prices) if variant.sale else None,
        variant.digital,
        silent,
    )


def _sale(sale: SaleLine, prices: Prices) -> Sale:
    if not 0 <= sale.starts <= LATEST_MS or not (sale.ends is None or sale.starts <= sale.ends < LATEST_MS):
        raise BadAmount("Its sale ends before it begins, or its days are none.", "bad-sale")
    return Sale(prices.minor(sale.price), sale.starts, sale.ends)


# --- writing


def header_line(currency: str) -> bytes:
    """The first line."""
    return msgspec.json.encode(Header("products", VERSION, currency)) + b"\n"


def short_line(product: ProductRow, decimals: int) -> bytes:
    """A product's line in the short form."""
    return (
        msgspec.json.encode(
            ProductLine(
                product.handle,
                product.title,
                tuple(_line(variant, decimals) for variant in product.variants),
                product.description,
                product.vendor,
                product.category,
                product.google_category,
                product.origin,
                product.tags,
                tuple(option.name for option in product.options),
                product.images,
            )
        )
        + b"\n"
    )


def _line(variant: VariantRow, decimals: int) -> VariantLine:
    sale = variant.sale
    return VariantLine(
        variant.sku,
        decimal(variant.price_minor, decimals),
        variant.title,
        variant.options,
        decimal(variant.compare_at_minor, decimals) if variant.compare_at_minor is not None else None,
        SaleLine(decimal(sale.price_minor, decimals), sale.starts, sale.ends) if sale else None,
        variant.gtin,
        variant.mpn,
        variant.stock,
        variant.in_stock,
        variant.weight_grams,
        variant.size_mm,
        variant.taxable,
        variant.digital,
        variant.image,
    )


class ProductLines:
    """Our own lines in pieces: whole records where they are there."""

    media_type, ending = "application/jsonl", "jsonl"

    def __init__(self, currency: str, decimals: int) -> None:
        self._currency, self._decimals = currency, decimals

    def begin(self) -> bytes:
        """The header."""
        return header_line(self._currency)

    def rows(self, products: Iterable[ProductRow]) -> bytes:
        """A line a product."""
        return b"".join(line_of(item.exact) if item.exact else short_line(item, self._decimals) for item in products)

    def end(self) -> bytes:
        """Lines have no end."""
        return b""
