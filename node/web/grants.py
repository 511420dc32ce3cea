"""Who sees what: what merchants ask for, what was given, the ledger of what went, and taking it back."""

from typing import Any

from aiohttp import web

from node.errors import UserError
from node.services import grants
from node.services.grant_views import DisclosureView, GrantView
from node.web import grant_words as words
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

MOST = 200


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /grants."""
    runtime = runtime_of(request)
    found: list[GrantView] = await runtime.read(grants.list_grants)
    asked = [grant for grant in found if grant.state == "requested" and grant.side == "seller"]
    went = await runtime.read(grants.list_disclosures, limit=MOST)
    return render(
        request,
        "grants/list.html",
        section="grants",
        requests=[await _request(request, grant) for grant in asked],
        grants=[
            {"href": f"/grants/{grant.id}", "sentence": words.sentence(grant), "state": words.state(grant), "until": words.so_far(grant)}
            for grant in found
            if grant not in asked
        ],
        disclosures=len(went),
    )


async def _request(request: web.Request, grant: GrantView) -> dict[str, Any]:
    values: dict[str, str] = await runtime_of(request).read(grants.values_at_stake, grant=bytes.fromhex(grant.id))
    shown = [(words.field(name).capitalize(), value) for name, value in values.items() if value]
    return {
        "merchant": grant.peer_name,
        "sentence": words.sentence(grant),
        "fields": [*shown, ("It forgets after", words.span(grant.retention_ms))],
        "action": f"/grants/{grant.id}/answer",
    }


async def show_one(request: web.Request) -> web.StreamResponse:
    """GET /grants/{grant}."""
    runtime, id_ = runtime_of(request), _id(request)
    grant: GrantView = await runtime.read(grants.get_grant, grant=id_)
    went: list[DisclosureView] = await runtime.read(grants.list_disclosures, grant=id_, limit=MOST)
    text = f"{grant.peer_name} signed that it erased everything of this."
    return render(
        request,
        "grants/one.html",
        section="grants",
        grant={
            "id": grant.id,
            "merchant": grant.peer_name or "A former connection",
            "sentence": words.sentence(grant),
            "state": words.state(grant),
            "details": words.details(grant),
            "active": grant.state == "issued" and grant.side == "seller",
            "mine": grant.side == "seller" and bool(grant.grant),
        },
        asked=await _request(request, grant) if (grant.side, grant.state) == ("seller", "requested") else None,
        revoke_steps=words.steps(grant) if grant.state == "revoked" or (grant.side, grant.state) == ("seller", "issued") else [],
        disclosures=[_line(line) for line in went],
        receipt={"text": text, "record": grant.erasure_receipt} if grant.erasure_receipt else None,
    )


async def show_ledger(request: web.Request) -> web.StreamResponse:
    """GET /grants/ledger."""
    went: list[DisclosureView] = await runtime_of(request).read(grants.list_disclosures, limit=MOST)
    pages = {"text": f"{len(went)} shown", "previous": None, "next": None}
    return render(request, "grants/ledger.html", section="grants", disclosures=[_line(line) for line in went], pages=pages)


def _line(line: DisclosureView) -> dict[str, Any]:
    return {
        "at": line.at,
        "what": words.field(line.field).capitalize(),
        "who": line.customer_name or "An erased customer",
        "merchant": line.merchant_name or "A former connection",
        "purpose": words.purposes(line.purposes).capitalize(),
        "grant_href": f"/grants/{line.grant}",
    }


async def post_answer(request: web.Request) -> web.StreamResponse:
    """POST /grants/{grant}/answer. Field: refuse."""
    refuse = form_of(request)["refuse"] == "yes"
    try:
        view: GrantView = await runtime_of(request).write(grants.deny_grant if refuse else grants.issue_grant, grant=_id(request))
    except UserError as error:
        return see_other(request, "/grants", str(error), "stopped")
    return see_other(request, f"/grants/{view.id}", "Refused" if refuse else f"{view.peer_name} may ask for it now")


async def post_revoke(request: web.Request) -> web.StreamResponse:
    """POST /grants/{grant}/revoke."""
    path = f"/grants/{_id(request).hex()}"
    try:
        view: GrantView = await runtime_of(request).write(grants.revoke_grant, grant=_id(request))
    except UserError as error:
        return see_other(request, path, str(error), "stopped")
    return see_other(request, path, f"Stopped. {view.peer_name} learns nothing more, and is told to erase.")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["grant"])


_ONE = "/grants/{grant:[0-9a-f]{64}}"
ROUTES = (
    web.get("/grants", show_list),
    web.get("/grants/ledger", show_ledger),
    web.get(_ONE, show_one),
    web.post(_ONE + "/answer", post_answer),
    web.post(_ONE + "/revoke", post_revoke),
)
