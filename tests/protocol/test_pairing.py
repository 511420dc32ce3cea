from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import pairing as m
from protocol.codec import from_bytes, to_bytes
from protocol.errors import IllegalTransition, ProtocolError
from protocol.identity import Presentation, Role

DIAGRAMS = Path(__file__).parents[2] / "docs/protocol/diagrams"
A, B, EVE = Key("ana device").public, Key("lumen device").public, Key("eve device").public
NONCE_A, NONCE_B, TOKEN = named("nonce a"), named("nonce b"), named("token", 16)
SHOWN = Presentation(b"inception", ())
BEGIN = to_bytes(m.PairBegin(TOKEN, m.commit(NONCE_A), SHOWN, "Ana", Role.SELLER, ()))
ANSWER = to_bytes(m.PairAnswer(NONCE_B, SHOWN, "Lumen", Role.MERCHANT, ()))
INVITE = m.Invite(B, named("lumen identity"), ("/ip4/127.0.0.1/tcp/4001",), TOKEN, NOW + 1000, Role.MERCHANT, "Lumen Beauty")
EVENTS = {
    m.Begun: m.Begun(BEGIN, A, B, NOW),
    m.Answered: m.Answered(ANSWER),
    m.Revealed: m.Revealed(NONCE_A),
    m.ConfirmedHere: m.ConfirmedHere(),
    m.ConfirmedThere: m.ConfirmedThere(),
    m.Refused: m.Refused(),
    m.Tick: m.Tick(NOW + m.PAIRING_MS),
}
COMPARING = (m.Begun, m.Answered, m.Revealed)
PATHS = {
    m.Status.NEW: (),
    m.Status.BEGUN: COMPARING[:1],
    m.Status.ANSWERED: COMPARING[:2],
    m.Status.COMPARING: COMPARING,
    m.Status.CONFIRMED_HERE: (*COMPARING, m.ConfirmedHere),
    m.Status.CONFIRMED_THERE: (*COMPARING, m.ConfirmedThere),
    m.Status.PAIRED: (*COMPARING, m.ConfirmedHere, m.ConfirmedThere),
    m.Status.REFUSED: (m.Begun, m.Refused),
    m.Status.EXPIRED: (m.Begun, m.Tick),
}


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


def run(*kinds):
    state = m.Pairing()
    for kind in kinds:
        state, _ = m.apply(state, EVENTS[kind])
    return state


def test_a_link():
    assert m.read_link(f"  {INVITE.link}\n") == INVITE
    assert len(INVITE.link) < 400


@given(st.text(max_size=60) | st.text(max_size=60).map(lambda text: m.LINK_PREFIX + text))
def test_any_text_that_is_no_link_gets_a_named_error(text):
    assert code(m.read_link, text) == "invite-malformed"


def test_damaged_links():
    link = INVITE.link
    for wrong in (link[:-3], link + "A", link + "&i=AA", link.replace("gemstra", "https"), link[:40], "x" * 5000, "gemstra://[pair"):
        assert code(m.read_link, wrong) == "invite-malformed"


def test_invites_are_checked_before_dialling_and_taken_once():
    m.check_invite(INVITE, now=NOW, own_identity=named("ana identity"))
    assert code(m.check_invite, INVITE, now=NOW + 1000, own_identity=named("ana identity")) == "invite-expired"
    assert code(m.check_invite, INVITE, now=NOW, own_identity=INVITE.identity) == "invite-own"
    issued = m.IssuedInvite(TOKEN, NOW + 1000)
    taken = issued.take(named("pairing"), NOW)
    assert taken.take(named("pairing"), NOW + 5000) == taken
    assert code(taken.take, named("other"), NOW) == "invite-used"
    assert code(issued.take, named("pairing"), NOW + 1000) == "invite-expired"
    assert m.foreign_invite().code == "invite-foreign"


def test_both_sides_show_one_code():
    one, two = run(*COMPARING), run(*COMPARING)
    assert one.code == two.code == m.short_code(BEGIN, ANSWER, NONCE_A, A, B)
    assert len(one.code) == 6
    assert one.code.isdigit()
    assert from_bytes(m.Pairing, to_bytes(one)) == one


def test_someone_in_between_shows_another_code():
    """Eve's own device on each side, or an altered message: the two transcripts differ, and so do the codes (but for 1 in 10^6)."""
    honest = m.short_code(BEGIN, ANSWER, NONCE_A, A, B)
    altered = to_bytes(m.PairAnswer(NONCE_B, SHOWN, "Lumeen", Role.MERCHANT, ()))
    others = [
        (BEGIN, ANSWER, NONCE_A, EVE, B),
        (BEGIN, ANSWER, NONCE_A, A, EVE),
        (BEGIN, altered, NONCE_A, A, B),
        (BEGIN, ANSWER, NONCE_B, A, B),
    ]
    assert honest not in {m.short_code(*other) for other in others}
    assert code(m.apply, run(m.Begun, m.Answered), m.Revealed(named("chosen after the answer"))) == "bad-commitment"


def test_the_control_without_the_commitment_the_nonce_can_be_chosen_late(monkeypatch):
    monkeypatch.setattr(m, "commit", lambda _nonce: from_bytes(m.PairBegin, BEGIN).commitment)
    assert m.apply(run(m.Begun, m.Answered), m.Revealed(named("chosen after the answer")))[0].status is m.Status.COMPARING


@pytest.mark.parametrize("status", m.Status)
@pytest.mark.parametrize("kind", get_args(m.Event))
def test_every_status_and_event(status, kind):
    state = run(*PATHS[status])
    assert state.status is status
    if kind in PATHS[status] or (kind is m.Tick and kind not in m.TRANSITIONS[status]):
        assert m.apply(state, EVENTS[kind]) == (state, ())
    elif kind in m.TRANSITIONS[status]:
        after, effects = m.apply(state, EVENTS[kind])
        assert after.status is m.TRANSITIONS[status][kind]
        assert (m.AdmitPeer() in effects) == (after.status is m.Status.PAIRED)
    else:
        with pytest.raises(IllegalTransition):
            m.apply(state, EVENTS[kind])


def test_deadline_and_table():
    assert set(m.TRANSITIONS) == set(m.Status)
    assert m.next_deadline(run(m.Begun)) == NOW + m.PAIRING_MS
    assert m.next_deadline(run(*PATHS[m.Status.PAIRED])) is None
    assert m.apply(run(m.Begun), m.Tick(NOW))[1] == ()
    assert replace(run(m.Begun), status=m.Status.EXPIRED) == run(m.Begun, m.Tick)


def test_the_diagram_is_current():
    assert (DIAGRAMS / "pairing.mmd").read_text() == m.diagram()
