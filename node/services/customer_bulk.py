"""Many customers changed at once: tagged, put aside, and back, in one transaction each; any such change can be undone.

Each of them has it in their history. Undone for one who was not changed since it leaves no line there, as nothing else of it stays.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.bulk import ACTIONS, Bulk, BulkRow, as_left, done, undone
from node.model.customer import Customer
from node.model.filters import Filters
from node.model.history import Kind, Part

from .customer_search import SearchUnit, chosen
from .customers import CustomersUnit

LONGEST_TAG = 60
SHOWN = 20
_PART = 500


class BulkBook(Protocol):
    """What was done to many at once (node/store/bulks.py)."""

    def keep(self, bulk: Bulk) -> None: ...  # noqa: D102
    def note(self, bulk: bytes, rows: Sequence[BulkRow]) -> None: ...  # noqa: D102
    def get(self, bulk: bytes) -> Bulk | None: ...  # noqa: D102
    def latest(self, limit: int) -> Sequence[Bulk]: ...  # noqa: D102
    def rows(self, bulk: bytes) -> Sequence[BulkRow]: ...  # noqa: D102
    def forget_rows(self, bulk: bytes) -> None: ...  # noqa: D102


class PartBook(Protocol):
    """What each customer was before (node/store/customer_history.py says what each does)."""

    def note_parts(self, parts: Sequence[Part]) -> None: ...  # noqa: D102
    def latest_of(self, bulk: bytes) -> Collection[bytes]: ...  # noqa: D102
    def forget_part(self, bulk: bytes, customers: Collection[bytes]) -> None: ...  # noqa: D102


class BulkUnit(SearchUnit, CustomersUnit, Protocol):
    """A unit that changes many customers."""

    @property
    def bulks(self) -> BulkBook: ...  # noqa: D102
    @property
    def customer_history(self) -> PartBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class BulkView:
    """A change to many: `changed` customers are not as before it. `at` in ms."""

    id: str
    action: str
    tag: str
    at: int
    changed: int
    undone: bool


def change_many(
    unit: BulkUnit,
    action: str,
    tag: str = "",
    customers: list[str] | None = None,
    segment: bytes | None = None,
    filters: Filters | None = None,
) -> BulkView:
    """Do one thing to many customers: `action` tag, untag (with a `tag`), archive or unarchive; to those named, or to all who are in a
    `segment` and meet `filters` now.
    """
    if action not in ACTIONS:
        raise UserError("Say tag, untag, archive or unarchive.", code="bad-request")
    word = " ".join(tag.split()) if action in ("tag", "untag") else ""
    if action in ("tag", "untag") and (not word or "," in word or len(word) > LONGEST_TAG):
        raise UserError(f"Enter one tag, without a comma, of at most {LONGEST_TAG} characters.", code="bad-tag")
    ids = _named(customers) if customers is not None else chosen(unit, segment, filters)
    if not ids:
        raise UserError("Choose customers first: there is nobody to change.", code="nobody-chosen")
    bulk = Bulk(unit.random(32), action, word, unit.now)
    unit.bulks.keep(bulk)
    changed = 0
    with unit.customers.in_bulk():
        for start in range(0, len(ids), _PART):
            changed += _change(unit, bulk, ids[start : start + _PART])
    unit.touched("changes")
    return _view(replace(bulk, changed=changed))


def undo_many(unit: BulkUnit, bulk: bytes) -> BulkView:
    """Take such a change back: who was not changed since is as before; of the others only what it did is taken back."""
    found = unit.bulks.get(bulk)
    if found is None:
        raise NotFound("There is no such change of many customers.")
    if found.undone:
        raise ConflictError("This change was undone already.", code="already-undone")
    rows = {row.customer: row for row in unit.bulks.rows(bulk)}
    ids, latest = list(rows), unit.customer_history.latest_of(bulk)
    with unit.customers.in_bulk():
        for start in range(0, len(ids), _PART):
            here = unit.customers.get_all(ids[start : start + _PART]).values()
            as_it_was = {customer.id for customer in here if customer.id in latest and as_left(customer, found, rows[customer.id])}
            pairs = [(customer, undone(customer, found, rows[customer.id], unit.now)) for customer in here]
            unit.customers.keep_all([after for _, after in pairs])
            unit.customer_history.forget_part(bulk, as_it_was)
            changed = [before for before, after in pairs if after != before and before.id not in as_it_was]
            unit.customer_history.note_parts([_part(before, found, unit.now, "undo") for before in changed])
    unit.bulks.forget_rows(bulk)
    unit.bulks.keep(replace(found, undone=True))
    unit.touched("changes")
    return _view(replace(found, undone=True, changed=len(rows)))


def list_many(unit: BulkUnit) -> list[BulkView]:
    """The latest changes of many customers, newest first."""
    return [_view(bulk) for bulk in unit.bulks.latest(SHOWN)]


def _change(unit: BulkUnit, bulk: Bulk, ids: Sequence[bytes]) -> int:
    here = unit.customers.get_all(ids)
    pairs = [(customer, after) for customer in here.values() if (after := done(customer, bulk)) is not customer]
    unit.customers.keep_all([after for _, after in pairs])
    unit.bulks.note(bulk.id, [_row(before) for before, _ in pairs])
    unit.customer_history.note_parts([_part(before, bulk, bulk.at, "bulk") for before, _ in pairs])
    return len(pairs)


def _row(before: Customer) -> BulkRow:
    return BulkRow(before.id, before.person.tags, before.archived, before.updated, before.source)


def _part(before: Customer, bulk: Bulk, at: int, kind: Kind) -> Part:
    """What the history keeps: of an archiving no tags, for an import that is undone may have written them."""
    return Part(before.id, at, kind, before.person.tags if bulk.tag else None, before.archived, bulk.id)


def _named(customers: Sequence[str]) -> list[bytes]:
    try:
        return [bytes.fromhex(customer) for customer in dict.fromkeys(customers)]
    except ValueError:
        raise UserError("One of these is no customer's id: copy its 64 letters and digits from the list.", code="bad-request") from None


def _view(bulk: Bulk) -> BulkView:
    return BulkView(bulk.id.hex(), bulk.action, bulk.tag, bulk.at, bulk.changed, bulk.undone)
