import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed
from protocol.state_hash import STATE_BYTES, StateHash, Tally

sets = st.lists(st.binary(max_size=20), max_size=12, unique=True)


@given(sets, st.randoms())
def test_the_order_does_not_matter(elements, random):
    mixed = list(elements)
    random.shuffle(mixed)
    one_by_one = StateHash()
    for element in mixed:
        one_by_one = one_by_one.add(element)
    assert one_by_one == StateHash().add(*elements)


@given(sets, sets)
def test_a_removal_undoes_an_addition(kept, gone):
    both = StateHash().add(*kept).add(*gone)
    assert both.remove(*gone) == StateHash().add(*kept)
    assert both.change(added=[b"x" * 30], removed=gone) == StateHash().add(*kept, b"x" * 30)
    assert both.remove(*kept, *gone) == StateHash()


@given(sets, st.binary(max_size=20))
def test_one_element_more_or_less_is_another_digest(elements, extra):
    whole = StateHash().add(*elements)
    assert whole.add(extra).digest != whole.digest
    for element in elements:
        assert whole.remove(element).digest != whole.digest


def test_lanes_do_not_carry_into_each_other():
    """Against the definition, lane by lane, with sums that overflow."""
    import hashlib

    from protocol.ids import domain

    elements = [b"%d" % number for number in range(50)]
    lanes = [0] * 1024
    for element in elements:
        stretched = hashlib.shake_256(domain("state-element") + element).digest(STATE_BYTES)
        for lane in range(1024):
            lanes[lane] = (lanes[lane] + int.from_bytes(stretched[2 * lane : 2 * lane + 2], "little")) % 2**16
    assert StateHash().add(*elements).to_bytes() == b"".join(lane.to_bytes(2, "little") for lane in lanes)


def test_batches_give_the_same(monkeypatch):
    elements = [b"%d" % number for number in range(100)]
    whole = StateHash().add(*elements)
    monkeypatch.setattr("protocol.state_hash._BATCH", 7)
    assert StateHash().add(*elements) == whole


@given(st.lists(st.tuples(st.sets(st.integers(1, 4), max_size=3), st.booleans(), sets), max_size=8))
def test_many_sets_at_once_give_what_each_gives_alone(notes):
    tally, alone = Tally(), dict.fromkeys(range(1, 5), StateHash())
    for numbers, joined, elements in notes:
        change = {"added" if joined else "removed": elements}
        tally.note(numbers, **change)
        alone |= {number: alone[number].change(**change) for number in numbers}
    assert {number: state for number, state in alone.items() if state != StateHash()} == {
        number: state for number, state in tally.states().items() if state != StateHash()
    }


def test_storing():
    state = StateHash().add(b"a")
    assert StateHash.from_bytes(state.to_bytes()) == state
    with pytest.raises(Malformed):
        StateHash.from_bytes(bytes(100))


def test_it_is_quick_enough_for_a_catalog():
    elements = [b"%d" % number for number in range(5000)]
    begun = time.process_time()
    StateHash().add(*elements)
    assert time.process_time() - begun < 1.0, "the bar is 5,000 elements a second"
