"""Hierarchical keys (BIP-32) and child phrases (BIP-85), private derivation only.

Written out, because the account library that has them takes 1.6 s to import, which unlocking cannot afford.
"""

import hashlib
import hmac
from dataclasses import dataclass

from coincurve import PrivateKey

HARDENED = 1 << 31
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class Node:
    """A private key and its chain code, 32 bytes each."""

    key: bytes
    chain: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> "Node":
        """The master node of a BIP-39 seed."""
        both = hmac.digest(b"Bitcoin seed", seed, "sha512")
        return cls(both[:32], both[32:])

    def child(self, index: int) -> "Node":
        """The child at `index`; from 2³¹ on hardened."""
        parent = b"\0" + self.key if index >= HARDENED else PrivateKey(self.key).public_key.format(compressed=True)
        both = hmac.digest(self.chain, parent + index.to_bytes(4, "big"), "sha512")
        tweak = int.from_bytes(both[:32], "big")
        secret = (tweak + int.from_bytes(self.key, "big")) % _ORDER
        if tweak >= _ORDER or secret == 0:  # BIP-32: once in 2¹²⁷
            return self.child(index + 1)
        return Node(secret.to_bytes(32, "big"), both[32:])

    def at(self, path: str) -> "Node":
        """The node at a path such as `m/44'/60'/0'/0`."""
        node = self
        for step in path.split("/")[1:]:
            hardened = step.endswith("'")
            node = node.child(int(step.rstrip("'")) + HARDENED * hardened)
        return node


def child_entropy(master: Node, words: int) -> bytes:
    """BIP-85: the entropy of the English child phrase of so many words, at index 0."""
    node = master.at(f"m/83696968'/39'/0'/{words}'/0'")
    return hmac.new(b"bip-entropy-from-k", node.key, hashlib.sha512).digest()[: words * 4 // 3]
