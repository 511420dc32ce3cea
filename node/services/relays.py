"""Relayed claims: asking a team mate to bring our leaf to the vault, and keeping what team mates ask of us."""

from dataclasses import dataclass, replace

from node.errors import NotFound, UserError
from node.model.commission import RelayRow
from protocol.codec import from_bytes, to_bytes
from protocol.errors import Conflict, RemoteError
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.messages import Message
from protocol.relay import TYPE, RelayRequest, check_relay, request_of
from protocol.settlement import Node

from . import pauses
from .exchange import Exchange, Incoming, send
from .ledger import CommissionUnit
from .roots import address_of, paid, root_at
from .statements import part_of
from .unit import OutboxEntry
from .wallet import PLACE, require_place

MOST_A_PEER = 64


@dataclass(frozen=True, slots=True)
class RelayView:
    """A leaf that `peer` shall claim for us (`asked`), or we for it. `amount` is what it pays still, GMS base units.

    `state`: asked (on its way), accepted (the team mate has it), refused (see `code`), paid.
    """

    id: str
    asked: bool
    peer: str
    name: str
    merchant: str
    merchant_name: str
    epoch: int
    member: str
    amount: str
    state: str
    code: str
    created: int


def ask_relay(unit: CommissionUnit, merchant: bytes, peer: str) -> RelayView:
    """Ask a paired seller to claim our newest statement at a merchant for us: it pays the gas, the tokens come to our address."""
    pauses.require(unit, pauses.Pause.PAYOUTS)
    mate = unit.peers.get(peer)
    if mate is None:
        raise NotFound("You are not paired with that seller.")
    if mate.identity == merchant:
        raise UserError("Ask a team mate: the merchant's own node claims for nobody.", code="not-a-seller")
    require_place(unit)
    row, issuer = unit.commissions.last_statement(merchant), address_of(unit, merchant)
    if row is None or not row.raw or issuer is None:
        raise NotFound("That merchant has sent you no statement yet: there is nothing to claim.", code="no-statement")
    request = request_of(part_of(row), issuer)
    if paid(unit, issuer, request.member) >= request.payable:
        raise UserError("Everything this merchant stated so far is paid.", code="nothing-to-claim")
    asked = _row(unit, request, peer, asked=True)
    known = unit.commissions.relay(asked.id)
    if known is None:
        unit.commissions.keep_relay(asked)
        send(unit, peer, request, topic=Topic.COMMISSION, about=("relay", asked.id))
        unit.touched("changes")
    return _view(unit, known or asked)


def list_relays(unit: CommissionUnit) -> list[RelayView]:
    """What we asked of team mates, and they of us."""
    return [_view(unit, row) for row in unit.commissions.relays()]


def relays_for(unit: CommissionUnit, address: bytes, epoch: int) -> list[RelayRequest]:
    """Leaves that team mates asked us to claim under this root, as far as they hold and are not paid."""
    root = root_at(unit, address, epoch)
    if root is None:
        return []
    found: list[RelayRequest] = []
    for row in unit.commissions.relays(asked=False, address=address):
        request = from_bytes(RelayRequest, row.request)
        if row.epoch != epoch or row.state != "accepted" or paid(unit, address, row.member) >= request.payable:
            continue
        try:
            check_relay(request, Node(root.root, root.payable, root.outstanding))
        except RemoteError as error:
            unit.commissions.keep_relay(replace(row, state="refused", code=error.code))
            continue
        found.append(request)
    return found


def _row(unit: CommissionUnit, request: RelayRequest, peer: str, *, asked: bool, state: str = "asked") -> RelayRow:
    raw = to_bytes(request)
    name = digest("commission-relay", bytes([asked]) + peer.encode() + raw)
    return RelayRow(name, asked, peer, request.merchant, request.issuer, request.epoch, request.member, raw, unit.now, state)


def _on_relay(unit: CommissionUnit, incoming: Incoming) -> None:
    request: RelayRequest = incoming.message.record
    if unit.settings.get(PLACE) is None:
        raise Conflict("no chain is configured here", code="no-chain")
    place = require_place(unit)
    if (request.chain_id, request.vault) != (place.chain_id, place.vault):
        raise Conflict("that leaf is for another chain or vault", code="wrong-chain")
    root = root_at(unit, request.issuer, request.epoch)
    if root is not None:
        check_relay(request, Node(root.root, root.payable, root.outstanding))
    peer = incoming.peer.peer
    waiting = unit.commissions.relays(asked=False, peer=peer)
    for older in waiting:
        if (older.address, older.member) == (request.issuer, request.member):
            if older.epoch > request.epoch:
                raise Conflict("a newer epoch of that leaf was asked for already", code="stale-root")
            unit.commissions.drop_relay(older.id)
    if len(waiting) >= MOST_A_PEER:
        raise Conflict(f"more than {MOST_A_PEER} leaves of one peer", code="too-many")
    unit.commissions.keep_relay(_row(unit, request, peer, asked=False, state="accepted"))
    unit.touched("changes")


def _on_taken(unit: CommissionUnit, entry: OutboxEntry, _sent: Message, _reply: Message) -> None:
    _asked_is(unit, entry, "accepted")


def _on_refused(unit: CommissionUnit, entry: OutboxEntry, _sent: Message, code: str) -> None:
    _asked_is(unit, entry, "refused", code)


def _asked_is(unit: CommissionUnit, entry: OutboxEntry, state: str, code: str = "") -> None:
    row = unit.commissions.relay(entry.about[1]) if entry.about else None
    if row is not None:
        unit.commissions.keep_relay(replace(row, state=state, code=code))


def _view(unit: CommissionUnit, row: RelayRow) -> RelayView:
    request = from_bytes(RelayRequest, row.request)
    left = request.payable - paid(unit, row.address, row.member)
    mate, merchant = unit.peers.get(row.peer), unit.peers.by_identity(row.merchant)
    return RelayView(
        id=row.id.hex(),
        asked=row.asked,
        peer=row.peer,
        name=mate.name if mate else "",
        merchant=row.merchant.hex(),
        merchant_name=merchant.name if merchant else "",
        epoch=row.epoch,
        member=row.member.hex(),
        amount=str(max(0, left)),
        state="paid" if left <= 0 else row.state,
        code=row.code,
        created=row.created,
    )


EXCHANGE = Exchange(answers={TYPE: _on_relay}, settles={TYPE: _on_taken}, fails={TYPE: _on_refused})
