"""What waits to be signed: each pile of drafts with the difference to what is signed, sign it now or at a time, let go."""

from typing import Any, Protocol

from aiohttp import web

from node.errors import ConflictError, UserError
from node.services import piles
from node.services.catalog_edits import CatalogEdits
from node.services.piles import DraftPage, DraftView, PileView
from node.web import formats
from node.web import shop_fields as typed
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import Runtime, runtime_of
from node.web.shop_catalog import writer
from protocol.operations import Noun

PATH = "/merchant/drafts"
WORDS = {"product": "Product", "offer": "Offer", "shipping": "Sending", "returns": "Returns"}
KINDS = {"new": ("New", "done"), "changed": ("Changed", "active"), "gone": ("Goes", "attention")}


class Editing(Runtime, Protocol):
    """What drafts need of the running node."""

    @property
    def catalog_edits(self) -> CatalogEdits:
        """Drafts of the open vault."""


def editing(request: web.Request) -> Editing:
    """The running node, as drafts need it."""
    runtime: Any = runtime_of(request)
    found: Editing = runtime
    return found


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/drafts: what waits, and what is planned."""
    runtime = runtime_of(request)
    await runtime.read(writer)
    found: list[PileView] = await runtime.read(piles.list_piles)
    rows = [
        {
            "href": f"{PATH}/{pile.id}",
            "title": _title(pile),
            "drafts": pile.drafts,
            "due": pile.due,
            "device": pile.device,
            "error": pile.error,
        }
        for pile in found
    ]
    return render(request, "merchant/drafts.html", section="merchant", piles=rows)


def _title(pile: PileView) -> str:
    return pile.name or f"Drafts in {pile.currency}"


async def show_pile(request: web.Request) -> web.StreamResponse:
    """GET /merchant/drafts/{pile}?cursor=: each draft with what it changes."""
    return await _page(request)


async def _page(request: web.Request, errors: dict[str, str] | None = None, form: dict[str, str] | None = None) -> web.Response:
    runtime, pile = runtime_of(request), _id(request)
    found: list[PileView] = await runtime.read(piles.list_piles)
    view = next((item for item in found if item.id == pile.hex()), None)
    if view is None:
        return see_other(request, PATH)
    page: DraftPage = await runtime.read(piles.list_drafts, pile=pile, cursor=request.query.get("cursor", ""))
    path = f"{PATH}/{view.id}"
    following = f"{path}?{typed.query(cursor=page.cursor)}" if page.cursor else None
    return render(
        request, "merchant/pile.html", section="merchant", status=422 if errors else 200, errors=errors or {}, path=path,
        pile={"title": _title(view), "drafts": view.drafts, "due": view.due, "error": view.error},
        rows=[_row(row) for row in page.drafts], clashes=any(row.clashes for row in page.drafts), form=form or {"name": "", "at": ""},
        pages={"text": "", "previous": path if request.query.get("cursor") else None, "next": following},
    )  # fmt: skip


def _row(row: DraftView) -> dict[str, Any]:
    return {
        "noun": row.noun,
        "name": row.name,
        "words": WORDS[row.noun],
        "kind": KINDS[row.kind],
        "changes": row.changes,
        "clashes": ", ".join(row.clashes) or ("taken away or made anew" if row.clashes else ""),
    }


async def post_publish(request: web.Request) -> web.StreamResponse:
    """POST /merchant/drafts/{pile}: sign it. Fields: name, at (empty: now), anyway (yes: over what was signed otherwise since)."""
    pile, given = _id(request), form_of(request)
    form = {name: given[name].strip() for name in ("name", "at")}
    try:
        at = typed.moment(form["at"], typed.zone_of(request))
        if at is not None:
            await runtime_of(request).write(piles.schedule, pile=pile, at=at, name=form["name"])
            return see_other(request, PATH, "Planned: it is signed by itself at its time, also after a restart")
        done = await editing(request).catalog_edits.publish(pile, form["name"], given["anyway"] == "yes")
    except (UserError, ConflictError) as error:
        return await _page(request, {"": str(error)}, form)
    count = done.last - done.first + 1
    records = f"{formats.number(count)} {'record' if count == 1 else 'records'}"
    text = f"Signed: {records}. Whoever follows your catalog receives what changed." if done.batch else "All of it was signed already"
    return see_other(request, PATH, text)


async def post_wait(request: web.Request) -> web.StreamResponse:
    """POST /merchant/drafts/{pile}/wait: not at its time, but when you say so."""
    view = await runtime_of(request).write(piles.unschedule, pile=_id(request))
    return see_other(request, f"{PATH}/{view.id}", "It waits for your word again")


async def post_discard(request: web.Request) -> web.StreamResponse:
    """POST /merchant/drafts/{pile}/discard. Fields: noun, name (without them: all of it)."""
    given = form_of(request)
    noun = Noun(given["noun"]) if given["noun"] in tuple(Noun) else None
    view = await runtime_of(request).write(piles.discard, pile=_id(request), noun=noun, name=given["name"])
    return see_other(request, f"{PATH}/{view.id}" if view.drafts else PATH, "Let go. What is signed stays as it is.")


def _id(request: web.Request) -> bytes:
    return id_in(request.match_info["pile"])


_ONE = PATH + "/{pile:[0-9a-f]{64}}"
ROUTES = (
    web.get(PATH, show),
    web.get(_ONE, show_pile),
    web.post(_ONE, post_publish),
    web.post(_ONE + "/wait", post_wait),
    web.post(_ONE + "/discard", post_discard),
)
