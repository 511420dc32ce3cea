"""Floods of a real host: silent dials, streams without end, strangers. The caps hold, and a friend is answered all the while."""

import logging
import sys
import warnings
from contextlib import AsyncExitStack
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[1] / "node" / "net"))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from net_lab import LOOPBACK, ask, dial, hostile, ours, peer, port_of

from node.net.config import NetConfig
from tests.patience import PATIENCE

FULL, SHORT = 1_000, 80
CONTROL = 80
GUARDED = NetConfig(listen=(LOOPBACK,), ping_every_seconds=30.0, handshake_seconds=60.0, negotiation_seconds=60.0)
BARE = NetConfig(
    listen=(LOOPBACK,), ping_every_seconds=30.0, handshake_seconds=60.0, negotiation_seconds=60.0,
    pending=10**6, pending_per_ip=10**6, streams_per_peer=10**6, strangers=10**6, connections=10**6,
)  # fmt: skip
HOST, FRIEND = 1, 2
FIRST_STRANGER = 10
STREAMS = 200  # on one connection; the library itself blocks at its 257th
TURNING_AWAY = 8  # streams above the cap that the host is about to end
ANSWER_SECONDS = PATIENCE


class Count:
    """The most of each that the host held at once."""

    def __init__(self) -> None:
        self.handshakes = self.streams = self.strangers = 0
        self.late: list[str] = []

    def beyond(self, caps: NetConfig) -> list[str]:
        found = (
            ("handshakes", self.handshakes, caps.pending_per_ip),
            ("streams of a peer", self.streams, caps.streams_per_peer + TURNING_AWAY),
            ("strangers", self.strangers, caps.strangers),
        )
        return [f"{most} {what} at once, {cap} allowed" for what, most, cap in found if most > cap] + self.late


async def _dials(host, size):
    """Sockets that connect and say nothing; how many are listened to."""
    silent = [await trio.open_tcp_stream("127.0.0.1", port_of(host.addresses[0])) for _ in range(size)]
    heard = 0
    for stream in silent:
        with trio.move_on_after(1):
            try:
                heard += bool(await stream.receive_some(100))
            except trio.BrokenResourceError:
                continue
    for stream in silent:
        await stream.aclose()
    return heard


async def _streams(host, caller, number):
    """Streams on one connection until it ends; the most the host held."""
    conn, most = await dial(caller, host.addresses[0], HOST), 0
    with trio.move_on_after(10):
        for _ in range(STREAMS):
            try:
                await conn.new_stream()
                await trio.lowlevel.checkpoint()
            except Exception:  # the host has had enough: that is the point
                break
            most = max([most, *(len(one.conn.get_streams()) for one in host.peers.living(peer(number)))])
    return most


async def _friend(count, friend, host, what):
    try:
        with trio.fail_after(ANSWER_SECONDS):
            await ask(friend, host, HOST)
    except Exception as error:
        count.late.append(f"a friend was not answered after the {what}: {error!r}")


async def _flood(size, settings):
    count = Count()
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(ours(HOST, settings=settings, paired=[FRIEND]))
        friend = await stack.enter_async_context(ours(FRIEND))
        await ask(friend, host, HOST)
        count.handshakes = await _dials(host, size)
        await _friend(count, friend, host, "dials")
        for number in range(FIRST_STRANGER, FIRST_STRANGER + max(1, size // STREAMS)):
            async with hostile(number) as caller:
                count.streams = max(count.streams, await _streams(host, caller, number))
        await _friend(count, friend, host, "streams")
        for number in range(100, 100 + min(40, size // 4)):
            caller = await stack.enter_async_context(hostile(number))
            with trio.move_on_after(3):
                try:
                    await dial(caller, host.addresses[0], HOST)
                except Exception:
                    continue
            count.strangers = max(count.strangers, len(host.peers.names) - 1)
        await _friend(count, friend, host, "strangers")
    return count


def _run(size, settings):
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return trio.run(_flood, size, settings).beyond(GUARDED)
    finally:
        logging.disable(before)


def run(size, folder):
    return _run(size, GUARDED)


def control(folder):
    """No caps."""
    return bool(_run(CONTROL, BARE))
