import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import reconcile as m
from protocol.encoding import encode
from protocol.errors import Malformed

SETS = st.sets(st.integers(1, 3_000), max_size=1_500) | st.sets(st.integers(1, 2**40), max_size=200)


def reconciled(mine, theirs):
    """(missing, excess, round trips, bytes) of a holder of `mine` that asks one of `theirs`."""
    mine, theirs = m.numbers(sorted(mine)), m.numbers(sorted(theirs))
    found, question, trips, size = m.Difference(), m.begin(mine), 0, 0
    while question is not None:
        reply = m.answer(theirs, question)
        trips, size = trips + 1, size + len(question) + len(reply)
        question = m.conclude(mine, reply, found)
        assert trips < 12
    return found.missing, found.excess, trips, size


@settings(max_examples=300, deadline=None)
@given(SETS, SETS)
def test_any_two_sets_are_told_apart(mine, theirs):
    missing, excess, *_ = reconciled(mine, theirs)
    assert sorted(missing) == sorted(theirs - mine)
    assert sorted(excess) == sorted(mine - theirs)


@settings(max_examples=100, deadline=None)
@given(SETS, st.sets(st.integers(1, 3_000), max_size=5), st.sets(st.integers(1, 3_000), max_size=5))
def test_sets_that_are_nearly_the_same(shared, added, gone):
    mine, theirs = (shared | added) - gone, shared | gone
    missing, excess, *_ = reconciled(mine, theirs)
    assert (set(missing), set(excess)) == (theirs - mine, mine - theirs)


def test_the_cost_follows_the_difference():
    whole = set(range(1, 200_001))
    assert reconciled(whole, whole) == ([], [], 1, pytest.approx(420, abs=60))
    _, _, trips, size = reconciled(whole - {77_777}, whole)
    assert (trips, size < 2_500) == (2, True)
    _, _, trips, size = reconciled(whole - set(range(1, 200_000, 10_000)), whole)
    assert trips <= 3
    assert size < 25_000


def test_one_side_may_be_empty():
    assert reconciled(set(), {5, 9})[:3] == ([5, 9], [], 1)
    assert reconciled({5, 9}, set())[:2] == ([], [5, 9])
    assert reconciled(set(), set())[:2] == ([], [])
    assert len(reconciled(set(), set(range(1, 100_000)))[0]) == 99_999


def test_what_does_not_fit_is_said():
    with pytest.raises(Malformed) as caught:
        m.answer(m.numbers(range(1, 3_000_000, 2)), m.begin(m.numbers(range(2, 3_000_000, 2))) and every_range_differs())
    assert caught.value.code == "too-different"


def every_range_differs():
    ends = range(1, 3_000_000, 1_000)
    return encode([[end, 1, bytes(16)] for end in ends] + [[m.END, 1, bytes(16)]])


def test_more_ranges_than_a_question_has_are_refused():
    held, settled = m.numbers([1, 2, 3]), [[end, 0, None] for end in range(1, m.MAX_RANGES)]
    assert m.answer(held, encode([*settled, [m.END, 0, None]])) == encode([[m.END, 0, None]])
    with pytest.raises(Malformed) as caught:
        m.answer(held, encode([*settled, [m.MAX_RANGES, 0, None], [m.END, 0, None]]))
    assert caught.value.code == "malformed"  # refused as it is read, not for what the answer would take


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_noise_is_malformed(noise):
    held = m.numbers([1, 2, 3])
    try:
        m.answer(held, noise)
    except Malformed:
        return
    pytest.fail("noise was taken for ranges")


def test_every_cut_of_an_answer_is_malformed():
    held = m.numbers(range(1, 400))
    reply = m.answer(m.numbers(range(1, 400, 2)), m.begin(held))
    for end in range(len(reply)):
        with pytest.raises(Malformed):
            m.conclude(held, reply[:end], m.Difference())
