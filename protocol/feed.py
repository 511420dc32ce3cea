"""Feeds: whose catalog a log is, which of its operations are right, and when what came of it is complete. How it is fetched is
`catalog_sync`'s. It knows no store and no socket.
"""

from dataclasses import dataclass

from .codec import key, refuse_empty, to_bytes
from .errors import BadSignature, Malformed
from .identity import Presentation
from .ids import digest
from .kinds import Kind, Topic
from .log import MAX_PROOF, Checkpoint
from .money import exponent
from .offer import Offer
from .operations import Operation, Record
from .shipping import ShippingProfile
from .state_hash import StateHash


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
class Relayed:
    """A brand's feed that the answering merchant passes on: who the brand is, and the bounds it signed (raw)."""

    OPEN_ENDED = True
    feed: Feed = key(0)
    name: str = key(2, longest=64)
    presentation: Presentation = key(4)
    plans: tuple[bytes, ...] = key(6, longest=4096, most=64)


@dataclass(frozen=True, slots=True)
class FeedsAnswer:
    """The feeds the answering peer writes, and those of brands that it relays."""

    OPEN_ENDED = True
    feeds: tuple[Feed, ...] = key(0, most=64)
    relayed: tuple[Relayed, ...] | None = key(1, most=64, default=None)

    def __post_init__(self) -> None:
        refuse_empty(self, "relayed")


@dataclass(frozen=True, slots=True)
class Hop:
    """A head between the one held and the newest, with the proof that it goes on from the one before."""

    OPEN_ENDED = True
    checkpoint: bytes = key(0, longest=4096)
    proof: tuple[bytes, ...] = key(2, size=32, most=MAX_PROOF)


@dataclass(frozen=True, slots=True)
class CatalogChanged:
    """A feed has a new head: fetch when convenient. `checkpoint` is the raw envelope."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    checkpoint: bytes = key(2, longest=4096)


def check_complete(state: StateHash, checkpoint: Checkpoint) -> None:
    """After the last page: nothing was left out, added or altered. Raises BadSignature `state-mismatch`."""
    if state.digest != checkpoint.state_hash:
        raise BadSignature("the catalog received is not the one its merchant signed", code="state-mismatch")


KINDS = (
    Kind("catalog.feeds", Topic.CATALOG, FeedsRequest),
    Kind("catalog.feeds-answer", Topic.CATALOG, FeedsAnswer),
    Kind("catalog.changed", Topic.CATALOG, CatalogChanged),
)
