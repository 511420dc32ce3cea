"""How far a node set up from a backup has got in asking each peer for what it holds; until then it writes no order's log.

The progress is kept for the device: another restore begins anew.
"""

from dataclasses import asdict, dataclass
from typing import Any

from node.errors import ConflictError
from protocol.errors import Conflict
from protocol.recovery import Section

from .exchange import PeersUnit
from .pauses import PAUSED
from .unit import Unit

STATE = "recovery/state"  # setting: {"device", "peers": peer's identity → Progress}
STATED = "recovery/epoch"  # setting: the highest epoch a member showed a statement of
ORDER = tuple(Section)
DONE = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where asking one peer stands: the section and record to ask for next (section "" = all was given), how many records came, how many
    of them did not fit, and the code of the last that did not, or why the peer gave nothing.
    """

    section: str = ORDER[0].value
    after: int = 0
    records: int = 0
    refused: int = 0
    code: str = ""


def is_active(unit: Unit) -> bool:
    """Whether this node was set up from a backup."""
    return unit.settings.get(PAUSED) is not None


def progress(unit: Unit) -> dict[bytes, Progress]:
    """By peer's identity, as far as it was asked from this device."""
    kept = unit.settings.get(STATE, {})
    peers: dict[str, Any] = kept["peers"] if kept.get("device") == unit.me.device.public.hex() else {}
    return {bytes.fromhex(identity): Progress(**at) for identity, at in peers.items()}


def keep(unit: Unit, identity: bytes, at: Progress) -> None:
    """Write how far a peer has been asked."""
    peers = {**progress(unit), identity: at}
    found = {name.hex(): asdict(known) for name, known in peers.items()}
    unit.settings.set(STATE, {"device": unit.me.device.public.hex(), "peers": found})


def is_behind(unit: PeersUnit, identity: bytes) -> bool:
    """Whether a merchant set up from a backup may not write into its orders with this seller yet: the seller may hold more of them."""
    if unit.me.role != "merchant" or not is_active(unit) or unit.peers.by_identity(identity) is None:
        return False
    at = progress(unit).get(identity, Progress())
    return at.section != DONE and ORDER.index(Section(at.section)) <= ORDER.index(Section.ORDERS)


def require_orders(unit: PeersUnit, identity: bytes) -> None:
    """Before an entry of an order's log is written. Raises Conflict `not-ready`: a seller's request is repeated, a person tries again."""
    if is_behind(unit, identity):
        raise Conflict("set up from a backup: the seller is asked first how far this order has got", code="not-ready")


def require_statements(unit: Unit, newest: int) -> None:
    """Before a statement is closed after number `newest`. Raises ConflictError `statement-behind`."""
    stated = int(unit.settings.get(STATED, 0))
    if stated > newest:
        raise ConflictError(
            f"Members hold statement {stated} of yours and this desk, set up from a backup, goes to {newest}. It needs each member's part; "
            "wait until all of them were connected.",
            code="statement-behind",
        )
