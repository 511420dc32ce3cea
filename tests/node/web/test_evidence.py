"""Proofs as pages: in words, as a file, and the check of one that somebody sent."""

import json

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import evidence as service
from node.web import evidence, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import Shop
from tests.node.services.test_evidence import found, head
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def desk(tmp_path):
    shop = Shop(tmp_path)
    sessions = Sessions(shop.ana.clock)
    gate = test_orders.Gate(shop.ana)
    app = shell.make_app(evidence.ROUTES, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
    app[RUNTIME] = test_orders.Runtime(shop.ana)
    async with TestClient(TestServer(app)) as client:
        made = test_orders.Desk(client, sessions.start())
        made.shop = shop
        yield made
    shop.world.close()


async def post(desk, proof):
    body = {"_token": desk.session.token, "proof": proof}
    answer = await desk.client.post("/evidence", data=body, headers=desk.headers)
    return answer.status, await answer.text()


async def test_a_proof_is_told_in_words_saved_and_checked(desk):
    await desk.reads("/evidence", "Nobody showed you two histories")
    row = found(desk.shop, head(desk.shop.lumen), head(desk.shop.lumen, root=b"\x03"))
    await desk.reads("/evidence", "lumen", "catalog")
    page = await desk.reads(f"/evidence/{row.id}", "lumen signed that its catalog of 7 entries", "Both signatures are genuine")
    assert f"/evidence/{row.id}.json" in page
    status, text = await desk.get(f"/evidence/{row.id}.json")
    assert status == 200
    assert json.loads(text) == {"identity": row.identity, "first": row.first, "second": row.second}
    status, text = await post(desk, text)
    assert (status, "The proof holds" in text) == (200, True)


@pytest.mark.parametrize(
    "given", ["", "[]", "{}", '{"first": 1}', '{"first": "00", "second": "00"}', "[" * 100_000, "<script>alert(1)</script>"]
)
async def test_what_is_no_proof_is_told(desk, given):
    status, text = await post(desk, given)
    assert status == 422
    assert "prove nothing" in text or "The proof is damaged" in text or "Paste the whole file" in text
    assert "<script>alert" not in text


async def test_a_proof_by_two_devices_is_shown_without_a_promise(desk):
    entry = desk.shop.lumen.read(lambda unit: unit.peers.presentation().entries[0])
    pair = service.Contradiction("two", identity=desk.shop.lumen.identity, first=entry, second=head(desk.shop.lumen))
    desk.shop.ana.write(service.keep, pair)
    [row] = desk.shop.ana.read(service.list_evidence)
    await desk.reads(f"/evidence/{row.id}", "only a desk that is connected to it can check this")
