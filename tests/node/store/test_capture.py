"""The triggers: every way in which a row of a carried table can change is noted, in every such table; nothing is noted before a first backup."""

import pytest

from node.store import capture
from node.store.capture import shape
from node.store.kept import KEPT
from node.store.store import Store

KEY = bytes(range(32))


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "node.db", KEY, "me")
    yield store
    store.close()


def begin(unit):
    unit.accounts.begin((), unit.dump.position())


def noted(unit):
    """What was noted, oldest first; then nothing."""
    rows = unit.db.execute("SELECT noun, k1, k2, k3 FROM backup_changes ORDER BY seq").fetchall()
    unit.db.execute("DELETE FROM backup_changes")
    return rows


def planted(unit, table):
    """A row of the table, whatever its columns mean; checks and references are off."""
    columns = unit.db.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    values = {"BLOB": b"\x07" * 32, "INTEGER": 1, "TEXT": "7"}
    names = ", ".join(f'"{name}"' for name, _ in columns)
    filled = [b"{}" if name == "record" else values[type_] for name, type_ in columns]
    unit.db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", filled)


@pytest.mark.parametrize("table", KEPT)
def test_a_row_that_comes_changes_moves_and_goes_is_noted(store, table):
    def run(unit):
        unit.db.execute("PRAGMA ignore_check_constraints = ON")
        unit.db.execute("PRAGMA defer_foreign_keys = ON")
        begin(unit)
        found = shape(unit.db, table)
        planted(unit, table)
        key = unit.db.execute(f"SELECT {', '.join(found.key)} FROM {table}").fetchone()
        padded = (*key, *[""] * (3 - len(key)))
        came = noted(unit)
        column = found.key[-1]
        unit.db.execute(f"UPDATE {table} SET {column} = {column}")
        changed = noted(unit)
        moved_to = {int: 2, str: "8", bytes: b"\x08" * 32}[type(key[-1])]
        unit.db.execute(f"UPDATE {table} SET {column} = ?", (moved_to,))
        moved = noted(unit)
        unit.db.execute(f"DELETE FROM {table}")
        went = noted(unit)
        unit.db.execute("DELETE FROM feeds")
        there = (*key[:-1], moved_to, *[""] * (3 - len(key)))
        return [[(table, *padded)]] * 2 + [[(table, *there), (table, *padded)], [(table, *there)]], [came, changed, moved, went]

    expected, seen = store.write_now(run)
    assert seen == expected


def test_nothing_is_noted_before_a_first_backup_nor_after_the_last_target(store):
    store.write_now(lambda unit: unit.settings.set("a", 1))
    assert store.write_now(noted) == []
    store.write_now(begin)
    store.write_now(lambda unit: unit.settings.set("a", 2))
    assert store.write_now(noted) == [("settings", "a", "", "")]
    store.write_now(lambda unit: unit.accounts.end())
    store.write_now(lambda unit: unit.settings.set("a", 3))
    assert store.write_now(noted) == []


def test_ignoring_replacing_and_cascading_statements_are_noted_too(store):
    def run(unit):
        begin(unit)
        unit.db.execute("INSERT OR IGNORE INTO settings VALUES ('a', '1')")
        unit.db.execute("INSERT OR IGNORE INTO settings VALUES ('a', '2')")
        first = noted(unit)
        unit.db.execute("INSERT OR REPLACE INTO settings VALUES ('a', '3')")
        replaced = {row[1] for row in noted(unit)}
        unit.db.execute("INSERT INTO customers (id, name, sort, record, created, updated) VALUES (zeroblob(32), '', '', x'7b7d', 0, 0)")
        unit.db.execute("INSERT INTO customer_photos (customer, picture) VALUES (zeroblob(32), x'')")
        noted(unit)
        unit.db.execute("DELETE FROM customers")
        return first, replaced, {row[0] for row in noted(unit)}

    first, replaced, cascaded = store.write_now(run)
    assert first == [("settings", "a", "", "")]
    assert replaced == {"a"}
    assert cascaded == {"customers", "customer_photos"}


def test_triggers_follow_the_list(store, monkeypatch):
    def names(unit):
        return {row[0] for row in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'backup_of_%'")}

    before = store.read_now(names)
    assert len(before) == 3 * len(KEPT)
    monkeypatch.setattr(capture, "KEPT", {name: kept for name, kept in KEPT.items() if name != "orders"})
    capture.install(store._writer)
    assert before - store.read_now(names) == {f"backup_of_orders_{act}" for act in ("insert", "update", "delete")}
    monkeypatch.undo()
    capture.install(store._writer)
    assert store.read_now(names) == before


def test_control_a_table_without_triggers_is_seen(store):
    store.write_now(lambda unit: unit.db.execute("DROP TRIGGER backup_of_settings_update"))
    store.write_now(begin)
    store.write_now(lambda unit: unit.settings.set("a", 1))
    store.write_now(noted)
    store.write_now(lambda unit: unit.settings.set("a", 2))
    assert store.write_now(noted) == []
