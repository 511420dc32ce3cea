"""Products, offers, profiles and policies edited on pages, signed as one batch, without JavaScript."""

import html
import re
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import drafts, piles
from node.services.catalog_edits import CatalogEdits
from node.services.catalog_inputs import PictureInput, ProductInput, product_of
from node.web import shell, shop_bulk, shop_drafts, shop_fields, shop_offer, shop_products, shop_sending
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from protocol.codec import from_bytes
from protocol.money import Money
from protocol.offer import Stock
from protocol.operations import Noun
from protocol.product import Product, Size, Translation, Variant
from protocol.shipping import Measure, Step, Zone
from tests.node.services.test_drafts import DAY, POST, Desk
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio
PRODUCT = {
    "currency": "USD",
    "handle": "soap",
    "title": "Soap",
    "options": "Size",
    "variants": "soap-s | Small | S | 4006381333931 | 120\nsoap-l | Large | L",
}
OFFER = {"price": "9.00", "stock": "in_stock", "count": "5", "tax_class": "standard"}
SOAP_S = "/merchant/offer?currency=USD&sku=soap-s&handle=soap"


class Runtime(test_orders.Runtime):
    def __init__(self, node) -> None:
        super().__init__(node)
        self.catalog_edits = CatalogEdits(node.store)


@pytest_asyncio.fixture(params=["merchant"])
async def desk(tmp_path, request):
    merchant = Desk(tmp_path, role=request.param)
    sessions = Sessions(merchant.world.clock)
    routes = [*shop_products.ROUTES, *shop_offer.ROUTES, *shop_bulk.ROUTES, *shop_drafts.ROUTES, *shop_sending.ROUTES]
    gate = test_orders.Gate(merchant.node)
    app = shell.make_app(routes, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
    app[RUNTIME] = Runtime(merchant.node)
    async with TestClient(TestServer(app)) as client:
        made = test_orders.Desk(client, sessions.start())
        made.merchant = merchant
        yield made
    merchant.world.close()


async def refused(desk, path, **fields):
    """What the page says of a form it does not take."""
    answer = await desk.client.post(path, data={"_token": desk.session.token, **fields}, headers=desk.headers, allow_redirects=False)
    assert answer.status == 422
    return html.unescape(await answer.text())


async def sign(desk, **fields):
    return await desk.post(f"/merchant/drafts/{desk.merchant.pile.hex()}", **fields)


async def test_a_product_is_made_offered_and_signed(desk):
    await desk.reads("/merchant/products", "No product here")
    assert (await desk.post("/merchant/product", **PRODUCT)).endswith("handle=soap")
    await desk.post(SOAP_S, **OFFER | {"promotions": "Summer | 7.00 | 2023-11-20 | 2023-11-21 18:00", "ranks": "2 | 8.50"})
    page = f"/merchant/drafts/{desk.merchant.pile.hex()}"
    await desk.reads(page, "2 drafts", "9.00 USD")
    assert await sign(desk, name="First") == "/merchant/drafts"
    offer = desk.merchant.offered()
    assert (offer.price, offer.stock, offer.count) == (Money(900, "USD"), Stock.IN_STOCK, 5)
    assert (offer.ranks[0].price, offer.promotions[0].name) == (Money(850, "USD"), "Summer")
    await desk.reads("/merchant/products", "Soap", "soap-s", "$9.00")
    await desk.reads("/merchant/drafts", "No draft waits")


async def test_a_form_sent_back_as_it_was_shown_changes_nothing(desk):
    await desk.post(
        "/merchant/product", **PRODUCT | {"warnings": "Hot\nSharp", "size": "1 x 2 x 3", "suggested": "9.90 EUR", "reason": "Glass"}
    )
    await desk.post(SOAP_S, **OFFER | {"promotions": "Summer | 7.00 | 2023-11-20 | 2023-11-21 18:00"})
    await sign(desk)
    for path in ("/merchant/product?currency=USD&handle=soap", SOAP_S):
        text = await desk.reads(path)
        fields = dict(re.findall(r'<input[^>]* name="(\w+)" type="text" value="([^"]*)"', text))
        fields |= dict(re.findall(r'<textarea id="(\w+)"[^>]*>([^<]*)</textarea>', text))
        fields |= {"stock": "in_stock", "tax_class": "standard", "plan": desk.merchant.offered().plan.hex(), "currency": "USD"}
        await desk.post(path, **fields)
    found = desk.merchant.node.read(piles.list_piles)
    assert [desk.merchant.rows(bytes.fromhex(pile.id)) for pile in found] == []


ODD = ProductInput(
    "odd",
    "Odd | one",
    (Variant("odd-1", "Cut | 1/2", ("1/2", "a, b")), Variant("odd-2", "Plain", ("2", "c"))),
    description="First.\n\nSecond.",
    options=("Inch, or so", "Mark"),
    tags=("one, two",),
    images=(PictureInput("", "ab" * 32, "By hand", "cd" * 32), PictureInput("https://shop.example/a.jpg", "12" * 32, "Front", "34" * 32)),
    translations=(Translation("de", "Seltsam | eins"),),
)


def typed_fields(text):
    """A form as a browser sends it back: each line of a text ends by two letters."""
    fields = dict(re.findall(r'<input[^>]* name="(\w+)" type="text" value="([^"]*)"', text))
    fields |= dict(re.findall(r'<textarea id="(\w+)"[^>]*>([^<]*)</textarea>', text))
    return {name: html.unescape(value).replace("\n", "\r\n") for name, value in fields.items()} | {"currency": "USD"}


async def test_what_cannot_be_typed_stays_where_another_field_is_changed(desk):
    desk.merchant.product(ODD)
    path = "/merchant/product?currency=USD&handle=odd"
    shown = typed_fields(await desk.reads(path))
    await desk.post(path, **shown | {"title": "Odd two"})
    changed = desk.merchant.node.read(drafts.get_product, currency="USD", handle="odd")
    assert changed == replace(ODD, title="Odd two")
    await desk.post(path, **shown | {"title": "Odd two", "variants": shown["variants"].replace("Plain", "Simple")})
    changed = desk.merchant.node.read(drafts.get_product, currency="USD", handle="odd")
    assert changed.variants == (ODD.variants[0], replace(ODD.variants[1], title="Simple"))
    assert changed.images == ODD.images


async def test_what_is_wrong_is_said_and_the_form_is_kept(desk):
    await desk.post("/merchant/product", **PRODUCT)
    for fields, words in (
        ({"price": "abc"}, "enter an amount"),
        ({"price": "9" * 20}, "too large"),
        ({"promotions": "x | 1"}, "write each line like"),
        ({"valid_from": "soon"}, "enter a day"),
    ):
        answer = await refused(desk, SOAP_S, **OFFER | fields)
        assert words in answer
    assert "needs a handle" in await refused(desk, "/merchant/product", **PRODUCT | {"handle": ""})
    assert "write each line like" in await refused(desk, "/merchant/product", **PRODUCT | {"variants": "soap"})


async def test_a_batch_is_planned_and_waits_again(desk):
    await desk.post("/merchant/product", **PRODUCT)
    pile = desk.merchant.pile.hex()
    assert await sign(desk, at="2030-01-01 09:00", name="New year") == "/merchant/drafts"
    await desk.reads("/merchant/drafts", "New year", "Planned")
    assert await desk.post(f"/merchant/drafts/{pile}/wait") == f"/merchant/drafts/{pile}"
    assert await desk.post(f"/merchant/drafts/{pile}/discard", noun="product", name="soap") == "/merchant/drafts"


async def test_what_was_signed_otherwise_is_said_on_the_page(desk):
    desk.merchant.stocked()
    desk.merchant.change(price=Money(700, "USD"))
    pile = desk.merchant.pile
    desk.merchant.node.write(piles.schedule, pile=pile, at=desk.merchant.world.clock.now + DAY)
    desk.merchant.change(price=Money(650, "USD"))
    desk.merchant.publish()
    await desk.reads(f"/merchant/drafts/{pile.hex()}", "Signed otherwise since: price")
    assert "signed otherwise since" in await refused(desk, f"/merchant/drafts/{pile.hex()}")
    await desk.post(f"/merchant/drafts/{pile.hex()}", anyway="yes")
    assert desk.merchant.offered().price == Money(700, "USD")


async def test_profiles_and_policies_are_made_and_named_by_offers(desk):
    zones = "Home | DE, AT | weight 1000: 4.90, more: 8.90 | free from 50.00 | 2-4 days\nNear | DE | flat 2.00 | postcodes 10, 11\nFar | * | flat 15.00"
    await desk.post("/merchant/sending/profile", currency="USD", name="post", zones=zones, ways="pickup")
    await desk.post("/merchant/sending/policy", currency="USD", name="thirty", days="30", cost="merchant", fee="15", conditions="Unopened.")
    [profile] = desk.merchant.node.read(drafts.list_shipping, currency="USD")
    assert profile.zones == (
        Zone("Home", ("DE", "AT"), Measure.WEIGHT, (Step(490, 1000), Step(890)), None, 5000, 2, 4),
        Zone("Near", ("DE",), Measure.FLAT, (Step(200),), ("10", "11")),
        Zone("Far", (), Measure.FLAT, (Step(1500),)),
    )
    await desk.reads("/merchant/sending", "Home, Near, Far, can be fetched", "30 days; you pay")
    await desk.reads("/merchant/sending/profile?name=post", "weight 1000: 4.90, more: 8.90")
    await desk.reads("/merchant/sending/policy?name=thirty", "Unopened.")
    await desk.post("/merchant/product", **PRODUCT)
    await desk.post(SOAP_S, **OFFER | {"shipping_profile": "post", "returns": "thirty"})
    await sign(desk)
    assert (desk.merchant.offered().shipping_profile, desk.merchant.offered().returns) == ("post", "thirty")
    like = {"currency": "USD", "name": "like", "ways": "send"}
    await desk.post("/merchant/sending/profile", **like, zones=shop_sending.LIKE)  # what the hint says can be written
    assert "two zones" in await refused(
        desk, "/merchant/sending/profile", currency="USD", name="b", zones="A | * | flat 1\nB | * | flat 2", ways="send"
    )
    thirty = {"currency": "USD", "noun": "returns", "name": "thirty"}
    text = await refused(desk, "/merchant/sending/withdraw", **thirty)
    assert "An offer names the return policy 'thirty'" in text
    assert "/merchant/bulk?currency=USD" in text
    await desk.post(SOAP_S, **OFFER | {"shipping_profile": "post"})
    await desk.post("/merchant/sending/withdraw", **thirty)
    assert desk.merchant.rows()["returns", "thirty"].kind == "gone"


async def test_an_amount_without_a_currencys_code_is_said_beside_its_field(desk):
    text = await refused(desk, "/merchant/product", **PRODUCT | {"suggested": "9.90 €"})
    assert "'€' is not an ISO 4217 code such as USD" in text


async def test_prices_by_rank_of_many_are_looked_at_and_drafted(desk):
    await desk.post("/merchant/product", **PRODUCT)
    await desk.post(SOAP_S, **OFFER)
    await sign(desk)
    assert "write each line like" in await refused(desk, "/merchant/bulk", currency="USD", ranks="two", do="preview")
    answer = await desk.client.post(
        "/merchant/bulk",
        data={"_token": desk.session.token, "currency": "USD", "search": "zz", "percent": "5", "do": "preview"},
        headers=desk.headers,
    )
    assert "Nothing is like that" in await answer.text()
    form = {"currency": "USD", "ranks": "2 | -10\n3 | -10 | -0.50", "ending": ".99"}
    await desk.post("/merchant/bulk", **form, do="draft")
    await sign(desk)
    price = desk.merchant.offered().price.minor
    assert [item.min_rank for item in desk.merchant.offered().ranks] == [2, 3]
    assert all(item.price.minor % 100 == 99 and item.price.minor < price for item in desk.merchant.offered().ranks)


@pytest.mark.parametrize("desk", ["brand"], indirect=True)
async def test_a_brand_edits_products_only(desk):
    await desk.post("/merchant/product", **PRODUCT)
    await desk.reads("/merchant/product?currency=USD&handle=soap", "soap-s | Small")
    await sign(desk)
    assert desk.merchant.signed(Noun.PRODUCT, "soap") is not None
    await desk.reads("/merchant/products", "Soap")


async def test_a_zone_is_typed_as_it_is_read():
    for zone in POST.zones:
        assert shop_sending.zone(shop_sending.typed_zone(zone, "USD"), "USD") == zone


async def test_a_variant_is_typed_as_it_is_read(tmp_path):
    product = product_of(
        shop_products.ProductInput("a", "A", (shop_fields.variant("s | Small | S / Red | 4006381333931 | 120 | M-1"),), options=("x", "y"))
    )
    [item] = product.variants
    assert shop_fields.variant(shop_fields.typed_variant(item)) == item


async def test_each_field_of_a_new_variant_and_of_a_picture_is_typed(desk):
    line = "soap-l | Large | L | | 240 | M-9 | 90 x 60 x 25 | 12.90 USD; 11.50 EUR | 5.00 USD | water, oil ⏎ no perfume"
    images = "https://shop.example/a.jpg | Front of it\nhttps://shop.example/b.jpg"
    await desk.post("/merchant/product", **PRODUCT | {"variants": f"soap-s | Small | S\n{line}", "images": images})
    await sign(desk)
    product = from_bytes(Product, desk.merchant.signed(Noun.PRODUCT, "soap"))
    assert product.variants[1] == Variant(
        "soap-l", "Large", ("L",), None, (Money(500, "USD"),), "M-9", 240, Size(90, 60, 25), (Money(1290, "USD"), Money(1150, "EUR")), "water, oil\nno perfume",
    )  # fmt: skip
    assert [(item.url, item.alt) for item in product.images] == [
        ("https://shop.example/a.jpg", "Front of it"),
        ("https://shop.example/b.jpg", None),
    ]
    assert product.variants[0] == Variant("soap-s", "Small", ("S",))
    text = await desk.reads(
        "/merchant/product?currency=USD&handle=soap", "90 x 60 x 25 | 12.90 USD; 11.50 EUR | 5.00 USD | water, oil ⏎ no perfume"
    )
    assert "Front of it" in text
    said = await refused(desk, "/merchant/product", **PRODUCT | {"variants": "soap-s | Small | S | | | | large"})
    assert "length x width x height" in said
