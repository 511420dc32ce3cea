"""What grants and commissions put on the home page: who asks to see something, and money to collect or to state."""

from collections.abc import Iterable
from typing import Any

from protocol.ledger import Status

from . import claims, grants
from .roots import ACTIVE, address_of, state_of
from .today_items import MOST, TodayItem


def requests(unit: Any) -> Iterable[TodayItem]:
    """Shops that ask to see something of a customer."""
    if unit.me.role == "merchant":
        return
    for found in grants.list_grants(unit, state="requested")[:MOST]:
        title = f"{found.peer_name} asks to see something of {found.customer_name or 'a customer'}"
        fields = ", ".join(name.replace("_", " ") for name in found.fields)
        text = f"For an order of yours: {fields}" if fields else "For an order of yours"
        yield TodayItem("grant", "grants", title, text, f"/grants/{found.id}", "Answer", found.requested_at, found.peer_name)


def collectable(unit: Any) -> Iterable[TodayItem]:
    """Statements whose root is active and that we have not collected nor asked to."""
    for membership in unit.team.memberships():
        row = claims.statement_to_claim(unit, membership.merchant)
        address = address_of(unit, membership.merchant)
        if row is None or address is None or any(claim.epoch >= row.epoch for claim in unit.commissions.claims(address)):
            continue
        root = next((root for root in unit.commissions.roots(address) if root.epoch == row.epoch), None)
        if root is None or state_of(unit, root) != ACTIVE:
            continue
        peer = unit.peers.by_identity(membership.merchant)
        name = peer.name if peer else "a shop"
        text = f"Statement {row.epoch}, checked against what you know"
        yield TodayItem("commission", "wallet", f"Collect your commissions from {name}", text, "/wallet", "Collect", row.created, name)


def payable(unit: Any) -> Iterable[TodayItem]:
    """On the merchant's desk: commissions that the next statement would hold."""
    if unit.me.role != "merchant":
        return
    rows = unit.commissions.all_entries(unit.me.identity, Status.PAYABLE.value)
    if rows:
        count = "One commission is" if len(rows) == 1 else f"{len(rows)} commissions are"
        since = min(row.created for row in rows)
        title, text = f"{count} ready for a statement", "Sign it, then everyone on it can collect"
        yield TodayItem("commission", "merchant", title, text, "/merchant/statements", "State", since, "")


PROVIDERS = (requests, collectable, payable)
