"""What runs while the vault is open: store, network, deliveries, deadlines, chain. One owner, one end."""

import asyncio
import gc
import logging
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from node.app.backups import Backups
from node.app.catalog_places import Places
from node.app.catalogs import Catalogs
from node.app.chain import ChainSide
from node.app.founding import STORE_FILE
from node.app.pictures import Pictures
from node.app.product_files import ProductFiles
from node.config import Config
from node.errors import IntegrityError, Locked, NodeError
from node.files import contacts
from node.net.config import NetConfig
from node.net.host import Host
from node.services import evidence, exchange, greeting
from node.services.catalog_edits import CatalogEdits
from node.services.catalog_runs import CatalogRuns
from node.services.catalog_watch import CatalogWatch
from node.services.delivery import Delivery
from node.services.handlers import EXCHANGE, TICKS
from node.services.import_runs import ImportRuns
from node.store.catalog_file import Told, quiet
from node.store.store import Store
from node.vault.keys import Keys
from protocol.codec import from_bytes
from protocol.errors import ProtocolError
from protocol.identity import Inception

log = logging.getLogger(__name__)
TICKS_AT_ONCE = 8
"""Waking the store's writer for each would be most of what a node does that has nothing to do; all in a row would keep others from it."""
PROGRAM = f"gemstra {version('gemstra')}"


async def look_after(store: Store[Keys], ticks: Sequence[Callable[[Any], None]]) -> str:
    """Run every tick; what keeps one from running (a full disk, a record it cannot digest), or nothing. The others run all the same.

    A deadline that failed is looked at again the next time: a node that ended instead would end at each start.
    """
    trouble = ""
    for at in range(0, len(ticks), TICKS_AT_ONCE):
        part = ticks[at : at + TICKS_AT_ONCE]
        for tick, error in zip(part, await store.write_each(part), strict=True):
            if error is not None:
                trouble = _trouble(tick, error)
    return trouble


def _trouble(tick: Callable[[Any], None], error: Exception) -> str:
    if isinstance(error, IntegrityError | Locked):
        raise error
    if isinstance(error, NodeError | ProtocolError):
        return str(error)
    at = traceback.extract_tb(error.__traceback__)[
        -1
    ]  # what peers sent is in what it reads; its text may be theirs, and stays out of the log
    return f"{tick.__module__}: {type(error).__name__} in {at.name}, line {at.lineno}"


def open_store(config: Config, keys: Keys, told: Told = quiet) -> Store[Keys]:
    """The store of a node. Call it from a thread."""
    store: Store[Keys] = Store.open(config.data / STORE_FILE, keys.store_key, keys, told=told)
    if store.catalog.mended:
        log.warning("the catalog file was missing or damaged and was made anew: what it held of others' catalogs is fetched again")
    return store


class ContactFiles:
    """The readers of contacts files, as the service knows them."""

    open = staticmethod(contacts.open_contacts)
    rows = staticmethod(contacts.row_reader)


class Opened:
    """An unlocked node. `run` until it is cancelled; `close` wipes the keys."""

    def __init__(self, config: Config, keys: Keys, store: Store[Keys], changed: Callable[[], None]) -> None:
        self.keys = keys
        self.store = store
        if not keys.recovery_public:
            keys.know_recovery(self.store.read_now(lambda unit: from_bytes(Inception, unit.peers.presentation().inception).recovery_x25519))
        self._config = config
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        listen = (f"/ip4/{config.listen}/tcp/{config.peer_port}",)
        self.host = Host(NetConfig(listen=listen), keys.device_seed, self, self._on_connect)
        self.network = "starting"
        self.trouble = ""
        """Why the store cannot write now, or nothing."""
        self.chain = ChainSide(config, keys, self.store)
        self.backups = Backups(config, self.store, keys, PROGRAM, changed)
        self.imports = ImportRuns(self.store, ContactFiles())
        self.catalog_imports = CatalogRuns(self.store, ProductFiles())
        self.catalog_watch = CatalogWatch(self.store, self.catalog_imports, Places(), lambda: self._post(changed))
        self.catalog_edits = CatalogEdits(self.store)
        self.delivery = Delivery(self.store, self.host, EXCHANGE)
        self._greeted = asyncio.Event()
        """Set once each peer's hello stands ahead of what waits for it: a device it has not met gets no further before."""
        self.catalogs = Catalogs(config, store, self.host, self._greeted)
        self.pictures = Pictures(config, store, self.host)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.store.after_commit(lambda topics: self._post(lambda: self._committed(topics)))

    async def run(self) -> None:
        """Until cancelled. A bug in any part ends all of them."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._network(), name="network")
            tasks.create_task(self._deliver(), name="delivery")
            tasks.create_task(self._deadlines(), name="deadlines")
            tasks.create_task(self.chain.run(), name="chain")
            tasks.create_task(self.backups.run(), name="backups")
            tasks.create_task(self.catalog_watch.run(), name="catalog watch")
            tasks.create_task(self.catalogs.run(), name="catalogs")
            tasks.create_task(self.pictures.run(), name="pictures")

    async def close(self) -> None:
        """Close everything and wipe the keys."""
        try:
            self.imports.stop_all()
            self.catalog_imports.stop_all()
            await self.host.stop()
            await self.chain.close()
            await asyncio.to_thread(self.store.close)
        finally:
            self.keys.lock()

    async def handle(self, peer_id: str, topic: str, body: bytes) -> bytes:
        """A peer's request (the port of `node.net`)."""
        for answered in (self.catalogs.answer, self.pictures.answer):
            if (packed := await answered(topic, body)) is not None:
                return packed
        turn = self.store.read if exchange.only_reads(EXCHANGE, body) else self.store.write
        try:
            return await turn(exchange.handle, EXCHANGE, peer_id, topic, body)
        except evidence.Contradiction as found:
            await self.store.write(evidence.keep, found)
            raise

    async def _deliver(self) -> None:
        await self._greeted.wait()
        await self.delivery.run()

    async def _network(self) -> None:
        try:
            await self._know_peers()
            await self.host.start()
        except NodeError as error:
            self.network = f"stopped: {error}"
            log.error("the network did not start: %s", error)  # noqa: TRY400  the text says all
            self._changed()
            return
        addresses = list(self.host.addresses)
        await self.store.write(lambda unit: unit.settings.set(greeting.ADDRESSES, addresses))
        await self.store.write(greeting.greet_all)
        await self.store.write(lambda unit: unit.outbox.wake())  # what was tried before the network was there
        self._greeted.set()
        gc.freeze()  # what a node holds from its start on stays: the collector need not look at it again and again
        self.network = "ready"
        self._changed()

    async def _deadlines(self) -> None:
        while True:
            before, self.trouble = self.trouble, await look_after(self.store, TICKS)
            if self.trouble not in ("", before):
                log.error("deadlines: %s", self.trouble)
            await self.catalog_edits.publish_due()
            await asyncio.sleep(self._config.tick)

    async def _know_peers(self) -> None:
        known = await self.store.read(lambda unit: frozenset(unit.peers.devices()))
        self.host.set_paired(known)

    def _on_connect(self, peer: str) -> None:
        self.catalogs.reached(peer)
        self._start(self.delivery.reached(peer))

    def _committed(self, topics: frozenset[str]) -> None:
        if "peers" in topics:
            self._start(self._know_peers())
        if "outbox" in topics:
            self.delivery.wake()
        if "transactions" in topics:
            self.chain.wake()
        self.catalogs.committed(topics)
        if "erased" in topics:
            self._start(self._fold())
        self._changed()

    async def _fold(self) -> None:
        with suppress(Locked):  # closing folds as well
            await self.store.fold()

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _post(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closing: nobody is left to be told
            self._loop.call_soon_threadsafe(call)
