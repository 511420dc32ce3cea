"""Root rotation in three pages: the rotation sheet, a fresh one written down, its check and the passphrase. Until then nothing is done."""

import secrets
from dataclasses import dataclass

from aiohttp import web

from node.errors import Unavailable, UserError
from node.web.forms import form_of
from node.web.page import GATE, Stage, render, see_other, session_of
from node.web.runtime import runtime_of

SECTION = "keys"
ASKED = 3
_SCRATCH = "rotation"


@dataclass(slots=True)
class Rotating:
    """What the session keeps between the pages; a lock of the page forgets it."""

    phrase: str
    following: list[str]
    asked: list[int]


async def show_rotate(request: web.Request) -> web.StreamResponse:
    """GET /keys/rotate: what it does, and the words of the rotation sheet."""
    return render(request, "keys/rotate.html", section=SECTION)


async def post_rotate(request: web.Request) -> web.StreamResponse:
    """POST /keys/rotate: the sheet is checked, and a fresh one is made."""
    keys, phrase = runtime_of(request).keys, form_of(request)["words"]
    try:
        await keys.check_rotation(phrase)
    except UserError as error:
        return render(request, "keys/rotate.html", status=422, section=SECTION, errors={"words": str(error)})
    following = keys.new_sheet()
    asked = sorted(secrets.SystemRandom().sample(range(1, len(following) + 1), ASKED))
    session_of(request).scratch[_SCRATCH] = Rotating(phrase, following, asked)
    return see_other(request, "/keys/rotate/sheet")


async def show_sheet(request: web.Request) -> web.StreamResponse:
    """GET /keys/rotate/sheet: the fresh words, to be written down."""
    rotating = _rotating(request)
    if rotating is None:
        return see_other(request, "/keys/rotate")
    return render(request, "keys/sheet.html", section=SECTION, words=rotating.following)


async def show_confirm(request: web.Request) -> web.StreamResponse:
    """GET /keys/rotate/confirm: three of them, and the passphrase."""
    rotating = _rotating(request)
    if rotating is None:
        return see_other(request, "/keys/rotate")
    return render(request, "keys/rotate_confirm.html", section=SECTION, asked=rotating.asked)


async def post_confirm(request: web.Request) -> web.StreamResponse:
    """POST /keys/rotate/confirm: the new root takes over."""
    rotating, form = _rotating(request), form_of(request)
    if rotating is None:
        return see_other(request, "/keys/rotate")
    errors = {
        f"word-{number}": f"This is not word {number}. Look at your paper again"
        for number in rotating.asked
        if form[f"word-{number}"].strip().lower() != rotating.following[number - 1]
    }
    if not errors:
        try:
            await runtime_of(request).keys.rotate(rotating.phrase, " ".join(rotating.following), form["passphrase"])
        except (UserError, Unavailable) as error:
            if request.app[GATE].stage() is not Stage.OPEN:  # stopped half-way: the next unlock goes on
                raise
            errors = {"passphrase": str(error)}
    if errors:
        return render(request, "keys/rotate_confirm.html", status=422, section=SECTION, asked=rotating.asked, errors=errors)
    session_of(request).scratch.pop(_SCRATCH)
    return see_other(request, "/keys/rotated")


async def show_rotated(request: web.Request) -> web.StreamResponse:
    """GET /keys/rotated: what is left to do."""
    return render(request, "keys/rotated.html", section=SECTION)


def _rotating(request: web.Request) -> Rotating | None:
    found = session_of(request).scratch.get(_SCRATCH)
    return found if isinstance(found, Rotating) else None


ROUTES = [
    web.get("/keys/rotate", show_rotate),
    web.post("/keys/rotate", post_rotate),
    web.get("/keys/rotate/sheet", show_sheet),
    web.get("/keys/rotate/confirm", show_confirm),
    web.post("/keys/rotate/confirm", post_confirm),
    web.get("/keys/rotated", show_rotated),
]
