"""Notes of what was said with a customer."""

import sys
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="What was said with customers. A note counts as contact.")


@app.command()
def add(
    context: typer.Context,
    customer: str,
    text: Annotated[str, typer.Argument(help="- reads it from standard input, where no other program sees it.")],
    channel: Annotated[str, typer.Option(help="call, message, visit or other.")] = "other",
    direction: Annotated[str, typer.Option(help='out (you to them), in (they to you), or "" (neither).')] = "out",
    at: Annotated[int, typer.Option(help="When it was, in milliseconds since 1970; 0 = now.")] = 0,
) -> None:
    """Note what was said. Example: gemstra note add 3f0c… "She wants the serum again" --channel call"""
    call = call_of(context)
    with reported():
        words = sys.stdin.read() if text == "-" else text
        body = {"text": words, "channel": channel, "direction": direction, "at": at}
        call.output.show(call.client.post(f"/customers/{customer}/notes", **body))


@app.command(name="list")
def list_(context: typer.Context, customer: str, limit: int = 50) -> None:
    """What was said with a customer, the latest first."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/customers/{customer}/notes", limit=limit), ("at", "channel", "direction", "text", "id"))


@app.command()
def remove(context: typer.Context, note: str) -> None:
    """Take a note away; `gemstra note undo` brings it back for a day."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/notes/{note}/remove"))


@app.command()
def undo(context: typer.Context, note: str) -> None:
    """Bring a note back."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/notes/{note}/undo"))
