"""The parcel machine: its table, its vectors, and that a parcel arrives once at most."""

import json
from pathlib import Path
from typing import get_args

import make_fulfilment
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import told
from parts import plain, text
from scripted import check_vector

from protocol import fulfilment as m
from protocol.errors import IllegalTransition, OutOfOrder, ProtocolError

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/fulfilment.json").read_text())
KINDS = (m.Packed, m.Shipped, m.InTransit, m.Delivered, m.DeliveryFailed, m.Returned, m.Ready, m.HandedOver)


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/fulfilment.json").read_text() == text(make_fulfilment.vectors())


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_vector(found):
    start = m.Parcel(**{**found["input"]["start"], "status": m.Status.PENDING})
    if found["expect"] == "ok":
        state, effects = check_vector(m, start, found)
        assert plain(state) == found["output"]["state"]
        assert effects == found["output"]["effects"]
    else:
        with pytest.raises(ProtocolError) as caught:
            check_vector(m, start, found)
        assert caught.value.code == found["expect"]


def test_every_status_and_event():
    events = {kind: lambda s, kind=kind: kind(s.seq + 1, 1) for kind in KINDS} | {m.Tick: lambda _: m.Tick(1)}
    for pickup in (False, True):
        refused = m.Packed if pickup else m.Ready
        for status in m.Status:
            state = m.Parcel(1, 3, pickup, status, 5)
            for kind, make in events.items():
                allowed = m.TRANSITIONS[status].get(kind, ())
                if status is m.Status.PENDING and kind is refused:
                    allowed = ()
                try:
                    after, _ = m.apply(state, make(state))
                except IllegalTransition:
                    assert not allowed, (status, kind)
                else:
                    assert after.status in allowed, (status, kind)


def test_the_table_names_every_status_and_event():
    assert set(m.TRANSITIONS) == set(m.Status)
    assert {kind for row in m.TRANSITIONS.values() for kind in row} == set(get_args(m.Event))


def test_the_diagram_is_drawn_from_the_table():
    assert (ROOT / "docs/protocol/diagrams/fulfilment.mmd").read_text() == m.diagram()


@settings(max_examples=100, deadline=None)
@given(
    pickup=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-1, 1)) | st.integers(0, 2 * m.SILENT_MS), max_size=25),
)
def test_units_are_conserved(pickup, steps):
    """The pieces arrive or come back, once, and never both; replay gives the same parcel."""
    parcel = start = m.Parcel(1, 3, pickup)
    effects, log = [], []
    for step in steps:
        event = m.Tick(step) if isinstance(step, int) else step[0](parcel.seq + 1 + step[1], 1)
        try:
            after, found = m.apply(parcel, event)
        except (IllegalTransition, OutOfOrder):
            continue
        if after != parcel:
            log.append(event)
        parcel, effects = after, [*effects, *found]
    assert len(effects) <= 1
    assert len(effects) == (parcel.status in {*m.DONE, m.Status.RETURNED})
    assert all(told(effect)[1]["units"] == 3 for effect in effects)
    for event in log:
        start, _ = m.apply(start, event)
    assert start == parcel
