"""Feeds followed over the network: a question a feed, an answer proved before it counts, packs where all is to be had.

It works beside the outbox, which is for what must arrive: a question that was lost is asked again. What is asked, and what an answer
does, is `catalog_following`'s; this moves it between peer, catalog file and store, a few publishers at once, one feed of each at a time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from node.errors import IntegrityError, Locked, NodeError, RemoteRefusal, Unavailable
from protocol.catalog_sync import Hops, HopsRequest, ManifestRequest, Page, SinceRequest, Unchanged
from protocol.envelope import verify
from protocol.errors import BadSignature, Malformed, ProtocolError
from protocol.feed import FeedsAnswer, FeedsRequest, Hop
from protocol.kinds import Topic
from protocol.log import verify_checkpoint
from protocol.messages import Message, Nack, pack, unpack
from protocol.packs import MANIFEST, Manifest

from . import catalog_findings as findings
from . import catalog_following as following
from . import catalog_parting, evidence
from .catalog_apply import Pages, Repair, take
from .catalog_file import CatalogFile, Writing
from .catalog_following import Errand, Standing
from .catalog_load import Load, Progress, under_way
from .catalog_packs import PackFiles
from .catalog_parting import Parting
from .evidence import Contradiction
from .exchange import TRANSIENT

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 30.0
LOOK_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 1.0, 600.0
AT_ONCE = 3  # publishers asked at once
MOST_SOURCES = 8  # peers that are asked for a pack
MOST_SHOWN = 64  # answers that bring these heads; a relay puts into each what fits
LEAST_SHARE = 10  # what a part must be of all, one in so many, for the rest to be fetched by itself where there are packs
_NEEDS_ALL = frozenset({"state-mismatch", "too-different"})
_NEEDS_WHOLE = frozenset({"state-mismatch", "undivided", "unknown-key", "whole-only"})

R = TypeVar("R")


class Network(Protocol):
    """Requests to peers."""

    async def request(self, peer_id: str, addresses: Sequence[str], topic: str, body: bytes, deadline: float) -> bytes:
        """The reply. Raises Unavailable, or another NodeError whose `code` is the peer's."""


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    async def write(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Budget:
    """So many bytes a second on average, 0 = as many as come."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def spend(self, size: int) -> None:
        """Wait until what came is paid for."""
        if self._rate:
            now = asyncio.get_running_loop().time()
            self._free_at = max(self._free_at, now) + size / self._rate
            await asyncio.sleep(self._free_at - now)


class CatalogSync:
    """Follows every feed. `wake()` after a commit that touched `catalog`, `reached(peer)` when one connects."""

    def __init__(
        self,
        store: Transactions,
        file: CatalogFile,
        files: PackFiles,
        network: Network,
        *,
        rate: int = 0,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._file = file
        self._files = files
        self._network = network
        self._budget = Budget(rate)
        self._changed = changed
        self._news = asyncio.Event()
        self._reached: set[str] = set()
        self._busy: set[str] = set()
        self._pauses: dict[str, tuple[float, float]] = {}
        self._loads: dict[bytes, Progress] = {}

    def wake(self) -> None:
        """Look again now. Call from the event loop's thread."""
        self._news.set()

    def reached(self, peer: str) -> None:
        """`peer` connected: it is asked for everything at once."""
        self._reached.add(peer)
        self._pauses.pop(peer, None)
        self._news.set()

    def progress(self) -> dict[bytes, Progress]:
        """How far each load under way is, by feed."""
        return dict(self._loads)

    async def run(self) -> None:
        """Until cancelled. A task a publisher, so that a silent one holds up nobody else."""
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                for errand in await self._due():
                    self._busy.add(errand.peer)
                    tasks.create_task(self._run(errand, turns))
                try:
                    await asyncio.wait_for(self._news.wait(), self._until())
                except TimeoutError:
                    continue

    async def round(self) -> int:
        """Everything that is due now, once; how many publishers were asked."""
        errands = await self._due()
        for errand in errands:
            await self._attempt(errand)
        return len(errands)

    async def _due(self) -> list[Errand]:
        now = asyncio.get_running_loop().time()
        reached, self._reached = frozenset(self._reached - self._busy), self._reached & self._busy
        errands: list[Errand] = await self._store.read(following.due, reached)
        return [errand for errand in errands if errand.peer not in self._busy and self._pauses.get(errand.peer, (0, 0))[0] <= now]

    def _until(self) -> float:
        now = asyncio.get_running_loop().time()
        return min([LOOK_SECONDS, *(max(0.05, at - now) for at, _ in self._pauses.values() if at > now)])

    async def _run(self, errand: Errand, turns: asyncio.Semaphore) -> None:
        try:
            async with turns:
                done = await self._attempt(errand)
            if done:
                self._pauses.pop(errand.peer, None)
            else:
                _, last = self._pauses.get(errand.peer, (0.0, 0.0))
                pause = min(max(last * 2, FIRST_PAUSE_SECONDS), LAST_PAUSE_SECONDS)
                self._pauses[errand.peer] = (asyncio.get_running_loop().time() + pause, pause)
        finally:
            self._busy.discard(errand.peer)
            self._news.set()

    async def _attempt(self, errand: Errand) -> bool:
        """Do one errand; False when the peer, or our own disk, cannot now. What is wrong with a feed is kept there."""
        feeds = errand.feeds
        for feed in feeds:
            await catalog_parting.narrow(self._store, self._file, self._files, feed)
        try:
            if errand.whole:
                answer = await self._ask(errand, FeedsRequest(), FeedsAnswer)
                feeds = await self._store.write(following.take_feeds, errand.peer, answer)
        except (NodeError, ProtocolError) as error:
            if _is_passing(error):
                return False
            if isinstance(error, Contradiction):
                await self._store.write(evidence.keep, error)
            await self._store.write(following.fail_feeds, errand.identity, error.code)
            return True
        done = True
        for feed in feeds:
            try:
                await self._follow(errand, feed)
            except (NodeError, ProtocolError) as error:
                if _is_passing(error):
                    done = False
                    continue
                if isinstance(error, Contradiction):
                    await self._store.write(evidence.keep, error)
                await self._store.write(following.fail, feed, error.code)
        return done

    # --- one feed

    async def _follow(self, errand: Errand, feed: bytes) -> None:
        at: Standing = await self._store.read(following.standing, feed)
        if at.row.part is not None:
            await Parting(self._store, self._file, feed, lambda record, *kinds: self._ask(errand, record, *kinds)).run()
            return
        if at.held is not None:
            if await self._complete(errand, at):
                return
            await self._file.write(_whole, feed)
        if at.begun or at.size == 0 or at.held is not None:
            await self._load(errand, feed, resume=at.begun)
        try:
            with under_way():
                await self._update(errand, feed)
        except (BadSignature, Malformed) as error:
            if error.code != "state-mismatch":
                raise
            await self._repair(errand, feed)

    async def _update(self, errand: Errand, feed: bytes, *, anew: bool = False) -> None:
        """Fetch what follows (`anew`: all), page by page, and take it together."""
        at: Standing = await self._store.read(following.standing, feed)
        pages = Pages(self._file, at, since=0 if anew else at.size)
        await pages.begin()
        head = at.row.checkpoint_id if at.current and not anew else None
        passed: list[Hop] = []
        shown = 0
        while True:
            known = verify_checkpoint(passed[-1].checkpoint).size if passed else at.row.size
            try:
                answer = await self._ask(errand, SinceRequest(feed, pages.reached, known, head), Page, Unchanged)
            except RemoteRefusal as error:
                if error.code != "too-many-hops" or len(passed) >= following.MOST_PASSED or shown == MOST_SHOWN:
                    raise
                shown += 1
                found = await self._ask(errand, HopsRequest(feed, known), Hops)
                await self._store.read(following.check_hops, feed, (*passed, *found.hops))
                passed += found.hops
                continue
            if isinstance(answer, Unchanged):
                if head is None:
                    raise Malformed("nothing is said to have changed, of what was never held", code="unexpected-reply")
                await self._store.read(following.check_unchanged, feed)
                await self._store.write(following.accept, feed)
                return
            hops = (*passed, *(answer.hops or ()))
            checkpoint = await self._store.read(following.check_head, feed, answer.checkpoint, answer.proof, hops)
            if not await pages.add(answer, checkpoint.size):
                break
        state = await take(self._file, feed, pages, checkpoint, answer.checkpoint)
        await self._store.write(following.accept, feed, answer.checkpoint, state, answer.proof, hops)

    async def _complete(self, errand: Errand, at: Standing) -> bool:
        """From a part to all, by what is missing; False where that is nearly all, which comes faster by packs, or does not lead there."""
        feed = at.row.feed
        try:
            if at.size == 0 or await self._is_little(errand, feed):
                return False
            await Parting(self._store, self._file, feed, lambda record, *kinds: self._ask(errand, record, *kinds)).complete(at)
        except (RemoteRefusal, BadSignature) as error:
            if error.code not in _NEEDS_WHOLE:
                raise
            return False
        return True

    async def _is_little(self, errand: Errand, feed: bytes) -> bool:
        """Whether what is here is little beside what its publisher has in packs."""
        try:
            manifest: Manifest = await self._ask(errand, ManifestRequest(feed), Manifest)
        except RemoteRefusal as error:
            if error.code == "no-manifest":
                return False
            raise
        here: int = await self._store.read(following.records, feed)
        return here * LEAST_SHARE < manifest.rows

    async def _load(self, errand: Errand, feed: bytes, *, resume: bool, over: bool = False) -> bool:
        """By packs; whether its publisher has some. It counts once `_update` proved that it goes on from what was accepted. `over`: what is
        here stays unless they are of the newest head, proved before: packs of an earlier one would put back what was long changed.
        """
        if await self._store.read(findings.is_by_pages, feed):
            return False
        raw = await asyncio.to_thread(self._files.manifest, feed) if resume else None
        if raw is not None:
            try:
                await self._load_packs(errand, feed, raw)
            except RemoteRefusal as error:
                if error.code != "no-pack":  # given up for a later manifest: what came so far is compared with it, not fetched again
                    raise
            else:
                return True
        try:
            found = await self._ask(errand, ManifestRequest(feed), Manifest, raw=True)
        except RemoteRefusal as error:
            if error.code == "no-manifest":
                return False
            raise
        if over and not await self._is_of_newest(errand, feed, found):
            return False
        await self._load_packs(errand, feed, found)
        return True

    async def _is_of_newest(self, errand: Errand, feed: bytes, raw: bytes) -> bool:
        at: Standing = await self._store.read(following.standing, feed)
        signed = await asyncio.to_thread(verify, raw, MANIFEST)
        manifest, _ = await self._store.read(following.check_manifest, feed, signed)
        answer: Page = await self._ask(errand, SinceRequest(feed, at.row.size, at.row.size, None), Page)
        await self._store.read(following.check_head, feed, answer.checkpoint, answer.proof, answer.hops or ())
        return bool(manifest.checkpoint == answer.checkpoint)

    async def _load_packs(self, errand: Errand, feed: bytes, raw: bytes) -> None:
        signed = await asyncio.to_thread(verify, raw, MANIFEST)
        manifest, checkpoint = await self._store.read(following.check_manifest, feed, signed)
        await asyncio.to_thread(self._files.publish, feed, raw, frozenset(entry.hash for entry in manifest.packs))
        others = await self._store.read(_other_peers, errand.peer)
        sources = [lambda record, to=to: self._ask(to, record) for to in (errand, *others)]
        at: Standing = await self._store.read(following.standing, feed)
        load = Load(self._file, self._files, at, manifest, sources, self._changed, lambda: self._still_whole(feed))
        await self._store.write(following.begin_load, feed, manifest.rows)
        self._loads[feed] = load.progress
        try:
            await load.run(raw, checkpoint)
        finally:
            del self._loads[feed]

    async def _still_whole(self, feed: bytes) -> None:
        at: Standing = await self._store.read(following.standing, feed)
        if at.row.part is not None:
            raise Unavailable("A part of it was chosen meanwhile.", code="chosen-anew")

    async def _repair(self, errand: Errand, feed: bytes) -> None:
        """What is here and what was signed differ: first by what differs, then, where that doesn't do, all of it."""
        at: Standing = await self._store.read(following.standing, feed)
        try:
            await Repair(self._store, self._file, at, lambda record, kind: self._ask(errand, record, kind)).run()
        except ProtocolError as error:
            if error.code not in _NEEDS_ALL:
                raise
        else:
            return
        loaded = await self._load(errand, feed, resume=False, over=at.row.checkpoint is not None)
        await self._update(errand, feed, anew=not loaded)

    # --- the wire

    async def _ask(self, to: Errand, record: object, *kinds: type, raw: bool = False) -> Any:
        """The record a peer answers with; with `raw` its envelope. Raises RemoteRefusal with the peer's code, Malformed, …"""
        reply = await self._network.request(to.peer, to.addresses, Topic.CATALOG, pack(record), DEADLINE_SECONDS)
        await self._budget.spend(len(reply))
        message: Message = await asyncio.to_thread(unpack, Topic.CATALOG, reply)
        if isinstance(message.record, Nack):
            raise RemoteRefusal(message.record.message, code=message.record.code)
        if kinds and not isinstance(message.record, kinds):
            raise Malformed(f"{message.kind.name} is no answer to that", code="unexpected-reply")
        return message.raw if raw else message.record


def _is_passing(error: Exception) -> bool:
    """Whether it may be otherwise in a moment. What our own store or file refuses ends the node, as everywhere."""
    if isinstance(error, IntegrityError | Locked):
        raise error
    return isinstance(error, Unavailable) or getattr(error, "code", "") in TRANSIENT


def _whole(writing: Writing, feed: bytes) -> None:
    writing.whole(feed)


def _other_peers(unit: Any, but: str) -> list[Errand]:
    """Paired peers that may have packs as well."""
    others = [peer for peer in unit.peers.all() if peer.peer != but][:MOST_SOURCES]
    return [Errand(peer.peer, unit.peers.addresses_of(peer.peer), peer.identity, whole=False, feeds=()) for peer in others]
