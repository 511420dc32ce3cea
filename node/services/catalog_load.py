"""A first sync, or one from far behind: the packs of a manifest, from whoever has them, into the catalog file one by one.

Each pack is a transaction of its own, so that whoever is killed goes on where it was; a few are asked for ahead, so that neither the line
nor the disk waits for the other, and no more than these few are ever in memory.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from node.errors import NodeError
from node.model.catalog import Entry, Span
from protocol.brand_plan import check_noun
from protocol.catalog_sync import Pack, PackRequest
from protocol.errors import BadSignature, Malformed, ProtocolError
from protocol.ids import digest
from protocol.log import Checkpoint
from protocol.operations import Slot
from protocol.packs import Manifest, PackEntry, open_pack
from protocol.state_hash import StateHash

from .catalog_file import CatalogFile, Writing
from .catalog_following import Standing
from .catalog_packs import PackFiles

AHEAD = 4
"""So many packs are on their way at once."""
_under_way: list[object] = []

Ask = Callable[[object], Awaitable[object]]


@dataclass(slots=True)
class Progress:
    """How far a load is; rows and bytes of how many."""

    rows: int
    rows_of: int
    bytes: int
    bytes_of: int


class Source(Protocol):
    """A peer that may have the packs."""

    async def __call__(self, record: object) -> object:
        """What it answers. Raises NodeError, ProtocolError."""


def is_under_way() -> bool:
    """Whether any node of this process loads or follows a catalog now: what can wait lets it have the processor."""
    return bool(_under_way)


@contextmanager
def under_way() -> Iterator[None]:
    """It does, until this ends."""
    mine = object()
    _under_way.append(mine)
    try:
        yield
    finally:
        _under_way.remove(mine)


async def _always() -> None:
    """All of it is wanted to the end."""


class Load:
    """One manifest's packs on their way into the file. `sources`: the publisher first, then whoever else may have them; `wanted` raises
    what is to be raised once it isn't.
    """

    def __init__(
        self,
        file: CatalogFile,
        files: PackFiles,
        at: Standing,
        manifest: Manifest,
        sources: Sequence[Source],
        told: Callable[[], None],
        wanted: Callable[[], Awaitable[None]] = _always,
    ) -> None:
        self._file = file
        self._files = files
        self._feed = at.row.feed
        self._brand = at.brand
        self._manifest = manifest
        self._sources = list(sources)
        self._told = told
        self._wanted = wanted
        self.progress = Progress(0, manifest.rows, 0, manifest.size)

    async def run(self, raw: bytes, checkpoint: Checkpoint) -> None:
        """All that is not in yet; then the feed is where `checkpoint` says. `raw` is the manifest as signed.

        Raises NodeError (nobody can give a pack now), ProtocolError (the writer signed what cannot be).
        """
        with under_way():
            await self._run(raw, checkpoint)

    async def _run(self, raw: bytes, checkpoint: Checkpoint) -> None:
        await self._file.write(_begin, self._feed, digest("manifest", raw))
        loaded = await self._file.write(_loaded, self._feed)
        waiting: deque[tuple[PackEntry, Slot | None, asyncio.Task[bytes]]] = deque()
        before: Slot | None = None
        try:
            for entry in self._manifest.packs:
                if entry.hash in loaded:
                    self._passed(entry)
                else:
                    waiting.append((entry, before, asyncio.create_task(self._fetch(entry))))
                before = entry.last
                if len(waiting) > AHEAD:
                    await self._take(*waiting.popleft())
            while waiting:
                await self._take(*waiting.popleft())
        finally:
            for _, _, task in waiting:
                task.cancel()
            if waiting:
                await asyncio.wait([task for _, _, task in waiting])
        state = StateHash.from_bytes(self._manifest.state)
        await self._file.write(_seal, self._feed, checkpoint.size, state, self._manifest.checkpoint)

    async def _take(self, entry: PackEntry, before: Slot | None, task: "asyncio.Task[bytes]") -> None:
        rows = await asyncio.to_thread(open_pack, entry, before, await task)
        if self._brand:
            for row in rows:
                check_noun(row.noun)
        last = entry.hash == self._manifest.packs[-1].hash
        await self._file.write(_load, self._feed, entry.hash, Span(before, None if last else entry.last), rows)
        self._passed(entry)
        self._told()
        await self._wanted()

    def _passed(self, entry: PackEntry) -> None:
        self.progress.rows += entry.count
        self.progress.bytes += entry.size

    async def _fetch(self, entry: PackEntry) -> bytes:
        """The pack's bytes, from here or from the first source that gives the right ones. Raises what the publisher's answer raised."""
        found = await asyncio.to_thread(self._files.get, self._feed, entry.hash)
        if found is not None:
            return found
        refused: Exception | None = None
        for source in tuple(self._sources):
            try:
                data = await self._asked(source, entry)
            except (NodeError, ProtocolError) as error:
                refused = refused or error
                if isinstance(error, BadSignature) and source in self._sources[1:]:
                    self._sources.remove(source)  # whoever gives other bytes than it was asked for is asked no more
                continue
            await asyncio.to_thread(self._files.put, self._feed, entry.hash, data)
            return data
        assert refused is not None
        raise refused

    async def _asked(self, source: Source, entry: PackEntry) -> bytes:
        answer = await source(PackRequest(self._feed, entry.hash))
        if not isinstance(answer, Pack):
            raise Malformed("a pack was asked for", code="unexpected-reply")
        await asyncio.to_thread(entry.check, answer.data)
        return answer.data


def _begin(writing: Writing, feed: bytes, load: bytes) -> None:
    writing.begin(feed, load)


def _loaded(writing: Writing, feed: bytes) -> frozenset[bytes]:
    return writing.loaded(feed)


def _load(writing: Writing, feed: bytes, pack: bytes, span: Span, rows: Sequence[Entry]) -> None:
    writing.load(feed, pack, span, rows)


def _seal(writing: Writing, feed: bytes, size: int, state: StateHash, checkpoint: bytes) -> None:
    writing.seal(feed, size, state, checkpoint)
