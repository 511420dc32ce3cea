"""The chain side of an open node."""

import asyncio

from node.config import Config
from node.store.store import Store
from node.vault.keys import Keys


class ChainSide:
    """Client, sender and watcher of an open node, or nothing where no chain is configured."""

    def __init__(self, config: Config, keys: Keys, store: Store[Keys]) -> None:
        self.state = "off"
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is a new intent to send."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let go of the connection."""
