"""The wallet and the chain."""

import json
from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Wallet, reserve, and the chain behind them.")


@app.command()
def show(context: typer.Context) -> None:
    """Balances, reserve, and what is under way on the chain."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/chain"))


@app.command()
def connect(context: typer.Context, file: Annotated[Path, typer.Argument(help="A chain.json: rpc, chain_id, gms, vault.")]) -> None:
    """Say which chain the node settles on. Example: gemstra chain connect ~/astra/chain.json"""
    call = call_of(context)
    with reported():
        try:
            found = json.loads(file.read_text("utf-8"))
            settings = {"url": found["rpc"], "chain_id": found["chain_id"], "gms": found["gms"], "vault": found["vault"]}
            settings["anchors"] = found.get("anchors", "")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file} is no chain.json: it needs rpc, chain_id, gms and vault; anchors may follow.", code="bad-file"
            ) from error
        call.output.show(call.client.post_once("/chain/connect", **settings))


@app.command()
def faucet(context: typer.Context, gms: Annotated[str, typer.Option(help="Test GMS in base units.")] = "0") -> None:
    """First gas from an embedded chain."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/chain/faucet", gms=gms))


@app.command()
def deposit(context: typer.Context, amount: Annotated[str, typer.Argument(help="GMS base units (1 GMS = 10^18).")]) -> None:
    """Put GMS into the reserve that covers commissions (merchants)."""
    call = call_of(context)
    with reported():
        call.confirm(f"Deposit {amount} GMS base units into the reserve?")
        call.output.show(call.client.post("/chain/deposit", amount=amount))
