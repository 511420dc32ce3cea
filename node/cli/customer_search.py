"""Finding customers: by text, by filters."""

from typing import Annotated, Any

import typer

from node.cli.context import call_of
from node.cli.output import reported

_ROW = ("name", "place", "phone", "email", "id")

Tag = Annotated[list[str] | None, typer.Option(help="With this tag; may be given again.")]
City = Annotated[str, typer.Option(help="With an address there.")]
Country = Annotated[str, typer.Option(help="With an address there: a name or a code.")]
Consent = Annotated[str, typer.Option(help="Who agrees to this purpose now.")]
NoConsent = Annotated[str, typer.Option(help="Who does not agree to this purpose.")]
Month = Annotated[int, typer.Option(help="Month of the birthday, 1 to 12.")]
Has = Annotated[list[str] | None, typer.Option(help="Who has a phone, email or postal address; may be given again.")]
Lacks = Annotated[list[str] | None, typer.Option(help="Who has none; may be given again.")]
Since = Annotated[str, typer.Option(help="Ordered since a day, 2026-01-31, or in so many days, 90.")]
Before = Annotated[str, typer.Option(help="Ordered, but not since a day or in so many days.")]
Never = Annotated[bool, typer.Option(help="Never ordered.")]
Archived = Annotated[str, typer.Option(help="Archived customers: no, only, all.")]
Language = Annotated[str, typer.Option(help="Who speaks it, as in the record.")]
Source = Annotated[str, typer.Option(help="How they came, as in the record.")]


def filters(**given: Any) -> dict[str, Any]:
    """Options as the API's query takes them."""
    texts = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items() if value}
    return {name: "true" if value is True else value for name, value in texts.items()}


def list_(
    context: typer.Context,
    search: Annotated[str, typer.Argument(help="Part of a name, phone, e-mail, tag, town or note.")] = "",
    tag: Tag = None,
    city: City = "",
    country: Country = "",
    consent: Consent = "",
    no_consent: NoConsent = "",
    month: Month = 0,
    has: Has = None,
    lacks: Lacks = None,
    since: Since = "",
    before: Before = "",
    never: Never = False,
    archived: Archived = "",
    language: Language = "",
    source: Source = "",
    segment: Annotated[str, typer.Option(help="Who is in a saved segment, by its id.")] = "",
    sort: Annotated[str, typer.Option(help="fit, name, newest or order (who ordered last first).")] = "",
    limit: int = 50,
    cursor: Annotated[str, typer.Option(help="Where an earlier page ended.")] = "",
) -> None:
    """Find customers. Example: gemstra customers list valencia --tag vip --before 90"""
    call = call_of(context)
    with reported():
        given = filters(
            search=search,
            tag=tag,
            city=city,
            country=country,
            consent=consent,
            no_consent=no_consent,
            month=month,
            has=has,
            lacks=lacks,
            since=since,
            before=before,
            never=never,
            archived=archived,
            language=language,
            source=source,
            segment=segment,
            sort=sort,
            cursor=cursor,
        )
        page = call.client.get("/customers", limit=limit, **given)
        call.output.show(page if call.output.as_json else page["customers"], _ROW)
        if page["near"]:
            call.output.say(f"Nobody was found by what you typed; these are near: {', '.join(page['near'])}")
        if page["also"]:
            call.output.say(f"Perhaps you mean: {', '.join(page['also'])}")
        if page["cursor"]:
            call.output.say(f"{page['total']} in all; go on with --cursor {page['cursor']}")


def values(context: typer.Context) -> None:
    """What customers can be filtered by: tags, cities, countries, languages, sources, purposes agreed to."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/filters"))


def add(app: typer.Typer) -> None:
    """Put the commands under `gemstra customers`."""
    app.command(name="list")(list_)
    app.command(name="filters")(values)
