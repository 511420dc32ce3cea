"""Anchors: a merchant's heads on the chain, held by a seller against what it was shown. The chain's logs are written as the watcher writes them."""

import pytest

from node.errors import NotFound, UserError
from node.services import anchors, catalog, exchange, today, wallet
from node.services.handlers import EXCHANGE
from protocol.anchor import TYPE, Anchorer
from protocol.envelope import sign
from protocol.errors import Conflict, Untimely
from protocol.kinds import Topic
from protocol.log import verify_checkpoint
from protocol.messages import pack

from .shop import PLACE, Shop, file

ANCHORS = b"\x33" * 20
ANCHORED = bytes.fromhex("00" * 32)
PLACED = wallet.Place(PLACE.chain_id, PLACE.gms, PLACE.vault, ANCHORS)


class Chain:
    """What a watcher would store of one chain, in any node."""

    def __init__(self) -> None:
        self.number = 0

    def write(self, *nodes, head, by, final=True, root=None, state=None, contract="CatalogAnchors"):
        self.number += 1
        block = self.number.to_bytes(32, "big")
        data = head.size.to_bytes(32, "big") + (root or head.root) + (state or head.state_hash)
        for node in nodes:
            node.write(self._add, block, [ANCHORED, head.log, by.rjust(32, b"\0")], data, contract, final)

    def _add(self, unit, block, topics, data, contract, final):
        unit.blocks.add(self.number, block, block, unit.now // 1000)
        unit.blocks.add_log(block, 0, contract, b"\x44" * 32, topics, data)
        if final:
            unit.blocks.finalize(self.number)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    for node in (shop.lumen, shop.ana, shop.ben):
        node.write(wallet.place_chain, PLACED)
    shop.chain = Chain()
    shop.by = shop.lumen.read(lambda unit: unit.me.chain_address(0))
    yield shop
    shop.world.close()


def head_of(node):
    [row] = node.read(lambda unit: unit.catalog.feeds())
    return verify_checkpoint(row.checkpoint)


def anchored(shop):
    """Lumen says under which address, and asks for an anchor of its head."""
    shop.lumen.write(anchors.anchor)
    for node in (shop.lumen, shop.ana):
        node.write(anchors.tick)
    shop.world.deliver()
    return head_of(shop.lumen)


def verdicts(node):
    return [found.verdict for found in node.read(anchors.list_anchors).anchors]


def grow(shop, price=5300):
    shop.lumen.write(catalog.import_products, file=file(cream=price), currency="USD")
    shop.world.deliver()
    assert head_of(shop.ana) == head_of(shop.lumen)


def test_an_anchor_is_asked_of_the_chain_once_for_a_head(shop):
    head = anchored(shop)
    shop.lumen.write(anchors.anchor)
    intents = shop.lumen.read(lambda unit: [row for row in unit.transactions.open() if row.method == "anchors.anchor"])
    assert [row.arguments for row in intents] == [(head.log, head.size, head.root, head.state_hash)]
    assert shop.lumen.read(anchors.list_anchors).due == (head.log.hex(),)
    shop.chain.write(shop.lumen, head=head, by=shop.by)
    assert shop.lumen.read(anchors.list_anchors).due == ()
    assert verdicts(shop.lumen) == ["own"]


def test_the_head_a_seller_has_agrees_once_it_is_final(shop):
    head = anchored(shop)
    shop.chain.write(shop.ana, head=head, by=shop.by, final=False)
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["pending"]
    shop.ana.write(lambda unit: unit.blocks.finalize(shop.chain.number))
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["agrees"]


def test_an_earlier_head_agrees_by_the_proof_its_writer_gives(shop):
    head = anchored(shop)
    grow(shop)
    shop.chain.write(shop.ana, head=head, by=shop.by)
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["unproved"]
    shop.world.deliver()
    assert verdicts(shop.ana) == ["agrees"]


def test_an_earlier_head_of_another_tree_stays_unproved(shop):
    head = anchored(shop)
    grow(shop)
    shop.chain.write(shop.ana, head=head, by=shop.by, root=b"\x55" * 32)
    shop.ana.write(anchors.tick)
    shop.world.deliver()
    assert verdicts(shop.ana) == ["unproved"]
    asked = len(shop.world.carried)
    shop.ana.write(anchors.tick)
    shop.world.deliver()
    assert len(shop.world.carried) == asked
    shop.world.tick(anchors.ASK_AGAIN_MS)
    shop.world.deliver()
    assert len(shop.world.carried) > asked


@pytest.mark.parametrize("part", ["root", "state"])
def test_another_head_of_the_same_size_contradicts_for_good(shop, part):
    head = anchored(shop)
    shop.chain.write(shop.ana, head=head, by=shop.by, **{part: b"\x55" * 32})
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["contradicts"]
    [item] = [item for item in shop.ana.read(today.show).items if item.kind == "evidence"]
    assert item.title == "lumen showed you another catalog"
    grow(shop)
    shop.ana.write(anchors.tick)
    shop.world.deliver()
    assert verdicts(shop.ana) == ["contradicts"]


def test_a_head_not_reached_yet_waits(shop):
    anchored(shop)
    shop.ana.online = False
    shop.lumen.write(catalog.import_products, file=file(cream=5300), currency="USD")
    shop.chain.write(shop.ana, head=head_of(shop.lumen), by=shop.by)
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["ahead"]
    shop.ana.online = True
    shop.world.deliver()
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["agrees"]


def test_who_anchors_in_anothers_name_is_not_heard(shop):
    """Control: the same anchor in the owner's name is."""
    head = anchored(shop)
    shop.chain.write(shop.ana, head=head, by=b"\x66" * 20, root=b"\x55" * 32)
    shop.chain.write(shop.ana, head=head, by=shop.by, root=b"\x55" * 32, contract="CommissionVault")
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == []
    shop.chain.write(shop.ana, head=head, by=shop.by, root=b"\x55" * 32)
    shop.ana.write(anchors.tick)
    assert verdicts(shop.ana) == ["contradicts"]


def test_anchors_of_another_contract_or_chain_do_not_count(shop):
    head = anchored(shop)
    shop.chain.write(shop.ana, head=head, by=shop.by)
    shop.ana.write(wallet.place_chain, wallet.Place(PLACE.chain_id, PLACE.gms, PLACE.vault, b"\x77" * 20))
    assert verdicts(shop.ana) == []


def test_nobody_names_an_address_for_another_and_an_earlier_one_does_not_come_back(shop):
    anchored(shop)

    def says(identity, created):
        record = Anchorer(identity, PLACE.chain_id, ANCHORS, b"\x66" * 20)
        signed = sign(shop.lumen.keys.device, TYPE, record, created=created)
        return shop.ana.write(_handle, shop.lumen.peer, pack(signed))

    now = shop.world.clock.now
    with pytest.raises(Conflict, match="its own address") as found:
        says(shop.ben.identity, now)
    assert found.value.code == "wrong-identity"
    with pytest.raises(Untimely):
        says(shop.lumen.identity, now - 1)
    says(shop.lumen.identity, now + 1)
    assert shop.ana.read(lambda unit: unit.anchors.anchorer(shop.lumen.identity)).address == b"\x66" * 20


def _handle(unit, peer, body):
    return exchange.handle(unit, EXCHANGE, peer, Topic.CATALOG.value, body)


def test_by_itself_once_a_day_where_something_changed(shop):
    shop.lumen.write(anchors.schedule, every="daily")
    shop.world.tick(1)

    def intents():
        return shop.lumen.read(lambda unit: len([row for row in unit.transactions.open() if row.method == "anchors.anchor"]))

    assert intents() == 1
    shop.lumen.write(catalog.import_products, file=file(cream=5300), currency="USD")
    shop.world.tick(anchors.EVERY["daily"] - 2)
    assert intents() == 1
    shop.world.tick(2)
    assert intents() == 2
    shop.world.tick(anchors.EVERY["daily"])
    assert intents() == 2
    shop.lumen.write(anchors.schedule, every="off")
    shop.lumen.write(catalog.import_products, file=file(cream=5400), currency="USD")
    shop.world.tick(2 * anchors.EVERY["daily"])
    assert intents() == 2


def test_what_keeps_a_node_from_anchoring_is_said(shop, tmp_path):
    with pytest.raises(NotFound) as found:
        shop.ana.write(anchors.anchor)
    assert found.value.code == "no-feed"
    with pytest.raises(UserError):
        shop.lumen.write(anchors.schedule, every="hourly")
    shop.lumen.write(wallet.place_chain, PLACE)
    for ask in (anchors.anchor, lambda unit: anchors.schedule(unit, "daily")):
        with pytest.raises(NotFound) as found:
            shop.lumen.write(ask)
        assert found.value.code == "no-anchors"
    shop.lumen.write(anchors.schedule, every="off")
    assert not shop.lumen.read(anchors.list_anchors).possible
