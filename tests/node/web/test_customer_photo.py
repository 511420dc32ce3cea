"""A picture put to a customer, served from its own route, one from a file made small when it is looked at."""

import asyncio
import io
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from node.files.picture import read_picture
from node.model.customer import Customer
from node.model.person import Contact, Names
from node.services import customer_photos, customers
from node.web import customer_form, customer_page, customer_photo, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.files.test_picture import CAMERA, picture
from tests.node.services.world import World
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
ID = bytes([7]) * 32
PATH = f"/customers/{ID.hex()}"
MIA = Contact(1, Names("Mia"))


class Runtime(test_orders.Runtime):
    read_pictures = 0

    async def parse(self, reader, source, **options):
        assert reader == "picture"
        self.read_pictures += 1
        return await asyncio.to_thread(read_picture, source, **options)


@pytest.fixture
def ana(tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    node.write(lambda unit: unit.customers.keep(Customer(ID, MIA, unit.now, unit.now)))
    yield node
    world.close()


@pytest_asyncio.fixture
async def desk(ana):
    sessions = Sessions(ana.clock)
    routes = [*customer_form.ROUTES, *customer_page.ROUTES, *customer_photo.ROUTES]
    app = shell.make_app(routes, gate=test_orders.Gate(ana), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = Runtime(ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


async def _upload(desk, content):
    form = FormData()
    form.add_field("_token", desk.session.token)
    form.add_field("photo", io.BytesIO(content), filename="mia.jpg", content_type="image/jpeg")
    answer = await desk.client.post(PATH + "/photo", data=form, headers=desk.headers, allow_redirects=False)
    return answer.status


def _kept(ana):
    return ana.read(lambda unit: (unit.customers.photo(ID), unit.customers.shown_photo(ID)))


@pytest.mark.asyncio
async def test_a_picture_is_put_shown_and_taken_away(ana, desk):
    content = picture()
    assert "<img" not in (await desk.get(PATH))[1]
    assert await _upload(desk, content) == 303
    text = await desk.reads(PATH, "Picture saved", "Another picture")
    source = text.partition('class="portrait" src="')[2].partition('"')[0]
    answer = await desk.client.get(source, headers=desk.headers)
    body = await answer.read()
    kind = (answer.content_type, answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"])
    assert (kind, body[8:12], CAMERA in body) == (("image/webp", "nosniff", "no-store"), b"WEBP", False)
    assert ana.read(customer_photos.get_photo, customer=ID) == customer_photos.PhotoView("image/jpeg", content)
    assert await desk.post(PATH + "/photo/remove") == PATH
    assert (await desk.get(PATH + "/photo"))[0] == 404
    assert _kept(ana) == (None, None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("content", "said"), [(b"hello", "no picture"), (b"\xff\xd8\xff" + bytes(6 << 20), "more than 5 MB"), (b"", "Choose a picture")]
)
async def test_what_is_none_is_said_and_the_one_there_stays(ana, desk, content, said):
    await _upload(desk, picture())
    before = _kept(ana)
    assert await _upload(desk, content) == 303
    await desk.reads(PATH, said)
    assert _kept(ana) == before


@pytest.mark.asyncio
async def test_one_from_a_file_is_made_small_once(ana, desk):
    content = picture("PNG")
    ana.write(lambda unit: unit.customers.keep(Customer(ID, replace(MIA, photo=content), unit.now, unit.now)))
    assert _kept(ana) == (content, None)
    for _ in range(2):
        answer = await desk.client.get(PATH + "/photo", headers=desk.headers)
        assert (answer.status, answer.content_type) == (200, "image/webp")
    assert desk.client.app[RUNTIME].read_pictures == 1
    view = ana.read(customers.get_customer, customer=ID)
    ana.write(customers.change_customer, customer=ID, details=replace(view.details, note="n"), updated=view.updated)
    assert _kept(ana)[1]  # an edit leaves it as it is
    ana.write(lambda unit: unit.customers.keep(Customer(ID, replace(MIA, photo=b"no picture"), unit.now, unit.now)))
    assert _kept(ana) == (b"no picture", None)  # another picture is to be made small anew
    for _ in range(2):
        assert (await desk.get(PATH + "/photo"))[0] == 404
    assert (desk.client.app[RUNTIME].read_pictures, _kept(ana)) == (2, (b"no picture", b""))
