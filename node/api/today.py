"""Home: what waits for the person, and the messages under way."""

from typing import Protocol

from node.api.http import Runtime
from node.api.node import StatusView
from node.api.routes import Route
from node.services import today


class TodayRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    async def status(self) -> StatusView:
        """Now."""


async def show(runtime: TodayRuntime) -> today.TodayView:
    """What waits for you, and what is left to do before the first sale."""
    state = await runtime.status()
    view: today.TodayView = await runtime.read(today.show, network=state.network, chain=state.chain)
    return view


ROUTES = (
    Route("GET", "/today", show, kind="task"),
    Route("GET", "/outbox", today.list_outbox, kind="read"),
)
