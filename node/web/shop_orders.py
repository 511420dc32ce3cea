"""The merchant's side of an order: accept or refuse, confirm the payment, send, report."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from node.services import browse, commissions, fulfilment, orders, payments, team
from node.services.order_view import OrderView
from node.web import formats, order_next
from node.web import order_parts as parts
from node.web import order_words as words
from node.web.forms import form_of
from node.web.orders import act, id_of, row
from node.web.page import render, see_other
from node.web.runtime import runtime_of

MOST = 200
_WHO = {"seller": "the seller", "merchant": "you", "customer": "the customer", "time": "just wait", "": ""}


async def show_shop(request: web.Request) -> web.StreamResponse:
    """GET /merchant: the orders that wait, the reserve, how many sell and what."""
    runtime = runtime_of(request)
    found: list[OrderView] = await runtime.read(orders.list_orders, state="open", limit=MOST)
    waiting = [order for order in found if order.next_actor == "merchant" or order.attention]
    kept: orders.ReserveView = await runtime.read(orders.reserve)
    members: list[team.MemberView] = await runtime.read(team.list_members)
    feeds: list[browse.FeedView] = await runtime.read(browse.list_feeds)
    aside = str(max(0, int(kept.reserve) - int(kept.free)))
    figures = [
        {"label": "Reserve", "base": kept.reserve, "value": None, "meaning": "in the vault for commissions"},
        {"label": "Set aside", "base": aside, "value": None, "meaning": "for orders you accepted"},
        {"label": "Free", "base": kept.free, "value": None, "meaning": "for orders to come"},
    ]
    counts = {
        "members": sum(member.status == "accepted" for member in members),
        "products": sum(feed.products for feed in feeds if feed.own),
    }
    rows = [row(order) for order in waiting]
    return render(request, "merchant/home.html", section="merchant", orders=rows, figures=figures, counts=counts)


async def show_order(request: web.Request) -> web.StreamResponse:
    """GET /merchant/orders/{order}."""
    runtime = runtime_of(request)
    order: OrderView = await runtime.read(orders.get_order, order=id_of(request))
    if order.side == "seller":
        return see_other(request, f"/orders/{order.id}")
    head = {
        "id": order.id,
        "title": words.title(order),
        "seller": order.peer_name,
        "status": words.status(order),
        "moving": words.is_moving(order),
    }
    held, newest = await runtime.read(parts.address, order=id_of(request))
    earned: list[commissions.LineWhy] = await runtime.read(parts.whys, order=bytes.fromhex(order.id))
    return render(
        request,
        "merchant/order.html",
        section="merchant",
        order=head,
        steps=words.steps(order),
        next=_next(order, parts.can_ask(order, newest), known=held is not None),
        address=held,
        asked=parts.so_far(newest),
        lines=words.lines(order),
        sums=words.sums(order),
        deliveries=words.deliveries(order),
        commissions=parts.earnings(earned, order),
        problem=words.problem(order),
        form={"carrier": "", "tracking": "", "amount": ""},
    )


def _next(order: OrderView, question: str, *, known: bool) -> dict[str, Any] | None:
    if not order.next_actor:
        return None
    shown: dict[str, Any] = {"who": _WHO[order.next_actor], "text": order_next.text(order, address=known), "actions": _actions(order)}
    if question:
        kind = "primary" if _is_paid(order) else ""
        shown["actions"].insert(0, {"label": question, "action": f"/merchant/orders/{order.id}/ask-address", "kind": kind})
    if order.status == "ACCEPTED" and not order.pickup and not order.parcels and _is_paid(order):
        fields = [
            {"name": "carrier", "label": "Carrier", "hint": "Such as DHL", "optional": True},
            {"name": "tracking", "label": "Tracking number", "optional": True},
        ]
        kind = "" if question else "primary"
        shown |= {"fields": fields, "submit": {"label": "It is shipped", "action": f"/merchant/orders/{order.id}/ship", "kind": kind}}
    return shown


def _is_paid(order: OrderView) -> bool:
    return order.payment is not None and order.payment.status in ("FUNDED", "OVERPAID")


def _actions(order: OrderView) -> list[dict[str, Any]]:
    path = f"/merchant/orders/{order.id}"
    if order.status == "PLACED":
        text = f"{order.peer_name} learns that you don't take it."
        return [
            {"label": "Accept the order", "action": f"{path}/accept", "kind": "primary"},
            _button("Refuse", f"{path}/reject", "Refuse this order?", text, {"code": "other"}),
        ]
    actions: list[dict[str, Any]] = []
    if order.payment is not None and not _is_paid(order) and order.status in ("ACCEPTED", "IN_FULFILMENT", "FULFILLED"):
        rest = formats.money(words.money(order, order.payment.due - order.payment.received + order.payment.refunded))
        actions.append({"label": f"{rest} arrived", "action": f"{path}/confirm-payment", "kind": "primary"})
    if order.pickup and order.status == "ACCEPTED" and not order.parcels:
        actions.append({"label": "It is ready for pickup", "action": f"{path}/ready", "kind": "primary"})
    for parcel in order.parcels:
        number = {"parcel": str(parcel.number)}
        if parcel.status == "READY":
            actions.append({"label": "The customer has it", "action": f"{path}/hand-over", "kind": "primary", "fields": number})
        if parcel.status in ("SHIPPED", "IN_TRANSIT"):
            actions.append(
                {"label": "It was delivered", "action": f"{path}/report", "kind": "primary", "fields": {**number, "report": "delivered"}}
            )
            actions.append({"label": "Delivery failed", "action": f"{path}/report", "kind": "", "fields": {**number, "report": "failed"}})
    if order.status in ("ACCEPTED", "IN_FULFILMENT") and not _is_paid(order):
        text = "The order ends and its commission is dropped."
        actions.append(_button("Cancel as unpaid", f"{path}/cancel", "Cancel this order?", text, {"code": "unpaid"}))
    return actions


def _button(label: str, action: str, title: str, text: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {"label": label, "action": action, "kind": "danger", "fields": fields, "confirm": {"title": title, "text": text}}


async def post_ask(request: web.Request) -> web.StreamResponse:
    """POST /merchant/orders/{order}/ask-address: for leave, then for the address."""
    path = f"/merchant/orders/{request.match_info['order']}"
    return await act(request, parts.ask_for_address, path, "", order=id_of(request))


_Verb = tuple[Callable[..., Any], str, tuple[str, ...]]
_VERBS: Mapping[str, _Verb] = {
    "accept": (orders.accept, "The seller is told", ()),
    "reject": (orders.reject, "The seller is told", ("code",)),
    "cancel": (orders.cancel, "The seller is told", ("code",)),
    "confirm-payment": (payments.confirm_payment, "The payment is confirmed", ()),
    "ship": (fulfilment.ship, "The seller is told", ("carrier", "tracking")),
    "ready": (fulfilment.ready, "The seller is told", ()),
    "report": (fulfilment.report, "The seller is told", ("report", "parcel")),
    "hand-over": (fulfilment.hand_over, "The seller is told", ("parcel",)),
}


async def post_verb(request: web.Request) -> web.StreamResponse:
    """POST /merchant/orders/{order}/{verb}."""
    found = _VERBS.get(request.match_info["verb"])
    if found is None:
        raise web.HTTPNotFound
    run, notice, names = found
    form = form_of(request)
    given: dict[str, Any] = {name: form[name].strip() for name in names}
    if "parcel" in given:
        given["parcel"] = int(given["parcel"]) if given["parcel"].isdecimal() else 0
    return await act(request, run, f"/merchant/orders/{request.match_info['order']}", notice, order=id_of(request), **given)


ROUTES = [
    web.get("/merchant", show_shop),
    web.get("/merchant/orders/{order}", show_order),
    web.post("/merchant/orders/{order}/ask-address", post_ask),
    web.post("/merchant/orders/{order}/{verb}", post_verb),
]
