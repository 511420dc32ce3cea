"""Rules that make follow-ups by themselves: what their numbers mean, and when a reorder is due.

A reorder is reckoned for each customer and product: the days of their orders of it, several of one day counting once; the days between
one and the next; the middle one of these (of an even number, half-way between the two in the middle, rounded up). It is due that many
days after the last order. One order says nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from .customer import plain
from .person import Contact
from .task import Channel
from .wishes import barred

LATE_DAYS = 30  # a delivery or reorder whose day is longer past gets no follow-up: nobody meant it any more


class Kind(StrEnum):
    """What a rule looks for."""

    DELIVERED = "delivered"
    BIRTHDAY = "birthday"
    REORDER = "reorder"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Rule:
    """`days` means: after the delivery, ahead of the birthday, ahead of the day a reorder is due, without contact.

    `most` is how many it makes in one day; `tag` and `segment` say for whom only. A new rule is off.
    """

    kind: Kind
    days: int
    channel: Channel
    most: int = 50
    on: bool = False
    tag: str = ""
    segment: bytes | None = None


DEFAULTS: Mapping[Kind, Rule] = MappingProxyType(
    {
        Kind.DELIVERED: Rule(Kind.DELIVERED, 7, Channel.MESSAGE),
        Kind.BIRTHDAY: Rule(Kind.BIRTHDAY, 7, Channel.MESSAGE),
        Kind.REORDER: Rule(Kind.REORDER, 3, Channel.MESSAGE),
        Kind.QUIET: Rule(Kind.QUIET, 60, Channel.CALL, most=10),
    }
)
FEWEST: Mapping[Kind, int] = MappingProxyType({Kind.DELIVERED: 0, Kind.BIRTHDAY: 0, Kind.REORDER: 0, Kind.QUIET: 1})
MOST: Mapping[Kind, int] = MappingProxyType({Kind.DELIVERED: 365, Kind.BIRTHDAY: 60, Kind.REORDER: 60, Kind.QUIET: 3650})
MOST_A_DAY = 1000


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something a rule found: for whom, what makes it one of a kind (`key`), and the task it would be."""

    customer: bytes
    key: str
    day: date
    title: str
    note: str = ""
    order: bytes | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """One product of an order that was placed and not taken back: `day` it was placed on."""

    merchant: bytes
    sku: str
    title: str
    day: date
    order: bytes


@dataclass(frozen=True, slots=True)
class Reorder:
    """When a customer's next order of a product is to be expected: `every` days after `last`, from `orders` orders."""

    customer: bytes
    merchant: bytes
    sku: str
    title: str
    orders: int
    every: int
    last: date
    due: date
    order: bytes


def reorder(customer: bytes, purchases: Iterable[Purchase]) -> Reorder | None:
    """What the purchases of one product come to; None from fewer than two days."""
    by_day = {found.day: found for found in sorted(purchases, key=lambda found: found.day)}
    days = list(by_day)
    if len(days) < 2:
        return None
    between = sorted((after - before).days for before, after in pairwise(days))
    middle = len(between) // 2
    every = between[middle] if len(between) % 2 else (between[middle - 1] + between[middle] + 1) // 2
    last = by_day[days[-1]]
    return Reorder(customer, last.merchant, last.sku, last.title, len(days), every, last.day, last.day + timedelta(days=every), last.order)


def way_for(rule: Rule, person: Contact) -> Channel | None:
    """How a task of the rule reaches this customer: as the rule says, else by message; None where neither is wanted."""
    closed = barred(person)
    return next((channel for channel in (rule.channel, Channel.MESSAGE) if channel not in closed), None)


def is_meant(rule: Rule, person: Contact) -> bool:
    """Whether the rule is for this customer, by its tag."""
    return not rule.tag or plain(rule.tag) in map(plain, person.tags)
