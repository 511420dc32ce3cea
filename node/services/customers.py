"""Customers of a seller: typed in, found, changed. Nothing here leaves the node.

Files of them are in customer_imports.py; erasing one concerns orders and grants too and is in erasure.py.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.customer import Customer, Image
from node.model.details import NOBODY, AddressEntry, Details, Entry, PhoneEntry, details_of, written
from node.model.history import Change, Part, change_of
from node.model.person import Contact
from node.model.phone_numbers import readable
from protocol.disclosure import Field

from .exchange import PeersUnit

LONGEST = 500


class CustomerBook(Protocol):
    """Customers as this service keeps them (node/store/customers.py says what each does)."""

    def get(self, customer: bytes, /) -> Customer | None: ...  # noqa: D102
    def keep(self, customer: Customer) -> None: ...  # noqa: D102
    def keep_all(self, customers: Sequence[Customer], *, new: bool = False) -> None: ...  # noqa: D102
    def restore(self, images: Sequence[tuple[bytes, Image]]) -> None: ...  # noqa: D102
    def erase_all(self, customers: Sequence[bytes]) -> None: ...  # noqa: D102
    def erase(self, customer: bytes) -> bool: ...  # noqa: D102
    def get_all(self, ids: Sequence[bytes], *, pictures: bool = True) -> Mapping[bytes, Customer]: ...  # noqa: D102
    def in_bulk(self) -> AbstractContextManager[None]: ...  # noqa: D102
    def name_of(self, customer: bytes) -> str: ...  # noqa: D102
    def delivery_values(self, customer: bytes) -> Mapping[Field, str]: ...  # noqa: D102
    def destination(self, customer: bytes) -> tuple[str, str, str]: ...  # noqa: D102


class ChangeLog(Protocol):
    """What customers were before (node/store/customer_history.py)."""

    def note(self, customer: bytes, change: Change) -> None: ...  # noqa: D102
    def note_parts(self, parts: Sequence[Part]) -> None: ...  # noqa: D102


class CustomersUnit(PeersUnit, Protocol):
    """A unit that knows customers."""

    @property
    def customers(self) -> CustomerBook: ...  # noqa: D102


class EditsUnit(CustomersUnit, Protocol):
    """A unit that changes customers."""

    @property
    def customer_history(self) -> ChangeLog: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list. `last_order` in ms, 0 = none yet or not looked up, and its status; `archived` in ms or None."""

    id: str
    name: str
    place: str
    phone: str
    email: str
    tags: tuple[str, ...]
    postal: bool
    created: int
    archived: int | None = None
    last_order: int = 0
    status: str = ""


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that is kept of a customer. `postal`: a parcel could be sent. `photo`: there is a picture. An edit carries `updated` back."""

    id: str
    name: str
    details: Details
    postal: bool
    photo: bool
    archived: int | None
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class KeptView:
    """It is kept; the answer repeats nothing of the person, for answers are kept for a while."""

    id: str


def get_customer(unit: CustomersUnit, customer: bytes) -> CustomerView:
    """One customer with everything kept of them."""
    return view(find(unit, customer))


def find(unit: CustomersUnit, customer: bytes) -> Customer:
    """The customer. Raises NotFound."""
    found = unit.customers.get(customer)
    if found is None:
        raise NotFound("There is no such customer. The record may have been erased.")
    return found


# --- typed in


def add_customer(
    unit: CustomersUnit,
    name: str = "",
    phone: str = "",
    email: str = "",
    street: str = "",
    postcode: str = "",
    city: str = "",
    region: str = "",
    country: str = "",
    birthday: str = "",
    tags: list[str] | None = None,
    note: str = "",
    details: Details | None = None,
    phone_region: str = "US",
) -> KeptView:
    """Add a customer. `details` has whatever the other fields have no place for; theirs come first. `phone_region` (two capitals) is
    the country of a number written without one, where no address names it.
    """
    require_seller(unit)
    rest = details or Details()
    address = AddressEntry(street, postcode, city, region, country)
    whole = replace(
        rest,
        name=name or rest.name,
        phones=(*((PhoneEntry(phone),) if phone else ()), *rest.phones),
        emails=(*((Entry(email),) if email else ()), *rest.emails),
        addresses=(*((address,) if address != AddressEntry() else ()), *rest.addresses),
        birthday=birthday or rest.birthday,
        tags=(*(tags or ()), *rest.tags),
        note=note or rest.note,
    )
    return _keep(unit, Customer(unit.random(32), written(whole, NOBODY, phone_region), unit.now, unit.now))


def change_customer(unit: EditsUnit, customer: bytes, details: Details, updated: int, phone_region: str = "US") -> KeptView:
    """Write a customer anew: `details` is everything but the picture, as `updated` says when it was read. Raises ConflictError
    `changed-meanwhile`.
    """
    found = find(unit, customer)
    require_unchanged(found, updated)
    person = written(details, found.person, phone_region)
    if person == found.person:
        return KeptView(found.id.hex())
    unit.customer_history.note(customer, change_of(found, unit.now, "edit"))
    return _keep(unit, replace(found, person=person, updated=max(unit.now, found.updated + 1), source=None))


def archive_customer(unit: EditsUnit, customer: bytes) -> KeptView:
    """Put a customer aside: out of lists and reminders, kept with everything."""
    found = find(unit, customer)
    if found.archived is None:
        unit.customer_history.note_parts((Part(customer, unit.now, "archive", None, None),))
    return _keep(unit, replace(found, archived=found.archived or unit.now))


def unarchive_customer(unit: EditsUnit, customer: bytes) -> KeptView:
    """Take a customer back among the others."""
    found = find(unit, customer)
    if found.archived is not None:
        unit.customer_history.note_parts((Part(customer, unit.now, "unarchive", None, found.archived),))
    return _keep(unit, replace(found, archived=None))


def _keep(unit: CustomersUnit, customer: Customer) -> KeptView:
    unit.customers.keep(customer)
    unit.touched("changes")
    return KeptView(customer.id.hex())


# --- inside


def require_unchanged(found: Customer, updated: int) -> None:
    """Raise ConflictError `changed-meanwhile` where the record is not the one that was read."""
    if found.updated != updated:
        raise changed_meanwhile()


def changed_meanwhile() -> ConflictError:
    """The record or its history is not the one that was read."""
    text = "This customer was changed meanwhile, here or in another window. Look at what is there now, then change it again."
    return ConflictError(text, code="changed-meanwhile")


def require_seller(unit: CustomersUnit) -> None:
    """Raise UserError `not-a-seller` on a merchant's node."""
    if unit.me.role != "seller":
        raise UserError("Customers belong to sellers: a merchant learns of one what a grant gives.", code="not-a-seller")


def detail(person: Contact) -> str:
    """What tells two people of one name apart: place, phone, e-mail."""
    number = next((readable(item.e164 or item.raw) for item in person.phones), "")
    email = next((item.value for item in person.emails), "")
    return ", ".join(part for part in (_place(person), number, email) if part)


def _place(person: Contact) -> str:
    return next((part for address in person.addresses for part in (address.city, address.country) if part), "")


def row_of(customer: Customer) -> CustomerRow:
    """A customer as a list shows them."""
    person = customer.person
    number = next((item.e164 or item.raw for item in person.phones), "")
    email = next((item.value for item in person.emails), "")
    postal = person.postal_address() is not None
    return CustomerRow(
        customer.id.hex(), person.names.full, _place(person), number, email, person.tags, postal, customer.created, customer.archived
    )


def view(customer: Customer) -> CustomerView:
    """A customer as pages and programs see it."""
    person = customer.person
    return CustomerView(
        id=customer.id.hex(),
        name=person.names.full,
        details=details_of(person),
        postal=person.postal_address() is not None,
        photo=person.photo is not None,
        archived=customer.archived,
        created=customer.created,
        updated=customer.updated,
    )
