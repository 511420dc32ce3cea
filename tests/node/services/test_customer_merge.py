"""Customers merged, made two again, split, put aside and taken back, with all that hangs on them; over a real store."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.details import Details, Entry
from node.model.history import MOST_CHANGES
from node.model.person import Address, Consent, Contact, Labelled, Names, Phone
from node.services import asking, customer_history, customer_merge, customer_search, customer_split, customers, grants, notes, tasks
from tests.node.services.importing import take
from tests.node.store import searching
from tests.node.store.searching import is_index

from .shop import CUSTOMER, PERSON, SECRET

HOME = Address("home", ("Calle 1",), "Valencia")
MIA = Contact(
    1, Names("Mia Torres"), (Phone("", "600 000 111", "+34600000111"),), (Labelled("", "mia@example.com"),), (HOME,), notes="likes rose",
    tags=("vip",), birthday="1988-04-23", photo=b"her picture", consents=(Consent("calls", given=True, day="2026-01-02"),),
)  # fmt: skip
MIA_TOO = Contact(
    2, Names("Mia T."), (Phone("work", "600 000 222", "+34600000222"),), (Labelled("", "MIA@example.com"),), notes="no nuts", tags=("party",),
    birthday="1988-04-24", title="Boss", consents=(Consent("calls", given=False, day="2026-03-02"),),
)  # fmt: skip


def _keep(node, *people):
    """The people as customers, by an import; their ids."""
    take(node, *people)
    node.clock.tick(1)
    by_name = {row.name: bytes.fromhex(row.id) for row in node.read(customer_search.list_customers, limit=200).customers}
    return [by_name[person.names.full] for person in people]


def _person(node, customer):
    return node.read(lambda unit: unit.customers.get(customer)).person


def _change(node, customer, **fields):
    view = node.read(customers.get_customer, customer=customer)
    node.clock.tick(1)
    node.write(customers.change_customer, customer=customer, details=replace(view.details, **fields), updated=view.updated)


def _updated(node, customer):
    return node.read(customers.get_customer, customer=customer).updated


def _latest(node, customer):
    return node.read(customer_history.list_history, customer=customer).changes[0]


def _whole(node):
    """Every row of every table but those that say when something was done here."""
    left = {"migrations", "sqlite_sequence", "customer_history", "operations"}

    def read(unit):
        names = [
            name for (name,) in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") if name not in left
        ]
        whole = {name: sorted(map(repr, unit.db.execute(f"SELECT * FROM {name}"))) for name in names if not is_index(name)}
        return whole | {"the search": searching.dump(unit)}

    return node.read(read)


def _code(call, *args, **named):
    with pytest.raises((UserError, ConflictError, NotFound)) as caught:
        call(*args, **named)
    return caught.value.code


def test_two_become_one_and_the_first_speaks(ana):
    one, other = _keep(ana, MIA, MIA_TOO)
    ana.write(customer_merge.merge_customers, customer=one, other=other)
    found = _person(ana, one)
    assert (found.names.full, found.birthday, found.title, found.photo) == ("Mia Torres", "1988-04-23", "Boss", b"her picture")
    assert [phone.e164 for phone in found.phones] == ["+34600000111", "+34600000222"]
    assert (found.notes, set(found.tags), len(found.emails)) == ("likes rose\n\nno nuts", {"vip", "party"}, 1)
    assert [consent.given for consent in found.consents] == [True, False]
    assert _code(ana.read, customers.get_customer, customer=other) == "not-found"


def test_the_values_can_be_chosen(ana):
    one, other = _keep(ana, MIA, MIA_TOO)
    wanted = replace(ana.read(customer_merge.merge_preview, customer=one, other=other), birthday="1988-04-24", name="Mia T.")
    ana.write(customer_merge.merge_customers, customer=one, other=other, details=wanted, other_photo=True, updated=_updated(ana, one))
    found = _person(ana, one)
    assert (found.birthday, found.names.full, found.photo) == ("1988-04-24", "Mia T.", b"her picture")  # the other has none


def test_a_merge_undone_is_as_it_was_in_every_table(shop):
    """With orders, secrets, grants, asks, disclosures, tasks, notes and an import on the one that goes."""
    ana = shop.ana
    order = shop.accepted()
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    shop.world.deliver()
    ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    ana.write(tasks.add_task, title="Call her", due="2026-12-01", customer=CUSTOMER)
    ana.write(notes.add_note, customer=CUSTOMER, text="She called")
    ana.write(lambda unit: unit.notes.recount(CUSTOMER))
    [one] = _keep(ana, MIA)
    _change(ana, CUSTOMER, nickname="Amazing")
    before = _whole(ana)
    assert before["disclosures"]
    ana.write(customer_merge.merge_customers, customer=one, other=CUSTOMER)
    for table in ("orders", "order_secrets", "grants", "disclosures", "tasks", "customer_notes"):
        owners = ana.read(lambda unit, name=table: {row[0] for row in unit.db.execute(f"SELECT DISTINCT customer FROM {name}")})
        assert owners == {one}, table
    assert ana.read(lambda unit: unit.orders.of_customer(one))
    view = ana.read(customer_history.list_history, customer=one)
    assert [merge.name for merge in view.merges] == [SECRET[0]]
    ana.write(customer_merge.unmerge, customer=one, merge=bytes.fromhex(view.merges[0].id))
    after = _whole(ana)
    for name in before:
        assert after[name] == before[name], name
    assert _person(ana, one) == MIA
    assert _person(ana, CUSTOMER) == replace(PERSON, nickname="Amazing")


def test_what_was_changed_after_a_merge_stays_when_it_is_undone(ana):
    one, other = _keep(ana, MIA, MIA_TOO)
    ana.write(customer_merge.merge_customers, customer=one, other=other)
    _change(ana, one, nickname="Mi")
    merge = ana.read(customer_history.list_history, customer=one).merges[0].id
    ana.write(customer_merge.unmerge, customer=one, merge=bytes.fromhex(merge))
    assert (_person(ana, one).nickname, _person(ana, one).title, _person(ana, other)) == ("Mi", "Boss", MIA_TOO)
    assert _code(ana.write, customer_merge.unmerge, customer=one, merge=bytes.fromhex(merge)) == "not-found"


def test_merges_one_in_another_are_undone_from_the_last(ana):
    one, two, three = _keep(ana, MIA, MIA_TOO, Contact(3, Names("Third"), tags=("t",)))
    ana.write(customer_merge.merge_customers, customer=two, other=three)
    ana.clock.tick(1)
    ana.write(customer_merge.merge_customers, customer=one, other=two)
    merges = ana.read(customer_history.list_history, customer=one).merges
    assert [merge.name for merge in merges] == ["Mia T.", "Third"]  # the earlier merge came along
    ana.write(customer_merge.unmerge, customer=one, merge=bytes.fromhex(merges[0].id))
    assert _person(ana, one) == MIA
    ana.write(customer_merge.unmerge, customer=two, merge=bytes.fromhex(merges[1].id))
    assert (_person(ana, two), _person(ana, three).tags) == (MIA_TOO, ("t",))


def test_a_customer_is_not_merged_with_themselves_nor_with_nobody(ana):
    [one] = _keep(ana, MIA)
    assert _code(ana.write, customer_merge.merge_customers, customer=one, other=one) == "same-customer"
    assert _code(ana.write, customer_merge.merge_customers, customer=one, other=bytes(32)) == "not-found"
    named = {"customer": one, "other": _keep(ana, Contact(3, Names("Third")))[0], "updated": 1}
    assert _code(ana.write, customer_merge.merge_customers, **named) == "changed-meanwhile"


def test_a_change_is_taken_back_and_back_again(ana):
    kept = bytes.fromhex(ana.write(customers.add_customer, name="Zoë", note="one").id)
    assert _code(ana.write, customer_history.take_back, customer=kept, at=0) == "nothing-to-take-back"
    _change(ana, kept, note="two", tags=("vip",))
    assert _code(ana.write, customer_history.take_back, customer=kept, at=1) == "changed-meanwhile"
    for expected in ("one", "two", "one"):
        ana.clock.tick(1)
        ana.write(customer_history.take_back, customer=kept, at=_latest(ana, kept).at)
        assert _person(ana, kept).notes == expected
    changes = ana.read(customer_history.list_history, customer=kept).changes
    assert [(change.kind, change.fields) for change in changes] == [("restore", ("note", "tags"))] * 3 + [("edit", ("note", "tags"))]


@pytest.mark.parametrize("since", [customers.archive_customer, customers.unarchive_customer])
def test_putting_aside_elsewhere_is_not_taken_back_instead_of_what_was_shown(ana, since):
    [one] = _keep(ana, MIA)
    if since is customers.unarchive_customer:
        ana.write(customers.archive_customer, customer=one)
    ana.clock.tick(1)
    _change(ana, one, note="two")
    shown = _latest(ana, one)
    ana.clock.tick(1)
    ana.write(since, customer=one)
    before = ana.read(customers.get_customer, customer=one)
    assert _code(ana.write, customer_history.take_back, customer=one, at=shown.at) == "changed-meanwhile"
    assert ana.read(customers.get_customer, customer=one) == before
    ana.write(customer_history.take_back, customer=one, at=_latest(ana, one).at)
    after = ana.read(customers.get_customer, customer=one)
    assert (after.details.note, after.archived is None) == ("two", since is customers.archive_customer)


def test_what_an_import_changed_is_taken_back(ana):
    [one] = _keep(ana, replace(MIA, photo=None))
    _keep(ana, replace(MIA, photo=None, title="Boss"))
    changes = ana.read(customer_history.list_history, customer=one).changes
    assert [(change.kind, change.fields) for change in changes] == [("import", ("title",))]
    ana.write(customer_history.take_back, customer=one, at=changes[0].at)
    assert _person(ana, one).title == ""


def test_history_is_bounded(ana):
    [one] = _keep(ana, MIA)
    for number in range(MOST_CHANGES + 5):
        _change(ana, one, note=str(number))
    assert len(ana.read(customer_history.list_history, customer=one).changes) == MOST_CHANGES
    assert ana.read(lambda unit: unit.db.execute("SELECT count(*) FROM customer_history").fetchone()) == (MOST_CHANGES,)
    assert ana.read(lambda unit: unit.db.execute("SELECT count(*) FROM customer_history WHERE before LIKE '%picture%'").fetchone()) == (0,)


def test_a_customer_is_split_with_an_order_and_its_grants(shop):
    ana, order = shop.ana, shop.accepted()
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    shop.world.deliver()
    ana.write(grants.issue_grant, grant=grant)
    stays = shop.accepted(("cream", 1))
    named = {"customer": CUSTOMER, "name": "Rear Admiral", "updated": _updated(ana, CUSTOMER)}
    done = ana.write(customer_split.split_customer, **named, phones=[0], orders=[order.hex()])
    new = bytes.fromhex(done.other)
    assert (_person(ana, new).names.full, _person(ana, new).phones) == ("Rear Admiral", PERSON.phones)
    assert (_person(ana, CUSTOMER).phones, _person(ana, CUSTOMER).emails) == ((), PERSON.emails)
    owners = ana.read(lambda unit: {row[0]: row[1] for row in unit.db.execute("SELECT order_id, customer FROM orders")})
    assert owners == {order: new, stays: CUSTOMER}
    assert ana.read(lambda unit: unit.db.execute("SELECT customer FROM grants").fetchall()) == [(new,)]
    assert ana.read(lambda unit: len(unit.db.execute("SELECT 1 FROM order_secrets WHERE customer = ?", (new,)).fetchall())) == 1
    assert _code(ana.write, customer_history.take_back, customer=CUSTOMER, at=_latest(ana, CUSTOMER).at) == "merge-again"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({}, "nothing-chosen"),
        ({"phones": [7]}, "bad-request"),
        ({"emails": [-1]}, "bad-request"),
        ({"orders": ["00"]}, "not-found"),
        ({"orders": ["x"]}, "bad-request"),
        ({"phones": [0], "name": " "}, "name-missing"),
        ({"phones": [0], "updated": 1}, "changed-meanwhile"),
    ],
)
def test_a_split_that_cannot_be_changes_nothing(ana, chosen, code):
    [one] = _keep(ana, MIA)
    before = _whole(ana)
    assert (
        _code(ana.write, customer_split.split_customer, **{"customer": one, "name": "New", "updated": _updated(ana, one), **chosen}) == code
    )
    assert _whole(ana) == before


def test_duplicates_are_found_and_told_apart(ana):
    twin = Contact(3, Names("Leo"), emails=(Labelled("", "mia@example.com"),))
    double = Contact(4, Names("MIA TORRES"), addresses=(HOME,))
    people = [bytes.fromhex(ana.write(customers.add_customer, details=Details(name="Somebody else")).id)]
    ids = []
    for person in (MIA, MIA_TOO, twin, double):
        customer = ana.write(lambda unit: unit.random(32))
        ana.write(lambda unit, id_=customer, who=person: unit.customers.keep(customers.Customer(id_, who, unit.now, unit.now)))
        ids.append(customer)
    found = ana.read(customer_merge.find_duplicates)
    pairs = {frozenset((pair.one.name, pair.other.name)): pair.shared for pair in found.pairs}
    assert found.total == 3
    assert pairs[frozenset(("Mia Torres", "MIA TORRES"))] == ("who",)
    assert sum(kinds == ("email",) for kinds in pairs.values()) == 2
    for pair in found.pairs:
        if pair.shared == ("email",) and "Leo" in (pair.one.name, pair.other.name):
            ana.write(customer_merge.keep_apart, customer=bytes.fromhex(pair.other.id), other=bytes.fromhex(pair.one.id))
    assert ana.read(customer_merge.find_duplicates).total < 3
    assert people


def test_put_aside_and_taken_back(ana):
    [one] = _keep(ana, MIA)
    ana.write(customers.archive_customer, customer=one)
    first = ana.read(customers.get_customer, customer=one).archived
    ana.clock.tick(5)
    ana.write(customers.archive_customer, customer=one)
    assert ana.read(customers.get_customer, customer=one).archived == first  # once is enough
    _change(ana, one, custom=(Entry("x", "y"),))
    assert ana.read(customers.get_customer, customer=one).archived == first
    ana.write(customers.unarchive_customer, customer=one)
    assert ana.read(customers.get_customer, customer=one).archived is None
