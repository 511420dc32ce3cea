from dataclasses import replace

import pytest
from parts import NOW, Key, named

from protocol import feed as wire
from protocol.codec import from_bytes, to_bytes
from protocol.encoding import decode, encode
from protocol.errors import ProtocolError
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import EMPTY, Noun, Operation, Verb, compact, element, put, remove, written
from protocol.product import Product, Variant, product_id

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
    assert code(replace, SERUM, handle="") == "malformed"
    assert code(replace, SERUM, variants=(replace(SERUM.variants[0], sku=""), SERUM.variants[1])) == "duplicate-sku"
    assert code(replace, OFFER, price=Money(-1, "USD")) == "bad-price"
    assert code(replace, OFFER, compare_at=Money(1, "EUR")) == "currency"
    assert code(replace, OFFER, sku="") == "malformed"
    assert code(Operation, Verb.PUT_OFFER, "S-30") == "malformed"
    assert code(Operation, Verb.REMOVE_OFFER, "S-30", b"") == "malformed"
    assert code(Operation(Verb.PUT_OFFER, "S-50", to_bytes(OFFER)).read) == "wrong-name"
    assert code(Operation(Verb.PUT_PRODUCT, "x", b"\xff").read) == "malformed"


@pytest.mark.parametrize(("record", "number"), [(SERUM, 0), (SERUM, 2), (OFFER, 0)])
def test_what_names_nothing_is_no_record_of_a_feed(record, number):
    """A product without handle or title and an offer without SKU, as they come from a peer. Control: untouched they are read."""
    operation = put(record)
    assert FEED.read(operation) == record
    empty = encode({**decode(operation.record), number: ""})
    assert code(FEED.read, replace(operation, record=empty)) == "malformed"


@pytest.mark.parametrize("currency", ["", "usd", "US", "U5D", "Ü$D"])
def test_a_feed_is_in_a_currency(currency):
    assert code(replace, FEED, currency=currency) == "currency"
    assert code(from_bytes, wire.Feed, encode({**decode(to_bytes(FEED)), 4: currency})) == "currency"


def test_only_a_later_device_of_the_same_catalog_follows():
    """By number: its first device (which a feed does not name) is the earliest."""
    first, second, third = (replace(FEED, incarnation=writer) for writer in (None, 2, 3))
    feeds = (first, second, third)
    assert [[one.follows(other) for other in feeds] for one in feeds] == [[False, False, False], [True, False, False], [True, True, False]]
    for change in ({"identity": named("another")}, {"name": "other"}, {"currency": "EUR"}):
        assert not third.follows(replace(first, **change))


@pytest.mark.parametrize("noun", Noun)
@pytest.mark.parametrize("record", [b"", b"\xf6", bytes(23), bytes(24), bytes(600), bytes(60_000)], ids=len)
@pytest.mark.parametrize("name", ["S", "straße " * 20, "n" * 255], ids=len)
def test_what_is_written_in_bulk_is_what_is_encoded(noun, name, record):
    putting, taking = Operation(Verb(f"put-{noun}"), name, record), remove(noun, name)
    assert written(putting) == (to_bytes(putting), encode([noun.value, name, record]))
    assert element(putting.slot, record) == encode([noun.value, name, record])
    assert written(taking) == (to_bytes(taking), None)


def test_a_later_optional_field_is_kept_though_not_understood():
    later = encode({0: "serum", 2: "Dew", 4: "", 6: "", 8: "", 10: [], 12: [], 14: [], 16: [{0: "S", 2: "S", 4: []}], 17: "new"})
    state = EMPTY.apply([Operation(Verb.PUT_PRODUCT, "serum", later)])
    assert state.records[Noun.PRODUCT, "serum"] == later


def test_an_offer_holds_for_its_time():
    offer = replace(OFFER, valid_from=10, valid_to=20)
    assert [offer.valid_at(now) for now in (9, 10, 19, 20)] == [False, True, True, False]
    assert OFFER.valid_at(NOW)


def test_compaction_keeps_the_last_of_each():
    ops = [put(SERUM), put(OFFER), remove(Noun.OFFER, "S-30"), put(replace(SERUM, title="New"))]
    assert compact(enumerate(ops, 1)) == [(3, ops[2]), (4, ops[3])]
