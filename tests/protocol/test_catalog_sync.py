"""The messages of syncing: what fits a page, and a whole session as bytes, cut at every point."""

from dataclasses import replace
from itertools import islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import catalog_sync as m
from protocol import feed, log, rows
from protocol.codec import to_bytes
from protocol.errors import BadSignature, Malformed, ProtocolError
from protocol.kinds import Topic
from protocol.log import Checkpoint, sign_checkpoint
from protocol.messages import pack, unpack
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import EMPTY, Noun, Operation, Verb, compact, put, remove
from protocol.product import Product, Variant, product_id
from protocol.rows import Row, pressed
from protocol.sections import Division, Part, PartProof, SectionLeaf, Sections
from protocol.state_hash import StateHash

LUMEN, FEED = Key("lumen"), named("feed")
HEAD = sign_checkpoint(LUMEN, Checkpoint(FEED, 10_000, named("root"), named("state"), NOW)).raw
CATALOG = feed.Feed(named("lumen identity"), "catalog", "USD")
SERUM = Product("serum", "Dew Serum", vendor="Lumen", variants=(Variant("S-30", "30 ml"),))
OFFER = Offer("S-30", product_id(to_bytes(SERUM)), Money(5200, "USD"), Stock.IN_STOCK)
PART = Part(Division.BRAND, ("", "Lumen"))
_SECTIONS = Sections(Division.BRAND, [SectionLeaf(f"Brand {number}", 1, bytes(32)) for number in range(9)])
PROOF = _SECTIONS.prove(_SECTIONS.sign(LUMEN, FEED, 10_000, time=NOW), PART.names)
ROWS = [Row(seq, Noun.PRODUCT, f"p{seq}", Random(seq).randbytes(600)) for seq in range(1, 10_001)]


def test_pages_lead_from_the_first_row_to_the_last():
    since, found = 0, []
    for _ in range(20):
        answer = m.page(HEAD, 10_000, [bytes(32)] * 20, (row for row in ROWS if row.seq > since))
        assert len(pack(answer)) < (1 << 20) - 64
        found += answer.read(since)
        if not answer.more(since, 10_000):
            break
        since = answer.upto
    assert found == ROWS


def test_a_page_of_nothing_is_the_last():
    answer = m.page(HEAD, 10_000, (), ())
    assert (list(answer.read(9_000)), answer.upto, answer.more(9_000, 10_000)) == ([], 10_000, False)


def test_nothing_changed_costs_next_to_nothing():
    question = pack(m.SinceRequest(FEED, 2**40, 2**40, head=bytes(32)))
    assert len(question) + len(pack(m.Unchanged())) < 200


def test_a_thousand_changes_cost_less_than_their_records():
    changed = list(islice(ROWS, 1_000))
    answer = pack(m.page(HEAD, 10_000, [bytes(32)] * 20, changed))
    assert len(answer) < sum(len(row.record) for row in changed) + 20_000


def test_a_page_with_the_longest_proof_fits_a_frame():
    long = [PROOF.leaves[0]] * 200
    proof = PartProof(PROOF.head, tuple(replace(item, leaf=bytes(2_060), path=(bytes(32),) * 14) for item in long))
    answer = m.page(HEAD, 10_000, [bytes(32)] * 20, ROWS, proof)
    assert len(to_bytes(proof)) > 500_000
    assert len(pack(answer)) < (1 << 20) - 64
    assert next(answer.read(0)) == ROWS[0]


def test_a_list_of_sections_is_cut_to_a_frame():
    long = [m.ListedSection(f"{number:06}" + "x" * 490, 1, 600) for number in range(3_000)]
    answer = m.section_list(3_000, long)
    assert len(answer.sections) == m.MOST_LISTED
    wide = [m.ListedSection(f"{number:06}" + "\U0001f9f4" * 490, 1, 600) for number in range(3_000)]
    assert 300 < len(m.section_list(3_000, wide).sections) < m.MOST_LISTED
    assert len(pack(m.section_list(3_000, wide))) < (1 << 20) - 64


def test_entries_are_only_those_asked_for():
    answer = m.Entries(HEAD, pressed(ROWS[:3]), 3)
    assert list(answer.read([1, 2, 3])) == ROWS[:3]
    for asked in ([1, 2], [2, 3, 4]):
        with pytest.raises(Malformed) as caught:
            list(answer.read(asked))
        assert caught.value.code == "bad-page"
    with pytest.raises(Malformed):
        list(m.Entries(HEAD, pressed(ROWS[:1] * 2), 1).read([1]))
    with pytest.raises(Malformed):
        list(m.Entries(HEAD, pressed(ROWS[:3]), 2).read([1, 2, 3]))


@pytest.mark.parametrize(
    "message",
    [
        m.SinceRequest(FEED, 5, 4, bytes(32)),
        m.Unchanged(),
        m.page(HEAD, 10_000, [bytes(32)], ROWS[:2]),
        m.ManifestRequest(FEED),
        m.PackRequest(FEED, bytes(32)),
        m.Pack(b"data"),
        m.RangesRequest(FEED, b"r"),
        m.Ranges(HEAD, b"r"),
        m.EntriesRequest(FEED, (1, 2)),
        m.Entries(HEAD, b"r", 2),
        m.SinceRequest(FEED, 5, 4, bytes(32), PART),
        m.page(HEAD, 10_000, [bytes(32)], ROWS[:2], PROOF),
        m.RangesRequest(FEED, b"r", PART),
        m.SectionsRequest(FEED, PART.division),
        m.SectionsRequest(FEED, PART.division, "Lumen"),
        m.SectionList(2, (m.ListedSection("", 1, 600), m.ListedSection("Lumen", 2, 1_200))),
        feed.FeedsRequest(),
        feed.FeedsAnswer((CATALOG,)),
        feed.CatalogChanged(FEED, HEAD),
    ],
    ids=lambda message: type(message).__name__,
)
def test_each_message_comes_back_and_each_cut_of_it_is_refused(message):
    body = pack(message)
    assert unpack(Topic.CATALOG, body).record == message
    for end in range(len(body)):
        with pytest.raises(ProtocolError):
            unpack(Topic.CATALOG, body[:end])
    with pytest.raises(ProtocolError):
        unpack(Topic.ORDER, body)
    assert to_bytes(message)


def code(call, *given_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_)
    return caught.value.code


def product(name, title="x"):
    return Product(name, title, variants=(Variant(name, "x"),))


# --- a writer and readers


def operation_of(row):
    return Operation(Verb(f"{'remove' if row.record is None else 'put'}-{row.noun}"), row.name, row.record)


class Writer:
    """A merchant's feed in memory."""

    def __init__(self) -> None:
        self.operations, self.tree, self.states = [], log.Tree(), [EMPTY]

    def write(self, *operations):
        for operation in operations:
            self.operations.append(operation)
            self.tree.append(log.leaf_hash(to_bytes(operation)))
            self.states.append(self.states[-1].apply([operation]))

    def head(self):
        size = len(self.operations)
        return log.Checkpoint(CATALOG.id, size, self.tree.root(), self.states[-1].hash.digest, NOW + size)

    def answer(self, since, known):
        raw = log.sign_checkpoint(LUMEN, self.head()).raw
        new = compact((i + 1, op) for i, op in enumerate(self.operations) if i >= since)
        return m.page(raw, len(self.operations), self.tree.consistency(known), (Row(seq, *op.slot, op.record) for seq, op in new))


class Reader:
    def __init__(self) -> None:
        self.state, self.since, self.head, self.pages = EMPTY, 0, log.Checkpoint(CATALOG.id, 0, log.EMPTY_ROOT, StateHash().digest, 0), 0

    def take(self, answer):
        new = log.verify_checkpoint(answer.checkpoint, log=CATALOG.id, author=LUMEN.public)
        log.check_extends(self.head, new, answer.proof)
        more = answer.more(self.since, new.size)
        self.state, self.since = self.state.apply(operation_of(row) for row in answer.read(self.since)), answer.upto
        self.pages += 1
        if not more:
            feed.check_complete(self.state.hash, new)
            self.head = new
        return more

    def sync(self, writer):
        while self.take(writer.answer(self.since, self.head.size)):
            pass


steps = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=15)


def operation(name, number):
    if number == 0:
        return remove(Noun.PRODUCT, name)
    return put(product(name, f"title {number}"))


@settings(max_examples=40, deadline=None)
@given(steps, steps, steps, st.integers(200, 900))
def test_every_reader_ends_in_the_writers_state(first, second, third, room):
    """Whatever was written before, between and while paging, with pages of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MAX_ROWS_BYTES", room)
        writer, reader = Writer(), Reader()
        writer.write(*(operation(*step) for step in first))
        reader.sync(writer)
        assert reader.state == writer.states[-1]
        writer.write(*(operation(*step) for step in second))
        going_on = reader.take(writer.answer(reader.since, reader.head.size))
        writer.write(*(operation(*step) for step in third))
        if going_on or third:
            reader.sync(writer)
        assert reader.state == writer.states[-1]


def test_an_answer_that_hides_adds_or_alters_is_noticed():
    writer = Writer()
    writer.write(put(SERUM), put(OFFER), put(product("mask")))
    honest = writer.answer(0, 0)
    Reader().take(honest)
    cheaper = put(replace(OFFER, price=Money(1, "USD")))
    first, second, third = honest.read(0)
    for altered in (
        [second, third],
        [first, second, third._replace(name="more", record=put(product("more")).record)],
        [first, second._replace(record=cheaper.record), third],
        [],
    ):
        with pytest.raises(BadSignature) as caught:
            Reader().take(replace(honest, rows=pressed(altered)))
        assert caught.value.code == "state-mismatch"


def test_the_control_without_the_state_hash_a_hidden_product_goes_unnoticed(monkeypatch):
    writer = Writer()
    writer.write(put(SERUM), put(product("mask")))
    monkeypatch.setattr(feed, "check_complete", lambda *_: None)
    reader = Reader()
    honest = writer.answer(0, 0)
    reader.take(replace(honest, rows=pressed(list(honest.read(0))[1:])))
    assert reader.state != writer.states[-1]


def test_another_feeds_checkpoint_or_history_is_refused():
    writer, other = Writer(), Writer()
    writer.write(put(SERUM), put(OFFER))
    other.write(put(product("a")), put(product("b")), put(product("c")))
    reader = Reader()
    reader.sync(writer)
    assert code(reader.take, other.answer(2, 2)) == "bad-proof"
    stranger = log.sign_checkpoint(Key("stranger"), writer.head()).raw
    assert code(reader.take, replace(writer.answer(2, 2), checkpoint=stranger)) == "wrong-author"


def test_a_page_that_leads_nowhere_is_refused():
    writer = Writer()
    writer.write(put(SERUM), put(OFFER))
    for upto in (0, 3):
        assert code(Reader().take, replace(writer.answer(0, 0), upto=upto)) == "no-progress"
