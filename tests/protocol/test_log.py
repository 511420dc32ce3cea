from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, flipped, named

from protocol import log as m
from protocol.envelope import sign
from protocol.errors import BadSignature, ProtocolError

ANA, BEN = Key("ana"), Key("ben")
LOG = named("log")
sizes = st.integers(1, 70)


def leaves(count):
    return [m.leaf_hash(b"%d" % number) for number in range(count)]


def rfc_root(hashes):
    """RFC 6962 §2.1, as written."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return m.node_hash(rfc_root(hashes[:k]), rfc_root(hashes[k:]))


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


@given(sizes, st.data())
def test_roots(size, data):
    tree, frontier = m.Tree(leaves(size)), m.Frontier()
    for leaf in leaves(size):
        frontier = frontier.append(leaf)
    assert tree.root() == frontier.root == rfc_root(leaves(size))
    earlier = data.draw(st.integers(1, size))
    assert tree.root(earlier) == rfc_root(leaves(earlier))


def test_the_empty_tree():
    assert m.Tree().root() == m.Frontier().root == m.EMPTY_ROOT


@given(sizes, st.data())
def test_inclusion(size, data):
    tree, index = m.Tree(leaves(size)), data.draw(st.integers(0, size - 1))
    leaf, proof = leaves(size)[index], tree.inclusion(index)
    m.verify_inclusion(leaf, index, size, proof, tree.root())
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index) | st.just(size))
    for wrong in (
        (flipped(leaf), index, size, proof, tree.root()),
        (leaf, other, size, proof, tree.root()),
        (leaf, index, size, (*proof, named("extra")), tree.root()),
        (leaf, index, size, proof, named("other root")),
        *((leaf, index, size, (*proof[:i], flipped(part), *proof[i + 1 :]), tree.root()) for i, part in enumerate(proof)),
        *((leaf, index, size, proof[:i], tree.root()) for i in range(len(proof))),
    ):
        assert code(m.verify_inclusion, *wrong) == "bad-proof"


@given(sizes, st.data())
def test_consistency(size, data):
    tree, old = m.Tree(leaves(size)), data.draw(st.integers(0, size))
    before, after, proof = tree.root(old), tree.root(), tree.consistency(old)
    m.verify_consistency(old, before, size, after, proof)
    wrongs = [(old, flipped(before), size, after, proof), (old, before, size, after, (*proof, named("extra")))]
    wrongs += [(old, before, size, after, (*proof[:i], flipped(part), *proof[i + 1 :])) for i, part in enumerate(proof)]
    wrongs += [(old, before, size, after, proof[:i]) for i in range(len(proof))]
    if old:
        wrongs.append((old, before, size, flipped(after), proof))
        wrongs.append((old, before, old - 1, after, proof))
    for wrong in wrongs:
        assert code(m.verify_consistency, *wrong) == "bad-proof"


def test_a_proof_that_goes_on_after_the_root_proves_nothing():
    """The roots that come out are those that are shown: only the part too many tells."""
    one, two, *_ = leaves(4)
    assert code(m.verify_inclusion, two, 0, 1, (one,), m.node_hash(one, two)) == "bad-proof"
    tree, above = m.Tree(leaves(4)), named("above")
    before, after = (m.node_hash(above, tree.root(size)) for size in (3, 4))
    assert code(m.verify_consistency, 3, before, 4, after, (*tree.consistency(3), above)) == "bad-proof"


@given(st.integers(2, 70), st.data())
def test_a_rewritten_log_is_not_consistent(size, data):
    old = data.draw(st.integers(1, size - 1))
    changed = leaves(size)
    changed[data.draw(st.integers(0, old - 1))] = named("rewritten")
    tree = m.Tree(changed)
    assert code(m.verify_consistency, old, m.Tree(leaves(old)).root(), size, tree.root(), tree.consistency(old)) == "bad-proof"


def test_sizes_a_tree_never_had():
    tree = m.Tree(leaves(3))
    for call in (lambda: tree.inclusion(3), lambda: tree.inclusion(0, 4), lambda: tree.consistency(2, 4), lambda: tree.consistency(3, 2)):
        with pytest.raises(IndexError):
            call()
    with pytest.raises(ProtocolError):
        m.Frontier(3, (named("one"),))


# --- chains


def three():
    chain, entries = m.Chain(LOG), []
    for number in range(3):
        chain, entry = chain.sign(ANA, "test.note", {0: number}, created=NOW)
        entries.append(entry)
    return entries


def test_a_chain_is_followed():
    chain = m.Chain(LOG)
    for entry in three():
        chain = chain.follow(entry)
    assert chain == m.Chain(LOG, 3, three()[2].id)


def test_what_does_not_follow():
    first, second, third = three()
    at_two = m.Chain(LOG).follow(first).follow(second)
    other = sign(ANA, "test.note", {0: "other"}, created=NOW, log=LOG, seq=2, prev=first.id)
    after_other = sign(ANA, "test.note", {0: 3}, created=NOW, log=LOG, seq=3, prev=other.id)
    assert code(at_two.follow, second) == "replayed"
    assert code(at_two.follow, first) == "replayed"
    assert code(at_two.follow, other) == "equivocation"
    assert code(at_two.follow, after_other) == "equivocation"
    assert code(m.Chain(LOG).follow, third) == "out-of-order"
    assert code(m.Chain(named("another log")).follow, first) == "wrong-log"
    assert code(m.Chain(LOG).follow, sign(ANA, "test.note", {}, created=NOW, log=LOG)) == "replayed"


# --- checkpoints

TREE = m.Tree(leaves(9))


def head(size, **changes):
    return replace(m.Checkpoint(LOG, size, TREE.root(size), named(f"state {size}"), NOW + size), **changes)


def test_a_checkpoint():
    raw = m.sign_checkpoint(ANA, head(5)).raw
    assert m.verify_checkpoint(raw, log=LOG, author=ANA.public) == head(5)
    assert code(m.verify_checkpoint, raw, author=BEN.public) == "wrong-author"
    assert code(m.verify_checkpoint, raw, log=named("another log")) == "wrong-log"
    assert code(m.verify_checkpoint, flipped(raw)) == "bad-signature"
    assert code(m.verify_checkpoint, sign(ANA, "test.note", head(5), created=NOW).raw) == "wrong-domain"
    assert code(m.verify_checkpoint, sign(ANA, m.CHECKPOINT, head(5), created=NOW, log=LOG, seq=6).raw) == "malformed"
    assert code(m.verify_checkpoint, m.sign_checkpoint(ANA, head(0, root=named("x"))).raw) == "malformed"


def test_heads_extend_each_other():
    m.check_extends(head(5), head(9), TREE.consistency(5))
    m.check_extends(head(5), head(5, time=NOW + 99), ())
    assert code(m.check_extends, head(5), head(9), TREE.consistency(4)) == "bad-proof"
    assert code(m.check_extends, head(9), head(5), ()) == "rollback"
    assert code(m.check_extends, head(9), head(5, time=NOW + 99), ()) == "rollback"
    assert code(m.check_extends, head(5), head(9, time=NOW), TREE.consistency(5)) == "rollback"
    assert code(m.check_extends, head(5), head(5, root=named("x")), ()) == "equivocation"
    assert code(m.check_extends, head(5), head(5, state_hash=named("x")), ()) == "equivocation"
    assert code(m.check_extends, head(5), head(9, log=named("x")), ()) == "wrong-log"


def test_equivocation_is_proved_by_the_two_heads():
    first, second = (m.sign_checkpoint(ANA, head(5, root=root)).raw for root in (TREE.root(5), named("x")))
    proof = m.Equivocation(first, second)
    assert m.check_equivocation(proof) == head(5)
    assert proof.id == m.Equivocation(second, first).id
    innocent = [
        m.Equivocation(first, first),
        m.Equivocation(first, m.sign_checkpoint(ANA, head(6)).raw),
        m.Equivocation(first, m.sign_checkpoint(BEN, head(5, root=named("x"))).raw),
        m.Equivocation(first, m.sign_checkpoint(ANA, head(5, time=NOW + 77)).raw),
    ]
    for nothing in innocent:
        with pytest.raises(BadSignature):
            m.check_equivocation(nothing)


ROOT = named("root")


def test_heads_of_sections_contradict_each_other_by_what_they_say_and_manifests_never():
    """An honest writer signs both again at another time, and heads by brand and by category for one size."""

    def head(division="brand", root=ROOT, time=NOW, seq=7, type_=m.SECTIONS):
        body = {0: named("feed"), 2: seq, 4: division, 6: 3, 8: root, 10: time}
        return sign(Key("lumen"), type_, body, created=time, log=named("feed"), seq=seq).raw

    one, other = m.check_contradiction(head(), head(root=named("other")))
    assert one.envelope.seq == other.envelope.seq == 7
    manifest = head(type_="catalog.manifest")
    for honest in (head(time=NOW + 1), head("category", named("other")), head(seq=8, root=named("other")), manifest):
        with pytest.raises(BadSignature) as caught:
            m.check_contradiction(head(), honest)
        assert caught.value.code == "bad-proof"
    with pytest.raises(BadSignature):
        m.check_contradiction(manifest, head(type_="catalog.manifest", time=NOW + 1))


def test_records_of_no_log_contradict_nobody():
    notes = [sign(ANA, "test.note", {0: text}, created=NOW).raw for text in ("one", "another")]
    assert code(m.check_contradiction, *notes) == "bad-proof"
