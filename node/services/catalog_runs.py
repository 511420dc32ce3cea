"""Product files on their way: read into the store, read anew by a mapping, compared with the catalog, confirmed. One thread each.

It leaves nothing of one that failed.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from node.model.listing import ProductRow, Skipped
from node.model.product_import import ProductImport
from node.model.staged import require_size

from . import catalog_imports, catalog_staging
from .catalog_imports import AppliedView
from .catalog_staging import Beginning, Compared
from .runs import Run, Runs, Source, Transactions

_BATCH = 512  # as many as the store inserts by one statement
_CELLS = 500
Found = Iterable[ProductRow | Skipped]


class OpenFile(Protocol):
    """A product file that is being read (node/files/products.py)."""

    name: str
    dialect: str
    header: tuple[str, ...]
    guess: tuple[str, ...]

    @property
    def currency(self) -> str:
        """Of its prices, as far as it was read."""

    def entries(self, targets: Sequence[str] = ()) -> Iterator[ProductRow | Skipped]:
        """Each product, and each row that is not sold."""

    def originals(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Number and cells of each row of an unknown table."""


class Reading(Protocol):
    """The way to the readers of product files."""

    def open(self, source: Any, *, name: str, currency: str, progress: Callable[[int], None]) -> AbstractContextManager[OpenFile]:
        """The file in `source`. Raises UserError with what is wrong with it."""

    def rows(
        self, rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str], targets: Sequence[str], currency: str
    ) -> tuple[Found, Callable[[], str]]:
        """Products of a table's rows as `targets` say, and the currency they turn out to be in."""


class CatalogRuns(Runs):
    """The product files under way in one open vault."""

    def __init__(self, store: Transactions, files: Reading) -> None:
        super().__init__()
        self._store, self._files = store, files

    async def stage(
        self, source: Source, name: str, currency: str, *, withdraw: bool = False, size: int = 0, place: bytes | None = None
    ) -> bytes:
        """Read a file into the store and compare it; its id. Raises what is wrong with the file. `place`: the watched one it is from."""
        return await asyncio.to_thread(self.stage_now, source, name, currency, withdraw, size, place)

    def stage_now(self, source: Source, name: str, currency: str, withdraw: bool, size: int, place: bytes | None) -> bytes:
        """`stage`, for a thread."""
        require_size(size)
        run = Run("reading", size)
        with self._files.open(source, name=name, currency=currency, progress=run.tell) as found:
            known = Beginning(found.name, found.dialect, found.currency, found.header, found.guess, withdraw, place)
            staged: ProductImport = self._store.write_now(catalog_staging.begin_staging, known)
            self._runs[staged.id] = run
            try:
                self._read(run, staged, found)
            except BaseException:
                self._drop(staged.id)
                raise
            finally:
                self._runs.pop(staged.id, None)
        return staged.id

    def _read(self, run: Run, staged: ProductImport, found: OpenFile) -> None:
        if found.header:
            number = 1
            for rows in _pieces(found.originals(), _CELLS):
                self._store.write_now(catalog_staging.add_cells, staged, number, rows)
                number += len(rows)
            if staged.state == "ready":
                self._map_rows(run, staged)
                return
            self._store.write_now(catalog_staging.end_staging, staged)
            return
        seen = self._add(staged, found.entries(), lambda: found.currency)
        self._end(run, replace(staged, currency=found.currency), seen)

    async def map_columns(self, staged: bytes, fields: Mapping[str, str]) -> None:
        """Set what columns of an unknown table hold (title → field), remember it, read the rows anew. Raises UserError `bad-mapping`."""
        await asyncio.to_thread(self._map, staged, fields)

    def _map(self, id_: bytes, fields: Mapping[str, str]) -> None:
        staged = self._store.read_now(catalog_staging.checked_targets, id_, fields)
        run = self._begin(id_, "mapping")
        try:
            self._store.write_now(catalog_staging.begin_mapping, staged)
            self._map_rows(run, staged)
        except BaseException:
            self._drop(id_)
            raise
        finally:
            self._runs.pop(id_, None)

    def _map_rows(self, run: Run, staged: ProductImport) -> None:
        run.turn("mapping")
        entries, currency = self._files.rows(self._cells(run, staged), staged.header, staged.targets, staged.currency)
        seen = self._add(staged, entries, currency)
        self._end(run, replace(staged, currency=currency()), seen)

    def _cells(self, run: Run, staged: ProductImport) -> Iterator[tuple[int, Sequence[str]]]:
        last = 0
        while rows := self._store.read_now(catalog_staging.cells, staged, last, _CELLS):
            yield from ((row, cells) for _, row, cells in rows)
            last = rows[-1][0]
            run.tell(last)

    async def compare(self, staged: bytes, *, withdraw: bool | None = None) -> None:
        """Compare a file with the catalog as it is now; `withdraw` sets whether what the file does not have goes."""
        await asyncio.to_thread(self.compare_now, staged, withdraw)

    def compare_now(self, id_: bytes, withdraw: bool | None = None) -> None:
        """`compare`, for a thread."""
        run = self._begin(id_, "matching")
        try:
            found: ProductImport = self._store.read_now(catalog_staging.find_import, id_, "ready")
            self._judge(run, found if withdraw is None else replace(found, withdraw=withdraw))
        finally:
            self._runs.pop(id_, None)

    def _judge(self, run: Run, staged: ProductImport) -> None:
        run.turn("matching")
        self._store.write_now(catalog_staging.end_staging, replace(staged, state="reading"))
        after = 0
        while after := self._store.write_now(catalog_staging.judge_some, staged.id, after):
            run.tell(after)
        self._store.write_now(catalog_staging.end_judging, staged.id)

    async def apply(self, staged: bytes) -> AppliedView:
        """Sign what a file changes, as one batch. Raises what `catalog_imports.apply_import` raises, UserError `import-stopped`."""
        return await asyncio.to_thread(self.apply_now, staged)

    def apply_now(self, id_: bytes, how: str = "hand") -> AppliedView:
        """`apply`, for a thread. A catalog that changed since the file was compared is compared again, and said. `how`: as a batch."""
        if self._store.read_now(catalog_imports.is_stale, id_):
            self.compare_now(id_)
            self._store.read_now(catalog_imports.refuse_stale)
        run = self._begin(id_, "writing")
        try:
            view: AppliedView = self._store.write_now(catalog_imports.apply_import, id_, tell=run.tell, how=how)
        finally:
            self._runs.pop(id_, None)
        return view

    def put_aside_now(self, id_: bytes) -> None:
        """Let go of a file that waits, for a thread."""
        self._drop(id_)

    def _add(self, staged: ProductImport, entries: Found, currency: Callable[[], str]) -> set[Compared]:
        """Keep products and compare them as they come; with which catalogs that was. While some are written the next are read."""
        number, seen = 1, set[Compared]()
        under_way: Future[Compared] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="product-file") as writing:
            for rows in _pieces(entries, _BATCH):
                if under_way is not None:
                    seen.add(under_way.result())
                known = replace(staged, currency=currency())
                under_way = writing.submit(self._store.write_now, catalog_staging.add_entries, known, number, rows)
                number += len(rows)
        return seen if under_way is None else seen | {under_way.result()}

    def _end(self, run: Run, staged: ProductImport, seen: set[Compared]) -> None:
        if not self._store.write_now(catalog_staging.end_comparing, staged, seen):
            self._judge(run, staged)

    def _drop(self, staged: bytes) -> None:
        self._store.write_now(catalog_staging.let_go, staged)


def _pieces(found: Iterable[Any], size: int) -> Iterator[list[Any]]:
    piece: list[Any] = []
    for item in found:
        piece.append(item)
        if len(piece) >= size:
            yield piece
            piece = []
    if piece:
        yield piece
