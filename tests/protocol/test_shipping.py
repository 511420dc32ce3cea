from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import DIGITAL, MONTH, PARCEL

from protocol.codec import from_bytes, to_bytes
from protocol.errors import Conflict
from protocol.money import Money
from protocol.return_policy import ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone, cost_of, plain

tables = st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True).map(sorted)


@given(tables, st.lists(st.integers(0, 9), min_size=6, max_size=6), st.booleans(), st.integers(0, 60), st.sampled_from(["weight", "price"]))
def test_the_first_step_that_reaches_as_far_says_the_cost(limits, costs, open_end, size, measure):
    steps = [Step(cost, limit) for cost, limit in zip(costs, limits, strict=False)] + ([Step(costs[-1])] if open_end else [])
    zone = Zone("all", (), Measure(measure), tuple(steps))
    profile = ShippingProfile("p", "USD", (zone,), pickup=False, digital=False)
    assert from_bytes(ShippingProfile, to_bytes(profile)) == profile
    weight, price = (size, 0) if measure == "weight" else (0, size)
    expected = next((step.cost for step in steps if step.upto is None or size <= step.upto), None)
    if expected is None:
        with pytest.raises(Conflict) as caught:
            cost_of(profile, "DE", "", weight=weight, price=Money(price, "USD"))
        assert caught.value.code == ("too-heavy" if measure == "weight" else "too-dear")
    else:
        assert cost_of(profile, "DE", "", weight=weight, price=Money(price, "USD")).minor == expected


@pytest.mark.parametrize(
    ("country", "postcode", "name"),
    [
        ("US", "10115", "Home"),
        ("US", "96701", "Islands"),
        ("US", "967-01", "Islands"),
        ("US", "", "Home"),
        ("CA", "96701", "Neighbours"),
        ("NZ", "96701", "World"),
        ("", "", "World"),
    ],
)
def test_the_zone_of_a_destination_is_the_narrowest(country, postcode, name):
    for zones in (PARCEL.zones, PARCEL.zones[::-1]):
        found = replace(PARCEL, zones=zones).zone(country, postcode)
        assert found is not None
        assert found.name == name


def test_the_longest_beginning_of_a_postcode_wins():
    wide, narrow = (Zone(name, ("DE",), Measure.FLAT, (Step(1),), (name,)) for name in ("1", "10"))
    profile = ShippingProfile("p", "USD", (narrow, wide), pickup=False, digital=False)
    assert profile.zone("DE", "10115") == narrow
    assert profile.zone("DE", "12345") == wide
    assert profile.zone("DE", "20095") is None


def test_free_from_a_price_on_even_where_it_is_too_heavy():
    assert cost_of(PARCEL, "US", "10115", weight=10**6, price=Money(8_000, "USD")).minor == 0


def test_what_is_digital_costs_nothing_anywhere():
    assert cost_of(DIGITAL, "", "", weight=0, price=Money(1, "USD")) == Money(0, "USD")


def test_a_postcode_is_compared_without_what_people_put_into_it():
    assert plain(" sw1a-1aa ") == plain("SW1A 1AA") == "SW1A1AA"


def test_a_policy_comes_back_from_its_bytes():
    assert from_bytes(ReturnPolicy, to_bytes(MONTH)) == MONTH
