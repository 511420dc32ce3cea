"""One customer put back from a backup: what would change is shown, nobody else changes, nothing newer is lost."""

import pytest

from node.errors import NotFound
from node.services import customer_history, tasks
from node.services.erasure import erase_customer
from tests.node.services.vaulted import Vaulted

SOMEBODY = 4


@pytest.fixture
def vaulted(tmp_path):
    vaulted = Vaulted(tmp_path)
    yield vaulted
    vaulted.close()


def customer_of(vaulted, id_):
    return vaulted.node.read(lambda unit: unit.customers.get(id_))


def test_what_would_change_is_shown_and_nothing_changes(vaulted):
    id_ = vaulted.ids[SOMEBODY]
    vaulted.make()
    vaulted.note(id_, "overwritten by mistake")
    vaulted.make()
    before = vaulted.rows("customers", "customer_keys", "tasks")
    then = vaulted.engine.customer_then(vaulted.target, id_, 1)
    assert (then.name, then.number) == ("Ana Souza 4", 1)
    assert [(field.field, field.now, field.then) for field in then.fields] == [("notes", "overwritten by mistake", "note of 4")]
    assert vaulted.engine.customer_then(vaulted.target, id_).fields == ()
    assert vaulted.rows("customers", "customer_keys", "tasks") == before


def test_the_customer_is_put_back_and_nobody_else(vaulted):
    id_ = vaulted.ids[SOMEBODY]
    was = customer_of(vaulted, id_)
    vaulted.make()
    for other in vaulted.ids:
        vaulted.note(other, "changed since")
    vaulted.world.clock.tick(5)
    vaulted.engine.restore_customer(vaulted.target, id_)
    now = customer_of(vaulted, id_)
    assert now.person == was.person
    assert now.updated == vaulted.world.clock.now
    assert {customer_of(vaulted, other).person.notes for other in vaulted.ids if other != id_} == {"changed since"}
    assert vaulted.engine.restore_customer(vaulted.target, id_).fields == ()


def test_being_put_back_is_a_change_that_can_be_taken_back(vaulted):
    id_ = vaulted.ids[SOMEBODY]
    vaulted.make()
    vaulted.note(id_, "changed since")
    vaulted.world.clock.tick(5)
    vaulted.engine.restore_customer(vaulted.target, id_)
    latest = vaulted.node.read(customer_history.list_history, customer=id_).changes[0]
    assert (latest.kind, latest.fields) == ("backup", ("note",))
    vaulted.node.write(customer_history.take_back, customer=id_, at=latest.at)
    assert customer_of(vaulted, id_).person.notes == "changed since"


def test_what_stood_beside_comes_back_and_what_came_since_stays(vaulted):
    id_ = vaulted.ids[SOMEBODY]
    first = vaulted.node.write(tasks.add_task, title="Call about the cream", customer=id_).id
    vaulted.make()
    vaulted.node.write(lambda unit: unit.db.execute("DELETE FROM tasks"))
    second = vaulted.node.write(tasks.add_task, title="Bring the sample", customer=id_).id
    vaulted.node.write(tasks.add_task, title="Somebody else's", customer=vaulted.ids[0])
    then = vaulted.engine.customer_then(vaulted.target, id_)
    assert [(missing.table, missing.rows) for missing in then.missing] == [("tasks", 1)]
    vaulted.engine.restore_customer(vaulted.target, id_)
    rows = vaulted.node.read(lambda unit: {row[0].hex() for row in unit.db.execute("SELECT id FROM tasks WHERE customer = ?", (id_,))})
    assert rows == {first, second}


def test_a_task_that_was_gone_by_then_does_not_come_back(vaulted):
    id_ = vaulted.ids[SOMEBODY]
    vaulted.node.write(tasks.add_task, title="Call about the cream", customer=id_)
    vaulted.make()
    vaulted.node.write(lambda unit: unit.db.execute("DELETE FROM tasks"))
    vaulted.make()
    assert vaulted.engine.customer_then(vaulted.target, id_).missing == ()
    assert vaulted.engine.customer_then(vaulted.target, id_, 1).missing[0].rows == 1


def test_who_is_not_in_it_is_said(vaulted):
    vaulted.make()
    [late] = vaulted.node.write(vaulted.add, 1, 80)
    for _ in range(2):  # without a key yet, and with one
        with pytest.raises(NotFound) as absent:
            vaulted.engine.customer_then(vaulted.target, late, 1)
        assert absent.value.code == "not-in-backup"
        vaulted.make()
    vaulted.node.write(erase_customer, late)
    with pytest.raises(NotFound) as erased:
        vaulted.engine.restore_customer(vaulted.target, late)
    assert erased.value.code == "not-found"


def test_no_other_customer_is_opened(vaulted, monkeypatch):
    vaulted.make()
    opened = []
    real = vaulted.engine._cipher.open_row
    monkeypatch.setattr(vaulted.engine._cipher, "open_row", lambda *given: opened.append(given[0]) or real(*given))
    vaulted.engine.customer_then(vaulted.target, vaulted.ids[SOMEBODY])
    assert len(set(opened)) == 1
