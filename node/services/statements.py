"""Epoch statements: the merchant adds up what it owes and posts the root; each member reckons its own line again and says so.

A statement that does not match is kept and shown with the difference, and looked at again while it is the newest: what is missing here may
still be on its way. Amounts are GMS base units, cumulative, as decimal strings in views.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from node.errors import UserError
from node.model.commission import LedgerRow, StatementRow
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import Signed, sign, verify
from protocol.errors import BadSignature, Conflict, RemoteError, Untimely
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.ledger import Batched, Entry, Status, is_payable, recompute
from protocol.relay import check_relay, request_of
from protocol.settlement import Leaf, Node, SumTree, tree_domain
from protocol.statement import (
    TYPE,
    MemberStatement,
    Owed,
    Sibling,
    Statement,
    StatementHead,
    StatementLine,
    check_member_statement,
    close,
    included,
    statement_hash,
)

from . import pauses
from .catching_up import STATED, require_statements
from .exchange import Exchange, Incoming, send
from .facts import check_late_twins
from .ledger import CommissionUnit, move, ripen
from .roots import address_of, root_at, state_of
from .team import pays
from .wallet import PLACE, covered, require_place

LINE_BYTES = 100
SKEW_MS = 300_000
CLOSED, MATCHES, MISMATCH = "closed", "matches", "mismatch"


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement. `payable` and `outstanding` are our own line's (the merchant: all lines'), the totals are the root's.

    `equal` is whether our own reckoning agrees, with the chain's root too once that is seen; else `reason` (a code) and `mismatch` (words)
    say why not. `on_chain` is none, proposed, active or replaced; `active_at` in ms, 0 = not posted yet; `transaction` is the state of
    posting it (the merchant's).
    """

    merchant: str
    merchant_name: str
    epoch: int
    root: str
    statement_hash: str
    payable: str
    outstanding: str
    carried: str
    total_payable: str
    total_outstanding: str
    members: int
    period_end: int
    equal: bool
    state: str
    reason: str
    mismatch: str
    on_chain: str
    active_at: int
    transaction: str
    created: int


# --- the merchant


def close_epoch(unit: CommissionUnit) -> StatementView:
    """Add up everything owed, send each member its part and post the root. It can be claimed against after the vault's delay."""
    if unit.me.role != "merchant":
        raise UserError("Only a merchant closes an epoch.", code="not-a-merchant")
    pauses.require(unit, pauses.Pause.PAYOUTS)
    place = require_place(unit)
    ripen(unit, unit.now)
    rows, last = unit.commissions.entries(unit.me.identity), unit.commissions.last_statement(unit.me.identity)
    require_statements(unit, last.epoch if last else 0)
    if not any(row.entry.status is Status.PAYABLE for row in rows):
        raise UserError("Nothing became payable since the last statement: return windows are still open.", code="nothing-payable")
    statement = close(
        unit.me.identity,
        (place.chain_id, place.vault),
        _owed(unit, rows, unit.now, last),
        period_end=unit.now,
        previous=statement_of(last) if last else None,
    )
    have = covered(unit)
    if statement.head.payable > have:
        missing = statement.head.payable - have
        words = f"The statement comes to {statement.head.payable} GMS base units and the reserve covers {have}. Deposit {missing} more."
        raise UserError(words, code="reserve-short")
    tree = tree_of(statement, unit.me.chain_address(0))
    row = _kept(unit, statement, tree)
    _post(unit, statement, tree)
    for index, line in enumerate(statement.lines):
        _send(unit, statement, tree, index, [found for found in rows if found.member == line.member])
    for found in rows:
        if found.entry.status is Status.PAYABLE and is_payable(found.entry, unit.now):
            move(unit, found, Batched(found.entry.seq + 1, unit.now, statement.head.epoch))
    unit.touched("changes")
    return _view(unit, row)


def _owed(unit: CommissionUnit, rows: Sequence[LedgerRow], at: int, last: StatementRow | None) -> dict[bytes, Owed]:
    before = {line.member: line for line in statement_of(last).lines} if last else {}
    entries: dict[bytes, list[Entry]] = {member: [] for member in before}
    for row in rows:
        if row.entry.status is not Status.VOIDED:
            entries.setdefault(row.member, []).append(row.entry)
    owed: dict[bytes, Owed] = {}
    for member, found in entries.items():
        known = unit.team.member(member)
        recipient = known.payout if known is not None else before[member].recipient
        owed[member] = Owed(recipient, recompute(found, at))
    return owed


def tree_of(statement: Statement, address: bytes) -> SumTree:
    """The sum tree over a statement's lines, under the merchant's chain address."""
    domain = tree_domain(statement.head.chain_id, statement.head.vault, address)
    return SumTree(domain, [Leaf(line.member, line.recipient, line.payable, line.outstanding) for line in statement.lines])


def _kept(unit: CommissionUnit, statement: Statement, tree: SumTree) -> StatementRow:
    lines = b"".join(line.packed() for line in statement.lines)
    row = StatementRow(unit.me.identity, statement.head.epoch, to_bytes(statement.head), tree.root.hash, unit.now, lines)
    unit.commissions.keep_statement(row)
    return row


def statement_of(row: StatementRow) -> Statement:
    """The merchant's own statement as it was closed."""
    parts = [row.lines[start : start + LINE_BYTES] for start in range(0, len(row.lines), LINE_BYTES)]
    return Statement(from_bytes(StatementHead, row.head), tuple(_line(part) for part in parts))


def _line(packed: bytes) -> StatementLine:
    amounts = (int.from_bytes(packed[start : start + 16], "big") for start in (52, 68, 84))
    return StatementLine(packed[:32], packed[32:52], *amounts)


def intent_of(row: StatementRow) -> bytes:
    """The id of the intent that posts a statement."""
    return digest("intent/propose", row.merchant + statement_hash(from_bytes(StatementHead, row.head)))


def _post(unit: CommissionUnit, statement: Statement, tree: SumTree) -> None:
    head = statement.head
    name = digest("intent/propose", head.merchant + statement.hash)
    arguments = (head.epoch, tree.root.hash, head.payable, head.outstanding, statement.hash)
    unit.transactions.add(name, "vault.propose", arguments)
    unit.touched("transactions")


def _send(unit: CommissionUnit, statement: Statement, tree: SumTree, index: int, rows: Sequence[LedgerRow]) -> None:
    line, head = statement.lines[index], statement.head
    member = unit.team.member(line.member)
    if member is None or unit.peers.get(member.peer) is None:
        return
    siblings = tuple(Sibling(*node) for node in tree.proof(index, head.epoch).siblings)
    part = MemberStatement(head, tree.root.hash, line, index, siblings, included(_facts(rows), head.period_end))
    signed = sign(unit.me.device, TYPE, part, created=unit.now)
    send(unit, member.peer, signed, topic=Topic.COMMISSION, about=("statement", statement.hash))


def _facts(rows: Sequence[LedgerRow]) -> dict[bytes, list[Entry]]:
    """Entries under their facts; one without a fact stands under its own id, which no statement names."""
    by_fact = sorted(rows, key=lambda row: row.fact or row.entry.id)
    return {name: [row.entry for row in found] for name, found in groupby(by_fact, key=lambda row: row.fact or row.entry.id)}


def take_part_back(unit: CommissionUnit, signed: Signed) -> None:
    """A member shows its part of a statement of ours, after a restore: once every member's is here, the statement is ours again."""
    part: MemberStatement = signed.read(MemberStatement)
    head, epoch = part.head, part.head.epoch
    if head.merchant != unit.me.identity:
        raise Conflict("another merchant's statement", code="wrong-identity")
    unit.settings.set(STATED, max(epoch, int(unit.settings.get(STATED, 0))))
    if unit.commissions.statement(head.merchant, epoch) is not None:
        return
    name = f"recovery/statement/{epoch}"
    parts: dict[str, str] = {**unit.settings.get(name, {}), str(part.index): part.line.packed().hex()}
    unit.settings.set(name, parts)
    if len(parts) < head.members:
        return
    statement = Statement(head, tuple(_line(bytes.fromhex(parts[str(index)])) for index in range(head.members)))
    tree = tree_of(statement, unit.me.chain_address(0))
    if tree.root.hash != part.root:
        raise Conflict("the parts do not come to the statement's root", code="statement-mismatch")
    _kept(unit, statement, tree)
    unit.settings.set(name, {})
    ripen(unit, max(unit.now, head.period_end))
    for row in unit.commissions.entries(unit.me.identity):
        if row.entry.status is Status.PAYABLE and is_payable(row.entry, head.period_end):
            move(unit, row, Batched(row.entry.seq + 1, unit.now, epoch))
    unit.touched("changes")


# --- the member


def _on_statement(unit: CommissionUnit, incoming: Incoming) -> None:
    take_statement(unit, incoming.peer.identity, incoming.signed)


def take_statement(unit: CommissionUnit, merchant: bytes, signed: Signed) -> None:
    """Keep our part of a merchant's statement, verified and by a device of it, and reckon it again."""
    part: MemberStatement = signed.read(MemberStatement)
    membership = unit.team.membership(part.head.merchant)
    if part.head.merchant != merchant:
        raise Conflict("a merchant sends its own statements only", code="wrong-identity")
    if membership is None or part.line.member != membership.member or not pays(unit, membership, part.line.recipient):
        raise Conflict("that line is not ours", code="wrong-payee")
    if part.head.period_end > unit.now + SKEW_MS:
        raise Untimely("the statement's period has not ended", code="future-dated")
    known = unit.commissions.statement(part.head.merchant, part.head.epoch)
    if known is not None:
        if known.raw != signed.raw:
            raise Conflict(f"two different statements for epoch {part.head.epoch}", code="equivocation")
        return
    last = unit.commissions.last_statement(part.head.merchant)
    if last is not None and part.head.epoch <= last.epoch:
        raise Conflict(f"epoch {part.head.epoch} after {last.epoch}", code="statement-chain")
    row = StatementRow(part.head.merchant, part.head.epoch, to_bytes(part.head), part.root, unit.now, raw=signed.raw, state=MISMATCH)
    _judge(unit, row)


def part_of(row: StatementRow) -> MemberStatement:
    """The member's part inside its envelope."""
    return verify(row.raw, TYPE).read(MemberStatement)


def _judge(unit: CommissionUnit, row: StatementRow) -> None:
    """Reckon our line again and keep the verdict; what it counts is batched."""
    part = part_of(row)
    ripen(unit, max(unit.now, part.head.period_end))
    rows = unit.commissions.entries(row.merchant, part.line.member)
    try:
        _check(unit, row, part, rows)
    except RemoteError as error:
        judged = replace(row, state=MISMATCH, reason=error.code, detail=str(error))
    else:
        judged = replace(row, state=MATCHES, reason="", detail="")
        for found in rows:
            if found.entry.status is Status.PAYABLE and is_payable(found.entry, part.head.period_end):
                move(unit, found, Batched(found.entry.seq + 1, unit.now, row.epoch))
    if judged != unit.commissions.statement(row.merchant, row.epoch):
        unit.commissions.keep_statement(judged)
        unit.touched("changes")


def _check(unit: CommissionUnit, row: StatementRow, part: MemberStatement, rows: Sequence[LedgerRow]) -> None:
    before = unit.commissions.statement(row.merchant, row.epoch - 1)
    last = part_of(before) if before else None
    check_member_statement(part, _facts(rows), previous=last.line if last else None, last=last.head if last else _gap(unit, row))
    check_late_twins(unit, row.merchant)
    if unit.settings.get(PLACE) is not None:
        place = require_place(unit)
        if (part.head.chain_id, part.head.vault) != (place.chain_id, place.vault):
            raise Conflict("the statement is for another chain than ours", code="wrong-chain")
    issuer = unit.commissions.issuer(row.merchant)
    if issuer is None:
        raise BadSignature("no fact of this merchant told its chain address yet", code="wrong-issuer")
    check_relay(request_of(part, issuer), Node(part.root, part.head.payable, part.head.outstanding))
    posted = root_at(unit, issuer, row.epoch)
    ours = (part.root, part.head.payable, part.head.outstanding, statement_hash(part.head))
    if posted is not None and (posted.root, posted.payable, posted.outstanding, posted.statement) != ours:
        raise Conflict("the root on the chain is not the one we were sent", code="statement-mismatch")


def _gap(unit: CommissionUnit, row: StatementRow) -> StatementHead | None:
    """Any older head: a statement whose predecessor we miss does not follow it. A new member's first may have any number."""
    older = [found for found in unit.commissions.statements() if found.merchant == row.merchant and found.epoch < row.epoch]
    return from_bytes(StatementHead, older[0].head) if older else None


def tick(unit: CommissionUnit) -> None:
    """Newest statements that did not match are looked at again, and those that did once the chain shows a root."""
    if unit.me.role == "merchant":
        return
    for membership in unit.team.memberships():
        row = unit.commissions.last_statement(membership.merchant)
        if row is not None and (row.state == MISMATCH or not _chain_agrees(unit, row)):
            _judge(unit, row)


def _chain_agrees(unit: CommissionUnit, row: StatementRow) -> bool:
    address = address_of(unit, row.merchant)
    posted = root_at(unit, address, row.epoch) if address else None
    return posted is None or (posted.root, posted.statement) == (row.root, statement_hash(from_bytes(StatementHead, row.head)))


# --- both


def list_statements(unit: CommissionUnit) -> list[StatementView]:
    """Statements, newest first: a merchant's own, or ours at each merchant."""
    return [_view(unit, row) for row in unit.commissions.statements()]


def _view(unit: CommissionUnit, row: StatementRow) -> StatementView:
    head = from_bytes(StatementHead, row.head)
    here = row.merchant == unit.me.identity
    address = address_of(unit, row.merchant)
    root = root_at(unit, address, row.epoch) if address else None
    line = None if here else part_of(row).line
    peer = None if here else unit.peers.by_identity(row.merchant)
    sending = unit.transactions.get(intent_of(row)) if here else None
    return StatementView(
        merchant=row.merchant.hex(),
        merchant_name=unit.me.name if here else peer.name if peer else "",
        epoch=row.epoch,
        root="0x" + row.root.hex(),
        statement_hash=statement_hash(head).hex(),
        payable=str(line.payable if line else head.payable),
        outstanding=str(line.outstanding if line else head.outstanding),
        carried=str(line.carried if line else sum(found.carried for found in statement_of(row).lines)),
        total_payable=str(head.payable),
        total_outstanding=str(head.outstanding),
        members=head.members,
        period_end=head.period_end,
        equal=row.state != MISMATCH and _chain_agrees(unit, row),
        state=row.state,
        reason=row.reason,
        mismatch=row.detail,
        on_chain=state_of(unit, root),
        active_at=root.active_at * 1000 if root else 0,
        transaction=sending.state if sending else "",
        created=row.created,
    )


EXCHANGE = Exchange(answers={TYPE: _on_statement})
