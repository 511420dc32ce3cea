"""Intents become transactions exactly once, whatever happens in between."""

import asyncio
import itertools
import os
import time

import pytest

from node.chain.client import ChainClient
from node.chain.errors import WrongChain
from node.chain.sender import Pace
from node.chain.signing import Unsigned, sign
from node.errors import ConflictError, Unavailable
from protocol.settlement import Leaf, SumTree, tree_domain
from tests.node.chain.parts import Key, addresses, ask, funded, row, sender, until
from tests.node.chain.support import token_balance
from tests.patience import PATIENCE

pytestmark = pytest.mark.asyncio
ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))


async def test_approve_then_deposit_in_order_to_finality(chain, client, store):
    merchant = funded(chain, gms=1000)
    made, changes = sender(client, store, chain, merchant)
    where = addresses(chain)
    await ask(store, ONE, "gms.approve", where.vault, 1000)
    await ask(store, TWO, "vault.deposit", merchant.address, 600)
    await until(made, store, TWO, "finalized")
    assert changes.states(ONE) == changes.states(TWO) == ["pending", "confirmed", "finalized"]
    assert await client.vault(where.vault, "reserveOf", merchant.address) == (600,)
    assert await client.token_balance(where.gms, merchant.address) == 400
    assert await made.step() is False


async def test_same_intent_twice_is_one_transaction(chain, client, store):
    payer, payee = funded(chain, gms=50), Key()
    made, _ = sender(client, store, chain, payer)
    await ask(store, ONE, "gms.transfer", payee.address, 7)
    await ask(store, ONE, "gms.transfer", payee.address, 7)
    await until(made, store, ONE, "confirmed")
    await ask(store, ONE, "gms.transfer", payee.address, 7)
    for _ in range(5):
        await made.step()
    assert token_balance(chain, payee.hex) == 7
    with pytest.raises(ConflictError):
        await ask(store, ONE, "gms.transfer", payee.address, 8)


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("vault.deposit", (b"\x11" * 20, 5), "erc20-insufficient-allowance"),
        ("vault.propose", (1, b"\x01" * 32, 10, 10, bytes(32)), "reserve-short"),
        ("vault.propose", (1, bytes(32), 0, 0, bytes(32)), "zero-root"),
        ("gms.transfer", (b"\x11" * 20, 2**200), "erc20-insufficient-balance"),
        ("vault.claimMany", (((b"\x11" * 20, (ONE, b"\x22" * 20, 1, 1), (1, 0, ())),),), "no-active-root"),
        ("gms.transfer", (b"\x11" * 20, -1), "bad-arguments"),
        ("gms.transfer", (b"\x11" * 20,), "bad-arguments"),
        ("gms.mint", (1,), "bad-arguments"),
    ],
)
async def test_what_the_contract_refuses_is_never_sent(chain, client, store, method, arguments, code):
    key = funded(chain)
    made, changes = sender(client, store, chain, key)
    await ask(store, ONE, method, *arguments)
    assert await made.step() is False
    found = await row(store, ONE)
    assert (found.state, found.code) == ("refused", code)
    assert changes.states(ONE) == ["refused"]
    assert await client.nonce(key.address, "pending") == 0


class Cut(Exception):
    """The process ends here."""


@pytest.mark.parametrize("place", ["before send", "after send"])
async def test_cut_off_around_the_broadcast(chain, client, store, monkeypatch, place):
    payer, payee = funded(chain, gms=50), Key()
    made, _ = sender(client, store, chain, payer)
    await ask(store, ONE, "gms.transfer", payee.address, 7)

    async def cut(raw: bytes) -> None:
        if place == "after send":
            await ChainClient.send(client, raw)
        raise Cut

    monkeypatch.setattr(client, "send", cut)
    with pytest.raises(Cut):
        await made.step()
    assert (await row(store, ONE)).state == "pending"
    monkeypatch.undo()
    again, changes = sender(client, store, chain, payer)
    await until(again, store, ONE, "finalized")
    assert changes.states(ONE) == ["confirmed", "finalized"]
    assert token_balance(chain, payee.hex) == 7
    assert await client.nonce(payer.address) == 1


async def test_control_signing_anew_after_the_cut_pays_twice(chain, client, store):
    """The planted fault: a sender that forgets what it signed. The count above catches it."""
    payer, payee = funded(chain, gms=50), Key()
    made, _ = sender(client, store, chain, payer)
    for forgotten in (ONE, TWO):
        await ask(store, forgotten, "gms.transfer", payee.address, 7)
        await until(made, store, forgotten, "confirmed")
    assert token_balance(chain, payee.hex) == 14


async def test_stuck_transaction_is_bumped_in_both_fees(chain, client, store):
    payer, payee = funded(chain, gms=50), Key()
    made, _ = sender(client, store, chain, payer, pace=Pace(stuck=-1))
    await ask(store, ONE, "gms.transfer", payee.address, 7)
    chain.call("astra_hold", True)
    try:
        for _ in range(3):
            await made.step()
    finally:
        chain.call("astra_hold", False)
    attempts = await store.read(lambda unit: unit.transactions.attempts(ONE))
    assert len(attempts) == 3
    assert {attempt.nonce for attempt in attempts} == {0}
    attempts = sorted(attempts, key=lambda attempt: attempt.max_fee)
    for before, after in itertools.pairwise(attempts):
        assert after.max_fee * 1000 >= before.max_fee * 1125
        assert after.priority_fee * 1000 >= before.priority_fee * 1125
    await until(made, store, ONE, "finalized")
    assert token_balance(chain, payee.hex) == 7


@pytest.mark.parametrize("first", [THREE, TWO, ONE])
async def test_reorg_sends_the_stored_transactions_again(chain, client, store, first):
    payer, payee = funded(chain, gms=50), Key()
    made, changes = sender(client, store, chain, payer)
    for intent, amount in ((ONE, 7), (TWO, 11), (THREE, 13)):
        await ask(store, intent, "gms.transfer", payee.address, amount)
    await until(made, store, THREE, "confirmed")
    chain.undo((await row(store, first)).block)
    assert token_balance(chain, payee.hex) < 31
    await until(made, store, THREE, "finalized")
    assert changes.states(THREE) == ["pending", "confirmed", "reorged", "confirmed", "finalized"]
    assert token_balance(chain, payee.hex) == 31
    assert len(await store.read(lambda unit: unit.transactions.attempts(THREE))) == 1


async def test_no_gas_waits_and_says_so(chain, client, store):
    payer, payee = Key(), Key()
    chain.call("astra_faucet", payer.hex, {"gas": "0", "gms": "9"})
    made, changes = sender(client, store, chain, payer)
    await ask(store, ONE, "gms.transfer", payee.address, 9)
    assert await made.step() is True
    assert (await row(store, ONE)).code == "no-gas"
    assert payer.hex in changes.seen[0][2]
    chain.call("astra_faucet", payer.hex, {"gas": str(10**18)})
    found = await until(made, store, ONE, "finalized")
    assert found.code is None


async def test_foreign_transaction_under_our_nonce_is_never_answered_by_a_second(chain, client, store):
    payer, payee = funded(chain, gms=50), Key()
    made, _ = sender(client, store, chain, payer)
    await ask(store, ONE, "gms.transfer", payee.address, 7)
    chain.call("astra_hold", True)
    try:
        await made.step()
        foreign = Unsigned(client.chain_id, 0, 10**12, 10**13, 21_000, payee.address, b"")
        await client.send(sign(foreign, payer).raw)
    finally:
        chain.call("astra_hold", False)
    found = await until(made, store, ONE, "refused")
    assert found.code == "nonce-taken"
    assert token_balance(chain, payee.hex) == 0


async def test_claim_waits_for_activation_and_a_stale_one_is_refused(chain, client, store):
    merchant, ana, ben = funded(chain, gms=1000), funded(chain), Key()
    where = addresses(chain)
    made, _ = sender(client, store, chain, merchant, ana)
    domain = tree_domain(client.chain_id, where.vault, merchant.address)
    leaves = [Leaf(ONE, ana.address, 100, 100), Leaf(TWO, ben.address, 30, 30)]
    tree = SumTree(domain, leaves)

    def claims(epoch: int) -> tuple:
        made_claims = []
        for index, leaf in enumerate(leaves):
            proof = tree.proof(index, epoch)
            siblings = tuple((node.hash, node.payable, node.outstanding) for node in proof.siblings)
            struct = (leaf.member_id, leaf.recipient, leaf.payable, leaf.outstanding)
            made_claims.append((merchant.address, struct, (proof.epoch, proof.index, siblings)))
        return tuple(made_claims)

    def propose(epoch: int) -> tuple:
        return (epoch, tree.root.hash, tree.root.payable, tree.root.outstanding, bytes(32))

    await ask(store, b"a" * 32, "gms.approve", where.vault, 1000)
    await ask(store, b"d" * 32, "vault.deposit", merchant.address, 500)
    await ask(store, b"p" * 32, "vault.propose", *propose(1))
    await until(made, store, b"p" * 32, "confirmed")
    await ask(store, b"c" * 32, "vault.claimMany", claims(1), account=1)
    await made.step()
    found = await row(store, b"c" * 32)
    assert (found.state, found.code) == ("waiting", "no-active-root")
    await until(made, store, b"c" * 32, "confirmed")
    assert token_balance(chain, ana.hex) == 100
    assert token_balance(chain, ben.hex) == 30
    assert await client.gas_balance(ben.address) == 0
    await ask(store, b"q" * 32, "vault.propose", *propose(2))
    await until(made, store, b"q" * 32, "confirmed")
    await ask(store, b"e" * 32, "vault.claimMany", claims(2), account=1)
    await made.step()
    found = await row(store, b"e" * 32)
    assert (found.state, found.code) == ("waiting", "root-pending"), "the root it is for waits beside the active one"
    await until(made, store, b"q" * 32, "finalized")
    active = (await client.vault(where.vault, "pendingRoot", merchant.address))[0][5]
    chain.call("astra_waitUntil", active)
    end = time.monotonic() + PATIENCE
    while (await client.block("latest")).timestamp < active:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)
    await ask(store, b"s" * 32, "vault.claim", *claims(1)[0], account=1)
    await made.step()
    found = await row(store, b"s" * 32)
    assert (found.state, found.code) == ("refused", "stale-root")
    assert "newer" in found.detail


async def test_chain_down_nothing_is_lost(chain, store):
    payer = Key()
    away = ChainClient("http://127.0.0.1:9", chain.facts["chain_id"], deadline=2)
    made, _ = sender(away, store, chain, payer)
    await ask(store, ONE, "gms.transfer", os.urandom(20), 1)
    with pytest.raises(Unavailable):
        await made.step()
    task = asyncio.create_task(made.run())
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await row(store, ONE)).state == "waiting"
    await away.close()


async def test_wrong_chain_gets_nothing(chain, client, store):
    payer = funded(chain, gms=5)
    wrong = ChainClient(chain.url, chain.facts["chain_id"] + 1)
    made, _ = sender(wrong, store, chain, payer)
    await ask(store, ONE, "gms.transfer", os.urandom(20), 1)
    with pytest.raises(WrongChain):
        await made.step()
    assert wrong.state == "wrong-chain"
    assert await client.nonce(payer.address, "pending") == 0
    assert (await row(store, ONE)).nonce is None
    await wrong.close()
