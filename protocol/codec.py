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
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, get_args, get_origin

from .encoding import LEAVES, MAX_BYTES, MAX_DEPTH, Tree, decode, dump, ordered, peek
from .errors import BadField, Malformed

LATEST_MS = 2**53 - 1  # no time is later, so that a few added up stay within 64 bits, and JavaScript reads them as numbers
LONGEST_TEXT = 2_000
MOST_ITEMS = 1_000

T = TypeVar("T")
_PLAIN = frozenset((bytes, str, int, bool, type(None)))
_WIDE = 1 << 64


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
            path = f"{type(record).__name__}.{name}"
            raise BadField(f"{path} is empty: it is left out then", path=path, fault="few")


def to_tree(value: Any) -> Tree:
    """The CBOR tree of a record, of a tuple of them, or of a plain value."""
    kind: Any = type(value)
    if kind in _PLAIN:  # first, as most values are: a catalog of a million records is encoded value by value
        return value
    if kind is tuple or kind is list:
        return [item if type(item) in _PLAIN else to_tree(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    shape = _writing(kind)
    if shape is not None:
        found = zip(shape[0], shape[1](value), strict=True)
        return {number: item if type(item) in _PLAIN else to_tree(item) for number, item in found if item is not None}
    if isinstance(value, tuple | list):
        return [to_tree(item) for item in value]
    if isinstance(value, Mapping):
        return {name: to_tree(item) for name, item in value.items()}
    return value


def to_bytes(value: Any) -> bytes:
    """The canonical bytes of a record."""
    return dump(_form(value, 0))


def _form(value: Any, depth: int) -> Tree:
    """`to_tree` as `encode` would order and check it, in one walk: records of a catalog are encoded by the hundred thousand."""
    kind: Any = type(value)
    if kind in LEAVES or (kind is int and -_WIDE < value < _WIDE):
        return value
    if depth < MAX_DEPTH:
        if kind is tuple or kind is list:
            return [item if type(item) in LEAVES else _form(item, depth + 1) for item in value]
        if shape := _writing(kind):
            found = zip(shape[0], shape[1](value), strict=True)
            return {number: item if type(item) in LEAVES else _form(item, depth + 1) for number, item in found if item is not None}
        if issubclass(kind, StrEnum):
            return str(value)
    return ordered(to_tree(value), depth)


def from_bytes(cls: type[T], data: bytes, *, max_bytes: int = MAX_BYTES) -> T:
    """The record of type `cls` in canonical bytes. Raises Malformed."""
    return from_tree(cls, decode(data, max_bytes=max_bytes))


def from_checked(cls: type[T], data: bytes) -> T:
    """The same of bytes whose form was checked before they were kept: in half the time. Raises Malformed."""
    return from_tree(cls, peek(data))


def from_tree(cls: type[T], tree: Tree, *, where: str = "") -> T:
    """The record of type `cls` in a decoded tree. Raises Malformed: `malformed`, `unknown-key`, `missing-key`."""
    where = where or cls.__name__
    if not isinstance(tree, dict):
        raise BadField(f"{where} is not a map", path=where, fault="kind", limit="map")
    shape: Any = cls
    values: dict[str, Any] = {}
    for name, number, read, required in _reading(shape):
        if number in tree:
            values[name] = read(tree[number], where, name)
        elif required:
            path = f"{where}.{name}"
            raise BadField(f"{path} is missing", path=path, fault="missing", code="missing-key")
    if len(values) != len(tree):
        _refuse_unknown(shape, tree, where)
    return cls(**values)


def _refuse_unknown(cls: Any, tree: dict[Tree, Tree], where: str) -> None:
    known = {number for _, number, _, _ in _reading(cls)}
    open_ended = getattr(cls, "OPEN_ENDED", False)
    for unknown in tree:
        if unknown not in known and not (open_ended and isinstance(unknown, int) and unknown % 2 == 1):
            raise Malformed(f"{where} has the unknown key {unknown!r}", code="unknown-key")


Read = Callable[[Tree, str, str], Any]
"""A field's value from its tree; where it stands, and its name, for what is said of a wrong one."""


def _reader(hint: Any, bounds: _Bounds) -> Read:
    """How a value of this type is read: made once for each field, as every record that comes is read by it."""
    if get_origin(hint) in (types.UnionType, typing.Union):
        return _reader(next(arm for arm in get_args(hint) if arm is not type(None)), bounds)
    if get_origin(hint) is tuple:
        return _list_reader(_reader(get_args(hint)[0], bounds), bounds.most)
    if dataclasses.is_dataclass(hint):
        record = typing.cast("type[Any]", hint)
        return lambda tree, where, name: from_tree(record, tree, where=f"{where}.{name}")
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _word_reader(hint)
    return _leaf_reader(hint, bounds)


def _list_reader(item: Read, most: int) -> Read:
    def read(tree: Tree, where: str, name: str) -> Any:
        if not isinstance(tree, list) or len(tree) > most:
            path, fault = f"{where}.{name}", "many" if isinstance(tree, list) else "kind"
            raise BadField(f"{path} is not a list of at most {most}", path=path, fault=fault, limit=most if fault == "many" else "list")
        return tuple([item(part, where, name) for part in tree])

    return read


def _word_reader(words: type[StrEnum]) -> Read:
    def read(tree: Tree, where: str, name: str) -> Any:
        try:
            return words(tree)
        except ValueError:
            path, known = f"{where}.{name}", ", ".join(words)
            raise BadField(f"{path} is none of {known}", path=path, fault="word", limit=known) from None

    return read


def _leaf_reader(hint: Any, bounds: _Bounds) -> Read:
    low, high, size, longest = bounds.low, bounds.high, bounds.size if hint is bytes else None, bounds.longest

    def read(tree: Tree, where: str, name: str) -> Any:
        if type(tree) is not hint:
            kind = getattr(hint, "__name__", hint)
            raise BadField(f"{where}.{name} is not {kind}", path=f"{where}.{name}", fault="kind", limit=kind)
        if hint is bool:
            return tree
        if hint is int:
            if not low <= tree <= high:
                fault, limit = ("low", low) if tree < low else ("high", high)
                raise BadField(f"{where}.{name} is out of range", path=f"{where}.{name}", fault=fault, limit=limit)
        elif size is not None:
            if len(tree) != size:
                raise BadField(f"{where}.{name} has {len(tree)} bytes, not {size}", path=f"{where}.{name}", fault="size", limit=size)
        elif len(tree) > longest:
            text = f"{where}.{name} is longer than {longest}"
            raise BadField(text, path=f"{where}.{name}", fault="long", limit=longest, code="too-large")
        return tree

    return read


@cache
def _reading(cls: Any) -> tuple[tuple[str, int, Read, bool], ...]:
    """Name, map key, reader and whether it is due, of each field."""
    hints = typing.get_type_hints(cls)
    bounds = {field.name: field.metadata["key"] for field in dataclasses.fields(cls)}
    return tuple(
        (field.name, bounds[field.name].number, _reader(hints[field.name], bounds[field.name]), field.default is not None)
        for field in dataclasses.fields(cls)
    )


@cache
def _writing(cls: Any) -> tuple[tuple[int, ...], Callable[[Any], tuple[Any, ...]]] | None:
    """The map keys of a record in order, and how the values under them are taken from it; None for what is no record."""
    if not dataclasses.is_dataclass(cls):
        return None
    fields = sorted(dataclasses.fields(cls), key=lambda field: field.metadata["key"].number)
    numbers, names = tuple(field.metadata["key"].number for field in fields), [field.name for field in fields]
    if len(names) > 1:
        return numbers, attrgetter(*names)
    return numbers, lambda value: tuple(getattr(value, name) for name in names)
