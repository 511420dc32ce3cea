"""Plans: their vectors, and that no plan gets by that pays more than its cap."""

import json
from dataclasses import replace
from pathlib import Path

import make_plan
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import code_of
from parts import plain, text
from sale import PLAN

from protocol.codec import from_bytes
from protocol.errors import ProtocolError
from protocol.plan import Level, Plan, check_plan, direct_rate, plan_hash

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/plan.json").read_text())


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/plan.json").read_text() == text(make_plan.vectors())


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "plan"], ids=lambda found: found["comment"])
def test_plan_vector(found):
    body = bytes.fromhex(found["input"]["body"])
    if found["expect"] != "ok":
        with pytest.raises(ProtocolError) as caught:
            check_plan(from_bytes(Plan, body))
        assert caught.value.code == found["expect"]
        return
    plan = from_bytes(Plan, body)
    check_plan(plan)
    assert plan_hash(plan).hex() == found["output"]["hash"]
    assert plain(plan) == found["output"]["fields"]


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "rate"], ids=lambda found: found["comment"])
def test_rate_vector(found):
    given_ = found["input"]
    plan = from_bytes(Plan, bytes.fromhex(given_["plan"]))
    rate = direct_rate(plan, sku=given_["sku"], product=bytes.fromhex(given_["product"]), categories=given_["categories"])
    assert rate == (found["output"]["bps"], found["output"]["rule"])


@given(direct=st.integers(0, 10_000), levels=st.lists(st.integers(0, 10_000), max_size=9), cap=st.integers(0, 10_000))
def test_what_is_accepted_stays_below_its_cap(direct, levels, cap):
    plan = replace(PLAN, direct_bps=direct, levels=tuple(Level(bps, 0, active=False) for bps in levels), cap_bps=cap)
    fits = len(levels) <= 7 and direct + sum(levels) <= cap
    assert (code_of(check_plan, plan) == "ok") == fits


def test_a_changed_plan_has_another_hash():
    assert plan_hash(PLAN) != plan_hash(replace(PLAN, version=2))
