"""Records that a peer gives back after a restore: each is checked as when it first came, and kept where this node does not have it.

A signature by a device that was live once counts: it is the peer's or our own word from before. Nothing is sent from here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Protocol, TypeVar

from node.model.catalog import PlanRecord
from node.model.commission import FactRow
from node.model.grant import Disclosure, GrantRow, LogEntry
from node.model.order import OrderRow
from node.model.peers import Peer
from node.model.team import Edge, Member, Membership, Payee
from protocol import grant as gr
from protocol import order_records as rec
from protocol.codec import to_bytes
from protocol.commission import CHANGE_TYPE, FACT_TYPE, AccrualFact, fact_hash
from protocol.envelope import Signed, peek_type, verify
from protocol.errors import Conflict, Unauthorized
from protocol.identity import IdentityState
from protocol.messages import Message
from protocol.plan import TYPE as PLAN
from protocol.plan import Plan, check_plan, plan_hash
from protocol.statement import TYPE as STATEMENT
from protocol.team import ACCEPTED, JOIN, PAYEE, CoSigned, MemberAccepted, PayeeChanged, member_id, verify_edge, verify_join

from . import facts, statements
from .evidence import Contradiction, EvidenceUnit
from .exchange import Incoming
from .grant_book import GrantsUnit, order_facts, step
from .order_log import Case, load, opened, take_back
from .team import FIRST_PAYOUT, edge_id

T = TypeVar("T")
MOST_INDEXES = 256  # payout addresses looked through for the one a merchant knows


class RecoveryUnit(GrantsUnit, EvidenceUnit, Protocol):
    """What this service needs of a transaction."""

    def attempt(self, run: Callable[[], T]) -> T:
        """Run it; what it wrote is undone when it raises."""


@dataclass(frozen=True, slots=True)
class _Parties:
    """Who is who: the merchant and the seller of what is given back, and their root logs."""

    peer: Peer
    merchant: bytes
    at_merchant: bool
    of_merchant: IdentityState
    of_seller: IdentityState


def take(unit: RecoveryUnit, peer: Peer, message: Message) -> None:
    """Check one record and keep it. Raises what its noun raises; then nothing of it is kept."""
    taker = _TAKES.get(message.kind.name)
    if taker is None:
        raise Conflict(f"{message.kind.name} is not given back", code="unknown-kind")
    own, here = unit.peers.own(), unit.me.role == "merchant"
    of = (own, peer.state) if here else (peer.state, own)
    taker(unit, _Parties(peer, unit.me.identity if here else peer.identity, here, *of), message)


def _by(state: IdentityState, signed: Signed | None) -> Signed:
    """The envelope, by a device that the identity has or had. Raises Unauthorized `not-live`."""
    assert signed is not None
    author = signed.envelope.author
    if author not in state.revoked:
        state.require_live(author)
    return signed


# --- team


def _join(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    request = verify_join(message.raw, who.merchant)
    if who.at_merchant:
        known = unit.team.member(request.member)
        if known is None:
            row = Member(request.member, who.peer.peer, request.member_key, request.payout, "asked", message.raw, unit.now)
            unit.team.keep_member(row)
        elif known.peer != who.peer.peer:
            raise Conflict("that member key is another peer's", code="wrong-identity")
        return
    key = unit.me.member_key(who.merchant)
    if request.member_key != key.public:
        raise Unauthorized("that is no membership of ours", code="unknown-member")
    if unit.team.membership(who.merchant) is None:
        index = _index_of(unit, request.payout)
        unit.team.keep_membership(Membership(who.merchant, request.member, request.payout, index, "asked", unit.now))


def _index_of(unit: RecoveryUnit, payout: bytes) -> int:
    """The index of a payout address of ours: what claims are disputed from. Raises Conflict `wrong-payee` when it is none of ours."""
    first: int = unit.me.payout_index + FIRST_PAYOUT
    for index in chain(range(FIRST_PAYOUT, MOST_INDEXES), range(first, first + MOST_INDEXES)):
        if unit.me.chain_address(index) == payout:
            return index
    raise Conflict("that payout address is none of ours", code="wrong-payee")


def _accepted(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    record: MemberAccepted = _by(who.of_merchant, message.signed).read(MemberAccepted)
    if record.merchant != who.merchant:
        raise Conflict("a membership at another merchant", code="wrong-merchant")
    if who.at_merchant:
        row = unit.team.member(record.member)
        if row is None or row.peer != who.peer.peer:
            raise Unauthorized("that is no member of yours here", code="unknown-member")
        if row.status != "accepted":
            unit.team.keep_member(replace(row, status="accepted", seq=record.seq, starts=record.starts))
        return
    own = unit.team.membership(who.merchant)
    if own is None or own.member != record.member:
        raise Unauthorized("that is no membership of ours", code="unknown-member")
    if own.status != "accepted":
        unit.team.keep_membership(replace(own, status="accepted", seq=record.seq, starts=record.starts, accepted=message.raw))


def _payee(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    """The root's word, of whichever generation; the newest is in force."""
    signed = message.signed
    assert signed is not None
    record = signed.read(PayeeChanged)
    if record.merchant != who.merchant:
        raise Conflict("a change at another merchant", code="wrong-merchant")
    if signed.envelope.author not in (who.of_seller.root_public, who.of_seller.inception.root_public):
        raise Unauthorized("only the root key moves a payee", code="not-root")
    if record.generation > who.of_seller.generation:
        raise Conflict("a payee of a generation that has not begun", code="generation")
    known = unit.team.payees(who.merchant, record.member)
    if any(row.generation == record.generation for row in known):
        return
    newest = all(row.generation < record.generation for row in known)
    member, own = unit.team.member(record.member), unit.team.membership(who.merchant)
    if who.at_merchant:
        if member is None or member.peer != who.peer.peer:
            raise Unauthorized("that is no member of yours here", code="unknown-member")
        if newest:
            unit.team.keep_member(replace(member, payout=record.payout))
    else:
        if own is None or own.member != record.member:
            raise Unauthorized("that is no membership of ours", code="unknown-member")
        if not known:
            unit.team.keep_payee(Payee(who.merchant, own.member, 0, own.payout, None))
        if newest:
            unit.team.keep_membership(replace(own, payout=record.payout, payout_index=_index_of(unit, record.payout)))
    unit.team.keep_payee(Payee(who.merchant, record.member, record.generation, record.payout, signed.raw))


def _cosigned(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    both: CoSigned = message.record
    edge = verify_edge(both)
    name = edge_id(edge.merchant, edge.member, edge.seq)
    known = unit.team.edge(name)
    if known is not None and known.status == "accepted":
        return
    mine = member_id(edge.merchant, unit.me.member_key(edge.merchant).public)
    if edge.merchant == unit.me.identity:
        side = "merchant"
    elif mine in (edge.member, edge.sponsor):
        side = "member" if mine == edge.member else "sponsor"
    else:
        raise Conflict("that is no edge of ours", code="unknown-edge")
    peer = known.peer if known else who.peer.peer
    head = (name, edge.merchant, edge.member, edge.sponsor, edge.seq, edge.starts, side, "accepted", peer, unit.now)
    unit.team.keep_edge(replace(Edge(*head), cosigned=to_bytes(both)))


# --- plans, facts, statements


def _plan(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _by(who.of_merchant, message.signed)
    plan = signed.read(Plan)
    if plan.merchant != who.merchant:
        raise Conflict("a plan of another merchant", code="wrong-identity")
    check_plan(plan)
    unit.catalog.keep_plan(PlanRecord(plan_hash(plan), plan, signed.raw), unit.now)


def _fact(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _by(who.of_merchant, message.signed)
    fact: AccrualFact = message.record
    if fact.merchant != who.merchant:
        raise Conflict("a fact of another merchant", code="wrong-merchant")
    if not who.at_merchant:
        facts.keep_own(unit, signed, fact)
    elif unit.commissions.fact(fact_hash(fact)) is None:
        facts.require_own_twin(unit, fact)
        row = FactRow(fact_hash(fact), fact.merchant, fact.member, fact.level, signed.raw, unit.now, checked=True)
        unit.commissions.keep_fact(row)
        _link(unit, row)


def _link(unit: RecoveryUnit, fact: FactRow) -> None:
    """A fact that comes after the acceptance that names it joins the entries written then."""
    for row in unit.commissions.entries(fact.merchant, fact.member):
        order = unit.orders.get(row.order) if row.order and not row.fact else None
        accepted = load(unit, order).accepted if order else None
        if accepted is not None and fact.hash in accepted.facts:
            unit.commissions.keep_entry(replace(row, fact=fact.hash))
            unit.commissions.keep_fact(replace(fact, order=row.order))


def _change(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    if not who.at_merchant:
        facts.EXCHANGE.answers[CHANGE_TYPE](unit, Incoming(who.peer.peer, message, who.peer))


def _statement(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _by(who.of_merchant, message.signed)
    if who.at_merchant:
        statements.take_part_back(unit, signed)
    else:
        statements.take_statement(unit, who.merchant, signed)


# --- orders


def _order(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    held = message.record
    signed = verify(held.request, rec.QUOTE_REQUEST)
    request = signed.read(rec.QuoteRequest)
    if request.merchant != who.merchant or member_id(request.merchant, signed.envelope.author) != request.member:
        raise Unauthorized("an order between others", code="wrong-identity")
    row = unit.orders.get(signed.id)
    if row is not None and row.peer != who.peer.identity:
        raise Unauthorized("an order with somebody else", code="wrong-identity")
    if row is None:
        row = _fresh(unit, who, signed, request)
        unit.orders.keep(row)
    for raw in held.requests:
        asked = verify(raw, peek_type(raw))
        unit.orders.keep_request(asked.id, row.draft, raw)
    case = load(unit, row)
    for raw in held.entries:
        case = _entry(unit, who, case, _by(who.of_merchant, verify(raw, peek_type(raw))))


def _fresh(unit: RecoveryUnit, who: _Parties, signed: Signed, request: rec.QuoteRequest) -> OrderRow:
    """An order that the backup does not know. Whom it was for, and what opens its commitments, no peer has."""
    member = unit.team.member(request.member)
    mine = signed.envelope.author == unit.me.member_key(who.merchant).public
    if not (mine or (who.at_merchant and member is not None and member.peer == who.peer.peer)):
        raise Unauthorized("that is no member here", code="not-a-member")
    return OrderRow(
        draft=signed.id,
        side="merchant" if who.at_merchant else "seller",
        peer=who.peer.identity,
        member=request.member,
        log=rec.order_log(request.merchant, signed.id),
        request=signed.raw,
        pickup=request.pickup,
        created=signed.envelope.created,
        updated=unit.now,
    )


def _entry(unit: RecoveryUnit, who: _Parties, case: Case, entry: Signed) -> Case:
    known = unit.orders.entry(case.row.draft, entry.envelope.seq)
    if known is None:
        case = take_back(unit, case, entry)
        if entry.envelope.type == rec.QUOTE:
            case = replace(case, row=replace(case.row, quote=entry.id))
            unit.orders.keep(case.row)
        return case
    if opened(known).id != entry.id:
        words = f"two different entries at {entry.envelope.seq}"
        raise Contradiction(words, identity=who.merchant, first=known, second=entry.raw)
    return case


# --- grants


def _requested(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _by(who.of_merchant, message.signed)
    request = signed.read(gr.GrantRequest)
    found = order_facts(unit, request.order)
    parties = (request.seller, request.merchant)
    if parties != (who.of_seller.identity, who.merchant) or found is None or found.peer != who.peer.identity:
        raise Unauthorized("a request for no order of ours", code="unknown-order")
    if unit.grants.get(signed.id) is None:
        row = GrantRow(signed.id, found.side, found.peer, found.order, unit.now, unit.now, found.customer, request_raw=signed.raw)
        step(unit, row, gr.Requested(signed.id, request))


def _issued(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _logged(unit, who, message)
    grant = signed.read(gr.Grant)
    row = unit.grants.by_request(grant.request) if grant.request else unit.grants.by_id(signed.id)
    step(unit, replace(_ours(row, who), grant_raw=signed.raw), gr.Issued(signed.id, grant))


def _denied(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _logged(unit, who, message)
    row = _ours(unit.grants.by_request(signed.read(gr.Denial).request), who)
    step(unit, replace(row, denial_raw=signed.raw), gr.Denied(signed.id))


def _revoked(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    signed = _logged(unit, who, message)
    revoke = signed.read(gr.Revoke)
    row = _ours(unit.grants.by_id(revoke.grant), who)
    if row.status is not gr.Status.REVOKED:
        step(unit, replace(row, revoke_raw=signed.raw), gr.Revoked(signed.id, revoke.grant))


def _ours(row: GrantRow | None, who: _Parties) -> GrantRow:
    if row is None or row.peer != who.peer.identity:
        raise Conflict("an entry about no request here", code="wrong-request")
    return row


def _logged(unit: RecoveryUnit, who: _Parties, message: Message) -> Signed:
    """The entry of the seller's log, kept beside what it says."""
    signed = _by(who.of_seller, message.signed)
    place = signed.envelope
    if place.log != gr.grant_log(who.of_seller.identity, who.merchant, place.author):
        raise Conflict("the entry belongs to another log", code="wrong-log")
    known = unit.grants.entry(place.log, place.seq)
    if known is None:
        unit.grants.add_entry(LogEntry(place.log, place.seq, signed.id, place.prev, signed.raw))
    elif known.id != signed.id:
        words = f"two different entries at {place.seq}"
        raise Contradiction(words, identity=who.of_seller.identity, first=known.raw, second=signed.raw)
    return signed


def _receipt(unit: RecoveryUnit, who: _Parties, message: Message) -> None:
    """What the merchant says it was given is entered in the disclosure ledger where it is missing."""
    if who.at_merchant:
        return
    signed = _by(who.of_merchant, message.signed)
    receipt = signed.read(gr.AccessReceipt)
    row = _ours(unit.grants.by_id(receipt.grant), who)
    grant = row.grant
    assert grant is not None
    for field in receipt.fields:
        until = receipt.at + grant.retention_ms
        unit.grants.disclose(Disclosure(receipt.ask, field, row.key, row.customer, who.merchant, row.order, receipt.at, until))
    unit.grants.acknowledge(receipt.ask, receipt.fields, receipt.at, signed.raw)


_TAKES: dict[str, Callable[[Any, _Parties, Message], None]] = {
    JOIN: _join,
    ACCEPTED: _accepted,
    PAYEE: _payee,
    "team.cosigned": _cosigned,
    PLAN: _plan,
    FACT_TYPE: _fact,
    CHANGE_TYPE: _change,
    STATEMENT: _statement,
    "recovery.order": _order,
    gr.REQUEST: _requested,
    gr.ISSUED: _issued,
    gr.DENIED: _denied,
    gr.REVOKED: _revoked,
    gr.RECEIPT: _receipt,
}
