"""The order machine: its table, its vectors, and any events in any order."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import make_order
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from machines import code_of
from parts import plain, text
from scripted import check_vector

from protocol import order as m
from protocol.cancellation import RULES, CancelCode, Party
from protocol.codec import from_bytes
from protocol.errors import IllegalTransition, OutOfOrder, ProtocolError
from protocol.order_checks import check_placed
from protocol.order_records import OrderPlaced, Quote

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/order.json").read_text())
S = m.Status


def of_kind(kind):
    return [pytest.param(found, id=found["comment"]) for found in VECTORS if found["kind"] == kind]


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/order.json").read_text() == text(make_order.vectors())


@pytest.mark.parametrize("found", of_kind("machine"))
def test_machine_vector(found):
    if found["expect"] == "ok":
        state, effects = check_vector(m, m.Order(), found)
        assert plain(state) == found["output"]["state"]
        assert effects == found["output"]["effects"]
    else:
        with pytest.raises(ProtocolError) as caught:
            check_vector(m, m.Order(), found)
        assert caught.value.code == found["expect"]


@pytest.mark.parametrize("found", of_kind("check"))
def test_check_vector(found):
    given = {name: bytes.fromhex(value) for name, value in found["input"].items() if isinstance(value, str)}
    placed, quote = from_bytes(OrderPlaced, given["placed"]), from_bytes(Quote, given["quote"])
    who = {"merchant": given["merchant"], "author": given["author"]}
    assert code_of(check_placed, placed, quote, given["quote_id"], **who, now=found["input"]["now"]) == found["expect"]


def order(status, **changes):
    known = m.Order(status, 10, 1_000, 2_000, 3_000, 500, 0)
    return replace(known, **changes)


STATES = {
    S.DRAFT: m.Order(),
    S.QUOTED: order(S.QUOTED),
    S.PLACED: order(S.PLACED),
    S.ACCEPTED: order(S.ACCEPTED),
    S.IN_FULFILMENT: order(S.IN_FULFILMENT, claims=1),
    S.FULFILLED: order(S.FULFILLED, funded=True, claims=0, delivered_at=100),
    S.COMPLETED: order(S.COMPLETED, delivered_at=100),
    S.NEEDS_ATTENTION: order(S.NEEDS_ATTENTION, resume=S.IN_FULFILMENT, attention_until=5_000, claims=1),
    S.REJECTED: order(S.REJECTED),
    S.EXPIRED: order(S.EXPIRED),
    S.CANCELLED: order(S.CANCELLED),
}
AT = 900


def a_cancel(state):
    stage = state.resume if state.status is S.NEEDS_ATTENTION else state.status
    code = next((code for code, rule in RULES.items() if stage in rule.stages), CancelCode.UNDELIVERABLE)
    return m.Cancelled(state.seq + 1, AT, code)


EVENTS = {
    m.Quoted: lambda s: m.Quoted(s.seq + 1, AT, 1_000),
    m.Placed: lambda s: m.Placed(s.seq + 1, AT, 2_000),
    m.Accepted: lambda s: m.Accepted(s.seq + 1, AT, 3_000, 500, 0),
    m.Rejected: lambda s: m.Rejected(s.seq + 1, AT, "out-of-stock"),
    m.Cancelled: a_cancel,
    m.Funded: lambda s: m.Funded(s.seq + 1, AT),
    m.FulfilmentStarted: lambda s: m.FulfilmentStarted(s.seq + 1, AT),
    m.Fulfilled: lambda s: m.Fulfilled(s.seq + 1, AT),
    m.ClaimOpened: lambda s: m.ClaimOpened(s.seq + 1, AT),
    m.ClaimClosed: lambda s: m.ClaimClosed(s.seq + 1, AT),
    m.AttentionRaised: lambda s: m.AttentionRaised(s.seq + 1, AT, AT + 1),
    m.AttentionResolved: lambda s: m.AttentionResolved(s.seq + 1, AT),
    m.Completed: lambda s: m.Completed(s.seq + 1, AT),
    m.Noted: lambda s: m.Noted(s.seq + 1, AT),
    m.Tick: lambda _: m.Tick(AT),
}
# Rows whose guard needs another state than the one above: shown by the vectors instead.
GUARDED = {(S.FULFILLED, m.ClaimClosed), (S.FULFILLED, m.Cancelled), (S.NEEDS_ATTENTION, m.Completed)}


def test_every_status_and_event():
    states = {status: STATES[status] for status in S}
    for (status, kind), state in {
        (S.FULFILLED, m.ClaimClosed): replace(STATES[S.FULFILLED], claims=1),
        (S.NEEDS_ATTENTION, m.Completed): replace(STATES[S.NEEDS_ATTENTION], resume=S.FULFILLED, claims=0, funded=True, delivered_at=100),
    }.items():
        after, _ = m.apply(state, EVENTS[kind](state))
        assert after.status in m.TRANSITIONS[status][kind]
    assert set(m.TRANSITIONS) == set(S)
    assert {event for row in m.TRANSITIONS.values() for event in row} == set(get_args(m.Event)) == set(EVENTS)
    for status, state in states.items():
        for kind, make in EVENTS.items():
            allowed = m.TRANSITIONS[status].get(kind)
            if (status, kind) in GUARDED:
                continue
            if allowed is None:
                with pytest.raises(IllegalTransition):
                    m.apply(state, make(state))
            else:
                assert m.apply(state, make(state))[0].status in allowed, (status, kind)


def test_terminal_statuses_have_no_way_out():
    for status in m.TERMINAL:
        assert {target for found in m.TRANSITIONS[status].values() for target in found} == {status}


def test_every_live_status_has_a_deadline_and_leaves_it():
    """No live order waits for ever: feed it ticks only."""
    for status in (S.QUOTED, *sorted(m.LIVE), S.NEEDS_ATTENTION):
        for resume in sorted(m.LIVE) if status is S.NEEDS_ATTENTION else [S.DRAFT]:
            state = order(status, resume=resume, attention_until=5_000, delivered_at=100)
            for _ in range(3):
                deadline = m.next_deadline(state)
                if deadline is not None:
                    assert m.apply(state, m.Tick(deadline - 1))[0] is state
                    state, _ = m.apply(state, m.Tick(deadline))
            assert state.status in m.TERMINAL, (status, resume)


def test_every_cancel_code_holds_at_its_stages_only():
    for code, policy in RULES.items():
        for status in (S.PLACED, S.ACCEPTED, S.IN_FULFILMENT):
            state = STATES[status]
            event = m.Cancelled(state.seq + 1, AT, code)
            if status in policy.stages:
                assert m.apply(state, event)[0].end_code == code
            else:
                with pytest.raises(IllegalTransition):
                    m.apply(state, event)
    assert set(RULES) == set(CancelCode)
    assert {policy.by for policy in RULES.values()} == {Party.SELLER, Party.MERCHANT, Party.TIME}


def test_the_diagram_is_drawn_from_the_table():
    assert (ROOT / "docs/protocol/diagrams/order.mmd").read_text() == m.diagram()


class AnyEvents(RuleBasedStateMachine):
    """Terminal statuses stay, commissions accrue once at most and are payable or void, never both; replay gives the same order."""

    def __init__(self) -> None:
        super().__init__()
        self.order, self.effects, self.log = m.Order(), [], []

    def feed(self, event):
        before = self.order
        try:
            self.order, found = m.apply(before, event)
        except (IllegalTransition, OutOfOrder):
            assert self.order is before
            return
        self.effects += found
        if before.status in m.TERMINAL:
            assert self.order.status is before.status
            assert not found
        if self.order != before:
            self.log.append(event)
            assert m.apply(self.order, event) == (self.order, ())

    @rule(kind=st.sampled_from([kind for kind in EVENTS if kind is not m.Tick]), lag=st.integers(-1, 1))
    def event(self, kind, lag):
        made = EVENTS[kind](self.order)
        self.feed(replace(made, seq=made.seq + lag))

    @rule(data=st.data())
    def likely(self, data):
        """An event of the present row, so that walks get far."""
        kinds = [kind for kind in m.TRANSITIONS[self.order.status] if kind not in (m.Tick, m.Noted)]
        if kinds:
            self.feed(EVENTS[data.draw(st.sampled_from(kinds))](self.order))

    @rule(now=st.integers(0, 3 * m.ARRIVAL_MS))
    def tick(self, now):
        self.feed(m.Tick(now))

    def count(self, kind):
        return sum(isinstance(effect, kind) for effect in self.effects)

    @invariant()
    def commissions_once(self):
        accrued = self.count(m.AccrueCommissions)
        assert accrued <= 1
        assert self.count(m.HoldCommissions) <= accrued
        assert self.count(m.MakePayable) + self.count(m.VoidCommissions) <= accrued
        assert self.count(m.MakePayable) == (self.order.status is S.COMPLETED)

    @invariant()
    def stock_is_released_once(self):
        assert self.count(m.ReleaseStock) <= self.count(m.ReserveStock) <= 1

    @invariant()
    def refund_only_of_what_was_paid(self):
        assert self.count(m.RefundPayment) <= self.order.funded

    @invariant()
    def replay_is_the_state(self):
        again = m.Order()
        for event in self.log:
            again, _ = m.apply(again, event)
        assert again == self.order


AnyEvents.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyEvents = AnyEvents.TestCase
