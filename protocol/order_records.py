"""The signed records of one order's conversation. It decides fields and bounds; order_checks.py decides what a node refuses.

The merchant's log of the order orders the history: Quote, Receipt, OrderAccepted … are its entries. QuoteRequest, OrderPlaced,
CancelRequest and PaymentSubmitted are the seller's signed requests; each is answered by a Receipt, which is an entry and so names the head.
Nothing here says who the customer is: `customer` and `delivery` are salted commitments (docs/protocol/10-order.md).
Money is in minor units of `currency`, time in ms UTC. Keys are even: every one must be understood.
"""

from dataclasses import dataclass
from enum import StrEnum

from .cancellation import CancelCode
from .codec import LATEST_MS, key
from .ids import digest
from .kinds import Kind, Topic
from .payment import Method
from .plan import LONGEST_HOLD_MS

MOST_LINES = 200
LONGEST_SKU = 128
_MOST = 2**31
_SIGNED = -(2**53)

QUOTE_REQUEST = "order.quote-request"
QUOTE = "order.quote"
PLACED = "order.placed"
RECEIPT = "order.receipt"
ACCEPTED = "order.accepted"
REJECTED = "order.rejected"
CANCEL_REQUEST = "order.cancel-request"
CANCELLED = "order.cancelled"
PAYMENT_SUBMITTED = "order.payment-submitted"
PAYMENT_CONFIRMED = "order.payment-confirmed"
REFUND_SETTLED = "order.refund-settled"
SHIPPED = "order.shipped"
READY = "order.ready"
REPORTED = "order.reported"
ATTENTION = "order.attention"
COMPLETED = "order.completed"


class Liable(StrEnum):
    """The party liable to the customer."""

    MERCHANT = "merchant"
    SELLER = "seller"


class Report(StrEnum):
    """What became of a parcel."""

    IN_TRANSIT = "in-transit"
    DELIVERED = "delivered"
    HANDED_OVER = "handed-over"
    FAILED = "failed"
    RETURNED = "returned"


class Instructions(StrEnum):
    """How to pay, in words each node has in its own language: the record carries no free text."""

    TRANSFER_WITH_REFERENCE = "transfer-with-reference"
    CASH_ON_HANDOVER = "cash-on-handover"


def order_log(merchant: bytes, request: bytes) -> bytes:
    """The id of the merchant's log for the conversation that the quote request `request` (its id) opens."""
    return digest("order.log", merchant, request)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """So many of a SKU."""

    sku: str = key(0, longest=LONGEST_SKU)
    quantity: int = key(2, low=-_MOST, high=_MOST)


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What would this cost there? Only what a quote needs: country (ISO 3166-1), region, postcode; empty for a pickup."""

    merchant: bytes = key(0, size=32)
    member: bytes = key(2, size=32)
    lines: tuple[RequestLine, ...] = key(4, most=MOST_LINES)
    country: str = key(6, longest=2)
    region: str = key(8, longest=10)
    postcode: str = key(10, longest=16)
    pickup: bool = key(12)


@dataclass(frozen=True, slots=True)
class Line:
    """A quoted line: `total` = `unit_price` x `quantity` - `discount`; `product` is the hash the offer names."""

    sku: str = key(0, longest=LONGEST_SKU)
    product: bytes = key(2, size=32)
    quantity: int = key(4, low=-_MOST, high=_MOST)
    unit_price: int = key(6, low=_SIGNED)
    discount: int = key(8, low=_SIGNED)
    total: int = key(10, low=_SIGNED)


@dataclass(frozen=True, slots=True)
class Quote:
    """What the merchant offers until `expires`. `base` is what commissions are reckoned on: the sum of the lines.

    `plan`, `gms_rate` and `terms` are what the order will freeze; `checkpoint` is the catalog checkpoint the prices come from.
    """

    request: bytes = key(0, size=32)
    lines: tuple[Line, ...] = key(2, most=MOST_LINES)
    shipping: int = key(4, low=_SIGNED)
    tax: int = key(6, low=_SIGNED)
    total: int = key(8, low=_SIGNED)
    currency: str = key(10, longest=3)
    base: int = key(12, low=_SIGNED)
    plan: bytes = key(14, size=32)
    gms_rate: int = key(16, high=2**128 - 1)
    terms: bytes = key(18, size=32)
    expires: int = key(20, high=LATEST_MS)
    checkpoint: bytes = key(22, size=32)
    liable: Liable = key(24)


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """The seller orders what was quoted. The id of this envelope is the order's id.

    `customer` and `delivery` are salted commitments, `payee` the seller's chain address for this merchant.
    """

    quote: bytes = key(0, size=32)
    lines: tuple[Line, ...] = key(2, most=MOST_LINES)
    total: int = key(4, low=_SIGNED)
    currency: str = key(6, longest=3)
    base: int = key(8, low=_SIGNED)
    customer: bytes = key(10, size=32)
    delivery: bytes = key(12, size=32)
    member: bytes = key(14, size=32)
    payee: bytes = key(16, size=20)
    accept_by: int = key(18, high=LATEST_MS)
    plan: bytes = key(20, size=32)
    terms: bytes = key(22, size=32)
    pickup: bool = key(24)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The merchant has the request `request`; nothing logged after this entry can defeat it. Its envelope names the head."""

    request: bytes = key(0, size=32)


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The order is taken. `cover` is the reserve set aside for its commissions (GMS base units), `facts` name the accrual facts."""

    order: bytes = key(0, size=32)
    cover: int = key(2, high=2**128 - 1)
    facts: tuple[bytes, ...] = key(4, size=32, most=16)
    method: Method = key(6)
    reference: str = key(8, longest=35)  # what the payer quotes: ISO 20022 remittance length
    instructions: Instructions = key(10)
    pay_by: int = key(12, high=LATEST_MS)
    fulfil_by: int = key(14, high=LATEST_MS)
    return_window_ms: int = key(16, high=LONGEST_HOLD_MS)
    hold_ms: int = key(18, high=LONGEST_HOLD_MS)


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The merchant refuses the order, by a code of docs/protocol/10-order.md."""

    order: bytes = key(0, size=32)
    code: str = key(2, longest=32)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """The seller cancels; it wins over everything logged after its Receipt."""

    order: bytes = key(0, size=32)
    code: CancelCode = key(2)


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The merchant cancels, by a code of the cancellation table."""

    order: bytes = key(0, size=32)
    code: CancelCode = key(2)


@dataclass(frozen=True, slots=True)
class PaymentSubmitted:
    """The seller passes on the customer's word that it was sent."""

    order: bytes = key(0, size=32)


@dataclass(frozen=True, slots=True)
class PaymentConfirmed:
    """`amount` more minor units are with the merchant."""

    order: bytes = key(0, size=32)
    amount: int = key(2)
    reference: str = key(4, longest=35)


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """`amount` minor units went back to the payer."""

    order: bytes = key(0, size=32)
    amount: int = key(2)
    reference: str = key(4, longest=35)


@dataclass(frozen=True, slots=True)
class ParcelLine:
    """So many units of the order's line at this index."""

    line: int = key(0, high=MOST_LINES)
    quantity: int = key(2, low=-_MOST, high=_MOST)


@dataclass(frozen=True, slots=True)
class ParcelShipped:
    """The carrier has parcel `parcel` (a number within the order); named again, it was sent again with the same lines."""

    order: bytes = key(0, size=32)
    parcel: int = key(2, high=MOST_LINES)
    lines: tuple[ParcelLine, ...] = key(4, most=MOST_LINES)
    carrier: str = key(6, longest=40)
    tracking: str = key(8, longest=64)


@dataclass(frozen=True, slots=True)
class ParcelReady:
    """Parcel `parcel` lies ready for pickup."""

    order: bytes = key(0, size=32)
    parcel: int = key(2, high=MOST_LINES)
    lines: tuple[ParcelLine, ...] = key(4, most=MOST_LINES)


@dataclass(frozen=True, slots=True)
class ParcelReported:
    """What became of a parcel, at `at`."""

    order: bytes = key(0, size=32)
    parcel: int = key(2, high=MOST_LINES)
    report: Report = key(4)
    at: int = key(6, high=LATEST_MS)


@dataclass(frozen=True, slots=True)
class Attention:
    """A person must look until `until`; 0 = it is resolved."""

    order: bytes = key(0, size=32)
    until: int = key(2, high=LATEST_MS)


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """The merchant's own reckoning that the order is complete; the other side's does not need it."""

    order: bytes = key(0, size=32)


KINDS = (
    Kind(QUOTE_REQUEST, Topic.ORDER, QuoteRequest, signed=True),
    Kind(PLACED, Topic.ORDER, OrderPlaced, signed=True),
    Kind(CANCEL_REQUEST, Topic.ORDER, CancelRequest, signed=True),
    Kind(PAYMENT_SUBMITTED, Topic.ORDER, PaymentSubmitted, signed=True),
    Kind(QUOTE, Topic.ORDER, Quote, signed=True),
    Kind(RECEIPT, Topic.ORDER, Receipt, signed=True),
    Kind(ACCEPTED, Topic.ORDER, OrderAccepted, signed=True),
    Kind(REJECTED, Topic.ORDER, OrderRejected, signed=True),
    Kind(CANCELLED, Topic.ORDER, OrderCancelled, signed=True),
    Kind(PAYMENT_CONFIRMED, Topic.ORDER, PaymentConfirmed, signed=True),
    Kind(REFUND_SETTLED, Topic.ORDER, RefundSettled, signed=True),
    Kind(SHIPPED, Topic.ORDER, ParcelShipped, signed=True),
    Kind(READY, Topic.ORDER, ParcelReady, signed=True),
    Kind(REPORTED, Topic.ORDER, ParcelReported, signed=True),
    Kind(ATTENTION, Topic.ORDER, Attention, signed=True),
    Kind(COMPLETED, Topic.ORDER, OrderCompleted, signed=True),
)
REQUESTS = frozenset({QUOTE_REQUEST, PLACED, CANCEL_REQUEST, PAYMENT_SUBMITTED})
RECORDS = {kind.name: kind.record for kind in KINDS}
