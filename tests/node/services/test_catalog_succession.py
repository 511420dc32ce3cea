"""A brand's or a merchant's root key goes over to the one it committed to: its catalogs are followed on, and nobody else's succession is."""

import os
from dataclasses import replace

import pytest

from node.model.identity import Step
from node.services import browse, catalog, devices, evidence, greeting, plans
from node.services import catalog_following as following
from node.vault import seals, sheets, vault, words
from node.vault.keys import Ed25519Signer
from protocol.envelope import sign
from protocol.errors import ProtocolError, Unauthorized
from protocol.feed import Feed
from protocol.identity import TYPES, DeviceAdded, DeviceCertificate, RootRotated, replay, root_commitment, sign_entry
from protocol.log import Checkpoint, sign_checkpoint

from .restoring import copied, restored, revoke
from .shop import file
from .test_brand_offers import BOUNDS
from .test_brand_relays import Chain, shown, took
from .world import World

FIRST = words.to_words(bytes(range(32)))
SECOND = words.to_words(bytes(range(100, 116)))
THIRD = words.to_words(bytes(range(200, 216)))


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A brand and a merchant whose words are known, the merchant's seller."""
    prepare, node = vault.prepare, World.node

    def with_known_words(world, name, *rest, **named):
        with monkeypatch.context() as patch:
            if name == "solis":
                patch.setattr(vault, "prepare", lambda: prepare(FIRST, SECOND))
            if name == "lumen":
                patch.setattr(vault, "prepare", lambda: prepare(words.to_words(bytes(range(1, 33))), SECOND))
            return node(world, name, *rest, **named)

    monkeypatch.setattr(World, "node", with_known_words)
    made = Chain(tmp_path)
    yield made
    made.world.close()


def rotate(chain, node):
    """What the app does with the rotation sheet."""
    sheet = sheets.read(SECOND)
    node.write(greeting.tick)
    found, seed = node.read(devices.standing), os.urandom(32)
    sealed = seals.seal_seed(seed, [node.keys.agreement, sheet.recovery])
    entries = devices.rotation(found, sheet.root, sheets.next_root(THIRD), seals.hash_of(sealed))
    moved = node.read(devices.payees_of, found=found, root=sheet.root)
    node.keys._secrets.generations.append(bytearray(seed))
    node.write(devices.enter, Step(1, seed, os.urandom(32), found.payout_index, sheet.recovery, entries, sealed, moved))
    node.write(greeting.tick)
    node.root = sheet.root
    chain.deliver()


def feed_at(node, owner):
    [row] = [row for row in node.read(lambda unit: unit.catalog.feeds(own=False)) if row.identity == owner.identity]
    return row


def state_of(node, owner):
    def read(unit):
        known = unit.peers.by_identity(owner.identity) or unit.brands.get(owner.identity)
        return known.state

    return node.read(read)


def whole(node, owner):
    """Whether a follower has what the owner signed, and says that it is right."""
    mine, theirs = feed_at(node, owner), owner.read(lambda unit: unit.catalog.feeds(own=True)[0])
    [view] = [view for view in node.read(browse.list_feeds) if view.feed == mine.feed.hex()]
    return (mine.feed, mine.checkpoint, view.verified, view.error) == (theirs.feed, theirs.checkpoint, True, "")


def test_a_brand_that_rotates_is_followed_on_by_merchants_and_their_sellers(chain):
    feed, before = feed_at(chain.ana, chain.solis).feed, feed_at(chain.ana, chain.solis)
    rotate(chain, chain.solis)
    chain.grow(cream=5_200, balm=900)
    chain.deliver()
    chain.ana.write(following.sync)
    chain.deliver()
    for node in (chain.lumen, chain.ana):
        assert state_of(node, chain.solis).root_public == sheets.read(SECOND).root.public
        assert whole(node, chain.solis)
        assert feed_at(node, chain.solis).feed == feed  # the device, which writes it, is the same
        kept = node.read(lambda unit: unit.brands.head_at(feed, before.size))
        assert kept == before.checkpoint  # what was accepted before goes on to count


def test_a_merchant_that_rotates_is_followed_on_and_old_words_sign_nothing(chain):
    chain.lumen.write(catalog.import_products, file=file(cream=5_200), currency="USD")
    chain.deliver()
    rotate(chain, chain.lumen)
    chain.lumen.write(catalog.import_products, file=file(cream=5_300), currency="USD")
    chain.deliver()
    assert whole(chain.ana, chain.lumen)
    assert state_of(chain.ana, chain.lumen).root_public == chain.lumen.root.public
    thief = Ed25519Signer(b"thief's device key".ljust(32))
    row = feed_at(chain.ana, chain.lumen)
    forged = sign_checkpoint(thief, Checkpoint(row.feed, row.size + 1, bytes(32), bytes(32), chain.world.clock.now))
    with pytest.raises(Unauthorized) as caught:
        chain.ana.read(following.check_head, row.feed, forged.raw, ())
    assert caught.value.code == "not-live"


def test_the_new_root_brings_in_another_device_whose_feed_goes_on(chain):
    """The earlier feed is shown until the later one is whole; what the lost device signs then is refused."""
    old = feed_at(chain.ana, chain.solis)
    rotate(chain, chain.solis)
    lost = chain.solis.keys.device
    new = restored(chain.world, chain.solis, copied(chain.solis, "solis2"))
    revoke(chain.solis, lost.public, on=new)
    chain.solis.online = False
    new.write(greeting.greet_all)
    chain.deliver()
    chain.solis = new
    chain.grow(cream=5_200, balm=950)
    chain.deliver()
    for node in (chain.lumen, chain.ana):
        node.write(following.sync)
    chain.deliver()
    for node in (chain.lumen, chain.ana):
        assert whole(node, new)
        assert feed_at(node, new).feed != old.feed
        assert state_of(node, new).revoked == (lost.public,)
    late = sign_checkpoint(lost, Checkpoint(old.feed, old.size + 1, bytes(32), bytes(32), chain.world.clock.now))
    with pytest.raises(Unauthorized) as caught:
        chain.ana.read(following.check_head, old.feed, late.raw, ())
    assert caught.value.code == "not-live"
    assert {record.bounds.name for record in chain.ana.read(lambda unit: unit.brands.plans())} == {"standard"}


def test_bounds_and_plans_of_a_lost_device_are_signed_anew_for_those_who_come_later(chain):
    for name in ("solis", "lumen"):
        node = getattr(chain, name)
        lost = node.keys.device.public
        new = restored(chain.world, node, copied(node, f"{name}2"))
        revoke(node, lost, on=new)
        node.online = False
        new.write(greeting.greet_all)
        setattr(chain, name, new)
        chain.deliver()
    ben = chain.world.node("ben")
    chain.world.pair(chain.lumen, ben)
    ben.write(following.sync)
    chain.deliver()
    [record, *_] = ben.read(lambda unit: unit.brands.plans())
    assert record.bounds.direct_most == BOUNDS["direct_most"]
    [plan] = ben.read(plans.list_plans)
    assert plan.merchant == chain.lumen.identity.hex()
    assert whole(ben, chain.solis)


def test_a_forged_succession_shown_by_a_relay_is_refused(chain):
    """By the old words after the rotation, by made-up keys before it; the control is the true succession, which is taken."""
    before = shown(chain)
    made_up, old = Ed25519Signer(b"a key of the thief".ljust(32)), sheets.read(FIRST).root
    device = DeviceAdded(DeviceCertificate(chain.solis.identity, made_up.public, bytes(32), "mine", chain.world.clock.now))
    state = replay(before.presentation.inception, before.presentation.entries)
    for signer, entry in ((made_up, RootRotated(made_up.public, root_commitment(old.public))), (made_up, device)):
        raw = sign(signer, TYPES[type(entry)], entry, created=1, log=state.chain.log, seq=state.seq + 1, prev=state.head).raw
        assert refusal(chain, before, raw) == "not-root"
    stale = sign_entry(state, old, device, created=1).raw
    rotate(chain, chain.solis)
    chain.ana.write(following.sync)
    chain.deliver()
    now = shown(chain)
    took(chain, now)
    assert refusal(chain, before, stale) in ("rollback", "")  # shorter than what is known: it changes nothing
    assert refusal(chain, before, stale, *now.presentation.entries[-2:]) != ""
    state = replay(now.presentation.inception, now.presentation.entries)
    raw = sign(old, TYPES[DeviceAdded], device, created=1, log=state.chain.log, seq=state.seq + 1, prev=state.head).raw
    assert refusal(chain, now, raw) == "not-root"
    known = state_of(chain.ana, chain.solis)
    assert (known.root_public, known.seq) == (sheets.read(SECOND).root.public, state.seq)
    with pytest.raises(Unauthorized):
        known.require_live(made_up.public)


def test_a_fork_by_the_old_words_is_kept_as_proof_and_the_feed_of_its_device_is_not_followed(chain):
    before = shown(chain)
    thief, old = Ed25519Signer(b"thief's device key".ljust(32)), sheets.read(FIRST).root
    state = replay(before.presentation.inception, before.presentation.entries)
    device = DeviceAdded(DeviceCertificate(chain.solis.identity, thief.public, bytes(32), "mine", chain.world.clock.now))
    raws = [sign_entry(state, old, device, created=1).raw]
    rotate(chain, chain.solis)
    chain.ana.write(following.sync)
    chain.deliver()
    known = state_of(chain.ana, chain.solis)
    for number in range(3):
        forked = replay(before.presentation.inception, (*before.presentation.entries, *raws))
        other = Ed25519Signer(bytes([number + 1]) * 32)
        added = DeviceAdded(DeviceCertificate(chain.solis.identity, other.public, bytes(32), "more", chain.world.clock.now))
        raws.append(sign_entry(forked, old, added, created=1).raw)
    feed = Feed(chain.solis.identity, "main", "USD", state.seq + 1)
    lie = replace(before, feed=feed, presentation=replace(before.presentation, entries=(*before.presentation.entries, *raws)))
    with pytest.raises(evidence.Contradiction) as caught:
        took(chain, lie)
    chain.ana.write(evidence.keep, caught.value)
    [row] = chain.ana.read(evidence.list_evidence)
    assert row.name == "solis"
    assert chain.ana.read(lambda unit: unit.catalog.feed(feed.id)) is None
    assert state_of(chain.ana, chain.solis) == known


def refusal(chain, item, *raws):
    """Why a relay's word is not taken; empty where it is."""
    try:
        took(chain, replace(item, presentation=replace(item.presentation, entries=(*item.presentation.entries, *raws))))
    except ProtocolError as error:
        return error.code
    return ""
