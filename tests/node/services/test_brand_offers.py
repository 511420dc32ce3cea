"""A merchant's offers of a brand's products: under the brand's bounds, renewed, withdrawn, and refused by whoever would sell them."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import brand_offers, brand_plans, catalog, catalog_following, orders, plans, quotes, team, withdrawals
from node.services.brand_offers import SkuPrice
from node.services.quotes import LineInput
from node.store import catalog as repository
from protocol.codec import from_bytes
from protocol.errors import ProtocolError
from protocol.operations import Noun, put
from protocol.product import Product

from .shop import WINDOW, file, fund
from .world import World

BOUNDS = {"direct_least": 1_500, "direct_most": 2_500, "total_most": 3_000, "levels_most": 2, "window_least": WINDOW}


class Trade:
    """`solis` the brand, `lumen` a merchant with a plan that keeps its bounds."""

    def __init__(self, folder) -> None:
        self.world = World(folder)
        self.solis, self.lumen = self.world.node("solis", "brand"), self.world.node("lumen", "merchant")
        fund(self.lumen, 10**24)
        self.solis.write(catalog.import_products, file=file(cream=5200, serum=2600), currency="USD")
        self.solis.write(brand_plans.publish_bounds, **BOUNDS)
        self.lumen.write(plans.publish_plan, currency="USD", direct_bps=2000, level_bps=[500], return_window_ms=WINDOW)
        self.world.pair(self.solis, self.lumen)
        self.solis.write(brand_plans.publish_bounds, **BOUNDS)
        self.lumen.write(catalog_following.sync)
        self.deliver()

    def deliver(self):
        self.world.deliver()
        self.world.tick()
        self.world.deliver()

    def product(self, title="Product cream"):
        return next(item for item in self.lumen.read(brand_offers.list_brand_products) if item.title == title)

    def offer(self, price=5200, **named):
        return self.lumen.write(
            brand_offers.offer_product, product=bytes.fromhex(self.product().product), prices=[SkuPrice("cream", price)], **named
        )

    def offers(self):
        return {item.sku: item for item in self.lumen.read(brand_offers.list_brand_offers)}

    def change(self, **changes):
        """The brand signs its product anew."""

        def run(unit):
            [row] = unit.catalog.feeds(own=True)
            known = from_bytes(Product, unit.catalog.record(row.feed, (Noun.PRODUCT, "cream")))
            catalog.publish(unit, "USD", [put(replace(known, **changes))])

        self.solis.write(run)
        self.deliver()


@pytest.fixture
def trade(tmp_path):
    made = Trade(tmp_path)
    yield made
    made.world.close()


def test_of_all_offers_only_those_of_brands_products_are_read(trade, monkeypatch):
    trade.lumen.write(catalog.import_products, file=file(**{f"own-{number}": 100 for number in range(20)}), currency="USD")
    trade.offer()
    looked = []
    record = repository.Catalog.record

    def spy(book, feed, slot):
        looked.append(slot)
        return record(book, feed, slot)

    monkeypatch.setattr(repository.Catalog, "record", spy)

    def read():
        looked.clear()
        found = trade.offers()
        return found, {name for noun, name in looked if noun is Noun.OFFER}

    found, names = read()
    assert (list(found), names) == (["cream"], {"cream"})
    trade.lumen.store.catalog.write_now(lambda writing: writing._db.execute("UPDATE renewing SET marked = 0"))
    again, names = read()
    assert again == found
    assert {"cream", "own-0", "own-19"} <= names, "the control: of a file from before, until it is brought up to date, all are read"


def test_an_offer_counts_as_a_brands_in_the_transaction_that_signs_it(trade):
    named = {"product": bytes.fromhex(trade.product().product), "prices": [SkuPrice("cream", 5200)]}

    def both(unit):
        brand_offers.offer_product(unit, **named)
        signed = [item.sku for item in brand_offers.list_brand_offers(unit)]
        brand_offers.stop_offering(unit, named["product"])
        return signed, brand_offers.list_brand_offers(unit)

    assert trade.lumen.write(both) == (["cream"], [])


def test_what_is_left_out_stays_offered_unless_only_the_named_ones_shall_be(trade):
    [row] = trade.solis.read(lambda unit: unit.catalog.feeds(own=True))
    known = from_bytes(Product, trade.solis.read(lambda unit: unit.catalog.record(row.feed, (Noun.PRODUCT, "cream"))))
    trade.change(variants=(*known.variants, replace(known.variants[0], sku="cream-l", gtin=None)), options=())
    product = bytes.fromhex(trade.product().product)
    both = [SkuPrice("cream", 5200), SkuPrice("cream-l", 8000)]
    trade.lumen.write(brand_offers.offer_product, product=product, prices=both)
    trade.lumen.write(brand_offers.offer_product, product=product, prices=[SkuPrice("cream", 5100)])
    assert {sku: item.price for sku, item in trade.offers().items()} == {"cream": 5100, "cream-l": 8000}
    trade.lumen.write(brand_offers.offer_product, product=product, prices=[SkuPrice("cream", 5000)], only=True)
    assert {sku: item.price for sku, item in trade.offers().items()} == {"cream": 5000}


def test_a_merchant_that_comes_after_the_bounds_has_them_too(trade):
    noir = trade.world.node("noir", "merchant")
    trade.world.pair(noir, trade.solis)
    noir.write(catalog_following.sync)
    trade.deliver()
    signed = {plan.plan for plan in trade.solis.read(brand_plans.list_bounds)}
    assert {plan.plan for plan in noir.read(brand_plans.list_bounds)} == signed
    noir.write(catalog_following.sync)
    trade.deliver()
    assert {plan.plan for plan in noir.read(brand_plans.list_bounds)} == signed


def test_a_brands_product_is_offered_under_both_plans(trade):
    [view] = trade.offer()
    assert (view.sku, view.price, view.currency, view.brand_name, view.bounds, view.refusal) == (
        "cream",
        5200,
        "USD",
        "solis",
        "standard",
        "",
    )
    record = trade.lumen.read(lambda unit: unit.catalog.offer(unit.catalog.feeds(own=True)[0].feed, "cream"))
    known = trade.lumen.read(brand_plans.list_bounds)
    assert record.offer.brand.plan.hex() in {plan.plan for plan in known if plan.current}
    assert record.offer.plan == trade.lumen.read(lambda unit: unit.catalog.plans(unit.me.identity)[0].hash)
    assert record.product.title == "Product cream"
    assert trade.product().offered


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        ({"direct_most": 1_999}, "outside-bounds"),
        ({"total_most": 2_499, "direct_most": 2_400}, "outside-bounds"),
        ({"window_least": WINDOW + 1}, "outside-bounds"),
    ],
)
def test_a_plan_outside_the_bounds_offers_nothing(trade, bounds, code):
    trade.solis.write(brand_plans.publish_bounds, **{**BOUNDS, **bounds})
    trade.deliver()
    with pytest.raises(ProtocolError) as caught:
        trade.offer()
    assert caught.value.code == code
    assert trade.offers() == {}


def test_a_plan_that_would_leave_the_bounds_of_what_is_offered_is_not_signed(trade):
    trade.offer()
    with pytest.raises(ProtocolError) as caught:
        trade.lumen.write(plans.publish_plan, currency="USD", direct_bps=1_000, level_bps=[], return_window_ms=WINDOW)
    assert caught.value.code == "outside-bounds"
    assert len(trade.lumen.read(plans.list_plans)) == 1
    trade.lumen.write(plans.publish_plan, currency="USD", direct_bps=1_800, level_bps=[], return_window_ms=WINDOW)
    assert trade.offers()["cream"].refusal == ""


def test_what_a_merchant_cannot_offer(trade):
    with pytest.raises(NotFound):
        trade.lumen.write(brand_offers.offer_product, product=bytes(32), prices=[SkuPrice("cream", 1)])
    product = bytes.fromhex(trade.product().product)
    for prices, code in (([], "bad-request"), ([SkuPrice("cream", 0)], "bad-price"), ([SkuPrice("other", 5)], "unknown-sku")):
        with pytest.raises((UserError, ProtocolError)) as caught:
            trade.lumen.write(brand_offers.offer_product, product=product, prices=prices)
        assert caught.value.code == code
    with pytest.raises(ConflictError) as caught:
        trade.offer(bounds="launch")
    assert caught.value.code == "no-bounds"
    with pytest.raises(UserError):
        trade.solis.write(brand_offers.offer_product, product=product, prices=[SkuPrice("cream", 5)])


def test_when_the_brand_changes_a_product_the_offer_is_signed_anew(trade):
    trade.offer()
    before = trade.offers()["cream"]
    trade.change(title="New cream")
    after = trade.offers()["cream"]
    assert after.product != before.product
    assert (after.title, after.price, after.stock, after.refusal) == ("New cream", 5200, "in_stock", "")


def test_a_product_that_names_other_plans_is_sold_out(trade):
    trade.offer()
    trade.change(plans=(bytes(32),))
    after = trade.offers()["cream"]
    assert (after.stock, after.code) == ("out", "wrong-brand-plan")


def test_a_recall_stops_the_merchants_offer_at_once(trade):
    trade.offer()
    trade.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    trade.world.deliver()
    now = trade.offers()["cream"]
    assert (now.code, "The glass may splinter." in now.refusal) == ("withdrawn", True)  # before it is signed anew
    trade.deliver()
    assert trade.offers()["cream"].stock == "out"
    assert trade.product().withdrawn == "The glass may splinter."
    assert [item.reason for item in trade.solis.read(withdrawals.list_withdrawals)] == ["The glass may splinter."]
    trade.solis.write(withdrawals.allow_again, handle="cream")
    trade.deliver()
    [view] = trade.offer()
    assert (view.stock, view.refusal) == ("in_stock", "")


def test_a_recall_says_why_and_of_what(trade):
    with pytest.raises(UserError) as caught:
        trade.solis.write(withdrawals.withdraw, handle="cream", reason="  ")
    assert caught.value.code == "bad-withdrawal"
    with pytest.raises(NotFound):
        trade.solis.write(withdrawals.withdraw, handle="nothing", reason="why")


def test_what_was_withdrawn_stays_so_when_a_file_is_imported_again(trade):
    trade.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    trade.solis.write(catalog.import_products, file=file(cream=5200, serum=2600), currency="USD")
    assert len(trade.solis.read(withdrawals.list_withdrawals)) == 1


def test_offers_are_taken_back(trade):
    trade.offer()
    assert trade.lumen.write(brand_offers.stop_offering, product=bytes.fromhex(trade.product().product)) == 1
    assert trade.offers() == {}
    assert not trade.product().offered


# --- a merchant's own goods, and the seller


@pytest.fixture
def sold(trade):
    """Ana sells for lumen, which has goods of its own too."""
    ana = trade.world.node("ana")
    trade.lumen.write(catalog.import_products, file=file(balm=900), currency="USD")
    trade.world.pair(trade.lumen, ana)
    ana.write(catalog_following.sync)
    ana.write(team.join, merchant=trade.lumen.identity)
    trade.deliver()
    [member] = trade.lumen.read(team.list_members)
    trade.lumen.write(team.accept_member, member=bytes.fromhex(member.member))
    trade.deliver()
    return trade, ana


def drafted(node, merchant, sku):
    return bytes.fromhex(node.write(quotes.draft, merchant=merchant.identity, lines=[LineInput(sku, 1)], pickup=True).id)


def test_a_merchants_own_recall_is_refused_by_the_seller_and_by_the_quote(sold):
    trade, ana = sold
    order = drafted(ana, trade.lumen, "balm")
    trade.lumen.write(withdrawals.withdraw, handle="balm", reason="It smells.")
    refused = next(reply for *_, reply in _after(trade.world) if isinstance(reply, str))
    assert refused == "withdrawn"
    assert ana.read(orders.get_order, order=order).error == "withdrawn"
    with pytest.raises(UserError) as caught:
        drafted(ana, trade.lumen, "balm")
    assert caught.value.code == "withdrawn"
    assert "It smells." in str(caught.value)


def _after(world):
    """What is carried now."""
    before = len(world.carried)
    world.deliver()
    return world.carried[before:]


def test_a_recall_between_quote_and_order_is_refused_too(sold):
    trade, ana = sold
    order = drafted(ana, trade.lumen, "balm")
    trade.deliver()
    trade.lumen.write(withdrawals.withdraw, handle="balm", reason="It smells.")
    trade.deliver()
    with pytest.raises(ConflictError) as caught:
        ana.write(quotes.place, order=order)
    assert caught.value.code == "withdrawn"
