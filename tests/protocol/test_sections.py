import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import sections as m
from protocol.codec import to_bytes
from protocol.envelope import sign
from protocol.errors import ProtocolError
from protocol.log import EMPTY_ROOT, SECTIONS
from protocol.product import Product, Variant
from protocol.state_hash import StateHash

LUMEN, FEED = Key("lumen"), named("feed")
BRAND = m.Division.BRAND


def state(name, count):
    return StateHash().add(*(f"{name} {number}".encode() for number in range(count)))


def leaf(name, count):
    return m.SectionLeaf(name, count, state(name, count).digest)


def made(held, division=BRAND):
    return m.Sections(division, [leaf(name, count) for name, count in held.items() if count])


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


held_ = st.dictionaries(st.text(max_size=20), st.integers(0, 3), max_size=40)


@settings(max_examples=60, deadline=None)
@given(held_, st.sets(st.text(max_size=20), min_size=1, max_size=5), st.integers(0, 10))
def test_each_part_is_proved_also_where_nothing_is_and_all_add_up(held, others, some):
    names = tuple(sorted(others | set(sorted(held)[:some])))
    writer, part = made(held), m.Part(BRAND, names)
    shown = m.open_proof(writer.prove(writer.sign(LUMEN, FEED, 9, time=NOW), names), part, feed=FEED)
    assert (shown.head.size, shown.author, tuple(shown.held)) == (9, LUMEN.public, names)
    here = {name: (held[name], state(name, held[name])) for name in names if held.get(name)}
    m.check_sections(shown, here)
    for name in names:
        count = held.get(name, 0)
        for other in ((count + 1, count + 1), (count + 1, count), (count, count + 1)):  # both, the number alone, what they hold alone
            more = {**here, name: (other[0], state(name, other[1]))}
            assert code(m.check_sections, shown, more) == "state-mismatch"
    whole = StateHash().add(*(f"{name} {number}".encode() for name, count in held.items() for number in range(count)))
    total = StateHash()
    for name, count in held.items():
        total = total.plus(state(name, count))
    assert total == whole
    for name, count in held.items():
        total = total.minus(state(name, count))
    assert total == StateHash()


@settings(max_examples=40, deadline=None)
@given(held_.filter(lambda held: any(held.values())), st.data())
def test_no_section_that_has_records_is_proved_to_have_none(held, data):
    """Whatever leaves a writer shows of a true tree: a name that has one is either shown, or nothing is proved of it."""
    writer = made(held)
    name = data.draw(st.sampled_from([name for name, count in held.items() if count]))
    asked = data.draw(st.lists(st.sampled_from([*held, "", "\U0010ffff"]), max_size=6))
    proof = writer.prove(writer.sign(LUMEN, FEED, 9, time=NOW), asked)
    part = m.Part(BRAND, (name,))
    if name in asked or any(item.leaf == to_bytes(leaf(name, held[name])) for item in proof.leaves):
        assert m.open_proof(proof, part, feed=FEED).held[name] == (held[name], state(name, held[name]).digest)
    else:
        assert code(m.open_proof, proof, part, feed=FEED) == "bad-proof"


def test_a_proof_is_small_however_many_sections_there_are():
    names = {f"Brand {number:05}": 1 for number in range(10_000)}
    writer = made(names)
    head = writer.sign(LUMEN, FEED, 10_000, time=NOW)
    assert len(to_bytes(writer.prove(head, ["Brand 04711"]))) < 1_000
    assert len(to_bytes(writer.prove(head, ["", "Brand 04711", "Brand 04711a"]))) < 3_000


CATEGORY = m.Division.CATEGORY
levels_ = st.lists(st.sampled_from(["Bath", "Soap", "Face", "Bath Towels", "A", "Bath >"]), min_size=1, max_size=3).map(" > ".join)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(levels_, st.integers(1, 3), max_size=12), st.sets(levels_, min_size=1, max_size=3))
def test_a_category_is_proved_with_all_below_it_and_nothing_of_it_can_be_left_out(held, chosen):
    part = m.Part(CATEGORY, tuple(sorted(chosen)))
    writer = made(held, CATEGORY)
    proof = writer.prove(writer.sign(LUMEN, FEED, 9, time=NOW), part.names)
    shown = m.open_proof(proof, part, feed=FEED)
    wanted = {name: count for name, count in held.items() if any(name == top or name.startswith(f"{top} > ") for top in chosen)}
    assert {name: count for name, (count, _) in shown.held.items() if count} == wanted
    assert all(part.covers(name) == (name in wanted) for name in held)
    here = {name: (count, state(name, count)) for name, count in wanted.items()}
    m.check_sections(shown, here)
    assert code(m.check_sections, shown, {**here, "Bath > Unsigned": (1, state("x", 1))}) == "state-mismatch"
    for index, item in enumerate(proof.leaves):
        fewer = m.PartProof(proof.head, proof.leaves[:index] + proof.leaves[index + 1 :])
        try:
            less = m.open_proof(fewer, part, feed=FEED)
        except ProtocolError as error:
            assert error.code == "bad-proof"  # noqa: PT017 - what is proved all the same is compared below
        else:
            assert less.held == shown.held, item


def test_of_brands_nothing_is_below_another():
    writer = made({"Bath": 1, "Bath > Soap": 2})
    part = m.Part(BRAND, ("Bath",))
    assert set(m.open_proof(writer.prove(writer.sign(LUMEN, FEED, 9, time=NOW), part.names), part, feed=FEED).held) == {"Bath"}
    assert not part.covers("Bath > Soap")


def test_what_is_too_much_for_one_proof_is_not_shown(monkeypatch):
    writer = made({f"Bath > {number}": 1 for number in range(20)}, CATEGORY)
    head = writer.sign(LUMEN, FEED, 9, time=NOW)
    assert len(writer.prove(head, ["Bath"]).leaves) == 20
    monkeypatch.setattr(m, "MOST_SHOWN", 19)
    assert code(writer.prove, head, ["Bath"]) == "undivided"
    monkeypatch.setattr(m, "MOST_SHOWN", 20)
    monkeypatch.setattr(m, "MOST_PROOF_BYTES", 1_000)
    assert code(writer.prove, head, ["Bath"]) == "undivided"


def test_more_sections_than_a_division_has_are_not_signed(monkeypatch):
    monkeypatch.setattr(m, "MOST_SECTIONS", 2)
    few, many = made({"a": 1, "b": 1}), made({"a": 1, "b": 1, "c": 1})
    few.sign(LUMEN, FEED, 9, time=NOW)
    assert code(many.sign, LUMEN, FEED, 9, time=NOW) == "undivided"


def test_a_head_over_too_many_or_over_nothing_is_no_head(monkeypatch):
    writer = made({"a": 1, "b": 1, "c": 1})
    proof = writer.prove(writer.sign(LUMEN, FEED, 9, time=NOW), ["a"])
    for count, root in ((0, named("root")), (3, EMPTY_ROOT)):
        head = m.SectionsHead(FEED, 9, BRAND, count, root, NOW)
        nothing = m.PartProof(sign(LUMEN, SECTIONS, head, created=NOW, log=FEED, seq=9).raw, ())
        assert code(m.open_proof, nothing, m.Part(BRAND, ("a",)), feed=FEED) == "malformed"
    monkeypatch.setattr(m, "MOST_SECTIONS", 2)
    assert code(m.open_proof, proof, m.Part(BRAND, ("a",)), feed=FEED) == "malformed"


def test_a_product_is_in_one_section_of_each_division():
    serum = Product("serum", "Dew Serum", vendor="Lumen", category="Skin", variants=(Variant("S", "S"),))
    assert [m.section_of(serum, division) for division in m.Division] == ["Lumen", "Skin"]
