"""Deterministic CBOR (RFC 8949 §4.2.1): the one byte form of everything that is signed, hashed or sent.

It decides which bytes are canonical and how large a tree may be. It knows nothing of the records inside.
A tree is made of int, bytes, str, bool, None, list and dict (keys int or str); floats and tags other than bignums are refused.
"""

from io import BytesIO
from typing import Any

import cbor2

from .errors import LocalError, Malformed

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_BIGNUM_BITS = 256

Tree = Any
LEAVES = frozenset((bytes, str, bool, type(None)))
_NESTED = frozenset((dict, list, tuple))
_NUMBERS, _KEYS = {int}, {int, str}


def encode(tree: Tree) -> bytes:
    """The canonical bytes of `tree`. Raises LocalError `not-encodable` for what the encoding has no form for."""
    return dump(ordered(tree))


def dump(tree: Tree) -> bytes:
    """The bytes of a tree that `ordered` gave."""
    try:
        return cbor2.dumps(tree)
    except UnicodeEncodeError as error:
        raise LocalError("a text holds a lone surrogate", code="not-encodable") from error


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Tree:
    """The tree behind `data`, after the bounds and the canonical form were checked.

    Raises Malformed: `too-large`, `malformed`, `not-canonical`.
    """
    if len(data) > max_bytes:
        raise Malformed(f"{len(data)} bytes where at most {max_bytes} are allowed", code="too-large")
    _scan(data, max_depth)
    stream = BytesIO(data)
    try:
        tree = cbor2.CBORDecoder(stream).decode()
    except (cbor2.CBORDecodeError, ValueError, OverflowError, UnicodeError, RecursionError) as error:
        raise Malformed(f"not CBOR: {error}") from error
    if stream.tell() != len(data):
        raise Malformed("bytes follow the CBOR item")
    try:
        canonical = encode(tree)
    except LocalError as error:
        raise Malformed(str(error)) from error
    if canonical != data:
        raise Malformed("the CBOR is not in its deterministic form", code="not-canonical")
    return tree


def peek(data: bytes) -> Tree:
    """The tree in bytes whose form was checked before, or that a hash vouches for: for reading in bulk. Raises Malformed."""
    try:
        return cbor2.loads(data)
    except (cbor2.CBORDecodeError, ValueError, OverflowError, UnicodeError, RecursionError) as error:
        raise Malformed(f"not CBOR: {error}") from error


def ordered(tree: Tree, depth: int = 0) -> Tree:
    """`tree` with map keys in the bytewise order of their encodings (RFC 8949 §4.2.1), or LocalError."""
    kind = type(tree)
    if kind in LEAVES:
        return tree
    if kind is int:
        if tree.bit_length() > MAX_BIGNUM_BITS:
            raise LocalError("an integer of more than 256 bits has no form", code="not-encodable")
        return tree
    if kind not in _NESTED:
        raise LocalError(f"{kind.__name__} has no form in the encoding", code="not-encodable")
    if depth >= MAX_DEPTH and tree:
        raise LocalError("nested too deep to encode", code="not-encodable")
    if kind is dict:
        return {key: item if type(item := tree[key]) in LEAVES else ordered(item, depth + 1) for key in _in_order(tree)}
    return [value if type(value) in LEAVES else ordered(value, depth + 1) for value in tree]


def _in_order(tree: dict[Tree, Tree]) -> list[Tree]:
    """Keys by the bytes of their encodings; of records, whose keys are numbers from 0 up, that is by size."""
    kinds = set(map(type, tree))
    if kinds == _NUMBERS and min(tree) >= 0:
        return sorted(tree)
    if not kinds <= _KEYS:
        raise LocalError("a map key is an integer or a text", code="not-encodable")
    return sorted(tree, key=cbor2.dumps)


_CONTAINERS = (4, 5)


def _scan(data: bytes, max_depth: int) -> None:
    """Walk the heads only, so that nothing is built from hostile lengths or depths."""
    position = 0
    pending = [1]  # items still to come, one number for each open container
    size = len(data)
    while pending:
        if pending[-1] == 0:
            pending.pop()
            continue
        pending[-1] -= 1
        major, argument, position = _head(data, position)
        if major in (2, 3):
            position += argument
        elif major in _CONTAINERS:
            count = argument * (major - 3)
            if count > size - position:
                raise Malformed("a length goes beyond the end")
            pending.append(count)
        elif major == 6:
            if argument not in (2, 3):
                raise Malformed(f"tag {argument} is not allowed")
            pending.append(1)
        elif major == 7 and argument not in (20, 21, 22):
            raise Malformed("floats and other simple values are not allowed")
        if position > size:
            raise Malformed("the bytes end too early")
        if len(pending) > max_depth + 1:
            raise Malformed("nested too deep", code="too-large")


def _head(data: bytes, position: int) -> tuple[int, int, int]:
    if position >= len(data):
        raise Malformed("the bytes end too early")
    first = data[position]
    major, low = first >> 5, first & 31
    position += 1
    if low < 24:
        return major, low, position
    if low > 27 or (major == 7 and low > 24):
        raise Malformed("indefinite lengths and floats are not allowed")
    width = 1 << (low - 24)
    if position + width > len(data):
        raise Malformed("the bytes end too early")
    return major, int.from_bytes(data[position : position + width], "big"), position + width
