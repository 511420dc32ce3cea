"""The host inside its thread: builds the guarded swarm, listens, asks and stops. Everything here runs under trio.

Guard rails 1 (Noise and Yamux are named: left to itself the library also accepts plaintext, with which any peer id can
be had) and 12 (after the start the addresses are checked). BasicHost is not used: with it come identify, which lets a
peer fill our address book, and tasks whose errors nobody catches. What we need of it is negotiation, in serving.py.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
from libp2p import new_swarm
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_noise_key
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE
from libp2p.security.noise.transport import Transport as Noise
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr

from node.errors import Unavailable, UserError
from node.net.addresses import announced, split
from node.net.config import NetConfig
from node.net.interfaces import interface_addresses
from node.net.links import LinkDied
from node.net.patches import accepting, dialing, listening, logs, negotiation, yamux
from node.net.peers import Peers
from node.net.serving import Handle, Server
from protocol.peer_id import public_key_of

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0


class Engine:
    """A running host. Its methods are called from tasks of its own trio run."""

    def __init__(self, swarm: Any, peers: Peers, addresses: tuple[str, ...]) -> None:
        self._swarm = swarm
        self.peers = peers
        self.addresses = addresses

    async def request(self, peer: str, addresses: Sequence[str], topic: str, body: bytes, seconds: float) -> bytes:
        """One request. Raises Unavailable (`unreachable`, `timed-out`, …) and RemoteRefusal.

        A stream that dies before the answer is tried once more on a new one, so a request may arrive twice.
        """
        public_key_of(peer)
        try:
            with trio.fail_after(seconds) as scope:
                return await self._ask(peer, addresses, topic, body, scope)
        except trio.TooSlowError:
            raise Unavailable(f"peer {peer} did not answer in time", code="timed-out") from None
        except LinkDied:
            raise Unavailable(f"the link to peer {peer} broke", code="link-broken") from None

    async def _ask(self, peer: str, addresses: Sequence[str], topic: str, body: bytes, scope: trio.CancelScope) -> bytes:
        for attempt in (1, 2):
            connection = await self.peers.connection(peer, addresses)
            link = self.peers.link(connection, topic)
            try:
                with connection.working():
                    return await link.ask(body, scope.deadline - trio.current_time())
            except LinkDied:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")


def _build(config: NetConfig, seed: bytes) -> Any:
    key = create_new_key_pair(seed)
    room = config.connections + config.pending  # our own caps decide, with knowledge of who is paired
    swarm = new_swarm(
        key_pair=key,
        sec_opt={NOISE: Noise(key, noise_privkey=create_noise_key().private_key)},
        muxer_opt={YAMUX: yamux.GuardedYamux},
        transports=[TCP()],
        retry_config=RetryConfig(max_retries=0),
        connection_config=ConnectionConfig(
            max_connections=room,
            high_watermark=room,
            low_watermark=0,
            min_connections=0,
            max_connections_per_peer=room,
            dial_timeout=config.dial_seconds,
            inbound_upgrade_timeout=config.handshake_seconds,
            outbound_upgrade_timeout=config.dial_seconds,
        ),
    )
    swarm.set_resource_manager(None)  # a second, looser set of the same caps, with its own leaks
    for module in (negotiation, listening, logs):
        module.install()
    yamux.install(swarm.upgrader, config.negotiation_seconds)
    gate = accepting.Gate(config.pending, config.pending_per_ip)
    accepting.install(swarm, gate, config.handshake_seconds)
    dialing.install(swarm)
    return swarm


async def _listen(swarm: Any, config: NetConfig, peer_id: str) -> tuple[str, ...]:
    for address in config.listen:
        kind, host, port, _ = split(address)
        if kind not in ("ip4", "ip6"):
            raise UserError(f"cannot listen at {address}: give an IP address", code="bad-address")
        await swarm.listen(Multiaddr(address))
        if address not in swarm.listeners:
            message = f"port {port} at {host} cannot be had: another program, perhaps another node, listens there"
            raise UserError(f"{message}. Stop it, or choose another port in the settings.", code="port-in-use")
    bound = [split(str(one))[1:3] for listener in swarm.listeners.values() for one in listener.get_addrs()]
    if not bound:
        raise UserError("the host listens nowhere: name an address in the settings", code="port-in-use")
    if config.announce:
        return tuple(f"{address}/p2p/{peer_id}" for address in config.announce)
    return announced(peer_id, bound, interface_addresses())


@asynccontextmanager
async def run_engine(config: NetConfig, seed: bytes, handle: Handle, on_connect: Callable[[str], None]) -> AsyncIterator[Engine]:
    """A listening host for the time of the block. Raises UserError `port-in-use`, `bad-address`."""
    swarm = _build(config, seed)
    async with background_trio_service(swarm), trio.open_nursery() as nursery:
        peers = Peers(swarm, config, nursery)
        peers.on_connect = on_connect
        swarm.register_notifee(peers)
        swarm.set_stream_handler(Server(peers, config, handle).accept)
        try:
            yield Engine(swarm, peers, await _listen(swarm, config, str(swarm.get_peer_id())))
        finally:
            with trio.CancelScope(shield=True):
                await peers.abort_all()
                with trio.move_on_after(CLOSE_SECONDS):
                    await swarm.close()  # rail 13: without it sockets leak
            nursery.cancel_scope.cancel()
