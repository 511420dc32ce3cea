"""Two hosts that wish each other well: requests, refusals, reuse of streams, doubled connections, start and stop."""

import logging

import pytest
import trio
from libp2p.peer.id import ID
from multiaddr import Multiaddr
from net_lab import ask, config, ours, pair, peer, port_of, pristine, stock, stock_address, until

from node.errors import NotFound, RemoteRefusal, Unavailable, UserError
from node.net.streams import open_stream
from protocol.errors import BadSignature, LocalError, Malformed
from protocol.session import MAX_BODY_BYTES
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio


async def test_a_request_is_answered_and_its_sender_is_known():
    seen = []

    async def handle(sender, topic, body):
        seen.append((sender, topic, body))
        return b"answer"

    async with pair(handle) as (one, two):
        assert await ask(one, two, 2) == b"answer"
        assert await ask(two, one, 1, b"back", "feed") == b"answer"
    assert seen == [(peer(1), "order", b"hi"), (peer(2), "feed", b"back")]


async def test_many_at_once_share_one_stream_and_come_back_to_the_right_asker():
    async with pair() as (one, two):
        answers = {}

        async def one_of(number):
            answers[number] = await ask(one, two, 2, number.to_bytes(2, "big") * 50)

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(one_of, number)
        assert answers == {number: number.to_bytes(2, "big") * 50 for number in range(200)}
        (connection,) = one.peers._by_peer[peer(2)]
        assert list(connection.links) == ["order"]
        assert len(connection.conn.get_streams()) == 1


async def test_the_largest_body_goes_both_ways():
    body = bytes(range(256)) * (MAX_BODY_BYTES // 256)
    async with pair() as (one, two):
        assert await ask(one, two, 2, body) == body


async def test_a_body_above_the_limit_is_our_own_mistake():
    async with pair() as (one, two):
        with pytest.raises(LocalError) as error:
            await ask(one, two, 2, bytes(MAX_BODY_BYTES + 64))
        assert error.value.code == "too-large"
        assert await ask(one, two, 2) == b"hi"


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotFound("no such order"), "not-found"), (BadSignature("no", code="wrong-domain"), "wrong-domain")],
)
async def test_what_the_handler_refuses_arrives_with_its_code(error, code):
    async def handle(*_):
        raise error

    async with pair(handle) as (one, two):
        with pytest.raises(RemoteRefusal) as refused:
            await ask(one, two, 2)
    assert (refused.value.code, str(refused.value)) == (code, str(error))


async def test_unavailable_on_the_other_side_is_unavailable_here():
    async def handle(*_):
        raise Unavailable("the store is busy")

    async with pair(handle) as (one, two):
        with pytest.raises(Unavailable) as error:
            await ask(one, two, 2)
    assert error.value.code == "unavailable"


async def test_an_answer_that_cannot_be_sent_is_the_handlers_bug(caplog):
    async def handle(*_):
        return bytes(MAX_BODY_BYTES + 1)

    async with pair(handle) as (one, two):
        with pytest.raises(RemoteRefusal) as error:
            await ask(one, two, 2)
    assert error.value.code == "internal"
    assert "answered 1048513 bytes" in caplog.text


async def test_the_asker_waits_no_longer_than_its_deadline_and_the_handler_is_cancelled():
    cancelled = trio.Event()

    async def handle(*_):
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with pair(handle) as (one, two):
        with trio.fail_after(PATIENCE), pytest.raises(Unavailable) as error:
            await ask(one, two, 2, seconds=0.3)
        assert error.value.code in {"timed-out", "too-late"}
        with trio.fail_after(PATIENCE):
            await cancelled.wait()


async def test_a_late_answer_disturbs_nobody():
    slow = trio.Event()

    async def handle(_peer, _topic, body):
        if body == b"slow":
            await slow.wait()
        return body

    async with pair(handle) as (one, two):
        await ask(one, two, 2)
        with trio.move_on_after(0.1):
            await ask(one, two, 2, b"slow")
        slow.set()
        for _ in range(20):
            assert await ask(one, two, 2, b"quick") == b"quick"


async def test_cancelling_while_a_large_body_is_written_spares_the_connection():
    async with pair() as (one, two):
        await ask(one, two, 2)
        (connection,) = one.peers._by_peer[peer(2)]
        for _ in range(20):
            with trio.move_on_after(0.002):
                await ask(one, two, 2, bytes(900_000))
        assert await ask(one, two, 2, b"other", "feed") == b"other"
        assert one.peers._by_peer[peer(2)] == [connection]


async def test_a_write_that_is_cancelled_half_way_is_finished_first():
    """Half a ciphertext would end the connection with all its streams."""
    async with pair() as (one, two):
        await ask(one, two, 2)
        (mine,) = one.peers.living(peer(2))
        stream = await open_stream(mine.conn, "/gemstra/feed/1", 5)
        socket = mine.conn.muxed_conn.secured_conn.conn.read_writer.read_write_closer.stream.stream
        send = socket.send_all

        async def in_halves(data):
            await send(data[: len(data) // 2])
            await trio.sleep(0.05)
            await send(data[len(data) // 2 :])

        socket.send_all = in_halves
        with trio.move_on_after(0.02):
            await stream.write(b"\0\0")  # a frame's beginning, so that nobody answers
        assert await ask(one, two, 2) == b"hi"
        assert one.peers.living(peer(2)) == [mine]


async def test_a_reader_behind_a_busy_handler_keeps_reading():
    """Rail 8: 9 MB arrive while no handler answers; a reader that waited would get the writer's stream reset."""
    go = trio.Event()

    async def handle(_peer, _topic, body):
        await go.wait()
        return body[:1]

    async with pair(handle) as (one, two):
        async with trio.open_nursery() as nursery:
            answers = []

            async def one_of():
                answers.append(await ask(one, two, 2, bytes(300_000), seconds=20))

            for _ in range(30):
                nursery.start_soon(one_of)
            await until(lambda: two.peers.account(peer(1))._held == 9_000_000)
            go.set()
        assert answers == [b"\0"] * 30


async def test_streams_come_and_go_without_a_trace():
    """Rail 13: the library's 257th open blocks when streams are not closed."""
    async with pair() as (one, two):
        await ask(one, two, 2)
        (mine,), (theirs,) = one.peers._by_peer[peer(2)], two.peers._by_peer[peer(1)]
        for _ in range(20):
            assert await ask(one, two, 2, seconds=2) == b"hi"
            mine.links["order"].kill()
            await until(lambda: mine.links["order"].dead)
        await until(lambda: not mine.conn.muxed_conn.streams and not theirs.conn.muxed_conn.streams)
        assert mine.conn.muxed_conn.stream_backlog_semaphore.value == 256


async def test_a_dead_stream_is_opened_again():
    async with pair() as (one, two):
        await ask(one, two, 2)
        (connection,) = two.peers._by_peer[peer(1)]
        for stream in connection.conn.get_streams():
            await stream.reset()
        assert await ask(one, two, 2) == b"hi"


async def test_a_dead_connection_is_dialed_again():
    async with pair() as (one, two):
        await ask(one, two, 2)
        for _ in range(3):
            (connection,) = two.peers.living(peer(1))
            await connection.abort()
            assert await ask(one, two, 2) == b"hi"


async def test_who_comes_is_told_once():
    came = []
    async with ours(1, on_connect=came.append, paired=[2]) as one, ours(2, paired=[1]) as two:
        await ask(two, one, 1)
        await ask(two, one, 1, topic="feed")
        assert came == [peer(2)]
        assert one.peers.names == {peer(2)}
    assert one.peers.names == frozenset()


async def test_nobody_at_the_address():
    async with ours(1) as one:
        with pytest.raises(Unavailable) as error:
            await one.request(peer(2), ["/ip4/127.0.0.1/tcp/1"], "order", b"", PATIENCE)
        assert error.value.code == "unreachable"  # said as soon as it is known, not when the time is over
        with pytest.raises(Unavailable):
            await one.request(peer(2), [], "order", b"", 5)


async def test_the_right_address_among_wrong_ones_is_found():
    async with pair() as (one, two):
        wrong = ["/ip4/127.0.0.1/tcp/1", f"/ip4/127.0.0.1/tcp/{port_of(one.addresses[0])}"]
        assert await one.request(peer(2), [*wrong, *two.addresses], "order", b"x", PATIENCE) == b"x"


async def test_another_peer_at_the_address_is_not_taken_for_the_one_we_want():
    async with ours(1) as one, ours(3, paired=[1]) as other:
        bare = other.addresses[0].split("/p2p/")[0]
        with pytest.raises(Unavailable) as error:
            await one.request(peer(2), [bare], "order", b"", PATIENCE)
        assert error.value.code == "unreachable"


@pytest.mark.parametrize("address", ["", "127.0.0.1:4001", "/ip4/1.2.3/tcp/1", "/ip4/127.0.0.1/udp/1/quic-v1", "/unix/run"])
async def test_what_is_no_address(address):
    async with ours(1) as one:
        with pytest.raises(UserError) as error:
            await one.request(peer(2), [address], "order", b"", 5)
        assert error.value.code == "bad-address"


async def test_what_is_no_peer_id():
    async with ours(1) as one:
        with pytest.raises(Malformed):
            await one.request("nobody", [], "order", b"", 5)


async def test_two_that_dial_each_other_keep_the_same_connection():
    async with pair(settings=config(settle_seconds=1.0)) as (one, two):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, one, two, 2)
            nursery.start_soon(ask, two, one, 1)
        with trio.fail_after(PATIENCE):
            await two.peers._swarm.dial_addr(Multiaddr(one.addresses[0].split("/p2p/")[0]), ID.from_string(peer(1)))
            await one.peers._swarm.dial_addr(Multiaddr(two.addresses[0].split("/p2p/")[0]), ID.from_string(peer(2)))
        await until(lambda: len(one.peers._by_peer[peer(2)]) == len(two.peers._by_peer[peer(1)]) == 1)
        (mine,), (theirs,) = one.peers._by_peer[peer(2)], two.peers._by_peer[peer(1)]
        assert mine.dialed is (peer(1) < peer(2))
        assert theirs.dialed is not mine.dialed
        assert await ask(one, two, 2) == await ask(two, one, 1) == b"hi"


async def test_control_two_stock_hosts_keep_both_connections():
    async with stock(1) as one, stock(2) as two:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.get_network().dial_addr, Multiaddr(stock_address(two)), two.get_id())
            nursery.start_soon(two.get_network().dial_addr, Multiaddr(stock_address(one)), one.get_id())
        await until(lambda: len(one.get_network().get_connections(two.get_id())) == 2)
        await trio.sleep(1)
        assert len(one.get_network().get_connections(two.get_id())) == 2


async def test_a_busy_port_is_named(caplog):
    caplog.set_level(logging.CRITICAL)
    async with ours(1) as one:
        taken = f"/ip4/127.0.0.1/tcp/{port_of(one.addresses[0])}"
        with pytest.raises(BaseExceptionGroup) as group:
            async with ours(2, settings=config(listen=(taken,))):
                pytest.fail("both listen")
        error = group.value
        while isinstance(error, BaseExceptionGroup):
            (error,) = error.exceptions
        assert isinstance(error, UserError)
        assert error.code == "port-in-use"


async def test_control_two_stock_hosts_share_a_port():
    with pristine():
        async with stock(1) as one, stock(2, listen=stock_address(one).split("/p2p/")[0]) as two:
            assert stock_address(two) == stock_address(one)


async def test_the_port_is_free_again_at_once():
    async with ours(1, paired=[2]) as one, ours(2) as two:
        await ask(two, one, 1)
        port = port_of(one.addresses[0])
    async with ours(1, settings=config(listen=(f"/ip4/127.0.0.1/tcp/{port}",))) as again:
        assert port_of(again.addresses[0]) == port


async def test_all_interfaces_are_given_out_as_addresses_one_can_dial():
    async with ours(1, settings=config(listen=("/ip4/0.0.0.0/tcp/0",)), paired=[2]) as one, ours(2) as two:
        assert not any("0.0.0.0" in address for address in one.addresses)
        assert one.addresses[0].endswith(f"/p2p/{peer(1)}")
        assert await ask(two, one, 1) == b"hi"


async def test_announced_addresses_replace_the_interfaces():
    settings = config(announce=("/dns4/shop.example/tcp/4001",))
    async with ours(1, settings=settings) as one:
        assert one.addresses == (f"/dns4/shop.example/tcp/4001/p2p/{peer(1)}",)


async def test_listening_takes_ip_addresses_only():
    with pytest.raises(BaseExceptionGroup):
        async with ours(1, settings=config(listen=("/dns4/localhost/tcp/0",))):
            pytest.fail("it listens")
