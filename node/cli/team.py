"""The team: joining merchants, members, sponsors."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Merchants you sell for, your sponsor, your team.")


@app.command()
def join(context: typer.Context, merchant: str) -> None:
    """Ask a paired merchant to be its member. Example: gemstra team join 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/team/join", merchant=merchant))


@app.command()
def memberships(context: typer.Context) -> None:
    """The merchants you sell for."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/team/memberships"), ("merchant_name", "status", "merchant", "member", "payout"))


@app.command()
def payees(context: typer.Context) -> None:
    """Where your commissions go, and whether each merchant knows of it."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/team/payees"), ("merchant_name", "payout", "generation", "state", "code"))


@app.command()
def members(context: typer.Context) -> None:
    """Who sells for you, and who asks to (merchants)."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/team/members"), ("name", "status", "member", "sponsor"))


@app.command()
def accept(context: typer.Context, member: str) -> None:
    """Take a seller in as a member (merchants)."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/team/members/{member}/accept"))


@app.command()
def rank(context: typer.Context, member: str, rank: Annotated[int, typer.Argument(help="0 to 255.")]) -> None:
    """Give a member a rank, and with it your prices for that rank (merchants). Example: gemstra team rank MEMBER 2"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/team/members/{member}/rank", rank=rank))


@app.command()
def ranks(context: typer.Context) -> None:
    """The ranks of your members, or yours at your shops. Example: gemstra team ranks"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/team/ranks"), ("merchant_name", "name", "rank", "member"))


@app.command()
def sponsor(context: typer.Context, merchant: str, peer: str) -> None:
    """Ask a paired seller to be your sponsor at a merchant."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/team/sponsors", merchant=merchant, peer=peer))


@app.command()
def edges(context: typer.Context) -> None:
    """Sponsor edges, asked for and signed."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/team/edges"), ("merchant_name", "name", "side", "status", "edge"))


@app.command()
def agree(context: typer.Context, edge: str) -> None:
    """Agree to be somebody's sponsor."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/team/edges/{edge}/accept"))


@app.command()
def decline(context: typer.Context, edge: str) -> None:
    """Say no to being somebody's sponsor."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/team/edges/{edge}/decline"))


@app.command()
def tree(context: typer.Context) -> None:
    """The team as far as this node knows it."""
    call = call_of(context)
    with reported():
        nodes = call.client.get("/team/tree")
        if call.output.as_json:
            call.output.show(nodes)
        for node in () if call.output.as_json else nodes:
            call.output.show("  " * node["depth"] + (node["name"] or node["member"][:12]))
