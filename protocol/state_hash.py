"""The state hash: an LtHash of a set of elements, so that a changed set is rehashed by its changes alone.

1,024 lanes of 16 bits; an element is stretched to 2,048 bytes by SHAKE-256 and added lane by lane modulo 2^16. The order of additions
does not matter and a removal undoes an addition. The 32-byte digest travels. It does not know what the elements are, nor whether an
element is there: the caller removes only what it added (docs/protocol/04-log.md).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import Malformed
from .ids import digest, domain

STATE_BYTES = 2048
_EVEN = int.from_bytes(b"\xff\xff\x00\x00" * (STATE_BYTES // 4), "little")
_CARRY = int.from_bytes(b"\x00\x00\x01\x00" * (STATE_BYTES // 4), "little")  # 2^16 in each even lane
_BATCH = 60_000  # sums of this many 16-bit lanes stay within 32 bits


@dataclass(frozen=True, slots=True)
class StateHash:
    """The 2,048-byte state as one integer, little end first; lane i is bytes 2i and 2i+1. `StateHash()` is the empty set's."""

    lanes: int = 0

    def add(self, *elements: bytes) -> "StateHash":
        """The set with `elements` in it."""
        return self.change(added=elements)

    def remove(self, *elements: bytes) -> "StateHash":
        """The set without `elements`, each of which must have been added."""
        return self.change(removed=elements)

    def change(self, *, added: Iterable[bytes] = (), removed: Iterable[bytes] = ()) -> "StateHash":
        """The set after `removed` left it and `added` joined it; in one pass, for bulk."""
        lanes = self.lanes
        for even, odd in _sums(added):
            lanes = ((lanes & _EVEN) + even & _EVEN) | (((lanes >> 16) & _EVEN) + odd & _EVEN) << 16
        for even, odd in _sums(removed):
            lanes = ((lanes & _EVEN) + _CARRY - even & _EVEN) | (((lanes >> 16) & _EVEN) + _CARRY - odd & _EVEN) << 16
        return StateHash(lanes)

    def plus(self, other: "StateHash") -> "StateHash":
        """The state of both sets together, which have nothing in common."""
        even, odd = other.lanes & _EVEN, (other.lanes >> 16) & _EVEN
        return StateHash(((self.lanes & _EVEN) + even & _EVEN) | (((self.lanes >> 16) & _EVEN) + odd & _EVEN) << 16)

    def minus(self, other: "StateHash") -> "StateHash":
        """The state of this set without the other, which is part of it."""
        even, odd = other.lanes & _EVEN, (other.lanes >> 16) & _EVEN
        return StateHash(((self.lanes & _EVEN) + _CARRY - even & _EVEN) | (((self.lanes >> 16) & _EVEN) + _CARRY - odd & _EVEN) << 16)

    @property
    def digest(self) -> bytes:
        """The 32 bytes a checkpoint carries."""
        return digest("state", self.to_bytes())

    def to_bytes(self) -> bytes:
        """The 2,048 bytes to store."""
        return self.lanes.to_bytes(STATE_BYTES, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> "StateHash":
        """The state in 2,048 stored bytes. Raises Malformed."""
        if len(data) != STATE_BYTES:
            raise Malformed(f"a state hash has {STATE_BYTES} bytes, not {len(data)}")
        return cls(int.from_bytes(data, "little"))


class Tally:
    """States of many sets at once, for bulk: an element that is in several of them is stretched once."""

    def __init__(self) -> None:
        self._sums: dict[int, list[int]] = {}

    def note(self, sets: Iterable[int], *, added: Iterable[bytes] = (), removed: Iterable[bytes] = ()) -> None:
        """`removed` left each of the numbered sets and `added` joined it; at most 60,000 either way between two looks at the `states`."""
        for elements, place in ((added, 0), (removed, 2)):
            even = odd = 0
            for part_even, part_odd in _sums(elements):
                even, odd = even + part_even, odd + part_odd
            if even or odd:
                for number in sets:
                    sums = self._sums.setdefault(number, [0, 0, 0, 0])
                    sums[place] += even
                    sums[place + 1] += odd

    def states(self) -> dict[int, StateHash]:
        """What each set changed by, to be put together with its state by `plus`."""
        return {number: _difference(*sums) for number, sums in self._sums.items()}


def _difference(even: int, odd: int, less_even: int, less_odd: int) -> StateHash:
    even = (even & _EVEN) + _CARRY - (less_even & _EVEN) & _EVEN
    odd = (odd & _EVEN) + _CARRY - (less_odd & _EVEN) & _EVEN
    return StateHash(even | odd << 16)


def _sums(elements: Iterable[bytes]) -> Iterable[tuple[int, int]]:
    """The lane sums modulo 2^16 of `elements`, a batch at a time, even and odd lanes apart."""
    even = whole = count = 0
    prefix = domain("state-element")
    for element in elements:
        stretched = int.from_bytes(hashlib.shake_256(prefix + element).digest(STATE_BYTES), "little")
        even += stretched & _EVEN
        whole += stretched  # without the even lanes that is the odd ones: nothing carries between them in either sum
        count += 1
        if count == _BATCH:
            yield even & _EVEN, (whole - even >> 16) & _EVEN
            even = whole = count = 0
    if count:
        yield even & _EVEN, (whole - even >> 16) & _EVEN
