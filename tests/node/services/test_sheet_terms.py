"""No word of a product and no term of an offer is kept from who sells it; lists show its own price too."""

from dataclasses import fields

import pytest

from node.services import browse, catalog_following, catalog_search, drafts, product_sheet, ranks, team
from node.services.catalog_inputs import OfferInput, ProductInput
from protocol.offer import Offer, Promotion, RankPrice
from protocol.product import Product, Size, Translation, Variant

from .test_drafts import DAY, POST, THIRTY, Desk, usd

SERUM = ProductInput(
    "serum",
    "Serum",
    (
        Variant("serum-s", "Small", ("S",), gtin="4006381333931", weight=90, size=Size(100, 40, 40), suggested=(usd(990),)),
        Variant("serum-l", "Large", ("L",), mpn="L-1", ingredients="Aqua, Rosa"),
    ),
    description="A serum.",
    vendor="Lumen",
    category="Care",
    options=("Size",),
    volume=(usd(500),),
    weight=200,
    mpn="SER",
    suggested=(usd(1990),),
    language="en",
    origin="FR",
    care="Keep cool.",
    ingredients="Aqua",
    warnings=("Not for eyes.",),
    google_category=567,
    valid_to=10**14,
    translations=(Translation("de", "Serum (deutsch)", care="Kühl lagern."), Translation("fr-CA", "Sérum")),
)


class Seller:
    """Ana at a merchant that signed the serum with all that an offer can say."""

    def __init__(self, folder) -> None:
        self.desk = Desk(folder)
        world, lumen = self.desk.world, self.desk.node
        now = world.clock()
        lumen.write(drafts.save_shipping, currency="USD", profile=POST)
        lumen.write(drafts.save_returns, currency="USD", policy=THIRTY)
        self.desk.product(SERUM)
        sale = Promotion("Summer", usd(700), now + DAY, now + 2 * DAY)
        more = {"shipping_profile": "post", "returns": "thirty days", "least": 2, "most": 6, "count": 40, "tax_class": "standard"}
        self.offer = OfferInput(
            "serum-s",
            usd(900),
            "serum",
            ranks=(RankPrice(2, usd(800)),),
            promotions=(sale,),
            compare_at=usd(1200),
            available_from=now + DAY,
            **more,
        )
        lumen.write(drafts.save_offer, currency="USD", offer=self.offer)
        lumen.write(drafts.save_offer, currency="USD", offer=OfferInput("serum-l", usd(1500), "serum"))
        self.desk.publish()
        self.ana = world.node("ana")
        world.pair(lumen, self.ana)
        self.ana.write(catalog_following.sync)
        self.ana.write(team.join, merchant=lumen.identity)
        world.deliver()
        [member] = lumen.read(team.list_members)
        self.member = bytes.fromhex(member.member)
        lumen.write(team.accept_member, member=self.member)
        world.deliver()

    def rank(self, rank):
        self.desk.node.write(ranks.give_rank, member=self.member, rank=rank)
        self.desk.world.deliver()

    def looks(self, node=None, **asked):
        node = node or self.ana
        [found] = node.read(browse.list_products).products
        return node.read(product_sheet.get_product, product=bytes.fromhex(found.id), **asked)


@pytest.fixture
def seller(tmp_path):
    made = Seller(tmp_path)
    yield made
    made.desk.world.close()


def test_a_seller_sees_all_that_a_product_says(seller):
    found = seller.looks()
    assert (found.google_category, found.origin, found.valid_to, found.languages) == (567, "FR", 10**14, ("en", "de", "fr-CA"))
    small, large = found.variants
    assert (small.gtin, small.mpn, small.weight, small.size, small.suggested) == ("4006381333931", "SER", 90, (100, 40, 40), (usd(990),))
    assert (large.mpn, large.weight, large.size, large.suggested, large.volume) == ("L-1", 200, (), (usd(1990),), (usd(500),))
    assert large.ingredients == "Aqua, Rosa"


def test_a_seller_sees_all_that_an_offer_says(seller):
    found = seller.looks()
    item = found.variants[0]
    for name in ("least", "most", "count", "ranks", "promotions", "available_from", "available_to", "tax_class", "valid_to"):
        assert getattr(item, name) == getattr(seller.offer, name)
    assert (item.shipping, item.returns, item.compare_at, found.flat) == ("post", "thirty days", 1200, True)
    assert found.shipping == (POST,)
    assert [policy.name for policy in found.returns] == ["thirty days"]


def test_no_field_of_a_record_is_kept_from_a_seller():
    """What is not shown under its own name stands here, with the name it is shown by."""
    shown = {item.name for item in fields(product_sheet.ProductSheet)}
    terms = {item.name for item in fields(product_sheet.SheetVariant)}
    assert {item.name for item in fields(Product)} - shown - terms == {"translations", "withdrawal"}  # the texts; as withdrawn
    assert {item.name for item in fields(Offer)} - terms == {"product", "shipping_profile", "brand"}  # the sheet; shipping; brand_plan
    assert {item.name for item in fields(Variant)} - terms == set()


def test_a_list_of_offers_has_the_sellers_own_price_and_the_merchants_what_it_signed(seller):
    def prices(node):
        return {offer.sku: offer.price for offer in node.read(browse.list_offers)}

    assert prices(seller.ana) == {"serum-s": 900, "serum-l": 1500}
    seller.rank(2)
    assert prices(seller.ana) == {"serum-s": 800, "serum-l": 1500}
    seller.desk.world.clock.tick(DAY)
    assert prices(seller.ana) == {"serum-s": 700, "serum-l": 1500}
    assert prices(seller.desk.node) == {"serum-s": 900, "serum-l": 1500}


def test_who_writes_a_catalog_earns_nothing_by_it(seller):
    assert seller.looks(seller.desk.node).variants[0].earns == 0
    [listing] = seller.desk.node.read(catalog_search.search_products).listings
    assert listing.earns == 0
    [listing] = seller.ana.read(catalog_search.search_products).listings
    assert listing.earns == 180
