"""The seller's customers as a list: search, filters. One of them is in customer_page.py, its form in customer_form.py, files in
customer_import.py.
"""

from typing import Any

from aiohttp import web

from node.services import customer_search
from node.services.customer_search import CustomerPage
from node.services.customers import CustomerRow
from node.web import customer_filters, formats
from node.web import order_words as words
from node.web.page import render
from node.web.runtime import runtime_of

PAGE = 50


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /customers?q=&tag=&city=&…&cursor=."""
    runtime, given, cursor = runtime_of(request), customer_filters.given_by(request), request.query.get("cursor", "")
    page: CustomerPage = await runtime.read(customer_search.list_customers, **given.query(), cursor=cursor, limit=PAGE)
    values: customer_search.FilterValues = await runtime.read(customer_search.list_values)
    shown = [_row(row) for row in page.customers]
    pages = {
        "text": f"{formats.number(len(shown))} of {formats.number(page.total)}",
        "previous": given.href() if cursor else None,
        "next": given.href(cursor=page.cursor) if page.cursor else None,
    }
    return render(
        request,
        "customers/list.html",
        section="customers",
        q=given["q"],
        customers=shown,
        total=page.total,
        pages=pages,
        chips=customer_filters.chips(given, ""),
        form=customer_filters.form(given, values),
        kept=customer_filters.kept(given),
        near=[{"word": word, "href": given.href(q=word)} for word in page.near],
        also=[{"word": word, "href": given.href(q=word)} for word in page.also],
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


ROUTES = (web.get("/customers", show_list),)
