"""What rules look into is a page of an index, however many customers there are."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from node.model.customer import Customer
from node.model.person import Contact, Names
from node.model.task_rule import DEFAULTS, Kind
from node.store.store import Store
from node.store.unit import Unit

DAY = 86_400_000
MANY = 1000

Look = Callable[[Unit[str]], Any]
LOOKS: dict[str, Look] = {
    "born": lambda unit: unit.task_rules.born("03-12", b"", 10),
    "silent": lambda unit: unit.task_rules.silent(10 * DAY, (-1, b""), 10),
    "delivered": lambda unit: unit.task_rules.delivered(10 * DAY, (0, b""), 10),
    "reorders": lambda unit: unit.task_rules.reorders("2026-03-12", ("2026-01-01", b"", b"", ""), 10),
    "person": lambda unit: unit.task_rules.person(b"x" * 32),
    "looking": lambda unit: unit.task_rules.looking(1),
    "made": lambda unit: unit.tasks.made("birthday", b"x" * 32, "2026"),
    "waits": lambda unit: unit.tasks.waits("quiet", b"x" * 32),
    "made_since": lambda unit: unit.tasks.made_since("birthday", 0),
    "open": lambda unit: unit.tasks.open("2026-01-01", "2026-01-02", 10),
    "done": lambda unit: unit.tasks.done(0, (2**62, b""), 10),
    "due": lambda unit: unit.tasks.due("2026-01-01"),
    "of_customer": lambda unit: unit.tasks.of_customer(b"x" * 32, 10),
    "forget_dropped": lambda unit: unit.tasks.forget_dropped(1),
    "notes": lambda unit: unit.notes.of_customer(b"x" * 32, 2**62, 10),
    "forget_removed": lambda unit: unit.notes.forget_removed(1),
    "recount": lambda unit: unit.notes.recount(b"x" * 32),
    "news": lambda unit: unit.purchases.take_news(5),
    "products": lambda unit: unit.purchases.products(b"x" * 32),
}
SMALL = {"task_rules", "order_news"}


def scans(unit: Unit[str], look: Look) -> list[str]:
    """The tables that a look reads whole: what the engine says of each statement it ran."""
    ran: list[tuple[str, Any]] = []
    with unit.db.tracer(lambda sql, values: ran.append((sql, values))):
        look(unit)
    assert ran
    found = []
    for sql, values in ran:
        plan = unit.db.execute("EXPLAIN QUERY PLAN " + sql, values or ()).fetchall()
        found += [row[3] for row in plan if row[3].startswith("SCAN") and "INDEX" not in row[3] and "CONSTANT" not in row[3]]
    return [line for line in found if not any(name in line for name in SMALL) and "subquery" not in line.lower()]


@pytest.fixture
def filled(store: Store[str]) -> Store[str]:
    def fill(unit: Unit[str]) -> None:
        for number in range(MANY):
            person = Contact(0, Names(f"N{number}"), birthday=f"1990-{number % 12 + 1:02}-{number % 28 + 1:02}" if number % 3 else "")
            unit.customers.keep(Customer(os.urandom(32), person, number, number, None, 1 if number % 50 == 0 else None))
        unit.db.execute("ANALYZE main")

    store.write_now(fill)
    return store


@pytest.mark.parametrize("name", LOOKS)
def test_no_look_reads_a_whole_table(filled: Store[str], name: str) -> None:
    assert filled.write_now(lambda unit: scans(unit, LOOKS[name])) == []


def test_control_a_whole_table_is_noticed(filled: Store[str]) -> None:
    assert filled.write_now(lambda unit: scans(unit, lambda found: found.db.execute("SELECT id FROM customers WHERE updated = 3"))) != []


def test_the_birthday_is_read_out_of_the_record_whoever_writes_it(store: Store[str]) -> None:
    def born(birthday: str) -> list[str]:
        store.write_now(lambda unit: unit.customers.keep(Customer(b"m" * 32, Contact(0, Names("M"), birthday=birthday), 1, 1)))
        days = ("03-12", "02-29")
        return store.read_now(lambda unit: [whole for day in days for _, whole in unit.task_rules.born(day, b"", 5)])

    assert [born(text) for text in ("1990-03-12", "--03-12", "2000-02-29", "")] == [["1990-03-12"], ["--03-12"], ["2000-02-29"], []]


def test_a_rule_set_anew_looks_anew(store: Store[str]) -> None:
    rule = replace(DEFAULTS[Kind.BIRTHDAY], on=True)

    def looking(hour: int) -> list[tuple[Kind, str]]:
        return store.read_now(lambda unit: unit.task_rules.looking(hour))

    store.write_now(lambda unit: unit.task_rules.keep(replace(rule, on=False)))
    assert looking(1) == []
    store.write_now(lambda unit: unit.task_rules.keep(rule))
    store.write_now(lambda unit: unit.task_rules.looked(Kind.BIRTHDAY, None, "there"))
    assert looking(1) == [(Kind.BIRTHDAY, "there")]
    store.write_now(lambda unit: unit.task_rules.looked(Kind.BIRTHDAY, 1, ""))
    assert (looking(1), looking(2)) == ([], [(Kind.BIRTHDAY, "")])
    store.write_now(lambda unit: unit.task_rules.keep(rule))
    assert looking(1) == [(Kind.BIRTHDAY, "")]
