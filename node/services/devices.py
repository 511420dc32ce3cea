"""Our own root log: the devices that may speak for us, the generation of their secrets, and what changes both.

It decides what goes into the log and what a change moves here; signing is the sheet's, and telling peers is the hello's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.identity import Step
from node.model.sealed import PLACES, Place
from protocol.envelope import Signer, peek_type, verify
from protocol.identity import (
    TYPES,
    DeviceAdded,
    DeviceRevoked,
    Entry,
    GenerationStarted,
    IdentityState,
    Presentation,
    RootRotated,
    append,
    replay,
    root_commitment,
    sign_entry,
)

from . import payees
from .peers import PeerBook
from .team import FIRST_PAYOUT, TeamUnit


class RootLog(PeerBook, Protocol):
    """Our own inception record and root log, beside the peers."""

    def presentation(self) -> Presentation: ...  # noqa: D102
    def append(self, entry: bytes) -> None: ...  # noqa: D102


class Generations(Protocol):
    """Sealed seeds, and the rows that lie sealed under earlier generations."""

    def keep_seals(self, generation: int, seals: Sequence[tuple[bytes, bytes]]) -> None: ...  # noqa: D102
    def seals(self, generation: int) -> Sequence[tuple[bytes, bytes]]: ...  # noqa: D102
    def sealed_before(self, place: Place, generation: int) -> Iterator[Sequence[tuple[bytes, bytes]]]: ...  # noqa: D102
    def reseal(self, place: Place, rows: Sequence[tuple[bytes, bytes]]) -> None: ...  # noqa: D102


class DevicesUnit(TeamUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def peers(self) -> RootLog: ...  # noqa: D102
    @property
    def generations(self) -> Generations: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device of ours. `state` live or revoked; `here` the one this node runs on; `until` 0 while it is live; times in ms."""

    device: str
    name: str
    state: str
    here: bool
    since: int
    until: int
    reason: str


@dataclass(frozen=True, slots=True)
class IdentityView:
    """Our root log: devices, newest first; `generation` of secrets; how often the root was rotated; its entries."""

    devices: tuple[DeviceView, ...]
    generation: int
    rotations: int
    entries: int


def show(unit: DevicesUnit) -> IdentityView:
    """The devices that speak for you, live and revoked, and the generation of their secrets."""
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    rotations = sum(peek_type(raw) == TYPES[RootRotated] for raw in shown.entries)
    return IdentityView(tuple(_devices(unit, shown.entries, state)), state.generation, rotations, state.seq)


# --- the next generation: planned here, signed by the sheet's root key, entered when the store is brought to it


@dataclass(frozen=True, slots=True)
class Standing:
    """Where our root log and payout addresses stand, before anything changes."""

    state: IdentityState
    payout_index: int
    now: int


def standing(unit: DevicesUnit) -> Standing:
    """What a change goes on from; the payout index moves past every address that was given away."""
    shown = unit.peers.presentation()
    first = unit.team.next_payout_index(unit.me.payout_index + FIRST_PAYOUT)
    return Standing(replay(shown.inception, shown.entries), first, unit.now)


def payees_of(unit: DevicesUnit, found: Standing, root: Signer) -> tuple[tuple[int, bytes], ...]:
    """The next generation's payout address at each merchant, signed by the root key that will then be in force."""
    return payees.sign_changes(unit, root, generation=found.state.generation + 1, first_index=found.payout_index)


def require_root(state: IdentityState, root: Signer) -> None:
    """Raises UserError `not-the-root` unless the typed sheet holds the root key that signs now."""
    if root.public != state.root_public:
        text = "These words are a sheet, but not the one that signs for this desk now. After a rotation that is the rotation sheet."
        raise UserError(text, code="not-the-root")


def require_next_root(state: IdentityState, public: bytes) -> None:
    """Raises UserError `not-the-rotation-sheet` unless this is the root key that was committed to."""
    if root_commitment(public) != state.next_root_hash:
        raise UserError("These are not the words of your rotation sheet.", code="not-the-rotation-sheet")


def revocation(found: Standing, root: Signer, device: bytes, here: bytes, reason: str, seals: bytes) -> tuple[bytes, ...]:
    """The entries that end a device and begin a generation without it.

    Raises NotFound `not-found`, ConflictError `own-device`, UserError `not-the-root`, and what `sign_entry` raises.
    """
    require_root(found.state, root)
    if device == here:
        raise ConflictError("That is the computer you are at. Revoke it from another one.", code="own-device")
    if all(known.device_public != device for known in found.state.devices):
        raise NotFound("No device of that id speaks for you.")
    return _signed(found, root, DeviceRevoked(device, reason.strip()[:64]), GenerationStarted(found.state.generation + 1, seals))


def rotation(found: Standing, root: Signer, following: bytes, seals: bytes) -> tuple[bytes, ...]:
    """The entries by which the committed root key takes over and begins a generation. `following` is the root key after it.

    Raises UserError `not-the-rotation-sheet`, `same-sheet`.
    """
    require_next_root(found.state, root.public)
    if following == root.public:
        raise UserError("The fresh sheet must be another one than the sheet that takes over now.", code="same-sheet")
    return _signed(found, root, RootRotated(root.public, root_commitment(following)), GenerationStarted(found.state.generation + 1, seals))


def _signed(found: Standing, root: Signer, *entries: Entry) -> tuple[bytes, ...]:
    state, raws = found.state, []
    for entry in entries:
        raws.append(sign_entry(state, root, entry, created=found.now).raw)
        state = append(state, raws[-1])
    return tuple(raws)


def enter(unit: DevicesUnit, step: Step) -> None:
    """Bring the store to the step's generation: root log, seals, every sealed row. Entered already: nothing happens."""
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    if state.generation >= step.generation:
        return
    for raw in step.entries:
        state = append(state, raw)
        unit.peers.append(raw)
    unit.generations.keep_seals(step.generation, step.seals)
    for place in PLACES:
        for rows in unit.generations.sealed_before(place, step.generation):
            unit.generations.reseal(place, [(key, _resealed(unit, place, key, sealed)) for key, sealed in rows])
    payees.enter_changes(unit, step.payees)
    unit.touched("changes")


def _resealed(unit: DevicesUnit, place: Place, key: bytes, sealed: bytes) -> bytes:
    return unit.me.seal(place.purpose, unit.me.open(place.purpose, sealed, key), key)


def _devices(unit: DevicesUnit, entries: Sequence[bytes], state: IdentityState) -> list[DeviceView]:
    added: dict[bytes, tuple[str, int]] = {}
    ended: dict[bytes, tuple[int, str]] = {}
    for raw in entries:
        type_ = peek_type(raw)
        signed = verify(raw, type_)
        if type_ == TYPES[DeviceAdded]:
            certificate = signed.read(DeviceAdded).certificate
            added[certificate.device_public] = (certificate.name, signed.envelope.created)
        elif type_ == TYPES[DeviceRevoked]:
            entry = signed.read(DeviceRevoked)
            ended[entry.device_public] = (signed.envelope.created, entry.reason)
    here = unit.me.device.public
    return [
        DeviceView(public.hex(), name, "revoked" if public in state.revoked else "live", public == here, since, *ended.get(public, (0, "")))
        for public, (name, since) in reversed(added.items())
    ]
