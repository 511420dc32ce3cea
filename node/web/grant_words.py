"""What a grant says, in sentences."""

from typing import Any

from node.services.grant_views import GrantView, RevokeStep
from node.web import formats

_FIELDS = {
    "name": "name",
    "phone": "phone number",
    "email": "e-mail",
    "street": "street",
    "postcode": "postcode",
    "city": "town",
    "region": "region",
    "country": "country",
}
_PURPOSES = {
    "dpv:DeliveryOfGoods": "to deliver one order",
    "dpv:CustomerOrderManagement": "to look after one order",
    "dpv:CustomerCare": "to help with one order",
    "dpv:PaymentManagement": "to settle one order's payment",
    "dpv:Marketing": "to advertise",
}
_STATES = {
    "requested": ("Asked", "attention"),
    "issued": ("Active", "done"),
    "denied": ("Refused", "stopped"),
    "revoked": ("Stopped", "stopped"),
    "expired": ("Ended", "waiting"),
}
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def field(name: str) -> str:
    """A field as it is called in a sentence."""
    return _FIELDS.get(name, name)


def fields(names: tuple[str, ...]) -> str:
    """Several: "name, street and town"."""
    called = [field(name) for name in names]
    return " and ".join(part for part in (", ".join(called[:-1]), *called[-1:]) if part)


def purposes(names: tuple[str, ...]) -> str:
    """What it is for: "to deliver one order"."""
    return ", ".join(_PURPOSES.get(name, name) for name in names)


def state(grant: GrantView) -> tuple[str, str]:
    """A word and its kind."""
    word, kind = _STATES[grant.state]
    by = " by you" if grant.side == "seller" else " by the seller"
    return word + (by if grant.state in ("revoked", "denied") else ""), kind


def span(milliseconds: int) -> str:
    """A length of time: "7 days", "3 hours"."""
    for unit, word in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (60_000, "minute")):
        if milliseconds >= unit:
            count = milliseconds // unit
            return f"{count} {word}{'s' if count > 1 else ''}"
    return "less than a minute"


def sentence(grant: GrantView) -> str:
    """Who may see what of whom, why and until when."""
    shop = grant.peer_name or "A shop you are no longer connected to"
    what, why = fields(grant.fields), purposes(grant.purposes)
    if grant.side == "merchant":
        return _to_merchant(grant, what, why)
    whose = f"{grant.customer_name}'s" if grant.customer_name else "an erased customer's"
    match grant.state:
        case "issued":
            return f"{shop} may see {whose} {what}, {why}, until {formats.date(grant.until)}."
        case "requested":
            return f"May {shop} see {whose} {what}, {why}?"
        case "denied":
            return f"You refused to show {shop} {whose} {what}."
        case "revoked":
            return f"You stopped sharing {whose} {what} with {shop}."
        case _:
            return f"{shop} could see {whose} {what}, {why}, until {formats.date(grant.until)}."


def _to_merchant(grant: GrantView, what: str, why: str) -> str:
    seller = grant.peer_name or "A seller you are no longer connected to"
    match grant.state:
        case "issued":
            return f"{seller} lets you see the customer's {what}, {why}, until {formats.date(grant.until)}."
        case "requested":
            return f"You asked {seller} for the customer's {what}, {why}."
        case "denied":
            return f"{seller} refused to show the customer's {what}."
        case "revoked":
            return f"{seller} no longer shares the customer's {what}. What you held is erased."
        case _:
            return f"{seller} let you see the customer's {what}, {why}, until {formats.date(grant.until)}."


def so_far(grant: GrantView) -> str:
    """What has come of it, in a line."""
    if grant.state == "revoked":
        return "Erased there, with signed proof" if grant.erasure_receipt else "The proof of erasure is still to come"
    if not grant.asks:
        return "Nothing was shown"
    return "Shown once" if grant.asks == 1 else f"Shown {grant.asks} times"


def details(grant: GrantView) -> list[tuple[str, str]]:
    """The terms."""
    pairs = [("Fields", fields(grant.fields).capitalize()), ("For", purposes(grant.purposes).capitalize())]
    pairs += [("Until", formats.date(grant.until))] if grant.until else []
    pairs += [("Each answer is kept", f"{span(grant.retention_ms)}, sealed")]
    return pairs + ([("Reason", grant.reason)] if grant.reason and grant.reason != "erased" else [])


def steps(grant: GrantView) -> list[dict[str, Any]]:
    """The five steps of stopping."""
    shop = grant.peer_name or "The shop"
    titles = {
        "signed": "You sign that it ends",
        "refusing": f"Every question of {shop} is refused",
        "told": f"{shop} is told to erase",
        "erased": f"{shop} erases and signs that it did",
        "receipt": "The proof is on your disk",
    }
    return [{"title": titles[step.name], "state": step.state, "at": step.at, "note": _note(step, shop)} for step in grant.steps]


def _note(step: RevokeStep, shop: str) -> str:
    if step.name == "told" and step.state == "now":
        return f"{shop} is not reachable; it is told as soon as it is. Until then it can learn nothing new."
    if step.name == "told" and step.state == "stopped":
        return f"{shop} could not be told."
    return ""
