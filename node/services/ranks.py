"""Ranks: the merchant gives a member one, and with it the prices that its offers have for that rank."""

from dataclasses import dataclass

from node.errors import NotFound, UserError
from node.model.team import Rank
from protocol.envelope import sign
from protocol.errors import Conflict, Untimely
from protocol.kinds import Topic
from protocol.team import RANK, RankGiven

from .exchange import Exchange, Incoming, send
from .team import TeamUnit

HIGHEST = 255


@dataclass(frozen=True, slots=True)
class RankView:
    """The rank a member has at a merchant; `since` in ms, 0 where none was ever given."""

    merchant: str
    merchant_name: str
    member: str
    name: str
    rank: int
    since: int


def give_rank(unit: TeamUnit, member: bytes, rank: int) -> RankView:
    """Give a member of ours a rank from 0 to 255. Raises NotFound, UserError `bad-rank`."""
    row = unit.team.member(member)
    if row is None or row.status != "accepted":
        raise NotFound("There is no such member. Accept it first.")
    if not 0 <= rank <= HIGHEST:
        raise UserError(f"A rank is a whole number from 0 to {HIGHEST}.", code="bad-rank")
    known = unit.team.rank(unit.me.identity, member)
    if rank != rank_of(unit, unit.me.identity, member):
        created = max(unit.now, known.created + 1 if known else 0)
        signed = sign(unit.me.device, RANK, RankGiven(unit.me.identity, member, rank), created=created)
        unit.team.keep_rank(Rank(unit.me.identity, member, rank, created, signed.raw))
        send(unit, row.peer, signed, topic=Topic.TEAM, about=("member", member))
        unit.touched("changes")
    return _view(unit, unit.me.identity, member)


def list_ranks(unit: TeamUnit) -> list[RankView]:
    """The ranks of our members, or ours at our merchants."""
    members = [_view(unit, unit.me.identity, row.member) for row in unit.team.members() if row.status == "accepted"]
    ours = [_view(unit, row.merchant, row.member) for row in unit.team.memberships() if row.status == "accepted"]
    return members + ours


def rank_of(unit: TeamUnit, merchant: bytes, member: bytes) -> int:
    """The rank by which prices are reckoned."""
    row = unit.team.rank(merchant, member)
    return row.rank if row else 0


def own_rank(unit: TeamUnit, merchant: bytes) -> int:
    """Ours at a merchant; 0 at ourselves and where we are no member."""
    own = unit.team.membership(merchant)
    return rank_of(unit, merchant, own.member) if own else 0


def _view(unit: TeamUnit, merchant: bytes, member: bytes) -> RankView:
    row, held = unit.team.rank(merchant, member), unit.team.member(member)
    at, who = unit.peers.by_identity(merchant), unit.peers.get(held.peer) if held else None
    names = (unit.me.name if merchant == unit.me.identity else at.name if at else "", who.name if who else "" if held else unit.me.name)
    return RankView(merchant.hex(), names[0], member.hex(), names[1], row.rank if row else 0, row.created if row else 0)


def _on_rank(unit: TeamUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    given, created = signed.read(RankGiven), signed.envelope.created
    own = unit.team.membership(given.merchant)
    if given.merchant != incoming.peer.identity or own is None or own.member != given.member:
        raise Conflict("that is no membership of ours", code="unknown-member")
    known = unit.team.rank(given.merchant, given.member)
    if known is not None and known.created >= created:
        raise Untimely("an earlier rank than the one known", code="replayed")
    unit.team.keep_rank(Rank(given.merchant, given.member, given.rank, created, signed.raw))


EXCHANGE = Exchange(answers={RANK: _on_rank})
