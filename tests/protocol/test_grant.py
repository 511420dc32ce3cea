from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from parts import NOW, named

from protocol import grant as m
from protocol.codec import from_bytes, to_bytes
from protocol.disclosure import Field
from protocol.errors import IllegalTransition, ProtocolError

DIAGRAMS = Path(__file__).parents[2] / "docs/protocol/diagrams"
SELLER, MERCHANT, ORDER = named("ana identity"), named("lumen identity"), named("order")
REQUEST = m.GrantRequest(SELLER, MERCHANT, ORDER, (Field.NAME, Field.STREET), (m.Purpose.DELIVERY,), m.LegalBasis.CONTRACT, 1000)
GRANT = m.Grant(
    SELLER,
    MERCHANT,
    m.Mode.ASK,
    (Field.NAME,),
    (m.Purpose.DELIVERY,),
    m.LegalBasis.CONTRACT,
    NOW,
    NOW + 100,
    1000,
    True,
    ORDER,
    request=named("request"),
)
ID = named("grant")
ASK = m.Ask(ID, ORDER, (Field.NAME,), named("nonce", 16))
EVENTS = {
    m.Requested: m.Requested(named("request"), REQUEST),
    m.Issued: m.Issued(ID, GRANT),
    m.Denied: m.Denied(named("denial")),
    m.Revoked: m.Revoked(named("revoke"), ID),
    m.Erased: m.Erased(named("erasure")),
    m.Tick: m.Tick(GRANT.expires),
}


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


def run(*kinds):
    state = m.GrantState()
    for kind in kinds:
        state, _ = m.apply(state, EVENTS[kind])
    return state


PATHS = {
    m.Status.NEW: (),
    m.Status.REQUESTED: (m.Requested,),
    m.Status.ISSUED: (m.Requested, m.Issued),
    m.Status.DENIED: (m.Requested, m.Denied),
    m.Status.REVOKED: (m.Revoked,),
    m.Status.EXPIRED: (m.Issued, m.Tick),
}


@pytest.mark.parametrize("status", m.Status)
@pytest.mark.parametrize("kind", get_args(m.Event))
def test_every_status_and_event(status, kind):
    state = run(*PATHS[status])
    assert state.status is status
    replayed = kind in PATHS[status] or (kind is m.Tick and status is not m.Status.ISSUED)
    if replayed:
        assert m.apply(state, EVENTS[kind]) == (state, ())
    elif kind in m.TRANSITIONS[status]:
        assert m.apply(state, EVENTS[kind])[0].status is m.TRANSITIONS[status][kind]
    else:
        with pytest.raises(IllegalTransition):
            m.apply(state, EVENTS[kind])


def test_the_table_names_every_status_and_event():
    assert set(m.TRANSITIONS) == set(m.Status)
    assert {event for row in m.TRANSITIONS.values() for event in row} == set(get_args(m.Event))


def test_the_diagram_is_current():
    assert (DIAGRAMS / "grant.mmd").read_text() == m.diagram()


def test_effects():
    state, effects = m.apply(run(m.Issued), EVENTS[m.Revoked])
    assert effects == (m.CloseAccess(), m.EraseHeld(ID))
    assert m.apply(state, EVENTS[m.Erased])[1] == (m.KeepErasure(),)
    assert m.apply(run(m.Revoked), EVENTS[m.Issued])[1] == ()
    assert m.apply(m.GrantState(), EVENTS[m.Requested])[1] == (m.ReviewRequest(),)
    assert m.next_deadline(run(m.Issued)) == GRANT.expires
    assert m.next_deadline(run(m.Revoked)) is None
    assert m.apply(run(m.Issued), m.Tick(GRANT.expires - 1)) == (run(m.Issued), ())


def test_what_names_another():
    assert code(m.apply, run(m.Issued), m.Revoked(named("r"), named("another grant"))) == "wrong-grant"
    assert code(m.apply, run(m.Revoked), m.Issued(named("another grant"), GRANT)) == "wrong-grant"
    assert code(m.apply, run(m.Requested), m.Issued(ID, replace(GRANT, request=named("another")))) == "wrong-request"


def test_asks():
    issued = run(m.Requested, m.Issued)
    assert m.check_ask(issued, ASK, now=NOW) == NOW + 1000
    wrong = {
        "revoked": (run(m.Issued, m.Revoked), ASK, NOW),
        "denied": (run(m.Requested, m.Denied), ASK, NOW),
        "not-granted": (run(m.Requested), ASK, NOW),
        "expired": (issued, ASK, GRANT.expires),
        "not-yet": (issued, ASK, NOW - 1),
        "wrong-order": (issued, replace(ASK, order=named("other")), NOW),
        "field-not-granted": (issued, replace(ASK, fields=(Field.NAME, Field.STREET)), NOW),
    }
    for expected, (state, ask, now) in wrong.items():
        assert code(m.check_ask, state, ask, now=now) == expected
    assert code(m.check_ask, run(m.Issued, m.Tick), ASK, now=NOW) == "expired"
    assert code(m.check_ask, issued, replace(ASK, grant=named("other")), now=NOW) == "not-granted"
    assert ASK.id != replace(ASK, nonce=bytes(16)).id


def test_records():
    for record in (REQUEST, GRANT, ASK, m.Denial(ID, ""), m.Revoke(ID, NOW, "done")):
        assert from_bytes(type(record), to_bytes(record)) == record
    m.check_answers(GRANT, REQUEST)
    assert code(m.check_answers, replace(GRANT, fields=(Field.PHONE,)), REQUEST) == "wider-than-asked"
    assert code(m.check_answers, replace(GRANT, retention_ms=1001), REQUEST) == "wider-than-asked"
    assert code(replace, GRANT, mode=m.Mode.LEASE) == "unsupported-mode"
    assert code(replace, GRANT, order=None) == "bad-scope"
    assert code(replace, GRANT, customers=(named("x"),)) == "bad-scope"
    assert code(replace, GRANT, expires=NOW) == "bad-term"
    assert code(replace, GRANT, fields=()) == "bad-fields"
    assert code(replace, GRANT, purposes=(m.Purpose.DELIVERY,) * 2) == "bad-purposes"


class GrantMachine(RuleBasedStateMachine):
    """Any events in any order: a revoke is final, access is open only while issued, a replay gives the same."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.log, self.revoked, self.open = m.GrantState(), [], False, False

    @rule(kind=st.sampled_from(list(EVENTS)))
    def event(self, kind):
        before = self.state
        try:
            self.state, effects = m.apply(before, EVENTS[kind])
        except ProtocolError:
            assert self.state is before
            return
        self.log.append(EVENTS[kind])
        self.revoked |= kind is m.Revoked
        for effect in effects:
            self.open = isinstance(effect, m.OpenAccess) or (self.open and not isinstance(effect, m.CloseAccess))

    @invariant()
    def revoke_beats_all(self):
        assert self.revoked == (self.state.status is m.Status.REVOKED)

    @invariant()
    def access_is_open_only_while_issued(self):
        assert self.open == (self.state.status is m.Status.ISSUED)
        if not self.open:
            with pytest.raises(ProtocolError):
                m.check_ask(self.state, ASK, now=NOW)

    @invariant()
    def replay_and_duplicates_change_nothing(self):
        state = m.GrantState()
        for event in self.log:
            state, _ = m.apply(state, event)
            assert m.apply(state, event) == (state, ())
        assert state == self.state


TestGrantMachine = GrantMachine.TestCase
TestGrantMachine.settings = settings(max_examples=50, deadline=None)
