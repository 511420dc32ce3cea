"""What changed, and the watch list, by clicking: two real nodes over libp2p, a shop that lowers a price, a seller who hears of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.cli.demo.cast import Cast
from node.cli.demo.play import Play
from node.cli.demo.report import Report
from node.files.samples import CONTACTS, PRODUCTS, sample_path
from tests.e2e.browser import chromium, needs_chromium
from tests.e2e.desks import visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

PRODUCT = "Daily Glow Serum"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Steps 1 to 3: nodes run, the catalog is signed and held."""
    cast = Cast(tmp_path / "changes")
    try:
        made = Play(cast, Report(quiet=True), sample_path(PRODUCTS), sample_path(CONTACTS), "USD")
        for step in (made.start, made.publish, made.pair):
            step()
        yield made
    finally:
        cast.stop()


def lower_prices(play: Play) -> None:
    """Ten percent off all, signed."""
    play.lumen.post("/catalog/change", currency="USD", selection={"search": "Glow"}, change={"percent_bps": -1_000})
    [pile] = play.lumen.get("/catalog/drafts")
    play.lumen.post(f"/catalog/drafts/{pile['id']}/publish")
    play.ana.until(lambda: play.ana.get("/catalog/changes")["changes"], seconds=20, what="the seller to hear of it")


@pytest.mark.asyncio
async def test_a_seller_hears_of_a_price_that_fell(play: Play) -> None:
    async with chromium() as browser, visit(browser, play.ana, "ana", series="changes") as ana:
        page = ana.page
        await ana.goto("/catalog/changes")
        await ana.see(page.get_by_text("Nothing has changed"))
        await ana.goto("/catalog?q=glow")
        await page.get_by_role("link", name=f"Watch {PRODUCT}").first.click()
        await ana.heading(f"Watch {PRODUCT}")
        await ana.look("watch")
        await ana.press("Watch it")
        await ana.heading("Watch list")
        lower_prices(play)
        await ana.goto("/catalog/changes")
        await ana.see(page.get_by_text("(-10%)").first)
        await ana.look("changes")
        await ana.goto("/")
        await ana.see(page.get_by_role("link", name=f"{PRODUCT} costs less"))
        await ana.look("today")
        await ana.goto("/catalog/watchlist")
        await ana.see(page.get_by_role("heading", name="What happened"))
        await ana.look("watchlist")
        await ana.goto("/")
        await ana.press("Seen")
        await page.get_by_role("link", name=f"{PRODUCT} costs less").wait_for(state="detached")
        await ana.goto("/catalog?q=glow")
        await ana.look("tiles")
        await ana.follow(PRODUCT)
        await ana.look("product")
        await ana.goto("/catalog/watchlist")
        await ana.press("Take off")
        await ana.press("Put back")
        await ana.see(page.get_by_role("button", name="Take off"))
        assert ana.wrong == []
