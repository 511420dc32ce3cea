"""Mines empty blocks while somebody waits for time or finality, and rests otherwise.

A question about `safe` or `finalized` is somebody waiting for finality; `astra_waitUntil` says that somebody waits for a time.
"""

import asyncio
import logging
import sqlite3
import time

from node.chain.embedded.chain import EmbeddedChain

_DISK_PAUSE = 2.0
"""Seconds until a full disk is tried again."""
_log = logging.getLogger(__name__)
LONGEST_WAIT = 24 * 3600
"""Seconds ahead that `wait_until` looks; who waits longer asks again."""


class Heartbeat:
    """One task beside the server."""

    def __init__(self, chain: EmbeddedChain, interval_ms: int) -> None:
        self._chain = chain
        self._interval = interval_ms / 1000
        self._wake = asyncio.Event()
        self._finality = False
        self._until = 0

    def want_finality(self) -> None:
        """Somebody asked for what is safe or final."""
        self._finality = True
        self._wake.set()

    def wait_until(self, timestamp: int) -> None:
        """Somebody waits for a block at or after this second."""
        self._until = max(self._until, min(timestamp, int(time.time()) + LONGEST_WAIT))
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            if not self._chain.held and self._due():
                await asyncio.sleep(self._interval if self._mined() else _DISK_PAUSE)
                continue
            await self._rest()

    def _mined(self) -> bool:
        """False while the disk refuses the block; nothing of it is kept then."""
        try:
            self._chain.mine_empty()
        except sqlite3.Error as error:
            _log.error("no block: the chain cannot write its file (%s)", error)
            return False
        return True

    def _due(self) -> bool:
        if int(self._chain.head.timestamp) < self._until <= time.time():
            self._chain.busiest = int(self._chain.head.block_number) + 1
            return True
        if self._finality and self._chain.number("finalized") < self._chain.busiest:
            return True
        self._finality = False
        return False

    async def _rest(self) -> None:
        ahead = self._until - time.time()
        patience = min(max(ahead, 0.01), 1.0) if int(self._chain.head.timestamp) < self._until else None
        try:
            await asyncio.wait_for(self._wake.wait(), patience)
        except TimeoutError:
            return
