"""The JSON API on aiohttp: the same application behind the pages' listener and behind the command line's socket."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from aiohttp import web

from node.errors import NodeError, UserError
from node.problems import problem
from protocol.errors import ProtocolError

from .openapi import document
from .routes import Route

PREFIX = "/api/v1"
MAX_BODY = 1 << 20
JSON = "application/json"
RUNTIME: "web.AppKey[Runtime]"


class Runtime(Protocol):
    """What the API needs of the running node."""

    async def read(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""

    async def write(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service in one transaction."""

    async def write_once(self, operation: str, body_hash: bytes, permanent: bool, run: Callable[..., Any], /, **arguments: Any) -> bytes:
        """As `write`, once for each operation key, for a day or for good; answers the JSON of the first time."""

    def require_open(self) -> None:
        """Raises Locked unless the vault is open."""

    async def changed(self, after: int) -> int:
        """The change counter, once it is above `after`."""


RUNTIME = web.AppKey("runtime", Runtime)


def add_api(app: web.Application, runtime: Runtime, routes: Sequence[Route]) -> None:
    """Serve `routes` under /api/v1 of `app`, with /openapi.json and the change stream /events."""
    app[RUNTIME] = runtime
    for route in routes:
        app.router.add_route(route.method, PREFIX + route.path, _handler(route))
    spec = msgspec.json.encode(document(routes))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=spec, content_type=JSON)

    app.router.add_get(PREFIX + "/openapi.json", openapi)
    app.router.add_get(PREFIX + "/events", _events)


def _handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await _answer(route, request)
        except (NodeError, ProtocolError) as error:
            return problem_response(error)

    return handle


def problem_response(error: NodeError | ProtocolError) -> web.Response:
    """An RFC 9457 answer."""
    shown = problem(error)
    return web.Response(body=msgspec.json.encode(shown), status=shown.status, content_type="application/problem+json")


async def _answer(route: Route, request: web.Request) -> web.StreamResponse:
    runtime = request.app[RUNTIME]
    if not route.locked:
        runtime.require_open()
    if route.kind == "task" and "request" in route.parameters:
        result = await route.run(runtime, request)
        if isinstance(result, web.StreamResponse):  # a file, which is sent already
            return result
    else:
        content = await _body(request)
        arguments = route.arguments(request.match_info, request.query, content)
        if route.kind == "task":
            result = await route.run(runtime, **arguments)
        elif route.kind == "read":
            result = await runtime.read(route.run, **arguments)
        elif operation := request.headers.get("Idempotency-Key"):
            if not 8 <= len(operation) <= 128:
                raise UserError("an Idempotency-Key has 8 to 128 characters", code="bad-request")
            body_hash = hashlib.sha256(f"{request.method} {request.path}\n".encode() + content).digest()
            return web.Response(body=await runtime.write_once(operation, body_hash, route.money, route.run, **arguments), content_type=JSON)
        else:
            result = await runtime.write(route.run, **arguments)
    body = msgspec.json.encode(result)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if route.method == "GET" and request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(body=body, content_type=JSON, headers={"ETag": etag, "Cache-Control": "no-store"})


async def _body(request: web.Request) -> bytes:
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise UserError(f"the body has more than {MAX_BODY} bytes", code="too-large")
    chunks = bytearray()
    async for chunk in request.content.iter_chunked(1 << 16):
        chunks += chunk
        if len(chunks) > MAX_BODY:
            raise UserError(f"the body has more than {MAX_BODY} bytes", code="too-large")
    return bytes(chunks)


async def _events(request: web.Request) -> web.StreamResponse:
    """Server-sent events: `data` is the change counter; Last-Event-ID resumes."""
    runtime = request.app[RUNTIME]
    last = request.headers.get("Last-Event-ID", "-1")
    seen = int(last) if re.fullmatch(r"-?[0-9]{1,18}", last) else -1
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    with suppress(ConnectionResetError):  # the other side went away
        while True:
            try:
                seen = await asyncio.wait_for(runtime.changed(seen), timeout=15)
                await response.write(f"id: {seen}\ndata: {json.dumps({'change': seen})}\n\n".encode())
            except TimeoutError:
                await response.write(b": still here\n\n")
    return response
