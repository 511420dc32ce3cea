"""Caps, pairing and budgets: what one peer may hold, say and spend."""

from contextlib import AsyncExitStack

import pytest
import trio
from libp2p.peer.id import ID
from multiaddr import Multiaddr
from net_lab import ask, asking, config, dial, hostile, ours, pair, peer, read_all, talk, until

from node.errors import RemoteRefusal, Unavailable
from node.net import serving
from node.net.config import Budget
from protocol.session import Session

pytestmark = pytest.mark.anyio

ORDER = "/gemstra/order/1"
HELLO = "/gemstra/hello/1"


# -- rail 11: caps


async def test_streams_per_peer_are_capped():
    async with ours(1, settings=config(streams_per_peer=8), paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        kept = [await talk(conn, ORDER) for _ in range(8)]
        with pytest.raises(Exception, match=r".*"):
            await talk(conn, ORDER)
        await kept[0].close()
        await until(lambda: len(one.peers.living(peer(2))[0].conn.get_streams()) < 8)
        await talk(conn, ORDER)


async def test_a_flood_of_streams_is_a_breach():
    async with ours(1, settings=config(streams_per_peer=4), paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        (mine,) = one.peers.living(peer(2))
        with trio.move_on_after(10):
            try:
                for _ in range(serving.STRIKES + 40):
                    await conn.new_stream()
            except Exception:
                pass
        await until(lambda: not mine.alive)


async def test_strangers_do_not_crowd_out_the_paired():
    crowd = hostile(5), hostile(6), hostile(7), hostile(2)
    async with ours(1, settings=config(strangers=2, connections=3), paired=[2]) as one, AsyncExitStack() as stack:
        a, b, c, friend = [await stack.enter_async_context(one_of) for one_of in crowd]
        await dial(a, one.addresses[0], 1)
        await dial(b, one.addresses[0], 1)
        await dial(c, one.addresses[0], 1)
        await until(lambda: one.peers.names == {peer(5), peer(6)})
        await dial(friend, one.addresses[0], 1)
        await until(lambda: one.peers.names == {peer(5), peer(6), peer(2)})


async def test_a_paired_peer_takes_the_place_of_a_stranger():
    crowd = hostile(5), hostile(6), hostile(2)
    async with ours(1, settings=config(strangers=2, connections=2), paired=[2]) as one, AsyncExitStack() as stack:
        a, b, friend = [await stack.enter_async_context(one_of) for one_of in crowd]
        await dial(a, one.addresses[0], 1)
        await dial(b, one.addresses[0], 1)
        await dial(friend, one.addresses[0], 1)
        await until(lambda: one.peers.names == {peer(6), peer(2)})


async def test_a_stranger_is_shown_out_in_time():
    settings = config(ping_every_seconds=0.1, stranger_seconds=2)
    async with ours(1, settings=settings, paired=[2]) as one, ours(5) as stranger, ours(2) as friend:
        await ask(stranger, one, 1, topic="hello")
        await ask(friend, one, 1, topic="hello")
        await until(lambda: one.peers.names == {peer(2)})


async def test_connections_per_peer_are_capped():
    async with ours(1, paired=[2], settings=config(settle_seconds=0.5)) as one, hostile(2) as caller:
        for _ in range(6):
            await dial(caller, one.addresses[0], 1)
        await until(lambda: len(one.peers.living(peer(2))) <= 2)


async def test_we_dial_nobody_on_our_own():
    async with ours(1) as one, ours(2) as two:
        swarm = one.peers._swarm
        swarm.peerstore.add_addrs(ID.from_string(peer(2)), [Multiaddr(two.addresses[0].split("/p2p/")[0])], 1000)
        swarm._schedule_auto_connect()
        await trio.sleep(0.3)
        assert one.peers.names == frozenset()


async def test_we_do_not_talk_to_ourselves():
    async with ours(1) as one:
        with pytest.raises(Unavailable):
            await ask(one, one, 1, seconds=1)


# -- rail 14: who may say what, and how much


async def test_only_the_paired_get_past_hello_and_pair():
    async with ours(1) as one, ours(2) as two:
        assert await ask(two, one, 1, topic="hello") == b"hi"
        assert await ask(two, one, 1, topic="pair") == b"hi"
        with pytest.raises(RemoteRefusal) as error:
            await ask(two, one, 1, topic="order")
        assert error.value.code == "not-paired"
        one.peers.paired = frozenset({peer(2)})
        large = bytes(200_000)  # more than a stranger may send, on the stream it opened as one
        assert await ask(two, one, 1, large, topic="order") == large
        one.peers.paired = frozenset()
        with pytest.raises(RemoteRefusal):
            await ask(two, one, 1, topic="order")


@pytest.mark.parametrize("protocol", ["/gemstra/Order/1", "/gemstra//1", "/gemstra/order/2", "/ipfs/id/1.0.0", "/x", ""])
async def test_other_protocols_are_not_spoken(protocol):
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        with pytest.raises(Exception, match=r"not supported|failed|timed out"):
            await talk(conn, protocol)


async def test_a_strangers_frames_are_small():
    async with ours(1, settings=config(stranger=Budget(60, 1 << 20, 1 << 20, 1000))) as one, hostile(5) as caller:
        stream = await talk(await dial(caller, one.addresses[0], 1), HELLO)
        await stream.write((1001).to_bytes(4, "big"))
        (event,) = Session().receive(await read_all(stream))
        assert event.code == "too-large"


async def test_requests_per_minute_are_limited():
    settings = config(paired=Budget(5, 1 << 20, 1 << 20, 1 << 20))
    async with pair(settings=settings) as (one, two):
        for _ in range(5):
            await ask(one, two, 2)
        with pytest.raises(Unavailable) as error:
            await ask(one, two, 2)
        assert error.value.code == "too-fast"


async def test_bytes_per_minute_are_limited_before_they_are_parsed():
    settings = config(paired=Budget(1000, 10_000, 1 << 20, 1 << 20))
    async with pair(settings=settings) as (one, two):
        await ask(one, two, 2, bytes(5000))
        with pytest.raises(Unavailable) as error:
            await ask(one, two, 2, bytes(8000))
        assert error.value.code == "too-fast"
        await until(lambda: not two.peers.names)


async def test_what_is_in_flight_is_limited():
    go = trio.Event()

    async def handle(*_):
        await go.wait()
        return b""

    settings = config(paired=Budget(1000, 1 << 30, 10_000, 1 << 20))
    async with pair(handle, settings=settings) as (one, two), trio.open_nursery() as nursery:
        nursery.start_soon(ask, one, two, 2, bytes(8000))
        await until(lambda: two.peers.account(peer(1))._held == 8000)
        with pytest.raises(Unavailable) as error:
            await ask(one, two, 2, bytes(8000))
        assert error.value.code == "busy"
        go.set()


async def test_a_peer_that_does_not_read_its_answers_gets_no_more():
    handled = 0

    async def handle(*_):
        nonlocal handled
        handled += 1
        return bytes(500_000)

    async with ours(1, handle, paired=[2]) as one, hostile(2) as caller:
        stream = await talk(await dial(caller, one.addresses[0], 1), ORDER)
        await stream.write(b"".join(asking(number) for number in range(1, 200)))
        await trio.sleep(1)
        assert handled <= 65


async def test_a_stream_the_peer_has_ended_is_ended_here_too():
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        for _ in range(5):
            stream = await talk(conn, ORDER)
            await stream.close()
        (mine,) = one.peers.living(peer(2))
        await until(lambda: not mine.conn.muxed_conn.streams)
