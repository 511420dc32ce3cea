"""The watch list: products, or numbers at whichever shop, that you want to hear of."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported, when

app = typer.Typer(no_args_is_help=True, help="The watch list: be told when a product changes, costs less, is back, or is gone.")

Id = Annotated[str, typer.Argument(help="Its id, from the list.")]
_COLUMNS = ("title", "merchant_name", "code", "wish", "at_most", "price", "currency", "id")


@app.command(name="list")
def list_(context: typer.Context, removed: Annotated[bool, typer.Option("--removed", help="What was taken off lately.")] = False) -> None:
    """What you watch. Example: gemstra catalog lookout list"""
    call = call_of(context)
    with reported():
        found = call.client.get("/catalog/lookouts")
        call.output.show(found if call.output.as_json else found["removed" if removed else "lookouts"], _COLUMNS)


@app.command()
def notices(context: typer.Context) -> None:
    """What happened that you have not seen yet. Example: gemstra catalog lookout notices"""
    call = call_of(context)
    with reported():
        found = call.client.get("/catalog/lookouts")["notices"]
        rows = found if call.output.as_json else [{**item, "when": when(item["at"])} for item in found]
        call.output.show(rows, ("when", "merchant_name", "title", "sku", "kind", "old", "new", "currency", "note", "id"))


@app.command()
def add(
    context: typer.Context,
    product: Annotated[str | None, typer.Argument(help="Its id, as searching shows it.")] = None,
    code: Annotated[str, typer.Option(help="Or a GTIN: whoever sells it.")] = "",
    feed: Annotated[str | None, typer.Option(help="The catalog of the shop whose offers you mean, where several sell it.")] = None,
    wish: Annotated[str, typer.Option(help="any, price (with --at-most), back or gone.")] = "any",
    at_most: Annotated[int | None, typer.Option(help="The price from which on you want to hear of it, in minor units.")] = None,
    currency: Annotated[str, typer.Option(help="Of that price, where it is another than the shop's.")] = "",
) -> None:
    """Watch something. Example: gemstra catalog lookout add --code 4006381333931 --wish price --at-most 450"""
    call = call_of(context)
    with reported():
        asked = {"product": product, "feed": feed, "code": code, "wish": wish, "at_most": at_most, "currency": currency}
        call.output.show(call.client.post("/catalog/lookouts", **asked))


@app.command()
def remove(context: typer.Context, lookout: Id) -> None:
    """Take something off the list; `restore` undoes that for thirty days."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/catalog/lookouts/{lookout}/remove"))


@app.command()
def restore(context: typer.Context, lookout: Id) -> None:
    """Put something back that was taken off."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/catalog/lookouts/{lookout}/restore"))


@app.command()
def seen(context: typer.Context, notice: Annotated[str | None, typer.Argument(help="Only this one.")] = None) -> None:
    """You have seen what happened: it leaves Today. Example: gemstra catalog lookout seen"""
    call = call_of(context)
    with reported():
        call.output.show({"seen": call.client.post("/catalog/notices/dismiss", notice=notice)})
