"""What is wrong with a catalog, from the answer that came over the wire to the words on the page, in Today and of the command."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from typer.testing import CliRunner

from node.api import catalog as api
from node.api.http import add_api
from node.cli.root import app as command
from node.services import browse, catalog_findings, catalog_heads, catalog_serving, evidence, today
from node.services import catalog_following as following
from node.web import catalog_list, shell, shop_products
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from protocol.encoding import encode
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.reconcile import END
from tests.node.cli import test_order_commands
from tests.node.services.catalog_goods import line, publish
from tests.node.services.test_catalog_sync import altered
from tests.node.services.test_catalog_whole import behind
from tests.node.services.world import START
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio
DAY = 86_400_000


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, line("a", "A1", "1.00"))
    world.deliver()
    return lumen, ana


@asynccontextmanager
async def open_desk(tmp_path, node):
    """A page and the command beside it; `get(path)` is a page, `says(…)` what a command writes."""
    sessions = Sessions(lambda: START)  # a week passes while the page is open
    app = shell.make_app(
        (*catalog_list.ROUTES, *shop_products.ROUTES),
        gate=test_orders.Gate(node),
        sessions=sessions,
        allowed_hosts={test_orders.HOST},
        cookie_name=test_orders.COOKIE,
    )
    app[RUNTIME] = test_orders.Runtime(node)
    served = web.Application()
    add_api(served, test_order_commands.Runtime(node), api.ROUTES)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
    (tmp_path / "data").mkdir()
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "data" / "node.sock")).start()
    async with TestClient(TestServer(app)) as client:
        made = test_orders.Desk(client, sessions.start())

        async def says(*words):
            done = await asyncio.to_thread(CliRunner().invoke, command, ["--data", str(tmp_path / "data"), *words])
            assert done.exit_code == 0, done.output
            return done.output

        made.says = says
        yield made
    await runner.cleanup()


@pytest_asyncio.fixture
async def desk(tmp_path, shop):
    """Ana's page and her command."""
    async with open_desk(tmp_path, shop[1]) as made:
        yield made


@pytest_asyncio.fixture
async def writers(tmp_path, shop):
    """Lumen's."""
    async with open_desk(tmp_path, shop[0]) as made:
        yield made


def head(lumen):
    return lumen.read(lambda unit: unit.catalog.feeds(own=True)[0]).checkpoint


def rollback(lumen, _ana, world):
    old = head(lumen)
    publish(lumen, line("b", "B1", "2.00"))
    world.deliver()
    return lambda page: replace(page, checkpoint=old, proof=())


def fork(lumen, ana, _world):
    forked = sign_checkpoint(lumen.keys.device, replace(verify_checkpoint(head(lumen)), state_hash=bytes(32)))
    return lambda page: replace(page, checkpoint=forked.raw, proof=())


def expired(_lumen, _ana, world):
    world.clock.tick(8 * DAY)
    return lambda page: page


def forged(lumen, ana, _world):
    stolen = sign_checkpoint(ana.keys.device, verify_checkpoint(head(lumen)))
    return lambda page: replace(page, checkpoint=stolen.raw, proof=())


def omitted(lumen, _ana, _world):
    publish(lumen, line("c", "C1", "3.00"), line("d", "D1", "4.00"))
    return lambda page: altered(page, lambda found: found[:-1])


@pytest.mark.parametrize(
    ("lie", "code", "words"),
    [
        (rollback, "rollback", "shown as it stood earlier"),
        (fork, "equivocation", "signed two different catalogs for one moment"),
        (expired, "expired", "more than a week old"),
        (forged, "not-live", "signed by a device that is not, or no longer, one of the shop's"),
        (omitted, "state-mismatch", "something was left out, added or altered"),
    ],
)
async def test_it_is_found_named_and_said_everywhere_and_what_is_there_stays(world, shop, desk, monkeypatch, lie, code, words):
    lumen, ana = shop
    changed = await asyncio.to_thread(lie, lumen, ana, world)
    before = ana.read(browse.list_feeds)[0]
    genuine = catalog_serving.page
    with monkeypatch.context() as patch:
        patch.setattr(catalog_serving, "Unchanged", lambda: pytest.fail("asked for what is new"))
        patch.setattr(catalog_serving, "page", lambda *given: changed(genuine(*given)))
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 0, None]]))
        ana.write(lambda unit: unit.catalog.keep_feed(replace(unit.catalog.feed(bytes.fromhex(before.feed)), checkpoint_id=bytes(32))))
        ana.write(following.sync)
        await asyncio.to_thread(world.deliver)
    found = ana.read(browse.list_feeds)[0]
    assert (found.error, found.verified) == (code, False)
    assert words in found.trouble
    assert (found.products, found.offers, found.size) == (before.products, before.offers, before.size)
    titles = [item.title for item in ana.read(today.show).items if item.kind == "evidence"]
    assert titles == ["lumen showed two histories of one thing" if code == "equivocation" else "The catalog of lumen does not go on"]
    assert len(ana.read(evidence.list_evidence)) == (code == "equivocation")
    page = await desk.reads("/catalog", "The catalog of lumen does not go on")
    assert words in page.replace("&#39;", "'")
    assert ('href="/evidence"' in page) == (code == "equivocation")
    assert words in " ".join((await desk.says("catalog", "feeds")).split())


async def test_nothing_new_for_a_week_is_said_to_be_old_and_found_right_again_once_the_writer_signs(world, shop, desk):
    lumen, ana = shop
    world.clock.tick(8 * DAY)
    ana.write(following.sync)
    await asyncio.to_thread(world.deliver)
    found = ana.read(browse.list_feeds)[0]
    assert (found.error, found.products) == ("expired", 1)
    await desk.reads("/catalog", "more than a week old")
    lumen.write(catalog_heads.tick)
    ana.write(following.sync)
    await asyncio.to_thread(world.deliver)
    assert ana.read(browse.list_feeds)[0].error == ""


async def test_a_first_sync_of_which_nothing_is_right_says_that_nothing_counts(world, desk, tmp_path):
    noir, dora = world.node("noir", "merchant"), world.node("dora")
    world.pair(noir, dora)
    publish(noir, line("a", "A1", "1.00"), line("b", "B1", "2.00"))
    with pytest.MonkeyPatch.context() as patch:
        genuine = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(genuine(*given), lambda found: found[:-1]))
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 0, None]]))
        await asyncio.to_thread(world.deliver)
    folder = tmp_path / "dora-page"
    folder.mkdir()
    async with open_desk(folder, dora) as hers:
        text = await hers.reads(
            "/catalog", "The catalog of noir does not go on", "Nothing of it counts yet", "Nothing has arrived of the catalogs"
        )
        assert "is arriving" not in text
        assert "Connect to a shop" not in text


async def test_the_catalogs_page_says_of_packs_that_were_not_what_was_signed_where_today_leads(shop, desk):
    _, ana = shop
    feed = bytes.fromhex(ana.read(browse.list_feeds)[0].feed)
    assert "than it signed" not in await desk.reads("/catalog")
    ana.write(lambda unit: catalog_findings.keep_lie(unit, feed, 57, bytes(32)))
    [item] = [item for item in ana.read(today.show).items if item.kind == "evidence"]
    assert item.href == "/catalog"
    await desk.reads(item.href, item.title, "At 57 entries. What it gave out is kept as proof")


async def test_control_a_catalog_that_goes_on_says_nothing(world, shop, desk):
    lumen, ana = shop
    publish(lumen, line("b", "B1", "2.00"))
    await asyncio.to_thread(world.deliver)
    assert ana.read(browse.list_feeds)[0].trouble == ""
    assert "does not go on" not in await desk.reads("/catalog", "2 products")
    assert "You go on seeing" not in await desk.says("catalog", "feeds")


async def test_a_catalog_of_ours_that_is_put_together_again_says_so_wherever_it_is_looked_at(shop, writers):
    lumen, _ = shop
    publish(lumen, *(line(f"p{number}", f"P{number}", "2.00") for number in range(5)))
    page, words = "index is being built", "5 of 12 records are in"
    with behind(lumen):
        for path in ("/catalog", "/merchant/products"):
            text = " ".join((await writers.get(path))[1].split())
            assert (page in text, words in text, "sends it again" in text) == (True, True, False)
        for command_ in (("feeds",), ("list",), ("search", "soap"), ("offers",)):
            assert words in await writers.says("catalog", *command_)
    for path in ("/catalog", "/merchant/products"):
        assert page not in (await writers.get(path))[1]
    assert words not in await writers.says("catalog", "list")


async def test_what_keeps_a_catalog_of_ours_from_being_put_together_is_said_with_what_to_do(shop, writers):
    lumen, _ = shop
    publish(lumen, *(line(f"p{number}", f"P{number}", "2.00") for number in range(5)))
    words = ("can't be built", "Free some space", "5 of 12 records are in")
    with behind(lumen):
        lumen.store.catalog.hinder("disk-full")
        for path in ("/catalog", "/merchant/products"):
            text = " ".join((await writers.get(path))[1].replace("&#39;", "'").split())
            assert all(word in text for word in words), path
            assert "does not go on" not in text
        for command_ in (("feeds",), ("list",)):
            said = " ".join((await writers.says("catalog", *command_)).split())
            assert all(word in said for word in words), command_
            assert said.count("Free some space") == 1
