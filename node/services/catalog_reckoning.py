"""The state that entries of our own log lead to, and what they bring to each section of the feed: each record is hashed once for both.

What each section gets is known while all that came is new and each offer follows its product, as with a first import. It is handed to the
catalog file, which keeps each section's state and would hash all records again. Where anything is replaced, taken away or apart from its
product, nothing is handed on, and the file finds it by itself.
"""

from collections.abc import Mapping

from protocol.encoding import peek
from protocol.operations import Noun, Operation, element
from protocol.product import product_id
from protocol.sections import EVERYWHERE, Division, names_of
from protocol.state_hash import StateHash, Tally

_AT_ONCE, _MOST_BYTES = 32_768, 16 << 20
"""So many elements are hashed together, of so many bytes."""
_MOST_KINDS = 4_096
_MOST_GOODS = 250_000
"""Of more brands with categories, or products, the parts are not followed: what is known of them stays in memory to the end."""
_PRODUCT = 2  # key of an offer
_DIVISIONS = tuple(Division)
_NOWHERE = tuple(EVERYWHERE for _ in _DIVISIONS)
Names = tuple[str, ...]
"""A section of each division."""


class Reckoning:
    """Of one feed, from `state` on."""

    def __init__(self, state: StateHash) -> None:
        self._state = state
        self._gone: list[bytes] = []
        self._came: list[bytes] = []
        self._pending = self._bytes = 0
        self._parts: _Parts | None = _Parts()

    def add(self, operation: Operation, came: bytes | None, before: bytes | None) -> None:
        """The next entry, and the element it puts; `before` stood in its slot."""
        names = self._parts.place(operation, before) if self._parts is not None else None
        if self._parts is not None and names is None:
            self._state, self._parts = self._state.plus(self._parts.total()), None
        if before is not None:
            self._gone.append(element(operation.slot, before))
        if came is not None and self._parts is not None and names is not None:
            self._parts.waiting.setdefault(names, []).append(came)
        elif came is not None:
            self._came.append(came)
        self._pending += 1
        self._bytes += len(came or b"") + len(before or b"")
        if self._pending >= _AT_ONCE or self._bytes >= _MOST_BYTES:
            self._fold()

    @property
    def knows_sections(self) -> bool:
        """Whether what each section got is known so far."""
        return self._parts is not None

    def end(self) -> tuple[StateHash, Mapping[Division, Mapping[str, StateHash]] | None]:
        """The state they lead to; what each section got, where that is known."""
        self._fold()
        if self._parts is None:
            return self._state, None
        return self._state.plus(self._parts.total()), self._parts.brought

    def _fold(self) -> None:
        self._state = self._state.change(added=self._came, removed=self._gone)
        if self._parts is not None:
            self._parts.fold()
        self._came, self._gone, self._pending, self._bytes = [], [], 0, 0


class _Parts:
    """What came to each section so far, all of it new."""

    def __init__(self) -> None:
        self.waiting: dict[Names, list[bytes]] = {}
        self.brought: dict[Division, dict[str, StateHash]] = {division: {} for division in _DIVISIONS}
        self._goods: dict[bytes, Names] = {}
        self._kinds: dict[Names, Names] = {}

    def place(self, operation: Operation, before: bytes | None) -> Names | None:
        """The sections of what an entry puts; None where that can't be said here."""
        record = operation.record
        if before is not None or record is None or len(self._kinds) > _MOST_KINDS or len(self._goods) > _MOST_GOODS:
            return None
        noun = operation.slot[0]
        if noun is Noun.OFFER:
            return self._goods.get(peek(record)[_PRODUCT])
        if noun is not Noun.PRODUCT:
            return _NOWHERE
        names = names_of(record, _DIVISIONS)
        names = self._goods[product_id(record)] = self._kinds.setdefault(names, names)
        return names

    def fold(self) -> None:
        """Hash what waits."""
        tally, numbers = Tally(), dict[tuple[Division, str], int]()
        for names, elements in self.waiting.items():
            sections = [numbers.setdefault(section, len(numbers)) for section in zip(_DIVISIONS, names, strict=True)]
            tally.note(sections, added=elements)
        self.waiting = {}
        deltas, none = tally.states(), StateHash()
        for (division, name), number in numbers.items():
            held = self.brought[division]
            held[name] = held.get(name, none).plus(deltas[number])

    def total(self) -> StateHash:
        """All of it together: that of any division."""
        self.fold()
        whole = StateHash()
        for state in self.brought[_DIVISIONS[0]].values():
            whole = whole.plus(state)
        return whole
