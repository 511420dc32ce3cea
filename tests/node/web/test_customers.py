"""Pages of customers, catalog and grants over real stores: what is shown, what each button does."""

import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import asking, grants
from node.web import catalog, catalog_list, catalog_parts, customer_erase, customer_form, customer_import, customer_page, customers, shell
from node.web import grants as grant_pages
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.importing import runs
from tests.node.services.shop import CUSTOMER, SECRET
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
CARDS = "".join(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nEND:VCARD\r\n" for name in ("Mia Torres", "<b>Jo</b>", "Zoë"))


class Runtime(test_orders.Runtime):
    def __init__(self, node) -> None:
        super().__init__(node)
        self.imports = runs(node)


@pytest_asyncio.fixture
async def desks(shop):
    opened, clients = [], []
    for node in (shop.ana, shop.lumen):
        sessions = Sessions(shop.clock)
        pages = (customers, customer_erase, customer_form, customer_page, customer_import, catalog_list, catalog, grant_pages)
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
    path = re.search(r'href="(/catalog/[0-9a-f]{64}\?customer=[0-9a-f]{64}&amp;merchant=[0-9a-f]{64})"', text)[1]
    text = await ana.reads(path, "You earn", "See the price", "Grace Hopper")
    assert f'<option value="{CUSTOMER.hex()}" selected' in text
    await lumen.reads(path.split("?")[0], "For sale")
    assert "See the price" not in (await lumen.get(path))[1]
    await ana.reads("/catalog?q=serum", "Product serum")
    await ana.reads("/catalog?q=nothing-like-it", "Nothing found")
    assert catalog_parts.picture("p", ("https://shop.example/a.png", "//x/a.svg", "/static/sample/../js/desk.js"), ()) is None
    assert catalog_parts.picture("p", ("https://shop.example/a.png", "/static/sample/glow.svg"), ()) == "/static/sample/glow.svg"


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
    await ana.reads("/customers/" + CUSTOMER.hex(), "lumen saw: ", "lumen may see Grace Hopper&#39;s")
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
