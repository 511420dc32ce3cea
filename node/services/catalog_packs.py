"""Packs on the giving side: made in the background once enough has changed, kept as files, given to whoever names one.

Making them reads a snapshot of its own in a thread of its own; nothing of it runs in the store's writer or in the event loop.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from node.model.catalog import Held, Span
from protocol.catalog_sync import ManifestRequest, Pack, PackRequest
from protocol.encoding import MAX_BYTES, encode
from protocol.envelope import Signed, verify
from protocol.errors import Conflict
from protocol.kinds import Topic
from protocol.messages import pack, unpack
from protocol.packs import MANIFEST, MAX_PACKS, Manifest, PackEntry, make_packs, sign_manifest

from .catalog import CatalogUnit
from .catalog_file import CatalogFile, Feeds

LEAST_ROWS = 2_000  # a smaller feed is a page or two: packs would save nothing
CHANGED_PART = 20  # made anew once one row in so many has changed
LEAST_CHANGED = 1_000
LOOK_SECONDS = 30.0
_AROUND_BYTES = 256  # of a message
PAUSE_SECONDS = 0.002  # after each pack, so that the pages have the processor as well


class PackFiles(Protocol):
    """Packs and manifests on the disk. All of it is public to whoever follows the feed."""

    def get(self, feed: bytes, pack: bytes) -> bytes | None:
        """The pack with this hash."""

    def put(self, feed: bytes, pack: bytes, data: bytes) -> bool:
        """Keep a pack; False where there is no room for more."""

    def manifest(self, feed: bytes) -> bytes | None:
        """The raw manifest that counts."""

    def publish(self, feed: bytes, manifest: bytes, packs: frozenset[bytes]) -> None:
        """From now on `manifest` counts, whose packs are kept; of the others those of the manifest before it stay, for who is under way."""

    def forget(self, feed: bytes) -> None:
        """Nothing of the feed stays."""

    def set_aside(self, feed: bytes) -> None:
        """Manifest and packs are a proof: they stay, under another name, and are given to nobody."""


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""


class CatalogPacks:
    """Makes packs of our own feeds and answers for all that are here."""

    def __init__(self, store: Transactions, file: CatalogFile, files: PackFiles) -> None:
        self._store = store
        self._file = file
        self._files = files
        self._news = asyncio.Event()
        self._made: dict[bytes, int] = {}

    def wake(self) -> None:
        """A feed of ours may have changed."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._news.clear()
            await self.make_due()
            try:
                await asyncio.wait_for(self._news.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    async def make_due(self) -> int:
        """Make what is due; how many manifests that were."""
        made = 0
        for held in await self._store.read(_own_feeds):
            if await asyncio.to_thread(self._is_due, held):
                await self._make(held.feed)
                made += 1
        return made

    async def answer(self, topic: str, body: bytes) -> bytes | None:
        """The reply to a request for a manifest or a pack, None for any other. The network asked for a pairing already.

        Raises Conflict `no-manifest`, `no-pack`.
        """
        if topic != Topic.CATALOG or not body.startswith(_ASKED):
            return None
        return await asyncio.to_thread(self._answer, body)

    def _answer(self, body: bytes) -> bytes:
        request = unpack(Topic.CATALOG, body).record
        if isinstance(request, ManifestRequest):
            raw = self._files.manifest(request.feed)
            if raw is None:
                raise Conflict("there are no packs of this feed here", code="no-manifest")
            return pack(verify(raw, MANIFEST))
        assert isinstance(request, PackRequest)
        data = self._files.get(request.feed, request.hash)
        if data is None:
            raise Conflict("that pack is not here", code="no-pack")
        return pack(Pack(data))

    def _is_due(self, held: Held) -> bool:
        if held.feed not in self._made:
            raw = self._files.manifest(held.feed)
            self._made[held.feed] = verify(raw, MANIFEST).envelope.seq if raw else 0
        rows, made = held.products + held.offers, self._made[held.feed]
        if rows < LEAST_ROWS or held.checkpoint is None:
            return False
        return not made or made > held.size or held.size - made >= max(LEAST_CHANGED, rows // CHANGED_PART)

    async def _make(self, feed: bytes) -> None:
        held, entries = await asyncio.to_thread(self._file.look_now, self._write_packs, feed)
        self._made[feed] = held.size
        if held.checkpoint is None or not 0 < len(entries) <= MAX_PACKS:
            return
        signed: Signed = await self._store.read(_signed, Manifest(held.checkpoint, held.state.to_bytes(), tuple(entries)))
        if len(signed.raw) <= MAX_BYTES - _AROUND_BYTES:
            await asyncio.to_thread(self._files.publish, feed, signed.raw, frozenset(entry.hash for entry in entries))

    def _write_packs(self, feeds: Feeds, feed: bytes) -> tuple[Held, Sequence[PackEntry]]:
        entries = []
        for entry, data in make_packs(feeds.slots(feed, Span())):
            self._files.put(feed, entry.hash, data)
            entries.append(entry)
            time.sleep(PAUSE_SECONDS)
        return feeds.held(feed), entries


_ASKED = tuple(encode([kind, b""])[:-1] for kind in ("catalog.manifest-request", "catalog.pack-request"))
"""How such requests begin."""


def _own_feeds(unit: CatalogUnit) -> list[Held]:
    return [unit.catalog.held(row.feed) for row in unit.catalog.feeds(own=True) if not row.closed]


def _signed(unit: CatalogUnit, manifest: Manifest) -> Signed:
    return sign_manifest(unit.me.device, manifest, time=unit.now)
