"""Brands: what shops may pay on a brand's products, and a shop's offers of them."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Brands and their products: bounds, and what shops offer.")
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


@app.command()
def products(context: typer.Context, search: Annotated[str, typer.Argument(help="Words; empty: all.")] = "") -> None:
    """What your brands have, and what of it you offer (shops)."""
    call = call_of(context)
    with reported():
        columns = ("title", "brand_name", "skus", "suggested", "currency", "bounds", "offered", "withdrawn", "product")
        call.output.show(call.client.get("/brand/products", search=search), columns)


@app.command()
def offer(
    context: typer.Context,
    product: str,
    price: Annotated[list[str], typer.Option(help="SKU=PRICE in minor units; repeat it.")],
    under: Annotated[str, typer.Option(help="The name of the brand's bounds; empty: the first that your plan keeps.")] = "",
    stock: Annotated[str, typer.Option(help="in_stock, low, out or unknown.")] = "in_stock",
    only: Annotated[bool, typer.Option("--only", help="Its other SKUs are offered no more.")] = False,
) -> None:
    """Offer a brand's product under your own plan (shops). Example: gemstra brand offer 3f0c… --price CREAM-50=5200"""
    call = call_of(context)
    with reported():
        prices = []
        for item in price:
            sku, _, amount = item.rpartition("=")
            if not sku or not amount.isdecimal():
                raise typer.BadParameter(f"{item!r} is not SKU=PRICE, such as CREAM-50=5200")
            prices.append({"sku": sku, "price": int(amount)})
        found = call.client.post("/brand/offers", product=product, prices=prices, bounds=under, stock=stock, only=only)
        call.output.show(found, ("sku", "title", "price", "currency", "bounds"))


@app.command()
def offers(context: typer.Context) -> None:
    """Offers of brands' products, and why one can't be sold now."""
    call = call_of(context)
    with reported():
        call.output.show(
            call.client.get("/brand/offers"), ("sku", "title", "brand_name", "price", "currency", "stock", "bounds", "refusal")
        )


@app.command()
def stop(context: typer.Context, product: str) -> None:
    """Take back your offers of a brand's product (shops)."""
    call = call_of(context)
    with reported():
        call.output.show({"stopped": call.client.post("/brand/offers/stop", product=product)})


@app.command()
def figures(context: typer.Context, period: Annotated[str, typer.Option(help="A month such as 2026-11; empty: all.")] = "") -> None:
    """What months came to, by product; nothing below five is told. Example: gemstra brand figures --period 2026-11"""
    call = call_of(context)
    with reported():
        found = call.client.get("/brand/figures", period=period)
        shops = {item["merchant"]: item["merchant_name"] for item in found}
        alike = ("merchant",) if len({*shops.values()}) < len(shops) else ()  # names may be those of several
        call.output.show(found, ("period", "merchant_name", *alike, "handle", "units", "returns", "sellers", "regions"))


@app.command()
def tell(context: typer.Context, period: Annotated[str, typer.Option(help="A month that is over; empty: the last.")] = "") -> None:
    """Tell your brands now what a month came to (shops); by itself that happens two weeks after it has ended."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/brand/figures", period=period), ("period", "brand_name", "products"))
