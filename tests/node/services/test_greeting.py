"""What a peer sees when an identity speaks from another device: it is followed, once it has shown itself, and the revoked one is refused."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, UserError
from node.model.evidence import Evidence
from node.services import evidence, exchange, grants, greeting, orders, peers, rejoining, team, today
from node.services.handlers import EXCHANGE
from node.store.peers import ROUTED
from protocol import identity
from protocol.errors import ProtocolError
from protocol.identity import TYPES, GenerationStarted, Presentation, replay
from protocol.messages import Hello, pack, unpack_held
from protocol.peer_id import peer_id_of

from .restoring import certified, copied, new_device, restored, revoke, sign_root
from .world import World


def hello_of(node, **changes):
    return pack(replace(node.read(greeting.hello), **changes))


def refusal(world, node, receiver, body=None, topic="hello"):
    with pytest.raises(ProtocolError) as caught:
        world.put(node.peer, receiver, topic, body or hello_of(node))
    return caught.value.code


def route(node, other):
    return node.read(lambda unit: unit.peers.by_identity(other.identity)).peer


# --- followed


def test_a_new_device_is_followed_and_what_waited_for_the_old_one_reaches_it(shop):
    order = shop.placed()
    shop.ana.online = False
    shop.lumen.write(orders.accept, order=order)
    shop.lumen.write(grants.request_grant, order=order)
    shop.world.deliver()
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    new.write(greeting.greet_all)
    shop.world.deliver()
    assert route(shop.lumen, shop.ana) == new.peer
    assert new.read(orders.get_order, order=order).status == "ACCEPTED"
    assert [row.state for row in new.read(grants.list_grants)] == ["requested"]
    [member] = [row for row in shop.lumen.read(team.list_members) if row.peer == new.peer]
    assert (member.status, member.name) == ("accepted", "ana")


def test_the_same_request_from_the_new_device_has_no_second_effect(shop):
    order = shop.draft()
    [asked] = shop.ana.read(lambda unit: unit.outbox.open())
    path = copied(shop.ana, "ana2")
    shop.world.deliver()
    before = len(shop.lumen.read(orders.list_orders))
    new = restored(shop.world, shop.ana, path)
    new.write(greeting.greet_all)
    shop.world.deliver()
    replies = [reply for _, to, _, body, reply in shop.world.carried if to == shop.lumen.peer and body == asked.body]
    assert len(replies) == 2
    assert len(set(replies)) == 1
    assert len(shop.lumen.read(orders.list_orders)) == before == 1
    assert new.read(orders.get_order, order=bytes.fromhex(order.id)).status == "QUOTED"


def test_nothing_but_the_hello_goes_before_the_hello(shop):
    """What waited in the copy was queued earlier; it must not be refused because the new device is not known yet."""
    shop.draft()
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    new.write(greeting.greet_all)
    first, second = (row.topic for row in new.read(lambda unit: unit.outbox.open()))
    assert (first, second) == ("hello", "order")


def test_a_message_that_came_too_early_waits(shop):
    shop.draft()
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    shop.world.deliver(only=new)
    [waiting] = new.read(lambda unit: unit.outbox.open())
    assert (waiting.state, waiting.code) == ("waiting", "not-paired")
    new.write(greeting.greet_all)
    shop.world.deliver()
    assert new.read(lambda unit: unit.outbox.open()) == []


def test_several_live_devices_are_one_peer(shop):
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    new.write(greeting.greet_all)
    shop.world.deliver()
    [seen] = [row for row in shop.lumen.read(peers.list_peers) if row.name == "ana"]
    assert set(seen.devices) == {shop.ana.peer, new.peer}
    for node in (shop.ana, new):
        shown = shop.lumen.read(lambda unit, node=node: unit.peers.get(node.peer))
        assert shown.peer == new.peer
    added = new.read(lambda unit: unit.peers.presentation()).entries[-1]
    shop.ana.write(lambda unit: unit.peers.append(added))  # the old one learns of the new one
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    assert route(shop.lumen, shop.ana) == shop.ana.peer


def test_every_table_that_names_a_peer_follows(shop):
    """`pairings` and `peer_devices` name devices and stay."""
    sql = "SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'peer' AND c.type = 'TEXT'"
    found = {row[0] for row in shop.lumen.read(lambda unit: unit.db.execute(sql).fetchall())}
    assert found - {"pairings", "peer_devices"} == set(ROUTED)


def test_pairing_anew_from_another_device_finds_what_was_its(shop):
    shop.lumen.write(peers.forget_peer, peer=shop.ana.peer)
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    shop.ana.online = False
    shop.world.pair(shop.lumen, new)
    assert new.peer in [row.peer for row in shop.lumen.read(team.list_members)]


# --- revoked


def test_a_revoked_device_is_refused_everything(shop):
    new = restored(shop.world, shop.ana, copied(shop.ana, "ana2"))
    new.write(greeting.greet_all)
    shop.world.deliver()
    revoke(shop.ana, shop.ana.keys.device.public, on=new)
    new.write(greeting.greet_all)
    shop.world.deliver()
    assert shop.lumen.read(lambda unit: unit.peers.devices(shop.ana.identity)) == [new.peer]
    assert refusal(shop.world, shop.ana, shop.lumen) == "not-live"
    shop.draft()
    [waiting] = [row for row in shop.ana.read(lambda unit: unit.outbox.open()) if row.topic == "order"]
    assert refusal(shop.world, shop.ana, shop.lumen, waiting.body, "order") == "not-paired"
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    assert "takes this device for retired" in " ".join(item.title for item in shop.ana.read(today.show).items)


def test_a_root_log_that_changed_is_announced_by_itself(shop):
    shop.world.tick()
    shop.world.deliver()
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.world.tick()
    shop.world.deliver()
    assert shop.lumen.read(lambda unit: unit.peers.get(shop.ana.peer)).state.generation == 1
    before = len(shop.world.carried)
    shop.world.tick()
    shop.world.deliver()
    assert not [topic for _, _, topic, _, _ in shop.world.carried[before:] if topic == "hello"]


def test_the_same_hello_waits_once(shop):
    shop.lumen.online = False
    for _ in range(3):
        shop.ana.write(greeting.greet_all)
    assert len(shop.ana.read(lambda unit: unit.outbox.open())) == 1
    shop.ana.write(lambda unit: unit.settings.set(greeting.ADDRESSES, ["/ip4/127.0.0.1/tcp/4009"]))
    shop.ana.write(greeting.greet_all)
    assert len(shop.ana.read(lambda unit: unit.outbox.open())) == 2


# --- refused


def test_an_older_root_log_is_refused_without_a_signature_checked(shop, monkeypatch):
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    shown = shop.ana.read(lambda unit: unit.peers.presentation())
    old = hello_of(shop.ana, presentation=replace(shown, entries=shown.entries[:1]))
    checked = []
    monkeypatch.setattr("protocol.identity.verify", lambda *given: checked.append(given))
    assert refusal(shop.world, shop.ana, shop.lumen, old) == "rollback"
    assert checked == []


def test_only_new_entries_are_verified(shop, monkeypatch):
    for number in range(1, 6):
        sign_root(shop.ana, GenerationStarted(number, bytes(32)))
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    sign_root(shop.ana, GenerationStarted(6, bytes(32)))
    known = shop.lumen.read(lambda unit: unit.peers.get(shop.ana.peer))
    shown = shop.ana.read(lambda unit: unit.peers.presentation())
    checked, verify = [], identity.verify
    monkeypatch.setattr(identity, "verify", lambda *given: checked.append(given) or verify(*given))
    assert greeting.follow(known, shop.ana.peer, shown).generation == 6
    assert len(checked) == 1


def test_a_forked_root_log_is_refused_and_both_entries_are_kept(shop):
    path = copied(shop.ana, "ana2")
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    new = restored(shop.world, shop.ana, path)
    for _ in range(2):
        reply = unpack_held(shop.world.put(new.peer, shop.lumen, "hello", hello_of(new)))
        assert reply.record.presentation == shop.ana.read(lambda unit: unit.peers.presentation())
    [kept] = shop.lumen.read(evidence.list_evidence)
    assert (kept.name, kept.seq, kept.identity) == ("ana", 2, shop.ana.identity.hex())
    raws = {shop.ana.read(lambda unit: unit.peers.presentation()).entries[1], new.read(lambda unit: unit.peers.presentation()).entries[1]}
    assert {bytes.fromhex(kept.first), bytes.fromhex(kept.second)} == raws
    assert "two histories" in " ".join(item.title for item in shop.lumen.read(today.show).items)
    assert route(shop.lumen, shop.ana) == shop.ana.peer
    new.write(greeting.greet_all)
    shop.world.deliver()
    assert "does not" in " ".join(item.title for item in new.read(today.show).items)


def test_a_second_restore_of_one_backup_joins_with_the_words(shop):
    """The first one was heard of by the merchant: the second one's entry stands where the first one's does."""
    first, second = copied(shop.ana, "ana2"), copied(shop.ana, "ana3")
    one = restored(shop.world, shop.ana, first)
    one.write(greeting.greet_all)
    shop.world.deliver()
    shop.clock.tick(1000)
    two = restored(shop.world, shop.ana, second)
    two.write(greeting.tick)
    two.write(greeting.greet_all)
    shop.world.deliver()
    assert route(shop.lumen, shop.ana) == one.peer
    [item] = [item for item in two.read(today.show).items if item.kind == "device"]
    assert item.href == "/restored/rejoin"
    with pytest.raises(UserError) as caught:
        two.write(rejoining.rejoin, root=shop.ben.root)
    assert caught.value.code == "not-the-root"
    found = two.write(rejoining.rejoin, root=shop.ana.root)
    assert [(row.here, row.state) for row in found.devices] == [(True, "live"), (False, "live"), (False, "live")]
    two.write(greeting.tick)
    shop.world.deliver()
    assert route(shop.lumen, shop.ana) == two.peer
    assert [item for item in two.read(today.show).items if item.kind == "device"] == []
    with pytest.raises(ConflictError) as caught:
        two.write(rejoining.rejoin, root=shop.ana.root)
    assert caught.value.code == "nothing-to-join"


def test_keys_renewed_since_the_backup_are_not_joined(shop):
    path = copied(shop.ana, "ana2")
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    new = restored(shop.world, shop.ana, path)
    new.write(greeting.greet_all)
    shop.world.deliver()
    with pytest.raises(ConflictError) as caught:
        new.write(rejoining.rejoin, root=shop.ana.root)
    assert caught.value.code == "newer-generation"


def test_a_peer_gives_no_root_log_to_who_forged_one(shop):
    shown = shop.ana.read(lambda unit: unit.peers.presentation())
    keys = new_device(shop.ana)
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.ana.write(greeting.greet_all)
    shop.world.deliver()
    forged = sign_entry_by(shop.ana.keys.device, shown, certified(shop.ana, keys, "eve"))
    body = hello_of(shop.ana, presentation=Presentation(shown.inception, (*shown.entries, forged)))
    with pytest.raises(ProtocolError) as caught:
        shop.world.put(peer_id_of(keys.device.public), shop.lumen, "hello", body)
    assert caught.value.code == "not-root"
    assert shop.lumen.read(evidence.list_evidence) == []


def test_evidence_of_one_identity_is_bounded(shop):
    for number in range(40):
        row = Evidence(number.to_bytes(32, "big"), bytes(32), bytes(32), 1, b"1", b"2", number)
        shop.lumen.write(lambda unit, row=row: unit.evidence.keep(row))
    assert len(shop.lumen.read(lambda unit: unit.evidence.all(100))) == 16


def test_entries_by_anybody_but_the_root_are_refused(shop):
    shown = shop.ana.read(lambda unit: unit.peers.presentation())
    keys = new_device(shop.ana)
    forged = sign_entry_by(shop.ana.keys.device, shown, certified(shop.ana, keys, "eve"))
    body = hello_of(shop.ana, presentation=Presentation(shown.inception, (*shown.entries, forged)))
    assert refusal(shop.world, shop.ana, shop.lumen, body) == "not-root"
    assert shop.lumen.read(evidence.list_evidence) == []


def sign_entry_by(signer, shown, entry):
    state = replay(shown.inception, shown.entries)
    return state.chain.sign(signer, TYPES[type(entry)], entry, created=1)[1].raw


def test_a_device_that_only_a_log_lists_stands_for_nobody(shop):
    """Ben's root certifies Ana's key: whoever speaks with that key is Ana still."""
    sign_root(shop.ben, certified(shop.ben, shop.ana.keys, "mine"))
    shop.ben.write(greeting.greet_all)
    shop.world.deliver()
    assert shop.lumen.read(lambda unit: unit.peers.get(shop.ana.peer)).identity == shop.ana.identity
    assert route(shop.lumen, shop.ben) == shop.ben.peer


def test_another_identity_on_a_known_channel_is_refused(shop):
    body = hello_of(shop.ben)
    assert refusal(shop.world, shop.ana, shop.lumen, body) == "wrong-identity"


def test_a_stranger_learns_nothing(tmp_path):
    world = World(tmp_path)
    lumen, eve = world.node("lumen", "merchant"), world.node("eve")
    assert refusal(world, eve, lumen) == "not-paired"
    with pytest.raises(ProtocolError):
        lumen.write(exchange.handle, EXCHANGE, eve.peer, "hello", pack(Hello(1, Presentation(b"", ()), "", 0, ())))
    world.close()
