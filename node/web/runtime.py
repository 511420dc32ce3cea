"""The pages' way to the services: the running node, as a page handler sees it."""

from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import web


class Runtime(Protocol):
    """What pages need of the running node."""

    async def read(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""

    async def write(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service in one transaction."""


RUNTIME: web.AppKey[Runtime] = web.AppKey("desk-runtime", Runtime)


def runtime_of(request: web.Request) -> Runtime:
    """The node behind this page."""
    return request.app[RUNTIME]
