"""`gemstra catalog lookout` over the API of a seller's node, beside the shop that changes things."""

import json

import pytest

from node.api import catalog, lookouts
from tests.node.cli.serving import Runtime, serving
from tests.node.cli.test_catalog_changes import shop_of
from tests.node.services import test_lookouts
from tests.node.services.catalog_goods import publish
from tests.node.services.test_lookouts import CODE, change, line, product_of
from tests.node.services.world import World

head = test_lookouts.head


@pytest.fixture
def world(tmp_path, head):
    made = World(tmp_path)
    lumen, ana = made.node("lumen", "merchant"), made.node("ana")
    made.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00", code=CODE))
    made.deliver()
    yield made
    made.close()


@pytest.fixture
def ana(world):
    return next(node for node in world.nodes.values() if node.name == "ana")


@pytest.fixture
def call(ana, tmp_path):
    with serving(Runtime(ana), tmp_path / "data", (*catalog.ROUTES, *lookouts.ROUTES)) as run:
        yield run


def test_the_list_its_notices_and_taking_off(world, ana, call):
    product = product_of(ana, "S1").hex()
    assert json.loads(call("--json", "catalog", "lookout", "add", product).stdout)["price"] == 500
    call("catalog", "lookout", "add", "--code", CODE, "--wish", "price", "--at-most", "450")
    rows = [row.split("\t") for row in call("catalog", "lookout", "list").stdout.splitlines()]
    assert rows[0] == ["title", "merchant_name", "code", "wish", "at_most", "price", "currency", "id"]
    assert sorted(row[:7] for row in rows[1:]) == [
        ["Soap", "", CODE, "price", "450", "500", "USD"],
        ["Soap", "lumen", "", "any", "", "500", "USD"],
    ]
    change(world, shop_of(world), line("soap", "S1", "4.50", code=CODE))
    assert len(call("catalog", "lookout", "notices").stdout.splitlines()) == 3
    found = json.loads(call("--json", "catalog", "lookout", "notices").stdout)
    assert {(item["kind"], item["old"], item["new"]) for item in found} == {("cheaper", 500, 450)}
    assert "1" in call("catalog", "lookout", "seen", found[0]["id"]).stdout
    assert "1" in call("catalog", "lookout", "seen").stdout
    assert "Nothing here yet" in call("catalog", "lookout", "notices").stderr
    lookout = rows[1][7]
    call("catalog", "lookout", "remove", lookout)
    assert lookout in call("catalog", "lookout", "list", "--removed").stdout
    assert lookout not in call("catalog", "lookout", "list").stdout
    call("catalog", "lookout", "restore", lookout)
    assert lookout in call("catalog", "lookout", "list").stdout


def test_refusals_have_their_exit_codes(call):
    assert "8 to 14 digits" in call("catalog", "lookout", "add", "--code", "1", code=1).stderr
    assert "met-already" in call("catalog", "lookout", "add", "--code", CODE, "--wish", "price", "--at-most", "900", code=5).stderr
    assert "not on your watch list" in call("catalog", "lookout", "remove", "0" * 64, code=3).stderr
