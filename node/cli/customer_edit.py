"""Changing a customer: single fields, tags, wishes, own fields, consent, or the whole record as JSON.

Each command reads the record, changes it and sends it back with the time it was read: what somebody else changed meanwhile is not lost.
"""

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of
from node.cli.output import reported
from node.errors import NotFound, UserError
from node.model.details import Entry
from node.model.wishes import FIXED, free, with_chosen

Whole = Annotated[str, typer.Option("--json", help="The whole record from a JSON file, `-` for stdin; `show` with --json prints one.")]


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    for command in (edit, tag, untag, prefer, avoid, field, consent):
        app.command()(command)


def record_from(source: str) -> dict[str, Any]:
    """The record of a JSON file or stdin: bare, or as `show` prints it. Raises NotFound, UserError `bad-json`."""
    try:
        found = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {source}.") from error
    except (ValueError, OSError) as error:
        raise UserError(f"That is no JSON document: {error}", code="bad-json") from error
    if not isinstance(found, dict):
        raise UserError("A record is a JSON object, as `customers show` prints it with --json.", code="bad-json")
    return found


def edit(
    context: typer.Context,
    customer: str,
    name: str | None = None,
    nickname: str | None = None,
    organisation: str | None = None,
    title: str | None = None,
    birthday: Annotated[str | None, typer.Option(help="Like 1988-04-23, or --04-23 without the year.")] = None,
    language: Annotated[str | None, typer.Option(help="Like es or pt-BR.")] = None,
    note: str | None = None,
    came_by: str | None = None,
    referrer: str | None = None,
    phone: Annotated[str, typer.Option(help="One more, put first.")] = "",
    email: Annotated[str, typer.Option(help="One more, put first.")] = "",
    label: Annotated[str, typer.Option(help="What that phone or e-mail is, such as work.")] = "",
    whole: Whole = "",
) -> None:
    """Change fields of a customer, or all with --json. Example: gemstra customers edit 3f0c… --came-by "a party" --nickname Mi"""
    call = call_of(context)
    with reported():
        if whole:
            given = record_from(whole)
            record = given.get("details", given)
            now = given.get("updated") or call.client.get(f"/customers/{customer}")["updated"]
            call.output.show(call.client.post(f"/customers/{customer}", details=record, updated=now))
            return
        texts = {"name": name, "nickname": nickname, "organisation": organisation, "title": title, "birthday": birthday}
        texts |= {"language": language, "note": note, "came_by": came_by, "referrer": referrer}
        person = call.client.get(f"/customers/{customer}")
        record = person["details"] | {key: text for key, text in texts.items() if text is not None}
        record["phones"] = [*([{"value": phone, "label": label}] if phone else []), *record["phones"]]
        record["emails"] = [*([{"value": email, "label": label}] if email else []), *record["emails"]]
        _send(call, person, record)


def tag(context: typer.Context, customer: str, tags: list[str]) -> None:
    """Put tags on a customer. Example: gemstra customers tag 3f0c… regular roses"""
    call = call_of(context)
    with reported():
        person = call.client.get(f"/customers/{customer}")
        _send(call, person, person["details"] | {"tags": [*person["details"]["tags"], *tags]})


def untag(context: typer.Context, customer: str, tags: list[str]) -> None:
    """Take tags off a customer."""
    call = call_of(context)
    with reported():
        person = call.client.get(f"/customers/{customer}")
        gone = {text.casefold() for text in tags}
        _send(call, person, person["details"] | {"tags": [text for text in person["details"]["tags"] if text.casefold() not in gone]})


def prefer(
    context: typer.Context, customer: str, what: str, wish: Annotated[str, typer.Argument(help="Empty takes it away.")] = ""
) -> None:
    """A standing wish: sizes, allergies. Example: gemstra customers prefer 3f0c… shoes 38"""
    call = call_of(context)
    with reported():
        _set(call, customer, "preferences", what, wish)


def avoid(
    context: typer.Context,
    customer: str,
    ways: Annotated[list[str] | None, typer.Argument(help="call, message, visit, contact (nothing at all); none: any is welcome.")] = None,
) -> None:
    """How a customer does not want to be reached. Example: gemstra customers avoid 3f0c… call visit"""
    call = call_of(context)
    with reported():
        if strange := set(ways or ()) - set(FIXED):
            raise UserError(f"There is no way {min(strange)!r}; say {', '.join(FIXED)}.", code="bad-request")
        person = call.client.get(f"/customers/{customer}")
        before = [Entry(item["value"], item["label"]) for item in person["details"]["preferences"]]
        after = with_chosen(free(before), ways or (), before)
        _send(call, person, person["details"] | {"preferences": [asdict(item) for item in after]})


def field(context: typer.Context, customer: str, name: str, text: Annotated[str, typer.Argument(help="Empty takes it away.")] = "") -> None:
    """A field of your own. Example: gemstra customers field 3f0c… "Loyalty card" 8812"""
    call = call_of(context)
    with reported():
        _set(call, customer, "custom", name, text)


def consent(
    context: typer.Context,
    customer: str,
    purpose: str,
    withdrawn: Annotated[bool, typer.Option(help="They said no, or not any more.")] = False,
    day: Annotated[str, typer.Option(help="When it was said; today if you don't say.")] = "",
    how: Annotated[str, typer.Option(help="Such as: by phone, on a form.")] = "",
) -> None:
    """Put on record what a customer agreed to, or took back. Example: gemstra customers consent 3f0c… newsletter --how phone"""
    call = call_of(context)
    with reported():
        person = call.client.get(f"/customers/{customer}")
        said = {"purpose": purpose, "given": not withdrawn, "day": day or date.today().isoformat(), "how": how}
        _send(call, person, person["details"] | {"consents": [*person["details"]["consents"], said]})


def _set(call: Call, customer: str, group: str, label: str, value: str) -> None:
    person = call.client.get(f"/customers/{customer}")
    rest = [row for row in person["details"][group] if row["label"] != label]
    _send(call, person, person["details"] | {group: [*rest, *([{"label": label, "value": value}] if value else [])]})


def _send(call: Call, person: dict[str, Any], record: dict[str, Any]) -> None:
    call.output.show(call.client.post(f"/customers/{person['id']}", details=record, updated=person["updated"]))
