"""The pages around the vault: first open, unlock, the two locks (of the page, of the vault), colours, stopped."""

from aiohttp import web

from node.errors import UserError
from node.web import formats
from node.web.forms import form_of
from node.web.page import COOKIE, GATE, SESSION, SESSIONS, Stage, clear_site, render, see_other, session_of

_LOOKS = ("", "light", "dark")


async def show_open(request: web.Request) -> web.StreamResponse:
    """GET /open: the script posts the code of the fragment; without scripts it is typed."""
    session = request[SESSION]
    if session is not None and not session.locked:
        return see_other(request, "/")
    return render(request, "open.html")


async def post_open(request: web.Request) -> web.StreamResponse:
    """POST /open: a code for a cookie, once."""
    session = request.app[SESSIONS].redeem(form_of(request)["code"])
    if session is None:
        errors = {"code": "This code is used, expired or mistyped. Ask for a new one with: gemstra open"}
        return render(request, "open.html", status=422, errors=errors)
    answer = see_other(request, "/")
    answer.set_cookie(request.app[COOKIE], session.id, httponly=True, samesite="Strict", path="/")
    return answer


async def show_unlock(request: web.Request) -> web.StreamResponse:
    """GET /unlock: for a locked vault, or for a locked page of an open one."""
    return render(request, "unlock.html", page_only=_page_only(request), opening=request.app[GATE].opening())


async def post_unlock(request: web.Request) -> web.StreamResponse:
    """POST /unlock: the passphrase goes to the vault and nowhere else."""
    gate, passphrase = request.app[GATE], form_of(request)["passphrase"]
    try:
        if _page_only(request):
            await gate.check_passphrase(passphrase)
        else:
            await gate.unlock(passphrase)
    except UserError as error:
        errors = {"passphrase": str(error)}
        return render(request, "unlock.html", status=422, page_only=_page_only(request), opening=gate.opening(), errors=errors)
    request.app[SESSIONS].release(session_of(request))
    return see_other(request, "/")


def _page_only(request: web.Request) -> bool:
    return request.app[GATE].stage() is Stage.OPEN


async def post_lock_page(request: web.Request) -> web.StreamResponse:
    """POST /lock-page: the page lock. Every page of this desk asks for the passphrase; the node goes on."""
    request.app[SESSIONS].lock_page()
    return see_other(request, "/unlock", headers=clear_site())


async def post_lock(request: web.Request) -> web.StreamResponse:
    """POST /lock: the vault lock. Keys wiped, every session ended, what the browser kept of this desk cleared."""
    await request.app[GATE].lock()
    request.app[SESSIONS].end_all()
    fresh = request.app[SESSIONS].start()
    answer = see_other(request, "/unlock", headers=clear_site())
    answer.set_cookie(request.app[COOKIE], fresh.id, httponly=True, samesite="Strict", path="/")
    return answer


async def post_look(request: web.Request) -> web.StreamResponse:
    """POST /look: light, dark or as the system says; for this session."""
    look = form_of(request)["look"]
    session_of(request).look = look if look in _LOOKS else ""
    back = formats.local(request.headers.get("Referer", "/").removeprefix(f"http://{request.host}"))
    return see_other(request, back if back.startswith("/") else "/")


async def show_stopped(request: web.Request) -> web.StreamResponse:
    """GET /stopped: what a page shows when the node does not answer; holds nothing personal."""
    return render(request, "stopped.html")


ROUTES = [
    web.get("/open", show_open),
    web.post("/open", post_open),
    web.get("/unlock", show_unlock),
    web.post("/unlock", post_unlock),
    web.post("/lock-page", post_lock_page),
    web.post("/lock", post_lock),
    web.post("/look", post_look),
    web.get("/stopped", show_stopped),
]
