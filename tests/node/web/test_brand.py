"""A brand's page over a real store: products counted, bounds signed by form, what is wrong said beside its field."""

import asyncio
import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import brand_offers, brand_plans, catalog, catalog_following, plans
from node.web import brand, catalog_list, shell, shop_brands, withdrawals
from node.web import catalog as catalog_page
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import file
from tests.node.services.world import World
from tests.node.web import test_orders

FORM = {"name": "standard", "direct_least": "15", "direct_most": "25", "total_most": "30", "levels_most": "2", "days": "14"}


@pytest.fixture
def nodes(tmp_path):
    world = World(tmp_path)
    made = world.node("solis", "brand"), world.node("lumen", "merchant")
    made[0].world = world
    yield made
    world.close()


@pytest_asyncio.fixture
async def desks(nodes):
    made, clients = [], []
    for node in nodes:
        sessions = Sessions(node.clock)
        gate = test_orders.Gate(node)
        routes = [*brand.ROUTES, *catalog_list.ROUTES, *catalog_page.ROUTES, *withdrawals.ROUTES, *shop_brands.ROUTES]
        app = shell.make_app(routes, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
        app[RUNTIME] = test_orders.Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        made.append(test_orders.Desk(client, sessions.start()))
    yield made
    for client in clients:
        await client.close()


@pytest.mark.asyncio
async def test_a_brand_signs_its_bounds_by_form(nodes, desks):
    solis, _ = desks
    await solis.reads("/brand", "0 products, 0 shops", "Nothing yet. Shops can offer your products once you sign bounds.")
    assert await solis.post("/brand", **FORM) == "/brand"
    await solis.reads("/brand", "The seller earns 15 to 25 %, all together 30 % at most, at most 2 levels above", "standard, version 1")
    nodes[0].write(catalog.import_products, file=file(cream=5200), currency="USD")
    await solis.reads("/brand", "2 products")
    [plan] = nodes[0].read(brand_plans.list_bounds)
    assert (plan.direct_least, plan.direct_most, plan.total_most, plan.levels_most) == (1500, 2500, 3000, 2)


@pytest.mark.asyncio
async def test_a_window_of_less_than_a_day_is_said_as_it_is(nodes, desks):
    bounds = {"direct_least": 1000, "direct_most": 2500, "total_most": 3000, "levels_most": 2, "window_least": 1000}
    nodes[0].write(brand_plans.publish_bounds, name="standard", **bounds)
    text = await desks[0].reads("/brand", "goods may come back for 1 second at least")
    assert re.search(r'id="days"[^>]* value="1"', text), "what the form takes are whole days"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"direct_least": "26"}, "The least rate is above the most"),
        ({"direct_most": "a lot"}, "Enter a percentage from 0 to 100"),
        ({"levels_most": "8"}, "Enter a whole number of levels from 0 to 7."),
        ({"days": "-1"}, "Enter a whole number of days from 0 to 366."),
        ({"name": ""}, "Give these bounds a name"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_signed(nodes, desks, changed, said):
    solis, _ = desks
    answer = await solis.client.post("/brand", data={"_token": solis.session.token, **FORM, **changed}, headers=solis.headers)
    assert answer.status == 422
    assert said in await answer.text()
    assert nodes[0].read(brand_plans.list_bounds) == []


@pytest.mark.asyncio
async def test_the_page_is_a_brands(desks):
    _, lumen = desks
    answer = await lumen.client.get("/brand", headers=lumen.headers)
    assert "Only a brand&#39;s node does that" in await answer.text()
    assert answer.status >= 400


@pytest.mark.asyncio
async def test_a_merchant_offers_a_brands_product_by_form_and_sees_why_it_cannot_be_sold(nodes, desks):
    solis, lumen = desks
    world = nodes[0].world
    await lumen.reads("/merchant/brands", "No brand&#39;s products yet")
    nodes[0].write(catalog.import_products, file=file(cream=5200), currency="USD")
    await solis.post("/brand", **FORM)
    await asyncio.to_thread(world.pair, *nodes)
    nodes[1].write(plans.publish_plan, currency="USD", direct_bps=2000, level_bps=[500])
    nodes[1].write(catalog_following.sync)
    await asyncio.to_thread(world.deliver)
    found = next(item for item in nodes[1].read(brand_offers.list_brand_products) if item.skus == ("cream",))
    path = f"/merchant/brands/{found.product}"
    await lumen.reads(path, "Under the brand&#39;s bounds", "cream", "What solis lets you pay", "The seller earns")
    await solis.reads(f"/catalog/{found.product}", "What there is", "Call it back")
    await solis.reads("/catalog", "Not offered")
    for price, said in (
        ("a lot", "Enter a price such as 52"),
        ("1.234", "Enter a price such as 52"),
        ("9" * 20, "This is too large"),
        ("", "Say what at least one"),
    ):
        answer = await lumen.client.post(
            path, data={"_token": lumen.session.token, "price-0": price, "bounds": "standard"}, headers=lumen.headers
        )
        assert (answer.status, said in await answer.text()) == (422, True)
    assert await lumen.post(path, **{"price-0": "52.50", "bounds": "standard"}) == "/merchant/brands"
    await lumen.reads("/merchant/brands", "52.50", "For sale", "Offered")
    assert 'value="52.50"' in await lumen.reads(path, "A price left empty: that one is not offered.", "Stop offering it")
    sheet = await lumen.reads(f"/catalog/{found.product}", "Your offer of it")
    assert f'href="{path}"' in sheet
    assert "/merchant/product?" not in sheet, "a brand's product is not the shop's to edit"
    assert "Its pictures" not in sheet
    assert path in await lumen.reads("/merchant/brands?q=crea", "Product cream")
    for nothing in ("zz", "%3F!"):
        assert path not in await lumen.reads(f"/merchant/brands?q={nothing}", "Nothing found", "What you offer")
    assert await solis.post("/catalog/withdrawals", handle="cream", reason="The glass may splinter.") == "/catalog/withdrawals"
    await solis.reads("/catalog/withdrawals", "Product cream", "The glass may splinter.")
    await solis.reads("/catalog/withdrawals?q=crea", "Product cream", "The glass may splinter.")
    for nothing in ("zz", "%3F!"):
        assert "Product cream" not in await solis.reads(f"/catalog/withdrawals?q={nothing}", "Nothing found", "Withdraw a product")
    await asyncio.to_thread(world.deliver)
    await lumen.reads("/merchant/brands", "its brand has withdrawn it: The glass may splinter.", "Can&#39;t be sold")
    recalled = next(item for item in nodes[1].read(brand_offers.list_brand_products) if item.withdrawn)
    await lumen.reads(f"/catalog/{recalled.product}", "Called back: nobody may sell it", "The glass may splinter.")
    assert "Sign the offer" not in await lumen.reads(f"/merchant/brands/{recalled.product}", "Its brand has withdrawn it")
    assert await solis.post("/catalog/withdrawals/allow", handle="cream") == "/catalog/withdrawals"
    await solis.reads("/catalog/withdrawals", "Nothing is withdrawn")
    answer = await solis.client.post(
        "/catalog/withdrawals", data={"_token": solis.session.token, "handle": "x", "reason": "y"}, headers=solis.headers
    )
    assert (answer.status, "You have no product with that handle." in await answer.text()) == (422, True)
