"""What an attacker who is a paired peer, or sits on the wire, makes of messages that were really sent."""

from dataclasses import dataclass, replace

from protocol.codec import to_bytes
from protocol.encoding import decode, encode
from protocol.envelope import Envelope, Signed, domain, verify
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.messages import KINDS, pack

TWIN = "another record in its place"
MINUTE = 60_000


@dataclass(frozen=True)
class Sent:
    """A message that was taken: who sent it to whom, with the key that signed it in the attacker's reach or not."""

    sender: str
    receiver: str
    topic: str
    body: bytes

    @property
    def signed(self):
        name, raw = decode(self.body)
        return verify(raw, name)


@dataclass(frozen=True)
class Attack:
    """`body` as `sender` would say it under `topic`."""

    name: str
    sender: str
    topic: str
    body: bytes


def taken(world):
    """The signed messages of a world that were taken, in order."""
    found = []
    for sender, receiver, topic, body, reply in world.carried:
        if isinstance(reply, bytes) and decode(reply)[0] != "nack" and KINDS[decode(body)[0]].signed:
            found.append(Sent(sender, receiver, topic, body))
    return found


def sealed(envelope: Envelope, signer, type_=None) -> bytes:
    """The body of a message with this envelope, signed as `type_` says instead of as its own."""
    content = to_bytes(envelope)
    signature = signer.sign(domain(type_ or envelope.type) + content)
    return pack(Signed(envelope, digest(envelope.type, content), encode([content, signature])))


def flipped(sent, dice):
    at = dice.randrange(len(sent.body) * 8)
    body = bytearray(sent.body)
    body[at // 8] ^= 1 << at % 8
    return Attack("a bit flipped", sent.sender, sent.topic, bytes(body))


def cut(sent, dice):
    return Attack("cut short", sent.sender, sent.topic, sent.body[: dice.randrange(len(sent.body))])


def resigned(sent, thief, dice):
    """Another's key under the author's name."""
    envelope = replace(sent.signed.envelope, created=sent.signed.envelope.created + dice.randrange(1, MINUTE))
    return Attack("signed by another key", sent.sender, sent.topic, sealed(envelope, thief))


def own_name(sent, thief, dice):
    """The thief's own envelope through the victim's channel."""
    envelope = replace(sent.signed.envelope, author=thief.public, created=sent.signed.envelope.created + dice.randrange(1, MINUTE))
    return Attack("another author", sent.sender, sent.topic, sealed(envelope, thief))


def relayed(sent, other):
    return Attack("through another peer's channel", other, sent.topic, sent.body)


def other_topic(sent, dice):
    topic = dice.choice([topic for topic in Topic if topic != sent.topic])
    return Attack("under another topic", sent.sender, topic, sent.body)


def renamed(sent, dice):
    """The genuine envelope handed in as a message of another kind."""
    name, raw = decode(sent.body)
    other = dice.choice([kind for kind in KINDS.values() if kind.signed and kind.name != name])
    return Attack("as another kind", sent.sender, other.topic or sent.topic, encode([other.name, raw]))


def cross_domain(sent, signer, dice):
    """A signature that the author gave for another use, under a record the author never signed."""
    envelope = replace(sent.signed.envelope, created=sent.signed.envelope.created + dice.randrange(1, MINUTE))
    other = dice.choice(["log/checkpoint", "session", "pair/code", *(name for name in KINDS if name != envelope.type)])
    return Attack("signed for another use", sent.sender, sent.topic, sealed(envelope, signer, other))


def twin(sent, signer, dice):
    """Another record in the place of one that was taken: the author says two things."""
    envelope = replace(sent.signed.envelope, created=sent.signed.envelope.created + dice.randrange(1, MINUTE))
    return Attack(TWIN, sent.sender, sent.topic, sealed(envelope, signer))


def dated(sent, signer, dice, *, ahead):
    """The author's own request, long expired or from the future."""
    created = sent.signed.envelope.created + (3 * MINUTE + dice.randrange(1, 10**9)) * (1 if ahead else -1)
    expires = 0 if ahead else created + 1
    envelope = replace(sent.signed.envelope, created=created, expires=expires)
    return Attack("from the future" if ahead else "expired", sent.sender, sent.topic, sealed(envelope, signer))
