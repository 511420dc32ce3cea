"""Makes relay.json. `python tests/vectors/make_relay.py`. A relay request against the root that stands on chain for its epoch."""

from dataclasses import replace
from typing import Any

from machines import code_of, vector, write
from parts import named
from sale import ANA_MEMBER, BEN_MEMBER, MERCHANT

from protocol.codec import to_bytes
from protocol.relay import RelayRequest, check_relay
from protocol.settlement import Leaf, Node, SumTree, tree_domain
from protocol.statement import Sibling

CHAIN, VAULT, ISSUER = 1337, named("vault", 20), named("lumen's address", 20)
LEAVES = [Leaf(ANA_MEMBER, named("ana's address", 20), 2_080, 3_000), Leaf(BEN_MEMBER, named("ben's address", 20), 520, 520)]
TREE = SumTree(tree_domain(CHAIN, VAULT, ISSUER), LEAVES)


def request() -> RelayRequest:
    """Ben's leaf."""
    proof = TREE.proof(1, 4)
    siblings = tuple(Sibling(*node) for node in proof.siblings)
    return RelayRequest(MERCHANT.public, CHAIN, VAULT, ISSUER, 4, BEN_MEMBER, LEAVES[1].recipient, 520, 520, proof.index, siblings)


def check(comment: str, asked: RelayRequest, expect: str = "ok", root: Node = TREE.root) -> dict[str, Any]:
    code = code_of(check_relay, asked, root)
    assert code == expect, (comment, code)
    return vector("relay", comment, {"request": to_bytes(asked), "root": list(root)}, expect)


def vectors() -> list[dict[str, Any]]:
    good = request()
    return [
        check("a leaf under the root on chain", good),
        check("one unit more", replace(good, payable=521, outstanding=521), "bad-proof"),
        check("another recipient", replace(good, recipient=named("eve's address", 20)), "bad-proof"),
        check("another merchant's tree", replace(good, issuer=named("eve's address", 20)), "bad-proof"),
        check("another chain", replace(good, chain_id=1), "bad-proof"),
        check("another place in the tree", replace(good, index=0), "bad-proof"),
        check("an index beside the tree", replace(good, index=2), "bad-proof"),
        check("a sibling left out", replace(good, proof=()), "bad-proof"),
        check("the root of other totals", good, "bad-proof", TREE.root._replace(payable=TREE.root.payable + 1)),
        check("more payable than outstanding", replace(good, outstanding=519), "bad-leaf"),
    ]


if __name__ == "__main__":
    write("relay", vectors())
