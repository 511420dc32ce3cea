"""The picture of a customer: put there, saved to a file, taken away; a command of the group `customers`."""

import base64
from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.cli.upload import send_file
from node.errors import UserError


def add(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command()(photo)


def photo(
    context: typer.Context,
    customer: str,
    file: Annotated[Path | None, typer.Argument(help="A JPEG, PNG or WebP of up to 5 MB.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write the picture there instead.")] = None,
    remove: Annotated[bool, typer.Option(help="Take the picture away.")] = False,
) -> None:
    """Put a picture to a customer. Example: gemstra customers photo 3f0c… mia.jpg"""
    call, path = call_of(context), f"/customers/{customer}/photo"
    with reported():
        if (file is not None) + (save is not None) + remove != 1:
            raise UserError("Say one of: a FILE to put there, --save FILE, or --remove.", code="bad-request")
        if file is not None:
            call.output.show(send_file(call, path, file))
        elif save is not None:
            found = call.client.get(path)
            try:
                save.write_bytes(base64.b64decode(found["content"]))
            except OSError as error:
                raise UserError(f"{save} cannot be written: {error.strerror}.", code="file-unwritable") from error
            call.output.show({"saved": str(save), "type": found["type"]})
        else:
            call.output.show(call.client.delete(path))
