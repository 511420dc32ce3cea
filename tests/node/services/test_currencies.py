"""Amounts of several currencies in the search: which one counts, what is left out, and that it is said."""

import pytest

from node.errors import UserError
from node.services import catalog, catalog_search, currencies, plans
from node.store import catalog_search as book
from node.store.catalog_writer import FileWriter
from tests.node.services.test_catalog_search import file, product, variant

GOODS = {
    "lumen": ("USD", (("rose", "Rose soap", 1000), ("pear", "Pear soap", 800))),
    "noir": ("EUR", (("fig", "Fig balm", 500), ("oil", "Oil", 900), ("wax", "Wax", 90))),
    "sora": ("JPY", (("tea", "Tea", 70),)),
}


def publish(merchant, currency, goods):
    shown = (product(handle, title, variant(handle.upper(), price, currency=currency)) for handle, title, price in goods)
    merchant.write(catalog.import_products, file=file(*shown), currency=currency)


def open_shops(world, ana, names=tuple(GOODS)):
    shops = {}
    for name in names:
        shops[name] = world.node(name, "merchant", GOODS[name][0])
        world.pair(shops[name], ana)
        publish(shops[name], *GOODS[name])
    world.deliver()
    return shops


def found(node, **asked):
    page = node.read(catalog_search.search_products, **asked)
    return [(view.title, view.currency) for view in page.listings], page


def expected(*names, lowest=0, highest=10**12):
    sold = [(title, GOODS[name][0], price) for name in names for _, title, price in GOODS[name][1]]
    return sorted((price, title, currency) for title, currency, price in sold if lowest <= price <= highest)


COMPARED = ({"order": "cheap"}, {"order": "dear"}, {"order": "earns"}, {"lowest": 80}, {"highest": 950}, {"earns": 0})


@pytest.mark.parametrize(
    ("mine", "counts", "why"), [("EUR", "EUR", "your currency"), ("CHF", "EUR", "most offers"), ("JPY", "JPY", "your")]
)
def test_where_amounts_are_compared_one_currency_counts_and_it_is_said(world, mine, counts, why):
    ana = world.node("ana", currency=mine)
    open_shops(world, ana)
    shop = next(name for name, (currency, _) in GOODS.items() if currency == counts)
    others = sorted(currency for currency, _ in GOODS.values() if currency != counts)
    for asked in COMPARED:
        titles, page = found(ana, **asked)
        limits = {name: value for name, value in asked.items() if name in {"lowest", "highest"}}
        assert sorted(titles) == sorted((title, currency) for _, title, currency in expected(shop, **limits))
        assert (page.total, page.currency) == (len(titles), counts)
        [note] = page.notes
        assert f"Shown is what is sold in {counts}, " in note
        assert why in note
        assert note.endswith(f"choose another currency: {', '.join(others)}.")


def test_without_amounts_every_currency_is_shown(world):
    ana = world.node("ana")
    open_shops(world, ana)
    titles, page = found(ana, q="")
    assert len(titles) == 6
    assert (page.currency, page.notes) == ("", ())


def test_the_control_prices_of_several_currencies_would_stand_between_each_other(world, monkeypatch):
    ana = world.node("ana")
    open_shops(world, ana)
    monkeypatch.setattr(catalog_search, "counting_in", lambda unit, rows: currencies.Counting(("USD",), "USD", is_mine=True))
    titles, _ = found(ana, order="cheap")
    assert titles == [(title, currency) for _, title, currency in expected(*GOODS)]
    assert len({currency for _, currency in titles}) == 3


@pytest.mark.parametrize("chosen", ["eur", " EUR "])
def test_a_currency_that_was_chosen_is_filtered_by_and_nothing_need_be_said(world, chosen):
    ana = world.node("ana")
    open_shops(world, ana)
    for asked in ({}, {"order": "cheap"}, {"order": "cheap", "lowest": 100}):
        titles, page = found(ana, currency=chosen, **asked)
        least = asked.get("lowest", 0)
        assert sorted(titles) == sorted((title, currency) for _, title, currency in expected("noir", lowest=least))
        assert (page.currency, page.notes) == ("EUR", ())


def test_a_currency_that_nothing_is_sold_in_is_refused_and_those_that_are_named(world):
    ana = world.node("ana")
    with pytest.raises(UserError, match="There is: none yet"):
        found(ana, currency="EUR")
    open_shops(world, ana)
    with pytest.raises(UserError, match=r"No catalog here is in CHF\. There is: EUR, JPY, USD\.") as caught:
        found(ana, currency="chf")
    assert caught.value.code == "bad-request"


def test_at_one_shop_with_one_currency_that_one_counts(world):
    ana = world.node("ana")
    shops = open_shops(world, ana)
    titles, page = found(ana, merchant=shops["noir"].identity, order="cheap")
    assert [title for title, _ in titles] == ["Wax", "Fig balm", "Oil"]
    assert (page.currency, page.notes) == ("", ())


def test_a_shop_with_price_lists_in_two_currencies_is_asked_in_one(world):
    ana = world.node("ana")
    noir = open_shops(world, ana, ["noir"])["noir"]
    publish(noir, "USD", [("fig", "Fig balm", 600)])
    world.deliver()
    assert ana.read(currencies.counting).held == ("EUR", "USD")
    assert found(ana, order="cheap")[0] == [("Fig balm", "USD")]
    assert len(found(ana, order="cheap", currency="EUR")[0]) == 3


@pytest.mark.parametrize("asked", [{"order": "cheap"}, {"order": "dear"}, {"order": "earns"}, {"order": "best"}])
def test_where_nothing_is_offered_no_currency_is_left_out(world, asked):
    """A brand's own catalogs have no prices: there is nothing to compare."""
    solis = world.node("solis", "brand", "EUR")
    for currency, goods in GOODS.values():
        publish(solis, currency, goods)
    assert solis.read(currencies.counting).held == ("EUR", "JPY", "USD")
    titles, page = found(solis, **asked)
    assert (len(titles), page.total, page.currency, page.notes) == (6, 6, "", ())
    assert len(found(solis, currency="EUR", **asked)[0]) == 3


def test_pages_go_on_in_the_currency_that_counts(world):
    ana = world.node("ana", currency="EUR")
    open_shops(world, ana)
    titles, cursor = [], ""
    while True:
        some, page = found(ana, order="dear", limit=1, cursor=cursor)
        titles += some
        cursor = page.cursor
        if not cursor:
            break
    assert titles == [("Oil", "EUR"), ("Fig balm", "EUR"), ("Wax", "EUR")]


def as_an_upgrade_leaves_it(writing):
    writing._db.execute("UPDATE listings SET earns = 0")
    writing._db.execute("INSERT INTO renewals (product) SELECT product FROM products")
    writing._db.execute("UPDATE renewing SET waiting = (SELECT count(*) FROM renewals)")


@pytest.fixture
def upgraded(world):
    ana = world.node("ana")
    lumen = open_shops(world, ana, ["lumen"])["lumen"]
    lumen.write(plans.publish_plan, currency="USD", direct_bps=1000, level_bps=[])
    world.deliver()
    assert len(found(ana, earns=1)[0]) == 2
    ana.store.catalog.write_now(as_an_upgrade_leaves_it)
    return ana


def test_while_figures_are_worked_out_anew_it_is_said_of_how_many(upgraded, monkeypatch):
    ana = upgraded
    monkeypatch.setattr(book, "AT_ONCE", 0)
    assert found(ana)[1].waiting == 2
    ana.store.catalog.write_now(FileWriter.renew, 1)
    titles, page = found(ana, earns=1)
    assert len(titles) == 1, "one of two is reckoned"
    assert (page.waiting, page.waiting_of) == (1, 2)
    [note] = page.notes
    assert "Still working out what 1 of 2 products cost you and bring you." in note
    assert "doesn't find all" in note
    ana.store.catalog.write_now(FileWriter.renew, 1)
    titles, page = found(ana, earns=1)
    assert len(titles) == 2
    assert (page.waiting, page.notes) == (0, ())


def test_so_few_that_they_are_done_at_once_are_not_told(upgraded):
    page = found(upgraded)[1]
    assert (page.waiting, page.notes) == (0, ())
