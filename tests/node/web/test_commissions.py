"""Commissions, wallet and statements on three desks, over real stores; the chain's facts are told by hand."""

import re
from types import SimpleNamespace

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import claims, commissions, relays, statements, wallet
from node.web import commissions as commission_pages
from node.web import shell
from node.web import statements as statement_pages
from node.web import wallet as wallet_pages
from node.web.page import Stage
from node.web.render import Viewer
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from node.web.statements import base_units
from tests.node.services.test_statements import claimed, closed, posted

HOST = "ana.localhost:8801"
COOKIE = "gemstra-desk"
ROUTES = [*commission_pages.ROUTES, *wallet_pages.ROUTES, *statement_pages.ROUTES]


class Gate:
    def __init__(self, node) -> None:
        self.node = node

    def stage(self):
        return Stage.OPEN

    def viewer(self):
        return Viewer(self.node.keys.name, self.node.keys.role)


class Runtime:
    def __init__(self, node) -> None:
        self.node = node
        self.chain = "ready"

    async def read(self, run, /, **arguments):
        return await self.node.store.read(run, **arguments)

    async def write(self, run, /, **arguments):
        return await self.node.store.write(run, **arguments)

    async def status(self):
        return SimpleNamespace(chain=self.chain)


class Desk:
    def __init__(self, client, session, runtime) -> None:
        self.client, self.session, self.runtime = client, session, runtime
        self.headers = {"Host": HOST, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={session.id}"}

    async def post(self, path, **fields):
        body = {"_token": self.session.token, **fields}
        answer = await self.client.post(path, data=body, headers=self.headers, allow_redirects=False)
        return answer.status, await answer.text()

    async def reads(self, path, *expected):
        answer = await self.client.get(path, headers=self.headers, allow_redirects=False)
        text = await answer.text()
        assert answer.status == 200, text
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
        for words in expected:
            assert words in plain, plain
        return text


@pytest.fixture
def shop(sponsored):
    return sponsored


@pytest_asyncio.fixture
async def desks(shop):
    opened, clients = [], []
    for node in (shop.ana, shop.ben, shop.lumen):
        sessions = Sessions(shop.clock)
        app = shell.make_app(ROUTES, gate=Gate(node), sessions=sessions, allowed_hosts={HOST}, cookie_name=COOKIE)
        app[RUNTIME] = runtime = Runtime(node)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        opened.append(Desk(client, sessions.start(), runtime))
    yield opened
    for client in clients:
        await client.close()


@pytest.mark.asyncio
async def test_before_the_first_sale(desks):
    ana, _, lumen = desks
    await ana.reads("/commissions", "Your first commission is one order away")
    await ana.reads("/wallet", "Nothing waits to be collected", "Up to date", "ASTRA 1337")
    await lumen.reads("/merchant/statements", "Nothing to post", "None yet.")
    status, text = await lumen.post("/merchant/statements")
    assert status == 400
    assert "return windows" in text


@pytest.mark.asyncio
async def test_from_the_sale_to_collected(shop, desks):
    ana, ben, lumen = desks
    shop.delivered()
    await ana.reads("/commissions", "Your own sale", "Held until returns end", "20 %", "20.8 GMS", "Open the order")
    text = await ben.reads("/commissions", "Sale of the team, level 1", "5 %", "5.2 GMS", "you see the amount".capitalize())
    assert "Open the order" not in text
    shop.completed()
    await lumen.reads("/merchant/statements", "Ready to post: statement 1", "ben", "Level 1")
    assert (await lumen.post("/merchant/statements"))[0] == 303
    shop.world.deliver()
    await lumen.reads("/merchant/statements", "Statement 1", "2 people", "On its way to the chain")
    await ana.reads("/commissions", "lumen, statement 1", "Equal to your own reckoning", "Ready to collect")
    text = await ana.reads("/wallet", "from statement 1 of lumen, once it is on the chain")
    assert "/wallet/claim" not in text
    posted(shop, shop.lumen.read(statements.list_statements)[0])
    await ben.reads("/wallet", "Collect without fees", "A team mate can send it")
    [claimable] = shop.ben.read(claims.list_claimable)
    assert (await ben.post("/wallet/relay", merchant=claimable.merchant, peer=shop.ana.peer))[0] == 303
    shop.world.deliver()
    await ben.reads("/wallet", "ana collects for you", "Will be collected")
    await ana.reads("/wallet", "Collecting for ben")
    shop.clock.tick(10_000)
    assert "/wallet/claim" in await ana.reads("/wallet", "from statement 1 of lumen")
    assert (await ana.post("/wallet/claim"))[0] == 303
    await ana.reads("/wallet", "Collecting", "Waiting")
    [made] = shop.ana.read(claims.list_claims)
    shop.ana.write(lambda unit: unit.transactions.finalized(bytes.fromhex(made.id)))
    amounts = {leaf.own: int(leaf.amount) for leaf in made.leaves}
    claimed(shop, shop.ana, 1, amounts[True], "finalized")
    claimed(shop, shop.ben, 1, amounts[False], "finalized", 1)
    await ana.reads("/wallet", "You, statement 1, and 1 for the team", "Final")
    await ana.reads("/commissions", "Collected")
    assert shop.ben.read(relays.list_relays)[0].state == "paid"


@pytest.mark.asyncio
async def test_a_mismatch_is_said_and_may_be_objected_to(shop, desks):
    ana, _, _ = desks
    shop.completed()
    view = closed(shop)
    posted(shop, view, root=bytes(32))
    shop.world.tick()
    await ana.reads("/commissions", "Differs from your own reckoning", "The root on the chain is not the one", "Object")
    assert (await ana.post("/commissions/dispute", merchant=shop.lumen.identity.hex()))[0] == 303
    await ana.reads("/wallet", "Objecting to a statement")


@pytest.mark.asyncio
async def test_a_chain_that_is_down_is_said(shop, desks):
    ana, _, lumen = desks
    ana.runtime.chain = "unavailable"
    await ana.reads("/wallet", "Not reachable", "waits and is sent once the chain answers again")
    ana.runtime.chain = "halted: final history changed"
    await ana.reads("/wallet", "Halted", "final history changed")
    for desk in (ana, lumen):
        desk.runtime.node.write(lambda unit: unit.settings.set(wallet.PLACE, None))
    await ana.reads("/wallet", "None")
    await lumen.reads("/merchant/statements", "No chain is connected yet")


@pytest.mark.asyncio
async def test_the_reserve_is_added_to(shop, desks):
    _, _, lumen = desks
    status, text = await lumen.post("/merchant/reserve", amount="lots")
    assert status == 422
    assert "such as 250 or 12.5" in text
    assert (await lumen.post("/merchant/reserve", amount="12.5"))[0] == 303
    methods = [(row.method, row.arguments[-1]) for row in shop.lumen.read(lambda unit: unit.transactions.recent())]
    assert ("vault.deposit", 12_500 * 10**15) in methods


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("1", 10**18),
        ("0.000000000000000001", 1),
        ("1000000000.000000000000000001", 10**27 + 1),
        ("0", None),
        ("-1", None),
        ("0.0000000000000000001", None),
        ("NaN", None),
        ("1e999999", None),
        ("Infinity", None),
        ("", None),
        ("9" * 41, None),
        ("١", None),
    ],
)
def test_amounts_as_people_write_them(text, base):
    assert base_units(text) == base


def test_a_claimable_amount_is_the_sum_of_its_lines(shop):
    shop.completed()
    closed(shop)
    [row] = shop.ana.read(claims.list_claimable)
    assert int(row.amount) == sum(int(line.gms) for line in shop.ana.read(commissions.list_lines))
    assert (row.on_chain, row.ready, row.asked, row.equal) == ("none", False, False, True)
