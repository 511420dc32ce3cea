import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import sections as m
from protocol.codec import to_bytes
from protocol.errors import ProtocolError
from protocol.product import Product, Variant
from protocol.state_hash import StateHash

LUMEN, FEED = Key("lumen"), named("feed")
BRAND = m.Division.BRAND


def state(name, count):
    return StateHash().add(*(f"{name} {number}".encode() for number in range(count)))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.integers(0, 3), min_size=1, max_size=40))
def test_each_section_is_proved_and_all_add_up(held):
    made = m.Sections(BRAND, [(name, count, state(name, count)) for name, count in held.items()])
    head = made.sign(LUMEN, FEED, 9, time=NOW)
    for name, count in held.items():
        found, leaf, author = m.open_proof(made.prove(head, name), m.Section(BRAND, name), feed=FEED)
        m.check_section(leaf, count, state(name, count))
        assert (found.size, found.count, author) == (9, len(held), LUMEN.public)
    whole = StateHash().add(*(f"{name} {number}".encode() for name, count in held.items() for number in range(count)))
    lanes = [int.from_bytes(whole.to_bytes()[at : at + 2], "little") for at in range(0, 2048, 2)]
    parts = [state(name, count).to_bytes() for name, count in held.items()]
    assert lanes == [sum(int.from_bytes(part[at : at + 2], "little") for part in parts) % 2**16 for at in range(0, 2048, 2)]


def test_a_proof_is_small_however_many_sections_there_are():
    made = m.Sections(BRAND, [(f"Brand {number:05}", 1, StateHash()) for number in range(10_000)])
    head = made.sign(LUMEN, FEED, 10_000, time=NOW)
    assert len(to_bytes(made.prove(head, "Brand 04711"))) < 1_000


def test_a_section_that_never_was_is_named():
    made = m.Sections(BRAND, [])
    with pytest.raises(ProtocolError) as caught:
        made.prove(made.sign(LUMEN, FEED, 0, time=NOW), "x")
    assert caught.value.code == "unknown-section"


def test_a_product_is_in_one_section_of_each_division():
    serum = Product("serum", "Dew Serum", vendor="Lumen", category="Skin", variants=(Variant("S", "S"),))
    assert [m.section_of(serum, division) for division in m.Division] == ["Lumen", "Skin"]
