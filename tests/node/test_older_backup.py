"""A backup by an older version restores in this one: rows at the schema of then, migrated onwards, and all of it at work."""

import pytest

from node.app import restoring
from node.model.customer import same_person
from node.services import customer_search, notes, orders, pauses, tasks
from node.services.handlers import TICKS
from node.store.migrate import shipped
from node.store.store import Store
from node.vault import vault
from tests.node.backup_sample import DATA, WORDS
from tests.node.desk import COSTS
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.shop import CUSTOMER, SECRET

PASSPHRASE = "a new passphrase"
SAMPLES = sorted(DATA.glob("backup-*"))


def target_of(place):
    return MemoryTarget({str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()})


def test_there_are_samples():
    assert SAMPLES


@pytest.fixture(params=SAMPLES, ids=lambda place: place.name)
def store(request, tmp_path):
    view = restoring.restore(tmp_path, PASSPHRASE, WORDS, target_of(request.param), costs=COSTS)
    assert (view.name, view.number, view.withheld) == ("ana", 2, 1)
    keys = vault.unlock(tmp_path, PASSPHRASE)
    store = Store.open(tmp_path / "node.db", keys.store_key, keys)
    yield store
    store.close()
    keys.lock()


def test_its_schema_is_this_versions(store):
    numbers = store.read_now(lambda unit: unit.dump.schema())
    assert set(numbers) == set(shipped())
    assert store.read_now(lambda unit: unit.db.execute("PRAGMA foreign_key_check").fetchall()) == []
    assert store.read_now(lambda unit: unit.db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"


def test_customers_orders_notes_and_follow_ups_are_there(store):
    page = store.read_now(customer_search.list_customers)
    assert {row.name for row in page.customers} == {SECRET[0], "Ana Souza 1", "Ana Souza 2", "Ana Souza 3", "Ana Souza 9"}
    assert store.read_now(customer_search.list_customers, search=SECRET[2]).total == 1
    [order] = store.read_now(orders.list_orders)
    assert order.status == "ACCEPTED"
    [note] = store.read_now(notes.notes_of, CUSTOMER)
    assert note.text == "Wants it before the holidays"
    assert [task.title for task in store.read_now(tasks.list_tasks).tasks] == ["Ask how the cream is"]


def test_derived_tables_are_made_anew(store):
    person = store.read_now(lambda unit: unit.customers.get(CUSTOMER)).person
    rows = store.read_now(lambda unit: unit.db.execute("SELECT kind, value FROM customer_keys WHERE customer = ?", (CUSTOMER,)).fetchall())
    assert set(rows) == set(same_person(person))
    for tick in TICKS:
        store.write_now(tick)
    rows = store.read_now(lambda unit: unit.db.execute("SELECT customer FROM customer_orders").fetchall())
    assert rows == [(CUSTOMER,)]


def test_what_must_be_looked_at_first_is_held_back(store):
    assert len(store.read_now(pauses.paused)) == 3


def test_others_catalogs_are_followed_from_the_start(store):
    [feed] = store.read_now(lambda unit: unit.catalog.feeds(own=False))
    assert (feed.size, feed.checkpoint, feed.state.lanes) == (0, None, 0)


def test_a_later_migration_runs_over_the_restored_rows(tmp_path, monkeypatch):
    known = shipped()
    later = {**known, 9000: "ALTER TABLE customers ADD COLUMN size TEXT;\nUPDATE customers SET size = name;\n"}
    for module in ("migrate", "load"):
        monkeypatch.setattr(f"node.store.{module}.shipped", lambda: later)
    restoring.restore(tmp_path, PASSPHRASE, WORDS, target_of(SAMPLES[0]), costs=COSTS)
    keys = vault.unlock(tmp_path, PASSPHRASE)
    store = Store.open(tmp_path / "node.db", keys.store_key, keys)
    assert store.read_now(lambda unit: unit.dump.schema())[-1] == 9000
    assert store.read_now(lambda unit: unit.db.execute("SELECT count(*) FROM customers WHERE size = name").fetchone()) == (5,)
    store.close()
