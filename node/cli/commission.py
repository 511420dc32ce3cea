"""Commissions: what is earned and why, statements, claims, plans."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="What is earned, why, and how it is collected.")
plan = typer.Typer(no_args_is_help=True, help="What a merchant pays on a sale.")
app.add_typer(plan, name="plan")
DAY_MS = 86_400_000


@app.command()
def lines(
    context: typer.Context, state: Annotated[str, typer.Option(help="accrued, held, payable, batched, paid or voided.")] = ""
) -> None:
    """Commissions, newest first. Example: gemstra commission lines --state payable"""
    call = call_of(context)
    with reported():
        found = call.client.get("/commission/lines", **({"state": state} if state else {}))
        call.output.show(found, ("merchant_name", "payee", "level", "gms", "status", "order", "id"))


@app.command()
def totals(context: typer.Context) -> None:
    """What commissions come to, by state."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/commission/totals"), ("currency", "accrued", "held", "payable", "batched", "paid"))


@app.command()
def why(context: typer.Context, line: str) -> None:
    """Why a commission is what it is: base, rate, plan, signed records. Example: gemstra commission why 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/commission/lines/{line}"))


@app.command()
def close(context: typer.Context) -> None:
    """Add up what is owed, send each member its part and post the root (merchants)."""
    call = call_of(context)
    with reported():
        call.confirm("Close the epoch and post its root on the chain?")
        call.output.show(call.client.post("/commission/epochs"))


@app.command()
def statements(context: typer.Context) -> None:
    """Statements, and whether this node reckons the same."""
    call = call_of(context)
    with reported():
        columns = ("merchant_name", "epoch", "payable", "equal", "mismatch", "on_chain", "root")
        call.output.show(call.client.get("/commission/statements"), columns)


@app.command()
def claim(context: typer.Context, merchant: str) -> None:
    """Claim what a merchant owes, and for the team mates who asked. Example: gemstra commission claim 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/commission/claims", merchant=merchant))


@app.command()
def claims(context: typer.Context) -> None:
    """The claims this node sent."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/commission/claims"), ("merchant_name", "epoch", "state", "code", "detail", "id"))


@app.command()
def relay(context: typer.Context, merchant: str, peer: str) -> None:
    """Ask a paired seller to claim for you: it pays the gas, the tokens come to you."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/commission/relays", merchant=merchant, peer=peer))


@app.command()
def relays(context: typer.Context) -> None:
    """What was asked of team mates, and by them."""
    call = call_of(context)
    with reported():
        columns = ("name", "asked", "merchant_name", "epoch", "amount", "state", "code")
        call.output.show(call.client.get("/commission/relays"), columns)


@app.command()
def dispute(context: typer.Context, merchant: str) -> None:
    """Object to your line of a merchant's newest statement, before its root is active."""
    call = call_of(context)
    with reported():
        call.confirm("Object on the chain? The line cannot be claimed until the merchant's next statement.")
        call.output.show(call.client.post("/commission/disputes", merchant=merchant))


@plan.command()
def publish(
    context: typer.Context,
    currency: Annotated[str, typer.Option(help="ISO 4217; without it your catalog's.")] = "",
    direct: Annotated[int, typer.Option(help="The seller's basis points of a line's price (2000 = 20 %).")] = 2000,
    level: Annotated[list[int] | None, typer.Option(help="Basis points of the next level above; repeat it.")] = None,
    cap: Annotated[int, typer.Option(help="The most it pays in all, basis points.")] = 5000,
    window_days: Annotated[float, typer.Option(help="How long goods may come back.")] = 14,
    hold_days: Annotated[float, typer.Option(help="How long commissions are held after delivery, at least.")] = 0,
    rate: Annotated[str, typer.Option(help="GMS base units a minor unit.")] = "10000000000000000",
) -> None:
    """Sign the next version of a plan (merchants). Example: gemstra commission plan publish --direct 2000 --level 500"""
    call = call_of(context)
    with reported():
        answer = call.client.post(
            "/plans",
            currency=call.currency(currency),
            direct_bps=direct,
            level_bps=level or [],
            cap_bps=cap,
            return_window_ms=round(window_days * DAY_MS),
            hold_ms=round(hold_days * DAY_MS),
            gms_rate=rate,
        )
        call.output.show(answer)


@plan.command(name="list")
def list_(context: typer.Context) -> None:
    """Plans known here."""
    call = call_of(context)
    with reported():
        columns = ("merchant_name", "version", "currency", "direct_bps", "level_bps", "return_window_ms", "gms_rate", "plan")
        call.output.show(call.client.get("/plans"), columns)
