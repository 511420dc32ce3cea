"""What the pages of followed catalogs are shown with."""

# fmt: off
_ROWS = [
    {"name": "Lumen Beauty", "currency": "USD", "what": "Alba, Boreal", "by": "Brands", "here": "2,500 products", "state": ("Here", "done"), "error": "", "href": "/catalog/follow/" + "a" * 64},
    {"name": "Noir Parfum", "currency": "EUR", "what": "All of it", "by": "", "here": "12 products", "state": ("Refused", "stopped"), "error": "What came is not what was signed.", "href": "/catalog/follow/" + "b" * 64},
]
FOLLOWED = {
    "catalog-followed": ("catalog/followed.html", "catalog", "ana", {"rows": _ROWS}),
    "catalog-followed-none": ("catalog/followed.html", "catalog", "ana", {"rows": []}),
    "catalog-follow": ("catalog/follow.html", "catalog", "ana", {"feed": _ROWS[0], "by": "brand", "q": "", "trouble": "", "total": {"count": 400, "size": "600.0 MB"}, "rows": [{"name": "Alba", "hint": "2,500 records, 1.5 MB", "chosen": True}, {"name": "Boreal", "hint": "80 records, 48.0 kB", "chosen": False}], "more": 200, "whole": False, "errors": {"what": "Choose at least one, or all."}}),
    "catalog-follow-away": ("catalog/follow.html", "catalog", "ana", {"feed": _ROWS[1], "by": "category", "q": "bath", "trouble": "Nobody answers there.", "total": {"count": 0, "size": "0 bytes"}, "rows": [], "more": 0, "whole": True, "errors": {}}),
}
