"""Prices and earnings that the search goes by, against a plain reckoning by the protocol's own rules: whatever offers say of ranks and times,
whenever plans and ranks become known, and as time goes by.
"""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.model.catalog import Entry, FeedRow
from node.model.catalog_search import Asked, Order
from node.model.earning import Earning, PlanRates
from node.store import catalog_sales, catalog_search, catalog_walk
from node.store.catalog_writer import FileWriter
from protocol.codec import from_bytes, to_bytes
from protocol.money import BASIS_POINTS, Money
from protocol.offer import Offer, Promotion, RankPrice, Stock, price_at
from protocol.operations import put, remove
from protocol.plan import Leftover, Override, Plan, Scope, direct_rate, plan_hash
from protocol.product import Product, Variant, product_id

FEEDS = (bytes([1]) * 32, bytes([2]) * 32)
WORDS = ("amber", "ambre", "balm", "soap", "zest")
KINDS = ("Bath", "Bath > Soap", "")
HOUR = 3_600_000
BEGIN = 1_000 * HOUR


def plan(feed, version, bps, overrides=()):
    return Plan(feed, version, "USD", bps, (), tuple(overrides), 5_000, Leftover.MERCHANT, 0, 0, 10**16, 0, 0, 10_000)


def terms(feed, goods):
    """Two plans of a merchant: with rates of their own for a SKU, a product and a category."""
    one, other = next(iter(goods.values())), list(goods.values())[-1]
    overrides = (
        Override(Scope.SKU, one.variants[0].sku, 4_000),
        Override(Scope.PRODUCT, product_id(to_bytes(other)).hex(), 3_500),
        Override(Scope.CATEGORY, "Bath > Soap", 500),
    )
    return plan(feed, 1, 1_000, overrides), plan(feed, 2, 2_500)


@dataclass
class Shop:
    """One feed as a plain reader knows it."""

    feed: bytes
    dice: random.Random
    goods: dict = field(default_factory=dict)
    offers: dict = field(default_factory=dict)
    plans: tuple = ()
    known: set = field(default_factory=set)
    rank: int = 0

    def __post_init__(self) -> None:
        for number in range(20):
            title = " ".join(self.dice.choices(WORDS, k=2))
            variants = tuple(Variant(f"X{number}-{at}", "") for at in range(self.dice.randint(1, 3)))
            self.goods[f"h{number}"] = Product(f"h{number}", title, category=self.dice.choice(KINDS), variants=variants)
        self.plans = terms(self.feed, self.goods)
        for product in self.goods.values():
            for variant in product.variants:
                if self.dice.random() < 0.9:
                    self.offers[variant.sku] = self.offer(variant.sku, product)

    def offer(self, sku, product):
        """Made up, with times around now."""
        dice = self.dice
        price = dice.choice((0, 1, 99, 100, 101, 950, 1_000, 5_000, 10**9))
        now = BEGIN + dice.randint(-4, 4) * HOUR

        def some(value, share=0.25):
            return value if dice.random() < share else None

        def money(least=0):
            return Money(dice.randint(least, 2_000), "USD")

        return Offer(
            sku,
            product_id(to_bytes(product)),
            Money(price, "USD"),
            dice.choice(list(Stock)),
            valid_from=dice.choice((0, 0, 0, now)),
            valid_to=some(BEGIN + dice.randint(5, 9) * HOUR, 0.1),
            plan=dice.choice((None, *map(plan_hash, self.plans))),
            ranks=some((RankPrice(1, money()), RankPrice(3, money()))),
            promotions=some((Promotion("now", money(), now, now + 3 * HOUR), Promotion("later", money(), now + 2 * HOUR, now + 6 * HOUR))),
            available_to=some(now + HOUR, 0.1),
        )

    def reckoned(self, product, now):
        """(lowest, what the cheapest brings, whether any can be ordered), None where nothing is offered."""
        offers = [offer for sku, offer in self.offers.items() if offer.product == product_id(to_bytes(product))]
        if not offers:
            return None
        prices = {offer.sku: price_at(offer, now, self.rank).price.minor for offer in offers}
        first = min(offers, key=lambda offer: (prices[offer.sku], offer.sku))
        found = next((one for one in self.plans if plan_hash(one) == first.plan and plan_hash(one) in self.known), None)
        bps = 0
        if found:
            kinds = (product.category,) if product.category else ()
            bps, _ = direct_rate(found, sku=first.sku, product=first.product, categories=kinds)
        return prices[first.sku], prices[first.sku] * bps // BASIS_POINTS, any(offer.orderable_at(now) for offer in offers)


class World:
    """A store that follows two shops, and time."""

    def __init__(self, store, clock, seed) -> None:
        self.clock = clock
        clock.now = BEGIN
        self.store = store
        self.dice = random.Random(seed)
        self.shops = {feed: Shop(feed, self.dice) for feed in FEEDS}
        self.seq = 0
        for feed, shop in self.shops.items():
            self.store.write_now(lambda unit, feed=feed: unit.catalog.keep_feed(FeedRow(feed, feed, "main", "USD", own=False)))
            self.apply(feed, *map(put, shop.goods.values()), *map(put, shop.offers.values()))

    def apply(self, feed, *operations):
        self.seq += 1
        entries = [Entry(self.seq, *operation.slot, operation.record) for operation in operations]
        self.store.catalog.write_now(FileWriter.apply, feed, entries)

    def renew(self):
        def step(writing):
            count = writing.renew(7)
            assert writing._db.execute("SELECT waiting - (SELECT count(*) FROM renewals), marked FROM renewing").fetchone() == (0, 1)
            return count

        while self.store.catalog.write_now(step):
            continue

    def step(self):
        """Something happens at one of the shops, or time goes by."""
        feed, shop = self.dice.choice(list(self.shops.items()))
        what = self.dice.choice(("time", "time", "plan", "rank", "offers", "offers", "gone"))
        if what == "time":
            self.clock.now += self.dice.randint(1, 3) * HOUR
        elif what == "plan":
            found = self.dice.choice(shop.plans)
            shop.known.add(plan_hash(found))
            self.know(feed, (plan_hash(found), to_bytes(found)))
        elif what == "rank":
            shop.rank = self.dice.randint(0, 4)
            self.know(feed)
        elif what == "offers":
            fresh = [shop.offer(sku, shop.goods[f"h{sku[1:].split('-')[0]}"]) for sku in self.dice.sample(sorted(shop.offers), 8)]
            shop.offers.update({offer.sku: offer for offer in fresh})
            self.apply(feed, *map(put, fresh))
        else:
            sku = self.dice.choice(sorted(shop.offers))
            self.apply(feed, remove(put(shop.offers.pop(sku)).slot[0], sku))

    def know(self, feed, *plans):
        self.store.catalog.write_now(FileWriter.know, feed, self.shops[feed].rank, plans)

    def found(self, asked, order):
        found, after = [], None
        while True:
            page = self.store.read_now(lambda unit, after=after: unit.catalog_search.find(asked, order, after, 9))
            found += [(listing.feed, from_bytes(Product, listing.goods).handle) for listing in page.listings]
            if not page.more:
                return found
            after = page.listings[-1].place

    def expected(self, asked):
        found = {}
        for feed, shop in self.shops.items():
            for handle, product in shop.goods.items():
                sold = shop.reckoned(product, self.clock.now)
                if sold is None or not all(any(word.startswith(part) for word in product.title.split()) for part in asked.words):
                    continue
                low, earns, orderable = sold
                wanted = (asked.low or 0) <= low and (asked.high is None or low <= asked.high) and earns >= (asked.earns or 0)
                if wanted and (orderable or not asked.available):
                    found[feed, handle] = (low, earns)
        return found

    def check(self, asked, order):
        expected, found = self.expected(asked), self.found(asked, order)
        assert sorted(found) == sorted(expected)
        amounts = [expected[one][order is Order.EARNS] for one in found]
        assert order is Order.BEST or amounts == sorted(amounts, reverse=order is not Order.CHEAP)


ASKED = [
    Asked(),
    Asked(earns=1),
    Asked(earns=100, words=("am",)),
    Asked(low=90, high=1_000, words=("z",)),
    Asked(low=101, high=10**9, earns=20, available=True),
    Asked(available=True),
    Asked(earns=10**9),
]
WAYS = {
    "all read": {},
    "listed": {"MOST_COUNTED": 3},
    "walked": {"MOST_COUNTED": 3, "SORTED": 3},
    "by marks": {"MOST_COUNTED": 3, "SORTED": 3, "LISTED": 0},
    "by marks, each looked up": {"MOST_COUNTED": 3, "SORTED": 0, "LISTED": 0, "MARKED": 0, "LOOKS": 2},
    "marks of amounts asked for": {"MOST_COUNTED": 3, "READ_FIRST": 2, "SORTED": 3},
}


@pytest.fixture
def world(store, clock):
    return lambda seed: World(store, clock, seed)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_search_goes_by_is_what_it_costs_and_brings_now(world, monkeypatch, way):
    for name, value in WAYS[way].items():
        monkeypatch.setattr(catalog_search if hasattr(catalog_search, name) else catalog_walk, name, value)
    made = world(list(WAYS).index(way))
    for _ in range(10):
        made.step()
        made.renew()
        made.check(made.dice.choice(ASKED), made.dice.choice(list(Order)))
    for asked in ASKED:
        made.check(asked, Order.EARNS if asked.earns else made.dice.choice(list(Order)))


@pytest.mark.parametrize(
    "fault",
    [
        ("price_at", lambda offer, now, rank: price_at(offer, now)),
        ("price_at", lambda offer, now, rank: price_at(offer, BEGIN, rank)),
        ("next_turn", lambda _offer, _now: None),
    ],
)
def test_a_planted_fault_is_found(world, monkeypatch, fault):
    monkeypatch.setattr(catalog_sales, *fault)
    made = world(1)

    def go_on():
        for _ in range(200):
            made.step()
            made.renew()
            made.check(Asked(), made.dice.choice((Order.CHEAP, Order.EARNS)))

    with pytest.raises(AssertionError):
        go_on()


def test_until_it_is_reckoned_anew_the_search_goes_by_what_was(world):
    """A control of the renewing itself: time alone changes nothing in the file."""
    made = world(2)

    def check():
        for asked in ASKED:
            made.check(asked, Order.CHEAP)

    check()
    made.clock.now += 3 * HOUR
    with pytest.raises(AssertionError):
        check()
    made.renew()
    check()


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(Scope), st.sampled_from(("a", "b", "61" * 32)), st.integers(0, 10_000)), max_size=6),
    st.sampled_from(("a", "b", "c")),
    st.sampled_from(("", "a", "b")),
    st.integers(0, 10**12),
)
def test_a_rate_is_the_one_that_the_plan_gives(overrides, sku, category, price):
    named = {(scope, name): Override(scope, name, bps) for scope, name, bps in overrides}
    one = plan(bytes(32), 1, 777, named.values())
    bps, _ = direct_rate(one, sku=sku, product=b"a" * 32, categories=(category,) if category else ())
    assert PlanRates(one).earned(price, sku=sku, product=b"a" * 32, category=category) == Earning(price * bps // BASIS_POINTS, bps)
