"""What was said with customers, noted by the person: when, how, and who began. A note counts as contact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.task import DIRECTIONS, Note

from .tasks import DAY_MS, Names, require_channel
from .unit import Unit

MOST_ROWS = 200
LONGEST = 5000
AHEAD_MS = 60_000  # a clock that a page was read from may be a little fast
_LATEST = 2**62


class NoteBook(Protocol):
    """Notes as this service keeps them (node/store/notes.py says what each does)."""

    def get(self, note: bytes, /) -> Note | None: ...  # noqa: D102
    def keep(self, note: Note) -> None: ...  # noqa: D102
    def of_customer(self, customer: bytes, before: int, limit: int) -> Sequence[Note]: ...  # noqa: D102
    def forget_removed(self, before: int) -> int: ...  # noqa: D102
    def recount(self, customer: bytes) -> None: ...  # noqa: D102
    def last_contact(self, customer: bytes) -> int | None: ...  # noqa: D102


class NotesUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def notes(self) -> NoteBook: ...  # noqa: D102

    @property
    def customers(self) -> Names: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note. `at` in ms; channel: call | message | visit | other; direction: `out` you to them, `in` they to you, "" neither."""

    id: str
    customer: str
    at: int
    text: str
    channel: str
    direction: str


@dataclass(frozen=True, slots=True)
class NoteKept:
    """It is kept; the answer repeats no words, for answers are kept for a while."""

    id: str
    at: int


def add_note(unit: NotesUnit, customer: bytes, text: str, channel: str = "other", direction: str = "out", at: int = 0) -> NoteKept:
    """Note what was said with a customer. `at` in ms, 0 = now; direction: `out` (you to them), `in` (they to you) or "" (neither)."""
    words = text.strip()
    if not words:
        raise UserError("Write what was said.", code="note-missing")
    if len(words) > LONGEST:
        raise UserError(f"A note has at most {LONGEST} characters.", code="too-long")
    if direction not in DIRECTIONS:
        raise UserError("Say who began: out (you to them), in (they to you), or leave it empty.", code="bad-direction")
    if at < 0 or at > unit.now + AHEAD_MS:
        raise UserError("A note is about what has happened: give a time that is past.", code="bad-time")
    if not unit.customers.name_of(customer):
        raise NotFound("There is no such customer. The record may have been erased.")
    note = Note(unit.random(32), customer, at or unit.now, words, require_channel(channel), direction, unit.now)
    return _keep(unit, note)


def notes_of(unit: NotesUnit, customer: bytes, before: int = 0, limit: int = 50) -> list[NoteView]:
    """What was said with a customer, the latest first; `before` (ms) goes on from an earlier answer."""
    count = min(max(limit, 1), MOST_ROWS)
    return [_view(note) for note in unit.notes.of_customer(customer, before or _LATEST, count)]


def remove_note(unit: NotesUnit, note: bytes) -> NoteKept:
    """Take a note away. It can be undone for a day, then it is erased."""
    return _keep(unit, replace(_find(unit, note), removed=unit.now))


def undo_note(unit: NotesUnit, note: bytes) -> NoteKept:
    """Bring a note back that was taken away within a day."""
    return _keep(unit, replace(_find(unit, note), removed=None))


def tick(unit: NotesUnit) -> None:
    """Erase what was taken away a day ago."""
    unit.notes.forget_removed(unit.now - DAY_MS)


def _find(unit: NotesUnit, note: bytes) -> Note:
    found = unit.notes.get(note)
    if found is None:
        raise NotFound("There is no such note. It may have been erased, or its customer.")
    return found


def _keep(unit: NotesUnit, note: Note) -> NoteKept:
    unit.notes.keep(note)
    unit.notes.recount(note.customer)
    unit.touched("changes")
    return NoteKept(note.id.hex(), note.at)


def _view(note: Note) -> NoteView:
    return NoteView(note.id.hex(), note.customer.hex(), note.at, note.text, note.channel.value, note.direction)
