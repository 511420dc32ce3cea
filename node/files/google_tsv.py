"""Google's product feed as a table: a column for each attribute, tabs or commas between them."""

from collections.abc import Iterator

from node.model.listing import ProductRow, Skipped

from . import google_names, items
from .prices import Prices
from .table import Table

DIALECT = "google-table"


def read(table: Table, prices: Prices, now_ms: int) -> Iterator[ProductRow | Skipped]:
    """Products and skipped rows. Raises UserError `file-column`."""
    table.rename({title: google_names.name_of(title) for title in table.columns})
    table.require(google_names.REQUIRED, "a product feed for Google Merchant")
    return items.read(_items(table), prices, now_ms, "item group id")


def _items(table: Table) -> Iterator[items.Item]:
    names = {google_names.name_of(title): title for title in table.columns}
    for row in table:
        values = {name: cell for name, title in names.items() if (cell := row.get(title)) or name == "sale_price"}
        pictures = google_names.pictures_of({name: [cell] for name, cell in values.items()})
        yield google_names.item(row.number, values, pictures)
