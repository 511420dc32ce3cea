"""What changed in the catalogs of your merchants."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported, when

COLUMNS = ("when", "merchant_name", "title", "name", "kind", "old", "new", "currency", "note")


def add(app: typer.Typer) -> None:
    """Its command under `gemstra catalog`."""
    app.command()(changes)


def changes(
    context: typer.Context,
    since: Annotated[
        str, typer.Option(help="yesterday, today, seen, a day such as 2026-11-26, or a span such as 48h or 7d.")
    ] = "yesterday",
    merchant: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    kind: Annotated[str, typer.Option(help="One kind, or several with commas, such as cheaper,dearer.")] = "",
    limit: int = 100,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
    seen: Annotated[bool, typer.Option("--seen", help="Afterwards `--since seen` goes on from now.")] = False,
) -> None:
    """What changed in your merchants' catalogs, also offline. Example: gemstra catalog changes --since 48h --kind cheaper"""
    call = call_of(context)
    asked = {"since": since, "kind": kind, "limit": limit, "cursor": cursor} | ({"merchant": merchant} if merchant else {})
    with reported():
        page = call.client.get("/catalog/changes", **asked)
        call.output.show(page if call.output.as_json else [{**item, "when": when(item["at"])} for item in page["changes"]], COLUMNS)
        for item in page["noted"]:
            call.output.say(f"Changes of {item['merchant_name']} are noted since {when(item['at'])}: what was before is not known here.")
        if page["cursor"]:
            call.output.say(f"There is more; go on with --cursor {page['cursor']}")
        if seen:
            call.client.post("/catalog/changes/seen")
