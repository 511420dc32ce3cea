"""What a customer was before a change, and what two customers made one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from .customer import Customer, merged
from .details import details_of
from .person import Contact

Kind = Literal["edit", "import", "merge", "unmerge", "split", "restore", "backup", "archive", "unarchive", "bulk", "undo"]
MOST_CHANGES = 50
MOST_MERGES = 10
Moved = Mapping[str, list[list[int | str | bytes]]]


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is what the customer was, without the picture; `archived` when they had been put aside, or None."""

    at: int
    kind: Kind
    before: Contact
    archived: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """A change that wrote over no more than tags (None: not even these) and whether the customer was put aside. `bulk`: its change of many.

    It is as small as it is, because a hundred thousand customers may be changed at once.
    """

    customer: bytes
    at: int
    kind: Kind
    tags: tuple[str, ...] | None
    archived: int | None
    bulk: bytes | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """`gone` became part of `kept`: what the two were. `updated` is what the merged one said then; `moved`: table → keys of rows."""

    id: bytes
    at: int
    updated: int
    kept: Customer
    gone: Customer
    moved: Moved


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two customers who share something. `kinds`: who (name and address), email, phone."""

    one: Customer
    other: Customer
    kinds: tuple[str, ...]


def change_of(customer: Customer, at: int, kind: Kind) -> Change:
    """A change of the customer as they are now."""
    return Change(at, kind, customer.person, customer.archived)


def changed_fields(before: Change, after: Change) -> tuple[str, ...]:
    """Names of the fields of a record (node/model/details.py) that differ from one change to the next, and `archived`."""
    one, other = details_of(before.before), details_of(after.before)
    aside = ("archived",) if (before.archived is None) is not (after.archived is None) else ()
    return (*(item.name for item in fields(one) if getattr(one, item.name) != getattr(other, item.name)), *aside)


def joined(kept: Contact, other: Contact) -> Contact:
    """One person of two: `kept` speaks where both say something, lists have what either has, notes stand below each other."""
    both = merged(other, kept)
    notes = dict.fromkeys(part for part in (kept.notes, other.notes) if part)
    return replace(
        both,
        row=kept.row,
        names=replace(
            kept.names,
            **{
                part: getattr(kept.names, part) or getattr(other.names, part)
                for part in ("given", "family", "middle", "prefix", "suffix")
                if kept.names.full == other.names.full
            },
        ),
        notes="\n\n".join(notes),
        came_by=kept.came_by or other.came_by,
        referrer=kept.referrer or other.referrer,
        custom=tuple(dict.fromkeys((*kept.custom, *other.custom))),
        consents=tuple(sorted(dict.fromkeys((*kept.consents, *other.consents)), key=lambda item: item.day)),
    )
