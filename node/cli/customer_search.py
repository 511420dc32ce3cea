"""Finding customers by text and filters; saved segments; what is done to many at once."""

from typing import Annotated, Any

import typer

from node.cli.context import call_of
from node.cli.output import reported

_ROW = ("name", "place", "phone", "email", "id")

Text = Annotated[str, typer.Option(help="Part of a name, phone, e-mail, tag, town or note.")]
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


def body(search: str, tag: list[str] | None, **given: Any) -> dict[str, Any]:
    """Options as a body takes them."""
    return {"text": search, "tags": tag or []} | {name: value for name, value in given.items() if value}


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
        if page["customers"] or call.output.as_json or not any(given.values()):
            call.output.show(page if call.output.as_json else page["customers"], _ROW)
        else:
            call.output.say("Nobody meets all of this.")
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


def save(
    context: typer.Context,
    name: str,
    search: Text = "",
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
) -> None:
    """Save who meets filters as a segment; the same name again replaces it. Example: gemstra customers segment save Regulars --tag vip"""
    call = call_of(context)
    with reported():
        given = body(
            search,
            tag,
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
        )
        call.output.show(call.client.post("/customers/segments", name=name, filters=given))


def segments(context: typer.Context) -> None:
    """Saved segments, and how many customers are in each now."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/segments"), ("name", "customers", "id"))


def segment(context: typer.Context, segment: str) -> None:
    """One segment with its filters. Who is in it: gemstra customers list --segment ID"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/customers/segments/{segment}"))


def rename(context: typer.Context, segment: str, name: str) -> None:
    """Give a segment another name."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/segments/{segment}/rename", name=name))


def remove(context: typer.Context, segment: str) -> None:
    """Remove a segment; its customers stay."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/segments/{segment}/remove"))


def many(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="tag, untag, archive or unarchive.")],
    word: Annotated[str, typer.Option("--word", help="The tag to give or to take.")] = "",
    customer: Annotated[list[str] | None, typer.Option(help="Who, by id; may be given again. Otherwise: who meets the filters.")] = None,
    segment: Annotated[str, typer.Option(help="Who is in a saved segment, by its id.")] = "",
    search: Text = "",
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
) -> None:
    """Do one thing to many customers. Example: gemstra customers many tag --word spring --city Valencia"""
    call = call_of(context)
    with reported():
        given = body(
            search,
            tag,
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
        )
        filtered = given if given != {"text": "", "tags": []} else None
        if segment and filtered is not None and not archived:
            filtered["archived"] = "all"  # the segment says whether
        chosen = {"segment": segment or None, "filters": filtered} if customer is None else {"customers": customer}
        call.output.show(call.client.post("/customers/bulk", action=action, tag=word, **chosen))


def many_done(context: typer.Context) -> None:
    """What was done to many customers at once, newest first."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/customers/bulk"), ("action", "tag", "changed", "undone", "id"))


def many_undo(context: typer.Context, bulk: str) -> None:
    """Undo what was done to many customers at once."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/customers/bulk/{bulk}/undo"))


def add(app: typer.Typer) -> None:
    """Put the commands under `gemstra customers`."""
    app.command(name="list")(list_)
    app.command(name="filters")(values)
    saved = typer.Typer(no_args_is_help=True, help="Saved choices of customers, looked at anew each time.")
    saved.command(name="save")(save)
    saved.command(name="list")(segments)
    saved.command(name="show")(segment)
    saved.command(name="rename")(rename)
    saved.command(name="remove")(remove)
    app.add_typer(saved, name="segment")
    app.command(name="many")(many)
    app.command(name="many-done")(many_done)
    app.command(name="many-undo")(many_undo)
