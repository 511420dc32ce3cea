"""A page that waits a moment for work which goes on without it."""

import asyncio
from typing import TypeVar

_T = TypeVar("_T")


async def within(seconds: float, task: "asyncio.Task[_T]") -> _T | None:
    """What the task made of it, or None while it goes on. Raises what the task raised."""
    done, _ = await asyncio.wait([task], timeout=seconds)
    return task.result() if done else None
