"""Customers out of a file that waits: taken over in one transaction, and taken back as they were.

What waits and what is decided about it is customer_staging.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from node.errors import ConflictError, NotFound
from node.model.customer import Customer, Image, ImportRow, Touched, Undone, merged
from node.model.person import Contact, Origin
from node.model.staged import Staged, StagedRow

from . import import_besides
from .asking import ERASED
from .customer_staging import find_staged
from .import_besides import BesidesUnit, BesidesView

MOST_ERRORS = 500
MOST_TOUCHED = 200
_BATCH = 1000
_LAST = (1 << 63) - 1
Tell = Callable[[int, int], None]


class ImportBook(Protocol):
    """Imports as this service keeps them (node/store/customer_imports.py says what each does)."""

    def keep_import(self, row: ImportRow) -> None: ...  # noqa: D102
    def imported(self, id_: bytes, /) -> ImportRow | None: ...  # noqa: D102
    def imports(self) -> Sequence[ImportRow]: ...  # noqa: D102
    def images(self, ids: Sequence[bytes], pictured: Collection[bytes]) -> dict[bytes, Image]: ...  # noqa: D102
    def note_changes(self, import_: bytes, changes: Iterable[tuple[bytes, int, Image | None]]) -> None: ...  # noqa: D102
    def taken(self, ids: Sequence[bytes]) -> set[bytes]: ...  # noqa: D102
    def touched_since(self, row: ImportRow) -> Sequence[Touched]: ...  # noqa: D102
    def undo_changes(self, row: ImportRow, leave: Collection[bytes]) -> Undone: ...  # noqa: D102


class ImportsUnit(BesidesUnit, Protocol):
    """A unit that knows customers, files that wait and imports."""

    @property
    def customer_imports(self) -> ImportBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class FaultView:
    """A row or card that gave no customer, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an import did: `imported` = `created` + `updated` + `known` (here already). `skipped`: rows left out by rule or choice.

    `errors` are the first 500 of `failed`; `brought` is what came beside customers.
    """

    id: str
    dialect: str
    imported: int
    created: int
    updated: int
    known: int
    skipped: int
    failed: int
    errors: tuple[FaultView, ...]
    brought: BesidesView


@dataclass(frozen=True, slots=True)
class PastImport:
    """An import as it was taken over; `at` in ms."""

    id: str
    name: str
    dialect: str
    at: int
    created: int
    updated: int
    known: int
    undone: bool


@dataclass(frozen=True, slots=True)
class TouchedView:
    """A customer of an import that something happened to since. how: changed, ordered, used (a note, a task, a grant)."""

    id: str
    name: str
    how: str


@dataclass(frozen=True, slots=True)
class UndoPlanView:
    """What undoing would do now. `touched` are the first 200 of `left`: they stay as they are."""

    id: str
    name: str
    undone: bool
    left: int
    touched: tuple[TouchedView, ...]


@dataclass(frozen=True, slots=True)
class UndoView:
    """`removed` customers were new with the import, `restored` are as before it, `left` stay as something happened to them since."""

    id: str
    removed: int
    restored: int
    left: int


@dataclass(slots=True)
class _Taking:
    """An import under way. `pending`: customers the batch writes; `placed`: the customer of each row that another is like; `origins`:
    who the rows of an export became, by the ids they have there, and `used` those of the ids that nobody new can have.

    `ids` are drawn at random for as many as may be new, and given in rising order: tables grow at their ends then.
    """

    id: bytes
    at: int
    ids: Iterator[bytes]
    twins: frozenset[int]
    twice: frozenset[bytes]
    pending: dict[bytes, Customer] = field(default_factory=dict)
    fresh: set[bytes] = field(default_factory=set)
    placed: dict[int, bytes] = field(default_factory=dict)
    origins: dict[str, bytes] = field(default_factory=dict)
    used: set[bytes] = field(default_factory=set)
    created: int = 0
    updated: int = 0
    known: int = 0
    gone: int = 0


def _nobody_listens(_done: int, _total: int) -> None:
    pass


def apply_import(unit: ImportsUnit, staged: bytes, tell: Tell = _nobody_listens) -> ImportView:
    """Take over a file that waits, as decided; of its rows only the errors stay. All of it or nothing; `tell` hears how far it is and may
    raise to stop.
    """
    found = find_staged(unit, staged, "ready")
    counts = unit.staged_imports.count(found.seq)
    known = counts.get(("known", "update"), 0)
    total = sum(number for (_, action), number in counts.items() if action != "skip") - known
    row = ImportRow(unit.random(32), found.name, found.dialect, unit.now, 0, 0, 0)
    unit.customer_imports.keep_import(row)
    ids = iter(sorted(unit.random(32) for _ in range(total)))
    twins, twice = unit.staged_imports.twins(found.seq), unit.staged_imports.written_twice(found.seq)
    taking = _Taking(row.id, unit.now, ids, twins, twice, known=known)
    last = done = 0
    beside = sum(unit.staged_imports.count_besides(found.seq).values())
    with unit.customers.in_bulk():
        while rows := unit.staged_imports.to_take(found.seq, last, _BATCH):
            _take(unit, taking, rows)
            before, last, done = last, rows[-1].judgement.number, done + len(rows)
            if not beside:  # what hangs on the rows needs to know whose they are
                unit.staged_imports.drop_settled(found.seq, before, last)  # the customers to come take their room
            tell(done, total + beside)
    told = partial(_told, tell, total, beside)
    brought = import_besides.bring(unit, found.seq, row.id, taking.origins, told) if beside else BesidesView()
    unit.staged_imports.drop_settled(found.seq, 0 if beside else last, _LAST)
    unit.customer_imports.keep_import(replace(row, created=taking.created, updated=taking.updated, known=taking.known))
    unit.staged_imports.keep(replace(found, state="applied", import_=row.id))
    unit.touched("changes")
    return replace(_imported(unit, found, row, taking, counts), brought=brought)


def _told(tell: Tell, total: int, beside: int, looked: int) -> None:
    tell(total + looked, total + beside)


def _imported(unit: ImportsUnit, found: Staged, row: ImportRow, taking: _Taking, counts: Mapping[tuple[str, str], int]) -> ImportView:
    failed = sum(number for (outcome, _), number in counts.items() if outcome == "error")
    skipped = sum(number for (outcome, action), number in counts.items() if action == "skip" and outcome != "error") + taking.gone
    faults = unit.staged_imports.rows(found.seq, "error", 0, MOST_ERRORS)
    errors = tuple(FaultView(fault.row, " ".join(fault.problems)) for fault in faults)
    numbers = (taking.created + taking.updated + taking.known, taking.created, taking.updated, taking.known, skipped, failed)
    return ImportView(row.id.hex(), row.dialect, *numbers, errors, BesidesView())


def _take(unit: ImportsUnit, taking: _Taking, rows: Sequence[StagedRow]) -> None:
    """One batch: what it updates is read at once, what it writes is written at once."""
    wanted = {customer for row in rows if (customer := _target(row, taking)) is not None}
    here = unit.customers.get_all(tuple(wanted))
    taking.pending, taking.fresh = {}, set()
    taking.used = unit.customer_imports.taken([bytes.fromhex(row.origin.id) for row in rows if row.origin is not None])
    for row in rows:
        _take_row(taking, row, here)
    old = [id_ for id_ in taking.pending if id_ not in taking.fresh]
    pictured = {id_ for id_ in old if here[id_].person.photo != taking.pending[id_].person.photo or id_ in taking.twice}
    images = unit.customer_imports.images(old, pictured)
    unit.customers.keep_all([customer for id_, customer in taking.pending.items() if id_ in taking.fresh], new=True)
    unit.customers.keep_all([customer for id_, customer in taking.pending.items() if id_ not in taking.fresh])
    unit.customer_imports.note_changes(taking.id, ((id_, one.updated, images.get(id_)) for id_, one in taking.pending.items()))


def _target(row: StagedRow, taking: _Taking) -> bytes | None:
    judged = row.judgement
    if judged.action == "update":
        return judged.customer
    return taking.placed.get(judged.twin) if judged.action == "merge" and judged.twin is not None else None


def _take_row(taking: _Taking, row: StagedRow, here: Mapping[bytes, Customer]) -> None:
    assert row.person is not None
    judged, target = row.judgement, _target(row, taking)
    if judged.action == "update" and target is not None and target not in here:
        taking.gone += 1  # erased since it was looked at; it is not brought back without being asked
        return
    if target is None:
        customer = _new(taking, row.person, row.origin)
        taking.pending[customer.id] = customer
        taking.fresh.add(customer.id)
        taking.created += 1
    else:
        before = taking.pending.get(target) or here[target]
        person = merged(before.person, row.person)
        customer = before
        if person == before.person:
            taking.known += 1
        else:
            customer = replace(before, person=person, updated=taking.at, source=taking.id)
            taking.pending[target] = customer
            taking.updated += 1
    if judged.number in taking.twins:
        taking.placed[judged.number] = customer.id
    if row.origin is not None:
        taking.origins.setdefault(row.origin.id, customer.id)


def _new(taking: _Taking, person: Contact, origin: Origin | None) -> Customer:
    """A row of an export is who it was, where nobody has or had the id, and has the times it had."""
    if origin is None:
        return Customer(next(taking.ids), person, taking.at, taking.at, taking.id)
    id_ = bytes.fromhex(origin.id)
    if id_ in taking.used:
        id_ = next(taking.ids)
    taking.used.add(id_)
    return Customer(id_, person, origin.created, origin.updated, taking.id, origin.archived)


# --- afterwards


def list_imports(unit: ImportsUnit) -> list[PastImport]:
    """The latest imports, newest first."""
    return [
        PastImport(row.id.hex(), row.name, row.dialect, row.at, row.created, row.updated, row.known, row.undone)
        for row in unit.customer_imports.imports()
    ]


def plan_undo(unit: ImportsUnit, import_id: bytes) -> UndoPlanView:
    """What undoing an import would leave: customers of it that were changed, ordered for or used since."""
    row = _find(unit, import_id)
    touched = () if row.undone else unit.customer_imports.touched_since(row)
    shown = tuple(TouchedView(item.id.hex(), item.name, item.how) for item in touched[:MOST_TOUCHED])
    return UndoPlanView(row.id.hex(), row.name, row.undone, len(touched), shown)


def undo_import(unit: ImportsUnit, import_id: bytes, leave: bool = False) -> UndoView:
    """Take an import back: customers it made go, those it changed are as before. `leave`: those that something happened to since stay as
    they are; without it, one such customer stops all.
    """
    row = _find(unit, import_id)
    if row.undone:
        raise ConflictError("This import was undone already.", code="already-undone")
    touched = unit.customer_imports.touched_since(row)
    if touched and not leave:
        some = ", ".join(item.name for item in touched[:5]) + (" …" if len(touched) > 5 else "")
        text = f"{len(touched)} of these customers were changed, ordered for or noted on since: {some}. Undo the others, or nothing."
        raise ConflictError(text, code="changed-since")
    left = {item.id for item in touched}
    undone = unit.customer_imports.undo_changes(row, left)
    with unit.customers.in_bulk():
        unit.customers.erase_all(undone.removed)
        unit.customers.restore(undone.restored)
        unit.customers.keep_all([replace(customer, updated=unit.now) for customer in undone.older])
    import_besides.take_away(unit, row.id, left)
    unit.customer_imports.keep_import(replace(row, undone=True))
    unit.operations.forget_responses()
    unit.touched(ERASED)
    unit.touched("changes")
    return UndoView(row.id.hex(), len(undone.removed), len(undone.restored) + len(undone.older), len(touched))


def _find(unit: ImportsUnit, import_id: bytes) -> ImportRow:
    row = unit.customer_imports.imported(import_id)
    if row is None:
        raise NotFound("There is no such import.")
    return row
