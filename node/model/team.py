"""Memberships, members and sponsor edges as the node keeps them. Times in ms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Membership:
    """Ours at one merchant."""

    merchant: bytes
    member: bytes
    payout: bytes
    payout_index: int
    status: str
    asked_at: int
    seq: int = 0
    starts: int = 0
    accepted: bytes | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody's at us, the merchant."""

    member: bytes
    peer: str
    member_key: bytes
    payout: bytes
    status: str
    request: bytes
    asked_at: int
    seq: int = 0
    starts: int = 0


@dataclass(frozen=True, slots=True)
class Rank:
    """The rank a member has at a merchant since `created`; `raw` is the merchant's word."""

    merchant: bytes
    member: bytes
    rank: int
    created: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Payee:
    """Where a member's commissions go from a generation of its secrets on. `raw` is the root's word; None at the beginning."""

    merchant: bytes
    member: bytes
    generation: int
    payout: bytes
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Edge:
    """Who sponsors whom. `peer` is the other seller, at the merchant the member's."""

    edge: bytes
    merchant: bytes
    member: bytes
    sponsor: bytes | None
    seq: int
    starts: int
    side: str
    status: str
    peer: str
    created: int
    ends: int | None = None
    cosigned: bytes | None = None
