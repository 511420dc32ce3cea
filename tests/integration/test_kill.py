"""A sale in which a node is killed between acceptance and shipment, and started again: nothing is lost, nothing happens twice."""

import pytest

from node.cli.demo.play import Play
from node.cli.demo.report import Report
from tests.integration.household import SECONDS, household
from tests.integration.performance import DATA
from tests.integration.reckoned import reckon

pytestmark = pytest.mark.slow

CATALOG = DATA / "woocommerce.csv"
BEFORE = ("start", "publish", "pair", "team", "customers", "order")


def restart(play, name):
    """Kill a node, start it again with its passphrase, and wait until it has its network and chain."""
    play.cast.kill(name)
    play.cast.start_node(name, locked=False)
    client = play.cast.node(name)
    setattr(play, name, client)

    def ready():
        status = client.get("/status")
        return status["state"] == "open" and (status["network"], status["chain"]) == ("ready", "ready")

    client.until(ready, seconds=SECONDS, what=f"{name} to be ready again")


def told(client, order):
    """What one side knows of the order: all that a person was told was done."""
    found = client.get(f"/orders/{order}")
    return {key: found[key] for key in ("id", "status", "lines", "total", "base", "payment", "cover", "parcels")}


def check(play):
    """The whole sale happened once, on both sides, on the chain and in the ledgers."""
    sale = reckon(CATALOG)
    amounts = sale.commissions(int(play.report.document["gms_rate"]))
    for client, orders in ((play.ana, 1), (play.lumen, 1), (play.ben, 0)):
        found = client.get("/orders")
        assert len(found) == orders
        assert all(order["id"] == play.order_id and order["status"] == "COMPLETED" for order in found)
    for name, client in (("ana", play.ana), ("ben", play.ben)):
        lines = client.get("/commission/lines")
        assert {line["status"] for line in lines} == {"PAID"}
        assert len({(line["order"], line["line"], line["level"]) for line in lines}) == len(lines)
        assert sum(int(line["gms"]) for line in lines) == amounts[name]
        assert int(client.get("/chain")["gms"]) == amounts[name]
    assert len(play.lumen.get("/commission/statements")) == 1
    disclosed = [row for row in play.ana.get("/grants/disclosures") if row["order"] == play.order_id]
    assert disclosed
    assert len({row["field"] for row in disclosed}) == len(disclosed)
    for client in (play.lumen, play.ana, play.ben):
        assert client.get("/status")["waiting"] == 0


@pytest.mark.parametrize("name", ["lumen", "ana"])
def test_killed_between_acceptance_and_shipment(name):
    with household() as cast:
        play = Play(cast, Report(quiet=True), CATALOG, DATA / "postal.vcf", "USD")
        for step in BEFORE:
            getattr(play, step)()
        before = {who: told(getattr(play, who), play.order_id) for who in ("lumen", "ana")}
        restart(play, name)
        for who, known in before.items():
            assert told(getattr(play, who), play.order_id) == known
        play.deliver()
        restart(play, name)  # and once more, with the parcel on its way and the address held
        play.commissions()
        play.revoke()
        check(play)
