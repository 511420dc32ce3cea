"""Commissions as people see them: lines, why each is what it is, and what they add up to.

A line is a ledger entry. A merchant sees what it owes, a seller what it is owed. GMS base units travel as decimal strings.
"""

from collections import defaultdict
from dataclasses import dataclass

from node.errors import NotFound, UserError
from node.model.commission import LedgerRow, StatementRow
from protocol.codec import from_bytes
from protocol.commission import FACT_TYPE
from protocol.envelope import verify
from protocol.ledger import Status
from protocol.settlement import Leaf, leaf_hash, tree_domain
from protocol.statement import StatementHead, statement_hash

from .facts import fact_of
from .ledger import CommissionUnit
from .roots import address_of
from .statements import part_of, statement_of

MOST_LINES = 500


@dataclass(frozen=True, slots=True)
class LineView:
    """One commission. `payee` is who is owed, `order` and `title` known only of our own orders; `cause` says why an amount is negative.

    Times in ms, 0 = not yet. `epoch` is the statement that counts it, 0 = none so far.
    """

    id: str
    merchant: str
    merchant_name: str
    member: str
    payee: str
    order: str
    line: int
    level: int
    minor: int
    currency: str
    gms: str
    status: str
    hold_until: int
    payable_at: int
    epoch: int
    cause: str
    created: int


@dataclass(frozen=True, slots=True)
class LineWhy:
    """A commission with its reason: gms = floor(base x bps x rate / 10,000), divided over the lines of the order.

    `rule` is what gave the rate: sku, product, category or default for the seller, level for an upline, fact where only the merchant's
    signed fact is known (`bps` 0 then means several rates). `fact`, `envelope` and `cause` are ids of signed records; `leaf`, `root` and
    `statement` are hashes that stand on the chain, empty before a statement.
    """

    line: LineView
    base: int
    bps: int
    rate: str
    rule: str
    plan: str
    formula: str
    exact: bool
    fact: str
    envelope: str
    cause: str
    order_commitment: str
    epoch: int
    leaf: str
    root: str
    statement: str


@dataclass(frozen=True, slots=True)
class TotalView:
    """What lines of one currency come to, by state, in GMS base units; `minor` is all that is live."""

    currency: str
    minor: int
    accrued: str
    held: str
    payable: str
    batched: str
    paid: str


# --- use cases


def list_lines(unit: CommissionUnit, state: str | None = None, merchant: bytes | None = None) -> list[LineView]:
    """Commissions, newest first. `state` is accrued, held, payable, batched, paid or voided."""
    rows = unit.commissions.all_entries(merchant, _status(state))
    names = _Names(unit)
    newest = sorted(rows, key=lambda row: (-row.created, row.entry.key.line, row.entry.key.level))
    return [names.line(row) for row in newest[:MOST_LINES]]


def list_reasons(unit: CommissionUnit, limit: int = 50) -> list[LineWhy]:
    """The newest lines, each with its why."""
    return [get_line(unit, bytes.fromhex(line.id)) for line in list_lines(unit)[:limit]]


def list_totals(unit: CommissionUnit, merchant: bytes | None = None) -> list[TotalView]:
    """What commissions come to by currency and state."""
    sums: dict[str, dict[Status, int]] = defaultdict(lambda: defaultdict(int))
    minor: dict[str, int] = defaultdict(int)
    for row in unit.commissions.all_entries(merchant):
        sums[row.currency][row.entry.status] += row.entry.gms
        minor[row.currency] += row.entry.minor if row.entry.status is not Status.VOIDED else 0
    shown = (Status.ACCRUED, Status.HELD, Status.PAYABLE, Status.BATCHED, Status.PAID)
    return [TotalView(name, minor[name], *(str(sums[name][status]) for status in shown)) for name in sorted(sums)]


def get_line(unit: CommissionUnit, line: bytes) -> LineWhy:
    """Why a commission is what it is."""
    row = unit.commissions.entry(line)
    if row is None:
        raise NotFound("There is no such commission here.")
    entry, why = row.entry, row.entry.why
    fact = unit.commissions.fact(row.fact) if row.fact else None
    statement = unit.commissions.statement(row.merchant, entry.epoch) if entry.epoch else None
    return LineWhy(
        line=_Names(unit).line(row),
        base=why.base,
        bps=why.bps,
        rate=str(why.gms_rate),
        rule=why.rule,
        plan=why.plan.hex(),
        formula=_formula(row),
        exact=why.base * why.bps * why.gms_rate // 10_000 == abs(entry.gms),
        fact=row.fact.hex(),
        envelope=verify(fact.raw, FACT_TYPE).id.hex() if fact else "",
        cause=entry.key.cause.hex(),
        order_commitment=fact_of(fact).order.hex() if fact else "",
        epoch=entry.epoch,
        leaf=_leaf(unit, row, statement) if statement else "",
        root="0x" + statement.root.hex() if statement else "",
        statement=statement_hash(from_bytes(StatementHead, statement.head)).hex() if statement else "",
    )


def lines_of_order(unit: CommissionUnit, order: bytes) -> list[LineView]:
    """The commissions of one order of ours."""
    names = _Names(unit)
    return [names.line(row) for row in unit.commissions.entries_of_order(order)]


def _leaf(unit: CommissionUnit, row: LedgerRow, statement: StatementRow) -> str:
    """The hash of the payee's leaf in the statement's tree."""
    head, address = from_bytes(StatementHead, statement.head), address_of(unit, row.merchant)
    lines = [part_of(statement).line] if statement.raw else statement_of(statement).lines
    line = next((found for found in lines if found.member == row.member), None)
    if line is None or address is None:
        return ""
    leaf = Leaf(line.member, line.recipient, line.payable, line.outstanding)
    return "0x" + leaf_hash(tree_domain(head.chain_id, head.vault, address), leaf).hex()


def _status(state: str | None) -> str | None:
    if state is None or state.upper() in Status.__members__:
        return state.upper() if state else None
    raise UserError(f"A commission is one of: {', '.join(status.value.lower() for status in Status)}.", code="bad-request")


class _Names:
    """Names of merchants and payees, looked up once."""

    def __init__(self, unit: CommissionUnit) -> None:
        self._unit = unit
        self._known: dict[bytes, str] = {unit.me.identity: unit.me.name}

    def merchant(self, identity: bytes) -> str:
        if identity not in self._known:
            peer = self._unit.peers.by_identity(identity)
            self._known[identity] = peer.name if peer else ""
        return self._known[identity]

    def member(self, member: bytes) -> str:
        if self._unit.me.role == "seller":
            return self._unit.me.name
        if member not in self._known:
            row = self._unit.team.member(member)
            peer = self._unit.peers.get(row.peer) if row else None
            self._known[member] = peer.name if peer else ""
        return self._known[member]

    def line(self, row: LedgerRow) -> LineView:
        entry = row.entry
        return LineView(
            id=entry.id.hex(),
            merchant=row.merchant.hex(),
            merchant_name=self.merchant(row.merchant),
            member=row.member.hex(),
            payee=self.member(row.member),
            order=row.order.hex(),
            line=entry.key.line,
            level=entry.key.level,
            minor=entry.minor,
            currency=row.currency,
            gms=str(entry.gms),
            status=entry.status.value,
            hold_until=entry.hold_until,
            payable_at=entry.payable_at,
            epoch=entry.epoch,
            cause="A refund after it was stated" if entry.gms < 0 else "",
            created=row.created,
        )


def _formula(row: LedgerRow) -> str:
    why = row.entry.why
    if not why.bps:
        return f"{row.entry.gms} GMS base units, as the merchant's signed fact says: the lines' rates differ"
    return f"{why.base} x {why.bps} x {why.gms_rate} / 10000"
