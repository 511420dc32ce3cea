"""Files of customers: import (with a look first), imports, undo, mappings; commands of the group `customers`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.client import Client
from node.cli.context import Call, call_of
from node.cli.files_waiting import columns_of, rows_of, size_of, waiting_id, watched, write_errors, write_lines
from node.cli.output import reported
from node.cli.upload import ANSWER_SECONDS, send_file
from node.errors import UserError

_ROW = ("row", "name", "detail", "outcome", "action", "why")


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command(name="import")(import_)
    app.command()(waiting)
    app.command()(imports)
    app.command()(undo)
    app.command()(columns)
    app.command()(mappings)


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A vCard or CSV file, or the id of one that waits.")],
    region: Annotated[str, typer.Option(help="Country of phone numbers without a country code, e.g. DE.")] = "US",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would become of each row; the file waits, nobody is written.")
    ] = False,
    map_: Annotated[list[str] | None, typer.Option("--map", help='What a column holds: "Title=field"; "Title=" leaves it out.')] = None,
    mapping: Annotated[str, typer.Option(help="Columns as remembered under this id (see mappings).")] = "",
    match: Annotated[list[str] | None, typer.Option(help="What makes two the same: who (name and address), email, phone.")] = None,
    found: Annotated[str, typer.Option(help="A customer who is here already: update, skip or new.")] = "update",
    twins: Annotated[str, typer.Option(help="Rows of the file that are alike: new, merge or skip.")] = "new",
    decide: Annotated[list[str] | None, typer.Option(help='One row: "12=new", "12=skip", "12=merge" or "12=<customer>".')] = None,
    errors: Annotated[Path | None, typer.Option(help="Write the rows that failed here, each with its reason.")] = None,
) -> None:
    """Take over a contacts file (vCard or CSV). Example: gemstra customers import contacts.vcf --region ES --dry-run"""
    call = call_of(context)
    with reported():
        staged = waiting_id(file) or send_file(call, "/customers/import", Path(file), region=region, size=size_of(file))["id"]
        columns = columns_of(map_ or [], mapping, lambda: call.client.get("/customers/mappings"), "gemstra customers mappings")
        if columns:
            call.client.post_once(f"/customers/import/{staged}/columns", fields=columns)
        if match or found != "update" or twins != "new":
            call.client.post(f"/customers/import/{staged}/rules", found=found, twins=twins, **({"match_by": match} if match else {}))
        for text in decide or []:
            call.client.post(f"/customers/import/{staged}/rows", **_decision(call, staged, text))
        if errors is not None:
            write_errors(call, f"/customers/import/{staged}/errors", errors)
        if dry_run:
            _preview(call, staged)
        else:
            done = _applied(call, staged)
            for fault in done["errors"]:
                call.output.say(f"Row {fault['row']}: {fault['reason']}")
            if not call.output.as_json:
                brought = _besides(done.pop("brought"))
                done = {name: value for name, value in done.items() if name != "errors"} | ({"brought": brought} if brought else {})
            call.output.show(done)


def _decision(call: Call, staged: str, text: str) -> dict[str, Any]:
    number, _, action = text.partition("=")
    row = next((row for row in rows_of(call, f"/customers/import/{staged}") if str(row["row"]) == number.strip()), None)
    if row is None:
        raise UserError(f"This file has no row {number}.", code="bad-request")
    if action in {"new", "skip", "merge", "update"}:
        return {"number": row["number"], "action": action}
    return {"number": row["number"], "action": "update", "customer": action}


def _preview(call: Call, staged: str) -> None:
    """Every row: JSON one a line, or a table."""
    if call.output.as_json:
        write_lines(rows_of(call, f"/customers/import/{staged}"))
        return
    call.output.show([{**row, "why": _why(row)} for row in rows_of(call, f"/customers/import/{staged}")], _ROW)
    view = call.client.get(f"/customers/import/{staged}")
    counts = ", ".join(f"{view[name]} {name}" for name in ("new", "update", "known", "duplicate", "error"))
    customers = f"{view['writes']} customer{'' if view['writes'] == 1 else 's'} would be written"
    call.output.say(f"{_rows_of(view['rows'])}: {counts}. {customers}, {_rows_of(view['skipped'])} left out.")
    if beside := _besides(view["besides"]):
        call.output.say(f"With them: {beside}, as far as they are not here. What was signed comes back from a backup or from peers.")
    if view["state"] == "columns":
        call.output.say(f"Its columns are guessed; see them with: gemstra customers columns {view['id']}")
    call.output.say(f"Nobody is written yet. Take it over with: gemstra customers import {view['id']}")


def _besides(counts: dict[str, int]) -> str:
    """What comes beside customers: "1 note, 2 follow-ups"."""
    words = {"notes": "note", "tasks": "follow-up", "segments": "segment", "rules": "rule"}
    return ", ".join(f"{count} {words[name]}{'' if count == 1 else 's'}" for name, count in counts.items() if count)


def _rows_of(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _why(row: dict[str, Any]) -> str:
    parts = [*row["problems"]]
    parts += [f"{change['field']}: {change['before']} → {change['after']}" for change in row["changes"]]
    if row["twin"]:
        parts.append(f"like row {row['twin']}")
    if row["candidates"]:
        parts.append("could be " + " or ".join(f"{person['name']} ({person['id'][:8]}…)" for person in row["candidates"]))
    return "; ".join(part.rstrip(".") for part in parts)


def _applied(call: Call, staged: str) -> dict[str, Any]:
    return watched(
        call,
        lambda: Client(call.data, timeout=ANSWER_SECONDS).post_once(f"/customers/import/{staged}/apply"),
        lambda: call.client.get(f"/customers/import/{staged}/progress"),
        lambda: call.client.post_once(f"/customers/import/{staged}/stop"),
    )


def waiting(
    context: typer.Context, drop: Annotated[str, typer.Option(help="Discard this one, and stop what is done with it.")] = ""
) -> None:
    """Files that wait for your word. Example: gemstra customers waiting --drop 3f0c…"""
    call = call_of(context)
    with reported():
        if drop:
            call.output.show(call.client.post_once(f"/customers/import/{drop}/stop"))
        else:
            call.output.show(call.client.get("/customers/import"), ("name", "state", "rows", "new", "update", "duplicate", "error", "id"))


def imports(context: typer.Context) -> None:
    """The latest imports."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/imports"), ("name", "created", "updated", "known", "undone", "id"))


def undo(
    context: typer.Context,
    import_id: str,
    leave: Annotated[bool, typer.Option("--leave", help="Those changed or ordered for since stay; undo the others.")] = False,
) -> None:
    """Take an import back. Example: gemstra customers undo 3f0c…"""
    call = call_of(context)
    with reported():
        if not leave:
            plan = call.client.get(f"/customers/imports/{import_id}/undo")
            for item in plan["touched"]:
                call.output.say(f"{item['name']}: {item['how']} since ({item['id']})")
        call.output.show(call.client.post(f"/customers/imports/{import_id}/undo", leave=leave))


def columns(context: typer.Context, waiting_id: Annotated[str, typer.Argument(help="A table that waits (see waiting).")]) -> None:
    """What the columns of a table are taken for, with samples. Example: gemstra customers columns 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/customers/import/{waiting_id}/columns"), ("title", "field", "samples"))


def mappings(
    context: typer.Context, forget: Annotated[str, typer.Option(help="Forget this one: tables like it are asked about again.")] = ""
) -> None:
    """Tables whose columns are remembered. Example: gemstra customers mappings"""
    call = call_of(context)
    with reported():
        if forget:
            call.output.show(call.client.post(f"/customers/mappings/{forget}/forget"))
        else:
            call.output.show(call.client.get("/customers/mappings"), ("name", "columns", "id"))
