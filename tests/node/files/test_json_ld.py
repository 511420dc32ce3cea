"""schema.org products: alone, in a graph, in a page, in groups; and documents that mean harm."""

import io
import json
import time
from pathlib import Path

import pytest

from node.errors import UserError
from node.files.products import read_products

from .makers import NOW, reasons, skus

DATA = Path(__file__).parents[2] / "data" / "catalogs"


def read(data, name="x.json"):
    return read_products(io.BytesIO(data if isinstance(data, bytes) else json.dumps(data).encode()), name=name, now_ms=NOW)


def product(**more):
    return {"@type": "Product", "name": "Soap", "sku": "S", "offers": {"price": "5", "priceCurrency": "EUR"}, **more}


def one(**more):
    (found,) = read(product(**more)).products
    return found


def test_a_page_with_a_graph():
    found = read((DATA / "page.html").read_bytes(), "page.html")
    (kettle,) = found.products
    variant = kettle.variants[0]
    assert (found.dialect, found.currency, kettle.title, kettle.vendor, kettle.origin) == ("json-ld", "EUR", "Kettle & lid", "Hob", "PT")
    assert kettle.description == "Boils."
    assert (variant.sku, variant.gtin, variant.price_minor, variant.in_stock, variant.weight_grams) == (
        "K-1",
        "4006381333931",
        4990,
        True,
        1200,
    )
    assert kettle.images == ("https://hob.example/k.jpg", "https://hob.example/k2.jpg")
    assert "127.0.0.1" in kettle.notes[0]


def test_groups_offers_and_references():
    found = read((DATA / "group.jsonld").read_bytes())
    coat, hat = found.products
    assert [(option.name, option.values) for option in coat.options] == [("Color", ("Moss",)), ("Size", ("S", "M", "L"))]
    assert [(v.sku, v.price_minor, v.compare_at_minor, v.in_stock) for v in coat.variants] == [
        ("C-S", 12000, 15000, True),
        ("C-M", 12500, None, False),
        ("C-L", 13000, None, None),
    ]
    assert skus(found)[3:] == ["H-1", "H-2"]
    assert hat.title == "Hat"
    told = [skip.reason for skip in found.skipped]
    assert sum("range of prices (10 to 20)" in reason for reason in told) == 1
    assert sum("no offer" in reason for reason in told) == 1
    assert sum("group within a group" in reason for reason in told) == 2


@pytest.mark.parametrize(
    "wrap",
    [
        lambda item: item,
        lambda item: [item],
        lambda item: {"@graph": [{"@type": "WebSite"}, item]},
        lambda item: {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": item}]},
        lambda item: {"@type": "WebPage", "mainEntity": item},
        lambda item: {**item, "@type": "https://schema.org/Product"},
        lambda item: {**item, "@type": ["Thing", "schema:Product"]},
        lambda item: {
            "@type": "Offer",
            "price": 5,
            "priceCurrency": "EUR",
            "itemOffered": {k: v for k, v in item.items() if k != "offers"},
        },
    ],
)
def test_wherever_it_stands(wrap):
    found = read(wrap(product()))
    assert [(v.sku, v.price_minor) for item in found.products for v in item.variants] == [("S", 500)]


def test_values_as_authors_write_them():
    found = one(
        sku=12345, brand={"name": ["Mill"]}, name={"@value": "Seife", "@language": "de"}, category=["Bath", "Home"], image={"@type": "ImageObject", "url": "https://a.example/1.jpg"},
        keywords="soft, blue", depth="10 cm", width={"value": 2, "unitCode": "INH"}, height={"value": 3, "unitText": "mm"},
        offers=[{"price": 5, "priceCurrency": "eur", "inventoryLevel": {"value": 7}}],
    )  # fmt: skip
    variant = found.variants[0]
    assert (found.title, found.vendor, found.category, found.tags, found.images) == (
        "Seife",
        "Mill",
        "Bath",
        ("soft", "blue"),
        ("https://a.example/1.jpg",),
    )
    assert (variant.sku, variant.stock, variant.in_stock, variant.size_mm) == ("12345", 7, True, (100, 51, 3))


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        (None, "no offer"),
        ({}, "no price"),
        ({"price": "-1", "priceCurrency": "EUR"}, "negative"),
        ({"price": "a", "priceCurrency": "EUR"}, "not a number"),
        ({"price": "1", "priceCurrency": "EURO"}, "not a number"),
        ({"price": True}, "no price"),
        ({"price": {"price": 1}}, "no price"),
        ({"price": "1e309"}, "not a number"),
    ],
)
def test_offers_without_a_price(offers, words):
    assert any(words in reason for reason in reasons(read([product(offers=offers), product(sku="T")])).values())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[" * 100_000, "file-broken"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "file-broken"),
        (b'[{"@type":"Product"', "file-broken"),
        (b'{"@type":"Person"}', "file-dialect"),
        (b"{}", "file-dialect"),
        (b"<!doctype html><html><body>nothing</body></html>", "file-dialect"),
        (b'<html><script type="application/ld+json">{"a"</script></html>', "file-broken"),
        (b"[" + b"{}," * 300_000 + b"{}]", "file-limit"),
        (b'["' + b"x" * (9 << 20) + b'"]', "file-limit"),
    ],
)
def test_documents_that_are_no_catalog(data, code):
    began = time.process_time()
    with pytest.raises(UserError) as refusal:
        read(data)
    assert refusal.value.code == code
    assert time.process_time() - began < 5


def test_groups_that_name_each_other_end():
    loop = {
        "@type": "ProductGroup",
        "@id": "#a",
        "productGroupID": "A",
        "name": "A",
        "isVariantOf": {"@id": "#a"},
        "hasVariant": {"@id": "#a"},
    }
    found = read([loop, product(isVariantOf={"@id": "#nowhere"}, inProductGroupWithID="Z")])
    assert skus(found) == ["S"]
    assert any("group within a group" in reason for reason in reasons(found).values())


def test_a_product_of_two_groups_is_sold_once():
    groups = [{"@type": "ProductGroup", "@id": f"#{n}", "name": n, "productGroupID": n, "hasVariant": {"@id": "#p"}} for n in "ab"]
    assert skus(read([*groups, product(**{"@id": "#p"})])) == ["S"]


def test_a_page_of_unclosed_scripts_costs_its_length():
    page = b"<html>" + b'<script type="application/ld+json">' * 50_000
    began = time.process_time()
    with pytest.raises(UserError):
        read(page, "x.html")
    assert time.process_time() - began < 3
