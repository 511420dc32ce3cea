"""Home: what waits for the person, then what is good to know."""

from typing import Any

from aiohttp import web

from node.services import today
from node.services.tasks import TodayTasks
from node.services.today_items import TodayItem
from node.services.today_setup import SetupTask
from node.web import formats, task_parts
from node.web.page import GATE, clock_ms, render
from node.web.runtime import runtime_of
from node.web.tasks import undoable

_NEW = {"seller": ("New order", "/catalog"), "merchant": ("Invite a seller", "/peers"), "brand": ("Invite a shop", "/peers")}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /."""
    runtime = runtime_of(request)
    state = await runtime.status()
    view: today.TodayView = await runtime.read(today.show, network=state.network, chain=state.chain)
    viewer = request.app[GATE].viewer()
    return render(
        request,
        "today.html",
        section="today",
        greeting=f"Hello, {viewer.name}" if viewer else "Today",
        today=clock_ms(),
        setup=_setup(view.setup),
        needs=[_row(item) for item in view.items if item.action],
        news=[_row(item) for item in view.items if not item.action],
        tasks=_tasks(view.tasks),
        undo=await undoable(request, "/"),
        waiting=view.waiting,
        new=_NEW[state.role],
    )


def _row(item: TodayItem) -> dict[str, Any]:
    title = f"{item.title}, {formats.ago(item.at)}" if item.kind == "backup" and not item.action else item.title
    return {"title": title, "text": item.text, "href": item.href, "at": item.at, "action": item.action, "seen": item.seen}


def _tasks(found: TodayTasks) -> dict[str, Any]:
    groups = (("Overdue", found.overdue), ("Today", found.today), ("In the next days", found.next))
    due = len(found.overdue) + len(found.today)
    return {
        "due": due,
        "groups": [(title, [task_parts.row(task, "/") for task in rows]) for title, rows in groups if rows],
        "done": [task_parts.row(task, "/") for task in found.done],
    }


def _setup(tasks: list[SetupTask]) -> dict[str, Any] | None:
    if not tasks:
        return None
    following = next((task for task in tasks if not task.done), None)
    rows = [{"title": task.title, "text": task.text, "href": task.href, "done": task.done, "next": task is following} for task in tasks]
    return {"done": sum(task.done for task in tasks), "total": len(tasks), "tasks": rows}


ROUTES = [web.get("/", show)]
