"""Whatever a shop exports fits into a product of the catalog, and what does not is said."""

from protocol import operations
from protocol import product as records
from protocol.codec import to_bytes

from .makers import reasons, shopify, skus, woo


def as_record(product):
    """The catalog's own check of every length, and the record's size."""
    variants = tuple(records.Variant(v.sku, v.title, v.options, v.gtin or None) for v in product.variants)
    record = records.Product(
        product.handle,
        product.title,
        product.description,
        product.vendor,
        product.category,
        product.tags,
        tuple(option.name for option in product.options),
        tuple(records.Image(url) for url in product.images),
        variants,
    )
    return to_bytes(record)


def test_everything_too_long_at_once():
    long = "長い" * 20_000
    first = {
        "handle": "h" * 400, "title": long, "Body (HTML)": long, "Vendor": long, "Type": long, "Tags": ",".join(f"{n}{'t' * 150}" for n in range(400)) + "," + long,
        "Option1 Name": long[:500], "option": long, "sku": "S", "price": "1", "Image Src": "https://a.example/" + "x" * 5000,
    }  # fmt: skip
    more = [{"handle": "h" * 400, "Image Src": f"https://a.example/{n}{'x' * 1900}"} for n in range(80)]
    (product,) = shopify(first, *more).products
    assert len(as_record(product)) <= operations.MAX_RECORD_BYTES
    assert product.title.endswith("…")
    assert product.tags


def test_more_variants_than_a_product_holds():
    rows = [
        {"handle": "a", "title": "A" if n == 0 else "", "Option1 Name": "No", "option": str(n), "sku": f"S{n}", "price": "1"}
        for n in range(510)
    ]
    found = shopify(*rows)
    assert len(skus(found)) == 500
    assert list(reasons(found)) == list(range(502, 512))
    assert len(as_record(found.products[0])) <= operations.MAX_RECORD_BYTES


def test_more_text_in_variants_than_a_record_holds():
    rows = [
        {"handle": "a", "title": "A" if n == 0 else "", "Option1 Name": "No", "option": f"{n}" + "長" * 190, "sku": f"S{n}", "price": "1"}
        for n in range(200)
    ]
    found = shopify(*rows)
    assert 0 < len(skus(found)) < 200
    assert len(skus(found)) + len(found.skipped) == 200
    assert len(as_record(found.products[0])) <= operations.MAX_RECORD_BYTES


def test_an_sku_too_long_is_skipped_and_named():
    found = woo({"sku": "S" * 129, "name": "A", "price": "1"}, {"sku": "S" * 128, "name": "B", "price": "1"})
    assert skus(found) == ["S" * 128]
    assert "128 characters" in reasons(found)[2]
