"""The sale, step by step, through the nodes' own API. Each step says what it proved; a fact that does not hold ends the demo."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from node.cli.client import Client
from node.cli.demo.brand import PRICES, Brand
from node.cli.demo.cast import PASSPHRASE, Cast
from node.cli.demo.leaks import hits, secrets_of
from node.cli.demo.report import Report, gms, money
from node.errors import NodeError, UserError

PATIENCE = 120.0
RETURN_WINDOW_MS = 2_000
RETENTION_MS = 3_600_000
FAUCET_GMS = 10**24
DIRECT_BPS, LEVEL_BPS = 2_000, 500
GMS_RATE = 10**16
PEOPLE = {"lumen": ("Lumen Beauty", "merchant"), "ana": ("Ana", "seller"), "ben": ("Ben", "seller")}
PICKUP_FIELDS, DELIVERY_FIELDS = ["name", "phone", "email"], ["name", "street", "postcode", "city", "region", "country"]


class Play:
    """One performance. `catalog` and `contacts` are the files to import."""

    def __init__(self, cast: Cast, report: Report, catalog: Path, contacts: Path, currency: str) -> None:
        self.cast, self.report = cast, report
        self.catalog, self.contacts, self.currency = catalog, contacts, currency
        self.lumen = self.ana = self.ben = Client(cast.root)
        self.ids: dict[str, Mapping[str, Any]] = {}
        self.brand = Brand(self)
        self.catalog_currency = currency
        self.reserve = 0
        self.order_id = self.grant_id = ""
        self.pickup = False

    def perform(self) -> dict[str, Any]:
        """Steps 1 to 11; the document."""
        for name, step in (
            ("The chain starts, the merchant funds its reserve", self._start_all),
            ("The merchant signs a catalog and a plan", self.publish),
            ("A brand signs products, and the merchant offers them", self.brand.offer),
            ("Both sellers pair with the merchant and sync its catalog", self.pair),
            ("Ben sponsors Ana, the merchant accepts both", self.team),
            ("Ana imports her customers", self.customers),
            ("Ana places an order, the merchant accepts, the customer pays", self.order),
            ("The merchant asks for the address and delivers", self.deliver),
            ("Commissions: statement, root, claims", self.commissions),
            ("Ana revokes the grant", self.revoke),
            ("The brand calls a product back", self.brand.recall),
        ):
            with self.report.step(name):
                step()
        return self.report.finish()

    # --- 1

    def _start_all(self) -> None:
        self.brand.begin()
        self.start()
        self.brand.enter()

    def set_up(self, name: str, shown: str, role: str) -> Client:
        """A node of the demo, once it answers, with its vault made and open."""
        client = self.cast.node(name)
        client.post_once("/setup", passphrase=PASSPHRASE, name=shown, role=role, currency=self.currency)
        client.post_once("/unlock", passphrase=PASSPHRASE)
        return client

    def start(self) -> None:
        """Four processes; contracts deployed; the reserve funded."""
        self.cast.start_chain()
        for name in PEOPLE:
            self.cast.start_node(name)
        for name, (shown, role) in PEOPLE.items():
            setattr(self, name, self.set_up(name, shown, role))
        chain = self.cast.chain()
        for client in (self.lumen, self.ana, self.ben):
            settings = {"url": chain["rpc"], "chain_id": chain["chain_id"], "gms": chain["gms"], "vault": chain["vault"]}
            settings["anchors"] = chain["anchors"]
            client.post_once("/chain/connect", **settings)
        self.report.proved(f"ASTRA {chain['chain_id']} at {chain['rpc']}; GMS {chain['gms']}, commission vault {chain['vault']}")
        for name, client in (("lumen", self.lumen), ("ana", self.ana), ("ben", self.ben)):
            self.ids[name] = self.until(client, lambda client=client: self._ready(client), "network and chain")
        for client, tokens in ((self.lumen, FAUCET_GMS), (self.ana, 0)):
            client.post_once("/chain/faucet", gms=str(tokens))
        self.lumen.post("/chain/deposit", amount=str(FAUCET_GMS // 10))
        wallet = self.until(self.lumen, lambda: self._wallet(self.lumen, lambda found: int(found["reserve"]) > 0), "the deposit")
        self.reserve = int(wallet["reserve"])
        self.report.proved(f"reserve {gms(self.reserve)} in the vault; Ben holds no gas and nobody else any GMS")
        self.report.document["chain"] = {"chain_id": chain["chain_id"], "vault": chain["vault"]}

    def _ready(self, client: Client) -> Mapping[str, Any] | None:
        status: Mapping[str, Any] = client.get("/status")
        if status["network"].startswith("stopped"):
            raise UserError(f"a node's network did not start: {status['network']}", code="demo-failed")
        return status if (status["network"], status["chain"]) == ("ready", "ready") else None

    def _wallet(self, client: Client, test: Any) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = client.get("/chain")
        except NodeError:
            return None
        return found if test(found) else None

    # --- 2

    def publish(self) -> None:
        """Import, feed, plan."""
        with self.catalog.open("rb") as source:
            waiting = self.lumen.upload("/catalog/import", source, name=self.catalog.name, currency=self.currency)
        faults = self.lumen.get(f"/catalog/import/{waiting['id']}/rows", outcome="error", limit=200)["rows"]
        self.lumen.post_once(f"/catalog/import/{waiting['id']}/apply")
        offers = self.lumen.get("/catalog/offers", limit=1)
        currency = offers[0]["currency"] if offers else self.currency
        terms = {"direct_bps": DIRECT_BPS, "level_bps": [LEVEL_BPS], "return_window_ms": RETURN_WINDOW_MS, "gms_rate": str(GMS_RATE)}
        self.catalog_currency = currency
        plan = self.lumen.post("/plans", currency=currency, **terms)
        feed = next(found for found in self.lumen.get("/catalog/feeds") if found["own"])
        self.report.document["catalog"] = {
            "file": self.catalog.name,
            "products": feed["products"],
            "variants": feed["offers"],
            "skipped": [{"row": item["row"], "reason": item["reason"]} for item in faults],
            "feed": feed["feed"],
            "checkpoint": feed["checkpoint"],
        }
        skipped = len(faults)
        rows = "1 row" if skipped == 1 else f"{skipped} rows"
        self.report.proved(f"{feed['products']} products, {feed['offers']} variants, {rows} skipped")
        self.report.proved(f"feed {feed['feed'][:16]}… signed at {feed['size']} entries; plan {plan['plan'][:16]}… pays 20 % and 5 %")

    # --- 3

    def pair(self) -> None:
        """Invites, codes, sync."""
        for name, client in (("ana", self.ana), ("ben", self.ben)):
            code = self.pair_up(self.lumen, client)
            self.report.proved(f"{PEOPLE[name][0]} and Lumen Beauty both read {code[:3]} {code[3:]}")
        wanted = next(found for found in self.lumen.get("/catalog/feeds") if found["own"])
        for name, client in (("ana", self.ana), ("ben", self.ben)):
            feed = self.until(client, lambda client=client: self._synced(client, wanted), "the catalog")
            if feed["state_hash"] != wanted["state_hash"]:
                raise UserError("the catalogs differ", code="demo-failed")
            self.report.proved(
                f"{PEOPLE[name][0]} holds {feed['offers']} offers; checkpoint and state hash {feed['state_hash'][:16]}… hold"
            )

    def _synced(self, client: Client, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
        feeds = client.get("/catalog/feeds")
        plans = client.get("/plans")
        found = [feed for feed in feeds if feed["feed"] == wanted["feed"] and feed["checkpoint"] == wanted["checkpoint"]]
        return found[0] if found and found[0]["verified"] and plans else None

    def pair_up(self, host: Client, guest: Client) -> str:
        """Invite, compare the code on both sides, confirm; the code."""
        link = host.post("/peers/invites")["link"]
        begun = guest.post("/peers/pairings", link=link)

        def code_of(client: Client) -> str | None:
            rows = [row for row in client.get("/peers/pairings") if row["id"] == begun["id"]]
            if rows and rows[0]["status"] in ("refused", "expired"):
                raise UserError(f"the pairing was {rows[0]['status']}: {rows[0]['error']}", code="demo-failed")
            return rows[0]["code"] if rows and rows[0]["code"] else None

        codes = [self.until(client, lambda client=client: code_of(client), "the code") for client in (host, guest)]
        if codes[0] != codes[1]:
            raise UserError("the two screens show different codes", code="demo-failed")
        for client in (host, guest):
            client.post(f"/peers/pairings/{begun['id']}/confirm")
        for client in (host, guest):
            self.until(client, lambda client=client: self._is_paired(client, begun["id"]), "the pairing")
        return str(codes[0])

    def _is_paired(self, client: Client, pairing: str) -> bool:
        return any(row["id"] == pairing and row["status"] == "paired" for row in client.get("/peers/pairings"))

    # --- 4

    def team(self) -> None:
        """Memberships and one edge."""
        code = self.pair_up(self.ben, self.ana)
        self.report.proved(f"Ana and Ben both read {code[:3]} {code[3:]}")
        merchant = self.ids["lumen"]["identity"]
        for client in (self.ben, self.ana):
            client.post("/team/join", merchant=merchant)
        members = self.until(self.lumen, self._two_members, "both to ask")
        for member in members:
            self.lumen.post(f"/team/members/{member['member']}/accept")
        for client in (self.ben, self.ana):
            self.until(client, lambda client=client: self._is_member(client), "membership")
        self.ana.post("/team/sponsors", merchant=merchant, peer=self.ids["ben"]["peer_id"])
        asked = self.until(self.ben, lambda: self._edge(self.ben, "asked"), "Ana's question")
        self.ben.post(f"/team/edges/{asked['edge']}/accept")
        edge = self.until(self.lumen, lambda: self._edge(self.lumen, "accepted"), "the signed edge")
        self.until(self.ana, lambda: self._edge(self.ana, "accepted"), "the merchant's word")
        self.report.proved(f"edge {edge['edge'][:16]}… bears both signatures; the merchant knows members, not names")

    def _two_members(self) -> Sequence[Mapping[str, Any]] | None:
        found: Sequence[Mapping[str, Any]] = self.lumen.get("/team/members")
        return found if len(found) == 2 else None

    def _is_member(self, client: Client) -> bool:
        return any(row["status"] == "accepted" for row in client.get("/team/memberships"))

    def _edge(self, client: Client, status: str) -> Mapping[str, Any] | None:
        return next((row for row in client.get("/team/edges") if row["status"] == status), None)

    # --- 5

    def customers(self) -> None:
        """Import into the encrypted store."""
        with self.contacts.open("rb") as source:
            staged = self.ana.upload("/customers/import", source, name=self.contacts.name)
        imported = self.ana.post(f"/customers/import/{staged['id']}/apply")
        self.report.document["customers"] = imported["imported"]
        if not imported["imported"]:
            raise UserError(f"{self.contacts.name} holds no customer to sell to", code="demo-failed")
        self.report.proved(f"{imported['imported']} customers from {self.contacts.name}, encrypted in Ana's store")

    # --- 6

    def order(self) -> None:
        """Quote, place, accept, pay."""
        customer, pickup = self._customer()
        found = self.ana.get("/catalog/offers", purchasable=True, limit=2 + len(PRICES))
        offers = [offer for offer in found if offer["sku"] not in PRICES][:2]
        if not offers:
            raise UserError("the catalog has nothing that can be bought", code="demo-failed")
        lines = (
            [{"sku": offer["sku"], "quantity": 1} for offer in offers] if len(offers) > 1 else [{"sku": offers[0]["sku"], "quantity": 2}]
        )
        merchant = self.ids["lumen"]["identity"]
        draft = self.ana.post("/orders", merchant=merchant, customer=customer, lines=lines, pickup=pickup)
        quoted = self._order(self.ana, draft["id"], "QUOTED")
        quote = f"{money(quoted['total'], quoted['currency'])}, shipping {quoted['shipping']}, tax {quoted['tax']}"
        self.report.proved(f"quoted {quote}; {'for pickup' if pickup else 'to be delivered'}")
        placed = self.ana.post(f"/orders/{draft['id']}/place")
        self.order_id = placed["id"]
        self._order(self.lumen, self.order_id, "PLACED")
        accepted = self.lumen.post(f"/orders/{self.order_id}/accept")
        self.report.proved(f"order {self.order_id[:16]}… accepted; commission covered by the reserve: {accepted['covered']}")
        self._order(self.ana, self.order_id, "ACCEPTED")
        self.lumen.post(f"/orders/{self.order_id}/confirm-payment", amount=0, reference=self.order_id[:12])
        paid = self.until(self.ana, self._paid, "the payment")
        self.report.proved(f"the merchant confirmed {money(paid['payment']['received'], paid['currency'])} by transfer")
        self.pickup = pickup
        self.report.document["order"] = {"id": self.order_id}

    def _customer(self) -> tuple[str, bool]:
        """The first with a postal address, or the first who can be told to come and pick it up."""
        found = self._everybody()
        postal = [customer for customer in found if customer["postal"]]
        reachable = [customer for customer in found if customer["phone"] or customer["email"]]
        chosen = postal or reachable
        if not chosen:
            raise UserError(f"nobody in {self.contacts.name} can be reached", code="demo-failed")
        return chosen[0]["id"], not postal

    def _everybody(self) -> list[Mapping[str, Any]]:
        """All customers, page by page."""
        found: list[Mapping[str, Any]] = []
        cursor = ""
        while True:
            page = self.ana.get("/customers", limit=200, cursor=cursor)
            found += page["customers"]
            cursor = page["cursor"]
            if not cursor:
                return found

    def _order(self, client: Client, order: str, status: str) -> Mapping[str, Any]:
        def reached() -> Mapping[str, Any] | None:
            try:
                found: Mapping[str, Any] = client.get(f"/orders/{order}")
            except NodeError:
                return None
            if found["status"] in ("REJECTED", "EXPIRED", "CANCELLED"):
                raise UserError(f"the order is {found['status']}", code="demo-failed")
            return found if found["status"] == status else None

        answer: Mapping[str, Any] = self.until(client, reached, f"the order to be {status}")
        return answer

    def _paid(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = self.ana.get(f"/orders/{self.order_id}")
        return found if found["payment"] and found["payment"]["status"] in ("FUNDED", "RELEASED") else None

    # --- 7

    def deliver(self) -> None:
        """Grant, ask, ship, arrive."""
        self.lumen.post("/grants/requests", order=self.order_id, fields=self._fields(), retention_ms=RETENTION_MS)
        wanted = self.until(self.ana, lambda: self._grant(self.ana, "requested"), "the merchant's question")
        self.ana.post(f"/grants/{wanted['id']}/issue")
        grant = self.until(self.lumen, lambda: self._grant(self.lumen, "issued"), "the grant")
        self.grant_id = grant["id"]
        self.lumen.post(f"/grants/{self.grant_id}/ask")
        held = self.until(self.lumen, self._held, "the answer")
        entries = self.until(self.ana, self._acknowledged, "the merchant's receipt")
        self.report.proved(f"{len(held['values'])} fields checked against the order's commitment, sealed, to be erased within the hour")
        self.report.proved(f"Ana's disclosure ledger lists {len(entries)} fields, each with the merchant's receipt")
        if self.pickup:
            self.lumen.post(f"/orders/{self.order_id}/ready")
            self.lumen.post(f"/orders/{self.order_id}/hand-over")
        else:
            self.lumen.post(f"/orders/{self.order_id}/ship", carrier="Postal service", tracking="LB0000001")
            self.lumen.post(f"/orders/{self.order_id}/report", report="delivered")
        self.until(self.ana, self._arrived, "the delivery")
        self.report.proved("handed over" if self.pickup else "shipped, and reported delivered")

    def _fields(self) -> list[str]:
        return PICKUP_FIELDS if self.pickup else DELIVERY_FIELDS

    def _grant(self, client: Client, status: str) -> Mapping[str, Any] | None:
        return next((row for row in client.get("/grants") if row["order"] == self.order_id and row["state"] == status), None)

    def _held(self) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.lumen.get(f"/grants/{self.grant_id}/held")
        except NodeError:
            return None
        return found if found["values"] else None

    def _acknowledged(self) -> Sequence[Mapping[str, Any]] | None:
        found = [row for row in self.ana.get("/grants/disclosures") if row["order"] == self.order_id]
        return found if found and all(row["acknowledged"] for row in found) else None

    def _arrived(self) -> bool:
        return self.ana.get(f"/orders/{self.order_id}")["status"] in ("FULFILLED", "COMPLETED")

    # --- 8

    def commissions(self) -> None:
        """Completion, statement, root, claims, balances."""
        for client in (self.lumen, self.ana):
            order = self._order(client, self.order_id, "COMPLETED")
        for client in (self.lumen, self.ana, self.ben):
            self.until(client, lambda client=client: self._payable(client), "the commissions to be payable")
        statement = self.lumen.post("/commission/epochs")
        for name, client in (("ana", self.ana), ("ben", self.ben)):
            found = self.until(client, lambda client=client: self._statement(client, statement, "proposed"), "the statement")
            if not found["equal"]:
                raise UserError(f"{PEOPLE[name][0]} reckons the statement otherwise: {found['mismatch']}", code="demo-failed")
        self.report.proved(f"epoch {statement['epoch']}: root {statement['root'][:18]}… on the chain; both sellers recomputed it and agree")
        merchant = self.ids["lumen"]["identity"]
        self.until(self.ben, lambda: self._statement(self.ben, statement, "active"), "the root to become active")
        self.ben.post("/commission/relays", merchant=merchant, peer=self.ids["ana"]["peer_id"])
        self.until(self.ana, lambda: self.ana.get("/commission/relays"), "Ben's request")
        self.until(self.ana, lambda: self._statement(self.ana, statement, "active"), "the root to become active")
        self.ana.post("/commission/claims", merchant=merchant)
        lines = {name: self.until(client, lambda client=client: self._all_paid(client), "the claim") for name, client in self._sellers()}
        balances = {
            name: self.until(client, lambda client=client: self._balance(client), "the balance") for name, client in self._sellers()
        }
        amounts = [
            {"payee": name, "level": rows[0]["level"], "amount": str(sum(int(row["gms"]) for row in rows))} for name, rows in lines.items()
        ]
        for row in amounts:
            if balances[row["payee"]] != row["amount"]:
                raise UserError(f"{row['payee']} has {balances[row['payee']]}, not {row['amount']}", code="demo-failed")
            self.report.proved(f"{PEOPLE[row['payee']][0]}: {gms(row['amount'])} on the chain, to the last unit")
        self._tell_order(order)
        self.report.document["gms_rate"] = str(order["gms_rate"])
        self.report.document["commissions"] = amounts
        self.report.document["chain"] |= {"root": statement["root"], "balances": balances}

    def _sellers(self) -> tuple[tuple[str, Client], ...]:
        return (("ana", self.ana), ("ben", self.ben))

    def _payable(self, client: Client) -> bool:
        lines = client.get("/commission/lines")
        return bool(lines) and all(row["status"] == "PAYABLE" for row in lines)

    def _statement(self, client: Client, wanted: Mapping[str, Any], stage: str) -> Mapping[str, Any] | None:
        stages = ("none", "proposed", "active")
        for row in client.get("/commission/statements"):
            if row["root"] == wanted["root"] and stages.index(row["on_chain"]) >= stages.index(stage):
                found: Mapping[str, Any] = row
                return found
        return None

    def _all_paid(self, client: Client) -> Sequence[Mapping[str, Any]] | None:
        lines: Sequence[Mapping[str, Any]] = client.get("/commission/lines")
        return lines if lines and all(row["status"] == "PAID" for row in lines) else None

    def _balance(self, client: Client) -> str | None:
        found = self._wallet(client, lambda wallet: int(wallet["gms"]) > 0)
        return str(found["gms"]) if found else None

    def _tell_order(self, order: Mapping[str, Any]) -> None:
        self.report.document["order"] = {
            "id": order["id"],
            "state": order["status"],
            "lines": [{"sku": line["sku"], "quantity": line["quantity"], "price": line["unit_price"]} for line in order["lines"]],
            "base": order["base"],
            "total": {"minor": order["total"], "currency": order["currency"]},
        }

    # --- 9

    def revoke(self) -> None:
        """Revoke, refused, erased, receipt; and no trace in any file."""
        self.ana.post(f"/grants/{self.grant_id}/revoke", reason="delivered")
        grant = self.until(self.ana, self._erased, "the erasure receipt")
        self.report.proved("the merchant erased what it held; its signed receipt reached Ana")
        self.lumen.post(f"/grants/{self.grant_id}/ask", force=True)
        refused = self.until(self.lumen, self._refused, "the refusal")
        self.report.proved(f"the merchant asked again and was refused: {refused}")
        self.report.document["grant"] = {
            "mode": grant["mode"],
            "state": grant["state"],
            "disclosures": grant["asks"],
            "refused_after_revoke": refused == "revoked",
            "erasure_receipt": bool(grant["erasure_receipt"]),
        }
        people = [self.ana.get(f"/customers/{row['id']}") for row in self._everybody()]
        found = hits(self.cast.root, secrets_of(people))
        self.report.document["canary_hits"] = found
        if found:
            raise UserError(f"a customer's data stands in the clear in {found} places", code="demo-failed")
        self.report.proved("no customer's name, street, e-mail or phone stands in the clear in any file of the demo")

    def _erased(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] = self.ana.get(f"/grants/{self.grant_id}")
        return found if found["state"] == "revoked" and found["erasure_receipt"] else None

    def _refused(self) -> str | None:
        found = self.lumen.get(f"/grants/{self.grant_id}")
        outcome = str(found["last_ask"])
        return outcome if outcome not in ("", "waiting", "answered") else None

    # ---

    def until(self, client: Client, test: Any, what: str) -> Any:
        """What `test` answers once it is something; ends the demo when it takes too long."""
        return client.until(test, seconds=PATIENCE, what=what)


def document_of(report: Report) -> str:
    """The one document of `--json`."""
    return json.dumps(report.document, ensure_ascii=False)
