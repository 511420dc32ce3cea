"""Files of customers: import, imports, undo; commands of the group `customers`."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.cli.upload import send_file


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command(name="import")(import_)
    app.command()(imports)
    app.command()(undo)


def import_(
    context: typer.Context,
    file: Path,
    region: Annotated[str, typer.Option(help="Country of phone numbers without a country code, e.g. DE.")] = "US",
) -> None:
    """Take over a contacts file (vCard or CSV). Example: gemstra customers import contacts.vcf --region ES"""
    call = call_of(context)
    with reported():
        done = send_file(call, "/customers/import", file, region=region)
        for fault in done["errors"]:
            call.output.say(f"Row {fault['row']}: {fault['reason']}")
        call.output.show(done if call.output.as_json else {name: value for name, value in done.items() if name != "errors"})


def imports(context: typer.Context) -> None:
    """The latest imports."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/imports"), ("name", "created", "updated", "known", "undone", "id"))


def undo(context: typer.Context, import_id: str) -> None:
    """Take an import back. Example: gemstra customers undo 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/imports/{import_id}/undo"))
