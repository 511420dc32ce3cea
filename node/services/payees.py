"""Where commissions go, moved: with a new generation of keys the root signs a new payout address for each merchant.

A device that was lost holds the addresses of its generation, so what is stated from then on goes to others. The merchant takes the root's
word and nobody else's, for the generation in force and once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.model.team import Membership, Payee
from protocol.envelope import Signer, check_time, sign, verify
from protocol.errors import Conflict, Unauthorized
from protocol.kinds import Topic
from protocol.team import PAYEE, PayeeChanged, verify_payee

from .exchange import Exchange, Incoming, send
from .team import FIRST_PAYOUT, TeamUnit


@dataclass(frozen=True, slots=True)
class PayeeView:
    """A payout address of ours at a merchant. `state` says how far telling it got: waiting, accepted or refused, "" at the beginning."""

    merchant: str
    merchant_name: str
    payout: str
    generation: int
    state: str
    code: str


def sign_changes(unit: TeamUnit, root: Signer, *, generation: int, first_index: int) -> tuple[tuple[int, bytes], ...]:
    """Index and signed record of each membership's payout address in `generation`, whose payout addresses begin after `first_index`."""
    index = max(first_index + FIRST_PAYOUT, unit.team.next_payout_index(first_index + FIRST_PAYOUT))
    rows = [row for row in unit.team.memberships() if _generation(unit, row.merchant, row.member) < generation]
    return tuple((at, _signed(unit, root, row, generation, at)) for at, row in enumerate(rows, index))


def _signed(unit: TeamUnit, root: Signer, row: Membership, generation: int, index: int) -> bytes:
    record = PayeeChanged(row.merchant, row.member, generation, unit.me.chain_address(index))
    return sign(root, PAYEE, record, created=unit.now).raw


def enter_changes(unit: TeamUnit, changes: Sequence[tuple[int, bytes]]) -> None:
    """Move the memberships to the signed addresses and tell each merchant; again for the same generation changes nothing."""
    for index, raw in changes:
        signed = verify(raw, PAYEE)
        record = signed.read(PayeeChanged)
        row = unit.team.membership(record.merchant)
        if row is None or _generation(unit, record.merchant, record.member) >= record.generation:
            continue
        if not unit.team.payees(row.merchant, row.member):
            unit.team.keep_payee(Payee(row.merchant, row.member, 0, row.payout, None))
        unit.team.keep_payee(Payee(row.merchant, row.member, record.generation, record.payout, raw))
        unit.team.keep_membership(replace(row, payout=record.payout, payout_index=index))
        peer = unit.peers.by_identity(row.merchant)
        if peer is not None:
            send(unit, peer.peer, signed, topic=Topic.TEAM, about=("payee", row.merchant))
    unit.touched("changes")


def list_payees(unit: TeamUnit) -> list[PayeeView]:
    """Where commissions go, merchant by merchant."""
    return [_view(unit, row) for row in unit.team.memberships()]


def _view(unit: TeamUnit, row: Membership) -> PayeeView:
    peer = unit.peers.by_identity(row.merchant)
    sent = unit.outbox.about("payee", row.merchant)
    told = (sent[-1].state, sent[-1].code or "") if sent else ("", "")
    generation = _generation(unit, row.merchant, row.member)
    return PayeeView(row.merchant.hex(), peer.name if peer else "", "0x" + row.payout.hex(), generation, *told)


def _generation(unit: TeamUnit, merchant: bytes, member: bytes) -> int:
    """That of the address in force; 0 is the one joined with."""
    known = unit.team.payees(merchant, member)
    return known[0].generation if known else 0


def _on_changed(unit: TeamUnit, incoming: Incoming) -> None:
    """The merchant: statements name the new address from now on, also for what was earned before and is not stated yet."""
    signed, peer = incoming.message.signed, incoming.peer
    assert signed is not None
    check_time(signed.envelope, unit.now)
    record = verify_payee(signed, unit.me.identity, root=peer.state.root_public, generation=peer.state.generation)
    row = unit.team.member(record.member)
    if row is None or row.peer != peer.peer:
        raise Unauthorized("that is no member of yours here", code="unknown-member")
    if record.generation <= _generation(unit, record.merchant, record.member):
        raise Conflict(f"the payee of generation {record.generation} is settled already", code="replayed")
    unit.team.keep_payee(Payee(record.merchant, record.member, record.generation, record.payout, signed.raw))
    unit.team.keep_member(replace(row, payout=record.payout))
    unit.touched("changes")


EXCHANGE = Exchange(answers={PAYEE: _on_changed})
