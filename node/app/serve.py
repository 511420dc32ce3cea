"""The listeners of a node: its page on 127.0.0.1 and the command line's socket; and its end."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

from node.api.http import add_api
from node.api.table import ROUTES
from node.app.node import Node
from node.config import Config
from node.errors import UserError
from node.lock import FolderLock
from node.parent import parent_gone, tie_to_parent
from node.web.page import clock_ms
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from node.web.shell import EVENTS, make_app
from node.web.site import PAGES, counted


async def serve(
    config: Config,
    *,
    passphrase: str | None = None,
    die_with_parent: bool = False,
    vault_costs: Any = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Run one node until SIGTERM, SIGINT or the end of its terminal; `ready` is told its page's address once that answers.

    Raises ConflictError `in-use`, UserError `folder-unusable`, `port-in-use`, and what `unlock` raises.
    """
    parent = os.getppid()
    if die_with_parent:
        tie_to_parent()
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        text = f"{config.data} can't be used: {error.strerror}. Name another folder with --data."
        raise UserError(text, code="folder-unusable") from error
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup has the node outlive its terminal
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with FolderLock(config.data):
        node = Node(config, vault_costs=vault_costs)
        async with _page(config, node), _socket(config, node):
            try:
                if ready is not None:
                    ready(node.page)
                if passphrase is not None:
                    await node.unlock(passphrase)
                idle = asyncio.ensure_future(node.lock_when_idle())
                waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(stop.wait()), node.failed, idle]
                if die_with_parent:
                    waits.append(asyncio.ensure_future(parent_gone(parent)))
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for ended in done:
                    ended.result()
            finally:
                await node.restoring.close()
                await node.lock()


@contextlib.asynccontextmanager
async def _page(config: Config, node: Node) -> AsyncIterator[None]:
    allowed: set[str] = set()
    node.sessions = Sessions(clock_ms, config.idle_lock * 1000)
    cookie = "gemstra_" + "".join(letter if letter.isalnum() else "_" for letter in config.host_name)
    app = make_app(PAGES, gate=node, sessions=node.sessions, allowed_hosts=allowed, cookie_name=cookie, development=config.design)
    app[RUNTIME] = node
    app.middlewares.append(counted)
    add_api(app, node, ROUTES)
    async with _running(app) as runner:
        listener = _bind(config.port)
        port = listener.getsockname()[1]
        allowed |= {f"{config.host_name}:{port}", f"127.0.0.1:{port}", f"localhost:{port}"}
        node.page = f"http://{config.host_name}:{port}"
        await web.SockSite(runner, listener).start()
        yield


@contextlib.asynccontextmanager
async def _socket(config: Config, node: Node) -> AsyncIterator[None]:
    app = web.Application()
    app.on_response_prepare.append(_counted_as_use(node))
    add_api(app, node, ROUTES)
    path = config.socket
    path.unlink(missing_ok=True)  # the folder is locked: whoever made it is gone
    async with _running(app) as runner:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError as error:
            raise UserError(
                f"{path} cannot be used as a socket: {error}. Choose a folder with a shorter path.", code="bad-socket"
            ) from error
        finally:
            os.umask(mask)
        await web.SockSite(runner, listener).start()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _counted_as_use(node: Node) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def used(request: web.Request, _: web.StreamResponse) -> None:
        if request.path != EVENTS:  # a program that listens is not a person who works
            node.used()

    return used


@contextlib.asynccontextmanager
async def _running(app: web.Application) -> AsyncIterator[web.AppRunner]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handle_signals=False)
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "ports are 0 to 65535"
        text = f"Port {port} on 127.0.0.1 cannot be used: {reason}. Choose another with --port, or 0 for a free one."
        raise UserError(text, code="port-in-use") from error
    return listener
