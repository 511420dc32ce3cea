"""The factory's promises, each with what breaks it."""

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from node import canary
from node.errors import IntegrityError, NotFound, UserError
from node.store.database import PAGE_BYTES, open_database, open_plain, roll_back, verify_pages
from node.store.store import Store

ROOT = Path(__file__).parents[3]
CANARIES = ["Seraphina Quillfeather", "17 Zephyr Lane", "+49 171 5550 1234", "ana@example-canary.test"]


def refused(error, code):
    def check(call):
        with pytest.raises(error) as caught:
            call()
        assert caught.value.code == code, caught.value
        return str(caught.value)

    return check


def filled(path, key, rows=200):
    database = open_database(path, key)
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, filler BLOB) STRICT")
    with database.atomic():
        for number in range(rows):
            values = (CANARIES[number % len(CANARIES)], os.urandom(500))
            database.execute("INSERT INTO people (name, filler) VALUES (?, ?)", values)
    return database


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def open_files():
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def closed(path, key):
    filled(path, key).close()
    return path


def test_full_durability_and_no_plaintext_are_switched_on(path, key):
    database = filled(path, key)
    found = {
        name: database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "temp_store", "secure_delete", "trusted_schema")
    }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "temp_store": 2,
        "secure_delete": 1,
        "trusted_schema": 0,
    }
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)
    database.close()


def test_a_file_left_open_to_others_is_closed_to_them(closed, key):
    closed.chmod(0o644)
    open_database(closed, key).close()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o600


def test_no_file_holds_what_was_planted(path, key):
    database = filled(path, key)
    database.execute("CREATE INDEX names ON people (name)")
    database["people"].enable_fts(["name"], create_triggers=True)
    database.execute("SELECT * FROM people ORDER BY name || filler").fetchall()
    database.execute("DELETE FROM people WHERE id % 2")
    assert canary.scan_files([path.parent], CANARIES) == []
    database.close()
    assert canary.scan_files([path.parent], CANARIES) == []


def test_control_an_unkeyed_file_is_caught(tmp_path):
    """The trap: under the renamed driver sqlite_utils opens an unkeyed file by itself."""
    from sqlite_utils import Database

    database = Database(tmp_path / "trap.db")
    database["people"].insert_all({"name": name} for name in CANARIES)
    database.close()
    assert {hit.needle for hit in canary.scan_files([tmp_path], CANARIES)} == set(CANARIES)


def opens_database(source):
    """Calls by which a module would open a database past the factory."""
    tree = ast.parse(source)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls]
    imports = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] in {"sqlite3", "apsw", "pysqlite3"}
    ]
    froms = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"sqlite3", "apsw", "pysqlite3"}
    ]
    return [name for name in names if name == "Database"] + imports + froms


def test_only_the_factory_opens_databases():
    factory = ROOT / "node/store/database.py"
    chain = ROOT / "node/chain/embedded"  # the chain's own file: a process apart, and everything in it is public
    modules = [path for path in (*ROOT.glob("node/**/*.py"), *ROOT.glob("protocol/**/*.py")) if path != factory]
    modules = [path for path in modules if chain not in path.parents]
    assert {str(path): found for path in modules if (found := opens_database(path.read_text()))} == {}


@pytest.mark.parametrize("source", ["from sqlite_utils import Database\nDatabase('x')", "import sqlite3", "from sqlite3 import connect"])
def test_control_a_second_opener_is_caught(source):
    assert opens_database(source)


def test_another_driver_is_refused_at_import():
    code = "import sqlite_utils, node.store"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert "another driver" in ran.stderr


def test_sqlite_utils_runs_on_the_encrypted_driver(path, key):
    database = open_database(path, key)
    database["t"].insert({"id": 1}, pk="id")
    database["t"].insert({"id": 2, "new": 3}, alter=True)  # breaks when sqlite_utils met another driver
    assert database["t"].count == 2
    database.close()


def test_another_key_is_named(closed):
    refused(IntegrityError, "wrong-key")(lambda: open_database(closed, bytes(32)))


def test_a_key_is_32_bytes(path):
    with pytest.raises(ValueError, match="32 bytes"):
        open_database(path, b"short")
    assert not path.exists()


def test_what_is_no_store_is_named(path, key):
    path.write_bytes(os.urandom(3 * PAGE_BYTES))
    refused(IntegrityError, "wrong-key")(lambda: open_database(path, key))
    path.write_bytes(b"SQLite format 3\0" + bytes(PAGE_BYTES - 16))
    refused(IntegrityError, "not-encrypted")(lambda: open_database(path, key))
    path.unlink()
    path.mkdir()
    refused(UserError, "store-unwritable")(lambda: open_database(path, key))


def test_a_link_is_not_followed(closed, key, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(closed)
    refused(UserError, "store-unwritable")(lambda: open_database(link, key))


def test_readonly_makes_no_file(path, key):
    refused(NotFound, "not-found")(lambda: open_database(path, key, readonly=True))
    assert not path.exists()


@pytest.mark.parametrize("cut", [1, PAGE_BYTES - 1, PAGE_BYTES, 5 * PAGE_BYTES, 20])
def test_a_file_cut_short_is_named(closed, key, cut):
    size = closed.stat().st_size
    os.truncate(closed, size - cut if cut != 20 else cut)
    code = "damaged" if cut % PAGE_BYTES == 0 else "truncated"
    refused(IntegrityError, code)(lambda: open_database(closed, key))


@pytest.mark.parametrize("page", [0, 1, 7, 20])
@pytest.mark.parametrize("offset", [16, 100, PAGE_BYTES - 1])
def test_a_flipped_bit_anywhere_is_named(closed, key, page, offset):
    flip(closed, page * PAGE_BYTES + offset)

    def open_and_check():
        database = open_database(closed, key)
        try:
            verify_pages(database)
        finally:
            database.close()

    refused(IntegrityError, "damaged")(open_and_check)
    refused(IntegrityError, "damaged")(lambda: Store.open(closed, key, "me"))


def test_the_whole_file_verifies_when_it_is_whole(closed, key):
    database = open_database(closed, key)
    verify_pages(database)
    database.close()


def test_nothing_is_half_opened(closed, key):
    before = open_files()
    flip(closed, 100)
    for _ in range(3):
        refused(IntegrityError, "damaged")(lambda: Store.open(closed, key, "me"))
        refused(IntegrityError, "wrong-key")(lambda: open_database(closed, bytes(32)))
    assert open_files() <= before


def test_the_engine_writes_nothing_to_stderr(closed, key):
    flip(closed, 100)
    code = f"from node.store.database import open_database; from pathlib import Path; open_database(Path({str(closed)!r}), {key!r})"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert "IntegrityError" in ran.stderr
    assert "sqlcipher_page_cipher" not in ran.stderr


@pytest.mark.parametrize("full", [False, True])
def test_undoing_ends_what_was_still_being_read(tmp_path, full):
    """Whoever keeps it; also where a full disk has undone it before."""
    database = open_plain(tmp_path / "some.db")
    database.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT)")
    database.conn.executemany("INSERT INTO rows VALUES (?, ?)", [(number, "x" * 500) for number in range(50)])
    database.execute("BEGIN IMMEDIATE")
    kept = database.execute("SELECT number FROM rows")
    assert kept.fetchone() == (0,)
    if full:
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(dbapi2.Error, match="full"):
            database.conn.executemany("INSERT INTO rows VALUES (?, ?)", [(number, "x" * 50_000) for number in range(50, 99)])
    assert database.conn.in_transaction is not full
    roll_back(database)
    assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert database.execute("SELECT count(*) FROM rows").fetchone() == (50,)
    database.close()
