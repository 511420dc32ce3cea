"""Pairing between two real stores: the link, the code, both confirmations; and everything that must not pair."""

from dataclasses import replace

import pytest

from node.errors import NotFound
from node.services import exchange, greeting, peers
from node.services.handlers import EXCHANGE
from node.vault import vault
from protocol.codec import to_bytes
from protocol.errors import Conflict, Malformed, ProtocolError, Unauthorized, Untimely
from protocol.identity import GenerationStarted, sign_entry
from protocol.kinds import Topic
from protocol.messages import Hello, pack
from protocol.pairing import read_link


def statuses(node):
    return [row.status for row in node.read(peers.list_pairings)]


def begin(world, host, guest):
    link = host.write(peers.invite).link
    pairing = guest.write(peers.accept_invite, link=link)
    world.deliver()
    return bytes.fromhex(pairing.id), link


def test_two_nodes_pair_by_link_and_code(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    pairing, _ = begin(world, lumen, ana)
    assert [row.code for row in ana.read(peers.list_pairings)] == [row.code for row in lumen.read(peers.list_pairings)]
    ana.write(peers.confirm_pairing, pairing=pairing)
    world.deliver()
    assert (statuses(ana), statuses(lumen)) == (["confirmed-here"], ["confirmed-there"])
    assert ana.read(peers.list_peers) == []
    lumen.write(peers.confirm_pairing, pairing=pairing)
    world.deliver()
    assert [(peer.name, peer.role) for peer in ana.read(peers.list_peers)] == [("lumen", "merchant")]
    assert [(peer.name, peer.role) for peer in lumen.read(peers.list_peers)] == [("ana", "seller")]


def test_pairing_survives_restarts_at_every_step(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    link = lumen.write(peers.invite).link
    pairing = bytes.fromhex(ana.write(peers.accept_invite, link=link).id)
    for step in (
        lambda: None,
        lambda: ana.write(peers.confirm_pairing, pairing=pairing),
        lambda: lumen.write(peers.confirm_pairing, pairing=pairing),
    ):
        ana.reopen()
        lumen.reopen()
        world.deliver()
        step()
    world.deliver()
    assert statuses(ana) == statuses(lumen) == ["paired"]


def test_lost_replies_change_nothing(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    link = lumen.write(peers.invite).link
    pairing = bytes.fromhex(ana.write(peers.accept_invite, link=link).id)
    for _ in range(3):
        world.deliver(lose_replies=True)
    world.deliver()
    for node in (ana, lumen):
        node.write(peers.confirm_pairing, pairing=pairing)
        world.deliver(lose_replies=True)
    world.deliver()
    assert statuses(ana) == statuses(lumen) == ["paired"]


def test_an_invite_is_good_once(world):
    lumen, ana, eve = world.node("lumen", "merchant"), world.node("ana"), world.node("eve")
    _, link = begin(world, lumen, ana)
    late = eve.write(peers.accept_invite, link=link)
    world.deliver()
    found = next(row for row in eve.read(peers.list_pairings) if row.id == late.id)
    assert (found.status, found.error) == ("refused", "invite-used")


def test_an_expired_invite_is_refused_on_both_sides(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    link = lumen.write(peers.invite, valid_minutes=1).link
    begun = ana.write(peers.accept_invite, link=link)
    world.clock.tick(2 * 60_000)
    world.deliver()
    found = next(row for row in ana.read(peers.list_pairings) if row.id == begun.id)
    assert (found.status, found.error) == ("refused", "invite-expired")
    with pytest.raises(Untimely):
        ana.write(peers.accept_invite, link=link)


def test_a_foreign_invite_is_refused(world):
    lumen, ana, ben = world.node("lumen", "merchant"), world.node("ana"), world.node("ben")
    pairing, _ = begin(world, lumen, ana)
    body = next(body for sender, _, _, body, _ in world.carried if sender == ana.peer)
    with pytest.raises(Unauthorized) as caught:
        world.put(ana.peer, ben, "pair", body)
    assert caught.value.code == "invite-foreign"
    assert pairing


def test_who_answers_must_be_who_was_invited(world):
    """The device is the one in the link, but it speaks for another identity."""
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    link = replace(read_link(lumen.write(peers.invite).link), identity=bytes(32)).link
    ana.write(peers.accept_invite, link=link)
    world.deliver()
    [pairing] = ana.read(peers.list_pairings)
    assert (pairing.status, pairing.code, pairing.error) == ("refused", "", "wrong-identity")
    assert ana.read(peers.list_peers) == []


def test_own_and_damaged_links_say_so(world):
    ana = world.node("ana")
    link = ana.write(peers.invite).link
    with pytest.raises(Conflict, match="your own"):
        ana.write(peers.accept_invite, link=link)
    for damaged in ("", "https://example.com", link[:-9], link.replace("i=", "i=AAAA")):
        with pytest.raises(Malformed):
            ana.write(peers.accept_invite, link=damaged)


def test_somebody_in_between_is_noticed(world):
    """Eve opens Ana's invite as her own: the codes differ, because each is over the channel's device keys."""
    lumen, ana, eve = world.node("lumen", "merchant"), world.node("ana"), world.node("eve")
    link = lumen.write(peers.invite).link
    ana.write(peers.accept_invite, link=link)
    body = ana.read(lambda unit: unit.outbox.due())[0].body
    with pytest.raises(ProtocolError) as caught:
        world.put(eve.peer, lumen, "pair", body)
    assert caught.value.code == "not-live"


def test_a_refused_code_ends_it_for_both(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    pairing, _ = begin(world, lumen, ana)
    ana.write(peers.refuse_pairing, pairing=pairing)
    world.deliver()
    assert statuses(ana) == statuses(lumen) == ["refused"]
    with pytest.raises(ProtocolError):
        lumen.write(peers.confirm_pairing, pairing=pairing)


def test_what_nobody_finishes_expires(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    begin(world, lumen, ana)
    world.tick(11 * 60_000)
    assert statuses(ana) == statuses(lumen) == ["expired"]


def test_strangers_get_no_further_than_pairing(world):
    lumen, eve = world.node("lumen", "merchant"), world.node("eve")
    body = pack(eve.read(lambda unit: Hello(1, unit.peers.presentation(), "Eve", unit.now, ())))
    for topic in (Topic.HELLO, Topic.CATALOG):
        with pytest.raises(ProtocolError) as caught:
            lumen.write(exchange.handle, EXCHANGE, eve.peer, topic.value, body)
        assert caught.value.code in ("not-paired", "unknown-kind")


def test_a_hello_renews_name_and_addresses_and_an_older_root_log_is_refused(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    ana.write(lambda unit: unit.settings.set(greeting.ADDRESSES, ["/ip4/127.0.0.1/tcp/4009"]))
    ana.write(greeting.greet, lumen.peer)
    world.deliver()
    assert lumen.read(peers.list_peers)[0].addresses == ("/ip4/127.0.0.1/tcp/4009",)
    shown = ana.read(lambda unit: unit.peers.presentation())
    empty = Hello(1, type(shown)(shown.inception, ()), "ana", world.clock.now, ())
    with pytest.raises(ProtocolError) as caught:
        lumen.write(exchange.handle, EXCHANGE, ana.peer, "hello", pack(empty))
    assert caught.value.code in ("not-live", "rollback")
    assert to_bytes(shown)


def test_a_forgotten_peer_is_a_stranger(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    lumen.write(peers.forget_peer, peer=ana.peer)
    assert lumen.read(peers.list_peers) == []
    with pytest.raises(NotFound):
        lumen.write(peers.forget_peer, peer=ana.peer)
    ana.write(greeting.greet, lumen.peer)
    world.deliver()
    assert "not-paired" in [reply for sender, _, _, _, reply in world.carried if sender == ana.peer]


def test_an_old_root_log_pairs_nobody_anew(world, monkeypatch):
    """A device that was revoked still has the log in which it was live; whoever has it must not take the identity's place."""
    drafts, prepare = [], vault.prepare
    monkeypatch.setattr(vault, "prepare", lambda: drafts.append(prepare()) or drafts[-1])
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    shown = ana.read(lambda unit: unit.peers.presentation())
    state = shown.check(ana.keys.device.public)
    later = sign_entry(state, drafts[1].root, GenerationStarted(1, bytes(32)), created=world.clock.now).raw
    ana.write(lambda unit: unit.db.execute("INSERT INTO root_log VALUES (2, ?)", (later,)))
    ana.write(greeting.greet, lumen.peer)
    world.deliver()
    ana.write(lambda unit: unit.db.execute("DELETE FROM root_log WHERE seq = 2"))
    for host, guest in ((lumen, ana), (ana, lumen)):
        pairing, _ = begin(world, host, guest)
        found = guest.read(peers.get_pairing, pairing=pairing)
        assert (found.status, found.error) == ("refused", "rollback")
    ana.write(lambda unit: unit.db.execute("INSERT INTO root_log VALUES (2, ?)", (later,)))
    pairing, _ = begin(world, lumen, ana)
    assert ana.read(peers.get_pairing, pairing=pairing).status == "comparing"  # the control
