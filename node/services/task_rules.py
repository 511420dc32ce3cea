"""Rules that make follow-ups by themselves: on or off, their numbers, what each would make now, and the look that makes them.

Theory of operation. Each rule that is on looks once an hour at what it may concern, a page of an index at a time, and remembers where it
is. For each occasion (an order that arrived, this year's birthday, the last order of a product, the last contact) it makes one task, once:
the task keeps the occasion whatever becomes of it. Who is archived, has not the rule's tag, is not in its segment, or wants to be reached
in no way it knows, is passed over.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol, assert_never

from node.errors import NotFound, UserError
from node.model.day import begins, born_on, day_of, span, turns
from node.model.person import Contact
from node.model.task import Channel, Task
from node.model.task_rule import DEFAULTS, FEWEST, LATE_DAYS, MOST, MOST_A_DAY, Kind, Occasion, Reorder, Rule, is_meant, way_for

from .customer_search import SearchUnit, find_segment
from .tasks import LONGEST_TITLE, ZONE, TasksUnit, require_channel, today_of

HOUR_MS = 3_600_000
AT_ONCE = 100  # of an index, in one transaction: the writer is not held up for long
PREVIEWED, MOST_LOOKED_AT = 50, 5000
LONGEST_TAG = 100
Member = Callable[[bytes], bool]


class RuleBook(Protocol):
    """Rules as this service keeps them (node/store/task_rules.py says what each does)."""

    def get(self, kind: Kind, /) -> Rule | None: ...  # noqa: D102
    def keep(self, rule: Rule) -> None: ...  # noqa: D102
    def looking(self, hour: int) -> Sequence[tuple[Kind, str]]: ...  # noqa: D102
    def looked(self, kind: Kind, hour: int | None, position: str) -> None: ...  # noqa: D102
    def person(self, customer: bytes, /) -> tuple[Contact, bool] | None: ...  # noqa: D102
    def born(self, month_day: str, after: bytes, limit: int) -> Sequence[tuple[bytes, str]]: ...  # noqa: D102
    def silent(self, before: int, after: tuple[int, bytes], limit: int) -> Sequence[tuple[int, bytes, bool]]: ...  # noqa: D102
    def delivered(self, until: int, after: tuple[int, bytes], limit: int) -> Sequence[tuple[int, bytes, bytes]]: ...  # noqa: D102
    def reorders(self, until: str, after: tuple[str, bytes, bytes, str], limit: int) -> Sequence[Reorder]: ...  # noqa: D102


class RulesUnit(TasksUnit, SearchUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def task_rules(self) -> RuleBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule. kind: delivered | birthday | reorder | quiet; `days` after, ahead of, or without; `most` follow-ups it makes in a day.

    `tag` and `segment` (an id) say for whom only; "" = for all.
    """

    kind: str
    on: bool
    days: int
    channel: str
    most: int
    tag: str
    segment: str


@dataclass(frozen=True, slots=True)
class PreviewTask:
    """A follow-up that the rule would make. `day` YYYY-MM-DD."""

    customer: str
    customer_name: str
    title: str
    note: str
    day: str
    channel: str


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a rule would make now; `more`: there may be others, which were not looked at."""

    tasks: list[PreviewTask]
    more: bool


# --- looking and setting


def list_rules(unit: RulesUnit) -> list[RuleView]:
    """The rules as they are set."""
    return [_view(_rule(unit, kind)) for kind in Kind]


def set_rule(
    unit: RulesUnit,
    rule: str,
    on: bool | None = None,
    days: int | None = None,
    channel: str | None = None,
    most: int | None = None,
    tag: str | None = None,
    segment: str | None = None,
) -> RuleView:
    """Switch a rule on or off, or set its numbers; what is not given stays. `tag`: only for customers who have it, `segment` (an id):
    only for those who are in it when the rule looks; "" = for all.
    """
    after = _changed(unit, rule, on, days, channel, most, tag, segment)
    unit.task_rules.keep(after)
    unit.touched("changes")
    return _view(after)


def preview_rule(
    unit: RulesUnit,
    rule: str,
    days: int | None = None,
    channel: str | None = None,
    most: int | None = None,
    tag: str | None = None,
    segment: str | None = None,
) -> RulePreview:
    """What a rule would make now, with these numbers, on or off. Nothing is kept."""
    given = _changed(unit, rule, None, days, channel, most, tag, segment)
    made: list[PreviewTask] = []
    is_in = _membership(unit, given)
    for looked, (found, _) in enumerate(_occasions(unit, given, "")):
        if len(made) >= min(PREVIEWED, given.most) or looked >= MOST_LOOKED_AT:
            return RulePreview(made, more=True)
        if (way := _way(unit, given, found, is_in)) is not None:
            name, day = unit.customers.name_of(found.customer), found.day.isoformat()
            made.append(PreviewTask(found.customer.hex(), name, found.title, found.note, day, way.value))
    return RulePreview(made, more=False)


def tick(unit: RulesUnit) -> None:
    """Let each rule that is on look at its next page, and make what it finds."""
    hour = unit.now // HOUR_MS
    for kind, position in unit.task_rules.looking(hour):
        rule = _rule(unit, kind)
        left = rule.most - unit.tasks.made_since(kind, begins(today_of(unit), _zone(unit)))
        made, further = _look(unit, rule, position, left)
        over = not further or made >= left
        unit.task_rules.looked(kind, hour if over else None, "" if over else further)
        if made:
            unit.touched("changes")


def _look(unit: RulesUnit, rule: Rule, position: str, left: int) -> tuple[int, str]:
    """Make what the next page holds, `left` at most: how many, and where to go on ("" = it was the last)."""
    made, is_in = 0, _membership(unit, rule)
    for looked, (found, place) in enumerate(_occasions(unit, rule, position)):
        if looked >= AT_ONCE or made >= left:
            return made, position
        made += _make(unit, rule, found, is_in)
        position = place
    return made, ""


def _make(unit: RulesUnit, rule: Rule, found: Occasion, is_in: Member) -> bool:
    way = _way(unit, rule, found, is_in)
    if way is None:
        return False
    head = (unit.random(32), found.title, found.day, way, unit.now, unit.now, found.note, found.customer)
    unit.tasks.keep(Task(*head, rule.kind.value, found.key, found.order))
    return True


def _membership(unit: RulesUnit, rule: Rule) -> Member:
    """Whether a customer is in the rule's segment now: it is looked up once for all that the rule looks at here."""
    if rule.segment is None:
        return lambda _: True
    hits = unit.customer_search.look((find_segment(unit, rule.segment).filters,), ())
    return lambda customer: unit.customer_search.among(hits, customer)


def _way(unit: RulesUnit, rule: Rule, found: Occasion, is_in: Member) -> Channel | None:
    """How the task reaches the customer; None where none is to be made."""
    if unit.tasks.made(rule.kind, found.customer, found.key) or (rule.kind is Kind.QUIET and unit.tasks.waits(rule.kind, found.customer)):
        return None
    row = unit.task_rules.person(found.customer)
    if row is None or row[1] or not is_meant(rule, row[0]) or not is_in(found.customer):
        return None
    return way_for(rule, row[0])


# --- what each rule finds, in the order of its index from a place on; with each, the place after it

_Found = Iterator[tuple[Occasion, str]]


def _occasions(unit: RulesUnit, rule: Rule, position: str) -> _Found:
    place = json.loads(position) if position else None
    match rule.kind:
        case Kind.DELIVERED:
            return _delivered(unit, rule, place)
        case Kind.BIRTHDAY:
            return _birthdays(unit, rule, place)
        case Kind.REORDER:
            return _reorders(unit, rule, place)
        case Kind.QUIET:
            return _silent(unit, rule, place)
        case _:
            assert_never(rule.kind)


def _delivered(unit: RulesUnit, rule: Rule, place: Any) -> _Found:
    today, zone = today_of(unit), _zone(unit)
    last = today - timedelta(days=rule.days)
    after = (place[0], bytes.fromhex(place[1])) if place else (begins(last - timedelta(days=LATE_DAYS), zone), b"")
    until = begins(last + timedelta(days=1), zone)
    while page := unit.task_rules.delivered(until, after, AT_ONCE):
        for at, draft, customer in page:
            arrived = day_of(at, zone)
            day = max(arrived + timedelta(days=rule.days), today)
            after = (at, draft)
            note = f"It arrived on {_said(arrived)}."
            yield Occasion(customer, draft.hex(), day, "Ask how the order was", note, draft), json.dumps([at, draft.hex()])


def _birthdays(unit: RulesUnit, rule: Rule, place: Any) -> _Found:
    for day in span(today_of(unit), rule.days):
        for month_day in born_on(day):
            here = [day.isoformat(), month_day]
            if place and here < place[:2]:
                continue
            after = bytes.fromhex(place[2]) if place and here == place[:2] else b""
            while page := unit.task_rules.born(month_day, after, AT_ONCE):
                for customer, birthday in page:
                    age, after = turns(birthday, day), customer
                    note = f"Turns {age}." if age else ""
                    found = Occasion(customer, str(day.year), day, "Wish a happy birthday", note)
                    yield found, json.dumps([*here, customer.hex()])


def _reorders(unit: RulesUnit, rule: Rule, place: Any) -> _Found:
    today = today_of(unit)
    after = ((today - timedelta(days=LATE_DAYS)).isoformat(), b"", b"", "")
    if place:
        after = (place[0], bytes.fromhex(place[1]), bytes.fromhex(place[2]), place[3])
    until = (today + timedelta(days=rule.days)).isoformat()
    while page := unit.task_rules.reorders(until, after, AT_ONCE):
        for row in page:
            after = (row.due.isoformat(), row.customer, row.merchant, row.sku)
            key = f"{row.merchant.hex()}/{row.sku}/{row.last.isoformat()}"
            often = "every day" if row.every == 1 else f"every {row.every} days"
            note = f"Ordered on {row.orders} days, usually {often}; last on {_said(row.last)}."
            found = Occasion(row.customer, key, max(row.due, today), f"Ask about {row.title} again"[:LONGEST_TITLE], note, row.order)
            yield found, json.dumps([after[0], row.customer.hex(), row.merchant.hex(), row.sku])


def _silent(unit: RulesUnit, rule: Rule, place: Any) -> _Found:
    today, zone = today_of(unit), _zone(unit)
    after = (place[0], bytes.fromhex(place[1])) if place else (-1, b"")
    before = begins(today - timedelta(days=rule.days - 1), zone)
    while page := unit.task_rules.silent(before, after, AT_ONCE):
        for at, customer, never in page:
            after = (at, customer)
            since = _said(day_of(at, zone))
            note = f"No contact yet; here since {since}." if never else f"No contact since {since}."
            yield Occasion(customer, str(at), today, "Say hello", note), json.dumps([at, customer.hex()])


# --- inside


def _rule(unit: RulesUnit, kind: Kind) -> Rule:
    return unit.task_rules.get(kind) or DEFAULTS[kind]


def _zone(unit: RulesUnit) -> str:
    return str(unit.settings.get(ZONE, "UTC"))


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _changed(
    unit: RulesUnit,
    name: str,
    on: bool | None,
    days: int | None,
    channel: str | None,
    most: int | None,
    tag: str | None,
    segment: str | None,
) -> Rule:
    if name not in tuple(Kind):
        raise NotFound(f"There is no rule {name!r}; there are {', '.join(Kind)}.")
    before = _rule(unit, Kind(name))
    rule = replace(
        before,
        on=before.on if on is None else on,
        days=before.days if days is None else days,
        channel=before.channel if channel is None else require_channel(channel),
        most=before.most if most is None else most,
        tag=before.tag if tag is None else tag.strip(),
        segment=before.segment if segment is None else _segment(unit, segment),
    )
    if not FEWEST[rule.kind] <= rule.days <= MOST[rule.kind]:
        raise UserError(f"Give {FEWEST[rule.kind]} to {MOST[rule.kind]} days.", code="bad-days")
    if not 1 <= rule.most <= MOST_A_DAY:
        raise UserError(f"A rule may make 1 to {MOST_A_DAY} follow-ups in a day.", code="bad-most")
    if len(rule.tag) > LONGEST_TAG:
        raise UserError(f"A tag has at most {LONGEST_TAG} characters.", code="too-long")
    return rule


def _segment(unit: RulesUnit, segment: str) -> bytes | None:
    """The segment with this id; None for "". Raises NotFound, UserError."""
    if not segment:
        return None
    try:
        return find_segment(unit, bytes.fromhex(segment)).id
    except ValueError:
        raise UserError("That is no segment's id: copy it from the list of segments.", code="bad-segment") from None


def _view(rule: Rule) -> RuleView:
    segment = rule.segment.hex() if rule.segment else ""
    return RuleView(rule.kind.value, rule.on, rule.days, rule.channel.value, rule.most, rule.tag, segment)
