"""What the pages of what changed, and of the watch list, are shown with."""

DAY, HOUR = 86_400_000, 3_600_000
# fmt: off


def changes(usd, now, id_):
    """Page → template, section, desk, values."""
    fact = {"status": ("Cheaper", "done"), "text": "LUM-DEW-30 · $52.00 → $46.80 (-10%)"}
    much = {"status": ("Much changed", "attention"), "text": "4,998 more changed in the same update. They are not listed one by one: look in the catalog itself"}
    dew = {"title": "Dew Serum", "href": f"/catalog/{id_}", "at": now - HOUR, "facts": [fact, {"status": ("Sold out", "stopped"), "text": "LUM-DEW-50"}]}
    soap = {"title": "Rose Soap", "href": f"/catalog/{id_}", "at": now - 2 * HOUR, "facts": [{"status": ("New", "active"), "text": "from $9.00"}]}
    cream = {"title": "Night Cream", "href": None, "at": now - DAY, "facts": [{"status": ("Called back", "stopped"), "text": "The shop says: The glass may splinter."}, {"status": ("Dearer", "attention"), "text": "LUM-NIGHT · $40.00 → $42.00 (+5%)"}]}
    noir = {"title": "Noir Parfum", "href": None, "at": now - 2 * HOUR, "facts": [much]}
    days = [{"at": now, "shops": [{"name": "Lumen Care", "products": [dew, soap]}, {"name": "Noir Parfum", "products": [noir]}]}, {"at": now - DAY, "shops": [{"name": "Lumen Care", "products": [cream]}]}]
    options = {"since": [("yesterday", "Since yesterday"), ("7d", "Seven days")], "merchant": [("", "All shops"), (id_, "Lumen Care")], "kind": [("", "Everything"), ("cheaper,dearer", "Prices")]}
    form = {"since": "yesterday", "merchant": "", "kind": "", "options": options}
    pages = {"text": "100 shown", "previous": None, "next": "/catalog/changes?cursor=abc"}
    page = {"since": now - DAY, "counted": "1 new, 2 price changes, 1 called back", "followed": True, "narrowed": False, "here": "/catalog/changes", "days": days, "noted": [{"name": "Noir Parfum", "at": now - 3 * HOUR}], "form": form, "pages": pages, "errors": {}}
    nothing = {**page, "days": [], "noted": [], "counted": "", "pages": {"text": "0 shown", "previous": None, "next": None}}
    notices = [{"id": id_, "title": "Dew Serum", "href": f"/catalog/{id_}", "status": ("Cheaper", "done"), "text": "Lumen Care · LUM-DEW-30 · $52.00 → $46.80", "at": now - HOUR}, {"id": id_, "title": "Night Cream", "href": None, "status": ("Called back", "stopped"), "text": "Lumen Care · The glass may splinter.", "at": now - DAY}]
    rows = [{"id": id_, "title": "Dew Serum", "where": "Lumen Care", "href": f"/catalog/{id_}", "wish": "Any change", "price": usd(4680)}, {"id": id_, "title": "Noir Parfum", "where": "Whoever sells 4006381333931", "href": "/catalog/compare/4006381333931", "wish": "$40.00 or less", "price": None}]
    watch = {"title": "Dew Serum", "back": f"/catalog/{id_}", "currency": "USD", "scopes": [("product", "Dew Serum at Lumen Care", ""), ("4006381333931", "Whoever sells 4006381333931", "The number under the bar code, at every shop you follow")], "wishes": [("any", "Any change", "Price, stock, description"), ("price", "A price", "When it costs so much or less")], "form": {"product": id_, "feed": "", "code": "", "scope": "product", "wish": "price", "at_most": "60"}, "errors": {"at_most": "It costs no more than that now. Say a lower price, or watch it for any change."}}
    return {
        "watchlist": ("catalog/watchlist.html", "catalog", "ana", {"notices": notices, "rows": rows, "removed": rows[:1]}),
        "watchlist-none": ("catalog/watchlist.html", "catalog", "ana", {"notices": [], "rows": [], "removed": []}),
        "watch": ("catalog/watch.html", "catalog", "ana", watch),
        "watch-code": ("catalog/watch.html", "catalog", "ana", {**watch, "title": "", "back": "/catalog/watchlist", "scopes": [], "form": {**watch["form"], "product": "", "scope": "code", "code": "12"}, "errors": {"code": "A GTIN has 8 to 14 digits: the number under the bar code."}}),
        "catalog-changes": ("catalog/changes.html", "catalog", "ana", page),
        "catalog-changes-none": ("catalog/changes.html", "catalog", "ana", nothing),
        "catalog-changes-kind": ("catalog/changes.html", "catalog", "ana", {**nothing, "narrowed": True, "form": {**form, "since": "tomorrow"}, "errors": {"since": "Say since when: yesterday, today, seen, a day such as 2026-11-26, or a span such as 48h or 7d."}}),
        "catalog-changes-nobody": ("catalog/changes.html", "catalog", "ana", {**nothing, "followed": False}),
    }
