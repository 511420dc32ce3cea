"""Each rule of local web security from outside, and its control: with the rule taken out the attack succeeds."""

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, FormData, web
from aiohttp.test_utils import TestClient, TestServer

from node import problems
from node.errors import UserError
from node.web import forms, shell
from node.web.page import REPORTS, Stage, render
from node.web.render import Viewer
from node.web.sessions import Sessions
from protocol.errors import IllegalTransition

HOST = "ana.localhost:8801"
ORIGIN = f"http://{HOST}"
COOKIE = "gemstra-ana"
BROWSER = {"Host": HOST, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Gate:
    def __init__(self) -> None:
        self.at = Stage.OPEN
        self.waits = ""

    def stage(self) -> Stage:
        return self.at

    def opening(self) -> str:
        return self.waits

    def viewer(self) -> Viewer | None:
        return Viewer("Ana") if self.at is Stage.OPEN else None

    async def unlock(self, passphrase: str) -> None:
        if passphrase != "right":
            raise UserError("This is not the passphrase. Try again.", code="wrong-passphrase")
        self.at = Stage.OPEN

    async def check_passphrase(self, passphrase: str) -> None:
        if passphrase != "right":
            raise UserError("This is not the passphrase. Try again.", code="wrong-passphrase")

    async def lock(self) -> None:
        self.at = Stage.LOCKED


class Desk:
    """The app on a real port, spoken to as a browser would, and what its pages did."""

    def __init__(self, client: Any, sessions: Sessions, gate: Gate, clock: list[int], done: list[str], app: web.Application) -> None:
        self.client, self.sessions, self.gate, self.clock, self.done, self.app = client, sessions, gate, clock, done, app
        self.session = sessions.start()

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.session.id}"}

    async def get(self, path: str, **headers: str) -> Any:
        return await self.client.get(path, headers={"Host": HOST, **self.cookie, **_named(headers)}, allow_redirects=False)

    async def post(self, path: str, data: Any = None, drop: tuple[str, ...] = (), **headers: str) -> Any:
        sent = {**BROWSER, **self.cookie, **_named(headers)}
        body = {"_token": self.session.token} if data is None else data
        return await self.client.post(path, data=body, headers={k: v for k, v in sent.items() if k not in drop}, allow_redirects=False)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def build(done: list[str], clock: list[int]) -> tuple[web.Application, Sessions, Gate]:
    async def act(request: web.Request) -> web.StreamResponse:
        done.append(forms.form_of(request)["word"] or "acted")
        return web.Response(text="done")

    @forms.takes_upload(4 * 1024 * 1024)
    async def upload(request: web.Request) -> web.StreamResponse:
        given = forms.form_of(request).files["file"]
        assert given.name.encode("utf-8")  # as a store, a log and a page write it
        done.append(str(len(given.body)))
        return web.Response(text="done")

    async def home(request: web.Request) -> web.StreamResponse:
        return render(request, "stopped.html")

    async def fail(request: web.Request) -> web.StreamResponse:
        raise UserError("<b>Choose</b> another.", code="taken")

    async def too_late(request: web.Request) -> web.StreamResponse:
        raise IllegalTransition("ConfirmedHere is not possible while a pairing is expired")

    gate, sessions = Gate(), Sessions(lambda: clock[0])
    pages = [
        web.get("/", home),
        web.post("/act", act),
        web.post("/api/v1/act", act),
        web.post("/upload", upload),
        web.get("/fail", fail),
        web.get("/too-late", too_late),
        web.get("/api/v1/fail", fail),
    ]
    app = shell.make_app(pages, gate=gate, sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE, development=True)
    return app, sessions, gate


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with _desk() as built:
        yield built


@contextlib.asynccontextmanager
async def _desk() -> AsyncIterator[Desk]:
    done: list[str] = []
    clock = [1_764_590_400_000]
    app, sessions, gate = await build(done, clock)
    async with TestClient(TestServer(app)) as client:
        yield Desk(client, sessions, gate, clock, done, app)


def _without(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    @web.middleware
    async def let_through(request: web.Request, handler: Any) -> web.StreamResponse:
        return await handler(request)

    monkeypatch.setattr(shell, rule, lambda *_: let_through)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8801", "127.0.0.1:8802", "ana.localhost", "ana.localhost:8801.evil.example", ""]
)
async def test_rebound_name_is_421_before_anything_else(desk: Desk, host: str) -> None:
    for path in ("/", "/static/gem.svg", "/open", "/nowhere", "/csp-report"):
        answer = await desk.client.get(path, headers={**desk.cookie, "Host": host})
        assert answer.status == 421
    answer = await desk.client.post(
        "/act", headers={**desk.cookie, "Host": host, "Origin": f"http://{host}"}, data={"_token": desk.session.token}
    )
    assert answer.status == 421
    assert desk.done == []


@pytest.mark.asyncio
async def test_two_host_headers_are_refused(desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.client.server.port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert status.split()[1] in {b"400", b"421"}


@pytest.mark.asyncio
async def test_control_without_the_host_rule_a_rebound_page_reads_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "host_rule")
    async with _desk() as open_desk:
        answer = await open_desk.client.get("/", headers={**open_desk.cookie, "Host": "evil.example:8801"})
        assert answer.status == 200


# what a request from elsewhere differs in → it is refused
FOREIGN: dict[str, Callable[[Desk], Any]] = {
    "another port": lambda d: d.post("/act", Origin="http://ana.localhost:9999", Sec_Fetch_Site="same-site"),
    "another port, old browser": lambda d: d.post("/act", drop=("Sec-Fetch-Site",), Origin="http://ana.localhost:9999"),
    "another site": lambda d: d.post("/act", Origin="https://evil.example", Sec_Fetch_Site="cross-site"),
    "https of the same name": lambda d: d.post("/act", Origin="https://ana.localhost:8801"),
    "origin null": lambda d: d.post("/act", Origin="null"),
    "no origin": lambda d: d.post("/act", drop=("Origin",)),
    "no origin, old browser": lambda d: d.post("/act", drop=("Origin", "Sec-Fetch-Site")),
    "typed address": lambda d: d.post("/act", Sec_Fetch_Site="none"),
    "lying origin": lambda d: d.post("/act", Sec_Fetch_Site="cross-site"),
    "API, another port": lambda d: d.post("/api/v1/act", Origin="http://ana.localhost:9999", X_Gemstra_Token=d.session.token),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", FOREIGN)
async def test_unsafe_methods_come_from_this_very_page(desk: Desk, name: str) -> None:
    answer = await FOREIGN[name](desk)
    assert answer.status == 403
    assert desk.done == []


@pytest.mark.asyncio
@pytest.mark.parametrize("name", FOREIGN)
async def test_control_without_the_origin_rule_each_of_them_acts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    _without(monkeypatch, "origin_rule")
    async with _desk() as open_desk:
        answer = await FOREIGN[name](open_desk)
        assert (answer.status, open_desk.done) == (200, ["acted"])


@pytest.mark.asyncio
async def test_the_desk_itself_may_act(desk: Desk) -> None:
    assert (await desk.post("/act")).status == 200
    assert (await desk.post("/act", drop=("Sec-Fetch-Site",))).status == 200
    assert (await desk.post("/api/v1/act", b"{}", X_Gemstra_Token=desk.session.token, Content_Type="application/json")).status == 200
    assert (await desk.post("/act", {"word": "by header"}, X_Gemstra_Token=desk.session.token)).status == 200
    assert len(desk.done) == 4


@pytest.mark.asyncio
async def test_the_token_is_bound_to_the_session(desk: Desk) -> None:
    other = desk.sessions.start()
    for body in ({}, {"_token": ""}, {"_token": other.token}, {"_token": desk.session.token + "x"}):
        assert (await desk.post("/act", body)).status == 403
    assert (await desk.post("/api/v1/act", b"{}", Content_Type="application/json")).status == 403
    assert (await desk.post("/api/v1/act", b"{}", X_Gemstra_Token=other.token)).status == 403
    assert desk.done == []


@pytest.mark.asyncio
async def test_control_without_the_token_check_a_form_without_token_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "same_token", lambda *_: True)
    async with _desk() as open_desk:
        assert (await open_desk.post("/act", {})).status == 200
        assert open_desk.done == ["acted"]


@pytest.mark.asyncio
async def test_without_a_session_every_page_leads_to_the_door(desk: Desk) -> None:
    answer = await desk.get("/", Cookie=f"{COOKIE}=forged")
    assert (answer.status, answer.headers["Location"]) == (303, "/open")
    assert (await desk.get("/", Cookie="gemstra-ben=" + desk.session.id)).status == 303
    assert (await desk.get("/api/v1/fail", Cookie="")).status == 401
    htmx = await desk.get("/", Cookie="", HX_Request="true")
    assert htmx.headers["HX-Redirect"] == "/open"


@pytest.mark.asyncio
async def test_a_code_opens_once_within_a_minute(desk: Desk) -> None:
    code = desk.sessions.issue_code()
    answer = await desk.post("/open", {"code": code.lower()}, Cookie="")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await desk.get("/", Cookie=cookie.split(";")[0])).status == 200
    assert (await desk.post("/open", {"code": code}, Cookie="")).status == 422
    late = desk.sessions.issue_code()
    desk.clock[0] += 60_001
    assert (await desk.post("/open", {"code": late}, Cookie="")).status == 422


def test_control_a_code_in_time_works_and_guessing_voids_codes() -> None:
    clock = [0]
    sessions = Sessions(lambda: clock[0])
    code = sessions.issue_code()
    clock[0] = 60_000
    assert sessions.redeem(code) is not None
    code = sessions.issue_code()
    for _ in range(20):
        assert sessions.redeem("K7QF-9M2X-PD4W") is None
    assert sessions.redeem(code) is None


def test_sessions_are_locked_when_idle_and_bounded() -> None:
    clock = [0]
    sessions = Sessions(lambda: clock[0], idle_ms=1000)
    first = sessions.start()
    clock[0] = 1000
    assert sessions.find(first.id) is first
    clock[0] = 2001
    assert sessions.find(first.id).locked
    kept = [sessions.start() for _ in range(40)]
    assert sum(sessions.find(session.id) is not None for session in kept) == 16


@pytest.mark.asyncio
async def test_a_browser_that_asks_for_the_icon_of_what_is_no_page_gets_it(desk: Desk) -> None:
    desk.gate.at = Stage.LOCKED
    answer = await desk.client.get("/favicon.ico", headers=BROWSER)
    assert (answer.status, answer.content_type) == (200, "image/svg+xml")


@pytest.mark.asyncio
async def test_every_response_carries_the_headers_and_a_fresh_nonce(desk: Desk) -> None:
    nonces = set()
    for path in ("/", "/open", "/nowhere", "/fail", "/static/gem.svg", "/static/nowhere", "/design"):
        answer = await desk.get(path)
        policy = answer.headers["Content-Security-Policy"]
        for part in (
            "default-src 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types htmx",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ):
            assert part in policy
        assert "unsafe" not in policy
        nonces.add(re.search(r"'nonce-([^']{20,})'", policy).group(1))  # type: ignore[union-attr]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == ("no-cache" if path == "/static/gem.svg" else "no-store")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(nonces) == 7


@pytest.mark.asyncio
async def test_reports_are_counted_and_bounded(desk: Desk) -> None:
    for body in (b'{"csp-report": {"effective-directive": "script-src"}}', b"nonsense", b"[" * 9000, b"x" * 20_000):
        assert (await desk.client.post("/csp-report", data=body, headers={"Host": HOST})).status == 204
    for at in range(100):
        await desk.client.post("/csp-report", json={"csp-report": {"effective-directive": f"kind-{at}"}}, headers={"Host": HOST})
    counts = desk.app[REPORTS].counts
    assert counts["script-src"] == 1
    assert (counts["oversized"], counts["unreadable"]) == (1, 2)
    assert len(counts) <= 65


@pytest.mark.asyncio
async def test_the_stage_decides_which_pages_answer(desk: Desk) -> None:
    desk.gate.at = Stage.NEW
    assert (await desk.get("/customers")).headers["Location"] == "/setup"
    desk.gate.at = Stage.LOCKED
    assert (await desk.get("/")).headers["Location"] == "/unlock"
    assert (await desk.get("/api/v1/fail")).status == 423
    assert (await desk.post("/act")).headers["Location"] == "/unlock"
    assert desk.done == []
    assert "It is being opened" not in await (await desk.get("/unlock")).text()
    desk.gate.waits = "Your desk checks the file of catalogs: 5 of 9 records."
    assert "5 of 9 records" in await (await desk.get("/unlock")).text()
    wrong = await desk.post("/unlock", {"_token": desk.session.token, "passphrase": "wrong"})
    assert wrong.status == 422
    assert "This is not the passphrase" in await wrong.text()
    assert (await desk.post("/unlock", {"_token": desk.session.token, "passphrase": "right"})).headers["Location"] == "/"
    assert (await desk.get("/unlock")).headers["Location"] == "/"


@pytest.mark.asyncio
async def test_a_locked_page_shows_and_takes_nothing_until_the_passphrase_is_typed(desk: Desk) -> None:
    other, code = desk.sessions.start(), desk.sessions.issue_code()
    desk.session.scratch["words"] = "abandon"
    answer = await desk.post("/lock-page")
    assert (answer.headers["Location"], answer.headers["Clear-Site-Data"]) == ("/unlock", '"cache", "storage"')
    assert (desk.gate.at, desk.session.scratch, other.locked, desk.sessions.redeem(code)) == (Stage.OPEN, {}, True, None)
    assert (await desk.get("/")).headers["Location"] == "/unlock"
    assert (await (await desk.get("/api/v1/fail")).json())["code"] == "page-locked"
    assert (await desk.post("/act")).headers["Location"] == "/unlock"
    assert (await desk.post("/lock-page")).headers["Location"] == "/unlock"
    assert desk.done == []
    page = await (await desk.get("/unlock")).text()
    assert "This page is locked" in page
    assert 'class="rail"' not in page
    wrong = await desk.post("/unlock", {"_token": desk.session.token, "passphrase": "wrong"})
    assert (wrong.status, desk.session.locked) == (422, True)
    before = desk.session.token
    assert (await desk.post("/unlock", {"_token": before, "passphrase": "right"})).headers["Location"] == "/"
    assert (await desk.get("/")).status == 200
    assert desk.session.token != before
    assert other.locked  # each page asks for itself
    assert (await desk.post("/act")).status == 200
    assert desk.done == ["acted"]  # control: an open page takes what the locked one refused


@pytest.mark.asyncio
async def test_a_page_locked_before_there_is_a_passphrase_needs_a_new_link(desk: Desk) -> None:
    desk.gate.at = Stage.NEW
    desk.sessions.lock_page()
    assert (await desk.get("/setup")).headers["Location"] == "/open"
    assert (await desk.get("/open")).status == 200


@pytest.mark.asyncio
async def test_lock_clears_what_is_ours_and_ends_every_session(desk: Desk) -> None:
    other = desk.sessions.start()
    answer = await desk.post("/lock")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert desk.gate.at is Stage.LOCKED
    assert desk.sessions.find(other.id) is None
    assert desk.sessions.find(desk.session.id) is None


@pytest.mark.asyncio
async def test_errors_explain_themselves_escaped(desk: Desk) -> None:
    answer = await desk.get("/fail")
    text = await answer.text()
    assert (answer.status, "&lt;b&gt;Choose" in text, "<b>Choose" in text) == (400, True, False)
    document = await (await desk.get("/api/v1/fail")).json()
    assert (document["code"], document["title"], document["status"]) == ("taken", "Taken", 400)
    assert document["type"] == problems.problem(UserError("", code="taken")).type
    late = await desk.get("/too-late")  # what the protocol refuses is a page too, not a fault of the server
    assert (late.status, "while a pairing is expired" in await late.text()) == (409, True)


@pytest.mark.asyncio
async def test_bodies_are_bounded_and_read_without_a_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("spooled to disk")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, forbidden)
    assert (await desk.post("/upload", _multipart(desk.session.token, 3 * 1024 * 1024))).status == 200
    assert desk.done == [str(3 * 1024 * 1024)]
    assert (await desk.post("/upload", _multipart(desk.session.token, 5 * 1024 * 1024))).status == 413
    assert (
        await desk.post("/act", io.BytesIO(b"word=" + b"x" * (1024 * 1024)), Content_Type="application/x-www-form-urlencoded")
    ).status == 413
    assert (await desk.post("/upload", _multipart("wrong", 10))).status == 403
    assert (await desk.post("/act", b"{}", Content_Type="text/plain")).status == 415
    assert (await desk.post("/act", b"a" * 10, Content_Type="multipart/form-data; boundary=b")).status in {400, 403}
    assert desk.done == [str(3 * 1024 * 1024)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "status"), [(b"x\0y.csv", 400), (b"x\x7fy\r z.csv", 400), (b"x\xff\xfey.csv", 200), ("Kürbis 🎃.csv".encode(), 200)]
)
async def test_a_file_may_be_named_anything_and_no_name_is_a_fault_of_the_server(desk: Desk, name: bytes, status: int) -> None:
    def part(head: bytes, body: bytes) -> bytes:
        return b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"

    body = part(b'name="_token"', desk.session.token.encode()) + part(b'name="file"; filename="' + name + b'"', b"abc") + b"--b--\r\n"
    response = await desk.post("/upload", body, Content_Type="multipart/form-data; boundary=b")
    assert response.status == status
    assert desk.done == (["3"] if status == 200 else [])
    assert ("bad-form" in await response.text()) == (status == 400)


def _multipart(token: str, size: int) -> FormData:
    form = FormData(default_to_multipart=True)
    form.add_field("_token", token)
    form.add_field("file", io.BytesIO(b"x" * size), filename="../../contacts.vcf")
    return form


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "/static/../templates/base.html",
        "/static/%2e%2e/templates/base.html",
        "/static/..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/static/css",
    ],
)
async def test_static_files_stay_in_their_folder(desk: Desk, path: str) -> None:
    from yarl import URL

    url = URL(f"http://127.0.0.1:{desk.client.server.port}{path}", encoded=True)
    async with ClientSession() as session, session.get(url, headers={"Host": HOST, **desk.cookie}, allow_redirects=False) as answer:
        assert answer.status in {303, 403, 404}


@pytest.mark.asyncio
async def test_the_look_returns_to_where_it_was_chosen_and_nowhere_else(desk: Desk) -> None:
    chosen = {"_token": desk.session.token, "look": "dark"}
    assert (await desk.post("/look", chosen, Referer=f"{ORIGIN}/fail?x=1")).headers["Location"] == "/fail?x=1"
    assert (await desk.post("/look", chosen, Referer="https://evil.example/")).headers["Location"] == "/"
    assert 'data-theme="dark"' in await (await desk.get("/")).text()
