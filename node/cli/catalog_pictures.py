"""Pictures of products: what is here, fetching ahead, a merchant's own; the group `catalog pictures`."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.cli.upload import send_file

app = typer.Typer(no_args_is_help=True, help="Pictures of products: kept here, never shown from a shop's server.")


@app.command()
def state(context: typer.Context) -> None:
    """How many there are, what is under way, what did not come and why. Example: gemstra catalog pictures state"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/catalog/pictures"))


@app.command()
def fetch(context: typer.Context) -> None:
    """A merchant: fetch what your products name by address, in the background. A seller: small pictures ahead."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/catalog/pictures/fetch"))
        call.output.say("It goes on by itself; see how far it is with: gemstra catalog pictures state")


@app.command()
def retry(
    context: typer.Context, url: Annotated[str, typer.Argument(help="The address that did not work; without it all of them.")] = ""
) -> None:
    """Try again now what did not come from its address; by itself it is tried later. Example: gemstra catalog pictures retry"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/catalog/pictures/retry", url=url))


@app.command()
def stop(context: typer.Context) -> None:
    """End fetching from addresses. What is signed stays so."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/catalog/pictures/stop"))


@app.command()
def clear(context: typer.Context) -> None:
    """Take away what was fetched from others. It comes again when it is looked at."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/catalog/pictures/clear"))


@app.command()
def add(
    context: typer.Context,
    product: str,
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP of up to 5 MB.")],
    alt: Annotated[str, typer.Option(help="What it shows, for people who cannot see it.")] = "",
) -> None:
    """Put a picture first among those of a product of yours, signed. Example: gemstra catalog pictures add 3f0c… serum.jpg"""
    call = call_of(context)
    with reported():
        call.output.show(send_file(call, f"/catalog/products/{product}/pictures", file, alt=alt))


@app.command()
def remove(context: typer.Context, product: str, picture: Annotated[str, typer.Argument(help="Its hash (see `catalog show`).")]) -> None:
    """Take a picture away from a product of yours, signed."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.delete(f"/catalog/products/{product}/pictures/{picture}"))
