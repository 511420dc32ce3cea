"""Commission entries, facts, statements, roots and claims as the node keeps them. Times in ms unless said, amounts GMS base units."""

from dataclasses import dataclass

from protocol.ledger import Entry


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A ledger entry at the merchant with the identity `merchant`. `order` is known to the two sides of the order only.

    `fact` is the hash of the accrual fact it belongs to; empty where the merchant's fact does not say what the plan gives.
    """

    entry: Entry
    merchant: bytes
    member: bytes
    currency: str
    created: int
    fact: bytes = b""
    order: bytes = b""


@dataclass(frozen=True, slots=True)
class FactRow:
    """An accrual fact in its envelope. `order` as far as we know it, `salt` opens its commitment (the merchant's), `changes` counts
    what the merchant said about it since, `checked` is whether the chain signature was verified.
    """

    hash: bytes
    merchant: bytes
    member: bytes
    level: int
    raw: bytes
    created: int
    order: bytes = b""
    salt: bytes = b""
    changes: int = 0
    checked: bool = False


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement: the merchant's own with all its `lines` (100 bytes each), or the member's part of one in its envelope `raw`.

    `state` is `closed` at the merchant; at the member `matches` or `mismatch`, with the code in `reason` and words in `detail`.
    """

    merchant: bytes
    epoch: int
    head: bytes
    root: bytes
    created: int
    lines: bytes = b""
    raw: bytes = b""
    state: str = "closed"
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RootRow:
    """A root seen under a merchant's chain address. `active_at` in seconds UTC; `state` confirmed, finalized or replaced."""

    address: bytes
    epoch: int
    root: bytes
    payable: int
    outstanding: int
    statement: bytes
    active_at: int
    block_hash: bytes
    state: str


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A claim seen on the chain; `block_hash` and `position` name it. `state` confirmed or finalized."""

    block_hash: bytes
    position: int
    address: bytes
    member: bytes
    epoch: int
    amount: int
    state: str


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim we sent: the intent, for which members' leaves."""

    intent: bytes
    merchant: bytes
    address: bytes
    epoch: int
    members: tuple[bytes, ...]
    created: int


@dataclass(frozen=True, slots=True)
class RelayRow:
    """A leaf that `peer` shall claim for us (`asked`), or we for it. `request` is the record; `state` asked, accepted or refused."""

    id: bytes
    asked: bool
    peer: str
    merchant: bytes
    address: bytes
    epoch: int
    member: bytes
    request: bytes
    created: int
    state: str = "asked"
    code: str = ""
