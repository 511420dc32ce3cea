"""Everything to take away, as a file."""

from typing import Protocol, cast

from aiohttp import web

from node.model.export import Export
from node.web.page import render
from node.web.runtime import Runtime, runtime_of

_KINDS = (
    ("customer", "Customers"),
    ("order", "Orders"),
    ("commission", "Commissions"),
    ("disclosure", "Who saw what"),
    ("grant", "Grants"),
    ("task", "Follow-ups"),
    ("note", "Notes"),
)


class Exporting(Runtime, Protocol):
    """What an export needs of the running node."""

    def export(self, form: str, kind: str) -> Export:
        """A file of everything here, or of one kind."""


async def show_export(request: web.Request) -> web.StreamResponse:
    """GET /export."""
    tables = [(title, f"/export/file?form=csv&kind={kind}") for kind, title in _KINDS]
    return render(request, "export.html", section="customers", tables=tables)


async def download(request: web.Request) -> web.StreamResponse:
    """GET /export/file?form=&kind=."""
    made = cast("Exporting", runtime_of(request)).export(request.query.get("form", "json"), request.query.get("kind", ""))
    headers = {"Content-Type": made.media_type, "Content-Disposition": f'attachment; filename="{made.name}"'}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in made.pieces:
        await response.write(piece)
    await response.write_eof()
    return response


ROUTES = (web.get("/export", show_export), web.get("/export/file", download))
