"""The commands of backups and their places against a real node: socket, API, schedule, engine, folder and WebDAV server."""

import asyncio
import contextlib
import json
import os
import threading
from dataclasses import replace

import pytest
from aiohttp import web
from typer.testing import CliRunner

from node.api import backup as api
from node.api.http import add_api
from node.app.backups import Backups
from node.cli.root import app
from node.config import Config
from node.services import customers
from tests.node.cli.test_order_commands import Runtime
from tests.node.services.world import World
from tests.node.targets.dav_server import SECRET, USER
from tests.node.targets.servers import dav


@contextlib.contextmanager
def served(node, folder):
    """The node's API on its socket, with its backups, in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def start():
        pages, runtime = web.Application(), Runtime(node)
        runtime.backups = Backups(Config(folder), node.store, node.keys, "test", lambda: None, look=3600)
        runs = asyncio.create_task(runtime.backups.run())
        add_api(pages, runtime, api.ROUTES)
        runner = web.AppRunner(pages)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "node.sock")).start()
        ready.set()
        return runner, runs

    async def end(runner, runs):
        await runner.cleanup()
        runs.cancel()
        await asyncio.wait([runs])

    def run():
        held = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(end(*held))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def desk(tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    (tmp_path / "data").mkdir()

    def gemstra(*words, code=0, yes=True, secret=None):
        given = ["--data", str(tmp_path / "data"), "--json", "--no-input", *(["--yes"] if yes else []), "backup", *words]
        if secret:
            reading, writing = os.pipe()
            os.write(writing, secret.encode() + b"\n")
            os.close(writing)
            given += ["--secret-fd", str(reading)]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout.splitlines()[-1]) if result.stdout else result.stderr

    gemstra.node, gemstra.root = node, tmp_path / "disk"
    with served(node, tmp_path / "data"):
        yield gemstra
    world.close()


def test_a_place_from_adding_to_removing(desk):
    assert "[no-target]" in desk("now", code=3)
    added = desk("targets", "add", "disk", str(desk.root), "--name", "Blue disk")
    assert (added["name"], added["kind"], added["where"]) == ("Blue disk", "disk", str(desk.root))
    target = added["target"]
    assert [row["target"] for row in desk("targets", "list")] == [target]
    assert desk("targets", "change", target, "--every-hours", "6", "--keep-last", "2")["every_hours"] == 6
    assert "[bad-schedule]" in desk("targets", "change", target, "--keep-last", "0", code=1)
    assert desk("targets", "show", target)["keep_last"] == 2
    assert desk("targets", "test", target)["name"] == "Blue disk"
    assert "[needs-yes]" in desk("targets", "remove", target, code=1, yes=False)
    assert desk("targets", "remove", target)["target"] == target
    assert desk("targets", "list") == []
    assert "[bad-target]" in desk("targets", "add", "tape", "/dev/st0", code=1, secret="x")
    assert "[needs-secret]" in desk("targets", "add", "webdav", "https://cloud.example/x", "--user", "ana", code=1)


def test_a_backup_its_drill_and_the_list(desk):
    target = desk("targets", "add", "folder", str(desk.root))["target"]
    (run,) = desk("now")
    assert (run["state"], run["drill"], run["kept"]) == ("done", "equal", True)
    assert desk("drill", target)["drill"] == "equal"
    assert [row["run"] for row in desk("list", "--target", target)] == [run["run"]]
    assert desk("stop")["doing"] == "nothing"
    part = next(desk.root.rglob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    assert desk("drill", target, code=7)["drill"] == "different"


def test_a_place_that_fails_does_not_keep_the_others_from_it(desk, tmp_path):
    (tmp_path / "served").mkdir()
    with dav(tmp_path / "served") as server:
        desk("targets", "add", "webdav", server.description().where, "--user", USER, secret=SECRET)
        desk("targets", "add", "folder", str(desk.root))
        server.end(9)
        desk("now", code=6)
    assert [(row["name"], row["state"]) for row in desk("list")] == [("Folder", "done"), ("WebDAV", "failed")]


def test_one_customer_is_put_back(desk):
    made = desk.node.write(customers.add_customer, name="Mia Torres", note="prefers mornings")
    assert "[needs-target]" in desk("restore-customer", made.id, code=1)
    desk("targets", "add", "folder", str(desk.root))
    desk("now")
    id_ = bytes.fromhex(made.id)

    def overwrite(unit):
        found = unit.customers.get(id_)
        unit.customers.keep(replace(found, person=replace(found.person, notes="overwritten")))

    desk.node.write(overwrite)
    (field,) = desk("restore-customer", made.id, "--dry-run")["fields"]
    assert (field["now"], field["then"]) == ("overwritten", "prefers mornings")
    assert "[needs-yes]" in desk("restore-customer", made.id, code=1, yes=False)
    assert desk.node.read(customers.get_customer, customer=id_).details.note == "overwritten"
    desk("restore-customer", made.id)
    assert desk.node.read(customers.get_customer, customer=id_).details.note == "prefers mornings"
    assert desk("restore-customer", made.id)["fields"] == []
    assert "[not-found]" in desk("restore-customer", "0" * 64, code=3)
    assert "[no-backup]" in desk("restore-customer", made.id, "--number", "9", code=3)
