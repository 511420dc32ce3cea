"""A feed followed in part: what is no longer chosen is let go of, what is chosen anew is fetched by itself, then what changed of all.

What came is kept until the last page is here and taken together, once each section is what its writer signed; nothing of another section
is taken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from node.model.catalog import Span
from protocol.catalog_sync import Page, SinceRequest, Unchanged
from protocol.errors import BadSignature, Malformed, ProtocolError
from protocol.log import Checkpoint
from protocol.sections import Part, Shown
from protocol.state_hash import StateHash

from . import catalog_following as following
from .brand_plans import BrandsUnit
from .catalog_apply import Pages, Repair, Transactions, applied, rows_of
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
    shown: Shown
    head: bytes


async def narrow(store: Transactions, file: CatalogFile, files: PackFiles, feed: bytes) -> None:
    """Let go of what is here and not chosen any more, where what is here is right; nobody is asked for it."""
    at: Standing | None = await store.read(_in_part, feed)
    if at is None or at.row.part is None or at.begun or at.size != at.row.size or at.size == 0 or at.held == at.row.part:
        return
    part = at.row.part
    if at.held is None:
        await file.write(_narrow, feed, part)
        await asyncio.to_thread(files.forget, feed)
    elif at.held.division is part.division and not set(at.held.names) <= set(part.names):
        await file.write(_narrow, feed, Part(part.division, tuple(name for name in at.held.names if name in part.names)))


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

    async def _update(self, at: Standing, *, anew: bool) -> None:
        """Fetch sections that are new here from their beginning, then what follows of all; take it together."""
        part = at.row.part
        assert part is not None
        pages = Pages(self._file, at, since=0 if anew else at.size)
        await pages.clear()
        added = () if anew or at.held is None else tuple(name for name in part.names if name not in at.held.names)
        if added:
            pages.reached = 0
            await self._read(at, pages, Part(part.division, added), None)
            await pages.turn(at.size)
        answer = await self._read(at, pages, part, at.row.checkpoint_id if at.current and not anew else None)
        if answer is None:
            await self._unchanged(at)
            return
        state = await self._file.write(_take, self._feed, pages, not (anew or added), part, answer)
        await self._store.write(following.accept, self._feed, answer.raw, state, answer.proof, (), answer.head)

    async def _read(self, at: Standing, pages: Pages, part: Part, head: bytes | None) -> _Answer | None:
        """All pages of one question; None where nothing changed."""
        while True:
            page = await self._ask(SinceRequest(self._feed, pages.reached, at.row.size, head, part), Page, Unchanged)
            if isinstance(page, Unchanged):
                return None
            checkpoint = await self._store.read(following.check_head, self._feed, page.checkpoint, page.proof)
            shown = await self._store.read(following.check_part, self._feed, part, checkpoint, page.sections)
            if at.size == 0 and pages.reached == 0:
                await self._store.write(following.begin_load, self._feed, sum(count for count, _ in shown.held.values()))
            if not await pages.add(page, checkpoint.size):
                return _Answer(page.checkpoint, page.proof, checkpoint, shown, page.sections.head)

    async def _unchanged(self, at: Standing) -> None:
        if at.row.checkpoint is None or not at.current:
            raise Malformed("nothing is said to have changed, of what was never held", code="unexpected-reply")
        await self._store.write(following.accept, self._feed)

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


def _take(writing: Writing, feed: bytes, pages: Pages, told: bool, part: Part, answer: _Answer) -> StateHash:
    """`told`: what comes is a change of what was followed."""
    if pages.anew:
        writing.whole(feed)
        writing.apply(feed, [entry._replace(record=None) for entry in writing.slots(feed, Span())], told=False)
        writing.seal(feed, 0, StateHash(), None)
    writing.widen(feed, part)
    state = applied(writing, feed, rows_of(writing, feed, pages.last), answer.checkpoint, answer.raw, answer.shown, told=told)
    if pages.anew:
        writing.prove(feed, writing.held(feed).sealed)  # each record went into it
    return state
