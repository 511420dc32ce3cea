from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import SERUM, WHOLE
from parts import NOW

from protocol import gtin
from protocol.codec import from_bytes, to_bytes
from protocol.country import CODES, check_country
from protocol.encoding import decode
from protocol.errors import Malformed
from protocol.language import check_language
from protocol.money import Money
from protocol.product import Product, Size, Translation, Variant, Withdrawal

texts = st.text(max_size=30)
digits = st.text("0123456789", min_size=7, max_size=13)
moneys = st.lists(
    st.builds(Money, st.integers(0, 10**9), st.sampled_from(["USD", "EUR", "JPY"])), max_size=3, unique_by=lambda m: m.currency
)
some = moneys.map(lambda found: tuple(found) or None)


def checked(body):
    """The GTIN whose last digit checks `body`."""
    return next(body + last for last in "0123456789" if gtin.is_gtin(body + last))


gtins = st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)).map(checked)
sizes = st.builds(Size, *[st.integers(1, 100_000)] * 3)
variants = st.builds(
    Variant,
    sku=st.text(min_size=1, max_size=20),
    title=texts,
    gtin=st.none() | gtins,
    volume=some,
    mpn=st.none() | st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True),
    weight=st.none() | st.integers(1, 10**8),
    size=st.none() | sizes,
    suggested=some,
    ingredients=st.none() | texts,
)
translations = st.lists(
    st.builds(Translation, st.sampled_from(["de", "de-CH", "zh-Hant", "es-419"]), title=st.none() | texts, care=st.none() | texts),
    max_size=3,
    unique_by=lambda item: item.language,
)
products = st.builds(
    Product,
    handle=st.text(min_size=1, max_size=20),
    title=st.text(min_size=1, max_size=20),
    variants=st.lists(variants, min_size=1, max_size=3, unique_by=lambda item: item.sku).map(tuple),
    plans=st.none() | st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=2).map(tuple),
    valid_from=st.none() | st.integers(0, 10),
    valid_to=st.none() | st.integers(11, 20),
    withdrawal=st.none() | st.builds(Withdrawal, st.just("glass"), st.integers(0, 30)),
    suggested=some,
    language=st.sampled_from([None, "en"]),
    translations=translations.map(lambda found: tuple(found) or None),
    google_category=st.none() | st.integers(1, 2**31 - 1),
    origin=st.none() | st.sampled_from(sorted(CODES)),
    warnings=st.none() | st.lists(texts, min_size=1, max_size=3).map(tuple),
)


@given(products)
def test_any_product_comes_back_from_its_bytes_and_no_other_bytes_say_it(product):
    raw = to_bytes(product)
    assert from_bytes(Product, raw) == product
    assert None not in decode(raw).values()


@given(products, st.integers(0, 40))
def test_it_is_sold_in_its_time_and_until_it_is_withdrawn(product, now):
    begun = (product.valid_from or 0) <= now < (product.valid_to or 99)
    called_back = product.withdrawal is not None and now >= product.withdrawal.at
    assert product.sellable_at(now) == (begun and not called_back)
    assert product.withdrawn_at(now) == called_back


def test_what_was_said_before_is_still_read_and_says_nothing_of_what_came_since():
    """The bytes of a product as they were written before the fields of trade came."""
    old = bytes.fromhex(
        "a90065736572756d026944657720536572756d0460066008600a800c816453697a650e801081a30064532d333002653330206d6c0481653330206d6c"
    )
    assert from_bytes(Product, old) == SERUM
    assert SERUM.sellable_at(NOW)
    assert to_bytes(SERUM) == old


@pytest.mark.parametrize(
    ("make", "most", "code"),
    [
        (lambda number: replace(SERUM, weight=number), 100_000_000, "bad-weight"),
        (lambda number: Size(number, 1, 1), 100_000, "bad-size"),
        (lambda number: Size(1, 1, number), 100_000, "bad-size"),
        (lambda number: replace(SERUM, google_category=number), 2**31 - 1, "bad-category"),
    ],
)
def test_a_number_has_a_bound_on_either_side(make, most, code):
    make(1)
    make(most)
    for number in (0, most + 1):
        with pytest.raises(Malformed) as caught:
            make(number)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(SERUM, suggested=()),
        lambda: replace(SERUM, volume=()),
        lambda: replace(SERUM, warnings=()),
        lambda: replace(SERUM.variants[0], suggested=()),
        lambda: replace(SERUM.variants[0], volume=()),
        lambda: Translation("de", warnings=()),
    ],
)
def test_a_list_that_is_empty_is_left_out(make):
    with pytest.raises(Malformed) as caught:
        make()
    assert caught.value.code == "malformed"


def test_a_variant_is_found_by_its_sku():
    assert WHOLE.variant("S-30") is WHOLE.variants[0]
    assert WHOLE.variant("S-31") is None


@given(gtins)
def test_a_gtin_is_one_digit_away_from_none(number):
    assert gtin.is_gtin(number)
    for at, digit in enumerate(number):
        assert not gtin.is_gtin(number[:at] + str((int(digit) + 1) % 10) + number[at + 1 :])


@pytest.mark.parametrize("text", ["", "4006381333932", "400638133393", "40063813339311", "４００６３８１３３３９３１", "+400638133393"])
def test_what_is_no_gtin(text):
    with pytest.raises(Malformed) as caught:
        gtin.check_gtin(text)
    assert caught.value.code == "bad-gtin"


def test_one_article_by_gtins_of_any_length():
    assert gtin.compared("012345678905") == gtin.compared("0012345678905") == gtin.compared("00012345678905")


@pytest.mark.parametrize("tag", ["de", "gsw", "de-CH", "zh-Hant", "zh-Hant-TW", "es-419", "sr-Latn-RS"])
def test_a_language(tag):
    check_language(tag)


@pytest.mark.parametrize("tag", ["", "d", "DE", "de-ch", "de_CH", "german", "de-", "de-CH-x", "zh-hant", "de\n", "i-klingon"])
def test_what_is_no_language(tag):
    with pytest.raises(Malformed) as caught:
        check_language(tag)
    assert caught.value.code == "language"


def test_countries_are_those_of_iso_and_kosovo():
    assert len(CODES) == 250
    for code in ("DE", "XK", "TW"):
        check_country(code)
    for code in ("", "UK", "EU", "XX", "D", "DEU"):
        with pytest.raises(Malformed):
            check_country(code)
