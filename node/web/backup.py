"""Backup: the places with how the last one there went, what is being done now, and the latest runs."""

from typing import Any

from aiohttp import web

from node.services import backup_runs, backup_targets
from node.services.backup_runs import ProgressView, RunView
from node.services.backup_targets import TargetView
from node.web import formats
from node.web.backup_targets import EVERY, place_of, state_of, warnings_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

_DOING = {"backup": "Backing up to {}", "drill": "Trying the backup in {}"}
_WARNINGS = {"target-lost-backups": "Backups that were there had disappeared."}
MOST = 20


async def show(request: web.Request) -> web.StreamResponse:
    """GET /backup."""
    runtime = runtime_of(request)
    found: list[TargetView] = await runtime.read(backup_targets.list_targets)
    runs: list[RunView] = await runtime.read(backup_runs.list_runs, limit=MOST)
    newest = {run.target: run for run in reversed(runs) if run.state != "running"}
    doing: ProgressView = runtime.backups.progress()
    return render(
        request,
        "backup/show.html",
        section="backup",
        targets=[_row(view, newest.get(view.target)) for view in found],
        runs=[run_row(run) for run in runs if run.state != "running"],
        doing=doing_row(doing),
    )


def _row(view: TargetView, run: RunView | None) -> dict[str, Any]:
    every = dict(EVERY).get(str(view.every_hours), f"Every {formats.number(view.every_hours)} hours")
    return {
        "href": f"/backup/targets/{view.target}",
        "name": view.name,
        "place": place_of(view),
        "every": every,
        "warned": bool(warnings_of(view)),
        "state": state_of(run),
        "at": run.ended if run else None,
    }


def run_row(run: RunView) -> dict[str, Any]:
    """A run as a line of a list."""
    if run.state == "failed":
        what = run.text
    elif run.put:
        kind = "Everything" if run.whole else "What had changed"
        what = f"{kind}: {formats.number(run.rows)} rows, {size(run.bytes)}"
    else:
        what = "Nothing had changed"
    what = " ".join([f"{what}.", *(_WARNINGS[code] for code in run.warnings if code in _WARNINGS)]) if run.warnings else what
    return {"name": run.name, "at": run.ended or run.began, "what": what, "state": state_of(run), "drill": run.drill_text}


def doing_row(view: ProgressView) -> dict[str, Any] | None:
    """What is being done now."""
    if view.doing == "nothing":
        return None
    moved = view.put_bytes if view.doing == "backup" else view.got_bytes
    done = {"label": "Rows" if view.doing == "backup" else "Bytes", "done": view.done, "total": view.total} if view.total else None
    title = _DOING[view.doing].format(view.name)
    return {"title": title, "text": f"{size(moved)} so far", "at": view.began, "target": view.target, "progress": done}


def size(count: int) -> str:
    """Bytes as people read them: "340 kB", "34 MB"."""
    return f"{formats.number(-(-count // 1000))} kB" if count < 10_000_000 else f"{formats.number(-(-count // 1_000_000))} MB"


async def post_run(request: web.Request) -> web.StreamResponse:
    """POST /backup/targets/{target}/run: back up there now."""
    await runtime_of(request).backups.back_up(id_in(request.match_info["target"]))
    return see_other(request, "/backup")


async def post_drill(request: web.Request) -> web.StreamResponse:
    """POST /backup/targets/{target}/drill: try the newest backup there."""
    await runtime_of(request).backups.drill(id_in(request.match_info["target"]))
    return see_other(request, "/backup")


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /backup/stop."""
    runtime_of(request).backups.stop()
    return see_other(request, "/backup", "It stops after what it is at", "info")


ROUTES = [
    web.get("/backup", show),
    web.post("/backup/targets/{target}/run", post_run),
    web.post("/backup/targets/{target}/drill", post_drill),
    web.post("/backup/stop", post_stop),
]
