"""Uploads: a request's bytes read by a parser in a thread, as they arrive. Nothing is spooled and little is held.

The parser pulls: each `read` asks the event loop for the next piece, so a slow parser slows the sender down.
"""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from aiohttp import web

from node.errors import Unavailable, UserError
from node.model.staged import MOST_BYTES, require_size

PIECE = 1 << 16
T = TypeVar("T")


class Content(Protocol):
    """A body as it arrives."""

    async def read(self, n: int = -1) -> bytes:
        """Up to `n` bytes; none at the end."""


class Arriving:
    """A body for a thread to read, forward, once. `close` ends a read that waits."""

    def __init__(self, content: Content, loop: asyncio.AbstractEventLoop, most: int = MOST_BYTES) -> None:
        self._content = content
        self._loop = loop
        self._left = most
        self._most = most
        self._waiting: concurrent.futures.Future[bytes] | None = None
        self._closed = False

    def read(self, size: int = PIECE, /) -> bytes:
        """Up to `size` bytes; none at the end. Raises UserError `too-large`, Unavailable `upload-broken`."""
        if self._closed:
            raise Unavailable("The upload was given up.", code="upload-broken")
        self._waiting = asyncio.run_coroutine_threadsafe(self._next(size if size > 0 else PIECE), self._loop)
        try:
            piece = self._waiting.result()
        except concurrent.futures.CancelledError:
            raise Unavailable("The upload was given up.", code="upload-broken") from None
        except (ConnectionError, OSError, asyncio.IncompleteReadError) as error:
            raise Unavailable("The file did not arrive whole. Send it again.", code="upload-broken") from error
        self._left -= len(piece)
        if self._left < 0:
            raise UserError(f"The file has more than {self._most >> 20} MB. Split it and import the parts.", code="too-large")
        return piece

    def close(self) -> None:
        """No more is read; whoever waits is told. Called in the loop's thread."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()

    def _next(self, size: int) -> Coroutine[Any, Any, bytes]:
        return self._content.read(min(size, PIECE))


async def parsed(request: web.Request, parse: Callable[[Arriving], Awaitable[T]]) -> T:
    """What `parse` makes of the request's body. One that says it is too large is refused before it comes. Raises UserError `too-large`."""
    require_size(request.content_length or 0)
    source = Arriving(request.content, asyncio.get_running_loop())
    try:
        return await parse(source)
    finally:
        source.close()


def text_option(request: web.Request, name: str, default: str | None = None) -> str:
    """A query parameter. Raises UserError `bad-request` where it is due and missing, or too long."""
    value = request.query.get(name, default)
    if value is None:
        raise UserError(f"?{name}= is missing", code="bad-request")
    if len(value) > 200:
        raise UserError(f"{name} has more than 200 characters", code="bad-request")
    return value


def flag_option(request: web.Request, name: str) -> bool:
    """A query parameter that is yes or no. Raises UserError `bad-request`."""
    value = request.query.get(name, "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise UserError(f"{name} is true or false", code="bad-request")
    return value in {"true", "1"}
