"""Who had something signed stands with the batch: which device, and by hand, by the clock or by a watched place."""

import io
from dataclasses import replace

import pytest

from node.services import catalog_batches, catalog_sources, drafts, piles
from node.services.catalog_edits import CatalogEdits
from node.services.catalog_inputs import ProductInput
from node.web.product_words import who_words
from protocol.product import Variant

from .product_files import apply, bring, line, runs, shopify, stage
from .world import World

DAY = 86_400_000


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    yield world.node("lumen", "merchant")
    world.close()


def latest(node):
    return node.read(catalog_batches.list_batches)[0]


def test_by_hand_on_this_device(lumen):
    bring(lumen, shopify(line("a", "A", "5.00")))
    batch = latest(lumen)
    assert (batch.kind, batch.device, batch.how) == ("import", "lumen", "hand")
    assert who_words(batch) == "by hand on lumen"
    lumen.clock.tick(1)
    lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(batch.id))
    back = latest(lumen)
    assert (back.kind, back.device, back.how) == ("rollback", "lumen", "hand")


def test_what_was_planned_names_the_device_that_planned_it(lumen):
    soap = ProductInput("soap", "Soap", (Variant("S", "Soap"),))
    lumen.write(drafts.save_product, currency="USD", product=soap)
    pile = bytes.fromhex(lumen.read(piles.open_drafts, currency="USD").id)
    assert lumen.read(piles.list_piles)[0].device == ""
    lumen.write(piles.schedule, pile=pile, at=lumen.clock.now + DAY)
    assert lumen.read(piles.list_piles)[0].device == "lumen"
    lumen.clock.tick(2 * DAY)
    CatalogEdits(lumen.store).publish_due_now()
    batch = latest(lumen)
    assert (batch.kind, batch.device, batch.how) == ("schedule", "lumen", "clock")
    assert who_words(batch) == "at its planned time, planned on lumen"


def test_a_watched_place_that_signs_by_itself_is_named(lumen):
    staged = stage(lumen, shopify(line("a", "A", "5.00")))
    runs(lumen).apply_now(staged, how="place")
    assert who_words(latest(lumen)) == "by a watched place on lumen"


def test_a_batch_of_before_is_told_by_its_feed_and_one_of_nobody_says_no_device(lumen):
    bring(lumen, shopify(line("a", "A", "5.00")))
    lumen.write(lambda unit: unit.db.execute("UPDATE catalog_batches SET device = NULL"))
    batch = latest(lumen)
    assert batch.device == "lumen"
    assert who_words(replace(batch, device="")) == "by hand"
    lumen.write(lambda unit: unit.db.execute("UPDATE catalog_batches SET device = ?", (b"\1" * 32,)))
    assert latest(lumen).device == "lumen"


def test_what_a_watched_place_read_and_a_person_confirmed_is_by_hand(lumen):
    source = lumen.write(catalog_sources.add_source, kind="url", place="https://shop.example/a.csv", currency="USD")
    staged = runs(lumen).stage_now(io.BytesIO(shopify(line("a", "A", "5.00"))), "a.csv", "USD", False, 0, bytes.fromhex(source.id))
    apply(lumen, staged)
    assert latest(lumen).how == "hand"
