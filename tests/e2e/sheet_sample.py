"""A product in full, as the page of the catalog is shown with it."""

from collections.abc import Callable
from typing import Any


def sheet(usd: Callable[[int], dict[str, Any]], now: int, ident: str) -> dict[str, Any]:
    """On sale at two shops, in two languages; one SKU can't be sold, one isn't offered."""
    return {
        "id": ident, "title": "Daily Glow Serum", "text": "A light serum for every morning. Vitamin C, squalane from olives, no perfume.\n\nTwo drops are enough.",
        "picture": "/static/sample/daily-glow-serum.svg", "alt": "A brown bottle with a dropper", "pictures": [], "ours": False, "offer": "",
        "merchant": "Lumen Beauty", "merchant_id": ident,
        "edit": "/merchant/product",
        "recall": "/catalog/withdrawals", "brand": "Solis", "as_of": now - 3_600_000, "signed": True, "codes": [("4006381333931", "")], "withdrawn": "", "withdrawn_at": 0,
        "warnings": ("Keep away from eyes.", "Not for children."), "facts": [("Category", "Skin > Serums"), ("Made in", "Germany"), ("Size as packed", "40 × 40 × 110 mm")],
        "articles": [{"sku": "LUM-DGS-30", "title": "30 ml", "facts": [("GTIN", "4006381333931"), ("Weight", "90 g"), ("Suggested price", "$55.00")]}, {"sku": "LUM-DGS-99", "title": "Refill", "facts": []}],
        "sending": [("post", ["Home (Germany, Austria): $4.90 up to 1 kg, $9.00 beyond; free from $100.00; 2–4 days", "Can be fetched"]), ("", ["What sending costs is in the quote"])],
        "returns": ["Within 30 days of delivery; the shop pays for sending it back."],
        "languages": [{"text": "English", "tag": "en", "here": True, "href": "/catalog/1?language=en"}, {"text": "Deutsch", "tag": "de", "here": False, "href": "/catalog/1?language=de"}],
        "shops": [{"name": "Noir Parfum", "price": usd(5400), "stock": ("In stock", "done"), "href": f"/catalog/1?merchant={ident}"}],
        "variants": [
            {"sku": "LUM-DGS-30", "title": "30 ml", "price": usd(5200), "was": None, "stock": ("In stock", "done"), "why": "", "notes": [], "least": 1, "earn": "You earn 10.40 USD = 10.4 GMS"},
            {"sku": "LUM-DGS-50", "title": "50 ml", "price": usd(7400), "was": usd(8200), "stock": ("3 left", "attention"), "why": "", "notes": ["Winter until 31 December, 12:00", "At least 2 in an order"], "least": 2, "earn": "You earn 14.80 USD = 14.8 GMS"},
            {"sku": "LUM-DGS-90", "title": "90 ml", "price": usd(9900), "was": None, "stock": ("Sold out", "stopped"), "why": "LUM-DGS-90: its brand has withdrawn it: The glass may splinter.", "notes": [], "least": 1, "earn": ""},
            {"sku": "LUM-DGS-99", "title": "Refill", "price": None, "was": None, "stock": ("Not offered", "waiting"), "why": "", "notes": [], "least": 1, "earn": ""},
        ],
    }  # fmt: skip
