"""Peers and pairings as the node keeps them. Times in milliseconds UTC."""

from dataclasses import dataclass

from protocol.identity import IdentityState, Presentation, Role
from protocol.pairing import Pairing


@dataclass(frozen=True, slots=True)
class Peer:
    """A paired peer. `state` is its identity as last presented."""

    peer: str
    identity: bytes
    name: str
    role: Role
    addresses: tuple[str, ...]
    presentation: Presentation
    state: IdentityState
    paired_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class PairingRow:
    """A pairing under way or ended. `nonce` is ours; what is known of the other side fills in as it answers.

    `invited` is the identity that the invite named, where we opened it.
    """

    id: bytes
    peer: str
    started_here: bool
    nonce: bytes
    machine: Pairing
    created: int
    name: str = ""
    role: str = ""
    addresses: tuple[str, ...] = ()
    presentation: Presentation | None = None
    invited: bytes | None = None
