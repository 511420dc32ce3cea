"""Small product files of each dialect, from the cells that matter to a test."""

import csv
import io

from node.files.products import read_products

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z

CLASSIC = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value",
    "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Price",
    "Variant Compare At Price", "Variant Taxable", "Variant Barcode", "Image Src", "Gift Card", "Variant Image", "Price / International", "Status",
]  # fmt: skip
WOO = [
    "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Visibility in catalog", "Short description", "Description",
    "Date sale price starts", "Date sale price ends", "Tax status", "In stock?", "Stock", "Backorders allowed?", "Weight (kg)", "Sale price",
    "Regular price", "Categories", "Tags", "Images", "Parent", "Attribute 1 name", "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)",
]  # fmt: skip


def table(header, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(data, **options):
    return read_products(io.BytesIO(data), name="shop.csv", **{"now_ms": NOW, **options})


def shopify(*rows, header=CLASSIC, **options):
    """Rows of the classic columns by short keys."""
    short = {
        "handle": "Handle",
        "title": "Title",
        "sku": "Variant SKU",
        "price": "Variant Price",
        "status": "Status",
        "option": "Option1 Value",
    }
    return read(table(header, [{short.get(key, key): value for key, value in row.items()} for row in rows]), **options)


def woo(*rows, header=WOO, **options):
    """Rows of WooCommerce by short keys; simple, published and visible unless said otherwise."""
    short = {"id": "ID", "type": "Type", "sku": "SKU", "name": "Name", "price": "Regular price", "sale": "Sale price", "parent": "Parent"}
    full = [
        {"Type": "simple", "Published": "1", "Visibility in catalog": "visible", "In stock?": "1"}
        | {short.get(key, key): value for key, value in row.items()}
        for row in rows
    ]
    return read(table(header, full), **options)


def skus(found):
    return [variant.sku for product in found.products for variant in product.variants]


def reasons(found):
    return {skip.row: skip.reason for skip in found.skipped}
