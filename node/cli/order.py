"""Orders: draft, place, accept, pay, deliver, cancel."""

from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of
from node.cli.output import reported
from node.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Sell to a customer; as a merchant, take orders and fulfil them.")
_COLUMNS = ("id", "status", "merchant_name", "customer_name", "total", "currency", "next_actor", "attention")
_PARTS = ("lines", "parcels", "steps", "messages")


@app.command()
def draft(
    context: typer.Context,
    merchant: Annotated[str, typer.Argument(help="The merchant's identity: gemstra team memberships")],
    line: Annotated[list[str], typer.Argument(help="SKU, or SKU:quantity")],
    customer: Annotated[str | None, typer.Option(help="The customer's id: gemstra customers list")] = None,
    pickup: Annotated[bool, typer.Option("--pickup", help="The customer fetches it.")] = False,
) -> None:
    """Ask what an order would cost. Example: gemstra order draft 3f… CREAM-50 SERUM-30:2 --customer 9a…"""
    call = call_of(context)
    with reported():
        made = call.client.post("/orders", merchant=merchant, customer=customer, lines=[_line(text) for text in line], pickup=pickup)
        _show(call, made)


@app.command(name="list")
def list_(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open, done, or one state such as placed")] = "",
    attention: Annotated[bool, typer.Option("--attention", help="Only what needs a look.")] = False,
) -> None:
    """The newest orders. Example: gemstra order list --state open"""
    call = call_of(context)
    with reported():
        found = call.client.get("/orders", state=state, attention="true" if attention else "false")
        call.output.show(found, _COLUMNS)


@app.command()
def show(context: typer.Context, order: str) -> None:
    """One order with its steps, parcels and messages."""
    call = call_of(context)
    with reported():
        _show(call, call.client.get(f"/orders/{order}"))


@app.command()
def place(
    context: typer.Context,
    order: str,
    confirm_price: Annotated[bool, typer.Option("--confirm-price", help="Although the quote differs from the catalog here.")] = False,
) -> None:
    """Order what was quoted. Example: gemstra order place 41…"""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/place", confirm_price=confirm_price))


@app.command()
def accept(context: typer.Context, order: str, cash: Annotated[bool, typer.Option("--cash", help="Paid at hand-over.")] = False) -> None:
    """Merchant: take the order; its commissions are set aside from the reserve."""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/accept", method="cash" if cash else "transfer"))


@app.command()
def reject(context: typer.Context, order: str, code: str = "other") -> None:
    """Merchant: refuse the order. Example: gemstra order reject 41… --code out-of-stock"""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/reject", code=code))


@app.command()
def cancel(context: typer.Context, order: str, code: str) -> None:
    """End the order under a code of the table. Example: gemstra order cancel 41… changed-mind"""
    call = call_of(context)
    with reported():
        call.confirm("The order ends for good. Cancel it?")
        _show(call, call.client.post(f"/orders/{order}/cancel", code=code))


@app.command()
def paid(context: typer.Context, order: str) -> None:
    """Seller: pass on the customer's word that it has paid."""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/pay-word"))


@app.command()
def confirm_payment(
    context: typer.Context,
    order: str,
    amount: Annotated[int, typer.Option(help="Minor units that came; 0 = all that is due.")] = 0,
    reference: Annotated[str, typer.Option(help="What the payer wrote.")] = "",
) -> None:
    """Merchant: confirm that the money is there. Example: gemstra order confirm-payment 41… --amount 10400"""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/confirm-payment", amount=amount, reference=reference))


@app.command()
def ship(
    context: typer.Context,
    order: str,
    carrier: str = "",
    tracking: str = "",
    again: Annotated[int, typer.Option(help="The number of a parcel whose delivery failed.")] = 0,
) -> None:
    """Merchant: send everything that is left in one parcel. Example: gemstra order ship 41… --carrier DHL --tracking 0034…"""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/ship", carrier=carrier, tracking=tracking, parcel=again))


@app.command()
def ready(context: typer.Context, order: str) -> None:
    """Merchant: lay the order ready for pickup."""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/ready"))


@app.command()
def report(
    context: typer.Context,
    order: str,
    outcome: Annotated[str, typer.Argument(help="delivered, failed, in-transit or returned")],
    parcel: Annotated[int, typer.Option(help="Its number; 0 = the one under way.")] = 0,
) -> None:
    """Merchant: say what became of a parcel. Example: gemstra order report 41… delivered"""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/report", report=outcome, parcel=parcel))


@app.command()
def hand_over(context: typer.Context, order: str, parcel: int = 0) -> None:
    """Merchant: the customer took it."""
    call = call_of(context)
    with reported():
        _show(call, call.client.post(f"/orders/{order}/hand-over", parcel=parcel))


def _line(text: str) -> dict[str, Any]:
    """`SKU` or `SKU:quantity`; a SKU may hold colons itself."""
    sku, colon, count = text.rpartition(":")
    if not colon:
        return {"sku": text, "quantity": 1}
    if not count.lstrip("-").isdecimal():
        raise UserError(f"{text!r}: write SKU:quantity, such as CREAM-50:2", code="bad-quantity")
    return {"sku": sku, "quantity": int(count)}


def _show(call: Call, order: dict[str, Any]) -> None:
    if call.output.as_json:
        call.output.show(order)
        return
    call.output.show({name: value for name, value in order.items() if name not in _PARTS and value not in ("", None)})
    for name in _PARTS:
        if order[name]:
            call.output.show(order[name])
