"""Makes settlement.json: what the contracts and `protocol/settlement.py` must agree on. `python tests/vectors/make_settlement.py`.

The chain is the one of a fresh eth-tester: its chain id, its first account deploying GMS, then the vault. So the test can put
the same bytecode at the same addresses and ask it for the same answers.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from protocol import settlement as s

CHAIN_ID = 131277322940537
DEPLOYER = bytes.fromhex("7e5f4552091a69125d5dfcb7b8c2659029395bdf")  # of the private key 1
FAR = 4_000_000_000
KEYS = {name: s.keccak(b"gemstra test key " + name.encode()) for name in ("merchant", "anna", "bert")}
WHO = {name: s.address_of(key) for name, key in KEYS.items()}
MERCHANT, ANNA, BERT = WHO["merchant"], WHO["anna"], WHO["bert"]


def created(nonce: int) -> bytes:
    """The address of the deployer's contract number `nonce`."""
    return s.keccak(b"\xd6\x94" + DEPLOYER + (bytes([nonce]) if nonce else b"\x80"))[12:]


GMS, VAULT = created(0), created(1)
TREE = s.tree_domain(CHAIN_ID, VAULT, MERCHANT)
GMS_DOMAIN = s.domain_separator(s.GMS_NAME, s.VERSION, CHAIN_ID, GMS)
VAULT_DOMAIN = s.domain_separator(s.VAULT_NAME, s.VERSION, CHAIN_ID, VAULT)


def plain(value: Any) -> Any:
    """JSON of bytes (hex), amounts (decimal strings where they may pass 2^53) and records."""
    match value:
        case bytes():
            return value.hex()
        case bool() | str() | None:
            return value
        case int():
            return value if value < 2**53 else str(value)
        case s.Node():
            return {key: plain(part) for key, part in value._asdict().items()}
        case dict():
            return {key: plain(part) for key, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
    return plain(asdict(value))


def vector(kind: str, comment: str, given: Any, output: Any = None, expect: str = "ok") -> dict[str, Any]:
    made = {"kind": kind, "comment": comment, "input": plain(given), "expect": expect}
    return made if output is None else {**made, "output": plain(output)}


def member(number: int) -> bytes:
    return s.keccak(b"member %d" % number)


def leaves(count: int) -> list[s.Leaf]:
    return [s.Leaf(member(i), s.keccak(b"recipient %d" % i)[12:], i * 10**18, i * 10**18 + (i % 3) * 10**17) for i in range(count)]


def trees() -> list[dict[str, Any]]:
    made = []
    for count in (1, 2, 3, 5, 8, 9):
        tree = s.SumTree(TREE, leaves(count))
        made.append(vector("tree", f"{count} leaves", {"leaves": leaves(count)}, {"root": tree.root}))
        for index in sorted({0, count // 2, count - 1}):
            given = {"leaf": tree.leaves[index], "proof": asdict_proof(tree.proof(index, 1)), "root": tree.root}
            made.append(vector("proof", f"leaf {index} of {count}", given))
    largest = [s.Leaf(member(0), ANNA, s.MAX_AMOUNT, s.MAX_AMOUNT)]
    made.append(vector("tree", "the largest amounts", {"leaves": largest}, {"root": s.SumTree(TREE, largest).root}))
    made.append(vector("tree", "no leaf", {"leaves": []}, expect="empty-tree"))
    made.append(vector("tree", "a member twice", {"leaves": [*leaves(2), leaves(1)[0]]}, expect="duplicate-member"))
    made.append(vector("tree", "totals out of range", {"leaves": [*largest, *leaves(3)[1:]]}, expect="bad-leaf"))
    falling = {**plain(leaves(2)[1]), "outstanding": "999999999999999999"}
    made.append(vector("tree", "outstanding below payable", {"leaves": [falling]}, expect="bad-leaf"))
    return made


def asdict_proof(proof: s.Proof) -> dict[str, Any]:
    return {"epoch": proof.epoch, "index": proof.index, "siblings": list(proof.siblings)}


def bad_proofs() -> list[dict[str, Any]]:
    tree = s.SumTree(TREE, leaves(5))
    leaf, proof, root = tree.leaves[3], tree.proof(3, 1), tree.root
    first, *others = proof.siblings
    lied = first._replace(payable=first.payable + 1, outstanding=first.outstanding + 1)
    cases = {
        "payable raised by one": (replace(leaf, payable=leaf.payable + 1, outstanding=leaf.payable + 1), proof, root),
        "another recipient": (replace(leaf, recipient=ANNA), proof, root),
        "another member": (replace(leaf, member_id=member(99)), proof, root),
        "the neighbour's place": (leaf, replace(proof, index=2), root),
        "a place outside the tree": (leaf, replace(proof, index=3 + 8), root),
        "a sibling's sum raised": (leaf, replace(proof, siblings=(lied, *others)), root),
        "a sibling left out": (leaf, replace(proof, siblings=tuple(others)), root),
        "siblings swapped": (leaf, replace(proof, siblings=(*reversed(proof.siblings),)), root),
        "a sibling whose payable passes its outstanding": (
            leaf,
            replace(proof, siblings=(first._replace(outstanding=first.payable - 1), *others)),
            root,
        ),
        "a sibling beyond 2^128": (
            leaf,
            replace(proof, siblings=(first._replace(payable=2**255, outstanding=2**255), *others)),
            root,
        ),
        "33 levels": (leaf, replace(proof, siblings=(s.EMPTY,) * 33), root),
        "a total of the root raised": (leaf, proof, root._replace(outstanding=root.outstanding + 1)),
        "an inner node passed off as the root": (leaf, proof, s.join(TREE, root, s.EMPTY)),
    }
    other = s.SumTree(s.tree_domain(CHAIN_ID, VAULT, ANNA), leaves(5))
    cases["another merchant's tree"] = (leaf, other.proof(3, 1), other.root)
    other = s.SumTree(s.tree_domain(CHAIN_ID + 1, VAULT, MERCHANT), leaves(5))
    cases["another chain's tree"] = (leaf, other.proof(3, 1), other.root)
    return [
        vector("proof", comment, {"leaf": a, "proof": asdict_proof(b), "root": c}, expect="bad-proof")
        for comment, (a, b, c) in cases.items()
    ]


def structs() -> list[dict[str, Any]]:
    authorization = s.Authorization(ANNA, BERT, 5 * 10**18, 0, FAR, s.keccak(b"nonce"))
    permit = s.Permit(ANNA, VAULT, 7 * 10**18, 0, FAR)
    cancel = s.CancelAuthorization(ANNA, s.keccak(b"unwanted"))
    change = s.ChangeRecipient(MERCHANT, member(1), ANNA, BERT, 0, FAR)
    fact = s.AccrualFact(
        merchant=MERCHANT, member_id=member(1), order_commitment=s.keccak(b"order"), plan_hash=s.keccak(b"plan"),
        payee=ANNA, level=2, amount=123 * 10**16, base=49_90, currency="EUR", return_window=14 * 86_400_000,
        accrued_at=1_790_000_000_000,
    )  # fmt: skip
    made = []
    for name, struct, domain, struct_hash, signer in (
        ("Permit", permit, GMS_DOMAIN, permit.struct_hash(), "anna"),
        ("TransferWithAuthorization", authorization, GMS_DOMAIN, authorization.transfer_hash(), "anna"),
        ("ReceiveWithAuthorization", authorization, GMS_DOMAIN, authorization.receive_hash(), "anna"),
        ("CancelAuthorization", cancel, GMS_DOMAIN, cancel.struct_hash(), "anna"),
        ("ChangeRecipient", change, VAULT_DOMAIN, change.struct_hash(), "anna"),
        ("AccrualFact", fact, VAULT_DOMAIN, fact.struct_hash(), "merchant"),
    ):
        digest = s.typed_digest(domain, struct_hash)
        output = {"digest": digest, "signature": s.sign_digest(KEYS[signer], digest), "signer": WHO[signer]}
        made.append(vector("struct", name, {"struct": name, "fields": struct}, output))
    for comment, fields, code in (
        ("a level beyond uint8", {"level": 256}, "out-of-range"),
        ("a currency of two letters", {"currency": "EU"}, "bad-currency"),
        ("a payee of 19 bytes", {"payee": ANNA[1:]}, "bad-length"),
    ):
        made.append(
            vector("struct", comment, {"struct": "AccrualFact", "fields": replace(fact, **fields)}, expect=code)  # type: ignore[arg-type]
        )
    return made


def signatures() -> list[dict[str, Any]]:
    digest = s.keccak(b"digest")
    good = s.sign_digest(KEYS["anna"], digest)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin = good[:32] + (order - int.from_bytes(good[32:64], "big")).to_bytes(32, "big") + bytes([27 + 28 - good[64]])
    made = [vector("recover", "a signature", {"digest": digest, "signature": good}, {"signer": ANNA})]
    for comment, signature in {
        "its twin with s in the upper half": twin,
        "64 bytes": good[:64],
        "v of 0": good[:64] + b"\0",
        "all zero": bytes(64) + b"\x1b",
        "r that is no point": bytes(31) + b"\x05" + good[32:],
    }.items():
        made.append(vector("recover", comment, {"digest": digest, "signature": signature}, expect="bad-signature"))
    return made


def document() -> dict[str, Any]:
    head = {"chain_id": CHAIN_ID, "gms": GMS, "vault": VAULT, **WHO}
    empty = {"left": s.Node(s.keccak(b"left"), 1, 2), "right": s.EMPTY}
    nodes = [vector("node", "beside the empty node", empty, {"node": s.join(TREE, **empty)})]
    first = leaves(2)[1]
    hashes = [vector("leaf", "one leaf", {"leaf": first}, {"hash": s.leaf_hash(TREE, first)})]
    return {"chain": plain(head), "vectors": hashes + nodes + trees() + bad_proofs() + structs() + signatures()}


if __name__ == "__main__":
    path = Path(__file__).with_name("settlement.json")
    path.write_text(json.dumps(document(), indent=1, sort_keys=True) + "\n")
    print(f"{len(document()['vectors'])} vectors")
