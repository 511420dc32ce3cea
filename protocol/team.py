"""Teams: members of one merchant, and who sponsors whom among them.

A member's key is its own for each merchant. It decides who is whose upline at a time and refuses circles. It knows no identity behind
a member, no rate and no rank (docs/protocol/07-team.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .codec import key
from .envelope import Signed, Signer, sign, verify
from .errors import BadSignature, Conflict, Malformed, Unauthorized
from .ids import digest
from .kinds import Kind, Topic

JOIN = "team.join"
ACCEPTED = "team.accepted"
RANK = "team.rank"
EDGE = "team.edge"
DEPARTURE = "team.departure"
PAYEE = "team.payee-changed"
MAX_DEPTH = 10_000  # of a walk upwards, far above any real line


def member_id(merchant: bytes, member_public: bytes) -> bytes:
    """The name of a member of `merchant`: the hash of both."""
    return digest("member", merchant, member_public)


# --- records


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A seller asks to be a member; signed by the member key. `payout` is the address (20 bytes) commissions are claimed by."""

    merchant: bytes = key(0, size=32)
    member_key: bytes = key(2, size=32)
    payout: bytes = key(4, size=20)
    sponsor: bytes | None = key(6, size=32, default=None)

    @property
    def member(self) -> bytes:
        """The member id asked for."""
        return member_id(self.merchant, self.member_key)


@dataclass(frozen=True, slots=True)
class MemberAccepted:
    """The merchant took a member in: number `seq` (from 1) of its members, from `starts` on."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    seq: int = key(4, low=1)
    starts: int = key(6)


@dataclass(frozen=True, slots=True)
class RankGiven:
    """The merchant gives a member a rank, by which it may have prices of its own; 0 = none."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    rank: int = key(4, high=255)


@dataclass(frozen=True, slots=True)
class SponsorEdge:
    """`sponsor` sponsors `member` (both member ids) from `starts` on; `seq` counts the member's edges from 1."""

    merchant: bytes = key(0, size=32)
    sponsor: bytes = key(2, size=32)
    member: bytes = key(4, size=32)
    starts: int = key(6)
    seq: int = key(8, low=1)


@dataclass(frozen=True, slots=True)
class CoSigned:
    """One record under two envelopes with the same body: the member's and the sponsor's."""

    member: bytes = key(0, longest=2048)
    sponsor: bytes = key(2, longest=2048)


@dataclass(frozen=True, slots=True)
class Departure:
    """A member leaves its sponsor, alone; for orders placed from `ends` on. `seq` names the edge."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    seq: int = key(4, low=1)
    ends: int = key(6)


@dataclass(frozen=True, slots=True)
class PayeeChanged:
    """The member's commissions go to `payout` (20 bytes) from `generation` of its secrets on; signed by its identity's root key."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    generation: int = key(4, low=1)
    payout: bytes = key(6, size=20)


# --- messages


@dataclass(frozen=True, slots=True)
class SponsorRequest:
    """To a paired seller: be my sponsor at `merchant`. Answered at once by a receipt, and when the person decided by SponsorAnswer."""

    merchant: bytes = key(0, size=32)
    member_key: bytes = key(2, size=32)
    starts: int = key(4)
    seq: int = key(6, low=1)


@dataclass(frozen=True, slots=True)
class SponsorAnswer:
    """The sponsor's signed edge, or no envelope: declined."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    envelope: bytes | None = key(4, longest=2048, default=None)


# --- checks


def verify_join(raw: bytes, merchant: bytes) -> JoinRequest:
    """A join request to `merchant`, signed by the key it names. Raises Malformed, BadSignature, Conflict `wrong-merchant`."""
    signed = verify(raw, JOIN)
    request = signed.read(JoinRequest)
    if request.merchant != merchant:
        raise Conflict("a request to another merchant", code="wrong-merchant")
    if request.member_key != signed.envelope.author:
        raise BadSignature("not signed by the member key it names", code="wrong-author")
    return request


def sign_edge(signer: Signer, edge: SponsorEdge, *, created: int) -> Signed:
    """One of the two signatures under an edge. Raises Unauthorized when `signer` is neither of the two."""
    if member_id(edge.merchant, signer.public) not in (edge.member, edge.sponsor):
        raise Unauthorized("only the two members sign their edge")
    return sign(signer, EDGE, edge, created=created)


def verify_edge(edge: CoSigned) -> SponsorEdge:
    """The edge that both its members signed. Raises Malformed, or BadSignature `wrong-author`, `not-cosigned`."""
    by_member, by_sponsor = verify(edge.member, EDGE), verify(edge.sponsor, EDGE)
    if by_member.envelope.body != by_sponsor.envelope.body:
        raise BadSignature("the two signed different edges", code="not-cosigned")
    record = by_member.read(SponsorEdge)
    check_edge_author(by_member, record, record.member)
    check_edge_author(by_sponsor, record, record.sponsor)
    if record.member == record.sponsor:
        raise Malformed("nobody sponsors themselves", code="own-sponsor")
    return record


def check_edge_author(signed: Signed, edge: SponsorEdge, member: bytes) -> None:
    """`signed` is by the key of `member`. Raises BadSignature `wrong-author`."""
    if member_id(edge.merchant, signed.envelope.author) != member:
        raise BadSignature("not signed by the member it names", code="wrong-author")


def verify_departure(raw: bytes, *, notice_ms: int = 0) -> Departure:
    """A departure by the member it names, with notice. Raises Malformed, BadSignature `wrong-author`, Conflict `short-notice`."""
    signed = verify(raw, DEPARTURE)
    departure = signed.read(Departure)
    if member_id(departure.merchant, signed.envelope.author) != departure.member:
        raise BadSignature("only the member leaves", code="wrong-author")
    if departure.ends < signed.envelope.created + notice_ms:
        raise Conflict("a departure holds for future orders, after its notice", code="short-notice")
    return departure


def verify_payee(signed: Signed, merchant: bytes, *, root: bytes, generation: int) -> PayeeChanged:
    """A verified change to `merchant`, held against the root key and the generation in force of who sends it.

    Raises Malformed, Unauthorized `not-root`, Conflict `wrong-merchant`, `generation` (an older one), `not-ready` (a later one).
    """
    record = signed.read(PayeeChanged)
    if record.merchant != merchant:
        raise Conflict("a change at another merchant", code="wrong-merchant")
    if signed.envelope.author != root:
        raise Unauthorized("only the root key moves a payee", code="not-root")
    if record.generation > generation:
        raise Conflict("that generation is not in the root log known here yet", code="not-ready")
    if record.generation < generation:
        raise Conflict("a payee of an earlier generation", code="generation")
    return record


# --- who sponsors whom


@dataclass(frozen=True, slots=True)
class Link:
    """A member's edge `seq` to `sponsor`, for orders placed in [starts, ends); no end while it is live."""

    sponsor: bytes
    seq: int
    starts: int
    ends: int | None = None

    def live_at(self, at: int) -> bool:
        """Whether an order placed `at` counts it."""
        return self.starts <= at and (self.ends is None or at < self.ends)


Links = Mapping[bytes, tuple[Link, ...]]
"""Member id → its links, by seq. A store may look them up lazily; a member without any may be missing."""


def with_edge(links: Links, edge: SponsorEdge) -> dict[bytes, tuple[Link, ...]]:
    """The links with a verified `edge`.

    Raises Conflict `replayed-edge`, `edge-order`, `already-sponsored` (one live sponsor per member), `circle`.
    """
    own = links.get(edge.member, ())
    if edge.seq <= len(own):
        raise Conflict(f"edge {edge.seq} of this member is already here", code="replayed-edge")
    if edge.seq != len(own) + 1:
        raise Conflict(f"edge {edge.seq} came where {len(own) + 1} is due", code="edge-order")
    if own and (own[-1].ends is None or own[-1].ends > edge.starts):
        raise Conflict("the member has a sponsor at that time; it must leave first", code="already-sponsored")
    if edge.member in _reachable(links, edge.sponsor, edge.starts):
        raise Conflict("the sponsor is below the member", code="circle")
    return {**links, edge.member: (*own, Link(edge.sponsor, edge.seq, edge.starts))}


def with_departure(links: Links, departure: Departure) -> dict[bytes, tuple[Link, ...]]:
    """The links after a verified `departure`. Raises Conflict `unknown-edge`, `already-left`."""
    own = links.get(departure.member, ())
    if departure.seq != len(own):
        raise Conflict("this is not the member's present edge", code="unknown-edge")
    if own[-1].ends is not None:
        raise Conflict("the member has left already", code="already-left")
    left = replace(own[-1], ends=max(departure.ends, own[-1].starts))
    return {**links, departure.member: (*own[:-1], left)}


def sponsor_at(links: Links, member: bytes, at: int) -> bytes | None:
    """Who sponsors `member` for an order placed `at`."""
    for link in reversed(links.get(member, ())):
        if link.live_at(at):
            return link.sponsor
    return None


def uplines(links: Links, member: bytes, at: int, levels: int) -> tuple[bytes, ...]:
    """At most `levels` sponsors above `member` at the time `at`, nearest first."""
    line: list[bytes] = []
    above = sponsor_at(links, member, at)
    while above is not None and len(line) < levels:
        line.append(above)
        above = sponsor_at(links, above, at)
    return tuple(line)


def _reachable(links: Links, start: bytes, since: int) -> set[bytes]:
    """`start` and all above it at any time from `since` on: what makes every later moment free of circles."""
    seen, waiting = {start}, [start]
    while waiting:
        for link in links.get(waiting.pop(), ()):
            if (link.ends is None or link.ends > since) and link.sponsor not in seen:
                seen.add(link.sponsor)
                waiting.append(link.sponsor)
        if len(seen) > MAX_DEPTH:
            raise Malformed("the line above is too long", code="too-large")
    return seen


KINDS = (
    Kind("team.sponsor-request", Topic.TEAM, SponsorRequest),
    Kind("team.sponsor-answer", Topic.TEAM, SponsorAnswer),
    Kind("team.cosigned", Topic.TEAM, CoSigned),
    Kind(JOIN, Topic.TEAM, JoinRequest, signed=True),
    Kind(ACCEPTED, Topic.TEAM, MemberAccepted, signed=True),
    Kind(RANK, Topic.TEAM, RankGiven, signed=True),
    Kind(DEPARTURE, Topic.TEAM, Departure, signed=True),
    Kind(PAYEE, Topic.TEAM, PayeeChanged, signed=True),
)
