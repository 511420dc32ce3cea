"""Pictures of our own products, fetched from the addresses that an import left: in the background, with progress, failures by name.

Each is fetched through the guarded client, decoded and encoded anew in a thread, kept under its hash; then products name it, in batches.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from node.errors import IntegrityError, Locked, NodeError, Unavailable
from node.model.catalog import FeedRow
from node.model.media import Named, Pictured, Shelf
from protocol.media import media_hash

from . import pictures
from .catalog_sync import Transactions
from .media_exchange import PictureFiles
from .pictures import NamedView, Unnamed
from .runs import FailureView

AT_ONCE = 4  # pictures fetched
LOOKED_AT = 500  # products at once
NAMED_AT_ONCE = 500  # products in a batch
_MOST_FAILURES = 500
_MOST_REMEMBERED = 20_000  # addresses that several products share

Bring = Callable[[str], Any]


class Drawer(Protocol):
    """The way to a picture from its bytes."""

    def __call__(self, content: bytes, /) -> Pictured:
        """Large and small, in our own encoding. Raises UserError `not-a-picture`, `photo-too-large`."""


class PictureRuns:
    """One run at a time. `bring` gives the bytes at an address, or raises why not."""

    def __init__(self, store: Transactions, files: PictureFiles, bring: Bring, draw: Drawer) -> None:
        self._store, self._files, self._bring, self._draw = store, files, bring, draw
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._feeds: list[FeedRow] = []
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._drawing = asyncio.Semaphore(1)
        self._known: dict[str, Named] = {}
        self.done = self.total = 0
        self.failures: deque[FailureView] = deque(maxlen=_MOST_FAILURES)
        """Of the last run: the product's handle, and why a picture of it is not here."""

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return bool(self._feeds) or (self._task is not None and not self._task.done())

    async def start(self) -> None:
        """Begin a run. Raises Unavailable `pictures-busy`, UserError `not-a-merchant`."""
        if self.running:
            raise Unavailable("Pictures are being fetched already. Wait until that is done, or stop it.", code="pictures-busy")
        feeds: list[FeedRow] = await self._store.read(pictures.own_feeds)
        self.failures.clear()
        self.done = self.total = 0
        self._feeds = feeds
        self._news.set()

    async def stop(self) -> None:
        """End the run; what is signed stays so."""
        self._feeds = []
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def keep(self, content: bytes) -> Named:
        """Make a picture of ours from bytes, and keep it; its names. Raises UserError `not-a-picture`, `photo-too-large`."""
        async with self._drawing:
            made = await asyncio.to_thread(self._draw, content)
        named = Named(media_hash(made.full), media_hash(made.thumbnail))
        await asyncio.to_thread(self._files.put, Shelf.OWN, named.full, made.full)
        await asyncio.to_thread(self._files.put, Shelf.OWN, named.thumbnail, made.thumbnail)
        return named

    async def run(self) -> None:
        """Until cancelled: make the runs that are begun. What our own store or disk refuses ends the node, as everywhere."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                feeds, self._feeds = self._feeds, []
                self._task = asyncio.create_task(self.round(feeds), name="pictures")
                await asyncio.wait([self._task])
                if not self._task.cancelled():
                    self._task.result()
        finally:
            await self.stop()

    async def round(self, feeds: Sequence[FeedRow]) -> None:
        """Every picture of these feeds that has an address only."""
        for row in feeds:
            await self._feed(row)
        self._known.clear()

    async def _feed(self, row: FeedRow) -> None:
        made: dict[str, dict[str, Named]] = {}
        after, more = "", True
        while more:
            found, following = await self._store.read(pictures.unnamed, row.feed, after, LOOKED_AT)
            self.total += sum(len(item.urls) for item in found)
            results = await asyncio.gather(*(self._product(item) for item in found))
            made |= {item.handle: names for item, names in zip(found, results, strict=True) if names}
            more, after = bool(following), following
            if len(made) >= NAMED_AT_ONCE or not more:
                await self._name(row, made)
                made = {}

    async def _name(self, row: FeedRow, made: dict[str, dict[str, Named]]) -> None:
        if made:
            view: NamedView = await self._store.write(pictures.name_pictures, row.feed, made)
            for handle, reason in view.refused.items():
                self.failures.append(FailureView(handle, "too-large", reason))

    async def _product(self, item: Unnamed) -> dict[str, Named]:
        names: dict[str, Named] = {}
        for url in dict.fromkeys(item.urls):
            try:
                names[url] = await self._one(url)
            except (IntegrityError, Locked):
                raise
            except NodeError as error:
                self.failures.append(FailureView(item.handle, error.code, f"{url[:200]}: {error}"))
        self.done += len(item.urls)
        return names

    async def _one(self, url: str) -> Named:
        if url in self._known:
            return self._known[url]
        async with self._slots:
            named = await self.keep(await self._bring(url))
        if len(self._known) < _MOST_REMEMBERED:
            self._known[url] = named
        return named
