"""Gas for each commission by way of paying, from receipts of a real EVM. `python -m bench.chain [--quick] [--json]`.

An epoch of 1,000 orders with three commissions each, owed to 150 members who hold GMS already. The ways: a transfer for each
commission; a transfer for each member once an epoch; one root and each member's own claim; one root and relayed claims, 128 in a
transaction; one root and whole subtrees pushed. "first" is the members' first epoch in the vault, the others are a later one.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.report import Asked, Figure, Report, main
from protocol import settlement as s
from tests.contracts.evm_chain import ACTIVATION, Chain, leaf_args, proof_args

ORDERS, LEVELS, MEMBERS, BATCH = 1_000, 3, 150, 128
GMS = 10**18
BAR = 1_000  # gas for each commission, pushed by subtrees, at the full size: a smaller epoch shares its root among fewer
TREE_LEAVES, TREE_SECONDS = 1_000_000, 30.0


class Books:
    """A merchant with a funded vault and members who hold a little GMS."""

    def __init__(self, orders: int, members: int) -> None:
        self.chain = Chain()
        self.commissions = orders * LEVELS
        self.who = [s.address_of(s.keccak(b"bench member %d" % number)) for number in range(members)]
        merchant = bytes.fromhex(self.chain.merchant[2:])
        self.domain = s.tree_domain(self.chain.web3.eth.chain_id, bytes.fromhex(self.chain.vault.address[2:]), merchant)
        self.epoch = 0
        gms, vault = self.chain.gms.functions, self.chain.vault.functions
        self.chain.send(gms.transfer(self.chain.merchant, 10**8 * GMS))
        self.chain.send(gms.approve(self.chain.vault.address, 2**256 - 1), self.chain.merchant)
        self.chain.send(vault.deposit(self.chain.merchant, 10**7 * GMS), self.chain.merchant)
        for address in self.who:
            self.chain.send(gms.transfer(s.checksum_address(address), 1))

    def tree(self, epochs: int) -> s.SumTree:
        """What is owed in all after so many epochs."""
        due = [(number + 1) * epochs * GMS // 10 for number in range(len(self.who))]
        leaves = [
            s.Leaf(s.keccak(b"leaf %d" % number), who, amount, amount)
            for number, (who, amount) in enumerate(zip(self.who, due, strict=True))
        ]
        return s.SumTree(self.domain, leaves)

    def root(self) -> tuple[s.SumTree, int]:
        """The next epoch's tree, active, and the gas of its proposal."""
        self.epoch += 1
        tree = self.tree(self.epoch)
        used = self.gas(self.chain.vault.functions.propose(self.epoch, *tree.root, b"\7" * 32), self.chain.merchant)
        self.chain.wait(ACTIVATION)
        return tree, used

    def gas(self, call: Any, sender: str) -> int:
        """What a call used."""
        return int(self.chain.send(call, sender)["gasUsed"])


def transfer(books: Books) -> int:
    """A plain transfer's mean, over all members."""
    calls = (books.chain.gms.functions.transfer(s.checksum_address(who), GMS) for who in books.who)
    return sum(books.gas(call, books.chain.merchant) for call in calls) // len(books.who)


def own_claims(books: Books) -> int:
    """One root; every member claims."""
    tree, used = books.root()
    claim, merchant = books.chain.vault.functions.claim, books.chain.merchant
    calls = (claim(merchant, leaf_args(leaf), proof_args(tree.proof(index, books.epoch))) for index, leaf in enumerate(tree.leaves))
    return used + sum(books.gas(call, books.chain.relayer) for call in calls)


def relayed(books: Books) -> int:
    """One root; claims in batches."""
    tree, used = books.root()
    merchant = books.chain.merchant
    claims = [(merchant, leaf_args(leaf), proof_args(tree.proof(index, books.epoch))) for index, leaf in enumerate(tree.leaves)]
    return used + sum(books.gas(books.chain.vault.functions.claimMany(part), books.chain.relayer) for part in _parts(claims))


def pushed(books: Books) -> int:
    """One root; subtrees of up to 128 leaves, one proof each."""
    tree, used = books.root()
    level = min(BATCH, 1 << (len(tree.leaves) - 1).bit_length()).bit_length() - 1
    for index in range(-(-len(tree.leaves) // (1 << level))):
        leaves, proof = tree.subtree(level, index, books.epoch)
        arguments = (books.chain.merchant, [leaf_args(leaf) for leaf in leaves], proof_args(proof), 0)
        used += books.gas(books.chain.vault.functions.claimSubtree(*arguments), books.chain.relayer)
    return used


def _parts(claims: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (claims[start : start + BATCH] for start in range(0, len(claims), BATCH))


def tree_seconds(leaves: int) -> float:
    """How long the root over so many payees takes to reckon."""
    made = [s.Leaf(number.to_bytes(32, "big"), number.to_bytes(20, "big"), number + 1, number + 1) for number in range(leaves)]
    began = time.perf_counter()
    s.SumTree(bytes(32), made)
    return time.perf_counter() - began


def measure(asked: Asked) -> Report:
    orders, members, leaves = asked.scaled(ORDERS), asked.scaled(MEMBERS), asked.scaled(TREE_LEAVES)
    books = Books(orders, members)
    plain, commissions = transfer(books), books.commissions
    first = pushed(books)
    later, claimed, many = pushed(books), own_claims(books), relayed(books)
    paid = [int(books.chain.gms.functions.balanceOf(s.checksum_address(who)).call()) for who in books.who]
    due = [leaf.payable + GMS + 1 for leaf in books.tree(books.epoch).leaves]
    if paid != due:
        raise SystemExit("the members were not paid what they were owed: the figures mean nothing")
    beside = {
        "a transfer for each commission": plain,
        "a transfer for each member": plain * members // commissions,
        "one root, own claims": claimed // commissions,
        "one root, relayed claims": many // commissions,
    }
    figures = {
        "gas_per_commission": Figure(later // commissions, "gas", BAR if orders == ORDERS else None, beside),
        "gas_per_commission_first": Figure(first // commissions, "gas"),
        "gas_per_member": Figure(later // members, "gas", beside={"transfer": plain}),
        "tree": Figure(tree_seconds(leaves), "s", TREE_SECONDS * leaves / TREE_LEAVES),
    }
    return Report("chain", {"orders": orders, "commissions": commissions, "members": members, "leaves": leaves}, figures)


if __name__ == "__main__":
    sys.exit(main(__doc__, measure))
