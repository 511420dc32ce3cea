"""Hosts for the tests: ours without the thread, stock ones as the library makes them, and hostile ones. All under trio."""

from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import trio
from libp2p import new_host, new_swarm
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.peer.id import ID
from libp2p.protocol_muxer import multiselect_communicator
from libp2p.protocol_muxer.multiselect_client import MultiselectClient
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.tcp import tcp
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr
from nacl.signing import SigningKey

from node.net.config import NetConfig
from node.net.engine import run_engine
from protocol.peer_id import peer_id_of
from protocol.session import Session
from tests.patience import PATIENCE

LOOPBACK = "/ip4/127.0.0.1/tcp/0"
QUIET = NetConfig(
    listen=(LOOPBACK,), ping_every_seconds=PATIENCE, handshake_seconds=PATIENCE, dial_seconds=PATIENCE, negotiation_seconds=PATIENCE
)


PRISTINE = (multiselect_communicator.read_delim, tcp._set_reuse_flags)  # no host was built before this line ran


@contextmanager
def pristine():
    """The library without our process-wide patches, for the controls."""
    patched = (multiselect_communicator.read_delim, tcp._set_reuse_flags)
    multiselect_communicator.read_delim, tcp._set_reuse_flags = PRISTINE
    try:
        yield
    finally:
        multiselect_communicator.read_delim, tcp._set_reuse_flags = patched


def seed(number):
    return bytes([number]) * 32


def peer(number):
    return peer_id_of(bytes(SigningKey(seed(number)).verify_key))


def port_of(address):
    return int(address.split("/")[4])


async def echo(_peer, _topic, body):
    return body


def config(**changes):
    return replace(QUIET, **changes)


@asynccontextmanager
async def ours(number, handle=echo, *, settings=QUIET, paired=(), on_connect=lambda _peer: None):
    """Our engine with the key of `number`, listening on a free port of the loopback."""
    async with run_engine(settings, seed(number), handle, on_connect) as engine:
        engine.peers.paired = frozenset(peer(one) for one in paired)
        yield engine


@asynccontextmanager
async def pair(handle=echo, *, settings=QUIET):
    """Two of our engines, paired: 1 and 2."""
    async with ours(1, handle, settings=settings, paired=[2]) as one, ours(2, handle, settings=settings, paired=[1]) as two:
        yield one, two


def ask(engine, other, number, body=b"hi", topic="order", seconds=PATIENCE):
    """A request from `engine` to the engine `other`, whose key is `number`."""
    return engine.request(peer(number), other.addresses, topic, body, seconds)


@asynccontextmanager
async def stock(number, *, listen=LOOPBACK, settings=None, handlers=None):
    """A host as the library makes it."""
    host = new_host(key_pair=create_new_key_pair(seed(number)), listen_addrs=[Multiaddr(LOOPBACK)], connection_config=settings)
    for protocol, handler in (handlers or {}).items():
        host.set_stream_handler(protocol, handler)
    async with host.run([Multiaddr(listen)]):
        try:
            yield host
        finally:
            with trio.move_on_after(3, shield=True):
                await host.close()


def stock_address(host):
    return str(host.get_transport_addrs()[0])


@asynccontextmanager
async def hostile(number, *, key=None, sec_opt=None):
    """A bare swarm of the library that only dials."""
    swarm = new_swarm(
        key_pair=key or create_new_key_pair(seed(number)),
        sec_opt=sec_opt,
        transports=[TCP()],
        retry_config=RetryConfig(max_retries=0),
        connection_config=ConnectionConfig(min_connections=0, low_watermark=0),
    )
    async with background_trio_service(swarm):
        try:
            yield swarm
        finally:
            with trio.move_on_after(3, shield=True):
                await swarm.close()


async def dial(swarm, address, number):
    """A connection of a bare swarm to the host with the key of `number`."""
    with trio.fail_after(PATIENCE):
        return await swarm.dial_addr(Multiaddr(address.split("/p2p/")[0]), ID.from_string(peer(number)))


async def talk(conn, protocol):
    """A negotiated stream on a connection of a bare swarm."""
    stream = await conn.new_stream()
    with trio.fail_after(PATIENCE):
        await MultiselectClient().select_one_of([protocol], MultiselectCommunicator(stream), PATIENCE)
    return stream


async def until(condition, seconds=PATIENCE):
    """Poll until it holds; TooSlowError otherwise."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110  what we wait for has no event
            await trio.sleep(0.01)


async def read_all(stream, seconds=PATIENCE):
    """Everything until the end, or until it is quiet for too long."""
    data = b""
    with trio.move_on_after(seconds):
        try:
            while chunk := await stream.read(65536):
                data += chunk
        except Exception:
            return data
    return data


@asynccontextmanager
async def relay(port):
    """A TCP relay on the loopback that can freeze: bytes are taken and kept."""

    class Relay:
        address = ""
        frozen = False

    state = Relay()

    async def copy(source, target):
        try:
            async for data in source:
                await until(lambda: not state.frozen, 3600)
                await target.send_all(data)
            await target.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async def serve(inside):
        async with await trio.open_tcp_stream("127.0.0.1", port) as outside, inside, trio.open_nursery() as nursery:
            nursery.start_soon(copy, inside, outside)
            nursery.start_soon(copy, outside, inside)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        state.address = f"/ip4/127.0.0.1/tcp/{listener.socket.getsockname()[1]}"
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield state
        nursery.cancel_scope.cancel()


def asking(number):
    """The frame of a request with this id."""
    session = Session()
    session._last_asked = number - 1
    return session.request(b"", 60_000)[1]
