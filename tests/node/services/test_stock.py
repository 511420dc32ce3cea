"""Counted pieces: never sold twice, never lost, and nobody freezes a shop."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.errors import ConflictError, UserError
from node.services import orders, quotes
from node.services.quotes import LineInput
from protocol.offer import Stock

from .test_pricing import change

MINUTE = 60_000


def count(shop, sku="cream"):
    def look(unit):
        [row] = unit.catalog.feeds(own=True)
        offer = unit.catalog.offer(row.feed, sku).offer
        return offer.count, offer.stock

    return shop.lumen.read(look)


def ask(shop, seller, quantity=1):
    view = seller.write(quotes.draft, merchant=shop.lumen.identity, lines=[LineInput("cream", quantity)], pickup=True)
    shop.world.deliver()
    return bytes.fromhex(view.id)


def status(node, order):
    view = node.read(orders.get_order, order=order)
    return view.status, view.error


def place(shop, seller, order):
    seller.write(quotes.place, order=order)
    shop.world.deliver()


def test_of_two_who_want_the_last_piece_one_gets_it(shop):
    change(shop, count=1, stock=Stock.LOW)
    first, second = ask(shop, shop.ana), ask(shop, shop.ben)
    assert [status(shop.ana, first), status(shop.ben, second)] == [("QUOTED", ""), ("DRAFT", "out-of-stock")]
    place(shop, shop.ana, first)
    assert status(shop.ben, ask(shop, shop.ben))[1] == "out-of-stock"
    shop.lumen.write(orders.accept, order=first)
    shop.world.deliver()
    assert count(shop) == (0, Stock.OUT)
    assert not shop.ben.read(lambda unit: unit.catalog.offers(None, "", 9))[0].offer.orderable_at(shop.clock.now)


def test_a_quote_that_expires_lets_go(shop):
    change(shop, count=1, stock=Stock.LOW)
    ask(shop, shop.ana)
    shop.clock.tick(16 * MINUTE)
    assert status(shop.ben, ask(shop, shop.ben)) == ("QUOTED", "")


def test_an_order_holds_until_it_is_refused(shop):
    change(shop, count=1, stock=Stock.LOW)
    order = ask(shop, shop.ana)
    place(shop, shop.ana, order)
    shop.clock.tick(60 * MINUTE)
    assert status(shop.ben, ask(shop, shop.ben))[1] == "out-of-stock"
    shop.lumen.write(orders.reject, order=order)
    assert status(shop.ben, ask(shop, shop.ben)) == ("QUOTED", "")
    assert count(shop)[0] == 1


@pytest.mark.parametrize(("code", "left"), [("unpaid", 5), ("out-of-stock", 4)])
def test_what_is_cancelled_comes_back_where_the_table_says_so(shop, code, left):
    change(shop, count=5, stock=Stock.LOW)
    order = ask(shop, shop.ana)
    place(shop, shop.ana, order)
    shop.lumen.write(orders.accept, order=order)
    assert count(shop)[0] == 4
    shop.lumen.write(orders.cancel, order=order, code=code)
    shop.world.deliver()
    assert count(shop)[0] == left


def test_what_was_counted_down_is_not_accepted(shop):
    change(shop, count=9, stock=Stock.IN_STOCK)
    order = ask(shop, shop.ana, 2)
    place(shop, shop.ana, order)
    change(shop, count=1, stock=Stock.LOW)
    with pytest.raises(ConflictError) as caught:
        shop.lumen.write(orders.accept, order=order)
    assert caught.value.code == "out-of-stock"
    assert count(shop)[0] == 1


def test_a_stranger_holds_a_quarter_and_one_who_is_known_more(shop):
    change(shop, count=16, stock=Stock.IN_STOCK)
    assert status(shop.ana, ask(shop, shop.ana, 5))[1] == "hold-limit"
    assert status(shop.ana, ask(shop, shop.ana, 4)) == ("QUOTED", "")
    assert status(shop.ana, ask(shop, shop.ana, 1))[1] == "hold-limit"
    assert status(shop.ben, ask(shop, shop.ben, 4)) == ("QUOTED", "")
    shop.clock.tick(16 * MINUTE)
    shop.completed(("serum", 1))
    assert status(shop.ana, ask(shop, shop.ana, 8)) == ("QUOTED", "")


def test_what_is_not_counted_is_not_held(shop):
    ask(shop, shop.ana, 1000)
    assert shop.lumen.read(lambda unit: unit.db.execute("SELECT count(*) FROM stock_holds").fetchone()[0]) == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(["ana", "ben"]), st.integers(1, 3)),
        st.tuples(st.sampled_from(["place", "accept", "reject", "unpaid", "changed-mind"]), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 20), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(1, 9), steps=STEPS)
def test_pieces_are_never_sold_twice_and_never_lost(shop, start, steps):
    shop.clock.tick(100 * 60 * MINUTE)  # what an earlier example left has run out
    shop.world.deliver()
    shop.lumen.write(orders.tick)
    change(shop, count=start, stock=Stock.IN_STOCK)
    asked = []
    for what, one, two in steps:
        if what == "ask":
            with suppress(UserError):  # a seller whose catalog says that fewer are left does not ask
                asked.append((getattr(shop, one), ask(shop, getattr(shop, one), two), two))
        elif what == "wait":
            shop.clock.tick(one * MINUTE)
            shop.lumen.write(orders.tick)
        elif one < len(asked):
            act(shop, what, *asked[one][:2])
        shop.world.deliver()
        check(shop, asked, start)


def act(shop, what, seller, order):
    """What may not happen now is refused by its own rule; that is not what is tried here."""
    try:
        if what == "place":
            seller.write(quotes.place, order=order)
        elif what == "accept":
            shop.lumen.write(orders.accept, order=order)
        elif what == "reject":
            shop.lumen.write(orders.reject, order=order)
        else:
            node = seller if what == "changed-mind" else shop.lumen
            node.write(orders.cancel, order=order, code=what)
    except Exception as error:
        if getattr(error, "code", None) is None:
            raise


def check(shop, asked, start):
    left, stock = count(shop)
    rows = shop.lumen.read(lambda unit: [hold for _, order, _ in asked for hold in unit.stock.of(order)])
    sold = sum(hold.quantity - hold.back for hold in rows if hold.state in ("taken", "back"))
    held = sum(hold.quantity for hold in rows if hold.state in ("quoted", "placed") and hold.until >= shop.clock.now)
    assert left + sold == start
    assert 0 <= held <= left
    assert (stock is Stock.OUT) == (left == 0)
