"""From the first schema on: a store that an older program filled keeps every row, also when a migration fails at any of its statements."""

import shutil
import sqlite3

import pytest

from node.store import migrate as steps
from node.store.catalog_file import CatalogFile
from node.store.catching_up import carry_over
from node.store.database import attach_plain, open_database
from node.store.migrate import migrate, shipped
from node.store.store import Store
from tests.battery import vault_migrate as first
from tests.battery.vault_life import KEY

FIRST = {1, 10, 11, 20, 30, 40, 50, 60, 61, 70}


class Failed(Exception):
    """The planted failure."""


class Failing:
    """A database that fails at its so-many-th statement; what it is asked otherwise it does."""

    def __init__(self, database, at) -> None:
        self._database, self._left = database, at

    def execute(self, sql, *values):
        if not sql.startswith("SELECT"):
            self._left -= 1
            if self._left < 0:
                raise Failed
        return self._database.execute(sql, *values)

    def rollback(self):
        self._database.rollback()


@pytest.fixture
def path(tmp_path):
    shutil.copyfile(first.FIRST, tmp_path / "first.db")
    return tmp_path / "first.db"


def test_the_fixture_is_of_the_first_schema_and_every_table_of_it_has_rows():
    before = first.first()
    database = open_database(first.FIRST, KEY, readonly=True)
    try:
        assert {row[0] for row in database.execute("SELECT number FROM migrations")} == FIRST
    finally:
        database.close()
    assert [name for name, (_, rows) in before.items() if not rows] == []
    assert set(shipped()) > FIRST


def test_no_row_is_lost_whichever_statement_fails(path):
    before = first.first()
    database = open_database(path, KEY)
    catalog = CatalogFile.open(path, 0, lambda: 5)
    attach_plain(database, catalog.path)
    carry_over(database, catalog)
    failures = 0
    for number in sorted(set(shipped()) - FIRST):
        upto = {other: sql for other, sql in shipped().items() if other in FIRST or other <= number}
        at = 0
        while True:
            try:
                migrate(Failing(database, at), 5, upto)
                break
            except Failed:
                failures += 1
                at += 1
                assert number not in {row[0] for row in database.execute("SELECT number FROM migrations")}
                assert database.execute("SELECT count(*) FROM customers").fetchone() == (41,)
    database.close()
    catalog.close()
    assert failures > 20
    assert first.lost(path, before) == []
    Store.open(path, KEY, "me").close()


def test_control_a_migration_that_loses_a_row_or_leaves_half_is_noticed(path, monkeypatch):
    before = first.first()
    planted = {**shipped(), 9999: "DELETE FROM customers WHERE id = (SELECT max(id) FROM customers);\n"}
    monkeypatch.setattr(steps, "shipped", lambda: planted)
    Store.open(path, KEY, "me").close()
    assert any(line.startswith("customers: 1") for line in first.lost(path, before))


def test_the_older_rows_are_read_by_the_program_of_today(path):
    store = Store.open(path, KEY, "me")
    try:
        people = store.read_now(lambda unit: unit.customer_search.page(unit.customer_search.look((), ()), "name", None, 100))
        assert len(people) == 41
        assert {person.archived for _, _, person in people} == {None}
        waiting = store.read_now(lambda unit: unit.db.execute("SELECT count(*) FROM order_news").fetchone()[0])
        assert waiting == store.read_now(
            lambda unit: unit.db.execute("SELECT count(*) FROM orders WHERE customer IS NOT NULL").fetchone()[0]
        )
        born = store.read_now(lambda unit: unit.task_rules.born("01-11", b"", 10))
        assert {whole for _, whole in born} == {"1990-01-11"}
    finally:
        store.close()


def test_the_store_of_the_fixture_is_encrypted():
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(first.FIRST).execute("SELECT * FROM customers")
