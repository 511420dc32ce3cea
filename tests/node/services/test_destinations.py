"""Where an erased customer lives goes from their orders too: at once when an order has ended, otherwise when it does."""

import pytest

from node.services import erasure, fulfilment, orders, payments, quotes
from node.services.order_log import opened
from protocol import order_records as rec
from tests.node.services.restoring import copied

from .shop import CUSTOMER, WINDOW
from .test_recovery import settle
from .test_restored import restore

POSTCODE = b"10115"


def tables(node):
    """Tables in which the postcode stands."""

    def look(unit):
        names = [row[0] for row in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name
            for name in names
            for row in unit.db.execute(f"SELECT * FROM {name}").fetchall()
            if any(POSTCODE in (value if isinstance(value, bytes) else str(value).encode()) for value in row)
        }

    return node.read(look)


def asked(node, order):
    """Country, region and postcode as the order's request says them."""
    request = opened(node.read(lambda unit: unit.orders.get(order)).request).read(rec.QuoteRequest)
    return request.country, request.region, request.postcode


def erase(shop, **given):
    shop.ana.write(erasure.erase_customer, customer=CUSTOMER, **given)


def test_an_ended_order_keeps_nothing_of_the_place_and_stays_what_it_was(shop):
    order = shop.completed()
    assert tables(shop.ana) >= {"orders", "outbox", "customers"}  # the control: the scan sees what is there
    before = shop.ana.read(orders.get_order, order=order)
    erase(shop)
    assert tables(shop.ana) == set()
    assert asked(shop.ana, order) == ("", "", "")
    after = shop.ana.read(orders.get_order, order=order)
    assert (after.id, after.status, after.lines, after.total, after.messages) == (
        before.id,
        "COMPLETED",
        before.lines,
        before.total,
        before.messages,
    )
    assert asked(shop.lumen, order) == ("DE", "", "10115")  # the merchant's own record of its sale


def test_an_order_under_way_keeps_it_until_it_ends(shop):
    order = shop.accepted()
    erase(shop, anyway=True)
    assert tables(shop.ana) == {"orders", "outbox"}
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.lumen.write(fulfilment.ship, order=order)
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    shop.world.deliver()
    assert asked(shop.ana, order)[2] == "10115"
    shop.world.tick(WINDOW)
    shop.world.deliver()
    shop.world.tick()
    assert (shop.statuses(order), asked(shop.ana, order)) == (("COMPLETED", "COMPLETED"), ("", "", ""))
    assert tables(shop.ana) == set()


def test_a_request_that_never_left_is_withdrawn_with_it(shop):
    draft = bytes.fromhex(shop.draft().id)
    erase(shop)
    assert tables(shop.ana) == set()
    shop.world.deliver()
    assert shop.lumen.read(orders.list_orders) == []
    assert asked(shop.ana, draft) == ("", "", "")


def test_a_request_that_is_on_its_way_is_blanked_once_it_is_answered(shop):
    draft = bytes.fromhex(shop.draft().id)
    sent = next(row.id for row in shop.ana.read(lambda unit: unit.outbox.about("order", draft)))
    shop.ana.write(lambda unit: unit.outbox.sent(sent))
    erase(shop)
    assert tables(shop.ana) == {"orders", "outbox"}
    shop.world.tick(200_000)
    shop.world.deliver()
    shop.world.tick()
    assert tables(shop.ana) == set()
    assert shop.ana.read(orders.get_order, order=draft).status in ("QUOTED", "EXPIRED")


def test_a_pickup_names_no_place_and_is_left_as_it_is(shop):
    order = bytes.fromhex(shop.draft(pickup=True, customer=CUSTOMER).id)
    shop.world.deliver()
    raw = shop.ana.read(lambda unit: unit.orders.get(order)).request
    erase(shop)
    assert shop.ana.read(lambda unit: unit.orders.get(order)).request == raw


@pytest.mark.parametrize("erased", [True, False])
def test_a_merchant_that_comes_back_is_given_all_but_the_blanked_orders(shop, erased):
    path = copied(shop.lumen, "lumen2")
    shop.clock.tick(1000)
    first = shop.completed()
    if erased:
        erase(shop)
    second = shop.placed(("serum", 1), pickup=True)
    new = restore(shop, shop.lumen, path)
    settle(shop)
    back = {bytes.fromhex(row.id) for row in new.read(orders.list_orders)}
    assert back == ({second} if erased else {first, second})
    shop.ana.write(quotes.draft, merchant=shop.lumen.identity, lines=[quotes.LineInput("cream", 1)], pickup=True)
    shop.world.deliver()
    assert len(new.read(orders.list_orders)) == len(back) + 1
