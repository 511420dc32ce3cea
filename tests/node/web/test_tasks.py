"""Pages of follow-ups, rules and notes over a real store: what is shown, what each button does, and where it leads."""

import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.model.customer import Customer
from node.model.filters import Filters
from node.model.person import Contact, Labelled, Names, Phone
from node.services import segments
from node.services import tasks as service
from node.web import customer_page, formats, shell, task_parts, tasks, today
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.world import World
from tests.node.web import test_orders

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
MIA = bytes([1]) * 32


class Runtime(test_orders.Runtime):
    async def status(self):
        return type("Status", (), {"network": "ready", "chain": "off", "role": "seller"})


@pytest.fixture
def ana(tmp_path):
    world = World(tmp_path)
    node = world.node("ana")
    mia = Contact(
        0, Names("Mia <i>Torres"), phones=(Phone("", "600", "+34600000111"),), emails=(Labelled("", "mia@example.com"),), birthday="--11-20"
    )
    node.write(lambda unit: unit.customers.keep(Customer(MIA, mia, unit.now, unit.now)))
    yield node
    world.close()


@pytest_asyncio.fixture
async def desk(ana):
    sessions = Sessions(ana.clock)
    routes = [*today.ROUTES, *tasks.ROUTES, *customer_page.ROUTES]
    app = shell.make_app(routes, gate=test_orders.Gate(ana), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE, now=ana.clock)
    app[RUNTIME] = Runtime(ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()


def add(node, title="Call back", **named):
    return node.write(service.add_task, title=title, **named).id


@pytest.mark.asyncio
async def test_home_shows_what_is_due_and_one_tap_does_it(ana, desk):
    await desk.reads("/", "Nothing to follow up")
    late = add(ana, "Bring samples", due="2023-11-12", customer=MIA, channel="message")
    add(ana, "Call back", customer=MIA, channel="call")
    add(ana, "Write the letter", due="+3")
    text = await desk.reads("/", "Overdue", "2 days late", "Bring samples", "Today", "Call back", "In the next days", "Write the letter")
    assert [text.index(word) for word in ("Bring samples", "Call back", "Write the letter")] == sorted(
        text.index(word) for word in ("Bring samples", "Call back", "Write the letter")
    )
    assert "Mia &lt;i&gt;Torres" in text
    assert "<i>Torres" not in text
    for href in ("tel:+34600000111", "sms:+34600000111", "mailto:mia@example.com", f"/customers/{MIA.hex()}"):
        assert f'href="{href}"' in text
    led = await desk.post(f"/tasks/{late}/done", back="/")
    assert led == f"/?undo={late}"
    text = await desk.reads(led, "Done", "Undo")
    assert f'action="/tasks/{late}/undo"' in text
    assert await desk.post(f"/tasks/{late}/undo", back="/") == "/"
    await desk.reads("/", "It is back on the list", "Bring samples")
    await desk.reads(led)  # there is nothing to undo any more


@pytest.mark.asyncio
async def test_putting_off_by_word_and_by_day(ana, desk):
    task = add(ana)
    assert await desk.post(f"/tasks/{task}/snooze", until="week", back="/") == "/"
    await desk.reads("/", "Put off until 21 November 2023", "In the next days")
    assert await desk.post(f"/tasks/{task}/snooze", until="2023-12-24", back="/") == "/"
    await desk.reads("/tasks", "24 December 2023", "Nothing is due now")
    assert await desk.post(f"/tasks/{task}/snooze", until="yesterday", back="/tasks?state=open") == "/tasks?state=open"
    await desk.reads("/tasks?state=open", "Enter a day like 2026-12-03")


@pytest.mark.asyncio
async def test_added_changed_removed_and_brought_back_on_the_pages(ana, desk):
    await desk.reads("/tasks/new", "open the customer")
    path = f"/customers/{MIA.hex()}"
    text = await desk.reads(f"/tasks/new?customer={MIA.hex()}", "For Mia")
    assert f'name="customer" value="{MIA.hex()}"' in text
    given = {"title": "Ask about roses", "due": "tomorrow", "channel": "visit", "note": "red ones"}
    assert await desk.post("/tasks", **given, customer=MIA.hex(), back=path) == path
    text = await desk.reads(path, "Ask about roses", "Tomorrow", "red ones")
    task = re.search(r'href="/tasks/([0-9a-f]{64})"', text)[1]
    await desk.reads(f"/tasks/{task}", "Take off the list")
    answer = await desk.client.post(f"/tasks/{task}", data={"_token": desk.session.token, **given, "title": ""}, headers=desk.headers)
    assert (answer.status, "Say in a few words" in await answer.text()) == (422, True)
    assert await desk.post(f"/tasks/{task}", **{**given, "title": "Ask about tulips"}) == "/tasks"
    await desk.reads(f"/tasks?customer={MIA.hex()}", "For Mia", "Ask about tulips")
    led = await desk.post(f"/tasks/{task}/remove", back="/tasks")
    await desk.reads(led, "Taken off the list", "Ask about tulips", "Nothing to follow up")
    assert await desk.post(f"/tasks/{task}/undo", back="/tasks") == "/tasks"
    await desk.reads("/tasks", "Ask about tulips")
    await desk.post(f"/tasks/{task}/done", back="/tasks")
    await desk.reads("/tasks?state=done", "Ask about tulips")
    await desk.reads(f"{path}/tasks", "Ask about tulips", "Done")
    await desk.reads(f"/tasks/{task}", "Undo")
    assert await desk.post(f"/tasks/{task}", **given) == "/tasks"
    await desk.reads("/tasks", "This follow-up is done. Undo that first.")


@pytest.mark.asyncio
async def test_a_rule_is_looked_at_before_it_is_switched_on(ana, desk):
    text = await desk.reads("/tasks/rules", "Birthdays", "Time to reorder", "the middle one of them", "No contact for long", "29 February")
    assert text.count("Off") >= 4
    given = {"days": "10", "most": "5", "channel": "message", "tag": ""}
    answer = await desk.client.post(
        "/tasks/rules/birthday", data={"_token": desk.session.token, **given, "do": "look"}, headers=desk.headers, allow_redirects=False
    )
    assert answer.status == 200
    text = await answer.text()
    assert "Wish a happy birthday" in text
    assert "20 November 2023" in text
    assert ana.read(service.list_tasks).tasks == []
    assert await desk.post("/tasks/rules/birthday", **given, on="yes", do="save") == "/tasks/rules"
    await desk.reads("/tasks/rules", "Birthdays: on")
    for field, wrong in (("days", "many"), ("days", "61"), ("most", "0"), ("most", "-1")):
        body = {"_token": desk.session.token, **given, field: wrong, "do": "save"}
        answer = await desk.client.post("/tasks/rules/birthday", data=body, headers=desk.headers)
        assert (answer.status, f'href="#birthday-{field}"' in await answer.text()) == (422, True)
    assert (await desk.get("/tasks/rules/lunar"))[0] in (404, 405)
    segment = ana.write(segments.save_segment, name="Friends", filters=Filters(tags=("friend",))).id
    await desk.reads("/tasks/rules", "Only in the segment", "Friends")
    await desk.post("/tasks/rules/birthday", **given, segment=segment, on="yes", do="save")
    assert f'value="{segment}" selected' in (await desk.get("/tasks/rules"))[1]


@pytest.mark.asyncio
async def test_what_was_said_stands_on_the_timeline_and_can_be_taken_away(ana, desk):
    path = f"/customers/{MIA.hex()}"
    given = {"text": "She wants the serum <b>again", "channel": "call", "direction": "in", "when": "2023-11-14T10:30"}
    assert await desk.post(f"{path}/notes", **given) == path
    text = await desk.reads(path, "They called: She wants the serum")
    assert "<b>again" not in text
    for wrong in ({"when": "2030-01-01T10:00"}, {"when": "noon"}, {"text": " "}):
        assert await desk.post(f"{path}/notes", **{**given, **wrong}) == path
    text = await desk.reads(f"{path}/notes", "14 Nov, 10:30")
    note = re.search(r'action="/notes/([0-9a-f]{64})/remove"', text)[1]
    led = await desk.post(f"/notes/{note}/remove", customer=MIA.hex())
    await desk.reads(led, "Taken away", "Nothing noted yet")
    assert await desk.post(f"/notes/{note}/undo", customer=MIA.hex()) == f"{path}/notes"
    await desk.reads(path, "They called")


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/", "/"),
        ("/tasks?state=open&rule=", "/tasks?state=open&rule="),
        (f"/customers/{'a' * 64}", f"/customers/{'a' * 64}"),
        ("//evil.example", "/tasks"),
        ("https://evil.example", "/tasks"),
        ("/customers/x", "/tasks"),
        ("", "/tasks"),
    ],
)
def test_a_form_leads_to_pages_of_follow_ups_only(given, leads):
    assert task_parts.back_of(given) == leads


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("tel:+34600000111", True),
        ("sms:600", True),
        ("mailto:a.b+c@example.com", True),
        ("javascript:alert(1)", False),
        ("tel:1;ext=javascript", False),
        ("mailto:a@b?bcc=c@d", False),
        ("tel:\n1", False),
    ],
)
def test_only_numbers_and_addresses_are_dialled(href, shown):
    assert formats.reach(href) == (href if shown else "#")


def test_a_hostile_address_is_written_as_an_address():
    view = service.TaskView("", "", "", "2026-01-01", 0, "message", "open", "", "", "ask", "6;1'<", 'x"@y?bcc=z@w', "", "", 0)
    assert task_parts.reach(view) == [("E-mail", "mailto:x%22@y%3Fbcc%3Dz@w")]
