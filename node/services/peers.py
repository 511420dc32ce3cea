"""Peers: inviting, pairing by a code both screens show, forgetting. `protocol.pairing` decides; this moves the messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound
from node.model.peers import PairingRow, Peer
from protocol.codec import to_bytes
from protocol.errors import Conflict, Unauthorized
from protocol.identity import Presentation, Role
from protocol.kinds import Topic
from protocol.messages import Message
from protocol.pairing import (
    NONCE_BYTES,
    TOKEN_BYTES,
    AdmitPeer,
    Answered,
    Begun,
    ConfirmedHere,
    ConfirmedThere,
    Effect,
    Event,
    Invite,
    IssuedInvite,
    PairAnswer,
    PairBegin,
    PairConfirm,
    Pairing,
    PairRefuse,
    PairReveal,
    Refused,
    Revealed,
    Status,
    Tick,
    apply,
    check_invite,
    commit,
    foreign_invite,
    pairing_id,
    read_link,
)
from protocol.peer_id import peer_id_of, public_key_of

from .exchange import Exchange, Incoming, send
from .greeting import Greeted, follow, own_addresses
from .unit import OutboxEntry, Unit

INVITE_MS = 24 * 60 * 60 * 1000


class PeerBook(Greeted, Protocol):
    """Peers, invites and pairings as this service keeps them."""

    def all(self) -> Sequence[Peer]: ...  # noqa: D102
    def devices(self, identity: bytes | None = None) -> Sequence[str]: ...  # noqa: D102
    def admit(self, row: PairingRow, identity: bytes, now: int) -> None: ...  # noqa: D102
    def forget(self, peer: str) -> bool: ...  # noqa: D102
    def issue(self, invite: IssuedInvite, now: int) -> None: ...  # noqa: D102
    def invite(self, token: bytes) -> IssuedInvite | None: ...  # noqa: D102
    def take(self, invite: IssuedInvite) -> None: ...  # noqa: D102
    def pairing(self, id_: bytes, /) -> PairingRow | None: ...  # noqa: D102
    def pairings(self, *, open_only: bool) -> Sequence[PairingRow]: ...  # noqa: D102
    def keep(self, row: PairingRow) -> None: ...  # noqa: D102


class PeersUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def peers(self) -> PeerBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class InviteView:
    """An invite to hand over, as a link or a QR code. `expires` in ms."""

    link: str
    expires: int


@dataclass(frozen=True, slots=True)
class PairingView:
    """A pairing. `code` is what both screens show, empty until both have what it is made of."""

    id: str
    peer: str
    name: str
    role: str
    status: str
    code: str
    started_here: bool
    expires: int
    error: str


@dataclass(frozen=True, slots=True)
class PeerView:
    """A paired peer. `peer` is the device heard from last, `devices` those that showed themselves; `waiting` counts messages it has not
    answered yet.
    """

    peer: str
    identity: str
    name: str
    role: str
    addresses: tuple[str, ...]
    devices: tuple[str, ...]
    paired_at: int
    seen_at: int
    waiting: int


# --- use cases


def invite(unit: PeersUnit, valid_minutes: int = 24 * 60) -> InviteView:
    """Make an invite link that is good once."""
    addresses = own_addresses(unit)
    token = unit.random(TOKEN_BYTES)
    expires = unit.now + min(max(valid_minutes, 1) * 60_000, INVITE_MS)
    unit.peers.issue(IssuedInvite(token, expires), unit.now)
    me = unit.me
    link = Invite(me.device.public, me.identity, addresses, token, expires, Role(me.role), me.name).link
    unit.touched("changes")
    return InviteView(link, expires)


def accept_invite(unit: PeersUnit, link: str) -> PairingView:
    """Open an invite link: dial its peer and begin to pair."""
    found = read_link(link)
    check_invite(found, now=unit.now, own_identity=unit.me.identity)
    peer = peer_id_of(found.device_public)
    nonce = unit.random(NONCE_BYTES)
    presentation = unit.peers.presentation()
    begin = PairBegin(found.token, commit(nonce), presentation, unit.me.name, Role(unit.me.role), own_addresses(unit))
    raw = to_bytes(begin)
    machine, _ = apply(Pairing(), Begun(raw, unit.me.device.public, found.device_public, unit.now))
    known = (found.name, found.role.value, found.addresses)
    row = PairingRow(machine.id, peer, True, nonce, machine, unit.now, *known, invited=found.identity)
    unit.peers.keep(row)
    send(unit, peer, begin, topic=Topic.PAIR, about=("pairing", row.id))
    unit.touched("changes")
    return _pairing_view(unit, row)


def confirm_pairing(unit: PeersUnit, pairing: bytes) -> PairingView:
    """Say that both screens show the same code."""
    row = _row(unit, pairing)
    row = _step(unit, row, ConfirmedHere())
    send(unit, row.peer, PairConfirm(row.id), topic=Topic.PAIR, about=("pairing", row.id))
    return _pairing_view(unit, row)


def refuse_pairing(unit: PeersUnit, pairing: bytes) -> PairingView:
    """Say that the codes differ, or that you don't want this peer."""
    row = _step(unit, _row(unit, pairing), Refused())
    send(unit, row.peer, PairRefuse(row.id), topic=Topic.PAIR, about=("pairing", row.id))
    return _pairing_view(unit, row)


def get_pairing(unit: PeersUnit, pairing: bytes) -> PairingView:
    """One pairing."""
    return _pairing_view(unit, _row(unit, pairing))


def pairing_of(unit: PeersUnit, link: str) -> PairingView | None:
    """The pairing that one of our invites led to, once somebody opened it."""
    issued = unit.peers.invite(read_link(link).token)
    row = unit.peers.pairing(issued.used_by) if issued and issued.used_by else None
    return _pairing_view(unit, row) if row else None


def get_peer(unit: PeersUnit, peer: str) -> PeerView:
    """One paired peer."""
    known = unit.peers.get(peer)
    if known is None:
        raise NotFound("You are not connected to that peer.")
    return _peer_view(unit, known)


def list_pairings(unit: PeersUnit) -> list[PairingView]:
    """Pairings under way and the latest that ended."""
    return [_pairing_view(unit, row) for row in unit.peers.pairings(open_only=False)]


def list_peers(unit: PeersUnit) -> list[PeerView]:
    """Everyone this node is paired with."""
    return [_peer_view(unit, peer) for peer in unit.peers.all()]


def forget_peer(unit: PeersUnit, peer: str) -> PeerView:
    """End the pairing with a peer: its messages are refused from now on."""
    known = unit.peers.get(peer)
    if known is None:
        raise NotFound("You are not paired with that peer.")
    unit.peers.forget(peer)
    unit.touched("peers")
    unit.touched("changes")
    return _peer_view(unit, known)


def tick(unit: PeersUnit) -> None:
    """Let pairings that nobody finished expire."""
    for row in unit.peers.pairings(open_only=True):
        if row.machine.expires <= unit.now:
            _step(unit, row, Tick(unit.now))


# --- messages


def _on_begin(unit: PeersUnit, incoming: Incoming) -> PairAnswer:
    begin: PairBegin = incoming.message.record
    issued = unit.peers.invite(begin.token)
    if issued is None:
        raise foreign_invite()
    row_id = pairing_id(incoming.message.raw)
    unit.peers.take(issued.take(row_id, unit.now))
    _check_presented(unit, begin.presentation, incoming.peer_id, begin.role)
    nonce = unit.random(NONCE_BYTES)
    answer = PairAnswer(nonce, unit.peers.presentation(), unit.me.name, Role(unit.me.role), own_addresses(unit))
    machine, _ = apply(Pairing(), Begun(incoming.message.raw, public_key_of(incoming.peer_id), unit.me.device.public, unit.now))
    machine, _ = apply(machine, Answered(to_bytes(answer)))
    row = PairingRow(
        row_id, incoming.peer_id, False, nonce, machine, unit.now, begin.name, begin.role.value, begin.addresses, begin.presentation
    )
    unit.peers.keep(row)
    return answer


def _on_answer(unit: PeersUnit, _entry: OutboxEntry, sent: Message, reply: Message) -> None:
    row = _row(unit, pairing_id(sent.raw))
    answer = reply.record
    if not isinstance(answer, PairAnswer):
        raise Conflict("the peer did not answer as a pairing peer does", code="unexpected-reply")
    _check_presented(unit, answer.presentation, row.peer, answer.role, row.invited)
    known = replace(row, name=answer.name, role=answer.role.value, presentation=answer.presentation)
    row = _step(unit, replace(known, addresses=answer.addresses or row.addresses), Answered(reply.raw))
    row = _step(unit, row, Revealed(row.nonce))
    send(unit, row.peer, PairReveal(row.id, row.nonce), topic=Topic.PAIR, about=("pairing", row.id))


def _on_reveal(unit: PeersUnit, incoming: Incoming) -> None:
    reveal: PairReveal = incoming.message.record
    _step(unit, _theirs(unit, incoming, reveal.pairing), Revealed(reveal.nonce))


def _on_confirm(unit: PeersUnit, incoming: Incoming) -> None:
    _step(unit, _theirs(unit, incoming, incoming.message.record.pairing), ConfirmedThere())


def _on_refuse(unit: PeersUnit, incoming: Incoming) -> None:
    _step(unit, _theirs(unit, incoming, incoming.message.record.pairing), Refused())


def _on_refused(unit: PeersUnit, _entry: OutboxEntry, sent: Message, _code: str) -> None:
    row = unit.peers.pairing(pairing_id(sent.raw) if isinstance(sent.record, PairBegin) else sent.record.pairing)
    if row is not None and row.machine.status not in (Status.PAIRED, Status.REFUSED, Status.EXPIRED):
        _step(unit, row, Refused())


EXCHANGE = Exchange(
    answers={
        "pair.begin": _on_begin,
        "pair.reveal": _on_reveal,
        "pair.confirm": _on_confirm,
        "pair.refuse": _on_refuse,
    },
    settles={"pair.begin": _on_answer},
    fails={"pair.begin": _on_refused, "pair.reveal": _on_refused, "pair.confirm": _on_refused},
)


# --- inside


def _check_presented(unit: PeersUnit, presentation: Presentation, peer: str, role: Role, invited: bytes | None = None) -> None:
    """A live device, by a root log that goes on from the one we know of the identity: a revoked one cannot pair anew by an old log."""
    known = unit.peers.by_identity(presentation.identity)
    state = follow(known, peer, presentation) if known else presentation.check(public_key_of(peer))
    if state.role is not role:
        raise Conflict("the peer says it is what its identity is not", code="wrong-role")
    if invited not in (None, state.identity):
        raise Conflict("this is not who the invite names; ask for a new one", code="wrong-identity")


def _row(unit: PeersUnit, pairing: bytes) -> PairingRow:
    row = unit.peers.pairing(pairing)
    if row is None:
        raise NotFound("There is no such pairing.")
    return row


def _theirs(unit: PeersUnit, incoming: Incoming, pairing: bytes) -> PairingRow:
    row = unit.peers.pairing(pairing)
    if row is None or row.peer != incoming.peer_id:
        raise Unauthorized("there is no such pairing with you", code="unknown-pairing")
    return row


def _step(unit: PeersUnit, row: PairingRow, event: Event) -> PairingRow:
    machine, effects = apply(row.machine, event)
    row = replace(row, machine=machine)
    unit.peers.keep(row)
    _act(unit, row, effects)
    unit.touched("changes")
    return row


def _act(unit: PeersUnit, row: PairingRow, effects: tuple[Effect, ...]) -> None:
    if AdmitPeer() in effects:
        assert row.presentation is not None
        identity = row.presentation.check(public_key_of(row.peer)).identity
        unit.peers.admit(row, identity, unit.now)
        unit.touched("peers")


def _pairing_view(unit: PeersUnit, row: PairingRow) -> PairingView:
    codes = [entry.code for entry in unit.outbox.about("pairing", row.id) if entry.code]
    machine = row.machine
    return PairingView(
        row.id.hex(),
        row.peer,
        row.name,
        row.role,
        machine.status.value,
        machine.code,
        row.started_here,
        machine.expires,
        codes[-1] if codes else "",
    )


def _peer_view(unit: PeersUnit, peer: Peer) -> PeerView:
    devices = tuple(unit.peers.devices(peer.identity))
    times = (peer.paired_at, peer.seen_at, len(unit.outbox.open(peer.peer)))
    return PeerView(peer.peer, peer.identity.hex(), peer.name, peer.role.value, peer.addresses, devices, *times)
