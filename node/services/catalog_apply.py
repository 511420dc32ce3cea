"""What was answered, into the catalog file: pages kept until the last is here, then taken together or not at all; what differs, mended.

Every record is read and checked before it is put; the state that they lead to must be the one the checkpoint names.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

from node.model.catalog import Entry, Span
from protocol.brand_plan import check_noun
from protocol.catalog_sync import MOST_ENTRIES, Entries, EntriesRequest, Page, Ranges, RangesRequest, SinceRequest
from protocol.errors import Conflict, Malformed
from protocol.feed import check_complete
from protocol.log import Checkpoint
from protocol.operations import Operation, Verb
from protocol.reconcile import Difference, begin, conclude
from protocol.rows import read_rows, unpress
from protocol.sections import Shown, check_sections
from protocol.state_hash import StateHash

from . import catalog_following as following
from .catalog_file import CatalogFile, Writing
from .catalog_following import Standing
from .catalog_serving import live_numbers

MOST_STAGED_BYTES = 1 << 30  # of one feed, compressed, waiting for the rest of an answer
MOST_ROUNDS = 24
TRIES = 3


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    async def write(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Pages:
    """Pages of one answer. `reached` is how far they lead."""

    def __init__(self, file: CatalogFile, at: Standing, *, since: int) -> None:
        self.reached = since
        self.anew = since == 0
        """Whether they make the whole feed, whatever is here."""
        self.last: list[Entry] = []
        self._file = file
        self._at = at
        self._feed = at.row.feed
        self._bytes = 0
        self._raw = b""

    async def clear(self) -> None:
        """Let go of what an earlier answer left."""
        await self._file.write(_unstage, self._feed)

    async def add(self, page: Page, size: int) -> bool:
        """Keep a page under a head of `size`; whether another follows. Raises Malformed, Conflict `too-large`."""
        since, more = self.reached, page.more(self.reached, size)
        rows = await asyncio.to_thread(checked, self._at, page.read(since))
        if more and not rows:
            raise Malformed("a page is empty though more follows", code="bad-page")
        self._bytes += len(page.rows)
        if self._bytes > MOST_STAGED_BYTES:
            raise Conflict(f"the catalog has more than {MOST_STAGED_BYTES >> 20} MB to fetch at once", code="too-large")
        if more:
            await self._file.write(_stage, self._feed, page.rows)
        else:
            self.last, self._raw = rows, page.rows
        self.reached = page.upto
        return more

    async def turn(self, since: int) -> None:
        """All of one answer is here, and another question follows, from `since` on."""
        await self._file.write(_stage, self._feed, self._raw)
        self.last, self.reached = [], since


async def take(file: CatalogFile, feed: bytes, pages: Pages, checkpoint: Checkpoint, raw: bytes) -> StateHash:
    """Apply all pages in one transaction; the state they lead to. Raises BadSignature `state-mismatch`: then nothing of them counts."""
    return await file.write(_take, feed, pages.last, pages.anew, checkpoint, raw)


def _take(writing: Writing, feed: bytes, last: list[Entry], anew: bool, checkpoint: Checkpoint, raw: bytes) -> StateHash:
    if anew:
        writing.apply(feed, [entry._replace(record=None) for entry in writing.slots(feed, Span())], told=False)
        writing.seal(feed, 0, StateHash(), None)  # whatever the state was said to be: nothing is here now
    state = applied(writing, feed, rows_of(writing, feed, last), checkpoint, raw, told=not anew)
    if anew:
        writing.prove(feed, writing.held(feed).sealed)  # each record went into it
    return state


def rows_of(writing: Writing, feed: bytes, last: list[Entry]) -> Iterable[Entry]:
    """The rows of all pages that were kept, and of the last one."""
    return chain(chain.from_iterable(read_rows(unpress(part)) for part in writing.staged(feed)), last)


def applied(
    writing: Writing,
    feed: bytes,
    rows: Iterable[Entry],
    checkpoint: Checkpoint,
    raw: bytes,
    shown: Shown | None = None,
    *,
    told: bool = True,
) -> StateHash:
    """Put and remove; the state they lead to, which is the one signed: for the whole feed, or (`shown`) for its sections that are here."""
    state = writing.apply(feed, rows, told=told)
    if shown is None:
        check_complete(state, checkpoint)
    else:
        check_sections(shown, writing.sections(feed))
    writing.unstage(feed)
    writing.advance(feed, checkpoint.size, raw)
    return state


class Repair:
    """What is here and what its writer signed differ: find by numbers what, and fetch only that."""

    def __init__(self, store: Transactions, file: CatalogFile, at: Standing, ask: Callable[[object, type], Awaitable[Any]]) -> None:
        self._store = store
        self._file = file
        self._at = at
        self._feed = at.row.feed
        self._part = at.row.part
        self._ask = ask

    async def run(self) -> None:
        """Raises BadSignature `state-mismatch` where the same numbers hold something else, Malformed `too-different`, …"""
        for _ in range(TRIES):
            found, head = await self._differences()
            rows, newest = await self._missing(found, head)
            if newest != head:
                continue  # the feed grew on the way
            proving = await self._ask(SinceRequest(self._feed, self._at.row.size, self._at.row.size, None, self._part), Page)
            if proving.checkpoint != head:
                continue
            checkpoint = await self._store.read(following.check_head, self._feed, head, proving.proof, proving.hops or ())
            shown = None
            if self._part is not None:
                shown = await self._store.read(following.check_part, self._feed, self._part, checkpoint, proving.sections)
            state = await self._file.write(_mend, self._feed, found.excess, rows, checkpoint, head, shown)
            signed = proving.sections.head if proving.sections else None
            await self._store.write(following.accept, self._feed, head, state, proving.proof, proving.hops or (), signed)
            return
        raise Conflict("the feed changes faster than it can be compared", code="busy")

    async def _differences(self) -> tuple[Difference, bytes]:
        held, found = await self._store.read(live_numbers, self._feed), Difference()
        question: bytes | None = await asyncio.to_thread(begin, held)
        head = b""
        for _ in range(MOST_ROUNDS):
            assert question is not None
            answer: Ranges = await self._ask(RangesRequest(self._feed, question, self._part), Ranges)
            if head and answer.checkpoint != head:
                return await self._differences()
            head = answer.checkpoint
            question = await asyncio.to_thread(conclude, held, answer.ranges, found)
            if question is None:
                return found, head
        raise Malformed("the comparison leads nowhere", code="no-progress")

    async def _missing(self, found: Difference, head: bytes) -> tuple[list[Entry], bytes]:
        rows: list[Entry] = []
        left = sorted(found.missing)
        while left:
            asked = tuple(islice(left, MOST_ENTRIES))
            answer: Entries = await self._ask(EntriesRequest(self._feed, asked), Entries)
            if answer.checkpoint != head:
                return [], answer.checkpoint
            if answer.upto < asked[0]:
                raise Malformed("the answer leads nowhere", code="no-progress")
            rows += await asyncio.to_thread(checked, self._at, answer.read(asked))
            left = [number for number in left if number > answer.upto]
        return rows, head


def _mend(
    writing: Writing, feed: bytes, excess: list[int], rows: list[Entry], checkpoint: Checkpoint, raw: bytes, shown: Shown | None
) -> StateHash:
    gone = [entry._replace(record=None) for number in excess for entry in _at(writing, feed, number)]
    changed = sorted([*gone, *rows], key=lambda entry: (entry.record is not None, entry.seq))
    return applied(writing, feed, changed, checkpoint, raw, shown)


def _at(writing: Writing, feed: bytes, number: int) -> list[Entry]:
    """What entry `number` put: one record, or many where a feed of before numbers gave it to all."""
    found = []
    for entry in writing.since(feed, number - 1):
        if entry.seq != number:
            break
        if entry.record is not None:
            found.append(entry)
    return found


def checked(at: Standing, rows: Iterator[Entry]) -> list[Entry]:
    """All of them, each record read by the feed's rules. Raises Malformed, Unauthorized `products-only`."""
    found, feed = list(rows), at.row.record
    for row in found:
        feed.read(Operation(Verb(f"{'remove' if row.record is None else 'put'}-{row.noun}"), row.name, row.record))
        if at.brand:
            check_noun(row.noun)
    return found


def _stage(writing: Writing, feed: bytes, rows: bytes) -> None:
    writing.stage(feed, [rows])


def _unstage(writing: Writing, feed: bytes) -> None:
    writing.unstage(feed)
