"""While a merchant's own catalog is put together again nothing is signed, quoted or shown to peers from what is there of it."""

from contextlib import contextmanager

import pytest

from node.errors import Unavailable
from node.services import (
    browse,
    catalog,
    catalog_batches,
    catalog_export,
    catalog_sources,
    catalog_staging,
    drafts,
    pictures,
    pricing,
    publishing,
    today,
    withdrawals,
)
from node.services import catalog_following as following
from node.services.catalog_edits import CatalogEdits
from node.services.catalog_staging import Beginning
from node.services.catalog_whole import is_whole, words
from tests.node.services.catalog_goods import feed_id, feed_of, line, publish, same


@pytest.fixture
def shop(world, pair):
    lumen, ana = pair
    publish(lumen)
    world.deliver()
    return lumen, ana


@contextmanager
def behind(node):
    """The file as a kill in the middle of putting it together leaves it: fewer entries, and no head."""
    feed, file = feed_id(node), node.store.catalog
    held = node.read(lambda unit: unit.catalog.held(feed))
    change = "UPDATE heads SET size = ?, checkpoint = ? WHERE feed = ?"
    file.write_now(lambda writing: writing._db.execute(change, (held.size - 7, None, feed)))
    yield
    file.write_now(lambda writing: writing._db.execute(change, (held.size, held.checkpoint, feed)))


def log_of(node):
    return node.read(lambda unit: unit.catalog.feed(feed_id(node)))


SIGNED = {
    "a file": lambda node: publish(node, line("late", "L1", "9.00")),
    "an operation": lambda node: node.write(catalog.publish, currency="USD", operations=[]),
    "a plan's adoption": lambda node: node.write(catalog.adopt_plan, currency="USD", plan=bytes(32)),
    "a withdrawal": lambda node: node.write(withdrawals.withdraw, handle="any", reason="It leaks"),
    "a roll-back": lambda node: node.read(catalog_batches.plan_rollback, batch=bytes(32)),
    "a draft": lambda node: node.write(drafts.withdraw, currency="USD", noun="product", name="any"),
    "a new import": lambda node: node.write(catalog_staging.begin_staging, found=Beginning("f", "d", "USD", (), (), False)),
    "an export": lambda node: node.read(catalog_export.feed_to_export, currency="USD"),
    "pictures": lambda node: node.read(pictures.own_feeds),
    "a price": lambda node: node.read(lambda unit: pricing.prices(unit, unit.me.identity, ["any"], rank=0, at=unit.now)),
}


@pytest.mark.parametrize("what", SIGNED)
def test_what_needs_all_of_it_waits_and_says_so(shop, what):
    lumen, _ = shop
    before = log_of(lumen)
    with behind(lumen), pytest.raises(Unavailable, match=r"is being built: [0-9]+ of [0-9]+ records are in") as refused:
        SIGNED[what](lumen)
    assert refused.value.code == "not-ready"  # which peers ask again after
    assert log_of(lumen) == before


def test_what_is_in_the_way_is_said_with_what_to_do(shop):
    lumen, ana = shop
    lumen.store.catalog.hinder("disk-full")
    assert lumen.read(browse.list_feeds)[0].trouble == ""  # all of it is there
    with behind(lumen):
        with pytest.raises(Unavailable, match=r"can't be built: .* records are in\. The disk is full\. Free some space\.") as refused:
            publish(lumen, line("late", "L1", "9.00"))
        assert refused.value.code == "not-ready"
        shown = feed_of(lumen)
        assert (shown.error, shown.verified) == ("disk-full", False)
        assert "Free some space" in shown.trouble
        assert [item.text for item in lumen.read(today.show).items if item.kind == "catalog-index"] == [shown.trouble]
    assert feed_of(ana).trouble == ""


@pytest.mark.parametrize(
    "code", ["disk-full", "disk-failed", "store-busy", "store-unwritable", "catalog-damaged", "damaged", "log-damaged"]
)
def test_each_obstacle_has_words_of_its_own(code):
    assert f"({code})" not in words(code)
    assert words(code)
    assert "(internal)" in words("internal")
    assert words("") == ""


def test_afterwards_what_is_signed_is_right(world, shop):
    lumen, ana = shop
    with behind(lumen), pytest.raises(Unavailable):
        publish(lumen, line("late", "L1", "9.00"))
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert same(ana, lumen)
    assert feed_of(ana).verified


def test_a_peer_that_asks_meanwhile_asks_again_and_keeps_what_it_has(world, shop):
    lumen, ana = shop
    held = feed_of(ana)
    with behind(lumen):
        ana.write(following.sync)
        world.deliver()
        assert (feed_of(ana).checkpoint, feed_of(ana).held) == (held.checkpoint, held.held)
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    assert same(ana, lumen)


def test_what_only_looks_goes_on(shop):
    lumen, _ = shop
    with behind(lumen):
        shown = feed_of(lumen)
        assert 0 < shown.held < shown.size
        assert lumen.read(browse.list_products, own=True).products
    assert feed_of(lumen).held == feed_of(lumen).size


def test_what_the_clock_does_waits_without_an_error(shop):
    lumen, _ = shop
    before = log_of(lumen)
    with behind(lumen):
        assert not lumen.read(is_whole)
        lumen.write(catalog.tick)
        assert lumen.read(catalog_sources.due_sources) == []
        assert not lumen.read(pictures.is_due)
        assert lumen.read(publishing.prepare, pile=bytes(32), anyway=False, tell=lambda _: None) is None
        CatalogEdits(lumen.store).publish_due_now()
    assert log_of(lumen) == before


def test_where_only_the_newest_head_lacks_who_signs_is_told_so_and_who_reads_goes_on(shop):
    lumen, _ = shop
    head = lumen.read(lambda unit: unit.catalog.held(feed_id(lumen))).checkpoint
    change = "UPDATE heads SET checkpoint = ? WHERE feed = ?"
    lumen.store.catalog.write_now(lambda writing: writing._db.execute(change, (b"earlier", feed_id(lumen))))
    with pytest.raises(Unavailable, match="follows what you signed last") as refused:
        publish(lumen, line("late", "L1", "9.00"))
    assert refused.value.code == "not-ready"
    assert lumen.read(catalog_export.feed_to_export, currency="USD")
    lumen.store.catalog.write_now(lambda writing: writing._db.execute(change, (head, feed_id(lumen))))
    publish(lumen, line("late", "L1", "9.00"))
