"""The watcher's facts lead to the chain's balances, through reorgs; acting on confirmed ones does not."""

import asyncio
import random
import shutil

import pytest

from node.chain.client import ChainClient
from node.chain.watcher import Watch, Watcher, in_bloom
from node.errors import IntegrityError, Unavailable
from tests.node.chain.parts import Facts, Key, addresses
from tests.node.chain.support import ChainProcess, token_balance
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.asyncio


def pay(chain, to, amount):
    receipt = chain.call("eth_getTransactionReceipt", chain.call("astra_faucet", to.hex, {"gas": 0, "gms": amount})["gms"])
    return int(receipt["blockNumber"], 16)


def watcher(client, store, chain, *keys, start=None):
    facts = Facts()
    watch = Watch(
        addresses(chain),
        tuple(key.address for key in keys),
        chain.number() if start is None else start,
    )
    return Watcher(client, store, watch, facts), facts


def balance(facts, key, *, plus, minus=()):
    moved = 0
    for fact in facts.seen:
        sign = 1 if fact.status in plus else -1 if fact.status in minus else 0
        if fact.values["to"] == key.address:
            moved += sign * fact.values["value"]
        if fact.values["from"] == key.address:
            moved -= sign * fact.values["value"]
    return moved


async def settle(made, chain, number):
    """Steps until block `number` is final and seen as such."""
    for _ in range(500):
        await made.step()
        if chain.number("finalized") >= number:
            await made.step()
            return
    raise AssertionError("never final")


async def test_facts_of_our_accounts_only_confirmed_then_finalized(chain, client, store):
    mine, other = Key(), Key()
    made, facts = watcher(client, store, chain, mine)
    block = pay(chain, mine, 5)
    pay(chain, other, 6)
    assert await made.step() is True
    assert [(fact.status, fact.values["value"], fact.block) for fact in facts.seen] == [("confirmed", 5, block)]
    await settle(made, chain, block)
    assert [fact.status for fact in facts.seen] == ["confirmed", "finalized"]
    first, last = facts.seen
    assert (first.name, first.contract, first.block_hash, first.index) == ("Transfer", "GMS", last.block_hash, last.index)
    assert await made.step() in {False, True}


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
async def test_reorg_leads_to_the_chains_balance(chain, client, store, depth):
    mine = Key()
    made, facts = watcher(client, store, chain, mine)
    blocks = [pay(chain, mine, amount) for amount in (1, 10, 100, 1000, 10000)]
    chain.call("astra_hold", True)  # a watcher waits for finality, and the chain would mine for it
    await made.step()
    chain.undo(blocks[-depth])
    await settle(made, chain, pay(chain, mine, 7))
    truth = token_balance(chain, mine.hex)
    assert truth == int("11111"[depth:] or "0") + 7
    assert balance(facts, mine, plus=("confirmed",), minus=("reorged",)) == truth
    assert balance(facts, mine, plus=("finalized",)) == truth
    # Control: who acts on confirmed facts at once, never undoing, has credited what the reorg took away.
    assert balance(facts, mine, plus=("confirmed",)) != truth


async def undo_unless_final(chain, store, number):
    """The chain mines while a watcher waits, so on a busy machine a block may be final by now: that one stays."""
    chain.call("astra_hold", True)
    final = await store.read(lambda unit: unit.blocks.final())
    if final is None or final.number < number:
        chain.undo(number)
    chain.call("astra_hold", False)


async def test_random_reorgs_while_watching(chain, client, store):
    dice = random.Random(7)
    keys = [Key(), Key()]
    made, facts = watcher(client, store, chain, *keys)
    for _ in range(12):
        paid = [pay(chain, dice.choice(keys), dice.randrange(1, 10**6)) for _ in range(dice.randrange(1, 4))]
        if dice.random() < 0.7:
            await made.step()
        if dice.random() < 0.6:
            await undo_unless_final(chain, store, dice.choice(paid))
        if dice.random() < 0.4:
            await made.step()
    await settle(made, chain, pay(chain, keys[0], 1))
    for key in keys:
        truth = token_balance(chain, key.hex)
        assert balance(facts, key, plus=("finalized",)) == truth
        assert balance(facts, key, plus=("confirmed",), minus=("reorged",)) == truth


async def test_reorg_below_finality_halts_and_undoes_nothing(template, tmp_path, store):
    shutil.copytree(template, tmp_path / "data")
    with ChainProcess(tmp_path / "data", "--testing", "--block-interval-ms", "10") as chain:
        client = ChainClient(chain.url, chain.facts["chain_id"])
        mine = Key()
        made, facts = watcher(client, store, chain, mine)
        block = pay(chain, mine, 5)
        await settle(made, chain, block)
        chain.undo(block)
        with pytest.raises(IntegrityError) as caught:
            await asyncio.wait_for(made.run(), PATIENCE)
        assert caught.value.code == "chain-rewritten"
        assert made.state == "halted"
        assert [fact.status for fact in facts.seen] == ["confirmed", "finalized"]
        assert (await store.read(lambda unit: unit.blocks.at(block))) is not None
        await client.close()


async def test_callback_and_cursor_move_together(chain, client, store):
    mine = Key()
    made, facts = watcher(client, store, chain, mine)
    pay(chain, mine, 5)

    def failing(unit, fact):
        unit.settings.set("credited", fact.values["value"])
        raise ValueError("the app's own fault")

    made._on_fact = failing
    with pytest.raises(ValueError, match="own fault"):
        await made.step()
    assert await store.read(lambda unit: unit.settings.get("credited")) is None
    made._on_fact = facts
    await made.step()
    assert [fact.values["value"] for fact in facts.seen] == [5]


async def test_goes_on_where_it_was_in_another_process(chain, client, store):
    mine = Key()
    made, facts = watcher(client, store, chain, mine)
    pay(chain, mine, 5)
    await made.step()
    newest = pay(chain, mine, 6)
    again, later = watcher(client, store, chain, mine, start=0)
    await settle(again, chain, newest)
    assert [fact.values["value"] for fact in facts.seen] == [5]
    assert [fact.values["value"] for fact in later.seen if fact.status == "confirmed"] == [6]
    assert sorted(fact.values["value"] for fact in later.seen if fact.status == "finalized") == [5, 6]


async def test_chain_down_and_back(template, tmp_path, store):
    shutil.copytree(template, tmp_path / "data")
    mine = Key()
    with ChainProcess(tmp_path / "data") as chain:
        port = chain.url.rsplit(":", 1)[1]
        client = ChainClient(chain.url, chain.facts["chain_id"])
        made, facts = watcher(client, store, chain, mine)
        pay(chain, mine, 5)
        await made.step()
        chain.kill()
    with pytest.raises(Unavailable):
        await made.step()
    assert client.state == "unavailable"
    task = asyncio.create_task(made.run())
    try:
        with ChainProcess(tmp_path / "data", "--port", port) as chain:
            pay(chain, mine, 6)
            await until(lambda: made.state == "following" and len(facts.seen) >= 2)
            assert sorted(fact.values["value"] for fact in facts.seen if fact.status == "confirmed") == [5, 6]
            assert client.state == "ready"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


async def test_follows_one_more_account_from_then_on(chain, client, store):
    mine, later = Key(), Key()
    made, facts = watcher(client, store, chain, mine)
    pay(chain, later, 5)
    await made.step()
    for _ in range(2):
        made.follow(later.address)
    pay(chain, later, 6)
    await made.step()
    assert [fact.values["value"] for fact in facts.seen if fact.status == "confirmed"] == [6]


async def test_bloom_finds_what_a_block_holds(chain):
    mine = Key()
    block = chain.call("eth_getBlockByNumber", hex(pay(chain, mine, 5)), False)
    bloom = bytes.fromhex(block["logsBloom"][2:])
    assert in_bloom(bloom, addresses(chain).gms)
    assert in_bloom(bloom, mine.address.rjust(32, b"\0"))
    assert not in_bloom(bloom, addresses(chain).vault)
    assert not in_bloom(bytes(256), b"")
