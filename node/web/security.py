"""Local web security: one middleware a rule, in the order in which they judge.

1. `host_rule`: the Host is on the list, or 421. First, because on a rebound name Chromium sends no Sec-Fetch-Site and
   the Origin equals the Host: no later rule could tell.
2. `origin_rule`: an unsafe method comes from a page of this very host and port. SameSite=Strict alone would let another
   port of 127.0.0.1 post with our cookie.
3. `session_rule` (shell.py) asks for the session and its token.
4. `protect` puts the headers on every response, static files and errors included.
"""

import secrets
from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from node.web import csp
from node.web.refusal import Refusal

NONCE: web.RequestKey[str] = web.RequestKey("nonce", str)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
# Only what is ours: cookies of another node on the same name are told apart by their own name, so we never clear all.
CLEAR_SITE_DATA = '"cache", "storage"'


def host_rule(allowed: Collection[str]) -> Middleware:
    """Exactly one Host header, `name:port`, that is on the list. The list may grow once the port is bound."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in allowed:
            return web.Response(status=421, text="This address is not served here. Open your desk with: gemstra open\n")
        return await handler(request)

    return judge


def origin_rule(allowed: Collection[str]) -> Middleware:
    """Unsafe methods: Origin is this host with its port; Sec-Fetch-Site, where the browser sends it, says same-origin."""

    @web.middleware
    async def judge(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS and request.path != csp.REPORT_PATH:
            _same_origin(request, allowed)
        return await handler(request)

    return judge


def _same_origin(request: web.Request, allowed: Collection[str]) -> None:
    host = request.headers.get("Host", "").lower()
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site != "same-origin" or host not in allowed or origin != f"http://{host}":
        raise Refusal(403, "foreign-origin", "This was sent from another site. Do it on your own desk instead.")


def new_nonce() -> str:
    """One per response; 128 bits."""
    return secrets.token_urlsafe(16)


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: the headers that every response carries."""
    response.headers.update(_HEADERS)
    nonce = request.get(NONCE) or new_nonce()
    response.headers["Content-Security-Policy"] = csp.policy(nonce)
    static = request.path.startswith("/static/") and response.status in {200, 304}
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"
    response.headers.popall("Server", None)
