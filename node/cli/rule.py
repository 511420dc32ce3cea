"""Rules that make follow-ups by themselves: list, set, see before."""

from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="Follow-ups that make themselves: delivered, birthday, reorder, quiet.")
Rule = Annotated[str, typer.Argument(help="delivered, birthday, reorder or quiet.")]
Days = Annotated[int | None, typer.Option(help="After the delivery, ahead of the birthday or the reorder, without contact.")]
Way = Annotated[str | None, typer.Option(help="call, message, visit or other.")]
Most = Annotated[int | None, typer.Option(help="How many it may make in one day.")]
Tag = Annotated[str | None, typer.Option(help='Only for customers who have it, "" = for all.')]
Segment = Annotated[str | None, typer.Option(help='Only for customers in this segment, by its id (customers segment list); "" = for all.')]


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """The rules as they are set."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/rules"), ("kind", "on", "days", "channel", "most", "tag", "segment"))


@app.command(name="set")
def set_(
    context: typer.Context,
    rule: Rule,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch it.")] = None,
    days: Days = None,
    channel: Way = None,
    most: Most = None,
    tag: Tag = None,
    segment: Segment = None,
) -> None:
    """Switch a rule on or off, or set its numbers. Example: gemstra rule set birthday --on --days 7"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/rules/{rule}", on=on, days=days, channel=channel, most=most, tag=tag, segment=segment))


@app.command()
def preview(
    context: typer.Context,
    rule: Rule,
    days: Days = None,
    channel: Way = None,
    most: Most = None,
    tag: Tag = None,
    segment: Segment = None,
) -> None:
    """What a rule would make now, on or off; nothing is kept. Example: gemstra rule preview quiet --days 90"""
    call = call_of(context)
    with reported():
        found = call.client.get(f"/rules/{rule}/preview", days=days, channel=channel, most=most, tag=tag, segment=segment)
        call.output.show(found if call.output.as_json else found["tasks"], ("day", "title", "customer_name", "channel", "note"))
        if found["more"]:
            call.output.say("These are the first; there may be more.")
