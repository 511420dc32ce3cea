"""What peers and the chain may send, and what time does to it, never ends a node: no deadline, delivery or block is stuck for ever."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from node.app.opened import look_after
from node.errors import RemoteRefusal, Unavailable
from node.services import delivery, greeting, orders, peers, roots
from node.services.grant_book import order_facts
from node.services.handlers import EXCHANGE, TICKS
from node.services.order_log import opened
from protocol import order_records as rec
from protocol.codec import LATEST_MS
from protocol.envelope import sign
from protocol.errors import Malformed
from protocol.log import Chain
from protocol.messages import Ack, pack
from protocol.payment import Method
from protocol.plan import LONGEST_HOLD_MS

from .shop import WINDOW
from .test_orders_hostile import ordered

LONG_AGO = 40 * 86_400_000
OWNER = b"\x07" * 20


class Log:
    """The merchant's log of an order, written by a merchant that keeps to no rule but the signatures."""

    def __init__(self, shop, order) -> None:
        self.shop, self.order = shop, order
        row = shop.lumen.read(lambda unit: unit.orders.get(order))
        steps = shop.lumen.read(lambda unit: unit.orders.steps(row.draft))
        head = opened([step.entry for step in steps if step.entry][-1])
        self.chain = Chain(row.log, head.envelope.seq, head.id)

    def put(self, type_, body, created):
        self.chain, entry = self.chain.sign(self.shop.lumen.keys.device, type_, body, created=created)
        return self.shop.world.put(self.shop.lumen.peer, self.shop.ana, "order", pack(entry))

    def accept(self, *, window=0, hold=0):
        now = self.shop.clock.now
        words = (Method.TRANSFER, "X", rec.Instructions.TRANSFER_WITH_REFERENCE)
        self.put(rec.ACCEPTED, rec.OrderAccepted(self.order, 0, (), *words, now + 10**9, now + 10**9, window, hold), now)

    def ship(self, created):
        lines = (rec.ParcelLine(0, 1), rec.ParcelLine(1, 2))
        self.put(rec.SHIPPED, rec.ParcelShipped(self.order, 1, lines, "post", "1"), created)


# --- times that add up to more than a database holds


@pytest.mark.parametrize("field", ["window", "hold"])
def test_a_window_without_end_is_refused_at_the_wire(shop, field):
    """Once: shipped long ago, it was delivered by silence at the next tick, whose sum of times no store could keep."""
    log = Log(shop, shop.placed())
    with pytest.raises(Malformed):
        log.accept(**{field: 2**63 - 1})


def test_the_longest_window_of_a_plan_passes_every_deadline(shop):
    order = shop.placed()
    log = Log(shop, order)
    log.accept(window=LONGEST_HOLD_MS, hold=LONGEST_HOLD_MS)
    log.ship(shop.clock.now - LONG_AGO)
    shop.ana.write(orders.tick)
    assert shop.ana.read(orders.get_order, order=order).status == "FULFILLED"


def test_no_entry_is_dated_beyond_what_times_may_be(shop):
    log = Log(shop, shop.placed())
    log.accept()
    with pytest.raises(Malformed):
        log.ship(LATEST_MS + 1)


def test_the_latest_date_there_is_can_be_reckoned_with(shop):
    log = Log(shop, shop.placed())
    log.accept()
    log.ship(LATEST_MS)
    shop.ana.write(orders.tick)


# --- deadlines


def test_time_goes_on_for_orders_of_peers_that_were_forgotten(shop):
    """Once: the completion had nobody to go to, and the error ended the node at each start."""
    order = shop.delivered()
    shop.lumen.write(peers.forget_peer, peer=shop.ana.peer)
    shop.world.tick(5_000)
    assert shop.lumen.read(orders.get_order, order=order).status == "COMPLETED"


def test_one_deadline_that_fails_keeps_no_other_from_running(shop):
    ran = []

    def broken(unit):
        raise KeyError("of a peer's making")

    def good(unit):
        ran.append(unit.now)

    trouble = asyncio.run(look_after(shop.ana.store, (broken, good)))
    assert "KeyError" in trouble
    assert ran
    assert asyncio.run(look_after(shop.ana.store, TICKS)) == ""


# --- the chain


def root(epoch):
    values = {"merchant": OWNER, "epoch": epoch, "root": b"\1" * 32, "payableTotal": 0, "outstandingTotal": 0}
    values |= {"statementHash": bytes(32), "activeAt": 5}
    return SimpleNamespace(status="confirmed", name="RootProposed", values=values, block_hash=b"\2" * 32, index=0)


@pytest.mark.parametrize(("epoch", "kept"), [(1, True), (2**63 - 1, True), (2**63, False), (2**64 - 1, False)])
def test_a_root_under_an_epoch_beyond_counting_stops_nobody(shop, epoch, kept):
    """Anyone may post one in their own name for the price of a transaction: every node that follows the vault reads it."""
    shop.ana.write(roots.on_chain_fact, root(epoch))
    assert bool(shop.ana.read(lambda unit: unit.commissions.roots(OWNER))) is kept


# --- what an order has to reach before anything is shared


def test_attention_before_the_acceptance_opens_nothing(shop):
    """Once: a merchant that raised attention on a placed order could be given the address without ever accepting."""
    order = shop.placed()
    log, now = Log(shop, order), shop.clock.now
    log.put(rec.ATTENTION, rec.Attention(order, now + 10**6), now)
    assert shop.ana.read(orders.get_order, order=order).status == "NEEDS_ATTENTION"
    assert not shop.ana.read(order_facts, order).open


def test_attention_after_the_delivery_opens_nothing_again(shop):
    order = shop.delivered()
    log, now = Log(shop, order), shop.clock.now
    log.put(rec.ATTENTION, rec.Attention(order, now + 10**6), now)
    assert not shop.ana.read(order_facts, order).open


def test_attention_after_the_acceptance_leaves_it_open(shop):
    order = shop.accepted()
    log, now = Log(shop, order), shop.clock.now
    log.put(rec.ATTENTION, rec.Attention(order, now + 10**6), now)
    assert shop.ana.read(order_facts, order).open


@pytest.mark.parametrize(("window", "code"), [(WINDOW, "uncovered"), (WINDOW + 1, "changed-terms")])
def test_an_acceptance_that_is_not_what_was_ordered_under_is_said(shop, window, code):
    order = shop.placed()
    Log(shop, order).accept(window=window)
    assert shop.ana.read(orders.get_order, order=order).error == code


# --- deliveries


class Network:
    """A peer that answers whatever it likes."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked = 0

    async def request(self, peer_id, addresses, topic, body, deadline):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def attempt(node, network, table=EXCHANGE):
    """One message of the outbox on its way, as the running node sends it; its row afterwards."""
    [message] = node.read(lambda unit: unit.outbox.due())[:1]
    asyncio.run(delivery.Delivery(node.store, network, table)._attempt(message.peer, (), message))
    return node.read(lambda unit: unit.outbox.get(message.id))


def raising(name, error):
    def fail(*_):
        raise error

    return replace(EXCHANGE, **{name: dict.fromkeys(getattr(EXCHANGE, name), fail)})


def test_an_answer_that_breaks_our_reading_of_it_counts_as_refused(shop):
    ordered(shop)
    row = attempt(shop.ana, Network(pack(Ack(bytes(32)))), raising("settles", AssertionError()))
    assert (row.state, row.code, row.reply) == ("refused", "unexpected-reply", None)


def test_a_refusal_whose_consequence_fails_is_a_refusal_all_the_same(shop):
    ordered(shop)
    row = attempt(shop.ana, Network(RemoteRefusal("no", code="because")), raising("fails", KeyError("about")))
    assert (row.state, row.code) == ("refused", "because")


def test_an_answer_that_a_full_disk_could_not_keep_is_asked_for_again(shop):
    """Once it was written down as the peer's refusal, with the disk's code."""
    ordered(shop)
    with pytest.raises(Unavailable):
        attempt(shop.ana, Network(pack(Ack(bytes(32)))), raising("settles", Unavailable("full", code="disk-full")))
    assert shop.ana.read(lambda unit: unit.outbox.due())[0].state == "waiting"


@pytest.mark.parametrize(("code", "goes_on"), [("rate-limited", False), ("busy", False), ("not-ready", True), ("because", True)])
def test_what_a_peer_cannot_take_now_is_not_overtaken(shop, code, goes_on):
    """A later message may need the earlier one, and would be refused for good: a change of a fact that has not come yet."""
    ordered(shop)
    [message] = shop.ana.read(lambda unit: unit.outbox.due())[:1]
    sender = delivery.Delivery(shop.ana.store, Network(RemoteRefusal("later", code=code)), EXCHANGE)
    assert asyncio.run(sender._attempt(message.peer, (), message)) is goes_on


WRONG = ["ack", "hello", "placed", "receipt"]


@pytest.mark.parametrize("wrong", WRONG)
def test_every_message_of_ours_survives_every_kind_of_answer(shop, wrong):
    """Each kind we send, answered by a valid message of another kind: it is refused or kept aside, and nothing else happens."""
    node, device = shop.ana, shop.lumen.keys.device
    replies = {
        "ack": pack(Ack(bytes(32))),
        "hello": pack(shop.lumen.read(greeting.hello)),
        "placed": pack(ordered(shop)[1]),
        "receipt": pack(sign(device, rec.RECEIPT, rec.Receipt(bytes(32)), created=1)),
    }
    for row in node.read(lambda unit: unit.outbox.open()):
        asyncio.run(delivery.Delivery(node.store, Network(replies[wrong]), EXCHANGE)._attempt(row.peer, (), row))
        assert node.read(lambda unit, id_=row.id: unit.outbox.get(id_)).state in ("accepted", "refused")
