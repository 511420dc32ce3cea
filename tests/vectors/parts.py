"""What the vector generators and the protocol tests share: named keys, JSON of values, one vector, one file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from nacl.signing import SigningKey

NOW = 1_800_000_000_000


class Key:
    """The Ed25519 key whose seed is the hash of its name: public knowledge, for tests only."""

    def __init__(self, name: str) -> None:
        self._key = SigningKey(named(name))

    @property
    def public(self) -> bytes:
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature


def named(name: str, size: int = 32) -> bytes:
    """Bytes that stand for `name`."""
    return hashlib.sha256(b"gemstra test " + name.encode()).digest()[:size]


def plain(value: Any) -> Any:
    """JSON: bytes as hex, integers beyond 2^53 as decimal strings, records as objects without their absent fields."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, str):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain(item) for name, item in found.items() if item is not None}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    return [plain(item) for item in value]


Made = dict[str, Any]


def good(kind: str, comment: str, **given: Any) -> Made:
    """A vector to be accepted; the generator adds the output."""
    return {"kind": kind, "comment": comment, "input": plain(given), "expect": "ok"}


def bad(expect: str, kind: str, comment: str, **given: Any) -> Made:
    """A vector with one fault, to be refused with the code `expect`."""
    return {"kind": kind, "comment": comment, "input": plain(given), "expect": expect}


def text(vectors: list[Made]) -> str:
    """The file's text."""
    return json.dumps(vectors, indent=1, ensure_ascii=True, sort_keys=True) + "\n"


def flipped(data: bytes, at: int = -1) -> bytes:
    """`data` with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)
