"""What changed since when: what a shop publishes is in its seller's journal, by the reader's days, filtered and paged, also offline."""

import pytest

from node.errors import UserError
from node.services import catalog_changes, plans, today, withdrawals
from node.services.catalog_changes import list_changes, see_changes
from tests.node.services.catalog_goods import line, publish
from tests.node.services.shop import Shop
from tests.node.services.world import START

HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00"), line("salve", "V1", "9.00", "Salve"))
    world.deliver()
    return lumen, ana


def reprice(world, lumen, price, hours=1):
    world.tick(hours * HOUR)
    publish(lumen, line("soap", "S1", price))
    world.deliver()


def told(node, **asked):
    return [(item.kind, item.name, item.old, item.new) for item in node.read(list_changes, **asked).changes]


def test_a_seller_reads_what_its_shop_changed_newest_first(world, shop):
    lumen, ana = shop
    assert told(ana) == []
    reprice(world, lumen, "4.50")
    reprice(world, lumen, "6.00")
    page = ana.read(list_changes)
    assert told(ana) == [("dearer", "S1", 450, 600), ("cheaper", "S1", 500, 450)]
    newest, older = page.changes
    assert (newest.merchant_name, newest.title, newest.currency, newest.percent) == ("lumen", "Soap", "USD", 3_333)
    assert older.percent == -1_000
    assert newest.product == ana.read(lambda unit: unit.catalog.offer(bytes.fromhex(_feed(ana)), "S1").offer.product.hex())
    assert newest.at - older.at == HOUR
    assert [(item.kind, item.count) for item in page.counts] == [("cheaper", 1), ("dearer", 1)]
    assert told(lumen) == []


def _feed(node):
    return node.read(lambda unit: unit.catalog.feeds())[0].feed.hex()


def test_it_is_there_offline_and_after_a_restart(world, shop):
    lumen, ana = shop
    reprice(world, lumen, "4.50")
    ana.online = False
    ana.reopen()
    assert told(ana) == [("cheaper", "S1", 500, 450)]


def test_yesterday_begins_at_the_readers_midnight(world, shop):
    lumen, ana = shop
    ana.write(today.set_zone, zone="Pacific/Auckland")
    # START is 14 November 2023, 22:13 UTC: the 15th, 11:13, in Auckland
    reprice(world, lumen, "4.50")
    assert ana.read(list_changes).since == START - 11 * HOUR - 13 * 60_000 - 20_000 - DAY
    world.tick(35 * HOUR)  # the 16th, 23:13
    assert told(ana) == [("cheaper", "S1", 500, 450)]
    assert told(ana, since="today") == []
    assert told(ana, since="2023-11-15") == told(ana, since="36h") == [("cheaper", "S1", 500, 450)]
    assert told(ana, since="35h") == [("cheaper", "S1", 500, 450)]
    assert told(ana, since="34h") == []
    world.tick(HOUR)  # the 17th
    assert told(ana) == []
    assert told(ana, since="3d") == [("cheaper", "S1", 500, 450)]


def test_since_you_last_looked(world, shop):
    lumen, ana = shop
    reprice(world, lumen, "4.50")
    assert told(ana, since="seen") == [("cheaper", "S1", 500, 450)]
    world.tick(1)
    assert ana.write(see_changes) == world.clock.now
    assert told(ana, since="seen") == []
    reprice(world, lumen, "5.00")
    assert told(ana, since="seen") == [("dearer", "S1", 450, 500)]


def test_one_kind_one_shop_and_pages(world, shop):
    lumen, ana = shop
    other = world.node("noir", "merchant")
    world.pair(other, ana)
    publish(other, line("oil", "O1", "7.00", "Oil"))
    world.deliver()
    for price in ("4.50", "6.00", "5.50"):
        reprice(world, lumen, price)
    publish(other, line("oil", "O1", "8.00", "Oil"))
    world.deliver()
    assert told(ana, kind="dearer") == [("dearer", "O1", 700, 800), ("dearer", "S1", 450, 600)]
    assert told(ana, merchant=other.identity) == [("dearer", "O1", 700, 800)]
    seen, cursor = [], ""
    while True:
        page = ana.read(list_changes, cursor=cursor, limit=1)
        seen += [(item.name, item.new) for item in page.changes]
        cursor = page.cursor
        if not cursor:
            break
    assert seen == [("O1", 800), ("S1", 550), ("S1", 600), ("S1", 450)]


def test_a_recall_names_its_reason(world, shop):
    lumen, ana = shop
    world.tick(HOUR)
    lumen.write(withdrawals.withdraw, handle="soap", reason="It may splinter")
    world.deliver()
    found = {item.kind: item for item in ana.read(list_changes).changes}
    assert found.keys() == {"recalled", "sold-out"}
    assert (found["recalled"].note, found["recalled"].by_brand) == ("It may splinter", False)


def test_since_when_a_shops_changes_are_noted_is_said(world, shop):
    ana = shop[1]
    [noted] = ana.read(list_changes).noted
    assert (noted.merchant_name, noted.at) == ("lumen", world.clock.now)
    world.tick(2 * DAY)
    assert ana.read(list_changes).noted == ()
    assert ana.read(list_changes, since="7d").noted != ()


def test_a_file_that_was_lost_knows_no_changes_and_says_so(world, shop):
    lumen, ana = shop
    reprice(world, lumen, "4.50")
    ana.store.close()
    ana.path.with_name(f"{ana.path.stem}-catalog.db").unlink()
    world.clock.tick(5 * DAY)
    ana.reopen()
    world.tick()
    world.deliver()
    page = ana.read(list_changes, since="7d")
    assert page.changes == ()
    assert [item.at for item in page.noted] == [world.clock.now]


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "tomorrow"},
        {"since": "2999-01-01"},
        {"since": ""},
        {"since": "48 hours"},
        {"since": "+3"},
        {"kind": "worse"},
        {"cursor": "x"},
        {"cursor": "gA=="},
    ],
)
def test_what_cannot_be_asked_is_named(shop, asked):
    with pytest.raises(UserError) as refused:
        shop[1].read(list_changes, **asked)
    assert refused.value.code == "bad-request"


def test_a_span_of_any_length_goes_back_as_far_as_lines_are_kept(world, shop):
    assert shop[1].read(list_changes, since="9999d").since == world.clock.now - catalog_changes.KEPT_DAYS * DAY


def test_another_commission_is_told_with_both_rates(tmp_path):
    shop = Shop(tmp_path)
    shop.world.tick(HOUR)
    shop.lumen.write(plans.publish_plan, currency="USD", direct_bps=1_500, level_bps=[500])
    shop.world.deliver()
    found = [(item.kind, item.name, item.old_bps, item.new_bps) for item in shop.ana.read(list_changes).changes]
    assert found == [("plan", sku, 2_000, 1_500) for sku in ("serum", "gone", "cream")]
    shop.world.close()
