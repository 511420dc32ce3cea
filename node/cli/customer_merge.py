"""Customers put aside, made one, made two, taken back; commands of the group `customers`."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    for command in (archive, unarchive, duplicates, apart, merge, unmerge, split, history, take_back):
        app.command()(command)


def archive(context: typer.Context, customer: str) -> None:
    """Put a customer aside: out of lists and reminders, kept with everything."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/{customer}/archive"))


def unarchive(context: typer.Context, customer: str) -> None:
    """Take a customer back among the others."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/{customer}/unarchive"))


def duplicates(context: typer.Context, limit: int = 50) -> None:
    """Customers who may be one person. Join two with `customers merge`, tell two apart with `customers apart`."""
    call = call_of(context)
    with reported():
        found = call.client.get("/customers/duplicates", limit=limit)
        rows = [
            {
                "one": pair["one"]["name"],
                "other": pair["other"]["name"],
                "shared": ", ".join(pair["shared"]),
                "one_id": pair["one"]["id"],
                "other_id": pair["other"]["id"],
            }
            for pair in found["pairs"]
        ]
        call.output.show(found if call.output.as_json else rows)
        if len(rows) < found["total"]:
            call.output.say(f"{found['total']} in all; see more with --limit")


def apart(context: typer.Context, customer: str, other: str) -> None:
    """Say that two who look like one are two: they are not listed as duplicates again."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/{customer}/apart", other=other))


def merge(
    context: typer.Context,
    customer: str,
    other: str,
    other_photo: Annotated[bool, typer.Option(help="Keep the other's picture.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what the two come to; change nothing.")] = False,
) -> None:
    """Make OTHER part of CUSTOMER, who speaks where both say something. Example: gemstra customers merge 3f0c… 91ab…"""
    call = call_of(context)
    with reported():
        if dry_run:
            call.output.show(call.client.get(f"/customers/{customer}/merge", other=other))
        else:
            call.output.show(call.client.post(f"/customers/{customer}/merge", other=other, other_photo=other_photo))


def unmerge(context: typer.Context, customer: str, merge_id: Annotated[str, typer.Argument(help="From `customers history`.")]) -> None:
    """Make two customers again of one."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/{customer}/unmerge", merge=merge_id))


def split(
    context: typer.Context,
    customer: str,
    name: Annotated[str, typer.Argument(help="The new customer's.")],
    phone: Annotated[list[int] | None, typer.Option(help="Which phone goes along: 1 is the first. May be given again.")] = None,
    email: Annotated[list[int] | None, typer.Option(help="Which e-mail goes along.")] = None,
    address: Annotated[list[int] | None, typer.Option(help="Which address goes along.")] = None,
    order: Annotated[list[str] | None, typer.Option(help="An order that goes along.")] = None,
) -> None:
    """Make a new customer of what belongs to somebody else. Example: gemstra customers split 3f0c… "Leo Torres" --phone 2"""
    call = call_of(context)
    with reported():
        updated = call.client.get(f"/customers/{customer}")["updated"]
        places = {"phones": phone, "emails": email, "addresses": address}
        chosen = {group: [number - 1 for number in numbers or []] for group, numbers in places.items()}
        call.output.show(call.client.post(f"/customers/{customer}/split", name=name, updated=updated, orders=order or [], **chosen))


def history(context: typer.Context, customer: str) -> None:
    """What was changed of a customer, by what, and who was merged into it."""
    call = call_of(context)
    with reported():
        found = call.client.get(f"/customers/{customer}/history")
        if call.output.as_json:
            call.output.show(found)
            return
        rows = [{"at": row["at"], "kind": row["kind"], "what": ", ".join(row["fields"])} for row in found["changes"]]
        call.output.show(rows, ("at", "kind", "what"))
        for merged in found["merges"]:
            call.output.say(f"{merged['name']} was merged into it; undo with: gemstra customers unmerge {customer} {merged['id']}")


def take_back(context: typer.Context, customer: str) -> None:
    """Take the last change of a customer back; again: bring it back."""
    call = call_of(context)
    with reported():
        changes = call.client.get(f"/customers/{customer}/history")["changes"]
        call.output.show(call.client.post(f"/customers/{customer}/take-back", at=changes[0]["at"] if changes else 0))
