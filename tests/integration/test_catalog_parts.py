"""A part of a catalog between whole nodes: a merchant of five brands, a seller of two, by the commands a person types."""

import json

import pytest

from tests.integration.household import SECONDS, command, household, settle
from tests.integration.test_catalogs import only_feed, pair

pytestmark = pytest.mark.slow

BRANDS = ("Alba", "Boreal", "Cedar", "Dune", "Elm")
EACH = 4
_HEAD = "Handle,Title,Body (HTML),Vendor,Type,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"


def publish(client, path, *lines):
    path.write_text(_HEAD + "".join(lines), "utf-8")
    with path.open("rb") as source:
        staged = client.upload("/catalog/import", source, name=path.name, currency="USD")
    client.post_once(f"/catalog/import/{staged['id']}/apply")
    return only_feed(client)


def line(handle, brand, price="5.00"):
    return f"{handle},Soap {handle},,{brand},Bath,active,Title,Default Title,{handle.upper()},{price},5\n"


def goods(*brands):
    return [line(f"{brand.lower()}{number}", brand) for brand in brands for number in range(EACH)]


def settled(client, size, products):
    """Wait until so much is here, proved."""

    def there():
        feed = only_feed(client)
        return feed and feed["verified"] and (feed["size"], feed["products"]) == (size, products) and feed

    return client.until(there, seconds=SECONDS, what="the part")


def said(folder, *arguments):
    done = command(folder, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_seller_follows_two_brands_of_five_and_chooses_anew():
    with household() as cast:
        for name in ("lumen", "ana"):
            cast.start_node(name)
        lumen, ana = settle(cast, "lumen", "merchant"), settle(cast, "ana", "seller")
        pair(lumen, ana)
        size = publish(lumen, cast.root / "goods.csv", *goods(*BRANDS))["size"]
        settled(ana, size, EACH * len(BRANDS))
        listed = said(ana.data, "catalog", "sections", "Lumen")
        assert [(row["name"], row["count"], row["chosen"]) for row in listed] == [(name, 2 * EACH, False) for name in BRANDS]

        chosen = said(ana.data, "catalog", "follow", "Lumen", "--brand", "Alba", "--brand", "Dune")
        assert chosen["sections"] == ["Alba", "Dune"]
        settled(ana, size, 2 * EACH)
        size = publish(lumen, cast.root / "more.csv", line("alba0", "Cedar"), line("elm0", "Dune"), line("dune1", "Dune", "9.00"))["size"]
        settled(ana, size, 2 * EACH)
        brands = {row["handle"]: row["vendor"] for row in ana.get("/catalog/products")["products"]}
        assert {"elm0": "Dune"}.items() <= brands.items()
        assert "alba0" not in brands

        said(ana.data, "catalog", "follow", "Lumen", "--brand", "Alba", "--brand", "Cedar")
        settled(ana, size, 2 * EACH)
        said(ana.data, "catalog", "follow", "Lumen", "--all")
        assert settled(ana, size, EACH * len(BRANDS))["sections"] == []
        assert command(ana.data, "catalog", "follow", "Lumen").returncode != 0
