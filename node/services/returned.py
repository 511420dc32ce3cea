"""What we hold of our dealings with a peer, for one that was set up from a backup: all that was signed, as it travelled."""

from collections.abc import Callable, Iterator
from functools import partial

from node.model.commission import FactRow
from node.model.peers import Peer
from protocol import grant as gr
from protocol.codec import from_bytes
from protocol.commission import CHANGE_TYPE, FACT_TYPE, Change, FactChange
from protocol.envelope import sign, verify
from protocol.identity import Role
from protocol.ledger import Status
from protocol.messages import pack
from protocol.plan import TYPE as PLAN
from protocol.recovery import HeldOrder, Section
from protocol.statement import TYPE as STATEMENT
from protocol.statement import StatementHead, statement_hash
from protocol.team import ACCEPTED, JOIN, PAYEE, CoSigned, JoinRequest, MemberAccepted

from .destinations import is_blanked
from .grant_book import GrantsUnit

Record = Callable[[], bytes]


def held(unit: GrantsUnit, peer: Peer, section: Section) -> Iterator[Record]:
    """The records of a section, in an order in which each can be read with those before it. Each is made when it is called for."""
    yield from _SECTIONS[section](unit, peer)


def _packed(type_: str, raw: bytes) -> Record:
    return lambda: pack(verify(raw, type_))


def _signed(unit: GrantsUnit, type_: str, record: object, at: int) -> Record:
    """Said again by this device, in the same words."""
    return lambda: pack(sign(unit.me.device, type_, record, created=at))


# --- team


def _team(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    members = [row.member for row in unit.team.members() if row.peer == peer.peer]
    for row in unit.team.members():
        if row.peer == peer.peer:
            yield _packed(JOIN, row.request)
            if row.status == "accepted":
                accepted = MemberAccepted(unit.me.identity, row.member, row.seq, row.starts)
                yield _signed(unit, ACCEPTED, accepted, row.starts)
            yield from _payees(unit, unit.me.identity, row.member)
    membership = unit.team.membership(peer.identity)
    if membership is not None:
        members.append(membership.member)
        yield from _own_join(unit, peer)
        if membership.accepted:
            yield _packed(ACCEPTED, membership.accepted)
        yield from _payees(unit, peer.identity, membership.member)
    for edge in unit.team.edges():
        if edge.cosigned and (edge.member in members or edge.peer == peer.peer):
            yield partial(_edge, edge.cosigned)


def _edge(cosigned: bytes) -> bytes:
    return pack(from_bytes(CoSigned, cosigned))


def _own_join(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    """Our request to join, under the address we joined with."""
    membership = unit.team.membership(peer.identity)
    assert membership is not None
    first = [row.payout for row in unit.team.payees(peer.identity, membership.member) if row.generation == 0]
    key = unit.me.member_key(peer.identity)
    join = JoinRequest(peer.identity, key.public, first[0] if first else membership.payout)
    yield lambda: pack(sign(key, JOIN, join, created=membership.asked_at))


def _payees(unit: GrantsUnit, merchant: bytes, member: bytes) -> Iterator[Record]:
    for row in reversed(unit.team.payees(merchant, member)):
        if row.raw:
            yield _packed(PAYEE, row.raw)


# --- plans, facts, statements


def _merchant_of(unit: GrantsUnit, peer: Peer) -> bytes:
    """Which of the two is the merchant."""
    return peer.identity if peer.role is Role.MERCHANT else unit.me.identity


def _plans(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    for record in reversed(unit.catalog.plans(_merchant_of(unit, peer))):
        yield _packed(PLAN, record.raw)


def _members(unit: GrantsUnit, peer: Peer) -> list[bytes]:
    """The member the peer is at us, or we at the peer."""
    own = unit.team.membership(peer.identity)
    return [own.member] if own else [row.member for row in unit.team.members() if row.peer == peer.peer]


def _facts(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    merchant = _merchant_of(unit, peer)
    for member in _members(unit, peer):
        for fact in unit.commissions.facts_of_member(merchant, member):
            yield _packed(FACT_TYPE, fact.raw)
            if merchant == unit.me.identity:
                yield from _changes(unit, fact)


def _changes(unit: GrantsUnit, fact: FactRow) -> Iterator[Record]:
    """What we said of a fact since, signed again: the same words in the same places."""
    said: list[tuple[Change, int]] = []
    for row in unit.commissions.entries_of_fact(fact.hash)[:1]:
        entry = row.entry
        said += [(Change.HELD, entry.hold_until)] if entry.hold_until else []
        said += [(Change.RELEASED, entry.payable_at)] if entry.payable_at else []
        said += [(Change.VOIDED, unit.now)] if entry.status is Status.VOIDED else []
    for number, (change, at) in enumerate(said[: fact.changes], start=1):
        record = FactChange(fact.hash, number, change, at, 0, 0)
        yield _signed(unit, CHANGE_TYPE, record, unit.now)


def _statements(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    for row in reversed(unit.commissions.statements()):
        if row.merchant == peer.identity and row.raw:
            yield _packed(STATEMENT, row.raw)
        elif row.merchant == unit.me.identity:
            sent = unit.outbox.about("statement", statement_hash(from_bytes(StatementHead, row.head)))
            for entry in sent:
                if entry.peer == peer.peer:
                    yield partial(bytes, entry.body)


# --- orders and grants


def _orders(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    for row in unit.orders.of_peer(peer.identity):
        if is_blanked(row):  # its customer was erased: what is left proves nothing to the other side
            continue
        yield partial(_order, unit, row.draft, row.request)


def _order(unit: GrantsUnit, draft: bytes, request: bytes) -> bytes:
    steps = [step for step in unit.orders.steps(draft) if step.entry]
    entries = tuple(step.entry for step in steps if step.entry)
    return pack(HeldOrder(request, entries, tuple(step.request for step in steps if step.request)))


def _grants(unit: GrantsUnit, peer: Peer) -> Iterator[Record]:
    for row in unit.grants.of_peer(peer.identity):
        records = ((gr.REQUEST, row.request_raw), (gr.ISSUED, row.grant_raw), (gr.DENIED, row.denial_raw), (gr.REVOKED, row.revoke_raw))
        for type_, raw in records:
            if raw:
                yield _packed(type_, raw)
        if row.side == "merchant" and row.grant_id:
            for asked in unit.grants.asks(row.key):
                if asked.state == "answered":
                    receipt = gr.AccessReceipt(row.grant_id, asked.id, asked.fields, asked.at)
                    yield _signed(unit, gr.RECEIPT, receipt, receipt.at)


_SECTIONS: dict[Section, Callable[[GrantsUnit, Peer], Iterator[Record]]] = {
    Section.TEAM: _team,
    Section.PLANS: _plans,
    Section.FACTS: _facts,
    Section.ORDERS: _orders,
    Section.GRANTS: _grants,
    Section.STATEMENTS: _statements,
}
