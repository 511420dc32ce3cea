"""Catalogs: import a product file (merchants), fetch (sellers), look at products and SKUs."""

from typing import Annotated

import typer

from node.cli import anchor, catalog_change, catalog_changes, catalog_choice, catalog_drafts, catalog_imports, catalog_pictures, lookouts
from node.cli.context import Call, call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Signed catalogs: yours, or those of the merchants you sell for.")
app.add_typer(anchor.app, name="anchor")
app.add_typer(catalog_pictures.app, name="pictures")
app.add_typer(lookouts.app, name="lookout")
catalog_imports.add(app)
catalog_drafts.add(app)
catalog_change.add(app)
catalog_changes.add(app)
catalog_choice.add(app)
_SHEET = {
    "variants": (
        "sku", "title", "price", "currency", "rule", "listed", "until", "earns", "stock", "count", "least", "most", "available_from",
        "available_to", "shipping", "returns", "gtin", "mpn", "weight", "size", "suggested", "volume", "refusal",
    ),
    "shipping": ("name", "zones", "pickup", "digital"),
    "returns": ("name", "days", "cost", "fee_bps", "conditions"),
    "shops": ("merchant_name", "price", "currency", "stock", "merchant"),
}  # fmt: skip


def _tell_building(call: Call) -> None:
    """Say that what was looked for may be missing, while a catalog of ours is put together again."""
    if call.output.as_json:
        return
    feeds = [feed for feed in call.client.get("/catalog/feeds") if feed["own"]]
    behind = [feed for feed in feeds if feed["held"] < feed["size"] or feed["trouble"]]
    if behind:
        far = f"{sum(feed['held'] for feed in behind):,} of {sum(feed['size'] for feed in behind):,} records are in"
        stuck = next((feed["trouble"] for feed in behind if feed["trouble"]), "")
        going = f"Your catalog's index can't be built: {stuck} So far" if stuck else "Your catalog's index is being built:"
        call.output.say(f"{going} {far}; what you look for may be missing until then.")


@app.command()
def sync(context: typer.Context, merchant: Annotated[str | None, typer.Argument(help="Only this one's.")] = None) -> None:
    """Ask merchants for what is new. Example: gemstra catalog sync"""
    call = call_of(context)
    with reported():
        asked = call.client.post("/catalog/sync", merchant=merchant)
        call.output.show({"asked": asked})


@app.command()
def feeds(context: typer.Context) -> None:
    """The feeds this node signs or follows, and how far it is with them."""
    call = call_of(context)
    with reported():
        found = call.client.get("/catalog/feeds")
        columns = ("merchant_name", "currency", "products", "offers", "sections", "expected", "verified", "error", "feed")
        call.output.show(found, columns)
        _tell_building(call)
        for feed in found:
            if feed["trouble"] and not feed["own"]:
                call.output.say(f"{feed['merchant_name']}: {feed['trouble']}")


@app.command(name="list")
def list_(
    context: typer.Context,
    search: Annotated[str, typer.Argument(help="Words, or how they begin.")] = "",
    limit: int = 50,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
    own: Annotated[bool, typer.Option(help="Only what you write yourself.")] = False,
) -> None:
    """Products by title. Example: gemstra catalog list serum"""
    call = call_of(context)
    with reported():
        page = call.client.get("/catalog/products", search=search, limit=limit, cursor=cursor, own="true" if own else "false")
        shown = [{**row, "skus": ", ".join(item["sku"] for item in row["variants"])} for row in page["products"]]
        call.output.show(page if call.output.as_json else shown, ("title", "vendor", "merchant_name", "skus", "id"))
        _tell_building(call)
        if page["cursor"]:
            call.output.say(f"There is more; go on with --cursor {page['cursor']}")


@app.command()
def search(
    context: typer.Context,
    words: Annotated[str, typer.Argument(help="Beginnings of words: of the title, brand, category, tags, SKU or GTIN.")] = "",
    merchant: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    brand: str = "",
    category: Annotated[str, typer.Option(help='It and what is below it, such as "Bath > Soap".')] = "",
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Leave out what is sold out.")] = False,
    lowest: Annotated[int | None, typer.Option(help="Lowest price, in minor units such as cents.")] = None,
    highest: Annotated[int | None, typer.Option(help="Highest price, in minor units.")] = None,
    earns: Annotated[int | None, typer.Option(help="What one piece brings you at least, in minor units.")] = None,
    order: Annotated[str, typer.Option(help="best, cheap, dear or earns.")] = "best",
    limit: int = 24,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
    currency: Annotated[str, typer.Option(help="Only what is sold in it, such as EUR.")] = "",
) -> None:
    """Search every merchant's catalog, also offline. Example: gemstra catalog search "rose soap" --in-stock --order earns"""
    call = call_of(context)
    asked = {"merchant": merchant, "lowest": lowest, "highest": highest, "earns": earns}
    with reported():
        page = call.client.get(
            "/catalog/search",
            q=words,
            brand=brand,
            category=category,
            in_stock="true" if in_stock else "false",
            order=order,
            limit=limit,
            cursor=cursor,
            currency=currency,
            **{name: value for name, value in asked.items() if value is not None},
        )
        columns = ("title", "brand", "merchant_name", "price", "currency", "earns", "stock", "refusal", "product")
        call.output.show(page if call.output.as_json else page["listings"], columns)
        for note in page["notes"]:
            call.output.say(note)
        _tell_building(call)
        if page["cursor"]:
            call.output.say(f"{'More than ' if page['many'] else ''}{page['total']} found; go on with --cursor {page['cursor']}")


@app.command()
def compare(context: typer.Context, code: Annotated[str, typer.Argument(help="The number under the bar code.")]) -> None:
    """Who sells the product with this GTIN, the lowest price first. Example: gemstra catalog compare 4006381333931"""
    call = call_of(context)
    with reported():
        found = call.client.get(f"/catalog/compare/{code}")
        call.output.show(found, ("merchant_name", "title", "price", "currency", "earns", "stock", "refusal", "product"))
        _tell_building(call)


@app.command()
def choices(
    context: typer.Context,
    brand: Annotated[str, typer.Option(help="How it begins.")] = "",
    category: Annotated[str, typer.Option(help="How it begins.")] = "",
) -> None:
    """Brands, categories and currencies to search in."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/catalog/choices", brand=brand, category=category))


@app.command()
def show(
    context: typer.Context,
    product: str,
    merchant: Annotated[str, typer.Option(help="As this merchant sells it; empty: whoever has it cheapest.")] = "",
    language: Annotated[str, typer.Option(help="The language of its texts, such as de, where it has them.")] = "",
) -> None:
    """One product in full: texts, what each SKU costs you now, who else sells it. Example: gemstra catalog show 3f0c… --language de"""
    call = call_of(context)
    with reported():
        asked = {"merchant": merchant} if merchant else {}
        found = call.client.get(f"/catalog/products/{product}", language=language, **asked)
        if call.output.as_json:
            call.output.show(found)
            return
        parts = {name: found.pop(name) for name in _SHEET}
        call.output.show({name: value for name, value in found.items() if value not in ("", [], None)})
        for name, columns in _SHEET.items():
            if parts[name]:
                call.output.say(f"\n{name.capitalize()}:")
                call.output.show(parts[name], columns)


@app.command()
def offers(
    context: typer.Context,
    purchasable: Annotated[bool, typer.Option(help="Leave out what cannot be ordered now.")] = False,
    after: Annotated[str, typer.Option(help="Go on behind this SKU.")] = "",
    limit: int = 50,
) -> None:
    """SKUs with their prices, in SKU order. Example: gemstra catalog offers --purchasable"""
    call = call_of(context)
    with reported():
        found = call.client.get("/catalog/offers", purchasable="true" if purchasable else "false", after=after, limit=limit)
        _tell_building(call)
        call.output.show(found, ("sku", "title", "price", "currency", "stock"))


@app.command()
def withdraw(context: typer.Context, handle: str, reason: Annotated[str, typer.Option(help="Read by everybody who offers it.")]) -> None:
    """Recall a product of yours: nobody sells it from now on. Example: gemstra catalog withdraw serum --reason 'The glass may splinter'."""
    call = call_of(context)
    with reported():
        call.confirm(f"Withdraw {handle}? Every offer of it stops.")
        call.output.show(call.client.post("/catalog/withdrawals", handle=handle, reason=reason))


@app.command()
def allow(context: typer.Context, handle: str) -> None:
    """Let a withdrawn product be sold again."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/catalog/withdrawals/allow", handle=handle))


@app.command()
def withdrawals(context: typer.Context, search: Annotated[str, typer.Argument(help="Words; empty: all.")] = "") -> None:
    """What you have withdrawn, and why."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/catalog/withdrawals", search=search), ("handle", "title", "reason", "at"))
