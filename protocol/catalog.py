"""Catalog feeds: products and offers as operations of a log, compacted for a peer and proved complete by the state hash.

It decides records, operations, what compaction keeps and when an answer is complete. It knows no file format and no screen, and it
never re-encodes a record: the bytes the writer signed for are kept, hashed and relayed (docs/protocol/05-catalog.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .codec import from_bytes, key, to_bytes
from .encoding import encode
from .errors import BadSignature, Malformed
from .ids import digest
from .kinds import Kind, Topic
from .log import MAX_PROOF, Checkpoint
from .money import Money, exponent
from .state_hash import StateHash

MAX_RECORD_BYTES = 64 * 1024
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

    def follows(self, other: "Feed") -> bool:
        """Whether it takes the place of `other`: the same catalog by a later device."""
        same = (self.identity, self.name, self.currency) == (other.identity, other.name, other.currency)
        return same and self.writer > other.writer


def incarnation_of(writer: int) -> int | None:
    """How a feed names the device with this number."""
    return writer if writer > 1 else None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by address, by hash, or both. It is fetched lazily and checked against the hash where there is one."""

    OPEN_ENDED = True
    url: str | None = key(0, longest=2000, default=None)
    hash: bytes | None = key(2, size=32, default=None)
    alt: str | None = key(4, longest=500, default=None)


@dataclass(frozen=True, slots=True)
class Variant:
    """What can be bought: one SKU. `values` stand in the order of the product's options."""

    OPEN_ENDED = True
    sku: str = key(0, longest=128)
    title: str = key(2, longest=500)
    values: tuple[str, ...] = key(4, longest=200, most=8, default=())
    gtin: str | None = key(6, longest=14, default=None)


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold, without price. `handle` is its lasting name in the feed; `description` is plain text."""

    OPEN_ENDED = True
    handle: str = key(0, longest=255)
    title: str = key(2, longest=500)
    description: str = key(4, longest=20_000, default="")
    vendor: str = key(6, longest=200, default="")
    category: str = key(8, longest=500, default="")
    tags: tuple[str, ...] = key(10, longest=200, most=250, default=())
    options: tuple[str, ...] = key(12, longest=200, most=8, default=())
    images: tuple[Image, ...] = key(14, most=50, default=())
    variants: tuple[Variant, ...] = key(16, most=500, default=())

    def __post_init__(self) -> None:
        if not self.handle or not self.title:
            raise Malformed("a product needs a handle and a title")
        if not self.variants:
            raise Malformed(f"{self.handle}: a product needs at least one variant")
        skus = [variant.sku for variant in self.variants]
        if len(set(skus)) != len(skus) or "" in skus:
            raise Malformed(f"{self.handle}: each variant needs a SKU of its own", code="duplicate-sku")
        if any(len(variant.values) != len(self.options) for variant in self.variants):
            raise Malformed(f"{self.handle}: each variant needs one value per option")


class Stock(StrEnum):
    """The merchant's word as of the checkpoint's time; a quote is what reserves."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a merchant asks for one SKU. `product` is the id of the product record, `plan` the hash of the commission plan."""

    OPEN_ENDED = True
    sku: str = key(0, longest=128)
    product: bytes = key(2, size=32)
    price: Money = key(4)
    stock: Stock = key(6, default=Stock.UNKNOWN)
    tax_class: str = key(8, longest=64, default="")
    shipping_profile: str = key(10, longest=64, default="")
    valid_from: int = key(12, default=0)
    valid_to: int | None = key(14, default=None)
    compare_at: Money | None = key(16, default=None)
    plan: bytes | None = key(18, size=32, default=None)

    def __post_init__(self) -> None:
        if not self.sku:
            raise Malformed("an offer needs a SKU")
        if self.price.minor < 0:
            raise Malformed(f"{self.sku}: a price cannot be negative", code="bad-price")
        if self.compare_at is not None and self.compare_at.currency != self.price.currency:
            raise Malformed(f"{self.sku}: two currencies in one offer", code="currency")

    def valid_at(self, now: int) -> bool:
        """From `valid_from` up to, but without, `valid_to`."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


class Verb(StrEnum):
    """What an operation does to the state."""

    PUT_PRODUCT = "put-product"
    REMOVE_PRODUCT = "remove-product"
    PUT_OFFER = "put-offer"
    REMOVE_OFFER = "remove-offer"


class Noun(StrEnum):
    """What the state holds under a name."""

    PRODUCT = "product"
    OFFER = "offer"


_EFFECT: Mapping[Verb, tuple[Noun, bool]] = {
    Verb.PUT_PRODUCT: (Noun.PRODUCT, True),
    Verb.REMOVE_PRODUCT: (Noun.PRODUCT, False),
    Verb.PUT_OFFER: (Noun.OFFER, True),
    Verb.REMOVE_OFFER: (Noun.OFFER, False),
}
Slot = tuple[Noun, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One log entry. `name` is the product's handle or the offer's SKU; `record` holds the bytes of what is put."""

    verb: Verb = key(0)
    name: str = key(2, longest=255)
    record: bytes | None = key(4, longest=MAX_RECORD_BYTES, default=None)

    def __post_init__(self) -> None:
        if (self.record is not None) != self.puts:
            raise Malformed(f"{self.verb} of {self.name!r}: a put carries a record, a removal none")

    @property
    def slot(self) -> Slot:
        """What it is about."""
        return _EFFECT[self.verb][0], self.name

    @property
    def puts(self) -> bool:
        """Whether something is there afterwards."""
        return _EFFECT[self.verb][1]

    def read(self) -> Product | Offer | None:
        """The record put, None for a removal. Raises Malformed, `wrong-name` when it carries another name."""
        if self.record is None:
            return None
        if self.slot[0] is Noun.PRODUCT:
            product = from_bytes(Product, self.record)
            name, value = product.handle, product
        else:
            offer = from_bytes(Offer, self.record)
            name, value = offer.sku, offer  # type: ignore[assignment]
        if name != self.name:
            raise Malformed(f"an operation on {self.name!r} puts {name!r}", code="wrong-name")
        return value


def product_id(record: bytes) -> bytes:
    """The id of a product: the hash of its record's bytes."""
    return digest("product", record)


def put(value: Product | Offer) -> Operation:
    """The operation that adds or replaces a product or an offer."""
    if isinstance(value, Product):
        return Operation(Verb.PUT_PRODUCT, value.handle, to_bytes(value))
    return Operation(Verb.PUT_OFFER, value.sku, to_bytes(value))


def remove(noun: Noun, name: str) -> Operation:
    """The operation that takes a product (by handle) or an offer (by SKU) away."""
    return Operation(Verb.REMOVE_PRODUCT if noun is Noun.PRODUCT else Verb.REMOVE_OFFER, name)


# --- the state


def element(slot: Slot, record: bytes) -> bytes:
    """What the state hash holds for one record."""
    return encode([slot[0].value, slot[1], record])


def advance(state: StateHash, operation: Operation, previous: bytes | None) -> StateHash:
    """The state hash after `operation`, where `previous` is the record now in its slot (None = nothing is there)."""
    slot = operation.slot
    removed = [] if previous is None else [element(slot, previous)]
    added = [] if operation.record is None else [element(slot, operation.record)]
    return state.change(added=added, removed=removed)


@dataclass(frozen=True, slots=True)
class Catalog:
    """A feed's state in memory: the record in each slot, and their hash. A store keeps the same in its tables and uses `advance`."""

    records: Mapping[Slot, bytes]
    hash: StateHash

    def apply(self, operations: Iterable[Operation]) -> "Catalog":
        """The state after `operations`, each read and checked. Raises Malformed."""
        records = dict(self.records)
        state = self.hash
        for operation in operations:
            operation.read()
            state = advance(state, operation, records.pop(operation.slot, None))
            if operation.record is not None:
                records[operation.slot] = operation.record
        return Catalog(records, state)


EMPTY = Catalog({}, StateHash())


# --- what a peer behind us needs


def compact(entries: Iterable[tuple[int, Operation]]) -> list[tuple[int, Operation]]:
    """Of `entries` (sequence number, operation; in order) the last for each slot, in order: all that a peer behind them needs.

    Removals stay, since the peer may hold what they remove.
    """
    last: dict[Slot, tuple[int, Operation]] = {}
    for seq, operation in entries:
        last.pop(operation.slot, None)
        last[operation.slot] = (seq, operation)
    return list(last.values())


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
