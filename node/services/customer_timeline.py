"""What happened with a customer, newest first: orders, notes, follow-ups done, what was disclosed, consents, imports, merges, changes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from node.errors import UserError
from node.model.customer import Customer
from node.model.timeline import Event, Place
from protocol.encoding import decode, encode
from protocol.errors import Malformed

from .customers import CustomersUnit, find

MOST_ROWS = 200


class Timeline(Protocol):
    """What the store knows of events (node/store/customer_timeline.py)."""

    def before(self, customer: bytes, place: Place, limit: int) -> Sequence[Event]: ...  # noqa: D102


class TimelineUnit(CustomersUnit, Protocol):
    """A unit that knows what happened."""

    @property
    def customer_timeline(self) -> Timeline: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened at `at` (ms). node/model/timeline.py says what `kind`, `about`, `what` and `detail` are."""

    at: int
    kind: str
    about: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class TimelineView:
    """Events, the latest first. `cursor` goes on; empty at the end."""

    events: tuple[TimelineEvent, ...]
    cursor: str


def list_timeline(unit: TimelineUnit, customer: bytes, cursor: str = "", limit: int = 50) -> TimelineView:
    """What happened with a customer, newest first."""
    place, count = _read_cursor(cursor), min(max(limit, 1), MOST_ROWS)
    found = find(unit, customer)
    events = [event for event in _consents(found) if event.place < place]
    events += unit.customer_timeline.before(customer, place, count + 1)
    events.sort(key=lambda event: event.place, reverse=True)
    shown = events[:count]
    going_on = urlsafe_b64encode(encode(list(shown[-1].place))).decode() if len(events) > count else ""
    return TimelineView(tuple(_view(unit, event) for event in shown), going_on)


def _view(unit: TimelineUnit, event: Event) -> TimelineEvent:
    detail = event.detail
    if event.kind == "disclosure" and (merchant := unit.peers.by_identity(bytes.fromhex(detail))) is not None:
        detail = merchant.name
    return TimelineEvent(event.at, event.kind, event.key, event.what, detail)


def _consents(customer: Customer) -> list[Event]:
    """What was said of consent, on the day it was said; a file may name a day that is none, which has no place in time."""
    found = []
    for number, said in enumerate(customer.person.consents):
        try:
            then = datetime.strptime(said.day, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            continue
        found.append(Event(int(then.timestamp() * 1000), "consent", f"{number:06}", said.purpose, "given" if said.given else "withdrawn"))
    return found


def _read_cursor(cursor: str) -> Place:
    if not cursor:
        return Place()
    try:
        at, row = decode(urlsafe_b64decode(cursor))
        return Place(int(at), str(row))
    except (ValueError, TypeError, Malformed) as error:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request") from error
