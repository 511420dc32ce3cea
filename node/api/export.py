"""Everything as a file."""

from typing import Any, Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import text_option
from node.model.export import Export


class ExportingRuntime(Runtime, Protocol):
    """What an export needs of the node."""

    def export(self, form: str, kind: str) -> Export:
        """A file of everything here, or of one kind."""


async def export(runtime: ExportingRuntime, request: web.Request) -> Any:
    """Everything as a file (docs/export.md): `form` is json, csv or vcard, `kind` one kind of line; in CSV and vCard customers."""
    made = runtime.export(text_option(request, "form", "json"), text_option(request, "kind", ""))
    headers = {"Content-Type": made.media_type, "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in made.pieces:
        await response.write(piece)
    await response.write_eof()
    return response


ROUTES = (Route("GET", "/export", export, kind="task"),)
