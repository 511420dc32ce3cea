"""An order in words, for the pages of both sides: title, status, steps, messages, sums."""

from collections.abc import Mapping
from typing import Any

from node.services.order_view import OrderView
from node.web import order_next

Status = tuple[str, str]

STATUS: Mapping[str, Status] = {
    "DRAFT": ("Asking the price", "waiting"),
    "QUOTED": ("Price is held", "attention"),
    "PLACED": ("Placed", "active"),
    "ACCEPTED": ("Accepted", "active"),
    "IN_FULFILMENT": ("On its way", "active"),
    "FULFILLED": ("Delivered", "active"),
    "COMPLETED": ("Finished", "done"),
    "NEEDS_ATTENTION": ("Stands still", "attention"),
    "REJECTED": ("Refused", "stopped"),
    "EXPIRED": ("Run out", "stopped"),
    "CANCELLED": ("Cancelled", "stopped"),
}
_STEPS = {"done": "done", "current": "now", "todo": "later", "failed": "stopped"}
_DELIVERY = {"waiting": "waiting", "sent": "sent", "stored": "sent", "received": "received", "accepted": "answered", "refused": "failed"}
_WHAT = {
    "order.quote-request": "What would it cost?",
    "order.placed": "The order",
    "order.cancel-request": "Cancellation",
    "order.payment-submitted": "The customer has paid",
    "order.accepted": "Accepted",
    "order.rejected": "Refused",
    "order.cancelled": "Cancelled",
    "order.payment-confirmed": "Payment confirmed",
    "order.refund-settled": "Money returned",
    "order.shipped": "Shipped",
    "order.ready": "Ready for pickup",
    "order.reported": "What became of the parcel",
    "order.attention": "Please look",
    "order.completed": "Finished",
}
_ENDED = ("COMPLETED", "REJECTED", "EXPIRED", "CANCELLED")
_PROBLEMS = {
    "unknown-sku": "Something in it is not for sale any more. Bring the catalog up to date and order again.",
    "out-of-stock": "Something in it is sold out. Choose another product.",
    "quote-expired": "The price was held for a short time only. Order again to get a new one.",
    "not-a-member": "You are no member of this shop. Ask to join on the Team page.",
    "no-plan": "The shop has no commission plan for this currency yet.",
    "changed-plan": "The shop's commission plan is another one than you know. Bring the catalog up to date and order again.",
    "illegal-transition": "The order had moved on before your message came.",
    "no-delivery-there": "The shop does not deliver there.",
    "price-error": "The price was a mistake.",
    "not-covered": "The shop cannot cover the commission of this order.",
    "not-accepted": "The shop did not answer in time.",
    "merchant-silent": "The shop did not deliver in time.",
    "unpaid": "It was not paid.",
}


def title(order: OrderView) -> str:
    """The first product, and how many more."""
    first = order.lines[0].title if order.lines else "Order"
    more = len(order.lines) - 1
    return f"{first} and {more} more" if more else first


def status(order: OrderView) -> Status:
    """A word and its kind."""
    if order.attention == "to accept":
        return "To answer", "attention"
    if order.attention and order.status not in _ENDED:
        return "Needs a look", "attention"
    if order.status == "QUOTED" and order.id != order.draft_id:
        return "Being placed", "active"
    return STATUS[order.status]


def is_moving(order: OrderView) -> bool:
    """Whether the page looks again by itself."""
    return order.status not in _ENDED


def steps(order: OrderView) -> list[dict[str, Any]]:
    """The steps, named for the reader."""
    shop = order.merchant_name or "the shop"
    selling = order.side == "seller"
    buyer, taker = order.customer_name or "The customer", shop if selling else "you"
    shops, sellers = (shop, "You") if selling else ("You", order.peer_name or "The seller")
    names = {
        "quoted": (_does(shops, "name") + " the price", f"{shops} named the price"),
        "placed": (_does(sellers, "place") + " it", f"{sellers} placed it"),
        "accepted": (_does(shops, "accept"), f"{shops} accepted"),
        "paid": (f"{buyer} pays {taker}", f"{buyer} paid {taker}"),
        "shipped": ("Shipped", "Shipped"),
        "delivered": ("Delivered", "Delivered"),
        "ready": ("Ready for pickup", "Ready for pickup"),
        "handed over": ("Handed over", "Handed over"),
        "completed": ("Finished, returns are over", "Finished, returns are over"),
    }
    notes = {"accepted": "The commission is covered by the reserve"} if order.covered else {}
    return [
        {
            "title": names[step.name][step.state == "done"],
            "state": _STEPS[step.state],
            "at": step.at or None,
            "note": notes.get(step.name, ""),
        }
        for step in order.steps
    ]


def _does(who: str, verb: str) -> str:
    return f"{who} {verb}" if who == "You" else f"{who} {verb}s"


def money(order: OrderView, minor: int) -> dict[str, Any]:
    """An amount in the order's currency."""
    return {"minor": minor, "currency": order.currency or "USD"}


def lines(order: OrderView) -> list[dict[str, Any]]:
    """What was ordered."""
    return [
        {
            "title": line.title,
            "sku": line.sku,
            "quantity": line.quantity,
            "price": money(order, line.unit_price),
            "total": money(order, line.total),
        }
        for line in order.lines
    ]


def sums(order: OrderView) -> list[tuple[str, dict[str, Any]]]:
    """From products to the total."""
    rows = (("Products", order.base), ("Shipping", order.shipping), ("Tax", order.tax), ("Total", order.total))
    return [(label, money(order, minor)) for label, minor in rows]


def deliveries(order: OrderView) -> list[dict[str, Any]]:
    """What became of each message."""
    return [
        {
            "state": _DELIVERY[message.state],
            "what": _WHAT.get(message.kind, message.kind),
            "to": order.peer_name,
            "at": message.at,
            "note": why(message.code) if message.code else "",
        }
        for message in order.messages
    ]


def why(code: str) -> str:
    """A code of the protocol, in words where there are some."""
    return _PROBLEMS.get(code, f"Reason: {code.replace('-', ' ')}.")


def problem(order: OrderView) -> dict[str, str] | None:
    """What a person should know first, or None."""
    if order.error:
        return {"title": "The other side did not take it", "text": why(order.error), "kind": "stopped"}
    if order.attention in ("underpaid", "overpaid"):
        assert order.payment is not None
        text = "Less came than is due." if order.attention == "underpaid" else "More came than is due."
        return {"title": text, "text": "The merchant settles it with the customer.", "kind": "attention"}
    if order.attention and order.attention != "to accept":
        return {"title": order.attention.capitalize(), "text": order_next.text(order), "kind": "attention"}
    if order.end_code:
        return {"title": STATUS[order.status][0], "text": why(order.end_code), "kind": "info"}
    return None
