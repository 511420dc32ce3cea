"""A category is followed with all below it: also what is new there, and nothing of it can be hidden."""

from dataclasses import replace

import pytest

from node.services import catalog_serving
from protocol import sections
from protocol.sections import Division, Part
from tests.node.services.test_catalog_parts import asked, before_fetching, choose, feed_of, held, listed
from tests.node.services.test_catalog_sections import publish

CATEGORY = Division.CATEGORY


@pytest.fixture
def shop(world, lumen, ana):
    world.pair(lumen, ana)
    publish(lumen, line("soap", "Bath > Soap"), line("oil", "Bath > Oil > Dry"), line("towel", "Bath Towels"), line("cream", "Face"))
    return lumen, ana


def line(handle, category, price="5.00"):
    return f"{handle},Soap {handle},,Lumen,{category},active,Title,Default Title,{handle.upper()},{price},5\n"


def goods_of(node):
    return sorted(row[1] for row in held(node) if row[1].islower())


def test_a_category_brings_all_below_it_and_what_comes_there_later(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Bath", division="category")
    world.deliver()
    assert goods_of(ana) == ["oil", "soap"]
    publish(lumen, line("salt", "Bath > Salt > Sea"), line("cream", "Bath"), line("soap", "Face"))
    del world.carried[:]
    world.deliver()
    assert goods_of(ana) == ["cream", "oil", "salt"]
    assert len(asked(world)) == 1
    assert (feed_of(ana).sections, feed_of(ana).verified) == (("Bath",), True)
    del world.carried[:]
    world.deliver()
    choose(ana, "Bath", "Bath > Salt", division="category")
    world.deliver()
    assert feed_of(ana).sections == ("Bath",)
    assert asked(world) == []


def test_a_level_down_goes_without_asking_and_a_level_up_brings_only_the_rest(world, shop):
    lumen, ana = shop
    before_fetching(world, shop, "Bath", division="category")
    world.deliver()
    lumen.online = False
    choose(ana, "Bath > Oil", division="category")
    world.sync(ana)
    assert (goods_of(ana), feed_of(ana).verified) == (["oil"], True)
    lumen.online = True
    del world.carried[:]
    choose(ana, "Bath", division="category")
    world.deliver()
    assert goods_of(ana) == ["oil", "soap"]
    first = asked(world)[0][0]
    assert (first.part, first.but) == (Part(CATEGORY, ("Bath",)), Part(CATEGORY, ("", "Bath > Oil")))
    choose(ana)
    world.deliver()
    assert goods_of(ana) == ["cream", "oil", "soap", "towel"]
    choose(ana, "Bath", division="category")
    world.deliver()
    assert (goods_of(ana), feed_of(ana).verified) == (["oil", "soap"], True)


def test_a_section_below_that_is_hidden_is_found(world, shop):
    """Control: shown as it is, it is taken."""
    _, ana = shop
    original = catalog_serving.page

    def hiding(*given):
        made = original(*given)
        return replace(made, sections=replace(made.sections, leaves=made.sections.leaves[:1]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog_serving, "page", hiding)
        before_fetching(world, shop, "Bath", division="category")
        world.deliver()
    assert (feed_of(ana).error, goods_of(ana)) == ("bad-proof", [])
    choose(ana, "Bath", division="category")
    world.deliver()
    assert (feed_of(ana).error, goods_of(ana)) == ("", ["oil", "soap"])


def test_every_level_is_offered_with_what_is_below_it(world, shop):
    _, ana = shop
    world.deliver()
    choose(ana, "Bath > Oil", division="category")
    found = listed(world, ana, division="category")
    assert [(item.name, item.count, item.chosen) for item in found] == [
        ("Bath", 4, False),
        ("Bath > Oil", 2, True),
        ("Bath > Oil > Dry", 2, True),
        ("Bath > Soap", 2, False),
        ("Bath Towels", 2, False),
        ("Face", 2, False),
    ]


def test_too_much_below_one_is_said_and_what_is_here_stays(world, shop, monkeypatch):
    _, ana = shop
    monkeypatch.setattr(sections, "MOST_SHOWN", 1)
    before_fetching(world, shop, "Bath", division="category")
    world.deliver()
    assert (feed_of(ana).error, goods_of(ana)) == ("undivided", [])
