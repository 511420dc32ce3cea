"""A merchant's product file → what can be sold. It decides which dialect a file is written in; the dialects' modules do the rest."""

from typing import BinaryIO

from node.errors import UserError
from node.model.listing import Option, ProductFile, ProductRow, Skipped, VariantRow

from . import shopify_csv, woocommerce_csv
from .amounts import decimals_of
from .decoding import Progress
from .listing import assemble
from .table import open_table

__all__ = ["Option", "ProductFile", "ProductRow", "Skipped", "VariantRow", "read_products"]


def read_products(source: BinaryIO, *, name: str, currency: str = "USD", now_ms: int, progress: Progress | None = None) -> ProductFile:
    """Products, purchasable SKUs and skipped rows of the export `source`, which is read once, forward, in pieces.

    `name` is how the person knows the file, `currency` that of its prices, `now_ms` decides which sales are on, `progress` gets
    the bytes read so far and may raise to cancel. Raises UserError: `file-empty`, `file-encoding`, `file-broken`, `file-limit`,
    `file-dialect`, `file-column`, `currency`. Whatever is wrong with one row only is a `Skipped` with its reason.
    """
    decimals = decimals_of(currency)
    with open_table(source, name, progress) as table:
        if woocommerce_csv.recognises(table.columns):
            dialect, (drafts, skipped) = woocommerce_csv.DIALECT, woocommerce_csv.read(table, currency, decimals, now_ms)
        elif shopify_csv.recognises(table.columns):
            dialect, (drafts, skipped) = shopify_csv.DIALECT, shopify_csv.read(table, currency, decimals)
        else:
            seen = ", ".join(title[:40] for title in table.header[:8])
            raise UserError(
                f"“{name}” is no product export of Shopify or WooCommerce: its first row is “{seen}”. "
                "Export the products in the shop (Products → Export) and import that CSV file as it is.",
                code="file-dialect",
            )
    if not drafts and not skipped:
        raise UserError(f"“{name}” has a header but no products. Export it again with all products.", code="file-empty")
    return assemble(dialect, drafts, skipped)
