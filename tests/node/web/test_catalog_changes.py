"""The page of what changed, over real stores: by day and shop, with prices in the reader's format, narrowed, and empty in each way."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import withdrawals
from node.web import catalog_changes, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.catalog_goods import line, publish
from tests.node.services.test_catalog_changes import DAY, HOUR, reprice
from tests.node.services.world import START
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio
PATH = catalog_changes.PATH


@pytest.fixture
def nodes(world):
    return world.node("lumen", "merchant"), world.node("ana")


@pytest_asyncio.fixture
async def desk(nodes):
    ana = nodes[1]
    sessions = Sessions(lambda: START)  # nobody leaves the desk, however much time passes
    gate = test_orders.Gate(ana)
    app = shell.make_app(
        catalog_changes.ROUTES, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE
    )
    app[RUNTIME] = test_orders.Runtime(ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def follow(world, nodes):
    lumen, ana = nodes
    world.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00"), line("salve", "V1", "9.00", "Salve"))
    world.deliver()


async def test_prices_are_shown_before_and_after_with_the_percentage(world, nodes, desk):
    follow(world, nodes)
    reprice(world, nodes[0], "4.50")
    text = await desk.reads(PATH, "What changed", "1 price change", "lumen", "Soap", "Cheaper", "S1 · $5.00 → $4.50 (-10%)")
    product = nodes[1].read(lambda unit: unit.catalog.offers(None, "", 1)[0].offer.product.hex())
    assert f'href="/catalog/{product}"' in text
    await desk.reads(PATH, "Changes of lumen are noted since")
    noir = world.node("noir", "merchant")
    world.pair(noir, nodes[1])
    publish(noir, line("oil", "O1", "5.00"))
    world.deliver()
    text = await desk.reads(PATH, "Changes are noted from when a catalog arrived on", "lumen: since", "noir: since")
    assert "Changes of lumen" not in text


async def test_a_change_of_texts_says_so(world, nodes, desk):
    follow(world, nodes)
    publish(nodes[0], line("soap", "S1", "5.00", "Soap with rose"))
    world.deliver()
    await desk.reads(PATH, "Soap with rose", "New texts")


async def test_what_happened_to_one_product_stands_together(world, nodes, desk):
    follow(world, nodes)
    world.tick(HOUR)
    nodes[0].write(withdrawals.withdraw, handle="soap", reason="It may splinter")
    world.deliver()
    text = await desk.reads(PATH, "1 sold out, 1 called back", "The shop says: It may splinter", "Sold out")
    assert text.count("<strong>Soap</strong>") == 1


async def test_days_stand_apart(world, nodes, desk):
    follow(world, nodes)
    reprice(world, nodes[0], "4.50")
    reprice(world, nodes[0], "4.00", hours=24)
    text = await desk.reads(f"{PATH}?since=7d", "2 price changes")
    assert text.count("<h2 id=") == 2


async def test_it_is_narrowed_by_kind_and_shop(world, nodes, desk):
    follow(world, nodes)
    reprice(world, nodes[0], "4.50")
    await desk.reads(f"{PATH}?kind=new", "Nothing of this kind", "Show everything")
    await desk.reads(f"{PATH}?kind=cheaper,dearer,deals&merchant={nodes[0].identity.hex()}", "S1 · $5.00 → $4.50")
    text = await desk.reads(f"{PATH}?since=2023-11-01", "S1 · $5.00 → $4.50")
    assert '<option value="2023-11-01" selected' in text


async def test_nothing_and_nobody_say_what_to_do(world, nodes, desk):
    await desk.reads(PATH, "No catalogs yet", "Connect to a shop")
    follow(world, nodes)
    await desk.reads(PATH, "Nothing has changed", "Open the catalog")


async def test_a_time_that_is_none_is_said_at_its_field(world, nodes, desk):
    follow(world, nodes)
    status, text = await desk.get(f"{PATH}?since=whenever")
    assert status == 422
    assert "Say since when" in text


async def test_a_shop_that_is_none_is_said_at_its_field(world, nodes, desk):
    follow(world, nodes)
    for unknown in ("lumen", "0" * 64):
        status, text = await desk.get(f"{PATH}?merchant={unknown}")
        assert status == 422
        assert "You follow no such shop" in text
    assert "You follow no such shop" not in await desk.reads(f"{PATH}?merchant={nodes[0].identity.hex()}")


async def test_having_seen_them_is_noted(world, nodes, desk):
    follow(world, nodes)
    reprice(world, nodes[0], "4.50")
    world.tick(1)
    assert await desk.post(f"{PATH}/seen") == PATH
    await desk.reads(f"{PATH}?since=seen", "Nothing has changed")
    reprice(world, nodes[0], "4.00")
    await desk.reads(f"{PATH}?since=seen", "S1 · $4.50 → $4.00")


async def test_many_are_paged(world, nodes, desk, monkeypatch):
    follow(world, nodes)
    monkeypatch.setattr(catalog_changes, "PAGE", 1)
    reprice(world, nodes[0], "4.50")
    reprice(world, nodes[0], "4.00")
    text = await desk.reads(PATH, "1 shown", "S1 · $4.50 → $4.00")
    following = text.split('href="/catalog/changes?cursor=')[1].split('"')[0]
    await desk.reads(f"{PATH}?cursor={following}", "S1 · $5.00 → $4.50", "Previous")
    world.tick(40 * DAY)
    await desk.reads(PATH, "Nothing has changed")
