"""The pages of an order on both desks, over real stores: each step is shown, each button does what it says."""

import asyncio
import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import orders, quotes
from node.web import orders as pages
from node.web import shell, shop_orders
from node.web.page import Stage
from node.web.render import Viewer
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import CUSTOMER, WINDOW, fund
from tests.patience import PATIENCE, until

HOST = "ana.localhost:8801"
COOKIE = "gemstra-desk"


class Gate:
    def __init__(self, node) -> None:
        self.node = node

    def stage(self):
        return Stage.OPEN

    def viewer(self):
        return Viewer(self.node.keys.name, self.node.keys.role)


class Runtime:
    def __init__(self, node) -> None:
        self.node = node

    async def read(self, run, /, **arguments):
        return await self.node.store.read(run, **arguments)

    async def write(self, run, /, **arguments):
        return await self.node.store.write(run, **arguments)


class Desk:
    """A browser at one node's page."""

    def __init__(self, client, session) -> None:
        self.client, self.session = client, session
        self.headers = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={session.id}"}

    async def get(self, path):
        answer = await self.client.get(path, headers=self.headers, allow_redirects=False)
        return answer.status, await answer.text()

    async def looks_again(self, path):
        """As the part of a page that refreshes itself does."""
        answer = await self.client.get(path, headers={**self.headers, "HX-Request": "true"}, allow_redirects=False)
        return answer.status, answer.headers.get("HX-Redirect")

    async def post(self, path, **fields):
        """The form, and the page it leads to."""
        body = {"_token": self.session.token, **fields}
        answer = await self.client.post(path, data=body, headers=self.headers, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]

    async def reads(self, path, *expected):
        status, text = await self.get(path)
        assert status == 200, text
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
        for words in expected:
            assert words in plain, plain
        return text


@pytest_asyncio.fixture
async def desks(shop, monkeypatch):
    monkeypatch.setattr(pages, "WAIT_SECONDS", 0)  # nothing is delivered while a page waits
    opened, clients = [], []
    for node in (shop.ana, shop.lumen):
        sessions = Sessions(shop.clock)
        routes = [*pages.ROUTES, *shop_orders.ROUTES]
        app = shell.make_app(routes, gate=Gate(node), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
        app[RUNTIME] = Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        opened.append(Desk(client, sessions.start()))
    yield opened
    for client in clients:
        await client.close()


@pytest.mark.asyncio
async def test_an_order_from_the_product_to_its_end(shop, desks):
    ana, lumen = desks
    product = shop.ana.read(lambda unit: unit.catalog.offers(None, "", 1)[0].offer.product.hex())
    form = {
        "product": product,
        "merchant": shop.lumen.identity.hex(),
        "customer": CUSTOMER.hex(),
        "method": "post",
        "qty-cream": "1",
        "qty-serum": "0",
    }
    path = await ana.post("/orders/quote", **form)
    await ana.reads(path, "Asking the price", "lumen is asked for the price")
    assert await ana.looks_again(path) == (200, None)
    shop.world.deliver()
    assert await ana.looks_again(path) == (204, path), "the price is another page"
    await ana.reads(path, "Check the order", "For Grace Hopper", "$52.00", "$10.40 = 10.4 GMS")
    path = await ana.post("/orders/place", quote=path.removeprefix("/orders/"))
    await ana.reads(path, "Being placed", "It is on its way to the shop")
    shop.world.deliver()
    text = await ana.reads("/orders", "Grace Hopper", "Placed", "lumen accepts or refuses it.")
    path = re.search(r'href="(/orders/[0-9a-f]{64})"', text)[1]
    await lumen.reads("/merchant", "ana", "To answer", "2 sellers", "3 products")
    theirs = path.replace("/orders/", "/merchant/orders/")
    await lumen.reads(theirs, "Sold by ana", "Accept the order")
    assert "Grace" not in (await lumen.get(theirs))[1]
    await lumen.post(f"{theirs}/accept")
    shop.world.deliver()
    await lumen.reads(theirs, "ana: Product cream", "10.4 GMS", "$52.00 arrived")
    await ana.reads(path, "My customer has paid", "Bank transfer to the shop", "The commission is covered by the reserve")
    await ana.post(f"{path}/paid")
    shop.world.deliver()
    await lumen.post(f"{theirs}/confirm-payment")
    await lumen.reads(theirs, "It is shipped", "Tracking number", "Not asked yet", "Ask for the address")
    await lumen.post(f"{theirs}/ask-address")
    await lumen.reads(theirs, "The seller is asked for leave to see the address")
    shop.world.deliver()
    await ana.reads(path, "lumen asks to see: name")
    await ana.post(f"{path}/share")
    shop.world.deliver()
    await lumen.reads(theirs, "Get the address")
    await lumen.post(f"{theirs}/ask-address")
    shop.world.deliver()
    await lumen.reads(theirs, "Grace Hopper", "Lilienstrasse 17", "Kept sealed until then")
    await lumen.post(f"{theirs}/ship", carrier="DHL", tracking="<script>alert(1)</script>")
    text = await lumen.reads(theirs, "It was delivered")
    assert "<script>alert" not in text
    await lumen.post(f"{theirs}/report", report="delivered", parcel="1")
    shop.world.deliver()
    await ana.reads(path, "Delivered", "once the time for returns is over", "10.4 GMS", "20 % for who sells", "held until returns are over")
    shop.world.tick(WINDOW)
    shop.world.deliver()
    await ana.reads(path, "Finished", "Finished, returns are over")
    await ana.reads("/orders?view=done", "Grace Hopper")
    await ana.reads("/orders", "No orders here")


@pytest.mark.asyncio
async def test_what_cannot_be_done_is_said_on_the_page(shop, desks):
    ana, lumen = desks
    product = shop.ana.read(lambda unit: unit.catalog.offers(None, "", 1)[0].offer.product.hex())
    for quantity, words in (("-2", "order at least one"), ("two", "whole numbers"), ("0", "at least one line")):
        path = await ana.post(
            "/orders/quote",
            product=product,
            merchant=shop.lumen.identity.hex(),
            customer=CUSTOMER.hex(),
            method="post",
            **{"qty-cream": quantity},
        )
        assert path == f"/catalog/{product}?customer={CUSTOMER.hex()}&merchant={shop.lumen.identity.hex()}", "what was chosen is kept"
        await ana.reads("/orders", words)
    fund(shop.lumen, 0)
    order = shop.placed().hex()
    assert await lumen.post(f"/merchant/orders/{order}/accept") == f"/merchant/orders/{order}"
    await lumen.reads(f"/merchant/orders/{order}", "The reserve does not cover", "Accept the order")
    await lumen.post(f"/merchant/orders/{order}/reject", code="other")
    shop.world.deliver()
    await ana.reads(f"/orders/{order}", "Refused")
    for path in ("/orders/xyz", "/orders/" + "00" * 32, f"/orders/{order.upper()}"):
        assert (await ana.get(path))[0] == 404


@pytest.mark.asyncio
async def test_a_refused_draft_says_why(shop, desks):
    draft = bytes.fromhex(shop.draft().id)
    shop.world.deliver()
    shop.ana.write(quotes.place, order=draft)
    shop.clock.tick(quotes.QUOTE_MS + 1)
    shop.world.deliver()
    await desks[0].reads(f"/orders/{draft.hex()}", "The other side did not take it", "The price was held for a short time only")
    assert shop.ana.read(orders.list_orders)[0].error == "quote-expired"


@pytest.mark.asyncio
async def test_a_long_list_goes_on(shop, desks, monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 2)
    for _ in range(3):
        shop.draft()
        shop.clock.tick(1)
    text = await desks[0].reads("/orders", "2 shown", "Next")
    following = re.search(r'href="(/orders\?view=open&amp;before=\d+)"', text)[1].replace("&amp;", "&")
    await desks[0].reads(following, "1 shown", "Previous")


@pytest.mark.asyncio
async def test_the_page_waits_a_moment_for_the_price(shop, desks, monkeypatch):
    monkeypatch.setattr(pages, "WAIT_SECONDS", 10 * PATIENCE)
    ana, _ = desks
    product = shop.ana.read(lambda unit: unit.catalog.offers(None, "", 1)[0].offer.product.hex())
    asking = asyncio.create_task(
        ana.post(
            "/orders/quote",
            product=product,
            merchant=shop.lumen.identity.hex(),
            customer=CUSTOMER.hex(),
            method="post",
            **{"qty-cream": "1"},
        )
    )
    await until(lambda: shop.ana.read(orders.list_orders))
    assert not asking.done()
    shop.world.deliver()
    await ana.reads(await asking, "Check the order")
