"""Makes statement.json. `python tests/vectors/make_statement.py`.

`close`: what each member's entries come to, the last statement's lines → lines and hash. `check`: a member's statement against its own
facts, (fact, GMS, payable at) each.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from machines import code_of, vector, write
from make_commission import ENTRY
from parts import NOW, named
from sale import ANA_MEMBER, BEN_MEMBER, MERCHANT

from protocol.codec import to_bytes
from protocol.ledger import Balance, Entry, Status
from protocol.statement import MemberStatement, Owed, Sibling, Statement, check_member_statement, close, included

VAULT = (1337, named("vault", 20))
RECIPIENTS = {ANA_MEMBER: named("ana's address", 20), BEN_MEMBER: named("ben's address", 20)}
Own = tuple[tuple[bytes, int, int], ...]
OWN: Own = ((named("fact 1"), 1_000, NOW - 5), (named("fact 2"), 500, NOW), (named("fact 3"), 250, NOW + 1))


def owed(**amounts: tuple[int, int]) -> dict[bytes, Owed]:
    ids = {"ana": ANA_MEMBER, "ben": BEN_MEMBER}
    return {ids[name]: Owed(RECIPIENTS[ids[name]], Balance(*pair)) for name, pair in amounts.items()}


def ledger_of(own: Own) -> dict[bytes, list[Entry]]:
    """The member's ledger: one entry a fact."""
    return {fact: [replace(ENTRY, gms=gms, status=Status.HELD, payable_at=at)] for fact, gms, at in own}


def closed(comment: str, due: dict[bytes, Owed], previous: Statement | None = None) -> tuple[dict[str, Any], Statement]:
    made = close(MERCHANT.public, VAULT, due, period_end=previous.head.period_end + 1 if previous else NOW, previous=previous)
    given = {
        "merchant": MERCHANT.public,
        "chain_id": VAULT[0],
        "vault": VAULT[1],
        "period_end": made.head.period_end,
        "owed": [{"member": member, "recipient": part.recipient, "balance": part.balance} for member, part in due.items()],
        "previous": {"head": to_bytes(previous.head), "lines": previous.lines} if previous else None,
    }
    return vector("close", comment, given, lines=made.lines, head=to_bytes(made.head), hash=made.hash), made


def received(own: Own = OWN) -> MemberStatement:
    made = close(MERCHANT.public, VAULT, owed(ana=(1_500, 1_750)), period_end=NOW)
    return MemberStatement(made.head, named("root"), made.lines[0], 0, (Sibling(bytes(32), 0, 0),), included(ledger_of(own), NOW))


def check(
    comment: str, statement: MemberStatement, own: Sequence[Any], expect: str = "ok", previous: Statement | None = None
) -> dict[str, Any]:
    before, last = (previous.lines[0], previous.head) if previous else (None, None)
    code = code_of(check_member_statement, statement, ledger_of(tuple(own)), previous=before, last=last)
    assert code == expect, (comment, code)
    given = {"statement": to_bytes(statement), "own": own, "previous": {"line": before, "head": to_bytes(last)} if last else None}
    return vector("check", comment, given, expect)


def vectors() -> list[dict[str, Any]]:
    first, one = closed("the first statement, members in the order of their ids", owed(ben=(520, 520), ana=(2_080, 3_000)))
    second, two = closed("a refund after the batch: the line stays, the rest is carried", owed(ana=(2_000, 2_500), ben=(600, 600)), one)
    third, _ = closed("later earnings work it off", owed(ana=(2_100, 2_100), ben=(600, 600)), two)
    negative, _ = closed("less than nothing", owed(ana=(-5, -5)))
    good, line = received(), received().line
    lower = close(MERCHANT.public, VAULT, owed(ana=(1_600, 1_600)), period_end=NOW - 1)
    follows = replace(good, head=replace(good.head, previous=lower.hash, epoch=2))
    return [
        first,
        second,
        third,
        negative,
        check("equal to the member's own ledger", good, OWN),
        check("a fact left out", good, [*OWN, (named("fact 4"), 1, NOW)], "statement-mismatch"),
        check("a fact the member does not have", good, OWN[:2], "statement-mismatch"),
        check("another amount", good, [(OWN[0][0], 999, OWN[0][2]), *OWN[1:]], "statement-mismatch"),
        check("payable at another time", good, [*OWN[:2], (OWN[2][0], 250, NOW)], "statement-mismatch"),
        check("a line below the sum of its facts", replace(good, line=replace(line, payable=1_499)), OWN, "statement-mismatch"),
        check("an outstanding below the sum", replace(good, line=replace(line, outstanding=1_749)), OWN, "statement-mismatch"),
        check("something carried that is not owed back", replace(good, line=replace(line, carried=1)), OWN, "statement-mismatch"),
        check("below the last line", follows, OWN, "leaf-fell", lower),
        check("not after the last statement", good, OWN, "statement-chain", lower),
    ]


if __name__ == "__main__":
    write("statement", vectors())
