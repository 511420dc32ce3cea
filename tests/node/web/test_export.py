"""The page that takes everything away: a file of its own type, for this session only."""

import json

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.app import exports
from node.web import export, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import Shop
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE


class Runtime(test_orders.Runtime):
    def export(self, form, kind):
        return exports.begin(self.read, form, kind, self.node.clock.now)


@pytest_asyncio.fixture
async def desk(tmp_path):
    shop = Shop(tmp_path)
    sessions = Sessions(shop.clock)
    app = shell.make_app([*export.ROUTES], gate=test_orders.Gate(shop.ana), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = Runtime(shop.ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()
    shop.world.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("form=json", "application/x-ndjson", "gemstra-all-2023-11-14.jsonl"),
        ("form=vcard", "text/vcard", "gemstra-customer-2023-11-14.vcf"),
        ("form=csv&kind=order", "text/csv", "gemstra-order-2023-11-14.csv"),
    ],
)
async def test_each_file_has_its_type_and_name(desk, query, kind, name):
    text = await desk.reads("/export", "Take everything away", "Download everything")
    assert "/export/file?form=csv&amp;kind=commission" in text
    answer = await desk.client.get("/export/file?" + query, headers=desk.headers)
    given = (
        answer.content_type,
        answer.headers["Content-Disposition"],
        answer.headers["Cache-Control"],
        answer.headers["X-Content-Type-Options"],
    )
    assert given == (kind, f'attachment; filename="{name}"', "no-store", "nosniff")
    body = await answer.read()
    if name.endswith("jsonl"):
        assert json.loads(body.splitlines()[-1])["value"]["counts"]["customer"] == 1


@pytest.mark.asyncio
async def test_nobody_takes_it_without_a_session_and_a_wrong_wish_is_a_page(desk):
    answer = await desk.client.get("/export/file", headers={"Host": HOST}, allow_redirects=False)
    assert (answer.status, answer.headers.get("Location")) == (303, "/open")
    status, text = await desk.get("/export/file?form=xml")
    assert (status, "unknown-form" in text) == (400, True)
