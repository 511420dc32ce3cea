"""Grants as pages and commands show them: who may know what, why, until when, what went, and how far a revoke got."""

from dataclasses import dataclass

from node.model.grant import Disclosure, GrantRow
from protocol import grant as gr
from protocol.envelope import verify
from protocol.messages import pack

from .grant_book import ABOUT, GrantsUnit


@dataclass(frozen=True, slots=True)
class RevokeStep:
    """One of five. name: signed | refusing | told | erased | receipt; state: done | now | later | stopped; `at` in ms, 0 = not known."""

    name: str
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant from request to end. `fields` and `purposes` are what was given, or asked while nothing was given yet.

    state: requested | issued | denied | revoked | expired. `until` is when it ends, `retention_ms` how long an answer may be kept.
    `asks` counts answered asks, `fields_disclosed` the fields in them. On the merchant's side `held_until` says until when something is
    held (0 = nothing is) and `last_ask` is "", waiting, answered or the code of the refusal. `erasure_receipt` is the signed receipt's id.
    """

    id: str
    grant: str
    side: str
    peer: str
    peer_name: str
    order: str
    customer: str
    customer_name: str
    mode: str
    state: str
    fields: tuple[str, ...]
    purposes: tuple[str, ...]
    legal_basis: str
    requested_at: int
    issued_at: int
    until: int
    retention_ms: int
    reason: str
    asks: int
    fields_disclosed: int
    held_until: int
    last_ask: str
    erasure_receipt: str
    steps: tuple[RevokeStep, ...]
    updated: int


@dataclass(frozen=True, slots=True)
class DisclosureView:
    """One field that left. `acknowledged`, `erased`: when the merchant signed so (ms, 0 = not yet). The name is "" once erased here."""

    at: int
    field: str
    customer: str
    customer_name: str
    merchant: str
    merchant_name: str
    order: str
    grant: str
    purposes: tuple[str, ...]
    erase_by: int
    acknowledged: int
    erased: int


def grant_view(unit: GrantsUnit, row: GrantRow) -> GrantView:
    """The grant as it stands."""
    request, grant = row.request, row.grant
    given: gr.Grant | gr.GrantRequest | None = grant or request
    asks, fields = unit.grants.counts(row.key) if row.side == "seller" else _merchant_counts(unit, row)
    held = unit.grants.held(row.key)
    asked = unit.grants.asks(row.key)
    revoke, denial = row.revoke, row.denial
    return GrantView(
        id=row.key.hex(),
        grant=row.grant_id.hex() if row.grant_id else "",
        side=row.side,
        peer=row.peer.hex(),
        peer_name=name_of(unit, row.peer),
        order=row.order.hex(),
        customer=row.customer.hex() if row.customer else "",
        customer_name=unit.customers.name_of(row.customer) if row.customer else "",
        mode=grant.mode.value if grant else gr.Mode.ASK.value,
        state=row.status.value,
        fields=tuple(field.value for field in given.fields) if given else (),
        purposes=tuple(purpose.value for purpose in given.purposes) if given else (),
        legal_basis=given.legal_basis.value if given else "",
        requested_at=verify(row.request_raw, gr.REQUEST).envelope.created if row.request_raw else 0,
        issued_at=grant.not_before if grant else 0,
        until=grant.expires if grant else 0,
        retention_ms=given.retention_ms if given else 0,
        reason=revoke.reason if revoke else denial.reason if denial else "",
        asks=asks,
        fields_disclosed=fields,
        held_until=max((item.erase_by for item in held), default=0),
        last_ask=(asked[-1].code or asked[-1].state) if asked else "",
        erasure_receipt=row.erasure_id.hex() if row.erasure_id else "",
        steps=revoke_steps(unit, row),
        updated=row.updated,
    )


def revoke_steps(unit: GrantsUnit, row: GrantRow) -> tuple[RevokeStep, ...]:
    """The five steps: signed and in force here, asks refused, the merchant told, erased there, a receipt for the seller."""
    revoke = row.revoke
    if revoke is None or row.revoke_raw is None:
        return tuple(RevokeStep(name, "later", 0) for name in ("signed", "refusing", "told", "erased", "receipt"))
    told, erasure = "done", row.erasure
    if row.side == "seller":
        body = pack(verify(row.revoke_raw, gr.REVOKED))
        entry = next((item for item in unit.outbox.about(ABOUT, row.key) if item.body == body), None)
        told = "stopped" if entry is None or entry.state == "refused" else "done" if entry.state == "accepted" else "now"
    if erasure is not None:
        told = "done"
    erased = "done" if erasure else "now" if told == "done" else "later"
    return (
        RevokeStep("signed", "done", revoke.at),
        RevokeStep("refusing", "done", revoke.at),
        RevokeStep("told", told, 0),
        RevokeStep("erased", erased, erasure.at if erasure else 0),
        RevokeStep("receipt", "done", revoke.at),
    )


def disclosure_view(unit: GrantsUnit, item: Disclosure) -> DisclosureView:
    """A line of the ledger."""
    row = unit.grants.get(item.key)
    grant = row.grant if row else None
    return DisclosureView(
        at=item.at,
        field=item.field.value,
        customer=item.customer.hex() if item.customer else "",
        customer_name=unit.customers.name_of(item.customer) if item.customer else "",
        merchant=item.merchant.hex(),
        merchant_name=name_of(unit, item.merchant),
        order=item.order.hex(),
        grant=item.key.hex(),
        purposes=tuple(purpose.value for purpose in grant.purposes) if grant else (),
        erase_by=item.erase_by,
        acknowledged=item.acknowledged,
        erased=item.erased,
    )


def name_of(unit: GrantsUnit, identity: bytes) -> str:
    """What the peer of this identity calls itself; "" when we are no longer paired."""
    peer = unit.peers.by_identity(identity)
    return peer.name if peer else ""


def _merchant_counts(unit: GrantsUnit, row: GrantRow) -> tuple[int, int]:
    answered = [ask for ask in unit.grants.asks(row.key) if ask.state == "answered"]
    return len(answered), sum(len(ask.fields) for ask in answered)
