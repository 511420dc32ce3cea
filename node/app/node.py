"""The node's stages: new (no vault), locked, open. It is the port behind pages, API and the command line's socket."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from node.api.chain import ChainView
from node.api.node import LinkView, StatusView
from node.app.restore_job import RestoreJob
from node.config import Config, save
from node.errors import ConflictError, Locked
from node.model.identity import Founded, Founder, Sheets
from node.services import catalog_whole, today
from node.services.catalog import usual_currency
from node.vault import keyfile
from node.web.page import Stage, clock_ms
from node.web.render import Viewer
from node.web.sessions import Sessions

# What only an open vault needs (network, store, chain, file formats) is imported when it opens: the page is there sooner.
if TYPE_CHECKING:
    from node.app.backups import Backups
    from node.app.catalogs import Catalogs
    from node.app.keys import KeyCase
    from node.app.opened import Opened
    from node.app.pictures import Pictures
    from node.model.export import Export
    from node.services.catalog_edits import CatalogEdits
    from node.services.catalog_runs import CatalogRuns
    from node.services.catalog_watch import CatalogWatch
    from node.services.import_runs import ImportRuns
    from node.vault.keys import Keys

VERSION = version("gemstra")
IDLE_LOOK_SECONDS = 5.0


def _picture(source: Any) -> Any:
    from node.files.picture import read_picture

    return read_picture(source)


_READERS: dict[str, Callable[..., Any]] = {"picture": _picture}


def _looked(unit: Any) -> tuple[int, str, str]:
    """How many messages wait, what amounts are in, and what keeps the index of catalogs from being built."""
    obstacle = unit.catalog.obstacle
    return len(unit.outbox.open()), usual_currency(unit), catalog_whole.words(obstacle.code if obstacle else "")


def _unlock(data: Path, passphrase: str) -> "Keys":
    from node.app import generation, opened  # noqa: F401  imported beside the page, which goes on answering
    from node.vault import vault

    return generation.complete(data, vault.open_file(data, passphrase))


class Node:
    """One node in one data folder."""

    def __init__(self, config: Config, *, vault_costs: Any = None) -> None:
        self.config = config
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends with the error when a part of the node fails: then the process must stop."""
        self._costs = vault_costs
        self._used = 0
        self._key_case: KeyCase | None = None
        self.page = ""
        self.sessions: Sessions | None = None
        self._opened: Opened | None = None
        self._running: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._count = 0
        self._news = asyncio.Event()
        self._face = today.Face()
        self._faced = -1
        self._opening = ""
        self.restoring = RestoreJob(config.data, self.unlock, lambda: self.backups, self._changed, vault_costs)
        """The restore of a node that is not set up yet."""

    # --- stages

    def stage(self) -> Stage:
        """New, locked or open."""
        if self._opened is not None:
            return Stage.OPEN
        return Stage.LOCKED if (self.config.data / keyfile.NAME).exists() else Stage.NEW

    def require_open(self) -> None:
        """Raises Locked unless the vault is open."""
        self.opened()

    def opened(self) -> "Opened":
        """What runs while the vault is open. Raises Locked `locked`, `not-set-up`."""
        if self._opened is None:
            if self.stage() is Stage.NEW:
                raise Locked("This node is not set up yet. Do it on its page, or with: gemstra init", code="not-set-up")
            raise Locked("The vault is locked. Unlock it on the page, or with: gemstra unlock")
        return self._opened

    @property
    def backups(self) -> "Backups":
        """Backups of the open node. Raises Locked."""
        return self.opened().backups

    def viewer(self) -> Viewer | None:
        """Whose desk it is, while it is open."""
        if self._opened is None:
            return None
        keys, face = self._opened.keys, self._face
        return Viewer(keys.name, keys.role, keys.role.capitalize(), self.config.locale, face.zone, face.counts)

    async def look(self) -> None:
        """Bring what `viewer` counts up to date, if anything changed since."""
        opened, count = self._opened, self._count
        if opened is not None and self._faced != count:
            self._face = await opened.store.read(today.face)
            self._faced = count

    def new_words(self) -> Sheets:
        """Words for both sheets, for `found`."""
        from node.app.founding import new_words

        return new_words()

    def own_words(self, recovery: str, rotation: str = "") -> Sheets:
        """A person's own words, checked, for `found`. Raises UserError `bad-words`."""
        from node.app.founding import own_words

        return own_words(recovery, rotation)

    async def found(self, passphrase: str, founder: Founder, words: Sheets | None = None) -> Founded:
        """Make identity, store and vault; it stays locked until `unlock`."""
        from node.app.founding import found

        async with self._changing:
            return await asyncio.to_thread(found, self.config.data, passphrase, founder, words, costs=self._costs)

    async def unlock(self, passphrase: str) -> None:
        """Open the vault and start what needs it. Raises UserError `wrong-passphrase` and what `vault.unlock` raises."""
        async with self._changing:
            if self._opened is not None:
                raise ConflictError("The vault is open already.", code="already-open")
            if self.stage() is Stage.NEW:
                self.require_open()  # says that it is to be set up first, as everywhere
            await self._start(await asyncio.to_thread(_unlock, self.config.data, passphrase))
            self.used()

    async def lock(self, *, keep_pages: bool = False) -> None:
        """Stop network and chain, close the store, wipe the keys. Locked already: nothing happens.

        Every page ends, and needs a new link; with `keep_pages` each is locked, and goes on once the passphrase is typed there.
        """
        async with self._changing:
            await self._stop()
            if self.sessions is not None:
                (self.sessions.lock_page if keep_pages else self.sessions.end_all)()

    async def reopen(self, work: "Callable[[], Keys]") -> None:
        """Close all that is open, have `work` change vault and store in a thread, go on with the keys it gives. When it raises, the node
        stays locked, and unlocking goes on from where it stopped; one that was locked meanwhile stays locked as well.
        """
        async with self._changing:
            locked = self._opened is None
            await self._stop()
            keys = await asyncio.to_thread(work)
            if locked:
                keys.lock()
            else:
                await self._start(keys)

    async def _start(self, keys: "Keys") -> None:
        from node.app.opened import Opened, open_store

        self._faced = -1
        try:
            store = await asyncio.to_thread(open_store, self.config, keys, self._tell)  # it may have to check a large catalog first
            try:
                opened = Opened(self.config, keys, store, self._changed)
            except BaseException:
                store.close()
                raise
        except BaseException:
            keys.lock()
            raise
        finally:
            self._opening = ""
        self._opened = opened
        self._running = asyncio.create_task(opened.run(), name="opened")
        self._running.add_done_callback(self._ended)
        self._changed()

    def _tell(self, done: int, of: int) -> None:
        """How far opening is with checking the catalogs. Called from the thread that opens."""
        far = f": {done:,} of {of:,} records" if of else ""
        self._opening = f"Your desk checks the file of catalogs{far}. It opens by itself when that is done."

    def opening(self) -> str:
        """What the vault that is being opened waits for, in words; empty for nothing."""
        return self._opening

    async def _stop(self) -> None:
        opened, running = self._opened, self._running
        self._opened = self._running = None
        if running is not None:
            running.cancel()
            await asyncio.wait([running])
        if opened is not None:
            await opened.close()
        self._changed()

    @property
    def keys(self) -> "KeyCase":
        """What a person does with the keys."""
        if self._key_case is None:
            from node.app.keys import KeyCase

            self._key_case = KeyCase(self, self._costs)
        return self._key_case

    async def check_passphrase(self, passphrase: str) -> None:
        """Whether it is the vault's. Raises as `unlock`."""
        await self.keys.check_passphrase(passphrase)

    def lock_page(self) -> None:
        """Lock every page; the node goes on."""
        if self.sessions is not None:
            self.sessions.lock_page()

    def used(self) -> None:
        """A person, or a command of theirs, asked for something: the vault's idle time begins anew."""
        self._used = clock_ms()

    async def lock_when_idle(self) -> None:
        """The vault lock by itself, once nobody has asked for anything for `vault_lock` seconds. Never returns."""
        while True:
            await asyncio.sleep(IDLE_LOOK_SECONDS)
            used = max(self._used, self.sessions.last_use() if self.sessions else 0)
            if self.config.vault_lock and self._opened is not None and clock_ms() - used >= self.config.vault_lock * 1000:
                await self.lock(keep_pages=True)

    async def status(self) -> StatusView:
        """How the node is."""
        opened = self._opened
        if opened is None:
            return StatusView(self.stage().value, "", "", "", "", self.page, "off", [], [], "off", self._opening, 0, VERSION, "")
        keys, host = opened.keys, opened.host
        waiting, currency, stuck = await opened.store.read(_looked)
        return StatusView(
            Stage.OPEN.value,
            keys.name,
            keys.role,
            keys.identity.hex(),
            host.peer_id,
            self.page,
            opened.network,
            list(host.addresses),
            sorted(host.connected()),
            opened.chain.state,
            opened.trouble or stuck,
            waiting,
            VERSION,
            currency,
        )

    def open_link(self) -> LinkView:
        """A new one-time link to the page."""
        assert self.sessions is not None
        code = self.sessions.issue_code()
        return LinkView(f"{self.page}/open#{code}", code)

    async def connect_chain(self, url: str, chain_id: int, gms: str, vault: str, anchors: str = "") -> ChainView:
        """Configure the chain, and keep it in the folder's config file."""
        opened = self.opened()
        places = {"gms_address": gms, "vault_address": vault, "anchors_address": anchors}
        settings: dict[str, Any] = {"chain_url": url, "chain_id": chain_id, **places}
        opened.chain.configure(replace(self.config, **settings))
        self.configure(**settings)
        return self._chain_view()

    def configure(self, **settings: Any) -> None:
        """Take settings over and keep them in the folder's config file."""
        config = replace(self.config, **settings)
        save(config, tuple(settings))
        self.config = config

    async def faucet(self, gas: int, gms: int) -> ChainView:
        """Ask an embedded chain for first gas and test GMS."""
        opened = self.opened()
        await opened.chain.client.faucet(opened.keys.chain_address(0), gas=gas, gms=gms)
        return self._chain_view()

    def _chain_view(self) -> ChainView:
        return ChainView(self.opened().chain.state, self.config.chain_url, self.config.chain_id)

    # --- transactions

    async def read(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""
        return await self.opened().store.read(run, **arguments)

    async def write(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service in one transaction."""
        return await self.opened().store.write(run, **arguments)

    async def write_once(self, operation: str, body: bytes, permanent: bool, run: Callable[..., Any], /, **arguments: Any) -> bytes:
        """As `write`, once for each operation key, for a day or for good; answers the JSON of the first time."""

        def once(unit: Any) -> bytes:
            known: bytes | None = unit.operations.answered(operation, body)
            if known is not None:
                return known
            response = msgspec.json.encode(run(unit, **arguments))
            unit.operations.answer(operation, body, response, permanent=permanent)
            return response

        return await self.opened().store.write(once)

    @property
    def imports(self) -> "ImportRuns":
        """Contacts files under way. Raises Locked."""
        return self.opened().imports

    @property
    def catalog_imports(self) -> "CatalogRuns":
        """Product files under way. Raises Locked."""
        return self.opened().catalog_imports

    @property
    def catalog_edits(self) -> "CatalogEdits":
        """Drafts of our catalogs. Raises Locked."""
        return self.opened().catalog_edits

    @property
    def catalog_watch(self) -> "CatalogWatch":
        """Watched places of product files. Raises Locked."""
        return self.opened().catalog_watch

    @property
    def catalogs(self) -> "Catalogs":
        """Catalogs followed, and given. Raises Locked."""
        return self.opened().catalogs

    @property
    def pictures(self) -> "Pictures":
        """Pictures of products. Raises Locked."""
        return self.opened().pictures

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader `picture` makes of a source of bytes, in a thread. Raises what it raises."""
        return await asyncio.to_thread(_READERS[reader], source, **options)

    async def export_catalog(self, form: str, currency: str) -> "Export":
        """Our catalog of a currency as a file. Raises UserError `unknown-form`, NotFound."""
        from node.app import catalog_exports

        return await catalog_exports.begin(self.read, form, currency, clock_ms())

    def export(self, form: str, kind: str) -> "Export":
        """A file of everything here, or of one kind. Raises UserError `unknown-form`, `unknown-kind`."""
        from node.app import exports

        self.require_open()
        return exports.begin(self.read, form, kind, clock_ms())

    # --- news

    async def changed(self, after: int) -> int:
        """The change counter, once it is above `after`."""
        while self._count <= after:
            await self._news.wait()
        return self._count

    def _changed(self) -> None:
        self._count += 1
        self._news.set()
        self._news = asyncio.Event()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.failed.done():
            self.failed.set_exception(error)
