"""The way to the first sale: what is done and what comes next, for a seller, a merchant and a brand. After it there is nothing to show."""

from dataclasses import dataclass
from typing import Any

from protocol.identity import Role
from protocol.order import Status

SOLD = (Status.ACCEPTED, Status.IN_FULFILMENT, Status.FULFILLED, Status.COMPLETED)


@dataclass(frozen=True, slots=True)
class SetupTask:
    """One step."""

    title: str
    text: str
    href: str
    done: bool


def tasks(unit: Any) -> list[SetupTask]:
    """The steps in order; empty after the first sale."""
    if unit.orders.all([status.value for status in SOLD], 1):
        return []
    steps = _STEPS[unit.me.role](unit)
    return [SetupTask("Make your desk", "Passphrase and recovery words", "/", done=True), *steps] if steps else []


def _seller(unit: Any) -> list[SetupTask]:
    shops = [peer for peer in unit.peers.all() if peer.role is Role.MERCHANT]
    member = any(row.status == "accepted" for row in unit.team.memberships())
    return [
        SetupTask("Connect to a shop", "Ask a shop for an invite", "/peers", done=bool(shops)),
        SetupTask("Be accepted to sell for it", "Ask it on the team page", "/team", done=member),
        SetupTask("Bring your customers in", "From your phone or another program", "/customers/import", done=unit.customers.any()),
        _backup(unit),
        SetupTask("Order for someone", "Choose a product and a customer", "/catalog", done=False),
    ]


def _merchant(unit: Any) -> list[SetupTask]:
    members = any(row.status == "accepted" for row in unit.team.members())
    products = any(unit.catalog.counts(feed.feed)[0] for feed in unit.catalog.feeds(own=True))
    plan = bool(unit.catalog.plans(unit.me.identity))
    reserve = unit.settings.get("chain/survey") or {}
    return [
        SetupTask("Bring your products in", "From WooCommerce or Shopify", "/merchant/catalog", done=products),
        SetupTask("Sign a commission plan", "What everyone earns from a sale", "/merchant/plan", done=plan),
        SetupTask(
            "Put GMS into your reserve", "It covers the commissions", "/merchant/statements", done=int(reserve.get("reserve", 0)) > 0
        ),
        _backup(unit),
        SetupTask("Invite a seller", "Send a link and compare a code", "/peers", done=members),
        SetupTask("Take your first order", "It comes from a seller", "/merchant", done=False),
    ]


def _brand(unit: Any) -> list[SetupTask]:
    products = any(unit.catalog.counts(feed.feed)[0] for feed in unit.catalog.feeds(own=True))
    shops = any(peer.role is Role.MERCHANT for peer in unit.peers.all())
    if products and shops and unit.brands.plans(unit.me.identity):
        return []
    return [
        SetupTask("Bring your products in", "From Shopify, WooCommerce or a product feed", "/merchant/catalog", done=products),
        SetupTask("Say what shops may pay", "The bounds of commissions on your products", "/brand", done=bool(unit.brands.plans())),
        _backup(unit),
        SetupTask("Invite a shop", "Send a link and compare a code", "/peers", done=shops),
    ]


def _backup(unit: Any) -> SetupTask:
    elsewhere = any(not row.same_disk for row in unit.backup_targets.all())  # a place on this machine's own disk is lost with it
    return SetupTask("Choose where your backups go", "A disk you keep elsewhere, or an online folder", "/backup", done=elsewhere)


_STEPS = {"seller": _seller, "merchant": _merchant, "brand": _brand}
