"""One change to many offers: which are chosen, what it makes of them, and that the store's writer is held for little."""

import time
from dataclasses import replace

import pytest

from node.errors import UserError
from node.services import catalog, catalog_batches, drafts
from node.services.catalog_bulk import Change, RankChange, Sale, Selection, applied
from protocol.money import Money
from protocol.offer import Offer, Promotion, RankPrice, Stock
from protocol.operations import put
from protocol.product import Product, Variant, product_id

from .test_drafts import SOAP, Desk

OFFER = Offer("a", bytes(32), Money(1000, "USD"), compare_at=Money(1100, "USD"), ranks=(RankPrice(2, Money(900, "USD")),))


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.world.close()


def change(desk, selection=Selection(), dry=False, **fields):  # noqa: B008  frozen
    return desk.edits.change_many_now("USD", selection, Change(**fields), dry=dry)


@pytest.mark.parametrize(
    ("fields", "price", "rank"),
    [
        ({"percent_bps": 500}, 1050, 945),
        ({"percent_bps": -250}, 975, 878),
        ({"amount": -150}, 850, 750),
        ({"percent_bps": 500, "ending": 99}, 1099, 899),
        ({"ending": 99}, 999, 899),
        ({"percent_bps": -9_999, "ending": 99}, 99, 99),
    ],
)
def test_prices_move_by_percent_by_amount_and_to_an_ending(fields, price, rank):
    after = applied(Change(**fields), OFFER)
    assert (after.price.minor, after.ranks[0].price.minor) == (price, rank)
    assert (after.compare_at is None) == (price >= 1100)


def test_a_promotion_takes_the_place_of_one_of_its_name():
    sale = Sale("Summer", 2_000, 5, 9)
    with_one = replace(OFFER, promotions=(Promotion("Summer", Money(1, "USD"), 1, 2), Promotion("Other", Money(2, "USD"), 1, 2)))
    after = applied(Change(promotion=sale), with_one)
    assert [(item.name, item.price.minor) for item in after.promotions] == [("Other", 2), ("Summer", 800)]
    assert applied(Change(end_promotions=True), with_one).promotions is None


def test_offers_are_chosen_looked_at_drafted_and_signed_as_one_batch(desk):
    desk.product(replace(SOAP, vendor="Lumen", category="Care > Soap"))
    desk.offer()
    desk.offer("soap-l", 1500)
    desk.product(replace(SOAP, handle="mist", title="Mist", variants=(Variant("mist", "Mist"),), options=(), vendor="Other"))
    desk.offer("mist", 2000, "mist")
    desk.publish()
    view = change(desk, Selection(vendor="lumen"), dry=True, percent_bps=1_000)
    assert (view.chosen, view.changed, view.drafts) == (2, 2, 0)
    assert [(row.sku, row.changes[0].before, row.changes[0].after) for row in view.rows] == [
        ("soap-l", "15.00 USD", "16.50 USD"),
        ("soap-s", "9.00 USD", "9.90 USD"),
    ]
    assert change(desk, Selection(category="care"), percent_bps=1_000).drafts == 2
    assert change(desk, Selection(skus=("mist",)), stock=Stock.OUT).drafts == 1
    assert change(desk, Selection(search="soap"), amount=10).drafts == 2  # over the drafts there are
    done = desk.publish(name="Autumn")
    assert (desk.offered().price.minor, desk.offered("mist").stock) == (1000, Stock.OUT)
    assert done.counts == {"price": 1, "stock": 1}
    desk.node.write(catalog_batches.roll_back, batch=bytes.fromhex(done.batch))
    assert (desk.offered().price.minor, desk.offered("mist").stock) == (900, Stock.UNKNOWN)


def test_goods_are_withdrawn_whole_or_by_sku(desk):
    desk.stocked()
    change(desk, Selection(skus=("soap-l",)), withdraw=True)
    desk.publish()
    assert (desk.offered("soap-l"), desk.offered().price.minor) == (None, 900)
    change(desk, withdraw=True)
    desk.publish()
    assert desk.node.read(lambda unit: unit.catalog.counts(drafts.feed_of(unit, "USD"))) == (0, 0)


def test_what_cannot_be_is_told_and_left(desk):
    desk.stocked()
    view = change(desk, amount=-1_000)
    assert (view.changed, view.refused) == (1, 1)
    assert [row.sku for row in view.rows if row.refusal] == ["soap-s"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "bad-request"),
        ({"percent_bps": -10_000}, "bad-amount"),
        ({"ending": 100}, "bad-amount"),
        ({"promotion": Sale("x", 10_000, 1, 2)}, "bad-amount"),
        ({"shipping_profile": "air"}, "unknown-profile"),
        ({"plan": "ab" * 32}, "wrong-plan"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(desk, fields, code):
    with pytest.raises(UserError) as caught:
        change(desk, **fields)
    assert caught.value.code == code


def goods(count):
    for number in range(count):
        product = put(Product(f"p{number}", f"Product {number}", variants=(Variant(f"s{number}", "One"),)))
        yield product
        yield put(Offer(f"s{number}", product_id(product.record), Money(1000 + number, "USD")))


def test_many_offers_hold_the_writer_for_little_of_their_time(desk):
    """Most of what signing many costs is spent on a snapshot, where nobody waits."""
    count = 1_500
    desk.node.write(lambda unit: catalog.publish(unit, "USD", goods(count)))
    held, real = [], desk.node.store.write_now

    def timed(run, *args, **named):
        def inside(unit, *rest, **more):
            began = time.thread_time()
            try:
                return run(unit, *rest, **more)
            finally:
                held.append(time.thread_time() - began)

        return real(inside, *args, **named)

    desk.node.store.write_now = timed
    began = time.process_time()
    change(desk, percent_bps=1_000)
    pieces = max(held)
    done = desk.publish()
    whole = time.process_time() - began
    assert done.last - done.first + 1 == count
    assert max(held) < 0.4 * whole
    assert pieces < 0.1 * whole


RANKED = replace(OFFER, ranks=(RankPrice(2, Money(900, "USD")), RankPrice(4, Money(700, "USD"))))


def by_rank(offer):
    return [(item.min_rank, item.price.minor) for item in offer.ranks or ()]


@pytest.mark.parametrize(
    ("fields", "ranks"),
    [
        ({"ranks": (RankChange(2, -1000),)}, [(2, 900), (4, 700)]),
        ({"ranks": (RankChange(3, -1500, -50),)}, [(2, 900), (3, 800), (4, 700)]),
        ({"ranks": (RankChange(3, -1500),), "ending": 99}, [(2, 899), (3, 899), (4, 699)]),
        ({"ranks": (RankChange(4, 1000, own=True), RankChange(5, 1000, own=True))}, [(2, 900), (4, 770)]),
        ({"ranks": (RankChange(1, -500),), "end_ranks": True}, [(1, 950)]),
        ({"end_ranks": True}, []),
        ({"percent_bps": 1000, "ranks": (RankChange(2, -1000),)}, [(2, 990), (4, 770)]),
    ],
)
def test_prices_by_rank_are_set_over_the_price_or_over_what_they_were(fields, ranks):
    after = applied(Change(**fields), RANKED)
    assert by_rank(after) == ranks
    assert after.price.minor == (1100 if "percent_bps" in fields else 999 if "ending" in fields else 1000)


def test_ranks_of_many_are_drafted_and_one_that_would_be_negative_is_told(desk):
    desk.product()
    desk.offer()
    desk.offer("soap-l", 1500)
    desk.publish()
    found = change(desk, ranks=(RankChange(2, -1000, -900),))
    assert (found.chosen, found.changed, found.refused, found.drafts) == (2, 1, 1, 1)
    told = {row.sku: row for row in found.rows}
    assert told["soap-l"].changes[0].after == "rank 2: 4.50 USD"
    assert "Enter a price of 0 or more." in told["soap-s"].refusal


@pytest.mark.parametrize(
    ("ranks", "code"),
    [((RankChange(0, 1),), "bad-amount"), ((RankChange(256, 1),), "bad-amount"), ((RankChange(1, -10_000),), "bad-amount"), ((RankChange(1, 1), RankChange(1, 2)), "bad-ranks")],
)  # fmt: skip
def test_ranks_that_cannot_be_are_refused(desk, ranks, code):
    with pytest.raises(UserError) as refused:
        change(desk, ranks=ranks)
    assert refused.value.code == code
