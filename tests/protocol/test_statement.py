"""Statements: their vectors, that lines never fall, and that a member finds any difference."""

import json
from dataclasses import replace
from pathlib import Path

import make_statement
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import code_of
from make_statement import OWN, VAULT, ledger_of, owed, received
from parts import NOW, plain, text
from sale import ANA_MEMBER, MERCHANT

from protocol.codec import from_bytes, to_bytes
from protocol.errors import LocalError
from protocol.ledger import Balance
from protocol.settlement import Leaf
from protocol.statement import MemberStatement, Owed, Statement, StatementHead, StatementLine, check_member_statement, close, statement_hash

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/statement.json").read_text())


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/statement.json").read_text() == text(make_statement.vectors())


def line_of(shown):
    return StatementLine(
        bytes.fromhex(shown["member"]), bytes.fromhex(shown["recipient"]), shown["payable"], shown["outstanding"], shown["carried"]
    )


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "close"], ids=lambda found: found["comment"])
def test_close_vector(found):
    data, previous = found["input"], None
    if data["previous"]:
        head = from_bytes(StatementHead, bytes.fromhex(data["previous"]["head"]))
        previous = Statement(head, tuple(line_of(line) for line in data["previous"]["lines"]))
    due = {bytes.fromhex(part["member"]): Owed(bytes.fromhex(part["recipient"]), Balance(**part["balance"])) for part in data["owed"]}
    vault = (data["chain_id"], bytes.fromhex(data["vault"]))
    made = close(bytes.fromhex(data["merchant"]), vault, due, period_end=data["period_end"], previous=previous)
    assert plain(made.lines) == found["output"]["lines"]
    assert (to_bytes(made.head).hex(), made.hash.hex()) == (found["output"]["head"], found["output"]["hash"])


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "check"], ids=lambda found: found["comment"])
def test_check_vector(found):
    data, before, last = found["input"], None, None
    if data["previous"]:
        before, last = line_of(data["previous"]["line"]), from_bytes(StatementHead, bytes.fromhex(data["previous"]["head"]))
    own = ledger_of(tuple((bytes.fromhex(fact), gms, at) for fact, gms, at in data["own"]))
    statement = from_bytes(MemberStatement, bytes.fromhex(data["statement"]))
    assert code_of(check_member_statement, statement, own, previous=before, last=last) == found["expect"]


def test_refused_to_close():
    first = close(MERCHANT.public, VAULT, owed(ana=(1, 1), ben=(1, 1)), period_end=NOW)
    for due, end, code in ((owed(ana=(1, 1)), NOW + 1, "member-missing"), (owed(ana=(1, 1), ben=(1, 1)), NOW, "period-end")):
        with pytest.raises(LocalError) as caught:
            close(MERCHANT.public, VAULT, due, period_end=end, previous=first)
        assert caught.value.code == code
    with pytest.raises(LocalError) as caught:
        close(MERCHANT.public, VAULT, {}, period_end=NOW)
    assert caught.value.code == "nobody-owed"


def test_a_statement_shows_a_member_nobody_else():
    fields = set(plain(received()))
    assert fields == {"head", "root", "line", "index", "proof", "facts"}
    assert received().line.member == ANA_MEMBER


def test_the_hash_names_every_line():
    made = close(MERCHANT.public, VAULT, owed(ana=(1, 1), ben=(1, 1)), period_end=NOW)
    for name, value in (("payable", 0), ("outstanding", 2), ("carried", 1), ("recipient", bytes(20))):
        assert replace(made.lines[0], **{name: value}).packed() != made.lines[0].packed()
    assert len(made.lines[0].packed()) == 100
    assert statement_hash(replace(made.head, lines=bytes(32))) != made.hash


@given(st.lists(st.tuples(st.integers(-100, 200), st.integers(0, 100)), min_size=1, max_size=8))
def test_lines_never_fall_and_are_leaves(steps):
    """Whatever earnings and refunds do; and once they catch up, the line is what was earned."""
    previous, payable = None, 0
    for number, (earned, held) in enumerate(steps):
        payable += earned
        made = close(MERCHANT.public, VAULT, owed(ana=(payable, payable + held)), period_end=NOW + number, previous=previous)
        line = made.lines[0]
        Leaf(line.member, line.recipient, line.payable, line.outstanding)
        assert line.payable >= (previous.lines[0].payable if previous else 0)
        assert line.payable - line.carried == payable
        assert made.head.previous == (previous.hash if previous else bytes(32))
        assert (made.head.payable, made.head.outstanding) == (line.payable, line.outstanding)
        previous = made


@given(place=st.integers(0, 2), change=st.integers(-50, 50))
def test_any_other_amount_is_found(place, change):
    own = tuple((fact, gms + (change if number == place else 0), at) for number, (fact, gms, at) in enumerate(OWN))
    assert code_of(check_member_statement, received(), ledger_of(own)) == ("statement-mismatch" if change else "ok")
