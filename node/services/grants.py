"""Grants: a merchant asks for leave to learn an order's delivery data, the seller gives, denies, takes back. `protocol.grant` decides.

What may go under a grant, and what is held and erased, is in asking.py.
"""

from dataclasses import replace
from typing import Any

from node.errors import ConflictError, NotFound, UserError
from node.model.grant import GrantRow
from protocol import grant as gr
from protocol.disclosure import Field
from protocol.envelope import check_time, sign
from protocol.errors import Conflict, Unauthorized
from protocol.messages import Message

from . import pauses
from .asking import erase_now, take_erasure
from .backup_hurry import hurry
from .exchange import Exchange, Incoming
from .grant_book import GrantsUnit, fields_of, find, follow_entry, order_facts, step, tell, write_entry
from .grant_views import DisclosureView, GrantView, disclosure_view, grant_view, name_of
from .quotes import secrets_of
from .unit import OutboxEntry

DAY_MS = 86_400_000
TERM_MS = 30 * DAY_MS
RETENTION_MS, MOST_RETENTION_MS = 7 * DAY_MS, 90 * DAY_MS
MOST_PER_ORDER = 16
MOST_ROWS = 500
PARCEL_FIELDS = (Field.NAME, Field.STREET, Field.POSTCODE, Field.CITY, Field.REGION, Field.COUNTRY, Field.PHONE)
PICKUP_FIELDS = (Field.NAME, Field.PHONE, Field.EMAIL)


# --- the merchant


def request_grant(unit: GrantsUnit, order: bytes, fields: list[str] | None = None, retention_ms: int = RETENTION_MS) -> GrantView:
    """Ask the seller of an accepted order for leave to learn `fields` (default: what a parcel or a pickup needs)."""
    facts = order_facts(unit, order)
    if facts is None or facts.side != "merchant":
        raise NotFound("There is no such order of yours to deliver.")
    if not facts.open:
        raise ConflictError("Accept the order first: the address is for delivering it, and for nothing else.", code="order-not-open")
    if not 0 < retention_ms <= MOST_RETENTION_MS:
        raise UserError(f"Keep it for 1 ms to {MOST_RETENTION_MS // DAY_MS} days.", code="bad-retention")
    wanted = fields_of(fields) if fields else PICKUP_FIELDS if facts.pickup else PARCEL_FIELDS
    record = gr.GrantRequest(
        facts.peer, unit.me.identity, facts.order, wanted, (gr.Purpose.DELIVERY,), gr.LegalBasis.CONTRACT, retention_ms
    )
    for known in unit.grants.of_order(facts.order):
        if known.status in (gr.Status.REQUESTED, gr.Status.ISSUED) and known.request == record:
            return grant_view(unit, known)
    signed = sign(unit.me.device, gr.REQUEST, record, created=unit.now)
    row = GrantRow(signed.id, "merchant", facts.peer, facts.order, unit.now, unit.now, request_raw=signed.raw)
    row, _ = step(unit, row, gr.Requested(signed.id, record))
    tell(unit, row, signed)
    return grant_view(unit, row)


def _on_issued(unit: GrantsUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    grant, seller = signed.read(gr.Grant), incoming.peer.identity
    if (grant.seller, grant.merchant) != (seller, unit.me.identity):
        raise Unauthorized("the grant is between others", code="wrong-identity")
    facts = order_facts(unit, grant.order) if grant.order else None
    if facts is None or facts.side != "merchant" or facts.peer != seller:
        raise Unauthorized("the grant is for no order of yours here", code="unknown-order")
    follow_entry(unit, seller, signed)
    row, early = _opened_by(unit, grant, seller), unit.grants.by_id(signed.id)
    if early is not None and (row is None or early.key != row.key):  # its revoke overtook it
        unit.grants.drop(early.key)
    if row is None:
        row = GrantRow(signed.id, "merchant", seller, facts.order, unit.now, unit.now)
    row, _ = step(unit, replace(row, grant_raw=signed.raw), gr.Issued(signed.id, grant))
    if early is not None and early.revoke_id is not None:
        step(unit, replace(row, revoke_raw=early.revoke_raw), gr.Revoked(early.revoke_id, signed.id))


def _opened_by(unit: GrantsUnit, grant: gr.Grant, seller: bytes) -> GrantRow | None:
    """The request that the grant answers, checked to give no more."""
    if grant.request is None:
        return None
    row = unit.grants.by_request(grant.request)
    request = row.request if row else None
    if row is None or request is None or row.peer != seller or row.side != "merchant":
        raise Conflict("the grant answers a request of nobody here", code="wrong-request")
    gr.check_answers(grant, request)
    return row


def _on_denied(unit: GrantsUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    denial, seller = signed.read(gr.Denial), incoming.peer.identity
    row = unit.grants.by_request(denial.request)
    if row is None or row.side != "merchant" or row.peer != seller:
        raise Unauthorized("there is no such request to you", code="wrong-request")
    follow_entry(unit, seller, signed)
    step(unit, replace(row, denial_raw=signed.raw), gr.Denied(signed.id))


def _on_revoked(unit: GrantsUnit, incoming: Incoming) -> object:
    """Whatever arrives first, a revoke holds; what was held is erased before this answers with the signed receipt."""
    signed = incoming.signed
    revoke, seller = signed.read(gr.Revoke), incoming.peer.identity
    row = unit.grants.by_id(revoke.grant)
    if row is not None and (row.side != "merchant" or row.peer != seller):
        raise Unauthorized("that grant is not yours to take back", code="wrong-identity")
    follow_entry(unit, seller, signed)
    if row is not None and row.status is gr.Status.REVOKED:  # said again, by another device of the seller
        return erase_now(unit, row)
    if row is None:  # it overtook its grant: keep the end until the beginning comes
        row = GrantRow(revoke.grant, "merchant", seller, bytes(32), unit.now, unit.now)
    row, _ = step(unit, replace(row, revoke_raw=signed.raw), gr.Revoked(signed.id, revoke.grant))
    return erase_now(unit, row)


# --- the seller


def issue_grant(unit: GrantsUnit, grant: bytes, fields: list[str] | None = None) -> GrantView:
    """Give a merchant leave for what it asked, or only for `fields`. It learns nothing yet: each field goes when it asks for it."""
    pauses.require(unit, pauses.Pause.GRANTS)
    row = find(unit, grant, "seller")
    request = row.request
    if request is None or row.status is not gr.Status.REQUESTED:
        raise ConflictError(f"There is no open request here: it is {row.status.value}.", code="not-requested")
    given = fields_of(fields) if fields else request.fields
    if not set(given) <= set(request.fields):
        raise UserError("Give no more than was asked for.", code="wider-than-asked")
    facts = order_facts(unit, row.order)
    if facts is None or not facts.open:
        raise ConflictError("The order is not waiting for delivery any more, so nothing needs to be shared.", code="order-not-open")
    record = gr.Grant(
        seller=unit.me.identity,
        merchant=row.peer,
        mode=gr.Mode.ASK,
        fields=given,
        purposes=request.purposes,
        legal_basis=request.legal_basis,
        not_before=unit.now,
        expires=unit.now + int(unit.settings.get("grants/term_ms", TERM_MS)),
        retention_ms=request.retention_ms,
        no_onward=True,
        order=row.order,
        follows=_last_revoke(unit, row.order),
        request=row.request_id,
    )
    signed = write_entry(unit, row.peer, gr.ISSUED, record)
    row, _ = step(unit, replace(row, grant_raw=signed.raw), gr.Issued(signed.id, record))
    tell(unit, row, signed)
    return grant_view(unit, row)


def deny_grant(unit: GrantsUnit, grant: bytes, reason: str = "") -> GrantView:
    """Refuse a request."""
    row = find(unit, grant, "seller")
    if row.status is not gr.Status.REQUESTED or row.request_id is None:
        raise ConflictError(f"There is no open request here: it is {row.status.value}.", code="not-requested")
    signed = write_entry(unit, row.peer, gr.DENIED, gr.Denial(row.request_id, reason[:200]))
    row, _ = step(unit, replace(row, denial_raw=signed.raw), gr.Denied(signed.id))
    tell(unit, row, signed)
    return grant_view(unit, row)


def revoke_grant(unit: GrantsUnit, grant: bytes, reason: str = "") -> GrantView:
    """Take a grant back. From this moment every ask is refused; the merchant is told to erase what it holds and to sign that it did."""
    row = find(unit, grant, "seller")
    if row.status is gr.Status.REVOKED:
        return grant_view(unit, row)
    if row.grant_id is None or row.status not in (gr.Status.ISSUED, gr.Status.EXPIRED):
        raise ConflictError(f"There is nothing to take back: it is {row.status.value}.", code="not-issued")
    signed = write_entry(unit, row.peer, gr.REVOKED, gr.Revoke(row.grant_id, unit.now, reason[:200]))
    row, _ = step(unit, replace(row, revoke_raw=signed.raw), gr.Revoked(signed.id, row.grant_id))
    tell(unit, row, signed)
    hurry(unit)
    return grant_view(unit, row)


def _last_revoke(unit: GrantsUnit, order: bytes) -> bytes | None:
    revoked = [known.revoke_id for known in unit.grants.of_order(order) if known.revoke_id]
    return revoked[-1] if revoked else None


def _on_request(unit: GrantsUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    check_time(signed.envelope, unit.now)
    request, merchant = signed.read(gr.GrantRequest), incoming.peer.identity
    if (request.seller, request.merchant) != (unit.me.identity, merchant):
        raise Unauthorized("the request is between others", code="wrong-identity")
    facts = order_facts(unit, request.order)
    if facts is None or facts.side != "seller" or facts.peer != merchant or facts.order != request.order:
        raise Unauthorized("there is no such order with you", code="unknown-order")
    if not facts.open:
        raise Conflict("the order is not accepted, or delivered already", code="order-not-open")
    if request.retention_ms > MOST_RETENTION_MS:
        raise Conflict(f"nothing is kept longer than {MOST_RETENTION_MS // DAY_MS} days", code="bad-retention")
    if unit.grants.get(signed.id) is not None:
        return
    if len(unit.grants.of_order(request.order)) >= MOST_PER_ORDER:
        raise Conflict("that was asked often enough", code="too-many-requests")
    row = GrantRow(signed.id, "seller", merchant, facts.order, unit.now, unit.now, facts.customer, request_raw=signed.raw)
    step(unit, row, gr.Requested(signed.id, request))


def _on_revoke_answer(unit: GrantsUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    row = unit.grants.by_id(sent.record.grant)
    peer = unit.peers.get(entry.peer)
    if row is None or peer is None or reply.signed is None or reply.kind.name != gr.ERASED:
        return
    peer.state.require_live(reply.signed.envelope.author)
    take_erasure(unit, row, reply.signed)


# --- looking


def list_grants(unit: GrantsUnit, order: bytes | None = None, state: str = "") -> list[GrantView]:
    """Grants and requests, newest first; those of one order (by either id of it)."""
    rows = list(unit.grants.all(MOST_ROWS))
    if order is not None:
        facts = order_facts(unit, order)
        rows = [row for row in rows if facts is not None and row.order == facts.order]
    return [grant_view(unit, row) for row in rows if row.grant_raw or row.request_raw if state in ("", row.status.value)]


def get_grant(unit: GrantsUnit, grant: bytes) -> GrantView:
    """One grant, by its id or its request's."""
    return grant_view(unit, find(unit, grant))


def values_at_stake(unit: GrantsUnit, grant: bytes) -> dict[str, str]:
    """What a request would let the merchant see, for the seller who decides; nothing once the customer is erased."""
    row = find(unit, grant, "seller")
    secrets, request = secrets_of(unit, row.order), row.request
    if secrets is None or request is None:
        return {}
    return {field.value: secrets.values.get(field, "") for field in request.fields}


def list_disclosures(unit: GrantsUnit, grant: bytes | None = None, customer: bytes | None = None, limit: int = 200) -> list[DisclosureView]:
    """The disclosure ledger: every field that left this node, newest first."""
    key = None if grant is None else find(unit, grant).key
    return [disclosure_view(unit, item) for item in unit.grants.disclosures(key, customer, min(max(limit, 1), MOST_ROWS))]


def consent_receipt(unit: GrantsUnit, grant: bytes) -> dict[str, Any]:
    """The grant as a consent receipt after ISO/IEC TS 27560 in terms of the W3C Data Privacy Vocabulary; it names no customer."""
    row = find(unit, grant, "seller")
    record = row.grant
    if record is None or row.grant_id is None:
        raise ConflictError("Nothing was granted, so there is no receipt.", code="not-issued")
    events = [{"type": "given", "at": record.not_before, "record": row.grant_id.hex()}]
    if row.revoke is not None and row.revoke_id is not None:
        events.append({"type": "withdrawn", "at": row.revoke.at, "record": row.revoke_id.hex()})
    if row.erasure is not None and row.erasure_id is not None:
        events.append({"type": "erased", "at": row.erasure.at, "record": row.erasure_id.hex()})
    return {
        "schema": "ISO/IEC TS 27560:2023",
        "record_id": row.grant_id.hex(),
        "pii_principal": row.customer.hex() if row.customer else "",
        "controller": {"id": unit.me.identity.hex(), "name": unit.me.name},
        "recipient": {"id": row.peer.hex(), "name": name_of(unit, row.peer)},
        "order": row.order.hex(),
        "processing": {
            "purposes": [purpose.value for purpose in record.purposes],
            "lawful_basis": record.legal_basis.value,
            "personal_data": [field.value for field in record.fields],
            "method": record.mode.value,
            "valid_from": record.not_before,
            "valid_until": record.expires,
            "retention_ms": record.retention_ms,
            "onward_sharing": not record.no_onward,
        },
        "disclosures": [
            {"personal_data": item.field.value, "at": item.at, "acknowledged": item.acknowledged, "erased": item.erased}
            for item in reversed(unit.grants.disclosures(row.key, None, MOST_ROWS))
        ],
        "events": events,
    }


EXCHANGE = Exchange(
    answers={gr.REQUEST: _on_request, gr.ISSUED: _on_issued, gr.DENIED: _on_denied, gr.REVOKED: _on_revoked},
    settles={gr.REVOKED: _on_revoke_answer},
)
