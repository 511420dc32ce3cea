"""Contacts files on their way: read into the store, read anew by another mapping, taken over. One thread each, the event loop does nothing.

It leaves nothing of one that failed.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from node.model.export import Beside
from node.model.person import Entry
from node.model.staged import Staged, require_size

from . import customer_imports, customer_staging, import_besides
from .customer_imports import ImportView
from .runs import Run, Runs, Source, Transactions

_BATCH = 2000  # each is a transaction, and the disk answers for each
_DROPPED = 5000
_MOST_BYTES = 8_000_000


class OpenFile(Protocol):
    """A contacts file that is being read (node/files/contacts.py)."""

    dialect: str
    header: tuple[str, ...]
    guess: tuple[str, ...]

    def entries(self, targets: Sequence[str] = ()) -> Iterator[Entry | Beside]:
        """Each card or row, as `targets` say."""


class Reading(Protocol):
    """The way to the readers of contacts files."""

    def open(self, source: Any, *, name: str, default_region: str, progress: Callable[[int], None]) -> AbstractContextManager[OpenFile]:
        """The file in `source`. Raises UserError with what is wrong with it."""

    def rows(self, header: Sequence[str], targets: Sequence[str], region: str) -> Callable[[int, Sequence[str]], Entry]:
        """How a row of an unknown table is read."""


class ImportRuns(Runs):
    """The contacts files under way in one open vault."""

    def __init__(self, store: Transactions, files: Reading) -> None:
        super().__init__()
        self._store, self._files = store, files

    async def stage(self, source: Source, name: str, region: str, *, ask: bool, size: int = 0) -> bytes:
        """Read a file into the store; its id. `ask`: an unknown table waits for its columns. Raises what is wrong with the file."""
        return await asyncio.to_thread(self._stage, source, name, region, ask, size)

    def _stage(self, source: Source, name: str, region: str, ask: bool, size: int) -> bytes:
        require_size(size)
        run = Run("reading", size)
        with self._files.open(source, name=name, default_region=region, progress=run.tell) as found:
            options = {"dialect": found.dialect, "region": region, "header": found.header, "guess": found.guess, "ask": ask}
            staged: Staged = self._store.write_now(customer_staging.begin_staging, name=name, **options)
            self._runs[staged.id] = run
            try:
                self._add(staged, found.entries(staged.targets))
                run.turn("matching")
                self._store.write_now(customer_staging.end_staging, staged)
            except BaseException:
                self._drop(staged.id)
                raise
            finally:
                self._runs.pop(staged.id, None)
        return staged.id

    async def map_columns(self, staged: bytes, fields: Mapping[str, str]) -> None:
        """Set what columns of an unknown table hold (title → field), remember it, read the rows anew. Raises UserError `bad-mapping`."""
        await asyncio.to_thread(self._map, staged, fields)

    def _map(self, id_: bytes, fields: Mapping[str, str]) -> None:
        staged, targets = self._store.read_now(customer_staging.checked_targets, id_, fields)
        read = self._files.rows(staged.header, targets, staged.region)
        run = self._begin(id_, "mapping")
        try:
            self._store.write_now(customer_staging.begin_mapping, staged)
            last = 0
            while rows := self._store.read_now(customer_staging.originals, staged, last, _BATCH):
                entries = [read(row, cells) for _, row, cells in rows]
                self._store.write_now(customer_staging.add_entries, staged, rows[0][0], entries, anew=True)
                last = rows[-1][0]
                run.tell(last)
            run.turn("matching")
            self._store.write_now(customer_staging.end_staging, customer_staging.mapped(staged))
        except BaseException:
            self._drop(id_)
            raise
        finally:
            self._runs.pop(id_, None)

    async def apply(self, staged: bytes) -> ImportView:
        """Take a file over, in one transaction. Raises what `customer_imports.apply_import` raises, UserError `import-stopped`."""
        return await asyncio.to_thread(self._apply, staged)

    def _apply(self, id_: bytes) -> ImportView:
        run = self._begin(id_, "writing")
        try:
            view: ImportView = self._store.write_now(customer_imports.apply_import, id_, tell=run.tell)
        finally:
            self._runs.pop(id_, None)
        return view

    def _add(self, staged: Staged, entries: Iterable[Entry | Beside]) -> None:
        number = 1
        for batch in _batches(map(import_besides.looked_at, entries)):
            self._store.write_now(customer_staging.add_entries, staged, number, batch)
            number += len(batch)

    def _drop(self, staged: bytes) -> None:
        while not self._store.write_now(customer_staging.drop_some, staged, rows=_DROPPED):
            pass


def _batches(entries: Iterable[Entry | Beside]) -> Iterator[list[Entry | Beside]]:
    """Rows in handfuls, fewer where they are large."""
    batch: list[Entry | Beside] = []
    weight = 0
    for entry in entries:
        batch.append(entry)
        if isinstance(entry, Entry):
            weight += sum(map(len, entry.original)) + len((entry.person and entry.person.photo) or b"")
        if len(batch) >= _BATCH or weight > _MOST_BYTES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch
