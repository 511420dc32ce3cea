"""The order commands against real nodes: through the socket, the API and the services, and back as JSON, text and exit codes."""

import asyncio
import contextlib
import json
import threading

import msgspec
import pytest
from aiohttp import web
from typer.testing import CliRunner

from node.api import orders as api
from node.api.http import add_api
from node.cli.root import app
from tests.node.services.shop import CUSTOMER, Shop


class Runtime:
    def __init__(self, node) -> None:
        self.node = node

    def require_open(self) -> None:
        pass

    async def read(self, run, /, **arguments):
        return await self.node.store.read(run, **arguments)

    async def write(self, run, /, **arguments):
        return await self.node.store.write(run, **arguments)

    async def write_once(self, operation, body, permanent, run, /, **arguments):
        return msgspec.json.encode(await self.node.store.write(run, **arguments))

    async def changed(self, after):
        await asyncio.Event().wait()


@contextlib.contextmanager
def served(node, folder):
    """The node's API on its socket, in a thread of its own."""
    folder.mkdir()
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def start():
        pages = web.Application()
        add_api(pages, Runtime(node), api.ROUTES)
        runner = web.AppRunner(pages)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "node.sock")).start()
        ready.set()
        return runner

    def run():
        loop.runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(loop.runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield folder
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def desk(tmp_path):
    shop = Shop(tmp_path)
    with served(shop.ana, tmp_path / "a") as ana, served(shop.lumen, tmp_path / "l") as lumen:

        def call(who, *words, code=0):
            folder = {"ana": ana, "lumen": lumen}[who]
            done = CliRunner().invoke(app, ["--data", str(folder), "--json", "--yes", "order", *words])
            assert done.exit_code == code, done.output
            shop.world.deliver()
            return json.loads(done.stdout) if code == 0 else done.stderr

        call.shop, call.folders = shop, {"ana": ana, "lumen": lumen}
        yield call
    shop.world.close()


def test_a_sale_by_commands(desk):
    merchant = desk.shop.lumen.identity.hex()
    draft = desk("ana", "draft", merchant, "cream", "serum:2", "--customer", CUSTOMER.hex())
    assert desk("ana", "show", draft["id"])["status"] == "QUOTED"
    order = desk("ana", "place", draft["id"])["id"]
    assert [found["id"] for found in desk("lumen", "list", "--attention")] == [order]
    assert desk("lumen", "accept", order)["covered"] is True
    desk("ana", "paid", order)
    assert desk("lumen", "confirm-payment", order)["payment"]["status"] == "FUNDED"
    assert desk("lumen", "ship", order, "--carrier", "DHL")["parcels"][0]["carrier"] == "DHL"
    desk("lumen", "report", order, "delivered")
    assert desk("ana", "show", order)["status"] == "FULFILLED"
    assert desk("ana", "list", "--state", "open")[0]["draft_id"] == draft["id"]
    text = CliRunner().invoke(app, ["--data", str(desk.folders["ana"]), "order", "show", order])
    assert text.exit_code == 0
    assert "Grace Hopper" in text.stdout
    assert "CREAM" in text.stdout.upper()


def test_commands_that_fail_say_why(desk):
    merchant = desk.shop.lumen.identity.hex()
    assert "[unknown-sku]" in desk("ana", "draft", merchant, "nothing", "--customer", CUSTOMER.hex(), code=1)
    assert "[bad-quantity]" in desk("ana", "draft", merchant, "cream:none", "--customer", CUSTOMER.hex(), code=1)
    assert "[bad-quantity]" in desk("ana", "draft", merchant, "cream:0", "--customer", CUSTOMER.hex(), code=1)
    assert "[not-found]" in desk("ana", "show", "00" * 32, code=3)
    assert "[bad-request]" in desk("ana", "show", "xyz", code=1)
    order = desk.shop.placed().hex()
    assert "[wrong-side]" in desk("ana", "accept", order, code=1)
    assert "[illegal-transition]" in desk("lumen", "ship", order, code=5)
    assert "[bad-code]" in desk("lumen", "reject", order, "--code", "because", code=1)
    assert desk("lumen", "reject", order, "--code", "out-of-stock")["status"] == "REJECTED"
