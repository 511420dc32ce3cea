"""A catalog written in each format comes back as it was, as far as the format can say it; and no cell is a formula."""

import csv
import io
import json
from xml.etree import ElementTree as ET  # only on what we wrote ourselves

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from node.app.catalog_exports import WRITERS
from node.files.products import read_products
from node.model.listing import Option, ProductRow, VariantRow

from .makers import NOW

FORMULA = '=HYPERLINK("http://evil.example")'


def variant(sku, price=1000, **more):
    known = {
        "title": "", "options": (), "compare_at_minor": None, "currency": "EUR", "gtin": "", "stock": None, "in_stock": True, "weight_grams": None,
        "taxable": True, "image": "", "row": 0,
    }  # fmt: skip
    return VariantRow(sku=sku, price_minor=price, **{**known, **more})


def product(handle, *variants, options=(), **more):
    values = [Option(name, tuple(dict.fromkeys(item.options[at] for item in variants))) for at, name in enumerate(options)]
    known = {"title": handle.title(), "description": "", "vendor": "", "category": "", "tags": (), "images": ()}
    return ProductRow(handle=handle, options=tuple(values), variants=variants, row=0, **{**known, **more})


GOODS = (
    product(
        "tee",
        variant("T-S", 1900, options=("S", "Red"), compare_at_minor=2500, gtin="4006381333931", mpn="M-1", weight_grams=120),
        variant("T-M", 2050, options=("M", "Red"), stock=0, in_stock=False),
        options=("Size", "Color"), title="Tee, soft & light", description="First line\nsecond <b>\n\nNext, with “quotes”", vendor="Mill", category="Shirts",
        tags=("soft", "summer"), images=("https://a.example/1.jpg", "https://a.example/2.jpg"), google_category=212,
    ),
    product("mug", variant("M", 700, stock=12, size_mm=(100, 85, 90))),
    product("evil", variant("E", 100), title=FORMULA, vendor="@me", description="+1"),
)  # fmt: skip


def written(form, goods=GOODS, currency="EUR", decimals=2):
    writer = WRITERS[form](currency, decimals)
    return writer.begin() + b"".join(writer.rows([item]) for item in goods) + writer.end()


def back(form, goods=GOODS, **options):
    return read_products(io.BytesIO(written(form, goods)), name="x", currency="EUR", now_ms=NOW, **options)


def told(item, form):
    """What this format can say of a product, by SKU."""
    lines = []
    for entry in item.variants:
        facts = [entry.sku, entry.price_minor, entry.compare_at_minor, entry.gtin, entry.weight_grams]
        facts += [sorted(zip([option.name for option in item.options], entry.options, strict=True))]
        facts += [entry.in_stock]
        if form != "woocommerce":
            facts += [entry.mpn]
        if form in {"shopify", "woocommerce", "json-ld", "json-lines"}:
            facts += [entry.stock]
        if form != "shopify":
            facts += [entry.size_mm]
        lines.append(facts)
    words = [item.title, item.vendor, item.category, item.images]
    if form not in {"google-xml", "google-table"}:
        words += [item.tags]
    words += [item.description]
    if form not in {"woocommerce", "json-ld"}:
        words += [item.google_category]
    if form not in {"woocommerce", "google-xml", "google-table"}:
        words += [item.handle]
    return words, lines


@pytest.mark.parametrize("form", WRITERS)
def test_a_catalog_comes_back_as_it_was(form):
    found = back(form)
    assert found.skipped == ()
    assert found.currency == "EUR"
    assert [told(item, form) for item in found.products] == [told(item, form) for item in GOODS]


def test_control_a_price_that_is_not_the_same_is_seen():
    dear = replace(GOODS[1], variants=(replace(GOODS[1].variants[0], price_minor=701),))
    assert told(dear, "shopify") != told(GOODS[1], "shopify")


@pytest.mark.parametrize("form", ["shopify", "woocommerce", "google-table"])
def test_no_cell_begins_a_formula(form):
    delimiter = "\t" if form == "google-table" else ","
    rows = list(csv.reader(io.StringIO(written(form).decode("utf-8-sig")), delimiter=delimiter))
    cells = [cell for row in rows for cell in row]
    assert any(FORMULA in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


@pytest.mark.parametrize("form", WRITERS)
def test_currencies_without_decimals_and_a_catalog_of_nothing(form):
    found = read_products(io.BytesIO(written(form, GOODS[1:2], "JPY", 0)), name="x", currency="JPY", now_ms=NOW)
    assert found.products[0].variants[0].price_minor == 700
    assert written(form, ())


def test_the_forms_are_what_their_readers_take():
    assert len(ET.fromstring(written("google-xml")).findall("./channel/item")) == 4
    graph = json.loads(written("json-ld"))["@graph"]
    assert [node["@type"] for node in graph] == ["ProductGroup", "Product", "Product"]
    assert written("json-lines").count(b"\n") == 4


def test_more_options_than_shopify_has_share_a_column():
    wide = product("w", variant("W", options=("a", "b", "c", "d")), options=("A", "B", "C", "D"))
    (again,) = back("shopify", (wide,)).products
    assert again.variants[0].options == ("a", "b", "c / d")


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(WRITERS)),
    TEXTS,
    TEXTS,
    st.lists(TEXTS, min_size=1, max_size=4, unique_by=lambda text: text.strip()),
    st.integers(0, 10**9),
)
def test_whatever_the_words_are_something_comes_back_and_no_sku_is_lost(form, title, vendor, values, price):
    variants = [variant(f"S{at}", price + at, options=(value,)) for at, value in enumerate(values)]
    goods = (product("p", *variants, options=("Size",), title=title if title.strip() else "T", vendor=vendor),)
    found = back(form, goods)
    assert [(entry.sku, entry.price_minor) for item in found.products for entry in item.variants] == [
        (entry.sku, entry.price_minor) for entry in variants
    ]
