"""The asking side of a stream: one long-lived stream per peer and topic, many requests at once.

It decides when such a stream is dead. A request that gives up does not touch the stream, for a write that is cut or an
id that is forgotten would take the others along; only the link's own tasks read, write and close it.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, assert_never

import trio
from libp2p.protocol_muxer.exceptions import ProtocolNotSupportedError

from node.errors import RemoteRefusal, Unavailable
from node.net.streams import CHUNK_BYTES, discard
from protocol.errors import RemoteError
from protocol.session import MAX_DEADLINE_MS, MAX_IN_FLIGHT, Ended, Event, Limits, Refused, Replied, Requested, Session

logger = logging.getLogger(__name__)

RETRYABLE = frozenset({"busy", "too-fast", "too-late", "unavailable"})
MAX_ABANDONED = MAX_IN_FLIGHT // 2


class LinkDied(Exception):
    """The stream ended before the answer came. The peer may or may not have acted."""


def refusal(code: str, message: str) -> Unavailable | RemoteRefusal:
    """The error a refused asker gets: some codes mean later, the others mean no."""
    return (Unavailable if code in RETRYABLE else RemoteRefusal)(message, code=code)


class _Waiter:
    __slots__ = ("body", "done", "error")

    def __init__(self) -> None:
        self.done = trio.Event()
        self.body = b""
        self.error: Exception | None = None


class Link:
    """One outgoing stream. `run` owns it; `ask` may be called any number of times meanwhile."""

    def __init__(self, open_it: Callable[[], Awaitable[Any]]) -> None:
        self._open = open_it
        self._session = Session(Limits(answered=0))
        self._waiters: dict[int, _Waiter] = {}
        self._abandoned = 0
        self._slots = trio.Semaphore(MAX_IN_FLIGHT)
        self._frames, self._queue = trio.open_memory_channel[bytes](MAX_IN_FLIGHT)
        self._scope = trio.CancelScope()
        self._end: Exception = LinkDied("the stream ended")
        self.dead = False

    async def ask(self, body: bytes, seconds: float) -> bytes:
        """Send and wait at most `seconds`. Raises TooSlowError, LinkDied, Unavailable, RemoteRefusal, LocalError."""
        with trio.fail_after(seconds) as scope:
            await self._slots.acquire()
            if self.dead:
                self._slots.release()
                raise self._end
            try:
                left_ms = math.ceil((scope.deadline - trio.current_time()) * 1000)
                number, frame = self._session.request(body, min(max(left_ms, 1), MAX_DEADLINE_MS))
            except BaseException:
                self._slots.release()
                raise
            waiter = self._waiters[number] = _Waiter()
            self._frames.send_nowait(frame)  # never full: a frame waits here only while its request is in flight
            try:
                await waiter.done.wait()
            except trio.Cancelled:
                self._abandon(number)
                raise
        if waiter.error is not None:
            raise waiter.error
        return waiter.body

    async def run(self) -> None:
        """Open the stream, carry frames both ways until it ends, close it, and tell everyone who still waits."""
        stream = None
        try:
            with self._scope:
                stream = await self._open()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write, stream)
                    await self._read(stream)
                    nursery.cancel_scope.cancel()
        except ProtocolNotSupportedError:
            self._end = RemoteRefusal("the peer does not speak about this topic", code="unknown-topic")
        except Exception as error:  # noqa: BLE001  the peer's doing, in any of the library's ways
            logger.debug("link ended: %r", error)
        finally:
            self._die()
            if stream is not None:
                await discard(stream)

    def kill(self) -> None:
        """End the stream from our side."""
        self._scope.cancel()

    def _abandon(self, number: int) -> None:
        if self._waiters.pop(number, None) is not None:
            self._abandoned += 1  # its slot stays taken until the late answer comes
            if self._abandoned >= MAX_ABANDONED:
                self.kill()

    async def _write(self, stream: Any) -> None:
        async for frame in self._queue:
            ready = [frame]
            size = len(frame)
            with suppress(trio.WouldBlock):
                while size < CHUNK_BYTES:  # what waits already goes out in one write: many small requests at once
                    ready.append(self._queue.receive_nowait())
                    size += len(ready[-1])
            await stream.write(b"".join(ready))

    async def _read(self, stream: Any) -> None:
        while chunk := await stream.read(CHUNK_BYTES):
            try:
                events = self._session.receive(chunk)
            except RemoteError as error:
                self._end = RemoteRefusal(f"the peer's answer breaks the protocol: {error}", code=error.code)
                return
            for event in events:
                if not self._settle(event):
                    return

    def _settle(self, event: Event) -> bool:
        match event:
            case Replied():
                waiter = self._answered(event.id)
                if waiter is not None:
                    waiter.body = event.body
                    waiter.done.set()
            case Refused():
                waiter = self._answered(event.id)
                if waiter is not None:
                    waiter.error = refusal(event.code, event.message)
                    waiter.done.set()
            case Ended():
                self._end = refusal(event.code, event.message)
                return False
            case Requested():  # the session's limit of 0 has refused it
                raise AssertionError(event)
            case _ as never:
                assert_never(never)
        return True

    def _answered(self, number: int) -> _Waiter | None:
        self._slots.release()
        waiter = self._waiters.pop(number, None)
        if waiter is None:
            self._abandoned -= 1
        return waiter

    def _die(self) -> None:
        self.dead = True
        self._frames.close()
        for waiter in self._waiters.values():
            waiter.error = self._end
            waiter.done.set()
        self._waiters.clear()
        for _ in range(MAX_IN_FLIGHT):  # who waited for a slot finds the link dead
            self._slots.release()
