"""Backups: where they go, making and trying them, how they went."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of, read_secret
from node.cli.output import reported
from node.errors import IntegrityError, NotFound, Unavailable, UserError

app = typer.Typer(no_args_is_help=True, help="Backups: where they go, making and trying them.")
targets = typer.Typer(no_args_is_help=True, help="The places your backups go to.")
app.add_typer(targets, name="targets")
_RUNS = ("name", "state", "number", "began", "bytes", "drill", "code", "text")
_STEPS = {"backup": "Backing up", "drill": "Trying it"}
_LOOK_SECONDS = 0.3
_COLUMNS = ("name", "kind", "where", "bucket", "every_hours", "same_disk", "keeps_old_versions", "target")


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


@app.command()
def now(
    context: typer.Context,
    target: Annotated[str | None, typer.Option(help="Only there; else everywhere.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
) -> None:
    """Back up now, and try the backup; a place that fails does not keep the others from it. Example: gemstra backup now"""
    call = call_of(context)
    with reported():
        chosen = [target] if target else [row["target"] for row in call.client.get("/backup/targets")]
        if not chosen:
            raise NotFound("Your backups go nowhere yet. Choose a place with: gemstra backup targets add", code="no-target")
        ended = []
        for each in chosen:
            call.client.post_once(f"/backup/targets/{each}/run")
            if wait or each != chosen[-1]:
                ended.append(_ended(call, each))
        if wait:
            call.output.show(ended, _RUNS)
        for run in ended:
            _judge(run)


@app.command()
def drill(context: typer.Context, target: str) -> None:
    """Try the newest backup: restore it into a copy, compare, throw the copy away."""
    call = call_of(context)
    with reported():
        call.client.post_once(f"/backup/targets/{target}/drill")
        run = _ended(call, target)
        call.output.show(run)
        _judge(run)


@app.command()
def stop(context: typer.Context) -> None:
    """End the backup or drill that runs. What it put is used when it goes on."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/backup/stop"))


@app.command(name="list")
def runs(
    context: typer.Context,
    target: Annotated[str | None, typer.Option(help="Only there.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
) -> None:
    """How the latest backups went."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/backup/runs", target=target, limit=limit), _RUNS)


@app.command(name="restore-customer")
def restore_customer(
    context: typer.Context,
    customer: str,
    target: Annotated[str | None, typer.Option(help="From there; needed where backups go to several places.")] = None,
    number: Annotated[int, typer.Option(help="From an earlier backup; 0 = the newest.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Put one customer back as a backup has it. Example: gemstra backup restore-customer 3f0c… --dry-run"""
    call = call_of(context)
    with reported():
        places = [target] if target else [row["target"] for row in call.client.get("/backup/targets")]
        if len(places) != 1:
            raise UserError("Say which place: gemstra backup targets list, then --target", code="needs-target")
        path = f"/backup/targets/{places[0]}/customers/{customer}"
        then = call.client.get(path, number=number)
        if dry_run or not (then["fields"] or then["missing"]):
            call.output.show(then)
            return
        changes = [f"{row['field']}: {row['now']!r} → {row['then']!r}" for row in then["fields"]]
        changes += [f"{row['rows']} of {row['table']} come back" for row in then["missing"]]
        call.output.say(f"{then['name']}, as backup {then['number']} has it:\n" + "\n".join(changes))
        call.confirm("Put the customer back?")
        call.output.show(call.client.post_once(path, number=number))


def _ended(call: Call, target: str) -> dict[str, Any]:
    """The newest run there, once nothing is done any more; until then it tells how far it is."""
    said = ""
    while (seen := call.client.get("/backup/progress"))["doing"] != "nothing":
        moved = seen["put_bytes"] if seen["doing"] == "backup" else seen["got_bytes"]
        part = f", {100 * seen['done'] // seen['total']} %" if seen["total"] else ""
        text = f"{_STEPS[seen['doing']]}: {seen['name']}, {-(-moved // 1000):,} kB{part}"
        if text != said:
            call.output.say(text)
            said = text
        time.sleep(_LOOK_SECONDS)
    run: dict[str, Any] = call.client.get("/backup/runs", target=target, limit=1)[0]
    return run


def _judge(run: dict[str, Any]) -> None:
    """Raises what the run says: that it failed, or that the drill found a difference."""
    if run["state"] == "failed":
        raise Unavailable(run["text"], code=run["code"])
    if run["drill"] == "different":
        raise IntegrityError(run["drill_text"], code=run["drill_code"])
