"""Hello: who we are, shown to each peer when our root log changes and at each start; and whom a peer's hello makes us follow.

A peer is an identity. The device it was heard from last is the way to it; another device of it that shows itself, and a root log that goes
on from the one we know, is followed, and one that the root log revoked is a stranger from then on.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from node.model.peers import Peer
from protocol.codec import from_bytes, to_bytes
from protocol.errors import Conflict, Unauthorized
from protocol.identity import IdentityState, Presentation, replay
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.messages import VERSION, Hello, Message, unpack
from protocol.peer_id import public_key_of
from protocol.recovery import RootKnown

from . import evidence
from .evidence import Contradiction, EvidenceBook
from .exchange import Exchange, Incoming, send
from .exchange import Peers as KnownPeers
from .today_items import TodayItem, name_of
from .unit import OutboxEntry, Unit

ADDRESSES = "addresses"  # setting: our own dialable addresses, kept by the app when the host is up
ANNOUNCED = "peers/announced"  # setting: the root log that peers were told of last
REFUSED = "peers/hello-refused"  # setting: peer id → why it did not take our hello
ROOT_KNOWN = "peers/root-known"  # setting: a root log of ours, longer than or other than this node's, that a peer knows
OUTDATED = frozenset({"not-live", "rollback", "equivocation"})  # what a peer says that knows more of our devices than we do


class Greeted(KnownPeers, Protocol):
    """Peers as this service keeps them (node/store/peers.py says what each does)."""

    def presentation(self) -> Presentation: ...  # noqa: D102
    def own(self) -> IdentityState: ...  # noqa: D102
    def all(self) -> Any: ...  # noqa: D102
    def renew(self, peer: str, presentation: Presentation, name: str, addresses: tuple[str, ...], now: int) -> None: ...  # noqa: D102


class GreetingUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def peers(self) -> Greeted: ...  # noqa: D102

    @property
    def evidence(self) -> EvidenceBook: ...  # noqa: D102


def own_addresses(unit: Unit) -> tuple[str, ...]:
    """Where we can be dialed."""
    return tuple(unit.settings.get(ADDRESSES, []))


def hello(unit: GreetingUnit) -> Hello:
    """Our root log, name and addresses as they are now."""
    return Hello(VERSION, unit.peers.presentation(), unit.me.name, unit.now, own_addresses(unit))


def greet(unit: GreetingUnit, peer: str) -> None:
    """Queue a hello ahead of all that waits for the peer, unless the same is on its way."""
    known = unit.peers.get(peer)
    if known is None:
        return
    mine = hello(unit)
    waiting = (entry for entry in unit.outbox.open(known.peer) if entry.topic == Topic.HELLO)
    said = (unpack(Topic.HELLO, entry.body).record for entry in waiting)
    if not any(isinstance(record, Hello) and replace(record, time=mine.time) == mine for record in said):
        send(unit, known.peer, mine, topic=Topic.HELLO, query=True, ahead=True)


def greet_all(unit: GreetingUnit) -> None:
    """Show every peer our root log as it is now."""
    for peer in unit.peers.all():
        greet(unit, peer.peer)


def tick(unit: GreetingUnit) -> None:
    """A root log that changed, whoever changed it, is shown to every peer at once: a device that was revoked shall not be believed."""
    shown = unit.peers.presentation()
    now, before = digest("announced", shown.inception, *shown.entries).hex(), unit.settings.get(ANNOUNCED)
    if now == before:
        return
    unit.settings.set(ANNOUNCED, now)
    if before is not None:
        greet_all(unit)


def outdated(unit: Any) -> Iterable[TodayItem]:
    """Peers that know more of our devices than this one does: it was retired, or restored from before the last change."""
    for peer, code in unit.settings.get(REFUSED, {}).items():
        name = name_of(unit, peer)
        if code == "not-live":
            title, text = f"{name} takes this device for retired", "You retired it from another device, or somebody with your words did."
            yield TodayItem("device", "", title, text, f"/peers/{peer}", "", unit.now, name)
            continue
        title = f"{name} knows of a change to your devices that this one does not"
        text = "This device was restored from before it, and is refused until it joins the others"
        yield TodayItem("device", "", title, text, "/restored/rejoin", "Join with your words", unit.now, name)


# --- messages


def _on_hello(unit: GreetingUnit, incoming: Incoming) -> Hello | RootKnown:
    shown: Hello = incoming.message.record
    known = incoming.sender or unit.peers.by_identity(shown.presentation.identity)
    if known is None:
        raise Unauthorized("pair first: ask for an invite", code="not-paired")
    try:
        _learn(unit, known, incoming.peer_id, shown)
    except Contradiction as fork:
        shown.presentation.check(public_key_of(incoming.peer_id))  # by the root, for this device: its owner may know what is known
        evidence.keep(unit, fork)
        return RootKnown(known.presentation)
    return hello(unit)


def _on_answer(unit: GreetingUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    peer = unit.peers.get(entry.peer)
    if isinstance(reply.record, RootKnown):
        _keep_known(unit, reply.record.presentation)
        _said(unit, entry.peer, "equivocation")
        return
    if peer is not None and isinstance(reply.record, Hello):
        _learn(unit, peer, entry.peer, reply.record)
    _said(unit, entry.peer, "")


def _keep_known(unit: GreetingUnit, known: Presentation) -> None:
    """A root log of ours that a peer is ahead with; the longest is kept. Raises as `replay`, Conflict `wrong-identity`."""
    if known.identity != unit.me.identity:
        raise Conflict("the root log of another identity", code="wrong-identity")
    replay(known.inception, known.entries)
    kept = unit.settings.get(ROOT_KNOWN)
    if not kept or len(known.entries) > len(from_bytes(Presentation, bytes.fromhex(kept)).entries):
        unit.settings.set(ROOT_KNOWN, to_bytes(known).hex())


def _on_refused(unit: GreetingUnit, entry: OutboxEntry, _sent: Message, code: str) -> None:
    _said(unit, entry.peer, code)


def _said(unit: Unit, peer: str, code: str) -> None:
    """Keep why the peer does not take us for who we are; a person has to know."""
    said = unit.settings.get(REFUSED, {})
    kept = {name: why for name, why in said.items() if name != peer} | ({peer: code} if code in OUTDATED else {})
    if kept != said:
        unit.settings.set(REFUSED, kept)


def _learn(unit: GreetingUnit, known: Peer, device: str, shown: Hello) -> None:
    follow(known, device, shown.presentation)
    unit.peers.renew(device, shown.presentation, shown.name, shown.addresses or known.addresses, unit.now)
    if device != known.peer or shown.presentation != known.presentation:
        unit.touched("peers")
    unit.outbox.wake(device)


def follow(known: Peer, device: str, shown: Presentation) -> IdentityState:
    """What `shown` makes of a known identity. The new entries are verified, no more than it can have, and nothing at all of an old log.

    Raises Unauthorized `not-live`, Conflict `wrong-identity`, `rollback`, Contradiction, and as `protocol.identity.append` does.
    """
    public = public_key_of(device)
    if public in known.state.revoked:
        raise Unauthorized("this device was revoked by its owner", code="not-live")
    fork = None if _goes_on(known, shown) else shown.fork(known.presentation)
    if fork is not None:
        raise Contradiction("the root log was rewritten", identity=known.identity, first=fork[0], second=fork[1])
    state = shown.follow(known.presentation, known.state)
    state.require_live(public)
    return state


def _goes_on(known: Peer, shown: Presentation) -> bool:
    """Whether one of the two is the other's beginning, byte for byte, or it is somebody else's: the usual cases, without a signature."""
    common = min(len(shown.entries), len(known.presentation.entries))
    same = shown.entries[:common] == known.presentation.entries[:common]
    return same or shown.inception != known.presentation.inception


EXCHANGE = Exchange(
    answers={"hello": _on_hello},
    settles={"hello": _on_answer},
    fails={"hello": _on_refused},
    queries=frozenset({"hello"}),
)
