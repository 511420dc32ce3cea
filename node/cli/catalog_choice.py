"""`gemstra catalog follow` and `sections`: all of a merchant's catalog, or some of its brands or categories."""

from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of
from node.cli.output import reported
from node.errors import NotFound, UserError

Catalog = Annotated[str, typer.Argument(help="The merchant's name, or the feed as `gemstra catalog feeds` shows it.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(follow)
    app.command()(sections)


def follow(
    context: typer.Context,
    catalog: Catalog,
    brand: Annotated[list[str] | None, typer.Option(help="A brand; may be given several times.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="A category with all below it; may be given several times.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of it.")] = False,
) -> None:
    """Choose what of a catalog is kept: brands, categories, or all. Example: gemstra catalog follow Lumen --brand Alba --brand Boreal"""
    call = call_of(context)
    with reported():
        if sum(map(bool, (brand, category, everything))) != 1:
            raise UserError("Say --brand (once for each), --category (once for each), or --all.", code="bad-choice")
        feed = _feed(call, catalog)
        division = "brand" if brand else "category" if category else ""
        view = call.client.post(f"/catalog/feeds/{feed}/follow", division=division, names=brand or category or [])
        call.output.show(view, ("merchant_name", "currency", "division", "sections", "products", "offers", "feed"))
        call.output.say("What is chosen anew comes as soon as the merchant is there; what isn't chosen any more goes.")


def sections(
    context: typer.Context,
    catalog: Catalog,
    division: Annotated[str, typer.Option(help="brand or category.")] = "brand",
) -> None:
    """What there is to choose from, as the merchant says now. Example: gemstra catalog sections Lumen --division category"""
    call = call_of(context)
    with reported():
        found = call.client.get(f"/catalog/feeds/{_feed(call, catalog)}/sections", division=division)
        call.output.show(found, ("name", "count", "size", "chosen"))


def _feed(call: Call, text: str) -> str:
    """The one feed that is followed and named so. Raises NotFound, UserError `ambiguous`."""
    feeds: list[dict[str, Any]] = [feed for feed in call.client.get("/catalog/feeds") if not feed["own"]]
    found = [feed["feed"] for feed in feeds if feed["merchant_name"].casefold() == text.casefold() or feed["feed"].startswith(text.lower())]
    if not found:
        raise NotFound(f"You follow no catalog of {text}. See: gemstra catalog feeds")
    if len(found) > 1:
        raise UserError(f"{text} has {len(found)} catalogs; give the feed as `gemstra catalog feeds` shows it.", code="ambiguous")
    name: str = found[0]
    return name
