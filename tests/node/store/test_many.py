"""Many rows at once: all of them, whatever their number."""

import pytest
from sqlite_utils import Database

from node.store.database import open_plain
from node.store.many import AT_ONCE, insert_many


@pytest.fixture
def table(tmp_path):
    database = open_plain(tmp_path / "t.db")
    database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT")
    yield database
    database.close()


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7])
def test_all_rows_are_there(table: Database, count):
    rows = [(number, str(number)) for number in range(count)]
    insert_many(table, "INSERT INTO t (a, b)", rows)
    assert table.execute("SELECT a, b FROM t ORDER BY a").fetchall() == rows


def test_what_the_statement_says_of_a_row_twice_holds(table: Database):
    insert_many(table, "INSERT OR REPLACE INTO t (a, b)", [(number % 7, str(number)) for number in range(250)])
    assert table.execute("SELECT a, b FROM t ORDER BY a").fetchall() == [(at, str(249 - (249 - at) % 7)) for at in range(7)]
