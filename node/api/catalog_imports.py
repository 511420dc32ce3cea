"""Product files: sent, looked at, confirmed as one batch, taken back; our catalog as such a file."""

from typing import Any, Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import Arriving, flag_option, parsed, text_option
from node.errors import UserError
from node.model.export import Export
from node.services import catalog_batches, catalog_imports, product_errors
from node.services.catalog import usual_currency
from node.services.catalog_imports import AppliedView, ProductImportView
from node.services.catalog_runs import CatalogRuns
from node.services.customer_staging import DroppedView
from node.services.runs import ProgressView


class ProductsRuntime(Runtime, Protocol):
    """What product files need of the node."""

    @property
    def catalog_imports(self) -> CatalogRuns:
        """Files under way."""

    async def export_catalog(self, form: str, currency: str) -> Export:
        """Our catalog as a file."""


async def stage(runtime: ProductsRuntime, request: web.Request) -> ProductImportView:
    """Read a product file, sent as the body, and compare it with the catalog: nothing is signed before `apply`.

    Shopify and WooCommerce CSV, Google's feed (XML, table), JSON-LD (also in a web page), our JSON lines, or a table that waits for its
    columns. `currency` where the file names none (that of our catalog), `replace`: what the file does not have goes, `size`: its bytes.
    """
    name, currency = text_option(request, "name"), text_option(request, "currency", "").upper() or await runtime.read(usual_currency)
    withdraw, size = flag_option(request, "replace"), text_option(request, "size", "0")
    if not size.isascii() or not size.isdigit():
        raise UserError("size is a number of bytes", code="bad-request")

    async def read(source: Arriving) -> bytes:
        return await runtime.catalog_imports.stage(source, name, currency, withdraw=withdraw, size=int(size))

    staged = await parsed(request, read)
    view: ProductImportView = await runtime.read(catalog_imports.get_staged, staged=staged)
    return view


async def map_columns(runtime: ProductsRuntime, staged: bytes, fields: dict[str, str]) -> ProductImportView:
    """Say what columns of an unknown table hold (title → field; "" leaves it out), remember it for tables like this, read the rows anew."""
    await runtime.catalog_imports.map_columns(staged, fields)
    view: ProductImportView = await runtime.read(catalog_imports.get_staged, staged=staged)
    return view


async def compare(runtime: ProductsRuntime, staged: bytes, replace: bool | None = None) -> ProductImportView:
    """Compare a file with the catalog as it is now; `replace` sets whether what the file does not have goes."""
    await runtime.catalog_imports.compare(staged, withdraw=replace)
    view: ProductImportView = await runtime.read(catalog_imports.get_staged, staged=staged)
    return view


async def apply(runtime: ProductsRuntime, staged: bytes) -> AppliedView:
    """Sign what a file changes, as one batch: all of it or nothing. A catalog that changed since has the file compared again first."""
    return await runtime.catalog_imports.apply(staged)


async def progress(runtime: ProductsRuntime, staged: bytes) -> ProgressView:
    """How far a file is that is read, compared or signed."""
    return runtime.catalog_imports.progress(staged)


async def stop(runtime: ProductsRuntime, staged: bytes) -> DroppedView:
    """Stop what is under way with a file, or put one that waits aside. Signing stops with nothing signed, and the file waits on."""
    await runtime.catalog_imports.stop(staged)
    return DroppedView(staged.hex())


async def export_catalog(runtime: ProductsRuntime, request: web.Request) -> Any:
    """Our catalog as a file. `form`: shopify, woocommerce, google-xml, google-table, json-ld or json-lines; `currency`: of several."""
    made = await runtime.export_catalog(text_option(request, "form", "json-lines"), text_option(request, "currency", "").upper())
    headers = {"Content-Type": made.media_type, "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in made.pieces:
        await response.write(piece)
    await response.write_eof()
    return response


_ONE = "/catalog/import/{staged}"
ROUTES = (
    Route("POST", "/catalog/import", stage, kind="task"),
    Route("GET", "/catalog/import", catalog_imports.list_staged, kind="read"),
    Route("GET", _ONE, catalog_imports.get_staged, kind="read"),
    Route("GET", _ONE + "/progress", progress, kind="task"),
    Route("GET", _ONE + "/columns", catalog_imports.list_columns, kind="read"),
    Route("POST", _ONE + "/columns", map_columns, kind="task"),
    Route("POST", _ONE + "/compare", compare, kind="task"),
    Route("GET", _ONE + "/rows", catalog_imports.list_rows, kind="read"),
    Route("POST", _ONE + "/rows", catalog_imports.decide_row),
    Route("GET", _ONE + "/errors", product_errors.read_errors, kind="read"),
    Route("POST", _ONE + "/apply", apply, kind="task"),
    Route("POST", _ONE + "/stop", stop, kind="task"),
    Route("GET", "/catalog/export", export_catalog, kind="task"),
    Route("GET", "/catalog/mappings", catalog_imports.list_mappings, kind="read"),
    Route("POST", "/catalog/mappings/{mapping}/forget", catalog_imports.forget_mapping),
    Route("GET", "/catalog/batches", catalog_batches.list_batches, kind="read"),
    Route("GET", "/catalog/batches/{batch}/rollback", catalog_batches.plan_rollback, kind="read"),
    Route("POST", "/catalog/batches/{batch}/rollback", catalog_batches.roll_back),
)
