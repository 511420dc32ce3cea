"""Streams of one connection: open them for a topic, ping, and close them in every case.

Guard rails 6 (a deadline around each step) and 13 (a stream not closed leaks, and the 257th open blocks).
"""

import os
from typing import Any

import trio
from libp2p.protocol_muxer.multiselect_client import MultiselectClient
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator

PING = "/ipfs/ping/1.0.0"
PING_BYTES = 32
CHUNK_BYTES = 64 << 10
CLOSE_SECONDS = 2.0

_NEGOTIATOR = MultiselectClient()  # it has no state


def protocol_of(topic: str) -> str:
    """The libp2p protocol id of a topic."""
    return f"/gemstra/{topic}/1"


def shielded(seconds: float) -> trio.CancelScope:
    """A scope for cleaning up: cancellation from outside waits, but not longer than this."""
    return trio.CancelScope(shield=True, deadline=trio.current_time() + seconds)


async def open_stream(conn: Any, protocol: str, seconds: float) -> Any:
    """A stream on this very connection, negotiated.

    Raises ProtocolNotSupportedError, trio.TooSlowError, or what libp2p raises when the connection breaks.
    """
    with trio.fail_after(seconds):
        stream = await conn.new_stream()
        try:
            communicator = MultiselectCommunicator(stream)
            await _NEGOTIATOR.handshake(communicator)
            await _NEGOTIATOR.try_select(communicator, protocol)
        except BaseException:
            await discard(stream)
            raise
    return stream


async def discard(stream: Any) -> None:
    """Reset a stream nobody needs any more. Bounded, and never raises for the network's sake."""
    with shielded(CLOSE_SECONDS):
        await stream.reset()


async def finish(stream: Any) -> None:
    """Close after the last word: wait a moment for the peer's own end, so that a reset does not overtake our bytes."""
    with shielded(CLOSE_SECONDS):
        try:
            await stream.close()
            while await stream.read(CHUNK_BYTES):
                pass
        except Exception:  # noqa: BLE001, S110  an end is what we wait for, whatever it looks like
            pass
    await discard(stream)


async def ping(stream: Any) -> None:
    """One round trip on a ping stream. Raises ConnectionError when the echo is not ours, or what the stream raises."""
    nonce = os.urandom(PING_BYTES)
    await stream.write(nonce)
    if await read_exactly(stream, PING_BYTES) != nonce:
        raise ConnectionError("the ping came back changed")


async def echo(stream: Any) -> None:
    """The other side of `ping`, until the peer ends it."""
    while True:
        await stream.write(await read_exactly(stream, PING_BYTES))


async def read_exactly(stream: Any, size: int) -> bytes:
    """`size` bytes (guard rail 7: the library's own gives up after 101 partial reads). Raises ConnectionError at the end."""
    data = b""
    while len(data) < size:
        chunk = await stream.read(size - len(data))
        if not chunk:
            raise ConnectionError("the stream ended")
        data += chunk
    return data
