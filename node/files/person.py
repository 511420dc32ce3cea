"""What a contacts file says about one person, in one shape for every format. It decides what is a name, an e-mail, a phone."""

import re
from dataclasses import dataclass, field
from typing import TypeVar

from node.model.person import Address, Consent, Contact, Entry, Labelled, Names, Phone, Raw, phone

_Value = TypeVar("_Value")
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\Z")
_DIGITS = re.compile(r"\d")
_SOME_DAY = re.compile(r"[^0/.\- ]")
_FEWEST_DIGITS = 3
_SHOWN = 60


@dataclass(slots=True)
class Sketch:
    """A contact while its properties are gathered; `preferred` values are put first at the end."""

    row: int
    names: dict[str, str] = field(default_factory=dict)
    phones: list[tuple[int, Phone]] = field(default_factory=list)
    emails: list[tuple[int, Labelled]] = field(default_factory=list)
    addresses: list[tuple[int, Address]] = field(default_factory=list)
    birthday: str = ""
    organisation: str = ""
    title: str = ""
    notes: list[str] = field(default_factory=list)
    nickname: str = ""
    urls: list[Labelled] = field(default_factory=list)
    dates: list[Labelled] = field(default_factory=list)
    photo: bytes | None = None
    language: str = ""
    handles: list[Labelled] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    other: list[Raw] = field(default_factory=list)
    came_by: str = ""
    referrer: str = ""
    preferences: list[Labelled] = field(default_factory=list)
    custom: list[Labelled] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def add_email(self, rank: int, label: str, value: str) -> bool:
        """Keep an e-mail. False where it is none: then it is told, and the caller keeps it as it was."""
        if not _EMAIL.match(value):
            return self._stray(value, "is no e-mail address")
        self.emails.append((rank, Labelled(label, value)))
        return True

    def add_phone(self, rank: int, label: str, value: str, region: str) -> bool:
        """Keep a phone number, whole or not. False where it has hardly a digit: then it is told, and the caller keeps it as it was."""
        if len(_DIGITS.findall(value)) < _FEWEST_DIGITS:
            return self._stray(value, "is no phone number")
        self.phones.append((rank, phone(label, value, region)))
        return True

    def no_day(self, value: str) -> None:
        """Tell that `value` is no day, or none that can be read in one way; the caller keeps it as it was. 0/0/00 says nothing."""
        if not _SOME_DAY.search(value):
            return
        self.problems.append(f"“{value[:_SHOWN]}” is no day of the calendar, or can be read in two ways; it is kept as it was.")

    def _stray(self, value: str, why: str) -> bool:
        self.strays.append(value)
        self.problems.append(f"“{value[:_SHOWN]}” {why}; it is kept as it was.")
        return False

    def shown_name(self) -> str:
        """The full name or the best that stands for it; "" when there is nothing to know the person by."""
        parts = (self.names.get(part, "") for part in ("prefix", "given", "middle", "family", "suffix"))
        return (
            self.names.get("full", "")
            or " ".join(part for part in parts if part)
            or self.nickname
            or self.organisation
            or next((email.value for _, email in self.emails), "")
            or next((phone.raw for _, phone in self.phones), "")
            or next(iter(self.strays), "")
        )

    def finish(self, original: tuple[str, ...] = (), *, keep: bool = False) -> Entry:
        """The person, or why there is none. `original` goes with who is none, or with all if it is to be kept."""
        full = self.shown_name()
        if not full:
            return Entry(self.row, None, ("It has no name, e-mail, phone or organisation to know the person by.",), original)
        return Entry(self.row, self._contact(full), tuple(self.problems), original if keep else ())

    def _contact(self, full: str) -> Contact:
        return Contact(
            row=self.row,
            names=Names(full, **{part: text for part, text in self.names.items() if part != "full"}),
            phones=_best_first(self.phones),
            emails=_best_first(self.emails),
            addresses=_best_first(self.addresses),
            birthday=self.birthday,
            organisation=self.organisation,
            title=self.title,
            notes="\n\n".join(self.notes),
            nickname=self.nickname,
            urls=tuple(self.urls),
            dates=tuple(self.dates),
            photo=self.photo,
            language=self.language,
            handles=tuple(self.handles),
            tags=tuple(dict.fromkeys(self.tags)),
            other=tuple(self.other),
            came_by=self.came_by,
            referrer=self.referrer,
            preferences=tuple(self.preferences),
            custom=tuple(self.custom),
            consents=tuple(self.consents),
        )


def _best_first(values: list[tuple[int, _Value]]) -> tuple[_Value, ...]:
    if len(values) < 2:
        return (values[0][1],) if values else ()
    return tuple(value for _, value in sorted(values, key=lambda pair: pair[0]))


def text_lines(*blocks: str) -> tuple[str, ...]:
    """The lines of `blocks` without empty ones and trailing commas."""
    return tuple(line for block in blocks for piece in block.splitlines() if (line := piece.strip().rstrip(",").strip()))
