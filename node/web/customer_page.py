"""One customer on a page: what is kept, what was ordered, who saw what, and what can be done."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.services import customer_history, customer_timeline, customers, grants, orders, tasks
from node.services.customer_history import HistoryView
from node.services.customer_timeline import TimelineView
from node.services.customers import CustomerView
from node.services.grant_views import GrantView
from node.services.order_view import OrderView
from node.services.tasks import TaskPage
from node.web import customer_words, grant_words, task_parts
from node.web import order_words as words
from node.web.customer_form import ONE
from node.web.page import id_in, render
from node.web.runtime import runtime_of

PAGE = 50
SHOWN_CHANGES = 5
SHOWN_EVENTS = 20


def _orders_of(unit: Any, customer: bytes) -> list[OrderView]:
    return [orders.get_order(unit, row.draft) for row in unit.orders.of_customer(customer)[:PAGE]]


def _grants_of(unit: Any, customer: bytes) -> list[GrantView]:
    return [grants.get_grant(unit, row.key) for row in unit.grants.of_customer(customer)]


async def show_one(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}."""
    runtime, id_ = runtime_of(request), _id(request)
    person: CustomerView = await runtime.read(customers.get_customer, customer=id_)
    ordered: list[OrderView] = await runtime.read(_orders_of, customer=id_)
    shared: list[GrantView] = await runtime.read(_grants_of, customer=id_)
    history: HistoryView = await runtime.read(customer_history.list_history, customer=id_)
    to_do: TaskPage = await runtime.read(tasks.list_tasks, customer=id_, limit=PAGE)
    events, cursor = await _timeline(request, SHOWN_EVENTS)
    return render(
        request,
        "customers/one.html",
        section="customers",
        customer={
            "id": person.id,
            "name": person.name,
            "photo": f"/customers/{person.id}/photo?at={person.updated}" if person.photo else None,
            "tags": person.details.tags,
            "details": customer_words.terms(person.details),
            "note": person.details.note,
            "since": person.created,
            "updated": person.updated,
            "archived": person.archived,
        },
        history=_history(history),
        consents=customer_words.consents(person.details),
        tasks=[task_parts.row(task, f"/customers/{person.id}") for task in to_do.tasks],
        orders=[_order(order) for order in ordered],
        timeline=events,
        earlier=_earlier(request, cursor),
        seen_by=[grant_words.sentence(grant) for grant in shared if grant.state == "issued"],
        under_way=sum(order.status in ("PLACED", "ACCEPTED", "IN_FULFILMENT", "FULFILLED") for order in ordered),
    )


async def show_timeline(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/timeline?cursor=."""
    person: CustomerView = await runtime_of(request).read(customers.get_customer, customer=_id(request))
    events, cursor = await _timeline(request, PAGE, request.query.get("cursor", ""))
    href = f"/customers/{person.id}"
    pages = {"text": "", "previous": href if request.query.get("cursor") else None, "next": _earlier(request, cursor)}
    return render(request, "customers/timeline.html", section="customers", name=person.name, href=href, timeline=events, pages=pages)


async def _timeline(request: web.Request, limit: int, cursor: str = "") -> tuple[list[dict[str, Any]], str]:
    read = runtime_of(request).read
    page: TimelineView = await read(customer_timeline.list_timeline, customer=_id(request), cursor=cursor, limit=limit)
    drafts = [event.about for event in page.events if event.kind == "order"]
    titles: dict[str, str] = await read(customer_words.titles, drafts=drafts)
    return [customer_words.event(event, titles) for event in page.events], page.cursor


def _earlier(request: web.Request, cursor: str) -> str | None:
    return f"/customers/{_id(request).hex()}/timeline?{urlencode({'cursor': cursor})}" if cursor else None


def _history(view: HistoryView) -> dict[str, Any]:
    kinds = [change.kind for change in view.changes]
    return {
        "changes": [{"at": row.at, "text": customer_words.change(row.kind, row.fields)} for row in view.changes[:SHOWN_CHANGES]],
        "merges": [{"id": merge.id, "name": merge.name, "at": merge.at} for merge in view.merges],
        "can": bool(kinds) and kinds[0] not in ("merge", "unmerge", "split"),
    }


def _order(order: OrderView) -> dict[str, Any]:
    return {
        "href": f"/orders/{order.id}",
        "title": words.title(order),
        "total": words.money(order, order.total),
        "status": words.status(order),
        "at": order.placed_at or order.updated,
    }


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["customer"])


ROUTES = (web.get(ONE, show_one), web.get(ONE + "/timeline", show_timeline))
