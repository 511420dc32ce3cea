"""Joining our own devices again: peers know of a change to them that the backup this node was set up from did not."""

from dataclasses import replace
from typing import Protocol

from node.errors import ConflictError
from protocol.codec import from_bytes
from protocol.envelope import Signer
from protocol.identity import DeviceAdded, Presentation, replay, sign_entry

from .devices import DevicesUnit, IdentityView, RootLog, require_root, show
from .greeting import REFUSED, ROOT_KNOWN, Greeted


class OwnRoot(RootLog, Greeted, Protocol):
    """Our own root log."""

    def take_root_log(self, presentation: Presentation) -> None: ...  # noqa: D102


class RejoiningUnit(DevicesUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def peers(self) -> OwnRoot: ...  # noqa: D102


def rejoin(unit: RejoiningUnit, root: Signer) -> IdentityView:
    """Go on from the root log that a peer knows, with this device added at its end. Peers are told of it by the next hello.

    Raises ConflictError `nothing-to-join`, `newer-generation`; UserError `not-the-root`.
    """
    kept = unit.settings.get(ROOT_KNOWN)
    if not kept:
        raise ConflictError("No peer knows of another list of your devices than this one.", code="nothing-to-join")
    known, own = from_bytes(Presentation, bytes.fromhex(kept)), unit.peers.own()
    state = replay(known.inception, known.entries)
    require_root(state, root)
    if state.generation != own.generation:
        text = "Your keys were renewed after this backup was made, and it has the old ones. Restore a backup made since then."
        raise ConflictError(text, code="newer-generation")
    added = DeviceAdded(replace(own.require_live(unit.me.device.public), not_before=unit.now))
    entry = sign_entry(state, root, added, created=unit.now)
    unit.peers.take_root_log(Presentation(known.inception, (*known.entries, entry.raw)))
    unit.settings.set(ROOT_KNOWN, "")
    unit.settings.set(REFUSED, {})
    unit.touched("changes")
    return show(unit)
