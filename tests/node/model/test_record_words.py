"""What is wrong with a record is said by the field's name, for each field of each record, and says what to do."""

import dataclasses
import re

import pytest

from node.model.record_words import name_of, words_of
from node.problems import problem
from protocol.codec import from_tree, to_tree
from protocol.errors import BadField, Malformed
from protocol.money import Money
from protocol.offer import BrandTerms, Offer, Promotion, RankPrice
from protocol.product import Image, Product, Size, Translation, Variant, Withdrawal
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone

EUR = Money(100, "EUR")
PRODUCT = Product(
    "h", "T", "d", "v", "c", ("t",), ("Size",), (Image("https://a.example/1", b"\1" * 32, "alt", b"\2" * 32),),
    (Variant("S", "S", ("s",), "4006381333931", (EUR,), "m", 1, Size(1, 2, 3), (EUR,), "water"),),
    (EUR,), (b"\3" * 32,), 1, 2, Withdrawal("why", 1), "m", 1, Size(1, 2, 3), (EUR,), "water", "en",
    (Translation("de", "T", "d", "c", "i", ("w",)),), 1, "DE", "c", ("w",),
)  # fmt: skip
OFFER = Offer(
    "S", b"\1" * 32, EUR, plan=b"\2" * 32, compare_at=EUR, valid_to=2, ranks=(RankPrice(1, EUR),), promotions=(Promotion("p", EUR, 1, 2),), count=1,
    returns="r", brand=BrandTerms(b"\1" * 32, "h", b"\1" * 32), least=1, most=2, available_from=1, available_to=2,
)  # fmt: skip
PROFILE = ShippingProfile("s", "EUR", (Zone("z", ("DE",), Measure.FLAT, (Step(1),), ("1",), 1, 1, 2),), pickup=False, digital=False)
RECORDS = (PRODUCT, OFFER, PROFILE, ReturnPolicy("r", 14, ReturnCost.CUSTOMER, 0, ""))
CODE = re.compile(r"[A-Z]\w*\.\w|_|\bbytes\b|\bout of range\b|\bint\b|\bstr\b")
"""What no person should have to read."""


def places(tree, at=()):
    """Where a value stands in a tree, for each value."""
    if at:
        yield at
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, part in parts:
        yield from places(part, (*at, name))


def changed(tree, at, value):
    """The tree with another value there, or without one for `...`."""
    if not at:
        return value
    first, rest = at[0], at[1:]
    if isinstance(tree, dict):
        made = {**tree, first: changed(tree[first], rest, value)}
        return {name: part for name, part in made.items() if part is not ...}
    return [
        changed(part, rest, value) if place == first else part
        for place, part in enumerate(tree)
        if not (place == first and value is ... and not rest)
    ]


def faults(record):
    tree = to_tree(record)
    for at in places(tree):
        for value in (..., 1.5, -(2**63), 2**62, "x" * 70_000, b"", ["x"] * 2000, {}):
            try:
                from_tree(type(record), changed(tree, at, value))
            except BadField as error:
                yield error
            except Malformed:
                pass


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_each_wrong_field_is_named_in_plain_words(record):
    found = list(faults(record))
    assert {error.fault for error in found} >= {"missing", "kind", "long"}
    for error in found:
        told = words_of(error)
        assert not CODE.search(told.replace(f"none of {error.limit}", "")), told  # words to choose from are written so
        assert told[0].isupper()
        assert told.endswith(".")
        assert problem(error).detail == told
        assert CODE.search(str(error))  # the control: its own words are for programmers


def test_examples():
    def said(kind, tree):
        with pytest.raises(Malformed) as refused:
            from_tree(kind, tree)
        return words_of(refused.value)

    offer = to_tree(OFFER)
    assert said(Offer, changed(offer, (4, 0), 2**70)) == "Price is too large. Enter less."
    assert said(Offer, changed(offer, (20, 0, 0), 0)) == "Rank of a price by rank is too small. Enter 1 or more."
    assert said(Offer, changed(offer, (6,), "sold")) == "Stock is none of in_stock, low, out, unknown. Choose one of these."
    assert said(Offer, changed(offer, (0,), "x" * 129)) == "SKU is too long. Shorten it to 128 characters."
    product = to_tree(PRODUCT)
    assert said(Product, changed(product, (31, 0, 2), "x" * 501)) == "Title of a translation is too long. Shorten it to 500 characters."
    assert said(Product, changed(product, (16, 0, 6), "4006381333932")).endswith("Copy it from under the bar code, or leave it out.")
    assert said(Product, changed(product, (35,), "XX")).endswith("Write two capitals, such as DE or PT.")


def test_a_field_that_is_empty_says_so():
    with pytest.raises(Malformed) as refused:
        dataclasses.replace(OFFER, ranks=())
    assert words_of(refused.value) == "Prices by rank has no entry. Leave it out, or write one."
    assert name_of("Offer") == "The offer"


def test_an_error_of_the_node_is_left_as_it_is():
    assert words_of(ValueError("as it is")) == "as it is"
