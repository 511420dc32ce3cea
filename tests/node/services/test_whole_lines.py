"""Our own lines hold all of a catalog: what is exported and brought into an empty one is the same records, byte for byte."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.app.catalog_exports import WRITERS
from node.errors import ConflictError
from node.files import named_records, record_lines
from node.services import catalog, catalog_batches, catalog_export, catalog_imports, plans
from protocol.codec import to_bytes
from protocol.country import CODES
from protocol.money import Money
from protocol.offer import BrandTerms, Offer, Promotion, RankPrice, Stock
from protocol.operations import Noun, put, remove
from protocol.product import Image, Product, Size, Translation, Variant, Withdrawal, product_id
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone
from tests.house.sources import ROOT

from .product_files import apply, counts, rows, runs, stage
from .world import World

NOUNS = (Noun.PRODUCT, Noun.OFFER, Noun.SHIPPING, Noun.RETURNS)
PLAN = {"currency": "EUR", "direct_bps": 2000, "level_bps": [], "return_window_ms": 1000, "gms_rate": "1"}
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
NAME = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co")), min_size=1, max_size=12)
HASH = st.binary(min_size=32, max_size=32)
WHOLE = st.integers(0, 2**63 - 1)


def maybe(strategy):
    return st.none() | strategy


def some(strategy, most=3):
    return maybe(st.lists(strategy, min_size=1, max_size=most).map(tuple))


def period(draw):
    begins, ends = draw(maybe(st.integers(0, 2**60))), draw(maybe(st.integers(1, 2**60)))
    return (begins, ends) if begins is None or ends is None or begins < ends else (None, ends)


MONEY = st.builds(Money, WHOLE, st.just("EUR"))
AMOUNTS = maybe(st.lists(st.sampled_from(("EUR", "JPY", "BHD", "CLF")), min_size=1, max_size=3, unique=True).map(tuple)).flatmap(
    lambda codes: st.none() if codes is None else st.tuples(*(st.builds(Money, WHOLE, st.just(code)) for code in codes))
)
SIZE = st.builds(Size, *(st.integers(1, 100_000) for _ in range(3)))
WEIGHT = st.integers(1, 100_000_000)
MPN = st.from_regex(r"[A-Z0-9]{1,9}", fullmatch=True)
ADDRESS = st.from_regex(r"https://[a-z]{3,8}\.example/[a-z0-9]{0,9}", fullmatch=True)
IMAGE = st.builds(Image, maybe(ADDRESS), maybe(HASH), maybe(TEXT), maybe(HASH))


@st.composite
def products(draw, place):
    options = tuple(draw(st.lists(TEXT, max_size=3)))
    skus = [f"{place}-{number}{draw(NAME)}" for number in range(draw(st.integers(1, 3)))]
    variants = tuple(
        Variant(
            sku, draw(TEXT), tuple(draw(TEXT) for _ in options), draw(maybe(st.just("4006381333931"))), draw(AMOUNTS), draw(maybe(MPN)),
            draw(maybe(WEIGHT)), draw(maybe(SIZE)), draw(AMOUNTS), draw(maybe(TEXT)),
        )
        for sku in skus
    )  # fmt: skip
    begins, ends = period(draw)
    tongues = draw(st.lists(st.sampled_from(("de", "pt-BR", "zh-Hant", "en")), unique=True, max_size=3))
    translations = tuple(Translation(tongue, *(draw(maybe(TEXT)) for _ in range(4)), draw(some(TEXT))) for tongue in tongues) or None
    withdrawal = draw(maybe(st.builds(Withdrawal, TEXT.filter(str.strip), WHOLE)))
    return Product(
        f"{place}{draw(NAME)}", draw(TEXT.filter(bool)), draw(TEXT), draw(TEXT), draw(TEXT), tuple(draw(st.lists(TEXT, max_size=3))), options,
        tuple(draw(st.lists(IMAGE, max_size=3))), variants, draw(AMOUNTS), draw(some(HASH)), begins, ends, withdrawal, draw(maybe(MPN)),
        draw(maybe(WEIGHT)), draw(maybe(SIZE)), draw(AMOUNTS), draw(maybe(TEXT)), draw(maybe(st.sampled_from(("fr", "es")))), translations,
        draw(maybe(st.integers(1, 2**31 - 1))), draw(maybe(st.sampled_from(sorted(CODES)))), draw(maybe(TEXT)), draw(some(TEXT)),
    )  # fmt: skip


@st.composite
def offers(draw, sku, product, profiles, policies):
    begins, ends = period(draw)
    arrives, leaves = period(draw)
    promotions = draw(some(st.builds(Promotion, TEXT.filter(bool), MONEY, st.integers(0, 5), st.integers(6, 2**60))))
    ranks = tuple(RankPrice(rank, draw(MONEY)) for rank in sorted(draw(st.sets(st.integers(1, 255), max_size=3)))) or None
    stock, least = draw(st.sampled_from(Stock)), draw(maybe(st.integers(1, 99)))
    count = draw(maybe(st.integers(1, 2**40))) if stock is not Stock.OUT else draw(maybe(st.just(0)))
    return Offer(
        sku, product, draw(MONEY), stock, draw(st.sampled_from(("", "standard", "none"))), draw(st.sampled_from(["", *profiles])), begins or 0, ends,
        draw(maybe(MONEY)), None, ranks, promotions, count, draw(maybe(st.sampled_from(policies)) if policies else st.none()), None, least,
        draw(maybe(st.integers(99, 2**40))), arrives, leaves,
    )  # fmt: skip


@st.composite
def catalogs(draw):
    zones = (
        Zone("Home", ("DE",), Measure.WEIGHT, (Step(490, 1000), Step(990)), ("10", "20"), 5000, 1, 3),
        Zone("Rest", (), Measure.FLAT, (Step(1),)),
    )
    profiles = [
        draw(
            st.sampled_from(
                (
                    ShippingProfile(name, "EUR", zones, pickup=True, digital=False),
                    ShippingProfile(name, "EUR", (), pickup=False, digital=True),
                )
            )
        )
        for name in draw(st.lists(NAME, max_size=2, unique=True))
    ]
    policies = [
        ReturnPolicy(name, draw(st.integers(0, 3660)), draw(st.sampled_from(ReturnCost)), draw(st.integers(0, 10_000)), draw(TEXT))
        for name in draw(st.lists(NAME, max_size=2, unique=True))
    ]
    goods = [draw(products(f"p{place}")) for place in range(draw(st.integers(1, 3)))]
    sold = [
        draw(offers(variant.sku, product_id(to_bytes(product)), [item.name for item in profiles], [item.name for item in policies]))
        for product in goods
        for variant in product.variants
        if draw(st.booleans()) or variant is product.variants[0]
    ]
    return [*profiles, *policies, *goods, *sold]


def contents(node):
    """Every record of the node's catalog in EUR."""

    def read(unit):
        feed = next((row.feed for row in unit.catalog.feeds(own=True) if row.currency == "EUR"), None)
        return (
            {(noun, name): unit.catalog.record(feed, (noun, name)) for noun in NOUNS for name in unit.catalog.names(feed, noun)}
            if feed
            else {}
        )

    return node.read(read)


def fill(node, records):
    """The catalog holds these records, and nothing else."""
    gone = [remove(*slot) for slot in contents(node)]
    node.write(lambda unit: catalog.publish(unit, "EUR", [*gone, *map(put, records)]))


def exported(node):
    writer, after = WRITERS["json-lines"]("EUR", 2), ""
    feed, _ = node.read(catalog_export.feed_to_export, currency="EUR")
    data = writer.begin()
    while after is not None:
        stretch = node.read(catalog_export.read_records, feed=feed, currency="EUR", after=after)
        after, data = stretch.after, data + writer.rows(stretch.products)
    return data + writer.end()


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("lines"))
    yield world.node("one", "merchant", "EUR"), world.node("other", "merchant", "EUR")
    world.close()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(catalogs())
def test_an_empty_catalog_becomes_the_same_and_the_same_again_changes_nothing(shops, records):
    one, other = shops
    fill(one, records)
    fill(other, [])
    data = exported(one)
    staged = stage(other, data, name="all.jsonl", currency="USD")
    assert set(counts(other, staged)) == {"new"}, rows(other, staged, "error")
    apply(other, staged)
    assert contents(other) == contents(one)
    for node in shops:
        again = stage(node, data, name="all.jsonl")
        assert set(counts(node, again)) == {"same"}, [(row.name, row.changes, row.reason) for row in rows(node, again)]
        runs(node).put_aside_now(again)


EUR = Money(1900, "EUR")
SOAP = Product(
    "soap", "Soap", "Fine", variants=(Variant("S-1", "Soap"), Variant("S-2", "Big soap", weight=200)), care="Keep dry", origin="PT", mpn="M-1",
    translations=(Translation("de", "Seife"),), suggested=(EUR,),
)  # fmt: skip
OFFER = Offer("S-1", product_id(to_bytes(SOAP)), EUR, Stock.IN_STOCK, "standard", "post", ranks=(RankPrice(2, Money(1700, "EUR")),))
POST = ShippingProfile("post", "EUR", (Zone("All", (), Measure.FLAT, (Step(490),)),), pickup=False, digital=False)


def test_control_a_field_that_is_not_written_is_missed(shops, monkeypatch):
    one, other = shops
    fill(one, [SOAP, OFFER, POST])
    fill(other, [])
    whole = named_records.named
    monkeypatch.setattr(
        record_lines, "named", lambda record, **more: {name: value for name, value in whole(record, **more).items() if name != "care"}
    )
    apply(other, stage(other, exported(one)))
    assert contents(other) != contents(one)


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    yield world.node("lumen", "merchant", "EUR")
    world.close()


def lines(*given, version=2):
    head = {"gemstra": "products", "version": version, "currency": "EUR"}
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in (head, *given)).encode()


def test_what_changes_is_told_field_by_field_and_what_the_line_does_not_say_goes(lumen):
    fill(lumen, [POST, SOAP, OFFER])
    staged = stage(lumen, exported(lumen).replace(b'"19.00 EUR","stock"', b'"18.50 EUR","stock"'))
    assert counts(lumen, staged) == {"price": 1, "same": 1}
    [price] = rows(lumen, staged, "price")[0].changes
    assert (price.field, price.of, price.before, price.after) == ("price", "S-1", "19.00 EUR", "18.50 EUR")
    short = lines({"product": {"handle": "soap", "title": "Soap", "variants": [{"sku": "S-1", "title": "Soap"}]}})
    staged = stage(lumen, short)
    told = {change.field for change in rows(lumen, staged, "changed")[0].changes}
    assert {"care", "translations", "origin", "variants", "withdrawn"} <= told
    apply(lumen, staged)
    assert set(contents(lumen)) == {(Noun.PRODUCT, "soap"), (Noun.SHIPPING, "post")}
    batch = lumen.read(catalog_batches.list_batches)[0]
    lumen.write(catalog_batches.roll_back, batch=bytes.fromhex(batch.id))
    assert contents(lumen)[Noun.PRODUCT, "soap"] == to_bytes(SOAP)


def test_a_plan_that_is_not_ours_becomes_ours_and_ours_stays(lumen):
    old = bytes.fromhex(lumen.write(plans.publish_plan, **PLAN).plan)
    fill(lumen, [POST, SOAP, replace(OFFER, plan=old)])
    before, data = contents(lumen), exported(lumen)
    fill(lumen, [])
    apply(lumen, stage(lumen, data))
    assert contents(lumen) == before
    fill(lumen, [])
    apply(lumen, stage(lumen, data.replace(old.hex().encode(), b"ab" * 32)))
    assert contents(lumen) == before


def test_a_profile_that_nothing_brings_is_told_and_one_that_is_left_out_stops_the_signing(lumen):
    fill(lumen, [POST, SOAP, OFFER])
    data = exported(lumen)
    fill(lumen, [])
    head, post, soap = data.splitlines()
    staged = stage(lumen, b"\n".join((head, soap, post)))
    [row] = rows(lumen, staged, "error")
    assert (row.code, row.column) == ("no-profile", "shipping_profile")
    assert "put its line before" in row.reason
    staged = stage(lumen, data)
    lumen.write(catalog_imports.decide_row, staged=staged, number=1, take=False)
    with pytest.raises(ConflictError) as refused:
        apply(lumen, staged)
    assert refused.value.code == "no-profile"
    assert contents(lumen) == {}
    lumen.write(catalog_imports.decide_row, staged=staged, number=1, take=True)
    assert apply(lumen, staged).new == 2


def line_with(**more):
    product = {"handle": "soap", "title": "Soap", "variants": [{"sku": "S-1", "title": "Soap"}]} | more.pop("product", {})
    offer = {"sku": "S-1", "price": "19.00 EUR"} | more.pop("offer", {})
    return {"product": product, "offers": [offer]} | more


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (line_with(product={"colour": "red"}), "unknown-field", "“colour” is no field of “product”. Fields are: handle, title"),
        (line_with(offer={"price": 19}), "bad-field", "Price is something else than an amount such as 19.00 EUR"),
        (line_with(offer={"price": "19.999 EUR"}), "bad-field", "an amount with 2 decimals"),
        (line_with(offer={"price": "-1.00 EUR"}), "bad-price", "Enter a price of 0 or more."),
        (line_with(offer={"price": "19.00 USD"}), "currency", "Import each currency by itself."),
        (line_with(offer={"stock": "plenty"}), "bad-field", "Choose one of these."),
        (line_with(offer={"tax_class": "books"}), "unknown-tax", "Add it to your shop's terms"),
        (line_with(offer={"returns": "never"}), "no-profile", "there is no return policy “never” here"),
        (line_with(offer={"sku": "S-9"}), "bad-field", "Leave it out"),
        (line_with(offer={"plan": "xyz"}), "bad-field", "Copy all of its letters and digits"),
        (line_with(offer={"ranks": [{"min_rank": 0, "price": "1.00 EUR"}]}), "bad-field", "Rank of a price by rank is too small. Enter 1 or more."),
        (line_with(product={"title": "x" * 501}), "too-large", "Title is too long. Shorten it to 500 characters."),
        (line_with(product={"handle": "a\nb"}), "bad-field", "signs that can be seen"),
        (line_with(product={"origin": "Portugal"}), "too-large", "Origin is too long. Write two capitals, such as DE or PT."),
        (line_with(product={"translations": [{"language": "de"}, {"language": "de"}]}), "bad-field", "Write the language's code"),
        (line_with(product={"description": "x" * 20_000, "ingredients": "é" * 5_000, "tags": [f"{n:03}" + "y" * 190 for n in range(250)]}), "too-large", "64 KiB"),
        (line_with(offers={"sku": "S-1"}), "bad-field", "one for each SKU that is sold"),
        (line_with(shipping={}), "not-a-product", "Write each on a line of its own"),
        ({"offers": []}, "not-a-product", "A line holds"),
        ({"shipping": {"name": "x", "currency": "EUR", "zones": [], "pickup": False, "digital": False}}, "bad-field", "it leads nowhere"),
        ({"shipping": {"name": "x", "currency": "USD", "zones": [], "pickup": True, "digital": False}}, "currency", "Import each currency by itself."),
        ({"returns": {"name": "x", "days": "14"}}, "bad-field", "is something else than a whole number"),
        ({"returns": 5}, "bad-field", "is something else than a group of fields"),
    ],
)  # fmt: skip
def test_a_line_with_a_fault_is_told_with_what_to_do_and_the_next_is_read(lumen, given, code, words):
    good = {
        "product": {"handle": "mug", "title": "Mug", "variants": [{"sku": "M", "title": "Mug"}]},
        "offers": [{"sku": "M", "price": "7.00 EUR"}],
    }
    staged = stage(lumen, lines(given, good))
    assert counts(lumen, staged) == {"new": 1, "error": 1}
    [row] = rows(lumen, staged, "error")
    assert (row.row, row.code) == (2, code), row.reason
    assert words in row.reason
    assert row.reason.endswith((".", "…")) or "Fields are:" in row.reason


def test_one_sku_is_sold_once_and_one_record_written_once(lumen):
    mug = {"handle": "mug", "title": "Mug", "variants": [{"sku": "S-1", "price": "7"}]}
    again = {"product": {"handle": "soap", "title": "Soap", "variants": [{"sku": "T", "title": "T"}]}}
    staged = stage(lumen, lines(line_with(), mug, again))
    assert [(row.row, row.code) for row in rows(lumen, staged, "error")] == [
        (3, "sku-taken"),
        (3, "nothing-sold"),
        (4, "same-product"),
    ] or [(row.row, row.code) for row in rows(lumen, staged, "error")] == [(3, "sku-taken"), (4, "same-product")]


def test_an_address_of_a_picture_that_leads_inside_is_left_out_and_noted(lumen):
    images = [{"url": "http://10.0.0.1/a.jpg"}, {"url": "https://localhost/b.jpg", "hash": "ab" * 32}]
    staged = stage(lumen, lines(line_with(product={"images": images})))
    [row] = rows(lumen, staged, "new")
    assert ["10.0.0.1" in row.notes[0], "localhost" in row.notes[1]] == [True, True]
    apply(lumen, staged)
    assert contents(lumen)[Noun.PRODUCT, "soap"] == to_bytes(
        Product("soap", "Soap", images=(Image(hash=bytes.fromhex("ab" * 32)),), variants=(Variant("S-1", "Soap"),))
    )


def test_an_offer_of_a_brand_that_is_not_followed_is_told(lumen):
    lumen.write(plans.publish_plan, **PLAN)
    terms = BrandTerms(b"\1" * 32, "balm", b"\2" * 32)
    offer = replace(OFFER, sku="B-1", shipping_profile="", brand=terms, plan=b"\3" * 32)
    staged = stage(lumen, lines({"offer": named_records.named(offer)}))
    [row] = rows(lumen, staged, "error")
    assert row.code == "no-brand"
    assert "Follow the brand's catalog" in row.reason


def test_a_brand_takes_products_and_leaves_what_is_sold_to_its_merchants(tmp_path):
    world = World(tmp_path)
    mill = world.node("mill", "brand", "EUR")
    staged = stage(mill, lines({"returns": {"name": "x", "days": 14, "cost": "customer", "fee_bps": 0, "conditions": ""}}, line_with()))
    assert counts(mill, staged) == {"new": 1, "error": 1}
    apply(mill, staged)
    assert set(contents(mill)) == {(Noun.PRODUCT, "soap")}
    before = contents(mill)
    data = exported(mill)
    fill(mill, [])
    apply(mill, stage(mill, data))
    assert contents(mill) == before
    world.close()


def test_the_lines_of_the_handbook_are_read(lumen):
    page = (ROOT / "docs" / "catalog-imports.md").read_text("utf-8")
    text = page.partition("```jsonl\n")[2].partition("```")[0]
    staged = stage(lumen, text.encode())
    assert counts(lumen, staged) == {"new": 3}
    apply(lumen, staged)
    assert set(contents(lumen)) == {
        (Noun.SHIPPING, "post"), (Noun.PRODUCT, "tee"), (Noun.OFFER, "T-S"), (Noun.PRODUCT, "mug"), (Noun.OFFER, "MUG"),
    }  # fmt: skip


def test_lines_of_the_first_version_hold_no_whole_records(lumen):
    staged = stage(lumen, lines(line_with(), {"handle": "mug", "title": "Mug", "variants": [{"sku": "M", "price": "7"}]}, version=1))
    assert counts(lumen, staged) == {"new": 1, "error": 1}
