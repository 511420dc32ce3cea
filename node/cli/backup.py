"""Backups: where they go."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of, read_secret
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Backups: where they go.")
targets = typer.Typer(no_args_is_help=True, help="The places your backups go to.")
app.add_typer(targets, name="targets")
_COLUMNS = ("name", "kind", "where", "bucket", "every_hours", "keeps_old_versions", "target")


@targets.command()
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="folder, disk, webdav or s3.")],
    where: Annotated[
        str, typer.Argument(help="A folder, the https address of a WebDAV folder, or of an S3 service (none: Amazon's).")
    ] = "",
    name: Annotated[str, typer.Option(help="What you call it.")] = "",
    user: Annotated[str, typer.Option(help="The user's name, or the access key.")] = "",
    bucket: Annotated[str, typer.Option(help="The bucket.")] = "",
    region: Annotated[str, typer.Option(help="Its region.")] = "",
    prefix: Annotated[str, typer.Option(help="A folder in it.")] = "",
    secret_fd: Annotated[int | None, typer.Option("--secret-fd", help="Read password or secret key from this file descriptor.")] = None,
) -> None:
    """Have backups go somewhere, once it was tested. Example: gemstra backup targets add disk /media/ana/blue/gemstra --name Blue"""
    call = call_of(context)
    with reported():
        local = kind in ("folder", "disk")
        secret = "" if local else read_secret(call, secret_fd, "Password" if kind == "webdav" else "Secret access key")
        place = str(Path(where).expanduser().absolute()) if local and where else where
        given = {"name": name, "user": user, "bucket": bucket, "region": region, "prefix": prefix}
        call.output.show(call.client.post_once("/backup/targets", kind=kind, where=place, secret=secret, **given))


@targets.command(name="list")
def list_(context: typer.Context) -> None:
    """Where your backups go."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/backup/targets"), _COLUMNS)


@targets.command()
def show(context: typer.Context, target: str) -> None:
    """One of them, with how often and how many."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/backup/targets/{target}"))


@targets.command()
def test(context: typer.Context, target: str) -> None:
    """Write to it, read from it, delete from it."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once(f"/backup/targets/{target}/test"))


@targets.command()
def change(
    context: typer.Context,
    target: str,
    name: Annotated[str | None, typer.Option(help="What you call it.")] = None,
    every_hours: Annotated[int | None, typer.Option(help="Hours between backups; 0 for by hand only.")] = None,
    after_changes: Annotated[int | None, typer.Option(help="So many changes make one due sooner; 0 for never.")] = None,
    keep_last: Annotated[int | None, typer.Option(help="How many of the newest stay.")] = None,
    keep_daily: Annotated[int | None, typer.Option(help="For how many days the last of the day stays.")] = None,
    keep_weekly: Annotated[int | None, typer.Option(help="For how many weeks the last of the week stays.")] = None,
    keep_monthly: Annotated[int | None, typer.Option(help="For how many months the last of the month stays.")] = None,
) -> None:
    """Say how often backups go there and how many stay. Example: gemstra backup targets change 3f0c… --every-hours 12"""
    call = call_of(context)
    with reported():
        given = {
            "name": name,
            "every_hours": every_hours,
            "after_changes": after_changes,
            "keep_last": keep_last,
            "keep_daily": keep_daily,
            "keep_weekly": keep_weekly,
            "keep_monthly": keep_monthly,
        }
        call.output.show(call.client.post(f"/backup/targets/{target}", **given))


@targets.command()
def remove(context: typer.Context, target: str) -> None:
    """Send no more backups there. What lies there stays."""
    call = call_of(context)
    with reported():
        call.confirm("Send no more backups there?")
        call.output.show(call.client.post(f"/backup/targets/{target}/remove"))
