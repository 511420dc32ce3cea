"""A follow-up: what a person means to do, on a day, perhaps for a customer. It decides what may become of one.

Theory of operation. A task is open until it is done or dropped. Undo leads back to where it was: a done one is open again, a dropped one
is what it was when it was dropped. Only an open one is moved to another day or written anew. A task that a rule made keeps the occasion
it is for, whatever becomes of it, so that the rule makes it once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from protocol.machine import Table, targets


class Channel(StrEnum):
    """How a customer is reached."""

    CALL = "call"
    MESSAGE = "message"
    VISIT = "visit"
    OTHER = "other"


class Status(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


# Events. `at` in milliseconds UTC.


@dataclass(frozen=True, slots=True)
class Finished:
    """It was done."""

    at: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The person took it off the list."""

    at: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The last of the two was a mistake."""

    at: int


@dataclass(frozen=True, slots=True)
class Snoozed:
    """It is put off."""

    at: int
    day: date


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The person says it anew."""

    at: int
    title: str
    day: date
    channel: Channel
    note: str
    customer: bytes | None


Event = Finished | Dropped | Undone | Snoozed | Rewritten

TRANSITIONS: Table[Status] = MappingProxyType(
    {
        Status.OPEN: {Finished: (Status.DONE,), Dropped: (Status.DROPPED,), Snoozed: (Status.OPEN,), Rewritten: (Status.OPEN,)},
        Status.DONE: {Undone: (Status.OPEN,), Dropped: (Status.DROPPED,)},
        Status.DROPPED: {Undone: (Status.OPEN, Status.DONE)},
    }
)


@dataclass(frozen=True, slots=True)
class Task:
    """`day` is when it is due. `rule` and `occasion` say which rule made it and what for ("" = made by hand); `order` what it is about."""

    id: bytes
    title: str
    day: date
    channel: Channel
    created: int
    updated: int
    note: str = ""
    customer: bytes | None = None
    rule: str = ""
    occasion: str = ""
    order: bytes | None = None
    status: Status = Status.OPEN
    finished: int | None = None
    dropped: int | None = None


def apply(task: Task, event: Event) -> Task:
    """The task after the event. Raises IllegalTransition where it may not happen now."""
    found = targets(TRANSITIONS, task.status, event)
    moved = replace(task, status=found[0], updated=event.at)
    match event:
        case Finished(at):
            return replace(moved, finished=at)
        case Dropped(at):
            return replace(moved, dropped=at)
        case Undone() if task.status is Status.DROPPED:
            return replace(moved, dropped=None, status=Status.OPEN if task.finished is None else Status.DONE)
        case Undone():
            return replace(moved, finished=None)
        case Snoozed(_, day):
            return replace(moved, day=day)
        case Rewritten(_, title, day, channel, note, customer):
            return replace(moved, title=title, day=day, channel=channel, note=note, customer=customer)
        case _:
            assert_never(event)


@dataclass(frozen=True, slots=True)
class Note:
    """What was said with a customer: when, how, and who began (`in`: they, `out`: we, "" = neither). `removed`: when it was taken away."""

    id: bytes
    customer: bytes
    at: int
    text: str
    channel: Channel
    direction: str
    created: int
    removed: int | None = None


DIRECTIONS: Mapping[str, str] = MappingProxyType({"out": "you to them", "in": "they to you", "": "neither"})
