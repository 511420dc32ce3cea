"""From a deposit to two payees' balances on a real chain in its own process: right to the last unit, one payee without gas.

Between the statement and the claims the chain is killed and the nodes are restarted. Only the messages between the nodes and the clock's
pace are the test's own.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest

from node.app.chain import ChainSide
from node.config import Config
from node.services import claims, commissions, ledger, relays, statements, wallet
from tests.node.chain.support import ChainProcess, token_balance
from tests.node.services.shop import Shop
from tests.patience import PATIENCE

DEPOSIT = 100 * 10**18
BASE, RATE = 10_400, 10**16
ANA, BEN = BASE * 20 * RATE // 100, BASE * 5 * RATE // 100

pytestmark = pytest.mark.slow


class Market:
    """The shop on a real chain: each node with its sender, watcher and survey."""

    def __init__(self, folder, chain) -> None:
        self.folder, self.chain = folder, chain
        self.shop = Shop(folder)
        self.nodes = (self.shop.lumen, self.shop.ana, self.shop.ben)
        self.now()

    def now(self):
        self.shop.clock.now = max(self.shop.clock.now, int(time.time() * 1000))

    @asynccontextmanager
    async def running(self):
        facts = self.chain.facts
        settings = {"chain_url": facts["rpc"], "chain_id": facts["chain_id"], "gms_address": facts["gms"], "vault_address": facts["vault"]}
        sides = [ChainSide(Config(self.folder, **settings), node.keys, node.store) for node in self.nodes]
        for side in sides:
            await side.client.connect()
        tasks = [asyncio.create_task(side.run()) for side in sides]
        loop = asyncio.get_running_loop()
        for node, side in zip(self.nodes, sides, strict=True):
            wake = partial(loop.call_soon_threadsafe, side.wake)
            node.store.after_commit(lambda topics, wake=wake: wake() if "transactions" in topics else None)
        try:
            yield sides
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for side in sides:
                await side.close()

    async def until(self, check, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.now()
            self.shop.world.tick()
            self.shop.world.deliver()
            if check():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never: {what}")

    def payout(self, node):
        return "0x" + node.read(lambda unit: unit.team.membership(self.shop.lumen.identity).payout).hex()

    def balance(self, node):
        return token_balance(self.chain, self.payout(node))

    def seen(self, node):
        return node.read(statements.list_statements)[0]


@pytest.fixture
def chain(tmp_path):
    process = ChainProcess(tmp_path / "chain", "--activation-delay", "2", "--finalized-depth", "3", "--block-interval-ms", "20")
    market = {"chain": process}
    yield market
    market["chain"].stop()


def restarted(process):
    """The chain, killed without warning and started on its folder and port again."""
    port = urlsplit(process.url).port
    process.kill()
    (process.data / "chain.json").unlink(missing_ok=True)
    return ChainProcess(process.data, "--port", str(port), "--finalized-depth", "3", "--block-interval-ms", "20")


def paid(node):
    return {line.status for line in node.read(commissions.list_lines)} == {"PAID"}


@pytest.mark.asyncio
async def test_from_deposit_to_balances(tmp_path, chain):
    market = Market(tmp_path, chain["chain"])
    shop = market.shop
    shop.sponsor()
    merchant = shop.lumen.identity
    async with market.running() as sides:
        await sides[0].client.faucet(shop.lumen.keys.chain_address(0), gas=10**18, gms=DEPOSIT)
        await sides[1].client.faucet(shop.ana.keys.chain_address(0), gas=10**18)
        shop.lumen.write(wallet.deposit, amount=str(DEPOSIT))
        fund = {"reserve": 0}

        def funded():
            fund["reserve"] = shop.lumen.read(wallet.covered)
            return fund["reserve"] == DEPOSIT

        await market.until(funded, "the deposit")
        shop.completed()
        await market.until(lambda: shop.lumen.read(commissions.list_lines, state="payable"), "payable commissions")
        assert shop.lumen.read(ledger.reserve_free) == DEPOSIT - ANA - BEN
    view = shop.lumen.write(statements.close_epoch)
    assert int(view.payable) == ANA + BEN

    # the power fails: chain killed, nodes restarted, nothing was sent yet
    market.chain = chain["chain"] = restarted(chain["chain"])
    for node in market.nodes:
        node.reopen()
    async with market.running():
        await market.until(lambda: all(market.seen(node).on_chain != "none" for node in (shop.ana, shop.ben)), "the root")
        assert [market.seen(node).equal for node in market.nodes] == [True] * 3
        assert {market.seen(node).root for node in market.nodes} == {view.root}
        shop.ben.write(relays.ask_relay, merchant=merchant, peer=shop.ana.peer)
        await market.until(lambda: shop.ben.read(relays.list_relays)[0].state == "accepted", "the relay")
        first = shop.ana.write(claims.claim, merchant=merchant)
        assert len(first.leaves) == 2
        await market.until(lambda: paid(shop.ana) and paid(shop.ben) and paid(shop.lumen), "final payment")
        assert (market.balance(shop.ana), market.balance(shop.ben)) == (ANA, BEN) == (20_800 * 10**15, 5_200 * 10**15)
        assert int(market.chain.call("eth_getBalance", market.payout(shop.ben), "latest"), 16) == 0
        assert int(market.chain.call("eth_getBalance", "0x" + shop.ben.keys.chain_address(0).hex(), "latest"), 16) == 0
        assert shop.ben.read(relays.list_relays)[0].state == "paid"
        [made] = shop.ana.read(claims.list_claims)
        await market.until(lambda: shop.ana.read(claims.list_claims)[0].state == "finalized", "a final claim")

        # claimed twice: the same claim; and by force, refused by the chain with nothing paid
        assert shop.ana.write(claims.claim, merchant=merchant).id == made.id

        def again(unit):
            known = unit.transactions.get(bytes.fromhex(made.id))
            unit.transactions.add(bytes(32), known.method, known.arguments)

        shop.ana.write(again)
        await market.until(lambda: shop.ana.read(lambda unit: unit.transactions.get(bytes(32))).state == "refused", "a refusal")
        assert shop.ana.read(lambda unit: unit.transactions.get(bytes(32))).code == "nothing-to-claim"
        assert (market.balance(shop.ana), market.balance(shop.ben)) == (ANA, BEN)
        await market.until(lambda: shop.lumen.read(wallet.show).claimed == str(ANA + BEN), "the survey")
        assert shop.lumen.read(wallet.show).reserve == str(DEPOSIT - ANA - BEN)
        assert shop.lumen.read(ledger.reserve_free) == DEPOSIT - ANA - BEN

        # the next epoch is claimed while its root still waits beside the active one, and pays the difference
        shop.completed()
        await market.until(lambda: shop.lumen.read(commissions.list_lines, state="payable"), "payable commissions")
        assert shop.lumen.write(statements.close_epoch).epoch == 2
        await market.until(lambda: market.seen(shop.ana).epoch == 2 and market.seen(shop.ana).on_chain != "none", "the second root")
        assert shop.ana.write(claims.claim, merchant=merchant).epoch == 2  # our clock runs ahead of the chain's: it says not yet at first
        await market.until(lambda: paid(shop.ana), "the second payment")
        assert (market.balance(shop.ana), market.balance(shop.ben)) == (2 * ANA, BEN)
    shop.world.close()
