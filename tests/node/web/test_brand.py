"""A brand's page over a real store: products counted, bounds signed by form, what is wrong said beside its field."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import brand_plans, catalog
from node.web import brand, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import file
from tests.node.services.world import World
from tests.node.web import test_orders

FORM = {"name": "standard", "direct_least": "15", "direct_most": "25", "total_most": "30", "levels_most": "2", "days": "14"}


@pytest.fixture
def nodes(tmp_path):
    world = World(tmp_path)
    yield world.node("solis", "brand"), world.node("lumen", "merchant")
    world.close()


@pytest_asyncio.fixture
async def desks(nodes):
    made, clients = [], []
    for node in nodes:
        sessions = Sessions(node.clock)
        gate = test_orders.Gate(node)
        app = shell.make_app(brand.ROUTES, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
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
