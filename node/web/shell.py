"""The web application: rules first, then the stage of the node (new, locked, open), then the section's page.

A section file gives a list of `web.get("/orders", handler)` to `make_app(pages=…)`. By the time a handler is called the host, the
origin, the session, its token and the stage have been judged, and `form_of(request)` holds the posted form. See page.py.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from node.errors import NodeError
from node.problems import problem as problem_of_error
from node.resources import ui_folder
from node.web import csp, design, doors, formats, forms
from node.web.page import (
    API_PREFIX,
    COOKIE,
    GATE,
    HOME,
    LIVE_HEADER,
    RENDERER,
    REPORTS,
    SESSION,
    SESSIONS,
    TOKEN_HEADER,
    Gate,
    Stage,
    clock_ms,
    problem,
)
from node.web.refusal import Refusal
from node.web.render import Renderer
from node.web.security import NONCE, SAFE_METHODS, host_rule, new_nonce, origin_rule, protect
from node.web.sessions import Session, Sessions, same_token
from protocol.errors import ProtocolError

EVENTS = "/api/v1/events"
_ANY_STAGE = ("/look", "/setup/restoring")  # the second sees a node from new to open
_ICON = "/favicon.ico"  # a browser asks for it where an answer is no page and names none
_PUBLIC = ("/static/", _ICON, "/open", "/stopped", csp.REPORT_PATH)


def make_app(
    pages: Iterable[web.AbstractRouteDef],
    *,
    gate: Gate,
    sessions: Sessions,
    allowed_hosts: Collection[str],
    cookie_name: str = "gemstra",
    development: bool = False,
    now: Callable[[], int] = clock_ms,
) -> web.Application:
    """The app of one node. `allowed_hosts`: `name:port`, lower case; a set may be filled once the port is bound."""
    app = web.Application(middlewares=_rules(allowed_hosts), client_max_size=forms.FORM_LIMIT)
    app[RENDERER] = Renderer(ui_folder() / "templates", now)
    app[SESSIONS], app[GATE], app[REPORTS], app[COOKIE] = sessions, gate, csp.Reports(), cookie_name
    app.on_response_prepare.append(protect)
    app.router.add_static("/static/", ui_folder() / "static", follow_symlinks=False)
    app.router.add_get(_ICON, _icon)
    app.router.add_post(csp.REPORT_PATH, app[REPORTS].take)
    app.add_routes([*doors.ROUTES, *(design.ROUTES if development else ()), *pages])
    return app


async def _icon(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(ui_folder() / "static" / "gem.svg")


def _rules(allowed: Collection[str]) -> list[Middleware]:
    return [host_rule(allowed), error_pages(), origin_rule(allowed), session_rule(), reader_rule()]


def session_rule() -> Middleware:
    """The session behind the cookie, the stage's own pages, and for unsafe methods the token that is bound to the session."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        by_itself = LIVE_HEADER in request.headers or request.path == EVENTS
        session = request.app[SESSIONS].find(request.cookies.get(request.app[COOKIE], ""), use=not by_itself)
        request[SESSION] = session
        if request.path.startswith(_PUBLIC):
            if request.path == "/open" and request.method not in SAFE_METHODS:
                request[forms.FORM] = await forms.read_form(request, forms.FORM_LIMIT, lambda _: True)
            return await handler(request)
        if session is None:
            _ask_in(request, "/open", Refusal(401, "no-session", "Open your desk with: gemstra open"))
        _keep_locked(request, session)
        if request.method not in SAFE_METHODS:
            await _check_token(request, session)
        return await handler(request)

    return judge


def reader_rule() -> Middleware:
    """What a section formats before its page is drawn reads in the viewer's language and zone too."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        gate = request.app[GATE]
        viewer = gate.viewer() if gate.stage() is Stage.OPEN else None
        shown = formats.reader_var.set(request.app[RENDERER].reader(viewer))
        try:
            return await handler(request)
        finally:
            formats.reader_var.reset(shown)

    return judge


def _keep_locked(request: web.Request, session: Session) -> None:
    """A locked page answers at its door only, whatever the stage; an open one keeps to the stage."""
    if not session.locked:
        _keep_to_stage(request)
    elif request.app[GATE].stage() is Stage.NEW:  # there is no passphrase yet that could let it in again
        _ask_in(request, "/open", Refusal(401, "no-session", "Open your desk with: gemstra open"))
    elif not request.path.startswith(("/unlock", "/look")):
        _ask_in(request, "/unlock", Refusal(423, "page-locked", "This page is locked. Type your passphrase on it to go on."))


def _keep_to_stage(request: web.Request) -> None:
    stage = request.app[GATE].stage()
    home = HOME[stage]
    at_doors = request.path.startswith(("/setup", "/unlock"))
    in_place = request.path.startswith(home) if stage is not Stage.OPEN else not at_doors
    if not in_place and request.path not in _ANY_STAGE:
        _ask_in(request, home, Refusal(423, "locked", "The vault is locked. Unlock it on the page or with: gemstra unlock"))


def _ask_in(request: web.Request, path: str, refusal: Refusal) -> NoReturn:
    if request.path.startswith(API_PREFIX):
        raise refusal
    if "HX-Request" in request.headers:
        raise web.HTTPNoContent(headers={"HX-Redirect": path})
    raise web.HTTPSeeOther(path)


async def _check_token(request: web.Request, session: Session) -> None:
    given = request.headers.get(TOKEN_HEADER)
    admitted = given is not None and same_token(session, given)
    if request.content_type == "application/json" or request.path.startswith(API_PREFIX):
        if not admitted:
            raise Refusal(403, "no-token", f"Send the page's token as {TOKEN_HEADER}.")
        return
    request[forms.FORM] = await forms.read_form(request, forms.body_limit(request), lambda token: admitted or same_token(session, token))


def error_pages() -> Middleware:
    """The one place of the web that catches: refusals and errors that explain themselves become a page or a problem document."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[NONCE] = new_nonce()
        try:
            return await handler(request)
        except Refusal as refusal:
            return problem(request, refusal.status, refusal.code, refusal.message)
        except (NodeError, ProtocolError) as error:
            told = problem_of_error(error)
            return problem(request, told.status, told.code, told.detail)
        except web.HTTPNotFound:
            return problem(request, 404, "not-found", "There is no such page on your desk.")
        except web.HTTPMethodNotAllowed:
            return problem(request, 405, "method-not-allowed", "This page does not take that. Go back and reload it.")

    return judge
