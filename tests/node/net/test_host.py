"""The asyncio side: the whole host in its thread, the bridge in both directions, death and restart, two processes."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from net_lab import config, peer, port_of, seed

from node.errors import NotFound, RemoteRefusal, Unavailable, UserError
from node.net.bridge import Bridge
from node.net.host import Handler, Host
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.asyncio


class Scripted:
    """A handler that does what the body says."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.started = asyncio.Event()

    async def handle(self, peer_id, topic, body):
        self.started.set()
        match body:
            case b"missing":
                raise NotFound("no such thing")
            case b"bug":
                raise KeyError("secret")
            case b"sleep":
                try:
                    await asyncio.sleep(10 * PATIENCE)
                finally:
                    self.cancelled.set()
        return body


@asynccontextmanager
async def host(number, handler=None, *, paired=(), **settings):
    one = Host(config(**settings), seed(number), handler or Scripted())
    one.set_paired(frozenset(peer(other) for other in paired))
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


@asynccontextmanager
async def two_hosts(handler=None):
    async with host(1, paired=[2]) as one, host(2, handler, paired=[1]) as two:
        yield one, two


def ask(one, two, body=b"hi", seconds=PATIENCE, topic="order"):
    return one.request(two.peer_id, two.addresses, topic, body, seconds)


async def test_a_host_answers_and_knows_who_is_there():
    handler: Handler = Scripted()
    async with two_hosts(handler) as (one, two):
        came = asyncio.Event()
        two.on_connect = lambda who: came.set() if who == one.peer_id else None
        assert await ask(one, two) == b"hi"
        await asyncio.wait_for(came.wait(), PATIENCE)
        assert one.connected() == {two.peer_id}
        assert (one.peer_id, two.peer_id) == (peer(1), peer(2))
        assert two.addresses[0].endswith("/p2p/" + two.peer_id)
        answers = await asyncio.gather(*(ask(one, two, bytes([number])) for number in range(100)))
        assert answers == [bytes([number]) for number in range(100)]


async def test_errors_cross_the_bridge_with_their_codes(caplog):
    async with two_hosts() as (one, two):
        for body, code in ((b"missing", "not-found"), (b"bug", "internal")):
            with pytest.raises(RemoteRefusal) as refused:
                await ask(one, two, body)
            assert refused.value.code == code
        assert "secret" in caplog.text  # in our log, not on the wire
        with pytest.raises(UserError) as error:
            await one.request(peer(3), ["nowhere"], "order", b"", 1)
        assert error.value.code == "bad-address"
        assert await ask(one, two) == b"hi"


async def test_pairing_holds_from_the_next_request_on():
    async with two_hosts() as (one, two):
        two.set_paired(frozenset())
        with pytest.raises(RemoteRefusal) as error:
            await ask(one, two)
        assert error.value.code == "not-paired"
        two.set_paired(frozenset([one.peer_id]))
        assert await ask(one, two) == b"hi"


async def test_a_deadline_reaches_the_handler():
    handler = Scripted()
    async with two_hosts(handler) as (one, two):
        with pytest.raises(Unavailable):
            await ask(one, two, b"sleep", 0.3)
        await asyncio.wait_for(handler.cancelled.wait(), PATIENCE)
        assert await ask(one, two) == b"hi"


async def test_cancelling_a_request_frees_the_asker_at_once():
    handler = Scripted()
    async with two_hosts(handler) as (one, two):
        task = asyncio.create_task(ask(one, two, b"sleep", 5 * PATIENCE))
        await asyncio.wait_for(handler.started.wait(), PATIENCE)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < PATIENCE
        assert await ask(one, two) == b"hi"


async def test_stop_ends_what_is_under_way_and_may_be_called_twice():
    handler = Scripted()
    async with two_hosts(handler) as (one, two):
        task = asyncio.create_task(ask(one, two, b"sleep", 5 * PATIENCE))
        await asyncio.wait_for(handler.started.wait(), PATIENCE)
        started = time.monotonic()
        await one.stop()
        assert time.monotonic() - started < PATIENCE
        with pytest.raises(Unavailable):
            await task
        await one.stop()
        with pytest.raises(Unavailable) as error:
            await ask(one, two)
        assert error.value.code == "net-down"
        assert one.connected() == frozenset()


async def test_a_host_that_never_started_can_be_stopped():
    await Host(config(), seed(1), Scripted()).stop()


async def test_a_busy_port_is_named_and_leaves_nothing_behind():
    async with host(1) as one:
        other = Host(config(listen=(f"/ip4/127.0.0.1/tcp/{port_of(one.addresses[0])}",)), seed(2), Scripted())
        with pytest.raises(UserError, match="another program") as error:
            await other.start()
        assert error.value.code == "port-in-use"
        await other.stop()
    assert [thread.name for thread in threading.enumerate() if thread.name == "gemstra-net"] == []


async def test_a_host_whose_thread_dies_is_started_again(caplog):
    async with two_hosts() as (one, two):
        assert await ask(one, two) == b"hi"

        async def die():
            raise MemoryError("planted")

        trio_side = one._bridge
        trio_side._token.run_sync_soon(lambda: trio_side._nursery.start_soon(die))
        await asyncio.wait_for(asyncio.shield(trio_side.down), PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    assert await ask(one, two) == b"hi"
                    break
                except Unavailable:
                    await asyncio.sleep(0.05)
        assert one._bridge is not trio_side
        assert "planted" in caplog.text


async def test_a_service_that_hangs_at_its_start_is_given_up():
    @asynccontextmanager
    async def never():
        await trio.sleep_forever()
        yield None

    bridge = Bridge(lambda _: never())
    with pytest.raises(Unavailable) as error:
        await bridge.start(0.2)
    assert error.value.code == "net-start"
    await bridge.stop(5)
    assert bridge.down.done()
    with pytest.raises(Unavailable):
        await bridge.call(trio.sleep, 0)


async def test_calls_are_cancelled_under_trio_and_answered_when_it_ends():
    begun, ended = threading.Event(), threading.Event()

    @asynccontextmanager
    async def nothing():
        yield None

    async def wait():
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    bridge = Bridge(lambda _: nothing())
    await bridge.start(PATIENCE)
    task = asyncio.create_task(bridge.call(wait))
    assert await asyncio.to_thread(begun.wait, PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, PATIENCE)
    task = asyncio.create_task(bridge.call(trio.sleep_forever))
    await asyncio.sleep(0.05)
    await bridge.stop(5)
    with pytest.raises(Unavailable):
        await task


async def test_importing_the_package_does_not_import_libp2p():
    code = "import sys, node.net.host, node.net.config; print('libp2p' in sys.modules)"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == b"False\n"


async def test_two_processes_talk_and_the_loop_turns_while_libp2p_is_imported():
    """In the child everything is as in production: warnings are errors, libp2p is imported in the thread."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", str(Path(__file__).with_name("child_node.py")), peer(1),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        async with host(1) as one:
            there, addresses, importers = json.loads(await asyncio.wait_for(child.stdout.readline(), PATIENCE))
            assert importers == ["gemstra-net"]  # imported by the loop's own thread, libp2p would stop it for as long as the start takes
            body = os.urandom(200_000)
            assert await one.request(there, addresses, "order", body, PATIENCE) == f"{one.peer_id} order ".encode() + body
            child.stdin.close()
            assert await asyncio.wait_for(child.wait(), PATIENCE) == 0
            assert await child.stderr.read() == b""
            with pytest.raises(Unavailable):
                await one.request(there, addresses, "order", b"", 5)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
