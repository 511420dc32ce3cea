"""A merchant's product file → what can be sold. It decides which dialect a file is written in; the dialects' modules do the rest."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from node.errors import UserError
from node.model.listing import Option, ProductFile, ProductRow, Skipped, VariantRow

from . import google_names, google_tsv, google_xml, json_ld, product_lines, products_csv, shopify_csv, woocommerce_csv
from .contacts_csv import dialect as contacts_dialect
from .decoding import Peeked, Progress, Source, read_lines, unmarked
from .export_csv import unsafe
from .kinds import refuse_no_products
from .listing import collected
from .prices import Prices
from .table import Table, open_table

__all__ = ["OpenProducts", "Option", "ProductFile", "ProductRow", "Skipped", "VariantRow", "open_products", "read_products"]

Found = Iterator[ProductRow | Skipped]
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<script", b"<body", b"<meta", b"<!--", b"<div")
_PEOPLE = {
    "google-contacts": "contacts of Google", "outlook": "contacts of Outlook", "shopify-customers": "customers of Shopify",
    "woocommerce": "customers of WooCommerce",
}  # fmt: skip
_OTHER_TABLES = (
    ("orders of Shopify", {"lineitem name", "lineitem sku"}),
    ("the stock list of Shopify", {"handle", "location", "on hand"}),
    ("orders of WooCommerce", {"order number", "order status"}),
    ("bank statements", {"amount", "date"}),
)


@dataclass(slots=True)
class OpenProducts:
    """A product file that is read once, forward. `dialect`: shopify, woocommerce, google-xml, google-table, json-ld, gemstra-products, csv
    for a table of no known program; `header` and `guess` are of such a table: its titles, and a target for each column.
    """

    name: str
    dialect: str
    prices: Prices
    now_ms: int
    header: tuple[str, ...] = ()
    guess: tuple[str, ...] = ()
    found: Found | None = None
    table: Table | None = None

    @property
    def currency(self) -> str:
        """Of its prices: known for certain once it was read."""
        return self.prices.currency

    def entries(self, targets: Sequence[str] = ()) -> Found:
        """Each product, and each row that is not sold with its reason. `targets` say what the columns of an unknown table hold.

        Raises UserError `file-empty` for none.
        """
        number = 0
        for number, entry in enumerate(self._found(targets), 1):  # noqa: B007  the last one is looked at below
            yield entry
        if not number:
            raise UserError(f"“{self.name}” has no products. Export it again with all products.", code="file-empty")

    def originals(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Number and cells of each row of an unknown table."""
        assert self.table is not None
        return ((row.number, tuple(row.cells)) for row in self.table)

    def _found(self, targets: Sequence[str]) -> Found:
        if self.found is None:
            assert self.table is not None
            return products_csv.read(self.table, targets or self.guess, self.prices, self.now_ms)
        return self.found


@contextmanager
def open_products(
    source: Source, *, name: str, currency: str = "USD", now_ms: int, progress: Progress | None = None
) -> Iterator[OpenProducts]:
    """The products in `source`, read in pieces as they are iterated.

    `name` is how the person knows the file, `currency` that of its prices where it names none, `now_ms` decides which sales are on,
    `progress` gets the bytes read so far and may raise to cancel. Raises UserError, also while iterating: `file-empty`, `file-kind`,
    `file-encoding`, `file-broken`, `file-limit`, `file-unsafe`, `file-dialect`, `file-column`, `currency`. What is wrong with one row is a
    `Skipped` with its reason.
    """
    prices = Prices(currency)
    peeked = Peeked(source)
    refuse_no_products(peeked.head, name)
    start = unmarked(peeked.head).replace(b"\0", b"").lstrip()[:2000]
    if start.startswith(product_lines.SIGN):
        lines = read_lines(peeked, name, longest=product_lines.LONGEST_LINE, progress=progress)
        yield OpenProducts(name, product_lines.DIALECT, prices, now_ms, found=product_lines.read(lines, name, prices))
    elif start.startswith((b"{", b"[")):
        yield OpenProducts(name, json_ld.DIALECT, prices, now_ms, found=json_ld.read_text(peeked, name, prices, progress))
    elif start.lower().startswith(_PAGE) or (start.startswith(b"<") and b"<html" in start.lower()):
        yield OpenProducts(name, json_ld.DIALECT, prices, now_ms, found=json_ld.read_page(peeked, name, prices, progress))
    elif start.startswith(b"<"):
        yield OpenProducts(name, google_xml.DIALECT, prices, now_ms, found=google_xml.read(peeked, name, prices, now_ms, progress))
    else:
        with open_table(peeked, name, progress) as table:
            yield _table(table, name, prices, now_ms)


def _table(table: Table, name: str, prices: Prices, now_ms: int) -> OpenProducts:
    table.change(unsafe)
    if woocommerce_csv.recognises(table.columns):
        return OpenProducts(name, woocommerce_csv.DIALECT, prices, now_ms, found=woocommerce_csv.read(table, prices, now_ms))
    if shopify_csv.recognises(table.columns):
        return OpenProducts(name, shopify_csv.DIALECT, prices, now_ms, found=shopify_csv.read(table, prices))
    if google_names.recognises(table.columns):
        return OpenProducts(name, google_tsv.DIALECT, prices, now_ms, found=google_tsv.read(table, prices, now_ms))
    _refuse_other_tables(table)
    return OpenProducts(
        name, products_csv.DIALECT, prices, now_ms, tuple(table.header), products_csv.guess(table.header), found=None, table=table
    )


def _refuse_other_tables(table: Table) -> None:
    """Raise UserError `file-dialect` for a table that holds no products, saying what it looks like."""
    people = contacts_dialect(table)
    other = next((what for what, signs in _OTHER_TABLES if signs <= set(table.columns)), "")
    if people in _PEOPLE:
        text = f"“{table.name}” looks like {_PEOPLE[people]}, not like products. Import it under Customers."
        raise UserError(text, code="file-dialect")
    if other:
        text = f"“{table.name}” looks like {other}, not like products. Export the products (Products → Export) and import that file."
        raise UserError(text, code="file-dialect")
    if len(table.header) < 2:
        text = (
            f"“{table.name}” is no table: its first line is “{table.header[0][:80]}”. Export the products in the shop and import that file."
        )
        raise UserError(text, code="file-dialect")


def read_products(source: BinaryIO, *, name: str, currency: str = "USD", now_ms: int, progress: Progress | None = None) -> ProductFile:
    """The whole of a file whose dialect is known, in memory. Raises UserError as `open_products`, `file-dialect` for another table."""
    with open_products(source, name=name, currency=currency, now_ms=now_ms, progress=progress) as found:
        if found.table is not None:
            seen = ", ".join(title[:40] for title in found.header[:8])
            raise UserError(
                f"“{name}” is no product export of Shopify or WooCommerce and no feed: its first row is “{seen}”. "
                "Export the products in the shop (Products → Export) and import that file as it is, or say what its columns hold.",
                code="file-dialect",
            )
        whole = collected(found.dialect, _titled(found.entries()))
        return replace(whole, currency=found.currency)


def _titled(entries: Iterable[ProductRow | Skipped]) -> Found:
    """What has no title cannot be signed without a catalog that has one."""
    for entry in entries:
        if isinstance(entry, ProductRow) and not entry.title:
            yield Skipped(entry.row, "It has no title.", entry.variants[0].sku, code="no-title")
        else:
            yield entry


def read_rows(
    rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str], targets: Sequence[str], currency: str, now_ms: int
) -> tuple[Found, Callable[[], str]]:
    """Products of a table's rows (number, cells) as `targets` say, and the currency they turn out to be in once they are read."""
    prices = Prices(currency)
    return products_csv.read_rows(rows, header, targets, prices, now_ms), lambda: prices.currency
