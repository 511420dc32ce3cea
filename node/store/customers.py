"""Customers in the store. It keeps them; `node.model.customer` decides what is the same person and what an order may need.

Finding them by what somebody types is in customer_search.py.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

import msgspec
from sqlite_utils import Database

from node.model.customer import Customer, Image, delivery_values, destination, plain, same_person
from node.model.person import Contact
from protocol.disclosure import Field

COLUMNS = "id, record, created, updated, source, archived"
_KEEP_PHOTO = (
    "INSERT INTO customer_photos (customer, picture, shown) VALUES (?, ?, ?) ON CONFLICT (customer) DO UPDATE SET "
    "shown = coalesce(excluded.shown, CASE WHEN picture IS excluded.picture THEN shown END), picture = excluded.picture"
)
_BATCH = 500
WRITTEN = "name, sort, record, updated, source"
"""What an import writes of the row; with `created` and `id` of a new one."""
_KEEP = (
    "INSERT INTO customers (name, sort, record, updated, source, archived, id, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, sort = excluded.sort, "
    "record = excluded.record, updated = excluded.updated, source = excluded.source, archived = excluded.archived"
)


class Index(Protocol):
    """What customers are found by (customer_search.py)."""

    def index_some(self, customers: Sequence[Customer]) -> None: ...  # noqa: D102
    def in_bulk(self) -> AbstractContextManager[None]: ...  # noqa: D102


class Customers:
    """The tables `customers`, `customer_keys` and `customer_photos` of one transaction."""

    def __init__(self, db: Database, index: Index) -> None:
        self._db = db
        self._index = index

    def get(self, customer: bytes) -> Customer | None:
        """The customer with this id, picture and all."""
        row = self._db.execute(f"SELECT {COLUMNS} FROM customers WHERE id = ?", (customer,)).fetchone()  # noqa: S608
        if not row:
            return None
        found, picture = customer_of(row), self.photo(customer)
        return found if picture is None else replace(found, person=replace(found.person, photo=picture))

    def photo(self, customer: bytes) -> bytes | None:
        """The customer's picture as it came."""
        row = self._db.execute("SELECT picture FROM customer_photos WHERE customer = ?", (customer,)).fetchone()
        return row[0] if row else None

    def shown_photo(self, customer: bytes) -> bytes | None:
        """The customer's picture as pages show it; empty where what came is no picture, None where it was not made yet."""
        row = self._db.execute("SELECT shown FROM customer_photos WHERE customer = ?", (customer,)).fetchone()
        return row[0] if row else None

    def keep_photo(self, customer: bytes, picture: bytes, shown: bytes | None) -> None:
        """Write a customer's picture; `shown` None leaves the small one where the picture is the one that was there."""
        self._db.execute(_KEEP_PHOTO, (customer, picture, shown))

    def keep(self, customer: Customer) -> None:
        """Write a customer, new or changed."""
        self.keep_all((customer,))

    def keep_all(self, customers: Sequence[Customer], *, new: bool = False) -> None:
        """Write customers, new or changed: the one way into these tables, a statement a table and not one a customer. `new`: all are."""
        many = self._db.conn.executemany
        many(_KEEP, [_row(customer) for customer in customers])
        if not new:
            gone = [(customer.id,) for customer in customers if customer.person.photo is None]
            many("DELETE FROM customer_photos WHERE customer = ?", gone)
            many("DELETE FROM customer_keys WHERE customer = ?", [(customer.id,) for customer in customers])
        many(_KEEP_PHOTO, [(customer.id, customer.person.photo, None) for customer in customers if customer.person.photo is not None])
        keys = sorted((kind, value, customer.id) for customer in customers for kind, value in same_person(customer.person))
        many("INSERT INTO customer_keys (kind, value, customer) VALUES (?, ?, ?)", keys)
        self._index.index_some(customers)

    def restore(self, images: Sequence[tuple[bytes, Image]]) -> None:
        """Put customers back as they stood in the tables, byte for byte."""
        many = self._db.conn.executemany
        columns = ", ".join(f"{name} = ?" for name in WRITTEN.split(", "))
        many(f"UPDATE customers SET {columns} WHERE id = ?", [(*image.columns, id_) for id_, image in images])  # noqa: S608
        many("DELETE FROM customer_keys WHERE customer = ?", [(id_,) for id_, _ in images])
        many(
            "INSERT INTO customer_keys (kind, value, customer) VALUES (?, ?, ?)",
            [(*key, id_) for id_, image in images for key in image.keys],
        )
        pictured = [(id_, image) for id_, image in images if image.pictured]
        many("DELETE FROM customer_photos WHERE customer = ?", [(id_,) for id_, _ in pictured])
        photos = [(id_, image.picture, image.shown) for id_, image in pictured if image.picture is not None]
        many("INSERT INTO customer_photos (customer, picture, shown) VALUES (?, ?, ?)", photos)
        self._index.index_some(tuple(self.get_all([id_ for id_, _ in images], pictures=False).values()))

    def erase_all(self, customers: Sequence[bytes]) -> None:
        """Erase records nobody else knows of: with no order, grant or note."""
        with self.in_bulk():
            for start in range(0, len(customers), _BATCH):  # each statement makes the full-text index write down what it holds
                part = customers[start : start + _BATCH]
                self._db.execute(f"DELETE FROM customers WHERE id IN ({','.join('?' * len(part))})", tuple(part))  # noqa: S608

    def in_bulk(self) -> AbstractContextManager[None]:
        """Within it, changing or erasing many takes no longer than it must: what they were found by is wiped at its end."""
        return self._index.in_bulk()

    def get_all(self, ids: Sequence[bytes], *, pictures: bool = True) -> dict[bytes, Customer]:
        """Customers by id, with their pictures or without."""
        found: dict[bytes, Customer] = {}
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            marks = ",".join("?" * len(part))
            for row in self._db.execute(f"SELECT {COLUMNS} FROM customers WHERE id IN ({marks})", part):  # noqa: S608
                found[row[0]] = customer_of(row)
            sql = f"SELECT customer, picture FROM customer_photos WHERE customer IN ({marks})"  # noqa: S608
            for id_, picture in self._db.execute(sql, part) if pictures else ():
                found[id_] = replace(found[id_], person=replace(found[id_].person, photo=picture))
        return found

    def erase(self, customer: bytes) -> bool:
        """Erase the record with all that goes with it, and rows about them in files that wait. True when there was one."""
        rows = "SELECT import, number FROM staged_judgements WHERE customer = ?"
        theirs = f"SELECT import, json_extract(origin, '$.id') FROM staged_rows WHERE (import, number) IN ({rows})"  # noqa: S608
        beside = f"DELETE FROM staged_besides WHERE whose = ? OR whose <> '' AND (import, whose) IN ({theirs})"  # noqa: S608
        self._db.execute(beside, (customer.hex(), customer))
        self._db.execute(f"DELETE FROM staged_rows WHERE (import, number) IN ({rows})", (customer,))  # noqa: S608
        self._db.execute("DELETE FROM staged_judgements WHERE customer = ?", (customer,))
        return bool(self._db.execute("DELETE FROM customers WHERE id = ?", (customer,)).rowcount)

    def any(self) -> bool:
        """Whether there is one."""
        return self._db.execute("SELECT 1 FROM customers LIMIT 1").fetchone() is not None

    # --- what an order needs (the port for orders and grants)

    def name_of(self, customer: bytes) -> str:
        """The name to show; "" once erased."""
        row = self._db.execute("SELECT name FROM customers WHERE id = ?", (customer,)).fetchone()
        return row[0] if row else ""

    def delivery_values(self, customer: bytes) -> Mapping[Field, str]:
        """What can be disclosed of the customer; nothing once erased."""
        found = self.get(customer)
        return delivery_values(found.person) if found else {}

    def destination(self, customer: bytes) -> tuple[str, str, str]:
        """Country (ISO 3166-1 alpha-2), region, postcode, each perhaps empty: all that a quote request may say."""
        found = self.get(customer)
        return destination(found.person) if found else ("", "", "")


def _row(customer: Customer) -> tuple[Any, ...]:
    person = customer.person
    record = packed(person if person.photo is None else replace(person, photo=None))  # the picture has a table of its own
    text = (person.names.full, plain(person.names.full), record)
    return (*text, customer.updated, customer.source, customer.archived, customer.id, customer.created)


def packed(person: Contact) -> bytes:
    """A person as a column keeps them."""
    return msgspec.json.encode(person)


def person_of(record: bytes) -> Contact:
    """The person in a column."""
    return msgspec.json.decode(record, type=Contact)


def customer_of(row: tuple[Any, ...]) -> Customer:
    """The customer in a row of `id, record, created, updated, source, archived`."""
    id_, record, created, updated, source, archived = row
    return Customer(id_, person_of(record), created, updated, source, archived)
