"""Anchors: your catalog's head on the chain, and what those of your merchants say."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Catalogs on the chain, so that nobody is shown another one than you.")


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """The newest anchors of each catalog, and whether they agree with what this node has. Example: gemstra catalog anchor list"""
    call = call_of(context)
    with reported():
        found = call.client.get("/catalog/anchors")
        columns = ("merchant_name", "currency", "size", "at", "final", "verdict", "transaction")
        call.output.show(found if call.output.as_json else found["anchors"], columns)
        if not found["possible"]:
            call.output.say("The chain of this node has no contract for anchors.")


@app.command()
def now(context: typer.Context) -> None:
    """Write the newest head of your catalogs on the chain; it costs gas. Example: gemstra catalog anchor now"""
    call = call_of(context)
    with reported():
        call.confirm("Write the head of your catalogs on the chain? It costs gas.")
        found = call.client.post("/catalog/anchors")
        call.output.show(found if call.output.as_json else {"every": found["every"], "due": len(found["due"])})


@app.command()
def every(context: typer.Context, time: Annotated[str, typer.Argument(help="off, daily or weekly.")]) -> None:
    """Have it done by itself, where something changed. Example: gemstra catalog anchor every daily"""
    call = call_of(context)
    with reported():
        found = call.client.post("/catalog/anchors/schedule", every=time)
        call.output.show(found if call.output.as_json else {"every": found["every"]})
