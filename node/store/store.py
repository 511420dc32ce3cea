"""The store: one writer thread, a few readers, one transaction a call; and the catalog file beside it. It knows no table and no noun.

A call that is cancelled while it waits its turn never runs; one that has begun runs to its end. There is no third case.
Hooks are called in the writer thread, after the commit and before the caller learns of it.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Concatenate, Generic, ParamSpec, TypeVar

from sqlite_utils import Database

from node.errors import IntegrityError, Locked, NodeError, Unavailable
from node.model.catalog import Brought

from .capture import install
from .catalog_file import CatalogFile, Told, damaged_catalog, quiet
from .catalog_writer import Strayed
from .catching_up import AT_ONCE, carry_over, catch_up, end_along, keep_mark, lag, mark
from .database import ATTACHED, attach_plain, fold_log, open_database, roll_back, verify_pages
from .derived import renew
from .failures import named
from .going_along import Along
from .migrate import migrate
from .rebuilding import Rebuilding
from .unit import CATALOG, Unit

log = logging.getLogger(__name__)

READERS = 2
VERIFIED_BYTES = 128 << 20  # up to here every page is checked at open (0.3 s); beyond, by `check`

PATIENCE_SECONDS = 30.0
"""So long who reads waits for the catalog file to follow what was just signed, where that needs all of it."""

M = TypeVar("M")
P = ParamSpec("P")
R = TypeVar("R")
Hook = Callable[[frozenset[str]], None]


def wall_clock() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


class _Early(Exception):
    """Who only read needed all of a catalog of ours, and the catalog file still `following` what was signed just before."""

    def __init__(self, refusal: Unavailable, following: Future[None]) -> None:
        super().__init__()
        self.refusal, self.following = refusal, following


class Store(Generic[M]):
    """An open store. `me` reaches every unit as `unit.me`."""

    def __init__(
        self,
        writer: Database,
        readers: list[Database],
        catalog: CatalogFile,
        me: M,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._writer = writer
        self._all_readers = readers
        self.catalog = catalog
        """The catalog file, which the store's connections read as well."""
        self._idle: SimpleQueue[Database] = SimpleQueue()
        for reader in readers[1:]:
            self._idle.put(reader)
        self._me = me
        self._clock = clock
        self._entropy = entropy
        self._hooks: list[Hook] = []
        self._closed = False
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._read_threads = ThreadPoolExecutor(len(readers) - 1, thread_name_prefix="store-reader")
        self._rebuilding = Rebuilding(readers[0], catalog, self)
        self._following: Future[None] = Future()
        """Done once the catalog file has followed the last commit that concerns it."""
        self._following.set_result(None)

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        me: M,
        *,
        clock: Callable[[], int] = wall_clock,
        entropy: Callable[[int], bytes] = os.urandom,
        told: Told = quiet,
    ) -> "Store[M]":
        """Open, check and migrate the store at `path`, making it where it is missing, and what is derived in it where it is stale. `told`
        hears how far the check of the catalog file is, which may be large. Where that file is far behind our own logs it follows
        afterwards, beside all else (ADR 0077).

        Raises what `open_database`, `verify_pages` and `migrate` raise; nothing stays open then.
        """
        opened: list[Database | CatalogFile] = []
        try:
            writer = open_database(path, key)
            opened.append(writer)
            if path.stat().st_size <= VERIFIED_BYTES and fold_log(writer):
                verify_pages(writer)
            catalog = CatalogFile.open(path, mark(writer), clock, told)
            opened.insert(0, catalog)
            _prepare(writer, catalog, clock())
            readers = [open_database(path, key, readonly=True) for _ in range(1 + READERS)]  # the first for what is rebuilt
            opened.extend(readers)
            for reader in readers:
                attach_plain(reader, catalog.path)
            behind = not _follows(writer, catalog)
        except BaseException:
            for database in reversed(opened):
                database.close()
            raise
        store = cls(writer, readers, catalog, me, clock, entropy)
        if behind:
            store._rebuilding.start()
        return store

    def after_commit(self, hook: Hook) -> None:
        """Have `hook` called with the topics touched, after each commit that touched any. It must not block or raise."""
        self._hooks.append(hook)

    async def write(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn(unit, …)` in one transaction: when this returns, it is on the disk; when it raises, nothing is."""
        return await asyncio.wrap_future(self._submit_write(fn, *args, **kwargs))

    async def write_each(self, fns: Sequence[Callable[[Unit[M]], object]]) -> list[Exception | None]:
        """Run one right after the other; what each raised. One that fails is nothing to the others, which are in one transaction unless
        one fails: an idle node does little else than begin and end them.
        """
        self._must_be_open()
        return await asyncio.wrap_future(self._write_thread.submit(self._transact_each, fns))

    async def read(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn(unit, …)` on one consistent snapshot; writing there is an error. What needs all of a catalog of ours, while the catalog
        file follows what was just signed, is run again once it has: as who writes waits for it.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await asyncio.wrap_future(self._submit_read(fn, *args, **kwargs))
            except _Early as early:
                try:
                    await asyncio.wait_for(asyncio.wrap_future(early.following), until - time.monotonic())
                except TimeoutError:
                    raise early.refusal from None

    def write_now(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`write` for a thread without an asyncio loop."""
        return self._submit_write(fn, *args, **kwargs).result()

    def read_now(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read` for a thread without an asyncio loop."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._submit_read(fn, *args, **kwargs).result()
            except _Early as early:
                if not wait([early.following], timeout=until - time.monotonic()).done:
                    raise early.refusal from None

    async def check(self) -> None:
        """Check every page's authentication code. Raises IntegrityError `damaged`."""
        await self.read(lambda unit: verify_pages(unit.db))

    async def fold(self) -> None:
        """Fold the write-ahead log into the file and empty it, so that what was erased is in neither."""
        self._must_be_open()
        await asyncio.wrap_future(self._write_thread.submit(self._fold))

    def close(self) -> None:
        """Let what has begun end, refuse the rest, fold the write-ahead log into the file. Once is enough, twice is fine."""
        self._closed = True
        self._rebuilding.stop()
        self._write_thread.shutdown(cancel_futures=True)
        self._rebuilding.wait()
        self._read_threads.shutdown(cancel_futures=True)
        if self._all_readers:
            self._end()

    def _end(self) -> None:
        for database in self._all_readers:
            database.close()
        self._all_readers = []
        try:
            with named():
                self._writer.execute(f"DETACH {ATTACHED}")
                keep_mark(self._writer, self.catalog.close())
        except Unavailable as error:  # then the catalog file is checked when it is opened next
            log.warning("how the catalogs were left could not be noted: %s", error)
        finally:
            self._writer.close()

    def _submit_write(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        self._must_be_open()
        return self._write_thread.submit(self._transact, lambda unit: fn(unit, *args, **kwargs))

    def _submit_read(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        self._must_be_open()
        return self._read_threads.submit(self._look, lambda unit: fn(unit, *args, **kwargs))

    def _must_be_open(self) -> None:
        if self._closed:
            raise Locked("The store is closed: unlock first.")

    def _transact(self, body: Callable[[Unit[M]], R]) -> R:
        following: Future[None] = Future()
        following.set_running_or_notify_cancel()  # who gives up waiting does not end it
        try:
            return self._transact_followed(body, following)
        finally:
            following.set_result(None)

    def _transact_followed(self, body: Callable[[Unit[M]], R], following: Future[None]) -> R:
        database = self._writer
        unit = self._unit(database)
        with self._said():
            database.execute("BEGIN IMMEDIATE")
            try:
                result = body(unit)
                if CATALOG in unit.topics:
                    self._following = following  # before anybody sees what is committed
                database.execute("COMMIT")
            except BaseException:
                roll_back(database)
                if CATALOG in unit.topics and unit.catalog.along is not None:
                    unit.catalog.along.drop()
                raise
        topics = frozenset(unit.topics)
        brought, along = (unit.catalog.brought, unit.catalog.along) if CATALOG in topics else ({}, None)
        del unit  # what it knows of a large transaction need not lie in memory while the catalog file follows
        if CATALOG in topics:
            self._catch_up(brought, along)
        if topics:
            self._call(topics)
        return result

    def _call(self, topics: frozenset[str]) -> None:
        for hook in self._hooks:
            hook(topics)

    def _transact_each(self, bodies: Sequence[Callable[[Unit[M]], object]]) -> list[Exception | None]:
        try:
            self._transact(lambda unit: [body(unit) for body in bodies])
        except Exception:  # noqa: BLE001  whose it is shows when each runs by itself
            return self._transact_one_by_one(bodies)
        return [None] * len(bodies)

    def _transact_one_by_one(self, bodies: Sequence[Callable[[Unit[M]], object]]) -> list[Exception | None]:
        raised: list[Exception | None] = []
        for body in bodies:
            try:
                self._transact(body)
            except Exception as error:  # noqa: BLE001  told to the caller
                raised.append(error)
            else:
                raised.append(None)
        return raised

    def _catch_up(self, brought: Mapping[bytes, Brought], along: Along | None) -> None:
        """The catalog file follows before the caller learns of the commit; where it can't now, as soon as it can."""
        try:
            if along is not None:
                self._end_along(along, brought)
            catch_up(self._writer, self.catalog, own=not self._rebuilding.is_under_way, brought=brought)
        except (Strayed, NodeError) as error:
            log.warning("the catalog file is behind: %s", error)
            self._rebuilding.start()

    def _end_along(self, along: Along, brought: Mapping[bytes, Brought]) -> None:
        try:
            if along.has_begun and not self._rebuilding.is_under_way:  # what is rebuilt has one writer
                end_along(self._writer, along, brought)
        finally:
            along.drop()  # unless it has ended: the file's writer waits for its word

    def end_rebuilding(self) -> None:
        """What is left, where nobody writes meanwhile. From then on the file follows each commit again. For the thread that rebuilds it."""
        self._in_writer(self._rebuilt)

    def tell(self) -> None:
        """What keeps the catalog file from following is another than before, or gone. For the thread that rebuilds it."""
        self._in_writer(lambda: self._call(frozenset({"changes"})))

    def _in_writer(self, work: Callable[[], None]) -> None:
        try:
            done = self._write_thread.submit(work)
        except RuntimeError:  # a store that closes shuts the thread down at any time
            raise Locked("The store is closed: unlock first.") from None
        done.result()

    def _rebuilt(self) -> None:
        catch_up(self._writer, self.catalog)
        self.catalog.obstacle = None
        self._rebuilding.is_under_way = False
        self._call(frozenset({CATALOG, "changes"}))

    def _fold(self) -> None:
        with named():
            self._writer.execute("PRAGMA main.wal_checkpoint(TRUNCATE)").fetchall()  # the catalog file is read only here

    def _look(self, body: Callable[[Unit[M]], R]) -> R:
        database, before = self._idle.get(), self._following
        try:
            with self._said():
                database.execute("BEGIN")
                unit = self._unit(database)
                try:
                    return body(unit)
                except Unavailable as refusal:
                    following = self._following
                    if not unit.catalog.has_missed or (following is before and before.done()):
                        raise
                    raise _Early(refusal, following) from None
                finally:
                    roll_back(database)
        finally:
            self._idle.put(database)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """A damaged page may be the catalog file's, which can be made again; the store's can't."""
        try:
            with named():
                yield
        except IntegrityError as error:
            if error.code == "damaged" and self.catalog.is_damaged():
                raise damaged_catalog() from error
            raise

    def _unit(self, database: Database) -> Unit[M]:
        exact = database is self._writer or self._rebuilding.is_under_way
        return Unit(database, self._clock(), self._me, self._entropy, self.catalog, exact=exact)


def _follows(writer: Database, catalog: CatalogFile) -> bool:
    """Bring the catalog file up to the store, if there is little to do and nothing in the way; else its own part follows afterwards."""
    little = lag(writer) <= AT_ONCE
    try:
        catch_up(writer, catalog, own=little)
    except (Strayed, NodeError) as error:
        log.warning("the catalog file is behind: %s", error)
        return False
    return little


def _prepare(writer: Database, catalog: CatalogFile, now: int) -> None:
    """Bring schema and what is derived up to this program."""
    attach_plain(writer, catalog.path)
    carry_over(writer, catalog)
    migrate(writer, now)
    install(writer)
    renew(writer, now)
