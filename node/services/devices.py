"""Our own root log: the devices that may speak for us, the generation of their secrets, and what changes both.

It decides what goes into the log and what a change moves here; signing is the sheet's, and telling peers is the hello's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from protocol.envelope import peek_type, verify
from protocol.identity import (
    TYPES,
    DeviceAdded,
    DeviceRevoked,
    IdentityState,
    Presentation,
    RootRotated,
    replay,
)

from .unit import Unit


class RootLog(Protocol):
    """Our own inception record and root log."""

    def presentation(self) -> Presentation: ...  # noqa: D102


class DevicesUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def peers(self) -> RootLog: ...  # noqa: D102


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
