import asyncio
import threading

import pytest
from sqlcipher3 import dbapi2

from node.errors import Locked


def put(unit, key, value):
    unit.settings.set(key, value)
    return value


def get(unit, key):
    return unit.settings.get(key)


@pytest.mark.asyncio
async def test_what_is_written_is_read_and_survives_closing(make):
    store = make()
    assert await store.write(put, "name", "Ana") == "Ana"
    assert await store.read(get, "name") == "Ana"
    store.close()
    assert make().read_now(get, "name") == "Ana"


@pytest.mark.asyncio
async def test_an_exception_undoes_everything_and_calls_no_hook(store):
    heard = []
    store.after_commit(heard.append)

    def fail(unit):
        put(unit, "name", "Ana")
        unit.touched("changes")
        raise KeyError

    with pytest.raises(KeyError):
        await store.write(fail)
    assert await store.read(get, "name") is None
    assert heard == []


@pytest.mark.asyncio
async def test_of_several_each_stands_for_itself(store):
    heard = []
    store.after_commit(heard.append)

    def good(unit):
        put(unit, "first", 1)
        unit.touched("changes")

    def bad(unit):
        put(unit, "second", 2)
        raise KeyError

    raised = await store.write_each((good, bad, lambda unit: put(unit, "third", 3)))
    assert [type(error) for error in raised] == [type(None), KeyError, type(None)]
    assert [await store.read(get, name) for name in ("first", "second", "third")] == [1, None, 3]
    assert heard == [{"changes"}]
    store.close()
    with pytest.raises(Locked):
        await store.write_each((good,))


@pytest.mark.asyncio
async def test_several_that_all_do_are_one_transaction(store):
    heard = []
    store.after_commit(heard.append)

    def said(topic):
        return lambda unit: unit.touched(topic)

    assert await store.write_each((said("changes"), said("outbox"))) == [None, None]
    assert heard == [{"changes", "outbox"}]
    store.close()


def test_hooks_hear_of_what_was_touched_after_the_commit(store):
    seen = []
    store.after_commit(lambda topics: seen.append((topics, store.read_now(get, "name"))))

    def change(unit):
        put(unit, "name", "Ana")
        unit.touched("changes")
        unit.touched("outbox")

    store.write_now(change)
    store.write_now(put, "other", 1)
    assert seen == [({"changes", "outbox"}, "Ana")]


def test_time_stands_still_inside_a_transaction(store, clock):
    def twice(unit):
        first = unit.now
        clock.now += 5
        return first, unit.now

    first, second = store.write_now(twice)
    assert first == second


def test_the_unit_knows_who_we_are_and_draws_from_the_given_source(make):
    store = make(entropy=lambda count: b"7" * count)
    assert store.read_now(lambda unit: (unit.me, unit.random(3))) == ("me", b"777")


def test_a_reader_cannot_write(store):
    with pytest.raises(dbapi2.OperationalError, match="readonly"):
        store.read_now(put, "name", "Ana")


def test_a_reader_sees_one_snapshot(store):
    store.write_now(put, "name", "before")
    reading, written = threading.Event(), threading.Event()

    def look_twice(unit):
        first = get(unit, "name")
        reading.set()
        assert written.wait(10)
        return first, get(unit, "name")

    future = store._submit_read(look_twice)
    assert reading.wait(10)
    store.write_now(put, "name", "after")
    written.set()
    assert future.result(10) == ("before", "before")


@pytest.mark.asyncio
async def test_cancelled_while_waiting_never_runs_and_cancelled_while_running_is_whole(store):
    running, release = threading.Event(), threading.Event()

    def slow(unit):
        put(unit, "first", 1)
        running.set()
        assert release.wait(10)
        put(unit, "second", 2)

    one = asyncio.create_task(store.write(slow))
    two = asyncio.create_task(store.write(put, "never", 3))
    assert await asyncio.to_thread(running.wait, 10)
    one.cancel()
    two.cancel()
    await asyncio.wait([one, two])
    assert one.cancelled()
    assert two.cancelled()
    release.set()
    await store.write(put, "after", 4)  # the writer goes on, in order
    found = await store.read(lambda unit: [get(unit, key) for key in ("first", "second", "never", "after")])
    assert found == [1, 2, None, 4]


def test_a_closed_store_says_so(store):
    store.close()
    store.close()
    with pytest.raises(Locked):
        store.write_now(put, "name", "Ana")
    with pytest.raises(Locked):
        store.read_now(get, "name")


def test_closing_folds_the_log_into_the_file(store, path):
    store.write_now(put, "name", "Ana")
    store.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["store-catalog.db", "store.db"]
