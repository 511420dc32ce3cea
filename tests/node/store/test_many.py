"""Many rows at once: all of them, whatever their number; and one catalog file of a process after the other."""

import threading
from contextlib import nullcontext

import pytest
from sqlite_utils import Database

from node.model.catalog import Entry
from node.store import catalog_goods, catalog_writer
from node.store.catalog_file import CatalogFile
from node.store.database import open_plain
from node.store.many import AT_ONCE, insert_many
from protocol.codec import to_bytes
from protocol.operations import Noun
from protocol.product import Product, Variant

FEED = bytes(32)


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


def put(writing):
    product = Product("p1", "Soap", variants=(Variant("S1", "", (), None),))
    writing.apply(FEED, [Entry(1, Noun.PRODUCT, product.handle, to_bytes(product))])


def do_two_files_meet(tmp_path, monkeypatch, seconds):
    """Whether the writers of two files, told to write at the same time, are ever both putting rows."""
    met, original, meeting = threading.Event(), catalog_goods.insert_many, threading.Barrier(2)

    def insert(*args):
        if not (met.is_set() or meeting.broken):
            try:
                meeting.wait(seconds)
            except threading.BrokenBarrierError:  # the other one did not come
                pass
            else:
                met.set()
        original(*args)

    monkeypatch.setattr(catalog_goods, "insert_many", insert)
    files = [CatalogFile.open(tmp_path / name / "node.db", 0, lambda: 0) for name in ("a", "b")]
    threads = [threading.Thread(target=file.write_now, args=(put,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for file in files:
        assert file.look_now(lambda feeds: feeds.held(FEED)).products == 1
        file.close()
    return met.is_set()


def test_the_files_of_one_process_are_written_one_batch_after_the_other(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert not do_two_files_meet(tmp_path, monkeypatch, 0.2)


def test_without_the_turn_they_would_meet(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(catalog_writer, "TURN", nullcontext())
    assert do_two_files_meet(tmp_path, monkeypatch, 60)
