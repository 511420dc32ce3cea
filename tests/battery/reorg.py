"""Reorgs of one to five blocks on a real chain, under a real watcher: what counts as final is the chain's own balance."""

import asyncio
import os
import random

from node.chain.client import ChainClient
from node.chain.watcher import Watch, Watcher
from node.store.store import Store
from tests.node.chain.parts import Facts, Key, addresses
from tests.node.chain.support import ChainProcess, token_balance

FULL, SHORT = 200, 6
CONTROL = 3
DEPTH = 5
STEPS = 2_000
ARGUMENTS = ("--testing", "--finalized-depth", "40", "--block-interval-ms", "10")


def balance(facts, key, plus, minus=()):
    """What facts of these kinds add up to for `key`."""
    moved = 0
    for fact in facts.seen:
        sign = (fact.status in plus) - (fact.status in minus)
        moved += sign * fact.values["value"] * ((fact.values["to"] == key.address) - (fact.values["from"] == key.address))
    return moved


class Scene:
    """A chain, a store and a watcher of one account."""

    def __init__(self, chain, client, store) -> None:
        self.chain, self.key, self.facts = chain, Key(), Facts()
        self.watcher = Watcher(client, store, Watch(addresses(chain), (self.key.address,), chain.number()), self.facts)

    def pay(self, amount):
        sent = self.chain.call("astra_faucet", self.key.hex, {"gas": 0, "gms": amount})["gms"]
        return int(self.chain.call("eth_getTransactionReceipt", sent)["blockNumber"], 16)

    async def reorg(self, dice):
        """Some payments, seen or not, and then a reorg that takes some of them away."""
        paid = [self.pay(dice.randrange(1, 10**6)) for _ in range(DEPTH)]
        if dice.random() < 0.8:
            await self.watcher.step()
        self.chain.undo(paid[-dice.randrange(1, DEPTH + 1)])
        if dice.random() < 0.5:
            await self.watcher.step()

    async def settle(self):
        number = self.pay(1)
        for _ in range(STEPS):
            await self.watcher.step()
            if self.chain.number("finalized") >= number:
                await self.watcher.step()
                return
        raise AssertionError("never final")

    def judge(self, plus, minus=()):
        truth, found = token_balance(self.chain, self.key.hex), balance(self.facts, self.key, plus, minus)
        return "" if truth == found else f"the chain says {truth}, the facts {found}"


async def _play(size, folder, judge):
    dice, failures = random.Random(1), []
    store = Store.open(folder / "store.db", os.urandom(32), "me")
    with ChainProcess(folder / "chain", "--activation-delay", "2", *ARGUMENTS) as chain:
        client = ChainClient(chain.url, chain.facts["chain_id"])
        try:
            await client.connect()
            scene = Scene(chain, client, store)
            for number in range(size):
                await scene.reorg(dice)
                if number % 5 == 4 or number == size - 1:
                    await scene.settle()
                    failures += [f"after reorg {number}: {wrong}" for wrong in judge(scene) if wrong]
        finally:
            await client.close()
            store.close()
    return failures


def _both(scene):
    return scene.judge(("finalized",)), scene.judge(("confirmed",), ("reorged",))


def run(size, folder):
    return asyncio.run(_play(size, folder, _both))


def control(folder):
    """Who acts on what a block says at once, with no confirmations, has credited what the reorgs took away."""
    return bool(asyncio.run(_play(CONTROL, folder, lambda scene: [scene.judge(("confirmed",))])))
