"""Tables by a mapping, prices with signs, addresses of pictures, our own lines, and files of another kind."""

import io
import json

import pytest

from node.errors import UserError
from node.files import pictures_at, product_lines, products_csv
from node.files.amounts import BadAmount
from node.files.prices import Prices, on_sale
from node.files.products import ProductRow, Skipped, open_products, read_products
from node.model.product_fields import checked, require_product

from .makers import NOW, read, reasons, shopify, skus, woo


def table(text, targets=(), currency="EUR"):
    with open_products(io.BytesIO(text.encode()), name="t.csv", currency=currency, now_ms=NOW) as found:
        guess = found.guess
        return guess, list(found.entries([checked(target) for target in targets]))


def test_columns_are_guessed_in_several_languages():
    guess, (soap,) = table(
        "Artikelnummer;Bezeichnung;Preis;Marke;EAN;Größe;Gewicht (kg);Bild;Lager\nS1;Seife;4,90;Mill;4006381333931;100 g;0,1;https://a.example/s.jpg;x\n"
    )
    assert guess == ("sku", "title", "price", "vendor", "gtin", "option:Size", "weight:kg", "image", "stock")
    variant = soap.variants[0]
    assert (soap.title, soap.vendor, variant.sku, variant.price_minor, variant.gtin, variant.weight_grams) == (
        "Seife", "Mill", "S1", 490, "4006381333931", 100,
    )  # fmt: skip


def test_rows_of_a_group_are_variants_and_a_mapping_says_more_than_the_guess():
    text = "Style,Code,Colour,Cost,Was\nT,T-1,Red,5,7\nT,T-2,Blue,6,\n"
    _, (tee,) = table(text, ("group", "sku", "option:Shade", "price", "compare_at"))
    assert [(option.name, option.values) for option in tee.options] == [("Shade", ("Red", "Blue"))]
    assert [(v.sku, v.price_minor, v.compare_at_minor) for v in tee.variants] == [("T-1", 500, 700), ("T-2", 600, None)]


def test_a_list_of_prices_has_no_titles():
    _, entries = table("SKU,Price\nA,1.50\nB,€ 2\nC,$3\nD,\n,4\n")
    assert [(entry.title, entry.variants[0].sku, entry.variants[0].price_minor) for entry in entries if isinstance(entry, ProductRow)] == [
        ("", "A", 150),
        ("", "B", 200),
    ]
    told = {entry.row: entry.reason for entry in entries if isinstance(entry, Skipped)}
    assert "another currency than EUR" in told[4]
    assert "no price" in told[5]
    assert "no SKU" in told[6]


@pytest.mark.parametrize("targets", [("", "price"), ("sku", ""), ("sku", "sku"), ("sku", "price", "price")])
def test_a_mapping_needs_the_sku_and_something_of_it(targets):
    with pytest.raises(UserError) as refusal:
        require_product([checked(target) for target in targets])
    assert refusal.value.code == "bad-mapping"


@pytest.mark.parametrize("target", ["shoe size", "weight:stone", "option:" + "x" * 200])
def test_targets_that_are_none(target):
    with pytest.raises(UserError):
        checked(target)
    assert checked("leave") == ""  # the control


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("12.34 EUR", 1234, "EUR"), ("EUR12,34", 1234, "EUR"), ("€12", 1200, "EUR"), ("12 €", 1200, "EUR"), ("1.234,50 eur", 123450, "EUR"),
        ("500 JPY", 500, "JPY"), ("7", 700, "EUR"),
    ],
)  # fmt: skip
def test_prices_with_codes_and_signs(text, minor, currency):
    prices = Prices("EUR")
    assert (prices.minor(text), prices.currency) == (minor, currency)


@pytest.mark.parametrize("text", ["-5 EUR", "€-5", "$5", "5 EUR 6", "EUR", "five", "12.345 EUR", "5 XX", "5 €€"])
def test_prices_that_are_none(text):
    with pytest.raises(BadAmount):
        Prices("EUR").minor(text)


def test_one_file_has_one_currency():
    prices = Prices("USD")
    assert prices.minor("1 GBP") == 100
    with pytest.raises(BadAmount, match="in EUR, the others are in GBP"):
        prices.minor("1 EUR")
    assert prices.currency == "GBP"


def test_sales_and_their_days():
    assert on_sale(100, 80, 0, None, 5) == (80, 100, None)
    assert on_sale(100, 120, 0, None, 5)[0] == 100
    assert on_sale(100, 80, 6, None, 5)[:2] == (100, None)
    assert on_sale(100, 80, 0, 4, 5) == (100, None, None)
    assert on_sale(100, 80, 1, 9, 5)[2].ends == 9


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.jpg", "http://10.1.2.3/a", "http://[::1]/a", "http://localhost/a", "http://router/a", "http://nas.local/a", "file:///etc/passwd",
        "http://169.254.169.254/latest", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://u:p@a.example/a", "data:image/png;base64,xx",
        "javascript:alert(1)", "http://", "https://a.example:port/", "/etc/passwd", "/static/../secret", "http://127.1/", "http://[fe80::1]/a", "ftp://a.example/a",
        "http://a.example/ b", "http://100.64.0.1/a",
    ],
)  # fmt: skip
def test_pictures_that_lead_inside_are_left_out_and_told(address):
    found = shopify(
        {"handle": "a", "title": "A", "sku": "S", "price": "1", "Image Src": address},
        {"handle": "a", "Image Src": "https://a.example/1.jpg"},
    )
    assert found.products[0].images == ("https://a.example/1.jpg",)
    assert len(found.products[0].notes) == 1


def test_control_pictures_in_public_are_kept():
    assert [
        pictures_at.why_not(address) for address in ("https://a.example/1.jpg?x=1", "http://93.184.216.34/a", "/static/sample/a.svg")
    ] == ["", "", ""]


def test_what_the_two_shops_say_beyond_the_first_columns():
    woo_header = ["Type", "SKU", "Name", "Published", "Visibility in catalog", "Regular price", "Length (cm)", "Width (cm)", "Height (cm)", "Sale price", "Date sale price starts", "In stock?"]  # fmt: skip
    (bag,) = woo(
        {"sku": "B", "name": "Bag", "price": "9", "type": "simple, virtual", "sale": "7", "Date sale price starts": "2030-01-01",
         "Length (cm)": "30", "Width (cm)": "20.5", "Height (cm)": "1"}, header=woo_header,
    ).products  # fmt: skip
    variant = bag.variants[0]
    assert (variant.size_mm, variant.digital, variant.price_minor, variant.sale.price_minor) == ((300, 205, 10), True, 900, 700)
    header = [
        "Handle",
        "Title",
        "Variant SKU",
        "Variant Price",
        "Google Shopping / Google Product Category",
        "Google Shopping / MPN",
        "Variant Requires Shipping",
        "Status",
    ]
    found = shopify(
        {"handle": "a", "title": "A", "sku": "S", "price": "$1", "Google Shopping / Google Product Category": "2271 - Dresses", "Google Shopping / MPN": "M", "Variant Requires Shipping": "false"},
        {"handle": "b", "title": "B", "sku": "T", "price": "1", "status": "archived"}, header=header,
    )  # fmt: skip
    assert (found.products[0].google_category, found.products[0].variants[0].mpn, found.products[0].variants[0].digital) == (
        2271,
        "M",
        True,
    )
    assert [(skip.handle, skip.row) for skip in found.skipped] == [("b", 3)]  # who sells it still can withdraw it


def test_a_variation_of_a_variation_is_told():
    found = woo({"sku": "V", "name": "V", "type": "variation", "parent": "V", "price": "1"}, {"sku": "P", "name": "P", "price": "1"})
    assert "is a variation itself" in reasons(found)[2]


def test_our_lines_come_back_as_they_were():
    shop = shopify(
        {"handle": "tee", "title": "Tee", "Option1 Name": "Size", "option": "S", "sku": "T-S", "price": "19.00", "Variant Compare At Price": "25", "Variant Grams": "120",
         "Image Src": "https://a.example/1.jpg", "Tags": "soft, x", "Body (HTML)": "<p>A</p><p>B</p>", "Variant Barcode": "4006381333931", "Variant Taxable": "false"},
        {"handle": "tee", "option": "M", "sku": "T-M", "price": "20", "Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "0"},
        {"handle": "mug", "title": "Mug", "sku": "M", "price": "7"},
    )  # fmt: skip
    lines = product_lines.header_line("USD") + b"".join(product_lines.short_line(item, 2) for item in shop.products)
    again = read(lines, currency="EUR")
    assert (again.dialect, again.currency) == ("gemstra-products", "USD")

    def bare(found):
        return [
            (item.handle, item.title, item.description, item.tags, item.options, item.images, [(v.sku, v.options, v.price_minor, v.compare_at_minor, v.gtin, v.stock, v.in_stock, v.weight_grams, v.taxable) for v in item.variants])
            for item in found.products
        ]  # fmt: skip

    assert bare(again) == bare(shop)


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b'{"handle":1,"title":"A","variants":[]}', b'{"handle":"a","title":"","variants":[]}', b'{"handle":"a","title":"A","variants":[]}',
        b'{"handle":"a","title":"A","variants":[{"sku":"S","price":5}]}', b'{"handle":"a","title":"A","variants":[{"sku":"S","price":"-5"}]}',
        b'{"handle":"a","title":"A","variants":[{"sku":"S","price":"5","options":["x"]}]}', b'{"handle":"a","title":"A","x":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_lines_that_are_no_product_are_told_and_the_next_is_read(line):
    good = {"handle": "b", "title": "B", "variants": [{"sku": "S", "price": "5"}]}
    found = read(product_lines.header_line("EUR") + line + b"\n" + json.dumps(good).encode())
    assert skus(found) == ["S"]
    assert list(reasons(found)) == [2]


@pytest.mark.parametrize(
    ("head", "code"),
    [(b'{"gemstra":"products","version":3,"currency":"EUR"}\n', "file-version"), (b'{"gemstra":"products","version":1}\n', "file-broken")],
)
def test_headers_that_are_none(head, code):
    with pytest.raises(UserError) as refusal:
        read(head)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"PK\x03\x04 xl/", "file-kind", "Excel workbook"),
        (b"%PDF-1.7", "file-kind", "PDF, not products"),
        (b"BEGIN:VCARD\nFN:A\n", "file-kind", "Customers"),
        (b"First Name,Last Name,E-mail 1 - Value\na,b,c\n", "file-dialect", "contacts of Google"),
        (b"First Name,Email,Accepts Email Marketing\na,b,c\n", "file-dialect", "customers of Shopify"),
        (b"Name,Lineitem name,Lineitem sku\na,b,c\n", "file-dialect", "orders of Shopify"),
        (b"Dear all\nhello\n", "file-dialect", "no table"),
    ],
)
def test_files_of_another_kind_are_named(data, code, words):
    with pytest.raises(UserError) as refusal:
        read_products(io.BytesIO(data), name="x.dat", now_ms=NOW)
    assert refusal.value.code == code
    assert words in str(refusal.value)


def test_every_guess_is_a_target():
    for targets in products_csv._TARGETS.values():
        assert checked(targets) == targets
