"""A sale in which a node is killed between acceptance and shipment, and started again: nothing is lost, nothing happens twice."""

import pytest

from node.cli.client import Client
from node.cli.demo.play import Play
from node.cli.demo.report import Report
from tests.integration.household import SECONDS, household
from tests.integration.performance import DATA
from tests.integration.reckoned import reckon

pytestmark = pytest.mark.slow

CATALOG = DATA / "woocommerce.csv"


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


class Fatal(Client):
    """The merchant's client: `victim` is killed the moment the merchant's acceptance is acknowledged, its message perhaps unsent."""

    def __init__(self, play, victim) -> None:
        super().__init__(play.lumen.data)
        self._play, self._victim = play, victim

    def post(self, path, **body):
        answer = super().post(path, **body)
        if path.startswith("/orders/") and path.endswith("/accept"):
            self._play.lumen = Client(self.data)
            restart(self._play, self._victim)
            assert self._play.lumen.get(path.removesuffix("/accept"))["status"] == "ACCEPTED"
        return answer


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
        for step in (play.start, play.publish, play.pair, play.team, play.customers):
            step()
        play.lumen = Fatal(play, name)
        play.order()
        assert not isinstance(play.lumen, Fatal)
        play.deliver()
        restart(play, name)  # and once more, with the parcel on its way and the address held
        play.commissions()
        play.revoke()
        check(play)
