"""The settlement vectors, the tree's laws, and who signed."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import settlement as s
from protocol.errors import BadSignature, LocalError, Malformed, ProtocolError

FOLDER = Path(__file__).parents[1] / "vectors"
VECTORS = json.loads((FOLDER / "settlement.json").read_text())
CHAIN = {key: value if key == "chain_id" else bytes.fromhex(value) for key, value in VECTORS["chain"].items()}
TREE = s.tree_domain(CHAIN["chain_id"], CHAIN["vault"], CHAIN["merchant"])
STRUCTS = {
    "Permit": (s.Permit, s.Permit.struct_hash, s.GMS_NAME, "gms"),
    "TransferWithAuthorization": (s.Authorization, s.Authorization.transfer_hash, s.GMS_NAME, "gms"),
    "ReceiveWithAuthorization": (s.Authorization, s.Authorization.receive_hash, s.GMS_NAME, "gms"),
    "CancelAuthorization": (s.CancelAuthorization, s.CancelAuthorization.struct_hash, s.GMS_NAME, "gms"),
    "ChangeRecipient": (s.ChangeRecipient, s.ChangeRecipient.struct_hash, s.VAULT_NAME, "vault"),
    "AccrualFact": (s.AccrualFact, s.AccrualFact.struct_hash, s.VAULT_NAME, "vault"),
}


def value(found: Any) -> Any:
    """A field of a vector: hex of bytes, a decimal string, or itself."""
    if not isinstance(found, str) or len(found) <= 3:
        return found
    if found.isdigit() and len(found) < 40:
        return int(found)
    return bytes.fromhex(found)


def leaf(found: dict[str, Any]) -> s.Leaf:
    return s.Leaf(
        bytes.fromhex(found["member_id"]),
        bytes.fromhex(found["recipient"]),
        int(found["payable"]),
        int(found["outstanding"]),
    )


def node(found: dict[str, Any]) -> s.Node:
    return s.Node(bytes.fromhex(found["hash"]), int(found["payable"]), int(found["outstanding"]))


def answer(kind: str, given: dict[str, Any]) -> Any:
    """What this module says to a vector's input, or the error it raises."""
    match kind:
        case "leaf":
            return {"hash": s.leaf_hash(TREE, leaf(given["leaf"]))}
        case "node":
            return {"node": s.join(TREE, node(given["left"]), node(given["right"]))}
        case "tree":
            return {"root": s.SumTree(TREE, [leaf(one) for one in given["leaves"]]).root}
        case "proof":
            siblings = tuple(node(one) for one in given["proof"]["siblings"])
            proof = s.Proof(given["proof"]["epoch"], given["proof"]["index"], siblings)
            if not s.verify_proof(TREE, leaf(given["leaf"]), proof, node(given["root"])):
                raise BadSignature("does not lead to the root", code="bad-proof")
            return None
        case "recover":
            return {"signer": s.recover(bytes.fromhex(given["digest"]), bytes.fromhex(given["signature"]))}
        case "struct":
            make, struct_hash, name, contract = STRUCTS[given["struct"]]
            struct: Any = make(**{key: value(found) for key, found in given["fields"].items()})
            domain = s.domain_separator(name, s.VERSION, CHAIN["chain_id"], CHAIN[contract])
            return {"digest": s.typed_digest(domain, struct_hash(struct))}
    raise AssertionError(kind)


def shown(found: Any) -> Any:
    match found:
        case s.Node():
            return {"hash": found.hash.hex(), "payable": str(found.payable), "outstanding": str(found.outstanding)}
        case bytes():
            return found.hex()
    return found


@pytest.mark.parametrize("vector", [pytest.param(v, id=f"{v['kind']}: {v['comment']}") for v in VECTORS["vectors"]])
def test_vector(vector: dict[str, Any]) -> None:
    if vector["expect"] != "ok":
        with pytest.raises(ProtocolError) as refusal:
            answer(vector["kind"], vector["input"])
        assert refusal.value.code == vector["expect"]
        return
    found = answer(vector["kind"], vector["input"])
    for key, wanted in vector.get("output", {}).items():
        if key in (found or {}):
            plain = {k: str(v) for k, v in wanted.items()} if isinstance(wanted, dict) else wanted
            assert shown(found[key]) == plain
    if vector["kind"] == "struct":
        output = {key: bytes.fromhex(text) for key, text in vector["output"].items()}
        assert s.recover(output["digest"], output["signature"]) == output["signer"]


def test_the_vectors_are_what_their_generator_makes(tmp_path: Path) -> None:
    copy = tmp_path / "make_settlement.py"
    copy.write_text((FOLDER / "make_settlement.py").read_text())
    subprocess.run([sys.executable, copy], check=True, capture_output=True)
    assert (tmp_path / "settlement.json").read_bytes() == (FOLDER / "settlement.json").read_bytes()


def leaves(amounts: list[tuple[int, int]]) -> list[s.Leaf]:
    return [s.Leaf(i.to_bytes(32, "big"), bytes(20), due, due + held) for i, (due, held) in enumerate(amounts)]


AMOUNTS = st.lists(st.tuples(st.integers(0, 10**24), st.integers(0, 10**24)), min_size=1, max_size=40)


@given(AMOUNTS, st.data())
def test_each_leaf_and_subtree_is_proven_and_the_sums_hold(amounts: list[tuple[int, int]], data: st.DataObject) -> None:
    tree = s.SumTree(TREE, leaves(amounts))
    assert tree.root.payable == sum(due for due, _ in amounts)
    assert tree.root.outstanding == sum(due + held for due, held in amounts)
    index = data.draw(st.integers(0, len(amounts) - 1))
    proof = tree.proof(index, 7)
    assert s.verify_proof(TREE, tree.leaves[index], proof, tree.root)
    other = data.draw(st.integers(0, len(amounts) - 1).filter(lambda i: i != index or len(amounts) == 1))
    assert s.verify_proof(TREE, tree.leaves[other], proof, tree.root) is (other == index)


@given(AMOUNTS, st.integers(0, 5), st.data())
def test_a_subtree_folds_to_its_place(amounts: list[tuple[int, int]], level: int, data: st.DataObject) -> None:
    tree = s.SumTree(TREE, leaves(amounts))
    if level > (len(amounts) - 1).bit_length():
        with pytest.raises(LocalError):
            tree.subtree(level, 0, 7)
        return
    run = data.draw(st.integers(0, (len(amounts) - 1) >> level))
    part, proof = tree.subtree(level, run, 7)
    top = s.SumTree(TREE, part).root
    for at, sibling in enumerate(proof.siblings):
        top = s.join(TREE, sibling, top) if proof.index >> at & 1 else s.join(TREE, top, sibling)
    assert top == tree.root


@pytest.mark.parametrize(("index", "level", "run"), [(3, 0, 3), (-1, 0, -1), (5, 8, 0), (9, 3, 0)])
def test_what_is_not_in_the_tree_is_refused(index: int, level: int, run: int) -> None:
    tree = s.SumTree(TREE, leaves([(1, 0)] * 3))
    with pytest.raises(LocalError, match="there is no"):
        tree.proof(index, 1)
    with pytest.raises(LocalError, match="there is no"):
        tree.subtree(level, run, 1)


def test_a_hundred_thousand_leaves_take_seconds_at_most() -> None:
    many = leaves([(i, 1) for i in range(100_000)])
    began = time.process_time()
    s.SumTree(TREE, many)
    assert time.process_time() - began < 30  # measured 0.6 s; a quadratic tree would take minutes


@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**128))
def test_a_signature_names_its_signer_and_nobody_else(digest: bytes, secret: int) -> None:
    key = secret.to_bytes(32, "big")
    signature = s.sign_digest(key, digest)
    assert s.recover(digest, signature) == s.address_of(key)
    changed = bytes([digest[0] ^ 1]) + digest[1:]
    assert s.recover(changed, signature) != s.address_of(key)


@given(st.binary(min_size=65, max_size=65))
def test_any_bytes_give_an_address_or_a_named_error(signature: bytes) -> None:
    try:
        found = s.recover(bytes(32), signature)
    except BadSignature:
        return
    assert len(found) == 20


CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # the example of ERC-55


def test_addresses_are_read_and_written_with_their_checksum() -> None:
    address = s.parse_address(CHECKSUMMED)
    assert s.checksum_address(address) == CHECKSUMMED
    assert s.parse_address(CHECKSUMMED.lower()) == address


@pytest.mark.parametrize("text", ["", "0x", CHECKSUMMED[2:], CHECKSUMMED[:-1], CHECKSUMMED[:-1] + "D", "0x" + "g" * 40, "0x 1" + "0" * 38])
def test_a_mistyped_address_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        s.parse_address(text)
    assert refusal.value.code == "bad-address"


def test_numbers_and_lengths_out_of_range_are_refused() -> None:
    with pytest.raises(Malformed, match="outside"):
        s.Permit(bytes(20), bytes(20), -1, 0, 0).struct_hash()
    with pytest.raises(Malformed, match="not 32"):
        s.CancelAuthorization(bytes(20), bytes(31)).struct_hash()
    with pytest.raises(Malformed, match="not 20"):
        s.checksum_address(bytes(21))
