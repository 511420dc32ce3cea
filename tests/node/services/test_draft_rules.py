"""What cannot be drafted or signed: classes of tax that are not there, names nobody can read, more than was chosen, what a brand called back."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, UserError
from node.services import catalog, catalog_bulk, catalog_following, drafts, piles, pricing, product_sheet, shop_terms
from node.services.catalog_bulk import Change, Selection
from node.services.catalog_edits import CatalogEdits
from node.services.shop_terms import TaxClass
from protocol.offer import Stock
from protocol.order_checks import Priced
from protocol.order_records import Line

from .shop import file
from .test_brand_offers import Trade
from .test_drafts import SOAP, Desk
from .world import World


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.world.close()


def test_an_offer_is_taxed_by_a_class_that_the_shop_has(desk):
    desk.stocked()
    for refused in (
        lambda: desk.change(tax_class="reducde"),
        lambda: desk.node.read(catalog_bulk.check_change, "USD", Change(tax_class="reducde")),
    ):
        with pytest.raises(UserError) as caught:
            refused()
        assert caught.value.code == "unknown-tax"
    desk.node.write(shop_terms.set_terms, taxes=[TaxClass("reduced", 700)])
    for name in ("reduced", "standard", "none", ""):
        desk.change(tax_class=name)


def test_goods_of_a_class_that_was_taken_away_are_taxed_as_standard(desk):
    desk.node.write(shop_terms.set_terms, taxes=[TaxClass("standard", 1900)])
    known = {name: Priced(b"", 1000, "USD", tax_class=name) for name in ("gone", "", "standard", "none")}
    lines = {name: [Line(name, b"", 1, 1000, 0, 1000)] for name in known}
    found = {name: desk.node.read(pricing.tax, lines[name], known) for name in known}
    assert found == {"gone": 190, "": 190, "standard": 190, "none": 0}


@pytest.mark.parametrize("handle", ["a\nb", "a\0", "so\u202eap", "a\u200b"])
def test_a_name_is_of_letters_that_can_be_seen(desk, handle):
    with pytest.raises(UserError) as caught:
        desk.product(replace(SOAP, handle=handle))
    assert caught.value.code == "bad-name"


def test_one_sku_found_by_its_name_goes_without_the_others(desk):
    desk.stocked()
    desk.edits.change_many_now("USD", Selection(search="soap-s"), Change(withdraw=True), dry=False)
    assert desk.rows().keys() == {("offer", "soap-s")}
    desk.node.write(piles.discard, pile=desk.pile)
    desk.edits.change_many_now("USD", Selection(search="Soap"), Change(withdraw=True), dry=False)
    assert desk.rows().keys() == {("product", "soap")}


def test_what_a_brand_has_called_back_is_not_signed_but_as_sold_out(tmp_path):
    trade = Trade(tmp_path)
    trade.offer()
    offer = trade.lumen.read(drafts.get_offer, currency="USD", sku="cream")
    trade.lumen.write(drafts.save_offer, currency="USD", offer=replace(offer, least=2, stock=Stock.LOW))
    edits = CatalogEdits(trade.lumen.store)
    trade.change(valid_to=trade.world.clock())
    pile = bytes.fromhex(trade.lumen.read(piles.open_drafts, currency="USD").id)
    with pytest.raises(ConflictError) as caught:
        edits.publish_now(pile)
    assert caught.value.code == "not-sellable"
    signed = trade.lumen.read(lambda unit: unit.catalog.offers(None, "", 9))
    assert [item.offer.stock for item in signed] == [Stock.OUT]  # the node itself signed it so
    trade.change(valid_to=None)
    edits.publish_now(pile, anyway=True)
    assert (trade.offers()["cream"].refusal, trade.offers()["cream"].stock) == ("", "low")
    trade.world.close()


def test_two_shops_that_sell_the_same_record_are_told_apart(tmp_path):
    world = World(tmp_path)
    shops = [(world.node(name, "merchant"), price) for name, price in (("lumen", 900), ("noir", 800))]
    ana = world.node("ana")
    for shop, price in shops:
        shop.write(catalog.import_products, file=file(soap=price), currency="USD")
        world.pair(shop, ana)
    ana.write(catalog_following.sync)
    world.deliver()
    [product] = {item.offer.product for item in ana.read(lambda unit: unit.catalog.offers(None, "", 9)) if item.offer.sku == "soap"}
    for shop, price in shops:
        sheet = ana.read(product_sheet.get_product, product=product, merchant=shop.identity)
        assert [item.price for item in sheet.variants] == [price]
        assert [other.price for other in sheet.shops] == [1700 - price]
    world.close()
