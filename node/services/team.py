"""Teams: joining a merchant under a member key, being accepted, and sponsor edges that both members sign."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.team import Edge, Member, Membership, Payee, Rank
from protocol.codec import to_bytes
from protocol.envelope import sign, verify
from protocol.errors import BadSignature, Conflict, Unauthorized
from protocol.identity import Role
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.messages import Message
from protocol.team import (
    ACCEPTED,
    EDGE,
    JOIN,
    CoSigned,
    JoinRequest,
    Link,
    MemberAccepted,
    SponsorAnswer,
    SponsorEdge,
    SponsorRequest,
    check_edge_author,
    member_id,
    sign_edge,
    uplines,
    verify_edge,
    verify_join,
    with_edge,
)

from .exchange import Exchange, Incoming, send
from .peers import PeersUnit
from .unit import OutboxEntry

FIRST_PAYOUT = 1  # index 0 pays gas and signs for a merchant; payouts have addresses of their own
MOST_ASKED = 16  # by one peer, before somebody answers


class TeamBook(Protocol):
    """Memberships, members and edges as this service keeps them (node/store/team.py says what each does)."""

    def membership(self, merchant: bytes, /) -> Membership | None: ...  # noqa: D102
    def memberships(self) -> Sequence[Membership]: ...  # noqa: D102
    def next_payout_index(self, first: int) -> int: ...  # noqa: D102
    def keep_membership(self, row: Membership) -> None: ...  # noqa: D102
    def member(self, member: bytes, /) -> Member | None: ...  # noqa: D102
    def members(self) -> Sequence[Member]: ...  # noqa: D102
    def keep_member(self, row: Member) -> None: ...  # noqa: D102
    def rank(self, merchant: bytes, member: bytes) -> Rank | None: ...  # noqa: D102
    def keep_rank(self, row: Rank) -> None: ...  # noqa: D102
    def payees(self, merchant: bytes, member: bytes) -> Sequence[Payee]: ...  # noqa: D102
    def keep_payee(self, row: Payee) -> None: ...  # noqa: D102
    def edge(self, edge: bytes, /) -> Edge | None: ...  # noqa: D102
    def edges(self, merchant: bytes | None = None) -> Sequence[Edge]: ...  # noqa: D102
    def keep_edge(self, row: Edge) -> None: ...  # noqa: D102
    def links(self, merchant: bytes) -> Mapping[bytes, tuple[Link, ...]]: ...  # noqa: D102


class TeamUnit(PeersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def team(self) -> TeamBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class MembershipView:
    """Ours at one merchant. `payout` is the address commissions are claimed by."""

    merchant: str
    merchant_name: str
    member: str
    payout: str
    status: str
    seq: int
    starts: int


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of ours, the merchant's. `sponsor` is a member id, empty without one."""

    member: str
    peer: str
    name: str
    payout: str
    status: str
    seq: int
    starts: int
    sponsor: str


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A sponsor edge. `name` is the other seller's; `side` who we are in it."""

    edge: str
    merchant: str
    merchant_name: str
    member: str
    sponsor: str
    peer: str
    name: str
    side: str
    status: str
    starts: int
    sent: str


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A member with its depth below us (sellers) or below nobody (merchants). Members others know appear without a name."""

    member: str
    name: str
    sponsor: str
    depth: int
    merchant: str


# --- the seller


def join(unit: TeamUnit, merchant: bytes) -> MembershipView:
    """Ask a merchant to be its member, under a key and a payout address only it knows."""
    peer = unit.peers.by_identity(merchant)
    if peer is None or peer.role is not Role.MERCHANT:
        raise NotFound("You are not paired with that merchant. Pair first.")
    if unit.me.role != "seller":
        raise UserError("Only a seller joins a merchant.", code="not-a-seller")
    known = unit.team.membership(merchant)
    if known is not None:
        return _membership_view(unit, known)
    index = unit.team.next_payout_index(unit.me.payout_index + FIRST_PAYOUT)
    key = unit.me.member_key(merchant)
    payout = unit.me.chain_address(index)
    request = sign(key, JOIN, JoinRequest(merchant, key.public, payout), created=unit.now)
    row = Membership(merchant, member_id(merchant, key.public), payout, index, "asked", unit.now)
    unit.team.keep_membership(row)
    send(unit, peer.peer, request, topic=Topic.TEAM, about=("membership", merchant))
    unit.touched("changes")
    return _membership_view(unit, row)


def list_memberships(unit: TeamUnit) -> list[MembershipView]:
    """The merchants you sell for."""
    return [_membership_view(unit, row) for row in unit.team.memberships()]


def ask_sponsor(unit: TeamUnit, merchant: bytes, peer: str) -> EdgeView:
    """Ask a paired seller to be your sponsor at a merchant."""
    if unit.peers.get(peer) is None:
        raise NotFound("You are not paired with that seller.")
    own = unit.team.membership(merchant)
    if own is None or own.status != "accepted":
        raise UserError("Join the merchant first, and wait until it has accepted you.", code="not-a-member")
    links = unit.team.links(merchant).get(own.member, ())
    if links and links[-1].ends is None:
        raise ConflictError("You have a sponsor at this merchant already.", code="already-sponsored")
    seq = len(links) + 1
    known = unit.team.edge(edge_id(merchant, own.member, seq))
    if known is not None and known.status == "signed":
        raise ConflictError("Your sponsor has signed already; the merchant is told.", code="already-sponsored")
    if known is not None and (known.status, known.peer) == ("asked", peer):
        return _edge_view(unit, known)
    row = Edge(edge_id(merchant, own.member, seq), merchant, own.member, None, seq, unit.now, "member", "asked", peer, unit.now)
    unit.team.keep_edge(row)
    request = SponsorRequest(merchant, unit.me.member_key(merchant).public, row.starts, seq)
    send(unit, peer, request, topic=Topic.TEAM, about=("edge", row.edge))
    unit.touched("changes")
    return _edge_view(unit, row)


def accept_edge(unit: TeamUnit, edge: bytes) -> EdgeView:
    """Agree to be somebody's sponsor: sign the edge."""
    row = _asked(unit, edge)
    own = unit.team.membership(row.merchant)
    if own is None or own.status != "accepted":
        raise UserError("Join that merchant first: a sponsor is its member too.", code="not-a-member")
    record = SponsorEdge(row.merchant, own.member, row.member, row.starts, row.seq)
    signed = sign_edge(unit.me.member_key(row.merchant), record, created=unit.now)
    row = replace(row, sponsor=own.member, status="signed")
    unit.team.keep_edge(row)
    send(unit, row.peer, SponsorAnswer(row.merchant, row.member, signed.raw), topic=Topic.TEAM, about=("edge", edge))
    unit.touched("changes")
    return _edge_view(unit, row)


def decline_edge(unit: TeamUnit, edge: bytes) -> EdgeView:
    """Say no to being somebody's sponsor."""
    row = replace(_asked(unit, edge), status="declined")
    unit.team.keep_edge(row)
    send(unit, row.peer, SponsorAnswer(row.merchant, row.member), topic=Topic.TEAM, about=("edge", edge))
    unit.touched("changes")
    return _edge_view(unit, row)


def list_edges(unit: TeamUnit) -> list[EdgeView]:
    """Sponsor edges: yours up and down, or a merchant's whole list."""
    return [_edge_view(unit, row) for row in unit.team.edges()]


def tree(unit: TeamUnit) -> list[TreeNode]:
    """The team as far as this node knows it, each member after its sponsor."""
    nodes: list[TreeNode] = []
    rows = [row for row in unit.team.edges() if row.status in ("signed", "accepted") and row.ends is None]
    for merchant in sorted({row.merchant for row in rows}):
        below: dict[bytes, list[bytes]] = {}
        for row in rows:
            if row.merchant == merchant and row.sponsor is not None:
                below.setdefault(row.sponsor, []).append(row.member)
        members = {member for found in below.values() for member in found}
        for root in sorted(set(below) - members):
            nodes += _walk(unit, merchant, root, below)
    return nodes


def _walk(unit: TeamUnit, merchant: bytes, root: bytes, below: Mapping[bytes, list[bytes]]) -> Iterator[TreeNode]:
    waiting = [(root, b"", 0)]
    while waiting:
        member, sponsor, depth = waiting.pop()
        yield TreeNode(member.hex(), _name_of(unit, merchant, member), sponsor.hex(), depth, merchant.hex())
        waiting += [(found, member, depth + 1) for found in reversed(below.get(member, []))]


# --- the merchant


def list_members(unit: TeamUnit) -> list[MemberView]:
    """Who sells for you, and who asks to."""
    return [_member_view(unit, row) for row in unit.team.members()]


def accept_member(unit: TeamUnit, member: bytes) -> MemberView:
    """Take a seller in as a member."""
    row = unit.team.member(member)
    if row is None:
        raise NotFound("Nobody asked to join under that member id.")
    if row.status == "accepted":
        return _member_view(unit, row)
    seq = 1 + sum(other.status == "accepted" for other in unit.team.members())
    row = replace(row, status="accepted", seq=seq, starts=unit.now)
    unit.team.keep_member(row)
    signed = sign(unit.me.device, ACCEPTED, MemberAccepted(unit.me.identity, member, seq, unit.now), created=unit.now)
    send(unit, row.peer, signed, topic=Topic.TEAM, about=("member", member))
    unit.touched("changes")
    return _member_view(unit, row)


def pays(unit: TeamUnit, membership: Membership, address: bytes) -> bool:
    """Whether commissions to the address come to us at this merchant, now or under an earlier generation."""
    before = (row.payout for row in unit.team.payees(membership.merchant, membership.member))
    return address in (membership.payout, *before)


def upline_members(unit: TeamUnit, member: bytes, at: int, levels: int) -> tuple[Member, ...]:
    """The merchant's view of who is above a member, nearest first."""
    found = [unit.team.member(above) for above in uplines(unit.team.links(unit.me.identity), member, at, levels)]
    return tuple(row for row in found if row is not None)


# --- messages


def _on_join(unit: TeamUnit, incoming: Incoming) -> None:
    if unit.me.role != "merchant":
        raise Unauthorized("this node is no merchant's", code="not-a-merchant")
    request = verify_join(incoming.message.raw, unit.me.identity)
    known = unit.team.member(request.member)
    if known is not None and known.peer != incoming.peer.peer:
        raise Conflict("that member key is another peer's", code="wrong-identity")
    if known is None:
        _bound(sum((row.peer, row.status) == (incoming.peer.peer, "asked") for row in unit.team.members()))
        row = Member(request.member, incoming.peer.peer, request.member_key, request.payout, "asked", incoming.message.raw, unit.now)
        unit.team.keep_member(row)


def _bound(waiting: int) -> None:
    """One peer's open questions are few, for each is put before a person."""
    if waiting >= MOST_ASKED:
        raise Conflict(f"{MOST_ASKED} questions of yours wait for an answer already", code="too-many-requests")


def _on_accepted(unit: TeamUnit, incoming: Incoming) -> None:
    record: MemberAccepted = incoming.signed.read(MemberAccepted)
    own = unit.team.membership(record.merchant)
    if record.merchant != incoming.peer.identity or own is None or own.member != record.member:
        raise Conflict("that is no membership of ours", code="unknown-member")
    unit.team.keep_membership(replace(own, status="accepted", seq=record.seq, starts=record.starts, accepted=incoming.message.raw))


def _on_sponsor_request(unit: TeamUnit, incoming: Incoming) -> None:
    request: SponsorRequest = incoming.message.record
    member = member_id(request.merchant, request.member_key)
    edge = edge_id(request.merchant, member, request.seq)
    if unit.team.membership(request.merchant) is None:
        raise Conflict("I am no member of that merchant", code="not-a-member")
    known = unit.team.edge(edge)
    if known is not None and known.peer != incoming.peer.peer:
        raise Conflict("another peer asked under that member key", code="wrong-identity")
    if known is None:
        _bound(sum((row.peer, row.side, row.status) == (incoming.peer.peer, "sponsor", "asked") for row in unit.team.edges()))
    if known is None or known.status in ("asked", "declined"):  # the latest question is the one that is answered
        row = Edge(edge, request.merchant, member, None, request.seq, request.starts, "sponsor", "asked", incoming.peer.peer, unit.now)
        unit.team.keep_edge(row)


def _on_sponsor_answer(unit: TeamUnit, incoming: Incoming) -> None:
    answer: SponsorAnswer = incoming.message.record
    row = next((row for row in unit.team.edges(answer.merchant) if _awaits(row, answer, incoming.peer.peer)), None)
    if row is None:
        raise Conflict("nobody here asked for that", code="unknown-edge")
    if answer.envelope is None:
        unit.team.keep_edge(replace(row, status="declined"))
        return
    signed = verify(answer.envelope, EDGE)
    edge = signed.read(SponsorEdge)
    if (edge.merchant, edge.member, edge.starts, edge.seq) != (row.merchant, row.member, row.starts, row.seq):
        raise BadSignature("another edge than the one asked for", code="not-cosigned")
    check_edge_author(signed, edge, edge.sponsor)
    mine = sign_edge(unit.me.member_key(row.merchant), edge, created=unit.now)
    both = CoSigned(mine.raw, answer.envelope)
    unit.team.keep_edge(replace(row, sponsor=edge.sponsor, status="signed", cosigned=to_bytes(both)))
    merchant = unit.peers.by_identity(row.merchant)
    for peer in (merchant.peer if merchant else None, row.peer):
        if peer is not None:
            send(unit, peer, both, topic=Topic.TEAM, about=("edge", row.edge))


def _awaits(row: Edge, answer: SponsorAnswer, peer: str) -> bool:
    return (row.side, row.status, row.member, row.peer) == ("member", "asked", answer.member, peer)


def _on_cosigned(unit: TeamUnit, incoming: Incoming) -> None:
    both: CoSigned = incoming.message.record
    edge = verify_edge(both)
    id_ = edge_id(edge.merchant, edge.member, edge.seq)
    if edge.merchant != unit.me.identity:
        _as_sponsor(unit, incoming, edge, id_, to_bytes(both))
        return
    member, sponsor = unit.team.member(edge.member), unit.team.member(edge.sponsor)
    if member is None or sponsor is None or "asked" in (member.status, sponsor.status):
        raise Unauthorized("both must be members first", code="not-ready")
    if member.peer != incoming.peer.peer:
        raise Unauthorized("a member brings its own edge", code="wrong-identity")
    if unit.team.edge(id_) is None:
        with_edge(unit.team.links(edge.merchant), edge)
        row = Edge(id_, edge.merchant, edge.member, edge.sponsor, edge.seq, edge.starts, "merchant", "accepted", member.peer, unit.now)
        unit.team.keep_edge(replace(row, cosigned=to_bytes(both)))


def _as_sponsor(unit: TeamUnit, incoming: Incoming, edge: SponsorEdge, id_: bytes, raw: bytes) -> None:
    row = unit.team.edge(id_)
    if row is None or row.side != "sponsor" or row.sponsor != edge.sponsor or row.peer != incoming.peer.peer:
        raise Conflict("that is no edge of ours", code="unknown-edge")
    unit.team.keep_edge(replace(row, status="accepted", cosigned=raw))


def _on_cosigned_taken(unit: TeamUnit, entry: OutboxEntry, sent: Message, _reply: Message) -> None:
    edge = verify_edge(sent.record)
    row = unit.team.edge(edge_id(edge.merchant, edge.member, edge.seq))
    merchant = unit.peers.by_identity(edge.merchant)
    if row is not None and merchant is not None and merchant.peer == entry.peer:
        unit.team.keep_edge(replace(row, status="accepted"))


def _on_cosigned_refused(unit: TeamUnit, entry: OutboxEntry, sent: Message, _code: str) -> None:
    edge = verify_edge(sent.record)
    row = unit.team.edge(edge_id(edge.merchant, edge.member, edge.seq))
    merchant = unit.peers.by_identity(edge.merchant)
    if row is not None and merchant is not None and merchant.peer == entry.peer:
        unit.team.keep_edge(replace(row, status="declined"))


def _on_request_refused(unit: TeamUnit, entry: OutboxEntry, sent: Message, _code: str) -> None:
    request: SponsorRequest = sent.record
    row = unit.team.edge(edge_id(request.merchant, member_id(request.merchant, request.member_key), request.seq))
    if row is not None and row.peer == entry.peer:
        unit.team.keep_edge(replace(row, status="declined"))


EXCHANGE = Exchange(
    answers={
        JOIN: _on_join,
        ACCEPTED: _on_accepted,
        "team.sponsor-request": _on_sponsor_request,
        "team.sponsor-answer": _on_sponsor_answer,
        "team.cosigned": _on_cosigned,
    },
    settles={"team.cosigned": _on_cosigned_taken},
    fails={"team.sponsor-request": _on_request_refused, "team.cosigned": _on_cosigned_refused},
)


# --- inside


def edge_id(merchant: bytes, member: bytes, seq: int) -> bytes:
    """What a member's edge with this sequence is kept under."""
    return digest("edge", merchant, member, seq.to_bytes(8, "big"))


def _asked(unit: TeamUnit, edge: bytes) -> Edge:
    row = unit.team.edge(edge)
    if row is None:
        raise NotFound("Nobody asked you for that.")
    if (row.side, row.status) != ("sponsor", "asked"):
        raise ConflictError("That was answered already.", code="already-answered")
    return row


def _name_of(unit: TeamUnit, merchant: bytes, member: bytes) -> str:
    own = unit.team.membership(merchant)
    if own is not None and own.member == member:
        return unit.me.name
    row = unit.team.member(member)
    peers = [row.peer] if row else [edge.peer for edge in unit.team.edges(merchant) if member == _other(edge)]
    peer = unit.peers.get(peers[0]) if peers else None
    return peer.name if peer else ""


def _other(edge: Edge) -> bytes | None:
    """The seller behind `edge.peer`: the sponsor when we are the member, else the member."""
    return edge.sponsor if edge.side == "member" else edge.member


def _membership_view(unit: TeamUnit, row: Membership) -> MembershipView:
    peer = unit.peers.by_identity(row.merchant)
    name = peer.name if peer else ""
    return MembershipView(row.merchant.hex(), name, row.member.hex(), "0x" + row.payout.hex(), row.status, row.seq, row.starts)


def _member_view(unit: TeamUnit, row: Member) -> MemberView:
    peer = unit.peers.get(row.peer)
    above = uplines(unit.team.links(unit.me.identity), row.member, unit.now, 1)
    return MemberView(
        row.member.hex(),
        row.peer,
        peer.name if peer else "",
        "0x" + row.payout.hex(),
        row.status,
        row.seq,
        row.starts,
        above[0].hex() if above else "",
    )


def _edge_view(unit: TeamUnit, row: Edge) -> EdgeView:
    merchant, peer = unit.peers.by_identity(row.merchant), unit.peers.get(row.peer)
    sent = unit.outbox.about("edge", row.edge)
    return EdgeView(
        row.edge.hex(),
        row.merchant.hex(),
        merchant.name if merchant else unit.me.name if row.merchant == unit.me.identity else "",
        row.member.hex(),
        row.sponsor.hex() if row.sponsor else "",
        row.peer,
        peer.name if peer else "",
        row.side,
        row.status,
        row.starts,
        sent[-1].state if sent else "",
    )
