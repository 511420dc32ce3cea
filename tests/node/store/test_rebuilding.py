"""A catalog file that is far behind our own log follows while the store is in use, and nothing takes it for whole before it is."""

import signal
import subprocess
import sys
from threading import Event

import pytest

from node.errors import IntegrityError, Locked, Unavailable
from node.model.catalog import FeedRow
from node.store import catching_up, rebuilding
from node.store import store as store_module
from node.store.catalog_file import file_of
from node.store.catalog_writer import FileWriter
from node.store.rebuilding import Rebuilding
from tests.node.store.test_catalog_file import FEED, Publisher, goods, held, slots

SECONDS = 60.0


@pytest.fixture
def bounds(monkeypatch):
    """Small batches, of which more than one is far behind."""
    monkeypatch.setattr(catching_up, "BATCH", 10)
    monkeypatch.setattr("node.store.store.AT_ONCE", 10)


@pytest.fixture
def gate(monkeypatch, bounds):
    """Holds what is rebuilt before its third batch, until it is opened."""
    held, opened, asked = Event(), Event(), []
    original = Rebuilding._go_on

    def wait(self):
        asked.append(1)
        if len(asked) == 3:
            held.set()
            while not opened.wait(0.01) and not self._stopping.is_set():
                continue
        original(self)

    monkeypatch.setattr(Rebuilding, "_go_on", wait)
    gate = type("Gate", (), {"held": held, "opened": opened})()
    yield gate
    opened.set()


def is_whole(store):
    return store.read_now(lambda unit: unit.catalog.is_whole(FEED))


def rebuilt(store):
    """Once all of it is there."""
    store._rebuilding.wait()
    assert not store._rebuilding.is_under_way
    return slots(store), held(store)


@pytest.fixture
def lost(make, path):
    """A folder whose catalog file is gone; what was in it."""
    store = make()
    Publisher(store).publish(goods(50))
    before = slots(store), held(store)
    store.close()
    file_of(path).unlink()
    return before


def test_the_store_is_open_while_the_file_follows(make, lost, gate):
    store = make()
    assert gate.held.wait(SECONDS)
    assert store._rebuilding.is_under_way
    assert not is_whole(store)
    found = held(store)
    assert (found.checkpoint, 0 < found.size < 100) == (None, True), "a part would be taken for what was signed"
    store.write_now(lambda unit: unit.settings.set("x", 1))
    gate.opened.set()
    assert rebuilt(store) == lost
    assert is_whole(store)


def test_control_what_is_little_is_there_when_the_store_opens(make, path, lost, monkeypatch):
    monkeypatch.setattr(Rebuilding, "start", lambda _: pytest.fail("it was put off"))
    store = make()
    assert (slots(store), held(store)) == lost


def test_who_waits_hears_that_it_is_done(make, lost, gate):
    store, told = make(), []
    assert gate.held.wait(SECONDS)
    store.after_commit(told.append)
    gate.opened.set()
    rebuilt(store)
    assert frozenset({"catalog", "changes"}) in told


def test_what_else_touches_catalogs_meanwhile_does_not_wait_for_it(make, lost, gate):
    store = make()
    assert gate.held.wait(SECONDS)
    other = bytes([7]) * 32
    store.write_now(lambda unit: unit.catalog.keep_feed(FeedRow(other, bytes(32), "main", "USD", own=False)))
    assert not is_whole(store)
    gate.opened.set()
    assert rebuilt(store) == lost


def test_a_store_that_closes_ends_it_and_the_next_goes_on(make, lost, gate, monkeypatch):
    store = make()
    assert gate.held.wait(SECONDS)
    store.close()
    monkeypatch.setattr(FileWriter, "forget_some", lambda *_: pytest.fail("it began again"))
    gate.opened.set()
    again = make()
    assert rebuilt(again) == lost


_KILLED = """
import os, signal, sys
from pathlib import Path
from node.store import catching_up, store
from node.store.rebuilding import Rebuilding

catching_up.BATCH, store.AT_ONCE, asked = 10, 10, []

def go_on(self):
    asked.append(1)
    if len(asked) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

Rebuilding._go_on = go_on
store.Store.open(Path(sys.argv[1]), bytes(range(32)), "me")._rebuilding.wait()
"""


def test_a_kill_in_the_middle_loses_nothing(make, path, lost, gate):
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False, timeout=SECONDS)
    assert ended.returncode == -signal.SIGKILL
    store = make()
    assert gate.held.wait(SECONDS)
    assert not store.catalog.mended, "it began again"
    assert held(store).size >= 30
    gate.opened.set()
    assert rebuilt(store) == lost


@pytest.mark.parametrize("error", [Unavailable("full", code="disk-full"), IntegrityError("torn", code="damaged"), ValueError("odd")])
def test_what_is_in_the_way_puts_it_off(make, path, bounds, lost, monkeypatch, error):
    full, original = [1, 1], FileWriter.project

    def project(*given):
        if full:
            full.pop()
            raise error
        return original(*given)

    monkeypatch.setattr(FileWriter, "project", project)
    monkeypatch.setattr(rebuilding, "AGAIN_SECONDS", 0.0)
    assert rebuilt(make()) == lost


def test_a_full_disk_while_something_is_signed_is_made_up_for_without_a_restart(make, bounds, monkeypatch):
    store, full, original = make(), [1], FileWriter.project
    Publisher(store).publish(goods(2))

    def project(*given):
        if full:
            full.pop()
            raise Unavailable("full", code="disk-full")
        return original(*given)

    monkeypatch.setattr(FileWriter, "project", project)
    Publisher(store).publish(goods(3, price=7))
    slots_, found = rebuilt(store)
    assert (found.size, len(slots_)) == (10, 6)
    assert is_whole(store)


def test_between_batches_no_head_stands_beside_records_it_was_not_signed_over(make, bounds, monkeypatch):
    store = make()
    Publisher(store).publish(goods(2))
    seen, original = [], FileWriter.project

    def project(writer, *given):
        original(writer, *given)
        seen.append(writer.held(FEED).checkpoint)

    monkeypatch.setattr(FileWriter, "project", project)
    Publisher(store).publish(goods(12, price=7))
    assert seen == [None, None, held(store).checkpoint]


def test_a_transaction_knows_what_was_whole_before_it_wrote(make):
    store = make()
    publisher = Publisher(store)
    publisher.publish(goods(1))

    def run(unit):
        unit.catalog.keep_feed(unit.catalog.feed(FEED))
        unit.db.execute("UPDATE feeds SET checkpoint = x'00' WHERE feed = ?", (FEED,))
        return unit.catalog.is_whole(FEED)

    assert store.write_now(run)


def test_a_store_that_closed_just_before_the_last_look_ends_it(make):
    store = make()
    store._write_thread.shutdown()
    with pytest.raises(Locked):
        store._end_rebuilding()


def test_who_reads_before_the_file_has_followed_sees_what_was_before_and_who_writes_never_does(make, monkeypatch):
    store, seen, original = make(), [], store_module.catch_up
    Publisher(store).publish(goods(1))

    def follow(*given, **named):
        seen.append((is_whole(store), held(store).size))
        original(*given, **named)

    monkeypatch.setattr(store_module, "catch_up", follow)
    Publisher(store).publish(goods(2, price=7))
    assert seen == [(True, 2)]
    assert store.write_now(lambda unit: unit.catalog.is_whole(FEED))
    store.catalog.write_now(lambda writing: writing._db.execute("UPDATE heads SET checkpoint = x'00' WHERE feed = ?", (FEED,)))
    assert is_whole(store)
    assert not store.write_now(lambda unit: unit.catalog.is_whole(FEED))


def test_all_but_our_own_feeds_is_brought_up_at_once(make, lost, gate, monkeypatch):
    asked, original = [], store_module.catch_up

    def follow(*given, **named):
        asked.append(named.get("own", True))
        original(*given, **named)

    monkeypatch.setattr(store_module, "catch_up", follow)
    store = make()
    assert gate.held.wait(SECONDS)
    assert asked == [False]
    gate.opened.set()
    assert rebuilt(store) == lost


def test_a_part_as_large_as_all_is_of_another_log_and_built_anew(make, bounds, lost):
    store = make()
    assert rebuilt(store) == lost
    store.catalog.write_now(lambda writing: writing._db.execute("UPDATE heads SET checkpoint = NULL WHERE feed = ?", (FEED,)))
    store.catalog.write_now(lambda writing: writing._db.execute("DELETE FROM offers WHERE sku = 'P00001'"))
    store.close()
    assert rebuilt(make()) == lost
