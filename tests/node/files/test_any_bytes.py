"""Whatever the bytes: a result or a named refusal, nothing else. And a large file in little memory."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import UserError
from node.files import items, shopify_csv
from node.files.products import ProductFile, read_products
from tests.node.files.people import ContactFile, read_contacts

from .makers import CLASSIC, NOW, WOO

CODES = {
    "file-empty",
    "file-encoding",
    "file-broken",
    "file-limit",
    "file-dialect",
    "file-column",
    "file-kind",
    "file-unsafe",
    "file-version",
}
CELLS = st.sampled_from(
    [
        "",
        "1",
        "0",
        "-1",
        "18.00",
        "1,234",
        "tee",
        "id:1",
        "variable",
        "variation",
        "simple",
        "parent",
        "draft",
        "active",
        '"',
        "\n",
        "é",
        "2027-01-01",
        "a, b",
    ]
)
CARD_PARTS = st.sampled_from(
    [
        "BEGIN:VCARD\n", "END:VCARD\n", "VERSION:2.1\n", "VERSION:4.0\n", "FN:", "N:", "ADR;HOME:", "TEL:", "AGENT:\n", "PHOTO;BASE64:", "PHOTO;ENCODING=b:",
        "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=", "UTF-8:", "idna:", "utf-16:", "=C3=", "=\n", " ", "\n", ";", ":", '"', "\\", ",", "a", "9j/4", "item1.",
        "X-ABLabel:x\n", "X-ABDATE:20200230\n", "tel:+1", "é", "\r", "PREF=", "TYPE=",
    ]
)  # fmt: skip


def outcome(read, data):
    try:
        return read(io.BytesIO(data))
    except UserError as problem:
        refusal = problem
    assert refusal.code in CODES
    assert "x.dat" in str(refusal)
    return refusal


def products(source):
    return read_products(source, name="x.dat", now_ms=NOW)


def people(source):
    return read_contacts(source, name="x.dat")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data):
    assert isinstance(outcome(products, data), ProductFile | UserError)
    assert isinstance(outcome(people, data), ContactFile | UserError)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([CLASSIC, WOO]), st.lists(st.lists(CELLS, max_size=27), max_size=8), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_any_cells_under_a_known_header(header, rows, encoding):
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows])
    found = outcome(products, text.encode(encoding))
    if isinstance(found, ProductFile):
        skus = [variant.sku for product in found.products for variant in product.variants]
        assert len(set(skus)) == len(skus)
        assert all(skus)
        assert all(product.variants for product in found.products)
        assert len({product.handle for product in found.products}) == len(found.products)


@settings(max_examples=300, deadline=None)
@given(st.lists(CARD_PARTS, max_size=40))
def test_any_pieces_of_cards(parts):
    found = outcome(people, ("BEGIN:VCARD\nFN:A\n" + "".join(parts)).encode())
    assert isinstance(found, ContactFile)
    assert all(contact.names.full for contact in found.contacts)


CATALOGS = sorted((Path(__file__).parents[2] / "data" / "catalogs").iterdir())
FEEDS = {path.name: path.read_bytes() for path in CATALOGS} | {
    "lines": b'{"gemstra":"products","version":1,"currency":"EUR"}\n'
    b'{"handle":"a","title":"A","options":["Size"],"variants":[{"sku":"S","price":"5","options":["M"],"size_mm":[1,2,3]}]}\n'
}
PARTS = st.sampled_from(
    [b"", b"<", b">", b"/", b"]]>", b"&", b"&amp;", b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\t", b"\\u0000", b"null", b"true", b"-1", b"1e99", b"\xff", b"</script>",
     b"<item>", b"</item>", b'"@id":"#coat"', b'"@type":"ProductGroup"', b"hasVariant", b"<!DOCTYPE x>", b"\0"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(FEEDS)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), PARTS), min_size=1, max_size=6))
def test_feeds_and_documents_cut_and_patched_anywhere(name, patches):
    data = FEEDS[name]
    for place, cut, part in patches:
        at = int(place * len(data))
        data = data[:at] + part + data[at + cut :]
    found = outcome(products, data)
    if isinstance(found, ProductFile):
        assert all(product.variants and product.title for product in found.products)
        skus = [variant.sku for product in found.products for variant in product.variants]
        assert len(set(skus)) == len(skus)


def test_control_a_slip_in_a_feed_is_seen(monkeypatch):
    monkeypatch.setattr(items, "_weight", lambda item: item.values["weight"])
    with pytest.raises(KeyError):
        outcome(products, FEEDS["google-atom.xml"])


def test_control_a_slip_in_a_reader_is_seen(monkeypatch):
    monkeypatch.setattr(shopify_csv, "_sku", lambda row: row.cells[99])
    with pytest.raises(IndexError):
        outcome(products, b"Handle,Title,Variant SKU,Variant Price\na,A,S,1\n")


MEASURE = """
import io, sys
from node.files.products import read_products

TEXT = (b"<p>Soap and water" + b" and patience" * 24 + b".</p>") * 4

class Rows(io.RawIOBase):
    # A product file of `size` bytes that exists nowhere as a whole.
    def __init__(self, size):
        self.left, self.number, self.rest = size, 0, b"Handle,Title,Body (HTML),Variant SKU,Variant Price\\n"
    def readable(self):
        return True
    def readinto(self, room):
        while len(self.rest) < len(room) and self.left > 0:
            more = b"".join(b"p%d,Product %d,%s,SKU-%d,12.50\\n" % (n, n, TEXT, n) for n in range(self.number, self.number + 64))
            self.number, self.left, self.rest = self.number + 64, self.left - len(more), self.rest + more
        size = min(len(room), len(self.rest))
        room[:size], self.rest = self.rest[:size], self.rest[size:]
        return size

def peak():  # of this program alone, in MB
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))

before = peak()
found = read_products(io.BufferedReader(Rows(int(sys.argv[1]) * 1_000_000)), name="big.csv", now_ms=0)
print(len(found.products), peak() - before)
"""


def test_a_large_file_is_read_in_pieces():
    """30 MB; the products themselves are kept, so the bound is on what is read beside them."""
    done = subprocess.run([sys.executable, "-c", MEASURE, "30"], capture_output=True, text=True, check=True, timeout=120)
    count, megabytes = map(int, done.stdout.split())
    assert count > 20_000
    assert megabytes < 100
