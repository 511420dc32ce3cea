"""Feeds: whose catalog a log is, and how a peer fetches it: pages of compacted operations, proved complete by the state hash.

It decides what names a feed, how an answer is cut into pages and when it is complete. It knows no store and no socket.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .codec import from_bytes, key, to_bytes
from .errors import BadSignature, Malformed
from .ids import digest
from .kinds import Kind, Topic
from .log import MAX_PROOF, Checkpoint
from .money import exponent
from .offer import Offer
from .operations import MAX_RECORD_BYTES, Operation, Record
from .shipping import ShippingProfile
from .state_hash import StateHash

MAX_PAGE_BYTES = 900_000  # with its head a page stays under a frame of 1 MiB
MAX_PAGE_OPERATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose catalog, and in which currency its prices are. Its hash names the feed, which is also its log.

    `incarnation` is the number of the root-log entry that added the one device that writes it; absent for the first.
    """

    identity: bytes = key(0, size=32)
    name: str = key(2, longest=64)
    currency: str = key(4, longest=3)
    incarnation: int | None = key(6, low=2, default=None)

    def __post_init__(self) -> None:
        exponent(self.currency)

    @property
    def id(self) -> bytes:
        """32 bytes."""
        return digest("feed", to_bytes(self))

    @property
    def writer(self) -> int:
        """The number of the device that writes it."""
        return self.incarnation or 1

    def read(self, operation: Operation) -> Record | None:
        """The record that an operation of this feed puts, None for a removal.

        Raises Malformed: `wrong-name` and what the record's own rules say; `currency` when its prices are not in the feed's.
        """
        record = operation.read()
        match record:
            case Offer(price=price):
                check_currency(price.currency, self.currency, record.sku)
            case ShippingProfile(currency=currency, name=name):
                check_currency(currency, self.currency, name)
        return record

    def follows(self, other: "Feed") -> bool:
        """Whether it takes the place of `other`: the same catalog by a later device."""
        same = (self.identity, self.name, self.currency) == (other.identity, other.name, other.currency)
        return same and self.writer > other.writer


def check_currency(found: str, expected: str, name: str) -> None:
    """Raises Malformed `currency`."""
    if found != expected:
        raise Malformed(f"{name}: priced in {found} in a feed of {expected}", code="currency")


def incarnation_of(writer: int) -> int | None:
    """How a feed names the device with this number."""
    return writer if writer > 1 else None


@dataclass(frozen=True, slots=True)
class FeedsRequest:
    """Which feeds do you write?"""

    OPEN_ENDED = True


@dataclass(frozen=True, slots=True)
class FeedsAnswer:
    """The feeds the answering peer writes."""

    OPEN_ENDED = True
    feeds: tuple[Feed, ...] = key(0, most=64)


@dataclass(frozen=True, slots=True)
class CatalogChanged:
    """A feed has a new head: fetch when convenient. `checkpoint` is the raw envelope."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    checkpoint: bytes = key(2, longest=4096)


@dataclass(frozen=True, slots=True)
class CatalogRequest:
    """Operations of `feed` after `since` (0 = from the beginning), proved against the checkpoint of size `known` (0 = none)."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    since: int = key(2)
    known: int = key(4)


@dataclass(frozen=True, slots=True)
class CatalogAnswer:
    """One page: compacted operations of (since, upto], under the newest checkpoint. More follows while `upto` < its size."""

    OPEN_ENDED = True
    checkpoint: bytes = key(0, longest=4096)
    proof: tuple[bytes, ...] = key(2, size=32, most=MAX_PROOF)
    operations: tuple[bytes, ...] = key(4, longest=MAX_RECORD_BYTES + 1024, most=MAX_PAGE_OPERATIONS)
    upto: int = key(6)

    def read(self) -> Iterator[Operation]:
        """Its operations. Raises Malformed."""
        return (from_bytes(Operation, raw) for raw in self.operations)

    def more(self, since: int, size: int) -> bool:
        """Whether another page follows, asked `since` under a checkpoint of `size`. Raises Malformed `no-progress`: it would never end."""
        if not (since < self.upto <= size or since == self.upto == size):
            raise Malformed("the page leads nowhere", code="no-progress")
        return self.upto < size


def page(checkpoint: bytes, size: int, proof: Sequence[bytes], operations: Iterable[tuple[int, bytes]]) -> CatalogAnswer:
    """The first page of the compacted raw `operations` (sequence, bytes; in order), cut to a frame.

    `checkpoint` is the raw head of `size`. The receiver goes on with `since=upto`, which needs no cursor kept here: what was superseded
    in between comes under its later sequence number.
    """
    taken: list[bytes] = []
    room, upto = MAX_PAGE_BYTES, 0
    for seq, raw in operations:
        room -= len(raw) + 5
        if taken and (room < 0 or len(taken) == MAX_PAGE_OPERATIONS):
            return CatalogAnswer(checkpoint, tuple(proof), tuple(taken), upto)
        taken.append(raw)
        upto = seq
    return CatalogAnswer(checkpoint, tuple(proof), tuple(taken), size)


def check_complete(state: StateHash, checkpoint: Checkpoint) -> None:
    """After the last page: nothing was left out, added or altered. Raises BadSignature `state-mismatch`."""
    if state.digest != checkpoint.state_hash:
        raise BadSignature("the catalog received is not the one its merchant signed", code="state-mismatch")


KINDS = (
    Kind("catalog.feeds", Topic.CATALOG, FeedsRequest),
    Kind("catalog.feeds-answer", Topic.CATALOG, FeedsAnswer),
    Kind("catalog.changed", Topic.CATALOG, CatalogChanged),
    Kind("catalog.request", Topic.CATALOG, CatalogRequest),
    Kind("catalog.answer", Topic.CATALOG, CatalogAnswer),
)
