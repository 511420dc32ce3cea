"""A page that refreshes itself must not keep its session open when nobody is there, nor take what is said once; once it is locked, the passphrase opens it again."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from node.web.page import LIVE_HEADER, PART_HEADER, render, see_other
from node.web.sessions import Sessions
from node.web.shell import EVENTS, make_app
from tests.e2e.gallery import OpenGate

IDLE = 1000


async def _show(request: web.Request) -> web.StreamResponse:
    return render(request, "stopped.html")


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "headers", "ends"), [("/", {LIVE_HEADER: "1"}, True), (EVENTS, {}, True), ("/", {}, False)])
async def test_only_what_a_person_asks_for_keeps_a_session(path, headers, ends) -> None:
    clock = [0]
    sessions, hosts = Sessions(lambda: clock[0], idle_ms=IDLE), set()
    app = make_app([web.get("/", _show), web.get(EVENTS, _show)], gate=OpenGate(), sessions=sessions, allowed_hosts=hosts)
    async with TestClient(TestServer(app)) as client:
        hosts.add(f"127.0.0.1:{client.port}")
        cookie = {"Cookie": f"gemstra={sessions.start().id}", "Host": f"127.0.0.1:{client.port}"}
        clock[0] = IDLE
        assert (await client.get(path, headers=cookie | headers)).status == 200
        clock[0] = IDLE + 1
        answer = await client.get("/", headers=cookie, allow_redirects=False)
        assert (answer.status, answer.headers.get("Location")) == ((303, "/unlock") if ends else (200, None))


async def _desk(request: web.Request) -> web.StreamResponse:
    return render(request, "design.html", now=0)


async def _ask(request: web.Request) -> web.StreamResponse:
    return see_other(request, "/", "Ana is asked")


@pytest.mark.asyncio
async def test_what_is_said_once_is_not_taken_by_a_part_of_a_page() -> None:
    sessions, hosts = Sessions(lambda: 0), set()
    app = make_app([web.get("/", _desk), web.get("/ask", _ask)], gate=OpenGate(), sessions=sessions, allowed_hosts=hosts)
    async with TestClient(TestServer(app)) as client:
        hosts.add(f"127.0.0.1:{client.port}")
        cookie = {"Cookie": f"gemstra={sessions.start().id}", "Host": f"127.0.0.1:{client.port}"}
        await client.get("/ask", headers=cookie, allow_redirects=False)
        # The change that the form made wakes the page which is being left, before the browser has followed the redirect.
        shown = [await (await client.get("/", headers=cookie | headers)).text() for headers in ({PART_HEADER: "true"}, {}, {})]
        assert ["Ana is asked" in text for text in shown] == [False, True, False]
