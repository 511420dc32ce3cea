"""The client against an RPC that lies, floods, stalls or changes under it; and what it makes of contract errors."""

import asyncio
import json
import subprocess
import sys

import pytest
import pytest_asyncio
from aiohttp import web

from node.chain.client import ChainClient
from node.chain.contracts import abi, build, event, reverted
from node.chain.errors import RefusedBySender, Reverted, WrongChain, kebab
from node.errors import Unavailable
from tests.node.chain.parts import addresses
from tests.patience import PATIENCE

pytestmark = pytest.mark.asyncio


class Liar:
    """A loopback RPC that answers what it is told; the network fault of these tests."""

    def __init__(self) -> None:
        self.answers = {"eth_chainId": "0x5"}
        self.asked = []
        self.raw = None

    async def handle(self, request):
        body = json.loads(await request.read())
        self.asked.append(body["method"])
        if self.raw is not None and body["method"] != "eth_chainId":
            return await self.raw(request)
        answer = self.answers.get(body["method"])
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], "result": answer})


@pytest_asyncio.fixture
async def liar():
    made = Liar()
    app = web.Application()
    app.router.add_post("/", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    made.client = ChainClient(made.url, 5, deadline=5)
    yield made
    await made.client.close()
    await runner.cleanup()


async def test_wrong_chain_is_found_before_anything_is_sent(liar):
    liar.answers["eth_chainId"] = "0x6"
    with pytest.raises(WrongChain) as caught:
        await liar.client.send(b"\x02")
    assert set(liar.asked) == {"eth_chainId"}
    assert "has id 6, not 5" in str(caught.value)
    assert liar.client.state == "wrong-chain"


async def test_chain_that_changes_behind_the_address_is_found(liar):
    liar.answers["eth_getBalance"] = "0x7"
    assert await liar.client.gas_balance(b"\x01" * 20) == 7
    liar.answers["eth_chainId"] = "0x6"
    with pytest.raises(WrongChain):
        await liar.client.send(b"\x02")
    assert "eth_sendRawTransaction" not in liar.asked
    with pytest.raises(WrongChain):
        await liar.client.gas_balance(b"\x01" * 20)
    liar.answers["eth_chainId"] = "0x5"
    assert await liar.client.gas_balance(b"\x01" * 20) == 7
    assert liar.client.state == "ready"


async def reply(kind, request):
    if kind == "500":
        return web.Response(status=500)
    if kind == "redirect":
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})
    if kind == "garbage":
        return web.Response(body=b"\xff\xfe not json")
    if kind == "array":
        return web.json_response([1, 2])
    if kind == "no result":
        return web.json_response({"jsonrpc": "2.0", "id": 1})
    if kind == "wrong type":
        return web.json_response({"jsonrpc": "2.0", "id": 1, "result": {"a": 1}})
    if kind == "flood":
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(40):
                await response.write(b" " * (1 << 20))
        except ConnectionError:
            pass
        return response
    await asyncio.sleep(PATIENCE)
    return web.Response()


@pytest.mark.parametrize("kind", ["500", "redirect", "garbage", "array", "no result", "wrong type", "flood", "stall"])
async def test_every_bad_answer_is_unavailable_and_recovers(liar, kind):
    liar.answers["eth_getBalance"] = "0x7"
    liar.raw = lambda request: reply(kind, request)
    with pytest.raises(Unavailable) as caught:
        await liar.client.gas_balance(b"\x01" * 20)
    assert caught.value.code == "chain-unavailable"
    assert liar.client.state == "unavailable"
    liar.raw = None
    assert await liar.client.gas_balance(b"\x01" * 20) == 7
    assert liar.client.state == "ready"


async def test_logs_of_another_block_are_not_taken(liar):
    log = {
        "address": "0x" + "11" * 20,
        "topics": ["0x" + "22" * 32],
        "data": "0x",
        "blockHash": "0x" + "33" * 32,
        "blockNumber": "0x1",
        "transactionHash": "0x" + "44" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }
    liar.answers["eth_getLogs"] = [log]
    assert len(await liar.client.logs(b"\x33" * 32, b"\x11" * 20)) == 1
    for block, address in ((b"\x34" * 32, b"\x11" * 20), (b"\x33" * 32, b"\x12" * 20)):
        with pytest.raises(Unavailable):
            await liar.client.logs(block, address)


async def test_real_chain_answers(chain, client):
    where = addresses(chain)
    head = await client.block("latest")
    assert (await client.block(head.number)).hash == head.hash
    assert (await client.block("finalized")).number <= head.number
    assert await client.block(10**6) is None
    assert await client.receipt(bytes(32)) is None
    assert await client.knows(bytes(32)) is False
    assert await client.vault(where.vault, "reserveOf", b"\x01" * 20) == (0,)
    with pytest.raises(Unavailable):
        await client.logs(bytes(32), where.vault)
    with pytest.raises(RefusedBySender):
        await client.send(b"\x02\x00")


async def test_revert_data_is_decoded(chain, client):
    with pytest.raises(Reverted) as caught:
        await client.estimate(b"\x09" * 20, *build("gms.transfer", (b"\x01" * 20, 5), addresses(chain)))
    error = caught.value
    assert (error.name, error.code) == ("ERC20InsufficientBalance", "erc20-insufficient-balance")
    assert error.arguments == {"sender": b"\x09" * 20, "balance": 0, "needed": 5}
    assert "too little GMS" in str(error)


async def test_connecting_does_not_lift_the_recursion_limit():
    """Control: importing web3 alone does, and then 100,000 brackets end the process."""
    program = "import asyncio, json, sys; before = sys.getrecursionlimit(); {}; print(sys.getrecursionlimit() == before)"
    for step, unchanged in (
        ("from node.chain.client import _load; _load('http://127.0.0.1:9', 1)", "True"),
        ("import web3", "False"),
    ):
        command = [sys.executable, "-c", program.format(step)]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == unchanged


async def test_reverts_of_every_kind():
    words = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
    assert str(reverted(words)) == "no"
    assert reverted(bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")).arguments == {"code": 17}
    for harmed in (b"", b"\x01", words[:20], words[:4], next(iter(abi("GMS").errors)), b"\xff" * 40):
        assert reverted(harmed).code in {"reverted", "panic", kebab(next(iter(abi("GMS").errors.values())).name)}
    assert kebab("StaleRoot") == "stale-root"


async def test_foreign_or_broken_logs_are_no_events():
    transfer = next(topic for topic, item in abi("GMS").events.items() if item.name == "Transfer")
    word = bytes(12) + b"\x01" * 20
    good = event("GMS", [transfer, word, word], (5).to_bytes(32, "big"))
    assert good == ("Transfer", {"from": b"\x01" * 20, "to": b"\x01" * 20, "value": 5})
    assert event("GMS", [], b"") is None
    assert event("GMS", [bytes(32)], b"") is None
    assert event("GMS", [transfer, word], (5).to_bytes(32, "big")) is None
    assert event("GMS", [transfer, word, word], b"\x01") is None
    assert event("GMS", [transfer, b"\xff" * 32, word], (5).to_bytes(32, "big")) is None


@pytest.mark.parametrize("code", [-32000, -32601, -32602, 17, None])
async def test_a_question_the_rpc_declines_is_asked_again_later(liar, code):
    """Whatever a provider answers, nothing but Unavailable reaches the tasks that follow the chain: another error ends them."""

    async def decline(request):
        body = json.loads(await request.read())
        return web.json_response({"jsonrpc": "2.0", "id": body["id"], "error": {"code": code, "message": "method handler crashed"}})

    liar.raw = decline
    for ask in (liar.client.block("latest"), liar.client.fees(), liar.client.nonce(b"\1" * 20), liar.client.logs(b"\1" * 32, b"\2" * 20)):
        with pytest.raises(Unavailable):
            await ask


async def test_a_block_that_is_not_there_is_no_error_of_ours(liar):
    liar.answers["eth_getBlockByNumber"] = None
    assert await liar.client.block("latest") is None
    with pytest.raises(Unavailable):
        await liar.client.fees()
