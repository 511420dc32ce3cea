"""Each fault of a product file in each format: a row is told with its code and the rest is read, or the file is refused by a named error."""

import io
import json

import pytest

from node.errors import UserError
from node.files.products import open_products
from node.model.listing import CODES, Skipped

from .makers import NOW


def shopify(goods):
    rows = [
        f'h-{at},{title},{more.get("html", "")},{sku},"{price}",{more.get("image", "")}'
        for at, (sku, title, price, more) in enumerate(goods)
    ]
    return "\n".join(["Handle,Title,Body (HTML),Variant SKU,Variant Price,Image Src", *rows])


def woocommerce(goods):
    rows = [f'simple,{sku},{title},"{price}",{more.get("html", "")},{more.get("image", "")}' for sku, title, price, more in goods]
    return "\n".join(["Type,SKU,Name,Regular price,Description,Images", *rows])


def google_table(goods):
    rows = ["\t".join((sku, title, price, more.get("html", ""), "in_stock", more.get("image", ""))) for sku, title, price, more in goods]
    return "\n".join(["id\ttitle\tprice\tdescription\tavailability\timage_link", *rows])


def google_atom(goods):
    feed = google_xml(goods).replace("item>", "entry>")
    return (
        feed.replace("<rss xmlns:g", "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:g")
        .replace("<channel>", "")
        .replace("</channel></rss>", "</feed>")
    )


def google_xml(goods):
    def text(value):
        return value.replace("&", "&amp;").replace("<", "&lt;")

    items = [
        f"<item><g:id>{sku}</g:id><g:title>{title}</g:title><g:price>{price}</g:price><g:description>{text(more.get('html', ''))}</g:description>"
        f"<g:image_link>{more.get('image', '')}</g:image_link></item>"
        for sku, title, price, more in goods
    ]
    return f"<rss xmlns:g='http://base.google.com/ns/1.0'><channel>{''.join(items)}</channel></rss>"


def json_ld(goods):
    return json.dumps(
        {
            "@context": "https://schema.org",
            "@graph": [
                {
                    "@type": "Product",
                    "sku": sku,
                    "name": title,
                    "description": more.get("html", ""),
                    "image": more.get("image", ""),
                    "offers": {"@type": "Offer", "price": price},
                }
                for sku, title, price, more in goods
            ],
        }
    )


def page(goods):
    inside = json_ld(goods).replace("</", "<\\/")
    return f"<!doctype html><html><head><script type='application/ld+json'>{inside}</script></head><body>A shop</body></html>"


def gemstra_products(goods):
    lines = [
        {
            "handle": f"h-{at}",
            "title": title,
            "description": more.get("html", ""),
            "images": [more.get("image", "")],
            "variants": [{"sku": sku, "price": price}],
        }
        for at, (sku, title, price, more) in enumerate(goods)
    ]
    head = {"gemstra": "products", "version": 1, "currency": "USD"}
    return "\n".join(json.dumps(line, separators=(",", ":")) for line in (head, *lines))


def table(goods):
    rows = [f'{sku};{title};"{price}";{more.get("html", "")};{more.get("image", "")}' for sku, title, price, more in goods]
    return "\n".join(["sku;title;price;description;image", *rows])


WRITERS = {
    "shopify": shopify, "woocommerce": woocommerce, "google-table": google_table, "google-xml": google_xml, "google-atom": google_atom,
    "json-ld": json_ld, "page": page, "gemstra-products": gemstra_products, "csv": table,
}  # fmt: skip
DIALECTS = {"google-atom": "google-xml", "page": "json-ld"}


def written(form, *goods):
    """(sku, title, price) of each, as the format writes them; a fourth says more: {"html": …, "image": …}."""
    whole = [(sku, title, price, more[0] if more else {}) for sku, title, price, *more in goods]
    return WRITERS[form](whole).encode()


def read(data):
    with open_products(io.BytesIO(data), name="file", currency="USD", now_ms=NOW) as found:
        entries = list(found.entries())
    return (
        found.dialect,
        [item for item in entries if not isinstance(item, Skipped)],
        [item for item in entries if isinstance(item, Skipped)],
    )


GOOD = ("G", "Good", "7.00")
FAULTS = {
    "negative": (("B", "Bad", "-5.00"), "bad-price"),
    "no number": (("B", "Bad", "free"), "bad-price"),
    "two meanings": (("B", "Bad", "1,234"), "bad-price"),
    "too exact": (("B", "Bad", "1.2345"), "bad-price"),
    "another sign": (("B", "Bad", "£ 5.00"), "currency"),
    "another currency": (("B", "Bad", "5.00 GBP"), "currency"),
    "none": (("B", "Bad", ""), "no-price"),
    "twice": (("G", "Bad", "5.00"), "sku-taken"),
    "too large": (("B", "Bad", "9" * 30), "bad-price"),
}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_row_with_a_fault_is_told_and_the_rest_is_read(form, fault):
    bad, code = FAULTS[fault]
    dialect, products, skipped = read(written(form, GOOD, bad))
    assert (dialect, [item.title for item in products]) == (DIALECTS.get(form, form), ["Good"])
    [entry] = skipped
    assert entry.code == code
    assert entry.code in CODES
    assert entry.reason.endswith(".")


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    ("price", "minor"), [("1.234,56", 123456), ("1,234.56", 123456), ("18,5", 1850), ("$ 18.00", 1800), ("18 USD", 1800)]
)
def test_prices_as_people_write_them(form, price, minor):
    _, [product], skipped = read(written(form, ("A", "Soap", price)))
    assert (product.variants[0].price_minor, product.variants[0].currency, skipped) == (minor, "USD", [])


@pytest.mark.parametrize("form", WRITERS)
def test_a_script_never_comes_in(form):
    _, [product], _ = read(written(form, ("A", "Soap", "5", {"html": "<p>Soft<script>alert(1)</script><b onclick=x> soap</b></p>"})))
    told = product.description
    assert "Soft" in told
    assert form == "gemstra-products" or ("alert" not in told and "onclick" not in told)  # our own lines hold plain text, shown as text


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("address", ["http://10.0.0.1/a.jpg", "https://localhost/a.jpg", "http://2130706433/a.jpg", "file:///etc/passwd"])
def test_a_picture_that_leads_inside_is_left_out_and_noted(form, address):
    _, [product], _ = read(written(form, ("A", "Soap", "5", {"image": address})))
    assert product.images == ()
    assert address in product.notes[0]


@pytest.mark.parametrize("form", WRITERS)
def test_letters_that_are_broken_are_refused_by_name(form):
    data = written(form, ("A", "Soap", "5")).replace(b"Soap", b"So\xff\x00\xfeap")
    with pytest.raises(UserError) as caught:
        read(data)
    assert caught.value.code in {"file-encoding", "file-broken", "file-kind"}


COLUMNS = {
    "shopify": ("Variant Price", "file-column", "Title", "file-column", "Handle", "file-column"),
    "woocommerce": ("Name", "file-column", "Type", "file-column"),
    "google-table": ("title", "no-sku", "price", "no-sku", "id", "no-sku"),  # a table of no known program then: a person says what is what
    "google-xml": ("g:price", "no-price", "g:id", "no-sku"),
    "google-atom": ("g:price", "no-price", "g:id", "no-sku"),
    "json-ld": ("price", "no-price", "name", "no-title"),  # an SKU is made of the name
    "page": ("price", "no-price", "name", "no-title"),
    "gemstra-products": ("price", "not-a-product", "title", "not-a-product", "sku", "not-a-product"),
    "csv": ("price", "no-price", "sku", "no-sku"),
}


@pytest.mark.parametrize(
    ("form", "column", "code"), [(form, *cell) for form, row in COLUMNS.items() for cell in zip(row[::2], row[1::2], strict=True)]
)
def test_what_a_file_does_not_have_is_named(form, column, code):
    """Its column, or what stands for one, goes by another name. Control: under its own it is read."""
    data = written(form, GOOD)
    assert len(read(data)[1]) == 1
    changed = data.replace(column.encode(), column[:-1].encode() + b"q")
    if code == "file-column":
        with pytest.raises(UserError, match=column) as caught:
            read(changed)
        assert caught.value.code == code
    else:
        _, products, skipped = read(changed)
        assert (products, [item.code for item in skipped]) == ([], [code])


DEEP = {
    "json-ld": (b'{"@type":"Product","x":' + b"[" * 100_000, "file-broken"),
    "page": (b"<!doctype html><html><script type='application/ld+json'>" + b"[" * 100_000 + b"</script></html>", "file-broken"),
    "google-xml": (b"<rss>" + b"<a>" * 100_000, "file-limit"),
    "google-atom": (b"<feed>" + b"<a>" * 100_000, "file-limit"),
}


@pytest.mark.parametrize("form", DEEP)
def test_what_is_nested_without_end_is_refused(form):
    data, code = DEEP[form]
    with pytest.raises(UserError) as caught:
        read(data)
    assert caught.value.code == code
    assert "nested" in str(caught.value)


@pytest.mark.parametrize("form", ["page", "json-ld", "shopify", "woocommerce", "google-table", "csv", "gemstra-products"])
def test_entities_are_text_where_nothing_is_xml(form):
    """A bomb of entities in a description stays the words it is, and no file that one names is read."""
    bomb = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;"
    _, [product], _ = read(written(form, ("A", "Soap", "5", {"html": bomb})))
    assert "&a" in product.description
    assert "root:" not in product.description
