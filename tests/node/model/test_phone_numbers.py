"""The quick way to E.164 gives what phonenumbers gives, or nothing: then phonenumbers is asked."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.model import phone_numbers
from node.model.phone_numbers import e164, readable, slow_e164

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
EXAMPLES = [number for region in REGIONS if (number := phonenumbers.example_number(region)) is not None]
SEPARATORS = st.sampled_from(["", "", "", " ", "-", ".", " - ", "  ", "(", ")", ") ", " (", "/", "x", "ext", ",", "#", "\u00a0", "٣", "A"])


@st.composite
def written(draw):
    """A number as people write it: an example of some country, whole, national, with the trunk prefix, cut or too long; or any digits."""
    number = draw(st.sampled_from(EXAMPLES))
    national = phonenumbers.national_significant_number(number)
    digits = draw(
        st.one_of(
            st.just(national),
            st.just("0" + national),
            st.just(f"{number.country_code}{national}"),
            st.just(f"00{number.country_code}{national}"),
            st.just(f"{number.country_code}0{national}"),
            st.just(national[:-2]),
            st.just(national + "12"),
            st.text("0123456789", min_size=1, max_size=16),
        )
    )
    text = "".join(digit + (draw(SEPARATORS) if draw(st.integers(0, 4)) == 0 else "") for digit in digits)
    return draw(st.sampled_from(["", "+", "(", "+ "])) + text, draw(st.sampled_from(REGIONS))


@settings(max_examples=1500, deadline=None)
@given(written())
def test_the_quick_way_never_differs_from_the_slow_one(case):
    raw, region = case
    assert e164(raw, region) == slow_e164(raw, region)


def test_most_plain_numbers_take_the_quick_way(monkeypatch):
    asked = []
    monkeypatch.setattr(phone_numbers, "slow_e164", lambda raw, region: asked.append(raw))
    plain = {"+1 202 555 0143": "US", "(303) 555-0168": "US", "+34 600 000 111": "US", "600 000 111": "ES", "+49 30 901820": "DE"}
    assert [e164(raw, region) for raw, region in plain.items()] == [
        "+12025550143",
        "+13035550168",
        "+34600000111",
        "+34600000111",
        "+4930901820",
    ]
    assert asked == []


def test_every_example_of_every_country_is_read_the_same_both_ways():
    for number in EXAMPLES:
        whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        for region in ("US", "DE", "IT", phonenumbers.region_code_for_number(number) or "US"):
            assert e164(whole, region) == slow_e164(whole, region)
            assert e164(national, region) == slow_e164(national, region)


@pytest.mark.parametrize(
    ("raw", "region"), [("030 901820", "DE"), ("06 698 1234", "IT"), ("1 202 555 0143", "US"), ("12345", "US"), ("", "US")]
)
def test_what_can_be_read_in_two_ways_is_left_to_phonenumbers(raw, region):
    assert phone_numbers._quick(raw, region) is None


def test_people_read_a_whole_number_with_spaces_and_anything_else_as_written():
    written = ("+4930901820", "+12025550143", "+34600000111", "030 901820", "+49 30 901820 x7", "+9990000000", "", "call the shop")
    assert [readable(number) for number in written] == ["+49 30 901820", "+1 202-555-0143", "+34 600 00 01 11", *written[3:]]


def test_what_people_read_is_the_same_number_when_it_is_typed_again():
    wholes = {phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) for number in EXAMPLES}
    assert {e164(readable(whole), "US") for whole in wholes} == wholes


def test_control_a_plan_without_its_rules_is_seen(monkeypatch):
    monkeypatch.setattr(phone_numbers._Plan, "takes", lambda _plan, _number: True)
    assert e164("+49 030 901820", "DE") != slow_e164("+49 030 901820", "DE")
