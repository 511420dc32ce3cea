from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import decode, encode
from protocol.errors import LocalError, Malformed, RemoteError

leaf = st.none() | st.booleans() | st.integers(-(2**256) + 1, 2**256 - 1) | st.binary(max_size=40) | st.text(max_size=40)
names = st.integers(0, 2**64 - 1) | st.text(max_size=10)
trees = st.recursive(leaf, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5), max_leaves=20)


@given(trees)
def test_a_tree_comes_back_and_has_one_form(tree):
    data = encode(tree)
    assert decode(data) == tree
    assert encode(decode(data)) == data


@given(st.binary(max_size=200))
def test_any_bytes_give_a_tree_or_a_declared_error(data):
    try:
        tree = decode(data)
    except RemoteError:
        return
    assert encode(tree) == data


@given(trees, st.data())
def test_damaged_bytes_give_a_tree_or_a_declared_error(tree, data):
    raw = bytearray(encode(tree))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        assert encode(decode(bytes(raw))) == bytes(raw)


@given(trees.filter(lambda tree: len(encode(tree)) > 1))
def test_each_truncation_is_refused(tree):
    raw = encode(tree)
    for end in range(len(raw)):
        with pytest.raises(Malformed):
            decode(raw[:end])


@pytest.mark.parametrize("value", [1.5, object(), {(1,): 2}, {True: 1}, {1.0: 1}, 2**256, [float("nan")], "\ud800", {1}])
def test_what_has_no_form_is_our_own_error(value):
    with pytest.raises(LocalError) as caught:
        encode(value)
    assert caught.value.code == "not-encodable"


def test_the_control_a_plain_decoder_takes_what_is_refused_here():
    loose = bytes.fromhex("1801")
    assert cbor2.loads(loose) == 1
    with pytest.raises(Malformed) as caught:
        decode(loose)
    assert caught.value.code == "not-canonical"


def test_size_is_checked_before_anything_is_built():
    with pytest.raises(Malformed) as caught:
        decode(encode(bytes(100)), max_bytes=50)
    assert caught.value.code == "too-large"
