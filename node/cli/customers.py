"""Customers: show, add, erase. Finding them is in customer_search.py, changing them in customer_edit.py, files in customer_imports.py."""

from typing import Annotated

import typer

from node.cli import customer_edit, customer_merge, customer_photos, customer_search
from node.cli.context import call_of
from node.cli.customer_edit import Whole, record_from
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Your customers. Nothing of them leaves this node without a grant.")
customer_search.add(app)
customer_edit.add(app)
customer_merge.add(app)
customer_photos.add(app)


@app.command()
def show(context: typer.Context, customer: str) -> None:
    """All that is kept of a customer."""
    call = call_of(context)
    with reported():
        found = call.client.get(f"/customers/{customer}")
        if call.output.as_json:
            call.output.show(found)
            return
        written = {name: value for name, value in found["details"].items() if value}
        call.output.show({name: value for name, value in found.items() if name not in {"name", "details"}} | written)


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="May be left out with --json.")] = "",
    phone: str = "",
    email: str = "",
    street: str = "",
    postcode: str = "",
    city: str = "",
    region: str = "",
    country: str = "",
    birthday: str = "",
    tag: Annotated[list[str] | None, typer.Option(help="May be given again.")] = None,
    note: str = "",
    whole: Whole = "",
) -> None:
    """Add a customer. Example: gemstra customers add "Mia Torres" --phone "+34 600 000 111" --city Valencia"""
    call = call_of(context)
    with reported():
        given = record_from(whole) if whole else {}
        fields = {"name": name, "phone": phone, "email": email, "note": note, "birthday": birthday, "tags": tag or []}
        address = {"street": street, "postcode": postcode, "city": city, "region": region, "country": country}
        call.output.show(call.client.post("/customers", details=given.get("details", given), **fields, **address))


@app.command()
def erase(
    context: typer.Context, customer: str, anyway: Annotated[bool, typer.Option(help="Even with an order under way.")] = False
) -> None:
    """Erase a customer for good; grants for their orders are taken back."""
    call = call_of(context)
    with reported():
        call.confirm("The customer's data are erased here and cannot be brought back. Erase them?")
        call.output.show(call.client.post(f"/customers/{customer}/erase", anyway=anyway))


@app.command()
def timeline(
    context: typer.Context,
    customer: str,
    limit: int = 50,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
) -> None:
    """What happened with a customer, newest first."""
    call = call_of(context)
    with reported():
        page = call.client.get(f"/customers/{customer}/timeline", limit=limit, cursor=cursor)
        call.output.show(page if call.output.as_json else page["events"], ("at", "kind", "what", "detail"))
        if page["cursor"]:
            call.output.say(f"Go on with --cursor {page['cursor']}")


@app.command()
def receipts(context: typer.Context) -> None:
    """Receipts of customers who were erased."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/receipts"), ("at", "customer", "orders", "grants", "id"))


@app.command()
def receipt(context: typer.Context, receipt_id: Annotated[str, typer.Argument(help="Its id, or the id the customer had.")]) -> None:
    """One receipt of an erased customer, signed. Example: gemstra --json customers receipt 3f0c… > receipt.json"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/customers/receipts/{receipt_id}"))
