"""A file of customers: choose it, say what its columns hold, look at every row and decide, take it over, take it back."""

import io
from typing import Any, Protocol
from urllib.parse import urlencode

from aiohttp import web

from node.errors import ConflictError, UserError
from node.model.contact_fields import FIELDS, LEAVE
from node.services import customer_imports, customer_preview, customer_staging, import_errors
from node.services.customer_imports import PastImport
from node.services.customer_preview import ColumnView, RowView, StagedView
from node.services.import_runs import ImportRuns
from node.services.runs import ProgressView
from node.web.forms import form_of, takes_upload
from node.web.import_words import KINDS, OUTCOMES, PHASES, besides, choices_of, counted, outcome, row_words
from node.web.page import id_in, render, see_other
from node.web.runtime import Runtime, runtime_of
from node.web.waiting import send_errors, within

UPLOAD_LIMIT = 64 << 20
SHOWN_ROWS = 50
WAIT_SECONDS = 1.5


class Importing(Runtime, Protocol):
    """What files of customers need of the running node."""

    @property
    def imports(self) -> ImportRuns:
        """Files under way."""


# --- choosing a file; what waits, what was taken over


async def show_import(request: web.Request) -> web.StreamResponse:
    """GET /customers/import."""
    return await _start(request)


async def _start(request: web.Request, refused: str = "", region: str = "US") -> web.StreamResponse:
    runtime = _importing(request)
    waiting: list[StagedView] = await runtime.read(customer_preview.list_staged)
    past: list[PastImport] = await runtime.read(customer_imports.list_imports)
    mappings: list[customer_staging.MappingView] = await runtime.read(customer_staging.list_mappings)
    failed = [f"{failure.name}: {failure.reason}" for failure in runtime.imports.failures]
    runtime.imports.failures.clear()
    files = [
        {"href": f"/customers/import/{file.id}", "name": file.name, "at": file.at, "text": _state(file), "id": file.id}
        for file in waiting
        if file.state != "applied"
    ]
    return render(
        request,
        "customers/import.html",
        section="customers",
        status=422 if refused else 200,
        errors={"file": refused} if refused else {},
        region=region,
        failed=failed,
        waiting=files,
        reading=any(file.state == "reading" for file in waiting),
        mappings=[{"id": row.id, "name": row.name, "used": row.used} for row in mappings],
        past=[{"id": row.id, "name": row.name, "at": row.at, "text": counted(row), "undone": row.undone} for row in past],
    )


def _state(file: StagedView) -> str:
    if file.state == "columns":
        return "Waits for its columns"
    rows = "1 row" if file.rows == 1 else f"{file.rows:,} rows"
    if file.state == "reading":
        return f"Being read: {rows} so far"
    return f"{rows} {'waits' if file.rows == 1 else 'wait'} for your word"


@takes_upload(UPLOAD_LIMIT, "Take it over with: gemstra customers import FILE")
async def post_import(request: web.Request) -> web.StreamResponse:
    """POST /customers/import: read the file into the store; no customer is written. Fields: file, region."""
    form = form_of(request)
    upload, region = form.files.get("file"), form["region"].strip().upper() or "US"
    if upload is None or not upload.body:
        return await _start(request, "Choose a file first.", region)
    runs, name = _importing(request).imports, upload.name[:200]
    work = runs.stage(io.BytesIO(upload.body), name, region, ask=True, size=len(upload.body))
    try:
        staged = await within(WAIT_SECONDS, runs.background(work, name))
    except UserError as error:
        runs.failures.clear()
        return await _start(request, str(error), region)
    return see_other(request, f"/customers/import/{staged.hex()}" if staged else "/customers/import")


async def post_forget(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/mappings/{mapping}/forget: ask for the columns of such tables again."""
    await runtime_of(request).write(customer_staging.forget_mapping, mapping=id_in(request.match_info["mapping"]))
    return see_other(request, "/customers/import", "Forgotten: the next table like this is asked about again")


# --- one file that waits


async def show_staged(request: web.Request) -> web.StreamResponse:
    """GET /customers/import/{staged}?show=&after=: its columns, its rows, how far it is, or what it became."""
    return await _staged(request, {})


async def _staged(request: web.Request, errors: dict[str, str]) -> web.StreamResponse:
    runtime, id_ = _importing(request), _id(request)
    file: StagedView = await runtime.read(customer_preview.get_staged, staged=id_)
    progress = runtime.imports.progress(id_)
    values: dict[str, Any] = {"file": file, "progress": _progress(progress), "path": f"/customers/import/{file.id}", "errors": errors}
    if file.state == "columns" or (file.state == "ready" and "columns" in request.query and file.dialect == "csv"):
        columns: list[ColumnView] = await runtime.read(customer_preview.list_columns, staged=id_)
        values |= {"columns": [_column(index, column) for index, column in enumerate(columns)]}
    elif file.state == "ready":
        values |= await _rows(request, file)
    return render(request, "customers/staged.html", section="customers", status=422 if errors else 200, **values)


def _progress(progress: ProgressView) -> dict[str, Any] | None:
    if not progress.phase:
        return None
    return {"text": PHASES[progress.phase], "done": progress.done, "total": progress.total}


def _column(index: int, column: ColumnView) -> dict[str, Any]:
    options = [(LEAVE, "Leave out"), *FIELDS.items()]
    if column.field and column.field not in FIELDS:
        field, _, label = column.field.partition(":")
        options.insert(0, (column.field, f"{FIELDS[field]} ({label})"))
    return {
        "name": f"column-{index}",
        "title": column.title or "No title",
        "samples": column.samples,
        "options": options,
        "field": column.field,
    }


async def _rows(request: web.Request, file: StagedView) -> dict[str, Any]:
    show = request.query.get("show", "")
    show = show if show in OUTCOMES else ""
    after = (
        int(request.query.get("after", "0"))
        if request.query.get("after", "0").isascii() and request.query.get("after", "0").isdigit()
        else 0
    )
    found = await runtime_of(request).read(
        customer_preview.list_rows, staged=bytes.fromhex(file.id), outcome=show, after=after, limit=SHOWN_ROWS
    )
    path = f"/customers/import/{file.id}"
    following = path + "?" + urlencode({"show": show, "after": found.cursor}) if found.cursor else None
    counts = [(code, words, getattr(file, code)) for code, (words, _) in OUTCOMES.items()]
    return {
        "rows": [_row(row) for row in found.rows],
        "counts": [{"code": code, "words": words, "count": count, "href": f"{path}?show={code}"} for code, words, count in counts if count],
        "besides": besides(file.besides),
        "show": show,
        "after": after,
        "kinds": [(kind, words, kind in file.match) for kind, words in KINDS.items()],
        "pages": {"text": "", "previous": path + (f"?show={show}" if show else "") if after else None, "next": following},
    }


def _row(row: RowView) -> dict[str, Any]:
    return {
        "number": row.number,
        "row": row.row,
        "name": row.name or "Nobody",
        "detail": row.detail,
        "outcome": outcome(row),
        "words": row_words(row),
        "changes": row.changes,
        "problems": row.problems,
        "choices": choices_of(row),
        "chosen": f"update:{row.customer.id}" if row.action == "update" and row.customer else row.action,
    }


async def post_columns(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/{staged}/columns: what each column holds. Fields: column-0, column-1, …"""
    runtime, id_, form = _importing(request), _id(request), form_of(request)
    columns: list[ColumnView] = await runtime.read(customer_preview.list_columns, staged=id_)
    given = dict(form.pairs)
    fields = {column.title: given[f"column-{index}"] for index, column in enumerate(columns) if f"column-{index}" in given}
    try:
        work = runtime.imports.background(runtime.imports.map_columns(id_, fields), "The file")
        await within(WAIT_SECONDS, work)
    except UserError as error:
        return await _staged(request, {"column-0": str(error)})
    return see_other(request, f"/customers/import/{id_.hex()}")


async def post_rules(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/{staged}/rules. Fields: match (repeated), found, twins."""
    form, id_ = form_of(request), _id(request)
    await runtime_of(request).write(
        customer_preview.set_rules, staged=id_, match_by=form.all("match"), found=form["found"], twins=form["twins"]
    )
    return see_other(request, f"/customers/import/{id_.hex()}", "Matched again by your rules")


async def post_rows(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/{staged}/rows: what becomes of single rows. Fields: row-<number> and was-<number>."""
    form, id_ = form_of(request), _id(request)
    given = dict(form.pairs)
    chosen = 0
    for name, value in form.pairs:
        kind, _, number = name.partition("-")
        if kind == "row" and number.isascii() and number.isdigit() and value != given.get(f"was-{number}"):
            action, _, customer = value.partition(":")
            target = id_in(customer) if customer else None
            await runtime_of(request).write(customer_preview.choose, staged=id_, number=int(number[:18]), action=action, customer=target)
            chosen += 1
    query = urlencode({"show": form["show"], "after": form["after"]})
    return see_other(request, f"/customers/import/{id_.hex()}?{query}", f"{chosen} decided" if chosen else "Nothing was changed")


async def post_apply(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/{staged}/apply: take the file over as decided."""
    runtime, id_ = _importing(request), _id(request)
    view = await within(WAIT_SECONDS, runtime.imports.background(runtime.imports.apply(id_), "Taking over"))
    if view is None:
        return see_other(request, f"/customers/import/{id_.hex()}")
    left = f", {view.skipped} left out" if view.skipped else ""
    failed = f", {view.failed} could not be read" if view.failed else ""
    brought = f", with {besides(view.brought)}" if besides(view.brought) else ""
    notice = f"{view.created} new, {view.updated} updated, {view.known} already here{left}{failed}{brought}"
    return see_other(request, f"/customers/import/{id_.hex()}" if view.failed else "/customers", notice)


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /customers/import/{staged}/stop: stop what is under way, or discard the file."""
    await _importing(request).imports.stop(_id(request))
    return see_other(request, "/customers/import", "Stopped. No customer was written.")


async def get_errors(request: web.Request) -> web.StreamResponse:
    """GET /customers/import/{staged}/errors: the rows that failed with their reasons, as a file to mend."""
    return await send_errors(request, runtime_of(request), import_errors.read_errors, _id(request))


# --- taking back


async def show_undo(request: web.Request) -> web.StreamResponse:
    """GET /customers/imports/{import_id}/undo: what would go, and who something happened to since."""
    plan = await runtime_of(request).read(customer_imports.plan_undo, import_id=_import_id(request))
    return render(request, "customers/undo.html", section="customers", plan=plan)


async def post_undo(request: web.Request) -> web.StreamResponse:
    """POST /customers/imports/{import_id}/undo: take an import back. Field: leave (yes: those that something happened to since stay)."""
    id_ = _import_id(request)
    try:
        done = await runtime_of(request).write(customer_imports.undo_import, import_id=id_, leave=form_of(request)["leave"] == "yes")
    except ConflictError as error:
        return see_other(request, f"/customers/imports/{id_.hex()}/undo", str(error), "attention")
    left = f", {done.left} left as they are" if done.left else ""
    return see_other(request, "/customers/import", f"Undone: {done.removed} gone again, {done.restored} as before{left}")


def _importing(request: web.Request) -> Importing:
    runtime: Any = runtime_of(request)
    found: Importing = runtime
    return found


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["staged"])


def _import_id(request: web.Request) -> bytes:
    return id_in(request.match_info["import_id"])


_ONE = "/customers/import/{staged:[0-9a-f]{64}}"
_UNDO = "/customers/imports/{import_id}/undo"
ROUTES = (
    web.get("/customers/import", show_import),
    web.post("/customers/import", post_import),
    web.post("/customers/import/mappings/{mapping}/forget", post_forget),
    web.get(_ONE, show_staged),
    web.get(_ONE + "/errors", get_errors),
    web.post(_ONE + "/columns", post_columns),
    web.post(_ONE + "/rules", post_rules),
    web.post(_ONE + "/rows", post_rows),
    web.post(_ONE + "/apply", post_apply),
    web.post(_ONE + "/stop", post_stop),
    web.get(_UNDO, show_undo),
    web.post(_UNDO, post_undo),
)
