"""Commissions of an order on three real stores: who is owed what, what is told to whom, and what is refused."""

from dataclasses import replace

import pytest

from node.services import facts, ledger, orders
from protocol.commission import CHANGE_TYPE, FACT_TYPE, Change, FactChange
from protocol.envelope import sign, verify
from protocol.errors import Conflict, Unauthorized
from protocol.kinds import Topic
from protocol.ledger import Status
from protocol.messages import pack

from .shop import PLACE, WINDOW, Shop, fund

RATE = 10**16
ANA = 10_400 * 2_000 * RATE // 10_000
BEN = 10_400 * 500 * RATE // 10_000


@pytest.fixture
def shop(sponsored):
    return sponsored


def rows(node, **named):
    return node.read(lambda unit: unit.commissions.all_entries(**named))


def states(shop):
    return [[row.entry.status for row in rows(node)] for node in (shop.lumen, shop.ana, shop.ben)]


def test_the_amounts_are_what_anyone_reckons():
    assert (ANA, BEN) == (20_800_000_000_000_000_000, 5_200_000_000_000_000_000)


def test_an_acceptance_owes_the_seller_and_its_upline(shop):
    order = shop.accepted()
    mine, theirs, hers = rows(shop.ana), rows(shop.ben), rows(shop.lumen)
    assert sum(row.entry.gms for row in mine) == ANA
    assert [row.entry.gms for row in theirs] == [BEN]
    assert sum(row.entry.gms for row in hers) == ANA + BEN
    assert {row.order for row in mine} == {order}
    assert [row.order for row in theirs] == [b""]
    assert {row.entry.id for row in mine} <= {row.entry.id for row in hers}
    accepted = shop.lumen.read(lambda unit: unit.commissions.facts_of_order(order))
    assert {row.fact for row in (*mine, *theirs)} == {fact.hash for fact in accepted}
    assert shop.at(order)[0].cover == str(ANA + BEN)


def test_the_fact_reaches_ben_by_both_ways_once(shop):
    shop.accepted()
    ways = {sent[0] for sent in shop.world.carried if sent[1] == shop.ben.peer and sent[2] == "commission"}
    assert ways == {shop.ana.peer, shop.lumen.peer}
    assert len(rows(shop.ben)) == 1
    [fact] = shop.ben.read(lambda unit: [unit.commissions.fact(row.fact) for row in unit.commissions.all_entries()])
    assert fact.checked
    issuer = shop.ben.read(lambda unit: unit.commissions.issuer(shop.lumen.identity))
    assert issuer == shop.lumen.keys.chain_address(0)


def test_ben_learns_nothing_of_the_order(shop):
    order = shop.accepted()
    assert not any(order in body for peer, to, _, body, _ in shop.world.carried if to == shop.ben.peer)


def test_held_on_delivery_payable_after_the_window(shop):
    shop.delivered()
    assert {status for found in states(shop) for status in found} == {Status.HELD}
    until = {row.entry.hold_until for node in (shop.lumen, shop.ana, shop.ben) for row in rows(node)}
    assert len(until) == 1
    shop.world.tick(WINDOW - 1)
    assert {status for found in states(shop) for status in found} == {Status.HELD}
    shop.world.tick(1)
    shop.world.deliver()
    shop.world.tick()
    assert {status for found in states(shop) for status in found} == {Status.PAYABLE}
    assert {row.entry.payable_at for node in (shop.lumen, shop.ana, shop.ben) for row in rows(node)} == until


def test_a_cancelled_order_owes_nothing(shop):
    order = shop.accepted()
    shop.lumen.write(orders.cancel, order=order, code="out-of-stock")
    shop.world.deliver()
    assert {status for found in states(shop) for status in found} == {Status.VOIDED}
    assert shop.lumen.read(ledger.reserve_free) == 10**24


def test_the_reserve_is_set_aside_until_paid(shop):
    shop.accepted()
    assert shop.lumen.read(ledger.reserve_free) == 10**24 - ANA - BEN
    fund(shop.lumen, 10**24 - ANA, claimed=ANA)
    assert shop.lumen.read(ledger.reserve_free) == 10**24 - ANA - BEN


def test_a_change_that_comes_twice_and_a_restart_count_once(shop):
    shop.ben.online = False
    shop.completed()
    shop.ben.reopen()
    shop.ben.online = True
    shop.world.deliver(lose_replies=True)
    shop.ben.reopen()
    shop.world.deliver()
    shop.world.tick()
    assert [row.entry.status for row in rows(shop.ben)] == [Status.PAYABLE]


def test_without_a_sponsor_nobody_above_is_owed(tmp_path):
    shop = Shop(tmp_path)
    shop.accepted()
    assert sum(row.entry.gms for row in rows(shop.lumen)) == ANA
    assert rows(shop.ben) == []
    shop.world.close()


# --- hostile


def fact_for_ben(shop):
    shop.accepted()
    [row] = rows(shop.ben)
    return facts.fact_of(shop.ben.read(lambda unit: unit.commissions.fact(row.fact)))


def signed_again(shop, fact, *, twin=True, signer=None):
    if twin:
        fact = replace(fact, chain_signature=shop.lumen.keys.chain_sign(0, facts.twin_digest(PLACE, fact)))
    return sign(signer or shop.lumen.keys.device, FACT_TYPE, fact, created=shop.clock.now)


def refusal(shop, signed, sender=None):
    with pytest.raises((Conflict, Unauthorized)) as caught:
        shop.world.put((sender or shop.lumen).peer, shop.ben, Topic.COMMISSION, pack(signed))
    return caught.value.code


def test_control_an_honest_fact_is_taken(shop):
    fact = replace(fact_for_ben(shop), order=bytes(32))
    shop.world.put(shop.lumen.peer, shop.ben, Topic.COMMISSION, pack(signed_again(shop, fact)))
    assert len(rows(shop.ben)) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": BEN + 1}, "bad-fact"),
        ({"bps": 400}, "bad-fact"),
        ({"payee": bytes(20)}, "wrong-payee"),
        ({"hold_ms": 1}, "wrong-plan"),
        ({"plan": bytes(32)}, "not-ready"),
    ],
)
def test_a_fact_that_is_not_as_planned_is_refused(shop, changes, code):
    fact = replace(fact_for_ben(shop), order=bytes(32), **changes)
    assert refusal(shop, signed_again(shop, fact)) == code
    assert len(rows(shop.ben)) == 1


def test_a_fact_signed_by_another_chain_key_is_refused(shop):
    fact = replace(fact_for_ben(shop), order=bytes(32), issuer=shop.ana.keys.chain_address(0))
    fact = replace(fact, chain_signature=shop.ana.keys.chain_sign(0, facts.twin_digest(PLACE, fact)))
    assert refusal(shop, signed_again(shop, fact, twin=False)) == "wrong-issuer"


def test_a_fact_whose_twin_says_less_is_refused(shop):
    fact = fact_for_ben(shop)
    twin = shop.lumen.keys.chain_sign(0, facts.twin_digest(PLACE, replace(fact, order=bytes(32), amount=1)))
    assert refusal(shop, signed_again(shop, replace(fact, order=bytes(32), chain_signature=twin), twin=False)) == "wrong-issuer"


def test_a_fact_in_anas_own_hand_is_refused(shop):
    fact = replace(fact_for_ben(shop), order=bytes(32))
    assert refusal(shop, signed_again(shop, fact, signer=shop.ana.keys.device), shop.ana) == "not-live"


def test_a_fact_for_somebody_else_is_refused(shop):
    fact = replace(fact_for_ben(shop), order=bytes(32), member=bytes(32))
    assert refusal(shop, signed_again(shop, fact), shop.ana) == "wrong-payee"


def test_only_the_merchant_changes_its_facts(shop):
    shop.accepted()
    [row] = rows(shop.ben)
    change = FactChange(row.fact, 1, Change.VOIDED, shop.clock.now, 0, 0)
    by_ana = sign(shop.ana.keys.device, CHANGE_TYPE, change, created=shop.clock.now)
    assert refusal(shop, by_ana, shop.ana) == "wrong-identity"
    gap = sign(shop.lumen.keys.device, CHANGE_TYPE, replace(change, seq=2), created=shop.clock.now)
    assert refusal(shop, gap) == "out-of-order"
    assert [row.entry.status for row in rows(shop.ben)] == [Status.ACCRUED]


def test_without_its_own_fact_a_seller_still_knows_what_it_is_owed(shop):
    order = shop.placed()
    shop.lumen.write(orders.accept, order=order)
    # the seller never gets its own fact
    [own] = [row for row in shop.lumen.read(lambda unit: unit.commissions.facts_of_order(order)) if row.level == 0]
    signed = verify(own.raw, FACT_TYPE)
    bodies = {entry.id: entry for entry in shop.lumen.read(lambda unit: unit.outbox.open(shop.ana.peer))}
    [planted] = [entry.id for entry in bodies.values() if entry.body == pack(signed)]
    assert shop.lumen.write(lambda unit: unit.outbox.withdraw(planted))
    shop.world.deliver()
    mine = rows(shop.ana)
    assert sum(row.entry.gms for row in mine) == ANA
    assert {row.fact for row in mine} == {b""}
