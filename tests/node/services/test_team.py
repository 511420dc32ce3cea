"""Joining, sponsoring and the tree, between real stores: every record signed by whom it concerns, and nobody else's taken."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import exchange, team
from node.services.handlers import EXCHANGE
from node.vault.keys import Ed25519Signer
from protocol.codec import from_bytes
from protocol.envelope import sign
from protocol.errors import ProtocolError
from protocol.messages import pack
from protocol.team import JOIN, CoSigned, JoinRequest, SponsorRequest


@pytest.fixture
def people(world):
    lumen, ana, ben = world.node("lumen", "merchant"), world.node("ana"), world.node("ben")
    world.pair(lumen, ana)
    world.pair(lumen, ben)
    world.pair(ben, ana)
    return lumen, ana, ben


def join(world, lumen, *sellers):
    for seller in sellers:
        seller.write(team.join, merchant=lumen.identity)
    world.deliver()
    for member in lumen.read(team.list_members):
        lumen.write(team.accept_member, member=bytes.fromhex(member.member))
    world.deliver()


def sponsor(world, lumen, member, above):
    edge = member.write(team.ask_sponsor, merchant=lumen.identity, peer=above.peer)
    world.deliver()
    above.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
    world.deliver()
    return bytes.fromhex(edge.edge)


def statuses(node):
    return [edge.status for edge in node.read(team.list_edges)]


def test_a_sponsor_edge_bears_both_signatures_everywhere(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    edge = sponsor(world, lumen, ana, ben)
    assert [statuses(node) for node in people] == [["accepted"]] * 3
    raws = {node.read(lambda unit: unit.team.edge(edge)).cosigned for node in people}
    assert len(raws) == 1
    member = bytes.fromhex(ana.read(team.list_memberships)[0].member)
    above = lumen.read(team.upline_members, member, world.clock.now, 3)
    assert [row.peer for row in above] == [ben.peer]
    assert [(node.name, node.depth) for node in ben.read(team.tree)] == [("ben", 0), ("ana", 1)]
    assert [(node.name, node.depth) for node in lumen.read(team.tree)] == [("ben", 0), ("ana", 1)]


def test_members_have_a_key_and_an_address_of_their_own_at_each_merchant(world, people):
    lumen, ana, _ = people
    other = world.node("other", "merchant")
    world.pair(other, ana)
    first = ana.write(team.join, merchant=lumen.identity)
    second = ana.write(team.join, merchant=other.identity)
    assert first.member != second.member
    assert first.payout != second.payout
    assert ana.write(team.join, merchant=lumen.identity) == first


def test_joining_needs_a_merchant_and_a_pairing(world, people):
    lumen, ana, ben = people
    with pytest.raises(NotFound):
        ana.write(team.join, merchant=ben.identity)
    with pytest.raises(NotFound):
        ana.write(team.join, merchant=bytes(32))
    with pytest.raises(UserError):
        ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)


def test_an_edge_waits_until_the_merchant_took_both_in(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana)
    ben.write(team.join, merchant=lumen.identity)
    world.deliver()
    edge = ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    world.deliver()
    with pytest.raises(UserError):
        ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
    join(world, lumen)
    ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
    world.deliver()
    assert statuses(lumen) == ["accepted"]


def test_no_means_no_and_is_said(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    edge = ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    world.deliver()
    ben.write(team.decline_edge, edge=bytes.fromhex(edge.edge))
    world.deliver()
    assert (statuses(ana), statuses(lumen)) == (["declined"], [])
    with pytest.raises(ConflictError):
        ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))


def test_asking_twice_is_one_question(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    first = ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    world.deliver()
    world.clock.tick(1_000)
    assert ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer) == replace(first, sent="accepted")
    world.deliver()
    ben.write(team.accept_edge, edge=bytes.fromhex(first.edge))
    lumen.online = False
    world.deliver()
    with pytest.raises(ConflictError):  # both have signed: another question would lose what the merchant is about to take
        ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    lumen.online = True
    world.deliver()
    assert (statuses(ana), statuses(lumen)) == (["accepted"], ["accepted"])


def test_after_a_no_one_may_ask_again(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    edge = bytes.fromhex(ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer).edge)
    world.deliver()
    ben.write(team.decline_edge, edge=edge)
    world.deliver()
    world.clock.tick(1_000)
    assert sponsor(world, lumen, ana, ben) == edge
    assert (statuses(ana), statuses(lumen)) == (["accepted"], ["accepted"])


def test_nobody_asks_in_anothers_name(world, people):
    lumen, ana, ben = people
    cara = world.node("cara")
    world.pair(ben, cara)
    join(world, lumen, ana, ben)
    ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    body = ana.read(lambda unit: unit.outbox.due())[0].body
    world.deliver()
    with pytest.raises(ProtocolError) as caught:
        ben.write(exchange.handle, EXCHANGE, cara.peer, "team", body)
    assert caught.value.code == "wrong-identity"


def test_one_sponsor_at_a_time_and_no_circles(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    sponsor(world, lumen, ana, ben)
    with pytest.raises(ConflictError):
        ana.write(team.ask_sponsor, merchant=lumen.identity, peer=ben.peer)
    circle = sponsor(world, lumen, ben, ana)
    refused = [reply for sender, to, _, _, reply in world.carried if (sender, to) == (ben.peer, lumen.peer)]
    assert "circle" in refused
    assert lumen.read(lambda unit: unit.team.edge(circle)) is None
    assert ben.read(lambda unit: unit.team.edge(circle)).status == "declined"


def test_an_edge_comes_from_its_member_only(world, people):
    lumen, ana, ben = people
    join(world, lumen, ana, ben)
    edge = sponsor(world, lumen, ana, ben)
    both = from_bytes(CoSigned, ana.read(lambda unit: unit.team.edge(edge)).cosigned)
    with pytest.raises(ProtocolError) as caught:
        lumen.write(exchange.handle, EXCHANGE, ben.peer, "team", pack(both))
    assert caught.value.code == "wrong-identity"
    swapped = CoSigned(both.sponsor, both.member)
    with pytest.raises(ProtocolError) as caught:
        lumen.write(exchange.handle, EXCHANGE, ana.peer, "team", pack(swapped))
    assert caught.value.code == "wrong-author"


def test_somebody_elses_join_request_is_refused(world, people):
    lumen, ana, ben = people
    ana.write(team.join, merchant=lumen.identity)
    body = ana.read(lambda unit: unit.outbox.due())[0].body
    world.deliver()
    with pytest.raises(ProtocolError) as caught:
        lumen.write(exchange.handle, EXCHANGE, ben.peer, "team", body)
    assert caught.value.code == "wrong-identity"


def test_lost_replies_and_restarts_make_no_second_member(world, people):
    lumen, ana, _ = people
    ana.write(team.join, merchant=lumen.identity)
    for _ in range(3):
        world.deliver(lose_replies=True)
        ana.reopen()
        lumen.reopen()
    world.deliver()
    assert [member.status for member in lumen.read(team.list_members)] == ["asked"]


def test_one_peer_asks_only_so_often_before_somebody_answers(world, people):
    """Each question is shown to a person: a peer with member keys without end must not fill the page."""
    lumen, ana, ben = people
    join(world, lumen, ben)
    keys = [Ed25519Signer(bytearray([number]) * 32) for number in range(1, team.MOST_ASKED + 2)]
    asks = [JoinRequest(lumen.identity, key.public, bytes(20)) for key in keys]
    joins = [pack(sign(key, JOIN, ask, created=world.clock.now)) for key, ask in zip(keys, asks, strict=True)]
    sponsors = [pack(SponsorRequest(lumen.identity, key.public, world.clock.now, 1)) for key in keys]
    for receiver, bodies in ((lumen, joins), (ben, sponsors)):
        for body in bodies[:-1]:
            world.put(ana.peer, receiver, "team", body)
        with pytest.raises(ProtocolError) as caught:
            world.put(ana.peer, receiver, "team", bodies[-1])
        assert caught.value.code == "too-many-requests"
        world.put(ana.peer, receiver, "team", bodies[0])  # the same again is no other question
    first = next(row for row in lumen.read(team.list_members) if row.status == "asked")
    lumen.write(team.accept_member, member=bytes.fromhex(first.member))
    world.put(ana.peer, lumen, "team", joins[-1])  # the control
