"""How long a test waits for what must come: nothing is lost by much of it where the test passes, and the machine may be busy with others."""

import asyncio

PATIENCE = 120.0
LOOK_SECONDS = 0.01


async def until(check):
    """Look until it holds. TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not check():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(LOOK_SECONDS)
