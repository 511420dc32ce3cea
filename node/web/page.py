"""What a section's handler works with: the keys of the app, the port to the node, and the answers it gives.

A handler is `async def (request) -> web.StreamResponse` and answers with `render(request, "orders/list.html", section="orders", …)`
or `see_other(request, "/orders", "Order placed")`; `form_of(request)` (forms.py) holds the posted form.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, Protocol

from aiohttp import web

from node.problems import problem_of
from node.web import csp
from node.web.refusal import Refusal
from node.web.render import Renderer, Viewer
from node.web.security import CLEAR_SITE_DATA, NONCE
from node.web.sessions import Session, Sessions

TOKEN_HEADER = "X-Gemstra-Token"  # noqa: S105
LIVE_HEADER = "X-Gemstra-Live"  # a part of a page refreshes itself: nobody need be there
PART_HEADER = "HX-Request"  # a part of a page is asked for, by itself or as somebody types
API_PREFIX = "/api/"


class Stage(StrEnum):
    """How far the node is: without an identity, with a locked vault, or at work."""

    NEW = "new"
    LOCKED = "locked"
    OPEN = "open"


HOME = {Stage.NEW: "/setup", Stage.LOCKED: "/unlock", Stage.OPEN: "/"}


class Gate(Protocol):
    """What the shell needs of the node."""

    def stage(self) -> Stage:
        """Now."""
        ...

    def viewer(self) -> Viewer | None:
        """Whose desk it is; None until the vault is open."""
        ...

    def opening(self) -> str:
        """What a vault that is being opened waits for, in words; empty for nothing."""
        ...

    async def unlock(self, passphrase: str) -> None:
        """Open the vault. Raises UserError with what to do."""
        ...

    async def check_passphrase(self, passphrase: str) -> None:
        """Whether it is the vault's, while that is open. Raises UserError with what to do."""
        ...

    async def lock(self) -> None:
        """Wipe the keys and close what needs them."""
        ...


RENDERER: web.AppKey[Renderer] = web.AppKey("renderer", Renderer)
SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
GATE: web.AppKey[Gate] = web.AppKey("gate", Gate)
REPORTS: web.AppKey[csp.Reports] = web.AppKey("reports", csp.Reports)
COOKIE: web.AppKey[str] = web.AppKey("cookie", str)
SESSION: web.RequestKey[Session | None] = web.RequestKey("session")


def clock_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def problem(request: web.Request, status: int, code: str, message: str) -> web.Response:
    """An RFC 9457 document under /api/, the error page elsewhere."""
    if request.path.startswith(API_PREFIX):
        document = asdict(problem_of(status, code, message))
        return web.json_response(document, status=status, content_type="application/problem+json")
    return render(request, "error.html", status=status, code=code, message=message)


def id_in(text: str) -> bytes:
    """The 32 bytes of an id in a path or form; what is no id names no page."""
    if len(text) != 64 or any(letter not in "0123456789abcdef" for letter in text):
        raise web.HTTPNotFound
    return bytes.fromhex(text)


def session_of(request: web.Request) -> Session:
    """The session; a page behind the rules always has one."""
    session: Session | None = request.get(SESSION)
    if session is None:
        raise Refusal(401, "no-session", "Open your desk with: gemstra open")
    return session


def render(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page. Always there: viewer, reader, look, section="", errors={} (field name → text), notice.

    A refused form is shown again with `status=422, errors={"email": "Enter an address like ana@example.com"}`.
    """
    gate = request.app[GATE]
    session = request.get(SESSION)
    viewer = gate.viewer() if gate.stage() is Stage.OPEN and session and not session.locked else None
    # Who asks for a part of a page takes no notice: the page that was sent for it may still be on its way.
    notice, kind = session.take_notice() if session and PART_HEADER not in request.headers else ("", "")
    shown = {"status": status, "notice": notice, "notice_kind": kind, **values}
    text = request.app[RENDERER].page(template, shown, nonce=request[NONCE], session=session, viewer=viewer)
    return web.Response(status=status, text=text, content_type="text/html")


def see_other(
    request: web.Request, path: str, notice: str = "", kind: str = "done", headers: Mapping[str, str] | None = None
) -> web.Response:
    """After a form: go on to `path`, which shows `notice` once. kind: done | info | attention | stopped."""
    session = request.get(SESSION)
    if notice and session is not None:
        session.notice = (notice, kind)
    return web.Response(status=303, headers={"Location": path, **(headers or {})})


def clear_site() -> dict[str, str]:
    """Headers for the answer that ends what the browser keeps of this desk."""
    return {"Clear-Site-Data": CLEAR_SITE_DATA}
