"""Messages with peers, from the service's side: queue one, take one, and take what came back.

Each noun lists what it does in `EXCHANGE`: how it answers a kind, what a reply to its own kinds does, what a refusal does. `handlers`
joins the lists. The same message twice has one effect and one reply (queries excepted: they have no effect).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from node.model.peers import Peer
from protocol.encoding import encode
from protocol.envelope import Signed
from protocol.errors import Unauthorized
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.messages import Ack, Message, Nack, pack, unpack

from .unit import OutboxEntry, Unit

# These say "not now" rather than "no": the message stays in the outbox. All but the last two concern whatever we would send the peer.
# `not-paired` is said to a device that has not shown itself yet, too: nothing is lost by waiting until it has, or until a person ends it.
OVERLOADED = frozenset({"busy", "internal", "timed-out", "rate-limited", "too-many", "over-budget", "not-paired"})
TRANSIENT = OVERLOADED | {"not-ready", "restored-paused"}
DAY_MS = 86_400_000
KEPT_MS = 90 * DAY_MS  # an answered message, for the page that says what became of it
PRUNED = "exchange/pruned"
OPEN_TOPICS = frozenset({Topic.HELLO, Topic.PAIR})


class Peers(Protocol):
    """The paired peers, as every noun needs them."""

    def get(self, peer: str) -> Peer | None:
        """The paired peer with this peer id."""

    def by_identity(self, identity: bytes) -> Peer | None:
        """The paired peer of this identity."""

    def addresses_of(self, peer: str) -> tuple[str, ...]:
        """Where to dial `peer`, paired or pairing."""


class PeersUnit(Unit, Protocol):
    """A unit that knows peers."""

    @property
    def peers(self) -> Peers:
        """The paired peers."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request from the peer `peer_id`; `peer` is None only under `hello` and `pair`."""

    peer_id: str
    message: Message
    sender: Peer | None

    @property
    def peer(self) -> Peer:
        """The paired sender."""
        if self.sender is None:
            raise Unauthorized("pair first: ask for an invite", code="not-paired")
        return self.sender

    @property
    def signed(self) -> Signed:
        """The verified envelope, by a live device of the sender. Raises Unauthorized `not-live`."""
        signed = self.message.signed
        assert signed is not None
        self.peer.state.require_live(signed.envelope.author)
        return signed


Answers = Callable[[Any, Incoming], object | None]
Settles = Callable[[Any, OutboxEntry, Message, Message], None]
Fails = Callable[[Any, OutboxEntry, Message, str], None]


@dataclass(frozen=True)
class Exchange:
    """What one noun does with messages, by kind name.

    `answers[kind](unit, incoming)` returns the reply record or Signed (None = Ack). `settles[kind](unit, entry, sent, reply)` runs when the
    peer took our `kind`, `fails[kind](unit, entry, sent, code)` when it refused for good. `queries` have no effect and may be asked again.
    Of these, `reads` only look: they are answered on a snapshot, beside the writer. A Nack is a refusal, but for the kinds in `nacks`:
    these read it themselves, since it means "kept without effect".
    """

    answers: Mapping[str, Answers] = field(default_factory=dict)
    settles: Mapping[str, Settles] = field(default_factory=dict)
    fails: Mapping[str, Fails] = field(default_factory=dict)
    queries: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    nacks: frozenset[str] = frozenset()


def message_id(body: bytes) -> bytes:
    """The idempotency key of a packed message: its hash."""
    return digest("message", body)


def id_of(peer_id: str, body: bytes) -> bytes:
    """The id of a message that is no query."""
    return digest("message-to", peer_id.encode(), body)


def send(
    unit: Unit,
    peer_id: str,
    record: object,
    *,
    topic: Topic,
    about: tuple[str, bytes] | None = None,
    query: bool = False,
    ahead: bool = False,
) -> bytes:
    """Queue a record or Signed for a peer, in this transaction; the message's id, which names the receiver and the body.

    A query gets an id of its own each time. `ahead` of everything else that waits for the peer goes a hello.
    """
    body = pack(record)
    id_ = unit.random(32) if query else id_of(peer_id, body)
    unit.outbox.add(id_, peer_id, topic, body, about=about, ahead=ahead)
    return id_


def only_reads(exchange: Exchange, body: bytes) -> bool:
    """Whether a request is one that only looks, told by its first bytes: nothing of it is read before its turn."""
    return body.startswith(tuple(encode([kind, b""])[:-1] for kind in exchange.reads))


def handle(unit: PeersUnit, exchange: Exchange, peer_id: str, topic: str, body: bytes) -> bytes:
    """Take one request and answer it. Raises ProtocolError or UserError: then nothing was kept and the peer gets the code."""
    message = unpack(Topic(topic), body)
    sender = unit.peers.get(peer_id)
    if sender is None and Topic(topic) not in OPEN_TOPICS:
        raise Unauthorized("pair first: ask for an invite", code="not-paired")
    answer = exchange.answers.get(message.kind.name)
    if answer is None:
        raise Unauthorized(f"{message.kind.name} is not taken here", code="unknown-kind")
    once = message.kind.name not in exchange.queries
    key, whose = message_id(body), sender.peer if sender else peer_id  # one inbox an identity, whichever of its devices asks again
    if once and (known := unit.inbox.answered(whose, key, body)) is not None:
        return known
    record = answer(unit, Incoming(peer_id, message, sender))
    reply = pack(Ack(key) if record is None else record)
    if once:
        unit.inbox.answer(whose, key, body, reply)
    unit.touched("changes")
    return reply


def addresses(unit: PeersUnit, peer_id: str) -> tuple[str, ...]:
    """Where to dial a peer."""
    return unit.peers.addresses_of(peer_id)


def postponed(unit: Unit, entry: OutboxEntry, code: str) -> None:
    """The attempt failed for now."""
    unit.outbox.retry(entry.id, code)
    unit.touched("changes")


def answered(unit: Unit, exchange: Exchange, entry: OutboxEntry, reply: bytes) -> None:
    """The peer answered. Raises ProtocolError when the reply is not what it may be: then it counts as refused."""
    topic = Topic(entry.topic)
    received = unpack(topic, reply)
    sent = unpack(topic, entry.body)
    if isinstance(received.record, Nack) and sent.kind.name not in exchange.nacks:
        refused(unit, exchange, entry, received.record.code)
        return
    unit.outbox.acked(entry.id, reply)
    settle = exchange.settles.get(sent.kind.name)
    if settle is not None:
        settle(unit, entry, sent, received)
    unit.touched("changes")


def refused(unit: Unit, exchange: Exchange, entry: OutboxEntry, code: str) -> None:
    """The peer refused, for now or for good."""
    if code in TRANSIENT:
        postponed(unit, entry, code)
        return
    unit.outbox.refused(entry.id, code)
    sent = unpack(Topic(entry.topic), entry.body)
    fail = exchange.fails.get(sent.kind.name)
    if fail is not None:
        fail(unit, entry, sent, code)
    unit.touched("changes")


def tick(unit: Unit) -> None:
    """Once a day: let go of messages that were answered long ago."""
    if unit.now - unit.settings.get(PRUNED, 0) >= DAY_MS:
        unit.settings.set(PRUNED, unit.now)
        unit.outbox.prune(unit.now - KEPT_MS)


def join(*parts: Exchange) -> Exchange:
    """One table of many. A kind has one owner."""
    answers: dict[str, Answers] = {}
    settles: dict[str, Settles] = {}
    fails: dict[str, Fails] = {}
    queries: set[str] = set()
    reads: set[str] = set()
    nacks: set[str] = set()
    for part in parts:
        assert not answers.keys() & part.answers.keys()
        answers |= part.answers
        settles |= part.settles
        fails |= part.fails
        queries |= part.queries
        reads |= part.reads
        nacks |= part.nacks
    assert reads <= queries
    return Exchange(answers, settles, fails, frozenset(queries), frozenset(reads), frozenset(nacks))
