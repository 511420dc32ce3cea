"""The way of a contacts file through the pages: chosen, mapped, looked at, decided, taken over, taken back. No script is needed."""

import io
import re

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from node.web import customer_form, customer_import, customer_page, customers, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.importing import runs
from tests.node.services.shop import Shop
from tests.node.web import test_orders

CARDS = "".join(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nEND:VCARD\r\n" for name in ("Mia Torres", "<b>Jo</b>", "Zoë"))

EXPORT = (
    b'{"kind":"header","value":{"gemstra":1,"at":1,"identity":"00","name":"Ana","role":"seller","currency":"USD"}}\n'
    b'{"kind":"customer","value":{"id":"'
    + b"01"
    * 32
    + b'","person":{"row":1,"names":{"full":"Mia"}},"created":5,"updated":6,"archived":null}}\n'
    b'{"kind":"note","value":{"id":"' + b"02" * 32 + b'","customer":"' + b"01" * 32 + b'","at":7,"text":"She called","channel":"call",'
    b'"direction":"in","created":8}}\n{"kind":"end","value":{"counts":{}}}\n'
)


class Runtime(test_orders.Runtime):
    def __init__(self, node) -> None:
        super().__init__(node)
        self.imports = runs(node)


@pytest_asyncio.fixture
async def ana(tmp_path):
    shop = Shop(tmp_path)
    sessions = Sessions(shop.clock)
    routes = [*customer_import.ROUTES, *customers.ROUTES, *customer_form.ROUTES, *customer_page.ROUTES]
    app = shell.make_app(
        routes, gate=test_orders.Gate(shop.ana), sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE
    )
    app[RUNTIME] = Runtime(shop.ana)
    client = TestClient(TestServer(app))
    await client.start_server()
    yield test_orders.Desk(client, sessions.start())
    await client.close()
    shop.world.close()


async def _upload(desk, content, name="phone.vcf", region="US"):
    """The page that an upload leads to."""
    form = FormData()
    form.add_field("_token", desk.session.token)
    form.add_field("region", region)
    form.add_field("file", io.BytesIO(content), filename=name, content_type="text/vcard")
    answer = await desk.client.post("/customers/import", data=form, headers=desk.headers, allow_redirects=False)
    return answer.status, answer.headers.get("Location", ""), await answer.text()


@pytest.mark.asyncio
async def test_contacts_are_looked_at_and_then_kept(ana):
    await ana.reads("/customers/import", "No customer is written until you have seen every row")
    status, path, _ = await _upload(ana, CARDS.encode())
    assert status == 303
    text = await ana.reads(path, "Import 3 customers", "Mia Torres")
    assert "&lt;b&gt;Jo" in text
    assert "<b>Jo" not in text
    await ana.reads("/customers", "1 person")  # nobody is written yet
    await ana.reads("/customers/import", "3 rows wait for your word")
    assert await ana.post(path + "/apply") == "/customers"
    await ana.reads("/customers", "4 people", "Mia Torres", "3 new, 0 updated, 0 already here")
    answer = await ana.client.post(path + "/apply", data={"_token": ana.session.token}, headers=ana.headers)
    assert answer.status == 409  # once
    await ana.reads("/customers?q=zoe", "Zoë")


@pytest.mark.asyncio
async def test_an_export_brings_back_what_hangs_on_customers_and_says_what_it_does_not(ana):
    _, path, _ = await _upload(ana, EXPORT, "all.jsonl")
    await ana.reads(path, "Import 1 customer", "With them come 1 note", "they come back from a backup or from your peers")
    assert await ana.post(path + "/apply") == "/customers"
    await ana.reads("/customers", "1 new, 0 updated, 0 already here, with 1 note")
    await ana.reads(f"/customers/{'01' * 32}", "She called")


@pytest.mark.asyncio
async def test_rows_are_decided_one_by_one_and_by_rules(ana):
    _, path, _ = await _upload(ana, CARDS.encode())
    assert await ana.post(path + "/rows", **{"row-1": "skip", "was-1": "new", "row-2": "new", "was-2": "new", "show": "", "after": "0"})
    await ana.reads(path, "Import 2 customers", "1 row would be left out", "Left out")
    await ana.post(path + "/rules", match="email", found="update", twins="new")
    await ana.reads(path + "?show=new", "Import 2 customers")
    assert await ana.post(path + "/apply") == "/customers"
    _, again, _ = await _upload(ana, CARDS.encode())
    await ana.reads(again, "Already here", "Import 1 customer")


@pytest.mark.asyncio
async def test_a_table_nobody_knows_is_asked_about_once(ana):
    _, path, _ = await _upload(ana, "Kunde;Rufnummer\nZoë;030 901820\n".encode(), "kunden.csv", "de")
    text = await ana.reads(path, "of no program we know", "Kunde", "Rufnummer", "For example: 030 901820")
    assert '<option value="name" selected' in text
    answer = await ana.client.post(path + "/columns", data={"_token": ana.session.token, "column-0": ""}, headers=ana.headers)
    assert (answer.status, "nobody is known by a row" in await answer.text()) == (422, True)
    await ana.post(path + "/columns", **{"column-0": "name", "column-1": "phone"})
    await ana.reads(path, "Import 1 customer", "+49 30 901820")
    _, again, _ = await _upload(ana, b"Kunde;Rufnummer\nBo;030 901821\n", "kunden.csv", "DE")
    await ana.reads(again, "Import 1 customer", "+49 30 901821", "Change the columns")
    text = await ana.reads("/customers/import", "Tables whose columns are remembered", "Kunde, Rufnummer")
    forget = re.search(r'action="(/customers/import/mappings/[0-9a-f]{64}/forget)"', text)[1]
    assert await ana.post(forget) == "/customers/import"
    assert "are remembered" not in (await ana.get("/customers/import"))[1]


@pytest.mark.asyncio
async def test_an_import_is_undone_on_the_page(ana):
    _, path, _ = await _upload(ana, CARDS.encode())
    await ana.post(path + "/apply")
    _, text = await ana.get("/customers/import")
    undo = re.search(r'href="(/customers/imports/[0-9a-f]{64}/undo)"', text)[1]
    await ana.reads(undo, "to the letter", "Undo it")
    assert await ana.post(undo) == "/customers/import"
    await ana.reads("/customers/import", "Undone: 3 gone again, 0 as before", "phone.vcf")
    await ana.reads("/customers", "1 person")
    assert (await ana.get("/customers/import"))[1].count("/undo") == 0
    await ana.reads(undo, "undone already")


@pytest.mark.asyncio
async def test_who_was_changed_since_is_listed_before_an_undo(ana):
    _, path, _ = await _upload(ana, CARDS.encode())
    await ana.post(path + "/apply")
    _, text = await ana.get("/customers?q=zoe")
    zoe = re.search(r"/customers/[0-9a-f]{64}", text)[0]
    _, form = await ana.get(zoe + "/edit")
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    await ana.post(zoe + "/edit", **{**fields, "_token": ana.session.token, "name": "Zoë B"})
    _, text = await ana.get("/customers/import")
    undo = re.search(r'href="(/customers/imports/[0-9a-f]{64}/undo)"', text)[1]
    await ana.reads(undo, "Something happened to 1 of them since", "Zoë B", "Changed since", "Undo the others")
    assert await ana.post(undo) == undo  # not said that some stay
    assert await ana.post(undo, leave="yes") == "/customers/import"
    await ana.reads("/customers/import", "Undone: 2 gone again, 0 as before, 1 left as they are")


@pytest.mark.asyncio
async def test_why_nothing_would_change_is_said_as_it_is(ana):
    _, path, _ = await _upload(ana, CARDS.encode())
    left = {f"{word}-{number}": value for number in (1, 2, 3) for word, value in (("row", "skip"), ("was", "new"))}
    await ana.post(path + "/rows", **left, show="", after="0")
    text = await ana.reads(path, "Nothing would change as it stands. Decide below", "3 rows would be left out")
    assert "everybody in it is here already" not in text
    await ana.reads("/customers/import", "Discard")
    _, path, _ = await _upload(ana, b"BEGIN:VCARD\r\nNOTE:milk\r\nEND:VCARD\r\n", "nobody.vcf")
    await ana.reads(path, "Nothing would change: nobody in it is new.")


@pytest.mark.asyncio
async def test_rows_that_failed_are_downloaded(ana):
    _, path, _ = await _upload(ana, (CARDS + "BEGIN:VCARD\r\nNOTE:milk\r\nEND:VCARD\r\n").encode(), 'mine".vcf')
    await ana.reads(path, "Cannot be read", "Download the rows that failed")
    assert await ana.post(path + "/apply") == path
    await ana.reads(path, "1 row could not be read")
    answer = await ana.client.get(path + "/errors", headers=ana.headers)
    assert answer.headers["Content-Type"].startswith("text/vcard")
    assert re.fullmatch(r'attachment; filename="[\w.-]+"', answer.headers["Content-Disposition"])
    assert "NOTE:milk" in await answer.text()


@pytest.mark.asyncio
async def test_a_file_is_discarded(ana):
    _, path, _ = await _upload(ana, CARDS.encode())
    text = await ana.reads(path, "Discard this file")
    assert re.search(r"</bdi> <small>", text)  # read aloud or copied, the words of a row do not run together
    assert await ana.post(path + "/stop") == "/customers/import"
    assert (await ana.get(path))[0] == 404


@pytest.mark.asyncio
async def test_a_file_that_takes_long_goes_on_while_the_page_shows_how_far(ana, monkeypatch):
    monkeypatch.setattr(customer_import, "WAIT_SECONDS", 0)
    status, path, _ = await _upload(ana, CARDS.encode())
    assert (status, path) == (303, "/customers/import")
    for _ in range(200):
        _, text = await ana.get("/customers/import")
        if "3 rows wait" in text:
            break
    path = re.search(r'href="(/customers/import/[0-9a-f]{64})"', text)[1]
    assert await ana.post(path + "/apply") == path
    for _ in range(200):
        _, text = await ana.get(path)
        if "It was taken over" in text:
            break
    await ana.reads("/customers", "4 people")


@pytest.mark.asyncio
async def test_a_broken_file_is_told_later_if_the_page_did_not_wait(ana, monkeypatch):
    monkeypatch.setattr(customer_import, "WAIT_SECONDS", 0)
    await _upload(ana, b"PK\x03\x04 xl/workbook", "people.xlsx")
    for _ in range(200):
        _, text = await ana.get("/customers/import")
        if "given up" in text:
            break
    assert "an Excel workbook" in text


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe\x00\x00rubbish", b'{"a": 1}'])
async def test_a_wrong_file_is_said_on_the_page(ana, content):
    status, _, text = await _upload(ana, content, "x.csv")
    assert status == 422
    assert "There is a problem" in text
    await ana.reads("/customers", "1 person")


@pytest.mark.asyncio
async def test_a_file_too_large_for_the_page_is_refused(ana):
    status, _, text = await _upload(ana, b"x" * (customer_import.UPLOAD_LIMIT + 1))
    assert status == 413
    assert "larger than 64 MB" in text
