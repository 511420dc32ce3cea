"""Whatever fails in between: each message arrives, and each peer's first arrivals are in order of adding."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.store import outbox as module
from node.store.outbox import LAST_RETRY_MS

_fresh = itertools.count(1)
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "look", "look", "look", "wait", "wake"]), st.integers(0, 2), st.integers(0, 5)), max_size=40
)
COMMON = {"max_examples": 40, "deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def dispatch(store, arrived, fate):
    """Send what is due as the dispatcher does: a peer's batch stops at its first failure."""
    stopped = set()
    for number, row in enumerate(store.write_now(lambda unit: unit.outbox.due())):
        if row.peer in stopped:
            continue
        outcome = (number + fate) % 3
        if outcome != 0:
            arrived.setdefault(row.peer, {}).setdefault(row.id)
        if outcome == 2:
            store.write_now(lambda unit, row=row: unit.outbox.acked(row.id, b""))
        else:  # nothing arrived, or the answer was lost
            store.write_now(lambda unit, row=row: unit.outbox.retry(row.id, "unavailable"))
            stopped.add(row.peer)


def play(store, clock, steps):
    run = next(_fresh)
    added, arrived = {}, {}
    for verb, which, number in steps:
        peer = f"{run}/{which}"
        if verb == "add":
            name = next(_fresh).to_bytes(32, "big")
            added.setdefault(peer, []).append(name)
            store.write_now(lambda unit, peer=peer, name=name: unit.outbox.add(name, peer, "t", b""))
        elif verb == "look":
            dispatch(store, arrived, number)
        elif verb == "wait":
            clock.now += 30_000 << number
        else:
            store.write_now(lambda unit, peer=peer: unit.outbox.wake(peer))
    for number in range(3 * len(steps) + 3):  # in the end everybody can be reached
        clock.now += LAST_RETRY_MS
        dispatch(store, arrived, number)
    return added, {peer: list(names) for peer, names in arrived.items()}


@given(steps=STEPS)
@settings(**COMMON)
def test_order_and_arrival_hold(store, clock, steps):
    added, arrived = play(store, clock, steps)
    assert arrived == added
    assert store.read_now(lambda unit: unit.outbox.open()) == []


def test_control_without_the_wait_for_earlier_rows_order_breaks(store, clock, monkeypatch):
    def careless(self, limit=100):
        sql = f"SELECT {module._COLUMNS} FROM outbox WHERE finished IS NULL AND due <= ? ORDER BY seq LIMIT ?"
        return self._rows(sql, (self._now, limit))

    monkeypatch.setattr(module.Outbox, "due", careless)
    steps = [("add", 0, 0), ("look", 0, 0), ("add", 0, 0), ("look", 0, 2)]
    added, arrived = play(store, clock, steps)
    with pytest.raises(AssertionError):
        assert arrived == added
