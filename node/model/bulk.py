"""What is done to many customers at once: which action, what it makes of a customer, and how that is taken back."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from .customer import Customer, plain

Action = Literal["tag", "untag", "archive", "unarchive"]
ACTIONS: tuple[Action, ...] = get_args(Action)


@dataclass(frozen=True, slots=True)
class Bulk:
    """One such change. `tag` is empty for archive and unarchive; `changed`: how many customers it changed."""

    id: bytes
    action: Action
    tag: str
    at: int
    changed: int = 0
    undone: bool = False


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A customer it changed, and what it wrote over."""

    customer: bytes
    tags: tuple[str, ...]
    archived: int | None
    updated: int
    source: bytes | None


def done(customer: Customer, bulk: Bulk) -> Customer:
    """The customer after it; the same where there is nothing to change."""
    if bulk.action in ("archive", "unarchive"):
        aside = (customer.archived or bulk.at) if bulk.action == "archive" else None
        return customer if aside == customer.archived else replace(customer, archived=aside)
    return _tagged(customer, bulk.tag, bulk.at, wanted=bulk.action == "tag")


def undone(customer: Customer, bulk: Bulk, row: BulkRow, now: int) -> Customer:
    """The customer as before it, where nothing else happened to them since; otherwise only what it did is taken back."""
    if bulk.action in ("archive", "unarchive"):
        return replace(customer, archived=row.archived)
    if as_left(customer, bulk, row):
        return replace(customer, person=replace(customer.person, tags=row.tags), updated=row.updated, source=row.source)
    return _tagged(customer, bulk.tag, now, wanted=bulk.action == "untag")


def as_left(customer: Customer, bulk: Bulk, row: BulkRow) -> bool:
    """Whether nothing was written since of what it wrote."""
    if bulk.action in ("archive", "unarchive"):
        return customer.archived == (bulk.at if bulk.action == "archive" else None)
    return customer.updated == _written(row.updated, bulk.at)


def _tagged(customer: Customer, tag: str, now: int, *, wanted: bool) -> Customer:
    """With or without a tag; one that is written otherwise (VIP, vip) is the same."""
    others = tuple(known for known in customer.person.tags if plain(known) != plain(tag))
    if wanted == (len(others) < len(customer.person.tags)):
        return customer
    tags = (*others, tag) if wanted else others
    return replace(customer, person=replace(customer.person, tags=tags), updated=_written(customer.updated, now), source=None)


def _written(before: int, now: int) -> int:
    return max(now, before + 1)
