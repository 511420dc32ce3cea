"""The brand's part in the demo: what it makes, under which bounds a merchant may sell it, and what happens when it calls something back."""

from collections.abc import Mapping
from typing import Any, Protocol

from node.cli.client import Client
from node.cli.demo.cast import Cast
from node.cli.demo.report import Report
from node.errors import NodeError, NotFound, UserError

NAME, SHOWN = "solis", "Solis"
BOUNDS = {"direct_least": 1_000, "direct_most": 2_500, "total_most": 3_000, "levels_most": 2, "window_least": 1_000}
RECALLED, REASON = "halo-oil", "The dropper may splinter. Please stop using it."
GOODS = (
    {
        "handle": "dew-serum", "title": "Dew Serum", "vendor": SHOWN, "category": "Skin > Serums", "language": "en", "origin": "DE",
        "description": "A light serum for every morning.\n\nTwo drops are enough.", "options": ("Size",),
        "warnings": ("Keep away from eyes.",),
        "translations": ({"language": "de", "title": "Tau-Serum", "description": "Ein leichtes Serum für jeden Morgen."},),
        "variants": (
            {"sku": "SOLIS-DEW-30", "title": "30 ml", "values": ("30 ml",), "gtin": "4006381333931", "weight": 80},
            {"sku": "SOLIS-DEW-50", "title": "50 ml", "values": ("50 ml",), "gtin": "4006381333948", "weight": 120},
        ),
    },
    {
        "handle": RECALLED, "title": "Halo Oil", "vendor": SHOWN, "category": "Skin > Oils", "language": "en", "origin": "DE",
        "description": "A dry oil with a dropper.", "variants": ({"sku": "SOLIS-HALO", "title": "Halo Oil", "weight": 90},),
    },
)  # fmt: skip
PRICES = {"SOLIS-DEW-30": 5_600, "SOLIS-DEW-50": 7_900, "SOLIS-HALO": 4_200}


class Scene(Protocol):
    """The play it has its part in: the others on stage, and how one waits for them."""

    cast: Cast
    report: Report
    lumen: Client
    ana: Client
    ids: dict[str, Mapping[str, Any]]
    catalog_currency: str

    def set_up(self, name: str, shown: str, role: str) -> Client:
        """A node with its vault made and open."""

    def pair_up(self, host: Client, guest: Client) -> str:
        """Two nodes know each other; the code that both read."""

    def until(self, client: Client, test: Any, what: str) -> Any:
        """What `test` answers once it is something."""


class Brand:
    """Solis, whose products the demo's merchant sells beside its own."""

    def __init__(self, play: Scene) -> None:
        self._play = play
        self.client = Client(play.cast.root)
        self._identity = ""

    def begin(self) -> None:
        """Start its node; `enter` waits for it."""
        self._play.cast.start_node(NAME)

    def enter(self) -> None:
        """Set it up."""
        self.client = self._play.set_up(NAME, SHOWN, "brand")

    def offer(self) -> None:
        """Products and bounds are signed, the merchant pairs with the brand and offers all of it."""
        play, currency = self._play, self._play.catalog_currency
        for product in GOODS:
            self.client.post("/catalog/edit/product", currency=currency, product=product)
        [pile] = self.client.get("/catalog/drafts")
        self.client.post(f"/catalog/drafts/{pile['id']}/publish", name="First products")
        self.client.post("/brand/bounds", name="standard", **BOUNDS)
        play.until(self.client, lambda: self.client.get("/status")["network"] == "ready", "network")
        code = play.pair_up(self.client, play.lumen)
        play.report.proved(f"Lumen Beauty and {SHOWN} both read {code[:3]} {code[3:]}")
        found = play.until(play.lumen, self._arrived, "the brand's products and bounds")
        for item in found:
            prices = [{"sku": sku, "price": PRICES[sku]} for sku in item["skus"]]
            play.lumen.post("/brand/offers", product=item["product"], prices=prices)
        play.report.document["brand"] = {"products": len(found), "offers": len(play.lumen.get("/brand/offers"))}
        play.report.proved(
            f"{len(found)} products bear the brand's signature, their offers Lumen Beauty's, within 10 to 25 % for the seller"
        )

    def _arrived(self) -> list[Mapping[str, Any]] | None:
        found: list[Mapping[str, Any]] = self._play.lumen.get("/brand/products")
        return found if len(found) == len(GOODS) and all(item["bounds"] for item in found) else None

    def recall(self) -> None:
        """A product is called back: the merchant's offer stops by itself, the seller reads why and can order it no more."""
        play = self._play
        self.client.post("/catalog/withdrawals", handle=RECALLED, reason=REASON)
        play.until(play.lumen, lambda: self._stopped(play.lumen), "the merchant's offer to stop")
        sheet = play.until(play.ana, self._read, "the reason to reach Ana")
        refused = self._refusal()
        if refused != "withdrawn":
            raise UserError(f"what was called back is refused as {refused or 'nothing'}", code="demo-failed")
        play.report.document["brand"] |= {"recalled": RECALLED, "refused": refused}
        play.report.proved(f"Lumen Beauty's offer stopped by itself; Ana reads: “{sheet['withdrawn']}”, and her order is refused")

    def _stopped(self, client: Client) -> bool:
        return any(item["code"] == "withdrawn" for item in client.get("/brand/offers"))

    def _read(self) -> Mapping[str, Any] | None:
        play = self._play
        for listing in play.ana.get("/catalog/search", q="halo oil")["listings"]:
            try:
                sheet: Mapping[str, Any] = play.ana.get(f"/catalog/products/{listing['product']}")
            except NotFound:  # the recalled record arrived between both questions, and has an id of its own
                return None
            if sheet["withdrawn"]:
                return sheet
        return None

    def _refusal(self) -> str:
        play = self._play
        try:
            play.ana.post("/orders", merchant=play.ids["lumen"]["identity"], lines=[{"sku": "SOLIS-HALO", "quantity": 1}], pickup=True)
        except NodeError as error:
            return error.code
        return ""
