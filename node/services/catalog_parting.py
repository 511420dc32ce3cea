"""A feed followed in part: what is no longer chosen is let go of, what is chosen anew is fetched by itself, then what changed of all.

What came waits in the file until the last page is here, so that whoever was cut off goes on, and is taken together, once each section is
what its writer signed; nothing of another section is taken. From a part to all only what isn't here is fetched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from node.model.catalog import Span
from protocol.catalog_sync import Page, SinceRequest, Unchanged
from protocol.codec import to_bytes
from protocol.errors import BadSignature, Malformed, ProtocolError
from protocol.log import Checkpoint
from protocol.sections import Part, Shown
from protocol.state_hash import StateHash

from . import catalog_following as following
from .brand_plans import BrandsUnit
from .catalog_apply import Pages, Repair, Transactions, applied, arriving_of, rows_of, settled
from .catalog_file import CatalogFile, Writing
from .catalog_following import Standing
from .catalog_packs import PackFiles

Ask = Callable[..., Awaitable[Any]]
_NEEDS_ALL = frozenset({"state-mismatch", "too-different"})


@dataclass(frozen=True, slots=True)
class _Answer:
    """The last page of a question: the head it stands under, and what the sections asked for hold there."""

    raw: bytes
    proof: Sequence[bytes]
    checkpoint: Checkpoint
    shown: Shown | None
    head: bytes | None


async def narrow(store: Transactions, file: CatalogFile, files: PackFiles, feed: bytes) -> None:
    """Let go of what is here and not chosen any more, where what is here is right; nobody is asked for it."""
    at: Standing | None = await store.read(_in_part, feed)
    if at is None or at.row.part is None or at.begun or at.size != at.row.size or at.size == 0 or at.held == at.row.part:
        return
    part = at.row.part
    if at.held is None:
        await file.write(_narrow, feed, part)
        await asyncio.to_thread(files.forget, feed)
    elif at.held.division is part.division:
        kept = {*(name for name in at.held.names if part.covers(name)), *(name for name in part.names if at.held.covers(name))}
        if kept and kept != set(at.held.names):
            await file.write(_narrow, feed, Part(part.division, tuple(sorted(kept))))


class Parting:
    """One feed's chosen sections, brought up to its newest head. `ask` is for the peer that writes it."""

    def __init__(self, store: Transactions, file: CatalogFile, feed: bytes, ask: Ask) -> None:
        self._store = store
        self._file = file
        self._feed = feed
        self._ask = ask

    async def run(self) -> None:
        """Raises NodeError (nobody there, …), ProtocolError (what was answered cannot be right: nothing of it counts)."""
        at: Standing = await self._store.read(following.standing, self._feed)
        try:
            await self._update(at, anew=_is_new(at))
        except (BadSignature, Malformed) as error:
            if error.code != "state-mismatch" or _is_new(at):
                raise
            await self._mend(at)

    async def complete(self, at: Standing) -> None:
        """All of a feed of which a part is here: what isn't is fetched, then what follows of all. Raises as `run`."""
        assert at.held is not None
        pages = Pages(self._file, at, since=at.size, asked=(to_bytes(at.held), b"all"), arriving=True)
        await pages.begin()
        if pages.arriving:
            await self._read(at, pages, None, but=at.held)
            await pages.turn()
        answer = await self._read(at, pages, None)
        assert answer is not None
        state = await settled(pages, self._file.write(_complete, self._feed, pages, answer))
        await self._store.write(following.accept, self._feed, answer.raw, state, answer.proof)

    async def _update(self, at: Standing, *, anew: bool, again: bool = False) -> None:
        """Fetch sections that are new here from their beginning, then what follows of all; take it together."""
        part = at.row.part
        assert part is not None
        added = () if anew or at.held is None else tuple(name for name in part.names if not at.held.covers(name))
        asked = (to_bytes(part), *(name.encode() for name in added))
        pages = Pages(self._file, at, since=0 if anew else at.size, asked=asked, arriving=bool(added))
        await pages.begin()
        if pages.arriving:
            await self._read(at, pages, Part(part.division, added), but=at.held)
            await pages.turn()
        answer = await self._read(at, pages, part, head=at.row.checkpoint_id if at.current and not anew else None)
        if answer is None:
            await self._store.write(following.accept, self._feed)
            return
        try:
            state = await settled(pages, self._file.write(_take, self._feed, pages, part, answer))
        except BadSignature as error:
            if error.code != "state-mismatch" or not anew or not pages.mixed or again:
                raise
            await self._update(at, anew=True, again=True)  # an offer may have moved without an entry between the heads of two pages
            return
        await self._store.write(following.accept, self._feed, answer.raw, state, answer.proof, (), answer.head)

    async def _read(
        self, at: Standing, pages: Pages, part: Part | None, *, but: Part | None = None, head: bytes | None = None
    ) -> _Answer | None:
        """All pages of one question that are still to come; None where nothing changed since `head`."""
        told = False
        while True:
            page = await self._ask(SinceRequest(self._feed, pages.reached, at.row.size, head, part, but), Page, Unchanged)
            if isinstance(page, Unchanged):
                if head is None:
                    raise Malformed("nothing is said to have changed, of what was never held", code="unexpected-reply")
                return None
            checkpoint = await self._store.read(following.check_head, self._feed, page.checkpoint, page.proof)
            shown = None
            if part is not None:
                shown = await self._store.read(following.check_part, self._feed, part, checkpoint, page.sections)
            if shown is not None and not told and (at.size == 0 or pages.arriving):
                told = True
                await self._store.write(following.begin_load, self._feed, sum(count for count, _ in shown.held.values()))
            if not await pages.add(page, checkpoint.size):
                return _Answer(page.checkpoint, page.proof, checkpoint, shown, page.sections.head if page.sections else None)

    async def _mend(self, at: Standing) -> None:
        """First by what differs, then all of the part."""
        if at.held == at.row.part:
            try:
                await Repair(self._store, self._file, at, self._ask).run()
            except ProtocolError as error:
                if error.code not in _NEEDS_ALL:
                    raise
            else:
                return
        await self._update(await self._store.read(following.standing, self._feed), anew=True)


def _in_part(unit: BrandsUnit, feed: bytes) -> Standing | None:
    """How far we are with a feed of which a part was chosen, None for any other, and for one whose packs are not reckoned yet."""
    row = unit.catalog.feed(feed)
    if row is None or row.part is None or row.closed or unit.catalog.held(feed).sealed is not None:
        return None
    return following.standing(unit, feed)


def _is_new(at: Standing) -> bool:
    """Whether nothing that is here is of use: it has to be fetched from its beginning."""
    assert at.row.part is not None
    return at.begun or at.size == 0 or at.held is None or at.held.division is not at.row.part.division


def _narrow(writing: Writing, feed: bytes, part: Part) -> None:
    writing.narrow(feed, part)


def _take(writing: Writing, feed: bytes, pages: Pages, part: Part, answer: _Answer) -> StateHash:
    if pages.anew:
        writing.whole(feed)
        writing.apply(feed, [entry._replace(record=None) for entry in writing.slots(feed, Span())], told=False)
        writing.seal(feed, 0, StateHash(), None)
    writing.widen(feed, part)
    state = _applied(writing, feed, pages, answer)
    if pages.anew:
        writing.prove(feed, writing.held(feed).sealed)  # each record went into it
    return state


def _complete(writing: Writing, feed: bytes, pages: Pages, answer: _Answer) -> StateHash:
    writing.whole(feed)
    return _applied(writing, feed, pages, answer)


def _applied(writing: Writing, feed: bytes, pages: Pages, answer: _Answer) -> StateHash:
    rows, arriving = rows_of(writing, feed, pages.last), arriving_of(writing, feed)
    return applied(writing, feed, rows, answer.checkpoint, answer.raw, answer.shown, told=not pages.anew, arriving=arriving)
