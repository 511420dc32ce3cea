"""The answering side: streams that peers open, request by request, each bounded before it is parsed or passed on.

Guard rails 2 (nothing a peer sends or a handler raises leaves this module), 8 (the reading loop never waits for a
handler), 11 (streams per peer) and 14 (paired peers only, budgets per peer).
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from libp2p.protocol_muxer.exceptions import MultiselectError
from libp2p.protocol_muxer.multiselect import Multiselect
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator

from node.errors import NodeError
from node.net.budgets import Account
from node.net.config import OPEN_TOPICS, NetConfig
from node.net.peers import Connection, Peers
from node.net.streams import CHUNK_BYTES, PING, discard, echo, finish
from protocol.errors import LocalError, ProtocolError, RemoteError
from protocol.session import MAX_BODY_BYTES, Ended, Limits, Requested, Session

logger = logging.getLogger(__name__)

Handle = Callable[[str, str, bytes], Awaitable[bytes]]

_TOPIC = re.compile(r"/gemstra/([a-z][a-z0-9-]{0,31})/1", re.ASCII)
STRIKES = 64  # streams refused above the cap before it counts as a breach: a burst is no attack
FAREWELL_SECONDS = 0.5


class _Protocols(dict[str | None, None]):
    """What negotiation accepts: ping, and every topic; which topics exist and for whom is answered per request."""

    def __init__(self) -> None:
        super().__init__({PING: None})

    def __contains__(self, protocol: object) -> bool:
        return protocol == PING or (isinstance(protocol, str) and _TOPIC.fullmatch(protocol) is not None)

    def __missing__(self, protocol: str | None) -> None:
        return None


class Server:
    """Answers the streams of all peers. `accept` is the swarm's stream handler."""

    def __init__(self, peers: Peers, config: NetConfig, handle: Handle) -> None:
        self._peers = peers
        self._config = config
        self._handle = handle
        self._multiselect = Multiselect(_Protocols())
        self._streams: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()

    async def accept(self, stream: Any) -> None:
        """One inbound stream, from its negotiation to its end. Never raises."""
        peer = str(stream.muxed_conn.peer_id)
        connection = self._peers.find(stream.swarm_conn)
        if connection is None or self._streams[peer] >= self._config.streams_per_peer:
            await self._turn_away(peer, stream)
            return
        self._streams[peer] += 1
        try:
            await self._serve(connection, stream)
        except Exception as error:  # noqa: BLE001  rail 2: an error that leaves here ends the host
            logger.debug("stream of %s ended: %r", peer, error)
        finally:
            await discard(stream)
            self._streams[peer] -= 1
            if not self._streams[peer]:
                del self._streams[peer], self._strikes[peer]

    async def _turn_away(self, peer: str, stream: Any) -> None:
        await discard(stream)
        self._strikes[peer] += 1
        if self._strikes[peer] >= STRIKES:
            del self._strikes[peer]
            await self._peers.punish(peer, "too many streams")

    async def _serve(self, connection: Connection, stream: Any) -> None:
        try:
            seconds = self._config.negotiation_seconds
            protocol, _ = await self._multiselect.negotiate(MultiselectCommunicator(stream), seconds)
        except MultiselectError:
            return
        if protocol == PING:
            await echo(stream)
            return
        match = _TOPIC.fullmatch(protocol or "")
        if match is not None:
            await _Conversation(self, connection, stream, match[1]).run()

    def may(self, peer: str, topic: str) -> bool:
        """Only paired peers get past the open topics."""
        return topic in OPEN_TOPICS or peer in self._peers.paired

    async def answer(self, peer: str, topic: str, request: Requested) -> bytes:
        """The handler's answer within the asker's deadline. Raises ProtocolError or NodeError with the code to send."""
        seconds = min(request.left_ms / 1000, self._config.handler_seconds)
        with trio.move_on_after(seconds):
            body = await self._handle(peer, topic, request.body)
            if len(body) > MAX_BODY_BYTES:
                raise AssertionError(f"the handler of {topic} answered {len(body)} bytes")
            return body
        raise NodeError("the answer was not ready by the deadline", code="too-late")

    def account(self, peer: str) -> Account:
        """What the peer may spend."""
        return self._peers.account(peer)

    def idle_seconds(self, peer: str, *, midway: bool) -> float:
        """How long a stream of this peer may be silent; health pings watch over the paired ones."""
        if midway:
            return self._config.frame_seconds
        return math.inf if peer in self._peers.paired else self._config.stranger_idle_seconds

    async def breach(self, peer: str, error: RemoteError) -> None:
        """The peer has been told; now it goes."""
        await trio.sleep(FAREWELL_SECONDS)
        await self._peers.punish(peer, f"{error.code}: {error}")


class _Conversation:
    """One stream on a topic."""

    def __init__(self, server: Server, connection: Connection, stream: Any, topic: str) -> None:
        self._server = server
        self._connection = connection
        self._stream = stream
        self._topic = topic
        self._peer = connection.peer
        self._session = Session(Limits(asked=0))
        self._writing = trio.Lock()

    async def run(self) -> None:
        """Read until the end, answering meanwhile; then let the answers under way go out."""
        breach: RemoteError | None = None
        async with trio.open_nursery() as nursery:
            try:
                await self._read(nursery)
            except RemoteError as error:
                breach = error
                nursery.cancel_scope.cancel()
        if breach is None:
            await finish(self._stream)
            return
        with trio.move_on_after(FAREWELL_SECONDS):
            await self._stream.write(self._session.farewell(breach))
        await self._server.breach(self._peer, breach)

    async def _read(self, nursery: trio.Nursery) -> None:
        while True:
            chunk = b""
            with trio.move_on_after(self._server.idle_seconds(self._peer, midway=self._session.midway)):
                chunk = await self._next_chunk()
            if not chunk:
                self._session.end()
                return
            account = self._server.account(self._peer)  # another one as soon as the peer is paired
            self._session.limits = Limits(frame_bytes=account.budget.frame_bytes, asked=0)
            if not account.take_bytes(len(chunk), trio.current_time()):
                raise RemoteError("more bytes than a minute's budget", code="too-fast")
            for event in self._session.receive(chunk):
                if isinstance(event, Ended):
                    return
                assert isinstance(event, Requested)  # the session allows nothing else: we ask nothing here
                nursery.start_soon(self._answer, event)

    async def _next_chunk(self) -> bytes:
        try:
            chunk: bytes = await self._stream.read(CHUNK_BYTES)
        except Exception:  # noqa: BLE001  end or reset: the library has a class for each muxer
            return b""
        return chunk

    async def _answer(self, request: Requested) -> None:
        account = self._server.account(self._peer)
        refusal = self._refusal(account, request)
        if refusal is not None:
            await self._send_refusal(request, *refusal)
            return
        try:
            with self._connection.working():
                body = await self._server.answer(self._peer, self._topic, request)
            await self._send(lambda: self._session.reply(request.id, body))
        except (ProtocolError, NodeError) as error:
            await self._send_refusal(request, error.code, str(error))
        except Exception:
            logger.exception("the handler of %s failed", self._topic)
            await self._send_refusal(request, "internal", "an error on the other side; its log says more")
        finally:
            account.release(len(request.body))

    def _refusal(self, account: Account, request: Requested) -> tuple[str, str] | None:
        if not self._server.may(self._peer, self._topic):
            return "not-paired", "pair with this node first"
        if not account.take_request(trio.current_time()):
            return "too-fast", "more requests than a minute's budget"
        if not account.hold(len(request.body)):
            return "busy", "too much is in flight"
        return None

    async def _send_refusal(self, request: Requested, code: str, message: str) -> None:
        await self._send(lambda: self._session.refuse(request.id, code, message))

    async def _send(self, make: Callable[[], bytes]) -> None:
        async with self._writing:  # the id stays in flight until its turn: a peer that does not read gets no more slots
            if self._session.over:
                return
            try:
                await self._stream.write(make())
            except LocalError:
                raise
            except Exception:  # noqa: BLE001  the asker is gone; the reading loop sees the end
                return
