"""Peer ids against the ids other libp2p implementations print, and every way a text is none."""

from contextlib import suppress

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed
from protocol.peer_id import peer_id_of, public_key_of


@given(st.binary(min_size=32, max_size=32))
def test_every_key_has_one_id(key):
    peer = peer_id_of(key)
    assert len(peer) == 52
    assert public_key_of(peer) == key


@given(st.binary(min_size=32, max_size=32))
def test_libp2p_says_the_same(key):
    assert peer_id_of(key) == base58.b58encode(bytes.fromhex("002408011220") + key).decode()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_has_none(size):
    with pytest.raises(Malformed):
        peer_id_of(bytes(size))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "12D3KooW",
        peer_id_of(bytes(32)) + "1",
        peer_id_of(bytes(32))[:-1],
        "2" + peer_id_of(bytes(32))[1:],
        "0" * 52,
        "1" * 52,
        "1" + "z" * 51,
        "l" + peer_id_of(bytes(32))[1:],
        peer_id_of(bytes(32))[:-1] + "é",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
    ],
)
def test_what_is_no_peer_id(text):
    with pytest.raises(Malformed) as error:
        public_key_of(text)
    assert error.value.code == "malformed"


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text):
    with suppress(Malformed):
        assert peer_id_of(public_key_of(text)) == text
