"""A brand's figures over a real store: charts and table have the same numbers, and what was left out is never drawn as none."""

from dataclasses import replace

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.model.brand import ReportRow
from node.services import catalog, performance
from node.web import brand_figures, shell
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from protocol.envelope import sign
from protocol.performance import TYPE, Figure, Performance, RegionFigure
from tests.node.services.shop import file
from tests.node.services.world import World
from tests.node.web import test_orders


@pytest_asyncio.fixture
async def solis(tmp_path):
    world = World(tmp_path)
    node = world.node("solis", "brand")
    app = shell.make_app(
        brand_figures.ROUTES,
        gate=test_orders.Gate(node),
        sessions=(sessions := Sessions(node.clock)),
        allowed_hosts={test_orders.HOST},
        cookie_name=test_orders.COOKIE,
    )
    app[RUNTIME] = test_orders.Runtime(node)
    async with TestClient(TestServer(app)) as client:
        desk = test_orders.Desk(client, sessions.start())
        desk.node = node
        yield desk
    world.close()


def told(node, month, *figures, shop=b"\1" * 32):
    """A shop's report, as it is kept once it came."""
    feed = next(row.feed for row in node.read(lambda unit: unit.catalog.feeds(own=True)))
    report = Performance(shop, feed, month, 1, 1, 1, figures)
    signed = sign(node.keys.device, TYPE, report, created=1)
    node.write(lambda unit: unit.brands.keep_report(ReportRow(signed.id, report, signed.raw, 1)))


@pytest.mark.asyncio
async def test_before_the_first_report_the_page_says_when_one_comes(solis):
    text = await solis.reads("/brand/figures", "No figures yet", "Two weeks after a month has ended")
    assert "Units by" not in text


@pytest.mark.asyncio
async def test_charts_say_what_the_table_says(solis):
    solis.node.write(catalog.import_products, file=file(cream=5200, soap=900), currency="USD")
    told(solis.node, "2026-09", Figure("cream", 20, None, 5), Figure("soap"))
    told(solis.node, "2026-10", Figure("cream", 40, 6, 9, (RegionFigure("DE", 22), RegionFigure("AT", 12))))
    await solis.reads(
        "/brand/figures",
        "Units by month September 2026 at least 20 October 2026 40",
        "Came back by month September 2026 Too few October 2026 6",
        "Units by product Product cream 60 Product soap Too few",
        "Units by country Germany 22 Austria 12 Not told where 26",
    )


@pytest.mark.asyncio
async def test_one_product_or_one_month_is_chosen(solis):
    solis.node.write(catalog.import_products, file=file(cream=5200, soap=900), currency="USD")
    told(solis.node, "2026-09", Figure("cream", 20, None, 5), Figure("soap", 7))
    told(solis.node, "2026-10", Figure("cream", 40, None, 9))
    whose = solis.node.identity.hex()
    text = await solis.reads(f"/brand/figures?product={whose}/cream", "Sellers by month September 2026 5 October 2026 9")
    assert "Units by product" not in text
    text = await solis.reads("/brand/figures?month=2026-09", "Units by product Product cream 20 Product soap 7")
    assert "by month" not in text
    await solis.reads(f"/brand/figures?product={whose}/soap&month=2026-10", "Nothing in that month")


@pytest.mark.asyncio
async def test_two_shops_of_one_name_are_told_apart(solis, monkeypatch):
    """A shop names itself: two may choose the same name."""
    monkeypatch.setattr(performance, "brand_name", lambda unit, identity: "Rosa")
    solis.node.write(catalog.import_products, file=file(cream=5200), currency="USD")
    told(solis.node, "2026-09", Figure("cream", 20))
    told(solis.node, "2026-09", Figure("cream", 30), shop=b"\2" * 32)
    text = await solis.reads(
        f"/brand/figures?month=2026-09&product={solis.node.identity.hex()}/cream",
        "Units by shop Rosa 020202…0202 30 Rosa 010101…0101 20",
        "Product cream September 2026 Rosa 010101…0101 20",
        "Product cream September 2026 Rosa 020202…0202 30",
    )
    assert "Rosa 50" not in text


@pytest.mark.parametrize("brand", ["", "b" * 64])
def test_two_brands_of_one_name_are_told_apart(brand):
    """On a shop's page: their products may have the same handle and title, and one's catalog may be gone."""
    mine, other = (
        performance.FigureView("2026-09", "m" * 64, "lumen", whose, "Solis", feed, "cream", "Cream", units, None, None, ())
        for whose, feed, units in (("a" * 64, "1" * 64, 20), (brand, "2" * 64, 30))
    )
    titles = brand_figures._titles([mine, other])
    assert len(titles) == 2
    charts = brand_figures._charts([mine, other], titles, {"m" * 64: "lumen"}, "", "2026-09")
    bars = {bar["label"]: bar["value"] for bar in charts[0]["bars"]}
    short = "222222…2222" if not brand else "bbbbbb…bbbb"
    assert bars == {"Cream (Solis aaaaaa…aaaa/cream)": "20", f"Cream (Solis {short}/cream)": "30"}
    again = replace(mine, period="2026-10", feed="3" * 64)
    assert brand_figures._titles([mine, again]) == {"a" * 64 + "/cream": "Cream"}, "two of one brand's catalogs have one product"


def test_a_product_that_is_gone_keeps_its_handle(tmp_path):
    world = World(tmp_path)
    node = world.node("solis", "brand")
    node.write(catalog.import_products, file=file(cream=5200), currency="USD")
    told(node, "2026-09", Figure("cream", 20), Figure("balm", 5))
    titles = {item.handle: item.title for item in node.read(performance.list_figures)}
    assert (titles["cream"] != "cream", titles["balm"]) == (True, "balm")
    world.close()
