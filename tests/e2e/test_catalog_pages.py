"""The way of a product by clicking, over real nodes: a brand signs it, two shops offer it, a seller finds, compares and orders it, the recall shows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from node.cli.client import Client
from node.cli.demo.cast import PASSPHRASE, Cast
from node.cli.demo.play import Play
from node.cli.demo.report import Report
from tests.e2e.browser import chromium, needs_chromium
from tests.e2e.desks import Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

PEOPLE = {"solis": ("Solis", "brand"), "lumen": ("Lumen Beauty", "merchant"), "noir": ("Noir Parfum", "merchant"), "ana": ("Ana", "seller")}
PRODUCT, HANDLE, GTIN = "Dew Serum", "dew-serum", "4006381333931"
REASON = "The glass may splinter."
SECONDS = 60.0


@dataclass
class Market:
    """Four nodes, paired, each with what it would have before its person opens the page."""

    play: Play
    clients: dict[str, Client]

    def until(self, name: str, test: Any, what: str) -> Any:
        return self.play.until(self.clients[name], test, what)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    cast = Cast(tmp_path / "market")
    try:
        play = Play(cast, Report(quiet=True), tmp_path, tmp_path, "USD")
        for name in PEOPLE:
            cast.start_node(name)
        made = Market(play, {name: play.set_up(name, *person) for name, person in PEOPLE.items()})
        solis, lumen, noir, ana = made.clients.values()
        for name, client in made.clients.items():
            made.until(name, lambda client=client: client.get("/status")["network"] == "ready", "the network")
        for shop in (lumen, noir):
            shop.post("/plans", currency="USD", direct_bps=2_000, level_bps=[500])
            play.pair_up(solis, shop)
            play.pair_up(shop, ana)
        merchant = lumen.get("/status")["identity"]
        ana.post("/team/join", merchant=merchant)
        [member] = made.until("lumen", lambda: lumen.get("/team/members"), "Ana to ask")
        lumen.post(f"/team/members/{member['member']}/accept")
        made.until("ana", lambda: any(row["status"] == "accepted" for row in ana.get("/team/memberships")), "membership")
        yield made
    finally:
        cast.stop()


async def open_desks(browser: Browser, market: Market, stack: Any) -> list[Desk]:
    return [await stack.enter_async_context(visit(browser, client, name, series="catalog")) for name, client in market.clients.items()]
