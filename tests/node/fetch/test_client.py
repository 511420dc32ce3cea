"""Fetching from others' addresses, from a real server: what comes, what is refused, and a control that each guard is the one that holds."""

import asyncio
import gzip
import socket

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from node.errors import NodeError
from node.fetch.address import is_public
from node.fetch.client import GuardedClient, checked, look_up
from tests.patience import PATIENCE

PUBLIC = ["93.184.216.34", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
    "240.0.0.1", "198.18.0.1", "192.0.0.192", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",
    "2002:7f00:1::", "2001:0:1::1", "localhost", "", "127.1", "0x7f000001",
]  # fmt: skip


class Shop:
    """A server on this machine, and names that lead to it."""

    def __init__(self) -> None:
        self.seen = []
        self.names = {}
        self.looked_up = []

    async def resolve(self, host, port):
        self.looked_up.append(host)
        return self.names[host] if host in self.names else await look_up(host, port)

    def client(self, *, allowed=lambda address: address == "127.0.0.1"):
        return GuardedClient(resolve=self.resolve, allowed=allowed)

    def url(self, path, host="shop.example"):
        return f"http://{host}:{self.port}{path}"

    async def get(self, path, *, client=None, most_bytes=1000, seconds=PATIENCE):
        url = path if path.startswith("http") else self.url(path)
        return await (client or self.client()).get(url, most_bytes=most_bytes, seconds=seconds)

    async def code(self, *args, **named):
        with pytest.raises(NodeError) as caught:
            await self.get(*args, **named)
        return caught.value.code

    async def serve(self, request):
        self.seen.append((request.path, dict(request.headers)))
        return await getattr(self, f"on_{request.match_info['what']}")(request)

    async def on_picture(self, _):
        return web.Response(body=b"picture", content_type="image/png", headers={"Set-Cookie": "who=you"})

    async def on_large(self, _):
        return web.Response(body=b"x" * 1001)

    async def on_endless(self, request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 100)

    async def on_slow(self, request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10 * int(5 * PATIENCE)):
            await answer.write(b"x")
            await asyncio.sleep(0.1)
        return answer

    async def on_packed(self, _):
        return web.Response(body=gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"})

    async def on_onward(self, request):
        return web.Response(status=302, headers={"Location": request.query["to"]})

    async def on_round(self, request):
        left = int(request.query["left"])
        return web.Response(status=302, headers={"Location": f"/round?left={left - 1}" if left else "/picture"})


@pytest_asyncio.fixture
async def shop():
    made = Shop()
    app = web.Application()
    app.router.add_get("/{what}", made.serve)
    server = TestServer(app)
    await server.start_server()
    made.port = server.port
    made.names["shop.example"] = ["127.0.0.1"]
    yield made
    await server.close()


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address):
    assert not is_public(address)


@pytest.mark.asyncio
async def test_what_is_there_comes_without_cookies_or_names(shop):
    client = shop.client()
    for _ in range(2):
        found = await shop.get("/picture", client=client)
        assert (found.body, found.type) == (b"picture", "image/png")
    for _, headers in shop.seen:
        assert {"Cookie", "Authorization", "Referer"} & headers.keys() == set()
        assert headers["Host"] == f"shop.example:{shop.port}"


@pytest.mark.asyncio
async def test_a_private_address_is_never_connected_to(shop):
    guarded = shop.client(allowed=is_public)
    for url in (
        shop.url("/picture"), shop.url("/picture", "127.0.0.1"), shop.url("/picture", "localhost"), shop.url("/picture", "[::1]"),
        shop.url("/picture", "2130706433"), shop.url("/picture", "0x7f.1"), shop.url("/picture", "[::ffff:127.0.0.1]"),
    ):  # fmt: skip
        assert await shop.code(url, client=guarded) in {"private-address", "no-such-host"}, url
    assert shop.seen == []
    assert (await shop.get("/picture")).body == b"picture"  # the control: without the guard the same address answers


@pytest.mark.asyncio
async def test_one_private_address_among_public_ones_refuses_all(shop):
    shop.names["shop.example"] = ["93.184.216.34", "10.0.0.1"]
    assert await shop.code("/picture", client=shop.client(allowed=is_public)) == "private-address"


@pytest.mark.asyncio
async def test_a_name_is_looked_up_once_so_that_it_cannot_turn(shop):
    """The second answer would lead elsewhere: nobody asks for it."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def turning(host, port):
        del host, port
        return next(answers)

    client = GuardedClient(resolve=turning, allowed=lambda address: address == "127.0.0.1")
    assert (await shop.get("/picture", client=client)).body == b"picture"
    assert next(answers) == ["10.0.0.1"]


@pytest.mark.asyncio
async def test_a_redirect_is_judged_anew(shop):
    inside = socket.gethostbyname("localhost")
    shop.names |= {"inside.example": ["10.0.0.1"], "other.example": [inside]}
    assert (await shop.get("/onward?to=" + shop.url("/picture", "other.example"))).body == b"picture"
    assert shop.looked_up == ["shop.example", "other.example"]
    for to, code in (
        (shop.url("/picture", "inside.example"), "private-address"),
        ("http://169.254.169.254/latest/meta-data", "private-address"),
        ("file:///etc/passwd", "bad-address"),
        ("http://ana:secret@shop.example/", "bad-address"),
        ("gopher://shop.example/", "bad-address"),
    ):
        assert await shop.code("/onward?to=" + to) == code


@pytest.mark.asyncio
async def test_three_redirects_are_followed_and_no_more(shop):
    assert (await shop.get("/round?left=2")).body == b"picture"
    assert await shop.code("/round?left=3") == "too-many-redirects"


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "code"), [("/large", "too-large"), ("/endless", "too-large"), ("/packed", "not-served")])
async def test_what_is_too_much_is_given_up(shop, path, code):
    assert await shop.code(path) == code
    assert len((await shop.get("/large", most_bytes=1001)).body) == 1001  # the control


@pytest.mark.asyncio
async def test_what_trickles_ends_at_the_deadline(shop):
    async with asyncio.timeout(PATIENCE):
        assert await shop.code("/slow", seconds=0.5) == "server-unreachable"


@pytest.mark.asyncio
async def test_what_is_not_there_has_a_name(shop):
    assert await shop.code("/nothing/here") == "not-served"
    shop.names["shut.example"] = ["127.0.0.1"]
    assert await shop.code("http://shut.example:1/") == "server-unreachable"
    shop.names["nobody.example"] = []
    assert await shop.code("http://nobody.example/") == "private-address"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "ftp://shop.example",
        "http://",
        "http://a b/",
        "http://a:b@c/",
        "http://[::1",
        "http://a:99999/",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(NodeError) as caught:
        checked(url)
    assert caught.value.code == "bad-address"
