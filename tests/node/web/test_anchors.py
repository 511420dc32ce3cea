"""Catalogs on the chain, as pages: a shop writes its own, a seller reads what they say, over real stores."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import wallet
from node.web import anchors, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import Shop
from tests.node.services.test_anchors import PLACED, Chain, anchored
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    for node in (shop.lumen, shop.ana):
        node.write(wallet.place_chain, PLACED)
    yield shop
    shop.world.close()


@pytest_asyncio.fixture
async def desks(shop):
    opened, clients = [], []
    for node in (shop.lumen, shop.ana):
        sessions = Sessions(node.clock)
        gate = test_orders.Gate(node)
        app = shell.make_app(anchors.ROUTES, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
        app[RUNTIME] = test_orders.Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        opened.append(test_orders.Desk(client, sessions.start()))
    yield opened
    for client in clients:
        await client.close()


async def test_a_shop_anchors_and_a_seller_reads_what_it_says(shop, desks):
    lumen, ana = desks
    await lumen.reads(anchors.PATH, "Your catalog is not on the chain yet")
    page = await ana.reads(anchors.PATH, "None of your shops has done this yet")
    assert "Write it now" not in page
    assert await lumen.post(anchors.PATH) == anchors.PATH
    await lumen.reads(anchors.PATH, "It is on its way to the chain")
    head = anchored(shop)
    chain, by = Chain(), shop.lumen.read(lambda unit: unit.me.chain_address(0))
    chain.write(shop.lumen, shop.ana, head=head, by=by)
    shop.world.tick()
    await ana.reads(anchors.PATH, "Agrees")
    await lumen.reads(anchors.PATH, "Yours", head.root.hex(), "What you signed last is there")
    chain.write(shop.ana, head=head, by=by, root=b"\x55" * 32)
    shop.world.tick()
    await ana.reads(anchors.PATH, "lumen showed you another catalog")


async def test_the_schedule_is_kept_and_what_is_wrong_is_told(shop, desks):
    lumen, _ = desks
    assert await lumen.post(f"{anchors.PATH}/schedule", every="weekly") == anchors.PATH
    assert '<option value="weekly" selected' in await lumen.reads(anchors.PATH, "Saved")
    with pytest.raises(AssertionError, match="Say off, daily or weekly"):
        await lumen.post(f"{anchors.PATH}/schedule", every="hourly")
    shop.lumen.write(wallet.place_chain, wallet.Place(PLACED.chain_id, PLACED.gms, PLACED.vault))
    await lumen.reads(anchors.PATH, "Your chain has no place for this")
    with pytest.raises(AssertionError, match="has no contract for anchors"):
        await lumen.post(anchors.PATH)
