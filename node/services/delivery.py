"""The outbox at work: what is due goes to its peer, in order, until it is answered. The one place that catches its failures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any, Protocol

from node.errors import IntegrityError, Locked, NodeError, Unavailable
from protocol.errors import ProtocolError

from . import evidence, exchange
from .unit import OutboxEntry, Unit

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 20.0
LOOK_SECONDS = 30.0
STORE_SECONDS = 5.0
_OURS = (Unavailable, IntegrityError, Locked)  # from our own store: the peer has no part in them


class Network(Protocol):
    """Requests to peers."""

    async def request(self, peer_id: str, addresses: Sequence[str], topic: str, body: bytes, deadline: float) -> bytes:
        """The reply. Raises Unavailable, or another NodeError whose `code` is the peer's."""


class Transactions(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    async def write(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Delivery:
    """Sends what is due. `wake()` after each commit that added a message, and when a peer connects."""

    def __init__(self, store: Transactions, network: Network, table: exchange.Exchange) -> None:
        self._store = store
        self._table = table
        self._network = network
        self._news = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look again now. Call from the event loop's thread."""
        self._news.set()

    async def reached(self, peer: str) -> None:
        """`peer` connected: what it has not answered is due at once."""
        await self._store.write(lambda unit: unit.outbox.wake(peer))

    async def run(self) -> None:
        """Until cancelled. One task a peer, so that a silent one holds up nobody else."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                rows, pause = await self._store.read(_look)
                for peer, messages in groupby(sorted(rows, key=lambda row: row.peer), key=lambda row: row.peer):
                    if peer not in self._busy:
                        self._busy[peer] = tasks.create_task(self._send(peer, list(messages)))
                await _wait(self._news, LOOK_SECONDS if self._busy else min(pause, LOOK_SECONDS))

    async def _send(self, peer: str, messages: list[OutboxEntry]) -> None:
        try:
            addresses = await self._store.read(exchange.addresses, peer)
            for message in messages:
                if not await self._attempt(peer, addresses, message):
                    break
        except Unavailable:  # the store cannot write now (a full disk): what is due stays due
            await asyncio.sleep(STORE_SECONDS)
        finally:
            del self._busy[peer]
            self._news.set()

    async def _attempt(self, peer: str, addresses: Sequence[str], message: OutboxEntry) -> bool:
        """Send one message; whether the peer's next may go. It never overtakes one that the peer cannot take now."""
        try:
            reply = await self._network.request(peer, addresses, message.topic, message.body, DEADLINE_SECONDS)
        except Unavailable as error:
            await self._store.write(exchange.postponed, message, error.code)
            return False
        except (NodeError, ProtocolError) as error:
            return await self._refused(message, error.code)
        try:
            await self._store.write(exchange.answered, self._table, message, reply)
        except _OURS:  # nothing of the answer was kept: the message is sent again, and answered again
            raise
        except (NodeError, ProtocolError) as error:
            if isinstance(error, evidence.Contradiction):
                await self._store.write(evidence.keep, error)
            return await self._refused(message, error.code)
        except Exception:
            log.exception("the answer of %s under %s could not be taken", peer, message.topic)
            return await self._refused(message, "unexpected-reply")
        return True

    async def _refused(self, message: OutboxEntry, code: str) -> bool:
        """Refused, for good or for now. Where what follows from that fails, it is refused all the same and the rest of the node goes on.

        False when the peer takes nothing at all now.
        """
        try:
            await self._store.write(exchange.refused, self._table, message, code)
        except _OURS:
            raise
        except Exception:
            log.exception("what follows from the refusal %s under %s failed", code, message.topic)
            await self._store.write(exchange.refused, exchange.Exchange(), message, code)
        return code not in exchange.OVERLOADED


def _look(unit: Unit) -> tuple[Sequence[OutboxEntry], float]:
    due = unit.outbox.next_due()
    pause = LOOK_SECONDS if due is None else max(0.05, (due - unit.now) / 1000)
    return unit.outbox.due(), pause


async def _wait(event: asyncio.Event, seconds: float) -> None:
    waiting: Awaitable[bool] = event.wait()
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return
