from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import DAY, OFFER, SALE
from parts import NOW

from protocol.codec import from_bytes, to_bytes
from protocol.errors import Conflict, Malformed
from protocol.money import Money
from protocol.offer import Offer, PriceRule, Promotion, RankPrice, Stock, next_change, price_at, total_at

prices = st.integers(0, 1_000).map(lambda minor: Money(minor, "USD"))
promotions = st.builds(
    lambda price, start, length: Promotion("Sale", price, start, start + length), prices, st.integers(0, 40), st.integers(1, 20)
)
ranks = st.dictionaries(st.integers(1, 5), prices, max_size=3).map(lambda found: tuple(RankPrice(*item) for item in sorted(found.items())))
offers = st.builds(
    lambda price, found, running, ends: replace(OFFER, price=price, ranks=found or None, promotions=tuple(running) or None, valid_to=ends),
    prices,
    ranks,
    st.lists(promotions, max_size=4),
    st.none() | st.integers(1, 60),
)


@given(offers)
def test_any_offer_comes_back_from_its_bytes(offer):
    assert from_bytes(Offer, to_bytes(offer)) == offer


@given(offers, st.integers(0, 60), st.integers(0, 6))
def test_the_price_is_the_lowest_of_what_the_rank_pays_and_the_promotions_that_run(offer, now, rank):
    mine = offer.price.minor
    for item in offer.ranks or ():
        if item.min_rank <= rank:
            mine = item.price.minor
    running = [item.price.minor for item in offer.promotions or () if item.start <= now < item.end]
    found = price_at(offer, now, rank)
    assert found.price.minor == min([mine, *running])
    assert (found.rule is PriceRule.PROMOTION) == bool(running and min(running) < mine)


@given(offers, st.integers(0, 60), st.integers(0, 6))
def test_a_price_holds_until_it_says_or_something_begins(offer, now, rank):
    found = price_at(offer, now, rank)
    change = next_change([offer], now)
    for later in range(now, 100 if change is None else change):
        assert price_at(offer, later, rank) == found
    assert found.until is None or offer.valid_to is None or found.until <= offer.valid_to


def test_of_equal_prices_the_first_rule_is_the_reason():
    offer = replace(OFFER, ranks=(RankPrice(1, OFFER.price),), promotions=(Promotion("Same", OFFER.price, 0, 10),))
    assert price_at(offer, 5).rule is PriceRule.LIST
    assert price_at(offer, 5, 1).rule is PriceRule.RANK


def test_a_promotion_says_its_name_and_its_end():
    found = price_at(SALE, NOW + DAY)
    assert (found.price.minor, found.rule, found.name, found.until) == (4500, PriceRule.PROMOTION, "Autumn", NOW + 3 * DAY)


@pytest.mark.parametrize("quantity", [0, -1, 7])
def test_another_quantity_is_refused(quantity):
    with pytest.raises(Conflict) as caught:
        total_at(SALE, NOW, 0, quantity)
    assert caught.value.code == "bad-quantity"


def test_a_total_is_so_many_pieces():
    assert total_at(SALE, NOW + 4 * DAY, 0, 6) == Money(6 * 5200, "USD")


def test_when_it_can_be_ordered():
    offer = replace(OFFER, valid_from=10, valid_to=30, available_to=20)
    assert [offer.orderable_at(now) for now in (9, 10, 19, 20, 30)] == [False, True, True, False, False]
    assert not replace(offer, stock=Stock.OUT).orderable_at(10)
    assert [replace(offer, available_to=None).valid_at(now) for now in (9, 10, 29, 30)] == [False, True, True, False]
    assert next_change([offer], 10) == 30
    assert next_change([offer], 30) is None


@pytest.mark.parametrize("period", [{"valid_from": 10, "valid_to": 10}, {"available_from": 10, "available_to": 10}])
def test_an_offer_that_ends_as_it_begins_is_none(period):
    with pytest.raises(Malformed) as caught:
        replace(OFFER, **period)
    assert caught.value.code == "bad-period"
