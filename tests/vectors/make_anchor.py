"""Makes anchor.json. `python tests/vectors/make_anchor.py`. What an anchor on the chain says of a head that was accepted."""

from dataclasses import replace
from typing import Any

from machines import vector, write
from parts import named

from protocol.anchor import Anchor, Anchorer, Verdict, judge
from protocol.codec import to_bytes
from protocol.log import Checkpoint, Tree, leaf_hash

LOG = named("a feed")
TREE = Tree([leaf_hash(f"operation {number}".encode()) for number in range(11)])
STATE = named("its state")


def head(size: int = 11) -> Checkpoint:
    """The writer's head of a size."""
    return Checkpoint(LOG, size, TREE.root(size), STATE, 1_700_000_000_000)


def anchor(size: int) -> Anchor:
    """The same head as it stands on the chain."""
    return Anchor(LOG, size, TREE.root(size), STATE)


def check(comment: str, found: Anchor, expect: Verdict, proof: tuple[bytes, ...] | None = None) -> dict[str, Any]:
    verdict = judge(found, head(), proof)
    assert verdict is expect, (comment, verdict)
    given = {
        "size": found.size,
        "root": found.root,
        "state": found.state,
        "head": to_bytes(head()),
        "proof": None if proof is None else list(proof),
    }
    return vector("anchor", comment, given, expect.value)


def vectors() -> list[dict[str, Any]]:
    whole, proof = anchor(11), TREE.consistency(4)
    return [
        check("the head itself", whole, Verdict.AGREES),
        check("another root at the head's size", replace(whole, root=named("another root")), Verdict.CONTRADICTS),
        check("another state at the head's size", replace(whole, state=named("another state")), Verdict.CONTRADICTS),
        check("a smaller size with its proof", anchor(4), Verdict.AGREES, proof),
        check("a smaller size without a proof", anchor(4), Verdict.UNPROVED),
        check("a smaller size with a proof cut short", anchor(4), Verdict.UNPROVED, proof[:-1]),
        check("a smaller size with a proof too long", anchor(4), Verdict.UNPROVED, (*proof, named("one more"))),
        check("another root at a smaller size", replace(anchor(4), root=named("another root")), Verdict.UNPROVED, proof),
        check("the proof of another size", anchor(5), Verdict.UNPROVED, proof),
        check("a size the head has not reached", replace(whole, size=12), Verdict.AHEAD),
        vector(
            "anchorer",
            "who anchors, and where",
            {"record": to_bytes(Anchorer(named("lumen"), 1337, named("contract", 20), named("address", 20)))},
            "ok",
        ),
    ]


if __name__ == "__main__":
    write("anchor", vectors())
