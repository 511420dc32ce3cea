"""Messages: what goes into a request or reply body, `[kind, body]`, and which kinds each topic takes.

`body` is the bytes of the kind's record, or the raw envelope around it when the kind is signed. It decides no behaviour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from . import (
    anchor,
    brand_plan,
    catalog_sync,
    commission,
    feed,
    grant,
    media,
    order_records,
    pairing,
    performance,
    plan,
    recovery,
    relay,
    statement,
    team,
)
from .codec import from_bytes, key, to_bytes
from .encoding import MAX_BYTES, decode, encode
from .envelope import Signed, verify
from .errors import Malformed, ProtocolError
from .identity import Presentation
from .kinds import Kind, Topic

VERSION = 1


@dataclass(frozen=True, slots=True)
class Hello:
    """First message on each connection, and its answer: who speaks, proved by the root log, and how."""

    OPEN_ENDED = True
    version: int = key(0)
    presentation: Presentation = key(2)
    name: str = key(4, longest=64)
    time: int = key(6)
    addresses: tuple[str, ...] = key(8, longest=256, most=pairing.MAX_ADDRESSES)


@dataclass(frozen=True, slots=True)
class Ack:
    """Taken and kept. `id` names what was received."""

    id: bytes = key(0, size=32)


@dataclass(frozen=True, slots=True)
class Nack:
    """Refused, with the code of the spec and a line for a person. `id` names what was received."""

    id: bytes = key(0, size=32)
    code: str = key(2, longest=64)
    message: str = key(4, longest=500)


def refusal(id_: bytes, error: ProtocolError) -> Nack:
    """The reply for what `error` refused."""
    return Nack(id_, error.code, str(error)[:500])


_OWN = (
    Kind("hello", Topic.HELLO, Hello),
    Kind("ack", None, Ack),
    Kind("nack", None, Nack),
)
_NOUNS = (
    pairing,
    feed,
    catalog_sync,
    brand_plan,
    performance,
    media,
    anchor,
    grant,
    team,
    order_records,
    plan,
    commission,
    statement,
    relay,
    recovery,
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kinds in (_OWN, *(noun.KINDS for noun in _NOUNS)) for kind in kinds})
_NAMES: Mapping[type, str] = MappingProxyType({kind.record: kind.name for kind in KINDS.values() if not kind.signed})


@dataclass(frozen=True, slots=True)
class Message:
    """A received body: `record` is of `kind.record`; `signed` the verified envelope around it, if the kind has one; `raw` its bytes."""

    kind: Kind
    record: Any
    raw: bytes
    signed: Signed | None = None


def pack(record: object) -> bytes:
    """The body for an unsigned record, or for a Signed."""
    if isinstance(record, Signed):
        kind = KINDS[record.envelope.type]
        assert kind.signed
        return encode([kind.name, record.raw])
    return encode([_NAMES[type(record)], to_bytes(record)])


def unpack(topic: Topic, data: bytes, *, max_bytes: int = MAX_BYTES) -> Message:
    """The message in a body that came under `topic`.

    Raises Malformed (`unknown-kind`, …) and BadSignature. Whether a signed record's author is live and its time right is the caller's.
    """
    return _open(topic, data, max_bytes)


def unpack_held(data: bytes) -> Message:
    """The message that a peer kept, of whichever topic it was. Raises as `unpack`."""
    return _open(None, data, MAX_BYTES)


def _open(topic: Topic | None, data: bytes, max_bytes: int) -> Message:
    outer = decode(data, max_bytes=max_bytes)
    if not (isinstance(outer, list) and len(outer) == 2 and isinstance(outer[0], str) and isinstance(outer[1], bytes)):
        raise Malformed("a message is a list of its kind and its body")
    kind = KINDS.get(outer[0])
    if kind is None or (topic is not None and kind.topic not in (None, topic)):
        raise Malformed(f"{outer[0][:64]!r} is not taken under {topic}", code="unknown-kind")
    if not kind.signed:
        return Message(kind, from_bytes(kind.record, outer[1]), outer[1])
    signed = verify(outer[1], kind.name)
    return Message(kind, signed.read(kind.record), outer[1], signed)
