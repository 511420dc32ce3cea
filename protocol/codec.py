"""Records as CBOR maps with integer keys: one declaration gives the fields, their bounds and both directions.

    @dataclass(frozen=True, slots=True)
    class Edge:
        merchant: bytes = key(0, size=32)

Unknown keys are refused. A class with `OPEN_ENDED = True` may ignore unknown odd keys; even ones must be understood
(docs/protocol/01-encoding.md). The raw bytes are what is kept and relayed, so nothing unknown is lost.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from .encoding import MAX_BYTES, Tree, decode, encode
from .errors import Malformed

LATEST_MS = 2**53 - 1  # no time is later, so that a few added up stay within 64 bits, and JavaScript reads them as numbers
LONGEST_TEXT = 2_000
MOST_ITEMS = 1_000

T = TypeVar("T")
_PLAIN = frozenset((bytes, str, int, bool, type(None)))


@dataclasses.dataclass(frozen=True, slots=True)
class _Bounds:
    number: int
    size: int | None
    longest: int
    low: int
    high: int
    most: int


def key(
    number: int,
    *,
    size: int | None = None,
    longest: int = LONGEST_TEXT,
    low: int = 0,
    high: int = 2**63 - 1,
    most: int = MOST_ITEMS,
    default: Any = dataclasses.MISSING,
) -> Any:
    """A field under map key `number`.

    Bytes have exactly `size` or at most `longest` bytes, texts at most `longest` characters, integers lie in [low, high], lists have
    at most `most` items. A field whose default is None is left out while it is None; any other default is only the constructor's, the
    key is due on the wire: one record has one byte form.
    """
    bounds = _Bounds(number, size, longest, low, high, most)
    return dataclasses.field(default=default, metadata={"key": bounds})


def refuse_empty(record: Any, *names: str) -> None:
    """A list that may be absent is absent where nothing is in it, so that one record has one byte form. Raises Malformed."""
    for name in names:
        if getattr(record, name) == ():
            raise Malformed(f"{type(record).__name__}.{name} is empty: it is left out then")


def to_tree(value: Any) -> Tree:
    """The CBOR tree of a record, of a tuple of them, or of a plain value."""
    kind = type(value)
    if kind in _PLAIN:  # first, as most values are: a catalog of a million records is encoded value by value
        return value
    if kind is tuple or kind is list:
        return [to_tree(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        tree: dict[int, Tree] = {}
        for name, _, bounds, _ in _fields(type(value)):
            item = getattr(value, name)
            if item is not None:
                tree[bounds.number] = to_tree(item)
        return tree
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_tree(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_tree(item) for name, item in value.items()}
    return value


def to_bytes(value: Any) -> bytes:
    """The canonical bytes of a record."""
    return encode(to_tree(value))


def from_bytes(cls: type[T], data: bytes, *, max_bytes: int = MAX_BYTES) -> T:
    """The record of type `cls` in canonical bytes. Raises Malformed."""
    return from_tree(cls, decode(data, max_bytes=max_bytes))


def from_tree(cls: type[T], tree: Tree, *, where: str = "") -> T:
    """The record of type `cls` in a decoded tree. Raises Malformed: `malformed`, `unknown-key`, `missing-key`."""
    where = where or cls.__name__
    if not isinstance(tree, dict):
        raise Malformed(f"{where} is not a map")
    shape: Any = cls
    left = dict(tree)
    values: dict[str, Any] = {}
    for name, hint, bounds, required in _fields(shape):
        if bounds.number in left:
            values[name] = _value(hint, left.pop(bounds.number), bounds, f"{where}.{name}")
        elif required:
            raise Malformed(f"{where}.{name} is missing", code="missing-key")
    open_ended = getattr(cls, "OPEN_ENDED", False)
    for unknown in left:
        if not (open_ended and isinstance(unknown, int) and unknown % 2 == 1):
            raise Malformed(f"{where} has the unknown key {unknown!r}", code="unknown-key")
    return cls(**values)


def _value(hint: Any, tree: Tree, bounds: _Bounds, where: str) -> Any:
    if get_origin(hint) in (types.UnionType, typing.Union):
        return _value(next(arm for arm in get_args(hint) if arm is not type(None)), tree, bounds, where)
    if get_origin(hint) is tuple:
        if not isinstance(tree, list) or len(tree) > bounds.most:
            raise Malformed(f"{where} is not a list of at most {bounds.most}")
        item = get_args(hint)[0]
        return tuple(_value(item, part, bounds, where) for part in tree)
    if dataclasses.is_dataclass(hint):
        return from_tree(typing.cast("type[Any]", hint), tree, where=where)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        try:
            return hint(tree)
        except ValueError:
            raise Malformed(f"{where} is none of {', '.join(hint)}") from None
    if type(tree) is not hint:
        raise Malformed(f"{where} is not {getattr(hint, '__name__', hint)}")
    _check_bounds(tree, bounds, where)
    return tree


def _check_bounds(tree: Tree, bounds: _Bounds, where: str) -> None:
    if isinstance(tree, bool):
        return
    if isinstance(tree, int):
        if not bounds.low <= tree <= bounds.high:
            raise Malformed(f"{where} is out of range")
    elif bounds.size is not None and isinstance(tree, bytes):
        if len(tree) != bounds.size:
            raise Malformed(f"{where} has {len(tree)} bytes, not {bounds.size}")
    elif len(tree) > bounds.longest:
        raise Malformed(f"{where} is longer than {bounds.longest}", code="too-large")


@cache
def _fields(cls: Any) -> tuple[tuple[str, Any, _Bounds, bool], ...]:
    hints = typing.get_type_hints(cls)
    return tuple((field.name, hints[field.name], field.metadata["key"], field.default is not None) for field in dataclasses.fields(cls))
