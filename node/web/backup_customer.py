"""One customer as a backup has it: which backup, what would change, and putting it back."""

from typing import Any

from aiohttp import web

from node.errors import NodeError
from node.services import backup_runs, customers
from node.services.backup_customer import CustomerThen
from node.services.backup_runs import RunView
from node.services.customers import CustomerView
from node.web import formats
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

MOST = 60
_WORDS = {"names": "Name", "emails": "E-mails", "note": "Notes", "customer_notes": "notes", "tasks": "follow-ups"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /backup/customers/{customer}?backup=: what that backup (the newest, where none is named) would change."""
    runtime = runtime_of(request)
    person: CustomerView = await runtime.read(customers.get_customer, customer=_id(request))
    runs: list[RunView] = await runtime.read(backup_runs.list_runs, limit=MOST)
    backups = [(f"{run.target}:{run.number}", f"{formats.datetime_text(run.began)}, {run.name}") for run in runs if run.kept]
    chosen = request.query.get("backup", backups[0][0] if backups else "")
    then, error = None, ""
    if backups:
        target, number = _backup(chosen)
        try:
            then = _then(await runtime.backups.customer_then(target, _id(request), number))
        except NodeError as caught:
            error = str(caught)
    return render(
        request,
        "backup/customer.html",
        section="customers",
        name=person.name,
        href=f"/customers/{person.id}",
        action=request.path,
        backups=backups,
        chosen=chosen,
        then=then,
        error=error,
    )


def _then(view: CustomerThen) -> dict[str, Any]:
    return {
        "fields": [(_word(row.field), row.now, row.then) for row in view.fields],
        "missing": [(formats.number(row.rows), _WORDS.get(row.table, row.table.replace("_", " "))) for row in view.missing],
    }


def _word(field: str) -> str:
    return _WORDS.get(field, field.replace("_", " ").capitalize())


async def post_restore(request: web.Request) -> web.StreamResponse:
    """POST /backup/customers/{customer}: put back."""
    target, number = _backup(form_of(request)["backup"])
    done: CustomerThen = await runtime_of(request).backups.restore_customer(target, _id(request), number)
    return see_other(request, f"/customers/{done.customer}", f"{done.name} is as in the backup again")


def _backup(text: str) -> tuple[bytes, int]:
    """The place and number in a form or link; what is none names no page."""
    target, _, number = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise web.HTTPNotFound
    return id_in(target), int(number)


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["customer"])


ROUTES = [
    web.get("/backup/customers/{customer}", show),
    web.post("/backup/customers/{customer}", post_restore),
]
