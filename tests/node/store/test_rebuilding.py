"""A catalog file that is far behind our own log follows while the store is in use, and nothing takes it for whole before it is."""

import asyncio
import signal
import subprocess
import sys
from threading import Event, Semaphore, Thread

import pytest

from node.errors import IntegrityError, Locked, Unavailable
from node.model.catalog import FeedRow
from node.store import catalog_tree, catching_up, rebuilding
from node.store import store as store_module
from node.store.catalog_file import file_of
from node.store.catalog_writer import FileWriter
from node.store.rebuilding import Rebuilding
from protocol.codec import from_bytes
from protocol.log import Frontier
from protocol.offer import Offer
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


@pytest.fixture
def stuck(monkeypatch, bounds):
    """What is in the way of the file until it is taken away, met from the third batch on; how often it was met, and the pauses."""
    errors, met, pauses, original = [], Semaphore(0), [], FileWriter.project

    def project(writer, feed, logged, *given):
        if errors and logged.size > 20:
            raise errors[0]
        return original(writer, feed, logged, *given)

    def pause(event, seconds=None):
        pauses.append(seconds)
        met.release()
        return waits(event, 0.001)

    waits = Event.wait
    stopping = type("Stopping", (Event,), {"wait": pause})
    monkeypatch.setattr(FileWriter, "project", project)
    monkeypatch.setattr(rebuilding, "Event", stopping)
    yield type("Stuck", (), {"errors": errors, "met": met, "pauses": pauses})()
    errors.clear()


def met(stuck, times):
    for _ in range(times):
        assert stuck.met.acquire(timeout=SECONDS)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("full", code="disk-full"), "disk-full"),
        (IntegrityError("torn", code="damaged"), "catalog-damaged"),
        (ValueError("odd"), "internal"),
    ],
)
def test_what_stays_in_the_way_is_told_logged_once_asked_ever_more_rarely_and_gone_once_it_goes_on(make, lost, stuck, caplog, error, code):
    stuck.errors.append(error)
    store, told = make(), []
    store.after_commit(told.append)
    met(stuck, 8)
    found = store.read_now(lambda unit: unit.catalog.obstacle)
    assert (found.code, held(store).size) == (code, 20)
    assert stuck.pauses[:8] == [15, 30, 60, 120, 240, 240, 240, 240]
    assert sum("is behind" in record.message for record in caplog.records) == 1
    stuck.errors.clear()
    assert rebuilt(store) == lost
    assert store.read_now(lambda unit: unit.catalog.obstacle) is None
    assert told[-1] == {"catalog", "changes"}


def test_another_obstacle_is_told_and_met_soon_again_and_none_is_told_as_soon_as_a_batch_is_in(make, lost, stuck, monkeypatch):
    stuck.errors.append(Unavailable("full", code="disk-full"))
    store, told, heard = make(), [], Event()
    met(stuck, 3)
    store.after_commit(lambda topics: (told.append((topics, store.catalog.obstacle)), heard.set()))
    stuck.errors[0] = Unavailable("torn", code="disk-failed")
    assert heard.wait(SECONDS)
    assert told[0][1].code == "disk-failed"
    stuck.errors.clear()
    rebuilt(store)
    assert 15 in stuck.pauses[1:]
    assert [(set(topics), obstacle) for topics, obstacle in told[1:]] == [({"changes"}, None), ({"catalog", "changes"}, None)]


def test_an_obstacle_while_the_store_opens_does_not_keep_it_shut(make, path, lost, stuck, monkeypatch):
    stuck.errors.append(Unavailable("full", code="disk-full"))
    monkeypatch.setattr("node.store.store.AT_ONCE", 1000)
    store = make()
    met(stuck, 1)
    assert store.catalog.obstacle.code == "disk-full"
    stuck.errors.clear()
    assert rebuilt(store) == lost


def test_a_store_that_closes_meanwhile_closes_at_once(make, lost, stuck):
    stuck.errors.append(Unavailable("full", code="disk-full"))
    store = make()
    met(stuck, 1)
    store.close()
    assert not store._rebuilding._thread.is_alive()


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
        store.end_rebuilding()


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


# --- a file of another log


@pytest.fixture
def diverged(make, path, monkeypatch):
    """Puts a folder back to an earlier day, beside a catalog file of the days after: of `held` products since, of `more` in the log."""

    def put_back(held_, more):
        store = make()
        Publisher(store).publish(goods(20))
        store.close()
        early = path.read_bytes()
        store = make()
        Publisher(store).publish(goods(held_, price=500))
        store.close()
        path.write_bytes(early)
        with monkeypatch.context() as patch:
            patch.setattr(store_module, "catch_up", lambda *_, **__: None)
            patch.setattr(Rebuilding, "start", lambda _: None)
            store = make()
            Publisher(store).publish(goods(more, price=900))
            store.close()
        found = {f"P{number:05d}": 100 + number for number in range(20)}
        return found | {f"P{number:05d}": 900 + number for number in range(more)}

    return put_back


def priced(store):
    """Once all of it is there: what each offer costs."""
    found = rebuilt(store)[0]
    return {entry.name: from_bytes(Offer, entry.record).price.minor for entry in found if entry.noun == "offer"}


@pytest.mark.parametrize(("held_", "more"), [(15, 16), (15, 18), (15, 40), (3, 4), (24, 25)])
def test_a_shorter_file_of_another_log_is_not_taken_for_its_beginning(make, bounds, diverged, held_, more):
    signed = diverged(held_, more)
    store = make()
    assert priced(store) == signed
    assert held(store).size == 40 + 2 * more
    assert is_whole(store)


def test_it_is_not_where_little_lacks_either_and_what_was_let_go_goes_in_pieces(make, diverged, monkeypatch):
    signed = diverged(15, 16)
    kept, original = [], FileWriter.forget_some
    monkeypatch.setattr(FileWriter, "forget_some", lambda writer, feed: (kept.append(feed), original(writer, feed, 7))[1])
    monkeypatch.setattr(FileWriter, "forget", lambda *_: pytest.fail("all in one transaction"))
    store = make()
    assert priced(store) == signed
    assert len(kept) > 2


def test_it_is_not_where_something_is_signed_before_it_was_told(make, diverged, monkeypatch):
    diverged(15, 16)
    monkeypatch.setattr(store_module, "_follows", lambda *_: True)
    store = make()
    Publisher(store).publish(goods(2, price=1))
    found = priced(store)
    assert (found["P00000"], found["P00002"], found["P00019"]) == (1, 902, 119)


def test_control_a_file_that_is_behind_in_the_same_log_goes_on_from_there(make, lost, gate, monkeypatch):
    store = make()
    assert gate.held.wait(SECONDS)
    store.close()
    monkeypatch.setattr(FileWriter, "let_go", lambda *_: pytest.fail("it began again"))
    gate.opened.set()
    assert rebuilt(make()) == lost


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 48, 100, 112, 257])
def test_the_root_of_the_stored_tree_is_the_logs(make, size):
    store, leaves = make(), [bytes([number % 256]) * 32 for number in range(size)]

    def run(writing):
        tail, grown = b"", 0
        for at in range(0, size, 37):
            tail = catalog_tree.grow(writing._db, 1, grown, tail, leaves[at : at + 37])
            grown = min(size, at + 37)
        return catalog_tree.root(writing._db, 1, size, tail)

    assert store.catalog.write_now(run) == Frontier().append(*leaves).root


def test_a_tree_of_which_something_is_missing_has_no_root(make, lost):
    store = make()
    rebuilt(store)
    store.catalog.write_now(lambda writing: writing._db.execute("DELETE FROM tree WHERE level = 5"))
    assert store.catalog.write_now(lambda writing: catalog_tree.root(writing._db, writing.key(FEED), 100, bytes(4 * 32))) is None


def test_a_log_that_is_not_what_was_signed_is_named_and_the_file_is_not_begun_anew_for_it(make, bounds, lost, monkeypatch):
    monkeypatch.setattr(Rebuilding, "start", lambda _: None)
    store = make()
    store.write_now(
        lambda unit: unit.db.execute("UPDATE catalog_log SET operation = (SELECT operation FROM catalog_log WHERE seq = 4) WHERE seq = 2")
    )
    monkeypatch.setattr(FileWriter, "let_go", lambda *_: pytest.fail("it began again"))
    with pytest.raises(IntegrityError) as caught:
        store._rebuilding._follow()
    assert caught.value.code == "log-damaged"
    store.write_now(lambda unit: unit.db.execute("UPDATE catalog_log SET operation = x'a0' WHERE seq = 98"))
    with pytest.raises(IntegrityError) as caught:
        store._rebuilding._follow()
    assert caught.value.code == "log-damaged"
    assert not is_whole(store)


# --- who reads while the file follows what was just signed


@pytest.fixture
def following(make, bounds, monkeypatch):
    """A store whose first feed is signed and followed as far as `upto` entries, until `opened`."""
    store, held_, opened, original = make(), Event(), Event(), FileWriter.project
    upto = [0]

    def project(writer, feed, logged, *given):
        if logged.size > upto[0]:
            held_.set()
            assert opened.wait(SECONDS)
        return original(writer, feed, logged, *given)

    monkeypatch.setattr(FileWriter, "project", project)
    signing = Thread(target=lambda: Publisher(store).publish(goods(20)))
    found = type("Following", (), {"store": store, "held": held_, "opened": opened, "upto": upto, "signing": signing})()
    yield found
    opened.set()
    signing.join()


def whole(unit):
    if not unit.catalog.is_whole(FEED):
        raise Unavailable("not all of it", code="not-ready")
    return unit.catalog.held(FEED).size


@pytest.mark.parametrize("upto", [0, 20])
@pytest.mark.parametrize("way", ["a thread", "the loop"])
def test_who_needs_all_of_it_waits_while_it_follows(following, monkeypatch, upto, way):
    monkeypatch.setattr(store_module, "PATIENCE_SECONDS", SECONDS)
    following.upto[0], store, refused = upto, following.store, Event()
    following.signing.start()
    assert following.held.wait(SECONDS)

    def read(unit):
        try:
            return whole(unit)
        except Unavailable:
            refused.set()
            raise

    found = []
    run = (lambda: store.read_now(read)) if way == "a thread" else (lambda: asyncio.run(store.read(read)))
    reading = Thread(target=lambda: found.append(run()))
    reading.start()
    assert refused.wait(SECONDS)
    assert found == []
    following.opened.set()
    reading.join()
    assert found == [40]


@pytest.mark.parametrize("way", ["a thread", "the loop"])
def test_it_is_refused_where_that_takes_too_long(following, monkeypatch, way):
    monkeypatch.setattr(store_module, "PATIENCE_SECONDS", 0.01)
    following.signing.start()
    assert following.held.wait(SECONDS)
    with pytest.raises(Unavailable, match="not all of it"):
        following.store.read_now(whole) if way == "a thread" else asyncio.run(following.store.read(whole))


def test_control_what_is_refused_otherwise_or_while_it_is_rebuilt_is_not_waited_for(following, monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE_SECONDS", SECONDS)
    monkeypatch.setattr(store_module, "wait", lambda *_, **__: pytest.fail("it waits"))
    store = following.store

    def refuse(unit):
        raise Unavailable("a picture", code="not-ready")

    following.signing.start()
    assert following.held.wait(SECONDS)
    with pytest.raises(Unavailable, match="a picture"):
        store.read_now(refuse)
    following.opened.set()
    following.signing.join()
    store.catalog.write_now(lambda writing: writing._db.execute("UPDATE heads SET checkpoint = NULL"))
    with pytest.raises(Unavailable, match="not all of it"):
        store.read_now(whole)
