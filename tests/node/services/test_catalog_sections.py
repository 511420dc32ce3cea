"""Sections on the giving side: a part is given alone and proved, and who asks for what is not to be had in parts is told."""

from io import BytesIO

import pytest

from node.files.products import read_products
from node.services import catalog
from protocol import sections as proofs
from protocol.catalog_sync import Page, Ranges, RangesRequest, SectionsRequest, SinceRequest
from protocol.errors import Conflict
from protocol.kinds import Topic
from protocol.messages import pack, unpack
from protocol.operations import element
from protocol.reconcile import begin, numbers
from protocol.sections import Division, Part
from protocol.state_hash import StateHash
from tests.node.services.world import START

BRAND, CATEGORY = Division.BRAND, Division.CATEGORY
HEAD = "Handle,Title,Body (HTML),Vendor,Type,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"


@pytest.fixture
def shop(pair):
    return pair


def line(handle, brand, price="5.00"):
    return f"{handle},Soap {handle},,{brand},Bath,active,Title,Default Title,{handle.upper()},{price},5\n"


def publish(node, *lines, **named):
    file = read_products(BytesIO((HEAD + "".join(lines)).encode()), name="t.csv", now_ms=START)
    node.write(catalog.import_products, file=file, currency="USD", **named)


def goods(brands=("Alba", "Boreal", "Cedar"), each=3):
    return [line(f"{brand.lower()}{number}", brand) for brand in brands for number in range(each)]


def feed_of(node):
    return node.read(lambda unit: unit.catalog.feeds()[0].feed)


def ask(world, of, by, record):
    return unpack(Topic.CATALOG, world.put(by.peer, of, Topic.CATALOG, pack(record))).record


def test_a_part_is_given_alone_and_proved(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    feed, part = feed_of(lumen), Part(BRAND, ("", "Alba", "Dune"))
    page = ask(world, lumen, ana, SinceRequest(feed, 0, 0, None, part))
    assert isinstance(page, Page)
    rows = list(page.read(0))
    assert sorted(row.name for row in rows) == ["ALBA0", "ALBA1", "ALBA2", "alba0", "alba1", "alba2"]
    shown = proofs.open_proof(page.sections, part, feed=feed)
    state = StateHash().add(*(element((row.noun, row.name), row.record) for row in rows))
    proofs.check_sections(shown, {"Alba": (6, state)})
    assert (shown.author, shown.head.size) == (lumen.keys.device.public, 18)


def test_what_moved_to_another_section_is_gone_for_the_first_and_there_for_the_second(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    feed = feed_of(lumen)
    publish(lumen, line("alba0", "Boreal"), line("alba1", "Alba", "9.00"))
    for name, wanted in (
        ("Alba", {("alba0", True), ("ALBA0", True), ("ALBA1", False)}),
        ("Boreal", {("alba0", False), ("ALBA0", False)}),
        ("Cedar", set()),
    ):
        page = ask(world, lumen, ana, SinceRequest(feed, 18, 18, None, Part(BRAND, ("", name))))
        assert {(row.name, row.record is None) for row in page.read(18)} == wanted
    both = ask(world, lumen, ana, SinceRequest(feed, 18, 18, None, Part(BRAND, ("", "Alba", "Boreal"))))
    assert {(row.name, row.record is None) for row in both.read(18)} == {("alba0", False), ("ALBA0", False), ("ALBA1", False)}
    whole = ask(world, lumen, ana, SinceRequest(feed, 18, 18))
    assert len(list(whole.read(18))) == 3


def test_ranges_are_of_the_part(world, shop):
    lumen, ana = shop
    publish(lumen, *goods())
    feed = feed_of(lumen)
    question = begin(numbers())
    part = ask(world, lumen, ana, RangesRequest(feed, question, Part(CATEGORY, ("", "Nothing"))))
    whole = ask(world, lumen, ana, RangesRequest(feed, question, Part(CATEGORY, ("", "Bath"))))
    assert isinstance(part, Ranges)
    assert len(part.ranges) < len(whole.ranges)
    assert ask(world, lumen, ana, RangesRequest(feed, question)).ranges == whole.ranges


def test_what_there_is_to_choose_from_is_listed_a_piece_at_a_time(world, shop, monkeypatch):
    lumen, ana = shop
    publish(lumen, *goods())
    feed = feed_of(lumen)
    monkeypatch.setattr("node.services.catalog_sections.MOST_LISTED", 2)
    first = ask(world, lumen, ana, SectionsRequest(feed, BRAND))
    assert (first.total, [(item.name, item.count) for item in first.sections]) == (3, [("Alba", 6), ("Boreal", 6)])
    rest = ask(world, lumen, ana, SectionsRequest(feed, BRAND, "Boreal"))
    assert [(item.name, item.count) for item in rest.sections] == [("Cedar", 6)]
    held = lumen.read(lambda unit: sum(len(row.record) for row in unit.catalog.since_part(feed, 0, Part(BRAND, ("Cedar",)))))
    assert rest.sections[0].size == held
    publish(lumen, *goods(("Alba",)), replace_all=True)
    assert [item.name for item in ask(world, lumen, ana, SectionsRequest(feed, BRAND)).sections] == ["Alba"]


def test_too_many_sections_and_feeds_of_others_are_given_as_a_whole(world, shop, monkeypatch):
    lumen, ana = shop
    publish(lumen, *goods())
    feed, part = feed_of(lumen), Part(BRAND, ("Alba",))
    monkeypatch.setattr(proofs, "MOST_SECTIONS", 2)
    with pytest.raises(Conflict) as caught:
        ask(world, lumen, ana, SinceRequest(feed, 0, 0, None, part))
    assert caught.value.code == "undivided"
    assert ask(world, lumen, ana, SinceRequest(feed, 0, 0)).upto == 18
    ask(world, lumen, ana, SinceRequest(feed, 0, 0, None, Part(CATEGORY, ("Bath",))))  # one category: by that it is divided
    brand = world.node("alba", "brand")
    world.pair(brand, lumen)
    publish(brand, *goods(("Alba",)))
    world.deliver()
    relayed = feed_of(brand)
    for question in (
        SinceRequest(relayed, 0, 0, None, part),
        RangesRequest(relayed, begin(numbers()), part),
        SectionsRequest(relayed, BRAND),
    ):
        with pytest.raises(Conflict) as caught:
            ask(world, lumen, ana, question)
        assert caught.value.code == "whole-only"
    assert len(ask(world, brand, lumen, SectionsRequest(relayed, BRAND)).sections) == 1  # the control: its writer gives parts
