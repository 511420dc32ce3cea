"""A part of a catalog that was cut off on its way: it goes on after the last page that came, is what was signed, and costs nothing twice."""

import pytest

from node.errors import Unavailable
from node.model.catalog_change import Kind
from node.services import browse, catalog, catalog_apply, catalog_changes, catalog_packs, catalog_serving
from node.services import catalog_following as following
from node.services.catalog_sync import CatalogSync
from protocol import rows
from protocol.catalog_sync import ManifestRequest, PackRequest, RangesRequest
from protocol.kinds import Topic
from protocol.messages import unpack
from protocol.operations import Noun, remove
from protocol.sections import Part
from tests.node.services.test_catalog_machine import Counted, Stopped
from tests.node.services.test_catalog_parts import altered, asked, before_fetching, choose, expected, feed_id, feed_of, held, whole
from tests.node.services.test_catalog_sections import goods, line, publish
from tests.node.services.world import Line, World, finished

EACH = 10


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def shop(world, monkeypatch):
    monkeypatch.setattr(rows, "MAX_ROWS_BYTES", 1_200)
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    publish(lumen, *goods(each=EACH))
    return lumen, ana


class Cut(Line):
    """A network that carries so many pages, and then none."""

    pages = 10**9

    async def request(self, *given):
        self.pages -= unpack(Topic.CATALOG, given[3]).kind.name == "catalog.since"
        if self.pages < 0:
            raise Unavailable("the line is cut")
        return await super().request(*given)


def sync(world, node, *, pages=10**9, store=None, file=None):
    cut = Cut(world, node)
    cut.pages = pages
    node.write(following.sync)
    finished(CatalogSync(store or node.store, file or node.store.catalog, node.files, cut).round())


def came(world):
    """Every row that came, as often as it did."""
    found = []
    for *_, body, reply in world.carried:
        if isinstance(reply, bytes) and unpack(Topic.CATALOG, body).kind.name == "catalog.since":
            answer = unpack(Topic.CATALOG, reply).record
            if hasattr(answer, "rows"):
                found += [(row.seq, row.name) for row in rows.read_rows(rows.unpress(answer.rows))]
    return found


@pytest.mark.parametrize("cut", [1, 3])
def test_a_first_sync_of_a_part_that_was_cut_off_goes_on_and_fetches_nothing_twice(world, shop, cut):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Cedar")
    del world.carried[:]
    sync(world, ana, pages=cut)
    view = feed_of(ana)
    assert (view.size, view.verified, view.products, view.expected) == (0, False, 0, 4 * EACH)
    assert 0 < view.fetched < view.expected
    ana.reopen()
    assert feed_of(ana).fetched == view.fetched
    sync(world, ana)
    assert held(ana) == expected(lumen, "Alba", "Cedar")
    assert len(came(world)) == len(set(came(world))) == 4 * EACH
    assert (feed_of(ana).verified, feed_of(ana).expected) == (True, 0)


def test_the_control_a_node_that_lets_go_of_what_waits_fetches_it_again(world, shop, monkeypatch):
    _, ana = shop
    monkeypatch.setattr(catalog_apply, "_resume", lambda writing, feed, _question: writing.unstage(feed))
    before_fetching(world, shop, "Alba", "Cedar")
    del world.carried[:]
    sync(world, ana, pages=3)
    sync(world, ana)
    assert len(came(world)) > len(set(came(world)))


@pytest.mark.parametrize(("left", "after"), [(3, False), (2, True)])
def test_killed_at_every_write_a_first_sync_costs_at_most_a_page_more_each_time(world, shop, left, after):
    """Before a page is kept it comes again; after that, never. First is looked at what waits, then comes a page, then the next."""
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Boreal", "Cedar")
    del world.carried[:]
    kills, most = 0, 0
    for _ in range(6):
        stop = {"left": left, "after": after}
        try:
            sync(world, ana, file=Counted(ana.store.catalog, stop))
        except Stopped:
            kills += 1
            ana.reopen()
        most = max([most, *(len(page) for page in pages_of(world))])
    sync(world, ana)
    assert held(ana) == expected(lumen, "Alba", "Boreal", "Cedar")
    assert kills > 3
    again = len(came(world)) - len(set(came(world)))
    assert again == 0 if after else 0 < again <= kills * most


def pages_of(world):
    for *_, body, reply in world.carried:
        if isinstance(reply, bytes) and unpack(Topic.CATALOG, body).kind.name == "catalog.since":
            answer = unpack(Topic.CATALOG, reply).record
            yield list(rows.read_rows(rows.unpress(answer.rows))) if hasattr(answer, "rows") else []


def test_what_changed_between_two_halves_of_a_first_sync_is_there_in_the_end(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Cedar")
    sync(world, ana, pages=3)
    moved = [line("alba0", "Alba", "9.00"), line("alba1", "Boreal"), line("boreal1", "Cedar"), line("late", "Alba")]
    publish(lumen, *moved)
    sync(world, ana)
    assert held(ana) == expected(lumen, "Alba", "Cedar")
    assert feed_of(ana).verified


def test_an_offer_that_moved_without_an_entry_between_two_halves_costs_a_second_try(world, shop):
    """Its product is another one now, the offer names the one before: it belongs to no section, and no page says so."""
    lumen, ana = shop
    before_fetching(world, shop, "Alba")
    sync(world, ana, pages=2)
    lumen.write(catalog.publish, currency="USD", operations=[remove(Noun.PRODUCT, "cedar1")])
    sync(world, ana)
    assert held(ana) == expected(lumen, "Alba")
    assert feed_of(ana).verified


def test_what_waits_and_is_not_what_was_signed_is_let_go_and_fetched_anew(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Alba")
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), lambda found: found[1:]))
        sync(world, ana, pages=2)
    sync(world, ana)  # honest from here on: what came before doesn't fit, and is tried anew at once
    assert held(ana) == expected(lumen, "Alba")
    assert (feed_of(ana).error, feed_of(ana).verified) == ("", True)


def test_another_choice_lets_go_of_what_waits(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Cedar")
    sync(world, ana, pages=3)
    choose(ana, "Boreal")
    sync(world, ana)
    assert held(ana) == expected(lumen, "Boreal")
    assert ana.read(lambda unit: (unit.catalog.fetch(feed_id(ana)), list(unit.catalog.staged(feed_id(ana))))) == (None, [])


def test_a_section_more_that_was_cut_off_goes_on_and_what_is_here_is_told_of(world, shop):
    """Changes in what was followed already are told although a section is added; what the section brings is no change."""
    lumen, ana = shop
    before_fetching(world, shop, "Alba")
    world.deliver()
    publish(lumen, line("alba1", "Alba", "3.00"), line("cedar5", "Cedar", "8.00"), line("alba2", "Cedar"))
    choose(ana, "Alba", "Cedar")
    del world.carried[:]
    sync(world, ana, pages=1)
    view = feed_of(ana)
    assert (view.verified, view.expected) == (False, 2 * EACH + 2)
    assert 0 < view.fetched < view.expected
    sync(world, ana)
    assert held(ana) == expected(lumen, "Alba", "Cedar")
    assert asked(world)[0][0].part.names == ("Cedar",)
    assert len([row for row in came(world) if row[1] == "cedar0"]) == 1
    told = ana.read(catalog_changes.list_changes, since="48h").changes
    assert {(change.handle, change.kind) for change in told} == {("alba1", Kind.CHEAPER), ("alba2", Kind.WORDS)}


# --- from a part to all


def test_from_a_part_to_all_only_what_is_missing_comes(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Boreal")
    world.deliver()
    publish(lumen, line("alba3", "Cedar"), line("boreal3", "Boreal", "4.00"), line("cedar3", "Alba"))
    choose(ana)
    del world.carried[:]
    sync(world, ana, pages=2)
    assert held(ana) != whole(lumen)
    sync(world, ana)
    assert held(ana) == whole(lumen)
    view = feed_of(ana)
    assert (view.division, view.verified, view.error) == ("", True, "")
    assert not {"alba0", "ALBA0", "boreal0", "BOREAL0"} & {name for _, name in came(world)}
    first = asked(world)[0][0]
    assert (first.part, first.but) == (None, Part("brand", ("", "Alba", "Boreal")))
    told = {(change.handle, change.kind) for change in ana.read(catalog_changes.list_changes, since="48h").changes}
    assert told == {("boreal3", Kind.CHEAPER), ("alba3", Kind.WORDS), ("cedar3", Kind.NEW)}  # the last came to what was followed


def test_a_part_that_is_little_of_all_is_completed_by_packs(world, shop, monkeypatch):
    lumen, ana = shop
    monkeypatch.setattr(catalog_packs, "LEAST_ROWS", 1)
    publish(lumen, line("dune0", "Dune"))
    lumen.make_packs()
    before_fetching(world, shop, "Dune")
    world.deliver()
    choose(ana)
    del world.carried[:]
    sync(world, ana)
    assert asked(world, PackRequest)
    assert not [record for record, *_ in asked(world) if record.but]
    ana.audit()
    assert (held(ana), feed_of(ana).verified) == (whole(lumen), True)
    choose(ana, "Alba", "Boreal")
    world.deliver()
    choose(ana)
    del world.carried[:]
    sync(world, ana)
    assert (len(asked(world, ManifestRequest)), asked(world, PackRequest)) == (1, [])
    assert held(ana) == whole(lumen)


def test_a_rest_that_is_not_what_was_signed_has_no_effect_and_all_is_fetched(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Boreal")
    world.deliver()
    choose(ana)
    with pytest.MonkeyPatch.context() as patch:
        original = catalog_serving.page
        patch.setattr(catalog_serving, "page", lambda *given: altered(original(*given), lambda found: found[1:]))
        sync(world, ana)
    assert asked(world, RangesRequest)  # whose numbers are not lied about: what was left out is found by them
    assert (held(ana), feed_of(ana).error, feed_of(ana).verified) == (whole(lumen), "", True)
    assert ana.read(browse.list_feeds)[0].state_hash == lumen.read(browse.list_feeds)[0].state_hash


def test_a_rest_of_a_feed_that_is_divided_too_much_comes_whole(world, shop, monkeypatch):
    lumen, ana = shop
    before_fetching(world, shop, "Alba", "Boreal")
    world.deliver()
    monkeypatch.setattr("node.services.catalog_sections.MOST_SECTIONS", 2)
    choose(ana)
    sync(world, ana)
    assert held(ana) == whole(lumen)
    refused = [record for record, *_ in asked(world) if record.but]
    assert len(refused) == 1
    assert asked(world)[-1][0].but is None
