"""The search of the catalog file against a plain reading of the same goods: what is found, in which order, page by page."""

import random

import pytest

from node.model import terms
from node.model.catalog import Entry, FeedRow
from node.model.catalog_search import Asked, Order
from node.model.customer import plain
from node.store import catalog_search, catalog_walk
from protocol.codec import to_bytes
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import put, remove
from protocol.product import Product, Variant, product_id

FEEDS = (bytes([1]) * 32, bytes([2]) * 32)
WORDS = ("amber", "Ambre", "balm", "crème", "dusk", "Zürich", "o'hara", "Straße", "soap", "so", "zest", "ünder", "a")
BRANDS, CATEGORIES = ("Lumen", "LÚMEN", "Orla & Co", ""), ("Bath", "Bath > Soap", "Bath > Soap > Bars", "Home", "")


def invented(count, seed=1):
    dice = random.Random(seed)
    for number in range(count):
        title = " ".join(dice.choice(WORDS) for _ in range(dice.randint(1, 3)))
        variants = tuple(Variant(f"S{number}-{at}", "") for at in range(dice.randint(1, 2)))
        product = Product(f"h{number}", title, vendor=dice.choice(BRANDS), category=dice.choice(CATEGORIES), variants=variants)
        price = dice.choice((0, 1, 2, 999, 1000, 1001, 5000, 10**9))
        offers = [
            Offer(variant.sku, product_id(to_bytes(product)), Money(price + at, "USD"), dice.choice(list(Stock)))
            for at, variant in enumerate(variants)
            if dice.random() < 0.9
        ]
        yield product, offers


@pytest.fixture
def shelf(store):
    """The store's file with two feeds, and the same goods as a plain list."""
    goods = []
    for at, feed in enumerate(FEEDS):
        store.write_now(lambda unit, feed=feed: unit.catalog.keep_feed(FeedRow(feed, bytes(32), "main", "USD", own=False)))
        found = list(invented(150, at + 1))
        operations = [put(product) for product, _ in found] + [put(offer) for _, offers in found for offer in offers]
        entries = [Entry(seq, *operation.slot, operation.record) for seq, operation in enumerate(operations, start=1)]
        store.catalog.write_now(lambda writing, feed=feed, entries=entries: writing.apply(feed, entries))
        goods += [(feed, product, offers) for product, offers in found]
    return store, goods


def find(store, asked, order=Order.BEST, page=7):
    """All pages, as (feed, handle) of each; and the first page's count."""
    found, after, first = [], None, None
    while True:
        page_ = store.read_now(lambda unit, after=after: unit.catalog_search.find(asked, order, after, page))
        first = first or page_
        from protocol.codec import from_bytes

        found += [(listing.feed, from_bytes(Product, listing.goods).handle) for listing in page_.listings]
        if not page_.more:
            return found, first
        after = page_.listings[-1].place


def matches(asked, feed, product, offers):
    text = " ".join([product.title, product.vendor, product.category, *product.tags, *(variant.sku for variant in product.variants)])
    here = terms.words(text)
    low = min((offer.price.minor for offer in offers), default=0)
    path = [plain(" > ".join(product.category.split(" > ")[:count])) for count in range(1, 9)]
    return (
        all(any(word.startswith(part) for word in here) for part in asked.words)
        and (not asked.feeds or feed in asked.feeds)
        and (not asked.brand or plain(asked.brand) == plain(product.vendor))
        and (not asked.category or plain(asked.category) in path)
        and (offers or not asked.offered)
        and (not asked.available or any(offer.stock is not Stock.OUT for offer in offers))
        and (asked.low is None or (asked.low <= low and (offers or asked.low == 0)))
        and (asked.high is None or low <= asked.high)
    )


def key(asked, order, product, offers):
    name, low = plain(product.title)[:40], min((offer.price.minor for offer in offers), default=0)
    if order is Order.BEST:
        first = asked.words[0] if asked.words else ""
        return (0 if name.startswith(first) else 1 if first in name.split() else 2, name)
    return low if order is Order.CHEAP else -low


ASKED = [
    Asked(),
    Asked(words=("am",)),
    Asked(words=("amb", "so")),
    Asked(words=("zurich",)),
    Asked(words=("strasse",)),
    Asked(words=("zurich", "straß")),
    Asked(words=("strass", "so")),
    Asked(words=("under",), available=True),
    Asked(words=("s12",)),
    Asked(words=("nothing",)),
    Asked(feeds=(FEEDS[1],), words=("a",)),
    Asked(feeds=(bytes(32),)),
    Asked(brand="lumen"),
    Asked(category="Bath > Soap", low=1, high=1000),
    Asked(low=999, high=1001),
    Asked(low=10**9),
    Asked(high=0),
    Asked(words=("b",), brand="Orla & Co", category="bath", available=True, low=0, high=2**62),
    Asked(offered=False),
]


WAYS = {
    "all read": {"counted": 2_000},
    "all read, by the mark of what is offered": {"counted": 2_000, "marked": 0},
    "listed, by the mark of what is offered": {"marked": 0},
    "sorted by the engine": {},
    "listed, and a walk": {"SORTED": 3},
    "listed, and a walk that ends too soon": {"SORTED": 3, "STEPS": 2},
    "marks, all of each sorted": {"SORTED": 3, "LISTED": 0},
    "marks, each looked up": {"SORTED": 0, "LISTED": 0, "MARKED": 0},
    "marks, looked up but not far": {"SORTED": 0, "LISTED": 0, "MARKED": 0, "LOOKS": 2},
}
"""What of the ways' bounds is otherwise than in the program."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", [Order.BEST, Order.CHEAP, Order.DEAR])
def test_what_is_found_is_what_a_reader_finds(shelf, monkeypatch, order, way):
    """Every way of looking: 3 makes few things many, and a walk of few steps ends before it has found a page."""
    store, goods = shelf
    bounds = {"counted": 3, "marked": 1} | WAYS[way]
    store.catalog.write_now(lambda writing: writing._db.execute("UPDATE renewing SET marked = ?", (bounds.pop("marked"),)))
    monkeypatch.setattr(catalog_search, "MOST_COUNTED", bounds.pop("counted"))
    for name, value in bounds.items():
        monkeypatch.setattr(catalog_walk, name, value)
    for asked in ASKED:
        compare(store, goods, asked, order)


def compare(store, goods, asked, order):
    expected = [(feed, product.handle) for feed, product, offers in goods if matches(asked, feed, product, offers)]
    found, first = find(store, asked, order)
    assert sorted(found) == sorted(expected)
    assert len(set(found)) == len(found)
    named = {(feed, product.handle): (product, offers) for feed, product, offers in goods}
    climbed = first.many and order is Order.BEST
    keys = [key(Asked() if climbed else asked, order, *named[one]) for one in found]
    assert keys == sorted(keys)
    assert first.many or first.total == len(expected)


def test_what_changes_is_found_anew(shelf):
    store, goods = shelf
    feed, product, offers = next(item for item in goods if item[2])

    def change(*operations):
        entries = [Entry(10_000, *operation.slot, operation.record) for operation in operations]
        store.catalog.write_now(lambda writing: writing.apply(feed, entries))

    def sold(*words, **asked):
        return (feed, product.handle) in find(store, Asked(words=words, **asked))[0]

    renamed = Product(product.handle, "Quixotic", variants=product.variants)
    again = [Offer(offer.sku, product_id(to_bytes(renamed)), Money(77, "USD"), Stock.OUT) for offer in offers]
    change(put(renamed), *map(put, again))
    assert sold("quix")
    assert not sold("quix", available=True)
    assert sold("quix", low=77, high=77)
    assert not sold(*terms.words(product.title)[:1]) or "quixotic".startswith(terms.words(product.title)[0])
    change(*(remove(put(offer).slot[0], offer.sku) for offer in again))
    assert not sold("quix")
    assert sold("quix", offered=False)
    change(remove(put(product).slot[0], product.handle))
    assert not sold("quix", offered=False)


def test_a_brands_product_is_sold_by_each_merchant_that_offers_it(store):
    """The record is in the brand's feed, the offers in two others; one of them later takes the record over as its own."""
    brand, one, two = (bytes([at]) * 32 for at in (5, 6, 7))
    product = Product("serum", "Serum", vendor="Orla", variants=(Variant("S", "", gtin="4006381333931"),))
    name = product_id(to_bytes(product))

    def apply(feed, *operations):
        entries = [Entry(1, *operation.slot, operation.record) for operation in operations]
        store.catalog.write_now(lambda writing: writing.apply(feed, entries))

    def sellers():
        found = store.read_now(lambda unit: unit.catalog_search.same_code("04006381333931"))
        return sorted((listing.feed[0], listing.low) for listing in found if listing.offers)

    apply(one, put(Offer("X", name, Money(500, "USD"))))  # before the brand's record is here
    assert sellers() == []
    apply(brand, put(product))
    apply(two, put(Offer("Y", name, Money(400, "USD"))))
    assert sellers() == [(6, 500), (7, 400)]
    apply(two, put(product))
    assert sellers() == [(6, 500), (7, 400)]
    store.catalog.write_now(lambda writing: writing.forget(brand))
    assert sellers() == [(6, 500), (7, 400)]
    store.catalog.write_now(lambda writing: writing.forget(two))
    assert sellers() == []


def test_labels_are_offered_by_their_beginning(shelf):
    store, _ = shelf
    labels = store.read_now(lambda unit: (unit.catalog_search.labels("b", "l", 9), unit.catalog_search.labels("c", "Bath >", 9)))
    assert labels[0] in (["Lumen"], ["LÚMEN"])  # one brand, as it was written first
    assert labels[1] == ["Bath > Soap", "Bath > Soap > Bars"]
    assert store.read_now(lambda unit: unit.catalog_search.labels("b", "%", 9)) == []
