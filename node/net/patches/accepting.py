"""Guard rail 3: the library keeps a slot for every inbound connection until the host ends, and takes 250 of them.

Here a slot is held during the handshake only, per address and in all, and the task ends with its connection. What
happens after the handshake, when the peer is known, is the business of node/net/peers.py.
"""

import logging
from collections import Counter
from typing import Any

import trio
from libp2p.network.connection.raw_connection import RawConnection

logger = logging.getLogger(__name__)


class Gate:
    """Counts handshakes that are not finished."""

    def __init__(self, total: int, per_ip: int) -> None:
        self._total = total
        self._per_ip = per_ip
        self._pending: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """How many handshakes are under way."""
        return self._pending.total()

    def enter(self, ip: str) -> bool:
        """Take a slot, if one is free."""
        if self._pending[ip] >= self._per_ip or self.pending >= self._total:
            return False
        self._pending[ip] += 1
        return True

    def leave(self, ip: str) -> None:
        """Give the slot back."""
        self._pending[ip] -= 1
        if not self._pending[ip]:
            del self._pending[ip]


def _ip_of(transport: Any) -> str:
    try:
        return str(transport.stream.socket.getpeername()[0])
    except OSError:
        return "gone"


def install(swarm: Any, gate: Gate, handshake_seconds: float) -> None:
    """Replace how this swarm treats an accepted socket."""

    async def upgrade(transport: Any, listener: Any) -> Any:
        ip = _ip_of(transport)
        if not gate.enter(ip):
            return None
        try:
            with trio.move_on_after(handshake_seconds):
                return await swarm.upgrade_inbound_raw_conn(RawConnection(transport, initiator=False), listener)
        except Exception as error:  # noqa: BLE001  whatever a stranger's bytes raise ends that stranger only
            logger.debug("handshake with %s failed: %r", ip, error)
        finally:
            gate.leave(ip)
        return None

    async def accept(transport: Any, listener: Any) -> None:
        try:
            muxed = await upgrade(transport, listener)
            if muxed is not None:
                await muxed.event_closed.wait()
        finally:
            with trio.CancelScope(shield=True):
                await transport.close()

    swarm._handle_inbound_connection = accept  # noqa: SLF001  looked up on every accepted socket
