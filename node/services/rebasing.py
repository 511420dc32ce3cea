"""A draft over what was signed since it was written: fields that only one of them changed are kept, the others are named.

It decides what a record becomes. It reads and writes nothing.
"""

from dataclasses import fields, replace

from protocol.codec import from_bytes
from protocol.offer import Offer
from protocol.operations import RECORDS, Noun, Record

_TOGETHER = (frozenset({"stock", "count"}),)
"""Fields of an offer that only mean something together."""
_REFERS = frozenset({"product"})
"""What an offer names by hash: it is set anew when it is signed."""


def rebased(noun: Noun, base: bytes | None, mine: bytes | None, now: bytes | None) -> tuple[bytes | Record | None, tuple[str, ...]]:
    """What is to be signed where `mine` was written over `base` and `now` is there: its bytes or the record, and the fields that both
    changed, in which `mine` holds. ("",): one of them took it away, or both made it.
    """
    if now in (base, mine):
        return mine, ()
    if base is None or now is None:
        return mine, ("",)
    stood, there = from_bytes(RECORDS[noun], base), from_bytes(RECORDS[noun], now)
    others = differing(stood, there)
    if mine is None:
        return None, ("",) if others else ()
    wanted = from_bytes(RECORDS[noun], mine)
    ours = differing(stood, wanted)
    clash = sorted(name for name in ours & others if getattr(wanted, name) != getattr(there, name))
    return replace(there, **{name: getattr(wanted, name) for name in ours}), tuple(clash)


def differing(one: Record, other: Record) -> set[str]:
    """The fields in which two records of a noun differ; of an offer not the hash of its product."""
    offer = isinstance(one, Offer)
    names = {item.name for item in fields(one)} - (_REFERS if offer else frozenset())
    found = {name for name in names if getattr(one, name) != getattr(other, name)}
    for group in _TOGETHER if offer else ():
        found |= group if found & group else set()
    return found
