"""A contacts file that is read and waits: its rows lie in the encrypted store, matched with who is here. No customer is written.

Reading itself is `node/files`, driven by import_runs.py; looking and deciding are in customer_preview.py, taking over in
customer_imports.py.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.contact_fields import checked, fingerprint, require_person
from node.model.customer import Customer, merged
from node.model.export import Beside
from node.model.person import Contact, Entry
from node.model.staged import Candidate, Judgement, Rules, Staged, StagedRow
from node.model.staged import Mapping as ColumnMapping

from .customer_matching import match
from .customers import LONGEST, CustomersUnit, require_seller

MOST_WAITING = 8
_BATCH = 500
_DAY = 86_400_000
_KEPT, _KEPT_ERRORS = 7 * _DAY, _DAY


class StagedBook(Protocol):
    """Files that wait, as this service keeps them (node/store/staged_imports.py says what each does)."""

    def add(self, staged: Staged) -> int: ...  # noqa: D102
    def keep(self, staged: Staged) -> None: ...  # noqa: D102
    def get(self, id_: bytes, /) -> Staged | None: ...  # noqa: D102
    def all(self) -> Sequence[Staged]: ...  # noqa: D102
    def drop(self, seq: int, *, rows: int) -> bool: ...  # noqa: D102
    def drop_settled(self, seq: int, after: int, upto: int) -> None: ...  # noqa: D102
    def add_rows(self, seq: int, first: int, entries: Sequence[Entry | Beside]) -> None: ...  # noqa: D102
    def rewrite_rows(self, seq: int, first: int, entries: Sequence[Entry]) -> None: ...  # noqa: D102
    def originals(self, seq: int, after: int, limit: int) -> Sequence[tuple[int, int, tuple[str, ...]]]: ...  # noqa: D102
    def rows(self, seq: int, outcome: str, after: int, limit: int) -> Sequence[StagedRow]: ...  # noqa: D102
    def row(self, seq: int, number: int) -> StagedRow | None: ...  # noqa: D102
    def people(self, seq: int, numbers: Sequence[int]) -> Mapping[int, Contact]: ...  # noqa: D102
    def equal(self, seq: int, pairs: Sequence[tuple[int, bytes]]) -> set[tuple[int, bytes]]: ...  # noqa: D102
    def pictured(self, seq: int, pairs: Sequence[tuple[int, bytes]]) -> set[tuple[int, bytes]]: ...  # noqa: D102
    def to_take(self, seq: int, after: int, limit: int) -> Sequence[StagedRow]: ...  # noqa: D102
    def twins(self, seq: int) -> frozenset[int]: ...  # noqa: D102
    def written_twice(self, seq: int) -> frozenset[bytes]: ...  # noqa: D102
    def count(self, seq: int) -> Mapping[tuple[str, str], int]: ...  # noqa: D102
    def warned(self, seq: int) -> int: ...  # noqa: D102
    def besides(self, seq: int, after: int, limit: int) -> Sequence[tuple[int, Beside]]: ...  # noqa: D102
    def count_besides(self, seq: int) -> Mapping[str, int]: ...  # noqa: D102
    def owners(self, seq: int) -> dict[str, bytes | None]: ...  # noqa: D102
    def candidates(self, seq: int) -> Iterator[Candidate]: ...  # noqa: D102
    def alike(self, kind: str, values: Collection[str]) -> Mapping[str, Sequence[bytes]]: ...  # noqa: D102
    def judge(self, seq: int, judgements: Sequence[Judgement]) -> None: ...  # noqa: D102
    def mapping(self, fingerprint: bytes) -> ColumnMapping | None: ...  # noqa: D102
    def mappings(self, *, products: bool = ...) -> Sequence[ColumnMapping]: ...  # noqa: D102
    def remember(self, mapping: ColumnMapping, *, products: bool = ...) -> None: ...  # noqa: D102
    def forget(self, fingerprint: bytes) -> bool: ...  # noqa: D102


class StagingUnit(CustomersUnit, Protocol):
    """A unit that knows customers and files of them that wait."""

    @property
    def staged_imports(self) -> StagedBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class DroppedView:
    """The file is discarded."""

    id: str


# --- while it is read (import_runs.py)


def begin_staging(
    unit: StagingUnit, name: str, dialect: str, region: str, header: Sequence[str], guess: Sequence[str], ask: bool
) -> Staged:
    """A file to be read. `ask`: the person is asked for the columns of an unknown table, unless such a table was mapped before."""
    require_seller(unit)
    if sum(file.state != "applied" for file in unit.staged_imports.all()) >= MOST_WAITING:
        text = f"{MOST_WAITING} files wait already. Take them over or put them aside first."
        raise ConflictError(text, code="too-many-waiting")
    remembered = unit.staged_imports.mapping(fingerprint(header)) if dialect == "csv" else None
    targets = _remembered(header, remembered) if remembered else tuple(guess)
    waits = "columns" if dialect == "csv" and ask and not remembered else "ready"
    staged = Staged(unit.random(32), name[:LONGEST], dialect, region, unit.now, "reading", tuple(header), targets, Rules(), None)
    staged = replace(staged, seq=unit.staged_imports.add(staged))
    return replace(staged, state=waits)  # what it becomes once it is read


def _remembered(header: Sequence[str], mapping: ColumnMapping) -> tuple[str, ...]:
    return tuple(target for _, target in mapping.targets) if len(mapping.targets) == len(header) else ()


def add_entries(unit: StagingUnit, staged: Staged, first: int, entries: Sequence[Entry | Beside], anew: bool = False) -> None:
    """Rows `first`, `first` + 1, … as they were read; `anew` by another mapping. Raises NotFound once the file was discarded."""
    find_staged(unit, staged.id)
    if anew:
        unit.staged_imports.rewrite_rows(staged.seq, first, [entry for entry in entries if isinstance(entry, Entry)])
    else:
        unit.staged_imports.add_rows(staged.seq, first, entries)


def end_staging(unit: StagingUnit, staged: Staged) -> None:
    """All of it was read: judge every row, or wait for the columns."""
    unit.staged_imports.keep(staged)
    if staged.state == "ready":
        judge(unit, staged)
    unit.touched("changes")


def drop_some(unit: StagingUnit, staged: bytes, rows: int) -> bool:
    """Erase the next rows of a file that was not taken over, in a transaction of its own so that nobody waits long. True once all are
    gone.
    """
    found = unit.staged_imports.get(staged)
    if found is None or found.state == "applied":
        return True
    unit.touched("changes")
    return unit.staged_imports.drop(found.seq, rows=rows)


def tick(unit: StagingUnit) -> None:
    """Files nobody came back to go after a week, errors of one that was taken over after a day; some rows at a time."""
    for staged in unit.staged_imports.all():
        if staged.at + (_KEPT_ERRORS if staged.state in {"applied", "reading"} else _KEPT) < unit.now:
            unit.staged_imports.drop(staged.seq, rows=_BATCH)


def find_staged(unit: StagingUnit, staged: bytes, *states: str) -> Staged:
    """The file that waits. Raises NotFound, ConflictError `not-ready`."""
    found = unit.staged_imports.get(staged)
    if found is None:
        raise NotFound("That file is not waiting here: it was discarded, or taken over. Choose it again.")
    if states and found.state not in states:
        why = {"reading": "It is still being read.", "columns": "Say first what its columns hold.", "applied": "It was taken over already."}
        raise ConflictError(why.get(found.state, "Its columns are known already."), code="not-ready")
    return found


# --- columns


def checked_targets(unit: StagingUnit, staged: bytes, fields: Mapping[str, str]) -> tuple[Staged, tuple[str, ...]]:
    """The targets of a file's columns once `fields` (title → field) are set; the others stay. Raises UserError `bad-mapping`."""
    found = find_staged(unit, staged, "columns", "ready")
    if found.dialect != "csv":
        raise ConflictError("The columns of this file are known: a program wrote it.", code="not-ready")
    unknown = sorted(set(fields) - set(found.header))
    if unknown:
        raise UserError(f"There is no column “{unknown[0][:40]}”. Columns are: {', '.join(found.header)[:500]}", code="bad-mapping")
    targets = [checked(fields[title]) if title in fields else target for title, target in zip(found.header, found.targets, strict=True)]
    require_person(targets)
    return replace(found, targets=tuple(targets)), tuple(targets)


def begin_mapping(unit: StagingUnit, staged: Staged) -> None:
    """The columns are said: remember it for the next table like this; the rows are about to be read anew."""
    unit.staged_imports.keep(replace(staged, state="reading", at=unit.now))
    name = ", ".join(staged.header)[:LONGEST]
    targets = tuple(zip(staged.header, staged.targets, strict=True))
    unit.staged_imports.remember(ColumnMapping(fingerprint(staged.header), name, targets, unit.now))


def mapped(staged: Staged) -> Staged:
    """The file once its rows were read anew."""
    return replace(staged, state="ready")


def originals(unit: StagingUnit, staged: Staged, after: int, limit: int) -> Sequence[tuple[int, int, tuple[str, ...]]]:
    """(number, row, cells) of a table as they stand in the file."""
    return unit.staged_imports.originals(staged.seq, after, limit)


@dataclass(frozen=True, slots=True)
class MappingView:
    """A kind of table whose columns were mapped once: its titles with their fields. `id` is what tables of these titles share."""

    id: str
    name: str
    columns: tuple[tuple[str, str], ...]
    used: int


def list_mappings(unit: StagingUnit) -> list[MappingView]:
    """The tables whose columns are remembered, the last used first."""
    return [MappingView(row.fingerprint.hex(), row.name, row.targets, row.used) for row in unit.staged_imports.mappings()]


def forget_mapping(unit: StagingUnit, mapping: bytes) -> DroppedView:
    """Forget what the columns of a kind of table hold; the next one is asked for again."""
    if not unit.staged_imports.forget(mapping):
        raise NotFound("No such mapping is remembered.")
    return DroppedView(mapping.hex())


# --- inside


def judge(unit: StagingUnit, staged: Staged) -> None:
    """Decide anew what becomes of every row, by the file's rules; what was chosen for single rows stays."""

    def unchanged(pairs: Collection[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        wanted = list(pairs)
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            equal = unit.staged_imports.equal(staged.seq, part)
            other = [pair for pair in part if pair not in equal]
            rows = unit.staged_imports.people(staged.seq, [number for number, _ in other])
            people = unit.customers.get_all([id_ for _, id_ in other], pictures=False)
            equal.update((number, id_) for number, id_ in other if id_ in people and _same(people[id_], rows[number]))
            found += sorted(equal - unit.staged_imports.pictured(staged.seq, part))
        return found

    judged = match(lambda: unit.staged_imports.candidates(staged.seq), staged.rules, unit.staged_imports.alike, unchanged)
    while batch := list(islice(judged, _BATCH)):
        unit.staged_imports.judge(staged.seq, batch)


def _same(customer: Customer, person: Contact) -> bool:
    return merged(customer.person, person) == customer.person
