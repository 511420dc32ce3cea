from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import packs as m
from protocol.envelope import verify
from protocol.errors import BadSignature, Malformed
from protocol.log import Checkpoint, sign_checkpoint
from protocol.operations import Noun, element
from protocol.rows import Row
from protocol.state_hash import StateHash

LUMEN = Key("lumen")
FEED = named("feed")


def rows(count, noise=600, seed=1):
    dice = Random(seed)
    made = [Row(seq, Noun.PRODUCT, f"p-{seq:06}", dice.randbytes(dice.randrange(noise - 50, noise + 50))) for seq in range(1, count + 1)]
    return sorted(made, key=lambda row: row[1:3])


def opened(made):
    before, found = None, []
    for entry, data in made:
        found += m.open_pack(entry, before, data)
        before = entry.last
    return found


def test_packs_hold_the_rows_in_order():
    given_ = rows(5_000)
    made = list(m.make_packs(given_))
    assert opened(made) == given_
    assert len(made) > 3
    assert all(len(data) == entry.size < m.MAX_PRESSED_BYTES for entry, data in made)
    assert [entry.count for entry, _ in made] == [len(m.open_pack(entry, None, data)) for entry, data in made]
    assert list(m.make_packs([])) == []


def test_a_pack_of_another_length_than_its_manifest_says_is_refused():
    """Its length is what is paid for and shown before it comes, so it is the writer's word as its hash is."""
    entry, data = next(m.make_packs(rows(10)))
    entry.check(data)
    with pytest.raises(BadSignature) as caught:
        replace(entry, size=entry.size + 1).check(data)
    assert caught.value.code == "wrong-pack"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 4_999), st.integers(0, 60), st.integers(0, 60))
def test_a_change_in_one_place_touches_the_packs_of_that_place(at, gone, came):
    before = rows(5_000)
    names = [f"{before[at].name}-{number:03}" for number in range(came)]
    after = [*before[: at + 1], *(Row(9_000, Noun.PRODUCT, name, b"new") for name in names), *before[at + 1 + gone :]]
    old, new = ({entry.hash for entry, _ in m.make_packs(given_)} for given_ in (before, after))
    assert opened(m.make_packs(after)) == after
    assert len(new - old) <= 3


def test_rows_of_the_largest_size_still_make_packs():
    large = [Row(seq, Noun.OFFER, f"{seq:03}", Random(seq).randbytes(64 * 1024)) for seq in range(40)]
    assert opened(m.make_packs(large)) == large


def test_a_manifest_says_what_is_to_come():
    given_ = rows(2_000)
    state = StateHash().add(*(element((row.noun, row.name), row.record) for row in given_))
    head = sign_checkpoint(LUMEN, Checkpoint(FEED, 2_000, named("root"), state.digest, NOW))
    entries = tuple(entry for entry, _ in m.make_packs(given_))
    signed = m.sign_manifest(LUMEN, m.Manifest(head.raw, state.to_bytes(), entries), time=NOW)
    manifest, checkpoint = m.open_manifest(verify(signed.raw, m.MANIFEST), feed=FEED)
    assert (manifest.rows, checkpoint.size) == (2_000, 2_000)
    assert manifest.size == sum(entry.size for entry in entries)
    twice = m.sign_manifest(LUMEN, m.Manifest(head.raw, state.to_bytes(), (entries[0], *entries)), time=NOW)
    with pytest.raises(Malformed) as caught:
        m.open_manifest(verify(twice.raw, m.MANIFEST), feed=FEED)
    assert caught.value.code == "bad-pack"


def test_the_manifest_of_the_most_packs_fits_a_frame():
    entry = m.PackEntry(bytes(32), 2_000, m.MAX_PRESSED_BYTES, Noun.PRODUCT, "a-handle-of-a-usual-length-for-shops")
    head = sign_checkpoint(LUMEN, Checkpoint(FEED, 1, named("root"), StateHash().digest, NOW))
    signed = m.sign_manifest(LUMEN, m.Manifest(head.raw, bytes(2048), (entry,) * m.MAX_PACKS), time=NOW)
    assert len(signed.raw) < 1_040_000
