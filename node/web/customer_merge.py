"""Pages where two customers become one, and one becomes two."""

from dataclasses import replace
from typing import Any

from aiohttp import web

from node.errors import ConflictError, UserError
from node.model.details import Details
from node.model.phone_numbers import readable
from node.services import customer_history, customer_merge, customer_split, customers
from node.services.customer_merge import PairsView
from node.services.customer_search import CustomerPage, list_customers
from node.services.customers import CustomerRow, CustomerView
from node.web import customer_words as said
from node.web.customer_form import ONE
from node.web.forms import Form, form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

MOST_FOUND = 20


async def show_duplicates(request: web.Request) -> web.StreamResponse:
    """GET /customers/duplicates."""
    found: PairsView = await runtime_of(request).read(customer_merge.find_duplicates)
    pairs = [
        {
            "one": _person(pair.one),
            "other": _person(pair.other),
            "shared": said.shared(pair.shared),
            "merge": f"/customers/{pair.one.id}/merge?with={pair.other.id}",
            "apart": f"/customers/{pair.one.id}/apart",
        }
        for pair in found.pairs
    ]
    return render(request, "customers/duplicates.html", section="customers", pairs=pairs, total=found.total)


def _person(row: CustomerRow) -> dict[str, str]:
    text = ", ".join(part for part in (row.place, readable(row.phone), row.email) if part)
    return {"id": row.id, "name": row.name, "text": text, "href": f"/customers/{row.id}"}


async def post_apart(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/apart. Field: other."""
    other = id_in(form_of(request)["other"])
    await runtime_of(request).write(customer_merge.keep_apart, customer=_id(request), other=other)
    return see_other(request, "/customers/duplicates", "They stay two people")


# --- two become one


async def show_merge(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/merge?with=&q=: whom to merge with, then what the two come to."""
    one: CustomerView = await runtime_of(request).read(customers.get_customer, customer=_id(request))
    if not request.query.get("with"):
        text = request.query.get("q", "")
        page: CustomerPage = await runtime_of(request).read(list_customers, search=text, limit=MOST_FOUND)
        found = [{**_person(row), "merge": f"/customers/{one.id}/merge?with={row.id}"} for row in page.customers if row.id != one.id]
        return render(request, "customers/merge.html", section="customers", one=_side(one), other=None, q=text, found=found)
    return await _shown(request, one, request.query["with"])


async def _shown(request: web.Request, one: CustomerView, with_: str, error: str = "") -> web.StreamResponse:
    read = runtime_of(request).read
    other: CustomerView = await read(customers.get_customer, customer=id_in(with_))
    questions = [
        {
            "name": name,
            "label": said.field(name),
            "options": [("one", said.value(one.details, name), one.name), ("other", said.value(other.details, name), other.name)],
        }
        for name in _differing(one.details, other.details)
    ]
    return render(
        request,
        "customers/merge.html",
        section="customers",
        status=422 if error else 200,
        one=_side(one),
        other=_side(other),
        questions=questions,
        photos=one.photo and other.photo,
        updated=one.updated,
        errors={"": error} if error else {},
    )


def _side(person: CustomerView) -> dict[str, Any]:
    return {"id": person.id, "name": person.name, "href": f"/customers/{person.id}", "details": said.terms(person.details)}


def _differing(one: Details, other: Details) -> list[str]:
    """Fields of one value where both say something, and not the same."""
    return [name for name in said.SINGLE if getattr(one, name) and getattr(other, name) and getattr(one, name) != getattr(other, name)]


async def post_merge(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/merge. Fields: other, updated, photo, and one or other for each field where they differ."""
    form, runtime = form_of(request), runtime_of(request)
    one: CustomerView = await runtime.read(customers.get_customer, customer=_id(request))
    other: CustomerView = await runtime.read(customers.get_customer, customer=id_in(form["other"]))
    both: Details = await runtime.read(customer_merge.merge_preview, customer=_id(request), other=id_in(form["other"]))
    chosen: dict[str, Any] = {
        name: getattr(other.details, name) for name in _differing(one.details, other.details) if form[f"choose-{name}"] == "other"
    }
    if "name" in chosen:
        chosen |= {part: getattr(other.details, part) for part in ("given", "middle", "family", "prefix", "suffix")}
    try:
        await runtime.write(
            customer_merge.merge_customers,
            customer=_id(request),
            other=id_in(form["other"]),
            details=replace(both, **chosen),
            other_photo=form["choose-photo"] == "other",
            updated=int(form["updated"]) if form["updated"].isdecimal() else 0,
        )
    except UserError as error:
        return await _shown(request, one, form["other"], str(error))
    return see_other(request, f"/customers/{one.id}", f"{one.name} and {other.name} are one customer now")


async def post_unmerge(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/unmerge. Field: merge."""
    path = f"/customers/{_id(request).hex()}"
    try:
        await runtime_of(request).write(customer_merge.unmerge, customer=_id(request), merge=id_in(form_of(request)["merge"]))
    except ConflictError as error:
        return see_other(request, path, str(error), "stopped")
    return see_other(request, path, "They are two customers again")


# --- one becomes two


async def show_split(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/split."""
    return await _split(request, {})


async def _split(request: web.Request, errors: dict[str, str], form: Form | None = None) -> web.StreamResponse:
    runtime = runtime_of(request)
    person: CustomerView = await runtime.read(customers.get_customer, customer=_id(request))
    ordered: list[tuple[str, str]] = await runtime.read(said.orders_of, customer=_id(request))
    written = person.details
    groups = [
        ("phones", "Phones", [readable(item.whole or item.value) for item in written.phones]),
        ("emails", "E-mails", [item.value for item in written.emails]),
        ("addresses", "Addresses", [said.address(item) for item in written.addresses]),
    ]
    choices = [(group, title, [(str(place), text) for place, text in enumerate(texts)]) for group, title, texts in groups]
    choices.append(("orders", "Orders", ordered))
    return render(
        request,
        "customers/split.html",
        section="customers",
        status=422 if errors else 200,
        person=_side(person),
        choices=[
            (group, title, [(value, text, form is not None and value in form.all(group)) for value, text in options])
            for group, title, options in choices
            if options
        ],
        name=form["name"] if form else "",
        updated=person.updated,
        errors=errors,
    )


async def post_split(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/split. Fields: name, updated; as often as chosen: phones, emails, addresses (places), orders (ids)."""
    form = form_of(request)
    places = {group: [int(text) for text in form.all(group) if text.isdecimal()] for group in ("phones", "emails", "addresses")}
    try:
        done = await runtime_of(request).write(
            customer_split.split_customer,
            customer=_id(request),
            name=form["name"],
            updated=int(form["updated"]) if form["updated"].isdecimal() else 0,
            orders=form.all("orders"),
            **places,
        )
    except UserError as error:
        return await _split(request, {"name" if error.code == "name-missing" else "": str(error)}, form)
    return see_other(request, f"/customers/{done.other}", "This is a customer of their own now")


# --- aside, and as before


async def post_archive(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/archive."""
    done = await runtime_of(request).write(customers.archive_customer, customer=_id(request))
    return see_other(request, f"/customers/{done.id}", "Put aside: not in your lists any more")


async def post_unarchive(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/unarchive."""
    done = await runtime_of(request).write(customers.unarchive_customer, customer=_id(request))
    return see_other(request, f"/customers/{done.id}", "Back among your customers")


async def post_take_back(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/take-back. Field: at, when the change was made."""
    text, path = form_of(request)["at"], f"/customers/{_id(request).hex()}"
    try:
        at = int(text) if text.isdecimal() else 0
        await runtime_of(request).write(customer_history.take_back, customer=_id(request), at=at)
    except ConflictError as error:
        return see_other(request, path, str(error), "stopped")
    return see_other(request, path, "Taken back. Taking back again brings it back.")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["customer"])


ROUTES = (
    web.get("/customers/duplicates", show_duplicates),
    web.post(ONE + "/apart", post_apart),
    web.get(ONE + "/merge", show_merge),
    web.post(ONE + "/merge", post_merge),
    web.post(ONE + "/unmerge", post_unmerge),
    web.get(ONE + "/split", show_split),
    web.post(ONE + "/split", post_split),
    web.post(ONE + "/archive", post_archive),
    web.post(ONE + "/unarchive", post_unarchive),
    web.post(ONE + "/take-back", post_take_back),
)
