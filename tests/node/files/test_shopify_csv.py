"""Shopify's export: rows to products, what is listed, both generations of columns."""

import io

import pytest

from node.errors import UserError
from node.files.products import read_products

from .makers import CLASSIC, NOW, read, reasons, shopify, skus, table


def test_rows_of_one_handle_are_one_product():
    found = shopify(
        {
            "handle": "tee", "title": "Tee", "status": "active", "Published": "true", "Option1 Name": "Size", "option": "S", "Option2 Name": "Colour",
            "Option2 Value": "Red", "sku": "T-S", "price": "19.00", "Image Src": "https://a.example/1.jpg", "Tags": "soft, cotton",
            "Body (HTML)": "<p>Soft &amp; <b>light</b></p><ul><li>one</li></ul><script>x()</script>", "Vendor": "Mill", "Type": "Shirt",
        },
        {"handle": "tee", "option": "M", "Option2 Value": "Red", "sku": "T-M", "price": "20.00", "Image Src": "https://a.example/2.jpg"},
        {"handle": "tee", "Image Src": "https://a.example/3.jpg"},
    )  # fmt: skip
    (product,) = found.products
    assert (product.handle, product.title, product.vendor, product.category, product.tags) == (
        "tee",
        "Tee",
        "Mill",
        "Shirt",
        ("soft", "cotton"),
    )
    assert product.description == "Soft & light\n\n• one"
    assert product.images == ("https://a.example/1.jpg", "https://a.example/2.jpg", "https://a.example/3.jpg")
    assert [(option.name, option.values) for option in product.options] == [("Size", ("S", "M")), ("Colour", ("Red",))]
    assert [(v.sku, v.title, v.options, v.price_minor, v.row) for v in product.variants] == [
        ("T-S", "S / Red", ("S", "Red"), 1900, 2),
        ("T-M", "M / Red", ("M", "Red"), 2000, 3),
    ]
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"status": "draft"}, "draft"),
        ({"status": "archived"}, "archived"),
        ({"status": "unlisted"}, "unlisted"),
        ({"status": "active", "Published": "false"}, "not published"),
        ({"status": "resting"}, "resting"),
    ],
)
def test_what_is_not_listed_is_skipped_once_with_its_rows(cells, words):
    found = shopify(
        {"handle": "a", "title": "A", "sku": "A1", "price": "1", **cells}, {"handle": "a", "sku": "A2", "price": "1", "option": "x"}
    )
    assert found.products == ()
    assert [(skip.row, skip.sku, skip.name) for skip in found.skipped] == [(2, "A1", "A")]
    assert words in found.skipped[0].reason
    listed = shopify({"handle": "a", "title": "A", "sku": "A1", "price": "1", "status": "Active", "Published": "TRUE"})
    assert skus(listed) == ["A1"]  # control


def test_prices_before_a_sale_and_bad_prices():
    found = shopify(
        {"handle": "a", "title": "A", "sku": "A", "price": "8.00", "Variant Compare At Price": "10.00", "Price / International": "999"},
        {"handle": "b", "title": "B", "sku": "B", "price": "8.00", "Variant Compare At Price": "8.00"},
        {"handle": "c", "title": "C", "sku": "C", "price": "eight"},
        {"handle": "d", "title": "D", "sku": "D", "price": "8.005"},
        {"handle": "e", "title": "E", "sku": "E"},
    )
    assert [(v.price_minor, v.compare_at_minor) for product in found.products for v in product.variants] == [(800, 1000), (800, None)]
    assert list(reasons(found)) == [4, 5, 6]
    assert "“eight” is not a number" in reasons(found)[4]
    assert "more decimals" in reasons(found)[5]
    assert "no price" in reasons(found)[6]


def test_the_first_of_equal_skus_wins():
    found = shopify({"handle": "a", "title": "A", "sku": "S", "price": "1"}, {"handle": "b", "title": "B", "sku": "S", "price": "2"})
    assert [(product.handle, product.variants[0].price_minor) for product in found.products] == [("a", 100)]
    assert [skip.row for skip in found.skipped] == [3]
    assert "row 2" in found.skipped[0].reason


def test_a_draft_does_not_hold_an_sku():
    found = shopify(
        {"handle": "a", "title": "A", "sku": "S", "price": "1", "status": "draft"}, {"handle": "b", "title": "B", "sku": "S", "price": "2"}
    )
    assert skus(found) == ["S"]


def test_missing_skus_are_made_from_the_handle_and_the_options():
    found = shopify(
        {"handle": "a", "title": "A", "Option1 Name": "Title", "option": "Default Title", "price": "1"},
        {"handle": "b", "title": "B", "Option1 Name": "Size", "option": "Größe 1", "price": "1"},
        {"handle": "b", "option": "M", "sku": "'0012", "price": "1"},
    )
    assert skus(found) == ["a", "b-groe-1", "0012"]
    assert found.products[0].options == ()


@pytest.mark.parametrize(
    ("tracker", "quantity", "policy", "stock", "in_stock"),
    [
        ("shopify", "5", "deny", 5, True),
        ("shopify", "0", "deny", 0, False),
        ("shopify", "-2", "continue", -2, True),
        ("", "0", "deny", None, True),
    ],
)
def test_stock(tracker, quantity, policy, stock, in_stock):
    cells = {"Variant Inventory Tracker": tracker, "Variant Inventory Qty": quantity, "Variant Inventory Policy": policy}
    variant = shopify({"handle": "a", "title": "A", "sku": "S", "price": "1", **cells}).products[0].variants[0]
    assert (variant.stock, variant.in_stock) == (stock, in_stock)


def test_other_cells_of_a_variant():
    cells = {
        "Variant Grams": "250",
        "Variant Taxable": "false",
        "Variant Barcode": "4006381333931",
        "Variant Image": "https://a.example/v.jpg",
    }
    variant = shopify({"handle": "a", "title": "A", "sku": "S", "price": "1", "Gift Card": "true", **cells}).products[0].variants[0]
    assert (variant.weight_grams, variant.taxable, variant.gtin, variant.image) == (250, False, "4006381333931", "https://a.example/v.jpg")


def test_the_columns_of_2024():
    header = [
        "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Tags", "Published on online store", "Status", "SKU", "Barcode",
        "Option1 name", "Option1 value", "Price", "Compare-at price", "Charge tax", "Inventory tracker", "Inventory quantity",
        "Continue selling when out of stock", "Weight value (grams)", "Product image URL", "Variant image URL",
    ]  # fmt: skip
    rows = [
        {
            "Title": "Tee", "URL handle": "tee", "Description": "<p>Soft</p>", "Status": "Active", "Published on online store": "TRUE", "SKU": "T-S",
            "Option1 name": "Size", "Option1 value": "S", "Price": "19", "Compare-at price": "25", "Inventory tracker": "shopify",
            "Inventory quantity": "0", "Continue selling when out of stock": "DENY", "Weight value (grams)": "120", "Charge tax": "TRUE",
        },
        {"URL handle": "tee", "SKU": "T-M", "Option1 value": "M", "Price": "19"},
        {"Title": "Old", "URL handle": "old", "Status": "Draft", "SKU": "O", "Price": "1"},
    ]  # fmt: skip
    found = read(table(header, rows))
    assert (found.dialect, skus(found), list(reasons(found))) == ("shopify", ["T-S", "T-M"], [4])
    first = found.products[0].variants[0]
    assert (first.price_minor, first.compare_at_minor, first.stock, first.in_stock, first.weight_grams) == (1900, 2500, 0, False, 120)


@pytest.mark.parametrize("column", ["Handle", "Title", "Variant SKU", "Variant Price"])
def test_a_missing_column_is_named(column):
    with pytest.raises(UserError, match=column) as refusal:
        shopify(header=[title for title in CLASSIC if title != column])
    assert refusal.value.code == "file-column"


def test_rows_without_a_product():
    found = shopify({"sku": "X", "price": "1"}, {"sku": "Y", "price": "1"}, {"handle": "a", "sku": "S", "price": "1"})
    assert list(reasons(found)) == [2, 3, 4]
    assert "no title" in reasons(found)[4]


def test_other_currencies_and_files_of_neither_shop():
    assert shopify({"handle": "a", "title": "A", "sku": "S", "price": "1200"}, currency="JPY").products[0].variants[0].price_minor == 1200
    with pytest.raises(UserError) as refusal:
        read(b"Date,Amount\n1,2\n")
    assert refusal.value.code == "file-dialect"
    with pytest.raises(UserError) as refusal:
        shopify()
    assert refusal.value.code == "file-empty"
    with pytest.raises(UserError, match="three capitals"):
        read_products(io.BytesIO(b""), name="x", now_ms=NOW, currency="dollars")
