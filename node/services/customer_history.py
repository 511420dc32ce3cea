"""What a customer was before each change, and taking the last change back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError
from node.model.history import MOST_CHANGES, Change, Merge, Part, change_of, changed_fields

from .customers import CustomersUnit, KeptView, changed_meanwhile, find


class HistoryBook(Protocol):
    """Changes and merges as these services keep them (node/store/customer_history.py says what each does)."""

    def note(self, customer: bytes, change: Change) -> None: ...  # noqa: D102
    def note_parts(self, parts: Sequence[Part]) -> None: ...  # noqa: D102
    def changes(self, customer: bytes, limit: int) -> Sequence[Change]: ...  # noqa: D102
    def merges(self, customer: bytes) -> Sequence[Merge]: ...  # noqa: D102


class HistoryUnit(CustomersUnit, Protocol):
    """A unit that knows what customers were."""

    @property
    def customer_history(self) -> HistoryBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change at `at` (ms); `fields` are those that it changed, `archived` among them.

    kind: edit | import | merge | unmerge | split | restore | backup | archive | unarchive | bulk | undo (of a change of many).
    """

    at: int
    kind: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeView:
    """Who was merged into a customer; `id` undoes it."""

    id: str
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The newest changes, the latest first."""

    id: str
    changes: tuple[ChangeView, ...]
    merges: tuple[MergeView, ...]


def list_history(unit: HistoryUnit, customer: bytes) -> HistoryView:
    """What was changed of a customer, by what, and who was merged into it."""
    found = find(unit, customer)
    states = unit.customer_history.changes(customer, MOST_CHANGES)
    after = [change_of(found, unit.now, "edit"), *states]
    changes = tuple(ChangeView(change.at, change.kind, changed_fields(change, then)) for change, then in zip(states, after, strict=False))
    merges = tuple(MergeView(merge.id.hex(), merge.at, merge.gone.person.names.full) for merge in unit.customer_history.merges(customer))
    return HistoryView(customer.hex(), changes, merges)


def take_back(unit: HistoryUnit, customer: bytes, at: int) -> KeptView:
    """Make a customer what they were before the last change; again: what they were before that taking back. The picture stays.

    `at` is when the last change was made, as the history says: another is not taken back unseen, be it only that somebody was put aside.

    Raises ConflictError `changed-meanwhile`, `nothing-to-take-back`, `undo-the-merge`, `merge-again`.
    """
    found = find(unit, customer)
    latest = next(iter(unit.customer_history.changes(customer, 1)), None)
    if latest is None:
        raise ConflictError("Nothing was changed since this customer was added.", code="nothing-to-take-back")
    if latest.at != at:
        raise changed_meanwhile()
    if latest.kind == "merge":
        raise ConflictError("The last change made one customer of two. Undo the merge instead: both come back.", code="undo-the-merge")
    if latest.kind in ("split", "unmerge"):
        raise ConflictError("The last change made two customers of one. Merge them again instead.", code="merge-again")
    unit.customer_history.note(customer, change_of(found, unit.now, "restore"))
    person = replace(latest.before, photo=found.person.photo)
    updated = max(unit.now, found.updated + 1)
    unit.customers.keep(replace(found, person=person, archived=latest.archived, updated=updated, source=None))
    unit.touched("changes")
    return KeptView(customer.hex())
