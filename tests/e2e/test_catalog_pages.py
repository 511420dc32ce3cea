"""The way of a product by clicking, over real nodes: a brand signs it, two shops offer it, a seller finds, compares and orders it, a recall shows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from node.cli.client import Client
from node.cli.demo.cast import Cast
from node.cli.demo.play import Play
from node.cli.demo.report import Report
from tests.e2e.browser import chromium, needs_chromium
from tests.e2e.desks import Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

PEOPLE = {"solis": ("Solis", "brand"), "lumen": ("Lumen Beauty", "merchant"), "noir": ("Noir Parfum", "merchant"), "ana": ("Ana", "seller")}
PRODUCT, HANDLE, GTIN = "Dew Serum", "dew-serum", "4006381333931"
REASON = "The glass may splinter."


@dataclass
class Market:
    """Four nodes without a chain, paired; each has what it would have before its person opens the page."""

    play: Play
    solis: Client
    lumen: Client
    noir: Client
    ana: Client

    def until(self, client: Client, test: Callable[[], Any], what: str) -> Any:
        return self.play.until(client, test, what)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    cast = Cast(tmp_path / "m")
    try:
        play = Play(cast, Report(quiet=True), tmp_path, tmp_path, "USD")
        for name in PEOPLE:
            cast.start_node(name)
        made = Market(play, *(play.set_up(name, *person) for name, person in PEOPLE.items()))
        for client in (made.solis, made.lumen, made.noir, made.ana):
            made.until(client, lambda client=client: client.get("/status")["network"] == "ready", "the network")
        for shop in (made.lumen, made.noir):
            shop.post("/plans", currency="USD", direct_bps=2_000, level_bps=[500])
            play.pair_up(made.solis, shop)
            play.pair_up(shop, made.ana)
        made.ana.post("/team/join", merchant=made.lumen.get("/status")["identity"])
        [member] = made.until(made.lumen, lambda: made.lumen.get("/team/members"), "Ana to ask")
        made.lumen.post(f"/team/members/{member['member']}/accept")
        made.until(made.ana, lambda: any(row["status"] == "accepted" for row in made.ana.get("/team/memberships")), "membership")
        made.ana.post("/customers", name="Mia Torres")
        yield made
    finally:
        cast.stop()


@pytest.mark.asyncio
async def test_the_way_of_a_product_by_clicking(market: Market) -> None:
    async with (
        chromium() as browser,
        visit(browser, market.solis, "solis", series="way") as solis,
        visit(browser, market.lumen, "lumen", series="way", scripts=False) as lumen,
        visit(browser, market.ana, "ana", series="way") as ana,
    ):
        await make(solis)
        await allow(solis)
        await offer(market, lumen)
        await find(market, ana)
        await order(ana)
        await call_back(market, solis, lumen, ana)
        assert (solis.wrong, lumen.wrong, ana.wrong) == ([], [], [])


async def make(solis: Desk) -> None:
    """The brand writes a product, is told of a wrong number beside its field, and signs."""
    page = solis.page
    await solis.goto("/merchant/product")
    for label, text in (
        ("Lasting name", HANDLE),
        ("Title", PRODUCT),
        ("Options", "Size"),
        ("Brand", "Solis"),
        ("Category", "Skin > Serums"),
    ):
        await page.get_by_label(label).first.fill(text)
    await page.get_by_label("Variants").fill(f"DEW-30 | 30 ml | 30 ml | {GTIN[:-1]}9 | 80\nDEW-50 | 50 ml | 50 ml | 4006381333948 | 120")
    await solis.press("Keep as a draft")
    await page.locator("#variants-error").get_by_text("is no GTIN").wait_for()
    await page.get_by_label("Variants").fill(f"DEW-30 | 30 ml | 30 ml | {GTIN} | 80\nDEW-50 | 50 ml | 50 ml | 4006381333948 | 120")
    await page.get_by_label("Warnings").fill("Keep away from eyes.")
    await page.get_by_label("Language of these texts").fill("en")
    await page.get_by_label("Other languages").fill("de | Tau-Serum | Ein leichtes Serum.")
    await page.get_by_label("Suggested prices").fill("56 USD")
    await solis.press("Keep as a draft")
    await page.get_by_text("Kept as a draft. Sign").wait_for()
    await solis.goto("/merchant/drafts")
    await solis.follow("Drafts in USD")
    await page.get_by_label("What to call it").fill("First products")
    await solis.press("Sign")
    await page.get_by_text("Signed: 1 record.").wait_for()


async def allow(solis: Desk) -> None:
    """The brand signs what shops may pay on it."""
    page = solis.page
    await solis.goto("/brand")
    for label, text in (("The seller earns at least", "15"), ("and at most", "25"), ("Everybody together at most", "30")):
        await page.get_by_label(label).fill(text)
    await solis.press("Sign the bounds")
    await page.get_by_text("The seller earns 15 to 25 %").wait_for()


async def offer(market: Market, lumen: Desk) -> None:
    """One shop offers it by clicking with scripts off, the other dearer by the API; a plan outside the bounds is refused in words."""
    for shop in (market.lumen, market.noir):
        market.until(shop, lambda shop=shop: [item for item in shop.get("/brand/products") if item["bounds"]], "the brand's product")
    [product] = market.noir.get("/brand/products")
    market.noir.post("/brand/offers", product=product["product"], prices=[{"sku": "DEW-30", "price": 5_800}])
    market.lumen.post("/plans", currency="USD", direct_bps=4_000, level_bps=[])
    page = lumen.page
    await lumen.goto("/merchant/brands")
    await lumen.follow(PRODUCT)
    await page.get_by_text("The seller earns 15 to 25 %").wait_for()
    await page.get_by_label("30 ml").fill("54")
    await lumen.press("Sign the offer")
    await page.get_by_text("the seller earns 40 %, and the brand allows 25 %").wait_for()
    market.lumen.post("/plans", currency="USD", direct_bps=2_000, level_bps=[500])
    await lumen.press("Sign the offer")
    await lumen.heading("Brands")
    await page.get_by_text("For sale").first.wait_for()


async def find(market: Market, ana: Desk) -> None:
    """The seller finds it, reads it in another language, compares the shops and goes to the cheaper one."""
    market.until(market.ana, lambda: len(market.ana.get(f"/catalog/compare/{GTIN}")) == 2, "both shops' offers")
    page = ana.page
    await ana.goto("/catalog?q=dew")
    await ana.follow(PRODUCT)
    await ana.heading(PRODUCT)
    await page.get_by_text("Keep away from eyes.").wait_for()
    await page.get_by_role("link", name="Deutsch").click()
    await ana.heading("Tau-Serum")
    await page.get_by_role("link", name="Who else sells").first.click()
    table = page.get_by_role("table", name="Shops")
    await table.get_by_text("$58.00").wait_for()
    await table.get_by_text("$54.00").wait_for()
    await table.get_by_role("link", name="Noir Parfum").click()
    await page.get_by_text("$58.00").first.wait_for()  # that shop's price, though the other is cheaper
    await page.get_by_role("link", name="Lumen Beauty").click()
    await page.get_by_text("You earn $10.80").wait_for()


async def order(ana: Desk) -> None:
    """She orders it where she stands."""
    page = ana.page
    await page.get_by_label("For", exact=True).select_option(label="Mia Torres")
    await page.get_by_text("Handed over").click()
    await ana.press("See the price")
    await ana.heading("Check the order")
    await ana.press("Place the order")
    await page.get_by_text("You placed it").wait_for()


async def call_back(market: Market, solis: Desk, lumen: Desk, ana: Desk) -> None:
    """The brand calls it back from its product's page; the shop's offer stops, the seller reads why and can order it no more."""
    await solis.goto("/catalog")
    await solis.follow(PRODUCT)
    await solis.page.get_by_role("link", name="Call it back").click()
    await solis.page.get_by_label("Why").fill(REASON)
    await solis.press("Withdraw it")
    await solis.page.get_by_text(f"{PRODUCT} is withdrawn").wait_for()
    for client in (market.lumen, market.ana):
        market.until(client, lambda client=client: _recalled(client), "the recall")
    await lumen.goto("/merchant/brands")
    await lumen.page.get_by_text("Can't be sold").first.wait_for()
    await ana.goto("/catalog?q=dew")
    await ana.page.get_by_text("Called back").first.wait_for()
    await ana.follow(PRODUCT)
    await ana.page.get_by_text("Called back: nobody may sell it").wait_for()
    await ana.page.get_by_text(REASON).first.wait_for()
    assert await ana.page.get_by_role("button", name="See the price").count() == 0


def _recalled(client: Client) -> bool:
    found = client.get("/catalog/search", q="dew")["listings"]
    return bool(found) and all(item["withdrawn"] for item in found)
