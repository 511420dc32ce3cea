"""Catalogs between two real stores: signed, followed page by page, proved by the state hash; and what must not get through."""

from io import BytesIO

import pytest

from node.errors import NotFound, UserError
from node.files.products import read_products
from node.files.samples import PRODUCTS, sample_path
from node.services import browse, catalog, greeting, plans, product_sheet
from node.services import catalog_following as following
from node.store.catalog_file import file_of
from protocol import feed as wire
from protocol.errors import ProtocolError
from protocol.operations import Noun, remove
from tests.node.services.restoring import copied, restored
from tests.node.services.world import START


@pytest.fixture
def shop(pair):
    return pair


def sample():
    with sample_path(PRODUCTS).open("rb") as source:
        return read_products(source, name=PRODUCTS, now_ms=START)


def table(*rows):
    head = "Handle,Title,Body (HTML),Vendor,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"
    return read_products(BytesIO((head + "".join(rows)).encode()), name="t.csv", now_ms=START)


def row(handle, sku, price, title="Soap"):
    return f"{handle},{title},,Shop,active,Title,Default Title,{sku},{price},5\n"


def feed_of(node):
    return node.read(browse.list_feeds)[0]


def test_a_seller_follows_and_proves_the_feed(world, shop):
    lumen, ana = shop
    done = lumen.write(catalog.import_products, file=sample(), currency="USD")
    assert (done.products, done.variants, done.added) == (20, 37, 57)
    world.deliver()
    mine, theirs = feed_of(ana), feed_of(lumen)
    assert mine.verified
    assert (mine.checkpoint, mine.state_hash, mine.products, mine.offers) == (theirs.checkpoint, theirs.state_hash, 20, 37)


def test_importing_again_logs_only_what_changed(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=table(row("a", "A1", "1.00"), row("b", "B1", "2.00")), currency="USD")
    world.deliver()
    done = lumen.write(catalog.import_products, file=table(row("a", "A1", "1.50"), row("b", "B1", "2.00")), currency="USD")
    assert (done.added, done.changed, done.removed) == (0, 1, 0)
    gone = lumen.write(catalog.import_products, file=table(row("a", "A1", "1.50")), currency="USD", replace_all=True)
    assert (gone.added, gone.changed, gone.removed) == (0, 0, 2)
    world.deliver()
    assert [(offer.sku, offer.price) for offer in ana.read(browse.list_offers)] == [("A1", 150)]
    assert feed_of(ana).state_hash == feed_of(lumen).state_hash


def test_a_merchant_with_feeds_without_end_is_refused(world, shop):
    lumen, ana = shop

    def answered(names):
        feeds = tuple(wire.Feed(lumen.identity, name, "USD") for name in names)
        ana.write(following.take_feeds, lumen.peer, wire.FeedsAnswer(feeds))

    answered(f"f{number}" for number in range(following.MOST_FEEDS))
    answered(f"f{number}" for number in range(following.MOST_FEEDS))
    with pytest.raises(ProtocolError) as caught:
        answered(["one more"])
    assert caught.value.code == "too-large"
    assert len(ana.read(browse.list_feeds)) == following.MOST_FEEDS


def test_a_feed_that_goes_back_is_refused(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=table(row("a", "A1", "1.00")), currency="USD")
    old = lumen.read(lambda unit: unit.catalog.feeds(own=True)[0])
    lumen.write(catalog.import_products, file=table(row("b", "B1", "2.00")), currency="USD")
    world.deliver()
    lumen.write(lambda unit: unit.catalog.keep_feed(old))
    ana.write(following.sync)
    world.deliver()
    assert feed_of(ana).error == "rollback"
    assert feed_of(ana).offers == 2


def test_a_merchant_cannot_speak_for_another(world, shop):
    _, ana = shop
    other = world.node("other", "merchant")
    world.pair(other, ana)
    lumen = next(node for node in world.nodes.values() if node.name == "lumen")
    lumen.write(catalog.import_products, file=table(row("a", "A1", "1.00")), currency="USD")
    world.deliver()
    head = lumen.read(lambda unit: unit.catalog.feeds(own=True)[0])
    lie = wire.FeedsAnswer((wire.Feed(head.identity, head.name, head.currency),))
    with pytest.raises(ProtocolError) as caught:
        ana.write(following.take_feeds, other.peer, lie)
    assert caught.value.code == "wrong-identity"


def test_only_merchants_write_catalogs_and_plans(world, shop):
    _, ana = shop
    for verb, arguments in ((catalog.import_products, {"file": sample(), "currency": "USD"}), (plans.publish_plan, PLAN)):
        with pytest.raises(UserError) as caught:
            ana.write(verb, **arguments)
        assert caught.value.code == "not-a-merchant"


PLAN = {"currency": "USD", "direct_bps": 2000, "level_bps": [500]}


def test_a_plan_reaches_sellers_and_every_offer_names_it(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    plan = lumen.write(plans.publish_plan, **PLAN)
    world.deliver()
    assert [found.plan for found in ana.read(plans.list_plans)] == [plan.plan]
    assert ana.read(plans.get_plan, plan=bytes.fromhex(plan.plan)).direct_bps == 2000
    named = {variant.plan for product in ana.read(browse.list_products, limit=50).products for variant in product.variants}
    assert named == {plan.plan}
    second = lumen.write(plans.publish_plan, **PLAN | {"direct_bps": 1500})
    assert second.version == 2
    with pytest.raises(ProtocolError) as caught:
        lumen.write(plans.publish_plan, **PLAN | {"level_bps": [500] * 8})
    assert caught.value.code == "plan-levels"


@pytest.mark.parametrize("changed", [{"return_window_ms": -1}, {"hold_ms": 367 * plans.DAY_MS}, {"level_bps": [-5]}, {"currency": "US$"}])
def test_a_plan_that_no_peer_would_take_is_not_signed(shop, changed):
    lumen, _ = shop
    with pytest.raises(ProtocolError) as caught:
        lumen.write(plans.publish_plan, **PLAN | changed)
    assert caught.value.code in ("malformed", "currency")
    assert lumen.read(plans.list_plans) == []


def test_products_are_paged_and_searched(shop):
    lumen, _ = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    titles, cursor = [], ""
    while True:
        page = lumen.read(browse.list_products, cursor=cursor, limit=6)
        titles += [product.title for product in page.products]
        cursor = page.cursor
        if not cursor:
            break
    assert titles == sorted(titles, key=str.lower)
    assert len(titles) == 20
    assert lumen.read(browse.list_products, search="quokka 100%").products == ()
    found = lumen.read(browse.list_products, search="cream").products
    assert found
    assert lumen.read(product_sheet.get_product, product=bytes.fromhex(found[0].id)).title == found[0].title
    with pytest.raises(NotFound):
        lumen.read(product_sheet.get_product, product=bytes(32))
    with pytest.raises(UserError):
        lumen.read(browse.list_products, cursor="nonsense")


def test_offers_stand_in_sku_order_and_sold_out_ones_can_be_left_out(shop):
    lumen, _ = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    skus = [offer.sku for offer in lumen.read(browse.list_offers, limit=200)]
    assert skus == sorted(skus)
    assert len(lumen.read(browse.list_offers, purchasable=True, limit=200)) == 36


# --- a merchant's new device


def test_a_new_device_begins_a_feed_and_sellers_follow_it(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    world.deliver()
    path = copied(lumen, "lumen2")
    lumen.write(catalog.import_products, file=table(row("late", "L1", "9.00")), currency="USD")  # after the backup
    world.deliver()
    old = feed_of(ana)
    lumen.online = False
    new = restored(world, lumen, path)
    new.write(greeting.greet_all)
    world.tick()
    world.deliver()
    [mine], [theirs] = new.read(browse.list_feeds), ana.read(browse.list_feeds)
    assert (theirs.feed, theirs.checkpoint, theirs.offers, theirs.verified) == (mine.feed, mine.checkpoint, 37, True)
    assert theirs.feed != old.feed
    assert not ana.read(lambda unit: unit.catalog.names(bytes.fromhex(old.feed), Noun.OFFER))
    new.write(plans.publish_plan, currency="USD", direct_bps=1000, level_bps=[], return_window_ms=0)
    new.write(catalog.import_products, file=table(row("late", "L1", "8.00")), currency="USD")
    world.deliver()
    assert feed_of(ana).checkpoint == feed_of(new).checkpoint
    assert [plan.version for plan in ana.read(plans.list_plans)] == [1001]


def test_the_earlier_feed_is_shown_until_the_later_is_whole_and_never_again(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    world.deliver()
    before = lumen.read(lambda unit: unit.catalog.feeds(own=True)[0]).record
    new = restored(world, lumen, copied(lumen, "lumen2"))
    new.write(greeting.greet_all)
    world.deliver()
    new.write(catalog.tick)
    heads = new.read(lambda unit: unit.db.execute("SELECT checkpoint, feed FROM feeds").fetchall())
    new.write(lambda unit: unit.db.execute("UPDATE feeds SET checkpoint = ?", (b"\x80",)))
    world.deliver()
    assert len(ana.read(lambda unit: unit.catalog.offers(None, "", 100))) == 37
    new.write(lambda unit: [unit.db.execute("UPDATE feeds SET checkpoint = ? WHERE feed = ?", head) for head in heads])
    new.write(catalog.import_products, file=table(row("late", "L1", "9.00")), currency="USD")
    world.deliver()
    ana.write(following.sync)
    world.deliver()
    with pytest.raises(ProtocolError) as caught:
        ana.write(following.take_feeds, new.peer, wire.FeedsAnswer((before,)))
    assert caught.value.code == "rollback"


def test_a_device_writes_no_other_ones_feed(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    world.deliver()
    new = restored(world, lumen, copied(lumen, "lumen2"))
    new.write(greeting.greet_all)
    world.deliver()
    row_ = new.read(lambda unit: unit.catalog.feeds(own=True)[0])
    name = min(new.read(lambda unit: unit.catalog.names(row_.feed, Noun.OFFER)))
    new.write(catalog._write, row_, [remove(Noun.OFFER, name)])
    world.deliver()
    assert ana.read(browse.list_feeds)[0].error == "wrong-writer"
    assert feed_of(ana).offers == 37


def test_a_feed_whose_records_no_backup_carries_is_followed_anew(world, shop):
    lumen, ana = shop
    lumen.write(catalog.import_products, file=sample(), currency="USD")
    world.deliver()
    ana.write(lambda unit: unit.arrival.follow_anew())
    ana.store.close()
    file_of(ana.path).unlink()
    ana.reopen()
    assert feed_of(ana).offers == 0
    world.tick(catalog.ASK_AGAIN_MS)
    world.deliver()
    assert (feed_of(ana).offers, feed_of(ana).verified) == (37, True)
