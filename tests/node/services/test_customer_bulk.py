"""What is done to many stands in the history of each, and is taken back for one or for all; over a real store."""

from dataclasses import replace

import pytest

from node.model.history import MOST_CHANGES
from node.model.person import Contact, Names
from node.services import customer_bulk, customer_history, customer_imports, customers
from node.store.customer_history import CustomerHistory
from tests.node.services.importing import dump, take

NOT_CONTENT = ("customer_bulks", "sqlite_sequence", "operations", "customer_imports", "staged_imports")
PEOPLE = (Contact(1, Names("Mia"), tags=("vip",)), Contact(2, Names("Jo")), Contact(3, Names("Zoë"), notes="tea"))


def _kept(ana, *people):
    return [bytes.fromhex(ana.write(customers.add_customer, name=person.names.full, tags=list(person.tags)).id) for person in people]


def _many(ana, action, ids, tag="", tick=1):
    ana.clock.tick(tick)
    return bytes.fromhex(ana.write(customer_bulk.change_many, action=action, tag=tag, customers=[id_.hex() for id_ in ids]).id)


def _undo(ana, bulk):
    ana.clock.tick(1)
    return ana.write(customer_bulk.undo_many, bulk=bulk)


def _edit(ana, customer, tick=1, **fields):
    ana.clock.tick(tick)
    view = ana.read(customers.get_customer, customer=customer)
    ana.write(customers.change_customer, customer=customer, details=replace(view.details, **fields), updated=view.updated)


def _take_back(ana, customer):
    ana.clock.tick(1)
    latest = ana.read(customer_history.list_history, customer=customer).changes[0]
    ana.write(customer_history.take_back, customer=customer, at=latest.at)


def _lines(ana, customer):
    return [(change.kind, change.fields) for change in ana.read(customer_history.list_history, customer=customer).changes]


def _as(ana, customer):
    view = ana.read(customers.get_customer, customer=customer)
    return view.details.note, view.details.tags, view.archived is not None


@pytest.mark.parametrize("tick", [1, 0])
def test_taking_back_takes_the_change_of_many_back_and_not_the_edit_before_it(ana, tick):
    mia, jo = _kept(ana, *PEOPLE[:2])
    _edit(ana, mia, note="likes rose")
    _many(ana, "tag", [mia, jo], "spring", tick)
    assert _lines(ana, mia) == [("bulk", ("tags",)), ("edit", ("note",))]
    for expected in (("vip",), ("vip", "spring"), ("vip",)):
        _take_back(ana, mia)
        assert _as(ana, mia) == ("likes rose", expected, False)
    assert _lines(ana, mia)[:2] == [("restore", ("tags",)), ("restore", ("tags",))]
    assert _as(ana, jo) == ("", ("spring",), False)


def test_an_edit_after_a_change_of_many_is_taken_back_alone(ana):
    [mia] = _kept(ana, PEOPLE[0])
    _many(ana, "tag", [mia], "spring")
    _edit(ana, mia, note="later", tags=("vip", "spring", "own"))
    assert _lines(ana, mia) == [("edit", ("note", "tags")), ("bulk", ("tags",))]
    _take_back(ana, mia)
    assert _as(ana, mia) == ("", ("vip", "spring"), False)


def test_putting_aside_stands_in_the_history_and_is_taken_back(ana):
    mia, jo = _kept(ana, *PEOPLE[:2])
    _edit(ana, mia, note="likes rose")
    _many(ana, "archive", [mia])
    ana.write(customers.archive_customer, customer=jo)
    ana.write(customers.archive_customer, customer=jo)  # once is enough
    assert (_lines(ana, mia), _lines(ana, jo)) == ([("bulk", ("archived",)), ("edit", ("note",))], [("archive", ("archived",))])
    for aside in (False, True):
        for customer in (mia, jo):
            _take_back(ana, customer)
        assert (_as(ana, mia), _as(ana, jo)) == (("likes rose", ("vip",), aside), ("", (), aside))
    ana.write(customers.unarchive_customer, customer=jo)
    assert _lines(ana, jo)[0] == ("unarchive", ("archived",))
    _take_back(ana, jo)
    assert _as(ana, jo) == ("", (), True)


@pytest.mark.parametrize("given", [("tag", "spring"), ("untag", "vip"), ("archive", ""), ("unarchive", "")])
def test_undone_for_who_was_not_changed_since_no_line_is_left(ana, given):
    mia, jo, zoe = _kept(ana, *PEOPLE)
    ana.write(customers.archive_customer, customer=zoe)
    before = dump(ana, but=NOT_CONTENT)
    bulk = _many(ana, given[0], [mia, jo, zoe], given[1])
    assert dump(ana, but=NOT_CONTENT)["customer_history"] != before["customer_history"]
    _undo(ana, bulk)
    assert dump(ana, but=NOT_CONTENT) == before


def test_undone_for_who_was_changed_since_says_so_and_can_be_taken_back(ana):
    mia, jo = _kept(ana, *PEOPLE[:2])
    bulk = _many(ana, "tag", [mia, jo], "spring")
    _edit(ana, mia, note="later")
    _undo(ana, bulk)
    assert _lines(ana, mia) == [("undo", ("tags",)), ("edit", ("note",)), ("bulk", ("tags",))]
    assert (_as(ana, mia), _lines(ana, jo)) == (("later", ("vip",), False), [])
    _take_back(ana, mia)
    assert _as(ana, mia) == ("later", ("vip", "spring"), False)


def test_an_archiving_with_an_edit_after_it_is_undone_with_a_line(ana):
    [mia] = _kept(ana, PEOPLE[0])
    bulk = _many(ana, "archive", [mia])
    _edit(ana, mia, note="later")
    _undo(ana, bulk)
    assert _lines(ana, mia) == [("undo", ("archived",)), ("edit", ("note",)), ("bulk", ("archived",))]
    assert _as(ana, mia) == ("later", ("vip",), False)


def test_an_import_that_is_undone_leaves_the_history_as_it_was(ana):
    take(ana, *PEOPLE)
    ids = ana.read(lambda unit: [row[0] for row in unit.db.execute("SELECT id FROM customers ORDER BY name")])
    _many(ana, "tag", ids, "spring")
    _edit(ana, ids[1], note="likes rose")
    before, histories = dump(ana, but=NOT_CONTENT), [_lines(ana, id_) for id_ in ids]
    ana.clock.tick(1)
    done = take(ana, *(replace(person, title="Boss") for person in PEOPLE), Contact(4, Names("New")))
    assert [_lines(ana, id_)[0] for id_ in ids] == [("import", ("title",))] * 3
    aside = _many(ana, "archive", ids)
    _undo(ana, aside)
    ana.write(customer_imports.undo_import, import_id=bytes.fromhex(done.id))
    assert dump(ana, but=NOT_CONTENT) == before
    assert [_lines(ana, id_) for id_ in ids] == histories


def test_the_history_of_many_is_bounded_too(ana):
    [mia] = _kept(ana, PEOPLE[0])
    for number in range(MOST_CHANGES // 2 + 3):
        _many(ana, "tag", [mia], f"t{number}")
        _many(ana, "untag", [mia], f"t{number}")
    assert ana.read(lambda unit: unit.db.execute("SELECT count(*) FROM customer_history").fetchone()) == (MOST_CHANGES,)
    assert len(_lines(ana, mia)) == MOST_CHANGES


def test_control_a_change_of_many_without_a_line_is_seen(ana, monkeypatch):
    [mia] = _kept(ana, PEOPLE[0])
    _edit(ana, mia, note="likes rose")
    monkeypatch.setattr(CustomerHistory, "note_parts", lambda _self, _parts: None)
    _many(ana, "tag", [mia], "spring")
    _take_back(ana, mia)
    assert _as(ana, mia) == ("", ("vip",), False)  # the edit went, and the tag with it
