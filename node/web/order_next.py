"""What happens next with an order, said to the one who reads it: on the seller's desk and on the merchant's."""

from node.services.order_view import OrderView

_UNPAID = ("REQUESTED", "UNDERPAID", "EXPIRED", "OBSERVED")


def text(order: OrderView, *, address: bool = False) -> str:
    """One sentence; "" at the end of the order. `address`: the merchant holds it."""
    if not order.next_actor:
        return ""
    return _to_seller(order) if order.side == "seller" else _to_merchant(order, address=address)


def _to_seller(order: OrderView) -> str:
    shop, customer = order.merchant_name or "The shop", order.customer_name or "Your customer"
    match order.status:
        case "DRAFT":
            return "Choose again and ask for a new price." if order.error else f"{shop} names the price. That takes a moment."
        case "QUOTED":
            placed = order.id != order.draft_id
            return f"{shop} takes the order in." if placed else "Check the price and place the order."
        case "PLACED":
            return f"{shop} accepts or refuses it."
        case "NEEDS_ATTENTION":
            return f"{shop} looks what became of the parcel and the payment."
        case "FULFILLED" if _is_paid(order):
            return "Your commission is yours once the time for returns is over."
    if _said_paid(order):
        return f"{shop} confirms the payment you told it of."
    if not _is_paid(order):
        return f"{customer} pays {shop}, and {shop} confirms what came."
    if not order.parcels:
        return f"{shop} lays it ready for pickup." if order.pickup else f"{shop} sends it."
    if _is_ready(order):
        return f"{customer} picks it up."
    return f"{shop} says when it has arrived."


def _to_merchant(order: OrderView, *, address: bool) -> str:
    seller = order.peer_name or "The seller"
    match order.status:
        case "DRAFT":
            return "Your desk names the price."
        case "QUOTED":
            return f"{seller} places the order, or lets it go."
        case "PLACED":
            return "Accept it or refuse it."
        case "NEEDS_ATTENTION":
            return "Look what became of the parcel and the payment."
        case "FULFILLED" if _is_paid(order):
            return "It is finished by itself once the time for returns is over."
    if _said_paid(order):
        return f"{seller} says it is paid. Look at your account and confirm what came."
    if not _is_paid(order):
        return "The customer pays you. Confirm it when the money is there."
    if not order.parcels:
        where = "Send it there, then say so." if address else "Get the address, then send it."
        return "Lay it ready for pickup." if order.pickup else where
    if _is_ready(order):
        return "Hand it over, then say so."
    return "Say what became of the parcel."


def _is_paid(order: OrderView) -> bool:
    return order.payment is not None and order.payment.status not in (*_UNPAID, "SUBMITTED")


def _said_paid(order: OrderView) -> bool:
    return order.payment is not None and order.payment.status == "SUBMITTED"


def _is_ready(order: OrderView) -> bool:
    return any(parcel.status == "READY" for parcel in order.parcels)
