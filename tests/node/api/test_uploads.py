"""Uploads over a real socket: read as they arrive, bounded, and without effect where they don't arrive whole."""

import asyncio
import io
import tracemalloc
from typing import Self

import pytest
from aiohttp import web

from node.api import catalog_imports, customer_imports
from node.api.http import add_api
from node.api.uploads import Arriving
from node.cli.client import Client
from node.errors import Unavailable, UserError
from node.files.products import read_products
from node.services.catalog import usual_currency
from tests.node.files.people import ContactFile, read_contacts
from tests.patience import until

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Mia Torres\r\nTEL:+34600000111\r\nEND:VCARD\r\n"
HEADER = b"Handle,Title,Variant SKU,Variant Price,Status,Published\r\n"


def _swallow(source, **_options):
    """A reader that only counts."""
    while source.read(1 << 16):
        pass
    return ContactFile("none", (), (), ())


class Runtime:
    """The readers of the node; what would be written is kept in `written`, and it is the files under way itself."""

    def __init__(self, contacts=read_contacts) -> None:
        self.written = []
        self._readers = {"contacts": contacts, "products": lambda source, **named: read_products(source, now_ms=0, **named)}
        self.failed = []

    @property
    def imports(self):
        return self

    def require_open(self):
        pass

    async def parse(self, reader, source, **options):
        try:
            return await asyncio.to_thread(self._readers[reader], source, **options)
        except Exception as error:
            self.failed.append(error)
            raise

    @property
    def catalog_imports(self):
        return Products(self)

    async def stage(self, source, name, region, **_named):
        found = await self.parse("contacts", source, name=name, default_region=region)
        self.written.append({"file": found, "name": name, "region": region})
        return bytes(32)

    async def read(self, run, /, **_arguments):
        return "USD" if run is usual_currency else {}

    async def write(self, _run, /, **arguments):
        self.written.append(arguments)
        return {}


class Products:
    """Product files under way, kept in what was written."""

    def __init__(self, runtime) -> None:
        self.runtime = runtime

    async def stage(self, source, name, currency, *, withdraw, size):
        found = await self.runtime.parse("products", source, name=name, currency=currency)
        self.runtime.written.append({"file": found, "currency": currency, "withdraw": withdraw, "size": size})
        return bytes(32)


class Served:
    """The API on a unix socket."""

    def __init__(self, folder, runtime) -> None:
        self._folder, self.runtime = folder, runtime

    async def __aenter__(self) -> Self:
        app = web.Application()
        add_api(app, self.runtime, (*customer_imports.ROUTES, *catalog_imports.ROUTES))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self._folder / "node.sock")).start()
        self.client = Client(self._folder)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def upload(self, path, content, **query):
        return await asyncio.to_thread(self.client.upload, path, content, **query)


class Endless:
    """So many bytes, made while they are read."""

    def __init__(self, size) -> None:
        self._left = size

    def read(self, size):
        size = min(size, self._left)
        self._left -= size
        return b"x" * size


@pytest.mark.asyncio
async def test_a_file_reaches_its_reader_and_the_service(tmp_path):
    async with Served(tmp_path, Runtime()) as served:
        await served.upload("/customers/import", io.BytesIO(CARD * 3), name="phone.vcf", region="es")
        [call] = served.runtime.written
        assert (call["name"], call["region"]) == ("phone.vcf", "ES")
        assert [contact.names.full for contact in call["file"].contacts] == ["Mia Torres"] * 3
        await served.upload(
            "/catalog/import", io.BytesIO(HEADER + b"a,A,S1,5.00,active,true\r\n"), name="p.csv", currency="eur", replace="1", size="9"
        )
        call = served.runtime.written[1]
        assert (call["currency"], call["withdraw"], call["size"], call["file"].variants) == ("EUR", True, 9, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "content", "query", "code"),
    [
        ("/customers/import", b"", {"name": "a.vcf"}, "file-empty"),
        ("/customers/import", b"\x00\x01" * 4000, {"name": "a.vcf"}, None),
        ("/catalog/import", b"<urlset/>", {"name": "a.xml"}, "file-dialect"),
        ("/catalog/import", HEADER, {"name": "a.csv", "size": "-1"}, "bad-request"),
        ("/catalog/import", HEADER, {}, "bad-request"),
        ("/catalog/import", HEADER, {"name": "a.csv", "replace": "perhaps"}, "bad-request"),
        ("/catalog/import", HEADER + b"a,A,S1,5.00,active,true\r\n", {"name": "a.csv", "currency": "???"}, "currency"),
    ],
)
async def test_a_wrong_file_is_named_and_has_no_effect(tmp_path, path, content, query, code):
    async with Served(tmp_path, Runtime()) as served:
        with pytest.raises(UserError) as caught:
            await served.upload(path, io.BytesIO(content), **query)
        assert code in (None, caught.value.code)
        assert served.runtime.written == []


@pytest.mark.asyncio
async def test_a_refusal_reaches_a_sender_that_is_still_sending(tmp_path):
    async with Served(tmp_path, Runtime()) as served:
        with pytest.raises(UserError, match=r"big\.csv"):
            await served.upload("/catalog/import", Endless(100 << 20), name="big.csv")


@pytest.mark.asyncio
async def test_a_large_upload_is_never_held(tmp_path):
    async with Served(tmp_path, Runtime(_swallow)) as served:
        tracemalloc.start()
        try:
            await served.upload("/customers/import", Endless(100 << 20), name="big.vcf")
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["customers", "catalog"])
async def test_one_that_says_it_is_too_large_is_refused_before_it_comes(tmp_path, path):
    async with Served(tmp_path, Runtime()) as served:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "node.sock"))
        head = f"POST /api/v1/{path}/import?name=a&currency=USD HTTP/1.1\r\nHost: x\r\nContent-Length: {(1 << 30) + 1}\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"}")
        writer.close()
        assert b"too-large" in answer
        assert b"more than 1024 MB. Split it" in answer
        assert (served.runtime.failed, served.runtime.written) == ([], [])


@pytest.mark.asyncio
async def test_a_sender_that_vanishes_leaves_nothing(tmp_path):
    async with Served(tmp_path, Runtime()) as served:
        _, writer = await asyncio.open_unix_connection(str(tmp_path / "node.sock"))
        head = b"POST /api/v1/customers/import?name=a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        writer.write(head + CARD * 100)
        await writer.drain()
        writer.close()
        await until(lambda: served.runtime.failed)
        [error] = served.runtime.failed
        assert isinstance(error, Unavailable)
        assert error.code == "upload-broken"
        assert served.runtime.written == []


@pytest.mark.asyncio
async def test_too_much_is_refused_and_giving_up_ends_a_waiting_reader():
    class Silent:
        async def read(self, n=-1):
            await asyncio.Event().wait()
            return bytes(n)

    class Full:
        async def read(self, n=-1):
            return bytes(n)

    loop = asyncio.get_running_loop()
    with pytest.raises(UserError) as caught:
        await asyncio.to_thread(_swallow, Arriving(Full(), loop, most=1 << 20))
    assert caught.value.code == "too-large"
    source = Arriving(Silent(), loop)
    reading = asyncio.create_task(asyncio.to_thread(source.read))
    await until(lambda: source._waiting is not None)
    source.close()
    with pytest.raises(Unavailable):
        await reading
    with pytest.raises(Unavailable):
        source.read()
