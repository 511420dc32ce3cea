"""The store under another key: everything is there, the old key opens nothing, and whatever fails leaves the old file."""

import os

import pytest

from node import canary
from node.errors import IntegrityError, Unavailable
from node.store import rekey as module
from node.store.database import open_database
from node.store.rekey import SUFFIX, check_space, is_under, rekey

NAMES = ["Seraphina Quillfeather", "Balthazar Underhill"]


@pytest.fixture
def closed(path, key):
    database = open_database(path, key)
    database.execute("PRAGMA user_version = 77")
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, filler BLOB) STRICT")
    database.execute("CREATE VIRTUAL TABLE found USING fts5 (name)")
    with database.atomic():
        for number in range(400):
            database.execute("INSERT INTO people (name, filler) VALUES (?, ?)", (NAMES[number % 2], os.urandom(700)))
            database.execute("INSERT INTO found (name) VALUES (?)", (NAMES[number % 2],))
    database.execute("DELETE FROM people WHERE id > 300")
    database.execute("CREATE TRIGGER noted AFTER INSERT ON people BEGIN INSERT INTO found (name) VALUES (NEW.name); END")
    database.close()
    return path


def content(path, key):
    database = open_database(path, key)
    try:
        rows = database.execute("SELECT * FROM people ORDER BY id").fetchall()
        found = database.execute("SELECT count(*) FROM found WHERE found MATCH 'Quillfeather'").fetchone()
        schema = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        rest = [
            database.execute(sql).fetchall() for sql in ("SELECT * FROM sqlite_sequence", "PRAGMA user_version", "PRAGMA integrity_check")
        ]
        return rows, found, schema, rest
    finally:
        database.close()


def test_everything_is_there_under_the_new_key_and_nothing_under_the_old(closed, key):
    before, fresh = content(closed, key), os.urandom(32)
    assert (is_under(closed, key), is_under(closed, fresh)) == (True, False)
    rekey(closed, key, fresh)
    assert (is_under(closed, key), is_under(closed, fresh)) == (False, True)
    assert content(closed, fresh) == before
    assert before[1] == (200,)
    with pytest.raises(IntegrityError) as caught:
        open_database(closed, key)
    assert caught.value.code == "wrong-key"
    assert [file.name for file in closed.parent.iterdir()] == [closed.name]
    assert closed.stat().st_mode & 0o777 == 0o600
    assert canary.scan_files([closed.parent], NAMES) == []


@pytest.mark.parametrize("part", ["_write", "_check", "_exchange"])
@pytest.mark.parametrize("late", [False, True])
def test_stopped_in_the_middle_the_file_is_the_old_one_or_the_new_one(closed, key, monkeypatch, part, late):
    before, fresh, real = content(closed, key), os.urandom(32), getattr(module, part)

    def stopped(*arguments):
        if late:
            real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, part, stopped)
    with pytest.raises(KeyboardInterrupt):
        rekey(closed, key, fresh)
    monkeypatch.undo()
    exchanged = part == "_exchange" and late
    assert (is_under(closed, key), is_under(closed, fresh)) == (not exchanged, exchanged)
    assert content(closed, fresh if exchanged else key) == before
    if not exchanged:
        rekey(closed, key, fresh)  # again, over what was left behind
        assert content(closed, fresh) == before
        assert not closed.with_name(closed.name + SUFFIX).exists()


def test_a_log_left_by_a_crash_is_carried_over(closed, key):
    database = open_database(closed, key)
    database.execute("INSERT INTO people (name) VALUES ('late')")
    copy = {name: closed.with_name(closed.name + name).read_bytes() for name in ("", "-wal")}
    database.close()
    for name, data in copy.items():
        closed.with_name(closed.name + name).write_bytes(data)
    fresh = os.urandom(32)
    rekey(closed, key, fresh)
    assert content(closed, fresh)[0][-1][1] == "late"


def test_without_room_nothing_begins(closed, monkeypatch):
    check_space(closed)
    free = module.shutil.disk_usage(closed.parent)._replace(free=closed.stat().st_size)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: free)
    with pytest.raises(Unavailable) as caught:
        check_space(closed)
    assert caught.value.code == "disk-full"
