"""Orders as the node keeps them, and what other nouns learn of an accepted one. Times in milliseconds UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from protocol.disclosure import Field

Side = Literal["seller", "merchant"]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order from either side. `draft` is the id of the quote request and never changes; `order` the id of the placed order.

    `peer` is the identity of the other side, `log` the merchant's log, `quote` the id of its quote entry; `status` and `deadline` are
    what the history comes to; `error` is the code of the last request of ours that was refused. `customer` is known to the seller only
    and never sent.
    """

    draft: bytes
    side: Side
    peer: bytes
    member: bytes
    log: bytes
    request: bytes
    pickup: bool
    created: int
    order: bytes | None = None
    quote: bytes | None = None
    customer: bytes | None = None
    status: str = "DRAFT"
    deadline: int | None = None
    error: str = ""
    updated: int = 0


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of an order's history: an entry of the merchant's log with the request a receipt names, or the time of a tick."""

    at: int
    entry: bytes | None = None
    request: bytes | None = None


@dataclass(frozen=True, slots=True)
class OrderSecrets:
    """What opens an order's commitments: the seller keeps it until the customer is erased. `values` as they were when ordering."""

    customer: bytes
    customer_salt: bytes
    delivery_salt: bytes
    values: Mapping[Field, str]


@dataclass(frozen=True, slots=True)
class AcceptedLine:
    """An order line as a commission plan sees it; `base` in minor units of the order's currency."""

    line: int
    sku: str
    product: bytes
    base: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedOrder:
    """What commissions need of an order. `merchant` and `seller` are identities, `member` and `payee` the seller's at that merchant.

    `cause` is the id of the placed order's record (the same on both sides, before and after the acceptance is logged); `facts` are the
    hashes the acceptance names (empty while the merchant is still making them).
    """

    order: bytes
    draft: bytes
    merchant: bytes
    seller: bytes
    member: bytes
    payee: bytes
    lines: tuple[AcceptedLine, ...]
    currency: str
    base: int
    plan: bytes
    gms_rate: int
    cause: bytes
    placed_at: int
    return_window_ms: int
    hold_ms: int
    facts: tuple[bytes, ...] = ()
