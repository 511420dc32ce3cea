"""Customers imported, typed in, found, undone and erased, over a real store."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.details import Details, Entry, PhoneEntry
from node.model.person import Address, Contact, ContactFile, Labelled, Names, Phone, RowError
from node.services import customer_imports, customers, erasure

from .world import World

MIA = Contact(1, Names("Mia Torres"), (Phone("", "600 000 111", "+34600000111"),), addresses=(Address("", ("Calle 1",), "Valencia"),))
JO = Contact(2, Names("Jo Nilsson"), emails=(Labelled("", "jo@example.com"),))
TWIN = Contact(3, Names("Jo's brother"), emails=(Labelled("", "jo@example.com"),))


@pytest.fixture
def ana(tmp_path):
    world = World(tmp_path)
    yield world.node("ana")
    world.close()


def _file(*contacts, errors=()):
    return ContactFile("vcard", contacts, tuple(errors))


def _names(node, **named):
    return [row.name for row in node.read(customers.list_customers, **named).customers]


def _change(node, customer, **fields):
    id_ = bytes.fromhex(customer)
    view = node.read(customers.get_customer, customer=id_)
    return node.write(customers.change_customer, customer=id_, details=replace(view.details, **fields), updated=view.updated)


def _import(node, *contacts, **named):
    return node.write(customer_imports.import_contacts, file=_file(*contacts, **named), name="contacts.vcf")


def test_each_contact_of_a_file_is_one_customer(ana):
    view = _import(ana, MIA, JO, TWIN, JO, errors=[RowError(7, "It has no name.")])
    assert (view.imported, view.created, view.failed) == (4, 4, 1)
    assert [(fault.row, fault.reason) for fault in view.errors] == [(7, "It has no name.")]
    assert len(_names(ana)) == 4


def test_the_same_file_again_doubles_nobody(ana):
    _import(ana, MIA, JO, TWIN, JO)
    again = _import(ana, MIA, JO, TWIN, JO)
    assert (again.imported, again.created, again.updated, again.known) == (4, 0, 0, 4)
    assert len(_names(ana)) == 4


def test_a_newer_record_brings_the_customer_up_to_date(ana):
    _import(ana, MIA, JO)
    moved = Contact(1, Names("Mia Torres"), (Phone("", "+34600000111", "+34600000111"),), addresses=(Address("", ("Calle 2",), "Madrid"),))
    preview = ana.read(customer_imports.preview_contacts, file=_file(moved, JO, TWIN, errors=[RowError(9, "why")]))
    assert [(row.name, row.outcome) for row in preview.rows] == [
        ("Mia Torres", "updated"),
        ("Jo Nilsson", "known"),
        ("Jo's brother", "created"),
        ("", "failed"),
    ]
    view = _import(ana, moved, JO, TWIN)
    assert (view.created, view.updated, view.known) == (preview.created, preview.updated, preview.known) == (1, 1, 1)
    [mia] = ana.read(customers.list_customers, search="mia").customers
    found = ana.read(customers.get_customer, customer=bytes.fromhex(mia.id))
    assert [address.city for address in found.details.addresses] == ["Madrid", "Valencia"]


def test_an_import_is_undone(ana):
    _import(ana, MIA)
    ana.clock.tick(1)
    moved = Contact(1, Names("Mia Torres Gil"), (Phone("", "", "+34600000111"),))
    second = _import(ana, moved, JO, TWIN)
    kept = ana.read(customers.list_customers, search="brother").customers[0].id
    _change(ana, kept, name="Bo Nilsson")
    undone = ana.write(customer_imports.undo_import, import_id=bytes.fromhex(second.id))
    assert (undone.removed, undone.restored) == (1, 1)
    assert _names(ana) == ["Bo Nilsson", "Mia Torres"]
    assert [row.undone for row in ana.read(customer_imports.list_imports)] == [True, False]
    with pytest.raises(ConflictError):
        ana.write(customer_imports.undo_import, import_id=bytes.fromhex(second.id))
    with pytest.raises(NotFound):
        ana.write(customer_imports.undo_import, import_id=bytes(32))


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
    _import(ana, *(Contact(number, Names(f"N{number:03}")) for number in range(25)))
    names, cursor, pages = [], "", 0
    while pages == 0 or cursor:
        page = ana.read(customers.list_customers, cursor=cursor, limit=10)
        names += [row.name for row in page.customers]
        cursor, pages = page.cursor, pages + 1
    assert (names, pages, page.total) == ([f"N{number:03}" for number in range(25)], 3, 25)
    with pytest.raises(UserError, match="cursor"):
        ana.read(customers.list_customers, cursor="not ours")


def test_a_merchant_has_no_customers(tmp_path):
    world = World(tmp_path)
    lumen = world.node("lumen", role="merchant")
    for call in (lambda: _import(lumen, MIA), lambda: lumen.write(customers.add_customer, name="A")):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code == "not-a-seller"
    world.close()
