"""What peers can do to a host: each attack against ours, and against the stock host where that shows the difference."""

import logging
import math
import struct

import pytest
import trio
import trio.lowlevel
from libp2p.crypto.ed25519 import Ed25519PrivateKey, create_new_key_pair
from libp2p.crypto.keys import KeyPair
from libp2p.network.config import ConnectionConfig
from libp2p.security.insecure.transport import PLAINTEXT_PROTOCOL_ID, InsecureTransport
from libp2p.stream_muxer.yamux.yamux import YAMUX_HEADER_FORMAT
from net_lab import (
    ask,
    asking,
    config,
    dial,
    hostile,
    ours,
    pair,
    peer,
    port_of,
    pristine,
    read_all,
    relay,
    seed,
    stock,
    stock_address,
    talk,
    until,
)

from node.errors import RemoteRefusal, Unavailable
from node.net.patches import yamux
from protocol.session import Ended, Session
from tests.patience import PATIENCE

pytestmark = pytest.mark.anyio

ORDER = "/gemstra/order/1"
HELLO = "/gemstra/hello/1"


class Liar(Ed25519PrivateKey):
    """A private key that shows another's public key."""

    shown = None

    def get_public_key(self):
        return self.shown


def impostor(victim):
    """Options of a swarm that claims the identity of `victim` over plaintext."""
    public = create_new_key_pair(seed(victim)).public_key
    liar = Liar(create_new_key_pair(seed(9)).private_key.impl)
    liar.shown = public
    key = KeyPair(liar, public)
    return {"key": key, "sec_opt": {PLAINTEXT_PROTOCOL_ID: InsecureTransport(key)}}


# -- rail 1: plaintext


async def test_nobody_gets_in_over_plaintext_as_someone_else():
    async with ours(1, paired=[2]) as one, hostile(9, **impostor(2)) as liar:
        with pytest.raises(Exception, match="security"):
            await dial(liar, one.addresses[0], 1)
        assert one.peers.names == frozenset()


async def test_control_the_stock_host_takes_the_impostor_for_the_victim():
    async with stock(1) as host, hostile(9, **impostor(2)) as liar:
        await dial(liar, stock_address(host), 1)
        await until(lambda: [str(one) for one in host.get_network().connections] == [peer(2)])


async def test_we_do_not_fall_back_to_plaintext_when_we_dial():
    async with ours(1) as one, stock(3) as host:
        host.get_network().upgrader.security_multistream._selector.multiselect.handlers.pop("/noise")
        with pytest.raises(Unavailable) as error:
            await one.request(peer(3), [stock_address(host)], "order", b"", PATIENCE)
        assert error.value.code == "unreachable"


# -- rail 2: what a handler raises, what negotiation gets


async def test_a_handler_with_a_bug_costs_one_answer(caplog):
    async def handle(_peer, _topic, body):
        return body if body == b"good" else 1 // 0

    async with pair(handle) as (one, two):
        with pytest.raises(RemoteRefusal) as error:
            await ask(one, two, 2, b"bad")
        assert error.value.code == "internal"
        assert "division" not in str(error.value)
        assert "ZeroDivisionError" in caplog.text
        assert await ask(one, two, 2, b"good") == b"good"


async def test_control_a_handler_with_a_bug_ends_the_stock_host(caplog):
    caplog.set_level(logging.CRITICAL, "libp2p")

    async def handle(_stream):
        raise ZeroDivisionError

    async def attack():
        async with hostile(2) as caller, stock(1, handlers={"/x": handle}) as host:
            await talk(await dial(caller, stock_address(host), 1), "/x")
            await trio.sleep(PATIENCE)
            pytest.fail("it lives")

    with pytest.raises(BaseExceptionGroup) as group:
        await attack()
    assert group.group_contains(ZeroDivisionError)


BAD_NEGOTIATION = {
    "no UTF-8": b"\x13/multistream/1.0.0\n\x03\xff\xfe\n",
    "an endless length": b"\x13/multistream/1.0.0\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    "a long message": b"\x13/multistream/1.0.0\n\xff\xff\xff\x7f" + bytes(5000),
    "no newline": b"\x13/multistream/1.0.0\n\x02ab",
    "nothing in it": b"\x13/multistream/1.0.0\n\x00",
    "another protocol": b"\x03ab\n",
    "nothing": b"",
}


@pytest.mark.parametrize("bytes_", BAD_NEGOTIATION.values(), ids=BAD_NEGOTIATION)
async def test_bad_negotiation_costs_one_stream(bytes_):
    async with ours(1, paired=[2], settings=config(negotiation_seconds=2)) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        stream = await conn.new_stream()
        await stream.write(bytes_) if bytes_ else None
        with trio.fail_after(PATIENCE):
            await read_all(stream, math.inf)
        good = await talk(conn, ORDER)
        session = Session()
        await good.write(session.request(b"still there", 1000)[1])
        assert session.receive(await good.read(1000))[0].body == b"still there"
        assert one.peers.names == {peer(2)}


async def test_control_two_bytes_of_no_utf8_end_the_stock_host(caplog):
    caplog.set_level(logging.CRITICAL, "libp2p")

    async def attack():
        async with hostile(2) as caller, stock(1) as host:
            conn = await dial(caller, stock_address(host), 1)
            await (await conn.new_stream()).write(BAD_NEGOTIATION["no UTF-8"])
            await trio.sleep(PATIENCE)
            pytest.fail("it lives")

    with pristine(), pytest.raises(BaseExceptionGroup) as group:
        await attack()
    assert group.group_contains(UnicodeDecodeError)


# -- rail 3: inbound slots


async def test_slots_are_given_back():
    async with ours(1, settings=config(pending=2, pending_per_ip=2, connections=2), paired=[2]) as one:
        for _ in range(6):
            async with hostile(2) as caller:
                await dial(caller, one.addresses[0], 1)
            await until(lambda: not one.peers.names)


async def test_control_the_stock_host_keeps_them():
    few = ConnectionConfig(max_connections=4, high_watermark=4, low_watermark=1, min_connections=1)
    async with stock(1, settings=few) as host:
        refused = 0
        for _ in range(5):
            async with hostile(2) as caller:
                try:
                    with trio.fail_after(PATIENCE):
                        await dial(caller, stock_address(host), 1)
                except Exception:
                    refused += 1
            await until(lambda: not host.get_network().connections)
        assert refused == 2


async def test_handshakes_under_way_are_capped_and_end_in_time():
    async with ours(1, settings=config(pending_per_ip=3, handshake_seconds=4), paired=[2]) as one:
        port = port_of(one.addresses[0])
        silent = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(3)]
        for stream in silent:
            assert (await stream.receive_some(100)).startswith(b"\x13/multistream")
        late = await trio.open_tcp_stream("127.0.0.1", port)
        with trio.fail_after(PATIENCE):
            assert await late.receive_some(100) == b""  # closed at once
        async with hostile(2) as caller:
            with pytest.raises(Exception, match="security"):
                await dial(caller, one.addresses[0], 1)
            for stream in silent:
                with trio.fail_after(PATIENCE):
                    assert await stream.receive_some(100) == b""
            await dial(caller, one.addresses[0], 1)
        for stream in (*silent, late):
            await stream.aclose()


# -- rail 4: length prefixes before anyone is known


async def knock(port, seconds):
    """Announce 256 MB before the handshake, send 64 kB; True if that was cut in this time."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        try:
            await stream.send_all(b"\x13/multistream/1.0.0\n" + b"\xff\xff\xff\x7f" + bytes(1000))
            with trio.move_on_after(seconds):
                while await stream.receive_some(1000):
                    pass
                return True
        except trio.BrokenResourceError:
            return True
    return False


async def test_an_announced_length_is_cut_before_the_handshake():
    async with ours(1) as one:
        assert await knock(port_of(one.addresses[0]), PATIENCE)


async def test_control_the_stock_host_waits_for_256_megabytes():
    with pristine():
        async with stock(1) as host:
            assert not await knock(port_of(stock_address(host)), 1.5)


# -- rail 5: Yamux


async def flood(conn, stream, frames):
    """Send `frames` of 64 KiB whatever the window says."""
    header = struct.pack(YAMUX_HEADER_FORMAT, 0, 0, 0, stream.muxed_stream.stream_id, 65536)
    try:
        for _ in range(frames):
            await conn.muxed_conn._write_frame(header + bytes(65536))
    except Exception:
        return


def buffered(connections):
    return max((len(buffer) for conn in connections for buffer in conn.muxed_conn.stream_buffers.values()), default=0)


async def test_a_sender_that_ignores_the_window_is_cut():
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        most = 0
        async with trio.open_nursery() as nursery:
            stream = await conn.new_stream()  # negotiates nothing, so nobody reads beyond a kilobyte
            nursery.start_soon(flood, conn, stream, 64)
            (mine,) = one.peers.living(peer(2))
            with trio.fail_after(PATIENCE):
                while mine.alive:
                    most = max(most, buffered([mine.conn]))
                    await trio.lowlevel.checkpoint()
        assert most <= yamux.WINDOW_BYTES


async def test_control_the_stock_host_keeps_it_all():
    async def sleep(_stream):
        await trio.sleep_forever()

    async with stock(1, handlers={"/x": sleep}) as host, hostile(2) as caller:
        conn = await dial(caller, stock_address(host), 1)
        await flood(conn, await talk(conn, "/x"), 64)
        theirs = next(iter(host.get_network().connections.values()))
        await until(lambda: buffered(theirs) >= 4 << 20)


async def test_one_frame_above_the_window_is_cut_before_it_is_read():
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        stream = await conn.new_stream()
        (mine,) = one.peers.living(peer(2))
        await conn.muxed_conn._write_frame(struct.pack(YAMUX_HEADER_FORMAT, 0, 0, 0, stream.muxed_stream.stream_id, (1 << 20) + 1))
        await until(lambda: not mine.alive)


async def test_a_connection_holds_no_more_than_eight_megabytes():
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        conn = await dial(caller, one.addresses[0], 1)
        (mine,) = one.peers.living(peer(2))
        most = 0
        async with trio.open_nursery() as nursery:
            for _ in range(16):
                nursery.start_soon(flood, conn, await conn.new_stream(), 14)
            with trio.fail_after(PATIENCE):
                while mine.alive:
                    most = max(most, sum(map(len, mine.conn.muxed_conn.stream_buffers.values())))
                    await trio.lowlevel.checkpoint()
        assert 1 << 20 < most <= yamux.CONNECTION_BYTES


async def test_credit_is_given_in_steps():
    updates = []
    async with pair() as (one, two):
        await ask(one, two, 2)
        (mine,) = one.peers.living(peer(2))
        send = mine.conn.muxed_conn._write_frame

        async def count(data):
            if data[1] == 1:
                updates.append(struct.unpack(YAMUX_HEADER_FORMAT, data[:12]))
            await send(data)

        mine.conn.muxed_conn._write_frame = count
        for _ in range(100):
            await ask(one, two, 2, bytes(200))
        assert updates == []
        await ask(one, two, 2, bytes(700_000))
        assert 0 < len(updates) <= 6


# -- rails 6 and 9: silence


async def test_a_listener_that_says_nothing_costs_the_deadline_only():
    async with ours(1, settings=config(dial_seconds=5 * PATIENCE, handshake_seconds=5 * PATIENCE)) as one:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        address = f"/ip4/127.0.0.1/tcp/{listener.socket.getsockname()[1]}"
        with trio.fail_after(PATIENCE), pytest.raises(Unavailable) as error:
            await one.request(peer(2), [address], "order", b"", 0.5)
        assert error.value.code == "timed-out"
        await listener.aclose()


async def test_a_dial_is_given_up_in_time():
    async with ours(1, settings=config(dial_seconds=0.3)) as one:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        address = f"/ip4/127.0.0.1/tcp/{listener.socket.getsockname()[1]}"
        with pytest.raises(Unavailable) as error:
            await one.request(peer(2), [address], "order", b"", PATIENCE)
        assert error.value.code == "unreachable"
        assert one.peers._dials == {}
        await listener.aclose()


async def test_a_peer_that_accepts_a_stream_and_says_nothing_costs_the_deadline_only():
    async def sleep(_stream):
        await trio.sleep_forever()

    async with ours(1) as one, stock(3, handlers={ORDER: sleep}) as host:
        for _ in range(2):
            with pytest.raises(Unavailable) as error:
                await one.request(peer(3), [stock_address(host)], "order", b"", 0.5)
            assert error.value.code == "timed-out"


async def test_a_frozen_peer_is_found_and_dropped():
    settings = config(ping_every_seconds=0.2, ping_seconds=2)
    async with ours(1, settings=settings) as one, ours(2, paired=[1]) as two, relay(port_of(two.addresses[0])) as between:
        assert await one.request(peer(2), [between.address], "order", b"x", PATIENCE) == b"x"
        await trio.sleep(2.5)
        assert one.peers.names == {peer(2)}  # while it answers, it stays
        between.frozen = True
        await until(lambda: not one.peers.names)


async def test_a_peer_that_stops_in_a_frame_is_shown_out():
    settings = config(frame_seconds=0.3)
    async with ours(1, settings=settings, paired=[2]) as one, hostile(2) as caller:
        stream = await talk(await dial(caller, one.addresses[0], 1), ORDER)
        await stream.write(Session().request(b"12345", 1000)[1][:-2])
        assert [type(event) for event in Session().receive(await read_all(stream))] == [Ended]


# -- rail 7: framing


async def test_frames_that_come_byte_by_byte_are_read():
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        stream = await talk(await dial(caller, one.addresses[0], 1), ORDER)
        session = Session()
        for byte in session.request(bytes(300), 5000)[1]:
            await stream.write(bytes([byte]))
        (event,) = session.receive(await stream.read(1000))
        assert event.body == bytes(300)


def answering(number):
    """The frame of a reply to a request with this id."""
    session = Session()
    session.receive(asking(number))
    return session.reply(number, b"")


def after_one():
    """A session that has asked once."""
    session = Session()
    session.request(b"", 1)
    return session


BREACHES = {
    "too-large": b"\xff\xff\xff\xff",
    "malformed": b"\x00\x00\x00\x01\xff",
    "not-canonical": b"\x00\x00\x00\x0d" + bytes.fromhex("a4020100000419138806426869"),
    "duplicate-id": 2 * asking(1),
    "unknown-id": answering(1),
}


async def commit(code, one, caller):
    """Break a rule; returns when the peer was told and dropped."""
    stream = await talk(await dial(caller, one.addresses[0], 1), ORDER)
    await stream.write(BREACHES[code])
    assert after_one().receive(await read_all(stream))[-1].code == code
    await until(lambda: not one.peers.names)


@pytest.mark.parametrize("code", BREACHES)
async def test_a_breach_is_named_and_the_peer_dropped(code):
    async with ours(1, paired=[2]) as one, hostile(2) as caller:
        await commit(code, one, caller)


async def test_who_broke_a_rule_is_kept_out_for_a_while():
    async with ours(1, settings=config(forgive_seconds=3), paired=[2]) as one, hostile(2) as caller:
        await commit("malformed", one, caller)
        with pytest.raises(Exception, match=r".*"):
            await talk(await dial(caller, one.addresses[0], 1), ORDER)
        await trio.sleep(3.1)
        await talk(await dial(caller, one.addresses[0], 1), ORDER)


async def test_a_peer_whose_answer_breaks_the_protocol_costs_that_request_only():
    async def lie(stream):
        await stream.read(1000)
        await stream.write(b"\x00\x00\x00\x01\xff")

    async with ours(1) as one, stock(3, handlers={ORDER: lie}) as host:
        with pytest.raises(RemoteRefusal) as error:
            await one.request(peer(3), [stock_address(host)], "order", b"", PATIENCE)
        assert error.value.code == "malformed"


async def test_a_host_that_knows_no_topics_is_said_so():
    async with ours(1) as one, stock(3) as host:
        with pytest.raises(RemoteRefusal) as error:
            await one.request(peer(3), [stock_address(host)], "order", b"", PATIENCE)
        assert error.value.code == "unknown-topic"
