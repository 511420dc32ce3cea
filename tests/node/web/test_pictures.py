"""Pictures on the page: served by this desk only, under its own type; a merchant's put there and taken away."""

import io
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from node.app.pictures import Pictures
from node.config import Config
from node.services import browse, catalog
from node.web import catalog as catalog_pages
from node.web import catalog_list, media, pictures, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from protocol.operations import put
from protocol.product import Image
from tests.node.files.test_picture import CAMERA, picture
from tests.node.services.catalog_goods import line, publish
from tests.node.services.world import World
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE


class Nobody:
    async def request(self, *_):
        raise AssertionError("nobody is asked")


class Runtime(test_orders.Runtime):
    def __init__(self, node, folder) -> None:
        super().__init__(node)
        self.pictures = Pictures(Config(folder), node.store, Nobody())


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    node = world.node("lumen", "merchant")
    publish(node, line("soap", "S1", "5.00"))
    yield node
    world.close()


@pytest_asyncio.fixture
async def desk(lumen, tmp_path):
    sessions = Sessions(lumen.clock)
    routes = [*pictures.ROUTES, *catalog_list.ROUTES, *catalog_pages.ROUTES, *media.ROUTES]
    app = shell.make_app(routes, gate=test_orders.Gate(lumen), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = Runtime(lumen, tmp_path)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def product(node):
    return node.read(browse.list_products).products[0]


async def upload(desk, path, content, alt="A soap"):
    form = FormData()
    form.add_field("_token", desk.session.token)
    form.add_field("alt", alt)
    form.add_field("picture", io.BytesIO(content), filename="soap.jpg", content_type="image/jpeg")
    answer = await desk.client.post(path, data=form, headers=desk.headers, allow_redirects=False)
    return answer.headers["Location"]


@pytest.mark.asyncio
async def test_a_picture_put_to_a_product_is_shown_from_here_under_its_own_type(lumen, desk):
    at = await upload(desk, f"/catalog/{product(lumen).id}/pictures", picture() + b"<script>alert(1)</script>")
    named = product(lumen).pictures[0]
    assert at == f"/catalog/{product(lumen).id}"
    text = await desk.reads(at, "signed into your catalog", "Take away")
    assert f'src="/media/{named.hash}?' in text
    assert f'src="/media/{named.thumbnail}?' in (await desk.get("/catalog"))[1]
    for hash_ in (named.hash, named.thumbnail):
        answer = await desk.client.get(f"/media/{hash_}", headers=desk.headers)
        body = await answer.read()
        assert (answer.content_type, answer.headers["X-Content-Type-Options"], body[8:12]) == ("image/webp", "nosniff", b"WEBP")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert CAMERA not in body
        assert b"<script" not in body
    assert await desk.post(f"{at}/pictures/{named.hash}/remove") == f"/catalog/{product(lumen).id}"
    assert product(lumen).pictures == ()


@pytest.mark.asyncio
async def test_what_is_not_here_is_one_clear_pixel_and_a_stranger_gets_nothing(desk):
    answer = await desk.client.get(f"/media/{'ab' * 32}", headers=desk.headers)
    assert (answer.status, answer.content_type, len(await answer.read())) == (200, "image/gif", 42)
    for path in ("/media/" + "ab" * 31, "/media/..%2fvault.json", "/media/" + "AB" * 32):
        assert (await desk.client.get(path, headers=desk.headers)).status == 404
    answer = await desk.client.get(f"/media/{'ab' * 32}", headers={"Host": HOST}, allow_redirects=False)
    assert answer.status == 303


@pytest.mark.asyncio
async def test_a_picture_on_a_shops_server_is_on_no_page(lumen, desk):
    def address(unit):
        row = unit.catalog.feeds(own=True)[0]
        known = unit.catalog.product(bytes.fromhex(product(lumen).id)).product
        catalog.publish(unit, row.currency, [put(replace(known, images=(Image(url="https://shop.example/who-looks.jpg"),)))])

    lumen.write(address)
    for path in ("/catalog", f"/catalog/{product(lumen).id}"):
        assert "shop.example" not in (await desk.get(path))[1]


@pytest.mark.asyncio
async def test_the_page_of_pictures_tells_what_is_here_and_clears_it(lumen, desk):
    await desk.reads("/catalog/pictures", "Fetch pictures of my products", "500.0 MB")
    assert await desk.post("/catalog/pictures/fetch") == "/catalog/pictures"
    assert await desk.post("/catalog/pictures/stop") == "/catalog/pictures"
    assert await desk.post("/catalog/pictures/clear") == "/catalog/pictures"


@pytest.mark.asyncio
@pytest.mark.parametrize(("content", "said"), [(b"hello", "no picture"), (bytes(6 << 20), "more than 5 MB"), (b"", "Choose a picture")])
async def test_what_is_no_picture_is_said_and_nothing_changes(lumen, desk, content, said):
    before = product(lumen)
    at = await upload(desk, f"/catalog/{before.id}/pictures", content)
    await desk.reads(at, said)
    assert product(lumen) == before
