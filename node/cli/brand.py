"""Brands: what shops may pay on a brand's products."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="A brand's side: bounds for commissions on its products.")
bounds = typer.Typer(no_args_is_help=True, help="What shops may pay on a brand's products.")
app.add_typer(bounds, name="bounds")
DAY_MS = 86_400_000


@bounds.command()
def publish(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Tells several apart; a name used before gets its next version.")] = "standard",
    least: Annotated[int, typer.Option(help="The seller's basis points, at least (2000 = 20 %).")] = 0,
    most: Annotated[int, typer.Option(help="The seller's basis points, at most.")] = 10_000,
    total: Annotated[int, typer.Option(help="All basis points together, at most.")] = 10_000,
    levels: Annotated[int, typer.Option(help="Levels above the seller, at most.")] = 7,
    window_days: Annotated[float, typer.Option(help="How long goods may come back, at least.")] = 14,
) -> None:
    """Sign the next bounds (brands). Example: gemstra brand bounds publish --least 1500 --most 2500 --total 3000 --levels 2"""
    call = call_of(context)
    with reported():
        answer = call.client.post(
            "/brand/bounds",
            name=name,
            direct_least=least,
            direct_most=most,
            total_most=total,
            levels_most=levels,
            window_least=round(window_days * DAY_MS),
        )
        call.output.show(answer)


@bounds.command(name="list")
def list_(context: typer.Context) -> None:
    """The bounds known here."""
    call = call_of(context)
    with reported():
        columns = ("brand_name", "name", "version", "direct_least", "direct_most", "total_most", "levels_most", "current", "plan")
        call.output.show(call.client.get("/brand/bounds"), columns)
