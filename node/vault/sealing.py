"""Sealed bytes: XChaCha20-Poly1305 with a key commitment and padded length. It knows no purpose and no owner.

    algorithm (1) ‖ nonce (24) ‖ commitment (32) ‖ ciphertext

Commitment and encryption key are BLAKE2b of key and nonce, so that no second key opens the same bytes. Lengths are padded (Padmé):
they give away at most O(log log) bits. The associated data covers the algorithm, the purpose and what the caller binds to.
"""

import hashlib
import os

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from node.errors import IntegrityError

ALGORITHM = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 24
COMMITMENT_BYTES = 32
TAG_BYTES = 16
OVERHEAD = len(ALGORITHM) + NONCE_BYTES + COMMITMENT_BYTES + TAG_BYTES


def seal(key: bytes, purpose: str, plaintext: bytes, associated: bytes) -> bytes:
    """`plaintext` sealed under the 32-byte `key`. Opening needs the same purpose and associated data."""
    nonce = os.urandom(NONCE_BYTES)
    commitment, inner = _keys(key, nonce)
    padded = plaintext + b"\x80"
    padded += bytes(padme(len(padded)) - len(padded))
    body = crypto_aead_xchacha20poly1305_ietf_encrypt(padded, _bound(purpose, associated), nonce, inner)
    return ALGORITHM + nonce + commitment + body


def unseal(key: bytes, purpose: str, sealed: bytes, associated: bytes) -> bytes:
    """What was sealed.

    Raises IntegrityError: `wrong-key` when another key sealed it, `damaged` when bytes, purpose or associated data differ,
    `unknown-algorithm`.
    """
    if len(sealed) < OVERHEAD:
        raise IntegrityError("Sealed bytes were cut short.", code="damaged")
    if sealed[:1] != ALGORITHM:
        raise IntegrityError("These bytes were sealed by a newer program.", code="unknown-algorithm")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    commitment, inner = _keys(key, nonce)
    if rest[:COMMITMENT_BYTES] != commitment:
        raise IntegrityError("Another key sealed these bytes, or they are damaged. Restore the latest backup.", code="wrong-key")
    try:
        padded = crypto_aead_xchacha20poly1305_ietf_decrypt(rest[COMMITMENT_BYTES:], _bound(purpose, associated), nonce, inner)
    except CryptoError as error:
        raise IntegrityError("Sealed bytes are not what was sealed.", code="damaged") from error
    return padded.rstrip(b"\0")[:-1]


def padme(length: int) -> int:
    """The padded length (Padmé, PURBs §4): at most 12 % more."""
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    free = exponent - exponent.bit_length()
    mask = (1 << free) - 1
    return (length + mask) & ~mask


def _keys(key: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
    commitment = hashlib.blake2b(nonce, key=key, digest_size=COMMITMENT_BYTES, person=b"gemstra-commit").digest()
    inner = hashlib.blake2b(nonce, key=key, digest_size=KEY_BYTES, person=b"gemstra-encrypt").digest()
    return commitment, inner


def _bound(purpose: str, associated: bytes) -> bytes:
    name = purpose.encode()
    return ALGORITHM + len(name).to_bytes(2, "big") + name + associated
