"""A thief who holds the 24 words: what they do before the rotation sheet took over, and what nobody believes after it."""

import os
from dataclasses import replace

import pytest
from nacl.bindings import crypto_scalarmult_base

from node.errors import IntegrityError
from node.model.identity import Step
from node.services import devices, greeting, team
from node.vault import derive, seals, sheets, vault, words
from node.vault.keys import Ed25519Signer
from protocol.codec import from_bytes
from protocol.envelope import sign
from protocol.errors import Conflict, ProtocolError, Unauthorized
from protocol.identity import (
    TYPES,
    DeviceAdded,
    DeviceCertificate,
    DeviceRevoked,
    GenerationStarted,
    Inception,
    Presentation,
    RootRotated,
    append,
    replay,
    root_commitment,
    sign_entry,
)
from protocol.kinds import Topic
from protocol.messages import Hello, pack, unpack
from protocol.peer_id import peer_id_of
from protocol.recovery import RootKnown
from protocol.team import PAYEE, PayeeChanged

from .shop import Shop
from .world import World

FIRST = words.to_words(bytes(range(32)))
SECOND = words.to_words(bytes(range(100, 116)))
THIRD = words.to_words(bytes(range(200, 216)))


@pytest.fixture
def shop(tmp_path, monkeypatch):
    prepare, node = vault.prepare, World.node

    def with_known_words(world, name, *rest, **named):
        with monkeypatch.context() as patch:
            if name == "ana":
                patch.setattr(vault, "prepare", lambda: prepare(FIRST, SECOND))
            return node(world, name, *rest, **named)

    monkeypatch.setattr(World, "node", with_known_words)
    made = Shop(tmp_path)
    yield made
    made.world.close()


@pytest.fixture
def thief():
    """A device of the thief's own, and the root key behind the stolen words."""
    return Ed25519Signer(b"thief's device key".ljust(32)), sheets.read(FIRST).root


def state_of(node):
    shown = node.read(lambda unit: unit.peers.presentation())
    return shown, replay(shown.inception, shown.entries)


def certificate(node, device):
    return DeviceCertificate(node.identity, device.public, bytes(32), "A second phone", node.clock.now)


def say_hello(shop, device, shown):
    body = pack(Hello(1, shown, "ana", shop.clock.now, ()))
    return shop.world.put(peer_id_of(device.public), shop.lumen, "hello", body)


def refused(shop, device, shown):
    """Why the peer does not take the device for one of Ana's; a fork is answered with the log the peer knows, and kept as evidence."""
    try:
        reply = unpack(Topic.HELLO, say_hello(shop, device, shown)).record
    except ProtocolError as error:
        return error.code
    assert isinstance(reply, RootKnown), "believed"
    assert reply.presentation == state_of(shop.ana)[0]
    return "equivocation"


def rotate(shop):
    """What the app does with the rotation sheet, on Ana's store."""
    ana, sheet = shop.ana, sheets.read(SECOND)
    ana.write(greeting.tick)
    found, seed = ana.read(devices.standing), os.urandom(32)
    sealed = seals.seal_seed(seed, [ana.keys.agreement, sheet.recovery])
    entries = devices.rotation(found, sheet.root, sheets.next_root(THIRD), seals.hash_of(sealed))
    moved = ana.read(devices.payees_of, found=found, root=sheet.root)
    ana.keys._secrets.generations.append(bytearray(seed))
    ana.write(devices.enter, Step(1, seed, os.urandom(32), found.payout_index, sheet.recovery, entries, sealed, moved))
    ana.write(devices.enter, Step(1, seed, os.urandom(32), found.payout_index, sheet.recovery, entries, sealed, moved))  # again: nothing
    ana.write(greeting.tick)
    shop.world.deliver()
    return seed, sealed


def test_control_before_the_rotation_the_words_bring_in_a_device(shop, thief):
    device, root = thief
    shown, state = state_of(shop.ana)
    entry = sign_entry(state, root, DeviceAdded(certificate(shop.ana, device)), created=shop.clock.now)
    say_hello(shop, device, replace(shown, entries=(*shown.entries, entry.raw)))
    assert peer_id_of(device.public) in shop.lumen.read(lambda unit: unit.peers.devices(shop.ana.identity))


def test_after_it_his_log_his_device_and_his_rotation_are_refused_by_who_knows_the_rotated_log(shop, thief):
    device, root = thief
    before, stale = state_of(shop.ana)
    rotate(shop)
    assert shop.lumen.read(lambda unit: unit.peers.by_identity(shop.ana.identity)).state.root_public == sheets.read(SECOND).root.public
    now, state = state_of(shop.ana)
    made_up = Ed25519Signer(b"a key of the thief".ljust(32))
    added = DeviceAdded(certificate(shop.ana, device))

    forked = (*before.entries, sign_entry(stale, root, added, created=shop.clock.now).raw)
    assert refused(shop, device, replace(before, entries=forked)) in ("rollback", "equivocation")
    with pytest.raises(Conflict):
        replay(before.inception, forked).require_extends(state.seq, state.head)

    longer = forked  # longer than the honest log: it still does not go on from it
    fork = replay(before.inception, forked)
    for number in range(1, 5):
        longer = (*longer, sign_entry(fork, root, GenerationStarted(number, bytes(32)), created=shop.clock.now).raw)
        fork = append(fork, longer[-1])
    assert fork.seq > state.seq
    assert refused(shop, device, replace(before, entries=longer)) == "equivocation"
    with pytest.raises(Conflict):
        fork.require_extends(state.seq, state.head)

    rotated_to_his = RootRotated(made_up.public, root_commitment(root.public))
    for signer, entry in (
        (root, added),
        (root, DeviceRevoked(shop.ana.keys.device.public)),
        (root, rotated_to_his),
        (made_up, rotated_to_his),
        (root, RootRotated(root.public, root_commitment(made_up.public))),
    ):
        with pytest.raises(Unauthorized) as caught:
            sign_entry(state, signer, entry, created=shop.clock.now)
        assert caught.value.code == "not-root"
        raw = sign(signer, TYPES[type(entry)], entry, created=shop.clock.now, log=state.chain.log, seq=state.seq + 1, prev=state.head).raw
        assert refused(shop, device, replace(now, entries=(*now.entries, raw))) in ("not-root", "not-live")
    assert peer_id_of(device.public) not in shop.lumen.read(lambda unit: unit.peers.devices(shop.ana.identity))
    assert shop.lumen.read(lambda unit: unit.peers.by_identity(shop.ana.identity)).presentation == now
    shop.completed()  # Ana goes on


def test_nor_can_he_move_where_her_commissions_go(shop):
    rotate(shop)
    [row] = shop.ana.read(lambda unit: unit.team.memberships())
    record = PayeeChanged(shop.lumen.identity, row.member, 1, b"\x66" * 20)
    body = pack(sign(sheets.read(FIRST).root, PAYEE, record, created=shop.clock.now))
    with pytest.raises(ProtocolError) as caught:
        shop.world.put(shop.ana.peer, shop.lumen, "team", body)
    assert caught.value.code == "not-root"
    assert row.payout == shop.lumen.read(lambda unit: unit.team.member(row.member)).payout  # told under the new root
    assert row.payout_index > team.FIRST_PAYOUT


def test_the_recovery_key_of_new_generations_and_backups_is_not_his(shop):
    seed, sealed = rotate(shop)
    his = derive.recovery_seed(words.from_words(FIRST, words.RECOVERY_BYTES))
    with pytest.raises(IntegrityError):
        seals.open_seed(his, sealed)
    hers = derive.recovery_seed(words.from_words(SECOND, words.ROTATION_BYTES))
    assert seals.open_seed(hers, sealed) == seed
    assert sheets.read(SECOND).recovery == crypto_scalarmult_base(hers) != crypto_scalarmult_base(his)
    shown, state = state_of(shop.ana)
    assert isinstance(shown, Presentation)
    assert from_bytes(Inception, shown.inception).recovery_x25519 == crypto_scalarmult_base(his)  # of before: it is used no more
    assert state.generation == 1
