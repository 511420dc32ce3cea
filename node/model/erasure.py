"""The receipt of an erased customer: what this device signs, and keeps when the person is gone. It holds nothing of the person."""

from dataclasses import dataclass

from protocol.codec import LATEST_MS, key

RECEIPT = "customer.erased"  # the envelope's type, which is the domain that is signed


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of a table were the customer's."""

    table: str = key(0, longest=64)
    count: int = key(2)


@dataclass(frozen=True, slots=True)
class Reach:
    """A place of backups. `keeps_old`: what is replaced there can be had back, so that erasing does not reach it."""

    place: bytes = key(0, size=32)
    name: str = key(2, longest=64)
    keeps_old: bool = key(4)


@dataclass(frozen=True, slots=True)
class Receipt:
    """`orders`: how many can no longer be opened; `grants` were revoked for it, `disclosures` stay in the ledger, by field name only."""

    customer: bytes = key(0, size=32)
    at: int = key(2, high=LATEST_MS)
    rows: tuple[Rows, ...] = key(4)
    orders: int = key(6)
    grants: tuple[bytes, ...] = key(8, size=32)
    disclosures: int = key(10)
    backups: tuple[Reach, ...] = key(12)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt as the store keeps it: `raw` is the signed envelope."""

    id: bytes
    erased: bytes
    at: int
    raw: bytes
