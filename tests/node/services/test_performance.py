"""Months told to brands: once, when they are over, and nothing small."""

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import orders, performance, quotes, wallet
from node.services.quotes import LineInput
from protocol.envelope import sign
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.messages import pack
from protocol.performance import TYPE, Figure, Performance

from .shop import PLACE, fund
from .test_brand_relays import Chain

MONTH_MS = 31 * performance.DAY_MS


@pytest.fixture
def chain(tmp_path):
    made = Chain(tmp_path)
    for node in (made.lumen, made.ana):
        node.write(wallet.place_chain, PLACE)
    fund(made.lumen, 10**24)
    made.offer()
    made.deliver()
    yield made
    made.world.close()


def sell(chain, count):
    for _ in range(count):
        order = bytes.fromhex(chain.ana.write(quotes.draft, merchant=chain.lumen.identity, lines=[LineInput("cream", 2)], pickup=True).id)
        chain.world.deliver()
        order = bytes.fromhex(chain.ana.write(quotes.place, order=order).id)
        chain.world.deliver()
        chain.lumen.write(orders.accept, order=order)
        chain.world.deliver()


def test_a_month_is_told_once_it_is_over_and_only_once(chain):
    sell(chain, 5)
    with pytest.raises(ConflictError) as caught:
        chain.lumen.write(performance.tell, period="2023-11")
    assert caught.value.code == "month-not-over"
    chain.world.clock.tick(MONTH_MS)
    [told] = chain.lumen.write(performance.tell, period="2023-11")
    assert (told.brand_name, told.products) == ("solis", 1)
    chain.world.deliver()
    [figure] = chain.solis.read(performance.list_figures)
    assert (figure.merchant_name, figure.handle, figure.units, figure.sellers, figure.regions) == ("lumen", "cream", 10, None, ())
    with pytest.raises(ConflictError) as caught:
        chain.lumen.write(performance.tell, period="2023-11")
    assert caught.value.code == "already-told"


def test_what_is_small_is_left_out(chain):
    sell(chain, 4)
    chain.world.clock.tick(MONTH_MS)
    chain.lumen.write(performance.tell, period="2023-11")
    chain.world.deliver()
    [figure] = chain.solis.read(performance.list_figures)
    assert (figure.handle, figure.units, figure.returns, figure.sellers) == ("cream", None, None, None)


def test_who_tells_nothing(chain):
    with pytest.raises(UserError):
        chain.ana.write(performance.tell)
    for period in ("last", "9999-12"):
        with pytest.raises(UserError) as caught:
            chain.lumen.write(performance.tell, period=period)
        assert caught.value.code == "bad-period"
    with pytest.raises(NotFound):
        chain.world.node("alone", "merchant").write(performance.tell, period="2023-01")


def test_figures_in_anothers_name_or_of_anothers_feed_are_refused(chain):
    feed = chain.feed(chain.lumen).feed
    for merchant, whose, period, code in (
        (bytes(32), feed, "2023-01", "wrong-identity"),
        (chain.lumen.identity, bytes(32), "2023-01", "unknown-feed"),
        (chain.lumen.identity, feed, "2099-01", "month-not-over"),
        (chain.lumen.identity, feed, "9999-12", "bad-period"),
        (chain.lumen.identity, feed, "0000-05", "bad-period"),
    ):
        lie = sign(
            chain.lumen.keys.device,
            TYPE,
            Performance(merchant, whose, period, 1, 1, 1, (Figure("cream", 9),)),
            created=chain.world.clock.now,
        )
        with pytest.raises((ProtocolError, UserError)) as caught:
            chain.world.put(chain.lumen.peer, chain.solis, Topic.CATALOG, pack(lie))
        assert caught.value.code == code
    assert chain.solis.read(performance.list_figures) == []


def test_an_earlier_version_of_a_month_does_not_come_back(chain):
    feed, device = chain.feed(chain.lumen).feed, chain.lumen.keys.device

    def told(version, units):
        report = Performance(chain.lumen.identity, feed, "2023-01", version, 1, 1, (Figure("cream", units),))
        signed = sign(device, TYPE, report, created=chain.world.clock.now)
        chain.world.put(chain.lumen.peer, chain.solis, Topic.CATALOG, pack(signed))

    told(2, 9)
    with pytest.raises(ProtocolError) as caught:
        told(1, 7)
    assert caught.value.code == "rollback"
    assert [view.units for view in chain.solis.read(performance.list_figures)] == [9]
