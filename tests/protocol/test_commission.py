"""Amounts: the vectors, independent arithmetic, and that nothing is lost or made up in the division."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import make_commission
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import code_of
from parts import plain, text
from sale import ANA_MEMBER, BEN_MEMBER, PLAN, RATE, allocation

from protocol.codec import from_bytes
from protocol.commission import AccrualFact, BaseLine, Upline, allocate, check_fact, due_by_payee, fact_hash, order_commitment
from protocol.errors import ProtocolError
from protocol.plan import Level, Override, Plan, Scope

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/commission.json").read_text())


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/commission.json").read_text() == text(make_commission.vectors())


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "allocate"], ids=lambda found: found["comment"])
def test_allocate_vector(found):
    data = found["input"]
    lines = [
        BaseLine(line["line"], line["sku"], bytes.fromhex(line["product"]), line["base"], tuple(line["categories"]))
        for line in data["lines"]
    ]
    uplines = [part and Upline(bytes.fromhex(part["member"]), part["rank"], part["active"]) for part in data["uplines"]]
    result = allocate(from_bytes(Plan, bytes.fromhex(data["plan"])), lines, bytes.fromhex(data["seller"]), uplines)
    assert plain(result.accruals) == found["output"]["accruals"]
    assert plain(result.skipped) == found["output"]["skipped"]
    assert plain(result.gms) == found["output"]["gms"]


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "fact"], ids=lambda found: found["comment"])
def test_fact_vector(found):
    body = bytes.fromhex(found["input"]["body"])
    if found["expect"] == "ok":
        fact = from_bytes(AccrualFact, body)
        assert fact_hash(fact).hex() == found["output"]["hash"]
        assert plain(fact) == found["output"]["fields"]
    else:
        with pytest.raises(ProtocolError) as caught:
            from_bytes(AccrualFact, body)
        assert caught.value.code == found["expect"]


def test_the_sale_of_the_spine():
    due = due_by_payee(allocation().accruals)
    assert due[ANA_MEMBER].gms == 10_400 * RATE * 20 // 100
    assert due[BEN_MEMBER].gms == 10_400 * RATE * 5 // 100
    assert (due[ANA_MEMBER].minor, due[BEN_MEMBER].minor) == (2_080, 520)
    assert (due[ANA_MEMBER].bps, due[BEN_MEMBER].level) == (2_000, 1)


def test_rates_that_differ_have_no_one_bps():
    plan = replace(PLAN, overrides=(Override(Scope.SKU, "A", 1_000),))
    due = due_by_payee(allocate(plan, [BaseLine(0, "A", bytes(32), 100), BaseLine(1, "B", bytes(32), 100)], ANA_MEMBER, ()).accruals)
    assert (due[ANA_MEMBER].bps, due[ANA_MEMBER].minor, due[ANA_MEMBER].base) == (0, 30, 200)


def test_a_commitment_needs_its_salt():
    assert order_commitment(bytes(32), bytes(32)) != order_commitment(bytes(32), b"\1" * 32)


LINES = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10_000)), min_size=1, max_size=8)


@given(lines=LINES, level=st.integers(0, 10_000), rate=st.integers(1, 10**20), there=st.booleans())
def test_the_sum_is_conserved(lines, level, rate, there):
    """Each level's parts sum to the exact share rounded down, each part is within two units of its own share."""
    overrides = tuple(Override(Scope.SKU, str(place), bps) for place, (_, bps) in enumerate(lines))
    plan = replace(PLAN, overrides=overrides, levels=(Level(level, 0, active=False),), gms_rate=rate)
    made = [BaseLine(place, str(place), bytes(32), base) for place, (base, _) in enumerate(lines)]
    result = allocate(plan, made, ANA_MEMBER, [Upline(BEN_MEMBER) if there else None])
    for number, bps in ((0, [bps for _, bps in lines]), (1, [level] * len(lines))):
        exact = [Fraction(base * share * rate, 10_000) for (base, _), share in zip(lines, bps, strict=True)]
        parts = {part.line: part.gms for part in result.accruals if part.level == number}
        skipped = sum(part.gms for part in result.skipped if part.level == number)
        assert sum(parts.values()) + skipped == int(sum(exact))
        assert all(abs(parts[place] - exact[place]) < 2 for place in parts)
    assert all(part.why.base * part.why.bps for part in result.accruals)
    due = due_by_payee(result.accruals).get(BEN_MEMBER)
    if due:
        assert due.gms == due.base * due.bps * rate // 10_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ok"),
        ({"level": 0, "bps": 0, "amount": 2_600 * RATE}, "ok"),
        ({"amount": 520 * RATE + 1}, "bad-fact"),
        ({"level": 0, "bps": 0, "amount": 2_600 * RATE + 1}, "bad-fact"),
        ({"bps": 499}, "bad-fact"),
        ({"level": 2}, "bad-fact"),
        ({"plan": bytes(32)}, "wrong-plan"),
        ({"gms_rate": RATE - 1}, "wrong-plan"),
        ({"hold_ms": 1}, "wrong-plan"),
    ],
)
def test_a_fact_is_reckoned_by_its_payee(changes, code):
    assert code_of(check_fact, replace(make_commission.FACT, **changes), PLAN) == code
