import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, flipped

from protocol import ids
from protocol.encoding import decode, encode
from protocol.envelope import SKEW_MS, check_time, peek_type, sign, verify
from protocol.errors import BadSignature, Malformed, ProtocolError, Untimely

ANA, BEN = Key("ana"), Key("ben")
GOOD = sign(ANA, "test.note", {0: "hello"}, created=NOW, expires=NOW + 1000)


def code(call, *given_, **named):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named)
    return caught.value.code


def test_there_and_back():
    found = verify(GOOD.raw, "test.note", author=ANA.public)
    assert found == GOOD
    assert found.body == {0: "hello"}
    assert peek_type(GOOD.raw) == "test.note"


@given(st.integers(0, len(GOOD.raw) * 8 - 1))
def test_each_flipped_bit_is_noticed(bit):
    raw = bytearray(GOOD.raw)
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadSignature, Malformed)):
        verify(bytes(raw), "test.note")


@given(st.binary(max_size=150))
def test_any_bytes_give_a_declared_error(data):
    with pytest.raises((BadSignature, Malformed)):
        verify(data, "test.note")


def test_another_type_does_not_hold():
    assert code(verify, GOOD.raw, "test.other") == "wrong-domain"


def test_a_signature_moved_to_another_type_does_not_hold():
    content, signature = decode(GOOD.raw)
    moved = encode([encode({**decode(content), 2: "test.other"}), signature])
    assert code(verify, moved, "test.other") == "bad-signature"


def test_bytes_signed_elsewhere_are_no_envelope_and_the_control_without_domains_takes_them(monkeypatch):
    content = decode(GOOD.raw)[0]
    borrowed = encode([content, ANA.sign(content)])  # as another protocol, which signs bytes as they are, would give it
    assert code(verify, borrowed, "test.note") == "bad-signature"
    monkeypatch.setattr("protocol.envelope.domain", lambda _name: b"")
    verify(borrowed, "test.note")


def test_another_author():
    assert code(verify, GOOD.raw, "test.note", author=BEN.public) == "wrong-author"
    content, _ = decode(GOOD.raw)
    forged = encode([content, BEN.sign(ids.domain("test.note") + content)])
    assert code(verify, forged, "test.note") == "bad-signature"


def test_a_later_version_is_told_apart():
    content = encode({**decode(decode(GOOD.raw)[0]), 0: 2})
    raw = encode([content, ANA.sign(ids.domain("test.note") + content)])
    assert code(verify, raw, "test.note") == "version"


@pytest.mark.parametrize("raw", [encode([]), encode([b"", b"", b""]), encode({0: b""}), flipped(GOOD.raw, 0), b""])
def test_what_is_no_envelope(raw):
    with pytest.raises(Malformed):
        verify(raw, "test.note")
    with pytest.raises(Malformed):
        peek_type(raw)


def test_time():
    check_time(GOOD.envelope, NOW)
    check_time(GOOD.envelope, NOW - SKEW_MS)
    check_time(GOOD.envelope, NOW + 1000)
    with pytest.raises(Untimely) as caught:
        check_time(GOOD.envelope, NOW - SKEW_MS - 1)
    assert caught.value.code == "future-dated"
    with pytest.raises(Untimely) as caught:
        check_time(GOOD.envelope, NOW + 1001)
    assert caught.value.code == "expired"
