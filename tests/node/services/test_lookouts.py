"""The watch list over real stores: what happens is told once, whatever way it came, and nothing that did not happen."""

from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import ConflictError, NodeError, NotFound
from node.files.products import read_products
from node.model.catalog_change import GoodsFacts, Kind, OfferFacts
from node.model.lookout import Lookout, Sight, Wish, worth_telling
from node.services import lookout_sights, lookouts, today, withdrawals
from node.services.lookouts import add_lookout, dismiss_notice, list_lookouts, remove_lookout, restore_lookout
from node.services.today_items import TodayItem
from protocol.errors import ProtocolError
from tests.node.services import catalog_goods
from tests.node.services.catalog_goods import publish
from tests.node.services.test_catalog_changes import DAY, HOUR

CODE = "4006381333931"
HEAD = "Handle,Title,Body (HTML),Vendor,Status,Option1 Name,Option1 Value,Variant SKU,Variant Barcode,Variant Price,Variant Inventory Tracker,Variant Inventory Policy,Variant Inventory Qty\n"


def line(handle, sku, price, title="Soap", code="", pieces=5):
    return f"{handle},{title},,Shop,active,Title,Default Title,{sku},{code},{price},shopify,deny,{pieces}\n"


@pytest.fixture(autouse=True)
def head(monkeypatch):
    monkeypatch.setattr(
        catalog_goods, "table", lambda *lines: read_products(BytesIO((HEAD + "".join(lines)).encode()), name="t.csv", now_ms=1)
    )


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00", code=CODE), line("salve", "V1", "9.00", "Salve"))
    world.deliver()
    return lumen, ana


def product_of(node, sku):
    return node.read(lambda unit: next(item.offer.product for item in unit.catalog.offers(None, "", 100) if item.offer.sku == sku))


def change(world, lumen, *lines):
    world.tick(HOUR)
    publish(lumen, *lines)
    world.deliver()


def told(node):
    return [(item.title, item.sku, item.kind, item.old, item.new) for item in node.read(list_lookouts).notices]


def ids(view):
    return bytes.fromhex(view.id)


def test_any_change_of_a_product_is_told_once(world, shop):
    lumen, ana = shop
    watched = ana.write(add_lookout, product=product_of(ana, "S1"))
    assert (watched.title, watched.merchant_name, watched.price, watched.currency) == ("Soap", "lumen", 500, "USD")
    change(world, lumen, line("salve", "V1", "8.00", "Salve"))
    assert told(ana) == []
    change(world, lumen, line("soap", "S1", "4.50", code=CODE))
    assert told(ana) == [("Soap", "S1", "cheaper", 500, 450)]
    world.tick(HOUR)
    ana.reopen()
    world.deliver()
    assert len(told(ana)) == 1


def test_it_outlives_each_change_of_the_products_record(world, shop):
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"))
    before = product_of(ana, "S1")
    change(world, lumen, line("soap", "S1", "5.00", "Rose soap", code=CODE))
    assert product_of(ana, "S1") != before
    assert told(ana) == [("Rose soap", "", "words", None, None)]
    change(world, lumen, line("soap", "S1", "6.00", "Rose soap", code=CODE))
    assert told(ana)[0] == ("Rose soap", "S1", "dearer", 500, 600)


def test_a_price_is_waited_for_and_told_each_time_it_is_reached(world, shop):
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"), wish="price", at_most=450)
    for price, notices in (("4.60", 0), ("4.50", 1), ("4.20", 1), ("4.80", 1), ("4.40", 2)):
        change(world, lumen, line("soap", "S1", price, code=CODE))
        assert len(told(ana)) == notices, price
    assert told(ana)[0] == ("Soap", "", "cheaper", 480, 440)


def test_back_in_stock_and_gone(world, shop):
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"), wish="back")
    ana.write(add_lookout, product=product_of(ana, "S1"), wish="gone")
    change(world, lumen, line("soap", "S1", "5.00", code=CODE, pieces=0))
    assert told(ana) == []
    change(world, lumen, line("soap", "S1", "5.00", code=CODE))
    assert told(ana) == [("Soap", "S1", "back", None, None)]
    lumen.write(withdrawals.withdraw, handle="soap", reason="It may splinter")
    world.deliver()
    newest = ana.read(list_lookouts).notices
    assert [(item.kind, item.note) for item in newest if item.kind != "back"] == [("recalled", "It may splinter")]


def test_a_number_is_watched_at_every_shop(world, shop):
    ana = shop[1]
    watched = ana.write(add_lookout, code=f" {CODE} ")
    assert (watched.title, watched.code, watched.price) == ("Soap", CODE, 500)
    noir = world.node("noir", "merchant")
    world.pair(noir, ana)
    world.tick(HOUR)
    publish(noir, line("seife", "N1", "4.00", "Seife", code=CODE))
    world.deliver()
    assert told(ana) == [("Seife", "", "new", None, 400)]
    assert ana.read(list_lookouts).lookouts[0].price == 400
    change(world, noir, line("seife", "N1", "3.00", "Seife", code=CODE))
    assert told(ana)[0] == ("Seife", "N1", "cheaper", 400, 300)
    assert [item.merchant_name for item in ana.read(list_lookouts).notices] == ["noir", "noir"]


def test_a_number_that_nobody_sells_yet_is_heard_of_when_somebody_does(world, shop):
    lumen, ana = shop
    assert ana.write(add_lookout, code="96385074", wish="back").price is None
    change(world, lumen, line("new", "X1", "3.00", "New thing", code="96385074"))
    assert told(ana) == [("New thing", "", "new", None, 300)]


def test_nothing_is_lost_while_the_node_is_off_nor_with_the_catalog_file(world, shop):
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"))
    ana.write(add_lookout, code=CODE, wish="price", at_most=450)
    ana.online = False
    change(world, lumen, line("soap", "S1", "4.80", code=CODE))
    change(world, lumen, line("soap", "S1", "4.50", code=CODE))
    ana.store.close()
    ana.path.with_name(f"{ana.path.stem}-catalog.db").unlink()
    ana.online = True
    ana.reopen()
    assert told(ana) == []
    world.deliver()
    assert sorted(told(ana)) == [("Soap", "", "cheaper", 500, 450), ("Soap", "S1", "cheaper", 500, 450)]


def test_a_catalog_that_is_not_whole_is_not_taken_for_one_that_is_empty(world, shop, monkeypatch):
    _, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"))
    [feed] = [row.feed for row in ana.read(lambda unit: unit.catalog.feeds())]
    ana.store.catalog.write_now(lambda writing: writing.forget(feed))
    assert ana.write(lookout_sights.look, feed) == 0
    monkeypatch.setattr(lookout_sights, "is_whole", lambda _unit, _row: True)  # the control: a fault that would be told
    assert ana.write(lookout_sights.look, feed) == 1


def test_today_tells_it_until_it_was_seen(world, shop):
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"))
    change(world, lumen, line("soap", "S1", "4.50", code=CODE, pieces=0))
    [item] = [item for item in ana.read(today.show).items if item.kind == "lookout"]
    assert isinstance(item, TodayItem)
    assert (item.title, item.href, item.section) == ("Soap costs less", "/catalog/watchlist", "catalog")
    assert item.text == "At lumen: 5.00 → 4.50 USD. Also: is sold out"
    assert ana.read(today.face).counts["catalog"] == 1
    first = ana.read(list_lookouts).notices[0]
    assert ana.write(dismiss_notice, notice=ids(first)) == 1
    assert ana.write(dismiss_notice, notice=ids(first)) == 0
    assert len(told(ana)) == 1
    assert item.seen == f"/catalog/watchlist/{first.lookout}/seen"
    assert ana.write(dismiss_notice, lookout=bytes(32)) == 0
    assert ana.write(dismiss_notice, lookout=bytes.fromhex(first.lookout)) == 1
    assert [item for item in ana.read(today.show).items if item.kind == "lookout"] == []


def test_taking_off_is_undone(world, shop):
    lumen, ana = shop
    watched = ana.write(add_lookout, product=product_of(ana, "S1"))
    ana.write(remove_lookout, lookout=ids(watched))
    found = ana.read(list_lookouts)
    assert (found.lookouts, [item.id for item in found.removed]) == ((), [watched.id])
    change(world, lumen, line("soap", "S1", "4.50", code=CODE))
    ana.write(restore_lookout, lookout=ids(watched))
    assert told(ana) == []
    change(world, lumen, line("soap", "S1", "4.00", code=CODE))
    assert told(ana) == [("Soap", "S1", "cheaper", 450, 400)]
    ana.write(remove_lookout, lookout=ids(watched))
    assert told(ana) == []
    world.tick(31 * DAY)
    assert ana.read(list_lookouts).removed == ()
    with pytest.raises(NotFound):
        ana.write(restore_lookout, lookout=ids(watched))


def test_the_same_again_is_one(shop):
    ana = shop[1]
    first = ana.write(add_lookout, product=product_of(ana, "S1"))
    assert ana.write(add_lookout, product=product_of(ana, "S1")) == first
    assert ana.write(add_lookout, product=product_of(ana, "S1"), wish="gone").id != first.id
    assert ana.write(add_lookout, code=f"0{CODE}").id == ana.write(add_lookout, code=CODE).id


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "bad-request"),
        ({"code": "12"}, "bad-request"),
        ({"code": "abcdefgh"}, "bad-request"),
        ({"code": CODE, "wish": "love"}, "bad-request"),
        ({"code": CODE, "wish": "price"}, "bad-price"),
        ({"code": CODE, "at_most": 5}, "bad-price"),
        ({"code": CODE, "wish": "price", "at_most": -1}, "bad-price"),
        ({"code": CODE, "wish": "price", "at_most": 500}, "met-already"),
        ({"code": CODE, "wish": "price", "at_most": 5, "currency": "dollars"}, "currency"),
        ({"product": bytes(32)}, "not-found"),
    ],
)
def test_what_cannot_be_watched_is_named(shop, asked, code):
    with pytest.raises((NodeError, ProtocolError)) as refused:
        shop[1].write(add_lookout, **asked)
    assert refused.value.code == code


def test_ones_own_products_are_not_watched(shop):
    lumen = shop[0]
    with pytest.raises(NotFound):
        lumen.write(add_lookout, product=product_of(lumen, "S1"))


def test_the_list_has_an_end(shop, monkeypatch):
    monkeypatch.setattr(lookouts, "MOST", 1)
    ana = shop[1]
    first = ana.write(add_lookout, product=product_of(ana, "S1"))
    with pytest.raises(ConflictError) as full:
        ana.write(add_lookout, product=product_of(ana, "V1"))
    assert full.value.code == "too-many"
    ana.write(remove_lookout, lookout=ids(first))
    ana.write(add_lookout, product=product_of(ana, "V1"))
    with pytest.raises(ConflictError):
        ana.write(restore_lookout, lookout=ids(first))


def test_of_too_many_notices_the_oldest_go(world, shop, monkeypatch):
    monkeypatch.setattr(lookout_sights, "MOST_NOTICES", 2)
    lumen, ana = shop
    ana.write(add_lookout, product=product_of(ana, "S1"))
    for price in ("4.00", "3.00", "2.00"):
        change(world, lumen, line("soap", "S1", price, code=CODE))
    assert [item[4] for item in told(ana)] == [200, 300]


# --- when a wish is met

_GOODS = GoodsFacts("Soap", None, b"w", b"p", b"", b"")
_OFFER = OfferFacts(b"p", 500, "USD", out=False, plan=None, deals=b"", terms=b"")
_WHERE = (b"f" * 32, b"s" * 32, "soap")
_sights = st.builds(
    lambda goods, price, out: Sight(None) if goods is None else Sight(goods, {"S1": replace(_OFFER, price=price, out=out)}),
    st.sampled_from([None, _GOODS, _GOODS, replace(_GOODS, recall=("x", 1))]),
    st.integers(1, 6),
    st.booleans(),
)


def run(sights, wish, at_most=None):
    """What a list would tell, sight by sight."""
    row = Lookout(b"i" * 32, _WHERE, "", wish, at_most, "USD", "Soap", {_WHERE: sights[0]}, 0)
    found = []
    for sight in sights[1:]:
        found.append([told.kind for _, _, told in worth_telling(row, {_WHERE: sight})])
        row = replace(row, seen={_WHERE: sight})
    return found


def had(sight):
    offer = sight.offers.get("S1")
    return offer.price if sight.goods and not sight.goods.recall and offer and not offer.out else None


@given(st.lists(_sights, min_size=2, max_size=8), st.integers(1, 6))
@settings(deadline=None)
def test_a_price_is_told_exactly_when_it_is_reached(sights, most):
    expected = [
        had(after) is not None and had(after) <= most and (had(before) is None or had(before) > most) for before, after in pairwise(sights)
    ]
    assert [bool(kinds) for kinds in run(sights, Wish.PRICE, most)] == expected


@given(st.lists(_sights, min_size=2, max_size=8))
@settings(deadline=None)
def test_any_change_is_told_and_nothing_that_stayed(sights):
    for (before, after), kinds in zip(pairwise(sights), run(sights, Wish.ANY), strict=True):
        assert bool(kinds) == (before != after)
        gone = run([before, after], Wish.GONE)[0]
        back = run([before, after], Wish.BACK)[0]
        assert set(gone) == set(kinds) & {Kind.GONE, Kind.RECALLED}
        assert set(back) == set(kinds) & {Kind.BACK, Kind.NEW, Kind.ALLOWED}
