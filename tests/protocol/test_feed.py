from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named

from protocol import feed as wire
from protocol import log
from protocol.codec import from_bytes, to_bytes
from protocol.encoding import encode
from protocol.errors import BadSignature, ProtocolError
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import EMPTY, Noun, Operation, Verb, compact, put, remove
from protocol.product import Product, Variant, product_id
from protocol.state_hash import StateHash

LUMEN = Key("lumen")
FEED = wire.Feed(named("lumen identity"), "catalog", "USD")
SERUM = Product(
    "serum",
    "Dew Serum",
    vendor="Lumen",
    options=("Size",),
    variants=(Variant("S-30", "30 ml", ("30 ml",)), Variant("S-50", "50 ml", ("50 ml",))),
)
OFFER = Offer("S-30", product_id(to_bytes(SERUM)), Money(5200, "USD"), Stock.IN_STOCK)


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


def product(name, title="x"):
    return Product(name, title, variants=(Variant(name, "x"),))


@pytest.mark.parametrize("record", [SERUM, OFFER, FEED, put(SERUM), put(OFFER), remove(Noun.OFFER, "S-30")])
def test_there_and_back(record):
    assert from_bytes(type(record), to_bytes(record)) == record


def test_records_that_cannot_be():
    assert code(replace, SERUM, variants=(SERUM.variants[0],) * 2) == "duplicate-sku"
    assert code(replace, SERUM, variants=()) == "malformed"
    assert code(replace, SERUM, options=()) == "malformed"
    assert code(replace, SERUM, title="") == "malformed"
    assert code(replace, OFFER, price=Money(-1, "USD")) == "bad-price"
    assert code(replace, OFFER, compare_at=Money(1, "EUR")) == "currency"
    assert code(replace, OFFER, sku="") == "malformed"
    assert code(Operation, Verb.PUT_OFFER, "S-30") == "malformed"
    assert code(Operation, Verb.REMOVE_OFFER, "S-30", b"") == "malformed"
    assert code(Operation(Verb.PUT_OFFER, "S-50", to_bytes(OFFER)).read) == "wrong-name"
    assert code(Operation(Verb.PUT_PRODUCT, "x", b"\xff").read) == "malformed"


def test_a_later_optional_field_is_kept_though_not_understood():
    later = encode({0: "serum", 2: "Dew", 4: "", 6: "", 8: "", 10: [], 12: [], 14: [], 16: [{0: "S", 2: "S", 4: []}], 17: "new"})
    state = EMPTY.apply([Operation(Verb.PUT_PRODUCT, "serum", later)])
    assert state.records[Noun.PRODUCT, "serum"] == later


def test_an_offer_holds_for_its_time():
    offer = replace(OFFER, valid_from=10, valid_to=20)
    assert [offer.valid_at(now) for now in (9, 10, 19, 20)] == [False, True, True, False]
    assert OFFER.valid_at(NOW)


# --- a writer and readers


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
        return log.Checkpoint(FEED.id, size, self.tree.root(), self.states[-1].hash.digest, NOW + size)

    def answer(self, since, known):
        raw = log.sign_checkpoint(LUMEN, self.head()).raw
        new = [(seq, to_bytes(op)) for seq, op in compact((i + 1, op) for i, op in enumerate(self.operations) if i >= since)]
        return wire.page(raw, len(self.operations), self.tree.consistency(known), new)


class Reader:
    def __init__(self) -> None:
        self.state, self.since, self.head, self.pages = EMPTY, 0, log.Checkpoint(FEED.id, 0, log.EMPTY_ROOT, StateHash().digest, 0), 0

    def take(self, answer):
        new = log.verify_checkpoint(answer.checkpoint, log=FEED.id, author=LUMEN.public)
        log.check_extends(self.head, new, answer.proof)
        more = answer.more(self.since, new.size)
        self.state, self.since = self.state.apply(answer.read()), answer.upto
        self.pages += 1
        if not more:
            wire.check_complete(self.state.hash, new)
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
@given(steps, steps, steps, st.integers(60, 400))
def test_every_reader_ends_in_the_writers_state(first, second, third, room):
    """Whatever was written before, between and while paging, with pages of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "MAX_PAGE_BYTES", room)
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
    for operations in (
        honest.operations[1:],
        (*honest.operations, to_bytes(put(product("more")))),
        (honest.operations[0], to_bytes(cheaper), honest.operations[2]),
        (),
    ):
        with pytest.raises(BadSignature) as caught:
            Reader().take(replace(honest, operations=operations))
        assert caught.value.code == "state-mismatch"


def test_the_control_without_the_state_hash_a_hidden_product_goes_unnoticed(monkeypatch):
    writer = Writer()
    writer.write(put(SERUM), put(product("mask")))
    monkeypatch.setattr(wire, "check_complete", lambda *_: None)
    reader = Reader()
    honest = writer.answer(0, 0)
    reader.take(replace(honest, operations=honest.operations[1:]))
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


def test_compaction_keeps_the_last_of_each():
    ops = [put(SERUM), put(OFFER), remove(Noun.OFFER, "S-30"), put(replace(SERUM, title="New"))]
    assert compact(enumerate(ops, 1)) == [(3, ops[2]), (4, ops[3])]


def test_a_page_fits_a_frame():
    big = put(replace(SERUM, description="x" * 20_000))
    answer = wire.page(b"", 100, (), [(i + 1, to_bytes(replace(big, name=f"{i}"))) for i in range(100)])
    assert len(to_bytes(answer)) < 1 << 20
    assert answer.upto == len(answer.operations) < 100
    assert from_bytes(wire.CatalogAnswer, to_bytes(answer)) == answer


def test_a_page_that_leads_nowhere_is_refused():
    writer = Writer()
    writer.write(put(SERUM), put(OFFER))
    for upto in (0, 3):
        assert code(Reader().take, replace(writer.answer(0, 0), upto=upto)) == "no-progress"
