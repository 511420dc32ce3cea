"""Grants: ask for delivery data (merchants), give, deny and take back (sellers), and the ledger of what went."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Who may see what of a customer, and what was shown.")
Fields = Annotated[
    list[str] | None, typer.Option("--field", help="name, phone, email, street, postcode, city, region or country; repeat it.")
]
_ROW = ("peer_name", "state", "fields", "asks", "last_ask", "order", "id")
DAY_MS = 86_400_000


@app.command()
def request(
    context: typer.Context, order: str, field: Fields = None, days: Annotated[int, typer.Option(help="How long an answer is kept.")] = 7
) -> None:
    """Ask the seller for leave to learn an order's delivery data. Example: gemstra grant request 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/grants/requests", order=order, fields=field, retention_ms=days * DAY_MS))


@app.command(name="list")
def list_(context: typer.Context, state: Annotated[str, typer.Option(help="requested, issued, denied, revoked or expired.")] = "") -> None:
    """Grants and requests, newest first. Example: gemstra grant list --state requested"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/grants", state=state), _ROW)


@app.command()
def show(context: typer.Context, grant: str) -> None:
    """One grant, and how far taking it back got."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/grants/{grant}"))


@app.command()
def issue(context: typer.Context, grant: str, field: Fields = None) -> None:
    """Give leave for what was asked, or only for some fields. Example: gemstra grant issue 3f0c… --field name --field city"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/grants/{grant}/issue", fields=field))


@app.command()
def deny(context: typer.Context, grant: str, reason: str = "") -> None:
    """Refuse a request."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/grants/{grant}/deny", reason=reason))


@app.command()
def revoke(context: typer.Context, grant: str, reason: str = "") -> None:
    """Take a grant back, at once. What somebody has read already cannot be called back."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/grants/{grant}/revoke", reason=reason))


@app.command()
def ask(
    context: typer.Context,
    grant: str,
    field: Fields = None,
    force: Annotated[bool, typer.Option(help="Send it even where it will be refused.")] = False,
) -> None:
    """Ask for the fields of a grant, and wait for the answer (merchants). Example: gemstra grant ask 3f0c…"""
    call = call_of(context)
    with reported():
        asked = call.client.post(f"/grants/{grant}/ask", fields=field, force=force)

        def settled() -> object:
            found = call.client.get(f"/grants/{grant}")
            return found if found["last_ask"] != "waiting" else None

        found = call.client.until(settled, seconds=30, what="the seller's answer")
        call.output.show({"ask": asked["ask"], "outcome": found["last_ask"], "held_until": found["held_until"]})


@app.command()
def held(context: typer.Context, grant: str) -> None:
    """What is held under a grant, for the packing slip (merchants)."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/grants/{grant}/held"))


@app.command()
def receipt(context: typer.Context, grant: str) -> None:
    """The consent receipt of a grant (ISO/IEC TS 27560)."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/grants/{grant}/receipt"))


@app.command()
def disclosures(
    context: typer.Context, grant: Annotated[str | None, typer.Option(help="Of this one only.")] = None, limit: int = 200
) -> None:
    """Every field that left this node, newest first. Example: gemstra grant disclosures"""
    call = call_of(context)
    with reported():
        columns = ("at", "field", "customer_name", "merchant_name", "acknowledged", "erased")
        call.output.show(call.client.get("/grants/disclosures", grant=grant, limit=limit), columns)
