"""Each verb of the vault, on the bytecode a node deploys: what it does and how it refuses."""

import pytest
from evm_chain import ACTIVATION, BOND, NO_HASH, RECIPIENT, WITHDRAWAL, Chain, Refused, Shop, leaf_args, proof_args

from protocol import settlement as s

GMS = 10**18


def refused(name: str, *numbers: object) -> object:
    """Expect the error of that name; with exactly these numbers when any are given."""
    return pytest.raises(Refused, check=lambda e: e.name == name and (not numbers or e.numbers == numbers))


def test_deposit_fills_the_reserve_of_the_merchant_named(chain: Chain, shop: Shop) -> None:
    chain.send(chain.vault.functions.deposit(chain.merchant, 5 * GMS), chain.stranger)
    assert chain.vault.functions.reserveOf(chain.merchant).call() == 1_005 * GMS
    with refused("ZeroAmount"):
        chain.send(chain.vault.functions.deposit(chain.merchant, 0), chain.stranger)


def test_a_root_pays_its_leaf_after_its_delay(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(10, 20, 30)
    shop.propose(1, tree)
    with refused("NoActiveRoot", chain.merchant.lower()):
        shop.claim(tree, 1, 1)
    chain.wait(ACTIVATION)
    receipt = shop.claim(tree, 1, 1)
    assert chain.events(receipt, "Claimed")[0]["amount"] == 20 * GMS
    assert shop.balance(1) == 20 * GMS
    with refused("NothingToClaim", tree.leaves[1].member_id, 20 * GMS, 20 * GMS):
        shop.claim(tree, 1, 1)


def test_the_next_epoch_pays_the_difference(chain: Chain, shop: Shop) -> None:
    first, second = shop.tree(10, 20), shop.tree(15, 20)
    shop.activate(1, first)
    shop.claim(first, 0, 1)
    shop.activate(2, second)
    shop.claim(second, 0, 2)
    assert shop.balance(0) == 15 * GMS
    shop.claim(second, 1, 2)  # never claimed in epoch 1: all of it comes now
    assert shop.balance(1) == 20 * GMS
    assert chain.vault.functions.claimedTotalOf(chain.merchant).call() == 35 * GMS


def test_a_stale_proof_names_both_epochs(chain: Chain, shop: Shop) -> None:
    first, second = shop.tree(10, 20), shop.tree(11, 21)
    shop.activate(1, first)
    shop.activate(2, second)
    chain.send(chain.vault.functions.activate(chain.merchant), chain.stranger)
    with refused("StaleRoot", 1, 2):
        shop.claim(first, 0, 1)
    with refused("BadProof"):  # an old proof under the new epoch's number
        shop.claim(first, 0, 2)


def test_a_pending_root_cannot_be_claimed_yet(chain: Chain, shop: Shop) -> None:
    first, second = shop.tree(10, 20), shop.tree(11, 21)
    shop.activate(1, first)
    shop.propose(2, second)
    with refused("RootPending"):
        shop.claim(second, 0, 2)
    shop.claim(first, 0, 1)
    with refused("RootPending"):
        chain.send(chain.vault.functions.activate(chain.merchant))


def test_proposals_are_bounded(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(10, 20)
    shop.activate(3, tree)
    propose = chain.vault.functions.propose
    for name, call in {
        "EpochNotAfter": propose(3, *tree.root, NO_HASH),
        "ZeroRoot": propose(4, NO_HASH, 30 * GMS, 30 * GMS, NO_HASH),
        "OutstandingBelowPayable": propose(4, b"\1" * 32, 31 * GMS, 30 * GMS, NO_HASH),
        "AmountTooLarge": propose(4, b"\1" * 32, 31 * GMS, 2**128, NO_HASH),
        "PayableFell": propose(4, b"\1" * 32, 29 * GMS, 30 * GMS, NO_HASH),
        "ReserveShort": propose(4, b"\1" * 32, 1_001 * GMS, 1_001 * GMS, NO_HASH),
    }.items():
        with refused(name):
            chain.send(call, chain.merchant)


def test_what_was_claimed_still_counts_as_cover(chain: Chain, shop: Shop) -> None:
    shop.activate(1, shop.tree(1_000))
    shop.claim(shop.tree(1_000), 0, 1)
    with refused("ReserveShort", 1_001 * GMS, 1_000 * GMS):
        shop.propose(2, shop.tree(1_001))
    shop.propose(2, shop.tree(1_000))


def test_a_relayer_pays_for_holders_without_gas(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(1, 2, 3, 4, 5)
    shop.activate(1, tree)
    broken = (chain.merchant, leaf_args(tree.leaves[0]), proof_args(tree.proof(1, 1)))
    fine = [(chain.merchant, leaf_args(leaf), proof_args(tree.proof(i, 1))) for i, leaf in enumerate(tree.leaves)]
    receipt = chain.send(chain.vault.functions.claimMany([broken, *fine, fine[0]]), chain.relayer)
    assert [shop.balance(i) for i in range(5)] == [i * GMS for i in range(1, 6)]
    assert all(chain.web3.eth.get_balance(s.checksum_address(who)) == 0 for who in shop.who)
    reasons = [chain.errors[event["reason"]][0] for event in chain.events(receipt, "ClaimSkipped")]
    assert reasons == ["BadProof", "NothingToClaim"]
    with refused("BatchSize", 129, 128):
        chain.send(chain.vault.functions.claimMany(fine[:1] * 129), chain.relayer)


@pytest.mark.parametrize(("level", "index"), [(0, 3), (1, 1), (2, 0), (2, 1), (3, 0)])
def test_a_subtree_is_paid_by_one_proof(chain: Chain, shop: Shop, level: int, index: int) -> None:
    tree = shop.tree(1, 2, 3, 4, 5)
    shop.activate(1, tree)
    leaves, proof = tree.subtree(level, index, 1)
    call = chain.vault.functions.claimSubtree(chain.merchant, [leaf_args(leaf) for leaf in leaves], proof_args(proof), 2 * GMS)
    receipt = chain.send(call, chain.relayer)
    due = {tree.leaves.index(leaf): leaf.payable for leaf in leaves if leaf.payable >= 2 * GMS}
    assert [shop.balance(i) for i in range(5)] == [due.get(i, 0) for i in range(5)]
    assert len(chain.events(receipt, "ClaimSkipped")) == len(leaves) - len(due)


def test_the_recipients_own_dispute_is_free_and_ends_with_the_next_root(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(10, 20)
    shop.activate(1, tree)
    own = s.SumTree(shop.domain, [s.Leaf(b"m" * 32, bytes.fromhex(chain.stranger[2:]), GMS, GMS), *shop.tree(10).leaves])
    with refused("PayableFell"):
        shop.propose(2, own)
    own = s.SumTree(shop.domain, [s.Leaf(b"m" * 32, bytes.fromhex(chain.stranger[2:]), GMS, GMS), *tree.leaves])
    shop.propose(2, own)
    before = chain.gms.functions.balanceOf(chain.stranger).call()
    objection = chain.vault.functions.dispute(chain.merchant, leaf_args(own.leaves[0]), proof_args(own.proof(0, 2)), b"\1" * 32)
    chain.send(objection, chain.stranger)
    assert chain.gms.functions.balanceOf(chain.stranger).call() == before
    with refused("AlreadyDisputed"):
        chain.send(objection, chain.stranger)
    chain.wait(ACTIVATION)
    with refused("DisputedLeaf"):
        shop.claim(own, 0, 2)
    shop.claim(own, 1, 2)  # the others still are paid
    shop.activate(3, own)
    shop.claim(own, 0, 3)


def test_a_strangers_dispute_costs_a_bond(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(10, 20)
    shop.propose(1, tree)
    member = tree.leaves[0].member_id
    arguments = (chain.merchant, leaf_args(tree.leaves[0]), proof_args(tree.proof(0, 1)), NO_HASH)
    chain.send(chain.vault.functions.dispute(*arguments), chain.stranger)
    assert chain.gms.functions.balanceOf(chain.stranger).call() == 10_000 * GMS - BOND
    with refused("BondLocked"):
        chain.send(chain.vault.functions.reclaimBond(chain.merchant, 1, member), chain.stranger)
    shop.activate(2, tree)  # the merchant stands by the leaf
    forfeit = chain.vault.functions.forfeitBond(chain.merchant, 1, leaf_args(tree.leaves[0]), proof_args(tree.proof(0, 2)))
    chain.send(forfeit, chain.relayer)
    assert shop.balance(0) == BOND
    with refused("NoBond"):
        chain.send(forfeit, chain.relayer)


def test_a_conceded_dispute_returns_the_bond_in_time(chain: Chain, shop: Shop) -> None:
    tree, mended = shop.tree(10, 20), shop.tree(9, 20)
    shop.propose(1, tree)
    dispute = chain.vault.functions.dispute(chain.merchant, leaf_args(tree.leaves[0]), proof_args(tree.proof(0, 1)), NO_HASH)
    chain.send(dispute, chain.stranger)
    shop.activate(2, mended)
    with refused("BondNotUpheld", 1, 2):
        chain.send(chain.vault.functions.forfeitBond(chain.merchant, 1, leaf_args(mended.leaves[0]), proof_args(mended.proof(0, 2))))
    chain.wait(WITHDRAWAL)
    chain.send(chain.vault.functions.reclaimBond(chain.merchant, 1, tree.leaves[0].member_id), chain.relayer)
    assert chain.gms.functions.balanceOf(chain.stranger).call() == 10_000 * GMS


def test_a_dispute_after_activation_is_too_late(chain: Chain, shop: Shop) -> None:
    tree = shop.tree(10, 20)
    shop.activate(1, tree)
    arguments = (chain.merchant, leaf_args(tree.leaves[0]), proof_args(tree.proof(0, 1)), NO_HASH)
    with refused("DisputeClosed"):
        chain.send(chain.vault.functions.dispute(*arguments), chain.stranger)


def change(chain: Chain, shop: Shop, old: int, new: int, key: int | None = None, nonce: int = 0) -> object:
    member, deadline = s.keccak(b"member 0"), chain.now + 3_600
    struct = s.ChangeRecipient(shop.merchant, member, shop.who[old], shop.who[new], nonce, deadline)
    domain = s.domain_separator(s.VAULT_NAME, s.VERSION, chain.web3.eth.chain_id, bytes.fromhex(chain.vault.address[2:]))
    signature = s.sign_digest(shop.keys[old if key is None else key], s.typed_digest(domain, struct.struct_hash()))
    return chain.vault.functions.changeRecipient(
        chain.merchant, member, s.checksum_address(shop.who[old]), s.checksum_address(shop.who[new]), deadline, signature
    )


def test_a_changed_recipient_is_paid_after_the_delay(chain: Chain, shop: Shop) -> None:
    first, second = shop.tree(10, 20), shop.tree(15, 20)
    shop.activate(1, first)
    with refused("BadSignature"):
        chain.send(change(chain, shop, 0, 4, key=4), chain.relayer)
    chain.send(change(chain, shop, 0, 4), chain.relayer)
    shop.claim(first, 0, 1)
    assert (shop.balance(0), shop.balance(4)) == (10 * GMS, 0)
    chain.wait(RECIPIENT)
    shop.activate(2, second)
    shop.claim(second, 0, 2)
    assert (shop.balance(0), shop.balance(4)) == (10 * GMS, 5 * GMS)
    with refused("RecipientAlreadyChanged"):
        chain.send(change(chain, shop, 4, 0), chain.relayer)


def test_withdrawal_is_announced_delayed_and_stays_above_outstanding(chain: Chain, shop: Shop) -> None:
    held = s.SumTree(shop.domain, [s.Leaf(b"m" * 32, shop.who[0], 10 * GMS, 400 * GMS)])
    shop.activate(1, held)
    vault = chain.vault.functions
    with refused("AmountAboveFree", 601 * GMS, 600 * GMS):
        chain.send(vault.announceWithdrawal(601 * GMS), chain.merchant)
    with refused("NoWithdrawal"):
        chain.send(vault.withdraw(), chain.merchant)
    chain.send(vault.announceWithdrawal(600 * GMS), chain.merchant)
    with refused("WithdrawalNotReady"):
        chain.send(vault.withdraw(), chain.merchant)
    chain.wait(WITHDRAWAL)
    chain.send(vault.withdraw(), chain.merchant)
    assert vault.reserveOf(chain.merchant).call() == 400 * GMS
    assert vault.freeOf(chain.merchant).call() == 0


def test_an_announcement_lapses_and_yields_to_newer_debts(chain: Chain, shop: Shop) -> None:
    vault = chain.vault.functions
    chain.send(vault.announceWithdrawal(1_000 * GMS), chain.merchant)
    shop.propose(1, shop.tree(10))
    chain.wait(WITHDRAWAL)
    with refused("AmountAboveFree", 1_000 * GMS, 990 * GMS):
        chain.send(vault.withdraw(), chain.merchant)
    chain.wait(3 * 86_400)
    with refused("WithdrawalExpired"):
        chain.send(vault.withdraw(), chain.merchant)
    chain.send(vault.cancelWithdrawal(), chain.merchant)
