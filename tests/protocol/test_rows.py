import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import rows as m
from protocol.encoding import encode
from protocol.errors import LocalError, Malformed
from protocol.operations import Noun

ROW = st.builds(
    m.Row,
    st.integers(0, 2**63 - 1),
    st.sampled_from(list(Noun)),
    st.text(max_size=255).filter(lambda text: "\0" not in text),
    st.none() | st.binary(max_size=400),
)


def plain(rows):
    return encode([[row.seq, row.noun.value, row.name, row.record] for row in rows])


@settings(max_examples=200)
@given(st.lists(ROW, max_size=300))
def test_there_and_back_in_the_general_encoding(rows):
    assert m.unpress(m.pressed(rows)) == plain(rows)
    assert list(m.read_rows(plain(rows))) == rows


@settings(max_examples=300)
@given(st.lists(ROW, min_size=1, max_size=4), st.data())
def test_each_cut_and_each_altered_byte_is_other_rows_or_malformed(rows, data):
    whole = plain(rows)
    for end in range(len(whole)):
        with pytest.raises(Malformed):
            list(m.read_rows(whole[:end]))
    at, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    altered = whole[:at] + bytes([value]) + whole[at + 1 :]
    try:
        found = list(m.read_rows(altered))
    except Malformed:
        return
    assert plain(found) == altered  # one byte form, whatever it says


def test_a_frame_takes_rows_while_they_fit_and_always_one():
    press, large = m.Press(), m.Row(1, Noun.PRODUCT, "x" * 255, bytes(m.MAX_RECORD_BYTES))
    taken = 0
    while press.add(large):
        taken += 1
    assert taken == len(press) == 13
    assert m.LIST_HEAD_BYTES < press.size <= m.MAX_ROWS_BYTES
    assert len(list(m.read_rows(m.unpress(press.close())))) == taken
    with pytest.raises(LocalError, match="fit"):
        m.pressed([large] * 14)


def test_rows_that_do_not_shrink_still_fit_a_frame():
    from random import Random

    noise = Random(1).randbytes(64_000)
    made = m.pressed(m.Row(seq, Noun.PRODUCT, f"{seq}", noise) for seq in range(14))
    assert len(made) < m.MAX_PRESSED_BYTES
    hard = m.press(Random(2).randbytes(m.MAX_ROWS_BYTES))
    assert len(hard) <= m.MAX_PRESSED_BYTES
    assert len(m.unpress(hard)) == m.MAX_ROWS_BYTES


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = m.press(bytes(m.MAX_ROWS_BYTES + 1))
    assert len(bomb) < 1000
    with pytest.raises(Malformed) as caught:
        m.unpress(bomb)
    assert caught.value.code == "too-large"
    with pytest.raises(Malformed, match="compressed bytes"):
        m.unpress(bytes(m.MAX_PRESSED_BYTES + 1))
    with pytest.raises(Malformed, match="of rows"):
        list(m.read_rows(bytes(m.MAX_ROWS_BYTES + 1)))
