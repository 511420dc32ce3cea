"""What a merchant means to sign into a catalog of its own, and has not yet."""

from dataclasses import dataclass

from protocol.operations import Slot


@dataclass(frozen=True, slots=True)
class Pile:
    """Drafts that are signed together: the open ones of a currency (`due` 0), or some put off until `due` (ms). -1: signed, and yet to be
    erased.

    `code` and `error`: why it was not signed when its time came. `device`: which of ours put it off.
    """

    pile: bytes
    currency: str
    name: str
    at: int
    due: int = 0
    code: str = ""
    error: str = ""
    device: bytes | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a slot is to hold (None: nothing) over what stood there when it was written (None: nothing). `goods`: its product's handle."""

    goods: str
    slot: Slot
    record: bytes | None
    base: bytes | None
    at: int
