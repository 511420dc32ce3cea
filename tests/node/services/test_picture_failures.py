"""Pictures that did not come are kept: why, when, and when they are tried again, by themselves or by hand."""

import pytest

from node.errors import ConflictError, UserError
from node.model.picture_failure import PictureFailure, wait_after
from node.services import pictures
from tests.node.files.test_picture import picture
from tests.node.services.product_files import bring, line, shopify
from tests.node.services.test_media_exchange import Side
from tests.node.services.world import World

HOUR = 3_600_000
FRONT, BACK = "https://shop.example/front.jpg", "https://shop.example/back.jpg"


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    node = world.node("lumen", "merchant")
    bring(node, shopify(line("soap", "S1", "5.00", image=FRONT), line("balm", "S2", "5.00", image=BACK)))
    yield Side(world, node, {})
    world.close()


def failures(side):
    return side.node.read(pictures.list_failures, limit=10)


class Shop:
    """A shop's server: addresses in `broken` give nothing."""

    def __init__(self, *broken) -> None:
        self.broken, self.asked = set(broken), []

    async def bring(self, url):
        self.asked.append(url)
        if url in self.broken:
            raise UserError("The server has nothing to give there (404).", code="not-served")
        return picture(size=(90, 60))


def test_what_did_not_come_outlives_a_restart_and_waits_longer_each_time(lumen):
    shop = Shop(FRONT)
    lumen.run(shop.bring)
    lumen.node.reopen()
    [kept] = failures(lumen)
    now = lumen.node.clock.now
    assert (kept.handle, kept.url, kept.code, kept.tries, kept.at, kept.again) == ("soap", FRONT, "not-served", 1, now, now + HOUR)
    assert "404" in kept.reason
    lumen.node.clock.tick(2 * HOUR)
    lumen.run(shop.bring)
    [kept] = failures(lumen)
    assert (kept.tries, kept.again - kept.at) == (2, 4 * HOUR)
    shop.broken.clear()
    lumen.run(shop.bring)
    assert failures(lumen) == []


def test_by_itself_only_what_is_due_is_tried(lumen):
    shop = Shop(FRONT, BACK)
    lumen.run(shop.bring)
    assert lumen.node.read(pictures.is_due) is False
    lumen.node.clock.tick(HOUR)
    assert lumen.node.read(pictures.is_due) is True
    lumen.node.write(lambda unit: unit.db.execute("UPDATE picture_failures SET again = again + 1 WHERE url = ?", (BACK,)))
    shop.asked.clear()
    lumen.run(shop.bring, due_only=True)
    assert shop.asked == [FRONT]
    assert {item.url: item.tries for item in failures(lumen)} == {FRONT: 2, BACK: 1}


def test_of_too_many_the_oldest_go(lumen, monkeypatch):
    monkeypatch.setattr("node.store.picture_failures.MOST", 3)
    feed, other = bytes([1]) * 32, bytes([2]) * 32
    found = [PictureFailure(feed if at % 2 else other, f"p{at}", FRONT, "not-served", "404", at) for at in (4, 1, 5, 2, 3)]
    lumen.node.write(lambda unit: unit.picture_failures.keep(found[:3]))
    assert [item.at for item in failures(lumen)] == [5, 4, 1]
    lumen.node.write(lambda unit: unit.picture_failures.keep(found[3:]))
    assert [item.at for item in failures(lumen)] == [5, 4, 3]
    lumen.node.write(
        lambda unit: unit.picture_failures.keep(PictureFailure(feed, f"q{at}", BACK, "not-served", "404", 5) for at in range(9))
    )
    assert len(failures(lumen)) == 3, "those of one time are bounded too"


def test_by_hand_one_or_all_are_tried_at_once(lumen):
    shop = Shop(FRONT, BACK)
    lumen.run(shop.bring)
    shop.broken.clear()
    shop.asked.clear()
    lumen.node.write(pictures.hasten, url=BACK)
    lumen.run(shop.bring, due_only=True)
    assert shop.asked == [BACK]
    assert [item.url for item in failures(lumen)] == [FRONT]
    assert lumen.node.write(pictures.hasten) == 1
    lumen.run(shop.bring, due_only=True)
    assert failures(lumen) == []
    with pytest.raises(ConflictError) as refused:
        lumen.node.write(pictures.hasten)
    assert refused.value.code == "nothing-to-do"


def test_what_no_product_asks_for_any_more_is_let_go(lumen):
    lumen.run(Shop(FRONT).bring)
    bring(lumen.node, shopify(line("soap", "S1", "5.00", image=BACK)))
    lumen.run(Shop().bring)
    assert failures(lumen) == []


def test_the_wait_grows_to_a_week():
    assert [wait_after(tries) // HOUR for tries in (1, 2, 3, 4, 5, 50)] == [1, 4, 16, 64, 168, 168]
