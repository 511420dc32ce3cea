from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, flipped, named

from protocol import team as m
from protocol.envelope import sign
from protocol.errors import ProtocolError

MERCHANT = named("lumen identity")
ANA, BEN, EVE = Key("ana member"), Key("ben member"), Key("eve member")
DAY = 86_400_000


def member(key):
    return m.member_id(MERCHANT, key.public)


EDGE = m.SponsorEdge(MERCHANT, member(BEN), member(ANA), NOW, 1)


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


def cosigned(edge=EDGE, by_member=ANA, by_sponsor=BEN):
    return m.CoSigned(sign(by_member, m.EDGE, edge, created=NOW).raw, sign(by_sponsor, m.EDGE, edge, created=NOW + 5).raw)


def test_a_member_has_another_name_at_each_merchant():
    assert member(ANA) != m.member_id(named("other merchant"), ANA.public)


def test_joining():
    request = m.JoinRequest(MERCHANT, ANA.public, named("payout", 20))
    assert m.verify_join(sign(ANA, m.JOIN, request, created=NOW).raw, MERCHANT) == request
    assert request.member == member(ANA)
    assert code(m.verify_join, sign(EVE, m.JOIN, request, created=NOW).raw, MERCHANT) == "wrong-author"
    assert code(m.verify_join, sign(ANA, m.JOIN, request, created=NOW).raw, named("x")) == "wrong-merchant"
    assert code(m.verify_join, sign(ANA, m.EDGE, request, created=NOW).raw, MERCHANT) == "wrong-domain"


def test_an_edge_needs_both():
    assert m.verify_edge(cosigned()) == EDGE
    assert code(m.verify_edge, cosigned(by_sponsor=EVE)) == "wrong-author"
    assert code(m.verify_edge, cosigned(by_sponsor=ANA)) == "wrong-author"
    assert code(m.verify_edge, cosigned(by_member=EVE)) == "wrong-author"
    assert code(m.verify_edge, m.CoSigned(cosigned().sponsor, cosigned().member)) == "wrong-author"
    assert code(m.verify_edge, replace(cosigned(), sponsor=cosigned(replace(EDGE, starts=1)).sponsor)) == "not-cosigned"
    assert code(m.verify_edge, replace(cosigned(), member=flipped(cosigned().member))) == "bad-signature"
    own = replace(EDGE, sponsor=member(ANA))
    assert code(m.verify_edge, cosigned(own, ANA, ANA)) == "own-sponsor"
    assert code(m.sign_edge, EVE, EDGE, created=NOW) == "unauthorized"
    assert m.sign_edge(ANA, EDGE, created=NOW).raw == cosigned().member


def test_leaving():
    departure = m.Departure(MERCHANT, member(ANA), 1, NOW + DAY)
    assert m.verify_departure(sign(ANA, m.DEPARTURE, departure, created=NOW).raw, notice_ms=DAY) == departure
    assert code(m.verify_departure, sign(BEN, m.DEPARTURE, departure, created=NOW).raw) == "wrong-author"
    assert code(m.verify_departure, sign(ANA, m.DEPARTURE, departure, created=NOW).raw, notice_ms=DAY + 1) == "short-notice"


def test_one_sponsor_at_a_time_and_history_stays():
    links = m.with_edge({}, EDGE)
    second = replace(EDGE, sponsor=member(EVE), seq=2, starts=NOW + 2 * DAY)
    assert code(m.with_edge, links, EDGE) == "replayed-edge"
    assert code(m.with_edge, links, replace(second, seq=3)) == "edge-order"
    assert code(m.with_edge, links, second) == "already-sponsored"
    left = m.with_departure(links, m.Departure(MERCHANT, member(ANA), 1, NOW + DAY))
    assert code(m.with_departure, left, m.Departure(MERCHANT, member(ANA), 1, NOW)) == "already-left"
    assert code(m.with_departure, links, m.Departure(MERCHANT, member(BEN), 1, NOW)) == "unknown-edge"
    assert code(m.with_edge, left, replace(second, starts=NOW)) == "already-sponsored"
    moved = m.with_edge(left, second)
    assert [m.sponsor_at(moved, member(ANA), NOW + days * DAY) for days in (-1, 0, 1, 2)] == [None, member(BEN), None, member(EVE)]


def test_no_circle():
    links = m.with_edge({}, EDGE)
    assert code(m.with_edge, links, m.SponsorEdge(MERCHANT, member(ANA), member(BEN), NOW, 1)) == "circle"
    assert code(m.with_edge, links, m.SponsorEdge(MERCHANT, member(ANA), member(BEN), NOW - DAY, 1)) == "circle"


names = st.integers(0, 5)
steps = st.lists(st.tuples(st.booleans(), names, names, st.integers(0, 20)), max_size=25)


@given(steps)
def test_at_no_time_is_anyone_above_themselves(steps):
    links: dict = {}
    for joins, who, sponsor, at in steps:
        seq = len(links.get(bytes([who]), ()))
        try:
            if joins:
                links = m.with_edge(links, m.SponsorEdge(MERCHANT, bytes([sponsor]), bytes([who]), at, seq + 1))
            elif seq:
                links = m.with_departure(links, m.Departure(MERCHANT, bytes([who]), seq, at))
        except ProtocolError:
            continue
    for at in range(22):
        for who in range(6):
            line = m.uplines(links, bytes([who]), at, 50)
            assert bytes([who]) not in line
            assert len(set(line)) == len(line)
            assert m.uplines(links, bytes([who]), at, 2) == line[:2]
            assert sum(link.live_at(at) for link in links.get(bytes([who]), ())) <= 1
