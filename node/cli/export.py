"""`gemstra export`: everything here as a file, without any key of ours."""

import os
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from node.cli.client import Client
from node.cli.context import Call, call_of
from node.cli.output import reported
from node.errors import ConflictError, UserError

SECONDS = 600.0


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Where to; `-` for stdout.")],
    form: Annotated[str, typer.Option("--format", help="json (everything), csv or vcard.")] = "json",
    kind: Annotated[str, typer.Option(help="One kind only, such as customer, order, commission.")] = "",
    force: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
) -> None:
    """Take everything away: customers, orders, team, commissions, grants, ledger. Example: gemstra export all.jsonl"""
    call = call_of(context)
    with reported():
        if file == "-":
            Client(call.data, timeout=SECONDS).download("/export", sys.stdout.buffer.write, form=form, kind=kind)
            sys.stdout.flush()
            return
        call.output.show({"file": file, "bytes": to_file(call, Path(file), "/export", force=force, form=form, kind=kind)})


def to_file(call: Call, path: Path, source: str, *, force: bool, **query: str) -> int:
    """What the API answers at `source`, written beside the file first, for its owner only, and put in place when it is whole."""
    if path.exists() and not force:
        raise ConflictError(f"{path} is there already. Choose another name, or say --force.", code="file-exists")
    part, done = path.with_name(path.name + ".part"), 0
    shown = sys.stderr.isatty() and not call.output.quiet and not call.output.as_json
    try:
        sink = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", code="file-unwritable") from error
    try:
        with sink:

            def take(piece: bytes) -> None:
                nonlocal done
                _write(sink, piece, path)
                done += len(piece)
                if shown:
                    sys.stderr.write(f"\r{path.name}  {done >> 10:,} KB")

            Client(call.data, timeout=SECONDS).download(source, take, **query)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        if shown:
            sys.stderr.write("\n")
    return done


def _write(sink: BinaryIO, piece: bytes, path: Path) -> None:
    try:
        sink.write(piece)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", code="file-unwritable") from error
