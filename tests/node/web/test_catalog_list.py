"""The catalog's list and its command: which currency counts, and that figures are still being worked out."""

import asyncio

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from typer.testing import CliRunner

from node.api import catalog as api
from node.api.http import add_api
from node.cli.root import app as command
from node.store import catalog_search as book
from node.web import catalog_list, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.cli import test_order_commands
from tests.node.services.test_currencies import as_an_upgrade_leaves_it, open_shops
from tests.node.services.world import START
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio


@pytest.fixture
def ana(world):
    ana = world.node("ana")
    open_shops(world, ana)
    return ana


@pytest_asyncio.fixture
async def desk(tmp_path, ana):
    """Ana's page and her command."""
    sessions = Sessions(lambda: START)
    gate = test_orders.Gate(ana)
    app = shell.make_app(
        catalog_list.ROUTES, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE
    )
    app[RUNTIME] = test_orders.Runtime(ana)
    served = web.Application()
    add_api(served, test_order_commands.Runtime(ana), api.ROUTES)
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


async def test_the_page_says_which_currency_counts_and_filters_by_one(desk):
    text = await desk.reads("/catalog", "Rose soap", "Fig balm", "Any currency", "6 products")
    assert "can&#39;t be compared" not in text
    text = await desk.reads("/catalog?sort=cheap", "Rose soap", "Shown is what is sold in USD, your currency.", "2 products")
    assert "Fig balm" not in text
    text = await desk.reads("/catalog?currency=EUR&sort=cheap&to=5.00", "Fig balm", "Wax", "Sold in EUR", "2 products")
    assert "be compared" not in text
    assert "Oil" not in text


async def test_amounts_are_typed_in_the_currency_that_counts(desk):
    await desk.reads("/catalog?currency=JPY&from=70&to=70", "Tea", "1 product")
    await desk.reads("/catalog?currency=JPY&from=0.70", "Type an amount such as")


async def test_a_currency_that_nothing_is_sold_in_is_said_at_its_field(desk):
    text = await desk.reads("/catalog?currency=CHF", "Nothing here is sold in it: choose another", "6 products")
    assert "Sold in CHF" not in text


async def test_the_command_says_it_and_filters_by_one(desk):
    assert "Shown is what is sold in USD, your currency." in await desk.says("catalog", "search", "--order", "cheap")
    found = await desk.says("--json", "catalog", "search", "--order", "cheap", "--currency", "EUR")
    assert '"currency":"EUR"' in found.replace(" ", "")
    assert "Rose soap" not in found
    assert '"EUR"' in await desk.says("--json", "catalog", "choices")


async def test_page_and_command_say_that_figures_are_still_being_worked_out(desk, ana, monkeypatch):
    monkeypatch.setattr(book, "AT_ONCE", 0)
    ana.store.catalog.write_now(as_an_upgrade_leaves_it)
    told = "Still working out what 6 of 6 products cost you and bring you."
    await desk.reads("/catalog", told, "doesn&#39;t find all of them")
    assert told in await desk.says("catalog", "search", "soap")
    found = (await desk.says("--json", "catalog", "search", "soap")).replace(" ", "")
    assert '"waiting":6,"waiting_of":6' in found.replace("\n", "")
