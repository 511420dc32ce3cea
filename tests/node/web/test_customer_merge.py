"""Duplicates, merging, splitting, putting aside and taking back, by the buttons of the pages."""

import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.model.customer import Customer
from node.services import customer_history
from node.services import customers as service
from node.web import customer_form, customer_merge, customer_page, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import CUSTOMER, Shop
from tests.node.services.test_customer_merge import MIA, MIA_TOO
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
ONE, OTHER = bytes([1]) * 32, bytes([2]) * 32
PATH = f"/customers/{ONE.hex()}"


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    for id_, person in ((ONE, MIA), (OTHER, MIA_TOO)):
        made.ana.write(lambda unit, id_=id_, person=person: unit.customers.keep(Customer(id_, person, unit.now, unit.now)))
    yield made
    made.world.close()


@pytest_asyncio.fixture
async def desk(shop):
    sessions = Sessions(shop.clock)
    routes = [*customer_form.ROUTES, *customer_page.ROUTES, *customer_merge.ROUTES]
    app = shell.make_app(routes, gate=test_orders.Gate(shop.ana), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = test_orders.Runtime(shop.ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def _updated(shop, customer):
    return str(shop.ana.read(service.get_customer, customer=customer).updated)


def _latest(shop, customer):
    return str(shop.ana.read(customer_history.list_history, customer=customer).changes[0].at)


@pytest.mark.asyncio
async def test_duplicates_are_merged_with_chosen_values_and_made_two_again(shop, desk):
    text = await desk.reads("/customers/duplicates", "1 pair looks like one person", "They share an e-mail", "Mia Torres", "Mia T.")
    merge = re.search(rf'href="({PATH}/merge\?with={OTHER.hex()})"', text)[1]
    text = await desk.reads(merge, "Birthday", "23 April 1988", "24 April 1988")
    updated = re.search(r'name="updated" value="(\d+)"', text)[1]
    form = {"other": OTHER.hex(), "updated": updated, "choose-birthday": "other", "choose-name": "one"}
    assert await desk.post(PATH + "/merge", **form) == PATH
    text = await desk.reads(PATH, "24 April 1988", "Boss", "Mia Torres", "are one customer now", "Merged with another: ")
    await desk.reads("/customers/duplicates", "No duplicates")
    merged = re.search(r'name="merge" value="([0-9a-f]{64})"', text)[1]
    assert await desk.post(PATH + "/unmerge", merge=merged) == PATH
    await desk.reads(PATH, "They are two customers again", "23 April 1988")
    await desk.reads(f"/customers/{OTHER.hex()}", "Mia T.", "24 April 1988")


@pytest.mark.asyncio
async def test_a_merge_of_what_was_changed_meanwhile_is_shown_again(desk):
    body = {"_token": desk.session.token, "other": OTHER.hex(), "updated": "1"}
    answer = await desk.client.post(PATH + "/merge", data=body, headers=desk.headers)
    assert (answer.status, "changed meanwhile" in await answer.text()) == (422, True)
    await desk.reads(PATH + "/merge", "Who is the same person?", "Mia T.")
    assert (await desk.get(PATH + "/merge?with=zz"))[0] == 404


@pytest.mark.asyncio
async def test_two_people_are_told_apart(desk):
    assert await desk.post(PATH + "/apart", other=OTHER.hex()) == "/customers/duplicates"
    await desk.reads("/customers/duplicates", "No duplicates")


@pytest.mark.asyncio
async def test_a_customer_is_split_with_an_order(shop, desk):
    order, path = shop.placed(), f"/customers/{CUSTOMER.hex()}"
    text = await desk.reads(path + "/split", "Phones", "Orders", "Product cream")
    assert f'value="{order.hex()}"' in text
    updated = _updated(shop, CUSTOMER)
    body = {"_token": desk.session.token, "name": "", "updated": updated, "phones": "0"}
    answer = await desk.client.post(path + "/split", data=body, headers=desk.headers)
    text = await answer.text()
    assert (answer.status, 'href="#name"' in text, 'value="0" checked' in text) == (422, True, True)
    new = await desk.post(path + "/split", name="Howard", updated=updated, phones="0", orders=order.hex())
    await desk.reads(new, "Howard", "+49 1512 3456789", "Product cream")
    await desk.reads(path, "Split", "No orders yet")


@pytest.mark.asyncio
async def test_put_aside_and_taken_back(shop, desk):
    assert await desk.post(PATH + "/archive") == PATH
    await desk.reads(PATH, "You put this customer aside")
    assert await desk.post(PATH + "/unarchive") == PATH
    text = await desk.reads(PATH, "Put aside", "Taken back among the others", "Take the last change back")
    assert "You put this customer aside" not in text
    assert await desk.post(PATH + "/edit", name="Mia B", updated=_updated(shop, ONE)) == PATH
    assert await desk.post(PATH + "/take-back", at="1") == PATH
    await desk.reads(PATH, "Mia B", "changed meanwhile", "Changed: name")
    assert await desk.post(PATH + "/take-back", at=_latest(shop, ONE)) == PATH
    await desk.reads(PATH, "Mia Torres", "Taken back: name")
