"""The host as the rest of the node sees it, on the asyncio side: start, stop, request, who is paired, who is connected.

libp2p is imported in the host's thread, at the start. If the thread dies it is started again, and what was under way
fails with Unavailable: messages are safe in the outbox.
"""

import asyncio
import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from nacl.signing import SigningKey

from node.errors import Unavailable
from node.net.bridge import Bridge
from node.net.config import NetConfig
from protocol.peer_id import peer_id_of

if TYPE_CHECKING:
    from node.net.engine import Engine

logger = logging.getLogger(__name__)

START_SECONDS = 60.0  # the import of libp2p alone took 15 s with four times as many jobs as cores
STOP_SECONDS = 5.0
MAX_RESTART_SECONDS = 60.0


class Handler(Protocol):
    """Answers the requests of peers. ProtocolError and NodeError become error frames with their code."""

    async def handle(self, peer_id: str, topic: str, body: bytes) -> bytes:
        """The reply to one request, within the asker's deadline; it is cancelled then. May be asked twice the same."""
        ...


class Host:
    """One libp2p host under the device's Ed25519 key (`device_seed`, 32 bytes)."""

    def __init__(
        self,
        config: NetConfig,
        device_seed: bytes,
        handler: Handler,
        on_connect: Callable[[str], None] = lambda _peer: None,
    ) -> None:
        self.peer_id = peer_id_of(bytes(SigningKey(device_seed).verify_key))
        self.addresses: tuple[str, ...] = ()
        """Full multiaddrs, `/ip4/127.0.0.1/tcp/4001/p2p/…`; empty before the start."""
        self.on_connect = on_connect
        """Called in the asyncio loop with a peer id when its first connection is there."""
        self._config = config
        self._seed = device_seed
        self._handler = handler
        self._paired: frozenset[str] = frozenset()
        self._bridge: Bridge[Engine] | None = None
        self._engine: Engine | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, within a minute. Raises UserError `port-in-use`, `bad-address`; Unavailable `net-start`."""
        await self._start()
        self._keeper = asyncio.create_task(self._keep(), name="net-keeper")

    async def stop(self) -> None:
        """Close everything, within 5 s. May be called twice, or without a start."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        bridge, self._bridge, self._engine = self._bridge, None, None
        if bridge is not None:
            await bridge.stop(STOP_SECONDS)

    async def request(self, peer_id: str, addresses: Sequence[str], topic: str, body: bytes, deadline: float) -> bytes:
        """Ask a peer and wait at most `deadline` seconds from now. Dials `addresses` if it is not connected.

        Raises Unavailable (`unreachable`, `timed-out`, `link-broken`, `net-down`, and the peer's own `busy`,
        `too-fast`, `too-late`, `unavailable`): ask again later. Raises RemoteRefusal with the peer's code otherwise;
        UserError `bad-address`, Malformed and LocalError for arguments that cannot be right.
        """
        bridge, engine = self._bridge, self._engine
        if bridge is None or engine is None:
            raise Unavailable("the network is not running", code="net-down")
        try:
            async with asyncio.timeout(deadline + 1):  # the thread keeps the deadline; this keeps it if the thread hangs
                return await bridge.call(engine.request, peer_id, tuple(addresses), topic, body, deadline)
        except TimeoutError:
            raise Unavailable(f"peer {peer_id} did not answer in time", code="timed-out") from None

    def set_paired(self, peers: frozenset[str]) -> None:
        """Only these get past the topics hello and pair; it holds from the next request on."""
        self._paired = peers
        if self._engine is not None:
            self._engine.peers.paired = peers

    def connected(self) -> frozenset[str]:
        """The peers with at least one connection now."""
        return frozenset() if self._engine is None else self._engine.peers.names

    async def _start(self) -> None:
        bridge = Bridge(self._service)
        try:
            engine = await bridge.start(START_SECONDS)
        except BaseException:
            await bridge.stop(STOP_SECONDS)
            raise
        engine.peers.paired = self._paired
        self._bridge, self._engine, self.addresses = bridge, engine, engine.addresses

    def _service(self, bridge: "Bridge[Engine]") -> "AbstractAsyncContextManager[Engine]":
        # in the host's thread; some of libp2p's own imports are deprecated, which is not our user's business
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="websockets")
        from node.net.engine import run_engine

        async def handle(peer: str, topic: str, body: bytes) -> bytes:
            return await bridge.back(self._handler.handle, peer, topic, body)

        def connected(peer: str) -> None:
            bridge.post(lambda: self.on_connect(peer))

        return run_engine(self._config, self._seed, handle, connected)

    async def _keep(self) -> None:
        """Start the thread again whenever it has died, after 1 s and then twice as long each time."""
        pause = 1.0
        while True:
            assert self._bridge is not None
            error = await asyncio.shield(self._bridge.down)
            self._engine = None
            logger.error("the network thread died, it is started again in %g s", pause, exc_info=error)
            while self._engine is None:
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_RESTART_SECONDS)
                try:
                    await self._start()
                except Exception:
                    logger.exception("the network did not start; the next attempt comes in %g s", pause)
