"""The first transaction of a store that was set up from a backup: this device enters the root log, and what must wait is held back."""

from collections.abc import Sequence
from typing import Protocol

from node.model.backup import Manifest
from protocol.envelope import Signer
from protocol.identity import DeviceAdded, DeviceCertificate, replay, sign_entry

from . import destinations
from .backup_head import MANIFEST
from .backup_read import Opened
from .devices import DevicesUnit, require_root
from .order_log import OrdersUnit
from .pauses import PAUSED, Pause

AT = "restore/at"
REVOKED = "restore/revoked"


class Arrival(Protocol):
    """What is made anew (node/store/arrival.py says what each does)."""

    def rebuild(self) -> None: ...  # noqa: D102
    def follow_anew(self) -> None: ...  # noqa: D102


class ArrivalUnit(DevicesUnit, OrdersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def arrival(self) -> Arrival: ...  # noqa: D102


def arrive(unit: ArrivalUnit, root: Signer, agreement: bytes, restored: Opened, newest: Opened) -> None:
    """Make the restored rows this node's: derived tables, the device's certificate under the root, everything that signs held back.

    Grants that the newest backup knows as revoked and the restored one does not are kept in the setting `restore/revoked`. The other
    devices stay as they are until they are revoked. Raises UserError `not-the-root`; Conflict `too-many-devices`.
    """
    unit.arrival.rebuild()
    unit.arrival.follow_anew()
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    require_root(state, root)
    certificate = DeviceCertificate(state.identity, unit.me.device.public, agreement, unit.me.name, unit.now)
    unit.peers.append(sign_entry(state, root, DeviceAdded(certificate), created=unit.now).raw)
    unit.settings.set(PAUSED, [pause.value for pause in Pause])
    unit.settings.set(MANIFEST, {"sequence": restored.envelope.seq, "hash": restored.id.hex()})
    unit.settings.set(AT, unit.now)
    unit.settings.set(REVOKED, [id_.hex() for id_ in revoked_since(restored.manifest, newest.manifest)])
    destinations.end_with_customers(unit)
    unit.touched("changes")


def revoked_since(restored: Manifest, newest: Manifest) -> Sequence[bytes]:
    """The revocations that only the newer one knows."""
    known = set(restored.revoked)
    return [id_ for id_ in newest.revoked if id_ not in known]
