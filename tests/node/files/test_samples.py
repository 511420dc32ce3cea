"""What ships is what the demo says it is."""

import csv

import pytest

from node.files.listing import gtin
from node.files.products import read_products
from node.files.samples import PRODUCTS, sample_path

NOW = 1_800_000_000_000
HANDLES = [
    "daily-glow-serum",
    "velvet-hand-cream",
    "rose-facial-oil",
    "clay-mask",
    "lip-balm-trio",
    "micellar-water",
    "night-repair-cream",
    "vitamin-c-drops",
    "body-butter",
    "shea-soap-bar",
    "sea-salt-scrub",
    "argan-hair-oil",
    "volume-mascara",
    "tinted-moisturiser",
    "brow-gel",
    "nail-lacquer",
    "bamboo-brush-set",
    "travel-pouch",
    "rose-mist",
    "sun-fluid-spf30",
]


@pytest.fixture
def sample():
    with sample_path(PRODUCTS).open("rb") as source:
        return read_products(source, name=PRODUCTS, now_ms=NOW)


def test_the_sample_catalog(sample):
    assert (sample.dialect, len(sample.products), sample.variants) == ("shopify", 20, 37)
    assert [product.handle for product in sample.products] == HANDLES
    assert [(skip.row, skip.sku) for skip in sample.skipped] == [(24, "LB-1200")]
    assert "draft" in sample.skipped[0].reason
    assert [product.images for product in sample.products] == [(f"/static/sample/{handle}.svg",) for handle in HANDLES]
    assert all("<" not in product.description and product.description for product in sample.products)


def test_the_first_two_skus_make_the_base_of_the_demo(sample):
    variants = sorted((v for product in sample.products for v in product.variants), key=lambda v: v.sku)
    assert [v.price_minor for v in variants[:2]] == [5200, 5200]
    assert all(v.in_stock for v in variants[:2])
    assert [v.sku for v in variants if not v.in_stock] == ["LB-1080-ORA"]
    assert [(v.sku, v.price_minor, v.compare_at_minor) for v in variants if v.compare_at_minor] == [("LB-1060-30", 3800, 4800)]


def test_every_number_on_a_pack_is_right_and_in_the_range_for_inside_use(sample):
    with sample_path(PRODUCTS).open(encoding="utf-8", newline="") as source:
        codes = [row["Variant Barcode"] for row in csv.DictReader(source)]
    assert all(gtin(code) == code and code.startswith("200") for code in codes)
    assert len(set(codes)) == len(codes) == 38
    assert not gtin(codes[0][:-1] + str((int(codes[0][-1]) + 1) % 10))  # control: a wrong check digit is seen


def test_another_name_is_no_sample():
    with pytest.raises(FileNotFoundError, match="no sample"):
        sample_path("../__init__.py")
