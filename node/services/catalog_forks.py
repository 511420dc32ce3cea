"""One history: whatever head of a feed its writer is seen to have signed is held against every head of it that was seen before.

Two that differ at one size are proof, wherever the second came from: its writer, a relay, a hint, a manifest, another seller.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from node.model.anchor import HeardRow
from node.model.brand import HeadRow
from node.model.catalog import FeedRow
from protocol.feed import Hop
from protocol.log import Checkpoint, verify_checkpoint
from protocol.sections import SectionsHead, open_head

from .brand_plans import BrandsUnit
from .evidence import Contradiction


class HeardBook(Protocol):
    """Heads heard of others (node/store/anchors.py says what each does)."""

    def heard(self, feed: bytes | None = None) -> Sequence[HeardRow]: ...  # noqa: D102
    def keep_heard(self, row: HeardRow, most: int) -> None: ...  # noqa: D102
    def drop_heard(self, row: HeardRow) -> None: ...  # noqa: D102


class ForksUnit(BrandsUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def heads(self) -> HeardBook: ...  # noqa: D102


def require_one_history(unit: ForksUnit, row: FeedRow, raw: bytes, head: Checkpoint) -> None:
    """Hold `head`, which the feed's writer signed as `raw`, against the others of its size. Raises Contradiction."""
    for known in _of_size(unit, row, head.size):
        other = verify_checkpoint(known)
        if (other.root, other.state_hash) != (head.root, head.state_hash):
            words = f"two different heads at size {head.size}"
            raise Contradiction(words, identity=row.identity, first=known, second=raw)


def require_one_division(row: FeedRow, raw: bytes, head: SectionsHead) -> None:
    """Hold `head` of the feed's sections, which its writer signed as `raw`, against the one that was taken last. Raises Contradiction."""
    if row.sections is None:
        return
    _, before = open_head(row.sections)
    same = (before.size, before.division) == (head.size, head.division)
    if same and (before.count, before.root) != (head.count, head.root):
        words = f"two different heads of its sections at size {before.size}"
        raise Contradiction(words, identity=row.identity, first=row.sections, second=raw)


def is_known(unit: ForksUnit, row: FeedRow, head: Checkpoint) -> bool:
    """Whether a head of that size, root and state was accepted once: then it is part of the history that is here."""
    for known in _accepted(unit, row, head.size):
        other = verify_checkpoint(known)
        if (other.root, other.state_hash) == (head.root, head.state_hash):
            return True
    return False


def remember(unit: ForksUnit, row: FeedRow, raw: bytes, proof: Sequence[bytes], hops: Sequence[Hop]) -> None:
    """Keep a head that was accepted and those between, each with the proof from the one before."""
    for checkpoint, way in (*((hop.checkpoint, hop.proof) for hop in hops), (raw, proof)):
        size = verify_checkpoint(checkpoint).size
        if size > row.size:
            unit.brands.keep_head(row.feed, HeadRow(size, checkpoint, tuple(way)))


def _of_size(unit: ForksUnit, row: FeedRow, size: int) -> Iterator[bytes]:
    yield from _accepted(unit, row, size)
    yield from (heard.raw for heard in unit.heads.heard(row.feed) if heard.size == size)


def _accepted(unit: ForksUnit, row: FeedRow, size: int) -> Iterator[bytes]:
    if row.checkpoint is not None and row.size == size:
        yield row.checkpoint
    kept = unit.brands.head_at(row.feed, size)
    if kept is not None:
        yield kept
