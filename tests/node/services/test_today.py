"""Home over real stores: each noun's part appears when somebody must act and goes when it is done."""

import pytest

from node.errors import UserError
from node.services import grants, greeting, orders, peers, quotes, team, today
from node.services.trust_items import PROVIDERS as TRUST
from protocol.order import Status

from .shop import Shop
from .world import World


def kinds(node, **given):
    return [item.kind for item in node.read(today.show, **given).items]


def test_a_pairing_waits_on_both_desks_until_each_has_confirmed(tmp_path):
    world = World(tmp_path)
    ana, ben = world.node("ana"), world.node("ben")
    begun = ben.write(peers.accept_invite, link=ana.write(peers.invite).link)
    assert kinds(ana) == kinds(ben) == []
    world.deliver()
    assert kinds(ana) == kinds(ben) == ["pairing"]
    assert ana.read(today.face).counts == {"peers": 1}
    ana.write(peers.confirm_pairing, pairing=bytes.fromhex(begun.id))
    assert kinds(ana) == []
    assert kinds(ben) == ["pairing"]


def test_members_and_sponsors_who_ask_appear_where_the_answer_is_given(tmp_path):
    world = World(tmp_path)
    lumen, ana, ben = world.node("lumen", role="merchant"), world.node("ana"), world.node("ben")
    for one, other in ((lumen, ana), (lumen, ben), (ana, ben)):
        world.pair(one, other)
    for seller in (ana, ben):
        seller.write(team.join, merchant=lumen.identity)
    world.deliver()
    assert kinds(lumen) == ["member", "member"]
    assert lumen.read(today.face).counts == {"merchant": 2}
    for member in lumen.read(team.list_members):
        lumen.write(team.accept_member, member=bytes.fromhex(member.member))
    world.deliver()
    assert kinds(lumen) == []
    ben.write(team.ask_sponsor, merchant=lumen.identity, peer=ana.peer)
    world.deliver()
    (asked,) = ana.read(today.show).items
    assert (asked.kind, asked.section, asked.who) == ("sponsor", "team", "ben")
    ana.write(team.accept_edge, edge=bytes.fromhex(ana.read(team.list_edges)[0].edge))
    assert kinds(ana) == []


def test_a_silent_peer_is_told_of_after_ten_minutes_and_a_refusal_for_a_day(tmp_path):
    world = World(tmp_path)
    ana, ben = world.node("ana"), world.node("ben")
    world.pair(ana, ben)
    ben.online = False
    ana.write(greeting.greet, ben.peer)
    world.deliver()
    assert kinds(ana) == []
    world.clock.tick(11 * 60_000)
    (late,) = ana.read(today.show).items
    assert (late.kind, late.who, late.action) == ("message", "ben", "")
    assert ana.read(today.face).counts == {}
    (row,) = ana.read(today.list_outbox)
    assert (row.name, row.state) == ("ben", "waiting")
    ana.write(lambda unit: unit.outbox.refused(bytes.fromhex(row.id), "too-large"))
    assert ana.read(today.show).items[0].text.endswith("The answer was: too large.")
    world.clock.tick(25 * 3_600_000)
    assert kinds(ana) == []


def test_the_way_to_the_first_sale_ends_with_it_and_its_steps_wait_in_turn(tmp_path):
    shop = Shop(tmp_path)
    ana, lumen, world = shop.ana, shop.lumen, shop.world
    assert [task.done for task in ana.read(today.show).setup] == [True, True, True, True, False, False]
    assert [task.done for task in lumen.read(today.show).setup] == [True, True, True, True, False, True, False]
    assert [task.done for task in world.node("cleo").read(today.show).setup] == [True, False, False, False, False, False]
    draft = bytes.fromhex(shop.draft().id)
    world.deliver()
    assert kinds(ana) == ["order"]
    order = bytes.fromhex(ana.write(quotes.place, order=draft).id)
    world.deliver()
    assert kinds(lumen) == ["order"]
    lumen.write(orders.accept, order=order)
    world.deliver()
    assert ana.read(today.show).setup == []
    assert ana.read(orders.get_order, order=order).status == Status.ACCEPTED
    asking = lumen.write(grants.request_grant, order=order)
    assert asking.state == "requested"
    world.deliver()
    (asked,) = (item for item in ana.read(today.show).items if item.kind == "grant")
    assert "Grace Hopper" in asked.title
    ana.write(grants.issue_grant, grant=bytes.fromhex(asked.href.rsplit("/", 1)[1]))
    assert "grant" not in kinds(ana)


def test_network_and_chain_are_told_of_only_when_something_is_wrong(tmp_path):
    ana = World(tmp_path).node("ana")
    for fine in ({}, {"network": "starting", "chain": "starting"}, {"chain": "ready"}):
        assert kinds(ana, **fine) == []
    assert kinds(ana, network="stopped: port 4001 is taken", chain="unavailable") == ["network", "chain"]
    assert kinds(ana, chain="wrong-chain") == ["chain"]


def test_the_zone_is_kept_and_must_exist(tmp_path):
    ana = World(tmp_path).node("ana")
    assert ana.read(today.face).zone == "UTC"
    assert ana.write(today.set_zone, zone="Europe/Madrid").zone == "Europe/Madrid"
    with pytest.raises(UserError):
        ana.write(today.set_zone, zone="../etc/passwd")
    assert ana.read(today.face).zone == "Europe/Madrid"


def test_control_without_a_provider_its_noun_is_missing(tmp_path, monkeypatch):
    world = World(tmp_path)
    ana, ben = world.node("ana"), world.node("ben")
    ben.write(peers.accept_invite, link=ana.write(peers.invite).link)
    world.deliver()
    assert kinds(ana) == ["pairing"]
    monkeypatch.setattr(today, "PROVIDERS", TRUST)
    assert kinds(ana) == []
