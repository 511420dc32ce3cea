"""Proofs that somebody signed two things for one place: in words, as a file to hand on, and the check of a file that was handed over."""

import json
from typing import Any

import msgspec
from aiohttp import web

from node.errors import UserError
from node.services import evidence
from node.web.forms import form_of
from node.web.page import id_in, render
from node.web.runtime import runtime_of

_LONGEST = 200_000
_WHAT = {
    "log.checkpoint": "catalog",
    "identity.device-added": "list of devices",
    "identity.device-revoked": "list of devices",
    "identity.generation-started": "list of devices",
    "identity.root-rotated": "list of devices",
    "order.entry": "order",
    "grant.issued": "permission",
    "grant.revoked": "permission",
}
"""What the two records are about, by their type; anything else is a record."""


class _Proof(msgspec.Struct):
    """What a file of a proof must hold; anything else in it is passed over."""

    first: str
    second: str


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /evidence: what is kept, and a form to check what somebody handed over."""
    return await _list(request)


async def _list(request: web.Request, error: str = "", checked: evidence.CheckedView | None = None) -> web.Response:
    found: list[evidence.EvidenceView] = await runtime_of(request).read(evidence.list_evidence)
    return render(
        request,
        "evidence/list.html",
        section="peers",
        status=422 if error else 200,
        rows=[{"href": f"/evidence/{row.id}", "name": row.name, "what": _what(row.type), "at": row.found_at} for row in found],
        checked=None if checked is None else _told(checked),
        errors={"proof": error} if error else {},
    )


def _what(type_: str) -> str:
    return _WHAT.get(type_, "record")


def _told(view: evidence.CheckedView) -> dict[str, Any]:
    heads = [{"size": head.size, "at": head.time, "root": head.root, "state": head.state} for head in view.heads]
    details = [("Kind of record", view.type), ("Log", view.log), ("Place", str(view.seq)), ("Signed by device", view.author)]
    return {"name": view.name, "what": _what(view.type), "heads": heads, "details": details, "portable": True}


async def show_one(request: web.Request) -> web.StreamResponse:
    """GET /evidence/{evidence}: what it says, in words."""
    runtime = runtime_of(request)
    row: evidence.EvidenceView = await runtime.read(evidence.get_evidence, evidence=id_in(request.match_info["evidence"]))
    try:
        told = _told(await runtime.read(evidence.check_evidence, first=row.first, second=row.second))
    except UserError:  # signed by two devices of one identity: only who knows its list of devices can tell
        details = [("Kind of record", row.type), ("Log", row.log), ("Place", str(row.seq))]
        told = {"what": _what(row.type), "heads": [], "details": details, "portable": False}
    told |= {"name": row.name}
    return render(request, "evidence/one.html", section="peers", proof=told, at=row.found_at, file=f"/evidence/{row.id}.json")


async def download(request: web.Request) -> web.StreamResponse:
    """GET /evidence/{evidence}.json: the proof as a file that anybody can check."""
    row: evidence.EvidenceView = await runtime_of(request).read(evidence.get_evidence, evidence=id_in(request.match_info["evidence"]))
    content = json.dumps({"identity": row.identity, "first": row.first, "second": row.second}, indent=1) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="proof-{row.id[:8]}.json"'}
    return web.Response(text=content, content_type="application/json", headers=headers)


async def check(request: web.Request) -> web.StreamResponse:
    """POST /evidence: check a proof that somebody handed over. Fields: proof (the text of its file)."""
    try:
        first, second = _pair(form_of(request)["proof"])
        checked = await runtime_of(request).read(evidence.check_evidence, first=first, second=second)
    except UserError as error:
        return await _list(request, str(error))
    return await _list(request, checked=checked)


def _pair(text: str) -> tuple[str, str]:
    try:
        found = msgspec.json.decode(text[:_LONGEST], type=_Proof)
    except msgspec.DecodeError as error:
        raise UserError("Paste the whole file of the proof: it begins with { and holds “first” and “second”.", code="bad-file") from error
    return found.first, found.second


ROUTES = (
    web.get("/evidence", show_list),
    web.post("/evidence", check),
    web.get("/evidence/{evidence:[0-9a-f]{64}}", show_one),
    web.get("/evidence/{evidence:[0-9a-f]{64}}.json", download),
)
