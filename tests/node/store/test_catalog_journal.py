"""The journal of the catalog file: it tells exactly what differs between before and after, of followed feeds only, and it is bounded."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.model.catalog import Entry, Span
from node.model.catalog_change import Kind, goods_facts
from node.store import catalog_journal
from node.store.catalog_journal import KEPT_MS, MOST_AT_ONCE
from protocol.codec import to_bytes
from protocol.money import Money
from protocol.offer import Offer, Promotion, Stock
from protocol.operations import Noun, put, remove
from protocol.product import Image, Product, Variant, Withdrawal, product_id
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.state_hash import StateHash
from tests.node.store.test_catalog_file import FEED, OTHER, Publisher, entries, goods, offer, product, rows

PLANS = (bytes([7]) * 32, bytes([8]) * 32)


class Followed:
    """A feed that is followed: applied and accepted, in batches."""

    def __init__(self, store, feed=FEED) -> None:
        self.store, self.feed, self.size = store, feed, 0

    def take(self, operations, **named):
        found = entries(operations, self.size + 1)
        self.size += len(found)
        self.store.catalog.write_now(_take, self.feed, found, self.size, named)

    def told(self):
        lines = self.store.read_now(lambda unit: unit.catalog_changes.page([self.feed], (), 0, None, 100_000))
        return [(line.noun, line.name, line.told.kind, line.told.old, line.told.new) for line in reversed(lines)]

    def lines(self):
        return self.store.read_now(lambda unit: unit.catalog_changes.page([self.feed], (), 0, None, 100_000))

    def forget_lines(self):
        self.store.catalog.write_now(lambda writing: writing._db.execute("DELETE FROM changes"))


def _take(writing, feed, found, size, named):
    writing.apply(feed, found, **named)
    writing.advance(feed, size, b"head")


@pytest.fixture
def followed(store):
    return Followed(store)


def test_a_first_sync_tells_nothing_and_an_update_tells_what_changed(followed):
    soap = product("soap", "Soap", ("S1", "S2"))
    followed.take([put(soap), put(offer("S1", soap, 500)), put(offer("S2", soap, 900))])
    assert followed.told() == []
    followed.take([put(offer("S1", soap, 450)), put(offer("S2", soap, 900, Stock.OUT))])
    assert followed.told() == [("offer", "S1", Kind.CHEAPER, 500, 450), ("offer", "S2", Kind.SOLD_OUT, None, None)]
    newest = followed.lines()[0]
    assert (newest.handle, newest.title, newest.shelf, newest.product) == ("soap", "Soap", FEED, product_id(to_bytes(soap)))


def test_our_own_feed_and_bytes_that_stay_the_same_tell_nothing(store, followed):
    Publisher(store, OTHER).publish(goods(2))
    Publisher(store, OTHER).publish(goods(2, price=300))
    followed.take(goods(2))
    followed.take(goods(2))
    assert rows(store, "SELECT count(*) FROM changes") == [(0,)]


def test_a_product_comes_and_goes_with_its_offers_in_one_line(followed):
    followed.take(goods(1))
    soap = product("soap", "Soap", ("S1", "S2"))
    followed.take([put(offer("S1", soap, 700)), put(offer("S2", soap, 400)), put(soap)])
    assert followed.told() == [("product", "soap", Kind.NEW, None, 400)]
    assert followed.lines()[0].told.currency == "USD"
    followed.forget_lines()
    followed.take([remove(Noun.OFFER, "S1"), remove(Noun.OFFER, "S2"), remove(Noun.PRODUCT, "soap")])
    assert followed.told() == [("product", "soap", Kind.GONE, 400, None)]
    assert (followed.lines()[0].title, followed.lines()[0].product) == ("Soap", None)


def test_a_recall_says_why_and_offers_signed_anew_for_it_only_that_they_stop(followed):
    soap = product("soap")
    followed.take([put(soap), put(offer("SOAP", soap))])
    recalled = replace(soap, withdrawal=Withdrawal("The glass may splinter", 5))
    followed.take([put(recalled), put(offer("SOAP", recalled, stock=Stock.OUT))])
    assert followed.told() == [("product", "soap", Kind.RECALLED, None, None), ("offer", "SOAP", Kind.SOLD_OUT, None, None)]
    assert [line.told.note for line in followed.lines()] == ["", "The glass may splinter"]
    followed.forget_lines()
    followed.take([put(soap), put(offer("SOAP", soap))])
    assert [line[2] for line in followed.told()] == [Kind.ALLOWED, Kind.BACK]


def test_an_offer_of_a_product_in_another_feed_names_it(store, followed):
    brand, soap = Followed(store, OTHER), product("soap", "Brand's soap")
    brand.take([put(soap)])
    followed.take([put(offer("SOAP", soap, 100))])
    followed.take([put(offer("SOAP", soap, 120))])
    [line] = followed.lines()
    assert (line.feed, line.shelf, line.handle, line.title) == (FEED, OTHER, "soap", "Brand's soap")


def test_what_differs_of_other_records_is_a_change_of_terms(followed):
    policy = ReturnPolicy("main", 14, ReturnCost.CUSTOMER, 0, "")
    followed.take([put(policy)])
    followed.take([put(replace(policy, days=30))])
    assert followed.told() == [("returns", "main", Kind.TERMS, None, None)]


def test_what_changes_and_changes_back_in_one_answer_is_told_once_or_not_at_all(followed):
    followed.take(goods(1))
    one = product("p00000")
    back = [remove(Noun.OFFER, "P00000"), *goods(3_000, 200)[2:], put(offer("P00000", one, 130))]
    followed.take(back)
    assert [line for line in followed.told() if line[1] == "P00000"] == [("offer", "P00000", Kind.DEARER, 100, 130)]


def test_more_than_so_many_at_once_are_counted(followed):
    followed.take(goods(1))
    followed.take(goods(MOST_AT_ONCE))
    told = Counter(line[2] for line in followed.told())
    assert told == {Kind.NEW: MOST_AT_ONCE // 2, Kind.MANY: 1}
    assert followed.told()[-1] == ("product", "", Kind.MANY, None, MOST_AT_ONCE * 2 - 2 - MOST_AT_ONCE)


def test_a_feed_fetched_anew_says_that_much_may_have_changed(store, followed):
    followed.take(goods(3))
    found = entries(goods(3, 900))

    def anew(writing):
        writing.begin(FEED, b"load")
        writing.load(FEED, b"pack", Span(), sorted(found, key=lambda entry: (entry.noun, entry.name)))
        writing.seal(FEED, 99, StateHash(), b"head")

    store.catalog.write_now(anew)
    assert followed.told() == [("product", "", Kind.MANY, None, None)]


def test_packs_of_a_first_sync_and_the_update_that_ends_it_tell_nothing(store, followed):
    found = entries(goods(3))

    def first(writing):
        writing.begin(FEED, b"load")
        writing.load(FEED, b"pack", Span(), sorted(found, key=lambda entry: (entry.noun, entry.name)))
        writing.seal(FEED, 6, StateHash(), b"head")

    store.catalog.write_now(first)
    followed.size = 6
    followed.take(goods(1, 700))
    assert followed.told() == []
    followed.take(goods(1, 800))
    assert followed.told() == [("offer", "P00000", Kind.DEARER, 700, 800)]


def test_lines_are_kept_for_a_month_and_so_many_of_a_feed(store, followed, monkeypatch):
    monkeypatch.setattr(catalog_journal, "MOST_KEPT", 3)
    followed.take(goods(1))
    for price in (200, 300, 400, 500):
        followed.take(goods(1, price))
    assert [line[4] for line in followed.told()] == [300, 400, 500]
    clock = store.catalog._clock
    store.catalog._clock = lambda: clock() + KEPT_MS + 1
    followed.take(goods(1, 600))
    assert [line[4] for line in followed.told()] == [600]


def test_forgetting_a_feed_forgets_its_lines(store, followed):
    followed.take(goods(1))
    followed.take(goods(1, 200))
    store.catalog.write_now(lambda writing: writing.forget(FEED))
    assert rows(store, "SELECT count(*) FROM changes") == [(0,)]


def test_an_update_that_is_refused_leaves_no_line(store, followed):
    followed.take(goods(1))

    def refused(writing):
        writing.apply(FEED, entries(goods(1, 200), 3))
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        store.catalog.write_now(refused)
    assert followed.told() == []


# --- exactly the differences, whatever the batches

_products = st.builds(
    lambda handle, title, picture, recall, plans, until: Product(
        handle,
        title,
        images=(Image(picture),) if picture else (),
        variants=(Variant(f"{handle}-1", ""), Variant(f"{handle}-2", "")),
        withdrawal=Withdrawal(recall, 1) if recall else None,
        plans=plans,
        valid_to=until,
    ),
    st.sampled_from("abc"),
    st.sampled_from(["One", "Two"]),
    st.sampled_from(["", "https://x.example/1.png"]),
    st.sampled_from(["", "", "Splinters", "Leaks"]),
    st.sampled_from([None, PLANS]),
    st.sampled_from([None, 9]),
)
_offers = st.builds(
    lambda handle, which, price, stock, plan, deal, most: Offer(
        f"{handle}-{which}",
        handle.encode() * 32,  # stands for the product until the batch is made
        Money(price, "USD"),
        stock,
        plan=plan,
        promotions=(Promotion("Sale", Money(1, "USD"), 1, 2),) if deal else None,
        most=most,
    ),
    st.sampled_from("abc"),
    st.sampled_from("12"),
    st.integers(1, 4),
    st.sampled_from([Stock.IN_STOCK, Stock.LOW, Stock.OUT]),
    st.sampled_from([None, *PLANS]),
    st.booleans(),
    st.sampled_from([None, 5]),
)
_removals = st.sampled_from(
    [remove(Noun.PRODUCT, handle) for handle in "abc"] + [remove(Noun.OFFER, f"{handle}-{which}") for handle in "abc" for which in "12"]
)
_batches = st.lists(st.lists(_products | _offers | _removals, max_size=12), min_size=1, max_size=4)


def batch_of(drawn, state):
    """Operations, each offer for the product that its handle has once they are all done; and the state they lead to."""
    after = dict(state)
    products = {value.handle: value for kind, value in after.items() if isinstance(value, Product) for kind in [kind]}
    for one in drawn:
        if isinstance(one, Product):
            products[one.handle] = one
    operations = []
    for one in drawn:
        record = one
        if isinstance(one, Offer):
            handle = one.sku[0]
            record = replace(one, product=product_id(to_bytes(products.get(handle, product(handle)))))
        operation = record if not isinstance(record, Product | Offer) else put(record)
        operations.append(operation)
        if operation.record is None:
            after.pop(operation.slot, None)
        else:
            after[operation.slot] = record
    return operations, after


def differences(before, after):
    """What the journal has to say, reckoned from whole records."""
    found = []
    for slot in sorted({*before, *after}):
        old, new = before.get(slot), after.get(slot)
        if slot[0] is Noun.PRODUCT:
            found += [(*slot, kind, None, None) for kind in of_products(old, new)]
        else:
            found += [(*slot, *told) for told in of_offers(old, new)]
    return folded(found, before, after)


def of_products(old, new):
    if old is None or new is None:
        yield Kind.NEW if old is None else Kind.GONE
        return
    if old.withdrawal != new.withdrawal:
        yield Kind.RECALLED if new.withdrawal else Kind.ALLOWED
    if old.title != new.title:
        yield Kind.WORDS
    if old.images != new.images:
        yield Kind.PICTURES
    if old.plans != new.plans:
        yield Kind.PLAN
    if old.valid_to != new.valid_to:
        yield Kind.TERMS


def of_offers(old, new):
    if old is None:
        yield Kind.NEW, None, new.price.minor
    elif new is None:
        yield Kind.GONE, old.price.minor, None
    else:
        if new.price.minor != old.price.minor:
            yield Kind.CHEAPER if new.price.minor < old.price.minor else Kind.DEARER, old.price.minor, new.price.minor
        if (old.stock is Stock.OUT) != (new.stock is Stock.OUT):
            yield Kind.SOLD_OUT if new.stock is Stock.OUT else Kind.BACK, None, None
        if old.plan != new.plan:
            yield Kind.PLAN, None, None
        if old.promotions != new.promotions:
            yield Kind.DEALS, None, None
        if old.most != new.most:
            yield Kind.TERMS, None, None


def folded(found, before, after):
    """Offers that come or go with the product they name are told by its line, from the lowest price on."""
    alone = {(name, kind) for noun, name, kind, *_ in found if noun is Noun.PRODUCT and kind in (Kind.NEW, Kind.GONE)}
    named = {
        product_id(to_bytes(value)): value.handle for state in (before, after) for value in state.values() if isinstance(value, Product)
    }
    prices, rest = {}, []
    for line in found:
        noun, name, kind, old, new = line
        place = (after if kind is Kind.NEW else before).get((noun, name))
        at = (named.get(place.product), kind) if noun is Noun.OFFER and kind in (Kind.NEW, Kind.GONE) else None
        if at in alone:
            prices[at] = min(prices.get(at, 99), old or new)
        else:
            rest.append(line)
    return Counter(
        (noun.value, name, kind, prices.get((name, kind)), None)
        if noun is Noun.PRODUCT and kind is Kind.GONE
        else (noun.value, name, kind, None, prices.get((name, kind)))
        if noun is Noun.PRODUCT and kind is Kind.NEW
        else (noun.value, name, kind, old, new)
        for noun, name, kind, old, new in rest
    )


_numbers = count(1)


def run(store, batches):
    """Each batch's lines against what differs; the first that doesn't fit, or None."""
    followed, state = Followed(store, next(_numbers).to_bytes(32)), {}
    followed.take([put(product("zz"))])  # a feed that was whole before
    state[Noun.PRODUCT, "zz"] = product("zz")
    for drawn in batches:
        operations, after = batch_of(drawn, state)
        followed.forget_lines()
        followed.take(operations)
        told, expected = Counter(followed.told()), differences(state, after)
        if told != expected:
            return told, expected
        state = after
    return None


@given(_batches)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_journal_tells_exactly_what_differs(store, batches):
    assert run(store, batches) is None


def test_control_a_change_that_is_missed_is_caught(store, monkeypatch):
    batches = [[Product("a", "One", variants=(Variant("a-1", ""),))], [Product("a", "Two", variants=(Variant("a-1", ""),))]]
    assert run(store, batches) is None
    monkeypatch.setattr(catalog_journal, "goods_facts", lambda record: replace(goods_facts(record), words=b""))
    told, expected = run(store, batches)
    assert expected - told == Counter([("product", "a", Kind.WORDS, None, None)])


def test_entries_of_gone_slots_are_no_change(followed):
    followed.take(goods(1))
    followed.store.catalog.write_now(_take, FEED, [Entry(9, Noun.OFFER, "never", None)], 9, {})
    assert followed.told() == []
