"""The rows of a product file that are not sold, as a table to mend them by: where each stands, which field it is about, and why."""

import csv
import io
from collections.abc import Sequence

from node.model.listing import CODES
from node.model.product_import import ProductImport, WaitingProduct

from .catalog_staging import ProductsUnit, find_import
from .import_errors import ErrorsView, safe

_MOST = 500
_TITLES = ("Row", "Column", "Code", "Message")


def read_errors(unit: ProductsUnit, staged: bytes, after: int = 0) -> ErrorsView:
    """Rows that are not sold, a table (safe to open in a spreadsheet): row, field, code and reason; of a mapped table as they stood too."""
    found = find_import(unit, staged, "ready")
    rows = unit.product_imports.rows(found.seq, "error", after, _MOST + 1)
    shown = rows[:_MOST]
    stem = found.name.rpartition(".")[0] or found.name
    cursor = shown[-1].number if len(rows) > _MOST else 0
    return ErrorsView(f"{stem}-errors.csv", _table(unit, found, shown, first=after == 0), len(shown), cursor)


def _table(unit: ProductsUnit, found: ProductImport, rows: Sequence[WaitingProduct], *, first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    mapped = bool(found.header)
    if first:
        writer.writerow(map(safe, (*_TITLES, *(found.header if mapped else ("SKU", "Name")))))
    for row in rows:
        own = unit.product_imports.original(found.seq, row.row) if mapped else (row.sku, row.name)
        writer.writerow((row.row, CODES.get(row.code, ""), row.code, *map(safe, (row.reason, *own))))
    return text.getvalue()
