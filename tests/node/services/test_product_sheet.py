"""A product in full: its price for one's own rank and moment, its texts in a language, its recall, and whoever else sells it."""

from dataclasses import replace

import pytest

from node.errors import NotFound
from node.model.catalog_batch import Batch
from node.services import (
    brand_offers,
    brand_plans,
    browse,
    catalog,
    catalog_following,
    catalog_search,
    plans,
    product_sheet,
    team,
    withdrawals,
)
from node.services.brand_offers import SkuPrice
from node.services.catalog_batches import publish_batch, roll_back
from node.services.ranks import give_rank
from node.store.catalog_writer import FileWriter
from protocol.codec import from_bytes
from protocol.errors import Conflict
from protocol.money import Money
from protocol.offer import Offer, Promotion, RankPrice
from protocol.operations import Noun, put, remove
from protocol.product import Product, Size, Translation
from protocol.return_policy import ReturnCost, ReturnPolicy

from .shop import WINDOW, file
from .world import World

DAY = 86_400_000


class Market:
    """A brand whose cream two merchants sell, and ana, who is a member of the first and follows both."""

    def __init__(self, folder) -> None:
        self.world = World(folder)
        self.solis = self.world.node("solis", "brand")
        self.shops = [self.world.node(name, "merchant") for name in ("lumen", "noir")]
        self.ana = self.world.node("ana")
        self.solis.write(catalog.import_products, file=file(cream=5200), currency="USD")
        self.describe()
        self.solis.write(brand_plans.publish_bounds, window_least=WINDOW)
        for shop, price in zip(self.shops, (5200, 4900), strict=True):
            shop.write(plans.publish_plan, currency="USD", direct_bps=2000, level_bps=[500], return_window_ms=WINDOW)
            self.world.pair(self.solis, shop)
            shop.write(catalog_following.sync)
            self.settle()
            product = next(item for item in shop.read(brand_offers.list_brand_products) if item.skus == ("cream",))
            shop.write(brand_offers.offer_product, product=bytes.fromhex(product.product), prices=[SkuPrice("cream", price)])
            self.world.pair(shop, self.ana)
        self.ana.write(catalog_following.sync)
        self.ana.write(team.join, merchant=self.shops[0].identity)
        self.settle()
        [member] = self.shops[0].read(team.list_members)
        self.member = bytes.fromhex(member.member)
        self.shops[0].write(team.accept_member, member=self.member)
        self.settle()

    def settle(self):
        for _ in range(3):
            self.world.deliver()
            self.world.tick()
        self.world.deliver()

    def describe(self):
        """The brand says more of its cream, in two languages."""

        def run(unit):
            [row] = unit.catalog.feeds(own=True)
            known = from_bytes(Product, unit.catalog.record(row.feed, (Noun.PRODUCT, "cream")))
            said = Translation("de", "Creme", "Eine Creme", None, "Wasser", ("Nicht in die Augen",))
            more = {"care": "Keep cool", "ingredients": "Water", "warnings": ("Not for eyes",), "origin": "DE", "size": Size(40, 40, 110)}
            catalog.publish(unit, "USD", [put(replace(known, language="en", translations=(said,), weight=80, **more))])

        self.solis.write(run)

    def sheet(self, **asked):
        [found] = {listing.product for listing in self.ana.read(catalog_search.search_products).listings if listing.skus == ("cream",)}
        return self.ana.read(product_sheet.get_product, product=bytes.fromhex(found), **asked)

    def offer(self, **terms):
        """The first merchant signs its offer anew with more terms, and a return policy beside it."""

        def run(unit):
            [row] = unit.catalog.feeds(own=True)
            known = from_bytes(Offer, unit.catalog.record(row.feed, (Noun.OFFER, "cream")))
            policy = ReturnPolicy("thirty", 30, ReturnCost.MERCHANT, 500, "Unopened.")
            catalog.publish(unit, "USD", [put(policy), put(replace(known, returns="thirty", **terms))])

        self.shops[0].write(run)
        self.settle()


@pytest.fixture
def market(tmp_path):
    made = Market(tmp_path)
    yield made
    made.world.close()


def usd(minor):
    return Money(minor, "USD")


def test_it_is_of_the_cheapest_shop_or_of_the_one_asked_for_and_names_the_others(market):
    lumen, noir = market.shops
    sheet = market.sheet()
    assert (sheet.merchant, sheet.variants[0].price) == (noir.identity.hex(), 4900)
    assert [(shop.merchant_name, shop.price, shop.stock) for shop in sheet.shops] == [("lumen", 5200, "in_stock")]
    asked = market.sheet(merchant=lumen.identity)
    assert (asked.merchant_name, asked.variants[0].price) == ("lumen", 5200)
    assert [shop.merchant_name for shop in asked.shops] == ["noir"]
    assert market.sheet(merchant=bytes(32)).merchant_name == "noir", "a shop that doesn't sell it"
    with pytest.raises(NotFound):
        market.ana.read(product_sheet.get_product, product=bytes(32))


def test_a_price_is_that_of_ones_rank_and_moment_with_what_it_earns(market):
    lumen, now = market.shops[0], market.world.clock()
    market.offer(ranks=(RankPrice(2, usd(4800)),), promotions=(Promotion("Dawn", usd(4000), now + DAY, now + 2 * DAY),), least=2, most=6)
    [before] = market.sheet(merchant=lumen.identity).variants
    assert (before.price, before.listed, before.rule, before.earns, before.earns_bps) == (5200, 5200, "list", 1040, 2000)
    assert (before.least, before.most) == (2, 6)
    lumen.write(give_rank, member=market.member, rank=3)
    market.settle()
    [ranked] = market.sheet(merchant=lumen.identity).variants
    assert (ranked.price, ranked.listed, ranked.rule, ranked.earns) == (4800, 5200, "rank", 960)
    market.world.tick(DAY)
    [cheap] = market.sheet(merchant=lumen.identity).variants
    assert (cheap.price, cheap.rule, cheap.promotion, cheap.until) == (4000, "promotion", "Dawn", now + 2 * DAY)


def test_its_texts_stand_in_the_language_asked_for_where_it_has_them(market):
    sheet = market.sheet()
    assert (sheet.title, sheet.language, sheet.languages) == ("Product cream", "en", ("en", "de"))
    assert (sheet.care, sheet.warnings, sheet.origin, sheet.weight, sheet.size) == ("Keep cool", ("Not for eyes",), "DE", 80, (40, 40, 110))
    german = market.sheet(language="de-CH")
    assert (german.title, german.description, german.language) == ("Creme", "Eine Creme", "de")
    assert (german.care, german.ingredients, german.warnings) == ("Keep cool", "Wasser", ("Nicht in die Augen",))
    assert market.sheet(language="fr").title == "Product cream"


def test_how_it_comes_back_is_said(market):
    market.offer()
    [policy] = market.sheet(merchant=market.shops[0].identity).returns
    assert (policy.name, policy.days, policy.cost, policy.fee_bps, policy.conditions) == ("thirty", 30, "merchant", 500, "Unopened.")


def test_a_recall_says_why_at_every_shop(market):
    market.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    market.settle()
    for shop in market.shops:
        sheet = market.sheet(merchant=shop.identity)
        assert sheet.withdrawn == "The glass may splinter."
        assert sheet.withdrawn_at <= market.world.clock()
        assert "splinter" in sheet.variants[0].refusal


def test_a_brand_sees_what_it_has_though_it_has_no_price(market):
    found = next(item for item in market.solis.read(catalog_search.search_products).listings if item.title == "Product cream")
    sheet = market.solis.read(product_sheet.get_product, product=bytes.fromhex(found.product))
    [variant] = sheet.variants
    assert (variant.sku, variant.price, variant.plan, sheet.shops) == ("cream", None, "", ())


def found(node, **asked):
    return {(view.merchant_name, view.title): view for view in node.read(catalog_search.search_products, **asked).listings if view.skus}


def test_what_a_brand_called_back_says_so_though_its_shop_has_not_signed_it_anew(market, monkeypatch):
    """The offer names the record from before: it stays, is told with the brand's reason, and can't be ordered."""
    monkeypatch.setattr(brand_offers, "_renewed", lambda _unit, _offer: None)
    ana, lumen = market.ana, market.shops[0]
    assert {view.refusal for view in found(ana, in_stock=True).values()} == {""}
    market.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    market.settle()
    shown = found(ana, q="cream")
    assert {name for name, _ in shown} == {"lumen", "noir"}
    assert all(view.withdrawn and "splinter" in view.refusal for view in shown.values())
    assert found(ana, in_stock=True) == {}
    sheet = market.sheet(merchant=lumen.identity)
    assert (sheet.withdrawn, [shop.merchant_name for shop in sheet.shops]) == ("The glass may splinter.", ["noir"])
    assert "splinter" in sheet.variants[0].refusal
    assert ana.read(browse.list_offers, purchasable=True) == []
    with pytest.raises(Conflict) as refused:
        ana.read(brand_offers.require_sellable, merchant=lumen.identity, skus=["cream"])
    assert refused.value.code == "withdrawn"
    market.solis.write(withdrawals.allow_again, handle="cream")
    market.settle()
    assert {view.refusal for view in found(ana, q="cream", in_stock=True).values()} == {""}


def test_an_offer_that_comes_back_by_taking_a_batch_back_is_shown_as_called_back(market):
    """The shop had stopped offering it before the brand called it back."""
    lumen = market.shops[0]
    [row] = lumen.read(lambda unit: unit.catalog.feeds(own=True))

    def stop(unit):
        batch = Batch(bytes(32), row.feed, "import", "stopped", unit.now, 0, 0)
        publish_batch(unit, "USD", [("cream", [remove(Noun.OFFER, "cream")])], batch)

    lumen.write(stop)
    market.settle()
    assert {name for name, _ in found(market.ana, q="cream")} == {"noir"}
    market.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    market.settle()
    assert lumen.write(roll_back, batch=bytes(32)).restored == 1
    market.settle()
    shown = found(market.ana, q="cream")
    assert {(name, view.withdrawn) for (name, _), view in shown.items()} == {("lumen", True), ("noir", True)}
    assert found(market.ana, in_stock=True) == {}


def test_it_is_found_by_its_title_in_another_language(market):
    assert {title for _, title in found(market.ana, q="creme")} == {"Product cream"}
    assert found(market.ana, q="wasser") == {}, "titles only"


def test_the_search_goes_by_ones_own_price_and_what_it_brings(market):
    lumen, now = market.shops[0], market.world.clock()
    market.offer(ranks=(RankPrice(2, usd(4000)),), promotions=(Promotion("Dawn", usd(2000), now + DAY, now + 2 * DAY),))

    def cheapest():
        return [(view.merchant_name, view.price, view.earns) for view in found(market.ana, q="cream", order="cheap").values()]

    assert cheapest() == [("noir", 4900, 980), ("lumen", 5200, 1040)]
    assert {name for name, _ in found(market.ana, earns=1000)} == {"lumen"}
    lumen.write(give_rank, member=market.member, rank=3)
    market.settle()
    assert cheapest() == [("lumen", 4000, 800), ("noir", 4900, 980)]
    assert {name for name, _ in found(market.ana, earns=900)} == {"noir"}
    market.world.tick(DAY)
    market.ana.store.catalog.write_now(FileWriter.renew)
    assert {name for name, _ in found(market.ana, highest=2000)} == {"lumen"}
    market.world.tick(DAY)
    market.ana.store.catalog.write_now(FileWriter.renew)
    assert found(market.ana, highest=2000) == {}
    assert [name for name, _ in found(market.ana, order="earns")] == ["noir", "lumen"]
