"""A file of customers: look first, then keep; what was kept can be undone."""

import io
import secrets
from typing import Any, Protocol, cast

from aiohttp import web

from node.errors import UserError
from node.model.person import ContactFile
from node.services import customer_imports
from node.web.forms import form_of, takes_upload
from node.web.page import id_in, render, see_other, session_of
from node.web.runtime import Runtime, runtime_of

UPLOAD_LIMIT = 20 << 20
SHOWN_ROWS = 50
_SCRATCH = "contacts"
_OUTCOMES = {
    "created": ("New", "done"),
    "updated": ("Updated", "active"),
    "known": ("Already here", "waiting"),
    "failed": ("Cannot be read", "stopped"),
}


class Parsing(Runtime, Protocol):
    """What an upload needs of the running node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader `contacts` or `products` makes of a source of bytes, in a thread."""


async def show_import(request: web.Request) -> web.StreamResponse:
    """GET /customers/import: choose a file; below, what was imported before."""
    found: list[customer_imports.PastImport] = await runtime_of(request).read(customer_imports.list_imports)
    past = [{"id": row.id, "name": row.name, "at": row.at, "text": _counted(row), "undone": row.undone} for row in found]
    return render(request, "customers/import.html", section="customers", preview=None, past=past)


def _counted(row: customer_imports.PastImport) -> str:
    return f"{row.created} new, {row.updated} updated, {row.known} already here"


async def post_undo(request: web.Request) -> web.StreamResponse:
    """POST /customers/imports/{import_id}/undo: take an import back."""
    done = await runtime_of(request).write(customer_imports.undo_import, import_id=id_in(request.match_info["import_id"]))
    return see_other(request, "/customers/import", f"Undone: {done.removed} gone again, {done.restored} as before")


@takes_upload(UPLOAD_LIMIT)
async def post_import(request: web.Request) -> web.StreamResponse:
    """POST /customers/import: show what is in the file; nothing is kept but in this session's memory."""
    upload = form_of(request).files.get("file")
    if upload is None or not upload.body:
        return _refused(request, "Choose a file first.")
    runtime = cast("Parsing", runtime_of(request))
    try:
        found: ContactFile = await runtime.parse("contacts", io.BytesIO(upload.body), name=upload.name[:200])
        view: customer_imports.PreviewView = await runtime.read(customer_imports.preview_contacts, file=found, most=SHOWN_ROWS)
    except UserError as error:
        return _refused(request, str(error))
    token = secrets.token_urlsafe(16)
    session_of(request).scratch[_SCRATCH] = (token, upload.name[:200], found)
    rows = [
        {"row": row.row, "name": row.name or "No name", "detail": row.detail, "outcome": _OUTCOMES[row.outcome], "reason": row.reason}
        for row in view.rows
    ]
    preview = {
        "file": upload.name,
        "created": view.created,
        "changed": view.updated,
        "known": view.known,
        "unreadable": view.failed,
        "rows": rows,
        "more": len(found.contacts) + len(found.errors) - len(rows),
        "token": token,
    }
    return render(request, "customers/import.html", section="customers", preview=preview, past=[])


def _refused(request: web.Request, text: str) -> web.StreamResponse:
    return render(request, "customers/import.html", section="customers", status=422, preview=None, past=[], errors={"file": text})


async def post_apply(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/apply: keep what was shown. Field: import, the token of the look."""
    kept = session_of(request).scratch.pop(_SCRATCH, None)
    token, name, found = cast("tuple[str, str, ContactFile]", kept or ("", "", None))
    if not token or not secrets.compare_digest(token, form_of(request)["import"]):
        return see_other(request, "/customers/import", "Choose the file again.", "attention")
    view = await runtime_of(request).write(customer_imports.import_contacts, file=found, name=name)
    return see_other(request, "/customers", f"{view.created} new, {view.updated} updated, {view.known} already here")


ROUTES = (
    web.get("/customers/import", show_import),
    web.post("/customers/import", post_import),
    web.post("/customers/import/apply", post_apply),
    web.post("/customers/imports/{import_id}/undo", post_undo),
)
