"""Catalogs of an open node: followed, and given to those who follow ours. It joins their drivers to store, disk and network."""

import asyncio

from node.config import Config
from node.net.host import Host
from node.services import catalog_choice
from node.services.catalog_audit import CatalogAudit
from node.services.catalog_choice import SectionView
from node.services.catalog_load import Progress
from node.services.catalog_packs import CatalogPacks
from node.services.catalog_sync import CatalogSync
from node.services.catalog_upkeep import CatalogUpkeep
from node.store.pack_files import PackFolder
from node.store.store import Store
from node.vault.keys import Keys

FOLDER = "packs"


class Catalogs:
    """`run` until it is cancelled."""

    def __init__(self, config: Config, store: Store[Keys], host: Host, greeted: asyncio.Event) -> None:
        files = PackFolder(config.data / FOLDER)
        self._greeted = greeted
        self._store = store
        self._host = host
        self._packs = CatalogPacks(store, store.catalog, files)
        self._audit = CatalogAudit(store, store.catalog, files)
        self._upkeep = CatalogUpkeep(store.catalog)
        self._sync = CatalogSync(store, store.catalog, files, host, rate=config.catalog_rate * 1000)

    async def run(self) -> None:
        """Follow, make packs, keep the file in order. Peers are asked once they were greeted: before, they would not know a new device of
        ours.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._packs.run(), name="packs")
            tasks.create_task(self._audit.run(), name="catalog-audit")
            tasks.create_task(self._upkeep.run(), name="catalog-upkeep")
            tasks.create_task(self._upkeep.run_renewing(), name="catalog-renewing")
            await self._greeted.wait()
            tasks.create_task(self._sync.run(), name="catalog-sync")

    async def answer(self, topic: str, body: bytes) -> bytes | None:
        """The reply to a request for packs, None for any other."""
        return await self._packs.answer(topic, body)

    def reached(self, peer: str) -> None:
        """`peer` connected."""
        self._sync.reached(peer)

    def committed(self, topics: frozenset[str]) -> None:
        """Something was written."""
        if topics & {"catalog", "peers"}:
            self._sync.wake()
            self._packs.wake()
            self._audit.wake()

    async def sections(self, feed: bytes, division: str) -> list[SectionView]:
        """What a merchant's catalog is divided into, as it says now. Raises as `catalog_choice.list_sections`."""
        return await catalog_choice.list_sections(self._store, self._host, feed, division)

    def progress(self) -> dict[bytes, Progress]:
        """How far each first sync under way is, by feed."""
        return self._sync.progress()
