"""Fetching from others' addresses, from a real server: what comes, what is refused, and a control that each guard is the one that holds."""

import asyncio
import datetime as dt
import gzip
import socket
import ssl
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from node.errors import NodeError
from node.fetch.address import is_public
from node.fetch.client import GuardedClient, _bad_certificate, checked, look_up
from tests.patience import PATIENCE

PUBLIC = ["93.184.216.34", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
    "240.0.0.1", "198.18.0.1", "192.0.0.192", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808",
    "2002:7f00:1::", "2001:0:1::1", "localhost", "", "127.1", "0x7f000001",
]  # fmt: skip


DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


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

    async def get(self, path, *, client=None, most_bytes=1000, seconds=PATIENCE, **more):
        url = path if path.startswith("http") else self.url(path)
        return await (client or self.client()).get(url, most_bytes=most_bytes, seconds=seconds, **more)

    async def code(self, *args, **named):
        with pytest.raises(NodeError) as caught:
            await self.get(*args, **named)
        return caught.value.code

    async def serve(self, request):
        self.seen.append((request.path, dict(request.headers)))
        return await getattr(self, f"on_{request.match_info['what']}")(request)

    async def on_picture(self, _):
        return web.Response(body=b"picture", content_type="image/png", headers={"Set-Cookie": "who=you"})

    async def on_versioned(self, request):
        if request.headers.get("If-None-Match") == '"7"' or request.headers.get("If-Modified-Since") == DATE:
            return web.Response(status=304)
        return web.Response(body=b"seven", headers={name: value for name, value in request.query.items() if len(value) < 300})

    async def on_latest(self, _):
        return web.Response(status=302, headers={"Location": self.latest})

    async def on_new(self, request):
        return self.since(request, b"price 10", dt.datetime(2015, 10, 21, tzinfo=dt.UTC))

    async def on_old(self, request):
        return self.since(request, b"price 99", dt.datetime(2015, 10, 20, tzinfo=dt.UTC))

    def since(self, request, body, changed):
        """As servers of files do: what is not newer than the date that was named is not sent."""
        if request.if_modified_since and changed <= request.if_modified_since:
            return web.Response(status=304)
        answer = web.Response(body=body)
        answer.last_modified = changed
        return answer

    async def on_status(self, request):
        return web.Response(status=int(request.query["of"]))

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


def own_certificate(path):
    """What a server shows that signed for itself."""
    secret, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    builder = x509.CertificateBuilder(name, name, secret.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
    named = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
    private = secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(named.sign(secret, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


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


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "headers", [{"ETag": '"7"'}, {"Last-Modified": DATE}, {"ETag": '"7"', "Last-Modified": "Thu, 1 Jan 1970 00:00:00 GMT"}]
)
async def test_what_is_here_already_is_not_sent_again(shop, headers):
    path = "/versioned?" + urlencode(headers)
    first = await shop.get(path)
    assert (first.body, first.unchanged, bool(first.version)) == (b"seven", False, True)
    again = await shop.get(path, known=first.version)
    assert (again.body, again.unchanged) == (b"", True)
    seven = first.version.replace('"7"', '"6"').replace("2015", "2014")
    assert (await shop.get(path, known=seven)).body == b"seven"  # the control: another version is sent


@pytest.mark.asyncio
async def test_what_one_address_said_is_asked_of_no_other(shop):
    """An older file at another address is not what is here: a date tells versions apart at one address only."""
    shop.names["other.example"] = ["127.0.0.1"]
    shop.latest = "/new"
    first = await shop.get("/latest")
    assert (await shop.get("/latest", known=first.version)).unchanged
    assert (await shop.get("/new#part", known=first.version)).unchanged
    for elsewhere, body in (
        ("/old", b"price 99"),
        (shop.url("/old", "other.example"), b"price 99"),
        (shop.url("/new", "other.example"), b"price 10"),
    ):
        shop.latest, shop.seen = elsewhere, []
        again = await shop.get("/latest", known=first.version)
        assert (again.body, again.unchanged) == (body, False)
        assert [path for path, headers in shop.seen if {"If-Modified-Since", "If-None-Match"} & headers.keys()] == []
    shop.latest = "/status?of=304"
    assert await shop.code("/latest", known=first.version) == "not-served"  # nobody asked that address whether it changed


@pytest.mark.asyncio
async def test_nothing_unasked_is_called_unchanged_and_no_odd_version_is_kept(shop):
    assert await shop.code("/status?of=304") == "not-served"
    assert (await shop.get("/versioned?" + urlencode({"ETag": "x" * 201}))).version == ""
    assert (await shop.get("/versioned", known="no version of ours")).body == b"seven"


@pytest.mark.asyncio
async def test_what_is_to_come_over_https_is_not_led_on_without(shop):
    with pytest.raises(NodeError, match="without https") as caught:
        await shop.get("/picture", secure=True)
    assert (caught.value.code, shop.seen) == ("bad-address", [])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "words"), [(404, "nothing to give"), (403, "signing in"), (429, "too often"), (503, "trouble of its own")]
)
async def test_a_refusal_says_whose_trouble_it_is(shop, status, words):
    with pytest.raises(NodeError, match=words) as caught:
        await shop.get(f"/status?of={status}")
    assert str(status) in str(caught.value)


@pytest.mark.asyncio
async def test_a_certificate_that_nobody_trusts_is_said_to_be_that(shop, tmp_path):
    app = web.Application()
    app.router.add_get("/{what}", shop.serve)
    served = TestServer(app, scheme="https")
    await served.start_server(ssl=own_certificate(tmp_path / "own.pem"))
    try:
        with pytest.raises(NodeError, match="signed it itself") as caught:
            await shop.get(f"https://shop.example:{served.port}/picture")
    finally:
        await served.close()
    assert (caught.value.code, shop.seen) == ("bad-certificate", [])


@pytest.mark.parametrize(
    ("number", "words"), [(9, "not valid yet"), (10, "expired"), (62, "another name's"), (20, "nobody this computer trusts")]
)
def test_what_is_wrong_with_a_certificate_is_named(number, words):
    error = ssl.SSLCertVerificationError()
    error.verify_code = number
    assert words in str(_bad_certificate("shop.example", error))


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
