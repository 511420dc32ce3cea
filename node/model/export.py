"""What an export holds beside the views of the API, and what its writers are told."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from .filters import Filters
from .person import Contact

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Header:
    """The first line. `gemstra` is the format's number; `at` in ms when it was begun; `identity` in hex."""

    gemstra: int
    at: int
    identity: str
    name: str
    role: str
    currency: str


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer as it is kept, picture and all (base64). Times in ms; `archived` null: not put aside."""

    id: str
    person: Contact
    created: int
    updated: int
    archived: int | None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What was said with a customer. Times in ms; direction: in | out | ""."""

    id: str
    customer: str
    at: int
    text: str
    channel: str
    direction: str
    created: int


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A follow-up. `day` YYYY-MM-DD; status: open | done; `rule` and `occasion`: which rule made it and what for, "" = you; times in ms.

    `customer` and `order` are "" where it is about none; `customer_name` is for who reads the file.
    """

    id: str
    title: str
    note: str
    day: str
    channel: str
    status: str
    customer: str
    customer_name: str
    rule: str
    occasion: str
    order: str
    created: int
    updated: int
    finished: int | None


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """A saved choice of customers. Times in ms."""

    id: str
    name: str
    filters: Filters
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule that makes follow-ups, as it is set."""

    kind: str
    on: bool
    days: int
    channel: str
    most: int
    tag: str
    segment: str = ""


Line = NoteLine | TaskLine | SegmentLine | RuleLine


@dataclass(frozen=True, slots=True)
class Beside:
    """A line of an export that an import brings back beside customers, as it was read."""

    kind: str
    line: Line

    @property
    def whose(self) -> str:
        """The id that the customer had there; "" = nobody's."""
        return self.line.customer if isinstance(self.line, NoteLine | TaskLine) else ""


BESIDES: Mapping[str, type[Line]] = MappingProxyType({"note": NoteLine, "task": TaskLine, "segment": SegmentLine, "rule": RuleLine})
"""Kinds of such lines."""


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting of the desk, anything JSON holds."""

    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class End:
    """The last line: how many of each kind there were. Without it the file was cut off."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way: what it is called, what it is, and its bytes as they are made."""

    name: str
    media_type: str
    pieces: AsyncIterator[bytes]


class Writer(Protocol):
    """A form of file. Each call gives the bytes that come next."""

    media_type: str
    ending: str

    def begin(self, header: Header, /) -> bytes:
        """What a file begins with."""

    def rows(self, kind: str, view: Any, values: Any, /) -> bytes:
        """Values of a kind; `view` is their type."""

    def end(self, counts: dict[str, int], /) -> bytes:
        """What a file ends with."""
