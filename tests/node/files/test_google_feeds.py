"""Google's feeds, as XML and as a table: groups, prices with a currency, sales by their days; and XML that means harm."""

import io
import time
from pathlib import Path

import pytest

from node.errors import UserError
from node.files import google_xml
from node.files.products import read_products

from .makers import NOW, reasons, skus

DATA = Path(__file__).parents[2] / "data" / "catalogs"
HEAD = b'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'


def sample(name, **options):
    return read_products(io.BytesIO((DATA / name).read_bytes()), name=name, **{"now_ms": NOW, **options})


def feed(body, **options):
    return read_products(io.BytesIO(HEAD + body + b"</channel></rss>"), name="x.xml", **{"now_ms": NOW, **options})


def refused(data):
    with pytest.raises(UserError) as refusal:
        read_products(io.BytesIO(data), name="x.xml", now_ms=NOW)
    return refusal.value


def test_items_of_a_group_are_variants_of_one_product():
    found = sample("google-rss.xml")
    towel, mat = found.products
    assert (found.dialect, found.currency) == ("google-xml", "EUR")
    assert (towel.title, towel.vendor, towel.category, towel.google_category) == ("Harbour Towel", "Harbour", "Home > Towels", 4077)
    assert towel.description == "Woven & washed."
    assert [(option.name, option.values) for option in towel.options] == [("Color", ("Sand",)), ("Size", ("S", "L"))]
    small, large = towel.variants
    assert (small.sku, small.gtin, small.mpn, small.weight_grams, small.size_mm) == (
        "HL-TOW-S",
        "4006381333931",
        "T-100",
        350,
        (600, 400, 10),
    )
    assert (small.price_minor, small.compare_at_minor, small.sale.price_minor) == (1950, 2400, 1950)
    assert (large.price_minor, large.in_stock, large.sale) == (3900, False, None)
    assert (mat.options, mat.variants[0].in_stock) == ((), False)


def test_what_is_not_taken_is_said():
    found = sample("google-rss.xml")
    assert list(reasons(found)) == [3, 5]
    assert "GBP" in reasons(found)[3]
    assert "no SKU" in reasons(found)[5]
    assert found.products[0].images == ("https://linen.example/towel.jpg", "https://linen.example/towel-2.jpg")
    assert "192.168.0.4" in found.products[0].notes[0]


def test_a_sale_is_on_in_its_days_only():
    before, after = sample("google-rss.xml", now_ms=NOW - 30 * 86_400_000), sample("google-rss.xml", now_ms=NOW + 60 * 86_400_000)
    early, late = before.products[0].variants[0], after.products[0].variants[0]
    assert (early.price_minor, early.compare_at_minor, early.sale.price_minor) == (2400, None, 1950)
    assert (late.price_minor, late.sale) == (2400, None)
    item = b"<item><g:id>A</g:id><title>A</title><g:price>2 EUR</g:price><g:sale_price>1 EUR</g:sale_price><g:sale_price_effective_date>soon/later</g:sale_price_effective_date></item>"
    assert "days of its sale" in reasons(feed(item))[1]


def test_atom_and_a_table():
    atom = sample("google-atom.xml")
    assert (skus(atom), atom.products[0].description, atom.products[0].variants[0].price_minor) == (["HL-TOW-S"], "Woven.", 2400)
    table = sample("google.tsv")
    (bowl,) = table.products
    assert (table.dialect, skus(table), [v.price_minor for v in bowl.variants]) == ("google-table", ["B-1", "B-2"], [1800, 1850])
    assert bowl.images[1:3] == ("https://clay.example/b2.jpg", "https://clay.example/b3.jpg")
    with pytest.raises(UserError, match="title") as refusal:
        read_products(io.BytesIO(b"id\tprice\tavailability\timage link\tbrand\nA\t1 EUR\tin stock\t\tx\n"), name="x.tsv", now_ms=NOW)
    assert refusal.value.code == "file-column"


def test_a_group_that_goes_on_too_far_below_is_told(monkeypatch):
    from node.files import gathering

    monkeypatch.setattr(gathering, "MOST_OPEN", 2)
    item = "<item><g:id>{}</g:id><title>T</title><g:price>1 EUR</g:price><g:item_group_id>{}</g:item_group_id></item>"
    found = feed("".join(item.format(n, group) for n, group in enumerate(("a", "a", "b", "c", "d", "a"))).encode())
    assert skus(found) == ["0", "1", "2", "3", "4"]
    assert "do not stand together" in reasons(found)[6]
    assert "g:item_group_id" in reasons(found)[6]


BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]><rss><channel><item><title>&j;</title></item></channel></rss>"  # fmt: skip
OUTSIDE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>'


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, b'<!DOCTYPE rss SYSTEM "http://127.0.0.1/x.dtd"><rss></rss>'])
def test_entities_and_document_types_are_refused_at_once(data):
    began = time.process_time()
    assert refused(data).code == "file-unsafe"
    assert time.process_time() - began < 1


def test_control_a_parser_that_allows_entities_reads_the_bomb(monkeypatch):
    """Without the refusal the words of the entity arrive: the test above would fail."""
    from xml.parsers import expat

    parser, seen = expat.ParserCreate(), []
    parser.CharacterDataHandler = seen.append
    parser.Parse(b'<!DOCTYPE l [<!ENTITY a "word">]><rss>&a;</rss>', True)
    assert seen == ["word"]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"<urlset><url/></urlset>", "file-dialect", "sitemap"),
        (b"<catalogue><x/></catalogue>", "file-dialect", "catalogue"),
        (b"<rss>" + b"<a>" * 40, "file-limit", "nested"),
        (b"<rss>" + b"<a>" * 100_000, "file-limit", "nested"),
        (HEAD + b"<item>", "file-broken", "line 1"),
        (b"<rss a='" + b"x" * 3_000_000 + b"'/>", "file-limit", "1 MB"),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "file-encoding", "UTF-8"),
        (HEAD + b"<item><title>\xff\xfe</title>", "file-broken", "invalid token"),
        (b"<rss/>", "file-empty", "no products"),
    ],
)
def test_xml_that_is_no_feed(data, code, words):
    found = refused(data)
    assert found.code == code
    assert words in str(found)


def test_an_item_of_endless_text_is_held_in_part(monkeypatch):
    monkeypatch.setattr(google_xml, "_LONGEST", 50)
    found = feed(b"<item><g:id>A</g:id><title>" + b"long " * 1000 + b"</title><g:price>1 EUR</g:price></item>")
    assert len(found.products[0].title) <= 50


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_the_mark_of_an_encoding_hides_no_format(encoding):
    def marked(text):
        mark = "" if encoding in ("utf-16", "utf-8-sig") else "\ufeff"
        return (mark + text).encode(encoding)

    declared = f'<?xml version="1.0" encoding="{"utf-8" if encoding == "utf-8-sig" else "utf-16"}"?>'
    item = "<item><g:id>1</g:id><title>Crème</title><g:price>5 USD</g:price></item>"
    found = read_products(io.BytesIO(marked(declared + HEAD.decode() + item + "</channel></rss>")), name="x.xml", now_ms=NOW)
    assert (found.dialect, [product.title for product in found.products]) == ("google-xml", ["Crème"])
    assert refused(marked(declared + '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>')).code == "file-unsafe"
    lines = marked('{"gemstra":"products","version":1,"currency":"USD"}\n{"handle":"a","title":"A","variants":[{"sku":"A","price":"5"}]}\n')
    assert read_products(io.BytesIO(lines), name="x", now_ms=NOW).dialect == "gemstra-products"
