"""Guard rail 5: Yamux's window is not enforced by the receiver, over-granted, and updated after every small read.

- A sender that ignores the window fills our memory (200 MB sent to a sleeping reader = +204 MB). Here a stream buffers
  at most 1 MiB and a connection 8 MiB; more is a breach and closes the connection.
- The library grows a window to 16 MB, and js-libp2p then sends one frame larger than we take. Here it ends at 1 MiB.
- A window update after each read is most of the CPU of a round trip. Here credit is given back in steps of 128 KiB.
- A writer without credit looks again every 10 ms, and gives up after 5 s. Here it is woken.
- A write that is cancelled half way leaves a cut ciphertext and kills every stream of the connection. Here a frame is
  written whole, or the connection is closed after `WRITE_SECONDS`.
"""

import struct
from collections.abc import Iterable
from typing import Any, NoReturn

import trio
from libp2p.io.exceptions import ConnectionClosedError
from libp2p.stream_muxer.exceptions import MuxedStreamError
from libp2p.stream_muxer.muxer_multistream import MuxerMultistream
from libp2p.stream_muxer.yamux.yamux import (
    DEFAULT_WINDOW_SIZE,
    HEADER_SIZE,
    PROTOCOL_ID,
    TYPE_DATA,
    YAMUX_HEADER_FORMAT,
    Yamux,
    YamuxStream,
)

WINDOW_BYTES = 1 << 20
CONNECTION_BYTES = 8 << 20
CREDIT_STEP_BYTES = DEFAULT_WINDOW_SIZE // 2
CHUNK_BYTES = 65535 - 16 - HEADER_SIZE  # with its header it fills one Noise message; the library's size makes two
WRITE_SECONDS = 10.0


class FlowBreach(trio.TooSlowError):
    """The peer sent more than it was granted. A TooSlowError, because that is what makes Yamux close orderly."""


class _Buffer(bytearray):
    """What one stream has received and nobody has read."""

    def __init__(self, owner: "_Buffers", data: bytes | bytearray) -> None:
        super().__init__(data)
        self._owner = owner

    def extend(self, data: Iterable[int] | bytes) -> None:  # type: ignore[override]
        assert isinstance(data, bytes | bytearray)
        self._owner.check(len(self), len(data))
        super().extend(data)


class _Buffers(dict[int, bytearray]):
    """The buffers of one connection, by stream."""

    def __setitem__(self, stream_id: int, data: bytearray) -> None:
        super().__setitem__(stream_id, _Buffer(self, data))

    def check(self, held: int, more: int) -> None:
        if held + more > WINDOW_BYTES:
            raise FlowBreach
        if held + more > DEFAULT_WINDOW_SIZE and sum(map(len, self.values())) + more > CONNECTION_BYTES:
            raise FlowBreach


class GuardedStream(YamuxStream):  # type: ignore[misc]
    """A stream that grants credit in steps, and sends as soon as it is granted some."""

    _room: int
    _more_room: trio.Event
    _pending_recv_release: int
    target_recv_window: int

    @classmethod
    def adopt(cls, stream: Any) -> None:
        """Make ours of a stream the library has just built."""
        stream._room = stream.__dict__.pop("send_window")  # noqa: SLF001
        stream._more_room = trio.Event()  # noqa: SLF001
        stream.__class__ = cls

    @property
    def send_window(self) -> int:
        """What we may still send. The library adds to it when the peer grants more."""
        return self._room

    @send_window.setter
    def send_window(self, size: int) -> None:
        self._room = size
        self._more_room.set()

    async def write(self, data: bytes) -> None:
        """Send all of it. One writer at a time. Raises MuxedStreamError when the peer closes, or grants nothing for 10 s."""
        sent = 0
        while sent < len(data):
            if not self._room:
                await self._wait_for_room()
            if self.closed or self.send_closed:
                raise MuxedStreamError("the stream is closed for sending")
            chunk = data[sent : sent + min(self._room, CHUNK_BYTES)]
            self._room -= len(chunk)
            sent += len(chunk)
            header = struct.pack(YAMUX_HEADER_FORMAT, 0, TYPE_DATA, 0, self.stream_id, len(chunk))
            await self.conn._write_frame(header + chunk)  # noqa: SLF001  as the library's own stream does

    async def _wait_for_room(self) -> None:
        deadline = trio.current_time() + WRITE_SECONDS
        while not (self._room or self.closed or self.send_closed):
            if trio.current_time() >= deadline:
                raise MuxedStreamError("the peer does not read")
            self._more_room = trio.Event()
            with trio.move_on_after(0.25):  # an end is not announced here: look for it
                await self._more_room.wait()

    async def _auto_tune_and_send_window_update(self, *, bytes_read: int = 0) -> None:
        self._pending_recv_release += bytes_read
        if self._pending_recv_release < CREDIT_STEP_BYTES:
            return
        grant = self._pending_recv_release + WINDOW_BYTES - self.target_recv_window  # the first one widens the window
        self._pending_recv_release = 0
        self.target_recv_window = WINDOW_BYTES
        self.recv_window += grant
        await self.send_window_update(grant)


class _Streams(dict[int, Any]):
    """The streams of one connection; each becomes ours when it appears."""

    def __setitem__(self, stream_id: int, stream: Any) -> None:
        GuardedStream.adopt(stream)
        super().__setitem__(stream_id, stream)


class GuardedYamux(Yamux):  # type: ignore[misc]
    """The library's connection with these corrections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.streams = _Streams()
        self.stream_buffers = _Buffers()

    async def _read_data_body(self, length: int) -> bytes:
        if length > WINDOW_BYTES:
            raise FlowBreach  # before the bytes are read
        data: bytes = await super()._read_data_body(length)
        return data

    async def _write_frame(self, data: bytes) -> None:
        async with self._write_lock:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + WRITE_SECONDS) as scope:
                await self.secured_conn.write(data)
            if scope.cancelled_caught:
                await self._cut()
        await trio.lowlevel.checkpoint()

    async def _cut(self) -> NoReturn:
        await self.secured_conn.close()  # the reading loop notices and cleans up
        raise ConnectionClosedError("the peer does not read", transport="tcp")


class GuardedMuxers(MuxerMultistream):  # type: ignore[misc]
    """Negotiates Yamux and builds ours; the library's builds its own class whatever it is given."""

    async def new_conn(self, conn: Any, peer_id: Any) -> Any:
        """The muxed connection over a secured one."""
        protocol, _ = await self._selector.select(conn, conn.is_initiator, self.negotiate_timeout)
        muxed = GuardedYamux(conn, peer_id, is_initiator=conn.is_initiator)
        return self._annotate_connection(muxed, conn, protocol)


def install(upgrader: Any, negotiate_seconds: float) -> None:
    """Make `upgrader` build our connections, for this host only."""
    upgrader.muxer_multistream = GuardedMuxers({PROTOCOL_ID: GuardedYamux}, negotiate_seconds)
