"""web3's HTTP provider with bounds: a session of our own, answers no larger than asked for, and a mark on new connections.

Imported only when a chain is connected, because web3 takes seconds.
"""

from typing import Any

from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, TCPConnector, TraceConfig
from web3 import AsyncHTTPProvider

_PIECE = 64 * 1024


class BoundedProvider(AsyncHTTPProvider):
    """`fresh` is True from a new connection (or a failure) until the client has checked who answers there."""

    def __init__(self, url: str, *, deadline: float, largest: int, connections: int) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self.fresh = True
        self._deadline = deadline
        self._largest = largest
        self._connections = connections
        self._session: ClientSession | None = None

    def move(self, url: str) -> None:
        """Ask there from now on."""
        self.endpoint_uri = AsyncHTTPProvider(url).endpoint_uri
        self.fresh = True

    async def close(self) -> None:
        """Close the session; the next request opens another."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _make_request(self, _method: Any, request_data: bytes) -> bytes:
        if self._session is None:
            trace = TraceConfig()
            trace.on_connection_create_end.append(self._connected)
            self._session = ClientSession(
                connector=TCPConnector(limit=self._connections),
                timeout=ClientTimeout(total=self._deadline),
                trace_configs=[trace],
            )
        headers = {"Content-Type": "application/json"}
        async with self._session.post(str(self.endpoint_uri), data=request_data, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise ClientConnectionError(f"HTTP {response.status}")
            answer = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                answer += piece
                if len(answer) > self._largest:
                    raise ClientConnectionError("the answer is too large")
            return bytes(answer)

    async def _connected(self, *_: Any) -> None:
        self.fresh = True
