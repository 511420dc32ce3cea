"""Brands between real stores: products and bounds reach merchants, and nothing else does."""

import pytest

from node.errors import UserError
from node.services import brand_plans, browse, catalog, catalog_following, catalog_packs, exchange
from node.services.handlers import EXCHANGE
from protocol.brand_plan import TYPE
from protocol.envelope import sign
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.messages import pack

from .shop import file


@pytest.fixture
def trade(world):
    """`solis` the brand, `lumen` a merchant that sells its products."""
    solis, lumen = world.node("solis", "brand"), world.node("lumen", "merchant")
    world.pair(solis, lumen)
    return solis, lumen


def published(node, **terms):
    given = {"direct_least": 1_500, "direct_most": 2_500, "total_most": 3_000, "levels_most": 2, "window_least": 0, **terms}
    return node.write(brand_plans.publish_bounds, **given)


def follow(world, node):
    node.write(catalog_following.sync)
    world.deliver()


def test_a_merchant_follows_a_brands_products(world, trade):
    solis, lumen = trade
    view = solis.write(catalog.import_products, file=file(cream=5200, serum=2600), currency="USD")
    assert (view.products, view.variants) == (3, 3)
    follow(world, lumen)
    [feed] = lumen.read(browse.list_feeds)
    assert (feed.merchant_name, feed.own, feed.products, feed.offers, feed.verified) == ("solis", False, 3, 0, True)


def test_what_a_brand_changes_reaches_its_merchants_by_itself(world, trade):
    solis, lumen = trade
    solis.write(catalog.import_products, file=file(cream=5200), currency="USD")
    follow(world, lumen)
    solis.write(catalog.import_products, file=file(cream=5200, balm=900), currency="USD")
    world.deliver()
    assert lumen.read(browse.list_feeds)[0].products == 3


@pytest.mark.parametrize("packed", [False, True])
def test_a_brands_feed_with_an_offer_is_refused(world, trade, monkeypatch, packed):
    solis, lumen = trade
    with monkeypatch.context() as lying:
        lying.setattr(type(solis.keys), "role", "merchant")
        solis.write(catalog.import_products, file=file(cream=5200), currency="USD")
    if packed:
        monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
        solis.make_packs()
    follow(world, lumen)
    [feed] = lumen.read(browse.list_feeds)
    assert any(b"catalog.pack-request" in body for *_, body, _ in world.carried) == packed
    assert (feed.products, feed.error) == (0, "products-only")


def test_bounds_reach_merchants_and_the_newest_of_a_name_counts(world, trade):
    solis, lumen = trade
    first = published(solis)
    second = published(solis, direct_most=2_000)
    published(solis, name="launch")
    world.deliver()
    found = lumen.read(brand_plans.list_bounds)
    assert [(plan.name, plan.version, plan.current, plan.brand_name) for plan in found] == [
        ("launch", 1, True, "solis"),
        ("standard", 2, True, "solis"),
        ("standard", 1, False, "solis"),
    ]
    assert {first.plan, second.plan} < {plan.plan for plan in found}


def test_bounds_that_no_plan_can_keep_are_not_signed(trade):
    solis, _ = trade
    with pytest.raises(ProtocolError) as caught:
        published(solis, direct_least=2_600)
    assert caught.value.code == "bad-bounds"
    assert solis.read(brand_plans.list_bounds) == []


@pytest.mark.parametrize("role", ["merchant", "seller"])
def test_who_is_no_brand_signs_no_bounds(world, role):
    with pytest.raises(UserError) as caught:
        published(world.node("other", role))
    assert caught.value.code == "not-a-brand"


def test_bounds_in_another_brands_name_are_refused(world, trade):
    solis, lumen = trade
    published(solis)
    world.deliver()
    [record] = lumen.read(lambda unit: unit.brands.plans())
    thief = world.node("thief", "brand")
    world.pair(thief, lumen)
    forged = sign(thief.keys.device, TYPE, record.bounds, created=world.clock.now)
    with pytest.raises(ProtocolError) as caught:
        world.put(thief.peer, lumen, Topic.CATALOG, pack(forged))
    assert caught.value.code == "not-live"
    assert len(lumen.read(brand_plans.list_bounds)) == 1


def test_a_seller_is_told_no_bounds_of_a_brand_it_does_not_know(world, trade):
    _, lumen = trade
    stranger = world.node("stranger", "brand")
    published(stranger)
    [record] = stranger.read(lambda unit: unit.brands.plans())
    with pytest.raises(ProtocolError) as caught:
        lumen.write(
            exchange.handle, EXCHANGE, trade[0].peer, Topic.CATALOG, pack(sign(stranger.keys.device, TYPE, record.bounds, created=1))
        )
    assert caught.value.code == "unknown-brand"
