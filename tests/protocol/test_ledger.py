"""The ledger entry: its table, its vectors, and that what is owed never grows and never vanishes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_commission import ENTRY, FACT
from parts import named, plain
from sale import ANA_MEMBER, BEN_MEMBER, RATE, allocation
from scripted import check_table, check_vector

from protocol import ledger as m
from protocol.commission import Change, FactChange, fact_hash
from protocol.errors import IllegalTransition, OutOfOrder, ProtocolError

ROOT = Path(__file__).parents[2]
VECTORS = [found for found in json.loads((ROOT / "tests/vectors/commission.json").read_text()) if found["kind"] == "machine"]


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_vector(found):
    start = ENTRY
    if found["input"]["start"] != plain(ENTRY):
        start = m.adjustment(ENTRY, m.PostAdjustment(RATE, 1), cause=named("refund"), at=900)
    assert plain(start) == found["input"]["start"]
    for _, part in found["input"]["events"]:
        part.update({name: int(value) for name, value in part.items() if name == "gms"})
    if found["expect"] == "ok":
        state, effects = check_vector(m, start, found)
        assert plain(state) == found["output"]["state"]
        assert plain(effects) == found["output"]["effects"]
    else:
        with pytest.raises(ProtocolError) as caught:
            check_vector(m, start, found)
        assert caught.value.code == found["expect"]


EVENTS = {
    m.Held: lambda s: m.Held(s.seq + 1, 1, 500),
    m.Released: lambda s: m.Released(s.seq + 1, 1, 400),
    m.Batched: lambda s: m.Batched(s.seq + 1, 1, 1),
    m.Paid: lambda s: m.Paid(s.seq + 1, 1),
    m.Reduced: lambda s: m.Reduced(s.seq + 1, 1, RATE, 1),
    m.Voided: lambda s: m.Voided(s.seq + 1, 1, "unpaid"),
    m.Tick: lambda _: m.Tick(500),
}


def test_every_status_and_event():
    check_table(m, {status: replace(ENTRY, status=status, seq=5) for status in m.Status}, EVENTS)


def test_the_diagram_is_drawn_from_the_table():
    assert (ROOT / "docs/protocol/diagrams/ledger.mmd").read_text() == m.diagram()


def test_an_acceptance_writes_one_entry_for_each_payee_and_line():
    entries = m.accrue(named("order"), named("accepted"), allocation().accruals)
    assert len({entry.id for entry in entries}) == len(entries) == 4
    assert {entry.key.payee for entry in entries} == {ANA_MEMBER, BEN_MEMBER}
    again = m.accrue(named("order"), named("accepted"), allocation().accruals)
    assert [entry.id for entry in again] == [entry.id for entry in entries]


def test_the_key_names_each_of_its_parts():
    changed = [
        replace(ENTRY.key, **{name: value})
        for name, value in (
            ("order", bytes(32)),
            ("line", 9),
            ("payee", bytes(32)),
            ("level", 9),
            ("plan", bytes(32)),
            ("cause", bytes(32)),
        )
    ]
    assert len({m.entry_id(key) for key in (ENTRY.key, *changed)}) == 7


def changes(*steps):
    return [FactChange(fact_hash(FACT), seq, kind, at, gms, 0) for seq, (kind, at, gms) in enumerate(steps, start=1)]


def test_a_payee_follows_its_fact_beside_its_own_batches():
    entry = m.entry_of_fact(FACT)
    assert (entry.gms, entry.minor, entry.key.payee) == (520 * RATE, 520, BEN_MEMBER)
    held, released, reduced = changes((Change.HELD, 500, 0), (Change.RELEASED, 600, 0), (Change.REDUCED, 900, RATE))
    for change in (held, held, released, released):
        entry, _ = m.apply_change(entry, change)
    assert m.recompute([entry], 599) == m.Balance(0, 520 * RATE)
    assert m.recompute([entry], 600) == m.Balance(520 * RATE, 520 * RATE)
    entry, _ = m.apply(entry, m.Tick(600))
    entry, _ = m.apply(entry, m.Batched(entry.seq + 1, 700, 1))
    entry, effects = m.apply_change(entry, reduced)
    assert effects == (m.PostAdjustment(RATE, 0),)
    assert m.apply_change(entry, reduced) == (entry, ())
    minus = m.adjustment(entry, effects[0], cause=named("refund"), at=900)
    assert m.recompute([entry, minus], 900) == m.Balance(519 * RATE, 519 * RATE)


def test_changes_of_another_fact_or_with_a_gap():
    entry = m.entry_of_fact(FACT)
    with pytest.raises(ProtocolError) as caught:
        m.apply_change(entry, FactChange(named("other"), 1, Change.HELD, 1, 0, 0))
    assert caught.value.code == "wrong-fact"
    with pytest.raises(OutOfOrder):
        m.apply_change(entry, changes((Change.HELD, 1, 0), (Change.VOIDED, 1, 0))[1])
    voided, _ = m.apply_change(entry, changes((Change.VOIDED, 1, 0))[0])
    assert m.recompute([voided], 10**15) == m.Balance(0, 0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([kind for kind in get_args(m.Event) if kind not in (m.Tick, m.Reduced)]), st.integers(-1, 1)),
        st.integers(0, 1_000),
        st.integers(1, 3_000).map(lambda minor: m.Reduced(0, 1, minor * RATE, minor)),
    ),
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_what_is_owed_is_conserved(steps):
    """Amount + adjustments = accrued - reduced, whatever happens; a terminal entry keeps its status; replay gives the same entry."""
    entry, minus, taken, log = ENTRY, [], 0, []
    for step in steps:
        if isinstance(step, int):
            event = m.Tick(step)
        elif isinstance(step, m.Reduced):
            event = replace(step, seq=entry.seq + 1)
        else:
            event = EVENTS[step[0]](entry)
            event = replace(event, seq=event.seq + step[1])
        try:
            after, effects = m.apply(entry, event)
        except (IllegalTransition, OutOfOrder):
            continue
        if after != entry:
            log.append(event)
            taken += event.gms if isinstance(event, m.Reduced) else 0
        minus += [m.adjustment(after, effect, cause=named(str(len(minus))), at=1) for effect in effects]
        if entry.status in (m.Status.PAID, m.Status.VOIDED):
            assert after.status is entry.status
        entry = after
    assert entry.gms + sum(part.gms for part in minus) == ENTRY.gms - taken
    assert entry.gms >= 0
    balance = m.recompute([entry, *minus], 10**15)
    assert balance.outstanding == (0 if entry.status is m.Status.VOIDED else ENTRY.gms - taken)
    again = ENTRY
    for event in log:
        again, _ = m.apply(again, event)
    assert again == entry
