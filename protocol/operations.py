"""Operations of a feed: what an entry of its log does, the state they lead to, and what of them a peer behind us needs.

It decides slots, the state hash and compaction. It never re-encodes a record: the bytes the writer signed for are kept, hashed and
relayed (docs/protocol/05-catalog.md). It knows no file format and no screen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .codec import from_bytes, key, to_bytes
from .encoding import dump, peek
from .errors import Malformed
from .offer import Offer
from .product import Product
from .return_policy import ReturnPolicy
from .shipping import ShippingProfile
from .state_hash import StateHash

MAX_RECORD_BYTES = 64 * 1024
Record = Product | Offer | ShippingProfile | ReturnPolicy


class Noun(StrEnum):
    """What the state holds under a name."""

    PRODUCT = "product"
    OFFER = "offer"
    SHIPPING = "shipping"
    RETURNS = "returns"


class Verb(StrEnum):
    """What an operation does to the state."""

    PUT_PRODUCT = "put-product"
    REMOVE_PRODUCT = "remove-product"
    PUT_OFFER = "put-offer"
    REMOVE_OFFER = "remove-offer"
    PUT_SHIPPING = "put-shipping"
    REMOVE_SHIPPING = "remove-shipping"
    PUT_RETURNS = "put-returns"
    REMOVE_RETURNS = "remove-returns"


RECORDS: Mapping[Noun, type[Record]] = {
    Noun.PRODUCT: Product,
    Noun.OFFER: Offer,
    Noun.SHIPPING: ShippingProfile,
    Noun.RETURNS: ReturnPolicy,
}
_PUT = {noun: Verb(f"put-{noun}") for noun in Noun}
_REMOVE = {noun: Verb(f"remove-{noun}") for noun in Noun}
_EFFECT: Mapping[Verb, tuple[Noun, bool]] = {
    **{verb: (noun, True) for noun, verb in _PUT.items()},
    **{verb: (noun, False) for noun, verb in _REMOVE.items()},
}
_ENTRIES = {verb: b"\xa3\x00" + dump(verb.value) + b"\x02" for verb in _PUT.values()}
"""How the entry of a put begins: a map of three, the verb, the key of the name (test_feed.py compares it with `to_bytes`)."""
_RECORD_KEY = b"\x04"
_ELEMENTS = {noun: b"\x83" + dump(noun.value) for noun in Noun}
"""How an element begins: a list of three, the noun."""
Slot = tuple[Noun, str]


def slot_of(record: Record) -> Slot:
    """Where a record belongs: a product under its handle, an offer under its SKU, anything else under its name."""
    match record:
        case Product():
            return Noun.PRODUCT, record.handle
        case Offer():
            return Noun.OFFER, record.sku
        case ShippingProfile():
            return Noun.SHIPPING, record.name
        case ReturnPolicy():
            return Noun.RETURNS, record.name


@dataclass(frozen=True, slots=True)
class Operation:
    """One log entry. `name` is the product's handle, the offer's SKU or the record's name; `record` holds the bytes of what is put."""

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

    def read(self) -> Record | None:
        """The record put, None for a removal. Raises Malformed, `wrong-name` when it carries another name."""
        if self.record is None:
            return None
        noun, name = self.slot
        record = from_bytes(RECORDS[noun], self.record, max_bytes=MAX_RECORD_BYTES)
        found = slot_of(record)[1]
        if found != name:
            raise Malformed(f"an operation on {name!r} puts {found!r}", code="wrong-name")
        return record


def peeked(raw: bytes) -> tuple[Noun, str, bytes | None]:
    """Noun, name and record (None: it goes) of an operation whose bytes were checked before, or that we signed: for reading in bulk."""
    tree = peek(raw)
    return _EFFECT[tree[0]][0], tree[2], tree.get(4)


def put(record: Record) -> Operation:
    """The operation that adds or replaces a record."""
    noun, name = slot_of(record)
    return Operation(_PUT[noun], name, to_bytes(record))


def remove(noun: Noun, name: str) -> Operation:
    """The operation that takes a record away."""
    return Operation(_REMOVE[noun], name)


# --- the state


def element(slot: Slot, record: bytes) -> bytes:
    """What the state hash holds for one record."""
    return b"".join((_ELEMENTS[slot[0]], dump(slot[1]), dump(record)))


def written(operation: Operation) -> tuple[bytes, bytes | None]:
    """The bytes of its entry, and the element that it puts (None: it takes one away): both from parts encoded once, for bulk."""
    if operation.record is None:
        return to_bytes(operation), None
    name, record = dump(operation.name), dump(operation.record)
    entry = b"".join((_ENTRIES[operation.verb], name, _RECORD_KEY, record))
    return entry, b"".join((_ELEMENTS[operation.slot[0]], name, record))


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
