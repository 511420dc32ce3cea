"""What comes from what. From the 24 words: root key, recovery key, pseudonyms, wallet. From the 12: the next root key.

HKDF-SHA256 (RFC 5869) with one info text a use; the wallet goes by BIP-85, so that other wallets open it.
"""

import hmac
from collections.abc import Callable

from . import words
from .bip32 import Node, child_entropy

Derivation = Callable[[bytes], bytes]
WALLET_WORDS = 12
WALLET_PATH = "m/44'/60'/0'/0"
_SALT = b"gemstra/1"
_HASH_BYTES = 32


def hkdf(secret: bytes, info: bytes, length: int = 32) -> bytes:
    """`length` bytes for one use, named by `info`."""
    extracted = hmac.digest(_SALT, secret, "sha256")
    out, block = b"", b""
    for counter in range(1, -(-length // _HASH_BYTES) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        out += block
    return out[:length]


def root_seed(entropy: bytes) -> bytes:
    """The Ed25519 seed of root key 0, from the 24 words."""
    return hkdf(entropy, b"root key 0")


def next_root_seed(rotation: bytes) -> bytes:
    """The Ed25519 seed of the next root key, from the second sheet alone."""
    return hkdf(rotation, b"next root key")


def recovery_seed(entropy: bytes) -> bytes:
    """The X25519 secret to which generation seeds and backups are sealed beside the devices."""
    return hkdf(entropy, b"recovery")


def pseudonym_seed(entropy: bytes) -> bytes:
    """What the keys come from under which merchants know us. It never rotates."""
    return hkdf(entropy, b"pseudonyms")


def member_seed(pseudonyms: bytes, merchant: bytes) -> bytes:
    """The Ed25519 seed of our pseudonym at one merchant."""
    return hkdf(pseudonyms, b"member" + merchant)


def purpose_key(generation: bytes, purpose: str) -> bytes:
    """The sealing key of one purpose in one generation."""
    return hkdf(generation, b"seal" + purpose.encode())


def tag_key(pseudonyms: bytes, purpose: str) -> bytes:
    """The key of equality tags of one purpose."""
    return hkdf(pseudonyms, b"tag" + purpose.encode())


def wallet_entropy(entropy: bytes) -> bytes:
    """BIP-85: the entropy of the wallet's own phrase, which says nothing about the 24 words."""
    return child_entropy(Node.from_seed(words.seed(words.to_words(entropy))), WALLET_WORDS)


def wallet_node(wallet: bytes) -> Node:
    """The BIP-44 node above the wallet's addresses."""
    return Node.from_seed(words.seed(words.to_words(wallet))).at(WALLET_PATH)
