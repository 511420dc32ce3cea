"""Range-based reconciliation of two sets of sequence numbers: what the asker misses, and what it holds in excess.

Of one writer's log a sequence number says all there is to say of an entry, so the set of numbers that are live says which state one has.
Equal ranges are told by a fingerprint; a range that differs is cut by its holder's own numbers until it is short enough to be listed.
Each side is a function of its numbers (sorted) and the bytes that came (docs/protocol/17-catalog-sync.md). It proves nothing: the state
hash does, afterwards.
"""

import hashlib
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

from .encoding import decode, encode
from .errors import Malformed
from .ids import domain

END = 2**53  # no sequence number reaches it
PARTS = 16  # of a range that differs
LISTED = 256  # a range of so few numbers is listed instead of cut: a number is a byte or two, a fingerprint twenty
MOST_LISTED = 1_024  # of a range that the other side holds so few of
MAX_RANGES = 32_768
MAX_RANGES_BYTES = 900_000
_SKIP, _PRINT, _LIST = 0, 1, 2
_PRINT_BYTES = 16

Numbers: TypeAlias = "array[int]"


@dataclass(slots=True)
class Difference:
    """What was found so far: `missing` here, `excess` here."""

    missing: list[int] = field(default_factory=list)
    excess: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Range:
    low: int
    high: int
    kind: int
    value: Any


def numbers(held: Any = ()) -> Numbers:
    """A side's numbers, from any iterable in rising order."""
    return array("Q", held)


def begin(held: Numbers) -> bytes:
    """The first question."""
    return _write(_cut(held, 0, END))


def answer(held: Numbers, question: bytes) -> bytes:
    """The other side's answer. Raises Malformed (`too-different` when it would not fit)."""
    return _write([reply for part in _read(question) for reply in _answered(held, part)])


def conclude(held: Numbers, reply: bytes, found: Difference) -> bytes | None:
    """Note in `found` what the answer tells, and give the next question; None when nothing is left to ask. Raises Malformed."""
    following: list[_Range] = []
    for part in _read(reply):
        own = _within(held, part.low, part.high)
        if part.kind == _LIST:
            theirs, ours = set(part.value), set(own)
            found.missing += sorted(theirs - ours)
            found.excess += sorted(ours - theirs)
            following.append(_Range(part.low, part.high, _SKIP, None))
        elif part.kind == _SKIP or part.value == fingerprint(own):
            following.append(_Range(part.low, part.high, _SKIP, None))
        else:
            following += _opened(held, part.low, part.high)
    return None if all(part.kind == _SKIP for part in following) else _write(following)


def fingerprint(held: Numbers) -> bytes:
    """16 bytes for a range's numbers."""
    wire = held if sys.byteorder == "big" else array("Q", held)
    if wire is not held:
        wire.byteswap()
    return hashlib.sha256(domain("sequence-range") + wire.tobytes()).digest()[:_PRINT_BYTES]


def _answered(held: Numbers, part: _Range) -> list[_Range]:
    own = _within(held, part.low, part.high)
    if part.kind == _LIST:
        if len(own) <= MOST_LISTED:
            return [_Range(part.low, part.high, _LIST, own)]
        return _cut(held, part.low, part.high)
    if part.kind == _SKIP or part.value == fingerprint(own):
        return [_Range(part.low, part.high, _SKIP, None)]
    return _opened(held, part.low, part.high)


def _opened(held: Numbers, low: int, high: int) -> list[_Range]:
    """A range that differs: listed, or cut."""
    own = _within(held, low, high)
    return [_Range(low, high, _LIST, own)] if len(own) <= LISTED else _cut(held, low, high)


def _cut(held: Numbers, low: int, high: int) -> list[_Range]:
    """The range in parts of about equally many of our numbers."""
    first, last = bisect_left(held, low), bisect_left(held, high)
    starts = sorted({held[first + (last - first) * part // PARTS] for part in range(1, PARTS)} if last > first else ())
    bounds = [low, *(start for start in starts if start > low), high]
    return [_Range(start, end, _PRINT, fingerprint(_within(held, start, end))) for start, end in pairwise(bounds)]


def _within(held: Numbers, low: int, high: int) -> Numbers:
    return held[bisect_left(held, low) : bisect_left(held, high)]


# --- the wire: [[end, kind, value], …]; each range begins where the one before ended, the first at 0, the last ends at END


def _write(ranges: list[_Range]) -> bytes:
    if len(ranges) > MAX_RANGES:
        raise Malformed("too much differs to be listed range by range", code="too-different")
    tree: list[Any] = []
    for part in ranges:
        if part.kind == _SKIP and tree and tree[-1][1] == _SKIP:
            tree[-1][0] = part.high
            continue
        tree.append([part.high, part.kind, _steps(part) if part.kind == _LIST else part.value])
    data = encode(tree)
    if len(data) > MAX_RANGES_BYTES:
        raise Malformed("too much differs to be listed range by range", code="too-different")
    return data


def _steps(part: _Range) -> list[int]:
    return [number - before for before, number in pairwise((part.low, *part.value))]


def _read(data: bytes) -> Iterator[_Range]:
    tree = decode(data, max_bytes=MAX_RANGES_BYTES)
    if not (isinstance(tree, list) and 0 < len(tree) <= MAX_RANGES):
        raise Malformed("ranges are a list, and not an endless one")
    low = 0
    for item in tree:
        if not (isinstance(item, list) and len(item) == 3 and type(item[0]) is int and low < item[0] <= END):
            raise Malformed("a range is its end, its kind and its value, in rising order")
        yield _Range(low, item[0], item[1], _value(low, *item))
        low = item[0]
    if low != END:
        raise Malformed("the ranges leave something out")


def _value(low: int, high: int, kind: Any, value: Any) -> Any:
    if kind == _SKIP and type(kind) is int and value is None:
        return None
    if kind == _PRINT and type(kind) is int and isinstance(value, bytes) and len(value) == _PRINT_BYTES:
        return value
    if kind == _LIST and type(kind) is int and isinstance(value, list) and len(value) <= MOST_LISTED:
        if not all(type(step) is int and 0 <= step < END for step in value) or 0 in value[1:]:
            raise Malformed("a range's numbers rise")
        listed = [low + passed for passed in accumulate(value)]
        if not listed or listed[-1] < high:
            return array("Q", listed)
    raise Malformed("a range of no kind that is known here")
