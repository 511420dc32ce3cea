"""What settlement on chain agrees on: the sum tree of commissions, the structs that are signed, and who signed them.

It decides hashes, proofs and signers, byte for byte as the contracts do (docs/protocol/settlement.md). It does not know
statements, plans, transactions or a chain's state. Addresses are 20 bytes, amounts are GMS base units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import coincurve
import sha3

from .errors import BadSignature, LocalError, Malformed

ADDRESS_BYTES = 20
SIGNATURE_BYTES = 65
MAX_AMOUNT = 2**128 - 1
MAX_DEPTH = 32
MAX_SUBTREE = 128
GMS_NAME = "Gemstra"
VAULT_NAME = "GMS CommissionVault"
VERSION = "1"

_UINT256 = 2**256
_UINT64 = 2**64
# Half of the order of secp256k1: the upper half of `s` is refused, or each signature would have a twin.
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def keccak(data: bytes) -> bytes:
    """Keccak-256 as the chain has it (not SHA3-256)."""
    result: bytes = sha3.keccak_256(data).digest()
    return result


_DOMAIN_TAG = keccak(b"gemstra/commission-tree/1/domain")
_LEAF_TAG = keccak(b"gemstra/commission-tree/1/leaf")
_NODE_TAG = keccak(b"gemstra/commission-tree/1/node")


def _uint(value: int, limit: int = _UINT256) -> bytes:
    if not 0 <= value < limit:
        raise Malformed(f"{value} is outside 0 … {limit - 1}", code="out-of-range")
    return value.to_bytes(32, "big")


def _fixed(value: bytes, size: int, what: str) -> bytes:
    if len(value) != size:
        raise Malformed(f"{what} has {len(value)} bytes, not {size}", code="bad-length")
    return value


def _address(value: bytes, what: str = "address") -> bytes:
    return bytes(12) + _fixed(value, ADDRESS_BYTES, what)


def checksum_address(address: bytes) -> str:
    """The address as people read it, `0x…` with the capitals of ERC-55."""
    plain = _fixed(address, ADDRESS_BYTES, "address").hex()
    marks = keccak(plain.encode()).hex()
    return "0x" + "".join(c.upper() if mark >= "8" else c for c, mark in zip(plain, marks, strict=False))


def parse_address(text: str) -> bytes:
    """Read `0x…`; all lower case is taken, mixed case must carry the right checksum. Errors: `bad-address`."""
    try:
        address = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        address = b""
    if not text.startswith("0x") or len(text) != 2 + 2 * ADDRESS_BYTES or len(address) != ADDRESS_BYTES:
        raise Malformed("an address is 0x and 40 hex digits", code="bad-address")
    if text not in {checksum_address(address), text.lower()}:
        raise Malformed("the address's capitals do not match: check it for a typing mistake", code="bad-address")
    return address


# ---- the sum tree ----


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a merchant owes one member; both amounts cumulative since the first epoch, `outstanding` ≥ `payable`."""

    member_id: bytes
    recipient: bytes
    payable: int
    outstanding: int

    def __post_init__(self) -> None:
        _fixed(self.member_id, 32, "member id")
        _fixed(self.recipient, ADDRESS_BYTES, "recipient")
        if not 0 <= self.payable <= self.outstanding <= MAX_AMOUNT:
            raise Malformed(f"leaf amounts {self.payable}, {self.outstanding} are not in order", code="bad-leaf")


class Node(NamedTuple):
    """A node of the tree with the sums of what lies below it. (0, 0, 0) is the empty node that pads a level."""

    hash: bytes
    payable: int
    outstanding: int


EMPTY = Node(bytes(32), 0, 0)


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a leaf, or the top of a subtree, stands under the root of `epoch`: siblings from there upwards."""

    epoch: int
    index: int
    siblings: tuple[Node, ...]


@lru_cache(maxsize=1024)
def tree_domain(chain_id: int, vault: bytes, merchant: bytes) -> bytes:
    """What ties a tree to one chain, one vault and one merchant."""
    return keccak(_DOMAIN_TAG + _uint(chain_id) + _address(vault, "vault") + _address(merchant, "merchant"))


def leaf_hash(domain: bytes, leaf: Leaf) -> bytes:
    """Hash of a leaf under `domain` (from `tree_domain`)."""
    amounts = leaf.payable.to_bytes(32, "big") + leaf.outstanding.to_bytes(32, "big")
    return keccak(_LEAF_TAG + domain + leaf.member_id + bytes(12) + leaf.recipient + amounts)


def _packed(node: Node) -> bytes:
    return node.hash + node.payable.to_bytes(32, "big") + node.outstanding.to_bytes(32, "big")


def join(domain: bytes, left: Node, right: Node) -> Node:
    """The parent of two nodes."""
    digest = keccak(_NODE_TAG + domain + _packed(left) + _packed(right))
    return Node(digest, left.payable + right.payable, left.outstanding + right.outstanding)


def _level_above(domain: bytes, row: list[Node]) -> list[Node]:
    """All parents of a padded row. Written flat: this is where building a large tree spends its time."""
    prefix, hasher = _NODE_TAG + domain, sha3.keccak_256
    parents = []
    for at in range(0, len(row), 2):
        (left, left_due, left_all), (right, right_due, right_all) = row[at], row[at + 1]
        left_sums = left_due.to_bytes(32, "big") + left_all.to_bytes(32, "big")
        right_sums = right_due.to_bytes(32, "big") + right_all.to_bytes(32, "big")
        digest = hasher(prefix + left + left_sums + right + right_sums).digest()
        parents.append(Node(digest, left_due + right_due, left_all + right_all))
    return parents


class SumTree:
    """The tree of one merchant's leaves, in the order given. Errors: `empty-tree`, `duplicate-member`, `bad-leaf`."""

    def __init__(self, domain: bytes, leaves: Sequence[Leaf]) -> None:
        if not leaves:
            raise LocalError("a tree needs at least one leaf", code="empty-tree")
        if len({leaf.member_id for leaf in leaves}) != len(leaves):
            raise LocalError("each member has one leaf", code="duplicate-member")
        self.leaves = tuple(leaves)
        row = [Node(leaf_hash(domain, leaf), leaf.payable, leaf.outstanding) for leaf in leaves]
        self._levels = [row]
        while len(row) > 1:
            if len(row) % 2:
                row.append(EMPTY)
            row = _level_above(domain, row)
            self._levels.append(row)
        self.root = row[0]
        if self.root.outstanding > MAX_AMOUNT:
            raise LocalError("the totals leave the range of a root", code="bad-leaf")

    def proof(self, index: int, epoch: int) -> Proof:
        """Proof of the leaf at `index`, for `claim` and `claimMany`."""
        if not 0 <= index < len(self.leaves):
            raise LocalError(f"there is no leaf {index}", code="unknown-leaf")
        return self._climb(0, index, epoch)

    def subtree(self, level: int, index: int, epoch: int) -> tuple[tuple[Leaf, ...], Proof]:
        """The `index`-th run of 2^`level` leaves and the proof of its top, for `claimSubtree`."""
        width = 1 << level
        leaves = self.leaves[index * width : (index + 1) * width]
        if not leaves or width > MAX_SUBTREE or level >= len(self._levels):
            raise LocalError(f"there is no subtree {index} of {width} leaves", code="unknown-leaf")
        # The contract folds a short last run only as far as its own leaves reach; the rest is padding to climb through.
        reached = (len(leaves) - 1).bit_length()
        return leaves, self._climb(reached, index << (level - reached), epoch)

    def _climb(self, level: int, index: int, epoch: int) -> Proof:
        siblings = []
        at = index
        for row in self._levels[level:-1]:
            siblings.append(row[at ^ 1] if at ^ 1 < len(row) else EMPTY)
            at >>= 1
        return Proof(epoch, index, tuple(siblings))


def root_from_proof(domain: bytes, leaf: Leaf, proof: Proof) -> Node:
    """The root that a proof leads to. Errors: `bad-proof` when an index or a sibling breaks the bounds."""
    if len(proof.siblings) > MAX_DEPTH or proof.index < 0 or proof.index >> len(proof.siblings):
        raise BadSignature("the proof's index lies outside its tree", code="bad-proof")
    node = Node(leaf_hash(domain, leaf), leaf.payable, leaf.outstanding)
    for level, sibling in enumerate(proof.siblings):
        if len(sibling.hash) != 32 or not 0 <= sibling.payable <= sibling.outstanding <= MAX_AMOUNT:
            raise BadSignature(f"sibling {level} of the proof is out of bounds", code="bad-proof")
        node = join(domain, sibling, node) if proof.index >> level & 1 else join(domain, node, sibling)
    return node


def verify_proof(domain: bytes, leaf: Leaf, proof: Proof, root: Node) -> bool:
    """Whether `proof` leads from `leaf` to a root of that hash and those totals."""
    try:
        return root_from_proof(domain, leaf, proof) == root
    except BadSignature:
        return False


# ---- what is signed (EIP-712) ----


@lru_cache(maxsize=64)
def domain_separator(name: str, version: str, chain_id: int, contract: bytes) -> bytes:
    """EIP-712 domain of a contract: (GMS_NAME | VAULT_NAME, VERSION) on `chain_id`."""
    kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    return keccak(kind + keccak(name.encode()) + keccak(version.encode()) + _uint(chain_id) + _address(contract))


def typed_digest(domain: bytes, struct_hash: bytes) -> bytes:
    """What is signed: the struct's hash under a domain (from `domain_separator`)."""
    return keccak(b"\x19\x01" + _fixed(domain, 32, "domain") + _fixed(struct_hash, 32, "struct hash"))


@dataclass(frozen=True, slots=True)
class Permit:
    """GMS, ERC-2612: let `spender` take `value`. `deadline` in seconds."""

    owner: bytes
    spender: bytes
    value: int
    nonce: int
    deadline: int

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct."""
        kind = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
        parties = _address(self.owner, "owner") + _address(self.spender, "spender")
        return keccak(kind + parties + _uint(self.value) + _uint(self.nonce) + _uint(self.deadline))


@dataclass(frozen=True, slots=True)
class Authorization:
    """GMS, ERC-3009: move `value` between two times (seconds, both excluded). `nonce` is 32 bytes, used once."""

    sender: bytes
    recipient: bytes
    value: int
    valid_after: int
    valid_before: int
    nonce: bytes

    def transfer_hash(self) -> bytes:
        """EIP-712 hashStruct of TransferWithAuthorization: anyone may bring it."""
        return self._hash("TransferWithAuthorization")

    def receive_hash(self) -> bytes:
        """EIP-712 hashStruct of ReceiveWithAuthorization: only the recipient may bring it."""
        return self._hash("ReceiveWithAuthorization")

    def _hash(self, name: str) -> bytes:
        fields = "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        parties = _address(self.sender, "sender") + _address(self.recipient, "recipient")
        times = _uint(self.valid_after) + _uint(self.valid_before)
        return keccak(keccak((name + fields).encode()) + parties + _uint(self.value) + times + _fixed(self.nonce, 32, "nonce"))


@dataclass(frozen=True, slots=True)
class CancelAuthorization:
    """GMS, ERC-3009: make a nonce of `authorizer` unusable."""

    authorizer: bytes
    nonce: bytes

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct."""
        kind = keccak(b"CancelAuthorization(address authorizer,bytes32 nonce)")
        return keccak(kind + _address(self.authorizer, "authorizer") + _fixed(self.nonce, 32, "nonce"))


@dataclass(frozen=True, slots=True)
class ChangeRecipient:
    """The vault: pay what leaves of `member_id` owe the old recipient to the new one. `deadline` in seconds."""

    merchant: bytes
    member_id: bytes
    old_recipient: bytes
    new_recipient: bytes
    nonce: int
    deadline: int

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct."""
        kind = keccak(
            b"ChangeRecipient(address merchant,bytes32 memberId,address oldRecipient,address newRecipient,uint256 nonce,uint256 deadline)"
        )
        member = _address(self.merchant, "merchant") + _fixed(self.member_id, 32, "member id")
        recipients = _address(self.old_recipient, "recipient") + _address(self.new_recipient, "recipient")
        return keccak(kind + member + recipients + _uint(self.nonce) + _uint(self.deadline))


@dataclass(frozen=True, slots=True)
class AccrualFact:
    """What a merchant signs, with its chain key, for each payee of an accepted order (vault's domain).

    `level` 0 is the seller, `amount` GMS base units, `base` minor units of `currency`; `return_window` and `accrued_at`
    are milliseconds.
    """

    merchant: bytes
    member_id: bytes
    order_commitment: bytes
    plan_hash: bytes
    payee: bytes
    level: int
    amount: int
    base: int
    currency: str
    return_window: int
    accrued_at: int

    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct. Errors: `bad-length`, `out-of-range`, `bad-currency`."""
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isalpha()):
            raise Malformed("a currency is three letters of ISO 4217", code="bad-currency")
        kind = keccak(
            b"AccrualFact(address merchant,bytes32 memberId,bytes32 orderCommitment,bytes32 planHash,address payee,"
            b"uint8 level,uint256 amount,uint256 base,bytes3 currency,uint64 returnWindow,uint64 accruedAt)"
        )
        return keccak(
            kind
            + _address(self.merchant, "merchant")
            + _fixed(self.member_id, 32, "member id")
            + _fixed(self.order_commitment, 32, "order commitment")
            + _fixed(self.plan_hash, 32, "plan hash")
            + _address(self.payee, "payee")
            + _uint(self.level, 256)
            + _uint(self.amount)
            + _uint(self.base)
            + self.currency.encode().ljust(32, b"\0")
            + _uint(self.return_window, _UINT64)
            + _uint(self.accrued_at, _UINT64)
        )


# ---- who signed ----


def address_of(private_key: bytes) -> bytes:
    """The address of a private key of 32 bytes."""
    return _address_of_public(coincurve.PrivateKey(_fixed(private_key, 32, "private key")).public_key)


def sign_digest(private_key: bytes, digest: bytes) -> bytes:
    """65 bytes r ‖ s ‖ v with v 27 or 28 and s in the lower half; deterministic (RFC 6979)."""
    key = coincurve.PrivateKey(_fixed(private_key, 32, "private key"))
    raw: bytes = key.sign_recoverable(_fixed(digest, 32, "digest"), hasher=None)
    return raw[:64] + bytes([raw[64] + 27])


def recover(digest: bytes, signature: bytes) -> bytes:
    """The address that signed. Errors: `bad-signature`; a twin with s in the upper half is refused, as on chain."""
    _fixed(digest, 32, "digest")
    if len(signature) != SIGNATURE_BYTES or signature[64] not in {27, 28}:
        raise BadSignature("a signature is 65 bytes, the last of them 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise BadSignature("the signature's s is in the upper half")
    raw = signature[:64] + bytes([signature[64] - 27])
    try:
        return _address_of_public(coincurve.PublicKey.from_signature_and_message(raw, digest, hasher=None))
    except ValueError:  # r is no point of the curve, or is out of range
        raise BadSignature("the signature belongs to no key") from None


def _address_of_public(key: coincurve.PublicKey) -> bytes:
    return keccak(key.format(compressed=False)[1:])[12:]
