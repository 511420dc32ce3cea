"""A process that ends with its parent: what keeps a demo from leaving orphans, even when it is killed."""

import asyncio
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 1.0


def tie_to_parent() -> None:
    """Ask Linux for SIGTERM at the parent's end; elsewhere `parent_gone` is what notices."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def parent_gone(parent: int) -> None:
    """Returns when the process `parent` is no longer ours."""
    while os.getppid() == parent:  # noqa: ASYNC110  no event tells us
        await asyncio.sleep(_LOOK_SECONDS)
