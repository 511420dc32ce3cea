"""What the services of grants share: the port to the store, an order as a grant sees it, one step of the machine, the seller's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.grant import AskRow, Disclosure, GrantRow, Held, LogEntry, Side
from protocol import grant as gr
from protocol.disclosure import Field
from protocol.envelope import Signed
from protocol.errors import Conflict, OutOfOrder
from protocol.kinds import Topic
from protocol.log import Chain
from protocol.order import Status

from .customers import CustomerBook
from .evidence import Contradiction
from .exchange import send
from .order_log import OrdersUnit, load

ABOUT = "grant"
MOST_EARLY = 64
OPEN_ORDER = frozenset({Status.ACCEPTED, Status.IN_FULFILMENT})


class GrantBook(Protocol):
    """Grants as these services keep them (node/store/grants.py says what each does)."""

    def get(self, grant: bytes, /) -> GrantRow | None: ...  # noqa: D102
    def by_request(self, request: bytes) -> GrantRow | None: ...  # noqa: D102
    def by_id(self, grant: bytes) -> GrantRow | None: ...  # noqa: D102
    def all(self, limit: int) -> Sequence[GrantRow]: ...  # noqa: D102
    def of_peer(self, peer: bytes) -> Sequence[GrantRow]: ...  # noqa: D102
    def of_order(self, order: bytes) -> Sequence[GrantRow]: ...  # noqa: D102
    def of_customer(self, customer: bytes) -> Sequence[GrantRow]: ...  # noqa: D102
    def due(self, now: int, limit: int) -> Sequence[GrantRow]: ...  # noqa: D102
    def keep(self, row: GrantRow) -> None: ...  # noqa: D102
    def drop(self, key: bytes) -> None: ...  # noqa: D102
    def head(self, log: bytes) -> LogEntry | None: ...  # noqa: D102
    def entry(self, log: bytes, seq: int) -> LogEntry | None: ...  # noqa: D102
    def add_entry(self, entry: LogEntry) -> None: ...  # noqa: D102
    def ask(self, ask: bytes, /) -> AskRow | None: ...  # noqa: D102
    def asks(self, key: bytes) -> Sequence[AskRow]: ...  # noqa: D102
    def keep_ask(self, row: AskRow) -> None: ...  # noqa: D102
    def hold(self, held: Held) -> None: ...  # noqa: D102
    def held(self, key: bytes) -> Sequence[Held]: ...  # noqa: D102
    def overdue(self, now: int, limit: int) -> Sequence[Held]: ...  # noqa: D102
    def erase_held(self, ask: bytes) -> None: ...  # noqa: D102
    def disclose(self, row: Disclosure) -> None: ...  # noqa: D102
    def disclosed_by(self, ask: bytes) -> Sequence[Disclosure]: ...  # noqa: D102
    def disclosures(self, key: bytes | None, customer: bytes | None, limit: int) -> Sequence[Disclosure]: ...  # noqa: D102
    def counts(self, key: bytes) -> tuple[int, int]: ...  # noqa: D102
    def acknowledge(self, ask: bytes, fields: Sequence[Field], at: int, receipt: bytes) -> int: ...  # noqa: D102
    def erased(self, key: bytes, at: int, due: int | None) -> int: ...  # noqa: D102


class GrantsUnit(OrdersUnit, Protocol):
    """What the services of grants need of a transaction."""

    @property
    def customers(self) -> CustomerBook: ...  # noqa: D102

    @property
    def grants(self) -> GrantBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """A placed order as a grant sees it. `peer` is the other side's identity; `delivery` the order's commitment to the delivery data."""

    order: bytes
    draft: bytes
    side: Side
    peer: bytes
    stage: Status  # where the order stands, or will again once what needs attention is settled
    delivery: bytes
    pickup: bool
    customer: bytes | None

    @property
    def open(self) -> bool:
        """Whether the merchant has accepted it and has still to deliver."""
        return self.stage in OPEN_ORDER


def order_facts(unit: OrdersUnit, order: bytes) -> OrderFacts | None:
    """The order with this id; None unless it was placed."""
    row = unit.orders.get(order)
    if row is None or row.order is None:
        return None
    state = load(unit, row).state
    if state.placed is None:
        return None
    stage = state.order.resume if row.status == Status.NEEDS_ATTENTION else Status(row.status)
    return OrderFacts(row.order, row.draft, row.side, row.peer, stage, state.placed.delivery, row.pickup, row.customer)


def find(unit: GrantsUnit, grant: bytes, side: Side | None = None) -> GrantRow:
    """The grant with this key or id. Raises NotFound."""
    row = unit.grants.get(grant)
    if row is None or side not in (None, row.side):
        raise NotFound("There is no such grant here.")
    return row


def step(unit: GrantsUnit, row: GrantRow, event: gr.Event) -> tuple[GrantRow, tuple[gr.Effect, ...]]:
    """The grant after `event`, kept. The caller has put the event's raw record into the row."""
    state, effects = gr.apply(row.state, event)
    row = row.at(state, unit.now)
    unit.grants.keep(row)
    unit.touched("changes")
    return row, effects


def tell(unit: GrantsUnit, row: GrantRow, record: object) -> None:
    """Queue a record for the other side, where we are still paired."""
    peer = unit.peers.by_identity(row.peer)
    if peer is not None:
        send(unit, peer.peer, record, topic=Topic.GRANT, about=(ABOUT, row.key))


def write_entry(unit: GrantsUnit, merchant: bytes, type_: str, body: object) -> Signed:
    """The next entry of this device's grant log for a merchant: a device set up from a backup begins its own, and signs no place twice."""
    log = gr.grant_log(unit.me.identity, merchant, unit.me.device.public)
    head = unit.grants.head(log)
    chain = Chain(log, head.seq, head.id) if head else Chain(log)
    _, signed = chain.sign(unit.me.device, type_, body, created=unit.now)
    unit.grants.add_entry(LogEntry(log, signed.envelope.seq, signed.id, signed.envelope.prev, signed.raw))
    return signed


def follow_entry(unit: GrantsUnit, seller: bytes, signed: Signed) -> None:
    """Keep an entry of a device's log for us; it may come before its predecessors, for a revoke holds at once.

    The caller has checked that the device is live: the log of one that was revoked is closed where it stands here.
    Raises Conflict `wrong-log`, Contradiction, OutOfOrder.
    """
    envelope = signed.envelope
    log = gr.grant_log(seller, unit.me.identity, envelope.author)
    if envelope.log != log or envelope.seq < 1:
        raise Conflict("the entry belongs to another log", code="wrong-log")
    known = unit.grants.entry(log, envelope.seq)
    if known is not None:
        if known.id != signed.id:
            raise Contradiction(f"two different entries at {envelope.seq}", identity=seller, first=known.raw, second=signed.raw)
        return
    head = unit.grants.head(log)
    if envelope.seq > (head.seq if head else 0) + MOST_EARLY:
        raise OutOfOrder(f"entry {envelope.seq} is far ahead of what is here")
    before, after = unit.grants.entry(log, envelope.seq - 1), unit.grants.entry(log, envelope.seq + 1)
    follows = Chain(log).head if envelope.seq == 1 else before.id if before else envelope.prev
    if envelope.prev != follows or (after is not None and after.prev != signed.id):
        beside = before or after
        words = f"entry {envelope.seq} does not fit its neighbours"
        if beside is None:  # the first entry of a log follows nothing
            raise Conflict(words, code="equivocation")
        raise Contradiction(words, identity=seller, first=beside.raw, second=signed.raw)
    unit.grants.add_entry(LogEntry(log, envelope.seq, signed.id, envelope.prev, signed.raw))


def fields_of(names: Sequence[str]) -> tuple[Field, ...]:
    """The named fields, each once. Raises UserError `bad-fields`."""
    try:
        return tuple(dict.fromkeys(Field(name) for name in names))
    except ValueError:
        raise UserError(f"A field is one of {', '.join(Field)}.", code="bad-fields") from None
