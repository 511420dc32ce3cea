"""Moving to another computer: the steps, as seen from this one."""

from aiohttp import web

from node.services import moving
from node.web.page import render
from node.web.runtime import runtime_of

_HEADS = {
    "old": "You sit at the computer you leave. What is on it goes to the next one by a backup and your words.",
    "new": "You sit at the new computer. Your shops and team mates follow it; the old one is retired at the end.",
    "retired": "Your desk lives on another computer now.",
}


async def show_move(request: web.Request) -> web.StreamResponse:
    """GET /move."""
    view: moving.MoveView = await runtime_of(request).read(moving.show)
    steps = [{"title": step.title, "note": step.text, "state": step.state} for step in view.steps]
    now = next((step for step in view.steps if step.state == "now"), None)
    following = {"href": now.href, "title": now.title, "command": now.command} if now else None
    return render(request, "move.html", section="today", text=_HEADS[view.here], steps=steps, following=following)


ROUTES = [web.get("/move", show_move)]
