"""One customer that is two people: what belongs to the second goes into a record of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from node.errors import NotFound, UserError
from node.model.customer import Customer
from node.model.details import NOBODY, Details, written
from node.model.history import change_of
from node.model.person import Contact

from .customer_history import HistoryBook, HistoryUnit
from .customer_merge import Contacts, SeparatedView
from .customers import find, require_unchanged

_Value = TypeVar("_Value")


class SplitBook(HistoryBook, Protocol):
    """What splitting needs of the history."""

    def rewrite(self, customer: bytes, change: Callable[[Contact], Contact]) -> None: ...  # noqa: D102
    def give_order(self, order: bytes, customer: bytes, to: bytes) -> bool: ...  # noqa: D102


class SplitUnit(HistoryUnit, Protocol):
    """A unit that makes two customers of one."""

    @property
    def customer_history(self) -> SplitBook: ...  # noqa: D102

    @property
    def notes(self) -> Contacts: ...  # noqa: D102


def split_customer(
    unit: SplitUnit,
    customer: bytes,
    name: str,
    updated: int,
    phones: list[int] | None = None,
    emails: list[int] | None = None,
    addresses: list[int] | None = None,
    orders: list[str] | None = None,
) -> SeparatedView:
    """Make a new customer `name` of what belongs to somebody else: places (from 0) in the lists as `updated` had them, and orders.

    Grants for those orders and what was disclosed for them go along. Raises UserError `nothing-chosen`, `bad-request`; NotFound.
    """
    found = find(unit, customer)
    require_unchanged(found, updated)
    before = found.person
    own_phones, phones_left = _taken(before.phones, phones or [])
    own_emails, emails_left = _taken(before.emails, emails or [])
    own_addresses, addresses_left = _taken(before.addresses, addresses or [])
    if not (own_phones or own_emails or own_addresses or orders):
        raise UserError("Choose what goes to the new customer.", code="nothing-chosen")
    person = written(Details(name=name), NOBODY, "US")
    person = replace(person, phones=own_phones, emails=own_emails, addresses=own_addresses)
    new = Customer(unit.random(32), person, unit.now, unit.now)
    unit.customers.keep(new)

    def without(person: Contact) -> Contact:
        """A record without what is the other's: also earlier ones, so that erasing the other leaves nothing of them here."""
        return replace(
            person,
            phones=tuple(item for item in person.phones if item not in own_phones),
            emails=tuple(item for item in person.emails if item not in own_emails),
            addresses=tuple(item for item in person.addresses if item not in own_addresses),
        )

    rest = replace(before, phones=phones_left, emails=emails_left, addresses=addresses_left)
    unit.customer_history.rewrite(customer, without)
    unit.customer_history.note(customer, change_of(replace(found, person=rest), unit.now, "split"))
    unit.customers.keep(replace(found, person=rest, updated=max(unit.now, found.updated + 1), source=None))
    for order in orders or []:
        if not unit.customer_history.give_order(_id(order), customer, new.id):
            raise NotFound("One of these orders is not this customer's.")
    unit.notes.recount(customer)
    unit.notes.recount(new.id)
    unit.touched("changes")
    return SeparatedView(customer.hex(), new.id.hex())


def _taken(group: tuple[_Value, ...], places: Sequence[int]) -> tuple[tuple[_Value, ...], tuple[_Value, ...]]:
    """What stands at `places`, and the rest."""
    if any(not 0 <= place < len(group) for place in places):
        raise UserError("There is no such place in the record: look at it again.", code="bad-request")
    return tuple(group[place] for place in sorted(set(places))), tuple(item for place, item in enumerate(group) if place not in places)


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UserError(f"{text} is no id: copy its 64 letters and digits from the list", code="bad-request") from None
