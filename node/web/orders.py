"""The seller's orders: choose and see the price, place, follow each step, cancel."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import UserError
from node.services import commissions, grants, orders, payments, plans, quotes
from node.services.grant_views import GrantView
from node.services.order_view import OrderView
from node.web import formats, order_next
from node.web import order_parts as parts
from node.web import order_words as words
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of
from protocol.errors import LocalError

PAGE = 50
WAIT_SECONDS, LOOK_SECONDS = 3.0, 0.1
_VIEWS = ("open", "done", "all")
_PAYMENT = {
    "REQUESTED": "Waits for the money",
    "SUBMITTED": "Said to be paid",
    "OBSERVED": "Seen, not confirmed yet",
    "UNDERPAID": "Too little came",
    "FUNDED": "Paid",
    "OVERPAID": "Too much came",
    "EXPIRED": "Not paid in time",
    "RELEASED": "Paid for good",
    "PART_REFUNDED": "Partly returned",
    "REFUNDED": "Returned",
}
_WHO = {"seller": "you", "merchant": "the shop", "customer": "your customer", "time": "just wait", "": ""}


async def show_orders(request: web.Request) -> web.StreamResponse:
    """GET /orders?view=open|done|all&before=."""
    runtime = runtime_of(request)
    view = request.query.get("view", "open")
    view = view if view in _VIEWS else "open"
    before = request.query.get("before", "")
    found: list[OrderView] = await runtime.read(orders.list_orders, state=view, before=int(before) if before.isdecimal() else 0, limit=PAGE)
    later = f"/orders?view={view}&before={found[-1].created}" if len(found) == PAGE else None
    first = f"/orders?view={view}" if before else None
    pages = {"text": f"{len(found)} shown", "previous": first, "next": later}
    return render(request, "orders/list.html", section="orders", view=view, orders=[row(order) for order in found], pages=pages)


def row(order: OrderView) -> dict[str, Any]:
    """An order in a list."""
    base = "/orders/" if order.side == "seller" else "/merchant/orders/"
    return {
        "href": base + order.id,
        "title": words.title(order),
        "customer": order.customer_name or ("Pickup" if order.side == "seller" else f"Sold by {order.peer_name}"),
        "merchant": order.merchant_name,
        "seller": order.peer_name,
        "total": words.money(order, order.total),
        "status": words.status(order),
        "next": order_next.text(order),
        "at": order.updated,
    }


async def show_order(request: web.Request) -> web.StreamResponse:
    """GET /orders/{order}: the quote to check while it is one, else the way of the order."""
    runtime = runtime_of(request)
    order: OrderView = await runtime.read(orders.get_order, order=id_of(request))
    if order.side == "merchant":
        return see_other(request, f"/merchant/orders/{order.id}")
    if order.status == "QUOTED" and order.id == order.draft_id and not order.error:
        if "HX-Request" in request.headers:  # the part that looks again by itself stands on the page before this one
            return web.Response(status=204, headers={"HX-Redirect": f"/orders/{order.id}"})
        plan: plans.PlanView = await runtime.read(plans.get_plan, plan=bytes.fromhex(order.plan))
        return render(request, "orders/quote.html", section="orders", quote=_quote(order, plan))
    question: GrantView | None = await runtime.read(parts.asked, order=id_of(request))
    earned: list[commissions.LineWhy] = await runtime.read(parts.whys, order=bytes.fromhex(order.id))
    return render(
        request,
        "orders/one.html",
        section="orders",
        order=_head(order),
        steps=words.steps(order),
        next=_next(order, question),
        payment=_payment(order),
        lines=words.lines(order),
        sums=words.sums(order),
        deliveries=words.deliveries(order),
        commissions=parts.earnings(earned, order),
        problem=words.problem(order),
    )


def _head(order: OrderView) -> dict[str, Any]:
    customer = {"name": order.customer_name, "href": f"/customers/{order.customer}"} if order.customer_name else None
    return {
        "id": order.id,
        "title": words.title(order),
        "merchant": order.merchant_name,
        "customer": customer,
        "status": words.status(order),
        "placed": order.placed_at or order.updated,
        "moving": words.is_moving(order),
    }


def _quote(order: OrderView, plan: plans.PlanView) -> dict[str, Any]:
    minor = order.base * plan.direct_bps // 10_000
    gms = order.base * plan.direct_bps * int(plan.gms_rate) // 10_000
    earn = f"{formats.money(words.money(order, minor))} = {formats.gms(gms)}, payable once returns are over"
    return {
        "id": order.id,
        "merchant": order.merchant_name,
        "customer": order.customer_name or "pickup",
        "lines": words.lines(order),
        "sums": words.sums(order),
        "valid_until": order.quote_expires,
        "earn": earn,
        "method": "Picked up" if order.pickup else "By post",
    }


def _next(order: OrderView, question: GrantView | None) -> dict[str, Any] | None:
    if not order.next_actor:
        return None
    actions: list[dict[str, Any]] = []
    who, said = _WHO[order.next_actor], order_next.text(order)
    if question is not None:
        who, said = "you", f"{order.merchant_name} asks for what it needs to deliver. You answer."
        text = f"{order.merchant_name} asks to see: {parts.names_of(question.fields)}. For this order only; you can take it back."
        confirm = {"title": "Share the address?", "text": text}
        actions.append({"label": "Share the address", "action": f"/orders/{order.id}/share", "kind": "primary", "confirm": confirm})
    if order.payment is not None and order.payment.status in ("REQUESTED", "UNDERPAID", "EXPIRED"):
        actions.append({"label": "My customer has paid", "action": f"/orders/{order.id}/paid", "kind": "primary"})
    if order.status in ("PLACED", "ACCEPTED"):
        text = f"{order.merchant_name} is told. Your commission for it is dropped."
        confirm = {"title": "Cancel this order?", "text": text}
        actions.append({"label": "Cancel the order", "action": f"/orders/{order.id}/cancel", "kind": "danger", "confirm": confirm})
    return {"who": who, "text": said, "actions": actions}


def _payment(order: OrderView) -> list[tuple[str, str]]:
    paid = order.payment
    if paid is None:
        return [("State", "Asked for once the shop accepts")]
    pairs = [
        ("State", _PAYMENT[paid.status]),
        ("To pay", formats.money(words.money(order, paid.due))),
        ("Received", formats.money(words.money(order, paid.received))),
        ("How", "Bank transfer to the shop" if paid.method == "transfer" else "Cash at hand-over"),
        ("Reference", paid.reference),
    ]
    return pairs + ([("Returned", formats.money(words.money(order, paid.refunded)))] if paid.refunded else [])


async def post_quote(request: web.Request) -> web.StreamResponse:
    """POST /orders/quote: what would this cost? Fields: product, merchant, customer, method, qty-<sku>."""
    form, runtime = form_of(request), runtime_of(request)
    chosen = urlencode({name: form[name] for name in ("customer", "merchant") if form[name]})
    back = f"/catalog/{form['product']}" + (f"?{chosen}" if chosen else "")
    try:
        lines = [
            quotes.LineInput(name[4:], _count(text))
            for name, text in form.pairs
            if name.startswith("qty-") and text.strip() not in ("", "0")
        ]
        customer = id_in(form["customer"]) if form["customer"] else None
        pickup = form["method"] == "pickup"
        order: OrderView = await runtime.write(
            quotes.draft, merchant=id_in(form["merchant"]), lines=lines, customer=customer, pickup=pickup
        )
    except UserError as error:
        return see_other(request, back, str(error), "stopped")
    answered = await _answered(request, order)
    return see_other(request, f"/orders/{order.id}", "" if answered else f"{order.merchant_name} is asked for the price", "info")


async def _answered(request: web.Request, order: OrderView) -> bool:
    """Whether the shop's node named the price, or refused to, while one still waits for the page."""
    end = asyncio.get_running_loop().time() + WAIT_SECONDS
    while asyncio.get_running_loop().time() < end:
        found: OrderView = await runtime_of(request).read(orders.get_order, order=bytes.fromhex(order.id))
        if found.status != "DRAFT" or found.error:
            return True
        await asyncio.sleep(LOOK_SECONDS)
    return False


def _count(text: str) -> int:
    if not text.strip().lstrip("-").isdecimal():
        raise UserError("Say how many in whole numbers.", code="bad-quantity")
    return int(text)


async def post_place(request: web.Request) -> web.StreamResponse:
    """POST /orders/place: order what was quoted. Field: quote."""
    order = form_of(request)["quote"]
    return await act(request, quotes.place, f"/orders/{order}", "It is on its way to the shop", order=id_in(order))


async def post_cancel(request: web.Request) -> web.StreamResponse:
    """POST /orders/{order}/cancel."""
    path = f"/orders/{request.match_info['order']}"
    return await act(request, orders.cancel, path, "The shop is told", order=id_of(request), code="changed-mind")


async def post_paid(request: web.Request) -> web.StreamResponse:
    """POST /orders/{order}/paid."""
    return await act(request, payments.pay_word, f"/orders/{request.match_info['order']}", "The shop is told", order=id_of(request))


async def post_share(request: web.Request) -> web.StreamResponse:
    """POST /orders/{order}/share: let the merchant ask for what it named."""
    path = f"/orders/{request.match_info['order']}"
    question: GrantView | None = await runtime_of(request).read(parts.asked, order=id_of(request))
    if question is None:
        return see_other(request, path, "Nobody asks for the address now", "info")
    return await act(request, grants.issue_grant, path, "The shop may ask your desk for it now", grant=bytes.fromhex(question.id))


async def act(request: web.Request, run: Callable[..., Any], path: str, notice: str, **arguments: Any) -> web.StreamResponse:
    """Run a use case and go back to `path`, with a word on what came of it: `notice`, or what `run` says."""
    try:
        done = await runtime_of(request).write(run, **arguments)
    except (UserError, LocalError) as error:
        return see_other(request, path, str(error), "stopped")
    return see_other(request, path, notice or str(done))


def id_of(request: web.Request) -> bytes:
    """The order named in the path."""
    return id_in(request.match_info["order"])


ROUTES = [
    web.get("/orders", show_orders),
    web.post("/orders/quote", post_quote),
    web.post("/orders/place", post_place),
    web.get("/orders/{order}", show_order),
    web.post("/orders/{order}/cancel", post_cancel),
    web.post("/orders/{order}/paid", post_paid),
    web.post("/orders/{order}/share", post_share),
]
