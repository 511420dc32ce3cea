"""/design (development only): every component in every state, for the eye and for the browser tests."""

from aiohttp import web

from node.web.page import clock_ms, render


async def show(request: web.Request) -> web.StreamResponse:
    """GET /design."""
    errors = {"email": "Enter an address like ana@example.com", "agree": "Tick the box to go on"}
    return render(request, "design.html", section="today", errors=errors, now=clock_ms())


ROUTES = [web.get("/design", show)]
