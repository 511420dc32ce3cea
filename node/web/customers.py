"""The seller's customers as a list. One of them is in customer_page.py, its form in customer_form.py, files in customer_import.py."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.services import customers, orders
from node.services.customers import CustomerRow
from node.services.order_view import OrderView
from node.web import order_words as words
from node.web.page import render
from node.web.runtime import runtime_of

PAGE = 50


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /customers?q=&cursor=."""
    text, cursor = request.query.get("q", ""), request.query.get("cursor", "")
    runtime = runtime_of(request)
    page: customers.CustomerPage = await runtime.read(customers.list_customers, search=text, cursor=cursor, limit=PAGE)
    following = "/customers?" + urlencode({"q": text, "cursor": page.cursor}) if page.cursor else None
    shown = [_row(row, await runtime.read(_latest, customer=bytes.fromhex(row.id))) for row in page.customers]
    pages = {"text": f"{len(shown)} of {page.total}", "previous": "/customers" if cursor else None, "next": following}
    return render(request, "customers/list.html", section="customers", q=text, customers=shown, total=page.total, pages=pages)


def _row(row: CustomerRow, latest: OrderView | None) -> dict[str, Any]:
    last = words.title(latest) if latest else ""
    return {
        "href": f"/customers/{row.id}",
        "name": row.name,
        "place": row.place,
        "tags": row.tags,
        "last": last,
        "next": words.status(latest) if latest else None,
    }


def _latest(unit: Any, customer: bytes) -> OrderView | None:
    rows = unit.orders.of_customer(customer)
    return orders.get_order(unit, rows[0].draft) if rows else None


ROUTES = (web.get("/customers", show_list),)
