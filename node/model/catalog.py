"""Feeds, products, offers and plans as the node keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from protocol.feed import Feed
from protocol.log import Frontier
from protocol.offer import Offer
from protocol.operations import Slot
from protocol.plan import Plan
from protocol.product import Product
from protocol.rows import Row
from protocol.sections import Division, Part
from protocol.state_hash import StateHash


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed we write (`own`) or follow. `staged` is how far pages under way have come; `closed` once a later device's took its place;
    times in ms. `part` are the sections chosen, None for all; `sections` is the raw head that proved them.
    """

    feed: bytes
    identity: bytes
    name: str
    currency: str
    own: bool
    size: int = 0
    checkpoint: bytes | None = None
    checkpoint_id: bytes | None = None
    state: StateHash = field(default_factory=StateHash)
    frontier: Frontier | None = None
    staged: int = 0
    synced_at: int = 0
    asked_at: int = 0
    error: str = ""
    incarnation: int | None = None
    closed: bool = False
    part: Part | None = None
    sections: bytes | None = None

    @property
    def record(self) -> Feed:
        """As it is named on the wire."""
        return Feed(self.identity, self.name, self.currency, self.incarnation)


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product with its id and whose feed it is in."""

    feed: bytes
    id: bytes
    product: Product


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An offer, with the product it is for."""

    feed: bytes
    offer: Offer
    product: Product


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A signed plan and its hash."""

    hash: bytes
    plan: Plan
    raw: bytes


Entry: TypeAlias = Row
"""What a feed holds under a name, and the number of the log entry that put it there. Without a record it is gone since then."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What the entries `first` to `last` of our own log, all of them new, brought to the state of each section, by its name."""

    first: int
    last: int
    sections: Mapping[Division, Mapping[str, StateHash]]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps the catalog file from following: a code of docs/errors.md (`internal`: a fault of the program's own), and since when
    (ms).
    """

    code: str
    since: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of slots in order (noun, name): after `low`, up to and with `high`. None: from the first, to the last."""

    low: Slot | None = None
    high: Slot | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """An answer of several pages that is under way: what was asked, whether it is of what is new here (`arriving`), how far it leads, and
    how many records and bytes of it wait.
    """

    question: bytes
    arriving: bool
    reached: int
    records: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """How far the catalog file has a feed: up to `size` entries of its log, which lead to `state`.

    The store knows which head we signed or accepted; the file may be behind it or ahead of it after a crash, or know nothing. `part` are
    the sections that are here, where that isn't all; `divided` says that the file keeps what each section of the feed holds.
    """

    feed: bytes
    size: int = 0
    state: StateHash = field(default_factory=StateHash)
    checkpoint: bytes | None = None
    products: int = 0
    offers: int = 0
    part: Part | None = None
    divided: bool = False
    sealed: bytes | None = None
    """What packs brought and nobody has reckoned yet (`Writing.prove`); None where the records are known to lead to `state`."""
