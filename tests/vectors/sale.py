"""One sale, made of named keys: what the vectors and tests of orders, commissions and statements stand on."""

from dataclasses import dataclass
from typing import Any

from parts import NOW, Key, named

from protocol import conversation as talk
from protocol import order_records as rec
from protocol.commission import Allocation, BaseLine, Upline, allocate
from protocol.envelope import Signed, sign
from protocol.order_checks import Priced
from protocol.payment import Method
from protocol.plan import Leftover, Level, Plan, plan_hash
from protocol.team import member_id

MERCHANT, ANA, BEN = Key("merchant"), Key("ana"), Key("ben")
ANA_MEMBER, BEN_MEMBER = member_id(MERCHANT.public, ANA.public), member_id(MERCHANT.public, BEN.public)
WINDOW = 3_000
RATE = 10**16
PLAN = Plan(
    merchant=MERCHANT.public,
    version=1,
    currency="USD",
    direct_bps=2_000,
    levels=(Level(500, 0, False),),
    overrides=(),
    cap_bps=2_500,
    leftover=Leftover.MERCHANT,
    return_window_ms=WINDOW,
    hold_ms=0,
    gms_rate=RATE,
    enrolment_bonus=0,
    purchase_to_qualify=0,
    retail_bps=10_000,
)
CATALOG = {"CREAM-50": Priced(named("cream"), 5_200, "USD", 10), "SERUM-30": Priced(named("serum"), 2_600, "USD", None)}
REQUEST = rec.QuoteRequest(
    MERCHANT.public, ANA_MEMBER, (rec.RequestLine("CREAM-50", 1), rec.RequestLine("SERUM-30", 2)), "DE", "", "10115", False
)
LINES = (
    rec.Line("CREAM-50", named("cream"), 1, 5_200, 0, 5_200),
    rec.Line("SERUM-30", named("serum"), 2, 2_600, 0, 5_200),
)
ALL_PIECES = (rec.ParcelLine(0, 1), rec.ParcelLine(1, 2))


def quote(request: bytes, /, **changes: Any) -> rec.Quote:
    fields: dict[str, Any] = {
        "request": request,
        "lines": LINES,
        "shipping": 0,
        "tax": 0,
        "total": 10_400,
        "currency": "USD",
        "base": 10_400,
        "plan": plan_hash(PLAN),
        "gms_rate": RATE,
        "terms": named("terms"),
        "expires": NOW + 60_000,
        "checkpoint": named("checkpoint"),
        "liable": rec.Liable.MERCHANT,
    }
    return rec.Quote(**{**fields, **changes})


def placed(quoted: bytes, /, **changes: Any) -> rec.OrderPlaced:
    fields: dict[str, Any] = {
        "quote": quoted,
        "lines": LINES,
        "total": 10_400,
        "currency": "USD",
        "base": 10_400,
        "customer": named("customer commitment"),
        "delivery": named("delivery commitment"),
        "member": ANA_MEMBER,
        "payee": named("ana's address", 20),
        "accept_by": NOW + 50_000,
        "plan": plan_hash(PLAN),
        "terms": named("terms"),
        "pickup": False,
    }
    return rec.OrderPlaced(**{**fields, **changes})


def accepted(order: bytes, /, **changes: Any) -> rec.OrderAccepted:
    fields: dict[str, Any] = {
        "order": order,
        "cover": 26 * 10**18,
        "facts": (named("fact of ana"), named("fact of ben")),
        "method": Method.TRANSFER,
        "reference": "RF18539007547034",
        "instructions": rec.Instructions.TRANSFER_WITH_REFERENCE,
        "pay_by": NOW + 100_000,
        "fulfil_by": NOW + 200_000,
        "return_window_ms": WINDOW,
        "hold_ms": 0,
    }
    return rec.OrderAccepted(**{**fields, **changes})


@dataclass
class Sale:
    """The merchant's side of one conversation, with every entry and request it wrote or read."""

    at: int = NOW

    def __post_init__(self) -> None:
        self.request = sign(ANA, rec.QUOTE_REQUEST, REQUEST, created=self.at)
        self.state = talk.begin(MERCHANT.public, self.request.id)
        self.history: list[tuple[Signed, Signed | None]] = []
        self.effects: list[talk.Effect] = []

    @property
    def id(self) -> bytes:
        return self.state.order_id

    def log(self, type_: str, body: object, request: Signed | None = None) -> Signed:
        """The merchant's next entry, a second later."""
        self.at += 1_000
        self.state, effects, entry = talk.write(self.state, MERCHANT, type_, body, created=self.at, request=request)
        self.effects += effects
        self.history.append((entry, request))
        return entry

    def ask(self, type_: str, body: object, by: Key = ANA) -> Signed:
        """The seller's request and the merchant's receipt."""
        request = sign(by, type_, body, created=self.at)
        return self.log(rec.RECEIPT, rec.Receipt(request.id), request)

    def tick(self, now: int) -> None:
        self.state, effects = talk.tick(self.state, now)
        self.effects += effects

    def until(self, stage: str) -> "Sale":
        """The common sale up to a stage."""
        steps = (
            ("QUOTED", lambda: self.log(rec.QUOTE, quote(self.request.id))),
            ("PLACED", lambda: self.ask(rec.PLACED, placed(self.history[0][0].id))),
            ("ACCEPTED", lambda: self.log(rec.ACCEPTED, accepted(self.id))),
            ("PAID", lambda: self.log(rec.PAYMENT_CONFIRMED, rec.PaymentConfirmed(self.id, 10_400, "RF18539007547034"))),
            ("IN_FULFILMENT", lambda: self.log(rec.SHIPPED, rec.ParcelShipped(self.id, 1, ALL_PIECES, "DHL", "00340434161094042557"))),
            ("FULFILLED", lambda: self.log(rec.REPORTED, rec.ParcelReported(self.id, 1, rec.Report.DELIVERED, self.at))),
            ("COMPLETED", lambda: self.tick(self.at + WINDOW)),
        )
        for name, step in steps:
            step()
            if name == stage:
                break
        return self


def allocation() -> Allocation:
    """What the sale pays: 20 % to Ana, 5 % to Ben."""
    lines = tuple(BaseLine(place, line.sku, line.product, line.total) for place, line in enumerate(LINES))
    return allocate(PLAN, lines, ANA_MEMBER, (Upline(BEN_MEMBER),))
