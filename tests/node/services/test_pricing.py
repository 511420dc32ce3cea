"""What an order costs: by rank, promotion, quantity, weight and class; merchant and seller reckon alike."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import catalog, orders, plans, quotes, ranks, shop_terms
from node.services.exchange import Incoming
from node.services.shop_terms import TaxClass
from protocol.envelope import verify
from protocol.errors import Conflict, Untimely
from protocol.kinds import Topic
from protocol.messages import pack, unpack
from protocol.money import Money
from protocol.offer import Promotion, RankPrice
from protocol.operations import put
from protocol.shipping import Measure, ShippingProfile, Step, Zone

from .shop import WINDOW

DAY = 86_400_000
POST = ShippingProfile(
    "post",
    "USD",
    (
        Zone("Home", ("DE",), Measure.WEIGHT, (Step(490, 1_000), Step(890, 5_000)), free_from=20_000),
        Zone("Far", (), Measure.FLAT, (Step(1_500),)),
    ),
    pickup=False,
    digital=False,
)
HOME = ShippingProfile("fetch", "USD", (), pickup=True, digital=False)


def change(shop, sku="cream", weight=None, records=(), **fields):
    """Sign an offer anew with other fields, its product with a weight, and other records beside."""

    def sign(unit):
        [row] = unit.catalog.feeds(own=True)
        held = unit.catalog.offer(row.feed, sku)
        operations = [put(record) for record in records]
        offer = replace(held.offer, **fields)
        if weight is not None:
            product = replace(held.product, weight=weight)
            operations.append(put(product))
            offer = replace(offer, product=catalog.product_id(operations[-1].record))
        catalog._write(unit, row, [*operations, put(offer)])

    shop.lumen.write(sign)
    shop.world.deliver()


def usd(minor):
    return Money(minor, "USD")


def quoted(shop, *lines, **named):
    order = bytes.fromhex(shop.draft(*(lines or (("cream", 1),)), **named).id)
    shop.world.deliver()
    return shop.ana.read(orders.get_order, order=order)


def member_of(shop, node):
    return node.read(lambda unit: unit.team.membership(shop.lumen.identity)).member


def give(shop, node, rank):
    view = shop.lumen.write(ranks.give_rank, member=member_of(shop, node), rank=rank)
    shop.world.deliver()
    return view


def test_a_rank_has_its_own_price_and_promotions_beat_it(shop):
    soon = shop.world.clock.now + DAY
    promotion = Promotion("Winter", usd(4_000), soon, soon + DAY)
    change(shop, ranks=(RankPrice(2, usd(4_500)), RankPrice(5, usd(4_100))), promotions=(promotion,))
    assert quoted(shop).total == 5_200
    give(shop, shop.ana, 3)
    assert quoted(shop).total == 4_500
    shop.world.tick(DAY)
    assert quoted(shop).total == 4_000
    shop.world.tick(DAY)
    assert quoted(shop).total == 4_500


def test_a_price_that_changes_after_the_quote_binds_nobody_before_it_expires(shop):
    end = shop.world.clock.now + 60_000
    change(shop, promotions=(Promotion("Last hour", usd(4_000), 0, end),))
    view = quoted(shop)
    shop.world.tick(120_000)
    placed = shop.ana.write(quotes.place, order=bytes.fromhex(view.id))
    shop.world.deliver()
    assert shop.lumen.read(orders.get_order, order=bytes.fromhex(placed.id)).total == 4_000


def test_what_is_sold_only_in_certain_quantities(shop):
    change(shop, least=2, most=4)
    for quantity in (1, 5):
        with pytest.raises(UserError, match="order at least 2 and at most 4") as refused:
            shop.draft(("cream", quantity))
        assert refused.value.code == "bad-quantity"
    assert quoted(shop, ("cream", 3)).total == 3 * 5_200


def test_counted_stock_is_the_most_that_can_be_ordered(shop):
    change(shop, count=3)
    with pytest.raises(UserError) as refused:
        shop.draft(("cream", 4))
    assert refused.value.code == "out-of-stock"
    assert quoted(shop, ("cream", 3)).total == 3 * 5_200


def test_sending_costs_by_weight_where_the_profile_says_so_and_nothing_from_its_price_on(shop):
    change(shop, weight=600, records=(POST,), shipping_profile="post")
    assert quoted(shop, ("cream", 1)).shipping == 490
    assert quoted(shop, ("cream", 2)).shipping == 890
    assert quoted(shop, ("cream", 4)).shipping == 0
    order = bytes.fromhex(shop.draft(("cream", 1), pickup=True).id)
    shop.world.deliver()
    assert shop.ana.read(orders.get_order, order=order).error == "no-pickup"


def test_each_profiles_goods_go_together_and_the_rest_at_the_flat_price(shop):
    change(shop, weight=600, records=(POST,), shipping_profile="post")
    shop.lumen.write(shop_terms.set_terms, taxes=[TaxClass("standard", 1_900)], shipping=250)
    view = quoted(shop, ("cream", 1), ("serum", 2))
    assert view.shipping == 490 + 250
    assert view.tax == (5_200 + 2 * 2_600) * 19 // 100


def test_what_can_only_be_fetched_is_not_sent(shop):
    change(shop, records=(HOME,), shipping_profile="fetch")
    order = bytes.fromhex(shop.draft(("cream", 1)).id)
    shop.world.deliver()
    assert shop.ana.read(orders.get_order, order=order).error == "no-shipping"
    assert quoted(shop, ("cream", 1), pickup=True).total == 5_200


def test_tax_is_by_class_and_each_class_is_rounded_by_itself(shop):
    shop.lumen.write(shop_terms.set_terms, taxes=[TaxClass("standard", 1_900), TaxClass("reduced", 705)])
    change(shop, tax_class="reduced")
    change(shop, "serum", tax_class="none")
    view = quoted(shop, ("cream", 1), ("serum", 1))
    assert view.tax == 367  # 5,200 at 7.05 % is 366.6
    assert view.total == 5_200 + 2_600 + 367


def test_a_quote_whose_sending_differs_from_the_catalog_needs_a_word(shop):
    change(shop, weight=600, records=(POST,), shipping_profile="post")
    view = quoted(shop)
    dear = replace(POST, zones=(replace(POST.zones[0], steps=(Step(9_900),), measure=Measure.FLAT, free_from=None), POST.zones[1]))
    shop.lumen.write(lambda unit: catalog._write(unit, unit.catalog.feeds(own=True)[0], [put(dear)]))
    shop.world.deliver()
    with pytest.raises(ConflictError) as refused:
        shop.ana.write(quotes.place, order=bytes.fromhex(view.id))
    assert refused.value.code == "changed-shipping"
    assert shop.ana.write(quotes.place, order=bytes.fromhex(view.id), confirm_price=True).total == view.total


def incoming(shop, body):
    """A message of Lumen's, as if it had never come before."""
    return Incoming(shop.lumen.peer, unpack(Topic.TEAM, body), shop.ana.read(lambda unit: unit.peers.get(shop.lumen.peer)))


def test_a_rank_is_told_to_its_member_alone_and_an_earlier_one_does_not_come_back(shop):
    view = give(shop, shop.ana, 7)
    assert (view.rank, view.name) == (7, "ana")
    assert [row.rank for row in shop.ana.read(ranks.list_ranks)] == [7]
    assert [row.rank for row in shop.ben.read(ranks.list_ranks)] == [0]
    assert sorted(row.rank for row in shop.lumen.read(ranks.list_ranks)) == [0, 7]
    old = shop.lumen.read(lambda unit: unit.team.rank(shop.lumen.identity, member_of(shop, shop.ana)).raw)
    give(shop, shop.ana, 1)
    body = pack(verify(old, "team.rank"))
    with pytest.raises(Untimely):
        shop.ana.write(ranks._on_rank, incoming(shop, body))
    with pytest.raises(Conflict) as refused:
        shop.world.put(shop.lumen.peer, shop.ben, "team", body)
    assert refused.value.code == "unknown-member"
    assert [row.rank for row in shop.ana.read(ranks.list_ranks)] == [1]


@pytest.mark.parametrize("rank", [-1, 256])
def test_what_is_no_rank_is_refused(shop, rank):
    with pytest.raises(UserError) as refused:
        give(shop, shop.ana, rank)
    assert refused.value.code == "bad-rank"
    with pytest.raises(NotFound):
        shop.lumen.write(ranks.give_rank, member=b"\x01" * 32, rank=1)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("bad-tax", {"taxes": [TaxClass("a", 10_001)]}),
        ("bad-tax", {"taxes": [TaxClass("a", 1), TaxClass(" a", 2)]}),
        ("bad-tax", {"taxes": [TaxClass("none", 1)]}),
        ("bad-tax", {"taxes": [TaxClass("", 1)]}),
        ("bad-amount", {"taxes": [], "shipping": -1}),
        ("bad-time", {"taxes": [], "quote_minutes": 0}),
        ("too-long", {"taxes": [], "terms": "x" * 20_001}),
    ],
)
def test_terms_that_cannot_be_are_refused(shop, code, given):
    with pytest.raises(UserError) as refused:
        shop.lumen.write(shop_terms.set_terms, **given)
    assert refused.value.code == code
    with pytest.raises(UserError) as refused:
        shop.ana.read(shop_terms.get_terms)
    assert refused.value.code == "not-a-merchant"


def new_plan(shop, **more):
    view = shop.lumen.write(
        plans.publish_plan, currency="USD", **{"direct_bps": 1000, "level_bps": [500], "return_window_ms": WINDOW} | more
    )
    shop.world.deliver()
    return bytes.fromhex(view.plan)


def test_an_order_is_under_the_plan_that_its_offers_name(shop):
    [old] = shop.lumen.read(lambda unit: [record.hash for record in unit.catalog.plans(unit.me.identity)])
    new = new_plan(shop)
    change(shop, plan=old)
    order = quoted(shop, ("cream", 1))
    assert order.plan == old.hex()
    assert order.error == ""
    shop.ana.write(quotes.place, order=bytes.fromhex(order.id))
    assert quoted(shop, ("serum", 1)).plan == new.hex()
    with pytest.raises(UserError) as caught:
        shop.draft(("cream", 1), ("serum", 1))
    assert caught.value.code == "mixed-plans"


def test_the_merchant_refuses_lines_under_two_plans_whatever_the_seller_thinks(shop):
    [old] = shop.lumen.read(lambda unit: [record.hash for record in unit.catalog.plans(unit.me.identity)])
    new_plan(shop)
    shop.ana.online = False
    change(shop, plan=old)
    order = bytes.fromhex(shop.draft(("cream", 1), ("serum", 1)).id)
    shop.ana.online = True
    shop.world.deliver()
    assert shop.ana.read(orders.get_order, order=order).error == "mixed-plans"


def test_goods_are_sold_in_the_time_that_their_product_says(shop):
    def until(unit, at):
        [row] = unit.catalog.feeds(own=True)
        held = unit.catalog.offer(row.feed, "cream")
        product = put(replace(held.product, valid_to=at))
        catalog._write(unit, row, [product, put(replace(held.offer, product=catalog.product_id(product.record)))])

    shop.lumen.write(until, shop.clock() + DAY)
    shop.world.deliver()
    assert quoted(shop).error == ""
    shop.clock.tick(DAY)
    with pytest.raises(UserError) as caught:
        shop.draft(("cream", 1))
    assert caught.value.code == "not-sellable"
