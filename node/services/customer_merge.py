"""Two customers that are one person: found, made one, made two again. Everything that hangs on one follows it.

What both have under the same name stays once: a merge keeps the kept one's row. Undoing gives the other everything back that came along
and still belongs to the kept one; what was changed since the merge stays with the kept one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.details import Details, details_of, written
from node.model.history import Likeness, Merge, Moved, change_of, joined

from .customer_history import HistoryBook, HistoryUnit
from .customers import CustomerRow, KeptView, find, require_unchanged, row_of

MOST_PAIRS = 200


class MergeBook(HistoryBook, Protocol):
    """What merging needs of the history."""

    def move(self, customer: bytes, into: bytes) -> Moved: ...  # noqa: D102
    def move_back(self, moved: Moved, customer: bytes, into: bytes) -> None: ...  # noqa: D102
    def keep_merge(self, merge: Merge) -> None: ...  # noqa: D102
    def forget_merge(self, merge: bytes) -> None: ...  # noqa: D102
    def forget_since(self, customer: bytes, at: int) -> None: ...  # noqa: D102
    def pairs(self, limit: int) -> tuple[Sequence[Likeness], int]: ...  # noqa: D102
    def keep_apart(self, one: bytes, other: bytes) -> None: ...  # noqa: D102


class Contacts(Protocol):
    """Who was heard of last, reckoned from what hangs on a customer (node/store/notes.py)."""

    def recount(self, customer: bytes) -> None: ...  # noqa: D102


class MergeUnit(HistoryUnit, Protocol):
    """A unit that makes one customer of two."""

    @property
    def customer_history(self) -> MergeBook: ...  # noqa: D102

    @property
    def notes(self) -> Contacts: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class PairView:
    """Two customers who share something: `shared` has who (name and address), email, phone."""

    one: CustomerRow
    other: CustomerRow
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairsView:
    """The first of `total` pairs."""

    pairs: tuple[PairView, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SeparatedView:
    """The two customers there are now."""

    id: str
    other: str


def find_duplicates(unit: MergeUnit, limit: int = 50) -> PairsView:
    """Customers who may be one person: they share an e-mail, a phone number, or name and address."""
    found, total = unit.customer_history.pairs(min(max(limit, 1), MOST_PAIRS))
    return PairsView(tuple(PairView(row_of(pair.one), row_of(pair.other), pair.kinds) for pair in found), total)


def keep_apart(unit: MergeUnit, customer: bytes, other: bytes) -> KeptView:
    """Two that look like one are two: they are not shown as duplicates again."""
    unit.customer_history.keep_apart(find(unit, customer).id, find(unit, other).id)
    unit.touched("changes")
    return KeptView(customer.hex())


def merge_preview(unit: MergeUnit, customer: bytes, other: bytes) -> Details:
    """What the two come to where nobody chooses: the first speaks where both say something, lists have what either has."""
    return details_of(joined(find(unit, customer).person, find(unit, other).person))


def merge_customers(
    unit: MergeUnit, customer: bytes, other: bytes, details: Details | None = None, other_photo: bool = False, updated: int | None = None
) -> KeptView:
    """Make `other` part of `customer`, with orders, grants, tasks, notes and disclosures. `details`: the record the two come to, if it
    shall be another than both together; `updated` is then what `customer` said when it was chosen.
    """
    if customer == other:
        raise UserError("Choose two different customers.", code="same-customer")
    kept, gone = find(unit, customer), find(unit, other)
    if updated is not None:
        require_unchanged(kept, updated)
    person = joined(kept.person, gone.person)
    if details is not None:
        person = written(details, person, "US")
    photo = (gone.person.photo or kept.person.photo) if other_photo else (kept.person.photo or gone.person.photo)
    after = replace(
        kept,
        person=replace(person, photo=photo),
        created=min(kept.created, gone.created),
        updated=max(unit.now, kept.updated + 1),
        source=None,
        archived=None if None in (kept.archived, gone.archived) else kept.archived,
    )
    moved = unit.customer_history.move(other, customer)
    unit.customers.erase(other)
    unit.customers.keep(after)
    unit.customer_history.note(customer, change_of(kept, unit.now, "merge"))
    unit.customer_history.keep_merge(Merge(unit.random(32), unit.now, after.updated, kept, gone, moved))
    unit.notes.recount(customer)
    unit.touched("changes")
    return KeptView(customer.hex())


def unmerge(unit: MergeUnit, customer: bytes, merge: bytes) -> SeparatedView:
    """Make two customers again of one: the other is as it was and has its orders, grants and notes back.

    The kept one is as before the merge too, unless it was changed since: then it stays as it is. Raises NotFound.
    """
    kept = find(unit, customer)
    row = next((found for found in unit.customer_history.merges(customer) if found.id == merge), None)
    if row is None:
        raise NotFound("There is no such merge: it was undone, or there were ten since.")
    if unit.customers.get(row.gone.id) is not None:
        raise ConflictError("The other customer is here again already.", code="already-undone")
    unit.customers.keep(row.gone)
    unit.customer_history.move_back(row.moved, customer, row.gone.id)
    if kept.updated == row.updated:
        kept = row.kept
        unit.customers.keep(kept)
    unit.customer_history.forget_since(customer, row.at)  # what the two were as one is no state of either
    unit.customer_history.note(customer, change_of(kept, unit.now, "unmerge"))
    unit.customer_history.forget_merge(merge)
    unit.notes.recount(customer)
    unit.notes.recount(row.gone.id)
    unit.touched("changes")
    return SeparatedView(customer.hex(), row.gone.id.hex())
