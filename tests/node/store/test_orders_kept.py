"""Orders in the store: found by every id they have, steps in order, each entry once, early entries handed out when due."""

import pytest
from sqlcipher3 import dbapi2

from node.model.order import OrderRow, OrderStep


def name(number):
    return bytes([number]) * 32


def row(number, **changes):
    fields = {
        "draft": name(number),
        "side": "seller",
        "peer": name(200),
        "member": name(201),
        "log": name(100 + number),
        "request": b"request",
        "pickup": False,
        "created": number,
    }
    return OrderRow(**{**fields, **changes})


def test_an_order_is_found_by_each_of_its_ids(store):
    kept = row(1, order=name(11), quote=name(21), customer=name(31), status="PLACED", deadline=5)
    store.write_now(lambda unit: unit.orders.keep(kept))
    finds = [
        lambda unit: unit.orders.get(name(1)),
        lambda unit: unit.orders.get(name(11)),
        lambda unit: unit.orders.by_log(name(101)),
        lambda unit: unit.orders.by_quote(name(21)),
        lambda unit: unit.orders.of_customer(name(31))[0],
        lambda unit: unit.orders.due(5, 10)[0],
    ]
    assert [store.read_now(find) for find in finds] == [kept] * len(finds)
    assert store.read_now(lambda unit: (unit.orders.get(name(9)), unit.orders.due(4, 10))) == (None, [])


def test_lists_are_newest_first_and_go_on(store):
    def fill(unit):
        for number in range(1, 6):
            unit.orders.keep(row(number, status="PLACED" if number % 2 else "DRAFT"))

    store.write_now(fill)
    assert [found.created for found in store.read_now(lambda unit: unit.orders.all((), 3))] == [5, 4, 3]
    assert [found.created for found in store.read_now(lambda unit: unit.orders.all((), 3, 3))] == [2, 1]
    assert [found.created for found in store.read_now(lambda unit: unit.orders.all(("PLACED",), 9))] == [5, 3, 1]


def test_a_history_holds_each_entry_once_and_ticks_between(store):
    steps = [OrderStep(1, b"one"), OrderStep(2), OrderStep(3, b"two", b"request")]

    def fill(unit):
        unit.orders.keep(row(1))
        for seq, step in zip((1, None, 2), steps, strict=True):
            unit.orders.add_step(name(1), seq, step)

    store.write_now(fill)
    assert store.read_now(lambda unit: unit.orders.steps(name(1))) == steps
    assert store.read_now(lambda unit: (unit.orders.entry(name(1), 2), unit.orders.entry(name(1), 3))) == (b"two", None)
    with pytest.raises(dbapi2.IntegrityError):
        store.write_now(lambda unit: unit.orders.add_step(name(1), 2, OrderStep(4, b"another two")))
    assert store.read_now(lambda unit: unit.orders.steps(name(1))) == steps


def test_early_entries_wait_once(store):
    def fill(unit):
        unit.orders.keep(row(1))
        unit.orders.keep_early(name(1), 5, b"first")
        unit.orders.keep_early(name(1), 5, b"second")

    store.write_now(fill)
    taken = [store.write_now(lambda unit, seq=seq: unit.orders.take_early(name(1), seq)) for seq in (4, 5, 5)]
    assert taken == [None, b"first", None]


def test_a_request_belongs_to_its_order(store):
    def fill(unit):
        unit.orders.keep(row(1))
        unit.orders.keep(row(2))
        unit.orders.keep_request(name(50), name(1), b"raw")

    store.write_now(fill)
    assert store.read_now(lambda unit: (unit.orders.request(name(50), name(1)), unit.orders.request(name(50), name(2)))) == (b"raw", None)


def test_erasing_a_customer_leaves_the_order_without_them(store):
    def fill(unit):
        for number, customer in ((1, 31), (2, 32)):
            unit.orders.keep(row(number, customer=name(customer)))
            unit.orders.keep_secrets(name(number), name(customer), b"sealed %d" % number)

    store.write_now(fill)
    assert store.write_now(lambda unit: unit.orders.erase_customer(name(31))) == 1
    assert store.write_now(lambda unit: unit.orders.erase_customer(name(31))) == 0
    kept = store.read_now(lambda unit: [(unit.orders.secrets(name(n)), unit.orders.get(name(n)).customer) for n in (1, 2)])
    assert kept == [(None, None), (b"sealed 2", name(32))]
