"""Packs are believed by their hash; what they brought is reckoned afterwards, and a writer whose packs are not what it signed is found."""

from dataclasses import replace

import pytest

from node.services import catalog_audit, catalog_load, catalog_packs, today
from node.services.catalog_audit import CatalogAudit, Stopped
from protocol.envelope import verify
from protocol.packs import MANIFEST, Manifest, make_packs, sign_manifest

from .catalog_goods import feed_id, feed_of, kinds, line, publish, same
from .test_catalog_sync import cheaper, shop  # noqa: F401
from .world import START


def lie(lumen, change):
    """Packs of other rows than the signed head's, under a manifest that names the true state."""
    feed = feed_id(lumen)
    lumen.make_packs()
    true = verify(lumen.files.manifest(feed), MANIFEST).read(Manifest)
    found = lumen.read(lambda unit: list(unit.catalog.slots(feed, catalog_packs.Span())))
    made = list(make_packs(change(found)))
    signed = sign_manifest(lumen.keys.device, replace(true, packs=tuple(entry for entry, _ in made)), time=START)
    for entry, data in made:
        lumen.files.put(feed, entry.hash, data)
    lumen.files.publish(feed, signed.raw, frozenset(entry.hash for entry, _ in made))


def items(node):
    return [item.title for item in node.read(today.show).items if item.kind == "evidence"]


def test_a_catalog_that_came_by_packs_is_verified_once_it_was_reckoned(world, shop, packed):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    world.deliver()
    assert same(ana, lumen)
    assert not feed_of(ana).verified
    assert ana.audit() == 1
    assert (feed_of(ana).verified, items(ana)) == (True, [])
    assert ana.audit() == 0
    ana.reopen()
    assert ana.audit() == 0


def test_what_came_by_pages_is_verified_at_once(world, shop, small):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    assert feed_of(ana).verified


def test_everything_is_reckoned_again_each_week_for_a_disk_says_nothing(world, shop):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    world.deliver()
    assert (ana.audit(), ana.audit(), lumen.audit(), lumen.audit()) == (1, 0, 1, 0)
    spoil(ana)
    spoil(lumen)
    world.clock.tick(7 * 86_400_000)
    assert (ana.audit(), lumen.audit(), items(ana)) == (1, 1, [])
    world.deliver()
    assert same(ana, lumen)
    assert feed_of(ana).offers == feed_of(lumen).offers > 0
    assert ana.audit() == lumen.audit() == 1


def spoil(node):
    """As a bit that flips on the disk."""

    def run(writing):
        sku, record = writing._db.execute("SELECT sku, record FROM offers LIMIT 1").fetchone()
        writing._db.execute("UPDATE offers SET record = ? WHERE sku = ?", (record[:-1] + bytes([record[-1] ^ 1]), sku))

    node.store.catalog.write_now(run)


@pytest.mark.parametrize("change", [cheaper, lambda found: found[:-1], lambda found: found[1:]])
def test_packs_that_are_not_what_was_signed_are_found_named_and_replaced(world, shop, packed, change):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lie(lumen, change)
    world.deliver()
    assert feed_of(ana).checkpoint == feed_of(lumen).checkpoint
    assert not same_rows(ana, lumen)
    ana.audit()
    assert items(ana) == ["lumen gave you another catalog than it signed"]
    assert feed_of(ana).offers == 0  # it is shown no longer
    del world.carried[:]
    world.deliver()
    assert "catalog.pack-request" not in kinds(world)
    assert same(ana, lumen)
    assert same_rows(ana, lumen)
    assert feed_of(ana).verified
    aside = ana.files._path / f"{feed_id(ana).hex()}-refused"
    assert verify((aside / "manifest").read_bytes(), MANIFEST).envelope.author == lumen.keys.device.public
    assert len(list(aside.iterdir())) > 3


def same_rows(one, other):
    mine, theirs = (node.read(lambda unit: list(unit.catalog.slots(feed_id(one), catalog_packs.Span()))) for node in (one, other))
    return mine == theirs


def test_what_our_own_disk_altered_accuses_nobody_and_is_fetched_again(world, shop, packed):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    world.deliver()
    spoil(ana)
    assert not same_rows(ana, lumen)
    ana.audit()
    assert items(ana) == []
    world.deliver()
    assert same(ana, lumen)
    assert feed_of(ana).verified


def test_an_update_over_packs_that_lie_hides_nothing(world, shop, packed):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lie(lumen, cheaper)
    world.deliver()
    publish(lumen, line("late", "L1", "9.00"))
    world.deliver()
    ana.audit()
    assert items(ana) == ["lumen gave you another catalog than it signed"]
    world.deliver()
    assert same(ana, lumen)


def test_a_node_that_closes_stops_it(world, shop, packed):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    world.deliver()
    audit = CatalogAudit(ana.store, ana.store.catalog, ana.files)
    audit._ended.set()
    with pytest.raises(Stopped):
        ana.store.catalog.look_now(audit._reckoned, feed_id(ana))


@pytest.mark.parametrize(("looks", "waited"), [(0, 0), (3, 3), (10_000, 2 * catalog_audit.CALM_LOOKS)])
def test_who_follows_a_catalog_comes_first_but_not_for_long(world, shop, packed, monkeypatch, looks, waited):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    world.deliver()
    begun, left, seen = is_reckoned(ana), iter(range(looks)), []
    monkeypatch.setattr(catalog_audit, "CALM_LOOK_SECONDS", 0)
    monkeypatch.setattr(catalog_load, "is_under_way", lambda: next(left, None) is not None and not seen.append(is_reckoned(ana)))
    assert ana.audit() == 1
    assert (begun, seen, is_reckoned(ana)) == (False, [False] * waited, True)


def is_reckoned(node):
    return feed_of(node).verified
