"""Anchors of catalogs as the node keeps them. Times in milliseconds UTC, addresses of 20 bytes."""

from dataclasses import dataclass

from protocol.anchor import Anchor


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """An anchor on the chain, in the name of `by`; `final` once its block can't be undone."""

    anchor: Anchor
    by: bytes
    block: int
    block_hash: bytes
    transaction: bytes
    timestamp: int
    final: bool


@dataclass(frozen=True, slots=True)
class AnchorerRow:
    """Under which address an identity anchors; `raw` is what it signed."""

    identity: bytes
    chain_id: int
    contract: bytes
    address: bytes
    created: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class HeardRow:
    """A head of a feed we follow, as somebody else was shown it; `asked_at` when its writer was asked last how it fits with ours."""

    feed: bytes
    size: int
    root: bytes
    raw: bytes
    heard_at: int
    asked_at: int = 0


@dataclass(frozen=True, slots=True)
class CheckRow:
    """What came of holding an anchor against `head`, the raw checkpoint accepted at that time."""

    feed: bytes
    size: int
    root: bytes
    verdict: str
    head: bytes
    checked_at: int
