"""Following a part of a catalog: what comes, what goes, what it costs, and what a merchant cannot hide in it or slip into it."""

from dataclasses import replace

import pytest

from node.errors import NotFound, RemoteRefusal, UserError
from node.services import browse, catalog, catalog_apply, catalog_choice, catalog_packs, catalog_serving, evidence, product_sheet
from node.services import catalog_following as following
from protocol import catalog_sync, rows, sections
from protocol.catalog_sync import EntriesRequest, RangesRequest, SinceRequest
from protocol.codec import from_bytes
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.messages import unpack
from protocol.offer import Offer
from protocol.operations import Noun, put, remove
from protocol.product import Product
from protocol.sections import Division, Part
from protocol.state_hash import StateHash
from tests.node.services.test_catalog_sections import goods, line, publish
from tests.node.services.world import Line, finished


@pytest.fixture
def shop(pair):
    return pair


def feed_of(node):
    return node.read(browse.list_feeds)[0]


def feed_id(node):
    return bytes.fromhex(feed_of(node).feed)


def choose(node, *names, division="brand"):
    return node.write(catalog_choice.choose, feed=feed_id(node), division=division if names else "", names=names)


def before_fetching(world, shop, *names, **named):
    """Ana knows of the feed, and chooses before anything of it came."""
    _, ana = shop
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node.services.catalog_sync.CatalogSync._follow", nothing)
        ana.write(following.sync)
        world.deliver()
    choose(ana, *names, **named)


async def nothing(*_):
    """Nothing is fetched."""


def expected(lumen, *names, division=Division.BRAND):
    """What the merchant has in these sections."""
    part = Part(division, tuple(sorted({"", *names})))
    feed = feed_id(lumen)
    found = lumen.read(lambda unit: list(unit.catalog.since_part(feed, 0, part)))
    return sorted((row.noun, row.name, row.seq, row.record) for row in found)


def held(node):
    feed = feed_id(node)
    return sorted((row.noun, row.name, row.seq, row.record) for row in node.read(lambda unit: list(unit.catalog.since(feed, 0))))


def whole(lumen):
    feed = feed_id(lumen)
    return sorted((row.noun, row.name, row.seq, row.record) for row in lumen.read(lambda unit: list(unit.catalog.since(feed, 0))))


def asked(world, kind=SinceRequest):
    found = []
    for *_, body, reply in world.carried:
        try:
            record = unpack(Topic.CATALOG, body).record
        except ProtocolError:
            continue
        if isinstance(record, kind):
            found.append((record, len(body), len(reply) if isinstance(reply, bytes) else 0))
    return found


def received(world):
    return sum(reply for _, _, reply in asked(world))


def test_only_what_was_chosen_comes_and_it_is_proved(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba", "Boreal")
    world.deliver()
    assert held(ana) == expected(lumen, "Alba", "Boreal")
    view = feed_of(ana)
    assert (view.products, view.offers, view.error, view.verified) == (6, 6, "", True)
    assert (view.division, view.sections, view.expected) == ("brand", ("Alba", "Boreal"), 0)


def test_one_brand_of_many_costs_its_share(world, shop):
    """Control: all of it costs all of it."""
    lumen, ana = shop
    ben = world.node("ben")
    world.pair(lumen, ben)
    publish(lumen, *goods([f"Brand{number:03}" for number in range(60)], each=4))
    ben.write(following.sync)
    world.deliver(only=ben)
    all_of_it = received(world)
    del world.carried[:]
    before_fetching(world, shop, "Brand007")
    world.deliver(only=ana)
    assert (feed_of(ana).products, feed_of(ben).products) == (4, 240)
    [(_, _, one)] = asked(world)
    proof = 2_500  # a checkpoint, a head, the leaf of the brand and the neighbours of what belongs to none
    assert one - proof < all_of_it / 20  # 1/60 of the rows; so few don't shrink as well as many


def test_changes_reach_only_whom_they_concern(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    world.deliver()
    publish(lumen, line("cedar0", "Cedar", "9.00"))
    publish(lumen, line("alba0", "Alba", "7.00"), line("alba1", "Cedar"), line("boreal1", "Alba"))
    world.deliver()
    assert held(ana) == expected(lumen, "Alba")
    names = {row[1] for row in held(ana)}
    assert {"alba0", "boreal1", "BOREAL1"} <= names
    assert not {"alba1", "ALBA1", "cedar0"} & names
    del world.carried[:]
    ana.write(following.sync)
    world.deliver()
    [(_, body, reply)] = asked(world)
    assert body + reply < 400


def test_a_section_more_is_fetched_by_itself_and_one_less_goes_without_asking(world, shop):
    lumen, ana = shop
    publish(lumen, *goods(each=20))
    before_fetching(world, shop, "Alba")
    world.deliver()
    first = received(world)
    publish(lumen, line("alba3", "Cedar"), line("cedar3", "Alba"))
    del world.carried[:]
    choose(ana, "Alba", "Cedar")
    assert not feed_of(ana).verified
    world.deliver()
    assert held(ana) == expected(lumen, "Alba", "Cedar")
    assert [(record.since, record.part.names) for record, *_ in asked(world)] == [(0, ("Cedar",)), (120, ("", "Alba", "Cedar"))]
    assert received(world) < 2 * first
    del world.carried[:]
    lumen.online = False
    choose(ana, "Cedar")
    world.sync(ana)
    assert held(ana) == expected(lumen, "Cedar")
    lumen.online = True
    world.deliver()
    assert sum(len(reply) for *_, reply in world.carried if isinstance(reply, bytes)) < 2_000
    assert (feed_of(ana).sections, feed_of(ana).verified) == (("Cedar",), True)


def test_a_whole_catalog_is_narrowed_without_fetching_and_all_again_is_all(world, shop, monkeypatch):
    lumen, ana = shop
    publish(lumen, *goods(each=10))
    world.deliver()
    del world.carried[:]
    choose(ana, "Boreal")
    world.deliver()
    assert held(ana) == expected(lumen, "Boreal")
    assert received(world) < 400
    publish(lumen, line("boreal1", "Boreal", "8.00"))
    world.deliver()
    assert held(ana) == expected(lumen, "Boreal")
    choose(ana)
    world.deliver()
    assert held(ana) == whole(lumen)
    assert (feed_of(ana).division, feed_of(ana).sections, feed_of(ana).verified) == ("", (), True)
    choose(ana, "Boreal")
    world.deliver()
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    lumen.make_packs()
    choose(ana)
    world.deliver()
    assert held(ana) == whole(lumen)


def test_another_division_is_fetched_anew(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    world.deliver()
    choose(ana, "Bath", division="category")
    world.deliver()
    assert held(ana) == whole(lumen)
    choose(ana, "Nothing", division="category")
    world.deliver()
    assert held(ana) == []
    assert feed_of(ana).verified


def test_a_choice_while_packs_come_ends_them(world, shop, monkeypatch):
    lumen, ana = shop
    monkeypatch.setattr(rows, "MAX_ROWS_BYTES", 2_000)
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    publish(lumen, *goods(each=20))
    lumen.make_packs()
    original, count = following.begin_load, []

    def chosen(unit, feed, rows):
        original(unit, feed, rows)
        count.append(rows)
        if len(count) == 1:
            unit.catalog.keep_feed(replace(unit.catalog.feed(feed), part=Part(Division.BRAND, ("", "Alba"))))

    monkeypatch.setattr(following, "begin_load", chosen)
    world.deliver()
    world.deliver()
    assert held(ana) == expected(lumen, "Alba")
    assert count == [120, 40]


def test_what_was_lost_here_is_found_by_the_numbers_of_the_part(world, shop):
    lumen, ana = shop
    publish(lumen, *goods(each=10))
    before_fetching(world, shop, "Alba", "Cedar")
    world.deliver()
    feed = feed_id(ana)
    mine = ana.read(lambda unit: list(unit.catalog.since(feed, 0)))

    def spoil(writing):
        now = writing.held(feed)
        writing.apply(feed, [entry._replace(record=None) for entry in mine[:5]])
        writing.advance(feed, now.size, now.checkpoint)

    ana.store.catalog.write_now(spoil)
    publish(lumen, line("alba9", "Alba", "3.00"))
    del world.carried[:]
    world.deliver()
    assert held(ana) == expected(lumen, "Alba", "Cedar")
    assert {record.part.names for record, *_ in asked(world, RangesRequest)} == {("", "Alba", "Cedar")}
    [(fetched, *_)] = asked(world, EntriesRequest)
    assert len(fetched.numbers) == 6  # the five, and the offer that changed


def test_an_offer_that_moves_without_an_entry_is_found_by_numbers(world, shop):
    """Its product goes, and it stays: it belongs to no section then, and to whoever follows any."""
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    world.deliver()
    lumen.write(catalog.publish, currency="USD", operations=[remove(Noun.PRODUCT, "cedar1")])
    world.deliver()
    assert held(ana) == expected(lumen, "Alba")
    assert "CEDAR1" in {row[1] for row in held(ana)}


# --- what a merchant cannot do


def altered(page, change):
    return replace(page, rows=rows.pressed(change(list(rows.read_rows(rows.unpress(page.rows))))))


def cheaper(found):
    at = next(index for index, row in enumerate(found) if row.noun is Noun.OFFER)
    offer = from_bytes(Offer, found[at].record)
    record = put(replace(offer, price=replace(offer.price, minor=1))).record
    return [*found[:at], found[at]._replace(record=record), *found[at + 1 :]]


def slipped(found):
    """A product of another brand."""
    at = next(index for index, row in enumerate(found) if row.noun is Noun.PRODUCT)
    record = put(replace(from_bytes(Product, found[at].record), vendor="Cedar")).record
    return [*found[:at], found[at]._replace(record=record), *found[at + 1 :]]


def stray(found):
    """An offer of a product that isn't there."""
    at = next(index for index, row in enumerate(found) if row.noun is Noun.OFFER)
    offer = replace(from_bytes(Offer, found[at].record), product=bytes(32), sku="STRAY")
    return [*found[:-1], found[-1]._replace(noun=Noun.OFFER, name="STRAY", record=put(offer).record)]


LIES = {
    "a record left out": (lambda found: found[1:], "state-mismatch"),
    "all left out": (lambda _: [], "state-mismatch"),
    "a price altered": (cheaper, "state-mismatch"),
    "a product of another brand": (slipped, "outside-part"),
    "an offer of no product here": (stray, "state-mismatch"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_record_left_out_altered_or_slipped_in_is_named_and_has_no_effect(world, shop, lie):
    """Control: the same answer untouched is taken afterwards."""
    lumen, ana = shop
    change, code = LIES[lie]
    publish(lumen, *goods())
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), change))
        before_fetching(world, shop, "Alba")
        world.deliver()
    found = feed_of(ana)
    assert (found.error, found.verified, found.offers) == (code, False, 0)
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, held(ana)) == ("", expected(lumen, "Alba"))


def test_the_control_without_the_sections_hashes_a_hidden_product_goes_unnoticed(world, shop, monkeypatch):
    lumen, ana = shop
    publish(lumen, *goods())
    monkeypatch.setattr(catalog_apply, "check_sections", lambda *_: None)
    original = catalog_serving.page
    monkeypatch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), lambda found: found[1:]))
    before_fetching(world, shop, "Alba")
    world.deliver()
    assert feed_of(ana).error == ""
    assert held(ana) != expected(lumen, "Alba")


def forged(lumen, page, *, by=None, size=None, leaves=None, later=0):
    """The page with another head of its sections."""
    signed = sections.verify(page.sections.head, sections.SECTIONS)
    head = signed.read(sections.SectionsHead)
    made = sections.Sections(head.division, leaves or [])
    feed, at = head.feed, head.size if size is None else size
    again = made.sign(by or lumen.keys.device, feed, at, time=head.time + later)
    return replace(page, sections=made.prove(again, [""]))


@pytest.mark.parametrize("fault", ["unproved", "another device", "another size", "of the future"])
def test_a_part_without_its_writers_word_is_refused(world, shop, fault):
    lumen, ana = shop
    publish(lumen, *goods())
    change = {
        "unproved": lambda page: replace(page, sections=None),
        "another device": lambda page: forged(lumen, page, by=ana.keys.device),
        "another size": lambda page: forged(lumen, page, size=3),
        "of the future": lambda page: forged(lumen, page, later=86_400_000),
    }[fault]
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: change(original(*given)))
        before_fetching(world, shop, "Alba")
        world.deliver()
    codes = {"unproved": "unexpected-reply", "another device": "not-live", "another size": "wrong-size", "of the future": "future-dated"}
    assert (feed_of(ana).error, feed_of(ana).offers) == (codes[fault], 0)


def test_two_heads_of_sections_for_one_size_are_proof_against_their_writer(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    world.deliver()
    lie = [sections.SectionLeaf("Alba", 6, StateHash().digest)]
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: forged(lumen, original(*given), leaves=lie))
        choose(ana, "Alba", "Boreal")
        world.deliver()
    assert feed_of(ana).error == "equivocation"
    [kept] = ana.read(evidence.list_evidence)
    seen = ana.read(evidence.check_evidence, first=kept.first, second=kept.second)
    assert (seen.type, seen.seq) == ("catalog.sections", 18)


@pytest.mark.parametrize("names", [("Boreal",), ("Alba", "Boreal"), ()])
@pytest.mark.parametrize("held_", [False, True])
def test_nothing_is_unchanged_of_a_part_that_was_never_held(world, shop, held_, names):
    """Control: the same questions, answered, bring what was chosen; () is all of it."""
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    if held_:
        world.deliver()
    choose(ana, *names)
    row = ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog_serving, "page", lambda *_: catalog_sync.Unchanged())
        world.deliver()
    after = ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    assert (after.error, after.checkpoint, after.synced_at) == ("unexpected-reply", row.checkpoint, row.synced_at)
    ana.write(following.sync)
    world.deliver()
    assert (feed_of(ana).error, held(ana)) == ("", expected(lumen, *names) if names else whole(lumen))


# --- choosing


def listed(world, node, **named):
    return finished(catalog_choice.list_sections(AsyncStore(node), Line(world, node), feed_id(node), **named))


class AsyncStore:
    def __init__(self, node) -> None:
        self.node = node

    async def read(self, run, *args):
        return self.node.read(run, *args)


def test_what_there_is_to_choose_from_is_said_with_what_is_chosen(world, shop, monkeypatch):
    lumen, ana = shop
    publish(lumen, *goods())
    world.deliver()
    choose(ana, "Boreal")
    monkeypatch.setattr("node.services.catalog_sections.MOST_LISTED", 2)
    found = listed(world, ana)
    assert [(item.name, item.count, item.chosen) for item in found] == [("Alba", 6, False), ("Boreal", 6, True), ("Cedar", 6, False)]
    assert [(item.name, item.count, item.chosen) for item in listed(world, ana, division="category")] == [("Bath", 18, False)]
    monkeypatch.setattr(catalog_serving.catalog_sections, "require_writer", refuse)
    with pytest.raises(RemoteRefusal) as caught:
        listed(world, ana)
    assert caught.value.code == "whole-only"


def refuse(*_):
    raise sections.Conflict("only its writer", code="whole-only")


@pytest.mark.parametrize(
    ("division", "names"), [("shape", ("x",)), ("", ("x",)), ("brand", ()), ("brand", ("",)), ("brand", tuple(map(str, range(100))))]
)
def test_a_choice_that_is_none_is_refused_and_says_why(world, shop, division, names):
    lumen, ana = shop
    publish(lumen, *goods())
    world.deliver()
    with pytest.raises(UserError) as caught:
        ana.write(catalog_choice.choose, feed=feed_id(ana), division=division, names=names)
    assert caught.value.code == "bad-choice"
    with pytest.raises(NotFound):
        lumen.write(catalog_choice.choose, feed=feed_id(lumen), division="brand", names=("Alba",))


def test_a_feed_that_is_passed_on_is_followed_whole(world, shop):
    lumen, ana = shop
    alba = world.node("alba", "brand")
    world.pair(alba, lumen)
    publish(alba, *goods(("Alba",)))
    world.deliver()
    feed = feed_id(alba)
    for node in (lumen, ana):
        assert node.read(lambda unit: unit.catalog.held(feed)).products == 3
        with pytest.raises(UserError) as caught:
            node.write(catalog_choice.choose, feed=feed, division="brand", names=("Alba",))
        assert caught.value.code == "whole-only"


def test_a_product_of_the_rest_says_that_it_may_be_there(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    world.deliver()
    page = ana.read(browse.list_products)
    gone = next(item for item in page.products if item.vendor == "Cedar")
    with pytest.raises(NotFound, match="look for its title"):
        ana.read(product_sheet.get_product, product=bytes(32))
    choose(ana, "Alba")
    world.deliver()
    with pytest.raises(NotFound, match="only a part of the catalog of lumen"):
        ana.read(product_sheet.get_product, product=bytes.fromhex(gone.id))


def test_the_choice_goes_over_to_the_feed_of_a_new_device(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    before_fetching(world, shop, "Alba")
    world.deliver()
    row = ana.read(lambda unit: unit.catalog.feeds(own=False)[0])
    later = replace(row.record, incarnation=2)
    answer = following.FeedsAnswer((later,))
    ana.write(following.take_feeds, lumen.peer, answer)
    assert ana.read(lambda unit: unit.catalog.feed(later.id)).part == row.part
