"""Pairing: an invite link that is good once, and a short code both screens show, from nonces committed to before they are seen.

It decides the link, the code and when two peers count as paired. It knows no socket, no random source and no store; both sides run the
same machine. The peers' device keys come from the channel that proved them, never from the messages (docs/protocol/06-pairing.md).
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .codec import from_bytes, key, to_bytes
from .errors import BadSignature, Conflict, IllegalTransition, Malformed, Unauthorized, Untimely
from .identity import Presentation, Role
from .ids import digest
from .kinds import Kind, Topic

LINK_PREFIX = "gemstra://pair?i="
MAX_LINK = 4_000
MAX_ADDRESSES = 8
TOKEN_BYTES = 16
NONCE_BYTES = 32
CODE_DIGITS = 6
PAIRING_MS = 10 * 60 * 1000  # from begin to the second confirmation


# --- the invite


@dataclass(frozen=True, slots=True)
class Invite:
    """What the link or QR holds. `device_public` is the peer id's key, `addresses` are multiaddrs, `token` is good once."""

    OPEN_ENDED = True
    device_public: bytes = key(0, size=32)
    identity: bytes = key(2, size=32)
    addresses: tuple[str, ...] = key(4, longest=256, most=MAX_ADDRESSES)
    token: bytes = key(6, size=TOKEN_BYTES)
    expires: int = key(8)
    role: Role = key(10)
    name: str = key(12, longest=64)

    @property
    def link(self) -> str:
        """`gemstra://pair?i=…`, base64url without padding."""
        return LINK_PREFIX + base64.urlsafe_b64encode(to_bytes(self)).rstrip(b"=").decode()


def read_link(text: str) -> Invite:
    """The invite in a pasted link. Raises Malformed `invite-malformed`."""
    text = text.strip()
    if not text.startswith(LINK_PREFIX) or len(text) > MAX_LINK:
        raise Malformed(f"this is no invite link; it begins with {LINK_PREFIX}", code="invite-malformed")
    packed = text.removeprefix(LINK_PREFIX)
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        return from_bytes(Invite, data)
    except (binascii.Error, ValueError, Malformed) as error:
        raise Malformed("the invite link is damaged; copy the whole of it", code="invite-malformed") from error


def check_invite(invite: Invite, *, now: int, own_identity: bytes) -> None:
    """Before dialling. Raises Untimely `invite-expired`, or Conflict `invite-own`."""
    if invite.identity == own_identity:
        raise Conflict("this invite is your own; send it to the other person", code="invite-own")
    if invite.expires <= now:
        raise Untimely("the invite has expired; ask for a new one", code="invite-expired")


@dataclass(frozen=True, slots=True)
class IssuedInvite:
    """What the inviting node keeps of an invite: `used_by` is the pairing that took it."""

    token: bytes
    expires: int
    used_by: bytes | None = None

    def take(self, pairing: bytes, now: int) -> "IssuedInvite":
        """The invite, used by `pairing`; the same pairing may come again. Raises Conflict `invite-used`, Untimely `invite-expired`."""
        if self.used_by == pairing:
            return self
        if self.used_by is not None:
            raise Conflict("the invite was used already; ask for a new one", code="invite-used")
        if self.expires <= now:
            raise Untimely("the invite has expired; ask for a new one", code="invite-expired")
        return replace(self, used_by=pairing)


def foreign_invite() -> Unauthorized:
    """The error for a token this node never issued."""
    return Unauthorized("this node did not issue that invite", code="invite-foreign")


# --- messages; A opens the link, B issued it


@dataclass(frozen=True, slots=True)
class PairBegin:
    """A → B. `commitment` hides A's nonce until B has shown its own."""

    OPEN_ENDED = True
    token: bytes = key(0, size=TOKEN_BYTES)
    commitment: bytes = key(2, size=32)
    presentation: Presentation = key(4)
    name: str = key(6, longest=64)
    role: Role = key(8)
    addresses: tuple[str, ...] = key(10, longest=256, most=MAX_ADDRESSES)


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """B → A."""

    OPEN_ENDED = True
    nonce: bytes = key(0, size=NONCE_BYTES)
    presentation: Presentation = key(2)
    name: str = key(4, longest=64)
    role: Role = key(6)
    addresses: tuple[str, ...] = key(8, longest=256, most=MAX_ADDRESSES)


@dataclass(frozen=True, slots=True)
class PairReveal:
    """A → B: the nonce committed to. Both now show the code."""

    pairing: bytes = key(0, size=32)
    nonce: bytes = key(2, size=NONCE_BYTES)


@dataclass(frozen=True, slots=True)
class PairConfirm:
    """Either way: the person here says that the codes are equal."""

    pairing: bytes = key(0, size=32)


@dataclass(frozen=True, slots=True)
class PairRefuse:
    """Either way: the person here says no, or the codes differ."""

    pairing: bytes = key(0, size=32)


def pairing_id(begin: bytes) -> bytes:
    """The name of a pairing: the hash of PairBegin's bytes."""
    return digest("pairing", begin)


def commit(nonce: bytes) -> bytes:
    """A's commitment to its nonce."""
    return digest("pair-commitment", nonce)


def short_code(begin: bytes, answer: bytes, nonce: bytes, device_a: bytes, device_b: bytes) -> str:
    """Six digits over everything both sides saw: the bytes of both messages, A's nonce and the two device keys of the channel."""
    transcript = digest("pair-code", begin, answer, nonce, device_a, device_b)
    return str(int.from_bytes(transcript[:8], "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)


# --- the machine


class Status(StrEnum):
    """Where a pairing stands, seen from one side."""

    NEW = "new"
    BEGUN = "begun"
    ANSWERED = "answered"
    COMPARING = "comparing"
    CONFIRMED_HERE = "confirmed-here"
    CONFIRMED_THERE = "confirmed-there"
    PAIRED = "paired"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Begun:
    """PairBegin (`begin`, its bytes) was sent or received at `at`; the device keys are those the channel proved."""

    begin: bytes
    device_a: bytes
    device_b: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Answered:
    """PairAnswer (`answer`, its bytes) was sent or received."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Revealed:
    """PairReveal was sent or received."""

    nonce: bytes


@dataclass(frozen=True, slots=True)
class ConfirmedHere:
    """The person at this node said that the codes are equal."""


@dataclass(frozen=True, slots=True)
class ConfirmedThere:
    """PairConfirm came from the peer."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The person here or there said no."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The time is `now`."""

    now: int


Event = Begun | Answered | Revealed | ConfirmedHere | ConfirmedThere | Refused | Tick


@dataclass(frozen=True, slots=True)
class ShowCode:
    """Show the code and ask the person to compare."""

    code: str


@dataclass(frozen=True, slots=True)
class AdmitPeer:
    """Both confirmed: from now on the peer gets past `hello` and `pair`."""


@dataclass(frozen=True, slots=True)
class ForgetPeer:
    """It came to nothing: drop what was learnt of the peer."""


Effect = ShowCode | AdmitPeer | ForgetPeer


@dataclass(frozen=True, slots=True)
class Pairing:
    """One pairing. Codec keys so that a node can keep it as bytes."""

    status: Status = key(0, default=Status.NEW)
    begin: bytes = key(2, longest=1 << 18, default=b"")
    answer: bytes = key(4, longest=1 << 18, default=b"")
    device_a: bytes = key(6, longest=32, default=b"")
    device_b: bytes = key(8, longest=32, default=b"")
    expires: int = key(10, default=0)
    code: str = key(12, longest=CODE_DIGITS, default="")

    @property
    def id(self) -> bytes:
        """Its name on the wire."""
        return pairing_id(self.begin)


# B must answer before A reveals, and A has committed before B answers, so neither can steer the code. Each person confirms on their own
# screen; only both confirmations make a pair. Whatever is not finished by the deadline is forgotten. The whole machine is this table;
# docs/protocol/diagrams/pairing.mmd is generated from it.
_END: Mapping[type[Event], Status] = {Refused: Status.REFUSED, Tick: Status.EXPIRED}
TRANSITIONS: Mapping[Status, Mapping[type[Event], Status]] = MappingProxyType(
    {
        Status.NEW: {Begun: Status.BEGUN},
        Status.BEGUN: {Answered: Status.ANSWERED, **_END},
        Status.ANSWERED: {Revealed: Status.COMPARING, **_END},
        Status.COMPARING: {ConfirmedHere: Status.CONFIRMED_HERE, ConfirmedThere: Status.CONFIRMED_THERE, **_END},
        Status.CONFIRMED_HERE: {ConfirmedThere: Status.PAIRED, **_END},
        Status.CONFIRMED_THERE: {ConfirmedHere: Status.PAIRED, **_END},
        Status.PAIRED: {},
        Status.REFUSED: {},
        Status.EXPIRED: {},
    }
)


def apply(pairing: Pairing, event: Event) -> tuple[Pairing, tuple[Effect, ...]]:
    """The pairing after `event`, and what the node must do. Replays and early ticks change nothing.

    Raises IllegalTransition, or BadSignature `bad-commitment` when the nonce is not the one committed to.
    """
    if _replayed(pairing, event):
        return pairing, ()
    target = TRANSITIONS[pairing.status].get(type(event))
    if target is None:
        raise IllegalTransition(f"{type(event).__name__} is not possible while a pairing is {pairing.status}")
    after = replace(pairing, status=target)
    match event:
        case Begun(begin=begin, device_a=device_a, device_b=device_b, at=at):
            return replace(after, begin=begin, device_a=device_a, device_b=device_b, expires=at + PAIRING_MS), ()
        case Answered(answer=answer):
            return replace(after, answer=answer), ()
        case Revealed(nonce=nonce):
            if commit(nonce) != from_bytes(PairBegin, pairing.begin).commitment:
                raise BadSignature("the nonce is not the one committed to; someone may be in between", code="bad-commitment")
            code = short_code(pairing.begin, pairing.answer, nonce, pairing.device_a, pairing.device_b)
            return replace(after, code=code), (ShowCode(code),)
        case ConfirmedHere() | ConfirmedThere():
            return after, (AdmitPeer(),) if target is Status.PAIRED else ()
        case Refused() | Tick():
            return after, (ForgetPeer(),)
        case _:
            assert_never(event)


def _replayed(pairing: Pairing, event: Event) -> bool:
    status = pairing.status
    match event:
        case Begun(begin=begin):
            return status is not Status.NEW and begin == pairing.begin
        case Answered(answer=answer):
            return pairing.answer != b"" and answer == pairing.answer
        case Revealed(nonce=nonce):
            return pairing.code != "" and commit(nonce) == from_bytes(PairBegin, pairing.begin).commitment
        case ConfirmedHere():
            return status in (Status.CONFIRMED_HERE, Status.PAIRED)
        case ConfirmedThere():
            return status in (Status.CONFIRMED_THERE, Status.PAIRED)
        case Refused():
            return status is Status.REFUSED
        case Tick(now=now):
            return Tick not in TRANSITIONS[status] or now < pairing.expires


def next_deadline(pairing: Pairing) -> int | None:
    """When a Tick would change something, if ever."""
    return pairing.expires if Tick in TRANSITIONS[pairing.status] else None


def diagram() -> str:
    """Mermaid source of the table."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.NEW}"]
    for source, row in TRANSITIONS.items():
        lines += [f"    {source} --> {target}: {event.__name__}" for event, target in row.items()]
        if not row:
            lines.append(f"    {source} --> [*]")
    return "\n".join(lines).replace("-here", "_here").replace("-there", "_there") + "\n"


KINDS = (
    Kind("pair.begin", Topic.PAIR, PairBegin),
    Kind("pair.answer", Topic.PAIR, PairAnswer),
    Kind("pair.reveal", Topic.PAIR, PairReveal),
    Kind("pair.confirm", Topic.PAIR, PairConfirm),
    Kind("pair.refuse", Topic.PAIR, PairRefuse),
)
