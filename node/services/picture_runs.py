"""Pictures of our own products, fetched from the addresses that an import left: in the background, with progress, failures by name.

Each is fetched through the guarded client, decoded and encoded anew in a thread, kept under its hash; then products name it, in batches.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from node.errors import IntegrityError, Locked, NodeError, Unavailable
from node.model.catalog import FeedRow
from node.model.media import Named, Pictured, Shelf
from protocol.media import media_hash

from . import pictures
from .catalog_sync import Transactions
from .media_exchange import PictureFiles
from .pictures import NamedView, Place, Unnamed

AT_ONCE = 4  # pictures fetched
LOOKED_AT = 500  # products at once
NAMED_AT_ONCE = 500  # products in a batch
_LOOK_AGAIN = 900.0  # seconds between looks for what is to be tried again
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
        self._due_only = False

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return bool(self._feeds) or (self._task is not None and not self._task.done())

    async def start(self, *, due_only: bool = False) -> None:
        """Begin a run; `due_only`: of what did not come and is to be tried again by now. Raises Unavailable `pictures-busy`, UserError
        `not-a-merchant`.
        """
        if self.running:
            raise Unavailable("Pictures are being fetched already. Wait until that is done, or stop it.", code="pictures-busy")
        feeds: list[FeedRow] = await self._store.read(pictures.own_feeds)
        self._due_only = due_only
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
                await self._wait()
                self._news.clear()
                feeds, self._feeds = self._feeds, []
                self._task = asyncio.create_task(self.round(feeds, due_only=self._due_only), name="pictures")
                await asyncio.wait([self._task])
                if not self._task.cancelled():
                    self._task.result()
        finally:
            await self.stop()

    async def _wait(self) -> None:
        """Until a run is begun: by a person, or because something is to be tried again."""
        while not self._news.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_AGAIN)
                return
            if await self._store.read(pictures.is_due):
                with suppress(Unavailable):  # the catalog went on just now: it is looked at again
                    await self.start(due_only=True)

    async def round(self, feeds: Sequence[FeedRow], *, due_only: bool = False) -> None:
        """Every picture of these feeds that has an address only; or those that did not come and are due."""
        for row in feeds:
            await self._feed(row, due_only=due_only)
        self._known.clear()

    async def _feed(self, row: FeedRow, *, due_only: bool) -> None:
        made: dict[str, dict[str, Named]] = {}
        due: frozenset[Place] | None = await self._store.read(pictures.due_places, row.feed) if due_only else None
        asked: set[Place] = set()
        after, more = "", True
        while more:
            found, following = await self._store.read(pictures.unnamed, row.feed, after, LOOKED_AT)
            asked.update((item.handle, url) for item in found for url in item.urls)
            found = [_only(item, due) for item in found]
            self.total += sum(len(item.urls) for item in found)
            failures: list[tuple[Place, str, str]] = []
            results = await asyncio.gather(*(self._product(item, failures) for item in found))
            came = [(item.handle, url) for item, names in zip(found, results, strict=True) for url in names]
            await self._store.write(pictures.note_tries, row.feed, failures, came)
            made |= {item.handle: names for item, names in zip(found, results, strict=True) if names}
            more, after = bool(following), following
            if len(made) >= NAMED_AT_ONCE or not more:
                await self._name(row, made)
                made = {}
        await self._store.write(pictures.forget_gone, row.feed, asked)

    async def _name(self, row: FeedRow, made: dict[str, dict[str, Named]]) -> None:
        if made:
            view: NamedView = await self._store.write(pictures.name_pictures, row.feed, made)
            refused = [((handle, url), "too-large", reason) for handle, reason in view.refused.items() for url in made[handle]]
            await self._store.write(pictures.note_tries, row.feed, refused, ())

    async def _product(self, item: Unnamed, failures: list[tuple[Place, str, str]]) -> dict[str, Named]:
        names: dict[str, Named] = {}
        for url in dict.fromkeys(item.urls):
            try:
                names[url] = await self._one(url)
            except (IntegrityError, Locked):
                raise
            except NodeError as error:
                failures.append(((item.handle, url), error.code, str(error)))
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


def _only(item: Unnamed, due: frozenset[Place] | None) -> Unnamed:
    """A product with those of its addresses that are asked for now; None: all."""
    return item if due is None else replace(item, urls=tuple(url for url in item.urls if (item.handle, url) in due))
