from dataclasses import dataclass
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import from_bytes, from_checked, from_tree, key, to_bytes
from protocol.encoding import encode
from protocol.errors import Malformed
from protocol.messages import KINDS


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    OPEN_ENDED = True
    number: int = key(0, low=-3, high=3)


@dataclass(frozen=True, slots=True)
class Outer:
    id: bytes = key(0, size=4)
    name: str = key(2, longest=3)
    inner: tuple[Inner, ...] = key(4, most=2, default=())
    colour: Colour | None = key(6, default=None)


GOOD = {0: b"1234", 2: "abc", 4: [{0: 1}]}


def code(cls, tree):
    with pytest.raises(Malformed) as caught:
        from_tree(cls, tree)
    return caught.value.code


def test_there_and_back():
    record = Outer(b"1234", "abc", (Inner(1),), Colour.RED)
    assert from_bytes(Outer, to_bytes(record)) == record
    assert from_tree(Outer, GOOD) == Outer(b"1234", "abc", (Inner(1),))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({0: b"123"}, "malformed"),
        ({0: "1234"}, "malformed"),
        ({2: "abcd"}, "too-large"),
        ({4: [{0: 1}] * 3}, "malformed"),
        ({4: [{0: 4}]}, "malformed"),
        ({4: [{0: True}]}, "malformed"),
        ({4: [{}]}, "missing-key"),
        ({4: [{0: 1, 2: 0}]}, "unknown-key"),
        ({4: {0: 1}}, "malformed"),
        ({6: "blue"}, "malformed"),
        ({6: [1]}, "malformed"),
        ({6: None}, "malformed"),
        ({7: 1}, "unknown-key"),
        ({"x": 1}, "unknown-key"),
    ],
)
def test_one_fault_each(change, expected):
    assert code(Outer, {**GOOD, **change}) == expected


def test_an_open_ended_record_ignores_odd_keys_only():
    assert from_tree(Inner, {0: 1, 3: "later"}) == Inner(1)
    assert code(Inner, {0: 1, "3": "later"}) == "unknown-key"


def test_a_default_is_the_constructors_only_so_a_record_has_one_byte_form():
    left_out = {0: b"1234", 2: "abc"}
    assert code(Outer, left_out) == "missing-key"
    assert to_bytes(Outer(b"1234", "abc")) == encode({**left_out, 4: []})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
@settings(max_examples=12)
@given(data=st.data())
def test_any_tree_gives_a_record_or_a_declared_error(kind, data):
    leaf = st.none() | st.integers(-5, 2**64) | st.binary(max_size=33) | st.text(max_size=5) | st.just(bytes(32))
    inner = st.recursive(leaf, lambda more: st.lists(more, max_size=3) | st.dictionaries(st.integers(0, 9), more, max_size=4), max_leaves=6)
    tree = data.draw(st.dictionaries(st.integers(0, 26), inner, max_size=14))
    try:
        record = from_tree(kind.record, tree)
    except Malformed:
        return
    assert from_bytes(kind.record, to_bytes(record)) == record


def test_bytes_that_were_checked_before_are_read_by_the_same_rules():
    raw = encode(GOOD)
    assert from_checked(Outer, raw) == from_bytes(Outer, raw)
    for wrong in (raw[:-1], encode({**GOOD, 2: "abcd"}), encode({**GOOD, 1: 0})):
        with pytest.raises(Malformed):
            from_checked(Outer, wrong)
    later = b"\xa3\x02cabc\x00D1234\x04\x81\xa1\x00\x01"  # the form is what is not looked at again
    assert from_checked(Outer, later) == from_bytes(Outer, raw)
    with pytest.raises(Malformed):
        from_bytes(Outer, later)
