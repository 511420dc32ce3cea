"""Anchors: heads of logs that owners wrote on a chain. It decides who speaks for an owner there, and what an anchor says of a head.

It knows no chain: that an anchor is final, and in whose name it stands there, is the caller's (docs/protocol/18-anchor.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .codec import key, refuse_empty
from .errors import BadSignature
from .kinds import Kind, Topic
from .log import MAX_PROOF, Checkpoint, verify_consistency

TYPE = "catalog.anchorer"


@dataclass(frozen=True, slots=True)
class Anchorer:
    """Under which address an identity writes anchors, and into which contract of which chain."""

    identity: bytes = key(0, size=32)
    chain_id: int = key(2, low=1, high=2**53 - 1)
    contract: bytes = key(4, size=20)
    address: bytes = key(6, size=20)


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """That your log of `size` entries begins with the one of `old`?"""

    OPEN_ENDED = True
    log: bytes = key(0, size=32)
    old: int = key(2, low=1)
    size: int = key(4, low=1)


@dataclass(frozen=True, slots=True)
class ProofAnswer:
    """The RFC 6962 consistency proof; empty for two equal sizes."""

    OPEN_ENDED = True
    proof: tuple[bytes, ...] = key(0, size=32, most=MAX_PROOF)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it stands on the chain."""

    log: bytes
    size: int
    root: bytes
    state: bytes


class Verdict(StrEnum):
    """What an anchor says of a head that was accepted."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    AHEAD = "ahead"
    UNPROVED = "unproved"


def judge(anchor: Anchor, head: Checkpoint, proof: Sequence[bytes] | None = None) -> Verdict:
    """What `anchor` says of `head`, both of one log; `proof` leads from the anchor's size to the head's.

    CONTRADICTS needs no trust: one size, two heads. UNPROVED is a proof that is missing or does not hold: the owner may still bring one.
    """
    if anchor.size > head.size:
        return Verdict.AHEAD
    if anchor.size == head.size:
        same = (anchor.root, anchor.state) == (head.root, head.state_hash)
        return Verdict.AGREES if same else Verdict.CONTRADICTS
    if proof is None:
        return Verdict.UNPROVED
    try:
        verify_consistency(anchor.size, anchor.root, head.size, head.root, proof)
    except BadSignature:
        return Verdict.UNPROVED
    return Verdict.AGREES


@dataclass(frozen=True, slots=True)
class Heads:
    """Heads of feeds that the sender was shown, raw, for whoever follows them too; and `sections`, those of their sections that it was."""

    OPEN_ENDED = True
    heads: tuple[bytes, ...] = key(0, longest=4096, most=64)
    sections: tuple[bytes, ...] | None = key(1, longest=4096, most=64, default=None)

    def __post_init__(self) -> None:
        refuse_empty(self, "sections")


KINDS = (
    Kind("catalog.heads", Topic.CATALOG, Heads),
    Kind(TYPE, Topic.CATALOG, Anchorer, signed=True),
    Kind("catalog.proof", Topic.CATALOG, ProofRequest),
    Kind("catalog.proof-answer", Topic.CATALOG, ProofAnswer),
)
