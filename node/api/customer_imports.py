"""Files of customers taken over, and taken back."""

from typing import Any, Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import Arriving, parsed, text_option
from node.services import customer_imports
from node.services.customer_imports import ImportView


class ParsingRuntime(Runtime, Protocol):
    """What an upload needs of the node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader named `contacts` or `products` makes of a source of bytes, in a thread."""


async def import_contacts(runtime: ParsingRuntime, request: web.Request) -> ImportView:
    """Take over a contacts file (vCard or CSV), sent as the body; `name` is how the person knows it, `region` its phones' country."""
    name, region = text_option(request, "name"), text_option(request, "region", "US")

    async def parse(source: Arriving) -> Any:
        return await runtime.parse("contacts", source, name=name, default_region=region.upper())

    found = await parsed(request, parse)
    view: ImportView = await runtime.write(customer_imports.import_contacts, file=found, name=name)
    return view


ROUTES = (
    Route("POST", "/customers/import", import_contacts, kind="task"),
    Route("GET", "/customers/imports", customer_imports.list_imports, kind="read"),
    Route("POST", "/customers/imports/{import_id}/undo", customer_imports.undo_import),
)
