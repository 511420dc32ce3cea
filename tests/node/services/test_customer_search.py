"""Customers found, kept as segments and changed many at a time, over a real store."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.details import Details
from node.model.filters import Filters
from node.model.person import Address, Consent, Contact, Names, Phone
from node.services import customer_bulk, customer_search, customers, segments
from tests.node.services.importing import dump, take
from tests.node.services.shop import CUSTOMER, Shop
from tests.node.services.world import World

PEOPLE = [
    Contact(1, Names("Mía Torres"), (Phone("", "600 000 111", "+34600000111"),), addresses=(Address("", ("C 1",), "Valencia", country="España"),), tags=("VIP", "a")),
    Contact(2, Names("Jo Torres"), tags=("party",), consents=(Consent("newsletter", given=True, day="2026-01-02"),)),
    Contact(3, Names("Ana Nilsson"), birthday="1988-04-23", notes="friend of Mia"),
]  # fmt: skip


@pytest.fixture
def ana(tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    take(node, *PEOPLE)
    yield node
    world.close()


def names(node, **given):
    return [row.name for row in node.read(customer_search.list_customers, **given).customers]


def ids(node, **given):
    return [row.id for row in node.read(customer_search.list_customers, **given).customers]


def code(call, *args, **named):
    with pytest.raises(UserError) as caught:
        call(*args, **named)
    return caught.value.code


def test_filters_combine(ana):
    assert names(ana) == ["Ana Nilsson", "Jo Torres", "Mía Torres"]
    assert names(ana, tag="vip") == names(ana, country="es") == names(ana, has="phone,postal") == ["Mía Torres"]
    assert names(ana, search="torres", consent="Newsletter") == ["Jo Torres"]
    assert names(ana, no_consent="newsletter", lacks="phone") == names(ana, month=4) == ["Ana Nilsson"]
    assert names(ana, sort="newest") == ["Ana Nilsson", "Jo Torres", "Mía Torres"]
    assert names(ana, never=True, search="600 000 111") == ["Mía Torres"]
    found = ana.read(customer_search.list_values)
    assert (set(found.tags), found.cities, found.countries, found.purposes) == (
        {"VIP", "a", "party"},
        ("Valencia",),
        ("España",),
        ("newsletter",),
    )


@pytest.mark.parametrize(
    "wrong", [{"month": 13}, {"has": "wings"}, {"since": "yesterday"}, {"before": "2026-02-30"}, {"archived": "x"}, {"sort": "luck"}]
)
def test_a_filter_that_is_none_is_said(ana, wrong):
    assert code(ana.read, customer_search.list_customers, **wrong) == "bad-filter"


@pytest.mark.parametrize("cursor", ["x", "!!", "gA==", "hGRuYW1lAAAA", "hGVvcmRlcgBhYQE="])
def test_a_cursor_that_is_none_is_said(ana, cursor):
    assert code(ana.read, customer_search.list_customers, cursor=cursor) == "bad-request"


def test_pages_go_on_in_the_order_they_began_in(ana):
    listed, cursor = [], ""
    while True:
        page = ana.read(customer_search.list_customers, search="torr", cursor=cursor, limit=1)
        listed += [row.name for row in page.customers]
        assert page.total == 2
        cursor = page.cursor
        if not cursor:
            break
    assert listed == ["Jo Torres", "Mía Torres"]


def test_a_slip_is_forgiven_where_nobody_is_found(ana):
    page = ana.read(customer_search.list_customers, search="torrez valencia")
    assert ([row.name for row in page.customers], page.near) == (["Mía Torres"], ("torres",))
    assert ana.read(customer_search.list_customers, search="valenzia").near == ("valencia",)
    assert ana.read(customer_search.list_customers, search="zz").near == ()
    assert ana.read(customer_search.list_customers, search="xq").customers == ()
    both = ana.read(customer_search.list_customers, search="torres friend")  # each is known, nobody has both
    assert (both.customers, both.near) == ((), ())
    few = ana.read(customer_search.list_customers, search="torres mia")
    assert (few.total, few.also) == (1, ())


def test_the_last_order_is_found_and_shown(tmp_path):
    shop = Shop(tmp_path)
    try:
        shop.accepted()
        ana = shop.ana
        [row] = ana.read(customer_search.list_customers, since="30", sort="order").customers
        assert (row.id, row.status) == (CUSTOMER.hex(), "ACCEPTED")
        assert row.last_order > 0
        assert names(ana, never=True) == names(ana, before="30") == []
        shop.clock.tick(31 * 86_400_000)
        assert ids(ana, before="30") == [CUSTOMER.hex()]
        ana.write(lambda unit: unit.orders.erase_customer(CUSTOMER))
        assert ids(ana, never=True) == [CUSTOMER.hex()]
    finally:
        shop.world.close()


# --- segments


def test_a_segment_is_looked_at_anew(ana):
    kept = ana.write(segments.save_segment, name=" Torres  family ", filters=Filters(text="torres"))
    id_ = bytes.fromhex(kept.id)
    [view] = ana.read(segments.list_segments)
    assert (view.name, view.customers, view.filters.text) == ("Torres family", 2, "torres")
    take(ana, Contact(1, Names("Bo Torres")))
    assert len(ana.read(segments.members, id_)) == 3
    assert ana.read(segments.get_segment, segment=id_).customers == 3
    assert names(ana, segment=id_, tag="party") == ["Jo Torres"]
    ana.write(segments.save_segment, name="Torres family", filters=Filters(tags=("vip",)))
    assert [bytes.fromhex(one) for one in ids(ana, tag="vip")] == list(ana.read(segments.members, id_))


def test_a_segment_is_renamed_and_removed(ana):
    one = bytes.fromhex(ana.write(segments.save_segment, name="A", filters=Filters()).id)
    ana.write(segments.save_segment, name="B", filters=Filters())
    assert code(ana.write, segments.rename_segment, segment=one, name="B") == "segment-exists"
    ana.write(segments.rename_segment, segment=one, name="C")
    assert list(ana.read(segments.names).values()) == ["B", "C"]
    ana.write(segments.remove_segment, segment=one)
    for call in (segments.members, segments.get_segment):
        with pytest.raises(NotFound):
            ana.read(call, segment=one)
    assert code(ana.write, segments.save_segment, name=" ", filters=Filters()) == "name-missing"
    assert code(ana.write, segments.save_segment, name="x" * 81, filters=Filters()) == "too-long"
    assert code(ana.write, segments.save_segment, name="x", filters=Filters(month=13)) == "bad-filter"
    assert len(ids(ana)) == 3


# --- many at once

OWN = ("customer_bulks", "sqlite_sequence")


@pytest.mark.parametrize("given", [{"action": "tag", "tag": "Spring"}, {"action": "untag", "tag": "vip"}, {"action": "archive"}])
def test_what_is_done_to_many_and_undone_is_as_before(ana, given):
    before = dump(ana, but=OWN)
    done = ana.write(customer_bulk.change_many, **given, filters=Filters(text="torres"))
    assert done.changed == (1 if given["action"] == "untag" else 2)
    assert dump(ana, but=OWN) != before
    if given["action"] == "tag":
        assert names(ana, tag="spring") == ["Jo Torres", "Mía Torres"]
    undone = ana.write(customer_bulk.undo_many, bulk=bytes.fromhex(done.id))
    assert undone.undone
    assert dump(ana, but=OWN) == before
    with pytest.raises(ConflictError):
        ana.write(customer_bulk.undo_many, bulk=bytes.fromhex(done.id))
    assert [row.undone for row in ana.read(customer_bulk.list_many)] == [True]


def test_undoing_leaves_alone_what_was_changed_since(ana):
    [mia] = ids(ana, search="mia torres")
    done = ana.write(customer_bulk.change_many, action="tag", tag="spring", customers=[mia])
    ana.clock.tick(5)
    view = ana.read(customers.get_customer, customer=bytes.fromhex(mia))
    changed = replace(view.details, nickname="Mimi", tags=(*view.details.tags, "later"))
    ana.write(customers.change_customer, customer=bytes.fromhex(mia), details=changed, updated=view.updated)
    ana.write(customer_bulk.undo_many, bulk=bytes.fromhex(done.id))
    after: Details = ana.read(customers.get_customer, customer=bytes.fromhex(mia)).details
    assert (after.tags, after.nickname) == (("VIP", "a", "later"), "Mimi")


def test_a_segment_is_tagged_and_erased_customers_are_no_matter(ana):
    segment = bytes.fromhex(ana.write(segments.save_segment, name="T", filters=Filters(text="torres")).id)
    done = ana.write(customer_bulk.change_many, action="tag", tag="x", segment=segment)
    assert done.changed == 2
    assert ana.write(customer_bulk.change_many, action="tag", tag="X", segment=segment).changed == 0
    ana.write(lambda unit: unit.customers.erase(bytes.fromhex(ids(ana, tag="x")[0])))
    assert ana.write(customer_bulk.undo_many, bulk=bytes.fromhex(done.id)).changed == 1
    assert ids(ana, tag="x") == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"action": "paint"}, "bad-request"),
        ({"action": "tag", "tag": " "}, "bad-tag"),
        ({"action": "tag", "tag": "a,b"}, "bad-tag"),
        ({"action": "archive", "customers": []}, "nobody-chosen"),
        ({"action": "archive"}, "nobody-chosen"),
        ({"action": "archive", "customers": ["xyz"]}, "bad-request"),
        ({"action": "archive", "segment": bytes(32)}, "not-found"),
    ],
)
def test_what_cannot_be_done_changes_nothing(ana, given, expected):
    before = dump(ana)
    assert code(ana.write, customer_bulk.change_many, **given) == expected
    assert dump(ana) == before
    with pytest.raises(NotFound):
        ana.write(customer_bulk.undo_many, bulk=bytes(32))
