"""Which peers are connected, over which connection, and who has to go. It decides caps, doubles, dials and health.

Guard rails 9 (a frozen peer is found by pings), 10 (we dial each address; of two connections both sides keep the same)
and 11 (own caps instead of the library's watermarks).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import trio
from libp2p.peer.id import ID
from libp2p.protocol_muxer.exceptions import ProtocolNotSupportedError
from multiaddr import Multiaddr

from node.errors import Unavailable
from node.net.addresses import dialable
from node.net.budgets import Account, Conduct
from node.net.config import NetConfig
from node.net.links import Link
from node.net.streams import PING, discard, open_stream, ping, protocol_of, shielded

logger = logging.getLogger(__name__)


class Connection:
    """One connection to a peer, with our streams on it."""

    def __init__(self, conn: Any, *, dialed: bool) -> None:
        self.conn = conn
        self.dialed = dialed
        self.peer = str(conn.muxed_conn.peer_id)
        self._busy = 0  # requests in flight, both ways
        self._idle = trio.Event()
        self.retired = False
        self.links: dict[str, Link] = {}
        self.gone = trio.Event()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A request is in flight for the time of the block."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        while self._busy:
            self._idle = trio.Event()
            await self._idle.wait()

    @property
    def alive(self) -> bool:
        """False as soon as the end is noticed; the library takes 0.2 s more to tell."""
        return not self.conn.muxed_conn.event_shutting_down.is_set()

    async def abort(self) -> None:
        """Close the socket at once. Asking politely first can hang for as long as the peer does not read."""
        with shielded(1):
            await self.conn.muxed_conn.secured_conn.close()


class Peers:
    """All connections of the host. The methods named like notifee calls are called by the swarm."""

    def __init__(self, swarm: Any, config: NetConfig, nursery: trio.Nursery) -> None:
        self._swarm = swarm
        self._config = config
        self._nursery = nursery
        self._me = str(swarm.get_peer_id())
        self._by_peer: dict[str, list[Connection]] = {}
        self._dials: dict[str, trio.Event] = {}
        self._accounts: dict[str, tuple[bool, Account]] = {}
        self.conduct = Conduct(config.forgive_seconds)
        self.paired: frozenset[str] = frozenset()
        self.names: frozenset[str] = frozenset()
        self.on_connect: Callable[[str], None] = lambda _peer: None

    # -- what others ask

    def find(self, conn: Any) -> Connection | None:
        """The record of a swarm connection, while it is admitted."""
        for mine in self._by_peer.get(str(conn.muxed_conn.peer_id), ()):
            if mine.conn is conn:
                return mine
        return None

    def account(self, peer: str) -> Account:
        """What the peer may spend; it begins anew when the peer is paired or unpaired."""
        paired = peer in self.paired
        known = self._accounts.get(peer)
        if known is None or known[0] is not paired:
            budget = self._config.paired if paired else self._config.stranger
            known = self._accounts[peer] = (paired, Account(budget, trio.current_time()))
        return known[1]

    async def connection(self, peer: str, addresses: Sequence[str]) -> Connection:
        """The connection to use for `peer`, dialed if there is none. Raises Unavailable `unreachable`."""
        while (best := self._best(peer)) is None:
            dial = self._dials.get(peer)
            if dial is not None:
                await dial.wait()
                if self._best(peer) is None:
                    raise Unavailable(f"peer {peer} cannot be reached at its known addresses", code="unreachable")
                continue
            self._dials[peer] = trio.Event()
            self._nursery.start_soon(self._dial, peer, dialable(peer, addresses))
        return best

    def link(self, connection: Connection, topic: str) -> Link:
        """The stream for `topic` on this connection, opened (again) if need be."""
        link = connection.links.get(topic)
        if link is None or link.dead:
            seconds = self._config.negotiation_seconds
            link = connection.links[topic] = Link(lambda: open_stream(connection.conn, protocol_of(topic), seconds))
            self._nursery.start_soon(link.run)
        return link

    async def punish(self, peer: str, reason: str) -> None:
        """The peer broke a rule: drop all its connections and let it back after a while."""
        seconds = self.conduct.breach(peer, trio.current_time())
        logger.warning("dropped %s for %g s: %s", peer, seconds, reason)
        for connection in tuple(self._by_peer.get(peer, ())):
            await connection.abort()

    async def abort_all(self) -> None:
        """Close every socket and wait a moment until the library has noticed."""
        everyone = [connection for known in self._by_peer.values() for connection in known]
        for connection in everyone:
            await connection.abort()
        with trio.move_on_after(2):
            for connection in everyone:
                await connection.gone.wait()

    # -- what the swarm tells

    async def connected(self, _swarm: Any, conn: Any) -> None:
        """A handshake is finished: admit or drop the connection."""
        known = Connection(conn, dialed=conn.direction.name == "OUTBOUND")
        reason = self._refusal(known)
        if reason is not None:
            logger.info("refused %s: %s", known.peer, reason)
            self._nursery.start_soon(known.abort)
            return
        mine = self._by_peer.setdefault(known.peer, [])
        mine.append(known)
        self._nursery.start_soon(self._watch, known)
        self.names = frozenset(self._by_peer)
        living = self.living(known.peer)
        for oldest in living[: -self._config.connections_per_peer]:
            self._nursery.start_soon(oldest.abort)
        if len(living) > 1:
            self._nursery.start_soon(self._settle, known.peer)
        else:
            self.on_connect(known.peer)

    async def disconnected(self, _swarm: Any, conn: Any) -> None:
        """A connection is gone."""
        known = self.find(conn)
        if known is None:
            return
        mine = self._by_peer[known.peer]
        mine.remove(known)
        if not mine:
            del self._by_peer[known.peer]
            self._accounts.pop(known.peer, None) if known.peer not in self.paired else None
        for link in known.links.values():
            link.kill()
        known.gone.set()
        self.names = frozenset(self._by_peer)

    async def opened_stream(self, swarm: Any, stream: Any) -> None:
        """Counted in node/net/serving.py."""

    async def closed_stream(self, swarm: Any, stream: Any) -> None:
        """Counted in node/net/serving.py."""

    async def listen(self, swarm: Any, address: Any) -> None:
        """Checked at the start."""

    async def listen_close(self, swarm: Any, address: Any) -> None:
        """Happens at the stop only."""

    # -- rules

    def _refusal(self, new: Connection) -> str | None:
        if new.peer == self._me:
            return "it is this node"
        if self.conduct.is_out(new.peer, trio.current_time()):
            return "it broke a rule a moment ago"
        everyone = [connection for known in self._by_peer.values() for connection in known]
        strangers = [known for known in everyone if self._is_stranger(known)]
        if self._is_stranger(new) and len(strangers) >= self._config.strangers:
            return "too many strangers"
        if len(everyone) >= self._config.connections:
            if self._is_stranger(new) or not strangers:
                return "too many connections"
            self._nursery.start_soon(strangers[0].abort)
        return None

    def _is_stranger(self, known: Connection) -> bool:
        return not known.dialed and known.peer not in self.paired

    def _best(self, peer: str) -> Connection | None:
        living = [known for known in self.living(peer) if not known.retired]
        return self._keeper(living) if living else None

    def living(self, peer: str) -> list[Connection]:
        """The connections to a peer whose end has not been noticed."""
        return [known for known in self._by_peer.get(peer, ()) if known.alive]

    def _keeper(self, known: Sequence[Connection]) -> Connection:
        """Both sides compute the same: what the lower peer id dialed; of several, the newest, for the older is dead."""
        lower_dials = [one for one in known if one.dialed == (self._me < one.peer)]
        return (lower_dials or known)[-1]

    async def _settle(self, peer: str) -> None:
        known = self.living(peer)
        if len(known) < 2:
            return
        keeper = self._keeper(known)
        if not await self._answers(keeper):
            await keeper.abort()
            return
        for other in known:
            if other is not keeper:
                await self._retire(other)

    async def _retire(self, known: Connection) -> None:
        known.retired = True
        with trio.move_on_after(self._config.settle_seconds):
            await trio.sleep(0.2)  # the other side settles too: let what it has just sent arrive
            await known.idle()
        await known.abort()

    async def _answers(self, known: Connection) -> bool:
        stream: Any = None
        try:
            with trio.fail_after(self._config.ping_seconds):
                stream = await open_stream(known.conn, PING, self._config.ping_seconds)
                await ping(stream)
        except ProtocolNotSupportedError:
            return True
        except Exception:  # noqa: BLE001  however it fails: no answer
            return False
        finally:
            if stream is not None:
                await discard(stream)
        return True

    async def _watch(self, known: Connection) -> None:
        """Ping until the connection is gone; a stranger is shown out in time."""
        until = trio.current_time() + self._config.stranger_seconds
        reason = ""
        while not reason:
            with trio.move_on_after(self._config.ping_every_seconds):
                await known.gone.wait()
            if known.gone.is_set():
                return
            if self._is_stranger(known) and trio.current_time() >= until:
                reason = "not paired in time"
            elif not await self._answers(known):
                reason = "no answer to a ping"
        logger.info("dropped %s: %s", known.peer, reason)
        await known.abort()

    # -- dialing

    async def _dial(self, peer: str, addresses: Sequence[str]) -> None:
        try:
            async with trio.open_nursery() as nursery:
                for address in addresses:
                    failed = trio.Event()
                    nursery.start_soon(self._try, peer, address, failed, nursery.cancel_scope)
                    with trio.move_on_after(self._config.dial_stagger_seconds):
                        await failed.wait()
        finally:
            self._dials.pop(peer).set()

    async def _try(self, peer: str, address: str, failed: trio.Event, done: trio.CancelScope) -> None:
        try:
            with trio.fail_after(self._config.dial_seconds):
                await self._swarm.dial_addr(Multiaddr(address), ID.from_string(peer))
        except Exception as error:  # noqa: BLE001  one address less; the caller hears when none is left
            logger.debug("dialing %s failed: %r", address, error)
            failed.set()
        else:
            done.cancel()
