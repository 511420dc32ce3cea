"""A file that comes again changes what it speaks of: what it has no column for, and what was put here by hand, stays as it was."""

import json

import pytest

from node.errors import UserError
from node.model.media import Named
from node.services import browse, catalog_imports, pictures
from protocol.codec import from_bytes
from protocol.offer import Offer
from protocol.operations import Noun
from protocol.product import Image, Product

from .product_files import apply, bring, counts, runs, stage
from .world import World

ADDRESS = "https://shop.example/tee.jpg"
WHOLE = {
    "handle": "tee", "title": "Tee", "description": "Soft.", "vendor": "Mill", "category": "Shirts", "google_category": 212, "origin": "PT",
    "tags": ["soft"], "options": ["Size"], "images": [ADDRESS],
    "variants": [
        {"sku": "T-S", "price": "19.00", "title": "S", "options": ["S"], "compare_at": "35.00", "gtin": "4006381333931", "mpn": "M-1", "stock": 4,
         "in_stock": True, "weight_grams": 120, "size_mm": [10, 20, 30], "sale": {"price": "12.00", "starts": 0, "ends": 4102444799999}},
        {"sku": "T-M", "price": "20.00", "title": "M", "options": ["M"], "stock": 0, "in_stock": False},
    ],
}  # fmt: skip
LEAST = {
    "shopify": "Handle,Title,Variant SKU,Variant Price\ntee,Tee,T-S,21.00\n",
    "woocommerce": "Type,SKU,Name,Regular price\nsimple,T-S,Tee,21.00\n",
    "google-table": "id\ttitle\tprice\tbrand\timage_link\nT-S\tTee\t21.00 USD\t\t\n",
    "google-xml": "<rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>T-S</g:id><g:title>Tee</g:title>"
    "<g:price>21.00 USD</g:price></item></channel></rss>",
    "json-ld": json.dumps(
        {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": "Tee",
            "sku": "T-S",
            "offers": {"@type": "Offer", "price": "21.00", "priceCurrency": "USD"},
        }
    ),
    "gemstra-products": '{"gemstra":"products","version":1,"currency":"USD"}\n'
    '{"handle":"tee","title":"Tee","variants":[{"sku":"T-S","price":"21.00"}]}\n',
    "csv": "sku;title;price\nT-S;Tee;21.00\n",
}


def lines(*products):
    head = {"gemstra": "products", "version": 1, "currency": "USD"}
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in (head, *products)).encode()


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    made = world.node("lumen", "merchant")
    bring(made, lines(WHOLE))
    yield made
    world.close()


def record(node, kind, noun, name):
    def read(unit):
        feed = unit.catalog.feeds(own=True)[0].feed
        return unit.catalog.record(feed, (noun, name)), feed

    raw, _ = node.read(read)
    return from_bytes(kind, raw)


def standing(node):
    return record(node, Product, Noun.PRODUCT, "tee"), record(node, Offer, Noun.OFFER, "T-S")


def add_by_hand(node):
    [found] = node.read(browse.list_products, search="Tee").products
    node.write(pictures.add_picture, product=bytes.fromhex(found.id), named=Named(b"\1" * 32, b"\2" * 32))
    return Image(hash=b"\1" * 32, thumbnail=b"\2" * 32)


def staged(node, form, text):
    id_ = stage(node, text.encode(), name=f"again.{form}")
    if form == "csv":
        runs(node)._map(id_, {})
    assert node.read(catalog_imports.get_staged, staged=id_).dialect == form
    return id_


@pytest.mark.parametrize("form", LEAST)
def test_a_column_that_is_absent_clears_nothing(lumen, form):
    by_hand = add_by_hand(lumen)
    product, offer = standing(lumen)
    assert product.images == (by_hand, Image(url=ADDRESS))
    id_ = staged(lumen, form, LEAST[form])
    assert counts(lumen, id_) == {"price": 1}
    apply(lumen, id_)
    after, price = standing(lumen)
    assert after == product
    assert price.price.minor == 2100
    assert price == type(price)(**{name: getattr(offer, name) for name in offer.__slots__} | {"price": price.price})


def test_a_picture_put_here_by_hand_stays_first_when_the_file_names_others(lumen):
    by_hand = add_by_hand(lumen)
    other = "https://shop.example/new.jpg"
    bring(lumen, lines(WHOLE | {"images": [other, ADDRESS]}))
    assert standing(lumen)[0].images == (by_hand, Image(url=other), Image(url=ADDRESS))


def test_a_cell_that_is_empty_clears_a_price_before_and_a_sale_and_nothing_else(lumen):
    product, offer = standing(lumen)
    text = "Type,SKU,Name,Regular price,Sale price,Description,Brands,Images\nsimple,T-S,Tee,19.00,,,,\n"
    apply(lumen, staged(lumen, "woocommerce", text))
    after, plain = standing(lumen)
    assert after == product
    assert (offer.compare_at.minor, len(offer.promotions)) == (3500, 1)
    assert (plain.compare_at, plain.promotions, plain.price) == (None, None, offer.price)


def test_a_price_before_that_is_no_higher_any_more_goes(lumen):
    apply(lumen, staged(lumen, "shopify", LEAST["shopify"].replace("21.00", "35.00")))
    assert standing(lumen)[1].compare_at is None


def test_options_go_where_the_file_says_that_there_are_none(lumen):
    head = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
    apply(lumen, staged(lumen, "shopify", f"{head}tee,Tee,Title,Default Title,T-S,19.00\n"))
    product, _ = standing(lumen)
    assert (product.options, [item.sku for item in product.variants]) == ((), ["T-S"])


@pytest.mark.parametrize(("said", "kept"), [("in stock", 4), ("out of stock", None)])
@pytest.mark.parametrize("form", ["google", "json-ld"])
def test_whether_there_are_any_leaves_the_count_where_both_agree(lumen, form, said, kept):
    offered = {"@type": "Offer", "price": "18.00", "priceCurrency": "USD", "availability": said.replace(" ", "")}
    item = {"@context": "https://schema.org", "@type": "Product", "name": "Tee", "sku": "T-S", "offers": offered}
    feed = LEAST["google-xml"].replace("21.00 USD</g:price>", f"18.00 USD</g:price><g:availability>{said}</g:availability>")
    bring(lumen, (feed if form == "google" else json.dumps(item)).encode())
    [offer] = [found.offer for found in lumen.read(lambda unit: unit.catalog.offers(None, "", 9)) if found.offer.sku == "T-S"]
    assert (offer.price.minor, offer.count, offer.stock.value) == (1800, kept, "low" if kept else "out")


TABLE = "sku;title;price;text;brand;group;tags;ean;maker;left;grams;photo;made in\nT-S;Tee;19.00;;;;;;;;;;\n"
CLEARED = {"text": "description", "brand": "vendor", "group": "category", "tags": "tags", "ean": "gtin", "maker": "mpn", "left": "stock", "grams": "weight:g",
           "photo": "image", "made in": "origin"}  # fmt: skip


def mapped(node, mark):
    id_ = stage(node, TABLE.encode(), name="again.csv")
    fields = {"sku": "sku", "title": "title", "price": "price"} | {title: target + mark for title, target in CLEARED.items()}
    runs(node)._map(id_, fields)
    return id_


def test_an_empty_cell_of_a_mapped_table_leaves_what_is_there_or_clears_it_where_that_is_said(lumen):
    by_hand = add_by_hand(lumen)
    assert counts(lumen, mapped(lumen, "")) == {"same": 1}
    staged = mapped(lumen, "!")
    assert counts(lumen, staged) == {"changed": 1}
    [row] = lumen.read(catalog_imports.list_rows, staged=staged, outcome="changed").rows
    told = {change.field: (change.before, change.after) for change in row.changes}
    assert {"vendor", "category", "tags", "GTIN", "maker's number", "weight", "origin", "description"} <= told.keys()
    assert told["vendor"] == ("Mill", "")
    assert told["weight"] == ("120", "")
    assert told["stock"][1] == "low"
    before, _ = standing(lumen)
    apply(lumen, staged)
    product, offer = standing(lumen)
    assert (product.description, product.vendor, product.category, product.tags, product.origin) == ("", "", "", (), None)
    assert product.images == (by_hand,)
    [variant, other] = product.variants
    assert (variant.gtin, variant.mpn, variant.weight, variant.size) == (None, None, None, before.variants[0].size)
    assert other == before.variants[1]  # which the file does not name
    assert offer.count is None


def test_what_clears_is_remembered_and_what_cannot_be_cleared_is_refused(lumen):
    mapped(lumen, "!")
    again = stage(lumen, TABLE.encode(), name="next.csv")
    assert counts(lumen, again) == {"changed": 1}
    with pytest.raises(UserError) as refused:
        runs(lumen)._map(again, {"title": "title!"})
    assert refused.value.code == "bad-mapping"
    assert "It can clear: description" in str(refused.value)
