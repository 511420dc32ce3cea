"""The envelope around everything that is signed: who says what, where in which log, and until when.

Wire form: CBOR `[envelope, signature]`, where `envelope` is the byte string that was signed under the domain of its type. A receiver
verifies the bytes it got, then the version and form, then time. Clock and expiry rules apply to messages on the wire, never to
appending to a log (docs/protocol/02-envelope.md).
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from .codec import LATEST_MS, from_bytes, from_tree, key, to_bytes, to_tree
from .encoding import Tree, decode, encode
from .errors import BadSignature, Malformed, Untimely
from .ids import digest, domain

VERSION = 1
NO_LOG = bytes(32)
NO_PREV = bytes(32)
SKEW_MS = 120_000  # a peer's clock may run this far ahead of ours

T = TypeVar("T")


class Signer(Protocol):
    """An Ed25519 key that signs without showing itself."""

    @property
    def public(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes (RFC 8032)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is signed. `log`, `seq` and `prev` place it in the author's single-writer log; a request outside any log has zeros."""

    version: int = key(0)
    type: str = key(2, longest=64)
    author: bytes = key(4, size=32)
    log: bytes = key(6, size=32)
    seq: int = key(8)
    prev: bytes = key(10, size=32)
    created: int = key(12, high=LATEST_MS)
    expires: int = key(14, high=LATEST_MS)
    body: bytes = key(16, longest=1 << 20)


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified envelope with its id and the raw bytes to keep and relay."""

    envelope: Envelope
    id: bytes
    raw: bytes

    @property
    def body(self) -> Tree:
        """The decoded body."""
        return decode(self.envelope.body)

    def read(self, cls: type[T]) -> T:
        """The body as the record `cls`. Raises Malformed."""
        return from_tree(cls, self.body)


def sign(
    signer: Signer,
    type_: str,
    body: object,
    *,
    created: int,
    expires: int = 0,
    log: bytes = NO_LOG,
    seq: int = 0,
    prev: bytes = NO_PREV,
) -> Signed:
    """Sign `body` (a record or tree) as `type_`. `expires` 0 = never."""
    envelope = Envelope(VERSION, type_, signer.public, log, seq, prev, created, expires, encode(to_tree(body)))
    content = to_bytes(envelope)
    signature = signer.sign(domain(type_) + content)
    return Signed(envelope, digest(type_, content), encode([content, signature]))


def verify(raw: bytes, type_: str, *, author: bytes | None = None) -> Signed:
    """Check the signature, then version, type and author.

    Raises Malformed, or BadSignature `bad-signature`, `wrong-domain`, `wrong-author`.
    """
    outer = decode(raw)
    if not (isinstance(outer, list) and len(outer) == 2 and all(isinstance(part, bytes) for part in outer)):
        raise Malformed("an envelope is a list of two byte strings")
    content, signature = outer
    envelope = from_bytes(Envelope, content)
    if envelope.type != type_:
        raise BadSignature(f"signed as {envelope.type!r} where {type_!r} is due", code="wrong-domain")
    check_signature(envelope.author, domain(type_) + content, signature)
    if envelope.version != VERSION:
        raise Malformed(f"version {envelope.version} is not known here; update", code="version")
    if author is not None and envelope.author != author:
        raise BadSignature("signed by another key", code="wrong-author")
    return Signed(envelope, digest(type_, content), raw)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises BadSignature unless `signature` (64 bytes) over `message` is by the Ed25519 key `public` (32 bytes)."""
    try:
        VerifyKey(public).verify(message, signature)
    except (BadSignatureError, ValueError, TypeError) as error:
        raise BadSignature("the signature does not hold") from error


def check_time(envelope: Envelope, now: int) -> None:
    """The wire's clock rules. Raises Untimely `future-dated` or `expired`."""
    if envelope.created > now + SKEW_MS:
        raise Untimely("dated in the future; check the clocks", code="future-dated")
    if envelope.expires and envelope.expires < now:
        raise Untimely("it expired before it arrived", code="expired")


def peek_type(raw: bytes) -> str:
    """The type an envelope claims, unverified: only to choose who verifies it."""
    outer = decode(raw)
    if not (isinstance(outer, list) and len(outer) == 2 and isinstance(outer[0], bytes)):
        raise Malformed("an envelope is a list of two byte strings")
    return from_bytes(Envelope, outer[0]).type
