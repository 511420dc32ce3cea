"""Drafts of your catalog: edit, look at what would change, sign it now or at a time, let go; commands of the group `catalog`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of
from node.cli.output import reported
from node.errors import NotFound, UserError

_CURRENCY = typer.Option(help="Which of your catalogs, where you have several.")
_KEYS = {"product": "handle", "offer": "sku"}
_BODIES = {"product": "product", "offer": "offer", "shipping": "profile", "returns": "policy"}
_PATHS = {
    "product": "/catalog/edit/product",
    "offer": "/catalog/edit/offer",
    "shipping": "/catalog/edit/shipping",
    "returns": "/catalog/edit/returns",
}
_PIECE = 200


def add(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command()(edit)
    app.command()(remove)
    app.command()(drafts)
    app.command()(publish)
    app.command()(discard)


def edit(
    context: typer.Context,
    noun: Annotated[str, typer.Argument(help="product, offer, shipping or returns.")],
    name: Annotated[str, typer.Argument(help="The product's handle, the offer's SKU, the record's name.")] = "",
    currency: Annotated[str, _CURRENCY] = "",
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE, the value as JSON or a plain word, e.g. stock=low.")] = None,
    from_: Annotated[Path | None, typer.Option("--from", help="A JSON file with the whole record, such as this command shows.")] = None,
) -> None:
    """Show a record, or draft it changed. Example: gemstra catalog edit offer SOAP-1 --set 'price={"minor":990,"currency":"USD"}'"""
    call = call_of(context)
    with reported():
        if noun not in _BODIES:
            raise UserError("Say product, offer, shipping or returns.", code="bad-request")
        currency = call.currency(currency)
        if not set_ and from_ is None:
            call.output.show(_records(call, noun, name, currency))
            return
        record: dict[str, Any] = _read(from_) if from_ else _one(call, noun, name, currency)
        record |= dict(_field(item) for item in set_ or ())
        saved = call.client.post(_PATHS[noun], currency=currency, **{_BODIES[noun]: record})
        call.output.show(saved)
        call.output.say("Sign your drafts with: gemstra catalog publish" if saved["changes"] else "That is what is signed already.")


def _records(call: Call, noun: str, name: str, currency: str) -> Any:
    if noun in _KEYS:
        return call.client.get(_PATHS[noun], currency=currency, **{_KEYS[noun]: name})
    found = call.client.get(_PATHS[noun], currency=currency)
    if not name:
        return found
    for record in found:
        if record["name"] == name:
            return record
    raise NotFound(f"You have nothing of that name: {name}. See: gemstra catalog edit {noun}")


def _one(call: Call, noun: str, name: str, currency: str) -> dict[str, Any]:
    """The record as it is, or the beginnings of one."""
    try:
        found = _records(call, noun, name, currency)
    except NotFound:
        found = None
    return found or {_KEYS.get(noun, "name"): name}


def _field(text: str) -> tuple[str, Any]:
    field, _, value = text.partition("=")
    try:
        return field, json.loads(value)
    except json.JSONDecodeError:
        return field, value


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} can't be read as JSON: {error}.", code="bad-file") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} holds no record: it begins with a brace.", code="bad-file")
    return found


def remove(
    context: typer.Context,
    noun: Annotated[str, typer.Argument(help="product, offer, shipping or returns.")],
    name: Annotated[str, typer.Argument(help="The product's handle, the offer's SKU, the record's name.")],
    currency: Annotated[str, _CURRENCY] = "",
) -> None:
    """Draft that something goes from your catalog; a product takes its offers along. Example: gemstra catalog remove product rose-mist"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/catalog/edit/withdraw", currency=call.currency(currency), noun=noun, name=name))


def drafts(
    context: typer.Context, pile: Annotated[str, typer.Argument(help="Only this pile: each draft with what it changes.")] = ""
) -> None:
    """What waits to be signed, and what is planned. Example: gemstra catalog drafts 3f0c…"""
    call = call_of(context)
    with reported():
        if not pile:
            call.output.show(call.client.get("/catalog/drafts"), ("currency", "name", "drafts", "due", "device", "error", "id"))
            return
        rows, cursor = [], ""
        while True:
            piece = call.client.get(f"/catalog/drafts/{pile}", cursor=cursor, limit=_PIECE)
            rows += piece["drafts"]
            cursor = piece["cursor"]
            if not cursor:
                break
        told = [
            {**row, "changes": "; ".join(f"{item['field']}: {item['before']} → {item['after']}" for item in row["changes"])} for row in rows
        ]
        call.output.show(rows if call.output.as_json else told, ("noun", "name", "kind", "changes", "clashes"))


def publish(
    context: typer.Context,
    pile: Annotated[str, typer.Argument(help="Which drafts (see drafts); without it those of the currency.")] = "",
    currency: Annotated[str, _CURRENCY] = "",
    name: Annotated[str, typer.Option(help="What to call the batch.")] = "",
    at: Annotated[
        str, typer.Option(help="Sign it then: 2026-12-01T09:00, with +01:00 or the like for another zone than this machine's.")
    ] = "",
    unplan: Annotated[bool, typer.Option("--unplan", help="Planned drafts wait for your word again.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also over what was signed otherwise since.")] = False,
) -> None:
    """Sign your drafts as one batch, now or at a time. Example: gemstra catalog publish --name "Spring prices" --at 2026-12-01T09:00"""
    call = call_of(context)
    with reported():
        pile = pile or _open(call, call.currency(currency))
        if unplan:
            call.output.show(call.client.post(f"/catalog/drafts/{pile}/unschedule"))
        elif at:
            call.output.show(call.client.post(f"/catalog/drafts/{pile}/schedule", at=_moment(at), name=name))
        else:
            done = call.client.post_once(f"/catalog/drafts/{pile}/publish", name=name, anyway=anyway)
            call.output.show(done)
            if done["batch"]:
                call.output.say(f"Take it back with: gemstra catalog rollback {done['batch']}")


def discard(
    context: typer.Context,
    pile: Annotated[str, typer.Argument(help="Which drafts; without it those of the currency.")] = "",
    noun: Annotated[str, typer.Option(help="Only one: product, offer, shipping or returns.")] = "",
    name: Annotated[str, typer.Option(help="The one's handle, SKU or name.")] = "",
    currency: Annotated[str, _CURRENCY] = "",
) -> None:
    """Let go of drafts; what is signed stays. Example: gemstra catalog discard --noun offer --name SOAP-1"""
    call = call_of(context)
    with reported():
        pile = pile or _open(call, call.currency(currency))
        call.output.show(call.client.post(f"/catalog/drafts/{pile}/discard", noun=noun or None, name=name))


def _open(call: Call, currency: str) -> str:
    found = next((item["id"] for item in call.client.get("/catalog/drafts") if item["currency"] == currency and not item["due"]), "")
    if not found:
        raise UserError(f"No draft in {currency} waits. Make one with: gemstra catalog edit", code="nothing-to-do")
    return str(found)


def _moment(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise UserError("Say a day and a time like 2026-12-01T09:00.", code="bad-time") from None
