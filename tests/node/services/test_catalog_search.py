"""Searching over several merchants' catalogs, and what a sale earns."""

from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest

from node.errors import NotFound, UserError
from node.model.listing import ProductFile, ProductRow, VariantRow
from node.services import browse, catalog, catalog_search, plans
from node.store.catalog_file import file_of
from protocol.encoding import encode

GTIN = "4006381333931"
BEYOND = urlsafe_b64encode(encode([0, "rose", 0, 2**63, 0])).decode()
"""A cursor that no column of the catalog file could have given."""


def variant(sku, price, *, gtin="", in_stock=True, currency="USD"):
    return VariantRow(sku, "", (), price, None, currency, gtin, None, in_stock, None, True, "", 1)


def product(handle, title, *variants, vendor="Lumen", category="Care"):
    return ProductRow(handle, title, "", vendor, category, (), (), (), variants, 1)


def file(*products):
    return ProductFile("lines", products, ())


@pytest.fixture
def ana(world):
    """Two merchants with a plan each (10 % and 30 %), and a seller who follows both."""
    ana = world.node("ana")
    for name, bps, goods in (
        (
            "lumen",
            1000,
            (
                product("rose", "Rose soap", variant("R1", 1000, gtin=GTIN), variant("R2", 1500)),
                product("pear", "Pear soap", variant("P", 800)),
            ),
        ),
        (
            "noir",
            3000,
            (
                product("rose", "Rosé savon", variant("N", 900, gtin="0" + GTIN)),
                product("fig", "Fig balm", variant("F", 500, in_stock=False), vendor="Noir"),
            ),
        ),
    ):
        merchant = world.node(name, "merchant")
        world.pair(merchant, ana)
        merchant.write(catalog.import_products, file=file(*goods), currency="USD")
        merchant.write(plans.publish_plan, currency="USD", direct_bps=bps, level_bps=[])
    world.deliver()
    return ana


def titles(node, **asked):
    return [view.title for view in node.read(catalog_search.search_products, **asked).listings]


def test_words_filters_and_orders_over_all_merchants(ana, world):
    noir = next(node for node in world.nodes.values() if node.name == "noir")
    assert titles(ana) == ["Fig balm", "Pear soap", "Rosé savon", "Rose soap"]
    assert titles(ana, q="ros so") == ["Rose soap"]
    assert titles(ana, q="ROSÉ") == ["Rosé savon", "Rose soap"]
    assert titles(ana, q="r2") == ["Rose soap"]
    assert titles(ana, q=GTIN) == ["Rose soap"]
    assert titles(ana, q="?!") == []
    assert titles(ana, merchant=noir.identity, order="dear") == ["Rosé savon", "Fig balm"]
    with pytest.raises(NotFound, match="gemstra catalog feeds"):
        titles(ana, merchant=bytes(32))
    assert titles(ana, brand="noir") == ["Fig balm"]
    assert titles(ana, category="care", in_stock=True, order="cheap") == ["Pear soap", "Rosé savon", "Rose soap"]
    assert titles(ana, lowest=800, highest=900) == ["Pear soap", "Rosé savon"]


def test_what_a_sale_earns_is_worked_out_from_the_plan(ana):
    page = ana.read(catalog_search.search_products, order="earns")
    assert [(view.title, view.earns, view.earns_bps) for view in page.listings] == [
        ("Rosé savon", 270, 3000),
        ("Fig balm", 150, 3000),
        ("Rose soap", 100, 1000),
        ("Pear soap", 80, 1000),
    ]
    assert titles(ana, order="earns", earns=100, limit=2) == ["Rosé savon", "Fig balm"]
    again = ana.read(catalog_search.search_products, order="earns", earns=100, limit=2)
    assert titles(ana, order="earns", earns=100, limit=2, cursor=again.cursor) == ["Rose soap"]
    assert titles(ana, earns=100) == ["Fig balm", "Rosé savon", "Rose soap"]
    assert titles(ana, earns=10**9) == []


def test_an_offer_under_no_plan_earns_nothing(world):
    ana, lumen = world.node("ana"), world.node("lumen", "merchant")
    world.pair(lumen, ana)
    lumen.write(catalog.import_products, file=file(product("a", "Amber", variant("A", 100))), currency="USD")
    world.deliver()
    [view] = ana.read(catalog_search.search_products, order="earns").listings
    assert (view.earns, view.earns_bps) == (0, 0)
    assert titles(ana, earns=1) == []


def test_pages_follow_each_other(ana):
    for order in ("best", "cheap", "dear"):
        found, cursor = [], ""
        while True:
            page = ana.read(catalog_search.search_products, order=order, limit=1, cursor=cursor)
            found += [view.product for view in page.listings]
            cursor = page.cursor
            if not cursor:
                break
        assert len(set(found)) == 4
        assert page.total == 4


@pytest.mark.parametrize("wrong", [{"cursor": "nonsense"}, {"order": "odd"}, {"order": "earns", "cursor": "-1"}, {"cursor": BEYOND}])
def test_what_is_asked_wrongly_is_said(ana, wrong):
    with pytest.raises(UserError) as caught:
        ana.read(catalog_search.search_products, **wrong)
    assert caught.value.code == "bad-request"


def test_a_word_behind_an_apostrophe_is_found_with_and_without_it(ana, world):
    noir = next(node for node in world.nodes.values() if node.name == "noir")
    noir.write(catalog.import_products, file=file(product("oil", "Huile d'Ambre", variant("O", 700))), currency="USD")
    noir.write(catalog.import_products, file=file(product("scent", "L’eau women's", variant("W", 800))), currency="USD")
    world.deliver()
    assert [titles(ana, q=typed) for typed in ("ambre", "d'ambre", "dambre", "huile amb")] == [["Huile d'Ambre"]] * 4
    assert [titles(ana, q=typed) for typed in ("eau", "l'eau", "women's", "womens")] == [["L’eau women's"]] * 4


def test_the_same_code_is_compared_across_merchants(ana):
    found = ana.read(catalog_search.compare_code, code=f" {GTIN[:4]}-{GTIN[4:]}")
    assert [(view.merchant_name, view.price, view.earns) for view in found] == [("noir", 900, 270), ("lumen", 1000, 100)]
    assert ana.read(catalog_search.compare_code, code="12345670") == []
    with pytest.raises(UserError):
        ana.read(catalog_search.compare_code, code="R1")


def test_brands_and_categories_to_choose_from(ana):
    assert ana.read(catalog_search.list_choices) == catalog_search.ChoicesView(("Lumen", "Noir"), ("Care",), ("USD",))
    assert ana.read(catalog_search.list_choices, brand="n").brands == ("Noir",)


def test_while_the_file_is_filled_again_a_feed_says_so(ana, world):
    ana.store.close()
    file_of(ana.path).unlink()
    ana.reopen()
    assert titles(ana) == []
    assert {(feed.held, feed.verified) for feed in ana.read(browse.list_feeds)} == {(0, False)}
    world.tick(catalog.ASK_AGAIN_MS)
    world.deliver()
    assert len(titles(ana)) == 4
    assert all(feed.verified and feed.held == feed.size for feed in ana.read(browse.list_feeds))


def test_a_product_that_was_called_back_says_so(ana, world):
    from protocol.codec import from_bytes, to_bytes
    from protocol.operations import put
    from protocol.product import Product, Withdrawal, product_id

    lumen = next(node for node in world.nodes.values() if node.name == "lumen")

    def call_back(unit):
        [row] = unit.catalog.feeds(own=True)
        record = from_bytes(Product, unit.catalog.record(row.feed, ("product", "pear")))
        gone = replace(record, withdrawal=Withdrawal("it breaks", unit.now))
        offer = unit.catalog.offer(row.feed, "P").offer
        catalog._write(unit, row, [put(gone), put(replace(offer, product=product_id(to_bytes(gone))))])

    lumen.write(call_back)
    world.deliver()
    assert {view.title: view.withdrawn for view in ana.read(catalog_search.search_products, q="soap").listings} == {
        "Pear soap": True,
        "Rose soap": False,
    }
    page = ana.read(catalog_search.search_products, q="soap")
    assert {view.title: (view.refusal, view.stock) for view in page.listings} == {
        "Pear soap": ("P: it was withdrawn: it breaks", "in_stock"),  # the merchant's word, which counts no more
        "Rose soap": ("", "in_stock"),
    }
    assert titles(ana, q="soap", in_stock=True) == ["Rose soap"]
