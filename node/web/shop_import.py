"""One product file that waits: say its columns, look at what is new, what changes and what goes, confirm it."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import ConflictError, UserError
from node.model.product_fields import CLEAR, CLEARABLE, FIELDS, LEAVE, without_clear
from node.model.product_import import LEFT, WRITTEN
from node.services import catalog_imports, product_errors
from node.services.catalog_imports import ProductColumnView, ProductImportView, ProductRowView
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.product_words import DIALECTS, OUTCOMES, phase_of, summary
from node.web.runtime import runtime_of
from node.web.shop_catalog import WAIT_SECONDS, importing, unplanned
from node.web.waiting import send_errors, within

SHOWN_ROWS = 50


async def show_file(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog/{staged}?show=&after=: its columns, its products, how far it is."""
    return await _file(request, {})


async def _file(request: web.Request, errors: dict[str, str]) -> web.StreamResponse:
    runtime, id_ = importing(request), _id(request)
    file: ProductImportView = await runtime.read(catalog_imports.get_staged, staged=id_)
    progress = phase_of(runtime.catalog_imports.progress(id_))
    path = f"/merchant/catalog/{file.id}"
    values: dict[str, Any] = {"file": file, "progress": progress, "path": path, "errors": errors, "dialect": DIALECTS[file.dialect]}
    if file.state == "columns" or (file.state == "ready" and "columns" in request.query and file.dialect == "csv"):
        columns: list[ProductColumnView] = await runtime.read(catalog_imports.list_columns, staged=id_)
        values |= {"columns": [_column(index, column) for index, column in enumerate(columns)]}
    elif file.state == "ready":
        values |= await _rows(request, file, path)
        values |= {"summary": summary(file), "unplanned": await unplanned(request, file.currency)}
    return render(request, "merchant/import.html", section="merchant", status=422 if errors else 200, **values)


def _column(index: int, column: ProductColumnView) -> dict[str, Any]:
    options = [(LEAVE, "Leave out"), *FIELDS.items()]
    target, clears = without_clear(column.field)
    if target and target not in FIELDS:
        field, _, label = target.partition(":")
        options.insert(0, (target, f"{FIELDS[field]} ({label})"))
    return {
        "name": f"column-{index}",
        "title": column.title or "No title",
        "samples": column.samples,
        "options": options,
        "field": target,
        "clears": clears,
    }


async def _rows(request: web.Request, file: ProductImportView, path: str) -> dict[str, Any]:
    show = request.query.get("show", "")
    show = show if show in OUTCOMES or show == LEFT else ""
    text = request.query.get("after", "0")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    found = await runtime_of(request).read(
        catalog_imports.list_rows, staged=bytes.fromhex(file.id), outcome=show, after=after, limit=SHOWN_ROWS
    )
    counts = [*((code, words, getattr(file, code)) for code, (words, _) in OUTCOMES.items()), (LEFT, "Left out", file.left)]
    following = path + "?" + urlencode({"show": show, "after": found.cursor}) if found.cursor else None
    return {
        "rows": [_row(row) for row in found.rows],
        "counts": [{"code": code, "words": words, "count": count, "href": f"{path}?show={code}"} for code, words, count in counts if count],
        "show": show,
        "pages": {"text": "", "previous": path + (f"?show={show}" if show else "") if after else None, "next": following},
    }


def _row(row: ProductRowView) -> dict[str, Any]:
    return {
        "row": row.row,
        "name": row.name or "No name",
        "sku": row.sku,
        "prices": row.prices,
        "outcome": ("Left out", "waiting") if row.left else OUTCOMES[row.outcome],
        "number": row.number,
        "choice": "" if row.outcome not in WRITTEN else "Take in again" if row.left else "Leave out",
        "reason": row.reason,
        "changes": row.changes,
        "notes": row.notes,
    }


async def post_columns(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/{staged}/columns: what each column holds. Fields: column-0, column-1, …; clear-0 (yes): empty cells clear."""
    runtime, id_, given = importing(request), _id(request), dict(form_of(request).pairs)
    columns: list[ProductColumnView] = await runtime.read(catalog_imports.list_columns, staged=id_)
    fields = {column.title: _target(given, index) for index, column in enumerate(columns) if f"column-{index}" in given}
    runs = runtime.catalog_imports
    try:
        await within(WAIT_SECONDS, runs.background(runs.map_columns(id_, fields), "The file"))
    except UserError as error:
        runs.failures.clear()
        return await _file(request, {"column-0": str(error)})
    return see_other(request, f"/merchant/catalog/{id_.hex()}")


def _target(given: dict[str, str], index: int) -> str:
    """What a column holds, with the mark where an empty cell clears it; for a field that cannot be cleared the mark counts for nothing."""
    target = given[f"column-{index}"]
    clears = given.get(f"clear-{index}") == "yes" and target.partition(":")[0] in CLEARABLE
    return target + CLEAR if clears else target


async def post_compare(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/{staged}/compare: compare it anew. Field: replace (yes: what the file does not have goes)."""
    runs, id_ = importing(request).catalog_imports, _id(request)
    work = runs.compare(id_, withdraw=form_of(request)["replace"] == "yes")
    await within(WAIT_SECONDS, runs.background(work, "Comparing"))
    return see_other(request, f"/merchant/catalog/{id_.hex()}", "Compared with your catalog as it is now")


async def post_row(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/{staged}/rows: leave a product out, or take it in again. Fields: number, take (yes), back."""
    runtime, id_, form = importing(request), _id(request), form_of(request)
    number = form["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 17:
        raise UserError("That product is not in the file.", code="bad-request")
    take = form["take"] == "yes"
    await runtime.write(catalog_imports.decide_row, staged=id_, number=int(number), take=take)
    return see_other(request, f"/merchant/catalog/{id_.hex()}{_view_of(form['show'])}", "Taken in again" if take else "Left out")


def _view_of(show: str) -> str:
    return f"?show={show}" if show in OUTCOMES or show == LEFT else ""


async def get_errors(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog/{staged}/errors: the rows that are not sold with their reasons, as a file to mend them by."""
    return await send_errors(request, runtime_of(request), product_errors.read_errors, _id(request))


async def post_apply(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/{staged}/apply: sign what it changes."""
    runs, id_ = importing(request).catalog_imports, _id(request)
    try:
        done = await within(WAIT_SECONDS, runs.background(runs.apply(id_), "Signing"))
    except ConflictError as error:
        runs.failures.clear()
        return see_other(request, f"/merchant/catalog/{id_.hex()}", str(error), "attention")
    if done is None:
        return see_other(request, f"/merchant/catalog/{id_.hex()}")
    return see_other(request, "/merchant/catalog", "Signed: your sellers receive what changed")


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/{staged}/stop: stop what is under way, or put the file aside."""
    await importing(request).catalog_imports.stop(_id(request))
    return see_other(request, "/merchant/catalog", "Put aside. Nothing was signed.")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["staged"])


_ONE = "/merchant/catalog/{staged:[0-9a-f]{64}}"
ROUTES = (
    web.get(_ONE, show_file),
    web.post(_ONE + "/columns", post_columns),
    web.post(_ONE + "/compare", post_compare),
    web.post(_ONE + "/rows", post_row),
    web.get(_ONE + "/errors", get_errors),
    web.post(_ONE + "/apply", post_apply),
    web.post(_ONE + "/stop", post_stop),
)
