"""Watched places looked at by the clock: what is new there is read and compared, held for a word, or signed where the person chose that."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from node.errors import ConflictError, Locked, NodeError
from node.model.catalog_source import CatalogSource

from . import catalog_imports, catalog_sources
from .catalog_imports import ProductImportView
from .catalog_runs import CatalogRuns
from .runs import Source, Transactions

_LOOK_SECONDS = 60.0


class Found(Protocol):
    """What is at a place: `seen` tells it from what is there later; no `source` where it is what was there before."""

    @property
    def name(self) -> str:
        """How the person knows it."""

    @property
    def seen(self) -> str:
        """What it is, as a place remembers it."""

    @property
    def source(self) -> Source | None:
        """Its bytes."""


class Places(Protocol):
    """The way to folders and addresses."""

    def open(self, kind: str, place: str, seen: str) -> AbstractContextManager[Found]:
        """What is there now. Raises NodeError with why it cannot be read."""


class CatalogWatch:
    """The watched places of one open vault."""

    def __init__(self, store: Transactions, runs: CatalogRuns, places: Places, changed: Callable[[], None]) -> None:
        self._store, self._runs, self._places, self._changed = store, runs, places, changed

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for row in await asyncio.to_thread(self._store.read_now, catalog_sources.due_sources):
                await asyncio.to_thread(self.look, row)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look_now(self, source: bytes) -> None:
        """Look at a place before its time. Raises NotFound, and what is wrong there."""
        row: CatalogSource = await asyncio.to_thread(self._store.read_now, catalog_sources.find_source, source)
        await asyncio.to_thread(self.look, row)

    def look(self, row: CatalogSource) -> None:
        """One look, for a thread. What goes wrong is kept with the place, and said on Today."""
        try:
            seen, taken = self._take(row)
        except Locked:
            raise
        except NodeError as error:
            self._store.write_now(catalog_sources.note_look, row.source, "", code=error.code, error=str(error))
        else:
            self._store.write_now(catalog_sources.note_look, row.source, seen, taken=taken)
        self._changed()

    def _take(self, row: CatalogSource) -> tuple[str, bool]:
        """What is there, and whether it was taken."""
        staged: bytes | None = None
        try:
            with self._places.open(row.kind, row.place, row.seen) as found:
                if found.source is None:
                    return found.seen, False
                staged = self._runs.stage_now(found.source, found.name, row.currency, row.withdraw, 0, row.source)
                seen = found.seen
        except NodeError:
            if staged is not None:  # it changed while it was read
                self._runs.put_aside_now(staged)
            raise
        view: ProductImportView = self._store.read_now(catalog_imports.get_staged, staged)
        if view.state != "ready" or (view.writes and not row.publish):
            return seen, True  # it waits for a word
        if view.writes:
            try:
                self._runs.apply_now(staged, how="place")
            except ConflictError:
                return seen, True  # the catalog changed meanwhile: it waits
        else:
            self._runs.put_aside_now(staged)
        return seen, True
