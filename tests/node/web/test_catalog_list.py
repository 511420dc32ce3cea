"""The catalog's list and its command: which currency counts, and that figures are still being worked out."""

import pytest
import pytest_asyncio

from node.store import catalog_search as book
from tests.node.services.test_currencies import as_an_upgrade_leaves_it, open_shops
from tests.node.web.test_catalog_trouble import open_desk

pytestmark = pytest.mark.asyncio


@pytest.fixture
def ana(world):
    ana = world.node("ana")
    open_shops(world, ana)
    return ana


@pytest_asyncio.fixture
async def desk(tmp_path, ana):
    """Ana's page and her command."""
    async with open_desk(tmp_path, ana) as desk:
        yield desk


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
