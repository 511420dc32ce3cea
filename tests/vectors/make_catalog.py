"""Vectors of catalogs: products, offers, shipping and returns as records; feeds; what an offer and a parcel cost."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parts import NOW, Key, Made, bad, good, named

from protocol import log
from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.feed import Feed
from protocol.money import Money
from protocol.offer import BrandTerms, Offer, Promotion, RankPrice, Stock
from protocol.operations import EMPTY, Noun, Operation, put, remove
from protocol.product import Image, Product, Size, Translation, Variant, Withdrawal, product_id
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone

DAY = 86_400_000
FEED = Feed(named("lumen identity"), "catalog", "USD")
SERUM = Product("serum", "Dew Serum", options=("Size",), variants=(Variant("S-30", "30 ml", ("30 ml",)),))
OFFER = Offer("S-30", product_id(to_bytes(SERUM)), Money(5200, "USD"), Stock.IN_STOCK)
WHOLE = Product(
    "serum",
    "Dew Serum",
    "A serum.",
    "Lumen",
    "Skin care > Serums",
    ("new",),
    ("Size",),
    (Image(url="https://lumen.example/serum.jpg", alt="A bottle"),),
    (
        Variant(
            "S-30",
            "30 ml",
            ("30 ml",),
            gtin="4006381333931",
            volume=(Money(2000, "USD"),),
            mpn="LB-30",
            weight=120,
            size=Size(40, 40, 120),
            suggested=(Money(5200, "USD"), Money(4900, "EUR")),
            ingredients="Aqua, Glycerin",
        ),
    ),
    volume=(Money(2500, "USD"),),
    plans=(named("brand plan"),),
    valid_from=NOW,
    valid_to=NOW + DAY,
    withdrawal=Withdrawal("The glass may splinter.", NOW + 1),
    mpn="LB-1",
    weight=150,
    size=Size(50, 50, 130),
    suggested=(Money(5500, "USD"),),
    ingredients="Aqua",
    language="en",
    translations=(Translation("de-CH", "Tau-Serum", warnings=("Nicht in die Augen.",)), Translation("zh-Hant", care="…")),
    google_category=567,
    origin="DE",
    care="Keep it cool.",
    warnings=("Not for the eyes.",),
)
SALE = replace(
    OFFER,
    plan=named("plan"),
    valid_from=NOW,
    valid_to=NOW + 30 * DAY,
    compare_at=Money(6000, "USD"),
    ranks=(RankPrice(2, Money(4800, "USD")), RankPrice(5, Money(4200, "USD"))),
    promotions=(Promotion("Autumn", Money(4500, "USD"), NOW + DAY, NOW + 3 * DAY), Promotion("Day", Money(4000, "USD"), NOW, NOW + DAY)),
    count=12,
    shipping_profile="parcel",
    returns="month",
    brand=BrandTerms(named("brand feed"), "serum", named("brand plan")),
    least=1,
    most=6,
    available_from=NOW + DAY,
    available_to=NOW + 20 * DAY,
)
PARCEL = ShippingProfile(
    "parcel",
    "USD",
    (
        Zone("Home", ("US",), Measure.WEIGHT, (Step(500, 1_000), Step(900, 30_000)), free_from=8_000, days_least=1, days_most=3),
        Zone("Islands", ("US",), Measure.FLAT, (Step(2_500),), ("967", "968")),
        Zone("Neighbours", ("CA", "MX"), Measure.PRICE, (Step(1_500, 5_000), Step(900))),
        Zone("World", (), Measure.WEIGHT, (Step(3_000, 2_000),)),
    ),
    pickup=True,
    digital=False,
)
DIGITAL = ShippingProfile("download", "USD", (), pickup=False, digital=True)
MONTH = ReturnPolicy("month", 30, ReturnCost.CUSTOMER, 0, "Unopened.")


def _put(tree: Mapping[int, Any], changes: Mapping[Any, Any]) -> bytes:
    """The bytes of `tree` with `changes`; the way to a key inside is a tuple of keys and places."""
    made: Any = to_tree(tree)
    for path, value in changes.items():
        place = made
        *way, last = path if isinstance(path, tuple) else (path,)
        for step in way:
            place = place[step]
        place[last] = to_tree(value)
    return encode(made)


def _refused(code: str, comment: str, record: Any, **changes: Any) -> Made:
    return bad(code, "record", comment, type=type(record).__name__, bytes=_put(to_tree(record), changes["at"]))


def _products() -> list[Made]:
    variant = (16, 0)
    return [
        good("record", "a product with all that may be said of it", type="Product", bytes=to_bytes(WHOLE)),
        _refused("bad-gtin", "a GTIN whose check digit is wrong", WHOLE, at={(*variant, 6): "4006381333932"}),
        _refused("bad-gtin", "a GTIN of eleven digits", WHOLE, at={(*variant, 6): "40063813339"}),
        _refused("bad-mpn", "a manufacturer's number with a space around it", WHOLE, at={19: " LB-1"}),
        _refused("bad-mpn", "a manufacturer's number of hyphens", WHOLE, at={(*variant, 7): "---"}),
        _refused("bad-weight", "no weight at all", WHOLE, at={21: 0}),
        _refused("bad-size", "a box of no height", WHOLE, at={(23, 4): 0}),
        _refused("bad-category", "a category of number nought", WHOLE, at={33: 0}),
        _refused("country", "a country that is none", WHOLE, at={35: "XX"}),
        _refused("country", "a country in small letters", WHOLE, at={35: "de"}),
        _refused("language", "a language by its name", WHOLE, at={29: "english"}),
        _refused("language", "a language in another spelling", WHOLE, at={29: "en-us"}),
        _refused("language", "two texts in one language", WHOLE, at={(31, 0, 0): "en"}),
        _refused("currency", "two suggested prices in one currency", WHOLE, at={25: [Money(1, "USD"), Money(2, "USD")]}),
        _refused("bad-price", "a negative suggested price", WHOLE, at={25: [Money(-1, "USD")]}),
        _refused("bad-period", "a product that ends when it begins", WHOLE, at={24: NOW}),
        _refused("bad-withdrawal", "a withdrawal that says nothing", WHOLE, at={(26, 0): "  "}),
        _refused("malformed", "an empty list of translations", WHOLE, at={31: []}),
        _refused("malformed", "an empty list of plans", WHOLE, at={20: []}),
        _refused("too-large", "a warning without end", WHOLE, at={39: ["x" * 501]}),
        _refused("unknown-key", "a later even field", WHOLE, at={98: 1}),
        good("record", "a later odd field", type="Product", bytes=_put(to_tree(WHOLE), {99: 1})),
    ]


def _offers() -> list[Made]:
    return [
        good("record", "an offer with all that may be said of it", type="Offer", bytes=to_bytes(SALE)),
        _refused("currency", "a price by rank in another currency", SALE, at={(20, 0, 2): Money(1, "EUR")}),
        _refused("currency", "a promotion in another currency", SALE, at={(22, 0, 2): Money(1, "EUR")}),
        _refused("bad-price", "a negative promotion", SALE, at={(22, 0, 2): Money(-1, "USD")}),
        _refused("bad-ranks", "two prices for one rank", SALE, at={(20, 1, 0): 2}),
        _refused("bad-ranks", "prices by rank in another order", SALE, at={(20, 1, 0): 1}),
        _refused("bad-period", "a promotion that ends when it starts", SALE, at={(22, 0, 6): NOW + DAY}),
        _refused("bad-period", "an offer that ends before it begins", SALE, at={14: NOW - 1}),
        _refused("bad-period", "goods that are gone before they come", SALE, at={36: NOW}),
        _refused("bad-quantity", "a least quantity of nought", SALE, at={30: 0}),
        _refused("bad-quantity", "a most quantity below the least", SALE, at={30: 7}),
        _refused("bad-stock", "none left, and yet some", SALE, at={24: 0}),
        _refused("no-plan", "a brand's product without a plan of the merchant's", OFFER, at={28: SALE.brand}),
        _refused("missing-key", "a brand without its plan", SALE, at={28: {0: named("brand feed"), 2: "serum"}}),
        _refused("malformed", "an empty list of promotions", SALE, at={22: []}),
    ]


def _shipping() -> list[Made]:
    zone = (4, 0)
    return [
        good("record", "a shipping profile", type="ShippingProfile", bytes=to_bytes(PARCEL)),
        good("record", "a profile of what is not sent", type="ShippingProfile", bytes=to_bytes(DIGITAL)),
        _refused("country", "a zone of a country that is none", PARCEL, at={(*zone, 2): ["UK"]}),
        _refused("bad-postcode", "postcodes of two countries", PARCEL, at={(4, 1, 2): ["US", "CA"]}),
        _refused("bad-postcode", "a postcode as people write it", PARCEL, at={(4, 1, 8): ["96 7"]}),
        _refused("bad-steps", "steps that fall", PARCEL, at={(*zone, 6): [Step(500, 1_000), Step(900, 1_000)]}),
        _refused("bad-steps", "an open step before the last", PARCEL, at={(*zone, 6): [Step(500), Step(900, 1_000)]}),
        _refused("bad-steps", "no step", PARCEL, at={(*zone, 6): []}),
        _refused("bad-steps", "a flat cost with a limit", PARCEL, at={(4, 1, 6): [Step(500, 1)]}),
        _refused("bad-period", "a longest time below the shortest", PARCEL, at={(*zone, 13): 0}),
        _refused("duplicate-zone", "two zones for one country", PARCEL, at={(4, 2, 2): ["US"]}),
        _refused("bad-profile", "a digital profile with zones", PARCEL, at={8: True}),
        _refused("bad-profile", "a profile that leads nowhere", DIGITAL, at={8: False}),
        _refused("currency", "a currency that is none", DIGITAL, at={2: "usd"}),
        good("record", "a return policy", type="ReturnPolicy", bytes=to_bytes(MONTH)),
        _refused("malformed", "a return policy without a name", MONTH, at={0: ""}),
        _refused("malformed", "a fee above the price", MONTH, at={6: 10_001}),
    ]


def _prices() -> list[Made]:
    def price(comment: str, day: int, rank: int = 0, quantity: int = 1, expect: str = "ok") -> Made:
        given = {"offer": to_bytes(SALE), "now": NOW + day * DAY, "rank": rank, "quantity": quantity}
        return good("price", comment, **given) if expect == "ok" else bad(expect, "price", comment, **given)

    return [
        price("the list price, when no promotion runs", 4),
        price("the price of a rank", 4, 2),
        price("the price of the highest rank reached", 4, 255),
        price("a promotion that begins now", 1),
        price("a promotion for a rank that pays more", 1, 2),
        price("a rank that pays less than the promotion", 1, 5),
        price("a promotion is over when it ends", 3),
        price("six pieces", 4, 2, 6),
        price("too many", 4, 0, 7, "bad-quantity"),
        price("none", 4, 0, 0, "bad-quantity"),
    ]


def _costs() -> list[Made]:
    def cost(comment: str, country: str, postcode: str = "", weight: int = 500, price: int = 1_000, **more: Any) -> Made:
        profile = more.get("profile", PARCEL)
        money = {"price": price, "currency": more.get("currency", "USD")}
        given = {"profile": to_bytes(profile), "country": country, "postcode": postcode, "weight": weight, **money}
        expect = more.get("expect", "ok")
        return good("shipping", comment, **given) if expect == "ok" else bad(expect, "shipping", comment, **given)

    return [
        cost("by weight, the first step to its end", "US", "10115", 1_000),
        cost("by weight, the next step", "US", "10115", 1_001),
        cost("nothing from a price on", "US", "10115", 1_001, 8_000),
        cost("heavier than the last step", "US", "10115", 30_001, expect="too-heavy"),
        cost("a postcode's own zone", "US", "967 89"),
        cost("by price", "CA", "K1A", price=5_000),
        cost("by price, beyond the steps", "MX", price=5_001),
        cost("wherever no other zone is", "NZ"),
        cost("a profile that sends nothing", "NZ", profile=DIGITAL),
        cost("a place no zone covers", "NZ", profile=replace(PARCEL, zones=PARCEL.zones[:3]), expect="no-shipping"),
        cost("goods of another currency", "US", currency="EUR", expect="currency"),
        cost(
            "dearer than the last step",
            "CA",
            price=5_001,
            profile=replace(PARCEL, zones=(replace(PARCEL.zones[2], steps=(Step(1_500, 5_000),)),)),
            expect="too-dear",
        ),
    ]


def _feeds(tree: dict[int, Any]) -> list[Made]:
    operations = [to_bytes(operation) for operation in (put(SERUM), put(OFFER))]
    state = EMPTY.apply([put(SERUM), put(OFFER)]).hash
    root = log.Tree([log.leaf_hash(raw) for raw in operations]).root()
    head = log.sign_checkpoint(Key("lumen"), log.Checkpoint(FEED.id, 2, root, state.digest, NOW)).raw
    misnamed = encode({0: "put-offer", 2: "S-31", 4: to_bytes(OFFER)})
    euros = to_bytes(put(replace(OFFER, price=Money(5200, "EUR"))))
    all_nouns = [to_bytes(operation) for operation in (put(WHOLE), put(SALE), put(PARCEL), put(MONTH))]
    return [
        good("catalog", "nothing", operations=[]),
        good("catalog", "a product and its offer", operations=operations, checkpoint=head),
        good("catalog", "the same in another order", operations=operations[::-1], checkpoint=head),
        good("catalog", "an offer removed", operations=[*operations, to_bytes(remove(Noun.OFFER, "S-30"))]),
        good("catalog", "a removal of what is not there", operations=[to_bytes(remove(Noun.OFFER, "S-30"))]),
        good(
            "catalog", "a later odd field is kept in the state", operations=[encode({0: "put-product", 2: "x", 4: encode({**tree, 17: 1})})]
        ),
        bad("state-mismatch", "catalog", "an operation hidden", operations=operations[:1], checkpoint=head),
        bad("wrong-name", "catalog", "an offer under another SKU", operations=[misnamed]),
        bad("malformed", "catalog", "a put without a record", operations=[encode({0: "put-offer", 2: "S"})]),
        good("catalog", "one of each noun", operations=all_nouns, feed=to_bytes(FEED)),
        good("catalog", "how goods are sent, removed", operations=[*all_nouns, to_bytes(remove(Noun.SHIPPING, "parcel"))]),
        bad("malformed", "catalog", "a noun that is none", operations=[encode({0: "remove-person", 2: "x"})]),
        bad(
            "wrong-name", "catalog", "a policy under another name", operations=[to_bytes(Operation(put(MONTH).verb, "x", to_bytes(MONTH)))]
        ),
        bad("currency", "catalog", "an offer in another currency than its feed's", operations=[euros], feed=to_bytes(FEED)),
        bad(
            "currency",
            "catalog",
            "a shipping profile in another currency than its feed's",
            operations=[to_bytes(put(replace(PARCEL, currency="EUR")))],
            feed=to_bytes(FEED),
        ),
    ]


def catalogs() -> list[Made]:
    """All of them."""
    tree: dict[int, Any] = {0: "x", 2: "X", 4: "", 6: "", 8: "", 10: [], 12: [], 14: [], 16: [{0: "S", 2: "S", 4: []}]}
    return [
        good("record", "a feed", type="Feed", bytes=to_bytes(FEED)),
        good("record", "a feed of a later device", type="Feed", bytes=to_bytes(replace(FEED, incarnation=4))),
        bad("malformed", "record", "a first device that says so", type="Feed", bytes=encode({0: FEED.identity, 2: "x", 4: "USD", 6: 1})),
        good("record", "a product", type="Product", bytes=to_bytes(SERUM)),
        good("record", "an offer", type="Offer", bytes=to_bytes(OFFER)),
        bad("duplicate-sku", "record", "a SKU twice", type="Product", bytes=encode({**tree, 16: tree[16] * 2})),
        bad("malformed", "record", "no variant", type="Product", bytes=encode({**tree, 16: []})),
        bad("malformed", "record", "an option without a value", type="Product", bytes=encode({**tree, 12: ["Size"]})),
        bad(
            "bad-price",
            "record",
            "a negative price",
            type="Offer",
            bytes=encode({0: "S", 2: bytes(32), 4: {0: -1, 2: "USD"}, 6: "out", 8: "", 10: "", 12: 0}),
        ),
        *_feeds(tree),
        *_products(),
        *_offers(),
        *_shipping(),
        *_prices(),
        *_costs(),
    ]
