"""Relay requests: their vectors, and that they travel whole."""

import json
from pathlib import Path

import make_relay
import pytest
from machines import code_of
from parts import text

from protocol.codec import from_bytes
from protocol.kinds import Topic
from protocol.messages import pack, unpack
from protocol.relay import RelayRequest, check_relay, leaf_of, proof_of
from protocol.settlement import Node

FILE = Path(__file__).parents[1] / "vectors/relay.json"
VECTORS = json.loads(FILE.read_text())


def test_the_vectors_are_what_the_generator_makes():
    assert FILE.read_text() == text(make_relay.vectors())


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_vector(found):
    request = from_bytes(RelayRequest, bytes.fromhex(found["input"]["request"]))
    name, payable, outstanding = found["input"]["root"]
    assert code_of(check_relay, request, Node(bytes.fromhex(name), payable, outstanding)) == found["expect"]


def test_it_travels_whole():
    asked = make_relay.request()
    received = unpack(Topic.COMMISSION, pack(asked)).record
    assert received == asked
    assert (leaf_of(received), proof_of(received)) == (make_relay.LEAVES[1], make_relay.TREE.proof(1, 4))
