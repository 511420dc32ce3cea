"""A merchant's own pages over a real store: a shop's export signed into the catalog, and a commission plan in words and by form."""

import asyncio
import io
import re
import threading

import pytest
import pytest_asyncio
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from node.app import catalog_exports
from node.files.samples import PRODUCTS, sample_path
from node.services import browse, catalog_batches, catalog_imports, catalog_sources, plans, today_setup
from node.services.catalog_watch import CatalogWatch
from node.web import catalog, catalog_list, shell, shop_catalog, shop_import, shop_orders, shop_places, shop_plan
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.product_files import runs
from tests.node.services.test_catalog_watch import watch
from tests.node.services.world import START, World
from tests.node.web import test_orders
from tests.patience import PATIENCE

HOST, COOKIE = test_orders.HOST, test_orders.COOKIE
HEAD = "Handle,Title,Body (HTML),Vendor,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
FORM = {"currency": "USD", "direct": "20", "level-1": "5", "level-2": "", "level-3": "", "days": "14", "rate": "1"}
IN_WORDS = "The seller earns 20 %, the sponsor above 5 %; payable 14 days after delivery; 1 USD = 1 GMS"


def row(handle, price, title="Soap"):
    quoted = title.replace('"', '""')
    return f'{handle},"{quoted}",,Shop,active,Title,Default Title,{handle.upper()},{price},5\n'


class Runtime(test_orders.Runtime):
    def __init__(self, node) -> None:
        super().__init__(node)
        self.catalog_imports = runs(node)

        self.catalog_watch = watch(node)

    async def export_catalog(self, form, currency):
        return await catalog_exports.begin(self.read, form, currency, START)


@pytest.fixture
def nodes(tmp_path):
    world = World(tmp_path)
    yield world.node("lumen", "merchant"), world.node("ana")
    world.close()


@pytest_asyncio.fixture
async def desks(nodes):
    opened, clients = [], []
    for node in nodes:
        sessions = Sessions(node.clock)
        routes = [
            *shop_catalog.ROUTES,
            *shop_places.ROUTES,
            *shop_import.ROUTES,
            *shop_plan.ROUTES,
            *shop_orders.ROUTES,
            *catalog_list.ROUTES,
            *catalog.ROUTES,
        ]
        app = shell.make_app(routes, gate=test_orders.Gate(node), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
        app[RUNTIME] = Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        opened.append(test_orders.Desk(client, sessions.start()))
    yield opened
    for client in clients:
        await client.close()


async def _upload(desk, content, name="products.csv", **fields):
    form = FormData()
    form.add_field("_token", desk.session.token)
    for key, value in {"currency": "USD", **fields}.items():
        form.add_field(key, value)
    if content is not None:
        form.add_field("file", io.BytesIO(content), filename=name, content_type="text/csv")
    answer = await desk.client.post("/merchant/catalog", data=form, headers=desk.headers, allow_redirects=False)
    text = await answer.text()
    return answer.status, text, answer.headers.get("Location", "") or re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


async def _staged(desk, content, **options):
    """The page of the file that waits."""
    status, text, place = await _upload(desk, content, **options)
    assert status == 303, text
    return place


async def _signed(desk, content, **options):
    await desk.post(await _staged(desk, content, **options) + "/apply")


async def _refused(desk, **changed):
    answer = await desk.client.post("/merchant/plan", data={"_token": desk.session.token, **FORM, **changed}, headers=desk.headers)
    assert answer.status == 422
    return await answer.text()


@pytest.mark.asyncio
async def test_a_shops_export_is_looked_at_and_signed(nodes, desks):
    lumen, _ = desks
    await lumen.reads("/catalog", "No products yet", "Import products")
    text = await lumen.reads(
        "/merchant/catalog", "Currency of the prices", "Take away what the file doesn&#39;t have", "gemstra catalog import FILE"
    )
    currency = nodes[0].keys.currency
    assert f'<option value="{currency}" selected' in text
    path = await _staged(lumen, sample_path(PRODUCTS).read_bytes())
    text = await lumen.reads(path, "Read as Shopify, prices in USD", "Sign: 20 new", "Not sold", "Nobody can order in USD yet")
    assert nodes[0].read(browse.list_feeds) == []
    await lumen.reads(f"{path}?show=error", "It is a draft", "Row 24")
    assert await lumen.post(path + "/apply") == "/merchant/catalog"
    await lumen.reads("/merchant/catalog", "Signed together", "20 new", "Take back")
    await lumen.reads("/merchant", "20 products")
    await lumen.reads("/catalog", "20 products")
    await lumen.reads("/merchant/catalog", "Take your catalog away as a file", "WooCommerce (CSV), USD")
    file = await lumen.client.get("/merchant/catalog/file?form=shopify&currency=USD", headers=lumen.headers)
    assert (file.status, file.headers["Content-Type"], (await file.text()).count("active")) == (200, "text/csv", 20)


@pytest.mark.asyncio
async def test_changes_are_shown_and_what_is_missing_goes_when_asked(nodes, desks):
    lumen, _ = desks
    assert await lumen.post("/merchant/plan", **FORM) == "/merchant/plan"
    await _signed(lumen, (HEAD + row("a", "1.00") + row("b", "2.00")).encode())
    path = await _staged(lumen, (HEAD + row("a", "1.50") + row("c", "cheap", "Clay")).encode())
    text = await lumen.reads(path, "Sign: 1 price change", "Clay", "“cheap” is not a number", "1.00 USD", "1.50 USD")
    assert "Nobody can order" not in text
    assert await lumen.post(path + "/compare", replace="yes") == path
    await lumen.reads(path, "Sign: 1 price change, 1 withdrawn")
    await lumen.post(path + "/apply")
    assert nodes[0].read(browse.list_feeds)[0].products == 1
    batch = nodes[0].read(catalog_batches.list_batches)[0]
    await lumen.reads(f"/merchant/catalog/batches/{batch.id}", "2 products go back")
    assert await lumen.post(f"/merchant/catalog/batches/{batch.id}") == "/merchant/catalog"
    await lumen.reads("/merchant/catalog", "Taken back: 2 products are as before")
    assert nodes[0].read(browse.list_feeds)[0].products == 2
    text = await lumen.reads(f"/merchant/catalog/batches/{batch.id}", "It was taken back already")
    await _signed(lumen, (HEAD + row("a", "1.70") + row("b", "2.70")).encode())
    await _signed(lumen, (HEAD + row("a", "1.80") + row("b", "2.80")).encode())
    older = nodes[0].read(catalog_batches.list_batches)[1]
    text = await lumen.reads(f"/merchant/catalog/batches/{older.id}", "Nothing of it can be taken back", "2 were changed since")
    assert "0 products" not in text


@pytest.mark.asyncio
async def test_the_columns_of_an_unknown_table_are_asked_for_and_remembered(nodes, desks):
    lumen, _ = desks
    data = b"Nummer;Was;Kosten\nA;Seife;4,50\n"
    path = await _staged(lumen, data)
    await lumen.reads(path, "This table is of no program we know", "For example: Seife")
    refused = await lumen.client.post(path + "/columns", data={"_token": lumen.session.token, "column-0": "sku"}, headers=lumen.headers)
    assert (refused.status, "Say what another column holds" in await refused.text()) == (422, True)
    columns = {"column-0": "sku", "column-1": "title", "column-2": "price"}
    assert await lumen.post(path + "/columns", **columns) == path
    await lumen.reads(path, "Sign: 1 new", "Change the columns")
    await lumen.reads(path + "?columns=1", "Say what each column holds")
    text = await lumen.reads("/merchant/catalog", "Tables whose columns are remembered", "1 new would be signed")
    forget = re.search(r'action="(/merchant/catalog/mappings/[0-9a-f]+/forget)"', text)[1]
    assert await lumen.post(forget) == "/merchant/catalog"
    assert await lumen.post(path + "/stop") == "/merchant/catalog"
    assert nodes[0].read(catalog_imports.list_staged) == []


@pytest.mark.asyncio
async def test_a_file_with_nothing_for_sale_takes_nothing_away(nodes, desks):
    lumen, _ = desks
    await _signed(lumen, (HEAD + row("a", "1.00")).encode())
    path = await _staged(lumen, (HEAD + row("a", "cheap")).encode(), replace="yes")
    await lumen.reads(path, "Nothing would change", "Row 2", "The price “cheap”")
    assert await lumen.post(path + "/apply") == path
    assert nodes[0].read(browse.list_feeds)[0].products == 1


@pytest.mark.asyncio
async def test_a_catalog_changed_meanwhile_is_said_before_anything_is_signed(nodes, desks):
    lumen, _ = desks
    path = await _staged(lumen, (HEAD + row("a", "1.00")).encode())
    await _signed(lumen, (HEAD + row("a", "2.00")).encode())
    await lumen.reads(path, "Your catalog changed since this file was compared")
    assert await lumen.post(path + "/apply") == path
    await lumen.reads(path, "Your catalog changed since you looked", "Sign: 1 price change")


@pytest.mark.asyncio
@pytest.mark.parametrize("content", [None, b"", b"one\r\ntwo\r\n", b"<urlset/>", b"\xff\xfe\x00\x00rubbish", HEAD.encode()])
async def test_a_wrong_file_is_said_on_the_page(nodes, desks, content):
    lumen, _ = desks
    status, text, _ = await _upload(lumen, content, replace="yes", currency="EUR")
    assert status == 422
    assert "There is a problem" in text
    assert 'href="#file"' in text
    assert '<option value="EUR" selected' in text
    assert 'value="yes" checked' in text
    assert nodes[0].read(browse.list_feeds) == []


@pytest.mark.asyncio
async def test_a_currency_that_is_none_is_refused_by_both_pages(desks):
    lumen, _ = desks
    status, text, _ = await _upload(lumen, (HEAD + row("a", "1.00")).encode(), currency="<b>")
    assert (status, 'href="#currency"' in text) == (422, True)
    assert 'href="#currency"' in await _refused(lumen, currency="XXXX")


@pytest.mark.asyncio
async def test_a_file_too_large_for_the_page_is_sent_to_the_command(desks):
    lumen, _ = desks
    status, _, plain = await _upload(lumen, b"x" * (shop_catalog.UPLOAD_LIMIT + 1))
    assert status == 413
    assert "larger than 64 MB. Import a larger file with: gemstra catalog import FILE" in plain


@pytest.mark.asyncio
async def test_hostile_names_stay_text(desks):
    lumen, _ = desks
    rows = row("a", "1.00", HOSTILE) + row("b", HOSTILE.replace(",", "").replace('"', ""), HOSTILE)
    path = await _staged(lumen, (HEAD + rows).encode(), name="<img src=x onerror=alert(1)>.csv")
    text = await lumen.reads(path, "&lt;script&gt;alert(1)", "Not sold")
    waiting = await lumen.reads("/merchant/catalog")
    await lumen.post(path + "/apply")
    quoted = HOSTILE.replace('"', '""')
    table = await _staged(lumen, f'"{quoted}",b\n"{quoted}",2\n'.encode(), name=f"{HOSTILE}.csv")
    for page in (text, waiting, await lumen.reads(table), await lumen.reads("/merchant/catalog"), (await lumen.get("/catalog"))[1]):
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "<script>alert" not in await _refused(lumen, direct=HOSTILE, days=HOSTILE, rate=HOSTILE)
    assert "<script>alert" not in (await lumen.get("/merchant/plan?currency=%22%3E%3Cscript%3Ealert(1)"))[1]


@pytest.mark.asyncio
async def test_a_plan_is_signed_said_in_words_and_signed_anew(nodes, desks):
    lumen, _ = desks
    await lumen.reads("/merchant/plan", "None yet", "Sign your plan")
    assert await lumen.post("/merchant/plan", **FORM) == "/merchant/plan"
    await lumen.reads("/merchant/plan", IN_WORDS, "USD, version 1", "Version 1 for USD is signed")
    assert (
        await lumen.post("/merchant/plan", **{**FORM, "direct": "17,5", "level-2": "2.25", "days": "30", "rate": "0.5"}) == "/merchant/plan"
    )
    changed = "The seller earns 17.5 %, the sponsor above 5 %, the next one above 2.25 %; payable 30 days after delivery; 1 USD = 0.5 GMS"
    text = await lumen.reads("/merchant/plan", changed, "USD, version 2")
    assert IN_WORDS not in text
    assert re.search(r'name="level-2"[^>]* value="2.25"', text)
    assert await lumen.post("/merchant/plan", **{**FORM, "currency": "JPY", "level-1": ""}) == "/merchant/plan"
    await lumen.reads("/merchant/plan?currency=JPY", "The seller earns 20 %; payable", "1 JPY = 1 GMS", changed)
    newest = nodes[0].read(plans.list_plans)
    assert [(plan.currency, plan.version, plan.gms_rate) for plan in newest] == [
        ("JPY", 1, str(10**18)),
        ("USD", 2, str(5 * 10**15)),
        ("USD", 1, str(10**16)),
    ]


@pytest.mark.asyncio
async def test_what_the_form_does_not_ask_stays_as_the_last_version_had_it(nodes, desks):
    lumen, _ = desks
    terms = {
        "currency": "USD",
        "direct_bps": 4000,
        "level_bps": [500, 400, 300, 200],
        "return_window_ms": 3_000,
        "hold_ms": 2 * shop_plan.DAY_MS,
    }
    first = nodes[0].write(plans.publish_plan, **terms, cap_bps=6000)
    text = await lumen.reads("/merchant/plan", "All rates together are 60 % at most", "payable 2 days after delivery")
    shown = dict(re.findall(r'<input id="([a-z0-9-]+)" name="[^"]+" type="text" value="([^"]*)"', text))
    assert shown.keys() >= {"direct", "level-4", "days", "rate"}
    await lumen.post("/merchant/plan", currency="USD", **shown)
    second = nodes[0].read(plans.list_plans)[0]
    names = ("direct_bps", "level_bps", "return_window_ms", "hold_ms", "cap_bps", "gms_rate")
    assert second.version == first.version + 1
    assert [getattr(second, name) for name in names] == [getattr(first, name) for name in names]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"direct": "60"}, "direct", "Together these are 65 %. A plan pays 50 % at most"),
        ({"direct": ""}, "direct", "Enter a percentage"),
        ({"direct": "-1"}, "direct", "Enter a percentage"),
        ({"direct": "101"}, "direct", "Enter a percentage"),
        ({"direct": "1.005"}, "direct", "Enter a percentage"),
        ({"level-1": "", "level-2": "3"}, "level-1", "a higher level has one"),
        ({"level-3": "many"}, "level-3", "Enter a percentage"),
        ({"days": "367"}, "days", "from 0 to 366"),
        ({"rate": "0"}, "rate", "above zero"),
        ({"rate": "0.00000000000000001"}, "rate", "above zero"),
        ({"rate": "1e9"}, "rate", "above zero"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_beside_its_field(nodes, desks, changed, field, words):
    """Control: the same form without the change is signed (the tests above)."""
    lumen, _ = desks
    text = await _refused(lumen, **changed)
    assert f'<a href="#{field}">' in text
    assert words in text
    assert nodes[0].read(plans.list_plans) == []


@pytest.mark.asyncio
async def test_a_sellers_node_is_refused(nodes, desks):
    _, ana = desks
    for path in ("/merchant/catalog", "/merchant/plan"):
        status, text = await ana.get(path)
        assert (status, "This page is a merchant&#39;s" in text) == (400, True)
    assert (await _upload(ana, (HEAD + row("a", "1.00")).encode()))[0] == 400
    answer = await ana.client.post("/merchant/plan", data={"_token": ana.session.token, **FORM}, headers=ana.headers)
    assert answer.status == 400
    assert nodes[1].read(browse.list_feeds) == []
    assert nodes[1].read(plans.list_plans) == []


@pytest.mark.asyncio
async def test_the_way_to_the_first_sale_leads_to_both(nodes, desks):
    lumen, _ = desks
    steps = {task.href: task.done for task in nodes[0].read(today_setup.tasks)}
    assert (steps["/merchant/catalog"], steps["/merchant/plan"]) == (False, False)
    text = await lumen.reads("/merchant")
    assert 'href="/merchant/products"' in text
    assert 'href="/merchant/plan"' in text
    await _signed(lumen, (HEAD + row("a", "1.00")).encode())
    await lumen.post("/merchant/plan", **FORM)
    steps = {task.href: task.done for task in nodes[0].read(today_setup.tasks)}
    assert (steps["/merchant/catalog"], steps["/merchant/plan"]) == (True, True)


@pytest.mark.asyncio
async def test_a_folder_is_watched_looked_at_and_forgotten(nodes, desks, tmp_path):
    lumen, _ = desks
    await lumen.reads("/merchant/catalog/places", "No place is watched")
    fields = {"_token": lumen.session.token, "place": "exports", "currency": "USD", "every": "60"}
    refused = await lumen.client.post("/merchant/catalog/places", data=fields, headers=lumen.headers)
    assert (refused.status, "a folder from its root on" in await refused.text()) == (422, True)
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "shop.csv").write_text(HEAD + row("a", "1.00"))
    assert (
        await lumen.post("/merchant/catalog/places", place=str(tmp_path / "exports"), currency="USD", every="60")
        == "/merchant/catalog/places"
    )
    text = await lumen.reads("/merchant/catalog/places", "What it brings waits for your word", "Not looked at yet")
    one = re.search(r'action="(/merchant/catalog/places/[0-9a-f]+)/look"', text)[1]
    id_ = one.rpartition("/")[2]
    assert await lumen.post(one + "/change", **{f"every-{id_}": "360", f"publish-{id_}": "yes"}) == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "Every 360 minutes", "What it brings is signed by itself")
    assert await lumen.post(one + "/change", **{f"every-{id_}": "360"}) == "/merchant/catalog/places"
    assert await lumen.post(one + "/pause", paused="yes") == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "Paused; was every 360 minutes", "Resume")
    assert await lumen.post(one + "/pause") == "/merchant/catalog/places"
    assert await lumen.post(one + "/look") == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "Looked at")
    await lumen.reads("/merchant/catalog", "shop.csv", "1 new would be signed")
    assert await lumen.post(one + "/forget") == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "No place is watched")


@pytest.mark.asyncio
async def test_nobody_waits_for_a_place_that_is_silent(nodes, desks, tmp_path, monkeypatch):
    lumen, _ = desks
    gone = tmp_path / "gone"
    place = nodes[0].write(catalog_sources.add_source, kind="folder", place=str(gone), currency="USD")
    path = f"/merchant/catalog/places/{place.id}/look"
    assert await lumen.post(path) == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "nothing could be read", "The last look failed")
    answered, genuine = threading.Event(), CatalogWatch.look

    def silent(*given):
        answered.wait(PATIENCE)
        genuine(*given)

    monkeypatch.setattr(CatalogWatch, "look", silent)
    monkeypatch.setattr(shop_places, "WAIT_SECONDS", 0)
    gone.mkdir()
    (gone / "shop.csv").write_text(HEAD + row("a", "1.00"))
    assert await lumen.post(path) == "/merchant/catalog/places"
    await lumen.reads("/merchant/catalog/places", "It is being looked at. Come back in a minute or two", "The last look failed")
    answered.set()
    await asyncio.gather(*shop_places._looks)
    assert "The last look failed" not in await lumen.reads("/merchant/catalog/places", "Looked at")
