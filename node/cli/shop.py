"""A shop's terms: taxes, the flat price of sending, how long a quote holds."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Your shop's terms (merchants).")


@app.command()
def terms(
    context: typer.Context,
    tax: Annotated[list[str] | None, typer.Option(help="CLASS=PERCENT, for example standard=19; once for each class.")] = None,
    shipping: Annotated[int | None, typer.Option(help="What sending costs where goods have no profile, in minor units.")] = None,
    minutes: Annotated[int | None, typer.Option(help="How long a quote holds.")] = None,
    words: Annotated[Path | None, typer.Option(help="A text file with your terms.")] = None,
) -> None:
    """Show the terms, or set those that are given. Example: gemstra shop terms --tax standard=19 --tax reduced=7 --shipping 490"""
    call = call_of(context)
    with reported():
        found = call.client.get("/shop/terms")
        if tax or shipping is not None or minutes is not None or words is not None:
            wanted = {
                "taxes": [_class(item) for item in tax] if tax else found["taxes"],
                "shipping": found["shipping"] if shipping is None else shipping,
                "quote_minutes": found["quote_minutes"] if minutes is None else minutes,
                "terms": found["terms"] if words is None else _text(words),
            }
            found = call.client.post("/shop/terms", **wanted)
        call.output.show(found)


def _class(text: str) -> dict[str, object]:
    """A class with its rate in basis points, at most two places after the point."""
    name, _, rate = text.partition("=")
    whole, _, part = rate.strip().removesuffix("%").strip().replace(",", ".").partition(".")
    if not name.strip() or not whole.isdecimal() or not (part == "" or part.isdecimal()) or len(part) > 2:
        raise UserError(f"{text}: say a class and a percentage, for example standard=19 or reduced=5.5", code="bad-tax")
    return {"name": name.strip(), "bps": int(whole) * 100 + int(part.ljust(2, "0"))}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as text: {error}.", code="bad-file") from error
