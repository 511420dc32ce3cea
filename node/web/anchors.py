"""Proofs of catalogs: what stands on the chain, whether it agrees with what was shown, and a shop's own anchors."""

from typing import Any

from aiohttp import web

from node.errors import NodeError
from node.services import anchors
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of

PATH = "/catalog/anchors"
_VERDICTS = {
    "agrees": ("Agrees", "done"),
    "contradicts": ("Another catalog", "stopped"),
    "unproved": ("Proof asked for", "waiting"),
    "ahead": ("Newer than yours", "waiting"),
    "pending": ("Not final yet", "waiting"),
    "own": ("Yours", "done"),
}
_EVERY = [("off", "Only by hand"), ("daily", "Each day"), ("weekly", "Each week")]


async def show(request: web.Request) -> web.StreamResponse:
    """GET /catalog/anchors."""
    return await _page(request)


async def _page(request: web.Request, error: str = "") -> web.Response:
    found: anchors.AnchorsView = await runtime_of(request).read(anchors.list_anchors)
    return render(
        request,
        "catalog/anchors.html",
        section="catalog",
        status=422 if error else 200,
        possible=found.possible,
        due=len(found.due),
        rows=[_row(item) for item in found.anchors],
        against=[item.merchant_name or "Somebody you were connected to" for item in found.anchors if item.verdict == "contradicts"],
        every=_EVERY,
        form={"every": found.every},
        errors={"every": error} if error else {},
    )


def _row(item: anchors.AnchorView) -> dict[str, Any]:
    word, kind = _VERDICTS[item.verdict]
    if item.verdict == "own" and not item.final:
        word, kind = "Yours, not final yet", "waiting"
    written = [("Transaction", item.transaction), ("Address", item.address)]
    return {
        "merchant": item.merchant_name,
        "currency": item.currency,
        "size": item.size,
        "at": item.at,
        "state": (word, kind),
        "details": [("Root", item.root), ("State", item.state), *written],
    }


async def anchor_now(request: web.Request) -> web.StreamResponse:
    """POST /catalog/anchors: write the heads of our catalogs on the chain."""
    try:
        await runtime_of(request).write(anchors.anchor)
    except NodeError as error:
        return await _page(request, str(error))
    return see_other(request, PATH, "It is on its way to the chain")


async def schedule(request: web.Request) -> web.StreamResponse:
    """POST /catalog/anchors/schedule. Fields: every."""
    try:
        await runtime_of(request).write(anchors.schedule, every=form_of(request)["every"])
    except NodeError as error:
        return await _page(request, str(error))
    return see_other(request, PATH, "Saved")


ROUTES = (web.get(PATH, show), web.post(PATH, anchor_now), web.post(f"{PATH}/schedule", schedule))
