"""Pages of files that wait: one that waits a moment for work which goes on without it, and the rows that failed as a file."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from node.services.import_errors import ErrorsView
from node.web.runtime import Runtime

_T = TypeVar("_T")


async def within(seconds: float, task: "asyncio.Task[_T]") -> _T | None:
    """What the task made of it, or None while it goes on. Raises what the task raised."""
    done, _ = await asyncio.wait([task], timeout=seconds)
    return task.result() if done else None


async def send_errors(request: web.Request, runtime: Runtime, read: Callable[..., ErrorsView], staged: bytes) -> web.StreamResponse:
    """The rows of a file that failed, with their reasons, a piece at a time."""
    piece = await runtime.read(read, staged=staged)
    kind = "text/vcard" if piece.name.endswith(".vcf") else "text/csv"
    response = web.StreamResponse(
        headers={"Content-Type": f"{kind}; charset=utf-8", "Content-Disposition": f'attachment; filename="{_file_name(piece.name)}"'}
    )
    await response.prepare(request)
    await response.write(piece.text.encode("utf-8", "replace"))
    while piece.cursor:
        piece = await runtime.read(read, staged=staged, after=piece.cursor)
        await response.write(piece.text.encode("utf-8", "replace"))
    return response


def _file_name(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "_" for letter in name)[-80:]
