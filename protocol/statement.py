"""The epoch statement: what a merchant owes each member, and the part of it that one member gets to see and checks.

It decides lines, their order, the statement's hash and when a member's own ledger contradicts it. The sum tree over the lines and its
proofs are settlement.py's. All amounts are GMS base units, cumulative since the first epoch; `outstanding` includes `payable`.

Leaves never fall: when refunds leave a member with less than was once payable, the line keeps the old amount and states the difference as
`carried`, which later earnings work off before the line rises again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .codec import key, to_bytes
from .errors import Conflict, LocalError
from .ids import digest, domain
from .kinds import Kind, Topic
from .ledger import Balance, Entry, recompute

TYPE = "commission.statement"
NO_STATEMENT = bytes(32)
MOST_FACTS = 10_000
MAX_AMOUNT = 2**128 - 1
_AMOUNT_BYTES = 16


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One member: `payable` and `outstanding` are the leaf's amounts, `carried` what negatives still take from later earnings."""

    member: bytes = key(0, size=32)
    recipient: bytes = key(2, size=20)
    payable: int = key(4, high=MAX_AMOUNT)
    outstanding: int = key(6, high=MAX_AMOUNT)
    carried: int = key(8, high=MAX_AMOUNT)

    def packed(self) -> bytes:
        """100 bytes: member, recipient, the three amounts as 16 bytes big-endian."""
        amounts = (self.payable, self.outstanding, self.carried)
        return self.member + self.recipient + b"".join(amount.to_bytes(_AMOUNT_BYTES, "big") for amount in amounts)


@dataclass(frozen=True, slots=True)
class StatementHead:
    """What the statement hash names. `lines` is the hash over all lines, `previous` the hash of the last statement, `vault` an address."""

    merchant: bytes = key(0, size=32)
    chain_id: int = key(2)
    vault: bytes = key(4, size=20)
    epoch: int = key(6, low=1)
    members: int = key(8)
    payable: int = key(10, high=MAX_AMOUNT)
    outstanding: int = key(12, high=MAX_AMOUNT)
    previous: bytes = key(14, size=32)
    period_end: int = key(16)
    lines: bytes = key(18, size=32)


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole statement, as the merchant keeps it: the lines in the order of their member ids, which is the order of the leaves."""

    head: StatementHead
    lines: tuple[StatementLine, ...]

    @property
    def hash(self) -> bytes:
        """32 bytes, posted with the root."""
        return statement_hash(self.head)


@dataclass(frozen=True, slots=True)
class Owed:
    """What goes into one line: where to pay and what the member's entries come to."""

    recipient: bytes
    balance: Balance


def lines_hash(lines: Sequence[StatementLine]) -> bytes:
    """SHA-256 over the domain `commission.lines` and each line's packed bytes."""
    state = hashlib.sha256(domain("commission.lines"))
    for line in lines:
        state.update(line.packed())
    return state.digest()


def statement_hash(head: StatementHead) -> bytes:
    """32 bytes that name a statement."""
    return digest(TYPE, to_bytes(head))


def next_line(member: bytes, owed: Owed, previous: StatementLine | None) -> StatementLine:
    """The member's line, not below the `previous` one."""
    payable = max(owed.balance.payable, previous.payable if previous else 0)
    outstanding = max(owed.balance.outstanding, payable)
    return StatementLine(member, owed.recipient, payable, outstanding, payable - owed.balance.payable)


def close(
    merchant: bytes,
    vault: tuple[int, bytes],
    owed: Mapping[bytes, Owed],
    *,
    period_end: int,
    previous: Statement | None = None,
) -> Statement:
    """After `previous`, for the `vault` (chain id, address). Raises LocalError `member-missing`, `period-end`, `nobody-owed`."""
    before = {line.member: line for line in previous.lines} if previous else {}
    if not before.keys() <= owed.keys():
        raise LocalError("a member of the last statement is missing: leaves never fall", code="member-missing")
    if previous and period_end <= previous.head.period_end:
        raise LocalError("a period ends after the one before", code="period-end")
    if not owed:
        raise LocalError("a statement needs at least one member", code="nobody-owed")
    lines = tuple(next_line(member, owed[member], before.get(member)) for member in sorted(owed))
    head = StatementHead(
        merchant=merchant,
        chain_id=vault[0],
        vault=vault[1],
        epoch=previous.head.epoch + 1 if previous else 1,
        members=len(lines),
        payable=sum(line.payable for line in lines),
        outstanding=sum(line.outstanding for line in lines),
        previous=previous.hash if previous else NO_STATEMENT,
        period_end=period_end,
        lines=lines_hash(lines),
    )
    return Statement(head, lines)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A node beside the way from the leaf to the root."""

    hash: bytes = key(0, size=32)
    payable: int = key(2, high=MAX_AMOUNT)
    outstanding: int = key(4, high=MAX_AMOUNT)


@dataclass(frozen=True, slots=True)
class Included:
    """One of the member's accrual facts that the line counts: its hash, and what its entries come to by the period's end."""

    fact: bytes = key(0, size=32)
    payable: int = key(2, low=-MAX_AMOUNT, high=MAX_AMOUNT)
    outstanding: int = key(4, low=-MAX_AMOUNT, high=MAX_AMOUNT)


@dataclass(frozen=True, slots=True)
class MemberStatement:
    """What one member receives, signed by the merchant: the head, its line with the proof to `root`, its own facts."""

    head: StatementHead = key(0)
    root: bytes = key(2, size=32)
    line: StatementLine = key(4)
    index: int = key(6, high=2**32 - 1)
    proof: tuple[Sibling, ...] = key(8, most=32)
    facts: tuple[Included, ...] = key(10, most=MOST_FACTS)


Facts = Mapping[bytes, Sequence[Entry]]
"""A member's ledger entries under the hash of the accrual fact they belong to."""


def included(facts: Facts, period_end: int) -> tuple[Included, ...]:
    """What the facts come to, in the order of their hashes; void ones are left out."""
    sums = {fact: recompute(entries, period_end) for fact, entries in facts.items()}
    return tuple(Included(fact, sums[fact].payable, sums[fact].outstanding) for fact in sorted(sums) if sums[fact] != Balance(0, 0))


def check_member_statement(
    received: MemberStatement, own: Facts, *, previous: StatementLine | None = None, last: StatementHead | None = None
) -> None:
    """The member recomputes its line from its own ledger; `previous` and `last` are the line and head it saw before.

    Raises Conflict `statement-mismatch` when facts or sums differ, `leaf-fell`, `statement-chain` when it does not follow `last`.
    The proof to the root is checked apart (settlement.py).
    """
    head, line = received.head, received.line
    if last is not None and (head.previous, head.epoch) != (statement_hash(last), last.epoch + 1):
        raise Conflict("the statement does not follow the one before", code="statement-chain")
    if previous is not None and line.payable < previous.payable:
        raise Conflict("the line fell below the last one", code="leaf-fell")
    ours = included(own, head.period_end)
    if received.facts != ours:
        raise Conflict(_difference(received.facts, ours), code="statement-mismatch")
    balance = recompute([entry for entries in own.values() for entry in entries], head.period_end)
    expected = next_line(line.member, Owed(line.recipient, balance), previous)
    if line != expected:
        raise Conflict(
            f"the line says {line.payable} payable of {line.outstanding}, our ledger {expected.payable} of {expected.outstanding}",
            code="statement-mismatch",
        )


def _difference(theirs: Sequence[Included], ours: Sequence[Included]) -> str:
    named, known = {part.fact for part in theirs}, {part.fact for part in ours}
    if known - named:
        return f"the statement leaves out {len(known - named)} of our sales"
    if named - known:
        return f"the statement counts {len(named - known)} sales we do not have"
    return "the statement has another amount or time for a sale of ours"


KINDS = (Kind(TYPE, Topic.COMMISSION, MemberStatement, signed=True),)
