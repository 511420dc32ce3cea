"""Contacts files on their way: read into the store, read anew by another mapping, taken over. One thread each, the event loop does nothing.

It knows how far each is, stops one when the person says so, and leaves nothing of one that failed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from node.errors import NodeError, Unavailable, UserError
from node.model.export import Beside
from node.model.person import Entry
from node.model.staged import Staged, require_size

from . import customer_imports, customer_staging, import_besides
from .customer_imports import ImportView

_BATCH = 500
_DROPPED = 5000
_MOST_BYTES = 8_000_000
_MOST_FAILURES = 8
_T = TypeVar("_T")


class Source(Protocol):
    """What can be read forward once."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


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


class Transactions(Protocol):
    """The store, for a thread."""

    def read_now(self, run: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Run on a snapshot."""

    def write_now(self, run: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Run in one transaction."""


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far a file is. phase: reading (bytes), mapping, matching, writing (rows), or "" when it rests. `total` 0: unknown."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FailureView:
    """A file that was given up, and why."""

    name: str
    code: str
    reason: str


class Run:
    """One file under way."""

    def __init__(self, phase: str, total: int) -> None:
        self.phase, self.done, self.total = phase, 0, total
        self.stopped = False

    def tell(self, done: int, total: int | None = None) -> None:
        """It is so far. Raises UserError `import-stopped` once it is to stop."""
        if self.phase == "reading":
            require_size(done)
        self.done = done
        self.total = self.total if total is None else total
        if self.stopped:
            raise UserError("Stopped. Nothing of the file was kept.", code="import-stopped")

    def turn(self, phase: str, total: int = 0) -> None:
        """Begin the next phase."""
        self.phase, self.total = phase, total
        self.tell(0)


class ImportRuns:
    """The files under way in one open vault."""

    def __init__(self, store: Transactions, files: Reading) -> None:
        self._store, self._files = store, files
        self._runs: dict[bytes, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failures: deque[FailureView] = deque(maxlen=_MOST_FAILURES)
        """Files that were given up while nobody waited for them; the page shows and empties it."""

    # --- how far

    def progress(self, staged: bytes) -> ProgressView:
        """How far a file is."""
        run = self._runs.get(staged)
        return ProgressView(run.phase, run.done, run.total) if run else ProgressView("", 0, 0)

    async def stop(self, staged: bytes) -> None:
        """Stop what is under way with a file and put it aside. One that is being written stays: nothing of it is written then."""
        run = self._runs.get(staged)
        if run is not None:
            run.stopped = True
        if run is None or run.phase != "writing":
            await asyncio.to_thread(self._drop, staged)

    def stop_all(self) -> None:
        """The vault closes: whatever is under way ends at its next step."""
        for run in self._runs.values():
            run.stopped = True

    def background(self, work: Coroutine[Any, Any, _T], name: str) -> "asyncio.Task[_T]":
        """Go on with `work` though nobody waits; if it fails then, it is told on the page under `name`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(done: "asyncio.Task[_T]") -> None:
            self._tasks.discard(done)
            error = None if done.cancelled() else done.exception()
            if isinstance(error, NodeError) and error.code != "import-stopped":
                self.failures.append(FailureView(name, error.code, str(error)))

        task.add_done_callback(ended)
        return task

    # --- the work

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
        self._drop(id_)
        return view

    def _begin(self, staged: bytes, phase: str) -> Run:
        run = Run(phase, 0)
        if self._runs.setdefault(staged, run) is not run:
            raise Unavailable("Something is being done with this file already. Wait until it is done.", code="import-busy")
        return run

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
