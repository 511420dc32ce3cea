"""Pages of customers, catalog and grants over real stores: what is shown, what each button does."""

import asyncio
import io
import re

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from node.files.contacts import read_contacts
from node.services import asking, grants
from node.web import catalog, customer_erase, customer_form, customer_import, customer_page, customers, shell
from node.web import grants as grant_pages
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import CUSTOMER, SECRET, Shop
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
CARDS = "".join(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nEND:VCARD\r\n" for name in ("Mia Torres", "<b>Jo</b>", "Zoë"))


class Runtime(test_orders.Runtime):
    async def parse(self, reader, source, **options):
        assert reader == "contacts"
        return await asyncio.to_thread(read_contacts, source, **options)


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    yield made
    made.world.close()


@pytest_asyncio.fixture
async def desks(shop):
    opened, clients = [], []
    for node in (shop.ana, shop.lumen):
        sessions = Sessions(shop.clock)
        pages = (customers, customer_erase, customer_form, customer_page, customer_import, catalog, grant_pages)
        routes = [route for page in pages for route in page.ROUTES]
        app = shell.make_app(routes, gate=test_orders.Gate(node), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
        app[RUNTIME] = Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        opened.append(test_orders.Desk(client, sessions.start()))
    yield opened
    for client in clients:
        await client.close()


async def _upload(desk, content, name="phone.vcf"):
    form = FormData()
    form.add_field("_token", desk.session.token)
    form.add_field("file", io.BytesIO(content), filename=name, content_type="text/vcard")
    answer = await desk.client.post("/customers/import", data=form, headers=desk.headers)
    return answer.status, await answer.text()


@pytest.mark.asyncio
async def test_contacts_are_looked_at_and_then_kept(desks):
    ana, _ = desks
    await ana.reads("/customers/import", "Nothing is saved until you have seen it")
    status, text = await _upload(ana, CARDS.encode())
    assert status == 200
    assert "&lt;b&gt;Jo" in text
    assert "<b>Jo" not in text
    assert "Import 3 customers" in text
    await ana.reads("/customers", "1 person")  # nothing is kept yet
    token = re.search(r'name="import" value="([^"]+)"', text)[1]
    assert await ana.post("/customers/import/apply", **{"import": token}) == "/customers"
    await ana.reads("/customers", "4 people", "Mia Torres", "3 new, 0 updated, 0 already here")
    assert await ana.post("/customers/import/apply", **{"import": token}) == "/customers/import"  # once
    await ana.reads("/customers?q=zoe", "Zoë")


@pytest.mark.asyncio
async def test_an_import_is_undone_on_the_page(desks):
    ana, _ = desks
    _, text = await _upload(ana, CARDS.encode())
    token = re.search(r'name="import" value="([^"]+)"', text)[1]
    await ana.post("/customers/import/apply", **{"import": token})
    _, text = await ana.get("/customers/import")
    undo = re.search(r'action="(/customers/imports/[0-9a-f]{64}/undo)"', text)[1]
    assert await ana.post(undo) == "/customers/import"
    await ana.reads("/customers/import", "Undone: 3 gone again, 0 as before", "phone.vcf")
    await ana.reads("/customers", "1 person")
    status, _ = await ana.get("/customers/import")
    assert status == 200
    assert (await ana.get("/customers/import"))[1].count("/undo") == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe\x00\x00rubbish"])
async def test_a_wrong_file_is_said_on_the_page(desks, content):
    ana, _ = desks
    status, text = await _upload(ana, content, "x.csv")
    assert status == 422
    assert "There is a problem" in text
    await ana.reads("/customers", "1 person")


@pytest.mark.asyncio
async def test_a_file_too_large_for_the_page_is_refused(desks):
    ana, _ = desks
    status, text = await _upload(ana, b"x" * (customer_import.UPLOAD_LIMIT + 1))
    assert status == 413
    assert "larger than 20 MB" in text


@pytest.mark.asyncio
async def test_a_customer_typed_in_changed_and_erased(desks):
    ana, _ = desks
    await ana.reads("/customers/new", "Add customer")
    address = {"addresses-0-street": "1 Main St", "addresses-0-city": "Troy", "addresses-0-postcode": "12180"}
    fields = {"name": "Zoë", "emails-0-value": "z@example.org", **address, "tags": "vip, roses"}
    path = await ana.post("/customers", **fields)
    await ana.reads(path, "Zoë", "z@example.org", "1 Main St, 12180 Troy", "vip", "Only you", "No orders yet")
    text = await ana.reads(path + "/edit", "Street and number")
    assert 'value="vip, roses"' in text
    read = re.search(r'name="updated" value="(\d+)"', text)[1]
    assert await ana.post(path + "/edit", **{**fields, "name": "Zoë B", "updated": read}) == path
    read = re.search(r'name="updated" value="(\d+)"', (await ana.get(path + "/edit"))[1])[1]
    data = {"_token": ana.session.token, "name": "", "updated": read}
    answer = await ana.client.post(path + "/edit", data=data, headers=ana.headers)
    assert (answer.status, "Enter a name." in await answer.text()) == (422, True)
    receipt = await ana.post(path + "/erase")
    text = await ana.reads(receipt, "A customer was erased", "Erased.", "You had no place for backups", "things they are found again by")
    assert "Zoë" not in text
    answer = await ana.client.get(receipt + ".json", headers=ana.headers)
    said = await answer.json()
    assert (answer.content_type, said["type"], f"/customers/{said['customer']}") == ("application/json", "customer.erased", path)
    await ana.reads("/customers/receipts", said["id"][:4])
    assert (await ana.get(path))[0] == 404


@pytest.mark.asyncio
async def test_the_catalog_with_pictures_of_this_desk_only(shop, desks):
    ana, lumen = desks
    text = await ana.reads("/catalog?customer=" + CUSTOMER.hex(), "3 products", "Product cream", "$52.00", "Ordering for Grace Hopper")
    assert "<img" not in text  # these have no picture: their initials stand in
    path = re.search(r'href="(/catalog/[0-9a-f]{64}\?customer=[0-9a-f]{64})"', text)[1]
    text = await ana.reads(path, "You earn", "See the price", "Grace Hopper")
    assert f'<option value="{CUSTOMER.hex()}" selected' in text
    await lumen.reads(path.split("?")[0], "For sale")
    assert "See the price" not in (await lumen.get(path))[1]
    await ana.reads("/catalog?q=serum", "Product serum")
    await ana.reads("/catalog?q=nothing-like-it", "Nothing found")
    assert catalog.picture(("https://shop.example/a.png", "//x/a.svg", "/static/sample/../js/desk.js")) is None
    assert catalog.picture(("https://shop.example/a.png", "/static/sample/glow.svg")) == "/static/sample/glow.svg"


@pytest.mark.asyncio
async def test_a_grant_is_given_shown_and_taken_back(shop, desks):
    ana, lumen = desks
    order = shop.accepted()
    grant = shop.lumen.write(grants.request_grant, order=order).id
    shop.world.deliver()
    await ana.reads("/grants", "lumen asks", "May lumen see Grace Hopper&#39;s name", "Lilienstrasse 17", "7 days")
    assert await ana.post(f"/grants/{grant}/answer") == f"/grants/{grant}"
    await ana.reads(f"/grants/{grant}", "lumen may see Grace Hopper&#39;s name", "Nothing yet", "Stop sharing")
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=bytes.fromhex(grant))
    shop.world.deliver()
    await ana.reads("/grants", "Shown once")
    await ana.reads("/grants/ledger", "Street", "Grace Hopper", "lumen", "To deliver one order")
    await ana.reads("/customers/" + CUSTOMER.hex(), "lumen saw: street", "lumen may see Grace Hopper&#39;s")
    await lumen.reads("/grants", "ana lets you see the customer&#39;s name")
    assert SECRET[1] not in (await lumen.get(f"/grants/{grant}"))[1]
    assert await ana.post(f"/grants/{grant}/revoke") == f"/grants/{grant}"
    await ana.reads(f"/grants/{grant}", "You stopped sharing", "lumen is told to erase", "is not reachable")
    shop.world.deliver()
    await ana.reads(f"/grants/{grant}", "Signed proof of erasure", "Consent receipt")
    await ana.reads("/grants", "Erased there, with signed proof")


@pytest.mark.asyncio
async def test_a_request_is_refused(shop, desks):
    ana, _ = desks
    grant = shop.lumen.write(grants.request_grant, order=shop.accepted()).id
    shop.world.deliver()
    assert await ana.post(f"/grants/{grant}/answer", refuse="yes") == f"/grants/{grant}"
    await ana.reads("/grants", "You refused to show lumen")
    assert await ana.post(f"/grants/{grant}/answer") == "/grants"
    await ana.reads("/grants", "There is no open request here")
