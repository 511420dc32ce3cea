"""Customers of a seller: typed in, found, changed. Nothing here leaves the node.

Files of them are in customer_imports.py; erasing one concerns orders and grants too and is in erasure.py.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from node.errors import NotFound, UserError
from node.model.customer import Customer, plain
from node.model.person import Address, Contact, Labelled, Names, day, phone
from protocol.disclosure import Field
from protocol.encoding import decode, encode
from protocol.errors import Malformed

from .exchange import PeersUnit

MOST_ROWS = 200
LONGEST = 500
_Value = TypeVar("_Value")


class CustomerBook(Protocol):
    """Customers as this service keeps them (node/store/customers.py says what each does)."""

    def get(self, customer: bytes, /) -> Customer | None: ...  # noqa: D102
    def keep(self, customer: Customer) -> None: ...  # noqa: D102
    def erase(self, customer: bytes) -> bool: ...  # noqa: D102
    def same(self, person: Contact, but: Collection[bytes]) -> Customer | None: ...  # noqa: D102
    def search(self, text: str, after: tuple[str, bytes], limit: int) -> Sequence[Customer]: ...  # noqa: D102
    def count(self, text: str = "") -> int: ...  # noqa: D102
    def name_of(self, customer: bytes) -> str: ...  # noqa: D102
    def delivery_values(self, customer: bytes) -> Mapping[Field, str]: ...  # noqa: D102
    def destination(self, customer: bytes) -> tuple[str, str, str]: ...  # noqa: D102


class CustomersUnit(PeersUnit, Protocol):
    """A unit that knows customers."""

    @property
    def customers(self) -> CustomerBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class AddressView:
    """An address as it is written on a parcel."""

    label: str
    lines: tuple[str, ...]
    postcode: str
    city: str
    region: str
    country: str


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list."""

    id: str
    name: str
    place: str
    phone: str
    email: str
    tags: tuple[str, ...]
    postal: bool
    created: int


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Customers by name, how many the search found, and where to go on: `cursor` empty = the end."""

    customers: tuple[CustomerRow, ...]
    total: int
    cursor: str


@dataclass(frozen=True, slots=True)
class CustomerView:
    """All that is kept of a customer. `postal`: a parcel could be sent."""

    id: str
    name: str
    phones: tuple[tuple[str, str], ...]
    emails: tuple[tuple[str, str], ...]
    addresses: tuple[AddressView, ...]
    postal: bool
    birthday: str
    organisation: str
    title: str
    tags: tuple[str, ...]
    note: str
    other: tuple[tuple[str, str], ...]
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class KeptView:
    """It is kept; the answer repeats nothing of the person, for answers are kept for a while."""

    id: str


# --- the list


def list_customers(unit: CustomersUnit, search: str = "", cursor: str = "", limit: int = 50) -> CustomerPage:
    """Customers by name; `search` looks into names, e-mails, phones, towns and tags."""
    after = _read_cursor(cursor)
    count = min(max(limit, 1), MOST_ROWS)
    text = search[:LONGEST]
    found = unit.customers.search(text, after, count + 1)
    shown = found[:count]
    last = shown[-1] if len(found) > count else None
    going_on = urlsafe_b64encode(encode([plain(last.person.names.full), last.id])).decode() if last else ""
    return CustomerPage(tuple(map(_row, shown)), unit.customers.count(text), going_on)


def get_customer(unit: CustomersUnit, customer: bytes) -> CustomerView:
    """One customer with everything kept of them."""
    return _view(find(unit, customer))


def find(unit: CustomersUnit, customer: bytes) -> Customer:
    """The customer. Raises NotFound."""
    found = unit.customers.get(customer)
    if found is None:
        raise NotFound("There is no such customer. The record may have been erased.")
    return found


# --- typed in


def add_customer(
    unit: CustomersUnit,
    name: str,
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
    phone_region: str = "US",
) -> KeptView:
    """Add a customer. `phone_region` (two capitals) is the country of a number written without one."""
    require_seller(unit)
    address = Address("", _lines(street), city, region, postcode, country)
    person = _typed(Contact(0, Names(name)), name, phone, email, address, birthday, tags, note, phone_region)
    return _keep(unit, Customer(unit.random(32), person, unit.now, unit.now))


def change_customer(
    unit: CustomersUnit,
    customer: bytes,
    name: str,
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
    phone_region: str = "US",
) -> KeptView:
    """Write a customer's first phone, e-mail and address, the note and tags anew; what else is kept of them stays."""
    found = find(unit, customer)
    address = Address("", _lines(street), city, region, postcode, country)
    person = _typed(found.person, name, phone, email, address, birthday, tags, note, phone_region)
    return _keep(unit, replace(found, person=person, updated=unit.now, source=None))


def _typed(
    before: Contact, name: str, number: str, email: str, address: Address, birthday: str, tags: list[str] | None, note: str, region: str
) -> Contact:
    name, number, email, birthday = name.strip(), number.strip(), email.strip(), birthday.strip()
    if not name:
        raise UserError("Enter a name.", code="name-missing")
    if email and ("@" not in email.strip("@") or " " in email):
        raise UserError("Enter an e-mail address like ana@example.com.", code="bad-email")
    if birthday and not day(birthday):
        raise UserError("Enter the birthday like 1988-04-23, or --04-23 without the year.", code="bad-birthday")
    parts = (name, number, email, *address.lines, address.city, address.region, address.postcode, address.country)
    if max(len(part) for part in parts) > LONGEST:
        raise UserError(f"No field may have more than {LONGEST} characters.", code="too-long")
    whole = any((address.lines, address.city, address.postcode, address.country, address.region))
    same_name = name == before.names.full
    return replace(
        before,
        names=before.names if same_name else Names(name),
        phones=_first(phone("", number, region) if number else None, before.phones),
        emails=_first(Labelled("", email) if email else None, before.emails),
        addresses=_first(address if whole else None, before.addresses),
        birthday=day(birthday) if birthday else "",
        notes=note.strip(),
        tags=tuple(dict.fromkeys(tag.strip() for tag in tags or [] if tag.strip())),
    )


def _first(value: _Value | None, before: tuple[_Value, ...]) -> tuple[_Value, ...]:
    return (*((value,) if value else ()), *before[1:])


def _keep(unit: CustomersUnit, customer: Customer) -> KeptView:
    unit.customers.keep(customer)
    unit.touched("changes")
    return KeptView(customer.id.hex())


# --- inside


def require_seller(unit: CustomersUnit) -> None:
    """Raise UserError `not-a-seller` on a merchant's node."""
    if unit.me.role != "seller":
        raise UserError("Customers belong to sellers: a merchant learns of one what a grant gives.", code="not-a-seller")


def _lines(street: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in street.splitlines() if line.strip())


def detail(person: Contact) -> str:
    """What tells two people of one name apart: place, phone, e-mail."""
    number = next((item.e164 or item.raw for item in person.phones), "")
    email = next((item.value for item in person.emails), "")
    return ", ".join(part for part in (_place(person), number, email) if part)


def _place(person: Contact) -> str:
    return next((part for address in person.addresses for part in (address.city, address.country) if part), "")


def _row(customer: Customer) -> CustomerRow:
    person = customer.person
    number = next((item.e164 or item.raw for item in person.phones), "")
    email = next((item.value for item in person.emails), "")
    postal = person.postal_address() is not None
    return CustomerRow(customer.id.hex(), person.names.full, _place(person), number, email, person.tags, postal, customer.created)


def _view(customer: Customer) -> CustomerView:
    person = customer.person
    return CustomerView(
        id=customer.id.hex(),
        name=person.names.full,
        phones=tuple((item.label, item.e164 or item.raw) for item in person.phones),
        emails=tuple((item.label, item.value) for item in person.emails),
        addresses=tuple(
            AddressView(item.label, item.lines, item.postcode, item.city, item.region, item.country) for item in person.addresses
        ),
        postal=person.postal_address() is not None,
        birthday=person.birthday,
        organisation=person.organisation,
        title=person.title,
        tags=person.tags,
        note=person.notes,
        other=tuple((item.label, item.value) for group in (person.urls, person.dates, person.handles) for item in group),
        created=customer.created,
        updated=customer.updated,
    )


def _read_cursor(cursor: str) -> tuple[str, bytes]:
    if not cursor:
        return "", b""
    try:
        name, id_ = decode(urlsafe_b64decode(cursor))
        return str(name), bytes(id_)
    except (ValueError, TypeError, Malformed) as error:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request") from error
