"""`gemstra catalog changes` over the API of a seller's node, beside the shop that changes things."""

import json

import pytest

from node.api import catalog
from tests.node.cli.serving import Runtime, serving
from tests.node.services.catalog_goods import line, publish
from tests.node.services.test_catalog_changes import reprice
from tests.node.services.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    lumen, ana = made.node("lumen", "merchant"), made.node("ana")
    made.pair(lumen, ana)
    publish(lumen, line("soap", "S1", "5.00"))
    made.deliver()
    yield made
    made.close()


@pytest.fixture
def call(world, tmp_path):
    ana = next(node for node in world.nodes.values() if node.name == "ana")
    with serving(Runtime(ana), tmp_path / "data", catalog.ROUTES) as run:
        yield run


def shop_of(world):
    return next(node for node in world.nodes.values() if node.name == "lumen")


def test_changes_are_a_table_and_a_document(world, call):
    assert "Nothing here yet" in call("catalog", "changes").stderr
    reprice(world, shop_of(world), "4.50")
    done = call("catalog", "changes", "--since", "48h")
    head, row = done.stdout.splitlines()
    assert head.split("\t") == ["when", "merchant_name", "title", "name", "kind", "old", "new", "currency", "note"]
    assert row.split("\t")[1:] == ["lumen", "Soap", "S1", "cheaper", "500", "450", "USD", ""]
    assert "Changes of lumen are noted since" in done.stderr
    page = json.loads(call("--json", "catalog", "changes", "--kind", "cheaper", "--merchant", shop_of(world).identity.hex()).stdout)
    assert [item["percent"] for item in page["changes"]] == [-1_000]
    assert json.loads(call("--json", "catalog", "changes", "--kind", "new").stdout)["changes"] == []


def test_a_shop_that_is_none_is_said(world, call):
    for command in ("changes", "search"):
        assert "gemstra catalog feeds" in call("catalog", command, "--merchant", "0" * 64, code=3).output
        assert "merchant is no id" in call("catalog", command, "--merchant", "lumen", code=1).output
    assert "Soap" in call("catalog", "search", "--merchant", shop_of(world).identity.hex()).output


def test_a_page_leads_to_the_next_and_what_was_seen_is_left_out(world, call):
    reprice(world, shop_of(world), "4.50")
    reprice(world, shop_of(world), "4.00")
    cursor = call("catalog", "changes", "--limit", "1").stderr.split("--cursor ")[1].strip()
    world.tick(1)
    assert "500\t450" in call("catalog", "changes", "--limit", "1", "--cursor", cursor, "--seen").stdout
    reprice(world, shop_of(world), "3.00")
    assert len(call("catalog", "changes", "--since", "seen").stdout.splitlines()) == 2


def test_what_cannot_be_asked_says_what_can(call):
    assert "yesterday, today, seen" in call("catalog", "changes", "--since", "lately", code=1).stderr
