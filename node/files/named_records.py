"""Records by the names of their fields, as JSON holds them, and back: an amount is “19.00 EUR”, an id or a hash is hex.

What is as the record's default is left out. It knows no single field, so that whatever a record holds is there; the rules are the record's.
"""

import re
import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from protocol.codec import from_tree, to_tree
from protocol.encoding import Tree
from protocol.errors import BadField, Malformed
from protocol.money import Money, exponent

T = TypeVar("T")
_AMOUNT = re.compile(r"(-?)(\d{1,19})(?:\.(\d{1,4}))? ?([A-Z]{3})\Z", re.ASCII)
AMOUNT = "an amount such as 19.00 EUR"


def named(record: Any, *, without: str = "") -> dict[str, Any]:
    """The fields of a record that say anything, by name; the field `without` is left out."""
    values = ((item, getattr(record, item.name)) for item in fields(record) if item.name != without)
    return {item.name: _plain(value) for item, value in values if item.default is MISSING or value != item.default}


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return f"{decimal(value.minor, exponent(value.currency))} {value.currency}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return named(value) if is_dataclass(value) else value


def decimal(minor: int, decimals: int) -> str:
    """Minor units as a decimal number."""
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def record_of(kind: type[T], given: Any, **known: Any) -> T:
    """The record that `named` made this of; `known` are fields it does not have. Raises Malformed, `unknown-field` too."""
    return from_tree(kind, _tree(kind, given, kind.__name__, known))


def _tree(kind: Any, given: Any, path: str, known: dict[str, Any]) -> Tree:
    if not isinstance(given, dict):
        raise BadField(f"{path} is not a map", path=path, fault="kind", limit="map")
    shape = _shape(kind)
    unknown = next((name for name in given if name not in shape or name in known), None)
    if unknown is not None:
        names = ", ".join(name for name in shape if name not in known)
        inside = path.rpartition(".")[2].lower()
        raise Malformed(f"“{unknown[:40]}” is no field of “{inside}”. Fields are: {names}", code="unknown-field")
    tree: dict[Tree, Tree] = {}
    for name, (item, hint) in shape.items():
        number = item.metadata["key"].number
        if name in known:
            tree[number] = known[name]
        elif given.get(name) is not None:
            tree[number] = _value(hint, given[name], f"{path}.{name}")
        elif item.default is not MISSING and item.default is not None:
            tree[number] = to_tree(item.default)
    return tree


@cache
def _shape(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    hints = typing.get_type_hints(kind)
    return {item.name: (item, hints[item.name]) for item in fields(kind)}


def _value(hint: Any, given: Any, path: str) -> Tree:
    if get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(arm for arm in get_args(hint) if arm is not type(None))
    if hint is Money:
        return _money(given, path)
    if hint is bytes:
        return _bytes(given, path)
    if get_origin(hint) is tuple:
        return [_value(get_args(hint)[0], item, path) for item in given] if isinstance(given, list) else given
    return _tree(hint, given, path, {}) if is_dataclass(hint) else given


def _money(given: Any, path: str) -> Tree:
    found = _AMOUNT.match(given) if isinstance(given, str) else None
    if found is None:
        raise BadField(f"{path} is not {AMOUNT}", path=path, fault="kind", limit=AMOUNT)
    sign, whole, part, currency = found.groups()
    decimals = exponent(currency)
    part = (part or "").rstrip("0")
    if len(part) > decimals:
        raise BadField(f"{path} is finer than {currency} is", path=path, fault="kind", limit=f"an amount with {decimals} decimals")
    return to_tree(Money(int(f"{sign}{whole}{part.ljust(decimals, '0')}"), currency))


def _bytes(given: Any, path: str) -> Tree:
    try:
        return bytes.fromhex(given)
    except (TypeError, ValueError):
        raise BadField(f"{path} is no hex", path=path, fault="size") from None
