"""Following a feed: pages, packs, what is mended by numbers, what is refused and named, and what survives being cut off anywhere."""

import random
from contextlib import contextmanager
from dataclasses import replace

import pytest

from node.services import catalog, catalog_apply, catalog_changes, catalog_load, catalog_packs, catalog_serving
from node.services import catalog_following as following
from protocol import catalog_sync, rows
from protocol.codec import from_bytes
from protocol.encoding import encode
from protocol.kinds import Topic
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.messages import unpack
from protocol.offer import Offer
from protocol.operations import Noun, put
from protocol.product import Product, Variant
from protocol.reconcile import END
from tests.node.services.catalog_goods import feed_id, feed_of, kinds, line, publish, same
from tests.node.services.world import START


@pytest.fixture
def shop(pair):
    return pair


def test_a_first_sync_in_pages_takes_effect_at_the_end_only(world, shop, small, monkeypatch):
    lumen, ana = shop
    publish(lumen)
    seen, original = set(), catalog_apply._take

    def watched(writing, feed, *rest):
        seen.add(len(list(writing.slots(feed, catalog_packs.Span()))))
        return original(writing, feed, *rest)

    monkeypatch.setattr(catalog_apply, "_take", watched)
    world.deliver()
    assert seen == {0}
    assert kinds(world).count("catalog.since") > 3
    assert same(ana, lumen)


def test_an_update_is_one_question_and_nothing_new_a_tiny_one(world, shop):
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    del world.carried[:]
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert [kind for kind in kinds(world) if kind != "catalog.changed"] == ["catalog.since"]
    assert same(ana, lumen)
    del world.carried[:]
    ana.write(following.sync)
    world.deliver()
    [(body, reply)] = [(body, reply) for *_, body, reply in world.carried if b"catalog.since" in body]
    assert len(body) + len(reply) < 200
    assert unpack(Topic.CATALOG, reply).record == catalog_sync.Unchanged()


def altered(page, change):
    """The page with other rows."""
    found = list(rows.read_rows(rows.unpress(page.rows)))
    return replace(page, rows=rows.pressed(change(found)))


def cheaper(found):
    at = next(index for index, row in enumerate(found) if row.noun is Noun.OFFER)
    offer = from_bytes(Offer, found[at].record)
    record = put(replace(offer, price=replace(offer.price, minor=1))).record
    return [*found[:at], found[at]._replace(record=record), *found[at + 1 :]]


def make_cheaper(node):
    """One price in the node's file is another than was signed."""
    feed = feed_id(node)

    def spoil(writing):
        held, mine = writing.held(feed), list(writing.slots(feed, catalog_packs.Span()))
        writing.apply(feed, cheaper(mine))
        writing.advance(feed, held.size, held.checkpoint)

    node.store.catalog.write_now(spoil)


LIES = {
    "a price altered": (cheaper, "state-mismatch"),
    "an offer left out": (lambda found: found[:-1], "state-mismatch"),
    "a record made up": (
        lambda found: [*found[:-1], found[-1]._replace(name="made-up", record=None)],
        "state-mismatch",
    ),
    "a record that is none": (lambda found: [*found[:-1], found[-1]._replace(record=b"\xff")], "malformed"),
    "under another name": (lambda found: [*found[:-1], found[-1]._replace(name="x")], "wrong-name"),
    "out of order": (lambda found: found[::-1], "bad-page"),
    "twice": (lambda found: [*found, found[-1]], "bad-page"),
    "from the future": (lambda found: [*found[:-1], found[-1]._replace(seq=10**6)], "bad-page"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_was_altered_on_the_way_has_no_effect_and_is_said(world, shop, lie):
    """Control: the same answer untouched is taken afterwards."""
    lumen, ana = shop
    change, code = LIES[lie]
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), change))
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 0, None]]))
        publish(lumen)
        world.deliver()
    found = feed_of(ana)
    assert (found.error, found.verified, found.offers) == (code, False, 0)
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, same(ana, lumen)) == ("", True)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"upto": 0}, "no-progress"), ({"upto": 10**6}, "no-progress"), ({"upto": 1}, "bad-page"), ({"checkpoint": b"x"}, "malformed")],
)
def test_pages_that_lead_nowhere_are_refused(world, shop, change, code):
    lumen, ana = shop
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: replace(original(*given), **change))
        publish(lumen)
        world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == (code, 0)


def test_empty_pages_that_say_that_more_follows_are_refused(world, shop):
    lumen, ana = shop
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: replace(altered(original(*given), lambda _: []), upto=3))
        publish(lumen)
        world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == ("bad-page", 0)


def test_a_catalog_that_never_ends_is_let_go(world, shop, small, monkeypatch):
    lumen, ana = shop
    monkeypatch.setattr(catalog_apply, "MOST_STAGED_BYTES", 2_000)
    publish(lumen)
    world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == ("too-large", 0)
    monkeypatch.setattr(catalog_apply, "MOST_STAGED_BYTES", 1 << 30)
    ana.write(following.sync)
    world.deliver()
    assert same(ana, lumen)  # the control


def test_a_clock_far_ahead_is_not_believed(world, shop):
    lumen, ana = shop
    world.clock.tick(10**9)
    publish(lumen)
    world.clock.tick(-(10**9))
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == ("future-dated", 0)


def test_a_fork_is_named(world, shop):
    lumen, ana = shop
    publish(lumen, line("a", "A1", "1.00"))
    world.deliver()
    head = lumen.read(lambda unit: unit.catalog.feeds(own=True)[0])
    other = catalog.sign_checkpoint(lumen.keys.device, catalog.Checkpoint(head.feed, head.size, head.frontier.root, bytes(32), START + 1))
    lumen.write(lambda unit: unit.catalog.keep_feed(replace(head, checkpoint=other.raw, checkpoint_id=other.id)))
    lumen.store.catalog.write_now(lambda writing: writing.advance(head.feed, head.size, other.raw))
    ana.write(following.sync)
    world.deliver()
    assert feed_of(ana).error == "equivocation"


# --- packs


def test_a_first_sync_by_packs_is_the_same_catalog(world, shop, packed):
    lumen, ana = shop
    publish(lumen)
    assert lumen.make_packs() == 1
    assert lumen.make_packs() == 0
    world.deliver()
    asked = kinds(world)
    assert asked.count("catalog.manifest-request") == 1
    assert asked.count("catalog.pack-request") > 3
    assert asked.count("catalog.since") == 1
    assert same(ana, lumen)


def test_how_far_a_load_is_can_be_seen(world, shop, packed, monkeypatch):
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    original, seen = catalog_load._load, []

    def watched(*given):
        original(*given)
        seen.append(feed_of(ana))
        assert catalog_load.is_under_way()

    monkeypatch.setattr(catalog_load, "_load", watched)
    world.deliver()
    assert not catalog_load.is_under_way()
    assert {found.expected for found in seen} == {57}
    here = [found.products + found.offers for found in seen]
    assert here == sorted(here)
    assert here[-1] < 57
    assert (feed_of(ana).expected, feed_of(ana).products + feed_of(ana).offers) == (0, 57)


def test_what_can_wait_makes_way_for_who_takes_a_change(world, shop, monkeypatch):
    lumen, _ = shop
    publish(lumen)
    world.deliver()
    original, seen = catalog_apply.take, []

    async def watched(*given):
        seen.append(catalog_load.is_under_way())
        return await original(*given)

    monkeypatch.setattr("node.services.catalog_sync.take", watched)
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert (seen, catalog_load.is_under_way()) == ([True], False)


def test_what_came_after_the_packs_follows(world, shop, packed):
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    publish(lumen, line("late", "L1", "9.00"), line("later", "L2", "9.50"))
    world.deliver()
    assert same(ana, lumen)


class Cut(Exception):
    """The power goes."""


def test_a_load_cut_off_anywhere_goes_on_where_it_was(world, shop, packed, monkeypatch):
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    original, lives, runs, loads = catalog_load._load, [1], 0, []

    def counted(writing, feed, pack, *given):
        if lives[0] == 0:
            raise Cut
        lives[0] -= 1
        original(writing, feed, pack, *given)
        loads.append(pack)

    monkeypatch.setattr(catalog_load, "_load", counted)
    while True:
        try:
            world.deliver()
        except Cut:
            runs += 1
            assert not catalog_load.is_under_way()
            ana.reopen()
            lives[0] = 1
        else:
            break
    assert runs >= 2
    assert same(ana, lumen)
    assert len(loads) == len(set(loads)) > runs  # none was loaded twice
    asked = [body for _, _, _, body, _ in world.carried if b"catalog.pack-request" in body]
    assert len(asked) <= len(loads) + runs * catalog_load.AHEAD  # what was on its way is asked for again


def test_a_pack_that_was_altered_is_refused_and_asked_of_others(world, shop, packed, monkeypatch):
    lumen, ana = shop
    ben = world.node("ben")
    world.pair(lumen, ben)
    world.pair(ana, ben)
    publish(lumen)
    lumen.make_packs()
    ben.write(following.sync)
    world.deliver(only=ben)
    assert same(ben, lumen)
    for file in lumen.files._path.rglob("*"):
        if file.is_file() and len(file.name) == 64:
            file.write_bytes(file.read_bytes()[:-1] + b"\0")
    world.deliver()
    assert same(ana, lumen)  # from ben, who kept them


@pytest.mark.parametrize(("by", "later", "code"), [("ana", 0, "not-live"), ("lumen", 86_400_000, "future-dated")])
def test_a_manifest_by_another_device_or_of_the_future_is_refused(world, shop, packed, by, later, code):
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    raw = lumen.files.manifest(feed_id(lumen))
    from protocol.envelope import verify
    from protocol.packs import MANIFEST, Manifest, sign_manifest

    signer = {"ana": ana, "lumen": lumen}[by].keys.device
    forged = sign_manifest(signer, verify(raw, MANIFEST).read(Manifest), time=world.clock.now + later)
    lumen.files.publish(feed_id(lumen), forged.raw, frozenset())
    world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == (code, 0)


def test_a_manifest_that_contradicts_its_packs_is_named(world, shop, packed):
    """The writer signed another state than its checkpoint names. Where only its packs differ, an audit finds it (test_catalog_audit.py)."""
    lumen, ana = shop
    publish(lumen)
    feed = feed_id(lumen)
    lumen.make_packs()
    lumen.store.catalog.write_now(lambda writing: writing.apply(feed, [catalog_packs_row("lie")]))
    lumen.files.forget(feed)
    lumen.make_packs()
    world.deliver()
    assert (feed_of(ana).error, feed_of(ana).offers) == ("state-mismatch", 0)


def catalog_packs_row(name):
    product = Product(name, "A lie", variants=(Variant(name, name),))
    return rows.Row(1, Noun.PRODUCT, name, put(product).record)


# --- what differs


def test_what_was_lost_here_is_found_by_its_numbers(world, shop):
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    feed = feed_id(ana)
    mine = ana.read(lambda unit: list(unit.catalog.slots(feed, catalog_packs.Span())))

    def spoil(writing):
        held = writing.held(feed)
        writing.apply(feed, [entry._replace(record=None) for entry in mine[:5]])
        writing.apply(feed, [catalog_packs_row("ghost")._replace(seq=10**6)])
        writing.advance(feed, held.size, held.checkpoint)

    ana.store.catalog.write_now(spoil)
    del world.carried[:]
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert "catalog.ranges-request" in kinds(world)
    assert same(ana, lumen)


def test_what_was_altered_here_under_its_number_is_loaded_anew(world, shop):
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    make_cheaper(ana)
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert same(ana, lumen)


def test_a_lost_catalog_file_is_fetched_again_and_never_from_before(world, shop):
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    ana.store.catalog.write_now(lambda writing: writing.forget(feed_id(ana)))
    world.deliver()
    assert same(ana, lumen)


def slots_of(node):
    feed = feed_id(node)
    return node.read(lambda unit: list(unit.catalog.slots(feed, catalog_packs.Span())))


@pytest.fixture
def lacking(world, shop):
    """Ana's file lost some records that it says it has, and a change waits: she asks by numbers for what differs."""
    lumen, ana = shop
    publish(lumen)
    world.deliver()

    def spoil(writing):
        feed = feed_id(ana)
        held = writing.held(feed)
        writing.apply(feed, [entry._replace(record=None) for entry in list(writing.slots(feed, catalog_packs.Span()))[:5]])
        writing.advance(feed, held.size, held.checkpoint)

    ana.store.catalog.write_now(spoil)
    publish(lumen, line("late", "L1", "9.00"))
    return world, lumen, ana


@contextmanager
def mended_later(lacking, code):
    """What was answered had no effect. Control: the same questions, answered honestly, mend the catalog."""
    world, lumen, ana = lacking
    before, row = slots_of(ana), ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    with pytest.MonkeyPatch.context() as patch:
        yield patch
        world.deliver()
    after = ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    assert "catalog.ranges-request" in kinds(world)
    assert (after.error, after.checkpoint, after.size, slots_of(ana)) == (code, row.checkpoint, row.size, before)
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, same(ana, lumen)) == ("", True)


def test_a_repair_under_a_head_of_a_strangers_key_is_refused(lacking):
    """The rows are the true ones and add up to the state that the head names: only its signature is another's."""
    _, _, ana = lacking
    genuine, calls = catalog_serving._served, []

    def strange(*given):
        head, held = genuine(*given)
        calls.append(head)
        return (head if len(calls) == 1 else sign_checkpoint(ana.keys.device, verify_checkpoint(head)).raw), held

    with mended_later(lacking, "not-live") as patch:
        patch.setattr(catalog_serving, "_served", strange)


def test_a_repair_whose_rows_do_not_add_up_is_refused(lacking):
    def lying(entries):
        found = list(rows.read_rows(rows.unpress(entries.rows)))
        return replace(entries, rows=rows.pressed(cheaper(found)))

    original, whole = catalog_serving.Entries, catalog_serving.page
    with mended_later(lacking, "state-mismatch") as patch:
        patch.setattr(catalog_serving, "Entries", lambda *given: lying(original(*given)))
        patch.setattr(catalog_serving, "page", lambda *given: altered(whole(*given), cheaper))


def test_what_is_fetched_anew_after_a_repair_is_not_unchanged(lacking):
    """Asked for all of it, since what is here does not fit: "unchanged" is no answer to that."""
    whole, pages = catalog_serving.page, []

    def page(*given):
        pages.append(given)
        return altered(whole(*given), cheaper) if len(pages) < 3 else catalog_sync.Unchanged()

    with mended_later(lacking, "unexpected-reply") as patch:
        patch.setattr(catalog_serving, "page", page)
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 0, None]]))  # nothing differs, it says
    assert len(pages) == 3


def test_packs_of_an_earlier_head_put_nothing_back_where_answers_leave_something_out(world, shop, packed):
    lumen, ana = shop
    publish(lumen, *(line(f"s{number}", f"S{number}", "1.00") for number in range(20)))
    lumen.make_packs()
    world.deliver()
    publish(lumen, line("s1", "S1", "2.00"))
    world.deliver()
    before, told = slots_of(ana), len(ana.read(catalog_changes.list_changes).changes)
    assert (same(ana, lumen), told) == (True, 1)
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), lambda found: found[:-1]))
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 0, None]]))
        publish(lumen, line("s2", "S2", "3.00"))
        world.deliver()
    assert "catalog.manifest-request" in kinds(world)
    assert (feed_of(ana).error, slots_of(ana) == before) == ("state-mismatch", True)
    assert len(ana.read(catalog_changes.list_changes).changes) == told
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, same(ana, lumen)) == ("", True)


def test_packs_of_the_newest_head_mend_what_numbers_can_not(world, shop, packed):
    lumen, ana = shop
    publish(lumen, *(line(f"s{number}", f"S{number}", "1.00") for number in range(20)))
    world.deliver()
    make_cheaper(ana)
    publish(lumen, line("late", "L1", "9.00"))
    lumen.make_packs()
    del world.carried[:]
    world.deliver()
    assert "catalog.pack-request" in kinds(world)
    assert same(ana, lumen)


def test_a_comparison_that_leads_nowhere_is_refused(lacking):
    with mended_later(lacking, "no-progress") as patch:
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 1, bytes(16)]]))


def test_entries_that_lead_nowhere_are_refused(lacking):
    original = catalog_serving.Entries
    with mended_later(lacking, "no-progress") as patch:
        patch.setattr(catalog_serving, "Entries", lambda head, found, _: original(head, found, 0))


def test_a_comparison_under_ever_another_head_is_given_up(lacking):
    """As with a feed that grows faster than it can be compared; each answer names another head, and no range ever agrees."""
    _, lumen, _ = lacking
    genuine, calls = catalog_serving._served, []

    def growing(*given):
        raw, held = genuine(*given)
        calls.append(raw)
        head = verify_checkpoint(raw)
        return sign_checkpoint(lumen.keys.device, replace(head, time=head.time + len(calls) - 1)).raw, held

    with mended_later(lacking, "") as patch:  # nothing is wrong with it: it is compared again later
        patch.setattr(catalog_serving, "_served", growing)
        patch.setattr(catalog_serving, "answer", lambda *_: encode([[END, 1, bytes(16)]]))
    assert len(calls) < 20


# --- anything at all


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_a_seller_equals_the_merchant_or_names_why_not(world, shop, packed, seed):
    lumen, ana = shop
    dice = random.Random(seed)
    publish(lumen, line("a", "A1", "1.00"))
    for _ in range(14):
        match dice.randrange(7):
            case 0 | 1:
                names = dice.sample(range(40), dice.randrange(1, 12))
                publish(lumen, *(line(f"p{name}", f"S{name}", f"{dice.randrange(1, 90)}.00") for name in names))
            case 2:
                names = dice.sample(range(40), dice.randrange(1, 12))
                publish(lumen, *(line(f"p{name}", f"S{name}", "5.00") for name in names), replace_all=True)
            case 3:
                lumen.make_packs()
            case 4:
                ana.reopen()
            case 5:
                if ana.read(lambda unit: unit.catalog.feeds(own=False)) and dice.randrange(2):
                    ana.store.catalog.write_now(lambda writing: writing.forget(feed_id(lumen)))
            case 6:
                world.deliver()
                assert same(ana, lumen)
    world.deliver()
    assert same(ana, lumen)
