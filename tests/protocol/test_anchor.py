"""Anchors: their vectors, and that no tree but the anchored one agrees."""

import json
from pathlib import Path

import make_anchor
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import text

from protocol.anchor import Anchor, Anchorer, ProofAnswer, ProofRequest, Verdict, judge
from protocol.codec import from_bytes, to_bytes
from protocol.errors import Malformed
from protocol.kinds import Topic
from protocol.log import Checkpoint, Tree, leaf_hash
from protocol.messages import pack, unpack

FILE = Path(__file__).parents[1] / "vectors/anchor.json"
VECTORS = json.loads(FILE.read_text())
LOG, STATE = b"\x01" * 32, b"\x02" * 32


def test_the_vectors_are_what_the_generator_makes():
    assert FILE.read_text() == text(make_anchor.vectors())


@pytest.mark.parametrize("found", [found for found in VECTORS if found["kind"] == "anchor"], ids=lambda found: found["comment"])
def test_vector(found):
    said = found["input"]
    anchor = Anchor(LOG, said["size"], bytes.fromhex(said["root"]), bytes.fromhex(said["state"]))
    head = from_bytes(Checkpoint, bytes.fromhex(said["head"]))
    proof = None if said["proof"] is None else [bytes.fromhex(part) for part in said["proof"]]
    assert judge(anchor, head, proof) == found["expect"]


def test_who_anchors_is_a_record_of_its_own():
    [found] = [found for found in VECTORS if found["kind"] == "anchorer"]
    raw = bytes.fromhex(found["input"]["record"])
    assert to_bytes(from_bytes(Anchorer, raw)) == raw
    with pytest.raises(Malformed):
        from_bytes(Anchorer, raw[:-1])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 39), st.booleans())
def test_an_anchor_agrees_with_the_trees_that_go_on_from_it_and_with_no_other(old, size, changed, forged):
    old, size = min(old, size), max(old, size)
    leaves = [leaf_hash(number.to_bytes(2, "big")) for number in range(size)]
    anchored = Tree(leaves).root(old)
    if forged:
        leaves[changed % old] = leaf_hash(b"another entry")
    tree = Tree(leaves)
    verdict = judge(Anchor(LOG, old, anchored, STATE), Checkpoint(LOG, size, tree.root(), STATE, 0), tree.consistency(old))
    if old == size:
        assert verdict is (Verdict.CONTRADICTS if forged else Verdict.AGREES)
    else:
        assert verdict is (Verdict.UNPROVED if forged else Verdict.AGREES)


@pytest.mark.parametrize("record", [ProofRequest(LOG, 3, 9), ProofAnswer((STATE,))])
def test_questions_travel_whole(record):
    assert unpack(Topic.CATALOG, pack(record)).record == record
