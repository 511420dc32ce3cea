"""The catalog file, as services know it: the projection of all feeds, in a plain file of its own beside the encrypted store.

It can be made again, our own feeds from their logs, others' from their peers, so no backup carries it. It is written by a thread of its
own, one transaction a call, so that a large catalog that arrives stops no order. What is in it is read in the store's own snapshots
(`unit.catalog`, `Feeds` below), where it is attached for reading only. No personal data goes into it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from node.model.catalog import Entry, Fetch, Held, Span
from protocol.operations import Slot
from protocol.sections import Part
from protocol.state_hash import StateHash

R = TypeVar("R")


class Feeds(Protocol):
    """What the file holds of each feed. All of it is indexed: nothing here reads a whole log."""

    def held(self, feed: bytes) -> Held:
        """How far the feed is here; size 0 when it isn't."""

    def record(self, feed: bytes, slot: Slot) -> bytes | None:
        """The bytes in a slot."""

    def since(self, feed: bytes, seq: int) -> Iterator[Entry]:
        """What changed after entry `seq`, compacted, in order of their numbers. From 0 on without what is gone."""

    def slots(self, feed: bytes, span: Span) -> Iterator[Entry]:
        """What the feed holds in a stretch of slots, in order of (noun, name)."""

    def numbers(self, feed: bytes, low: int, high: int) -> Iterator[int]:
        """The numbers in [low, high) of the entries that put what is there now, in order: what reconciliation takes fingerprints of."""

    def proof(self, feed: bytes, old: int, size: int) -> Sequence[bytes]:
        """That our log of `size` entries begins with the one of `old`; asked of the store, which has the log.

        Raises ConflictError `catalog-behind` until that size is here.
        """

    def loaded(self, feed: bytes) -> frozenset[bytes]:
        """The packs that have come since `Writing.begin` (by hash), so that a load that was broken off goes on."""

    def staged(self, feed: bytes, *, arriving: bool = False) -> Iterator[bytes]:
        """The pages that wait, in order: of what follows, or of what is new here."""

    def fetch(self, feed: bytes) -> Fetch | None:
        """The answer whose pages wait."""


class Writing(Feeds, Protocol):
    """One transaction of the file."""

    def apply(self, feed: bytes, entries: Iterable[Entry], *, told: bool = True, arriving: Iterable[Entry] = ()) -> StateHash:
        """Put and remove, in order, and give the state they lead to. The caller has checked every record, compares the state with the
        checkpoint, and raises when it differs: then nothing of it stays. With `told` the journal says what changed in a feed that was
        whole before. `arriving` comes first: of sections that are followed from now on, so what of it wasn't here is no change.
        """

    def advance(self, feed: bytes, size: int, checkpoint: bytes | None) -> None:
        """What was applied brings the feed to `size`; `checkpoint` is the raw head that says so."""

    def begin(self, feed: bytes, load: bytes) -> None:
        """Packs of the manifest `load` (its hash) follow. Another one than before forgets which packs came, not what they brought."""

    def load(self, feed: bytes, pack: bytes, span: Span, entries: Sequence[Entry]) -> None:
        """In this stretch of slots the feed holds exactly `entries`, which are in order. In bulk: nothing is hashed, and of a record only
        what the columns need is read. Raises Malformed where that isn't there.
        """

    def seal(self, feed: bytes, size: int, state: StateHash, checkpoint: bytes | None) -> None:
        """Every pack is in: the feed is at `size`, and its state is the manifest's. Of one that was whole before, the journal says that
        much may have changed.
        """

    def prove(self, feed: bytes, sealed: bytes | None) -> None:
        """The records lead to the state, reckoned over all of them while `Held.sealed` was `sealed`; where it is another now, nothing."""

    def narrow(self, feed: bytes, part: Part) -> None:
        """Of a feed that is here as a whole, or by more sections of the same division, let go of what `part` isn't."""

    def widen(self, feed: bytes, part: Part) -> None:
        """The sections of `part` are followed too; what is in them follows. Of a feed that holds nothing it is all that is followed."""

    def whole(self, feed: bytes) -> None:
        """The feed is followed as a whole: what is here of it stays, and is not all of it."""

    def sections(self, feed: bytes) -> Mapping[str, tuple[int, StateHash]]:
        """What each section of a part holds here: how many records, and their state."""

    def forget(self, feed: bytes) -> None:
        """Nothing of the feed stays."""

    def let_go(self, feed: bytes) -> None:
        """The feed counts as not here from now on; `CatalogFile.sweep` takes its rows away."""

    def stage(self, feed: bytes, page: bytes, fetch: Fetch, *, arriving: bool = False) -> None:
        """Keep a page until all are here; with it the answer is as far as `fetch` says."""

    def unstage(self, feed: bytes) -> None:
        """Let go of the pages, and of how far they lead."""


class CatalogFile(Protocol):
    """The file's writer."""

    async def write(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(writing, …)` in one transaction of the file: when this returns, it counts; when it raises, nothing of it stays."""

    def write_now(self, fn: Callable[..., R], /, *args: Any) -> R:
        """`write` for a thread without an asyncio loop, also from inside a transaction of the store."""

    def look_now(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(feeds, …)` on a snapshot of the file alone, over a connection of its own: however long it looks, nobody waits for it. For
        a thread.
        """

    async def sweep(self) -> bool:
        """Take away some rows of feeds that are let go; False when there is nothing left to do."""

    async def merge(self) -> bool:
        """Put the search index in better order, a bounded step of it; False when there is nothing left to do."""

    async def renew(self) -> int:
        """Reckon some listings anew that are not as they should be by now; of how many products, 0 once nothing is left."""

    async def fold(self) -> None:
        """Bring what the engine's log holds into the file, so that whoever writes next need not."""

    @property
    def written(self) -> int:
        """How many transactions there were, but for those that keep the file in order."""
