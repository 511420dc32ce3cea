"""Backups of an open node run by themselves: at first, when a disk is plugged in, and never beside each other; locking ends them."""

import asyncio
import signal
import threading
import time
from contextlib import asynccontextmanager

import pytest

from node.app import backups as module
from node.app.backups import Backups
from node.config import Config
from node.errors import ConflictError, NotFound, UserError
from node.model.target import Description, Kind
from node.services import backup_runs, backup_targets
from node.store.store import Store
from node.targets.folder import Folder
from tests.node.services.world import World
from tests.node.targets.servers import dav, inside
from tests.patience import PATIENCE

pytestmark = pytest.mark.asyncio


class Machine:
    """One data folder with its keys; `open` is an unlocked node's backups over it, by the real clock."""

    def __init__(self, folder) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        node = World(self.data).node("ana")
        self.keys = node.keys
        node.store.close()
        self.news = asyncio.Event()

    @asynccontextmanager
    async def open(self, look=0.05):
        store = Store.open(self.data / "ana.db", self.keys.store_key, self.keys)
        backups = Backups(Config(self.data), store, self.keys, "test", self.news.set, look)
        loop = asyncio.get_running_loop()
        store.after_commit(lambda _: loop.call_soon_threadsafe(self.news.set))
        running = asyncio.create_task(backups.run())
        try:
            await asyncio.sleep(0)
            yield backups, store
            assert not running.done(), running.exception()
        finally:
            running.cancel()
            await asyncio.wait([running])
            store.close()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


async def runs_of(store):
    return await store.read(backup_runs.list_runs)


async def ended(machine, backups, store, count=1):
    """The runs, once there are so many and nothing is being done any more."""
    async with asyncio.timeout(PATIENCE):
        while backups.progress().doing != "nothing" or len(runs := await runs_of(store)) < count:
            await machine.news.wait()
            machine.news.clear()
    return runs


async def test_the_first_backup_makes_and_tries_itself(machine, tmp_path):
    async with machine.open() as (backups, store):
        await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        (run,) = await ended(machine, backups, store)
        assert (run.state, run.whole, run.drill) == ("done", True, "equal")
        await asyncio.sleep(0.3)
        assert len(await runs_of(store)) == 1
    assert not list(machine.data.glob("drill-*"))


async def test_a_missed_run_is_made_up_when_the_node_is_back(machine, tmp_path):
    async with machine.open() as (backups, store):
        view = await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        await ended(machine, backups, store)
        run = (await store.read(lambda unit: unit.backups.runs()))[0]
        target = bytes.fromhex(view.target)
        slept = type(run)(run.id, target, run.began - 10**9, run.ended - 10**9, "done", number=1, objects=run.objects)
        await store.write(lambda unit: unit.backups.keep_run(slept))
    async with machine.open() as (backups, store):
        assert [run.state for run in await ended(machine, backups, store, 2)] == ["done", "done"]


async def test_a_disk_that_is_not_plugged_in_is_waited_for(machine, tmp_path):
    disk, away = tmp_path / "disk", tmp_path / "pulled-out"
    async with machine.open(look=3600) as (backups, _):
        await backups.add_target(Description(Kind.DISK, str(disk)), "Blue disk")
    disk.rename(away)
    disk.mkdir()  # the empty mount point
    async with machine.open() as (backups, store):
        await asyncio.sleep(0.4)
        assert await runs_of(store) == []
        assert inside(disk) == []
        disk.rmdir()
        away.rename(disk)
        (run,) = await ended(machine, backups, store)
        assert (run.state, run.drill) == ("done", "equal")


async def test_a_server_that_dies_in_the_middle_is_a_failed_run_and_the_next_goes_on(machine, tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with dav(folder) as server:
        async with machine.open(look=3600) as (backups, store):
            view = await backups.add_target(server.description(), "Cloud")
            target = bytes.fromhex(view.target)
            server.end(signal.SIGKILL)
            await backups.back_up(target)
            (run,) = await ended(machine, backups, store)
            assert (run.state, run.code) == ("failed", "target-unreachable")
            server.start()
            await backups.back_up(target)
            run = (await ended(machine, backups, store, 2))[0]
            assert (run.state, run.drill) == ("done", "equal")


async def test_by_hand_one_at_a_time(machine, tmp_path):
    async with machine.open(look=3600) as (backups, store):
        view = await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        target = bytes.fromhex(view.target)
        begun = await backups.back_up(target)
        assert (begun.doing, begun.target, begun.name) == ("backup", view.target, "Shelf")
        for call in (backups.back_up, backups.drill):
            with pytest.raises(ConflictError) as caught:
                await call(target)
            assert caught.value.code == "backup-running"
        await ended(machine, backups, store)
        with pytest.raises(NotFound):
            await backups.back_up(bytes(32))
        assert len(await runs_of(store)) == 1


async def test_stopped_it_goes_on_from_there(machine, tmp_path):
    async with machine.open(look=3600) as (backups, store):
        view = await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        target = bytes.fromhex(view.target)
        await backups.back_up(target)
        backups.stop()
        (run,) = await ended(machine, backups, store)
        assert (run.state, run.code) == ("failed", "backup-cancelled")
        await backups.back_up(target)
        assert (await ended(machine, backups, store, 2))[0].drill == "equal"


async def test_locking_ends_a_run_that_hangs(machine, tmp_path, monkeypatch):
    """A place that answers nothing keeps neither the lock nor the process waiting; the run is over at the next unlock."""
    reached, answer = threading.Event(), threading.Event()

    def hangs(*_args, **_more):
        reached.set()
        answer.wait(5 * PATIENCE)
        raise OSError("too late")

    async with machine.open(look=3600) as (backups, _):
        view = await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        monkeypatch.setattr(Folder, "put", hangs)
        await backups.back_up(bytes.fromhex(view.target))
        await asyncio.to_thread(reached.wait, PATIENCE)
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE
    answer.set()
    monkeypatch.undo()
    async with machine.open(look=3600) as (_, store):
        async with asyncio.timeout(PATIENCE):
            while (await runs_of(store))[0].state == "running":
                await machine.news.wait()
                machine.news.clear()
        (run,) = await runs_of(store)
        assert (run.state, run.code) == ("failed", "backup-interrupted")


async def test_the_folder_of_the_node_is_no_place(machine):
    async with machine.open(look=3600) as (backups, store):
        for where in (machine.data, machine.data / "b", machine.data / ".." / "data"):
            with pytest.raises(UserError) as caught:
                await backups.add_target(Description(Kind.FOLDER, str(where)), "")
            assert caught.value.code == "bad-target"
        assert await store.read(backup_targets.list_targets) == []


async def test_removing_a_place_ends_the_run_there(machine, tmp_path):
    async with machine.open(look=3600) as (backups, store):
        view = await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        target = bytes.fromhex(view.target)
        await backups.back_up(target)
        await backups.remove_target(target)
        assert backups.progress().doing == "nothing"
        assert await runs_of(store) == []
        await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")


async def test_a_place_that_can_no_longer_be_opened_is_a_failed_run(machine, monkeypatch, tmp_path):
    def broken(_description):
        raise UserError("There is no such region.", code="bad-target")

    async with machine.open() as (backups, store):
        await backups.add_target(Description(Kind.FOLDER, str(tmp_path / "b")), "Shelf")
        monkeypatch.setattr(module, "_open", broken)
        (run,) = await ended(machine, backups, store)
        assert (run.state, run.code) == ("failed", "bad-target")
        await asyncio.sleep(0.3)
        assert len(await runs_of(store)) == 1


async def test_a_disk_that_refuses_is_a_failed_run_and_the_node_goes_on(machine, monkeypatch, tmp_path):
    def refuses(*_args, **_more):
        raise UserError("It does not allow it.", code="target-refused")

    async with machine.open() as (backups, store):
        await backups.add_target(Description(Kind.DISK, str(tmp_path / "b")), "Blue disk")
        monkeypatch.setattr(Folder, "entries", refuses)
        (run,) = await ended(machine, backups, store)
        assert (run.state, run.code) == ("failed", "target-refused")
