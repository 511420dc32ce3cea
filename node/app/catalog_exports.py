"""Our catalog as it leaves: stretches of products from the store, written by the writer of the form, a piece at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from node.errors import UserError
from node.files.google_out import FeedXml
from node.files.json_ld_out import GraphJson
from node.files.product_lines import ProductLines
from node.files.product_tables_out import GoogleRows, ShopifyRows, WooRows
from node.model.export import Export
from node.model.listing import ProductRow
from node.services import catalog_export
from protocol.money import exponent


class Writer(Protocol):
    """A file of products in pieces."""

    media_type: str
    ending: str

    def begin(self) -> bytes:
        """What comes first."""

    def rows(self, products: Iterable[ProductRow]) -> bytes:
        """The next products."""

    def end(self) -> bytes:
        """What comes last."""


WRITERS: Mapping[str, Callable[[str, int], Writer]] = {
    "shopify": ShopifyRows,
    "woocommerce": WooRows,
    "google-xml": FeedXml,
    "google-table": GoogleRows,
    "json-ld": GraphJson,
    "json-lines": ProductLines,
}
WHOLE = "json-lines"
"""The form that takes every record as it is, and not only what a shop would list."""


async def begin(read: Callable[..., Awaitable[Any]], form: str, currency: str, now: int) -> Export:
    """Our catalog of a currency in a form. Raises UserError `unknown-form`, NotFound."""
    if form not in WRITERS:
        raise UserError(f"There is no form {form!r}; say one of {', '.join(WRITERS)}.", code="unknown-form")
    feed, chosen = await read(catalog_export.feed_to_export, currency=currency)
    writer = WRITERS[form](chosen, exponent(chosen))
    day = datetime.fromtimestamp(now / 1000, UTC).date().isoformat()
    name = f"products-{chosen.lower()}-{form}-{day}.{writer.ending}"
    return Export(name, writer.media_type, _pieces(read, writer, feed, chosen, whole=form == WHOLE))


async def _pieces(read: Callable[..., Awaitable[Any]], writer: Writer, feed: bytes, currency: str, *, whole: bool) -> AsyncIterator[bytes]:
    yield writer.begin()
    reader = catalog_export.read_records if whole else catalog_export.read_stretch
    after: str | None = ""
    while after is not None:
        stretch: catalog_export.Stretch = await read(reader, feed=feed, currency=currency, after=after)
        after = stretch.after
        if piece := await asyncio.to_thread(writer.rows, stretch.products):
            yield piece
    yield writer.end()
