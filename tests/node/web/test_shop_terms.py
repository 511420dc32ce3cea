"""A shop's terms and its members' ranks, as pages."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from node.services import ranks, shop_terms
from node.services.shop_terms import TaxClass
from node.web import shell, team
from node.web import shop_terms as page
from node.web.runtime import RUNTIME
from node.web.sessions import Sessions
from tests.node.services.shop import Shop
from tests.node.web import test_orders

pytestmark = pytest.mark.asyncio
FORM = {"taxes": "standard 19\nreduced 5,5 %", "shipping": "4.90", "minutes": "30", "terms": "Be kind."}


@pytest_asyncio.fixture
async def desk(tmp_path):
    shop = Shop(tmp_path)
    sessions = Sessions(shop.lumen.clock)
    gate, routes = test_orders.Gate(shop.lumen), [*page.ROUTES, *team.ROUTES]
    app = shell.make_app(routes, gate=gate, sessions=sessions, allowed_hosts={test_orders.HOST}, cookie_name=test_orders.COOKIE)
    app[RUNTIME] = test_orders.Runtime(shop.lumen)
    async with TestClient(TestServer(app)) as client:
        made = test_orders.Desk(client, sessions.start())
        made.shop = shop
        yield made
    shop.world.close()


async def test_terms_are_set_and_shown_as_they_were_typed(desk):
    await desk.reads(page.PATH, "standard 0")
    assert await desk.post(page.PATH, **FORM) == page.PATH
    view = desk.shop.lumen.read(shop_terms.get_terms)
    assert view.taxes == (TaxClass("standard", 1_900), TaxClass("none", 0), TaxClass("reduced", 550))
    assert (view.shipping, view.quote_minutes, view.terms) == (490, 30, "Be kind.")
    await desk.reads(page.PATH, "reduced 5.5", "Be kind.")


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("taxes", "nineteen", "a class and its percentage"),
        ("taxes", "standard 101", "A tax rate is 0 to 100"),
        ("shipping", "9" * 20, "This is too large"),
        ("shipping", "4.905", "Enter an amount"),
        ("shipping", "-1", "Enter an amount"),
        ("minutes", "soon", "Enter whole minutes"),
        ("minutes", "0", "from one minute to seven days"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_changes_nothing(desk, field, typed, told):
    body = {"_token": desk.session.token, **FORM, field: typed}
    answer = await desk.client.post(page.PATH, data=body, headers=desk.headers)
    assert answer.status == 422
    assert told in await answer.text()
    assert desk.shop.lumen.read(shop_terms.get_terms).shipping == 0


async def test_a_member_gets_a_rank_and_a_wrong_one_is_told(desk):
    [ana, _] = desk.shop.lumen.read(ranks.list_ranks)
    path = f"/merchant/members/{ana.member}/rank"
    assert await desk.post(path, rank="3") == "/merchant/members"
    await desk.reads("/merchant/members", "has rank 3 now")
    for typed in ("high", "256", "-1", ""):
        await desk.post(path, rank=typed)
        await desk.reads("/merchant/members", "A rank is a whole number from 0 to 255")
    assert [row.rank for row in desk.shop.lumen.read(ranks.list_ranks) if row.member == ana.member] == [3]
