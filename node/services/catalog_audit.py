"""What packs brought, reckoned: in the background every record is read, and goes into the state hash, which must come to the signed one.

A pack is believed by its hash, which its writer signed, so only the writer itself can have put something else into one than its head says.
Until that is reckoned the feed counts as not verified. Where it differs, what was signed is fetched record by record. Whoever waits for a
first sync comes first; but not for long, or a publisher whose packs never end would keep others from being found out.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Protocol

from node.model.catalog import Held, Span
from protocol.envelope import verify
from protocol.errors import ProtocolError
from protocol.operations import Operation, Verb, element
from protocol.packs import MANIFEST, Manifest, open_pack
from protocol.rows import Row
from protocol.state_hash import StateHash

from . import catalog_findings as findings
from . import catalog_load
from .catalog_file import CatalogFile, Feeds, Writing
from .catalog_packs import PackFiles

AT_ONCE = 250
PAUSE = 2.0  # times as long as the work before it: orders and pages have the processor first
LOOK_SECONDS = 10.0
CALM_LOOK_SECONDS, CALM_LOOKS = 0.5, 120
"""So long, and so many times, it waits for first syncs to end before a feed is reckoned, and for what is followed meanwhile."""


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    async def write(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Stopped(Exception):
    """Nobody waits for it any more."""


class CatalogAudit:
    """Reckons each feed that came by packs, one at a time. `wake()` when one may have come."""

    def __init__(self, store: Transactions, file: CatalogFile, files: PackFiles, *, pause: float = PAUSE) -> None:
        self._store = store
        self._file = file
        self._files = files
        self._pause = pause
        self._news = asyncio.Event()
        self._ended = threading.Event()

    def wake(self) -> None:
        """A feed may have come by packs."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._news.clear()
                await self.round()
                try:
                    await asyncio.wait_for(self._news.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._ended.set()  # the thread that reckons goes no further

    async def round(self) -> int:
        """Reckon all that waits for it, after what is left of feeds that went; how many feeds that were."""
        left = True
        while left:
            left = await self._file.sweep()
        feeds = await self._store.read(findings.unreckoned)
        for feed in feeds:
            await self._calm()
            try:
                await self._reckon(feed)
            except Stopped:
                break
        return len(feeds)

    async def _calm(self) -> None:
        for _ in range(CALM_LOOKS):
            if not catalog_load.is_under_way():
                return
            await asyncio.sleep(CALM_LOOK_SECONDS)

    async def _reckon(self, feed: bytes) -> None:
        held, state = await asyncio.to_thread(self._file.look_now, self._reckoned, feed)
        if state == held.state:
            await self._file.write(_prove, feed, held.sealed)
            await self._store.write(findings.found_right, feed)
            return
        lie = await asyncio.to_thread(self._lie, feed)
        if lie is not None:
            await asyncio.to_thread(self._files.set_aside, feed)
            await self._store.write(findings.keep_lie, feed, *lie)
        await self._file.write(_let_go, feed)
        await self._store.write(findings.fetch_anew, feed)

    def _reckoned(self, feeds: Feeds, feed: bytes) -> tuple[Held, StateHash | None]:
        """Over one snapshot, some at a time; no state where a record is none: then pages name it, which are read before they count."""
        if feeds.loaded(feed):
            raise Stopped  # a later load is under way
        try:
            return feeds.held(feed), self._sum(feeds.slots(feed, Span()))
        except ProtocolError:
            return feeds.held(feed), None

    def _sum(self, rows: Iterable[Row]) -> StateHash:
        state, pending, patience = StateHash(), iter(rows), CALM_LOOKS
        while True:
            while patience and catalog_load.is_under_way():  # a change that comes now has the processor first
                patience -= 1
                self._rest(CALM_LOOK_SECONDS)
            begun = time.thread_time()
            part = [row for row in islice(pending, AT_ONCE) if row.record is not None]
            if not part:
                return state
            for row in part:
                Operation(Verb(f"put-{row.noun}"), row.name, row.record).read()
            state = self._plus(state, part)
            self._rest((time.thread_time() - begun) * self._pause)

    def _rest(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise Stopped

    def _lie(self, feed: bytes) -> tuple[int, bytes] | None:
        """The size of a manifest and what its packs lead to, where that is not what it names. None: it was our disk, or packs are gone."""
        raw = self._files.manifest(feed)
        if raw is None:
            return None
        try:
            signed = verify(raw, MANIFEST)
            manifest, state, before = signed.read(Manifest), StateHash(), None
            for entry in manifest.packs:
                data = self._files.get(feed, entry.hash)
                if data is None:
                    return None
                state, before = self._plus(state, open_pack(entry, before, data)), entry.last
        except ProtocolError:  # the disk altered the manifest: it accuses nobody
            return None
        return None if state == StateHash.from_bytes(manifest.state) else (signed.envelope.seq, state.digest)

    def _plus(self, state: StateHash, rows: Iterable[Row]) -> StateHash:
        return state.change(added=[element((row.noun, row.name), row.record) for row in rows if row.record is not None])


def _prove(writing: Writing, feed: bytes, sealed: bytes | None) -> None:
    writing.prove(feed, sealed)


def _let_go(writing: Writing, feed: bytes) -> None:
    writing.let_go(feed)
