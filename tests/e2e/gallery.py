"""A real server with every sample page, for the browser."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from node.web.page import RENDERER, SESSION, Stage, clock_ms
from node.web.render import Viewer
from node.web.security import NONCE
from node.web.sessions import Sessions
from node.web.shell import make_app
from tests.e2e.samples import ANA, LUMEN, NOW, SAMPLES


class OpenGate:
    """A node whose vault is open."""

    def __init__(self) -> None:
        self.at = Stage.OPEN

    def stage(self) -> Stage:
        return self.at

    def opening(self) -> str:
        return ""

    def viewer(self) -> Viewer | None:
        return ANA

    async def unlock(self, passphrase: str) -> None:
        self.at = Stage.OPEN

    async def check_passphrase(self, passphrase: str) -> None:
        pass

    async def lock(self) -> None:
        self.at = Stage.LOCKED


@dataclass
class Gallery:
    origin: str
    app: web.Application
    sessions: Sessions


async def _sample(request: web.Request) -> web.StreamResponse:
    template, section, desk, values = SAMPLES[request.match_info["name"]]
    viewer = {"ana": ANA, "lumen": LUMEN}.get(desk)
    values = {"section": section, **values}
    session = request[SESSION] if desk else None
    text = request.app[RENDERER].page(template, values, nonce=request[NONCE], session=session, viewer=viewer)
    return web.Response(text=text, content_type="text/html")


@contextlib.asynccontextmanager
async def gallery() -> AsyncIterator[Gallery]:
    hosts: set[str] = set()
    sessions = Sessions(clock_ms)
    pages = [web.get("/sample/{name}", _sample), web.get("/", _home)]
    app = make_app(
        pages, gate=OpenGate(), sessions=sessions, allowed_hosts=hosts, cookie_name="gemstra-test", development=True, now=lambda: NOW
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        hosts.add(f"127.0.0.1:{port}")
        yield Gallery(f"http://127.0.0.1:{port}", app, sessions)
    finally:
        await runner.cleanup()


async def _home(request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/sample/today")
