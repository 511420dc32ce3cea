"""The readers of product files, as the service knows them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from node.files import products, reading_apart
from node.model.listing import ProductRow, Skipped
from node.web.page import clock_ms


class ProductFiles:
    """With the node's clock, which decides which sales are on."""

    def open(
        self, source: Any, *, name: str, currency: str, progress: Callable[[int], None]
    ) -> AbstractContextManager[products.OpenProducts | reading_apart.OpenApart]:
        """The file in `source`."""
        return reading_apart.open_file(source, name=name, currency=currency, now_ms=clock_ms(), progress=progress)

    def rows(
        self, rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str], targets: Sequence[str], currency: str
    ) -> tuple[Iterator[ProductRow | Skipped], Callable[[], str]]:
        """Products of rows that were kept, and their currency once they are read."""
        return products.read_rows(rows, header, targets, currency, clock_ms())
