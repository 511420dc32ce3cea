"""Follow-ups: added by hand or by a rule, done, put off, taken off the list, and back. A due day is one of the person's calendar."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol, TypeVar

from node.errors import ConflictError, NotFound, UserError
from node.model.day import FIRST, LAST, day_of, read_day
from node.model.person import Contact
from node.model.task import TRANSITIONS, Channel, Dropped, Event, Finished, Rewritten, Snoozed, Status, Task, Undone, apply
from node.model.task_rule import Kind
from node.model.wishes import barred
from protocol.encoding import decode, encode
from protocol.errors import Malformed

from .unit import Unit

ZONE = "desk/zone"
DAY_MS = 86_400_000
MOST_ROWS = 200
SHOWN_TODAY = 30  # of each group of the home page
NEXT_DAYS = 7
LONGEST_TITLE, LONGEST_NOTE = 200, 2000
Listed = tuple[Task, str, Contact | None]
_Place = TypeVar("_Place", str, int)


class TaskBook(Protocol):
    """Follow-ups as this service keeps them (node/store/tasks.py says what each does)."""

    def get(self, task: bytes, /) -> Listed | None: ...  # noqa: D102
    def keep(self, task: Task) -> None: ...  # noqa: D102
    def open(  # noqa: D102
        self, first: str, last: str, limit: int, customer: bytes | None = None, rule: str = "", after: bytes = b""
    ) -> Sequence[Listed]: ...
    def done(  # noqa: D102
        self, since: int, before: tuple[int, bytes], limit: int, customer: bytes | None = None, rule: str = ""
    ) -> Sequence[Listed]: ...
    def of_customer(self, customer: bytes, limit: int) -> Sequence[Listed]: ...  # noqa: D102
    def due(self, last: str) -> int: ...  # noqa: D102
    def made(self, rule: str, customer: bytes, occasion: str) -> bool: ...  # noqa: D102
    def waits(self, rule: str, customer: bytes) -> bool: ...  # noqa: D102
    def made_since(self, rule: str, since: int) -> int: ...  # noqa: D102
    def forget_dropped(self, before: int) -> int: ...  # noqa: D102


class Names(Protocol):
    """The customers, as a follow-up needs them."""

    def name_of(self, customer: bytes, /) -> str: ...  # noqa: D102


class Contacts(Protocol):
    """When there was contact last."""

    def recount(self, customer: bytes) -> None: ...  # noqa: D102


class TasksUnit(Unit, Protocol):
    """What the services of follow-ups need of a transaction."""

    @property
    def tasks(self) -> TaskBook: ...  # noqa: D102

    @property
    def customers(self) -> Names: ...  # noqa: D102

    @property
    def notes(self) -> Contacts: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TaskView:
    """A follow-up. `day` YYYY-MM-DD, `days` how far off it is (negative: overdue). status: open | done | dropped.

    `call`, `sms` and `mail` are how to reach the customer, each empty where it is not known or not wanted. `rule`: what made it, "" = you.
    `order` is what it is about, "" = none; `finished` in ms, 0 = not done.
    """

    id: str
    title: str
    note: str
    day: str
    days: int
    channel: str
    status: str
    customer: str
    customer_name: str
    call: str
    sms: str
    mail: str
    rule: str
    order: str
    finished: int


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Follow-ups: open ones by day, done ones the latest first. `due`: how many wait today; `cursor`: where to go on, "" = the end."""

    tasks: list[TaskView]
    due: int
    cursor: str


@dataclass(frozen=True, slots=True)
class TodayTasks:
    """The home page's part: what is late, what is for today, the days after it, and what was done within a day and can be undone."""

    overdue: list[TaskView]
    today: list[TaskView]
    next: list[TaskView]
    done: list[TaskView]


@dataclass(frozen=True, slots=True)
class TaskKept:
    """What became of it; the answer repeats no words, for answers are kept for a while."""

    id: str
    status: str
    day: str


# --- looking


def today_of(unit: Unit) -> date:
    """The day it is for the person."""
    return day_of(unit.now, str(unit.settings.get(ZONE, "UTC")))


def for_today(unit: TasksUnit) -> TodayTasks:
    """What is due, what comes in the next seven days, and what was done within a day."""
    today = today_of(unit)
    groups = (
        (FIRST, today - timedelta(days=1)),
        (today, today),
        (today + timedelta(days=1), today + timedelta(days=NEXT_DAYS)),
    )
    overdue, now, following = ([_view(row, today) for row in _open(unit, *group, SHOWN_TODAY)] for group in groups)
    done = [_view(row, today) for row in unit.tasks.done(unit.now - DAY_MS, _NEWEST, SHOWN_TODAY)]
    return TodayTasks(overdue, now, following, done)


def count_due(unit: TasksUnit) -> int:
    """How many are due."""
    return unit.tasks.due(today_of(unit).isoformat())


def list_tasks(
    unit: TasksUnit, state: str = "open", customer: bytes | None = None, rule: str = "", cursor: str = "", limit: int = 50
) -> TaskPage:
    """Follow-ups that are `open` or `done`; of one customer; made by one rule (delivered, birthday, reorder or quiet)."""
    if rule not in ("", *Kind):
        raise UserError(f"There is no rule {rule!r}; say one of {', '.join(Kind)}.", code="bad-request")
    count, today = min(max(limit, 1), MOST_ROWS), today_of(unit)
    if state == Status.OPEN:
        day, after = _read_cursor(cursor, FIRST.isoformat())
        rows = unit.tasks.open(day, LAST.isoformat(), count + 1, customer, rule, after)
    elif state == Status.DONE:
        at, after = _read_cursor(cursor, _NEWEST[0])
        rows = unit.tasks.done(0, (at, after or _NEWEST[1]), count + 1, customer, rule)
    else:
        raise UserError(f"No follow-ups are {state!r}; say open or done.", code="bad-request")
    shown = rows[:count]
    last = shown[-1][0] if len(rows) > count else None
    mark = "" if last is None else _cursor(last.finished or 0 if state == Status.DONE else last.day.isoformat(), last.id)
    return TaskPage([_view(row, today) for row in shown], count_due(unit), mark)


def get_task(unit: TasksUnit, task: bytes) -> TaskView:
    """One follow-up."""
    return _view(_find(unit, task), today_of(unit))


def tasks_of(unit: TasksUnit, customer: bytes, limit: int = MOST_ROWS) -> list[TaskView]:
    """A customer's follow-ups that were not taken off the list, the latest day first."""
    today = today_of(unit)
    return [_view(row, today) for row in unit.tasks.of_customer(customer, limit)]


# --- writing


def add_task(
    unit: TasksUnit, title: str, due: str = "today", customer: bytes | None = None, note: str = "", channel: str = "other"
) -> TaskKept:
    """Add a follow-up. `due`: today, tomorrow, week, +3, or a day like 2026-12-03. channel: call, message, visit or other."""
    words, more = require_words(title, note)
    task = Task(unit.random(32), words, _require_day(unit, due), require_channel(channel), unit.now, unit.now, more, customer)
    return _keep(unit, _for_someone(unit, task))


def change_task(
    unit: TasksUnit,
    task: bytes,
    title: str | None = None,
    due: str | None = None,
    customer: str | None = None,
    note: str | None = None,
    channel: str | None = None,
) -> TaskKept:
    """Write an open follow-up anew; what is not given stays. `customer` "" = nobody."""
    found = _find(unit, task)[0]
    words, more = require_words(found.title if title is None else title, found.note if note is None else note)
    day = found.day if due is None else _require_day(unit, due)
    way = found.channel if channel is None else require_channel(channel)
    whom = found.customer if customer is None else _id(customer)
    if found.rule and whom != found.customer:
        raise ConflictError("A rule made this for its customer. Add another one by hand.", code="made-by-rule")
    after = _move(found, Rewritten(unit.now, words, day, way, more, whom))
    return _keep(unit, _for_someone(unit, after))


def finish_task(unit: TasksUnit, task: bytes) -> TaskKept:
    """It is done. For a customer's it counts as contact."""
    found = _find(unit, task)[0]
    return _keep(unit, found if found.status is Status.DONE else _move(found, Finished(unit.now)))


def remove_task(unit: TasksUnit, task: bytes) -> TaskKept:
    """Take it off the list. It can be undone for a day; a rule does not make it again."""
    found = _find(unit, task)[0]
    return _keep(unit, found if found.status is Status.DROPPED else _move(found, Dropped(unit.now)))


def undo_task(unit: TasksUnit, task: bytes) -> TaskKept:
    """Take back that it was done, or that it was taken off the list."""
    found = _find(unit, task)[0]
    if found.status is Status.DROPPED and not found.title:
        raise ConflictError("This was taken off the list more than a day ago and its words are erased.", code="too-late")
    return _keep(unit, _move(found, Undone(unit.now)))


def snooze_task(unit: TasksUnit, task: bytes, until: str = "tomorrow") -> TaskKept:
    """Put it off: until tomorrow, week (in seven days), +3, or a day like 2026-12-03."""
    day = _require_day(unit, until)
    if day <= today_of(unit):
        raise UserError("Choose a day after today.", code="bad-day")
    return _keep(unit, _move(_find(unit, task)[0], Snoozed(unit.now, day)))


def tick(unit: TasksUnit) -> None:
    """Erase the words of what was taken off the list a day ago."""
    if unit.tasks.forget_dropped(unit.now - DAY_MS):
        unit.touched("changes")


# --- inside

_NEWEST = (2**62, b"\xff" * 32)
_STATUS_WORDS = {
    Status.OPEN: "This follow-up is open: there is nothing to undo.",
    Status.DONE: "This follow-up is done. Undo that first.",
    Status.DROPPED: "This follow-up was taken off the list. Undo that first.",
}


def require_words(title: str, note: str = "") -> tuple[str, str]:
    """A title in one line, and a note. Raises UserError `title-missing`, `too-long`."""
    words, more = " ".join(title.split()), note.strip()
    if not words:
        raise UserError("Say in a few words what to do.", code="title-missing")
    if len(words) > LONGEST_TITLE or len(more) > LONGEST_NOTE:
        raise UserError(f"At most {LONGEST_TITLE} characters for what to do, {LONGEST_NOTE} for the note.", code="too-long")
    return words, more


def require_channel(channel: str) -> Channel:
    """How to reach somebody. Raises UserError `bad-channel`."""
    if channel not in tuple(Channel):
        raise UserError(f"Say how: {', '.join(Channel)}.", code="bad-channel")
    return Channel(channel)


def require_customer(unit: TasksUnit, customer: bytes) -> bytes:
    """A customer who is here. Raises NotFound."""
    if not unit.customers.name_of(customer):
        raise NotFound("There is no such customer. The record may have been erased.")
    return customer


def _require_day(unit: TasksUnit, text: str) -> date:
    found = read_day(text, today_of(unit))
    if found is None:
        raise UserError("Enter a day like 2026-12-03, or today, tomorrow, week, +3.", code="bad-day")
    return found


def _id(customer: str) -> bytes | None:
    try:
        return bytes.fromhex(customer) if customer else None
    except ValueError:
        raise UserError("customer is no id: copy its 64 letters and digits from the list", code="bad-request") from None


def _for_someone(unit: TasksUnit, task: Task) -> Task:
    return task if task.customer is None else replace(task, customer=require_customer(unit, task.customer))


def _find(unit: TasksUnit, task: bytes) -> Listed:
    found = unit.tasks.get(task)
    if found is None:
        raise NotFound("There is no such follow-up. It may have been taken off the list, or its customer erased.")
    return found


def _move(task: Task, event: Event) -> Task:
    """The task after the event. Raises ConflictError `illegal-transition` where it may not happen now."""
    if type(event) not in TRANSITIONS[task.status]:
        raise ConflictError(_STATUS_WORDS[task.status], code="illegal-transition")
    return apply(task, event)


def _keep(unit: TasksUnit, task: Task) -> TaskKept:
    unit.tasks.keep(task)
    if task.customer is not None:
        unit.notes.recount(task.customer)
    unit.touched("changes")
    return TaskKept(task.id.hex(), task.status.value, task.day.isoformat())


def _open(unit: TasksUnit, first: date, last: date, limit: int) -> Sequence[Listed]:
    return unit.tasks.open(first.isoformat(), last.isoformat(), limit)


def _view(row: Listed, today: date) -> TaskView:
    task, name, person = row
    closed = barred(person) if person else frozenset(Channel)
    number = next((phone.e164 or phone.raw for phone in person.phones), "") if person else ""
    address = next((item.value for item in person.emails), "") if person else ""
    return TaskView(
        id=task.id.hex(),
        title=task.title,
        note=task.note,
        day=task.day.isoformat(),
        days=(task.day - today).days,
        channel=task.channel.value,
        status=task.status.value,
        customer=task.customer.hex() if task.customer else "",
        customer_name=name,
        call="" if Channel.CALL in closed else number,
        sms="" if Channel.MESSAGE in closed else number,
        mail="" if Channel.MESSAGE in closed else address,
        rule=task.rule,
        order=task.order.hex() if task.order else "",
        finished=task.finished or 0,
    )


def _cursor(place: str | int, id_: bytes) -> str:
    return urlsafe_b64encode(encode([place, id_])).decode()


def _read_cursor(cursor: str, first: _Place) -> tuple[_Place, bytes]:
    if not cursor:
        return first, b""
    try:
        place, id_ = decode(urlsafe_b64decode(cursor))
        return type(first)(place), bytes(id_)
    except (ValueError, TypeError, Malformed) as error:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request") from error
