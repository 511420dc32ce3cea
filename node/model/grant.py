"""Grants, asks, disclosures and what a merchant holds, as the node keeps them. Times in milliseconds UTC."""

from dataclasses import dataclass, replace
from typing import Literal

from protocol import grant as gr
from protocol.disclosure import Field
from protocol.envelope import verify

Side = Literal["seller", "merchant"]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant from request to end. `key` is the request's id, or the grant's own where nobody asked, and never changes.

    `peer` is the other side's identity, `order` the placed order's id, `customer` known to the seller only. The records are raw.
    """

    key: bytes
    side: Side
    peer: bytes
    order: bytes
    created: int
    updated: int
    customer: bytes | None = None
    status: gr.Status = gr.Status.NEW
    deadline: int | None = None
    request_id: bytes | None = None
    grant_id: bytes | None = None
    denial_id: bytes | None = None
    revoke_id: bytes | None = None
    erasure_id: bytes | None = None
    request_raw: bytes | None = None
    grant_raw: bytes | None = None
    denial_raw: bytes | None = None
    revoke_raw: bytes | None = None
    erasure_raw: bytes | None = None

    @property
    def request(self) -> gr.GrantRequest | None:
        """What the merchant asked for."""
        return verify(self.request_raw, gr.REQUEST).read(gr.GrantRequest) if self.request_raw else None

    @property
    def grant(self) -> gr.Grant | None:
        """What the seller gave."""
        return verify(self.grant_raw, gr.ISSUED).read(gr.Grant) if self.grant_raw else None

    @property
    def denial(self) -> gr.Denial | None:
        """The seller's no."""
        return verify(self.denial_raw, gr.DENIED).read(gr.Denial) if self.denial_raw else None

    @property
    def revoke(self) -> gr.Revoke | None:
        """The end the seller set."""
        return verify(self.revoke_raw, gr.REVOKED).read(gr.Revoke) if self.revoke_raw else None

    @property
    def erasure(self) -> gr.ErasureReceipt | None:
        """The merchant's latest erasure receipt."""
        return verify(self.erasure_raw, gr.ERASED).read(gr.ErasureReceipt) if self.erasure_raw else None

    @property
    def state(self) -> gr.GrantState:
        """Where the machine stands."""
        ids = (self.denial_id, self.revoke_id, self.erasure_id)
        return gr.GrantState(self.status, self.request_id, self.grant_id, self.grant, *ids)

    def at(self, state: gr.GrantState, now: int) -> "GrantRow":
        """The row with the machine's new state."""
        return replace(
            self,
            status=state.status,
            deadline=gr.next_deadline(state),
            request_id=state.request_id,
            grant_id=state.id,
            denial_id=state.denial_id,
            revoke_id=state.revoke_id,
            erasure_id=state.erasure_id,
            updated=now,
        )


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of a grant log, kept as it came."""

    log: bytes
    seq: int
    id: bytes
    prev: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class AskRow:
    """A question the merchant put: `message` is its place in the outbox. state: waiting | answered | refused (`code` says why)."""

    id: bytes
    key: bytes
    message: bytes
    fields: tuple[Field, ...]
    at: int
    state: str = "waiting"
    code: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Values a merchant holds, sealed, until `erase_by`."""

    ask: bytes
    key: bytes
    sealed: bytes
    fields: int
    erase_by: int


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field that left the seller's node. `acknowledged` and `erased`: when the merchant signed that it came and went; 0 = not yet."""

    ask: bytes
    field: Field
    key: bytes
    customer: bytes | None
    merchant: bytes
    order: bytes
    at: int
    erase_by: int
    acknowledged: int = 0
    erased: int = 0
