import pytest

from node.errors import UserError
from node.store.database import open_database
from node.store.migrate import migrate, shipped
from node.store.store import Store


@pytest.fixture
def database(path, key):
    opened = open_database(path, key)
    yield opened
    opened.close()


def version(database):
    return database.execute("PRAGMA user_version").fetchone()[0]


def test_every_shipped_step_is_reached_from_the_oldest(database):
    numbers = list(shipped())
    assert numbers[0] == 1
    assert numbers == sorted(numbers)
    for count in range(1, len(numbers) + 1):
        upto = {number: shipped()[number] for number in numbers[:count]}
        assert migrate(database, 5, upto) == [numbers[count - 1]]
        assert version(database) == numbers[count - 1]
    assert migrate(database, 5) == []
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_step_by_step_and_at_once_end_in_one_schema(database, tmp_path, key):
    for number in shipped():
        migrate(database, 5, {other: sql for other, sql in shipped().items() if other <= number})
    at_once = open_database(tmp_path / "at-once.db", key)
    migrate(at_once, 5)
    assert database.schema == at_once.schema
    at_once.close()


def test_rows_survive_a_later_step(database):
    steps = {1: "CREATE TABLE t (a INTEGER);", 2: "ALTER TABLE t ADD COLUMN b TEXT;\nUPDATE t SET b = 'x';"}
    migrate(database, 5, {1: steps[1]})
    database.execute("INSERT INTO t VALUES (7)")
    assert migrate(database, 5, steps) == [2]
    assert database.execute("SELECT * FROM t").fetchall() == [(7, "x")]


def test_a_lower_number_may_come_later(database):
    migrate(database, 5, {1: "CREATE TABLE a (x);", 30: "CREATE TABLE b (x);"})
    assert migrate(database, 5, {1: "", 20: "CREATE TABLE c (x);", 30: ""}) == [20]
    assert version(database) == 30


def test_a_step_that_fails_leaves_nothing(database):
    migrate(database, 5, {1: "CREATE TABLE a (x);"})
    steps = {1: "", 2: "CREATE TABLE b (x);\nINSERT INTO nowhere VALUES (1);"}
    with pytest.raises(Exception, match="nowhere"):
        migrate(database, 5, steps)
    assert "b" not in database.table_names()
    assert version(database) == 1
    assert migrate(database, 5, {1: "", 2: "CREATE TABLE b (x);"}) == [2]


def test_triggers_are_one_statement(database):
    trigger = "CREATE TABLE a (x);\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\n  DELETE FROM a;\nEND;\n"
    migrate(database, 5, {1: trigger})
    with pytest.raises(ValueError, match="inside a statement"):
        migrate(database, 5, {1: "", 2: "CREATE TABLE b (x"})


def test_a_newer_store_is_named(path, key):
    database = open_database(path, key)
    migrate(database, 5, {**shipped(), 9999: "CREATE TABLE future (x);"})
    database.close()
    with pytest.raises(UserError) as caught:
        Store.open(path, key, "me")
    assert caught.value.code == "newer-schema"
    assert "9999" in str(caught.value)
