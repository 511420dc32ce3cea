"""What differs between two records of a catalog, field by field, in a few words for a person. It reads and writes nothing."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from node.model.product_import import SHOWN, Change
from protocol.codec import from_bytes
from protocol.money import Money
from protocol.offer import Promotion, RankPrice, Stock
from protocol.operations import RECORDS, Noun, Record
from protocol.product import Withdrawal

from .product_merging import amount
from .rebasing import differing


def differences(noun: Noun, now: bytes | None, then: bytes | None) -> tuple[Change, ...]:
    """What differs between two records, field by field, for a person."""
    old, new = (None if raw is None else from_bytes(RECORDS[noun], raw) for raw in (now, then))
    if old is not None and new is not None:
        names = differing(old, new)
        found = [_change(item.name, old, new) for item in fields(old) if item.name in names]
        return tuple([change for change in found if change.before != change.after] or found)  # what reads alike says nothing
    some = new or old
    assert some is not None
    shown = ("title", "price", "stock")
    return tuple(_change(item.name, old, new) for item in fields(some) if item.name in shown)


def _change(name: str, old: Record | None, new: Record | None) -> Change:
    read = _moment if name in _TIMES else shown
    before, after = (read(getattr(record, name)) if record else "" for record in (old, new))
    return Change(name.replace("_", " "), "", before, after)


_TIMES = frozenset({"valid_from", "valid_to", "available_from", "available_to"})


def _moment(at: int | None) -> str:
    """A time on the clock that everybody has."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC") if at else ""


def shown(value: Any) -> str:
    """A field's value in a few words."""
    text = _words(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case Money():
            return amount(value)
        case bytes():
            return value.hex()[:12]
        case Stock():
            return value.value.replace("_", " ")
        case RankPrice():
            return f"rank {value.min_rank}: {amount(value.price)}"
        case Promotion():
            return f"{value.name}: {amount(value.price)}, {_moment(value.start)} to {_moment(value.end)}"
        case Withdrawal():
            return f"{value.reason} ({_moment(value.at)})"
        case tuple():
            return "; ".join(_words(item) for item in value)
        case _ if is_dataclass(value):
            parts = (_words(getattr(value, item.name)) for item in fields(value))
            return " ".join(part for part in parts if part)
    return str(value)
