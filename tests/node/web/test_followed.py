"""Choosing what to follow of a catalog, as pages, over real stores."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.errors import Unavailable
from node.services import browse, catalog_choice
from node.web import catalog, catalog_list, followed, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.test_catalog_parts import choose, feed_id
from tests.node.services.test_catalog_sections import goods, publish
from tests.node.services.world import Line, World
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio


class Runtime(test_orders.Runtime):
    """With the catalogs of a node."""

    def __init__(self, node, world) -> None:
        super().__init__(node)
        self.world = world

    @property
    def catalogs(self):
        return self

    async def sections(self, feed, division):
        return await catalog_choice.list_sections(self.node.store, Line(self.world, self.node), feed, division)


@pytest.fixture
def shop(tmp_path):
    world = World(tmp_path)
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, *goods())
    world.deliver()
    yield world, lumen, ana
    world.close()


@pytest_asyncio.fixture
async def desk(shop):
    world, _, ana = shop
    sessions = Sessions(ana.clock)
    routes = (*followed.ROUTES, *catalog_list.ROUTES, *catalog.ROUTES)
    app = shell.make_app(
        routes, gate=test_orders.Gate(ana), sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE
    )
    app[RUNTIME] = Runtime(ana, world)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


async def test_brands_are_chosen_and_all_again(shop, desk):
    world, _, ana = shop
    await desk.reads(followed.PATH, "lumen", "All of it", "9 products")
    one = f"{followed.PATH}/{feed_id(ana).hex()}"
    page = await desk.reads(one, "Alba", "Boreal", "6 records", "3 brands now")
    assert "checked" in page.split("All of it")[0].rsplit("<input", 1)[1]
    assert await desk.post(one, what="part", by="brand", name="Alba") == followed.PATH
    world.deliver()
    await desk.reads(followed.PATH, "Brands:", "Alba", "3 products", "Here")
    assert [item.vendor for item in ana.read(browse.list_products).products] == ["Alba"] * 3
    await desk.reads("/catalog?q=soap", "Searched is what you follow", "1 section of the catalog of lumen")
    await desk.reads(f"{one}?q=bor", "Boreal", "Alba")
    await desk.reads(f"{one}?by=category", "Bath", "18 records")
    assert await desk.post(one, what="all", by="brand", name="Alba") == followed.PATH
    world.deliver()
    await desk.reads(followed.PATH, "All of it", "9 products")
    assert "Searched is what" not in await desk.reads("/catalog?q=soap", "Soap")


async def test_nothing_chosen_and_a_shop_that_is_away_are_said(shop, desk, monkeypatch):
    _, _, ana = shop
    one = f"{followed.PATH}/{feed_id(ana).hex()}"
    status, page = await desk.get(f"{followed.PATH}/{'0' * 64}")
    assert status == 404
    answer = await desk.client.post(one, data={"_token": desk.session.token, "what": "part", "by": "brand"}, headers=desk.headers)
    assert answer.status == 422
    assert "Choose at least one, or all" in await answer.text()
    choose(ana, "Boreal")

    async def away(*_):
        raise Unavailable("Nobody answers there.")

    monkeypatch.setattr(catalog_choice, "list_sections", away)
    page = await desk.reads(one, "Nobody answers there.", "Boreal")
    assert "What you follow stays as it is" in page


async def test_a_product_of_the_rest_says_so(shop, desk):
    world, _, ana = shop
    gone = next(item for item in ana.read(browse.list_products).products if item.vendor == "Cedar")
    choose(ana, "Alba")
    world.deliver()
    status, page = await desk.get(f"/catalog/{gone.id}")
    assert status == 404
    assert "only a part of the catalog of lumen" in page


async def test_a_shop_that_is_none_shows_nothing_and_is_said_beside_its_field(shop, desk):
    for unknown in ("lumen", "0" * 64):
        page = await desk.reads(f"/catalog?merchant={unknown}", "No catalog of this shop is here", "Shop: unknown", "Nothing found")
        assert "Soap" not in page
    page = await desk.reads(f"/catalog?merchant={shop[1].identity.hex()}", "Shop: lumen", "Soap")
    assert "No catalog of this shop" not in page


async def test_prices_that_cannot_be_searched_for_are_said_beside_their_field(desk):
    await desk.reads("/catalog?from=4&to=1", "The highest price is below the lowest one", "Nothing found")
    for typed in ("abc", "-1", "1e400", "NaN", "1.234", "1.234,50"):
        page = await desk.reads(f"/catalog?from={typed}", "Type an amount such as 19.50", "9 products")
        assert f"From {typed}" not in page
    await desk.reads(f"/catalog?from={'9' * 20}", "This is too large", "9 products")
    for typed in ("1", "1,00", "1.00"):
        page = await desk.reads(f"/catalog?from={typed}", f"From {typed}", "9 products in your catalogs")
        assert "Type an amount" not in page
