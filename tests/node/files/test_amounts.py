"""Prices, weights and days as shops write them."""

import pytest

from node.errors import UserError
from node.files.amounts import BadAmount, count, decimals_of, grams, minor_units, moment


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("18", 1800), ("18.00", 1800), ("18,00", 1800), ("18.5", 1850), ("18,5", 1850), ("0", 0), ("0.01", 1),
        ("1234.56", 123456), ("1,234.56", 123456), ("1.234,56", 123456), ("1 234,56", 123456), ("1\u00a0234,56", 123456),
        ("1,234,567.00", 123456700), ("1.234.567", 123456700), ("18.5000", 1850), ("'7.50", 750), (" 9.90 ", 990),
    ],
)  # fmt: skip
def test_prices_in_dollars(text, minor):
    assert minor_units(text, 2, "USD") == minor


@pytest.mark.parametrize(
    "text",
    [
        "", "free", "$5", "-1", "1e3", "1.2.3", "1,2,3", "12,34.56", "18.005", "1,234", "1.234", "18.0050", "NaN", "١٢", ".", ",", "1..2",
        "9" * 14, "0x10", "1_000", "--1", "5 USD", "1.234,567,8",
    ],
)  # fmt: skip
def test_what_is_no_price_in_dollars(text):
    with pytest.raises(BadAmount):
        minor_units(text, 2, "USD")


@pytest.mark.parametrize("text", ["9" * 20, "9" * 20 + ",50", "9" * 20 + ".5", "9" * 5_000, "9" * 14, "999,999,999,999,999,999.00"])
def test_a_number_too_large_is_said_to_be_too_large(text):
    with pytest.raises(BadAmount, match="is too large"):
        minor_units(text, 2, "USD")
    assert minor_units("0" * 20 + "5", 2, "USD") == 500


def test_decimals_follow_the_currency():
    assert minor_units("1,234", decimals_of("JPY"), "JPY") == 1234
    assert minor_units("1.234", decimals_of("BHD"), "BHD") == 1234
    assert minor_units("500", decimals_of("JPY"), "JPY") == 500
    with pytest.raises(BadAmount, match="more decimals"):
        minor_units("500.5", decimals_of("JPY"), "JPY")
    with pytest.raises(BadAmount, match="more decimals"):
        minor_units("1.2345", decimals_of("BHD"), "BHD")
    with pytest.raises(UserError, match="three capitals"):
        decimals_of("usd")


def test_counts_and_weights():
    assert [count(text) for text in ("12", "12.0", "-3", "", "many", "parent")] == [12, 12, -3, None, None, None]
    assert [grams("1.5", "kg"), grams("0,25", "kg"), grams("2", "lbs"), grams("", "kg"), grams("2", "stone"), grams("0", "g")] == [
        1500, 250, 907, None, None, None,
    ]  # fmt: skip


def test_days_and_times():
    assert moment("1970-01-02") == 86_400_000
    assert moment("1970-01-01", end_of_day=True) == 86_399_999
    assert moment("1970-01-01 0:00:01") == 1000
    assert moment("1970-01-01T01:00:00+01:00", end_of_day=True) == 0
    assert moment("31/12/2026") is None
    assert moment("2026-02-30") is None
