"""Drafts: what waits is shown beside what is signed, signed as one batch with its offers, and never undoes what was signed meanwhile."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import browse, catalog, catalog_batches, catalog_following, drafts, piles, plans, shop_terms
from node.services.catalog_edits import CatalogEdits
from node.services.catalog_inputs import OfferInput, ProductInput
from node.services.shop_terms import TaxClass
from protocol.codec import to_bytes
from protocol.money import Money
from protocol.offer import Offer, Promotion, RankPrice, Stock
from protocol.operations import Noun
from protocol.product import Translation, Variant, Withdrawal
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone

from .world import World

DAY = 86_400_000
POST = ShippingProfile("post", "USD", (Zone("Home", ("DE",), Measure.WEIGHT, (Step(490, 1_000), Step(890))),), pickup=True, digital=False)
THIRTY = ReturnPolicy("thirty days", 30, ReturnCost.CUSTOMER, 0, "Unopened.")


def usd(minor):
    return Money(minor, "USD")


SOAP = ProductInput("soap", "Soap", (Variant("soap-s", "Small", ("S",)), Variant("soap-l", "Large", ("L",))), options=("Size",))


class Desk:
    """A merchant with a plan."""

    def __init__(self, folder, role="merchant") -> None:
        self.world = World(folder)
        self.node = self.world.node("lumen", role=role)
        if role == "merchant":
            self.node.write(plans.publish_plan, currency="USD", direct_bps=2000, level_bps=[500], return_window_ms=14 * DAY)
        self.edits = CatalogEdits(self.node.store)

    def product(self, product=SOAP):
        return self.node.write(drafts.save_product, currency="USD", product=product)

    def offer(self, sku="soap-s", price=900, handle="soap", **more):
        return self.node.write(drafts.save_offer, currency="USD", offer=OfferInput(sku, usd(price), handle, **more))

    def change(self, sku="soap-s", **fields):
        """An offer as it is, with other fields."""
        offer = self.node.read(drafts.get_offer, currency="USD", sku=sku)
        return self.node.write(drafts.save_offer, currency="USD", offer=replace(offer, **fields))

    @property
    def pile(self):
        return bytes.fromhex(self.node.read(piles.open_drafts, currency="USD").id)

    def publish(self, **named):
        return self.edits.publish_now(self.pile, **named)

    def rows(self, pile=None):
        return {(row.noun, row.name): row for row in self.node.read(piles.list_drafts, pile=pile or self.pile, limit=200).drafts}

    def signed(self, noun, name):
        return self.node.read(drafts.signed, "USD", (noun, name))

    def offered(self, sku="soap-s"):
        def look(unit):
            found = [unit.catalog.offer(row.feed, sku) for row in unit.catalog.feeds(own=True)]
            return next((item.offer for item in found if item), None)

        return self.node.read(look)

    def stocked(self, **more):
        """Soap in two sizes, signed."""
        self.product()
        self.offer(**more)
        self.offer("soap-l", 1500)
        return self.publish()


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.world.close()


def test_drafts_wait_until_they_are_signed_as_one_batch(desk):
    desk.product()
    saved = desk.offer()
    desk.offer("soap-l", 1500)
    assert (saved.changes, saved.drafts) == (True, 2)
    assert desk.offered() is None
    assert {key: row.kind for key, row in desk.rows().items()} == {
        ("product", "soap"): "new",
        ("offer", "soap-s"): "new",
        ("offer", "soap-l"): "new",
    }
    done = desk.publish(name="Spring")
    assert (done.first, done.last, done.counts) == (1, 3, {"new": 1})
    assert desk.offered().price == usd(900)
    assert desk.offered().plan == desk.node.read(catalog.plan_for, "USD")
    assert desk.node.read(piles.list_piles) == []
    [batch] = desk.node.read(catalog_batches.list_batches)
    assert (batch.name, batch.kind, batch.counts) == ("Spring", "edit", {"new": 1})


def test_a_signed_batch_is_taken_back_whole(desk):
    desk.stocked()
    desk.change(price=usd(800))
    done = desk.publish()
    desk.node.write(catalog_batches.roll_back, batch=bytes.fromhex(done.batch))
    assert desk.offered().price == usd(900)


def test_a_seller_receives_what_was_drafted_and_its_proof_holds(desk):
    desk.stocked()
    ana = desk.world.node("ana")
    desk.world.pair(desk.node, ana)
    ana.write(catalog_following.sync)
    desk.world.deliver()
    desk.change(price=usd(750))
    desk.publish()
    desk.world.deliver()
    assert {offer.sku: offer.price for offer in ana.read(browse.list_offers)} == {"soap-s": 750, "soap-l": 1500}
    [feed] = ana.read(browse.list_feeds)
    assert (feed.verified, feed.error) == (True, "")


def test_a_product_that_changes_takes_its_offers_along(desk):
    desk.stocked()
    desk.product(replace(SOAP, title="Olive soap"))
    done = desk.publish()
    assert (done.last - done.first + 1, done.counts) == (3, {"changed": 1})
    assert {offer.title for offer in desk.node.read(browse.list_offers)} == {"Olive soap – Small", "Olive soap – Large"}


def test_a_variant_that_goes_takes_its_offer_along(desk):
    desk.stocked()
    desk.product(replace(SOAP, variants=SOAP.variants[:1]))
    desk.publish()
    assert desk.offered("soap-l") is None
    assert desk.offered("soap-s").price == usd(900)


def test_a_product_goes_with_its_offers(desk):
    desk.stocked()
    desk.node.write(drafts.withdraw, currency="USD", noun=Noun.PRODUCT, name="soap")
    assert desk.publish().counts == {"withdrawn": 1}
    assert desk.signed(Noun.PRODUCT, "soap") is None
    assert desk.offered() is None


def test_everything_an_offer_may_say_is_kept(desk):
    desk.node.write(drafts.save_shipping, currency="USD", profile=POST)
    desk.node.write(drafts.save_returns, currency="USD", policy=THIRTY)
    desk.node.write(shop_terms.set_terms, taxes=[TaxClass("reduced", 700)])
    now = desk.world.clock.now
    said = {
        "compare_at": usd(1200),
        "ranks": (RankPrice(2, usd(850)),),
        "promotions": (Promotion("Summer", usd(700), now, now + DAY),),
        "stock": Stock.LOW,
        "count": 3,
        "tax_class": "reduced",
        "shipping_profile": "post",
        "returns": "thirty days",
        "least": 2,
        "most": 5,
        "valid_from": now,
        "valid_to": now + 9 * DAY,
        "available_from": now + DAY,
        "available_to": now + 8 * DAY,
    }
    desk.stocked(**said)
    offer = desk.offered()
    assert {name: getattr(offer, name) for name in said} == said
    again = desk.node.read(drafts.get_offer, currency="USD", sku="soap-s")
    assert not desk.node.write(drafts.save_offer, currency="USD", offer=again).changes


def test_a_brand_says_all_that_a_product_may_and_offers_nothing(tmp_path):
    desk = Desk(tmp_path, role="brand")
    product = replace(
        SOAP,
        description="Soap.",
        language="en",
        translations=(Translation("de", title="Seife", warnings=("Nicht essen",)),),
        origin="DE",
        care="Keep dry",
        ingredients="Oil",
        warnings=("Do not eat",),
        weight=100,
        suggested=(usd(990),),
        google_category=474,
        withdrawal=Withdrawal("Glass in it", desk.world.clock.now),
        variants=(replace(SOAP.variants[0], gtin="4006381333931", mpn="S-1"), SOAP.variants[1]),
    )
    desk.product(product)
    desk.publish()
    assert desk.node.read(drafts.get_product, currency="USD", handle="soap") == product
    with pytest.raises(UserError) as caught:
        desk.offer()
    assert caught.value.code == "not-a-merchant"
    desk.world.close()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"sku": "other"}, "unknown-product"),
        ({"handle": "nothing"}, "unknown-product"),
        ({"shipping_profile": "air"}, "unknown-profile"),
        ({"returns": "never"}, "unknown-profile"),
        ({"plan": "ab" * 32}, "wrong-plan"),
        ({"plan": "xyz"}, "bad-request"),
        ({"price": 900, "compare_at": Money(1, "EUR")}, "currency"),
        ({"price": -1}, "bad-price"),
        ({"least": 5, "most": 2}, "bad-quantity"),
        ({"valid_from": 5, "valid_to": 4}, "bad-period"),
        ({"count": 0, "stock": Stock.IN_STOCK}, "bad-stock"),
    ],
)
def test_what_does_not_fit_is_refused_and_no_draft_is_left(desk, fields, code):
    desk.product()
    with pytest.raises(UserError) as caught:
        desk.offer(**fields)
    assert caught.value.code == code
    assert {noun for noun, _ in desk.rows()} == {"product"}


def test_a_sku_has_one_product(desk):
    desk.stocked()
    with pytest.raises(UserError) as caught:
        desk.product(replace(SOAP, handle="other"))
    assert caught.value.code == "duplicate-sku"


def test_what_was_signed_meanwhile_stays(desk):
    """A draft changes the price; meanwhile the stock is signed otherwise. Both hold afterwards."""
    desk.stocked(stock=Stock.IN_STOCK, count=9)
    desk.change(price=usd(700))
    mine = desk.pile
    desk.node.write(piles.schedule, pile=mine, at=desk.world.clock.now + DAY)
    desk.change(count=4)
    desk.publish()
    desk.edits.publish_now(mine)
    assert (desk.offered().price, desk.offered().count) == (usd(700), 4)


def test_what_both_changed_is_named_and_signed_only_on_purpose(desk):
    desk.stocked()
    desk.change(price=usd(700))
    mine = desk.pile
    desk.node.write(piles.schedule, pile=mine, at=desk.world.clock.now + DAY)
    desk.change(price=usd(650))
    desk.publish()
    assert desk.rows(mine)["offer", "soap-s"].clashes == ("price",)
    with pytest.raises(ConflictError) as caught:
        desk.edits.publish_now(mine)
    assert caught.value.code == "changed-since"
    assert "soap-s (price)" in str(caught.value)
    assert desk.offered().price == usd(650)
    desk.edits.publish_now(mine, anyway=True)
    assert desk.offered().price == usd(700)


def test_a_planned_batch_is_signed_at_its_time_also_after_a_restart(desk):
    desk.stocked()
    desk.change(price=usd(700))
    desk.node.write(piles.schedule, pile=desk.pile, at=desk.world.clock.now + DAY, name="Sale")
    desk.edits.publish_due_now()
    assert desk.offered().price == usd(900)
    desk.node.reopen()
    desk.world.clock.tick(DAY)
    desk.edits = CatalogEdits(desk.node.store)
    desk.edits.publish_due_now()
    assert desk.offered().price == usd(700)
    assert next(batch.name for batch in desk.node.read(catalog_batches.list_batches)) == "Sale"
    assert desk.node.read(lambda unit: unit.drafts.spent()) == []


def test_a_planned_batch_that_cannot_be_signed_is_told_on_today(desk):
    desk.stocked()
    desk.change(price=usd(700))
    mine = desk.pile
    desk.node.write(piles.schedule, pile=mine, at=desk.world.clock.now + DAY, name="Sale")
    desk.node.write(drafts.withdraw, currency="USD", noun=Noun.PRODUCT, name="soap")
    desk.publish()
    desk.world.clock.tick(DAY)
    desk.edits.publish_due_now()
    [item] = desk.node.read(lambda unit: list(piles.failed(unit)))
    assert item.title.startswith("Sale was not signed")
    assert desk.node.read(piles.list_piles)[0].code == "unknown-product"
    desk.edits.publish_due_now()  # it is not tried over and over
    desk.node.write(piles.discard, pile=mine)
    assert desk.node.read(lambda unit: list(piles.failed(unit))) == []


def test_a_planned_batch_goes_back_among_the_drafts(desk):
    desk.stocked()
    desk.change(price=usd(700))
    mine = desk.pile
    desk.node.write(piles.schedule, pile=mine, at=desk.world.clock.now + DAY)
    desk.change("soap-l", price=usd(1400))
    view = desk.node.write(piles.unschedule, pile=mine)
    assert (view.drafts, view.due) == (2, 0)


def test_drafts_are_let_go(desk):
    desk.stocked()
    desk.change(price=usd(700))
    desk.change("soap-l", price=usd(1))
    assert desk.node.write(piles.discard, pile=desk.pile, noun=Noun.OFFER, name="soap-l").drafts == 1
    desk.node.write(piles.discard, pile=desk.pile)
    assert desk.node.read(piles.list_piles) == []
    with pytest.raises(ConflictError) as caught:
        desk.edits.publish_now(desk.node.write(drafts.open_pile, "USD").pile)
    assert caught.value.code == "nothing-to-do"


def test_a_draft_that_is_edited_while_it_is_prepared_is_prepared_again(desk, monkeypatch):
    desk.stocked()
    desk.change(price=usd(700))
    once, real = iter([True]), desk.node.store.read_now

    def read_now(run, *args, **named):
        found = real(run, *args, **named)
        if next(once, False):
            desk.change(price=usd(600))
        return found

    monkeypatch.setattr(desk.node.store, "read_now", read_now)
    pile = real(piles.open_drafts, currency="USD").id
    desk.edits.publish_now(bytes.fromhex(pile))
    monkeypatch.undo()
    assert desk.offered().price == usd(600)


def test_there_is_nothing_to_edit_that_is_not_there(desk):
    with pytest.raises(NotFound):
        desk.node.read(drafts.get_product, currency="USD", handle="soap")


def test_what_changes_is_said_as_a_person_reads_it():
    before = Offer("A", bytes(32), Money(1900, "USD"), stock=Stock.LOW)
    runs = Promotion("Winter", Money(1500, "USD"), 1_793_491_200_000, 1_798_675_200_000)
    after = replace(before, stock=Stock.IN_STOCK, ranks=(RankPrice(2, Money(1850, "USD")),), promotions=(runs,), valid_to=1_798_675_200_000)
    found = {change.field: (change.before, change.after) for change in piles.changed(Noun.OFFER, to_bytes(before), to_bytes(after))}
    assert found == {
        "stock": ("low", "in stock"),
        "ranks": ("", "rank 2: 18.50 USD"),
        "promotions": ("", "Winter: 15.00 USD, 2026-11-01 00:00 UTC to 2026-12-31 00:00 UTC"),
        "valid to": ("", "2026-12-31 00:00 UTC"),
    }
    counted = piles.changed(Noun.OFFER, to_bytes(replace(before, count=3)), to_bytes(replace(before, count=4)))
    assert [change.field for change in counted] == ["count"], "what reads alike says nothing"
