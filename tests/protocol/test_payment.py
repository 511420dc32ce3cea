"""The payment and refund machines: tables, vectors, and that money is conserved whatever happens."""

import json
from dataclasses import replace
from pathlib import Path

import make_payment
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from parts import plain, text
from scripted import check_table, check_vector

from protocol import payment as m
from protocol import refund
from protocol.errors import IllegalTransition, OutOfOrder, ProtocolError

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/payment.json").read_text())
MACHINES = {"machine": (m, make_payment.START), "refund": (refund, refund.Refund(400))}
S = m.Status
AMOUNTS = {
    S.UNDERPAID: (50, 0),
    S.FUNDED: (100, 0),
    S.OVERPAID: (150, 0),
    S.PART_REFUNDED: (100, 30),
    S.REFUNDED: (100, 100),
    S.RELEASED: (100, 0),
}


def test_the_vectors_are_what_the_generator_makes():
    assert (ROOT / "tests/vectors/payment.json").read_text() == text(make_payment.vectors())


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_vector(found):
    machine, start = MACHINES[found["kind"]]
    if found["expect"] == "ok":
        state, effects = check_vector(machine, start, found)
        assert plain(state) == found["output"]["state"]
        assert effects == found["output"]["effects"]
    else:
        with pytest.raises(ProtocolError) as caught:
            check_vector(machine, start, found)
        assert caught.value.code == found["expect"]


def test_every_status_and_event():
    states = {status: m.Payment(100, 1_000, status, 5, *AMOUNTS.get(status, (0, 0))) for status in S}
    check_table(
        m,
        states,
        {
            m.Submitted: lambda s: m.Submitted(s.seq + 1, 1),
            m.Observed: lambda s: m.Observed(s.seq + 1, 1),
            m.Confirmed: lambda s: m.Confirmed(s.seq + 1, 1, 50),
            m.RefundSettled: lambda s: m.RefundSettled(s.seq + 1, 1, 50),
            m.Released: lambda s: m.Released(s.seq + 1, 1),
            m.Tick: lambda _: m.Tick(1_000),
        },
    )


def test_every_refund_status_and_event():
    states = {status: refund.Refund(100, status, 5) for status in refund.Status}
    check_table(
        refund, states, {kind: lambda s, kind=kind: kind(s.seq + 1, 1) for kind in (refund.Submitted, refund.Settled, refund.Failed)}
    )


def test_the_diagrams_are_drawn_from_the_tables():
    folder = ROOT / "docs/protocol/diagrams"
    assert (folder / "payment.mmd").read_text() == m.diagram()
    assert (folder / "refund.mmd").read_text() == refund.diagram()


class AnyMoney(RuleBasedStateMachine):
    """What came in = what is there + what went back; the order hears of its funding once; the surplus asked back is the surplus."""

    def __init__(self) -> None:
        super().__init__()
        self.payment, self.log, self.came, self.went, self.effects = m.Payment(100, 1_000), [], 0, 0, []

    def feed(self, event):
        before = self.payment
        try:
            self.payment, found = m.apply(before, event)
        except (IllegalTransition, OutOfOrder):
            assert self.payment is before
            return False
        self.effects += found
        if self.payment != before:
            self.log.append(event)
            assert m.apply(self.payment, event) == (self.payment, ())
        return self.payment.seq > before.seq

    @rule(amount=st.integers(-10, 150), lag=st.integers(-1, 1))
    def confirmed(self, amount, lag):
        if self.feed(m.Confirmed(self.payment.seq + 1 + lag, 1, amount)):
            self.came += amount

    @rule(amount=st.integers(-10, 150))
    def refunded(self, amount):
        if self.feed(m.RefundSettled(self.payment.seq + 1, 1, amount)):
            self.went += amount

    @rule(kind=st.sampled_from([m.Submitted, m.Observed, m.Released]))
    def told(self, kind):
        self.feed(kind(self.payment.seq + 1, 1))

    @rule(now=st.integers(0, 2_000))
    def tick(self, now):
        self.feed(m.Tick(now))

    @invariant()
    def money_is_conserved(self):
        assert (self.payment.received, self.payment.refunded) == (self.came, self.went)
        assert self.payment.balance >= 0

    @invariant()
    def the_status_says_what_is_there(self):
        status, balance = self.payment.status, self.payment.balance
        assert status is not S.FUNDED or balance == 100
        assert status is not S.OVERPAID or balance > 100
        assert status is not S.REFUNDED or (balance == 0 and self.came > 0)
        assert status not in (S.REQUESTED, S.SUBMITTED, S.OBSERVED) or balance == 0 or self.came < 100

    @invariant()
    def replay_is_the_state(self):
        again = m.Payment(100, 1_000)
        for event in self.log:
            again, _ = m.apply(again, event)
        assert again == self.payment


AnyMoney.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestAnyMoney = AnyMoney.TestCase


def test_a_settled_refund_moves_the_balance_once():
    granted = refund.Refund(30)
    sent, _ = refund.apply(granted, refund.Submitted(1, 1))
    settled, effects = refund.apply(sent, refund.Settled(2, 2))
    assert effects == (refund.MoveBalance(30),)
    assert refund.apply(settled, refund.Settled(2, 2)) == (settled, ())
    assert replace(settled, status=refund.Status.GRANTED, seq=0) == granted
