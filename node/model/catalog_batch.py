"""Operations on a feed of ours that were signed together, and what stood before them."""

from dataclasses import dataclass, field

from protocol.operations import Slot


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries `first` to `last` of the feed's log. kind: import, rollback, edit, schedule, pictures. `at` in ms; `counts` by outcome.

    `undoes`: the batch this one took back. `undone`: it was taken back. `device` asked for it (None: not noted), `how`: by hand, by the
    clock, or by a watched place.
    """

    batch: bytes
    feed: bytes
    kind: str
    name: str
    at: int
    first: int
    last: int
    counts: dict[str, int] = field(default_factory=dict)
    undoes: bytes | None = None
    undone: bool = False
    device: bytes | None = None
    how: str = "hand"


@dataclass(frozen=True, slots=True)
class BatchSlot:
    """What stood in a slot before a batch (None: nothing) and the hash of what it put there (None: it took it away).

    `goods` is the handle of the product that the slot belongs to.
    """

    goods: str
    slot: Slot
    before: bytes | None
    after: bytes | None
