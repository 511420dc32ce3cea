"""Follow-ups: add, list, done, undo, put off, write anew, take off the list."""

from typing import Annotated, Any

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="What to do next, and when.")
Day = "today, tomorrow, week (in seven days), +3, or a day like 2026-12-03."
_ROW = ("day", "title", "customer_name", "channel", "note", "id")


@app.command()
def add(
    context: typer.Context,
    title: str,
    due: Annotated[str, typer.Option(help=Day)] = "today",
    customer: Annotated[str | None, typer.Option(help="The customer's id.")] = None,
    channel: Annotated[str, typer.Option(help="call, message, visit or other.")] = "other",
    note: str = "",
) -> None:
    """Add a follow-up. Example: gemstra task add "Call Mia back" --due tomorrow --channel call"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post("/tasks", title=title, due=due, customer=customer, channel=channel, note=note))


@app.command(name="list")
def list_(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open or done.")] = "open",
    customer: Annotated[str | None, typer.Option(help="Of this one only, by id.")] = None,
    rule: Annotated[str, typer.Option(help="Made by this rule only: delivered, birthday, reorder or quiet.")] = "",
    limit: int = 50,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
) -> None:
    """Follow-ups: open ones by day, done ones the latest first. Example: gemstra task list --rule birthday"""
    call = call_of(context)
    with reported():
        page = call.client.get("/tasks", state=state, customer=customer, rule=rule, limit=limit, cursor=cursor)
        call.output.show(page if call.output.as_json else page["tasks"], _ROW)
        if page["cursor"]:
            call.output.say(f"There are more; go on with --cursor {page['cursor']}")


@app.command(name="of")
def of_(context: typer.Context, customer: str) -> None:
    """A customer's follow-ups, open and done. Example: gemstra task of 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/customers/{customer}/tasks"), ("day", "title", "status", "channel", "note", "id"))


@app.command()
def show(context: typer.Context, task: str) -> None:
    """One follow-up."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/tasks/{task}"))


@app.command()
def done(context: typer.Context, task: str) -> None:
    """It is done. Example: gemstra task done 3f0c…"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/tasks/{task}/done"))


@app.command()
def undo(context: typer.Context, task: str) -> None:
    """Take back that it was done or removed."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/tasks/{task}/undo"))


@app.command()
def snooze(context: typer.Context, task: str, until: Annotated[str, typer.Option(help=Day)] = "tomorrow") -> None:
    """Put it off. Example: gemstra task snooze 3f0c… --until week"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/tasks/{task}/snooze", until=until))


@app.command()
def edit(
    context: typer.Context,
    task: str,
    title: str | None = None,
    due: Annotated[str | None, typer.Option(help=Day)] = None,
    customer: Annotated[str | None, typer.Option(help='The customer\'s id, "" = nobody.')] = None,
    channel: Annotated[str | None, typer.Option(help="call, message, visit or other.")] = None,
    note: str | None = None,
) -> None:
    """Write an open follow-up anew; what is not given stays. Example: gemstra task edit 3f0c… --due +3"""
    call = call_of(context)
    given: dict[str, Any] = {"title": title, "due": due, "customer": customer, "channel": channel, "note": note}
    with reported():
        call.output.show(call.client.post(f"/tasks/{task}", **given))


@app.command()
def remove(context: typer.Context, task: str) -> None:
    """Take it off the list; `gemstra task undo` brings it back for a day."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/tasks/{task}/remove"))
