"""Product files: import (with a look first), columns, batches and taking one back; commands of the group `catalog`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.client import Client
from node.cli.context import Call, call_of
from node.cli.export import SECONDS, to_file
from node.cli.files_waiting import columns_of, rows_of, size_of, waiting_id, watched, write_errors, write_lines
from node.cli.output import reported
from node.cli.upload import ANSWER_SECONDS, send_file
from node.errors import UserError

_KINDS = ("new", "price", "stock", "changed", "withdrawn", "same", "error", "left")
_WORDS = {
    "new": "new", "price": "price changes", "stock": "stock changes", "changed": "changed", "withdrawn": "withdrawn", "same": "unchanged",
    "error": "not sold", "left": "left out",
}  # fmt: skip
_ROW = ("row", "name", "sku", "outcome", "why")


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command(name="import")(import_)
    app.command()(waiting)
    app.command()(columns)
    app.command()(mappings)
    app.command()(batches)
    app.command()(rollback)
    app.command()(export)
    app.command()(watch)
    app.command()(places)


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A product file, or the id of one that waits.")],
    currency: Annotated[str, typer.Option(help="Of its prices, where the file names none; without it your catalog's.")] = "",
    replace: Annotated[bool | None, typer.Option("--replace/--keep", help="Take away what the file does not have, or leave it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; the file waits, nothing is signed.")] = False,
    only: Annotated[str, typer.Option(help="With --dry-run: only new, price, stock, changed, withdrawn, same, error or left.")] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help='What a column holds: "Title=field"; "Title=field!": an empty cell clears it; "Title=" leaves it out.'),
    ] = None,
    mapping: Annotated[str, typer.Option(help="Columns as remembered under this id (see mappings).")] = "",
    skip: Annotated[list[int] | None, typer.Option(help="Leave the product out that begins in this row.")] = None,
    take: Annotated[list[int] | None, typer.Option(help="Take the product in again that was left out.")] = None,
    errors: Annotated[Path | None, typer.Option(help="Write the rows that are not sold here, each with its reason.")] = None,
) -> None:
    """Sign what a product file changes: Shopify, WooCommerce, Google, JSON-LD, a table. Example: gemstra catalog import products.csv"""
    call = call_of(context)
    with reported():
        staged = waiting_id(file)
        if not staged:
            sent = {"currency": currency, "replace": "true" if replace else "false", "size": size_of(file)}
            staged = send_file(call, "/catalog/import", Path(file), **sent)["id"]
        elif replace is not None:
            call.client.post_once(f"/catalog/import/{staged}/compare", replace=replace)
        fields = columns_of(map_ or [], mapping, lambda: call.client.get("/catalog/mappings"), "gemstra catalog mappings")
        if fields:
            call.client.post_once(f"/catalog/import/{staged}/columns", fields=fields)
        _decide(call, staged, dict.fromkeys(skip or (), False) | dict.fromkeys(take or (), True))
        if errors is not None:
            write_errors(call, f"/catalog/import/{staged}/errors", errors)
        if dry_run:
            _preview(call, staged, only)
            return
        for row in rows_of(call, f"/catalog/import/{staged}", outcome="error"):
            call.output.say(f"Row {row['row']} is not for sale: {row['reason']}")
        done = watched(
            call,
            lambda: Client(call.data, timeout=ANSWER_SECONDS).post_once(f"/catalog/import/{staged}/apply"),
            lambda: call.client.get(f"/catalog/import/{staged}/progress"),
            lambda: call.client.post_once(f"/catalog/import/{staged}/stop"),
        )
        call.output.show(done)
        call.output.say(f"Take it back with: gemstra catalog rollback {done['batch']}")


def _decide(call: Call, staged: str, wanted: dict[int, bool]) -> None:
    """Rows as the file counts them → whether the product that begins there is taken."""
    left = dict(wanted)
    for row in rows_of(call, f"/catalog/import/{staged}") if wanted else ():
        if row["row"] in left:
            call.client.post(f"/catalog/import/{staged}/rows", number=row["number"], take=left.pop(row["row"]))
    if left:
        raise UserError(f"No product begins in row {min(left)}. See them with --dry-run.", code="bad-request")


def _preview(call: Call, staged: str, only: str) -> None:
    """Every product and row: JSON one a line, or a table."""
    if call.output.as_json:
        write_lines(rows_of(call, f"/catalog/import/{staged}", outcome=only))
        return
    view = call.client.get(f"/catalog/import/{staged}")
    if view["state"] == "columns":
        call.output.say(f"Its columns are unknown; see them with: gemstra catalog columns {staged}")
        call.output.say('Then say them: gemstra catalog import ID --map "Title=field"')
        return
    call.output.show([{**row, "why": _why(row)} for row in rows_of(call, f"/catalog/import/{staged}", outcome=only)], _ROW)
    words = {name: word.removesuffix("s") if view[name] == 1 else word for name, word in _WORDS.items()}
    counts = ", ".join(f"{view[name]} {words[name]}" for name in _KINDS if view[name])
    if view["promotions"]:
        counts += f", {view['promotions']} {'promotion' if view['promotions'] == 1 else 'promotions'} new"
    call.output.say(f"{counts or 'Nothing'}. Prices in {view['currency']}. Nothing is signed yet.")
    if view["writes"]:
        call.output.say(f"Sign it with: gemstra catalog import {view['id']}")
    else:
        call.output.say("Nothing would change: there is nothing to sign.")


def _why(row: dict[str, Any]) -> str:
    parts = ["Left out"] if row["left"] else []
    parts += [row["reason"]] if row["reason"] else []
    parts += [f"{item['field']}{' of ' + item['of'] if item['of'] else ''}: {item['before']} → {item['after']}" for item in row["changes"]]
    return "; ".join([*parts, *row["notes"]])


def waiting(
    context: typer.Context, drop: Annotated[str, typer.Option(help="Put this one aside, and stop what is done with it.")] = ""
) -> None:
    """Product files that wait for your word. Example: gemstra catalog waiting --drop 3f0c…"""
    call = call_of(context)
    with reported():
        if drop:
            call.output.show(call.client.post_once(f"/catalog/import/{drop}/stop"))
        else:
            call.output.show(call.client.get("/catalog/import"), ("name", "state", *_KINDS, "id"))


def columns(context: typer.Context, waiting_file: Annotated[str, typer.Argument(help="A table that waits (see waiting).")]) -> None:
    """What the columns of a table are taken for, with samples. Example: gemstra catalog columns 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/catalog/import/{waiting_file}/columns"), ("title", "field", "samples"))


def mappings(
    context: typer.Context, forget: Annotated[str, typer.Option(help="Forget this one: tables like it are asked about again.")] = ""
) -> None:
    """Product tables whose columns are remembered. Example: gemstra catalog mappings"""
    call = call_of(context)
    with reported():
        if forget:
            call.output.show(call.client.post(f"/catalog/mappings/{forget}/forget"))
        else:
            call.output.show(call.client.get("/catalog/mappings"), ("name", "columns", "id"))


def batches(context: typer.Context) -> None:
    """What was signed into your catalog together, newest first."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/catalog/batches"), ("name", "kind", "counts", "device", "how", "undone", "id"))


def rollback(
    context: typer.Context,
    batch: str,
    leave: Annotated[bool, typer.Option("--leave", help="Products changed since stay; take the others back.")] = False,
) -> None:
    """Take a batch back: its products are as they were before. Example: gemstra catalog rollback 3f0c…"""
    call = call_of(context)
    with reported():
        if not leave:
            for handle in call.client.get(f"/catalog/batches/{batch}/rollback")["touched"]:
                call.output.say(f"{handle}: changed since")
        call.output.show(call.client.post(f"/catalog/batches/{batch}/rollback", leave=leave))


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Where to; `-` for stdout.")],
    form: Annotated[
        str, typer.Option("--format", help="json-lines, shopify, woocommerce, google-xml, google-table or json-ld.")
    ] = "json-lines",
    currency: Annotated[str, typer.Option(help="Which catalog, where you have several.")] = "",
    force: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
) -> None:
    """Your catalog as a file that shops and feeds take in. Example: gemstra catalog export feed.xml --format google-xml"""
    call = call_of(context)
    with reported():
        if file == "-":
            Client(call.data, timeout=SECONDS).download("/catalog/export", sys.stdout.buffer.write, form=form, currency=currency)
            sys.stdout.flush()
            return
        call.output.show({"file": file, "bytes": to_file(call, Path(file), "/catalog/export", force=force, form=form, currency=currency)})


def watch(
    context: typer.Context,
    place: Annotated[str, typer.Argument(help="An https address, or a folder whose newest file is read.")],
    currency: Annotated[str, typer.Option(help="Of its prices, where the file names none; without it your catalog's.")] = "",
    every: Annotated[int, typer.Option(help="Minutes between two looks.")] = 60,
    publish: Annotated[bool, typer.Option("--publish", help="Sign what it brings by itself; without it, it waits for you.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take away what a file does not have.")] = False,
) -> None:
    """Have the node look for product files by the clock. Example: gemstra catalog watch https://shop.example/feed.xml --every 360"""
    call = call_of(context)
    with reported():
        kind = "url" if "://" in place else "folder"
        where = place if kind == "url" else str(Path(place).expanduser().absolute())
        options = {"currency": currency, "every": every, "publish": publish, "withdraw": replace}
        call.output.show(call.client.post("/catalog/sources", kind=kind, place=where, **options))


def places(
    context: typer.Context,
    look: Annotated[str, typer.Option(help="Look at this one now.")] = "",
    forget: Annotated[str, typer.Option(help="Look at this one no more.")] = "",
    change: Annotated[str, typer.Option(help="Change this one: what you do not name stays.")] = "",
    every: Annotated[int | None, typer.Option(help="With --change: minutes between two looks.")] = None,
    currency: Annotated[str | None, typer.Option(help="With --change: of its prices, where the file names none.")] = None,
    publish: Annotated[bool | None, typer.Option("--publish/--hold", help="With --change: sign what it brings, or let it wait.")] = None,
    replace: Annotated[bool | None, typer.Option("--replace/--keep", help="With --change: what a file lacks goes, or stays.")] = None,
    paused: Annotated[bool | None, typer.Option("--pause/--resume", help="With --change: look by hand only, or by the clock.")] = None,
) -> None:
    """The places that are watched. Example: gemstra catalog places --change 3f0c… --every 360 --pause"""
    call = call_of(context)
    with reported():
        if forget:
            call.output.show(call.client.post(f"/catalog/sources/{forget}/forget"))
        elif change:
            named = {"every": every, "currency": currency, "publish": publish, "withdraw": replace, "paused": paused}
            given = {name: value for name, value in named.items() if value is not None}
            call.output.show(call.client.post(f"/catalog/sources/{change}/change", **given))
        elif look:
            call.output.show(call.client.post_once(f"/catalog/sources/{look}/look"), ("place", "error", "taken"))
        else:
            call.output.show(call.client.get("/catalog/sources"), ("place", "every", "publish", "paused", "next", "error", "id"))
