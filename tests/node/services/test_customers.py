"""Customers typed in, found and erased, over a real store. Files of them: test_customer_imports.py."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.details import Details, Entry, PhoneEntry
from node.model.person import Address, Contact, Labelled, Names, Phone
from node.services import customer_search, customers, erasure

from .importing import take
from .world import World

MIA = Contact(1, Names("Mia Torres"), (Phone("", "600 000 111", "+34600000111"),), addresses=(Address("", ("Calle 1",), "Valencia"),))
JO = Contact(2, Names("Jo Nilsson"), emails=(Labelled("", "jo@example.com"),))
TWIN = Contact(3, Names("Jo's brother"), emails=(Labelled("", "jo@example.com"),))


def _names(node, **named):
    return [row.name for row in node.read(customer_search.list_customers, **named).customers]


def _change(node, customer, **fields):
    id_ = bytes.fromhex(customer)
    view = node.read(customers.get_customer, customer=id_)
    return node.write(customers.change_customer, customer=id_, details=replace(view.details, **fields), updated=view.updated)


def test_typed_in_changed_and_erased(ana):
    kept = ana.write(
        customers.add_customer, name=" Zoë ", phone="(212) 555-0100", email="z@example.org", street="1 Main St\nApt 4", city="Troy",
        postcode="12180", country="US", birthday="1988-04-23", tags=["vip", "", "vip"], note="likes rose",
    )  # fmt: skip
    id_ = bytes.fromhex(kept.id)
    view = ana.read(customers.get_customer, customer=id_)
    found = view.details
    assert (view.name, found.phones, found.tags) == ("Zoë", (PhoneEntry("(212) 555-0100", "", "+12125550100"),), ("vip",))
    assert (found.addresses[0].street, view.postal, found.birthday) == ("1 Main St\nApt 4", True, "1988-04-23")
    _change(ana, kept.id, name="Zoë B", emails=(Entry("b@example.org"),), addresses=(), phones=())
    found = ana.read(customers.get_customer, customer=id_).details
    assert (found.name, found.emails, found.addresses, found.phones) == ("Zoë B", (Entry("b@example.org"),), (), ())
    assert found.note == "likes rose"
    ana.write(erasure.erase_customer, customer=id_)
    with pytest.raises(NotFound):
        ana.read(customers.get_customer, customer=id_)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "  "}, "name-missing"),
        ({"name": "A", "email": "nobody"}, "bad-email"),
        ({"name": "A", "birthday": "31 April"}, "bad-birthday"),
        ({"name": "A" * 501}, "too-long"),
    ],
)
def test_what_cannot_be_kept_is_named(ana, given, code):
    with pytest.raises(UserError) as caught:
        ana.write(customers.add_customer, **given)
    assert caught.value.code == code
    assert _names(ana) == []


def test_an_edit_of_what_was_changed_meanwhile_is_refused(ana):
    kept = ana.write(customers.add_customer, name="Zoë", phone="555")
    view = ana.read(customers.get_customer, customer=bytes.fromhex(kept.id))
    _change(ana, kept.id, nickname="Z")  # in the same millisecond
    stale = {"customer": bytes.fromhex(kept.id), "details": replace(view.details, note="mine"), "updated": view.updated}
    with pytest.raises(ConflictError) as caught:
        ana.write(customers.change_customer, **stale)
    assert caught.value.code == "changed-meanwhile"
    found = ana.read(customers.get_customer, customer=bytes.fromhex(kept.id)).details
    assert (found.nickname, found.note) == ("Z", "")


def test_a_whole_record_is_added_and_the_flat_fields_come_first(ana):
    rest = Details(nickname="Mi", phones=(PhoneEntry("+34 600 000 222", "work"),), preferences=(Entry("38", "shoes"),))
    kept = ana.write(customers.add_customer, name="Mia", phone="600 000 111", country="Spain", details=rest)
    found = ana.read(customers.get_customer, customer=bytes.fromhex(kept.id)).details
    assert [phone.whole for phone in found.phones] == ["+34600000111", "+34600000222"]  # the address says where 600 000 111 is dialled
    assert (found.nickname, found.preferences) == ("Mi", (Entry("38", "shoes"),))


def test_pages_of_customers(ana):
    take(ana, *(Contact(number, Names(f"N{number:03}")) for number in range(25)))
    names, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = ana.read(customer_search.list_customers, cursor=cursor, limit=10)
        names += [row.name for row in page.customers]
        cursor, pages = page.cursor, pages + 1
    assert (names, pages, page.total) == ([f"N{number:03}" for number in range(25)], 3, 25)
    with pytest.raises(UserError, match="cursor"):
        ana.read(customer_search.list_customers, cursor="not ours")


def test_a_merchant_has_no_customers(tmp_path):
    world = World(tmp_path)
    lumen = world.node("lumen", role="merchant")
    for call in (lambda: take(lumen, MIA), lambda: lumen.write(customers.add_customer, name="A")):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == "not-a-seller"
    world.close()
