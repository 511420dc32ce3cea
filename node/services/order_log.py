"""An order's history: read it, let the merchant write its next entry, take an entry from the merchant, let time pass.

The state is the fold of the kept history, each time (`protocol.conversation`). It moves entries and keeps rows; it decides no price and
no permission.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from node.errors import NotFound
from node.model.order import AcceptedLine, AcceptedOrder, OrderRow, OrderStep
from protocol import conversation as talk
from protocol import order_records as rec
from protocol.disclosure import Field
from protocol.envelope import Signed, peek_type, verify
from protocol.errors import Conflict, ProtocolError
from protocol.kinds import Topic
from protocol.order import AccrueCommissions, HoldCommissions, MakePayable, Status, VoidCommissions

from . import facts, stock
from .brand_plans import BrandsUnit
from .catalog import CatalogUnit
from .catching_up import is_behind, require_orders
from .evidence import Contradiction
from .exchange import send
from .ledger import CommissionUnit

MOST_EARLY = 32
ABOUT = "order"
_COMMISSIONS = (AccrueCommissions, HoldCommissions, MakePayable, VoidCommissions)


class OrderBook(Protocol):
    """Orders as this service keeps them (node/store/orders.py says what each does)."""

    def get(self, order: bytes, /) -> OrderRow | None: ...  # noqa: D102
    def by_log(self, log: bytes, /) -> OrderRow | None: ...  # noqa: D102
    def by_quote(self, quote: bytes, /) -> OrderRow | None: ...  # noqa: D102
    def all(self, statuses: Sequence[str], limit: int, after: int | None = None) -> Sequence[OrderRow]: ...  # noqa: D102
    def due(self, now: int, limit: int) -> Sequence[OrderRow]: ...  # noqa: D102
    def of_peer(self, peer: bytes) -> Sequence[OrderRow]: ...  # noqa: D102
    def of_customer(self, customer: bytes) -> Sequence[OrderRow]: ...  # noqa: D102
    def keep(self, row: OrderRow) -> None: ...  # noqa: D102
    def steps(self, draft: bytes) -> Sequence[OrderStep]: ...  # noqa: D102
    def add_step(self, draft: bytes, seq: int | None, step: OrderStep) -> None: ...  # noqa: D102
    def entry(self, draft: bytes, seq: int) -> bytes | None: ...  # noqa: D102
    def keep_early(self, draft: bytes, seq: int, raw: bytes) -> None: ...  # noqa: D102
    def take_early(self, draft: bytes, seq: int) -> bytes | None: ...  # noqa: D102
    def keep_request(self, request: bytes, draft: bytes, raw: bytes) -> None: ...  # noqa: D102
    def request(self, request: bytes, draft: bytes) -> bytes | None: ...  # noqa: D102
    def keep_secrets(self, draft: bytes, customer: bytes, sealed: bytes) -> None: ...  # noqa: D102
    def secrets(self, draft: bytes, /) -> bytes | None: ...  # noqa: D102
    def erase_customer(self, customer: bytes) -> int: ...  # noqa: D102
    def of_nobody(self) -> Sequence[OrderRow]: ...  # noqa: D102


class CustomerPort(Protocol):
    """The seller's customers, as an order needs them."""

    def name_of(self, customer: bytes, /) -> str: ...  # noqa: D102
    def delivery_values(self, customer: bytes, /) -> Mapping[Field, str]: ...  # noqa: D102
    def destination(self, customer: bytes, /) -> tuple[str, str, str]: ...  # noqa: D102


class OrdersUnit(CommissionUnit, BrandsUnit, Protocol):
    """What the services of orders need of a transaction."""

    @property
    def customers(self) -> CustomerPort: ...  # noqa: D102

    @property
    def orders(self) -> OrderBook: ...  # noqa: D102

    @property
    def stock(self) -> stock.StockBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Case:
    """An order with its state. `reached` says when each kind of entry first took effect (ms); `quote_id` names the quote's entry."""

    row: OrderRow
    state: talk.Conversation
    reached: Mapping[str, int]
    accepted: rec.OrderAccepted | None = None

    @property
    def merchant(self) -> bytes:
        """Whose log it is, as the conversation names it."""
        return opened(self.row.request).read(rec.QuoteRequest).merchant


@lru_cache(maxsize=4096)
def opened(raw: bytes) -> Signed:
    """A signed record of the store; its signature is checked once while it is in use."""
    return verify(raw, peek_type(raw))


def find(unit: OrdersUnit, order: bytes) -> OrderRow:
    """The order with this id, or its id as a draft. Raises NotFound."""
    row = unit.orders.get(order)
    if row is None:
        raise NotFound("There is no such order here.")
    return row


def load(unit: OrdersUnit, row: OrderRow) -> Case:
    """The order as its history makes it."""
    request = opened(row.request).read(rec.QuoteRequest)
    case = Case(row, talk.begin(request.merchant, row.draft), {})
    for step in unit.orders.steps(row.draft):
        if step.entry is None:
            case = replace(case, state=talk.tick(case.state, step.at)[0])
            continue
        entry = opened(step.entry)
        state, _ = talk.advance(case.state, entry, opened(step.request) if step.request else None)
        case = _entered(case, state, entry)
    return case


def _entered(case: Case, state: talk.Conversation, entry: Signed) -> Case:
    if state.refused:
        return replace(case, state=state)
    type_ = entry.envelope.type
    name = "order.placed" if type_ == rec.RECEIPT and state.placed and not case.state.placed else type_
    reached = {name: entry.envelope.created, **case.reached}
    accepted = entry.read(rec.OrderAccepted) if type_ == rec.ACCEPTED else case.accepted
    return Case(case.row, state, reached, accepted)


def write(
    unit: OrdersUnit, case: Case, type_: str, body: object, *, request: Signed | None = None, push: bool = True
) -> tuple[Case, Signed]:
    """The merchant's next entry, signed and kept; sent to the seller unless it is the reply itself.

    Raises LocalError with the code when it may not happen now; Conflict `not-ready` after a restore, before the seller said how far it got.
    """
    require_orders(unit, case.row.peer)
    state, effects, entry = talk.write(case.state, unit.me.device, type_, body, created=unit.now, request=request)
    unit.orders.add_step(case.row.draft, entry.envelope.seq, OrderStep(unit.now, entry.raw, request.raw if request else None))
    after = _settle(unit, _entered(case, state, entry), effects)
    if push:
        peer = unit.peers.by_identity(case.row.peer)
        if peer is None:
            raise NotFound("You are no longer paired with the seller of this order. Pair again.")
        send(unit, peer.peer, entry, topic=Topic.ORDER, about=(ABOUT, case.row.draft))
    return after, entry


def take(unit: OrdersUnit, row: OrderRow, entry: Signed) -> str:
    """The seller's side: an entry of the merchant's log, verified and by a live device of the merchant.

    Returns "" or the code to answer with when it may not happen: then it is kept without effect. An entry that came early waits.
    Raises Conflict `wrong-log`, `unknown-request`, Contradiction.
    """
    seq = entry.envelope.seq
    if entry.envelope.log != row.log:
        raise Conflict("the entry belongs to another log", code="wrong-log")
    known = unit.orders.entry(row.draft, seq)
    if known is not None:
        if opened(known).id != entry.id:
            raise Contradiction(f"two different entries at {seq}", identity=row.peer, first=known, second=entry.raw)
        return ""
    case = passed(unit, load(unit, row))
    due = case.state.chain.seq + 1
    if seq > due:
        if seq > due + MOST_EARLY:
            raise Conflict(f"entry {seq} came where {due} is due", code="out-of-order")
        unit.orders.keep_early(row.draft, seq, entry.raw)
        return ""
    case = _take_one(unit, case, entry)
    refused = case.state.refused
    while (raw := unit.orders.take_early(row.draft, case.state.chain.seq + 1)) is not None:
        try:
            case = _take_one(unit, case, opened(raw))
        except ProtocolError:
            break  # it does not follow what came before it: the merchant sends the right one
    return refused


def _take_one(unit: OrdersUnit, case: Case, entry: Signed, *, again: bool = False) -> Case:
    request: Signed | None = None
    if entry.envelope.type == rec.RECEIPT:
        named = entry.read(rec.Receipt).request
        raw = unit.orders.request(named, case.row.draft)
        if raw is None:
            raise Conflict("a receipt for what was never asked", code="unknown-request")
        request = opened(raw)
    state, effects = talk.advance(case.state, entry, request)
    unit.orders.add_step(case.row.draft, entry.envelope.seq, OrderStep(unit.now, entry.raw, request.raw if request else None))
    case = _entered(case, state, entry)
    if again and unit.me.role == "merchant" and entry.envelope.type == rec.ACCEPTED and case.accepted is not None and not state.refused:
        facts.accrue_back(unit, accepted_order(unit, case, case.accepted))
    return _settle(unit, case, effects, again=again)


def take_back(unit: OrdersUnit, case: Case, entry: Signed) -> Case:
    """The next entry as the other side gives it back after a restore: first the time passes until it was written, then it is taken.

    Raises Conflict `out-of-order`, `unknown-request`, and as `protocol.conversation.advance`.
    """
    due = case.state.chain.seq + 1
    if entry.envelope.seq != due:
        raise Conflict(f"entry {entry.envelope.seq} came where {due} is due", code="out-of-order")
    at, deadline = entry.envelope.created, talk.next_deadline(case.state)
    if deadline is not None and deadline <= at:
        state, effects = talk.tick(case.state, at)
        unit.orders.add_step(case.row.draft, None, OrderStep(at))
        case = _settle(unit, replace(case, state=state), effects, again=True)
    return _take_one(unit, case, entry, again=True)


def passed(unit: OrdersUnit, case: Case) -> Case:
    """The order once the time until now has passed: silence outcomes are kept as steps of the history."""
    if case.row.deadline is None or case.row.deadline > unit.now or is_behind(unit, case.row.peer):
        return case
    state, effects = talk.tick(case.state, unit.now)
    if state == case.state:
        return case
    unit.orders.add_step(case.row.draft, None, OrderStep(unit.now))
    before = case.state.order.status
    case = _settle(unit, replace(case, state=state), effects)
    if unit.me.role == "merchant" and state.order.status is Status.COMPLETED and before is not Status.COMPLETED:
        paired = unit.peers.by_identity(case.row.peer) is not None  # time goes on for orders of peers we have forgotten
        case, _ = write(unit, case, rec.COMPLETED, rec.OrderCompleted(state.order_id), push=paired)
    return case


def _settle(unit: OrdersUnit, case: Case, effects: Sequence[talk.Effect], *, again: bool = False) -> Case:
    """Keep what the history has come to, and do what it asks for; `again`, after a restore, what it asked for before."""
    state = case.state
    row = replace(
        case.row,
        order=state.order_id or case.row.order,
        status=state.order.status.value,
        deadline=talk.next_deadline(state),
        error="",
        updated=unit.now,
    )
    case = replace(case, row=row)
    unit.orders.keep(row)
    unit.touched("changes")
    if row.side == "merchant":
        stock.settle(unit, row.draft, state, effects)
    for effect in effects:
        if isinstance(effect, _COMMISSIONS):
            assert case.accepted is not None
            facts.on_effect(unit, accepted_order(unit, case, case.accepted), effect, again=again)
    return case


def accepted_order(unit: OrdersUnit, case: Case, accepted: rec.OrderAccepted) -> AcceptedOrder:
    """What commissions need of the order, under an acceptance logged or about to be."""
    placed, quote = case.state.placed, case.state.quote
    assert placed is not None
    assert quote is not None
    here = case.row.side == "merchant"
    return AcceptedOrder(
        order=case.state.order_id,
        draft=case.row.draft,
        merchant=unit.me.identity if here else case.row.peer,
        seller=case.row.peer if here else unit.me.identity,
        member=placed.member,
        payee=placed.payee,
        lines=tuple(
            AcceptedLine(number, line.sku, line.product, line.total, categories(unit, line.product))
            for number, line in enumerate(placed.lines)
        ),
        currency=placed.currency,
        base=placed.base,
        plan=placed.plan,
        gms_rate=quote.gms_rate,
        cause=case.state.order_id,
        placed_at=case.reached[rec.PLACED],
        return_window_ms=accepted.return_window_ms,
        hold_ms=accepted.hold_ms,
        facts=accepted.facts,
    )


def categories(unit: CatalogUnit, product: bytes) -> tuple[str, ...]:
    """The categories of the product with this hash, as far as its record is here."""
    record = unit.catalog.product(product)
    return (record.product.category,) if record is not None and record.product.category else ()
