"""What each page is shown with in the browser tests: one sale in the middle of its life, and the empty desks before it."""

from dataclasses import replace
from typing import Any

from node.model.details import AddressEntry, Details, Entry, PhoneEntry
from node.model.person import Consent, Raw
from node.services.catalog_batches import RollbackPlan
from node.services.catalog_imports import ProductImportView
from node.services.catalog_sources import SourceView
from node.services.customer_imports import TouchedView, UndoPlanView
from node.services.customer_preview import StagedView
from node.services.import_besides import BesidesView
from node.services.picture_views import PictureFailureView, PicturesView
from node.web.render import Viewer
from tests.e2e.authoring_samples import authoring
from tests.e2e.changes_samples import changes
from tests.e2e.followed_samples import FOLLOWED
from tests.e2e.sheet_sample import sheet

NOW = 1_764_590_400_000  # 1 December 2025, 12:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR
HEX = "f3a1b2c4d5e6f708192a3b4c5d6e7f80f3a1b2c4d5e6f708192a3b4c5d6e7f80"
GMS = 10**18

ANA = Viewer(name="Ana Pérez", place="Seller", zone="Europe/Madrid", counts={"orders": 2, "grants": 1})
LUMEN = Viewer(name="Lumen Beauty", role="merchant", place="Merchant", zone="Europe/Madrid", counts={"merchant": 3})


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


def gms(thousandths: int) -> str:
    return str(thousandths * GMS // 1000)


SHEET = sheet(usd, NOW, HEX)
CURRENCIES = [("USD", "US dollar (USD)"), ("EUR", "Euro (EUR)")]
PAGES = {"text": "1–4 of 4", "previous": None, "next": None}
LINES = [
    {"title": "Daily Glow Serum, 30 ml", "sku": "LUM-DGS-30", "quantity": 1, "price": usd(5200), "total": usd(5200)},
    {"title": "Velvet Hand Cream, 75 ml", "sku": "LUM-VHC-75", "quantity": 2, "price": usd(1900), "total": usd(3800)},
]
SUMS = [("Products", usd(9000)), ("Shipping", usd(0)), ("Tax", usd(0)), ("Total", usd(9000))]
STEPS = [
    {"title": "You placed it", "state": "done", "at": NOW - 2 * DAY},
    {"title": "Lumen Beauty accepted", "state": "done", "at": NOW - 2 * DAY + HOUR, "note": "Your commission is covered by its reserve"},
    {"title": "Mia pays Lumen Beauty", "state": "done", "at": NOW - DAY},
    {"title": "Address for delivery", "state": "now"},
    {"title": "Shipped", "state": "later"},
    {"title": "Delivered", "state": "later"},
    {"title": "Return window ends", "state": "later", "note": "14 days after delivery. Then your commission is yours."},
]
DELIVERIES = [
    {"state": "answered", "what": "Order", "to": "Lumen Beauty", "at": NOW - 2 * DAY},
    {"state": "received", "what": "Payment told", "to": "Lumen Beauty", "at": NOW - DAY},
    {"state": "waiting", "what": "Address", "to": "Lumen Beauty", "at": NOW - 60_000, "note": "It is offline. Your desk keeps trying."},
]
CALCULATION = [
    ("Products without tax and shipping", "$90.00"),
    ("20 % for who sells", "$18.00"),
    ("Rate", "$1.00 = 1 GMS"),
    ("You earn", "18 GMS"),
]
COMMISSIONS = [
    {"who": "You", "base": gms(18000), "value": usd(1800), "meaning": "payable from 15 December", "rows": CALCULATION, "records": [HEX, HEX[::-1]]},
    {
        "who": "Ben Okafor, your sponsor", "base": gms(4500), "value": usd(450), "meaning": "payable from 15 December",
        "rows": [("Products without tax and shipping", "$90.00"), ("5 % for level 1", "$4.50"), ("Ben earns", "4.5 GMS")], "records": [HEX],
    },
]  # fmt: skip

EVERY = [("off", "Only by hand"), ("daily", "Each day"), ("weekly", "Each week")]
ANCHORS = [
    {"merchant": who, "currency": "USD", "size": 4120, "at": NOW - HOUR, "state": state, "details": [("Size", "4120"), ("Root", HEX)]}
    for who, state in (
        ("Lumen Beauty", ("Agrees", "done")),
        ("Noir Parfum", ("Another catalog", "stopped")),
    )
]
PROOF = {
    "name": "Noir Parfum",
    "what": "catalog",
    "heads": [
        {"size": 4120, "at": NOW - DAY, "root": HEX, "state": HEX},
        {"size": 4120, "at": NOW - HOUR, "root": HEX[::-1], "state": HEX},
    ],
    "details": [("Kind of record", "log.checkpoint"), ("Log", HEX)],
    "portable": True,
}

CATALOG = [
    ("daily-glow-serum", "Daily Glow Serum", 5200, None, ("In stock", "done")),
    ("velvet-hand-cream", "Velvet Hand Cream", 1900, 2400, ("In stock", "done")),
    ("rose-facial-oil", "Rose Facial Oil", 4400, None, ("3 left", "attention")),
    ("clay-mask", "Clay Mask", 2800, None, ("In stock", "done")),
    ("lip-balm-trio", "Lip Balm Trio", 2100, None, ("In stock", "done")),
    ("micellar-water", "Micellar Water", 1600, None, ("Sold out", "stopped")),
    ("body-butter", "Body Butter", 3100, None, ("In stock", "done")),
    ("nail-lacquer", "Nail Lacquer", 1400, None, ("In stock", "done")),
    ("bamboo-brush-set", "Bamboo Brush Set", 3900, None, ("In stock", "done")),
    ("travel-pouch", "Travel Pouch", 2600, None, ("In stock", "done")),
    ("rose-mist", "Rose Mist", 2300, None, ("In stock", "done")),
    ("sun-fluid-spf30", "Sun Fluid SPF 30", 3400, None, ("In stock", "done")),
]
TILES = [
    {"href": f"/catalog/{handle}", "title": title, "picture": f"/static/sample/{handle}.svg", "price": usd(price), "was": usd(was) if was else None, "merchant": "Lumen Beauty", "stock": stock,
     "why": "S-1: its brand has withdrawn it: the glass may splinter" if stock[1] == "stopped" else ""}
    for handle, title, price, was, stock in CATALOG
]  # fmt: skip
CATALOG_FORM = {"options": {"merchant": [("", "All shops"), (HEX, "Lumen Beauty")], "brand": [("", "Any brand"), ("Lumen", "Lumen")], "category": [("", "Any category")], "stock": [("", "Also sold out"), ("in", "In stock only")],
    "currency": [("", "Any currency"), ("EUR", "EUR"), ("USD", "USD")], "sort": [("", "Best match, then by title"), ("cheap", "Lowest price first")]}, "chosen": {"brand": "Lumen", "from": "x"}, "hidden": {"q": "serum"}, "currency": "USD"}  # fmt: skip
PEOPLE = [
    {
        "name": "Ben Okafor", "note": "Your sponsor", "team": [
            {"name": "Ana Pérez", "you": True, "note": "3 orders this month", "team": [
                {"name": "Cleo Marsh", "note": "First sale yesterday", "status": ("New", "active"), "team": [
                    {"name": "Femi Adeyemi", "note": "Joined 28 November", "team": []}]},
                {"name": "Dario Conti", "note": "Quiet for 3 weeks", "status": ("Say hello", "attention"), "team": []},
            ]},
        ],
    },
]  # fmt: skip
REVOKE = (
    "Nothing new is shown",
    "Lumen Beauty is told to erase",
    "It erases its copies",
    "It signs that it did",
    "The proof is on your disk",
)
WORDS = [
    "gravity",
    "harbor",
    "velvet",
    "moment",
    "orange",
    "timber",
    "castle",
    "lunar",
    "pepper",
    "silent",
    "window",
    "arrow",
    "basket",
    "copper",
    "dolphin",
    "ember",
    "fabric",
    "garden",
    "hazel",
    "island",
    "jungle",
    "kitten",
    "lemon",
    "mirror",
]
CUSTOMERS = [
    {
        "id": HEX,
        "href": "/customers/1",
        "name": "Mia Torres",
        "place": "Valencia",
        "tags": ["Regular", "Roses"],
        "last": NOW - 2 * DAY,
        "status": ("Accepted", "active"),
        "archived": False,
    },
    {
        "id": HEX,
        "href": "/customers/2",
        "name": "Jo Nilsson",
        "place": "Malmö",
        "tags": ["Party"],
        "last": NOW - 52 * DAY,
        "status": ("Finished", "done"),
        "archived": True,
    },
    {
        "id": HEX,
        "href": "/customers/3",
        "name": "Zoë van den Berg",
        "place": "Utrecht",
        "tags": [],
        "last": 0,
        "status": None,
        "archived": False,
    },
    {
        "id": HEX,
        "href": "/customers/4",
        "name": "Amara Nwosu",
        "place": "Lisbon",
        "tags": ["Regular"],
        "last": NOW - 90 * DAY,
        "status": ("Cancelled", "stopped"),
        "archived": False,
    },
]
_SELECTS = ("tag", "city", "country", "ordered", "consent", "no_consent", "month", "has", "lacks", "language", "source", "archived", "sort")
LIST = {
    "q": "",
    "near": [],
    "also": [],
    "chips": [],
    "given": {},
    "kept": {},
    "form": {"options": dict.fromkeys(_SELECTS, (("", "Any"), ("vip", "vip"))), "chosen": {"tag": "vip"}, "hidden": {"segment": HEX}},
    "segments": [{"name": "Regulars", "href": "/customers?segment=" + HEX, "here": True}],
}
PERSON = {
    "id": "1", "name": "Mia Torres", "photo": None, "updated": NOW, "archived": None, "tags": ["Regular", "Roses"], "since": NOW - 400 * DAY, "note": "Sensitive skin, no perfume. Loves the rose line.",
    "details": [("Phone", "+34 600 000 111"), ("E-mail", "mia@example.com"), ("Address", "Calle de la Paz 12, 46003 Valencia")],
}  # fmt: skip
TWO_COMMISSION_LINES = [
    {"title": "Daily Glow Serum and 1 more", "who": "Your sale to Mia Torres", "at": NOW - 2 * DAY, "state": ("Held until returns end", "waiting"), "base": gms(18000),
     "value": usd(1800), "meaning": "payable from 15 December", "rows": CALCULATION, "records": [HEX], "order_href": "/orders/1",
     "text": "You sold two products. The plan of Lumen Beauty pays 20 % of their price to who sells."},
    {"title": "Clay Mask", "who": "Cleo's sale, level 1", "at": NOW - 9 * DAY, "state": ("Ready to collect", "done"), "base": gms(1400),
     "value": usd(140), "meaning": "in statement 7", "rows": CALCULATION, "records": [HEX], "order_href": "/orders/2", "text": "Cleo is on your team. The plan pays 5 % to level 1."},
    {"title": "Rose Facial Oil", "who": "Your sale to Jo Nilsson", "at": NOW - 12 * DAY, "state": ("Taken back", "stopped"), "base": gms(-8800),
     "value": usd(-880), "meaning": "because it was returned", "rows": CALCULATION, "records": [HEX], "order_href": "/orders/3", "text": "Jo returned it on 24 November, within the 14 days. What was set aside for you was released."},
]  # fmt: skip
ACTIONS = [{"label": "Answer", "action": "/grants/1/answer", "kind": "primary"}, {"label": "Cancel the order", "action": "/orders/1/cancel", "kind": "danger",
            "confirm": {"title": "Cancel this order?", "text": "Lumen Beauty gives the money back to Mia. Your commission is dropped."}}]  # fmt: skip
ORDER = {"id": HEX, "title": "Daily Glow Serum and 1 more", "merchant": "Lumen Beauty", "seller": "Ana Pérez", "customer": {"name": "Mia Torres", "href": "/customers/1"},
         "status": ("Needs you", "attention"), "placed": NOW - 2 * DAY, "moving": False}  # fmt: skip
ORDER_ROWS = [
    {"href": "/orders/1", "title": "Daily Glow Serum and 1 more", "customer": "Mia Torres", "seller": "Ana Pérez", "merchant": "Lumen Beauty", "total": usd(9000),
     "status": ("Needs you", "attention"), "next": "You answer with the address", "at": NOW - 2 * DAY},
    {"href": "/orders/2", "title": "Clay Mask", "customer": "Jo Nilsson", "seller": "Cleo Marsh", "merchant": "Lumen Beauty", "total": usd(2800),
     "status": ("On its way", "active"), "next": "Lumen Beauty delivers", "at": NOW - 3 * DAY},
    {"href": "/orders/3", "title": "Lip Balm Trio", "customer": "Amara Nwosu", "seller": "Ben Okafor", "merchant": "Lumen Beauty", "total": usd(2100),
     "status": ("Finished", "done"), "next": "Nothing more", "at": NOW - 20 * DAY},
    {"href": "/orders/4", "title": "Micellar Water", "customer": "Zoë van den Berg", "seller": "Ana Pérez", "merchant": "Lumen Beauty", "total": usd(1600),
     "status": ("Rejected", "stopped"), "next": "Choose another product", "at": NOW - 21 * DAY},
]  # fmt: skip
SETUP_FORM = {"name": "", "role": "seller", "currency": "USD", "zone": "Europe/Madrid"}
EDITED = Details(
    name="מיה Torres",
    nickname="Mi",
    phones=(PhoneEntry("+34 600 000 111", "mobile"), PhoneEntry("")),
    emails=(Entry("mia@example.com", "home"),),
    addresses=(AddressEntry("Calle de la Paz 12\n2º B", "46003", "Valencia", "", "Spain", "home"),),
    preferences=(Entry("Only by message", "calls"),),
    consents=(Consent("newsletter", given=True, day="2026-01-02", how="on a form"), Consent("", given=True, day="")),
    other=(Raw("X-SHOE", "", "38"),),
)
HAPPENED = [
    {"at": NOW - HOUR, "text": "Lumen Beauty saw the address", "href": "/grants/1"},
    {"at": NOW - 2 * DAY, "text": "Ordered for 90.00 USD", "href": None},
]
CHANGES = {
    "changes": [{"at": NOW - HOUR, "text": "Changed: phones, tags"}, {"at": NOW - DAY, "text": "Merged with another"}],
    "merges": [{"id": "b" * 64, "name": "Mia T.", "at": NOW - DAY}],
    "can": True,
}
TWO = [
    {
        "id": HEX,
        "name": name,
        "text": "Valencia, +34 600 000 111",
        "href": "/customers/1",
        "merge": "/customers/1",
        "details": [("Phone", "+34 600 000 111")],
    }
    for name in ("Mia Torres", "Mia T.")
]
SAID = [
    {"purpose": "newsletter", "word": ("Given", "done"), "text": "2 January 2026, on a form", "holds": True},
    {"purpose": "calls", "word": ("Given", "done"), "text": "3 March 2025", "holds": False},
]
DISCLOSURES = [
    {
        "at": NOW - HOUR,
        "what": "Name",
        "who": "Mia Torres",
        "merchant": "Lumen Beauty",
        "purpose": "Deliver one order",
        "grant_href": "/grants/1",
    },
    {
        "at": NOW - HOUR,
        "what": "Street and town",
        "who": "Mia Torres",
        "merchant": "Lumen Beauty",
        "purpose": "Deliver one order",
        "grant_href": "/grants/1",
    },
]
INVITE = {"link": "gemstra://pair?i=oWhUaHJlZSBzaHVmZmxlZCBsZXR0ZXJz", "expires": NOW + DAY}
SHARED = "Lumen Beauty may see Mia Torres's name and address, to deliver one order, until 4 December."
CALL = {
    "id": "a" * 64,
    "title": "Call back about the serum",
    "note": "After six, not on Fridays.",
    "customer": "1",
    "name": "Mia Torres",
    "rule": "",
    "due": ("Today", "attention"),
    "done": False,
    "dropped": False,
    "finished": 0,
    "reach": [("Call", "tel:+34600000111"), ("Text", "sms:+34600000111"), ("E-mail", "mailto:mia@example.com")],
    "open": None,
    "back": "/",
}
TASKS = {
    "due": 2,
    "groups": [
        (
            "Overdue",
            [
                {
                    **CALL,
                    "id": "b" * 64,
                    "title": "Ask how the order was",
                    "rule": "After a delivery",
                    "due": ("3 days late", "attention"),
                    "note": "It arrived on 20 November 2026.",
                    "open": ("Open the order", "/orders/1"),
                }
            ],
        ),
        ("Today", [CALL]),
        (
            "In the next days",
            [
                {
                    **CALL,
                    "id": "c" * 64,
                    "title": "Wish a happy birthday",
                    "name": "Jo Nilsson",
                    "rule": "Birthdays",
                    "due": ("Tomorrow", "waiting"),
                    "note": "Turns 38.",
                    "reach": [],
                }
            ],
        ),
    ],
    "done": [{**CALL, "id": "d" * 64, "title": "Bring samples", "done": True, "finished": NOW - HOUR, "reach": []}],
}
WAYS = [("call", "Call"), ("message", "Message"), ("visit", "Visit"), ("other", "Other")]
RULES = [
    {
        "kind": kind,
        "title": title,
        "days": "Days",
        "on": kind == "birthday",
        "more": True,
        "form": {"days": "7", "most": "50", "channel": "message", "tag": "", "segment": "", "on": "yes" if kind == "birthday" else ""},
        "preview": [
            {"href": "/customers/1", "name": "Mia Torres", "title": "Wish a happy birthday", "note": "Turns 38.", "day": "3 December 2026"}
        ]
        if kind == "birthday"
        else []
        if kind == "quiet"
        else None,
    }
    for kind, title in (
        ("delivered", "After a delivery"),
        ("birthday", "Birthdays"),
        ("reorder", "Time to reorder"),
        ("quiet", "No contact for long"),
    )
]

PRODUCT_FILE = ProductImportView(
    HEX, "products.csv", "shopify", "USD", NOW - HOUR, "ready", False, False, "", 16, 12, 3, 0, 0, 1, 20, 1, promotions=2, left=1
)
STAGED = StagedView(
    HEX, "contacts.vcf", "csv", "ES", NOW, "ready", 41, 38, 0, 0, 2, 1, 38, 2, 1, ("who", "email"), "update", "new", "", BesidesView()
)
FIELDS = [("", "Leave out"), ("name", "Full name"), ("own", "Keep as a field of your own")]
PLACE_FORM = {"name": "", "where": "https://cloud.example/dav/ana", "user": "ana", "bucket": "", "region": "", "prefix": ""}
PLACES = [
    ("/backup/add/disk", "A disk you plug in", "A USB disk or stick"),
    ("/backup/add/webdav", "An online folder (WebDAV)", "Nextcloud, a NAS"),
]

# name → (template, section, whose desk: "ana" | "lumen" | "" (closed), values)
SAMPLES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "open": ("open.html", "", "", {}),
    "open-wrong": ("open.html", "", "", {"errors": {"code": "This code is used, expired or mistyped. Ask for a new one with: gemstra open"}}),
    "unlock": ("unlock.html", "", "", {"page_only": False, "opening": "Your desk checks the file of catalogs: 40,000 of 120,000 records. It opens by itself when that is done."}),
    "unlock-page": ("unlock.html", "", "", {"page_only": True, "opening": "", "errors": {"passphrase": "That passphrase doesn't open this vault."}}),
    "keys": ("keys/home.html", "keys", "ana", {
        "devices": [{"name": "Ana Pérez", "here": True, "state": ("Speaks for you", "done"), "text": "Since 2 March 2026", "id": HEX, "revoke": ""},
                    {"name": "Tablet", "here": False, "state": ("Speaks for you", "done"), "text": "Since 4 May 2026", "id": HEX, "revoke": f"/keys/devices/{HEX}/revoke"},
                    {"name": "Old laptop", "here": False, "state": ("Revoked", "stopped"), "text": "Revoked 1 December 2026: lost", "id": HEX, "revoke": ""}],
        "remembered": True, "bound": True, "generation": 1, "rotations": 1, "page_lock": 30, "vault_lock": 0, "idle": [(0, "Never"), (15, "After 15 idle minutes")]}),
    "keys-revoke": ("keys/revoke.html", "keys", "ana", {"device": {"name": "Tablet", "text": "Since 4 May 2026", "id": HEX}, "errors": {"words": "Word 7, 'appel', is not on the list. Did you mean apple?"}}),
    "keys-rotate": ("keys/rotate.html", "keys", "ana", {"errors": {"words": "These are not the words of your rotation sheet."}}),
    "keys-sheet": ("keys/sheet.html", "keys", "ana", {"words": WORDS[:12]}),
    "keys-rotate-confirm": ("keys/rotate_confirm.html", "keys", "ana", {"asked": [2, 7, 11], "errors": {"word-7": "This is not word 7. Look at your paper again"}}),
    "keys-rotated": ("keys/rotated.html", "keys", "ana", {}),
    "keys-wallet": ("keys/wallet_words.html", "keys", "ana", {"state": "none", "words": [], "approval": None, "errors": {"passphrase": "That passphrase doesn't open this vault."}}),
    "keys-wallet-waiting": ("keys/wallet_words.html", "keys", "ana", {"state": "waiting", "words": [], "approval": {"cancel": f"/keys/approvals/{HEX}/cancel", "at": "5 Dec 2026, 14:00"}}),
    "keys-wallet-ready": ("keys/wallet_words.html", "keys", "ana", {"state": "ready", "words": [], "approval": {"cancel": f"/keys/approvals/{HEX}/cancel", "at": "5 Dec 2026, 14:00"}}),
    "keys-wallet-shown": ("keys/wallet_words.html", "keys", "ana", {"state": "shown", "words": WORDS[:12], "approval": None}),
    "keys-bind": ("keys/bind.html", "keys", "ana", {"bound": False}),
    "keys-unbind": ("keys/bind.html", "keys", "ana", {"bound": True, "errors": {"passphrase": "That passphrase doesn't open this vault."}}),
    "keys-remember": ("keys/remember.html", "keys", "ana", {}),
    "keys-passphrase": ("keys/passphrase.html", "keys", "ana", {"errors": {"again": "The two are not the same"}}),
    "stopped": ("stopped.html", "", "", {}),
    "error": ("error.html", "", "", {"status": 422, "code": "expired-quote", "message": "The price is no longer held. Ask for it again."}),
    "backup": ("backup/show.html", "backup", "ana", {
        "doing": {"title": "Backing up to Blue disk", "text": "34 MB so far", "at": NOW - 60_000, "progress": {"label": "Rows", "done": 41_000, "total": 100_000}},
        "targets": [{"href": f"/backup/targets/{HEX}", "name": "Blue disk", "place": "/media/ana/blue/gemstra", "every": "Once a day", "warned": False, "state": ("Tested", "done"), "at": NOW - 2 * HOUR},
                    {"href": f"/backup/targets/{HEX}", "name": "Cloud", "place": "https://cloud.example/dav/ana", "every": "Twice a day", "warned": True, "state": ("Failed", "stopped"), "at": None}],
        "runs": [{"name": "Blue disk", "at": NOW - 2 * HOUR, "what": "What had changed: 120 rows, 48 kB", "state": ("Tested", "done"), "drill": ""},
                 {"name": "Cloud", "at": NOW - DAY, "what": "Everything: 4,012 rows, 3 MB", "state": ("Cannot be restored", "stopped"), "drill": "This backup is damaged."}]}),
    "backup-empty": ("backup/show.html", "backup", "ana", {"doing": None, "targets": [], "runs": []}),
    "backup-customer": ("backup/customer.html", "customers", "ana", {"name": "Mia Torres", "href": "/customers/1", "action": "/backup/customers/1", "backups": [(f"{HEX}:12", "2 December 2026, Blue disk")], "chosen": f"{HEX}:12", "error": "",
        "then": {"fields": [("Notes", "overwritten", "prefers mornings")], "missing": [("2", "tasks")]}}),
    "backup-customer-same": ("backup/customer.html", "customers", "ana", {"name": "Mia Torres", "href": "/customers/1", "action": "/backup/customers/1", "backups": [(f"{HEX}:12", "2 December 2026, Blue disk")], "chosen": f"{HEX}:12", "error": "", "then": {"fields": [], "missing": []}}),
    "backup-customer-none": ("backup/customer.html", "customers", "ana", {"name": "Mia Torres", "href": "/customers/1", "action": "/backup/customers/1", "backups": [], "chosen": "", "error": "", "then": None}),
    "backup-customer-error": ("backup/customer.html", "customers", "ana", {"name": "Mia Torres", "href": "/customers/1", "action": "/backup/customers/1", "backups": [(f"{HEX}:12", "2 December 2026, Blue disk")], "chosen": f"{HEX}:12", "error": "Blue disk is not there now.", "then": None}),
    "backup-choose": ("backup/choose.html", "backup", "ana", {"kinds": PLACES}),
    "backup-add": ("backup/add.html", "backup", "ana", {"kind": "s3", "title": "An S3 bucket", "text": "Amazon S3 and others that speak S3", "form": PLACE_FORM, "errors": {"bucket": "There is no such bucket."}}),
    "backup-add-disk": ("backup/add.html", "backup", "ana", {"kind": "disk", "title": "A disk you plug in", "text": "A USB disk or stick", "form": PLACE_FORM}),
    "backup-target": ("backup/target.html", "backup", "ana", {
        "target": {"name": "Cloud", "rows": [("What", "An online folder (WebDAV)"), ("Where", "https://cloud.example/dav/ana")], "action": f"/backup/targets/{HEX}", "warnings": [("Erased customers stay in old versions", "It keeps old versions of files by itself.")], "added": NOW - 9 * DAY, "checked": NOW - DAY, "state": ("Tested", "done"), "at": NOW - 2 * HOUR},
        "form": {"name": "Cloud", "every_hours": "12", "after_changes": "200", "keep_last": "3", "keep_daily": "7", "keep_weekly": "4", "keep_monthly": "12"},
        "every": [("12", "Twice a day"), ("24", "Once a day")], "errors": {"": "Enter whole numbers"}}),
    "setup": ("setup/start.html", "", "", {"step": 1, "total": 4, "form": SETUP_FORM, "currencies": [("USD", "US dollar")], "zones": [("Europe/Madrid", "Madrid")]}),
    "restore-kinds": ("setup/restore.html", "", "", {"step": 1, "total": 3, "kinds": PLACES}),
    "restore-place": ("setup/restore_place.html", "", "", {"step": 1, "total": 3, "kind": "webdav", "title": "An online folder (WebDAV)", "form": PLACE_FORM, "errors": {"secret": "cloud.example does not take this name and password. Enter them again."}}),
    "restore-words": ("setup/restore_words.html", "", "", {"step": 2, "total": 3, "found": "Backup 12 lies", "place": "/media/ana/blue/gemstra", "typed": "appel", "numbers": [("0", "The newest"), ("11", "Number 11")], "errors": {"words": "Word 7, 'appel', is not on the list. Did you mean apple?"}}),
    "restoring": ("setup/restoring.html", "", "", {"step": 3, "total": 3, "doing": "Bringing your desk back", "moved": "34 MB read", "failed": ""}),
    "restoring-failed": ("setup/restoring.html", "", "", {"step": 3, "total": 3, "doing": "", "moved": "", "failed": "This backup is damaged: restore an earlier one."}),
    "setup-passphrase": ("setup/passphrase.html", "", "", {"step": 4, "total": 4, "errors": {"again": "The two are not the same"}}),
    "setup-words": ("setup/words.html", "", "", {"step": 2, "total": 4, "words": WORDS, "rotation": WORDS[:12]}),
    "setup-own": ("setup/own.html", "", "", {"step": 2, "total": 4, "own": False, "errors": {"words": "Word 7, 'appel', is not on the list. Did you mean apple?"}}),
    "setup-confirm": ("setup/confirm.html", "", "", {"step": 3, "total": 4, "asked": [3, 11, 20], "own": False}),
    "today": ("today.html", "today", "ana", {
        "greeting": "Hello, Ana Pérez", "today": NOW, "setup": None, "waiting": 1, "tasks": TASKS, "undo": TASKS["done"][0], "new": ("New order", "/catalog"),
        "needs": [{"title": "Lumen Beauty asks for Mia Torres's address", "text": "Daily Glow Serum and 1 more, paid yesterday", "href": "/grants/1", "action": "Answer", "at": NOW - HOUR},
                  {"title": "Cleo Marsh asks you to be their sponsor at Lumen Beauty", "text": "You both sign it", "href": "/team", "action": "Answer", "at": NOW - 2 * HOUR},
                  {"title": "Connect to Ben Okafor", "text": "They opened your invite", "href": "/peers/pairings/1", "action": "Compare the code", "at": NOW - 3 * HOUR}],
        "news": [{"title": "Ben Okafor has not answered yet", "text": "It may be offline. Your desk keeps trying.", "href": "/peers/2", "at": NOW - DAY}]}),
    "today-new": ("today.html", "today", "ana", {
        "greeting": "Hello, Ana Pérez", "today": NOW, "tasks": {"due": 0, "groups": [], "done": []}, "undo": None, "needs": [], "news": [], "waiting": 0, "new": ("New order", "/catalog"),
        "setup": {"done": 1, "total": 5, "tasks": [{"title": "Make your desk", "text": "Passphrase and recovery words", "href": "/", "done": True, "next": False},
                  {"title": "Connect to a shop", "text": "Ask a shop for an invite", "href": "/peers", "done": False, "next": True}, {"title": "Be accepted to sell for it", "text": "Ask it on the team page", "href": "/team", "done": False, "next": False},
                  {"title": "Bring your customers in", "text": "From your phone or another program", "href": "/customers/import", "done": False, "next": False},
                  {"title": "Order for someone", "text": "Choose a product and a customer", "href": "/catalog", "done": False, "next": False}]}}),
    "tasks": ("tasks/list.html", "today", "ana", {"state": "open", "rule": "birthday", "customer": "", "name": "", "rules": [(rule["kind"], rule["title"]) for rule in RULES], "here": "/tasks?state=open", "tasks": [CALL, *TASKS["groups"][2][1]], "due": 2, "undo": None, "pages": PAGES}),
    "tasks-empty": ("tasks/list.html", "today", "ana", {"state": "open", "rule": "", "customer": "", "name": "", "rules": [], "here": "/tasks", "tasks": [], "due": 0, "undo": None, "pages": PAGES}),
    "task": ("tasks/edit.html", "today", "ana", {"task": TASKS["groups"][0][1][0], "form": {"title": "", "due": "soon", "channel": "call", "note": ""}, "customer": "1", "name": "Mia Torres", "channels": WAYS, "segments": [(HEX, "Friends in Valencia")], "errors": {"title": "Say in a few words what to do."}}),
    "task-rules": ("tasks/rules.html", "today", "ana", {"rules": RULES, "channels": WAYS, "segments": [(HEX, "Friends in Valencia")], "errors": {"quiet-days": "Give 1 to 3650 days."}}),
    "notes": ("tasks/notes.html", "customers", "ana", {"name": "Mia Torres", "path": "/customers/1", "undo": "e" * 64, "notes": [{"id": "f" * 64, "at": NOW - DAY, "text": "They called: the serum again, please"}], "pages": PAGES}),
    "tasks-customer": ("tasks/customer.html", "customers", "ana", {"name": "Mia Torres", "path": "/customers/1", "tasks": [CALL, *TASKS["done"]]}),
    "customers": ("customers/list.html", "customers", "ana", {**LIST, "customers": CUSTOMERS, "total": 4, "pages": PAGES}),
    "customers-filtered": ("customers/list.html", "customers", "ana", {**LIST, "customers": CUSTOMERS[:1], "total": 1, "q": "torrez", "near": [{"word": "torres", "href": "/customers?q=torres"}], "given": {"q": "torrez", "tag": "vip", "segment": HEX},
        "chips": [{"text": "Regulars", "href": "/customers?tag=vip"}, {"text": "Tag vip", "href": "/customers?q=torrez"}], "kept": {"tag": "vip"}, "errors": {"name": "Give the segment a name."}, "pages": PAGES}),
    "customers-nobody": ("customers/list.html", "customers", "ana", {**LIST, "customers": [], "total": 0, "chips": [{"text": "In Köln", "href": "/customers"}], "also": [{"word": "torres", "href": "/customers?q=torres"}], "pages": PAGES}),
    "customers-not-found": ("customers/list.html", "customers", "ana", {**LIST, "q": "zzz", "customers": [], "total": 0, "pages": PAGES}),
    "customers-empty": ("customers/list.html", "customers", "ana", {**LIST, "segments": [], "customers": [], "total": 0, "pages": PAGES}),
    "customers-segments": ("customers/segments.html", "customers", "ana", {"rows": [{"id": HEX, "name": "Regulars", "href": "/customers?segment=" + HEX, "count": 120, "chips": ["Tag vip", "Ordered since 90"]}, {"id": "b" * 64, "name": "Everyone", "href": "/customers?segment=" + "b" * 64, "count": 1, "chips": []}], "errors": {"name-" + HEX: "There is a segment of this name already."}}),
    "customers-no-segments": ("customers/segments.html", "customers", "ana", {"rows": []}),
    "customers-many": ("customers/many.html", "customers", "ana", {"rows": [{"id": HEX, "text": "120 people got the tag “vip”", "at": NOW - HOUR, "undone": False, "changed": 120}, {"id": "b" * 64, "text": "Put aside, undone", "at": NOW - DAY, "undone": True, "changed": 2}]}),
    "customers-none-done": ("customers/many.html", "customers", "ana", {"rows": []}),
    "customers-import": ("customers/import.html", "customers", "ana", {"region": "ES", "failed": ["people.xlsx: It is an Excel workbook, not contacts."], "reading": True,
        "waiting": [{"href": "/customers/import/" + HEX, "name": "kunden.csv", "at": NOW - HOUR, "text": "Waits for its columns", "id": HEX}],
        "mappings": [{"id": HEX, "name": "Kunde, Rufnummer, Schuhgröße", "used": NOW - 3 * DAY}],
        "past": [{"id": "a" * 64, "name": "contacts.vcf", "at": NOW - DAY, "text": "38 new, 2 updated, 4 already here", "undone": False}, {"id": "b" * 64, "name": "phone.csv", "at": NOW - 9 * DAY, "text": "3 new, 0 updated, 0 already here", "undone": True}]}),
    "customers-columns": ("customers/staged.html", "customers", "ana", {"file": STAGED, "path": "/customers/import/" + HEX, "progress": None, "errors": {"column-0": "Say which column is the name, the e-mail or the phone."},
        "columns": [{"name": "column-0", "title": "Kunde", "samples": ("Zoë Vega", "Bo"), "options": FIELDS, "field": ""}, {"name": "column-1", "title": "Schuh", "samples": (), "options": FIELDS, "field": "own"}]}),
    "customers-importing": ("customers/staged.html", "customers", "ana", {"file": STAGED, "path": "/customers/import/" + HEX, "progress": {"text": "Taking the rows over", "done": 41_000, "total": 100_000}}),
    "customers-preview": ("customers/staged.html", "customers", "ana", {"file": STAGED, "path": "/customers/import/" + HEX, "progress": None, "besides": "", "show": "", "after": 0,
        "counts": [{"code": "new", "words": "New", "count": 38, "href": "/customers/import/" + HEX + "?show=new"}, {"code": "duplicate", "words": "Duplicate", "count": 2, "href": "/customers/import/" + HEX + "?show=duplicate"}],
        "kinds": [("who", "Name and address", True), ("email", "E-mail", True), ("phone", "Phone number", False)], "pages": {"text": "", "previous": None, "next": "/customers/import/" + HEX + "?after=50"},
        "rows": [{"number": 1, "row": 1, "name": "Mia Torres", "detail": "Valencia, +34 600 000 111", "outcome": ("Updated", "active"), "words": "This is Mia Torres.", "problems": ("“31 Feb” is no day of the calendar.",),
                  "changes": [{"field": "Phones", "before": "600 000 111", "after": "+34 600 000 222"}], "choices": [("update:" + HEX, "Update Mia Torres, Valencia"), ("new", "Make a new customer"), ("skip", "Leave out")], "chosen": "update:" + HEX},
                 {"number": 2, "row": 2, "name": "عائشة نجار", "detail": "Malmö", "outcome": ("New", "done"), "words": "", "problems": (), "changes": (), "choices": [("new", "Make a new customer"), ("skip", "Leave out")], "chosen": "new"},
                 {"number": 3, "row": 4, "name": "Nobody", "detail": "only a note", "outcome": ("Cannot be read", "stopped"), "words": "", "problems": ("It has no name, phone or e-mail",), "changes": (), "choices": [], "chosen": "skip"}]}),
    "customers-export": ("customers/staged.html", "customers", "ana", {"file": replace(STAGED, dialect="gemstra-json"), "path": "/customers/import/" + HEX, "progress": None, "besides": "2 notes, 1 follow-up", "show": "", "after": 0, "counts": [], "kinds": [], "rows": [], "pages": PAGES}),
    "customers-taken": ("customers/staged.html", "customers", "ana", {"file": replace(STAGED, state="applied"), "path": "/customers/import/" + HEX, "progress": None}),
    "customers-undo": ("customers/undo.html", "customers", "ana", {"plan": UndoPlanView(HEX, "contacts.vcf", False, 3, (TouchedView(HEX, "Bo Nilsson", "changed"), TouchedView("b" * 64, "Zoë", "ordered")))}),
    "customer": ("customers/one.html", "customers", "ana", {"customer": PERSON, "orders": [{"href": "/orders/1", "title": "Daily Glow Serum and 1 more", "total": usd(9000), "status": ("Needs you", "attention"), "at": NOW - 2 * DAY}],
        "tasks": [CALL],
        "timeline": HAPPENED, "earlier": "/customers/1/timeline", "seen_by": [SHARED], "consents": SAID, "history": CHANGES}),
    "customer-edit": ("customers/edit.html", "customers", "ana", {"avoid": [("call", "No calls"), ("contact", "No contact")], "avoided": ("call",), "action": "/customers", "title": "Add customer", "back": ("Customers", "/customers"), "updated": NOW, "details": EDITED, "tags": "Regular, Roses", "said": EDITED.consents[:1], "focus": "phones-1-label", "errors": {"phones-1-value": "Enter a phone number, like +34 600 000 111."}}),
    "customer-timeline": ("customers/timeline.html", "customers", "ana", {"name": "Mia Torres", "href": "/customers/1", "timeline": HAPPENED, "pages": PAGES}),
    "customers-receipts": ("customers/receipts.html", "customers", "ana", {"receipts": [{"href": "/customers/receipts/1", "at": NOW - DAY, "id": HEX}]}),
    "customers-no-receipts": ("customers/receipts.html", "customers", "ana", {"receipts": []}),
    "customers-receipt": ("customers/receipt.html", "customers", "ana", {"receipt": {"at": NOW - DAY, "id": HEX, "went": ["2 notes", "1 picture"], "orders": 1, "grants": 1, "disclosures": 4, "backups": [("Red disk", False), ("Bucket", True)], "device": HEX, "file": "/customers/receipts/1.json"}}),
    "export": ("export.html", "customers", "ana", {"tables": [("Customers", "/export/file?form=csv&kind=customer"), ("Orders", "/export/file?form=csv&kind=order")]}),
    "customer-aside": ("customers/one.html", "customers", "ana", {"customer": {**PERSON, "archived": NOW - DAY}, "orders": [], "tasks": [], "timeline": [], "earlier": None, "seen_by": [], "consents": [], "history": {"changes": [], "merges": [], "can": False}}),
    "customers-duplicates": ("customers/duplicates.html", "customers", "ana", {"total": 1, "pairs": [{"one": TWO[0], "other": TWO[1], "shared": "They share an e-mail", "merge": "/customers/1", "apart": "/customers/1"}]}),
    "customers-no-duplicates": ("customers/duplicates.html", "customers", "ana", {"total": 0, "pairs": []}),
    "customer-merge": ("customers/merge.html", "customers", "ana", {"one": TWO[0], "other": TWO[1], "updated": NOW, "photos": True, "questions": [{"name": "birthday", "label": "Birthday", "options": [("one", "23 April 1988", "Mia Torres"), ("other", "24 April 1988", "Mia T.")]}]}),
    "customer-merge-whom": ("customers/merge.html", "customers", "ana", {"one": TWO[0], "other": None, "q": "", "found": TWO}),
    "customer-split": ("customers/split.html", "customers", "ana", {"person": TWO[0], "choices": [("phones", "Phones", [("0", "+34 600 000 111", True)]), ("orders", "Orders", [(HEX, "Daily Glow Serum, 2 December", False)])], "name": "", "updated": NOW, "errors": {"name": "Enter a name."}}),
    "catalog": ("catalog/list.html", "catalog", "ana", {"q": "serum", "products": TILES, "found": "20 products", "chips": [{"text": "Brand: Lumen", "href": "/catalog?q=serum"}, {"text": "In stock only", "href": "/catalog?q=serum&brand=Lumen"}], "form": CATALOG_FORM, "kept": {"brand": "Lumen"}, "total": 20, "as_of": NOW - HOUR, "follows": True, "lies": [{"title": "Noir Parfum gave you another catalog than it signed", "text": "At 57 entries."}], "refused": [{"name": "Noir Parfum", "text": "It signed two different catalogs for one moment.", "proof": True}], "coming": [{"name": "Lumen Beauty", "here": 4_000, "of": 20_000}], "partly": [{"name": "Lumen Beauty", "count": 2}], "behind": ["Noir Parfum"], "building": {"done": 40_000, "of": 100_000, "trouble": ""}, "notes": ["Still working out what 612,000 of 1,000,000 products cost you and bring you."], "customer": None, "pages": {"text": "1–12 of 20", "previous": None, "next": "/catalog?page=2"}, "errors": {"from": "Type an amount such as 19.50"}}),
    "catalog-compare": ("catalog/compare.html", "catalog", "ana", {"code": "4006381333931", "title": "Daily Glow Serum", "earning": True, "rows": [{**tile, "earns": usd(900), "as_of": NOW - HOUR} for tile in TILES[:2]] + [{**TILES[2], "earns": None, "as_of": NOW - DAY}]}),
    "catalog-compare-none": ("catalog/compare.html", "catalog", "ana", {"code": "4006381333931", "title": "", "rows": [], "earning": True}),
    "evidence": ("evidence/list.html", "peers", "ana", {"rows": [{"href": "/evidence/1", "name": "Noir Parfum", "what": "catalog", "at": NOW - HOUR}], "checked": PROOF, "errors": {}}),
    "evidence-none": ("evidence/list.html", "peers", "ana", {"rows": [], "checked": None, "errors": {"proof": "These two records prove nothing."}}),
    "evidence-one": ("evidence/one.html", "peers", "ana", {"proof": PROOF, "at": NOW - HOUR, "file": "/evidence/1.json"}),
    "evidence-order": ("evidence/one.html", "peers", "ana", {"proof": {**PROOF, "name": "", "what": "order", "heads": [], "portable": False}, "at": NOW - HOUR, "file": "/evidence/1.json"}),
    "catalog-anchors": ("catalog/anchors.html", "catalog", "ana", {"possible": True, "due": 0, "rows": ANCHORS, "against": ["Noir Parfum"], "every": EVERY, "form": {"every": "off"}, "errors": {}}),
    "catalog-anchors-own": ("catalog/anchors.html", "catalog", "lumen", {"possible": True, "due": 1, "rows": [], "against": [], "every": EVERY, "form": {"every": "off"}, "errors": {"every": "This chain has no contract for anchors."}}),
    "catalog-anchors-none": ("catalog/anchors.html", "catalog", "ana", {"possible": False, "due": 0, "rows": [], "against": [], "every": EVERY, "form": {"every": "off"}, "errors": {}}),
    "catalog-empty": ("catalog/list.html", "catalog", "ana", {"q": "", "products": [], "found": "0 products", "chips": [], "form": CATALOG_FORM, "kept": {}, "total": 0, "as_of": None, "follows": False, "lies": [], "refused": [], "coming": [], "partly": [], "behind": [], "building": None, "notes": [], "customer": None, "pages": PAGES, "errors": {}}),
    "product": ("catalog/product.html", "catalog", "ana", {"product": SHEET, "customers": [("1", "Mia Torres"), ("2", "Jo Nilsson")], "form": {"customer": "1", "method": "post"},
        "methods": [("post", "By post", "Lumen Beauty asks you for the address when it ships"), ("pickup", "Handed over", "You or the shop hand it over")]}),
    "product-recalled": ("catalog/product.html", "catalog", "ana", {"product": SHEET | {"withdrawn": "The glass may splinter.", "withdrawn_at": NOW - DAY}, "customers": [], "methods": [], "form": {"customer": "", "method": "post"}}),
    "product-ours": ("catalog/product.html", "catalog", "lumen", {"product": SHEET | {"pictures": [(HEX, "/static/sample/daily-glow-serum.svg"), ("cd" * 32, "/static/sample/daily-glow-serum.svg")], "ours": True, "shops": []}, "customers": [], "methods": [], "form": {"customer": "", "method": "post"}}),
    "pictures": ("catalog/pictures.html", "catalog", "ana", {"view": PicturesView(0, 0, 214, 9_400_000, 500_000_000, 3, False, 0, 0, (PictureFailureView("Clay Mask", "no-media", "that picture is not here"),)), "words": {"own": "None", "kept": "214 (9.4 MB); there is room for 500.0 MB"}}),
    "pictures-shop": ("catalog/pictures.html", "catalog", "lumen", {"view": PicturesView(1_204, 88_000_000, 0, 0, 500_000_000, 0, True, 340, 1_500, (PictureFailureView("clay-mask", "not-served", "The server has nothing to give there (404).", "https://shop.example/clay.jpg", NOW, 2, NOW + DAY),)), "words": {"own": "1,204 (88.0 MB)", "kept": "None; there is room for 500.0 MB"}}),
    "quote": ("orders/quote.html", "orders", "ana", {"quote": {"id": "1", "merchant": "Lumen Beauty", "customer": "Mia Torres", "lines": LINES, "sums": SUMS, "valid_until": NOW + HOUR, "earn": "18.00 USD = 18 GMS, payable 14 days after delivery", "method": "By post"}}),
    "orders": ("orders/list.html", "orders", "ana", {"view": "all", "orders": ORDER_ROWS, "pages": PAGES}),
    "order": ("orders/one.html", "orders", "ana", {"order": ORDER, "steps": STEPS, "next": {"who": "You", "text": "Lumen Beauty asks for Mia's name and address, to deliver this order.", "actions": ACTIONS},
        "payment": [("How", "Transfer to Lumen Beauty"), ("Amount", "$90.00"), ("State", "Confirmed by Lumen Beauty yesterday")], "lines": LINES, "sums": SUMS, "deliveries": DELIVERIES, "commissions": COMMISSIONS, "problem": None}),
    "move": ("move.html", "today", "ana", {"text": "You sit at the new computer.", "following": {"href": "/restored", "title": "Look at what is held back", "command": "gemstra restored show"},
        "steps": [{"title": "Set this computer up from a backup", "note": "Done: it is a new device of yours.", "state": "done"},
                  {"title": "Look at what is held back", "note": "Held back: grants", "state": "now"},
                  {"title": "Retire the old computer", "note": "Still yours: Ana's desk", "state": "later"}]}),
    "rejoin": ("rejoin.html", "today", "ana", {}),
    "restored": ("restored.html", "today", "ana", {"restored": True, "sequence": 12, "newer": True, "silent": ["Ben Okafor"], "fetched": [{"name": "Lumen Beauty", "state": ("All given", "done"), "text": "214 records came"}],
        "backups": [{"name": "Lumen Beauty", "sequence": 14, "at": NOW - DAY, "newer": True}],
        "parts": [{"title": "Grants", "why": "Who may ask for what of a customer.", "label": "Let my desk answer", "nothing": "No grant holds now.", "paused": True, "action": "/restored/grants/confirm",
                   "items": [{"title": "Lumen Beauty may ask for name, street", "text": "Your desk answers by itself while the order is open", "href": "/grants/1"}]},
                  {"title": "Payouts", "why": "What would be collected or sent.", "label": "Let payouts go on", "nothing": "Nothing is due now.", "paused": False, "action": "/restored/payouts/confirm", "items": []}]}),
    "peers": ("peers/list.html", "peers", "ana", {"evidence": [{"id": HEX, "name": "Ben Okafor", "type": "identity.device-added", "seq": 3, "log": "ab" * 32, "found_at": NOW - 5 * HOUR}], "peers": [{"href": "/peers/1", "name": "Lumen Beauty", "what": "Shop", "state": ("Online", "done"), "seen": NOW - 60_000}, {"href": "/peers/2", "name": "Ben Okafor", "what": "Seller", "state": ("Offline", "waiting"), "seen": NOW - 5 * HOUR}],
        "pending": [{"href": "/peers/pairings/3", "name": "Cleo Marsh", "text": "Compare the code", "state": ("Needs you", "attention")}], "form": {"invite": ""}}),
    "peers-invite": ("peers/invite.html", "peers", "ana", {"invite": INVITE, "opened": False, "href": "/peers/invites/1"}),
    "peers-pairing": ("peers/pairing.html", "peers", "ana", {"peer": {"name": "Lumen Beauty", "what": "Shop"}, "code": "421 793", "state": "compare", "reason": "", "next": ("Go to Lumen Beauty", "/peers/1"), "action": "/peers/pairings/1", "moving": True, "href": "/peers/pairings/1"}),
    "peers-paired": ("peers/pairing.html", "peers", "ana", {"peer": {"name": "Lumen Beauty", "what": "Shop"}, "code": "421 793", "state": "done", "reason": "Next: ask whether you may sell for it.", "next": ("Go to Lumen Beauty", "/peers/1"), "action": "/peers/pairings/1", "moving": False, "href": "/peers/pairings/1"}),
    "peer": ("peers/one.html", "peers", "ana", {"peer": {"name": "Lumen Beauty", "what": "Shop", "state": ("Online", "done"), "seen": NOW - 60_000, "since": NOW - 90 * DAY, "waiting": 2, "details": [("Identity", HEX), ("Device", "12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA"), ("Addresses", "/ip4/127.0.0.1/tcp/4001")]},
        "join": {"merchant": HEX}, "membership": "", "forget": "/peers/1/forget"}),
    "team": ("team.html", "team", "ana", {"people": PEOPLE, "requests": [{"name": "Femi Adeyemi", "text": "Asks you to be their sponsor at Lumen Beauty.", "action": "/team/edges/1"}], "memberships": [{"merchant": "Lumen Beauty", "level": "20 % for your sales, 5 % for level 1. Your sponsor: Ben Okafor", "state": ("Accepted", "done")}],
        "joinable": [{"merchant": HEX, "name": "Rosa Home"}], "asking": {"shops": [(HEX, "Lumen Beauty")], "sellers": [("p", "Ben Okafor")]}, "merchant": False}),
    "wallet": ("wallet.html", "wallet", "ana", {"balance": {"base": gms(132400), "value": usd(13240)}, "claimable": {"base": gms(14200), "meaning": "from statement 7 of Lumen Beauty"}, "address": "0x52908400098527886E0F7030069857D2E4169EE7",
        "chain": {"name": "ASTRA", "state": ("Up to date", "done"), "text": "Block 1,204, a second ago. Fees are paid by who sends; collecting can be done for you."},
        "claims": [{"who": "You, statement 6", "base": gms(22600), "state": ("Final", "done"), "at": NOW - 14 * DAY, "rows": [("Transaction", HEX), ("Block", "1,020")]}],
        "pending": [{"what": "Collecting for Ben Okafor", "state": ("2 of 12 blocks", "active"), "text": "4.5 GMS", "at": NOW - 30_000}], "claim_action": "/wallet/claim",
        "relay": {"shops": [(HEX, "Lumen Beauty")], "mates": [("12D3KooWBen", "Ben Okafor")]}}),
    "grants": ("grants/list.html", "grants", "ana", {"requests": [{"merchant": "Lumen Beauty", "sentence": "May Lumen Beauty see Mia Torres's name and address, to deliver one order?", "fields": [("Name", "Mia Torres"), ("Street and town", "Calle de la Paz 12, 46003 Valencia"), ("It forgets after", "3 days")], "action": "/grants/2/answer"}],
        "grants": [{"href": "/grants/1", "sentence": SHARED, "state": ("Active", "done"), "until": "Shown once, an hour ago"}, {"href": "/grants/3", "sentence": "Lumen Beauty could see Jo Nilsson's phone number, to arrange a pickup.", "state": ("Stopped by you", "stopped"), "until": "Erased, with signed proof"}]}),
    "grant": ("grants/one.html", "grants", "ana", {"grant": {"id": "1", "merchant": "Lumen Beauty", "sentence": SHARED, "state": ("Active", "done"), "active": True, "details": [("Fields", "Name, street and town"), ("For", "Delivering one order"), ("Until", "4 December 2025"), ("It keeps it", "3 days, sealed")]},
        "revoke_steps": [{"title": title, "state": "later"} for title in REVOKE], "disclosures": DISCLOSURES, "receipt": None}),
    "grant-revoked": ("grants/one.html", "grants", "ana", {"grant": {"id": "1", "merchant": "Lumen Beauty", "sentence": "You stopped sharing Mia Torres's name and address with Lumen Beauty.", "state": ("Stopped by you", "stopped"), "active": False, "details": [("Stopped", "1 December 2025")]},
        "revoke_steps": [{"title": title, "state": "done", "at": NOW - 60_000} for title in REVOKE], "disclosures": DISCLOSURES, "receipt": {"text": "Lumen Beauty signed that it erased everything of this.", "record": HEX}}),
    "grants-ledger": ("grants/ledger.html", "grants", "ana", {"disclosures": DISCLOSURES, "pages": PAGES}),
    "commissions": ("commissions/list.html", "commissions", "ana", {"figures": [{"label": "Ready to collect", "base": gms(14200), "value": usd(1420), "meaning": "statement 7"}, {"label": "Held until returns end", "base": gms(18000), "value": usd(1800), "meaning": "from 15 December"}, {"label": "Collected so far", "base": gms(132400), "value": usd(13240), "meaning": "since June"}],
        "lines": TWO_COMMISSION_LINES, "statements": [
            {"title": "Lumen Beauty, statement 7", "at": NOW - DAY, "base": gms(14200), "state": ("Equal to your own reckoning", "done"), "chain": ("Active", "done"), "text": "", "rows": [("Root", HEX)], "merchant": ""},
            {"title": "Sol Botanica, statement 2", "at": NOW - HOUR, "base": gms(900), "state": ("Differs from your own reckoning", "attention"), "chain": ("Waits for its delay", "waiting"), "text": "The statement leaves out 1 of our sales. Ask Sol Botanica, or object before the statement is active.", "rows": [("Root", HEX)], "merchant": HEX}],
        "forecast": [{"label": "By the end of December", "base": gms(32200), "meaning": "if no one returns anything"}], "pages": PAGES}),
    "merchant": ("merchant/home.html", "merchant", "lumen", {"orders": ORDER_ROWS, "figures": [{"label": "Reserve", "base": gms(5000000), "value": None, "meaning": "4,977.5 GMS free"}, {"label": "Set aside", "base": gms(22500), "value": usd(2250), "meaning": "for 3 orders"}, {"label": "Next statement", "base": gms(22500), "value": None, "meaning": "ready on 15 December"}], "counts": {"members": 12, "products": 20}}),
    "merchant-order": ("merchant/order.html", "merchant", "lumen", {"order": ORDER, "steps": [*STEPS[:3], {"title": "Shipped", "state": "now"}, {"title": "Delivered", "state": "later"}], "next": {"who": "You ship it", "text": "The address is here until 4 December.", "fields": [{"name": "carrier", "label": "Carrier", "optional": True}, {"name": "tracking", "label": "Tracking number", "optional": True}], "submit": {"label": "It is on its way", "action": "/merchant/orders/1/ship"}, "actions": []},
        "address": {"pairs": [("Name", "Mia Torres"), ("Street", "Calle de la Paz 12"), ("Town", "46003 Valencia")], "until": NOW + 3 * DAY}, "lines": LINES, "sums": SUMS, "deliveries": DELIVERIES[:2], "commissions": COMMISSIONS, "problem": None, "form": {}}),
    "merchant-catalog": ("merchant/catalog.html", "merchant", "lumen", {"building": None, "form": {"currency": "USD", "replace": ""}, "currencies": CURRENCIES, "failed": [], "waiting": [], "reading": False, "batches": [], "files_out": [], "mappings": []}),
    "merchant-catalog-full": ("merchant/catalog.html", "merchant", "lumen", {"building": None, "form": {"currency": "EUR", "replace": "yes"}, "currencies": CURRENCIES, "failed": ["feed.xml: It is nested too deeply."], "reading": True,
        "errors": {"file": "“orders.csv” looks like orders of Shopify, not like products. Export the products (Products → Export) and import that file."},
        "waiting": [{"href": "/merchant/catalog/" + HEX, "name": "products.csv", "at": NOW - HOUR, "text": "12 new, 3 price changes, 1 withdrawn would be signed"}, {"href": "/merchant/catalog/" + HEX, "name": "feed.xml", "at": NOW, "text": "Being read"}],
        "batches": [{"id": HEX, "name": "products.csv", "at": NOW - DAY, "text": "20 new", "who": "by hand on desk", "undone": False}, {"id": HEX, "name": "old.csv", "at": NOW - 2 * DAY, "text": "3 price changes", "who": "by hand on desk", "undone": True}],
        "files_out": [{"href": "/merchant/catalog/file?form=shopify&currency=USD", "text": "Shopify (CSV), USD"}], "mappings": [{"id": HEX, "name": "Nummer, Was, Kosten", "used": NOW - DAY}]}),
    "merchant-import": ("merchant/import.html", "merchant", "lumen", {"file": PRODUCT_FILE, "dialect": "Shopify", "path": "/merchant/catalog/" + HEX, "progress": None, "show": "", "summary": "12 new, 3 price changes, 1 withdrawn", "unplanned": "USD",
        "counts": [{"code": "new", "words": "New", "count": 12, "href": "/merchant/catalog/" + HEX + "?show=new"}, {"code": "price", "words": "Price changes", "count": 3, "href": "/merchant/catalog/" + HEX + "?show=price"}, {"code": "error", "words": "Not sold", "count": 1, "href": "/merchant/catalog/" + HEX + "?show=error"}],
        "rows": [{"row": 2, "number": 1, "choice": "Leave out", "name": "Daily Glow Serum", "sku": "LB-1010", "prices": ("52.00 USD",), "outcome": ("New", "done"), "reason": "", "changes": (), "notes": ("A picture was left out: “http://10.0.0.1/a.jpg” leads into a private network.",)},
                 {"row": 4, "number": 2, "choice": "Take in again", "name": "Rose Mist", "sku": "LB-1011 + 2", "prices": ("18.00 USD",), "outcome": ("Left out", "waiting"), "reason": "", "changes": ({"field": "price", "of": "LB-1011", "before": "20.00 USD", "after": "18.00 USD"},), "notes": ()},
                 {"row": 9, "number": 3, "choice": "", "name": "Gift Card", "sku": "", "prices": (), "outcome": ("Not sold", "stopped"), "reason": "The price “from 10” is not a number.", "changes": (), "notes": ()}], "pages": PAGES}),
    "merchant-import-stale": ("merchant/import.html", "merchant", "lumen", {"file": replace(PRODUCT_FILE, stale=True, writes=0), "dialect": "a table", "path": "/merchant/catalog/" + HEX, "progress": None, "show": "new", "summary": "nothing", "unplanned": "", "counts": [], "rows": [], "pages": PAGES}),
    "merchant-import-columns": ("merchant/import.html", "merchant", "lumen", {"file": replace(PRODUCT_FILE, state="columns"), "dialect": "a table", "path": "/merchant/catalog/" + HEX, "progress": None, "errors": {"column-0": "Say which column is the SKU."},
        "columns": [{"name": "column-0", "title": "Nummer", "samples": ("A-1", "A-2"), "options": [("", "Leave out"), ("sku", "SKU")], "field": "", "clears": False}]}),
    "merchant-importing": ("merchant/import.html", "merchant", "lumen", {"file": PRODUCT_FILE, "dialect": "Shopify", "path": "/merchant/catalog/" + HEX, "progress": {"text": "Signing the changes", "done": 41_000, "total": 100_000}}),
    "merchant-places": ("merchant/places.html", "merchant", "lumen", {"form": {"place": "", "currency": "USD", "every": "60", "publish": "", "replace": ""}, "currencies": CURRENCIES, "every": [("60", "Every hour")],
        "places": [SourceView(HEX, "url", "https://shop.example/feed.xml", "USD", 60, False, False, NOW - HOUR, NOW - DAY, "", False, NOW + HOUR), SourceView(HEX, "folder", "/srv/exports", "EUR", 1440, True, True, NOW - HOUR, 0, "There is no product file in /srv/exports.", True, 0)]}),
    "merchant-places-none": ("merchant/places.html", "merchant", "lumen", {"form": {"place": "exports", "currency": "USD", "every": "60", "publish": "yes", "replace": "yes"}, "currencies": CURRENCIES, "every": [("60", "Every hour")],
        "places": [], "errors": {"place": "Enter an address that begins with https://, or a folder from its root on."}}),
    "merchant-batch": ("merchant/batch.html", "merchant", "lumen", {"plan": RollbackPlan(HEX, "products.csv", False, 12, 2, ("rose-mist", "clay-mask"))}),
    "merchant-plan": ("merchant/plan.html", "merchant", "lumen", {"plans": [{"title": "EUR, version 1", "words": "The seller earns 15 %; payable 30 days after delivery; 1 EUR = 1.1 GMS"}, {"title": "USD, version 3", "words": "The seller earns 20 %, the sponsor above 5 %; payable 14 days after delivery; 1 USD = 1 GMS"}],
        "form": {"currency": "USD", "direct": "60", "level-1": "5", "level-2": "", "level-3": "", "days": "14", "rate": "1"}, "levels": 3, "cap": "50 %", "currencies": CURRENCIES,
        "errors": {"direct": "Together these are 65 %. A plan pays 50 % at most: lower a rate."}}),
    "merchant-plan-new": ("merchant/plan.html", "merchant", "lumen", {"plans": [], "form": {"currency": "USD", "direct": "", "level-1": "", "level-2": "", "level-3": "", "days": "14", "rate": "1"}, "levels": 3, "cap": "50 %", "currencies": CURRENCIES}),
    "merchant-terms": ("merchant/terms.html", "merchant", "lumen", {"currency": "EUR", "form": {"taxes": "standard 19\nreduced 7\nnone 0", "shipping": "4.90", "minutes": "15", "terms": ""}, "errors": {"minutes": "Enter whole minutes, such as 15."}}),
    "merchant-members": ("merchant/members.html", "merchant", "lumen", {"members": [{"name": "Ana Pérez", "rank": 2, "action": "/merchant/members/1/rank", "since": NOW - 90 * DAY, "sponsor": "Ben Okafor", "state": ("Accepted", "done")}, {"name": "Ben Okafor", "rank": 0, "action": "/merchant/members/2/rank", "since": NOW - 200 * DAY, "sponsor": "None", "state": ("Accepted", "done")}], "requests": [{"name": "Cleo Marsh", "text": "Wants to sell for you. Sponsored by Ana Pérez.", "action": "/merchant/members/3"}]}),
    "merchant-statements": ("merchant/statements.html", "merchant", "lumen", {"draft": {"epoch": 8, "lines": [{"who": "Ana Pérez", "level": "Direct", "base": gms(18000)}, {"who": "Ben Okafor", "level": "Level 1", "base": gms(4500)}], "total": gms(22500), "action": "/merchant/statements/8/post"}, "posted": [{"epoch": 7, "at": NOW - 14 * DAY, "total": gms(14200), "root": HEX, "payees": 9, "state": ("Active", "done")}], "reserve": {"base": gms(5000000), "value": None, "meaning": "4,977.5 GMS free"}, "form": {"amount": ""}}),
    "brand-home": ("brand/home.html", "brand", "lumen", {"building": None, "counts": {"products": 20, "shops": 1}, "bounds": [{"title": "standard, version 2", "words": "The seller earns 15 to 25 %, all together 30 % at most, at most 2 levels above; goods may come back for 14 days at least"}], "form": {"name": "standard", "direct_least": "15", "direct_most": "250", "total_most": "30", "levels_most": "2", "days": "14"}, "errors": {"direct_most": "Enter a percentage from 0 to 100, such as 20 or 7.5."}}),
    "brand-home-new": ("brand/home.html", "brand", "lumen", {"building": None, "counts": {"products": 0, "shops": 0}, "bounds": [], "form": {"name": "standard", "direct_least": "0", "direct_most": "30", "total_most": "40", "levels_most": "3", "days": "14"}}),
    "recalls": ("catalog/withdrawals.html", "catalog", "lumen", {"q": "serum", "is_cut": True, "rows": [{"handle": "dew-serum", "title": "Dew Serum", "reason": "The glass may splinter.", "at": NOW - DAY}], "form": {"handle": "", "reason": ""}, "errors": {"reason": "Say why you withdraw it: merchants and their sellers will ask."}}),
    "recalls-none": ("catalog/withdrawals.html", "catalog", "lumen", {"q": "", "is_cut": False, "rows": [], "form": {"handle": "", "reason": ""}}),
    "merchant-brands": ("merchant/brands.html", "merchant", "lumen", {"q": "milk", "is_cut": True, "products": [{"href": f"/merchant/brands/{HEX}", "title": "Sun Milk", "brand": "Solis", "why": "", "state": ("Offered", "done")}, {"href": f"/merchant/brands/{HEX}", "title": "Dew Serum", "brand": "Solis", "why": "The glass may splinter.", "state": ("Withdrawn", "stopped")}],
        "offers": [{"title": "Sun Milk", "sku": "SM-1", "price": usd(5200), "bounds": "standard", "why": "", "state": ("For sale", "done")}, {"title": "Dew Serum", "sku": "S-30", "price": usd(2600), "bounds": "standard", "why": "S-30: its brand has withdrawn it: The glass may splinter.", "state": ("Can't be sold", "stopped")}]}),
    "merchant-brands-none": ("merchant/brands.html", "merchant", "lumen", {"q": "", "is_cut": False, "products": [], "offers": []}),
    "merchant-brand-product": ("merchant/brand_product.html", "merchant", "lumen", {"product": {"title": "Dew Serum", "brand": "Solis", "withdrawn": "The glass may splinter.", "currency": "USD", "href": f"/catalog/{HEX}"}, "suggested": True, "terms": [{"name": "standard", "words": "The seller earns 15 to 25 %"}], "skus": [{"name": "price-0", "sku": "S-30", "title": "30 ml", "value": "52.00"}, {"name": "price-1", "sku": "S-50", "title": "50 ml", "value": ""}], "bounds": [("standard", "standard")], "chosen": "standard", "action": f"/merchant/brands/{HEX}", "stop": f"/merchant/brands/{HEX}/stop", "errors": {"price-0": "Enter a price such as 52 or 52.50, or nothing: it isn't offered then."}}),
    "merchant-brand-product-unbound": ("merchant/brand_product.html", "merchant", "lumen", {"product": {"title": "Dew Serum", "brand": "Solis", "withdrawn": "", "currency": "USD", "href": f"/catalog/{HEX}"}, "suggested": False, "terms": [], "skus": [], "bounds": [], "chosen": "", "action": f"/merchant/brands/{HEX}", "stop": ""}),
    "brand-figures": ("brand/figures.html", "brand", "lumen", {"any": True, "chosen": {"product": "", "month": "2026-10"}, "products": [("", "All products"), ("dew-serum", "Dew Serum")], "months": [("", "All months"), ("2026-10", "October 2026")], "rows": [{"month": "October 2026", "title": "Dew Serum", "who": "Lumen Beauty", "units": "40", "returns": "Too few", "sellers": "9", "regions": "Germany 22, Austria 12"}], "charts": [{"title": "Units by month", "bars": [{"label": "September 2026", "value": "at least 20", "width": 50}, {"label": "October 2026", "value": "40", "width": 100}]}, {"title": "Units by country", "bars": [{"label": "Germany", "value": "22", "width": 100}, {"label": "Not told where", "value": "6", "width": 27}]}]}),
    "brand-figures-none": ("brand/figures.html", "brand", "lumen", {"any": False, "chosen": {"product": "", "month": ""}, "products": [], "months": [], "rows": [], "charts": []}),
    "brand-figures-nothing": ("brand/figures.html", "brand", "lumen", {"any": True, "chosen": {"product": "", "month": "2026-10"}, "products": [("", "All products")], "months": [("2026-10", "October 2026")], "rows": [], "charts": []}),
}  # fmt: skip
SAMPLES |= authoring(usd, NOW, HEX, PAGES, CURRENCIES)
SAMPLES |= changes(usd, NOW, HEX)
SAMPLES |= FOLLOWED
