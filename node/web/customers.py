"""The seller's customers: find, read, write, erase. Files of them are in customer_import.py."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import ConflictError, UserError
from node.services import customers, erasure, grants, orders
from node.services.customers import CustomerRow, CustomerView
from node.services.grant_views import GrantView
from node.services.order_view import OrderView
from node.web import formats, grant_words
from node.web import order_words as words
from node.web.forms import Form, form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

PAGE = 50
_FIELDS = ("name", "email", "phone", "street", "postcode", "city", "country", "birthday", "tags", "note")
_BAD: dict[str, str] = {"name-missing": "name", "bad-email": "email", "bad-birthday": "birthday"}


# --- the list and one customer


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
    went = await runtime.read(grants.list_disclosures, customer=id_, limit=PAGE)
    events = [{"at": line.at, "text": f"{line.merchant_name} saw: {grant_words.field(line.field)}"} for line in went]
    events += [{"at": order.updated, "text": f"{words.title(order)}: {words.status(order)[0]}"} for order in ordered]
    return render(
        request,
        "customers/one.html",
        section="customers",
        customer={
            "id": person.id,
            "name": person.name,
            "tags": person.tags,
            "details": _details(person),
            "note": person.note,
            "since": person.created,
        },
        tasks=None,
        orders=[_order(order) for order in ordered],
        timeline=sorted(events, key=lambda event: event["at"], reverse=True),
        seen_by=[grant_words.sentence(grant) for grant in shared if grant.state == "issued"],
        under_way=sum(order.status in ("PLACED", "ACCEPTED", "IN_FULFILMENT", "FULFILLED") for order in ordered),
    )


def _order(order: OrderView) -> dict[str, Any]:
    return {
        "href": f"/orders/{order.id}",
        "title": words.title(order),
        "total": words.money(order, order.total),
        "status": words.status(order),
        "at": order.placed_at or order.updated,
    }


def _details(person: CustomerView) -> list[tuple[str, str]]:
    pairs = [("Phone", value) for _, value in person.phones] + [("E-mail", value) for _, value in person.emails]
    for address in person.addresses:
        town = " ".join(part for part in (address.postcode, address.city) if part)
        pairs.append(("Address", ", ".join(part for part in (*address.lines, town, address.region, address.country) if part)))
    named = (("Birthday", formats.birthday(person.birthday)), ("Organisation", person.organisation), ("Title", person.title))
    return pairs + [pair for pair in named if pair[1]] + [(label or "Other", value) for label, value in person.other]


# --- writing one


async def show_new(request: web.Request) -> web.StreamResponse:
    """GET /customers/new."""
    return _edit(request, "/customers", "Add customer", ("Customers", "/customers"), dict.fromkeys(_FIELDS, ""), {})


async def post_new(request: web.Request) -> web.StreamResponse:
    """POST /customers."""
    form = form_of(request)
    try:
        kept = await runtime_of(request).write(customers.add_customer, **_given(form))
    except UserError as error:
        return _edit(request, "/customers", "Add customer", ("Customers", "/customers"), _typed(form), _errors(error))
    return see_other(request, f"/customers/{kept.id}", "Customer added")


async def show_edit(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/edit."""
    person: CustomerView = await runtime_of(request).read(customers.get_customer, customer=_id(request))
    address = person.addresses[0] if person.addresses else customers.AddressView("", (), "", "", "", "")
    form = {
        "name": person.name,
        "email": person.emails[0][1] if person.emails else "",
        "phone": person.phones[0][1] if person.phones else "",
        "street": ", ".join(address.lines),
        "postcode": address.postcode,
        "city": address.city,
        "country": address.country,
        "birthday": person.birthday,
        "tags": ", ".join(person.tags),
        "note": person.note,
    }
    path = f"/customers/{person.id}"
    return _edit(request, f"{path}/edit", person.name, (person.name, path), form, {})


async def post_edit(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/edit."""
    form, path = form_of(request), f"/customers/{_id(request).hex()}"
    try:
        await runtime_of(request).write(customers.change_customer, customer=_id(request), **_given(form))
    except UserError as error:
        return _edit(request, f"{path}/edit", form["name"] or "Customer", ("Back", path), _typed(form), _errors(error))
    return see_other(request, path, "Saved")


def _edit(
    request: web.Request, action: str, title: str, back: tuple[str, str], form: dict[str, str], errors: dict[str, str]
) -> web.StreamResponse:
    status = 422 if errors else 200
    return render(
        request, "customers/edit.html", section="customers", status=status, action=action, title=title, back=back, form=form, errors=errors
    )


def _given(form: Form) -> dict[str, Any]:
    return {**_typed(form), "tags": form["tags"].split(",")}


def _typed(form: Form) -> dict[str, str]:
    return {name: form[name] for name in _FIELDS}


def _errors(error: UserError) -> dict[str, str]:
    return {_BAD.get(error.code, ""): str(error)}


async def post_erase(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/erase. Field: anyway."""
    anyway = form_of(request)["anyway"] == "yes"
    try:
        done = await runtime_of(request).write(erasure.erase_customer, customer=_id(request), anyway=anyway)
    except ConflictError as error:
        return see_other(request, f"/customers/{_id(request).hex()}", str(error), "stopped")
    told = f" {done.grants} shared address{'es are' if done.grants > 1 else ' is'} taken back." if done.grants else ""
    return see_other(request, "/customers", f"Erased.{told}")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["customer"])


_ONE = "/customers/{customer:[0-9a-f]{64}}"
ROUTES = (
    web.get("/customers", show_list),
    web.post("/customers", post_new),
    web.get("/customers/new", show_new),
    web.get(_ONE, show_one),
    web.get(_ONE + "/edit", show_edit),
    web.post(_ONE + "/edit", post_edit),
    web.post(_ONE + "/erase", post_erase),
)
