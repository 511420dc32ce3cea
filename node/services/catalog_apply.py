"""What was answered, into the catalog file: pages kept until the last is here, then taken together or not at all; what differs, mended.

Every record is read and checked before it is put; the state that they lead to must be the one the checkpoint names.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Protocol

from node.model.catalog import Entry, Fetch, Span
from protocol.brand_plan import check_noun
from protocol.catalog_sync import MOST_ENTRIES, Entries, EntriesRequest, Page, Ranges, RangesRequest, SinceRequest
from protocol.encoding import encode
from protocol.errors import Conflict, Malformed, ProtocolError
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
LEAST_COUNTED = 1 << 16  # bytes, of any answer: one that brings little costs a question as well
MOST_DIFFERENT = 100_000  # entries, and bytes of theirs, that are fetched by number: beyond, packs are cheaper
MOST_DIFFERENT_BYTES = 1 << 26
MOST_ROUNDS = 24
TRIES = 3


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    async def write(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Pages:
    """Pages of an answer, or of two: first of what is new here (`arriving`), then what follows of all. They wait in the file until the last
    is here, so that whoever was cut off or killed goes on after the last that came. `asked` says what the question was, beside `since`.
    """

    def __init__(self, file: CatalogFile, at: Standing, *, since: int, asked: Iterable[bytes] = (), arriving: bool = False) -> None:
        self.anew = since == 0
        """Whether they make the whole feed, whatever is here."""
        self.mixed = False
        """Whether they came under several heads: an offer that moved between them without an entry is in none, or in two."""
        self.last: list[Entry] = []
        self._file = file
        self._at = at
        self._feed = at.row.feed
        self._since = since
        self._fetch = Fetch(encode([since, *asked]), arriving, 0 if arriving else since)
        self._size: int | None = None
        self._raw = b""

    @property
    def reached(self) -> int:
        """How far they lead."""
        return self._fetch.reached

    @property
    def arriving(self) -> bool:
        """Whether they are of what is new here."""
        return self._fetch.arriving

    async def begin(self) -> None:
        """Go on where the same question was broken off; let go of what any other left."""
        found: Fetch | None = await self._file.write(_resume, self._feed, self._fetch.question)
        if found is not None:
            self._fetch, self.mixed = found, True

    async def clear(self) -> None:
        """Let go of them: they don't lead to what was signed."""
        await self._file.write(_unstage, self._feed)

    async def add(self, page: Page, size: int) -> bool:
        """Keep a page under a head of `size`; whether another follows. Raises Malformed, Conflict `too-large`."""
        since, more = self.reached, page.more(self.reached, size)
        rows = await asyncio.to_thread(checked, self._at, page.read(since))
        if more and not rows:
            raise Malformed("a page is empty though more follows", code="bad-page")
        held = self._fetch
        following = replace(held, reached=page.upto, records=held.records + len(rows), size=held.size + max(len(page.rows), LEAST_COUNTED))
        if following.size > MOST_STAGED_BYTES:
            await self.clear()
            raise Conflict(f"the catalog has more than {MOST_STAGED_BYTES >> 20} MB to fetch at once", code="too-large")
        if more:
            await self._file.write(_stage, self._feed, page.rows, following, self.arriving)
        else:
            self.last, self._raw = rows, page.rows
        self.mixed = self.mixed or self._size not in (None, size)
        self._fetch, self._size = following, size
        return more

    async def turn(self) -> None:
        """All of what is new is here, and the question follows what changed of all."""
        self._fetch = replace(self._fetch, arriving=False, reached=self._since)
        await self._file.write(_stage, self._feed, self._raw, self._fetch, True)
        self.last = []


async def take(file: CatalogFile, feed: bytes, pages: Pages, checkpoint: Checkpoint, raw: bytes) -> StateHash:
    """Apply all pages in one transaction; the state they lead to. Raises BadSignature `state-mismatch`: then nothing of them counts."""
    return await settled(pages, file.write(_take, feed, pages.last, pages.anew, checkpoint, raw))


async def settled(pages: Pages, taking: Awaitable[StateHash]) -> StateHash:
    """The state that pages lead to; where it is another than was signed, they are let go of: what comes next begins anew."""
    try:
        return await taking
    except ProtocolError:
        await pages.clear()
        raise


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
    return chain(_waiting(writing, feed, arriving=False), last)


def arriving_of(writing: Writing, feed: bytes) -> Iterable[Entry]:
    """The rows of what is new here."""
    return _waiting(writing, feed, arriving=True)


def _waiting(writing: Writing, feed: bytes, *, arriving: bool) -> Iterator[Entry]:
    return chain.from_iterable(read_rows(unpress(page)) for page in writing.staged(feed, arriving=arriving))


def applied(
    writing: Writing,
    feed: bytes,
    rows: Iterable[Entry],
    checkpoint: Checkpoint,
    raw: bytes,
    shown: Shown | None = None,
    *,
    told: bool = True,
    arriving: Iterable[Entry] = (),
) -> StateHash:
    """Put and remove; the state they lead to, which is the one signed: for the whole feed, or (`shown`) for its sections that are here."""
    state = writing.apply(feed, rows, told=told, arriving=arriving)
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
            if found is None:
                continue
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

    async def _differences(self) -> tuple[Difference | None, bytes]:
        """What differs, and under which head; None where the feed grew on the way."""
        held, found = await self._store.read(live_numbers, self._feed), Difference()
        question: bytes | None = await asyncio.to_thread(begin, held)
        head = b""
        for _ in range(MOST_ROUNDS):
            assert question is not None
            answer: Ranges = await self._ask(RangesRequest(self._feed, question, self._part), Ranges)
            if answer.checkpoint != head:
                await self._store.read(following.check_signed, self._feed, answer.checkpoint)
                if head:
                    return None, answer.checkpoint
            head = answer.checkpoint
            question = await asyncio.to_thread(conclude, held, answer.ranges, found)
            if len(found.missing) + len(found.excess) > MOST_DIFFERENT:
                raise Malformed("too much differs to be fetched by number", code="too-different")
            if question is None:
                return found, head
        raise Malformed("the comparison leads nowhere", code="no-progress")

    async def _missing(self, found: Difference, head: bytes) -> tuple[list[Entry], bytes]:
        rows: list[Entry] = []
        left, room = sorted(found.missing), MOST_DIFFERENT_BYTES
        while left:
            asked = tuple(islice(left, MOST_ENTRIES))
            answer: Entries = await self._ask(EntriesRequest(self._feed, asked), Entries)
            if answer.checkpoint != head:
                await self._store.read(following.check_signed, self._feed, answer.checkpoint)
                return [], answer.checkpoint
            if answer.upto < asked[0]:
                raise Malformed("the answer leads nowhere", code="no-progress")
            came = await asyncio.to_thread(checked, self._at, answer.read(asked))
            room -= max(sum(len(row.record or b"") for row in came), LEAST_COUNTED)
            if room < 0:
                raise Malformed("too much differs to be fetched by number", code="too-different")
            rows += came
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


def _resume(writing: Writing, feed: bytes, question: bytes) -> Fetch | None:
    found = writing.fetch(feed)
    if found is not None and found.question == question:
        return found
    writing.unstage(feed)
    return None


def _stage(writing: Writing, feed: bytes, page: bytes, fetch: Fetch, arriving: bool) -> None:
    writing.stage(feed, page, fetch, arriving=arriving)


def _unstage(writing: Writing, feed: bytes) -> None:
    writing.unstage(feed)
