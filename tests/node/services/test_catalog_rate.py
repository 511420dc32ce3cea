"""Fetching catalogs takes no more of the line than it was given, on average, and without a limit it never waits."""

import asyncio
import time

import pytest

from node.files.products import read_products
from node.files.samples import PRODUCTS, sample_path
from node.services import browse, catalog
from node.services.catalog_sync import Budget, CatalogSync
from tests.node.services.world import START, Line, World

RATE = 20_000


@pytest.fixture
def shop(tmp_path):
    world = World(tmp_path)
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    with sample_path(PRODUCTS).open("rb") as source:
        lumen.write(catalog.import_products, file=read_products(source, name=PRODUCTS, now_ms=START), currency="USD")
    world.deliver(only=lumen)
    world.carried.clear()
    yield world, lumen, ana
    world.close()


def fetch(world, ana, rate):
    """(seconds, bytes of the answers) of one round."""
    before, sync = time.monotonic(), CatalogSync(ana.store, ana.store.catalog, ana.files, Line(world, ana), rate=rate)
    assert asyncio.run(sync.round()) == 1
    return time.monotonic() - before, sum(len(reply) for *_, reply in world.carried)


def test_a_budget_is_kept_on_average():
    async def spend():
        budget, began = Budget(RATE), asyncio.get_running_loop().time()
        for size in (1, 4_000, 0, 5_999):
            await budget.spend(size)
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(spend()) >= 10_000 / RATE


def test_without_a_limit_nothing_waits():
    asyncio.run(asyncio.wait_for(Budget(0).spend(10**15), 60))


def test_what_is_fetched_is_paid_for_before_more_is_asked(shop):
    world, lumen, ana = shop
    seconds, size = fetch(world, ana, RATE)
    assert ana.read(browse.list_feeds)[0].checkpoint == lumen.read(browse.list_feeds)[0].checkpoint
    assert size > RATE / 10
    assert seconds >= size / RATE
