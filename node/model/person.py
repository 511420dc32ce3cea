"""What a contacts file says about one person, in one shape for every format. It decides what is a postal address, a phone number, a day."""

import re
from dataclasses import dataclass
from datetime import date

from .phone_numbers import e164

_PARTS = re.compile(r"[\n,]")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T.*)?\Z")
_LONG_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?\Z")
_NO_YEAR = re.compile(r"--(\d\d)-?(\d\d)(?:T.*)?\Z")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\Z")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")


@dataclass(frozen=True, slots=True)
class Names:
    """`full` is what to show and is never empty; the parts are as the file gives them."""

    full: str
    given: str = ""
    family: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A value with the file's word for it, such as home or work ("" where there is none)."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Phone:
    """`raw` as written; `e164` where it is a whole number in the region it was read for, else None."""

    label: str
    raw: str
    e164: str | None


@dataclass(frozen=True, slots=True)
class Address:
    """`lines` are the street and what stands beside it; where a program wrote everything into one field they are the whole block."""

    label: str
    lines: tuple[str, ...]
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""

    def is_postal(self) -> bool:
        """Whether a parcel could be addressed: a street and a place, or a free block of two parts or more."""
        if not self.lines:
            return False
        if self.city or self.postcode or self.country:
            return True
        return len([part for part in _PARTS.split("\n".join(self.lines)) if part.strip()]) >= 2


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to, or took back: `purpose` in words, `given` or not since `day` (YYYY-MM-DD), and `how` it was said."""

    purpose: str
    given: bool
    day: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """A property that no field holds, kept as it was so that nothing is lost. `parameters` as in the file."""

    name: str
    parameters: str
    value: str


@dataclass(frozen=True, slots=True)
class Contact:
    """One person. `row`: the row of a table, or the how-manieth card. Preferred values come first. `birthday`: YYYY-MM-DD or --MM-DD.

    `came_by` and `referrer` say how the person came to the seller. `preferences` are standing wishes (sizes, allergies, no calls) and
    `custom` fields the seller's own, each with its label. `consents` are in the order they were given; the last of a purpose holds.
    """

    row: int
    names: Names
    phones: tuple[Phone, ...] = ()
    emails: tuple[Labelled, ...] = ()
    addresses: tuple[Address, ...] = ()
    birthday: str = ""
    organisation: str = ""
    title: str = ""
    notes: str = ""
    nickname: str = ""
    urls: tuple[Labelled, ...] = ()
    dates: tuple[Labelled, ...] = ()
    photo: bytes | None = None
    language: str = ""
    handles: tuple[Labelled, ...] = ()
    tags: tuple[str, ...] = ()
    other: tuple[Raw, ...] = ()
    came_by: str = ""
    referrer: str = ""
    preferences: tuple[Labelled, ...] = ()
    custom: tuple[Labelled, ...] = ()
    consents: tuple[Consent, ...] = ()

    def postal_address(self) -> Address | None:
        """The first address a parcel could go to, or None."""
        return next((address for address in self.addresses if address.is_postal()), None)


@dataclass(frozen=True, slots=True)
class Origin:
    """What an export says of a customer beside the person: the id (hex), when they were added, changed and put aside (ms)."""

    id: str
    created: int
    updated: int
    archived: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One card or row as it was read: the person, or None where there is none to be had. `problems` say what was wrong with it.

    `original` is how it stood in the file (cells of a row, or one text), where the person must still be asked or told about it; `origin`
    is of a row of an export.
    """

    row: int
    person: Contact | None
    problems: tuple[str, ...] = ()
    original: tuple[str, ...] = ()
    origin: Origin | None = None


def phone(label: str, raw: str, region: str) -> Phone:
    """`raw` with its E.164 form where it is a whole number, read as if dialled in `region` (two capitals)."""
    return Phone(label, raw, e164(raw, region))


def day(text: str) -> str:
    """A date as YYYY-MM-DD or, without a year, --MM-DD; "" where it is none that exists, or can be read in two ways (4/5/1988)."""
    compact = text.strip()
    if match := _NO_YEAR.match(compact):
        year, month, number = "2000", match[1], match[2]  # a leap year, so that 29 February may be a birthday
    elif match := _COMPACT_DATE.match(compact) or _LONG_DATE.match(compact):
        year, month, number = match.groups()
    elif match := _DOTTED.match(compact):
        number, month, year = match.groups()
    elif match := _SLASHED.match(compact):
        first, second, year = match.groups()
        if int(first) <= 12 and int(second) <= 12 and first != second:
            return ""
        number, month = (first, second) if int(first) > 12 else (second, first)
    else:
        return ""
    try:
        found = date(int(year), int(month), int(number))
    except ValueError:
        return ""
    return found.strftime("--%m-%d") if compact.startswith("--") else found.isoformat()
