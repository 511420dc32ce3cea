"""The form of one customer as a browser without scripts uses it: what it is shown, it sends back, with its own line ends."""

from html.parser import HTMLParser

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.model.customer import Customer
from node.model.person import Labelled
from node.services import customers as service
from node.web import customer_form, customer_page, shell
from node.web.customer_form import tags_line
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.model.test_details import FULL
from tests.node.services.world import World
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
ID = bytes([7]) * 32
PATH = f"/customers/{ID.hex()}/edit"


class Fields(HTMLParser):
    """The fields of the one form of a page, as a browser sends them."""

    def __init__(self, text) -> None:
        super().__init__()
        self.sent, self.ids, self._area, self._select, self.focused = {}, set(), None, None, None
        self.feed(text.partition('<form class="form"')[2].partition("</form>")[0])

    def handle_starttag(self, tag, pairs):
        given = dict(pairs)
        self.ids |= {given["id"]} if "id" in given else set()
        self.focused = given.get("id") if "autofocus" in given else self.focused
        if given.get("type") == "checkbox" and "checked" not in given:
            return
        if tag == "input":
            self.sent[given["name"]] = given["value"].replace("\n", "").replace("\r", "")
        elif tag == "textarea":
            self._area = given["name"]
            self.sent[self._area] = ""
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and "selected" in given:
            self.sent[self._select] = given["value"]

    def handle_data(self, data):
        if self._area:
            self.sent[self._area] = data.removeprefix("\n").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")

    def handle_endtag(self, tag):
        self._area = None if tag == "textarea" else self._area


@pytest.fixture
def ana(tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    node.write(lambda unit: unit.customers.keep(Customer(ID, FULL, unit.now, unit.now)))
    yield node
    world.close()


@pytest_asyncio.fixture
async def desk(ana):
    sessions = Sessions(ana.clock)
    routes = [*customer_form.ROUTES, *customer_page.ROUTES]
    app = shell.make_app(routes, gate=test_orders.Gate(ana), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
    app[RUNTIME] = test_orders.Runtime(ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def _person(ana):
    return ana.read(lambda unit: unit.customers.get(ID)).person


async def _send(desk, fields, path=PATH):
    answer = await desk.client.post(path, data=fields, headers=desk.headers, allow_redirects=False)
    return answer.status, await answer.text()


@pytest.mark.asyncio
async def test_a_form_saved_as_it_was_shown_changes_nothing(ana, desk):
    fields = Fields((await desk.get(PATH))[1]).sent
    assert len(fields) > 40
    assert (await _send(desk, fields))[0] == 303
    assert _person(ana) == FULL


@pytest.mark.asyncio
async def test_what_a_customer_does_not_want_is_chosen(ana, desk):
    fields = Fields((await desk.get(PATH))[1]).sent
    assert (await _send(desk, fields | {"avoid": "call"}))[0] == 303
    assert _person(ana).preferences == (*FULL.preferences, Labelled("", "No calls"))
    text = (await desk.get(PATH))[1]
    assert 'value="call" checked' in text
    assert "No calls" not in Fields(text).sent.values()  # it is no row of the free ones beside
    again = Fields(text).sent | {"updated": str(ana.read(service.get_customer, customer=ID).updated)}
    again.pop("avoid", None)
    assert (await _send(desk, again))[0] == 303
    assert _person(ana).preferences == FULL.preferences


@pytest.mark.asyncio
async def test_one_more_row_keeps_all_that_was_typed_and_goes_on_there(ana, desk):
    fields = Fields((await desk.get(PATH))[1]).sent | {"name": "typed", "note": "half a thought", "phones-1-value": "no number"}
    for group, first in (("phones", "label"), ("addresses", "label"), ("consents", "purpose"), ("custom", "label")):
        status, text = await _send(desk, fields | {"do": f"more {group}"})
        shown = Fields(text)
        added = shown.sent.keys() - fields.keys()
        assert status == 200
        assert {name.split("-")[0] for name in added} == {group}
        assert {name: shown.sent[name] for name in fields} == fields
        assert shown.focused == next(name for name in added if name.endswith(first))
        fields = shown.sent
    status, text = await _send(desk, fields | {"do": "less phones 1"})
    left = Fields(text).sent
    assert "no number" not in left.values()
    assert (left["name"], left["note"]) == ("typed", "half a thought")
    assert _person(ana) == FULL  # nothing was saved by any of this


@pytest.mark.asyncio
async def test_an_error_stands_at_its_field_and_links_to_it(ana, desk):
    wrong = {"emails-0-value": "nobody", "birthday": "1988-02-30", "phones-1-value": "x", "name": "<b>\u202e"}
    fields = Fields((await desk.get(PATH))[1]).sent | wrong
    status, text = await _send(desk, fields)
    shown = Fields(text)
    assert status == 422
    for name in ("emails-0-value", "birthday", "phones-1-value"):
        assert f'<a href="#{name}">' in text
        assert f'id="{name}-error"' in text
        assert name in shown.ids
    assert {name: shown.sent[name] for name in fields} == fields
    assert "<b>\u202e" not in text
    assert _person(ana) == FULL


@pytest.mark.asyncio
async def test_what_changed_meanwhile_is_said_and_a_second_save_is_meant(ana, desk):
    fields = Fields((await desk.get(PATH))[1]).sent | {"nickname": "Mine"}
    view = ana.read(service.get_customer, customer=ID)
    ana.write(service.change_customer, customer=ID, details=view.details, updated=view.updated)  # the same again is no change
    other = {**fields, "nickname": "Theirs"}
    assert (await _send(desk, other))[0] == 303
    status, text = await _send(desk, fields)
    assert (status, "while you were typing" in text, _person(ana).nickname) == (422, True, "Theirs")
    assert (await _send(desk, Fields(text).sent))[0] == 303
    assert _person(ana).nickname == "Mine"


@pytest.mark.asyncio
@pytest.mark.parametrize("wish", ["less consents 0", "less phones 99", "less phones x", "more other", "more __class__", "less"])
async def test_a_wish_that_is_none_loses_nothing(ana, desk, wish):
    fields = Fields((await desk.get(PATH))[1]).sent
    assert (await _send(desk, fields | {"do": wish}))[0] in (200, 303)
    assert _person(ana) == FULL


def test_tags_in_a_line_come_back():
    assert tags_line(("vip", "a, b", 'say "x"')) == 'vip,"a, b","say ""x"""'
    assert tags_line(("vip", "roses")) == "vip, roses"
