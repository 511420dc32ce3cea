"""Ids are hashes of what they name: SHA-256 over a domain string, a zero byte and the bytes. It decides the domains' form only."""

import hashlib
from functools import lru_cache

ID_BYTES = 32
DOMAIN_PREFIX = "gemstra/1/"


@lru_cache(maxsize=256)
def domain(name: str) -> bytes:
    """`gemstra/1/<name>` and a zero byte: what keeps a hash or signature for one use from holding for another."""
    return DOMAIN_PREFIX.encode() + name.encode() + b"\0"


def digest(name: str, *parts: bytes) -> bytes:
    """32 bytes naming `parts` in the domain `name`. With several parts each is preceded by its length (8 bytes)."""
    state = hashlib.sha256(domain(name))
    if len(parts) == 1:
        state.update(parts[0])
    else:
        for part in parts:
            state.update(len(part).to_bytes(8, "big"))
            state.update(part)
    return state.digest()


def commitment(name: str, salt: bytes, value: bytes) -> bytes:
    """A salted commitment to personal data (data.md): it says nothing once the 32-byte salt is erased."""
    return digest(f"commitment/{name}", salt, value)
