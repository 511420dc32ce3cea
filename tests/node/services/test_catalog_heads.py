"""Heads among followers: what fits is let go, what contradicts is kept as proof, what is held back is told."""

from dataclasses import replace

import pytest

from node.services import catalog, catalog_choice, catalog_following, catalog_heads, evidence, today
from protocol.anchor import Heads
from protocol.envelope import sign
from protocol.errors import Conflict, ProtocolError, Unauthorized, Untimely
from protocol.kinds import Topic
from protocol.log import SECTIONS, Checkpoint, sign_checkpoint, verify_checkpoint
from protocol.messages import pack, unpack
from protocol.sections import Division, Sections, SectionsHead, open_head

from .shop import file

HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def shop(sponsored):
    return sponsored


def row_of(node):
    [row] = node.read(lambda unit: unit.catalog.feeds())
    return row


def grow(shop, price):
    shop.lumen.write(catalog.import_products, file=file(cream=price), currency="USD")
    shop.world.deliver()


def heard(node):
    return node.read(lambda unit: unit.heads.heard())


def forged(shop, **changes):
    """Another head that Lumen signed."""
    head = replace(verify_checkpoint(row_of(shop.ana).checkpoint), **changes)
    return sign_checkpoint(shop.lumen.keys.device, head).raw


def tell(shop, raw, sender=None, receiver=None):
    sender = sender or shop.ben
    return shop.world.put(sender.peer, receiver or shop.ana, Topic.CATALOG.value, pack(Heads((raw,))))


def test_those_with_an_edge_at_the_merchant_hear_and_what_fits_is_let_go(shop):
    shop.ana.online = False
    grow(shop, 5_300)
    shop.ana.online = True
    shop.world.tick(HOUR)
    assert row_of(shop.ana).size < row_of(shop.ben).size
    shop.world.deliver()
    told = [kind for kind in shop.world.carried if b"catalog.heads" in kind[3]]
    assert {(sender, receiver) for sender, receiver, *_ in told} == {(shop.ana.peer, shop.ben.peer), (shop.ben.peer, shop.ana.peer)}
    shop.world.tick(HOUR)
    shop.world.deliver()
    shop.world.tick(catalog_heads.ASK_AGAIN_MS)
    shop.world.deliver()
    assert heard(shop.ana) == heard(shop.ben) == []
    assert shop.ana.read(evidence.list_evidence) == []


@pytest.mark.parametrize("change", [{"root": b"\x09" * 32}, {"state_hash": b"\x09" * 32}])
def test_two_heads_of_one_size_are_kept_as_proof(shop, change):
    """Control: the head that Ana has is taken without a word."""
    tell(shop, row_of(shop.ana).checkpoint)
    with pytest.raises(Conflict) as refused:
        tell(shop, forged(shop, **change))
    assert refused.value.code == "equivocation"
    [found] = shop.ana.read(evidence.list_evidence)
    assert found.name == "lumen"
    assert shop.ben.read(evidence.check_evidence, first=found.first, second=found.second).heads


def divided_head(shop, **changes):
    """The head of its sections that Lumen signs for what Ana holds, or another."""
    row = row_of(shop.ana)
    made = Sections(Division.BRAND, shop.lumen.read(lambda unit: unit.catalog.section_leaves(row.feed, Division.BRAND)))
    signed = made.sign(shop.lumen.keys.device, row.feed, row.size, time=shop.world.clock.now)
    head = replace(signed.read(SectionsHead), **changes)
    return sign(shop.lumen.keys.device, SECTIONS, head, created=head.time, log=head.feed, seq=head.size).raw


@pytest.mark.parametrize("change", [{"root": b"\x09" * 32}, {"count": 9}])
def test_two_heads_of_sections_are_found_among_those_who_follow_a_part(shop, change):
    """Ana and Ben follow one brand each; Lumen signs another list of its brands for Ben. Control: the same one is taken without a word."""
    for node in (shop.ana, shop.ben):
        brand = shop.lumen.read(lambda unit: unit.catalog.section_leaves(row_of(shop.lumen).feed, Division.BRAND))[0].name
        node.write(catalog_choice.choose, feed=row_of(node).feed, division="brand", names=(brand,))
    shop.world.deliver()
    grow(shop, 5_300)
    assert open_head(row_of(shop.ana).sections)[1].root == open_head(divided_head(shop))[1].root
    shop.world.tick(HOUR)
    shop.world.deliver()
    told = [unpack(Topic.CATALOG, body).record for *_, body, _ in shop.world.carried if b"catalog.heads" in body]
    assert all(len(record.sections) == 1 for record in told[-2:])
    assert shop.ana.read(evidence.list_evidence) == []
    lie = divided_head(shop, **change)
    with pytest.raises(Conflict) as refused:
        shop.world.put(shop.ben.peer, shop.ana, Topic.CATALOG.value, pack(Heads((), (lie,))))
    assert refused.value.code == "equivocation"
    [found] = shop.ana.read(evidence.list_evidence)
    assert shop.ben.read(evidence.check_evidence, first=found.first, second=found.second).type == SECTIONS


@pytest.mark.parametrize(
    ("change", "code"), [("stranger", "not-live"), ("future", "future-dated"), ("envelope", "malformed"), ("flipped", "bad-signature")]
)
def test_a_head_of_sections_that_its_writer_did_not_sign_so_is_refused(shop, change, code):
    row = row_of(shop.ana)
    head = SectionsHead(row.feed, row.size, Division.BRAND, 1, bytes(32), shop.world.clock.now)
    by = (shop.ben if change == "stranger" else shop.lumen).keys.device
    created = head.time + (DAY if change == "future" else 0)
    raw = sign(by, SECTIONS, head, created=created, log=head.feed, seq=head.size + (change == "envelope")).raw
    if change == "flipped":
        raw = raw[:-1] + bytes([raw[-1] ^ 1])
    with pytest.raises(ProtocolError) as refused:
        shop.world.put(shop.ben.peer, shop.ana, Topic.CATALOG.value, pack(Heads((), (raw,))))
    assert refused.value.code == code
    assert shop.ana.read(evidence.list_evidence) == []


def test_nobody_hears_of_another_merchant(shop):
    """Ana follows a part of Nova's catalog, and a brand's that Nova relays: Ben, who knows her at Lumen only, hears of Lumen's alone."""
    nova, solis = shop.world.node("nova", "merchant"), shop.world.node("solis", "brand")
    for node in (nova, solis):
        node.write(catalog.import_products, file=file(balm=900), currency="USD")
    for one, other in ((solis, nova), (nova, shop.ana)):
        shop.world.pair(one, other)
        other.write(catalog_following.sync)
        shop.world.deliver()
    rows = {row.identity: row for row in shop.ana.read(lambda unit: unit.catalog.feeds())}
    shop.ana.write(catalog_choice.choose, feed=rows[nova.identity].feed, division="brand", names=("Lumen",))
    nova.write(catalog.import_products, file=file(balm=950), currency="USD")
    shop.world.deliver()
    rows = {row.identity: row for row in shop.ana.read(lambda unit: unit.catalog.feeds())}
    assert {row.identity for row in rows.values() if row.checkpoint} == {shop.lumen.identity, nova.identity, solis.identity}
    assert rows[nova.identity].sections is not None
    del shop.world.carried[:]
    shop.world.tick(HOUR)
    shop.world.deliver()
    told = [
        unpack(Topic.CATALOG, body).record
        for sender, *_, body, _ in shop.world.carried
        if b"catalog.heads" in body and sender == shop.ana.peer
    ]
    assert told == [Heads((rows[shop.lumen.identity].checkpoint,))]


@pytest.mark.parametrize("change", [{"status": "asked"}, {"status": "declined"}, {"ends": 1}])
def test_whose_edge_is_not_signed_or_over_hears_nothing(shop, change):
    [edge] = shop.ana.read(lambda unit: unit.team.edges())
    shop.ana.write(lambda unit: unit.team.keep_edge(replace(edge, **change)))
    shop.world.tick(HOUR)
    shop.world.deliver()
    told = [sender for sender, *_, body, _ in shop.world.carried if b"catalog.heads" in body]
    assert told == [shop.ben.peer]  # the control: Ben's side goes on


def test_another_history_of_another_size_is_told_after_a_day_and_the_true_one_is_not(shop):
    before = row_of(shop.ana)
    shop.ana.online = False
    grow(shop, 5_250)
    between = row_of(shop.lumen)
    grow(shop, 5_275)
    shop.ana.online = True
    grow(shop, 5_300)
    assert before.size < between.size < row_of(shop.ana).size
    tell(shop, between.checkpoint)
    tell(shop, sign_checkpoint(shop.lumen.keys.device, Checkpoint(before.feed, between.size + 1, b"\x09" * 32, before.state.digest, 1)).raw)
    assert len(heard(shop.ana)) == 2
    shop.world.tick()
    shop.world.deliver()
    [left] = heard(shop.ana)
    assert left.root == b"\x09" * 32
    titles = [item.title for item in shop.ana.read(today.show).items if item.kind == "evidence"]
    assert titles == []
    shop.world.tick(DAY)
    shop.world.deliver()
    titles = [item.title for item in shop.ana.read(today.show).items if item.kind == "evidence"]
    assert titles == ["lumen may show two catalogs"]


def test_a_head_by_another_hand_or_of_the_future_is_refused_and_of_a_strange_feed_left_out(shop):
    head = verify_checkpoint(row_of(shop.ana).checkpoint)
    with pytest.raises(Unauthorized):
        tell(shop, sign_checkpoint(shop.ben.keys.device, replace(head, root=b"\x09" * 32)).raw)
    with pytest.raises(Untimely) as refused:
        tell(shop, forged(shop, size=head.size + 1, time=shop.world.clock.now + DAY))
    assert refused.value.code == "future-dated"
    tell(shop, sign_checkpoint(shop.ben.keys.device, replace(head, log=b"\x0b" * 32)).raw)
    assert heard(shop.ana) == []


def test_what_is_heard_is_bounded(shop):
    head = verify_checkpoint(row_of(shop.ana).checkpoint)
    for number in range(catalog_heads.MOST_HEARD + 9):
        tell(shop, forged(shop, size=head.size + 1 + number, root=number.to_bytes(32, "big")))
    assert len(heard(shop.ana)) == catalog_heads.MOST_HEARD


def test_a_writer_signs_its_head_anew_each_day_and_a_stale_one_is_refused(shop):
    stale = row_of(shop.lumen)
    shop.world.tick(DAY)
    fresh = row_of(shop.lumen)
    assert (fresh.size, fresh.checkpoint == stale.checkpoint) == (stale.size, False)

    def check(raw):
        return shop.ana.read(catalog_following.check_head, fresh.feed, raw, ())

    assert check(fresh.checkpoint).time == verify_checkpoint(stale.checkpoint).time + DAY
    shop.world.clock.tick(8 * DAY)
    with pytest.raises(Untimely) as refused:
        check(fresh.checkpoint)
    assert refused.value.code == "expired"


def test_an_earlier_head_of_the_same_size_does_not_come_back(shop):
    old = row_of(shop.ana).checkpoint
    shop.world.tick(DAY)
    raw = row_of(shop.lumen).checkpoint
    shop.ana.write(catalog_following.accept, row_of(shop.ana).feed, raw, row_of(shop.ana).state)
    with pytest.raises(Conflict) as refused:
        shop.ana.read(catalog_following.check_head, row_of(shop.ana).feed, old, ())
    assert refused.value.code == "rollback"


def test_the_clock_of_a_writer_that_was_set_back_makes_no_older_head(shop):
    before = verify_checkpoint(row_of(shop.lumen).checkpoint)
    shop.world.clock.tick(-HOUR)
    grow(shop, 5_300)
    after = verify_checkpoint(row_of(shop.lumen).checkpoint)
    assert (after.time, after.size > before.size) == (before.time, True)
