"""The watch list on pages, over real stores: from the product's page to Today and back, and every refusal at its field."""

import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.web import catalog, catalog_list, lookouts, shell, today
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services import test_lookouts
from tests.node.services.catalog_goods import publish
from tests.node.services.test_lookouts import CODE, change, line, product_of
from tests.node.services.world import START
from tests.node.web import test_orders, test_tasks

pytestmark = pytest.mark.asyncio
PATH = lookouts.PATH
head = test_lookouts.head


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00", code=CODE), line("salve", "V1", "9.00", "Salve"))
    world.deliver()
    return lumen, ana


@pytest_asyncio.fixture
async def desk(shop):
    ana = shop[1]
    sessions = Sessions(lambda: START)
    routes = [*lookouts.ROUTES, *catalog_list.ROUTES, *catalog.ROUTES, *today.ROUTES]
    app = shell.make_app(
        routes, gate=test_orders.Gate(ana), sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE
    )
    app[RUNTIME] = test_tasks.Runtime(ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def watch_of(text):
    """Where the page's Watch leads to."""
    return re.search(rf'href="({PATH}/new\?[^"]+)"', text)[1].replace("&amp;", "&")


async def post_refused(desk, **fields):
    body = {"_token": desk.session.token, **fields}
    answer = await desk.client.post(PATH, data=body, headers=desk.headers, allow_redirects=False)
    assert answer.status == 422
    return await answer.text()


async def test_from_the_product_to_the_list_and_off_it_again(world, shop, desk):
    product = product_of(shop[1], "S1").hex()
    await desk.reads(PATH, "You watch nothing yet", "Open the catalog")
    form = watch_of(await desk.reads(f"/catalog/{product}", "Watch"))
    await desk.reads(form, "Watch Soap", "Soap at lumen", "Whoever sells it", CODE, "Any change")
    assert await desk.post(PATH, product=product, feed="", scope="product", wish="any", at_most="") == PATH
    text = await desk.reads(PATH, "Soap", "lumen", "Any change", "$5.00")
    lookout = re.search(rf"{PATH}/([0-9a-f]{{64}})/remove", text)[1]
    assert await desk.post(f"{PATH}/{lookout}/remove") == PATH
    await desk.reads(PATH, "You watch nothing yet", "Taken off lately", "Put back")
    assert await desk.post(f"{PATH}/{lookout}/restore") == PATH
    assert "Taken off lately" not in await desk.reads(PATH, "Any change")


async def test_what_happens_is_on_today_and_on_the_list_until_it_was_seen(world, shop, desk):
    lumen, ana = shop
    await desk.post(PATH, product=product_of(ana, "S1").hex(), feed="", scope="product", wish="any", at_most="")
    change(world, lumen, line("soap", "S1", "4.50", code=CODE))
    text = await desk.reads("/", "Soap costs less", "At lumen: 5.00 → 4.50 USD", "Seen")
    await desk.reads(PATH, "What happened", "Cheaper", "lumen · S1 · $5.00 → $4.50")
    seen = re.search(rf'action="({PATH}/[0-9a-f]{{64}}/seen)"', text)[1]
    assert await desk.post(seen, back="/") == "/"
    assert "costs less" not in (await desk.get("/"))[1]
    change(world, lumen, line("soap", "S1", "4.00", code=CODE))
    change(world, lumen, line("soap", "S1", "3.00", code=CODE))
    text = await desk.reads(PATH, "$4.50 → $4.00", "$4.00 → $3.00")
    notice = re.search(r'name="notice" value="([0-9a-f]{64})"', text)[1]
    assert await desk.post(f"{PATH}/seen", notice=notice, back="") == PATH
    await desk.reads(PATH, "$4.50 → $4.00")
    assert await desk.post(f"{PATH}/seen", back="https://evil.example/") == PATH
    assert "What happened" not in (await desk.get(PATH))[1]


async def test_a_number_is_watched_from_the_comparison_for_a_price(world, shop, desk):
    form = watch_of(await desk.reads(f"/catalog/compare/{CODE}", "Watch this number"))
    await desk.reads(form, "Watch a bar code")
    refused = await post_refused(desk, product="", feed="", scope="code", code=CODE, wish="price", at_most="6")
    assert "costs no more than that now" in refused
    assert await desk.post(PATH, product="", feed="", scope="code", code=CODE, wish="price", at_most="4,50") == PATH
    text = await desk.reads(PATH, "Soap", f"Whoever sells {CODE}", "$4.50 or less")
    assert f'href="/catalog/compare/{CODE}"' in text
    change(world, shop[0], line("soap", "S1", "4.40", code=CODE))
    await desk.reads("/", "Soap costs less", "5.00 → 4.40 USD")


async def test_numbers_of_several_variants_are_told_by_what_each_is(world, shop, desk):
    sizes = [("S1", "5.00", "30 ml", "4006381333931"), ("S2", "8.00", "50 ml", "4006381333948")]
    change(
        world,
        shop[0],
        *(line("soap", sku, price, code=code).replace("Title,Default Title", f"Size,{size}") for sku, price, size, code in sizes),
    )
    product = product_of(shop[1], "S2").hex()
    text = await desk.reads(f"/catalog/{product}", "Who else sells 30 ml", "Who else sells 50 ml")
    assert "Who else sells it" not in text
    await desk.reads(watch_of(text), "Whoever sells 30 ml", "Whoever sells 50 ml", "4006381333948")


async def test_a_search_result_leads_to_the_form_for_its_shop(world, shop, desk):
    text = await desk.reads("/catalog?q=salve", "Watch")
    form = watch_of(text)
    feed = shop[1].read(lambda unit: unit.catalog.feeds())[0].feed.hex()
    assert f"feed={feed}" in form
    await desk.reads(form, "Watch Salve", "Salve at lumen")
    assert await desk.post(PATH, product=product_of(shop[1], "V1").hex(), feed=feed, scope="product", wish="back", at_most="") == PATH
    await desk.reads(PATH, "It is back")


async def test_what_cannot_be_watched_is_said_at_its_field(shop, desk):
    product = product_of(shop[1], "S1").hex()
    base = {"product": product, "feed": "", "scope": "product", "wish": "price"}
    assert "Type an amount" in await post_refused(desk, **base, at_most="cheap")
    assert "too large" in await post_refused(desk, **base, at_most="9" * 20)
    assert "from which price on" in await post_refused(desk, **base, at_most="")
    assert "costs no more than that now" in await post_refused(desk, **base, at_most="5")
    assert "8 to 14 digits" in await post_refused(desk, product="", feed="", scope="code", code="12", wish="any", at_most="")
    assert "at most" in (await post_refused(desk, **base, at_most="-1")).casefold()
