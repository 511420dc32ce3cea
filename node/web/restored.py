"""Set up from a backup: what is held back and why, one part after the other."""

from typing import Any

from aiohttp import web

from node.errors import ConflictError, Unavailable, UserError
from node.services import restored
from node.services.recovery import FetchedView
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of

_WORDS = {
    "grants": ("Grants", "Who may ask for what of a customer. The backup may be older than a grant you took back.", "Let my desk answer"),
    "renewals": ("Renewals", "Nothing here renews itself: every question needs a grant of its own.", "Confirm"),
    "payouts": ("Payouts", "What would be collected or sent. The backup may be older than a payout you had.", "Let payouts go on"),
}
_ABOUT_WORDS = ("bad-words", "not-the-root", "nothing-to-join", "newer-generation")
_NOTHING = {
    "grants": "No grant holds now. Your desk answers no question until you give one.",
    "renewals": "Nothing to renew.",
    "payouts": "Nothing is due now.",
}


async def show_restored(request: web.Request) -> web.StreamResponse:
    """GET /restored."""
    view: restored.RestoredView = await runtime_of(request).read(restored.show)
    return render(
        request,
        "restored.html",
        section="today",
        restored=view.restored,
        sequence=view.sequence,
        parts=[_part(part) for part in view.parts],
        backups=[{"name": found.name, "sequence": found.sequence, "at": found.at, "newer": found.newer} for found in view.backups],
        newer=any(found.newer for found in view.backups),
        silent=view.silent,
        fetched=[_fetched(found) for found in view.fetched],
    )


def _part(part: restored.HeldPart) -> dict[str, Any]:
    title, why, label = _WORDS[part.name]
    items = [{"title": item.title, "text": item.text, "href": item.href} for item in part.items]
    action = f"/restored/{part.name}/confirm"
    return {
        "title": title,
        "why": why,
        "label": label,
        "nothing": _NOTHING[part.name],
        "paused": part.paused,
        "items": items,
        "action": action,
    }


def _fetched(found: FetchedView) -> dict[str, Any]:
    words = {"waiting": ("Waiting for it", "waiting"), "done": ("All given", "done"), "refused": ("Gave nothing", "stopped")}
    text = f"{found.records} records came"
    if found.misfits:
        text += f", {found.misfits} of them did not fit what is here ({found.code})"
    return {"name": found.name, "state": words[found.state], "text": found.code if found.state == "refused" else text}


async def post_confirm(request: web.Request) -> web.StreamResponse:
    """POST /restored/{what}/confirm, with `anyway` where a peer knows of a newer backup."""
    what, anyway = request.match_info["what"], bool(form_of(request)["anyway"])
    try:
        await runtime_of(request).write(restored.confirm, what=what, anyway=anyway)
    except ConflictError as error:
        return see_other(request, "/restored", str(error), "attention")
    return see_other(request, "/restored", f"Confirmed: {what} go on")


async def show_rejoin(request: web.Request) -> web.StreamResponse:
    """GET /restored/rejoin."""
    return render(request, "rejoin.html", section="today")


async def post_rejoin(request: web.Request) -> web.StreamResponse:
    """POST /restored/rejoin: words and passphrase are used once and kept nowhere."""
    try:
        form = form_of(request)
        await runtime_of(request).keys.rejoin(form["words"], form["passphrase"])
    except (UserError, Unavailable) as error:
        field = "words" if error.code in _ABOUT_WORDS else "passphrase"
        return render(request, "rejoin.html", status=422, section="today", errors={field: str(error)})
    return see_other(request, "/restored", "This computer is one of your devices again. Your peers are told.")


ROUTES = [
    web.get("/restored/rejoin", show_rejoin),
    web.post("/restored/rejoin", post_rejoin),
    web.get("/restored", show_restored),
    web.post("/restored/{what}/confirm", post_confirm),
]
