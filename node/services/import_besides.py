"""What an export holds beside customers comes back with them: notes, follow-ups, segments, rules. What is here stays as it is.

Nothing that was signed is among it: orders, grants, commissions and the team come back from a backup or from peers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import msgspec

from node.errors import UserError
from node.model.customer import Customer
from node.model.export import Beside, NoteLine, RuleLine, SegmentLine, TaskLine
from node.model.filters import Segment, checked
from node.model.person import Entry
from node.model.task import DIRECTIONS, Channel, Note, Status, Task
from node.model.task_rule import DEFAULTS, FEWEST, MOST, MOST_A_DAY, Kind, Rule

from .customer_staging import StagingUnit
from .notes import LONGEST
from .segments import LONGEST_NAME
from .segments import MOST as MOST_SEGMENTS
from .task_rules import LONGEST_TAG
from .tasks import LONGEST_NOTE, LONGEST_TITLE

_BATCH = 1000
_LATEST = 1 << 53
_ID = 32
Made = Note | Task | Segment | Rule


class BesideBook(Protocol):
    """What is brought, as this service keeps it (node/store/import_besides.py says what each does)."""

    def bring_notes(self, import_: bytes, notes: Iterable[Note], /) -> int: ...  # noqa: D102
    def bring_tasks(self, import_: bytes, tasks: Iterable[Task], /) -> int: ...  # noqa: D102
    def bring_segments(self, import_: bytes, segments: Iterable[Segment], /) -> int: ...  # noqa: D102
    def bring_rules(self, import_: bytes, rules: Iterable[Rule], /) -> int: ...  # noqa: D102
    def take_away(self, import_: bytes, leave: Collection[bytes]) -> Collection[bytes]: ...  # noqa: D102


class Segments(Protocol):
    """The segments that are here."""

    def all(self) -> Sequence[Segment]: ...  # noqa: D102


class Contacts(Protocol):
    """When there was contact last."""

    def recount(self, customer: bytes) -> None: ...  # noqa: D102


class BesidesUnit(StagingUnit, Protocol):
    """A unit that takes an export over."""

    @property
    def import_besides(self) -> BesideBook: ...  # noqa: D102
    @property
    def segments(self) -> Segments: ...  # noqa: D102
    @property
    def notes(self) -> Contacts: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class BesidesView:
    """How many of each come, or came, with the customers of an export."""

    notes: int = 0
    tasks: int = 0
    segments: int = 0
    rules: int = 0


def count(unit: StagingUnit, seq: int) -> BesidesView:
    """What stands in a file that waits."""
    found = unit.staged_imports.count_besides(seq)
    return BesidesView(*(found.get(kind, 0) for kind in ("note", "task", "segment", "rule")))


def bring(unit: BesidesUnit, seq: int, import_: bytes, taken: Mapping[str, bytes], tell: Callable[[int], None]) -> BesidesView:
    """Write what hangs on customers who are here now; `taken`: who the rows of the file became. `tell` hears how many were looked at."""
    counts = dict.fromkeys(("note", "task", "segment", "rule"), 0)
    last = looked = 0
    owners = unit.staged_imports.owners(seq)
    owners |= taken
    whose: set[bytes] = set()
    while rows := unit.staged_imports.besides(seq, last, _BATCH):
        here = _here(unit, owners, [beside for _, beside in rows])
        made = [found for _, beside in rows if (found := made_of(beside, unit.now, here)) is not None]
        for kind, number in _write(unit, import_, made).items():
            counts[kind] += number
        whose.update(found.customer for found in made if isinstance(found, Note | Task) and found.customer is not None)
        last, looked = rows[-1][0], looked + len(rows)
        tell(looked)
    for customer in sorted(whose):
        unit.notes.recount(customer)
    return BesidesView(*counts.values())


def take_away(unit: BesidesUnit, import_: bytes, leave: Collection[bytes]) -> None:
    """The import is undone: what it brought and nobody changed since goes."""
    for customer in unit.import_besides.take_away(import_, leave):
        unit.notes.recount(customer)


def looked_at(entry: Entry | Beside) -> Entry | Beside:
    """What was read; of a line that can't be brought back, why it can't."""
    if isinstance(entry, Entry):
        return entry
    try:
        made_of(entry, 0, {entry.whose: bytes(_ID)})
    except (ValueError, UserError) as error:
        original = msgspec.json.encode(entry.line)[:1000].decode("utf-8", "replace")
        return Entry(0, None, (f"This {entry.kind} of the export is none of ours: {error}",), (original,))
    return entry


def made_of(beside: Beside, now: int, owners: Mapping[str, bytes | None]) -> Made | None:
    """What a line is, of the customer it belongs to; None where that one is not here. Raises ValueError, UserError."""
    line = beside.line
    match line:
        case NoteLine():
            customer = owners.get(line.customer)
            return None if customer is None else _note(line, customer)
        case TaskLine():
            customer = owners.get(line.customer) if line.customer else None
            return None if line.customer and customer is None else _task(line, customer)
        case SegmentLine():
            _require(0 < len(line.name) <= LONGEST_NAME, "the name")
            return Segment(_id(line.id), line.name, checked(line.filters, now), _time(line.created), _time(line.updated))
        case RuleLine():
            return _rule(line)


def _note(line: NoteLine, customer: bytes) -> Note:
    _require(0 < len(line.text) <= LONGEST, "the text")
    _require(line.direction in DIRECTIONS, "the direction")
    return Note(_id(line.id), customer, _time(line.at), line.text, Channel(line.channel), line.direction, _time(line.created))


def _task(line: TaskLine, customer: bytes | None) -> Task:
    _require(0 < len(line.title) <= LONGEST_TITLE and len(line.note) <= LONGEST_NOTE, "the text")
    _require(line.rule in ("", *Kind) and (bool(line.occasion) is bool(line.rule)), "the rule")
    status = Status(line.status)
    _require(status is not Status.DROPPED and (line.finished is not None) is (status is Status.DONE), "the status")
    finished = None if line.finished is None else _time(line.finished)
    order = _id(line.order) if line.order else None
    head = (_id(line.id), line.title, date.fromisoformat(line.day), Channel(line.channel), _time(line.created), _time(line.updated))
    return Task(*head, line.note, customer, line.rule, line.occasion, order, status, finished)


def _rule(line: RuleLine) -> Rule | None:
    kind = Kind(line.kind)
    _require(FEWEST[kind] <= line.days <= MOST[kind] and 1 <= line.most <= MOST_A_DAY, "a number")
    _require(len(line.tag) <= LONGEST_TAG, "the tag")
    segment = _id(line.segment) if line.segment else None
    rule = Rule(kind, line.days, Channel(line.channel), line.most, line.on, line.tag, segment)
    return None if rule == DEFAULTS[kind] else rule


def _write(unit: BesidesUnit, import_: bytes, made: Sequence[Made]) -> dict[str, int]:
    room = MOST_SEGMENTS - len(unit.segments.all())
    return {
        "note": unit.import_besides.bring_notes(import_, [found for found in made if isinstance(found, Note)]),
        "task": unit.import_besides.bring_tasks(import_, [found for found in made if isinstance(found, Task)]),
        "segment": unit.import_besides.bring_segments(import_, [found for found in made if isinstance(found, Segment)][: max(room, 0)]),
        "rule": unit.import_besides.bring_rules(import_, [found for found in made if isinstance(found, Rule)]),  # after their segments
    }


def _here(unit: BesidesUnit, owners: Mapping[str, bytes | None], besides: Sequence[Beside]) -> dict[str, bytes | None]:
    """Who the lines belong to. One that is not in the file may be here; a row that was left out leaves its lines out too."""
    wanted = {beside.whose for beside in besides if beside.whose}
    strange = [bytes.fromhex(id_) for id_ in wanted if id_ not in owners]
    found: Mapping[bytes, Customer] = unit.customers.get_all(strange, pictures=False) if strange else {}
    return {id_: owners[id_] for id_ in wanted if id_ in owners} | {id_.hex(): id_ for id_ in found}


def _require(right: bool, what: str) -> None:
    if not right:
        raise ValueError(f"{what} is none")


def _id(text: str) -> bytes:
    found = bytes.fromhex(text)
    _require(len(found) == _ID, "an id")
    return found


def _time(at: int) -> int:
    _require(0 <= at < _LATEST, "a time")
    return at
