"""Wishes that are chosen stand among the free ones, and are told from them."""

import pytest

from node.model.details import Entry
from node.model.person import Contact, Labelled, Names
from node.model.task import Channel
from node.model.wishes import FIXED, barred, chosen, free, with_chosen

SIZE, BLANK = Entry("38", "shoes"), Entry("")


@pytest.mark.parametrize("key", FIXED)
def test_each_fixed_wish_is_understood(key):
    wishes = with_chosen((SIZE,), (key,), ())
    person = Contact(0, Names("A"), preferences=tuple(Labelled(item.label, item.value) for item in wishes))
    assert barred(person) == (frozenset(Channel) if key == "contact" else {Channel(key)})
    assert (chosen(wishes), free(wishes)) == ((key,), (SIZE,))


def test_what_is_the_same_stays_as_it_stood():
    before = (Entry("no CALLS"), SIZE)
    assert with_chosen((SIZE, BLANK), ("call",), before) == before
    assert with_chosen((SIZE,), ("call", "visit"), before) == (SIZE, Entry("No calls"), Entry("No visits"))
    assert with_chosen((SIZE,), (), before) == (SIZE,)


def test_a_wish_with_a_label_is_free():
    assert free((Entry("No calls", "on Sundays"),)) == (Entry("No calls", "on Sundays"),)
