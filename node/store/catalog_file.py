"""The catalog file (ADR 0060): opened, checked, made anew where it is damaged, and written by one thread of its own.

It stands beside the store and belongs to it: a store is never open without it. It knows no noun and no key.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlcipher3 import dbapi2
from sqlite_utils import Database

from node.errors import IntegrityError, Locked, UserError
from node.model.catalog import Held, Obstacle, Span
from protocol.errors import Malformed
from protocol.operations import element
from protocol.product import product_id
from protocol.sections import Division
from protocol.state_hash import StateHash

from .catalog_columns import offer_columns, title_of
from .catalog_feeds import FileFeeds
from .catalog_sections import FileSections
from .catalog_writer import FileWriter
from .database import open_plain, roll_back
from .failures import named
from .migrate import migrate, shipped

R = TypeVar("R")
Told = Callable[[int, int], None]
"""Told how many rows of how many are checked while the file is opened; 0 of 0 where nobody knows."""
TOLD_ROWS = 5_000
FULLY_CHECKED_BYTES = 64 << 20
MERGED_PAGES = 500
"""What one step of putting the search index in order writes."""
_MISLISTED = (
    "SELECT 1 FROM listings AS l JOIN products AS p ON p.id = l.goods WHERE NOT l.varies AND (l.low, l.high, l.stock, l.offers) IS NOT "
    "(SELECT coalesce(min(price), 0), coalesce(max(price), 0), coalesce(min(stock), 0), count(*) FROM offers AS o "
    "WHERE o.product = p.product AND o.feed = l.feed) LIMIT 1"
)


def quiet(_done: int, _of: int) -> None:
    """Nobody listens."""


def file_of(store: Path) -> Path:
    """Where the catalog file of a store is."""
    return store.with_name(f"{store.stem}-catalog.db")


def files_of(store: Path) -> tuple[Path, ...]:
    """The catalog file of a store and what the engine keeps beside it."""
    path = file_of(store)
    return path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))


class CatalogFile:
    """The port `CatalogFile`. `mended` says that it had to be made anew."""

    def __init__(self, path: Path, database: Database, clock: Callable[[], int], *, mended: bool) -> None:
        self.path = path
        self.mended = mended
        self.obstacle: Obstacle | None = None
        """What keeps it from following the store's own logs."""
        self._clock = clock
        self._db = database
        self._closed = False
        self._written = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalog-writer")

    @classmethod
    def open(cls, store: Path, mark: int, clock: Callable[[], int], told: Told = quiet) -> "CatalogFile":
        """Open the file of the store at `store`, making it where it is missing. Where it isn't as `close` left it (`mark`, 0 = nothing is
        known), all of it is checked, and what is damaged is made anew, empty: whoever opens it fills it again. A large one that a killed
        node left has its pages checked only: the engine sees to it that a kill leaves whole transactions. `told` hears how far a
        long check is.
        """
        path = file_of(store)
        there = path.is_file() and path.stat().st_size > 0
        untouched = there and mark_of(path) == mark
        briefly = _has_log(path) and path.stat().st_size > FULLY_CHECKED_BYTES
        database = _opened(path, clock())
        if there and database is not None and (untouched or sound(database, briefly=briefly, told=told)):
            return cls(path, database, clock, mended=False)
        if there or database is None:
            if database is not None:
                database.close()
            for file in files_of(store):
                file.unlink(missing_ok=True)
            database = _made(path, clock())
        return cls(path, database, clock, mended=there or mark != 0)

    async def write(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(writing, …)` in one transaction of the file."""
        return await asyncio.wrap_future(self._submit(fn, *args))

    def write_now(self, fn: Callable[..., R], /, *args: Any) -> R:
        """`write` for a thread without an asyncio loop, also from inside a transaction of the store."""
        return self._submit(fn, *args).result()

    def write_soon(self, fn: Callable[..., R], /, *args: Any) -> Future[R]:
        """`write_now` for who does something else meanwhile."""
        return self._submit(fn, *args)

    def reserve(self, fn: Callable[..., R], /, *args: Any) -> Future[R]:
        """Run `fn(…)` in the thread of the file's writer, outside a transaction: nobody of this process writes to the file meanwhile."""
        self._written += 1
        return self._queue(fn, *args)

    def look_now(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(feeds, …)` on a snapshot of the file alone, over a connection of its own."""
        if self._closed:
            raise Locked("The store is closed: unlock first.")
        with self._said():
            database = open_plain(self.path, readonly=True)
            try:
                database.execute("BEGIN")
                return fn(FileFeeds(database), *args)
            finally:
                database.close()

    async def merge(self) -> bool:
        """Put the search index in better order, a bounded step of it; False when there is nothing left to do."""
        return await asyncio.wrap_future(self._queue(self._transact, _merge))

    async def renew(self) -> int:
        """Reckon some listings anew that are not as they should be by now; of how many products, 0 once nothing is left."""
        renewed: int = await asyncio.wrap_future(self._queue(self._transact, _renew))
        self._written += renewed > 0
        return renewed

    async def fold(self) -> None:
        """Bring what the engine's log holds into the file, so that whoever writes next need not."""
        await asyncio.wrap_future(self._queue(self._fold))

    @property
    def written(self) -> int:
        """How many transactions there were, but for those that keep the file in order."""
        return self._written

    async def sweep(self) -> bool:
        """Take away some rows of feeds that are let go; False when there is nothing left to do."""
        return await self.write(_sweep)

    def is_damaged(self) -> bool:
        """Whether its pages are not as they were written. Then it is looked at whole at the next start, whatever the folder says of it."""
        database = open_plain(self.path, readonly=True)
        try:
            damaged = not sound(database, briefly=True)
        finally:
            database.close()
        if damaged:
            self._distrust()
        return damaged

    def _distrust(self) -> None:
        os.utime(self.path, ns=(0, 0))

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What the engine finds wrong with a page is this file's, and it can be made again."""
        try:
            with named():
                yield
        except IntegrityError as error:
            if error.code != "damaged":
                raise
            self._distrust()
            raise damaged_catalog() from error

    def hinder(self, code: str) -> None:
        """It does not follow for now, for this reason."""
        if self.obstacle is None or self.obstacle.code != code:
            self.obstacle = Obstacle(code, self._clock())

    def close(self) -> int:
        """Let what has begun end, refuse the rest; the mark of the file as it is left, once no other connection has it open."""
        self._closed = True
        self._thread.shutdown(cancel_futures=True)
        self._db.close()
        return mark_of(self.path)

    def _submit(self, fn: Callable[..., R], *args: Any) -> Future[R]:
        self._written += 1
        return self._queue(self._transact, fn, *args)

    def _queue(self, work: Callable[..., R], *args: Any) -> Future[R]:
        if self._closed:
            raise Locked("The store is closed: unlock first.")
        return self._thread.submit(work, *args)

    def _fold(self) -> None:
        with named():
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _transact(self, fn: Callable[..., R], *args: Any) -> R:
        with self._said():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                result = fn(FileWriter(self._db, self._clock()), *args)
                self._db.execute("COMMIT")
            except BaseException:
                roll_back(self._db)
                raise
        return result


def damaged_catalog() -> IntegrityError:
    """What is said of it while it is open."""
    text = (
        "The file of catalogs is damaged: its bytes are not what was written. Nothing of yours is in it. Stop the node and start it again: "
        "it makes the file anew, and fetches what shops sent."
    )
    return IntegrityError(text, code="catalog-damaged")


def mark_of(path: Path) -> int:
    """A number that changes with the file: 0 while the engine keeps a log beside it, for then it was not closed."""
    if _has_log(path):
        return 0
    found = path.stat()
    return found.st_mtime_ns ^ found.st_size


def _has_log(path: Path) -> bool:
    return path.with_name(path.name + "-wal").exists()


def sound(database: Database, *, briefly: bool = False, told: Told = quiet) -> bool:
    """Whether the file is as it was written: its pages; then its index, its columns, and every feed's records against their state."""
    told(0, 0)
    try:
        if briefly:
            return bool(database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            return False
        database.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        if database.execute(_MISLISTED).fetchone():
            return False
        return all(
            _leads_to(database, held, told) and _is_columned(database, held) and _adds_up(database, held)
            for held in FileFeeds(database).all_held()
        )
    except (dbapi2.DatabaseError, Malformed, ValueError):
        return False


def _leads_to(database: Database, held: Held, told: Told) -> bool:
    if database.execute("SELECT load FROM heads WHERE feed = ?", (held.feed,)).fetchone()[0] is not None or held.sealed is not None:
        return True  # packs are under way, or nobody has reckoned yet what they brought: that is said when it is
    state, pending, done = StateHash(), FileFeeds(database).slots(held.feed, Span()), 0
    while batch := list(islice(pending, TOLD_ROWS)):
        state = state.change(added=[element((entry.noun, entry.name), entry.record) for entry in batch if entry.record])
        done += len(batch)
        told(done, held.products + held.offers)
    return state == held.state


def _is_columned(database: Database, held: Held) -> bool:
    """Whether the columns say what the records say."""
    key = FileFeeds(database).key(held.feed)
    goods = database.execute("SELECT title, product, record FROM products WHERE feed = ?", (key,))
    if any((title, product) != (title_of(record), product_id(record)) for title, product, record in goods):
        return False
    offers = database.execute("SELECT product, price, stock, record FROM offers WHERE feed = ?", (key,))
    return all(tuple(columns) == offer_columns(record) for *columns, record in offers)


def _adds_up(database: Database, held: Held) -> bool:
    """Whether the sections, where they are kept, are all of the feed."""
    sections, key = FileSections(database), FileFeeds(database).key(held.feed)
    if database.execute("SELECT load FROM heads WHERE id = ?", (key,)).fetchone()[0] is not None:
        return True
    for division in Division if held.divided else ():
        found = sections.states(key, division).values()
        if not found and held.part is not None:
            continue
        sql = "SELECT (SELECT count(*) FROM others WHERE feed = ?) + products + offers FROM heads WHERE id = ?"
        records = database.execute(sql, (key, key)).fetchone()[0]
        state = reduce(StateHash.plus, (state for _, state in found), StateHash())
        if (sum(count for count, _ in found), state) != (records, held.state):
            return False
    return True


def _opened(path: Path, now: int) -> Database | None:
    """The file at this program's schema; None for what is no database, a damaged one, or one of a newer program."""
    try:
        return _made(path, now)
    except IntegrityError:
        return None
    except UserError as error:
        if error.code != "newer-schema":
            raise
        return None


def _made(path: Path, now: int) -> Database:
    database = open_plain(path)
    try:
        migrate(database, now, shipped("catalog_migrations"))
        with named():
            _begin_renewing(database, now)
    except BaseException:
        database.close()
        raise
    return database


def _sweep(writer: FileWriter) -> bool:
    going = writer.going()
    if going:
        writer.forget_some(going[0])
    return bool(going)


def _begin_renewing(database: Database, now: int) -> None:
    """What a migration asks for, if it is little; else the rest follows while the file is in use. Migrations write `renewals` alone: how
    many wait is counted here. Raises IntegrityError `catalog-damaged` where the counter is gone.
    """
    found = database.execute("SELECT (SELECT count(*) FROM renewals), waiting FROM renewing").fetchone()
    if found is None:
        raise damaged_catalog()
    waiting, counted = found
    if not waiting and waiting == counted:
        return
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE renewing SET waiting = (SELECT count(*) FROM renewals)")
    if waiting:
        FileWriter(database, now).renew()
    database.execute("COMMIT")


def _renew(writer: FileWriter) -> int:
    return writer.renew()


def _merge(writer: FileWriter) -> bool:
    return writer.merge(MERGED_PAGES)
