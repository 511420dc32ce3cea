"""Looking at a contacts file that waits, row by row, and deciding what becomes of each. No customer is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from node.errors import NotFound, UserError
from node.model.contact_fields import LEAVE
from node.model.customer import Customer, merged
from node.model.person import Contact, Phone
from node.model.phone_numbers import readable
from node.model.staged import ACTIONS, KINDS, OUTCOMES, Judgement, Rules, Staged, StagedRow

from . import import_besides
from .customer_staging import StagingUnit, find_staged, judge
from .customers import detail
from .import_besides import BesidesView

MOST_ROWS = 200
_SAMPLES = 3
_SAMPLE = 60


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of a table: its title, what stands in its first rows, and the field it goes to ("" = left out)."""

    title: str
    samples: tuple[str, ...]
    field: str


@dataclass(frozen=True, slots=True)
class StagedView:
    """A file that waits. state: reading, columns (say what each holds), ready, applied; `import_id` then is what it became.

    `new`, `update`, `known`, `duplicate` and `error` count its rows and add up to `rows`; `writes`: how many customers taking it over
    would make or change; `skipped`: rows with a person that would be left out; `warned`: rows with something that could not be read;
    `besides`: what an export has beside customers.
    """

    id: str
    name: str
    dialect: str
    region: str
    at: int
    state: str
    rows: int
    new: int
    update: int
    known: int
    duplicate: int
    error: int
    writes: int
    skipped: int
    warned: int
    match: tuple[str, ...]
    found: str
    twins: str
    import_id: str
    besides: BesidesView


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What a field of a customer is now, and what it would be."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """A customer a row could be."""

    id: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row, what would become of it, and why. `number` names it in choices; `row` and `twin` (0: none) are as the file counts.

    outcome: new, update, known, duplicate, error. action: new, update, merge, skip. `chosen`: the person said so.
    """

    number: int
    row: int
    name: str
    detail: str
    outcome: str
    action: str
    chosen: bool
    customer: PersonView | None
    candidates: tuple[PersonView, ...]
    twin: int
    picture: bool
    changes: tuple[ChangeView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsView:
    """Rows in the order of the file, and where to go on: `cursor` 0 = the end."""

    rows: tuple[RowView, ...]
    cursor: int


# --- looking


def list_staged(unit: StagingUnit) -> list[StagedView]:
    """The files that wait to be taken over, and those taken over of which errors are kept for a day; newest first."""
    return [_view(unit, staged) for staged in unit.staged_imports.all()]


def get_staged(unit: StagingUnit, staged: bytes) -> StagedView:
    """A file that waits: its rows counted by what would become of them, and the rules for that."""
    return _view(unit, find_staged(unit, staged))


def list_columns(unit: StagingUnit, staged: bytes) -> list[ColumnView]:
    """The columns of a table with samples and what each is taken for."""
    found = find_staged(unit, staged)
    first = [cells for _, _, cells in unit.staged_imports.originals(found.seq, 0, 50) if cells]
    views = []
    for index, title in enumerate(found.header):
        cells = dict.fromkeys(row[index].strip()[:_SAMPLE] for row in first if index < len(row) and row[index].strip())
        target = found.targets[index] if index < len(found.targets) else LEAVE
        views.append(ColumnView(title, tuple(cells)[:_SAMPLES], target))
    return views


def list_rows(unit: StagingUnit, staged: bytes, outcome: str = "", after: int = 0, limit: int = 50) -> RowsView:
    """Rows of a file in its order, all or those of one outcome, with what each update would change; `after` is the cursor."""
    found = find_staged(unit, staged)
    if outcome and outcome not in OUTCOMES:
        raise UserError(f"Rows are {', '.join(OUTCOMES)}.", code="bad-request")
    count = min(max(limit, 1), MOST_ROWS)
    rows = unit.staged_imports.rows(found.seq, outcome, after, count + 1)
    shown = rows[:count]
    ids = {id_ for row in shown for id_ in (row.judgement.customer, *row.judgement.others) if id_ is not None}
    people = unit.customers.get_all(tuple(ids), pictures=False)
    cursor = shown[-1].judgement.number if len(rows) > count else 0
    return RowsView(tuple(_row(unit, found, row, people) for row in shown), cursor)


# --- deciding


def set_rules(unit: StagingUnit, staged: bytes, match_by: list[str] | None = None, found: str = "update", twins: str = "new") -> StagedView:
    """How duplicates are found (`match_by`: who, email, phone) and what becomes of them. What was chosen for single rows stays."""
    waiting = find_staged(unit, staged, "ready")
    asked = KINDS if match_by is None else tuple(match_by)
    kinds = tuple(sorted(asked, key=KINDS.index)) if set(asked) <= set(KINDS) else asked
    waiting = replace(waiting, rules=Rules(kinds, found, twins))
    unit.staged_imports.keep(waiting)
    judge(unit, waiting)
    unit.touched("changes")
    return _view(unit, waiting)


def choose(unit: StagingUnit, staged: bytes, number: int, action: str, customer: bytes | None = None) -> RowView:
    """Say what becomes of one row: new, skip, merge (into the customer of its twin), or update `customer` (without one: the one found)."""
    found = find_staged(unit, staged, "ready")
    row = unit.staged_imports.row(found.seq, number)
    if row is None:
        raise NotFound("There is no such row in this file.")
    judgement = _chosen(unit, row, action, customer)
    unit.staged_imports.judge(found.seq, [judgement])
    unit.touched("changes")
    changed = replace(row, judgement=judgement)
    ids = [id_ for id_ in (judgement.customer, *judgement.others) if id_ is not None]
    return _row(unit, found, changed, unit.customers.get_all(ids, pictures=False))


def _chosen(unit: StagingUnit, row: StagedRow, action: str, customer: bytes | None) -> Judgement:
    before = row.judgement
    target = customer or before.customer
    if action not in ACTIONS:
        raise UserError(f"A row is {', '.join(ACTIONS)}.", code="bad-request")
    if row.person is None and action != "skip":
        raise UserError("This row has nobody in it to take over. Correct it in the file and import that row again.", code="nobody-there")
    if action == "merge" and before.twin is None:
        raise UserError("This row is like no other of the file.", code="no-twin")
    if action == "update" and (target is None or not unit.customers.get_all([target], pictures=False)):
        raise UserError("Say which customer this row is.", code="which-customer")
    outcome = before.outcome if action in {"skip", "merge"} else action
    return replace(before, action=action, outcome=outcome, customer=target if action == "update" else before.customer, chosen=True)


# --- inside


def _view(unit: StagingUnit, staged: Staged) -> StagedView:
    counts = unit.staged_imports.count(staged.seq)
    by_outcome = {outcome: sum(number for (known, _), number in counts.items() if known == outcome) for outcome in OUTCOMES}
    skipped = sum(number for (outcome, action), number in counts.items() if action == "skip" and outcome != "error")
    taken = sum(number for (outcome, action), number in counts.items() if action != "skip" and (outcome != "known" or action == "new"))
    return StagedView(
        staged.id.hex(), staged.name, staged.dialect, staged.region, staged.at, staged.state, sum(by_outcome.values()), **by_outcome,
        writes=taken, skipped=skipped, warned=unit.staged_imports.warned(staged.seq), match=staged.rules.match, found=staged.rules.found,
        twins=staged.rules.twins, import_id=staged.import_.hex() if staged.import_ else "", besides=import_besides.count(unit, staged.seq),
    )  # fmt: skip


def _row(unit: StagingUnit, staged: Staged, row: StagedRow, people: Mapping[bytes, Customer]) -> RowView:
    judged, person = row.judgement, row.person
    customer = people.get(judged.customer) if judged.customer else None
    twin = unit.staged_imports.row(staged.seq, judged.twin) if judged.twin is not None else None
    changes: tuple[ChangeView, ...] = ()
    if customer is not None and person is not None and judged.action == "update":
        changes = _changes(customer.person, merged(customer.person, person))
    return RowView(
        judged.number,
        row.row,
        person.names.full if person else "",
        detail(person) if person else " · ".join(cell for cell in row.original if cell.strip())[:_SAMPLE],
        judged.outcome,
        judged.action,
        judged.chosen,
        _person(customer) if customer else None,
        tuple(_person(people[id_]) for id_ in judged.others if id_ in people),
        twin.row if twin else 0,
        row.pictured,
        changes,
        row.problems,
    )


def _person(customer: Customer) -> PersonView:
    return PersonView(customer.id.hex(), customer.person.names.full, detail(customer.person))


_SHOWN = {
    "names": "Name", "phones": "Phones", "emails": "E-mails", "addresses": "Addresses", "birthday": "Birthday",
    "organisation": "Organisation",
    "title": "Job title", "notes": "Note", "nickname": "Nickname", "urls": "Websites", "dates": "Days",
    "language": "Language", "handles": "Accounts", "tags": "Tags", "other": "Kept as it was", "came_by": "How they came",
    "referrer": "Recommended by", "preferences": "Wishes", "custom": "Your own fields", "consents": "Consents",
}  # fmt: skip


def _changes(before: Contact, after: Contact) -> tuple[ChangeView, ...]:
    pairs = ((words, getattr(before, name), getattr(after, name)) for name, words in _SHOWN.items())
    return tuple(ChangeView(words, _text(old), _text(new)) for words, old, new in pairs if old != new)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return "a picture"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(_text(item) for item in value)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Phone):
        return readable(value.e164 or value.raw)
    shown = [getattr(value, name) for name in ("full", "value", "lines", "postcode", "city", "country", "purpose") if hasattr(value, name)]
    return " ".join(_text(part) for part in shown if part)
