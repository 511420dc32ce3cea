"""What stands beside an order on its page: what it earns, and who may see the customer."""

from collections.abc import Mapping
from typing import Any

from node.errors import NotFound
from node.model.phone_numbers import readable
from node.services import asking, commissions, grants
from node.services.grant_views import GrantView
from node.services.order_view import OrderView
from node.web import formats

_FIELDS: Mapping[str, str] = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "street": "Street",
    "postcode": "Postcode",
    "city": "Town",
    "region": "Region",
    "country": "Country",
}
_MEANING: Mapping[str, str] = {
    "ACCRUED": "after delivery and returns",
    "HELD": "held until returns are over",
    "PAYABLE": "in the next statement",
    "BATCHED": "in a statement, ready to collect",
    "PAID": "collected",
    "VOIDED": "taken back",
}
_OPEN = ("ACCEPTED", "IN_FULFILMENT", "NEEDS_ATTENTION")


def whys(unit: Any, order: bytes) -> list[commissions.LineWhy]:
    """The commissions of an order with their reasons."""
    lines = sorted(commissions.lines_of_order(unit, order), key=lambda line: (line.line, line.level))
    return [commissions.get_line(unit, bytes.fromhex(line.id)) for line in lines]


def earnings(found: list[commissions.LineWhy], order: OrderView) -> list[dict[str, Any]]:
    """Each commission, to be opened to its reason."""
    return [
        {
            "who": _who(why.line, order),
            "base": why.line.gms,
            "value": {"minor": why.line.minor, "currency": why.line.currency},
            "meaning": _MEANING.get(why.line.status.upper(), why.line.status.lower()),
            "rows": _rows(why),
            "records": [record for record in (why.fact, why.envelope, why.plan) if record],
        }
        for why in found
    ]


def _who(line: commissions.LineView, order: OrderView) -> str:
    own = line.level == 0 and order.side == "seller"
    name = "You" if own else line.payee or ("Level " + str(line.level) if line.level else "The seller")
    title = order.lines[line.line].title if line.line < len(order.lines) else ""
    return f"{name}: {title}" if title else name


def _rows(why: commissions.LineWhy) -> list[tuple[str, str]]:
    currency = why.line.currency
    return [
        ("Price without tax and shipping", formats.money({"minor": why.base, "currency": currency})),
        (
            f"{why.bps / 100:g} % for " + ("who sells" if why.line.level == 0 else f"level {why.line.level}"),
            formats.money({"minor": why.line.minor, "currency": currency}),
        ),
        ("Rate of the plan", formats.rate(why.rate, currency)),
        ("Comes to", formats.gms(why.line.gms)),
    ]


def names_of(fields: tuple[str, ...]) -> str:
    """Fields in words: "name, street, postcode"."""
    return ", ".join(_FIELDS.get(field, field).lower() for field in fields)


def address(unit: Any, order: bytes) -> tuple[dict[str, Any] | None, GrantView | None]:
    """What the merchant holds of the customer, and the newest grant or request of the order."""
    found = grants.list_grants(unit, order=order)
    newest = found[0] if found else None
    if newest is None or not newest.held_until:
        return None, newest
    try:
        held = asking.held(unit, bytes.fromhex(newest.id))
    except NotFound:
        return None, newest
    shown = {field: readable(value) if field == "phone" else value for field, value in held.values.items()}
    return {"pairs": [(_FIELDS.get(field, field), value) for field, value in shown.items()], "until": held.erase_by}, newest


def asked(unit: Any, order: bytes) -> GrantView | None:
    """The merchant's open question for the customer's data, on the seller's side."""
    return next(iter(grants.list_grants(unit, order=order, state="requested")), None)


def ask_for_address(unit: Any, order: bytes) -> str:
    """Ask for leave, or once there is leave for the data themselves; what was done, in words."""
    _, newest = address(unit, order)
    if newest is not None and newest.state == "issued":
        asking.ask(unit, bytes.fromhex(newest.id))
        return "The seller's desk is asked for the address"
    grants.request_grant(unit, order)
    return "The seller is asked for leave to see the address"


def so_far(newest: GrantView | None) -> tuple[str, str]:
    """How far the merchant is with learning the address while it holds none: a word and its kind."""
    if newest is None:
        return "Not asked yet", "waiting"
    if newest.state == "issued":
        word = {"": "You may get it now", "waiting": "On its way", "answered": "Erased"}.get(newest.last_ask, "Refused")
        return word, {"": "attention", "waiting": "active", "answered": "done"}.get(newest.last_ask, "stopped")
    return {
        "requested": ("Asked, the seller answers", "waiting"),
        "denied": ("Refused by the seller", "stopped"),
        "expired": ("The leave to see it has ended", "stopped"),
        "revoked": ("Erased, the seller shares it no more", "done"),
    }[newest.state]


def can_ask(order: OrderView, newest: GrantView | None) -> str:
    """The label of the merchant's next question, or ""."""
    if order.status not in _OPEN:
        return ""
    what = "who picks it up" if order.pickup else "the address"
    if newest is None or newest.state in ("denied", "expired"):
        return f"Ask for {what}"
    if newest.state == "issued" and not newest.held_until and newest.last_ask != "waiting":
        return f"Get {what}"
    return ""
