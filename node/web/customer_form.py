"""The form of one customer, whole: repeated groups grow by a button that shows the form again with all that was typed.

A browser keeps no line end in a one-line field, and its own in a longer one. So a value that came back as it was shown is the value that
was there, and nothing is lost by saving a form unchanged.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple

from aiohttp import web

from node.errors import ConflictError, FieldErrors, UserError
from node.model import wishes
from node.model.details import AddressEntry, Details, Entry, PhoneEntry
from node.model.person import Consent
from node.services import customers
from node.services.customers import CustomerView
from node.web.forms import Form, form_of
from node.web.page import GATE, id_in, render, see_other
from node.web.runtime import runtime_of

_TEXTS = tuple(item.name for item in fields(Details) if item.type is str)
_BLANK: dict[str, Any] = {
    "phones": PhoneEntry(""),
    "emails": Entry(""),
    "addresses": AddressEntry(),
    "dates": Entry(""),
    "handles": Entry(""),
    "urls": Entry(""),
    "preferences": Entry(""),
    "custom": Entry(""),
    "consents": Consent("", given=True, day=""),
}
_OPEN = ("phones", "emails", "addresses")
_LINE_ENDS = re.compile(r"[\r\n]")
_ROW = re.compile(r"([a-z]+)-([0-9]{1,4})-([a-z]+)\Z")
_LONG = frozenset(("note", "street"))


class _Place(NamedTuple):
    """Where a form stands: what it posts to, its title, the way back, and when what it shows was read."""

    action: str
    title: str
    back: tuple[str, str]
    updated: int = 0


async def show_new(request: web.Request) -> web.StreamResponse:
    """GET /customers/new."""
    return _shown(request, _NEW, _opened(Details()), Details())


async def post_new(request: web.Request) -> web.StreamResponse:
    """POST /customers."""
    form = form_of(request)
    given = typed(form, Details())
    if (changed := _asked(form["do"], given, 0)) is not None:
        return _shown(request, _NEW, changed[0], Details(), focus=changed[1])
    try:
        kept = await runtime_of(request).write(customers.add_customer, details=given, phone_region=_region(request))
    except UserError as error:
        return _shown(request, _NEW, _opened(given), Details(), errors=_errors(error))
    return see_other(request, f"/customers/{kept.id}", "Customer added")


async def show_edit(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/edit."""
    person = await _read(request)
    return _shown(request, _edit(person), _opened(person.details), person.details)


async def post_edit(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/edit. Fields: updated (when it was read), do (`save`, `more GROUP`, `less GROUP ROW`), the record's."""
    form, person = form_of(request), await _read(request)
    given, before = typed(form, person.details), person.details
    read = int(form["updated"]) if re.fullmatch("[0-9]{1,15}", form["updated"]) else 0
    place = _edit(person)._replace(updated=read)
    if (changed := _asked(form["do"], given, len(before.consents))) is not None:
        return _shown(request, place, changed[0], before, focus=changed[1])
    try:
        await runtime_of(request).write(
            customers.change_customer, customer=_id(request), details=given, updated=read, phone_region=_region(request)
        )
    except ConflictError as error:
        if error.code != "changed-meanwhile":
            raise
        text = "Someone changed this customer while you were typing. Saving again puts what stands here in place of that."
        return _shown(request, place._replace(updated=person.updated), _opened(given), before, errors={"": text})
    except UserError as error:
        return _shown(request, place, _opened(given), before, errors=_errors(error))
    return see_other(request, f"/customers/{person.id}", "Saved")


def typed(form: Form, before: Details) -> Details:
    """What was typed, rows left empty among it, so that an error names the row that the form shows."""
    rows: dict[str, dict[int, dict[str, str]]] = {group: {} for group in _BLANK}
    for key, value in form.pairs:
        if (match := _ROW.match(key)) and match[1] in rows:
            rows[match[1]].setdefault(int(match[2]), {})[match[3]] = value
    given: dict[str, Any] = {}
    for group, found in rows.items():
        given[group] = tuple(_row(group, found[number], before) for number in sorted(found))
    given["consents"] = (*before.consents, *given["consents"])
    given["preferences"] = wishes.with_chosen(given["preferences"], form.all("avoid"), before.preferences)
    given["tags"] = _tags(form["tags"], before.tags)
    given |= {name: _unchanged(name, form[name], getattr(before, name)) for name in _TEXTS}
    return replace(before, **given)


def _row(group: str, given: Mapping[str, str], before: Details) -> Any:
    if group == "consents":
        return Consent(given.get("purpose", ""), given.get("given") != "no", given.get("day", ""), given.get("how", ""))
    blank = _BLANK[group]
    named = {item.name: given.get(item.name, "") for item in fields(blank) if item.name != "whole"}
    for known in getattr(before, group):
        if all(_unchanged(name, value, getattr(known, name)) == getattr(known, name) for name, value in named.items()):
            return known
    return replace(blank, **named)


def _unchanged(name: str, posted: str, before: str) -> str:
    """`before` where the browser sent back what it was shown, else what was typed."""
    if name in _LONG:
        posted = posted.replace("\r\n", "\n")
        return before if posted.strip() == before.replace("\r\n", "\n").replace("\r", "\n").strip() else posted
    return before if posted.strip() == _LINE_ENDS.sub("", before).strip() else posted


def _tags(text: str, before: tuple[str, ...]) -> tuple[str, ...]:
    known = {_LINE_ENDS.sub("", tag): tag for tag in before}
    found = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(known.get(tag, tag.strip()) for tag in found if tag.strip())


def tags_line(tags: Iterable[str]) -> str:
    """Tags in one line, with commas between; one that has a comma itself stands in quotes."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([_LINE_ENDS.sub("", tag) for tag in tags])
    return buffer.getvalue().replace(",", ", ") if not any("," in tag for tag in tags) else buffer.getvalue()


def _asked(wish: str, given: Details, kept: int) -> tuple[Details, str] | None:
    """The form with one row more or less, and the field to go on with; None where it is to be saved. `kept`: consents on record."""
    word, _, rest = wish.partition(" ")
    group, _, number = rest.partition(" ")
    if word not in ("more", "less") or group not in _BLANK:
        return None
    rows = getattr(given, group)
    if word == "more":
        first = "purpose" if group == "consents" else "label"
        return _with(given, group, (*rows, _BLANK[group])), f"{group}-{len(rows)}-{first}"
    gone = int(number) if re.fullmatch("[0-9]{1,4}", number) else -1
    if group == "consents" and gone < kept:
        gone = -1
    return _with(given, group, tuple(row for place, row in enumerate(rows) if place != gone)), f"more-{group}"


def _with(details: Details, group: str, rows: tuple[Any, ...]) -> Details:
    changed: dict[str, Any] = {group: rows}
    return replace(details, **changed)


def _opened(details: Details) -> Details:
    """One empty row where there is none, for what most people have."""
    for group in _OPEN:
        details = details if getattr(details, group) else _with(details, group, (_BLANK[group],))
    return details


def _shown(
    request: web.Request,
    place: _Place,
    details: Details,
    before: Details,
    *,
    focus: str = "",
    errors: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    return render(
        request,
        "customers/edit.html",
        section="customers",
        status=422 if errors else 200,
        action=place.action,
        title=place.title,
        back=place.back,
        updated=place.updated,
        details=replace(details, preferences=wishes.free(details.preferences)),
        avoid=list(wishes.FIXED.items()),
        avoided=wishes.chosen(details.preferences),
        tags=tags_line(details.tags),
        said=before.consents,
        focus=focus,
        errors=dict(errors or {}),
    )


def _errors(error: UserError) -> dict[str, str]:
    """Field id → what is wrong with it. A path of the record is an id of the form with dashes for its dots."""
    if isinstance(error, FieldErrors):
        return {fault.field.replace(".", "-"): str(fault) for fault in error.faults}
    return {"": str(error)}


def _region(request: web.Request) -> str:
    """Where a number without a country is dialled: the place of the language the desk is read in."""
    viewer = request.app[GATE].viewer()
    return (viewer.locale if viewer else "").replace("-", "_").partition("_")[2][:2].upper() or "US"


async def _read(request: web.Request) -> CustomerView:
    found: CustomerView = await runtime_of(request).read(customers.get_customer, customer=_id(request))
    return found


def _edit(person: CustomerView) -> _Place:
    path = f"/customers/{person.id}"
    return _Place(f"{path}/edit", f"Edit {person.name}", (person.name, path), person.updated)


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["customer"])


_NEW = _Place("/customers", "Add customer", ("Customers", "/customers"))
ONE = "/customers/{customer:[0-9a-f]{64}}"
ROUTES = (
    web.get("/customers/new", show_new),
    web.post("/customers", post_new),
    web.get(ONE + "/edit", show_edit),
    web.post(ONE + "/edit", post_edit),
)
