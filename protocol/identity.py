"""Identity: an inception record, whose hash is the identity, and the root log of the devices that may speak for it.

It decides who is live. It does not know how keys are derived, kept or unlocked, nor what devices say (docs/protocol/03-identity.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .codec import from_bytes, key, to_bytes
from .envelope import NO_PREV, Signed, Signer, peek_type, verify
from .errors import Conflict, Malformed, Unauthorized
from .ids import digest
from .log import Chain

MAX_ENTRIES = 64
MAX_DEVICES = 16


class Role(StrEnum):
    """What an identity does here. Fixed at inception."""

    SELLER = "seller"
    MERCHANT = "merchant"
    BRAND = "brand"


@dataclass(frozen=True, slots=True)
class Inception:
    """The record that founds an identity. `next_root_hash` commits to the rotation secret's public key."""

    root_public: bytes = key(0, size=32)
    recovery_x25519: bytes = key(2, size=32)
    next_root_hash: bytes = key(4, size=32)
    role: Role = key(6)
    created: int = key(8)

    @property
    def identity(self) -> bytes:
        """32 bytes: the hash of this record, not a key, so that roots can rotate."""
        return digest("identity", to_bytes(self))


def root_commitment(next_root_public: bytes) -> bytes:
    """What an inception record says of the root key that will follow."""
    return digest("next-root", next_root_public)


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """A device: its Ed25519 key, which is its libp2p peer id, and the X25519 key that things are sealed to."""

    identity: bytes = key(0, size=32)
    device_public: bytes = key(2, size=32)
    device_x25519: bytes = key(4, size=32)
    name: str = key(6, longest=64)
    not_before: int = key(8)


# --- entries of the root log


@dataclass(frozen=True, slots=True)
class DeviceAdded:
    """The device may speak from now on."""

    certificate: DeviceCertificate = key(0)


@dataclass(frozen=True, slots=True)
class DeviceRevoked:
    """The device may not speak again, ever: a key that was revoked does not come back."""

    device_public: bytes = key(0, size=32)
    reason: str = key(2, longest=64, default="")


@dataclass(frozen=True, slots=True)
class GenerationStarted:
    """The next generation of secrets began; `seals` is the hash of its seed as sealed to each live device and the recovery key."""

    generation: int = key(0, low=1)
    seals: bytes = key(2, size=32)


@dataclass(frozen=True, slots=True)
class RootRotated:
    """Signed by the new root, whose key hashes to the commitment made before; it commits to the one after it."""

    root_public: bytes = key(0, size=32)
    next_root_hash: bytes = key(2, size=32)


Entry = DeviceAdded | DeviceRevoked | GenerationStarted | RootRotated
TYPES: dict[type[Entry], str] = {
    DeviceAdded: "identity.device-added",
    DeviceRevoked: "identity.device-revoked",
    GenerationStarted: "identity.generation-started",
    RootRotated: "identity.root-rotated",
}
_ENTRIES: dict[str, type[Entry]] = {name: cls for cls, name in TYPES.items()}


@dataclass(frozen=True, slots=True)
class IdentityState:
    """What a root log comes to. `heads` are the ids of its entries, so that a later presentation can be held against an earlier one;
    `numbers` says which entry added each device there ever was.
    """

    identity: bytes
    inception: Inception
    root_public: bytes
    next_root_hash: bytes
    devices: tuple[DeviceCertificate, ...] = ()
    revoked: tuple[bytes, ...] = ()
    generation: int = 0
    heads: tuple[bytes, ...] = ()
    numbers: tuple[tuple[bytes, int], ...] = ()

    @property
    def role(self) -> Role:
        """Seller or merchant."""
        return self.inception.role

    @property
    def seq(self) -> int:
        """The number of entries."""
        return len(self.heads)

    @property
    def head(self) -> bytes:
        """The id of the last entry."""
        return self.heads[-1] if self.heads else NO_PREV

    @property
    def chain(self) -> Chain:
        """Where the root log stands."""
        return Chain(self.identity, self.seq, self.head)

    def require_live(self, device_public: bytes) -> DeviceCertificate:
        """The certificate of a live device. Raises Unauthorized `not-live`."""
        for certificate in self.devices:
            if certificate.device_public == device_public:
                return certificate
        raise Unauthorized("this device is not live in its root log", code="not-live")

    def number_of(self, device_public: bytes) -> int:
        """The number of the entry that added the device, live or revoked: it never comes again. Raises Unauthorized `not-live`."""
        for public, number in self.numbers:
            if public == device_public:
                return number
        raise Unauthorized("this device is not in the root log", code="not-live")

    def require_extends(self, seq: int, head: bytes) -> None:
        """Check that it goes on from what was known. Raises Conflict `rollback` or `equivocation`."""
        if seq > self.seq:
            raise Conflict("an older root log than the one known", code="rollback")
        if seq and self.heads[seq - 1] != head:
            raise Conflict("the root log was rewritten", code="equivocation")


def sign_entry(state: IdentityState, root: Signer, entry: Entry, *, created: int) -> Signed:
    """The next entry of the root log, checked as a receiver would. Raises what `append` raises."""
    _, signed = state.chain.sign(root, TYPES[type(entry)], entry, created=created)
    append(state, signed.raw)
    return signed


def begin(inception: bytes | Inception) -> IdentityState:
    """The state before any entry. Raises Malformed."""
    record = inception if isinstance(inception, Inception) else from_bytes(Inception, inception, max_bytes=512)
    return IdentityState(record.identity, record, record.root_public, record.next_root_hash)


def append(state: IdentityState, raw: bytes) -> IdentityState:
    """The state after the root-log entry `raw`.

    Raises Malformed, BadSignature, Unauthorized `not-root`, Conflict (`device-known`, `device-revoked`, …), Untimely, OutOfOrder.
    """
    type_ = peek_type(raw)
    if type_ not in _ENTRIES:
        raise Malformed(f"{type_!r} is no entry of a root log", code="unknown-type")
    signed = verify(raw, type_)
    entry = signed.read(_ENTRIES[type_])
    signer = state.root_public
    if isinstance(entry, RootRotated):
        signer = entry.root_public
        if root_commitment(signer) != state.next_root_hash:
            raise Unauthorized("this is not the root key that was committed to", code="not-root")
    if signed.envelope.author != signer:
        raise Unauthorized("not signed by the root key", code="not-root")
    state.chain.follow(signed)
    if state.seq >= MAX_ENTRIES:
        raise Malformed(f"a root log has at most {MAX_ENTRIES} entries", code="too-large")
    return replace(_enter(state, entry), heads=(*state.heads, signed.id))


def _enter(state: IdentityState, entry: Entry) -> IdentityState:
    match entry:
        case DeviceAdded(certificate=certificate):
            numbers = (*state.numbers, (certificate.device_public, state.seq + 1))
            return replace(state, devices=(*state.devices, _admissible(state, certificate)), numbers=numbers)
        case DeviceRevoked(device_public=public):
            state.require_live(public)
            left = tuple(device for device in state.devices if device.device_public != public)
            return replace(state, devices=left, revoked=(*state.revoked, public))
        case GenerationStarted(generation=generation):
            if generation != state.generation + 1:
                raise Conflict(f"generation {generation} cannot follow {state.generation}", code="generation")
            return replace(state, generation=generation)
        case RootRotated(root_public=public, next_root_hash=following):
            return replace(state, root_public=public, next_root_hash=following)


def _admissible(state: IdentityState, certificate: DeviceCertificate) -> DeviceCertificate:
    public = certificate.device_public
    if certificate.identity != state.identity:
        raise Conflict("a certificate of another identity", code="wrong-identity")
    if public in state.revoked:
        raise Conflict("this device was revoked and cannot return", code="device-revoked")
    if any(device.device_public == public for device in state.devices):
        raise Conflict("this device is already live", code="device-known")
    if len(state.devices) >= MAX_DEVICES:
        raise Conflict(f"at most {MAX_DEVICES} devices can be live", code="too-many-devices")
    return certificate


def replay(inception: bytes, entries: Sequence[bytes]) -> IdentityState:
    """The state that `entries` (raw envelopes, in order) lead to. Raises as `begin` and `append` do."""
    if len(entries) > MAX_ENTRIES:
        raise Malformed(f"a root log has at most {MAX_ENTRIES} entries", code="too-large")
    state = begin(inception)
    for raw in entries:
        state = append(state, raw)
    return state


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a peer shows at `hello` and `pair`: its inception record and its whole root log."""

    inception: bytes = key(0, longest=512)
    entries: tuple[bytes, ...] = key(2, longest=2048, most=MAX_ENTRIES)

    def check(self, device_public: bytes) -> IdentityState:
        """Replay it for the peer whose channel proved `device_public`. Raises as `replay`, and Unauthorized `not-live`."""
        state = replay(self.inception, self.entries)
        state.require_live(device_public)
        return state

    @property
    def identity(self) -> bytes:
        """Whose it says it is, before anything of it is checked. Raises Malformed."""
        return begin(self.inception).identity

    def follow(self, known: "Presentation", state: IdentityState) -> IdentityState:
        """What it comes to for who knows `known`, which comes to `state`: only entries that are new are verified.

        Raises as `append`, and Conflict `wrong-identity`, `rollback`, `equivocation` (then `fork` names the two entries).
        """
        if self.inception != known.inception:
            raise Conflict("the root log of another identity", code="wrong-identity")
        if self.entries == known.entries[: len(self.entries)]:
            if len(self.entries) < len(known.entries):
                raise Conflict("an older root log than the one known", code="rollback")
            return state
        if self.entries[: len(known.entries)] != known.entries:
            found = replay(self.inception, self.entries)
            found.require_extends(state.seq, state.head)
            return found
        for raw in self.entries[len(known.entries) :]:
            state = append(state, raw)
        return state

    def fork(self, known: "Presentation") -> tuple[bytes, bytes] | None:
        """The first two entries, known and shown, that stand at one place and differ: proof that the root signed twice."""
        mine, theirs = (replay(one.inception, one.entries).heads for one in (known, self))
        for place, (one, other) in enumerate(zip(mine, theirs, strict=False)):
            if one != other:
                return known.entries[place], self.entries[place]
        return None
