"""The seller's customers as a list: search, filters, segments, and what is done to many at once. One of them is in customer_page.py, its
form in customer_form.py, files in customer_import.py.
"""

from typing import Any

from aiohttp import web

from node.errors import ConflictError, UserError
from node.services import customer_bulk, customer_search, segments
from node.services.customer_bulk import BulkView
from node.services.customer_search import CustomerPage, FilterValues
from node.services.customers import CustomerRow
from node.services.segments import SegmentView
from node.web import customer_filters, formats
from node.web import order_words as words
from node.web.customer_filters import Given
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

PAGE = 50
_DONE = {"tag": "got the tag “{}”", "untag": "lost the tag “{}”", "archive": "put aside", "unarchive": "taken back"}


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /customers?q=&tag=&city=&…&cursor=."""
    return await _list(request, customer_filters.given_in(request.query), request.query.get("cursor", ""))


async def _list(request: web.Request, given: Given, cursor: str = "", errors: dict[str, str] | None = None) -> web.StreamResponse:
    runtime = runtime_of(request)
    page: CustomerPage = await runtime.read(customer_search.list_customers, **given.query(), cursor=cursor, limit=PAGE)
    values: FilterValues = await runtime.read(customer_search.list_values)
    saved: dict[str, str] = await runtime.read(segments.names)
    pages = {
        "text": f"{formats.number(len(page.customers))} of {formats.number(page.total)}",
        "previous": given.href() if cursor else None,
        "next": given.href(cursor=page.cursor) if page.cursor else None,
    }
    return render(
        request,
        "customers/list.html",
        section="customers",
        status=422 if errors else 200,
        q=given["q"],
        customers=[_row(row) for row in page.customers],
        total=page.total,
        pages=pages,
        chips=customer_filters.chips(given, saved.get(given["segment"], "")),
        form=customer_filters.form(given, values),
        given=dict(given.values),
        kept=customer_filters.kept(given),
        near=[{"word": word, "href": given.href(q=word)} for word in page.near],
        also=[{"word": word, "href": given.href(q=word)} for word in page.also],
        segments=[{"name": name, "href": f"/customers?segment={id_}", "here": id_ == given["segment"]} for id_, name in saved.items()],
        errors=errors or {},
    )


def _row(row: CustomerRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "href": f"/customers/{row.id}",
        "name": row.name,
        "place": row.place,
        "tags": row.tags,
        "last": row.last_order,
        "status": words.STATUS[row.status] if row.status else None,
        "archived": bool(row.archived),
    }


# --- many at once


async def post_many(request: web.Request) -> web.StreamResponse:
    """POST /customers/many. Fields: do, tag, who (selected or all), customer (several), and the list's filters as f-…."""
    form = form_of(request)
    given = customer_filters.given_in({name[2:]: value for name, value in form.pairs if name.startswith("f-")})
    chosen: dict[str, Any] = {"customers": form.all("customer")}
    if form["who"] == "all":
        query = given.query()
        filters = customer_filters.filters(given)
        chosen = {"filters": filters, "segment": query["segment"]}
    try:
        done: BulkView = await runtime_of(request).write(customer_bulk.change_many, action=form["do"], tag=form["tag"], **chosen)
    except ConflictError:
        raise
    except UserError as error:
        return await _list(request, given, errors={"tag" if error.code == "bad-tag" else "who": str(error)})
    return see_other(request, "/customers/many", f"{_said(done)}.")


async def show_many(request: web.Request) -> web.StreamResponse:
    """GET /customers/many: the latest changes of many, each to be undone."""
    found: list[BulkView] = await runtime_of(request).read(customer_bulk.list_many)
    rows = [{"id": row.id, "text": _said(row), "at": row.at, "undone": row.undone, "changed": row.changed} for row in found]
    return render(request, "customers/many.html", section="customers", rows=rows)


async def post_undo_many(request: web.Request) -> web.StreamResponse:
    """POST /customers/many/{bulk}/undo."""
    done: BulkView = await runtime_of(request).write(customer_bulk.undo_many, bulk=id_in(request.match_info["bulk"]))
    return see_other(request, "/customers/many", f"Undone for {formats.number(done.changed)}.")


def _said(row: BulkView) -> str:
    if row.undone:
        return _DONE[row.action].format(row.tag).capitalize() + ", undone"
    people = "1 person" if row.changed == 1 else f"{formats.number(row.changed)} people"
    return f"{people} {_DONE[row.action].format(row.tag)}"


# --- segments


async def show_segments(request: web.Request) -> web.StreamResponse:
    """GET /customers/segments."""
    found: list[SegmentView] = await runtime_of(request).read(segments.list_segments)
    return _segments(request, found, {})


def _segments(request: web.Request, found: list[SegmentView], errors: dict[str, str]) -> web.StreamResponse:
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "href": f"/customers?segment={row.id}",
            "count": row.customers,
            "chips": [chip["text"] for chip in customer_filters.chips(customer_filters.given_of(row.filters), "")],
        }
        for row in found
    ]
    return render(request, "customers/segments.html", section="customers", status=422 if errors else 200, rows=rows, errors=errors)


async def post_segment(request: web.Request) -> web.StreamResponse:
    """POST /customers/segments. Fields: name, and the list's filters as f-…."""
    form = form_of(request)
    given = customer_filters.given_in({name[2:]: value for name, value in form.pairs if name.startswith("f-") and name != "f-segment"})
    try:
        kept = await runtime_of(request).write(segments.save_segment, name=form["name"], filters=customer_filters.filters(given))
    except UserError as error:
        return await _list(request, given, errors={"name": str(error)})
    return see_other(request, f"/customers?segment={kept.id}", "Saved. Whoever meets these filters is in it from now on.")


async def post_rename_segment(request: web.Request) -> web.StreamResponse:
    """POST /customers/segments/{segment}/rename. Field: name."""
    id_, name = id_in(request.match_info["segment"]), form_of(request)["name"]
    try:
        await runtime_of(request).write(segments.rename_segment, segment=id_, name=name)
    except UserError as error:
        found: list[SegmentView] = await runtime_of(request).read(segments.list_segments)
        return _segments(request, found, {f"name-{id_.hex()}": str(error)})
    return see_other(request, "/customers/segments", "Renamed")


async def post_remove_segment(request: web.Request) -> web.StreamResponse:
    """POST /customers/segments/{segment}/remove."""
    await runtime_of(request).write(segments.remove_segment, segment=id_in(request.match_info["segment"]))
    return see_other(request, "/customers/segments", "Removed. Its customers stay.")


_SEGMENT = "/customers/segments/{segment:[0-9a-f]{64}}"
ROUTES = (
    web.get("/customers", show_list),
    web.get("/customers/many", show_many),
    web.post("/customers/many", post_many),
    web.post("/customers/many/{bulk:[0-9a-f]{64}}/undo", post_undo_many),
    web.get("/customers/segments", show_segments),
    web.post("/customers/segments", post_segment),
    web.post(_SEGMENT + "/rename", post_rename_segment),
    web.post(_SEGMENT + "/remove", post_remove_segment),
)
