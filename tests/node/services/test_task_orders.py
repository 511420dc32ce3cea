"""Rules about orders: a follow-up after the delivery, a reorder when it is due, silence since the last order. And the rule's arithmetic."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.model.customer import Customer
from node.model.person import Contact, Labelled, Names
from node.model.task import Channel
from node.model.task_rule import DEFAULTS, Kind, Purchase, reorder, way_for
from node.model.wishes import barred
from node.services import erasure, fulfilment, orders, purchases, quotes, task_rules, tasks

from .shop import CUSTOMER

DAY = 86_400_000
OTHER = bytes([9]) * 32
MONDAY = date(2026, 3, 2)


def looks(shop):
    shop.ana.write(purchases.tick)
    shop.ana.write(task_rules.tick)
    return shop.ana.read(tasks.list_tasks).tasks


def on(shop, rule, **numbers):
    shop.ana.write(task_rules.set_rule, rule=rule, on=True, **numbers)


def test_some_days_after_the_delivery_the_order_is_asked_about(shop):
    on(shop, "delivered", days=7)
    order = shop.paid()
    shop.clock.tick(3 * DAY)
    shop.lumen.write(fulfilment.ship, order=order)
    shop.world.deliver()
    shop.clock.tick(2 * DAY)
    assert looks(shop) == []
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    shop.world.deliver()
    shop.clock.tick(6 * DAY)
    assert looks(shop) == []
    shop.clock.tick(DAY)
    (task,) = looks(shop)
    assert (task.title, task.customer, task.rule, task.days) == ("Ask how the order was", CUSTOMER.hex(), "delivered", 0)
    found = shop.ana.read(orders.get_order, order=bytes.fromhex(task.order))
    assert found.id == order.hex()
    shop.clock.tick(DAY)
    assert len(looks(shop)) == 1
    assert looks(shop)[0].days == -1


def test_a_delivery_long_ago_is_nobodys_task_when_the_rule_is_switched_on(shop):
    shop.delivered()
    shop.clock.tick(40 * DAY)
    on(shop, "delivered", days=7)
    assert looks(shop) == []


def test_a_reorder_is_expected_after_the_middle_of_the_intervals(shop):
    on(shop, "reorder", days=3)
    shop.placed(("serum", 1))
    for after in (40, 50):
        shop.clock.tick(after * DAY)
        shop.placed(("serum", 2), ("cream", 1))
        assert looks(shop) == []
    shop.clock.tick(41 * DAY)  # the middle of 40 and 50 is 45; three days ahead is 42
    assert looks(shop) == []
    shop.clock.tick(DAY)
    serum, cream = None, None
    for task in looks(shop):
        serum, cream = (task, cream) if "serum" in task.title else (serum, task)
    assert (serum.days, cream) == (3, None)
    assert serum.note.startswith("Ordered on 3 days, usually every 45 days; last on ")
    shop.clock.tick(5 * DAY)  # cream was ordered twice, fifty days apart
    assert sorted(task.title for task in looks(shop)) == ["Ask about Product cream – Cream again", "Ask about Product serum – Serum again"]


def test_an_order_that_was_refused_is_no_purchase(shop):
    for _ in range(2):
        order = shop.placed(("serum", 1))
        shop.ana.write(purchases.tick)
        shop.lumen.write(orders.reject, order=order, code="out-of-stock")
        shop.world.deliver()
        shop.clock.tick(30 * DAY)
    on(shop, "reorder")
    assert looks(shop) == []
    assert shop.ana.read(lambda unit: unit.purchases.products(CUSTOMER)) == []
    assert shop.ana.read(lambda unit: unit.notes.last_contact(CUSTOMER)) is not None  # they spoke all the same


def test_a_quote_is_no_contact_and_an_order_is(shop):
    shop.draft()
    shop.world.deliver()
    shop.ana.write(purchases.tick)
    assert shop.ana.read(lambda unit: unit.notes.last_contact(CUSTOMER)) is None
    shop.placed()
    at = shop.clock.now
    shop.clock.tick(DAY)
    shop.ana.write(purchases.tick)
    assert shop.ana.read(lambda unit: unit.notes.last_contact(CUSTOMER)) == at


def test_an_order_that_became_anothers_counts_for_them_only(shop):
    """As when two records of a person are merged."""
    shop.ana.write(lambda unit: unit.customers.keep(Customer(OTHER, Contact(0, Names("Grace H.")), unit.now, unit.now)))
    for _ in range(2):
        shop.placed(("serum", 1))
        shop.clock.tick(30 * DAY)
    shop.ana.write(purchases.tick)
    shop.ana.write(lambda unit: unit.db.execute("UPDATE orders SET customer = ?", (OTHER,)))
    shop.ana.write(purchases.tick)
    known = shop.ana.read(lambda unit: [(unit.purchases.products(id_), unit.notes.last_contact(id_)) for id_ in (CUSTOMER, OTHER)])
    assert known[0] == ([], None)
    assert [sku for _, sku in known[1][0]] == ["serum"]
    on(shop, "reorder")
    assert [task.customer_name for task in looks(shop)] == ["Grace H."]


def test_nothing_is_left_of_an_erased_customer(shop):
    for _ in range(2):
        shop.completed(("serum", 1))
        shop.clock.tick(30 * DAY)
    for rule in Kind:
        on(shop, rule, days=20)
    assert looks(shop)
    shop.ana.write(erasure.erase_customer, customer=CUSTOMER)
    shop.clock.tick(DAY)
    assert looks(shop) == []
    tables = ("tasks", "customer_orders", "customer_purchases", "customer_reorders", "customer_notes")
    counts = shop.ana.read(lambda unit: [unit.db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables])
    assert counts == [0] * 5


def test_orders_of_an_older_store_are_read_some_at_a_time(shop, monkeypatch):
    monkeypatch.setattr(purchases, "AT_ONCE", 2)
    for _ in range(5):
        shop.placed(("serum", 1))
    left = []
    for _ in range(4):
        shop.ana.write(purchases.tick)
        left.append(shop.ana.read(lambda unit: unit.db.execute("SELECT count(*) FROM order_news").fetchone()[0]))
    assert left == [3, 1, 0, 0]


def test_control_without_the_triggers_no_order_is_followed(shop):
    shop.ana.write(lambda unit: [unit.db.execute(f"DROP TRIGGER order_news_{name}") for name in ("added", "changed")])
    shop.placed()
    shop.ana.write(purchases.tick)
    assert shop.ana.read(lambda unit: unit.notes.last_contact(CUSTOMER)) is None


def test_a_quote_that_expired_is_no_order(shop):
    shop.ana.write(quotes.draft, merchant=shop.lumen.identity, lines=[quotes.LineInput("serum", 1)], customer=CUSTOMER)
    shop.ana.write(purchases.tick)
    assert shop.ana.read(lambda unit: unit.purchases.products(CUSTOMER)) == []


# --- the arithmetic


def bought(*days):
    return [Purchase(b"m" * 32, "serum", "Serum", MONDAY + timedelta(days=day), bytes([number])) for number, day in enumerate(days)]


@pytest.mark.parametrize(
    ("days", "every", "due"),
    [
        ((0,), None, None),
        ((0, 0), None, None),
        ((0, 30), 30, 60),
        ((0, 40, 90), 45, 135),
        ((0, 40, 91), 46, 137),
        ((0, 10, 20, 120), 10, 130),
        ((120, 0, 20, 10, 10), 10, 130),
    ],
)
def test_when_a_reorder_is_due(days, every, due):
    found = reorder(CUSTOMER, bought(*days))
    assert (found and found.every, found and (found.due - MONDAY).days) == (every, due)


@given(st.lists(st.integers(0, 3000), min_size=2, max_size=12, unique=True))
def test_a_reorder_is_no_sooner_than_the_shortest_interval_and_no_later_than_the_longest(days):
    found = reorder(CUSTOMER, bought(*days))
    ordered = sorted(days)
    between = [after - before for before, after in pairwise(ordered)]
    assert min(between) <= found.every <= max(between)
    assert found.due == found.last + timedelta(days=found.every)
    assert sum(gap <= found.every for gap in between) * 2 >= len(between)


@pytest.mark.parametrize(
    ("label", "value", "closed"),
    [
        ("no calls", "yes", {"call"}),
        ("No calls", "", {"call"}),
        ("", "Please do not call me, ever", {"call"}),
        ("calls", "never", {"call"}),
        ("calls", "no", {"call"}),
        ("no calls", "no", set()),
        ("contact", "no", {"call", "message", "visit", "other"}),
        ("", "Don’t text or call", {"message", "call"}),
        ("no e-mail", "true", {"message"}),
        ("no visits", "yes", {"visit"}),
        ("size", "no 38", set()),
        ("allergies", "nuts, no call for worry otherwise", {"call"}),
        ("best", "call in the evening", set()),
        ("", "No contact", {"call", "message", "visit", "other"}),
        ("", "Keine Anrufe", {"call"}),
        ("Anrufe", "nie", {"call"}),
        ("", "Bitte nicht mehr anrufen", {"call"}),
        ("", "No llamar, por favor", {"call"}),
        ("", "Sin publicidad", {"call", "message", "visit", "other"}),
        ("", "Ne pas appeler ni écrire", {"call", "message"}),
        ("", "Non telefonare", {"call"}),
        ("", "Não ligar", {"call"}),
        ("", "sem mensagens", {"message"}),
        ("", "llamar por la tarde", set()),
        ("telefon", "abends", set()),
    ],
)
def test_what_a_preference_rules_out(label, value, closed):
    person = Contact(0, Names("A"), preferences=(Labelled(label, value),))
    assert {way.value for way in barred(person)} == closed


def test_portuguese_is_read_by_itself():
    """Where "no WhatsApp" means: on it."""
    wish = (Labelled("", "Prefere no WhatsApp"),)
    assert barred(Contact(0, Names("A"), preferences=wish, language="pt-BR")) == frozenset()
    assert barred(Contact(0, Names("A"), preferences=wish)) == {Channel.MESSAGE}
    assert barred(Contact(0, Names("A"), preferences=(Labelled("", "Não ligar"),), language="pt")) == {Channel.CALL}


def test_a_call_becomes_a_message_where_calls_are_not_wanted_and_nothing_where_neither_is():
    rule = DEFAULTS[Kind.QUIET]
    wishes = [(), (Labelled("no calls", ""),), (Labelled("no calls", ""), Labelled("no messages", ""))]
    ways = [way_for(rule, Contact(0, Names("A"), preferences=wish)) for wish in wishes]
    assert ways == [Channel.CALL, Channel.MESSAGE, None]
