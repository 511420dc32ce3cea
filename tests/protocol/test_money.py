import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import LocalError, Malformed
from protocol.money import Money, exponent, share, split

weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any)


@given(st.integers(0, 10**24), weights)
def test_a_split_keeps_the_sum_and_stays_within_one(amount, parts):
    found = split(amount, parts)
    assert sum(found) == amount
    for part, weight in zip(found, parts, strict=True):
        assert abs(part * sum(parts) - amount * weight) < sum(parts)


@given(st.integers(0, 10**24), st.integers(0, 10_000))
def test_a_share_is_rounded_down(amount, bps):
    assert share(amount, bps) * 10_000 <= amount * bps < (share(amount, bps) + 1) * 10_000


@pytest.mark.parametrize(("amount", "parts"), [(-1, [1]), (1, []), (1, [0]), (1, [2, -1])])
def test_an_impossible_split(amount, parts):
    with pytest.raises((LocalError, ValueError)):
        split(amount, parts)


def test_currencies():
    assert [exponent(code) for code in ("USD", "JPY", "KWD", "UYW")] == [2, 0, 3, 4]
    assert Money(150, "USD").times(2) + Money(1, "USD") == Money(301, "USD")
    with pytest.raises(LocalError):
        Money(1, "USD") + Money(1, "EUR")
    for wrong in ("usd", "US", "US1", "ÄÖÜ", ""):
        with pytest.raises(Malformed) as caught:
            Money(1, wrong)
        assert caught.value.code == "currency"
