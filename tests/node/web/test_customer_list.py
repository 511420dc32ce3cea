"""The list of customers on its page: filters that work as a plain form, segments, many at once."""

import re

import pytest

from node.services import customer_search
from tests.node.services.importing import take
from tests.node.services.test_customer_search import PEOPLE
from tests.node.web.test_customers import desks

__all__ = ["desks"]


@pytest.fixture
def people(shop):
    take(shop.ana, *PEOPLE)
    return {row.name: row.id for row in shop.ana.read(customer_search.list_customers).customers}


@pytest.mark.asyncio
async def test_filters_are_chips_and_pages_keep_them(desks, people):
    ana, _ = desks
    text = await ana.reads("/customers?q=torres&tag=vip", "Mía Torres", "Tag vip", "1 person")
    assert "Jo Torres" not in text
    assert re.search(r'<input type="hidden" name="tag" value="vip">', text)  # the search goes on within the filter
    await ana.reads("/customers?ordered=never&month=4", "Ana Nilsson", "Birthday in April", "Never ordered")
    await ana.reads("/customers?city=Nowhere", "Nobody meets all of this")
    await ana.reads("/customers?q=torrez", "Showing results near", "“torres”", "Jo Torres")
    for wrong in ("month=13", "month=x", "since=never", "sort=x", "segment=xyz"):
        status, text = await ana.get("/customers?" + wrong)
        assert (status, "bad-filter" in text or "Give" in text or "no " in text) == (400, True)


@pytest.mark.asyncio
async def test_a_segment_is_saved_used_renamed_and_removed(desks, people):
    ana, _ = desks
    path = await ana.post("/customers/segments", **{"name": "Family", "f-q": "torres", "f-ordered": "never"})
    await ana.reads(path, "Family", "Jo Torres", "2 people", "Whoever meets these filters is in it")
    await ana.reads("/customers/segments", "Family", "2 people", "Never ordered")
    id_ = path.rpartition("=")[2]
    assert await ana.post(f"/customers/segments/{id_}/rename", name="Kin") == "/customers/segments"
    answer = await ana.client.post(f"/customers/segments/{id_}/rename", data={"_token": ana.session.token, "name": ""}, headers=ana.headers)
    assert (answer.status, "Give the segment a name" in await answer.text()) == (422, True)
    assert await ana.post(f"/customers/segments/{id_}/remove") == "/customers/segments"
    await ana.reads("/customers/segments", "No segments yet")
    answer = await ana.client.post("/customers/segments", data={"_token": ana.session.token, "name": ""}, headers=ana.headers)
    assert (answer.status, "Give the segment a name" in await answer.text()) == (422, True)


@pytest.mark.asyncio
async def test_many_are_tagged_and_that_is_undone(desks, people):
    ana, _ = desks
    chosen = {"do": "tag", "tag": "spring", "who": "selected", "customer": people["Jo Torres"]}
    assert await ana.post("/customers/many", **chosen) == "/customers/many"
    text = await ana.reads("/customers/many", "1 person got the tag “spring”")
    await ana.reads("/customers?tag=spring", "Jo Torres", "1 person")
    undo = re.search(r'action="(/customers/many/[0-9a-f]{64}/undo)"', text)[1]
    assert await ana.post(undo) == "/customers/many"
    await ana.reads("/customers/many", "Undone for 1")
    await ana.post("/customers/many", **{"do": "archive", "who": "all", "f-q": "torres"})
    await ana.reads("/customers/many", "2 people put aside")
    await ana.reads("/customers?archived=only", "Jo Torres", "Mía Torres", "2 people")
    for wrong, said in (
        ({"do": "tag", "tag": "", "customer": people["Jo Torres"]}, "Enter one tag"),
        ({"do": "archive"}, "Choose customers first"),
    ):
        answer = await ana.client.post("/customers/many", data={"_token": ana.session.token, **wrong}, headers=ana.headers)
        assert (answer.status, said in await answer.text()) == (422, True)
