"""Erasing with a receipt: canaries in whatever the schema can hold of a person, none of them in any table afterwards."""

import base64
from dataclasses import fields, replace

import pytest

from node.errors import NotFound
from node.model.customer import Customer
from node.model.details import NOBODY, Details, Entry, PhoneEntry, written
from node.model.erasure import RECEIPT, Receipt
from node.model.person import Consent, Contact, Labelled, Raw
from node.model.target import Kept
from node.services import (
    asking,
    customer_history,
    customer_merge,
    customer_photos,
    customer_split,
    customers,
    erasure,
    grants,
    notes,
    tasks,
)
from node.services.customer_photos import Photo
from protocol.envelope import verify
from tests.node.services.importing import take

from .shop import CUSTOMER

CANARY = "Canary7Zebra"
NUMBER = "+34 655 443 322"
MARKS = (CANARY, "655443322", "655 443 322")
FULL = Details(
    **{item.name: f"{CANARY} {item.name}" for item in fields(Details) if item.type is str and item.name not in ("birthday", "language")},
    birthday="--02-29",
    phones=(PhoneEntry(NUMBER, f"{CANARY} phone"),),
    emails=(Entry(f"{CANARY}@example.com"),),
    dates=(Entry("2026-02-03", f"{CANARY} date"),),
    handles=(Entry(f"@{CANARY}", "insta"),),
    urls=(Entry(f"https://{CANARY}.example"),),
    preferences=(Entry(f"{CANARY} nuts", "no"),),
    custom=(Entry(f"{CANARY} card", "card"),),
    tags=(f"{CANARY} tag",),
    consents=(Consent(f"{CANARY} calls", given=True, day="2026-01-02"),),
    other=(Raw("X-CANARY", "", CANARY),),
)


def found_in(node):
    """Tables in which a canary stands, in any usual form, whatever tables there are."""
    forms = {form for mark in MARKS for text in (mark, mark.lower()) for form in _forms(text)}

    def look(unit):
        hits = set()
        for (table,) in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in unit.db.execute(f"SELECT * FROM {table}"):
                content = b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
                if any(form in content for form in forms):
                    hits.add(table)
        return hits

    return node.read(look)


def _forms(text):
    plain = text.encode()
    yield plain
    yield plain.hex().encode()
    yield text.encode("utf-16-le")
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + plain)[4 * bool(shift) : -4]


def _plant(shop):
    """A customer with an order, a grant, a disclosure and a trace of everything this program keeps of people; its id."""
    ana = shop.ana
    order = shop.accepted()
    customer = CUSTOMER
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    shop.world.deliver()
    ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    _edit(ana, customer, **{item.name: getattr(FULL, item.name) for item in fields(Details)})
    ana.write(customer_photos.keep_photo, customer=customer, photo=Photo(b"\x89PNG" + CANARY.encode(), b"RIFF" + CANARY.encode()))
    person = ana.read(lambda unit: unit.customers.get(customer)).person
    take(ana, replace(person, photo=None, title=f"{CANARY} imported"))
    _edit(ana, customer, note=f"{CANARY} again")
    ana.write(notes.add_note, customer=customer, text=f"{CANARY} said")
    ana.write(tasks.add_task, title=f"Call {CANARY}", note=f"{CANARY}!", customer=customer)
    other = ana.write(lambda unit: unit.random(32))
    ana.write(
        lambda unit: unit.customers.keep(Customer(other, written(replace(FULL, name=f"{CANARY} two"), NOBODY, "ES"), unit.now, unit.now))
    )
    ana.write(customer_merge.keep_apart, customer=customer, other=other)
    ana.write(customer_merge.merge_customers, customer=customer, other=other)
    ana.write(lambda unit: unit.operations.answer("key-of-an-answer", b"body", CANARY.encode()))
    return customer


def _edit(node, customer, **changed):
    view = node.read(customers.get_customer, customer=customer)
    node.clock.tick(1)
    node.write(customers.change_customer, customer=customer, details=replace(view.details, **changed), updated=view.updated)


def test_no_table_holds_anything_of_an_erased_customer(shop):
    customer = _plant(shop)
    planted = found_in(shop.ana)
    expected = {
        "customers",
        "customer_keys",
        "customer_photos",
        "customer_changes",
        "customer_history",
        "customer_merges",
        "customer_notes",
    }
    assert expected | {"tasks", "operations"} <= planted  # the control: the scan sees what is there
    done = shop.ana.write(erasure.erase_customer, customer=customer, anyway=True)
    assert found_in(shop.ana) == set()
    assert (done.grants, done.orders) == (1, 1)
    owned = shop.ana.read(lambda unit: unit.erasures.rows_of(customer))
    assert {table for table, _ in owned} <= {"disclosures", "grants"}  # by id, without values


def test_every_table_that_is_a_customers_loses_its_rows_with_them(shop):
    """A table with a column `customer` goes with the customer by itself, or is one of those that erasing sees to."""

    def look(unit):
        sql = (
            "SELECT m.name, (SELECT f.on_delete FROM pragma_foreign_key_list(m.name) AS f WHERE f.\"from\" = 'customer') "
            "FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'customer'"
        )
        return dict(unit.db.execute(sql).fetchall())

    found = shop.ana.read(look)
    assert len(found) > 10
    seen_to = {"orders", "order_secrets", "grants", "disclosures", "staged_judgements"}  # the last: of a file that waits, by id
    assert {table for table, rule in found.items() if rule != "CASCADE"} == seen_to


def test_what_went_to_another_customer_is_not_left_in_the_history_of_the_first(shop):
    ana = shop.ana
    person = written(Details(name="Somebody", phones=FULL.phones), NOBODY, "ES")
    one = bytes([9]) * 32
    ana.write(lambda unit: unit.customers.keep(Customer(one, Contact(1, person.names, person.phones), unit.now, unit.now)))
    _edit(ana, one, nickname="S")
    view = ana.read(customers.get_customer, customer=one)
    done = ana.write(customer_split.split_customer, customer=one, name="Else", updated=view.updated, phones=[0])
    assert [change.kind for change in ana.read(customer_history.list_history, customer=one).changes] == ["split", "edit"]
    assert "customer_keys" in found_in(ana)
    ana.write(erasure.erase_customer, customer=bytes.fromhex(done.other))
    assert found_in(ana) == set()


def test_who_was_made_two_again_leaves_nothing_with_the_other(shop):
    ana, one, other = shop.ana, bytes([8]) * 32, bytes([9]) * 32
    plain = Contact(1, replace(NOBODY.names, full="Plain"), emails=(Labelled("", "plain@example.com"),))
    for id_, person in ((one, plain), (other, written(FULL, NOBODY, "ES"))):
        ana.write(lambda unit, id_=id_, person=person: unit.customers.keep(Customer(id_, person, unit.now, unit.now)))
    ana.clock.tick(1)
    ana.write(customer_merge.merge_customers, customer=one, other=other)
    merge = ana.read(customer_history.list_history, customer=one).merges[0].id
    ana.write(customer_merge.unmerge, customer=one, merge=bytes.fromhex(merge))
    ana.write(erasure.erase_customer, customer=other)
    assert found_in(ana) == set()
    assert ana.read(customers.get_customer, customer=one).name == "Plain"


def test_the_receipt_is_signed_and_says_what_it_reached(shop):
    ana = shop.ana
    for number, keeps_old in ((1, 0), (2, 1)):
        row = Kept(bytes([number]) * 32, f"Place {number}", "folder", b"", keeps_old, 0, 0, 0, 1, 1, 1, 1, 1, 1)
        ana.write(lambda unit, row=row: unit.backup_targets.keep(row))
    customer = _plant(shop)
    granted = [row.grant_id for row in ana.read(lambda unit: unit.grants.of_customer(customer))]
    done = ana.write(erasure.erase_customer, customer=customer, anyway=True)
    view = ana.read(erasure.get_receipt, receipt=bytes.fromhex(done.receipt))
    assert (view.customer, view.at, view.orders, view.grants) == (customer.hex(), ana.clock.now, 1, tuple(id_.hex() for id_ in granted))
    assert [(place.name, place.keeps_old) for place in view.backups] == [("Place 1", False), ("Place 2", True)]
    assert {row.table: row.count for row in view.rows}["customer_notes"] == 1
    assert view.disclosures > 0
    signed = verify(bytes.fromhex(view.signed), RECEIPT, author=ana.keys.device.public)
    assert signed.read(Receipt).customer == customer
    assert ana.read(erasure.list_receipts) == [view] == [ana.read(erasure.get_receipt, receipt=customer)]
    assert CANARY not in str(view)
    with pytest.raises(NotFound):
        ana.read(erasure.get_receipt, receipt=bytes(32))
