"""The store: one writer thread, a few readers, one transaction a call. It knows no table and no noun.

A call that is cancelled while it waits its turn never runs; one that has begun runs to its end. There is no third case.
Hooks are called in the writer thread, after the commit and before the caller learns of it.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Concatenate, Generic, ParamSpec, TypeVar

from sqlite_utils import Database

from node.errors import Locked

from .capture import install
from .database import fold_log, open_database, verify_pages
from .derived import renew
from .failures import named
from .migrate import migrate
from .unit import Unit

READERS = 2
VERIFIED_BYTES = 128 << 20  # up to here every page is checked at open (0.3 s); beyond, by `check`

M = TypeVar("M")
P = ParamSpec("P")
R = TypeVar("R")
Hook = Callable[[frozenset[str]], None]


def wall_clock() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


class Store(Generic[M]):
    """An open store. `me` reaches every unit as `unit.me`."""

    def __init__(
        self,
        writer: Database,
        readers: list[Database],
        me: M,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._writer = writer
        self._all_readers = readers
        self._idle: SimpleQueue[Database] = SimpleQueue()
        for reader in readers:
            self._idle.put(reader)
        self._me = me
        self._clock = clock
        self._entropy = entropy
        self._hooks: list[Hook] = []
        self._closed = False
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._read_threads = ThreadPoolExecutor(len(readers), thread_name_prefix="store-reader")

    @classmethod
    def open(
        cls,
        path: Path,
        key: bytes,
        me: M,
        *,
        clock: Callable[[], int] = wall_clock,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> "Store[M]":
        """Open, check and migrate the store at `path`, making it where it is missing, and what is derived in it where it is stale.

        Raises what `open_database`, `verify_pages` and `migrate` raise; nothing stays open then.
        """
        opened: list[Database] = []
        try:
            writer = open_database(path, key)
            opened.append(writer)
            if path.stat().st_size <= VERIFIED_BYTES and fold_log(writer):
                verify_pages(writer)
            migrate(writer, clock())
            install(writer)
            renew(writer, clock())
            opened.extend(open_database(path, key, readonly=True) for _ in range(READERS))
        except BaseException:
            for database in opened:
                database.close()
            raise
        return cls(writer, opened[1:], me, clock, entropy)

    def after_commit(self, hook: Hook) -> None:
        """Have `hook` called with the topics touched, after each commit that touched any. It must not block or raise."""
        self._hooks.append(hook)

    async def write(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn(unit, …)` in one transaction: when this returns, it is on the disk; when it raises, nothing is."""
        return await asyncio.wrap_future(self._submit_write(fn, *args, **kwargs))

    async def read(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn(unit, …)` on one consistent snapshot; writing there is an error."""
        return await asyncio.wrap_future(self._submit_read(fn, *args, **kwargs))

    def write_now(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`write` for a thread without an asyncio loop."""
        return self._submit_write(fn, *args, **kwargs).result()

    def read_now(self, fn: Callable[Concatenate[Unit[M], P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`read` for a thread without an asyncio loop."""
        return self._submit_read(fn, *args, **kwargs).result()

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
        self._write_thread.shutdown(cancel_futures=True)
        self._read_threads.shutdown(cancel_futures=True)
        for database in (*self._all_readers, self._writer):
            database.close()

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
        database = self._writer
        with named():
            database.execute("BEGIN IMMEDIATE")
            try:
                unit = self._unit(database)
                result = body(unit)
                database.execute("COMMIT")
            except BaseException:
                database.rollback()
                raise
        if unit.topics:
            topics = frozenset(unit.topics)
            for hook in self._hooks:
                hook(topics)
        return result

    def _fold(self) -> None:
        with named():
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _look(self, body: Callable[[Unit[M]], R]) -> R:
        database = self._idle.get()
        try:
            with named():
                database.execute("BEGIN")
                try:
                    return body(self._unit(database))
                finally:
                    database.rollback()
        finally:
            self._idle.put(database)

    def _unit(self, database: Database) -> Unit[M]:
        return Unit(database, self._clock(), self._me, self._entropy)
