"""Files of customers: sent, looked at, decided, taken over, taken back."""

from typing import Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import Arriving, flag_option, parsed, text_option
from node.errors import UserError
from node.services import customer_imports, customer_preview, customer_staging, import_errors
from node.services.customer_imports import ImportView
from node.services.customer_preview import StagedView
from node.services.customer_staging import DroppedView
from node.services.import_runs import ImportRuns
from node.services.runs import ProgressView


class ImportingRuntime(Runtime, Protocol):
    """What files of customers need of the node."""

    @property
    def imports(self) -> ImportRuns:
        """Files under way."""


async def stage(runtime: ImportingRuntime, request: web.Request) -> StagedView:
    """Read a contacts file (vCard or CSV), sent as the body, and keep it waiting: no customer is written before `apply`.

    `name` is how the person knows it, `region` its phones' country; `ask`: an unknown table waits for its columns and is not guessed;
    `size`: its bytes, so that one that is too large is refused before it is sent.
    """
    name, region, ask = text_option(request, "name"), text_option(request, "region", "US"), flag_option(request, "ask")
    size = text_option(request, "size", "0")
    if not size.isascii() or not size.isdigit():
        raise UserError("size is a number of bytes", code="bad-request")

    async def read(source: Arriving) -> bytes:
        return await runtime.imports.stage(source, name, region.upper(), ask=ask, size=int(size))

    staged = await parsed(request, read)
    view: StagedView = await runtime.read(customer_preview.get_staged, staged=staged)
    return view


async def map_columns(runtime: ImportingRuntime, staged: bytes, fields: dict[str, str]) -> StagedView:
    """Say what columns of an unknown table hold (title → field; "" leaves it out), remember it for tables like this, read the rows anew."""
    await runtime.imports.map_columns(staged, fields)
    view: StagedView = await runtime.read(customer_preview.get_staged, staged=staged)
    return view


async def apply(runtime: ImportingRuntime, staged: bytes) -> ImportView:
    """Take a file that waits over, as decided: all of it in one transaction, or nothing."""
    return await runtime.imports.apply(staged)


async def progress(runtime: ImportingRuntime, staged: bytes) -> ProgressView:
    """How far a file is that is read, mapped or taken over."""
    return runtime.imports.progress(staged)


async def stop(runtime: ImportingRuntime, staged: bytes) -> DroppedView:
    """Stop what is under way with a file, or put one that waits aside. Taking over stops with nothing written, and the file waits on."""
    await runtime.imports.stop(staged)
    return DroppedView(staged.hex())


_ONE = "/customers/import/{staged}"
ROUTES = (
    Route("POST", "/customers/import", stage, kind="task"),
    Route("GET", "/customers/import", customer_preview.list_staged, kind="read"),
    Route("GET", _ONE, customer_preview.get_staged, kind="read"),
    Route("GET", _ONE + "/progress", progress, kind="task"),
    Route("GET", _ONE + "/columns", customer_preview.list_columns, kind="read"),
    Route("POST", _ONE + "/columns", map_columns, kind="task"),
    Route("POST", _ONE + "/rules", customer_preview.set_rules),
    Route("GET", _ONE + "/rows", customer_preview.list_rows, kind="read"),
    Route("POST", _ONE + "/rows", customer_preview.choose),
    Route("GET", _ONE + "/errors", import_errors.read_errors, kind="read"),
    Route("POST", _ONE + "/apply", apply, kind="task"),
    Route("POST", _ONE + "/stop", stop, kind="task"),
    Route("GET", "/customers/imports", customer_imports.list_imports, kind="read"),
    Route("GET", "/customers/imports/{import_id}/undo", customer_imports.plan_undo, kind="read"),
    Route("POST", "/customers/imports/{import_id}/undo", customer_imports.undo_import),
    Route("GET", "/customers/mappings", customer_staging.list_mappings, kind="read"),
    Route("POST", "/customers/mappings/{mapping}/forget", customer_staging.forget_mapping),
)
