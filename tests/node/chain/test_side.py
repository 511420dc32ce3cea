"""The chain side of an open node against a chain that has something else at our contracts' addresses."""

import asyncio
import json
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web

from node.app.chain import ChainSide
from node.config import Config
from tests.node.services.world import World
from tests.patience import until

pytestmark = pytest.mark.asyncio
ZERO = "0x" + "00" * 32
HEAD = {"number": "0x1", "hash": "0x" + "11" * 32, "parentHash": ZERO, "timestamp": "0x5", "logsBloom": "0x" + "00" * 256}
ANSWERS = {"eth_chainId": "0x5", "eth_getBlockByNumber": HEAD, "eth_getBalance": "0x0", "eth_getLogs": []}


class Rpc:
    """A loopback RPC whose contracts answer `output`, or revert."""

    def __init__(self) -> None:
        self.output = None
        self.calls = 0

    async def handle(self, request):
        body = json.loads(await request.read())
        answer = {"jsonrpc": "2.0", "id": body["id"]}
        if body["method"] != "eth_call":
            return web.json_response(answer | {"result": ANSWERS.get(body["method"])})
        self.calls += 1
        if self.output is None:
            return web.json_response(answer | {"error": {"code": 3, "message": "execution reverted", "data": "0x"}})
        return web.json_response(answer | {"result": self.output})


@pytest_asyncio.fixture
async def rpc():
    made = Rpc()
    app = web.Application()
    app.router.add_post("/", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_wrong_addresses_are_said_and_end_nothing(rpc, tmp_path):
    """Once the survey's error ended the node, and since the addresses are kept, at each start."""
    world = World(tmp_path)
    node = world.node("ana")
    address = "0x" + "22" * 20
    config = Config(tmp_path, chain_url=rpc.url, chain_id=5, gms_address=address, vault_address=address)
    side = ChainSide(config, node.keys, node.store)
    running = asyncio.create_task(side.run())
    try:
        await until(lambda: side.state == "wrong-contracts" or running.done())
        assert not running.done()
        rpc.output = "0x" + "00" * 31 + "07"
        await until(lambda: side.state == "ready" or running.done())
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
        await side.close()
        world.close()


async def test_addresses_that_are_none_halt_the_chain_side_alone(rpc, tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    side = ChainSide(Config(tmp_path, chain_url=rpc.url, chain_id=5, gms_address="0x12"), node.keys, node.store)
    running = asyncio.create_task(side.run())
    try:
        await until(lambda: side.state.startswith("halted") or running.done())
        assert "gms_address" in side.state
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
        world.close()


async def test_the_same_chain_at_another_address(rpc, tmp_path):
    """Once the new address was kept and the old one asked until the next start."""
    world = World(tmp_path)
    node = world.node("ana")
    address = "0x" + "22" * 20
    config = Config(tmp_path, chain_url="http://127.0.0.1:1", chain_id=5, gms_address=address, vault_address=address)
    side = ChainSide(config, node.keys, node.store)
    running = asyncio.create_task(side.run())
    rpc.output = "0x" + "00" * 31 + "07"
    try:
        await until(lambda: side.state == "unavailable" or running.done())
        side.configure(replace(config, chain_url=rpc.url))
        await until(lambda: side.state == "ready" or running.done())
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
        await side.close()
        world.close()
