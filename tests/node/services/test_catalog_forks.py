"""Whatever two heads of one size a writer signed, and wherever the second came from: both are kept as proof, and whose they are is said."""

from dataclasses import replace

import pytest

from node.model.anchor import HeardRow
from node.model.catalog import FeedRow
from node.services import catalog, catalog_following, catalog_packs, catalog_serving, evidence, feed_trouble, team, today
from node.services.catalog_following import check_head, due
from protocol.anchor import Heads
from protocol.envelope import verify
from protocol.errors import Conflict, ProtocolError
from protocol.feed import CatalogChanged, Hop
from protocol.identity import GenerationStarted, replay, sign_entry
from protocol.kinds import Topic
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.messages import pack
from protocol.packs import MANIFEST, Manifest, sign_manifest

from .shop import file
from .test_brand_relays import Chain, shown, took


@pytest.fixture
def shop(sponsored):
    return sponsored


@pytest.fixture
def chain(tmp_path):
    made = Chain(tmp_path)
    yield made
    made.world.close()


def row_of(node):
    [row] = node.read(lambda unit: unit.catalog.feeds())
    return row


def grow(shop, price):
    shop.lumen.write(catalog.import_products, file=file(cream=price), currency="USD")
    shop.world.deliver()


def other(node, raw, **changes):
    """Another head by the same writer."""
    return sign_checkpoint(node.keys.device, replace(verify_checkpoint(raw), **{"root": b"\x09" * 32, **changes})).raw


def told(shop, record, receiver=None, sender=None):
    return shop.world.put((sender or shop.lumen).peer, receiver or shop.ana, Topic.CATALOG.value, pack(record))


def proofs(node, *, of="lumen", by=None):
    """The proofs a node holds; anybody checks them."""
    found = node.read(evidence.list_evidence)
    for row in found:
        assert row.name == of
        checked = (by or node).read(evidence.check_evidence, first=row.first, second=row.second)
        assert checked.log == row.log
    return found


def test_an_earlier_size_with_another_past_is_proof_and_the_true_one_a_rollback(shop):
    before = row_of(shop.ana)
    grow(shop, 5_300)
    with pytest.raises(Conflict) as refused:
        shop.ana.read(check_head, before.feed, before.checkpoint, ())
    assert (refused.value.code, proofs(shop.ana)) == ("rollback", [])
    with pytest.raises(evidence.Contradiction):
        shop.ana.read(check_head, before.feed, other(shop.lumen, before.checkpoint), ())


@pytest.mark.parametrize("change", [{}, {"time": 1}, {"state_hash": b"\x08" * 32}])
def test_a_hint_that_contradicts_what_is_here_is_kept(shop, change):
    """Control: the head that is here, and one by another hand, prove nothing."""
    head = row_of(shop.ana)
    told(shop, CatalogChanged(head.feed, head.checkpoint))
    with pytest.raises(ProtocolError) as refused:
        told(shop, CatalogChanged(head.feed, other(shop.ben, head.checkpoint)))
    assert refused.value.code == "not-live"
    assert proofs(shop.ana) == []
    with pytest.raises(Conflict) as refused:
        told(shop, CatalogChanged(head.feed, other(shop.lumen, head.checkpoint, **change)))
    assert refused.value.code == "equivocation"
    assert len(proofs(shop.ana, by=shop.ben)) == 1


def test_a_hint_of_somebody_who_neither_writes_nor_relays_the_feed_is_left_out(shop):
    """Control: the same from its writer is news."""
    shop.ana.online = False
    grow(shop, 5_300)
    head = row_of(shop.lumen)
    hint = CatalogChanged(head.feed, head.checkpoint)
    told(shop, hint, sender=shop.ben)
    told(shop, CatalogChanged(head.feed, other(shop.ben, head.checkpoint)), sender=shop.ben)
    assert (shop.ana.read(due), row_of(shop.ana).error) == ([], "")
    told(shop, hint, sender=shop.lumen)
    assert [errand.feeds for errand in shop.ana.read(due)] == [(head.feed,)]


def test_a_manifest_over_another_head_is_kept(shop, monkeypatch):
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    shop.lumen.make_packs()
    head = row_of(shop.ana)
    true = verify(shop.lumen.files.manifest(head.feed), MANIFEST)
    forked = other(shop.lumen, head.checkpoint)
    lie = sign_manifest(shop.lumen.keys.device, replace(true.read(Manifest), checkpoint=forked), time=shop.clock.now)
    shop.ana.read(catalog_following.check_manifest, head.feed, true)
    shop.lumen.files.publish(head.feed, lie.raw, frozenset())
    shop.ana.store.catalog.write_now(lambda writing: writing.forget(head.feed))
    shop.world.deliver()
    assert row_of(shop.ana).error == "equivocation"
    assert len(proofs(shop.ana)) == 1


def test_heads_heard_of_one_size_contradict_each_other_before_we_have_any_of_it(shop):
    head = verify_checkpoint(row_of(shop.ana).checkpoint)
    ahead = [other(shop.lumen, row_of(shop.ana).checkpoint, size=head.size + 5, root=bytes([number]) * 32) for number in (1, 2)]
    told(shop, Heads((ahead[0],)), sender=shop.ben)
    told(shop, Heads((ahead[0],)), sender=shop.ben)
    with pytest.raises(Conflict):
        told(shop, Heads((ahead[1],)), sender=shop.ben)
    assert len(proofs(shop.ana)) == 1


def test_a_head_heard_earlier_stops_one_that_contradicts_it_later(shop):
    head = row_of(shop.ana)
    shop.ana.online = False
    grow(shop, 5_300)
    after = row_of(shop.lumen)
    told(shop, Heads((other(shop.lumen, after.checkpoint),)), sender=shop.ben)
    shop.ana.online = True
    shop.ana.write(catalog_following.sync)
    shop.world.deliver()
    found = row_of(shop.ana)
    assert (found.size, found.error) == (head.size, "equivocation")
    assert len(proofs(shop.ana)) == 1
    titles = [item.title for item in shop.ana.read(today.show).items if item.kind == "evidence"]
    assert titles == ["lumen showed two histories of one thing"]
    shop.world.tick()
    assert len(proofs(shop.ana)) == 1


def test_what_was_heard_and_then_accepted_otherwise_is_proof_at_the_next_look(shop):
    after = row_of(shop.ana)
    forked = other(shop.lumen, after.checkpoint)
    heard = verify_checkpoint(forked)
    shop.ana.write(lambda unit: unit.heads.keep_heard(HeardRow(after.feed, heard.size, heard.root, forked, unit.now), 64))
    shop.world.tick()
    assert len(proofs(shop.ana)) == 1
    assert shop.ana.read(lambda unit: unit.heads.heard()) == []


# --- relayed


def test_a_head_between_that_a_relay_forked_is_proof_against_the_brand(chain, monkeypatch):
    before = chain.feed(chain.ana)
    chain.ana.online = False
    for number in range(3):
        chain.grow(cream=5200, **{f"balm{number}": 900})
        chain.deliver()
    forked = Hop(other(chain.solis, before.checkpoint), ())
    honest = catalog_serving.brand_relays.way

    def lying(*args):
        proof, hops = honest(*args)
        return proof, (forked, *(hops or ()))

    monkeypatch.setattr(catalog_serving.brand_relays, "way", lying)
    chain.ana.online = True
    chain.deliver()
    assert (chain.feed(chain.ana).error, chain.feed(chain.ana).size) == ("equivocation", before.size)
    assert len(proofs(chain.ana, of="solis", by=chain.lumen)) == 1


def test_a_root_log_that_a_brand_rewrote_is_proof_by_its_root_key(chain):
    item = shown(chain)
    state = replay(item.presentation.inception, item.presentation.entries)
    longer = [sign_entry(state, chain.solis.root, GenerationStarted(1, bytes([number]) * 32), created=1).raw for number in (1, 2)]
    for raw in longer[:1]:
        took(chain, replace(item, presentation=replace(item.presentation, entries=(*item.presentation.entries, raw))))
    forked = replace(item, presentation=replace(item.presentation, entries=(*item.presentation.entries, longer[1])))
    with pytest.raises(evidence.Contradiction) as refused:
        took(chain, forked)
    chain.ana.write(evidence.keep, refused.value)
    [row] = proofs(chain.ana, of="solis")
    assert row.type == "identity.generation-started"
    foreign = sign_entry(replay(item.presentation.inception, ()), chain.solis.root, GenerationStarted(1, bytes(32)), created=1).raw
    with pytest.raises(ProtocolError) as refused:  # control: what no key signed is no proof of anything
        took(chain, replace(item, presentation=replace(item.presentation, entries=(foreign[:-1] + b"\0", *longer))))
    assert not isinstance(refused.value, evidence.Contradiction)


def test_a_forked_root_log_in_an_answer_is_kept_by_whoever_asked(chain, monkeypatch):
    item = shown(chain)
    state = replay(item.presentation.inception, item.presentation.entries)
    one, two = (sign_entry(state, chain.solis.root, GenerationStarted(1, bytes([number]) * 32), created=1).raw for number in (1, 2))
    for raw in (one, two):
        forged = replace(item, presentation=replace(item.presentation, entries=(*item.presentation.entries, raw)))
        monkeypatch.setattr(catalog_serving.brand_relays, "relayed", lambda _unit, forged=forged: (forged,))
        chain.ana.write(catalog_following.sync)
        chain.world.deliver()
    assert len(proofs(chain.ana, of="solis")) == 1


def test_sellers_of_one_shop_compare_its_brands_heads_too(chain):
    ben = chain.world.node("ben")
    chain.world.pair(chain.lumen, ben)
    ben.write(catalog_following.sync)
    chain.deliver()
    ben.write(team.join, merchant=chain.lumen.identity)
    chain.deliver()
    for member in chain.lumen.read(team.list_members):
        if member.status != "accepted":
            chain.lumen.write(team.accept_member, member=bytes.fromhex(member.member))
    chain.deliver()
    chain.world.pair(chain.ana, ben)
    chain.ana.write(team.ask_sponsor, merchant=chain.lumen.identity, peer=ben.peer)
    chain.deliver()
    [edge] = ben.read(team.list_edges)
    ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
    chain.deliver()
    chain.world.tick(3_600_000)
    chain.deliver()
    told = [body for _, to, _, body, _ in chain.world.carried if b"catalog.heads" in body and to == ben.peer]
    assert any(chain.feed(chain.ana).checkpoint in body for body in told)


# --- in words


def test_each_finding_is_said_in_words_and_an_unknown_one_by_its_code():
    held = FeedRow(bytes(32), bytes(32), "catalog", "USD", own=False, size=5)
    for code in ("rollback", "equivocation", "expired", "state-mismatch", "bad-proof", "wrong-pack"):
        text = feed_trouble.words(replace(held, error=code))
        assert code not in text
        assert text.endswith(".")
        assert "You go on seeing what you had" in text
        assert "Nothing of it counts yet" in feed_trouble.words(replace(held, error=code, size=0)), "there is nothing to go on with"
    assert "(odd-code)" in feed_trouble.words(replace(held, error="odd-code"))
    assert feed_trouble.words(held) == ""
