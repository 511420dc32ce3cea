"""The catalog file kept in order: its search index merged, its log folded into it, mostly while nothing else is written. And what its
listings say of prices and earnings kept up with the time.

Each pack and each update leaves a part of the index of its own, and a search reads all parts there are. A first sync that merged them as it
went would take longer; so it is done once nothing has come for a few seconds. Where that never is, a step at a time.
"""

import asyncio

from node.errors import Unavailable

from .catalog_file import CatalogFile

QUIET_SECONDS = 5.0
BUSY_LOOKS = 12
"""Where something was written before each look, one in so many takes a step all the same."""
PAUSE_SECONDS = 0.02
"""Between steps, so that who waits for the file's writer comes between them."""
LOOK_SECONDS = 1.0
"""So long after a promotion began or ended the search may still go by the price from before; for many products at once longer."""


class CatalogUpkeep:
    """Looks after one file."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file
        self._kept = -1

    async def run(self) -> None:
        """Until cancelled."""
        busy = 0
        while True:
            before = self._file.written
            await asyncio.sleep(QUIET_SECONDS)
            busy = 0 if self._file.written == before else busy + 1
            if busy % BUSY_LOOKS == 0:
                await self.keep(whole=not busy)

    async def run_renewing(self) -> None:
        """Until cancelled."""
        while True:
            renewed = await self.renew()
            await asyncio.sleep(PAUSE_SECONDS if renewed else LOOK_SECONDS)

    async def renew(self) -> int:
        """Reckon some listings anew that are not as they should be by now; of how many products, 0 once nothing is left."""
        try:
            return await self._file.renew()
        except Unavailable:  # a full disk: the search goes by what it has, the pages say what holds
            return 0

    async def keep(self, *, whole: bool) -> bool:
        """Put it in order, all of it (`whole`) unless something is written meanwhile; whether nothing is left to do."""
        at = self._file.written
        if at == self._kept:
            return True
        try:
            while await self._file.merge():
                if not whole or self._file.written != at:
                    return False
                await asyncio.sleep(PAUSE_SECONDS)
            if whole:
                await self._file.fold()
                self._kept = at
        except Unavailable:  # a full disk: what is there can be read as it is
            return False
        return whole
