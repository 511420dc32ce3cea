"""Backup: the places, how the last one went, and what to do about it."""

from typing import Any

from aiohttp import web

from node.services import backup_targets
from node.services.backup_targets import TargetView
from node.web.backup_targets import EVERY, place_of, warnings_of
from node.web.page import render
from node.web.runtime import runtime_of


async def show(request: web.Request) -> web.StreamResponse:
    """GET /backup."""
    found: list[TargetView] = await runtime_of(request).read(backup_targets.list_targets)
    return render(request, "backup/show.html", section="backup", targets=[_row(view) for view in found])


def _row(view: TargetView) -> dict[str, Any]:
    state = ("Read the warning", "attention") if warnings_of(view) else ("Tested", "done")
    every = dict(EVERY).get(str(view.every_hours), f"Every {view.every_hours} hours")
    return {"href": f"/backup/targets/{view.target}", "name": view.name, "place": place_of(view), "every": every, "state": state}


ROUTES = [web.get("/backup", show)]
