"""Which customers: conditions that combine, as a person states them and a segment keeps them. It decides what each means for one record."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from node.errors import UserError

from .person import Contact
from .terms import folded
from .territory import alpha2

DAY = 86_400_000
LONGEST = 60  # of a value; what is longer is compared up to here
HAS = ("phone", "email", "postal")
ARCHIVED = ("no", "only", "all")
MOST_DAYS = 36_500
_DAYS = re.compile(r"[0-9]{1,5}\Z")


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions must be met; what is empty asks for nothing.

    `tags`: each of them. `city`, `country` (name or code) and `language`, `source` (how they came): as in the record. `consent`: a purpose
    agreed to now; `no_consent`: one that is not. `month`: of the birthday, 1 to 12. `has`, `lacks`: of phone, email, postal. Of the last
    order: `since`, `before` (nothing since then) are a date YYYY-MM-DD or a number of days back from now; `never`: none yet.
    """

    text: str = ""
    tags: tuple[str, ...] = ()
    city: str = ""
    country: str = ""
    consent: str = ""
    no_consent: str = ""
    month: int = 0
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    since: str = ""
    before: str = ""
    never: bool = False
    archived: str = "no"
    language: str = ""
    source: str = ""


def checked(filters: Filters, now: int) -> Filters:
    """`filters`, or UserError `bad-filter` naming what is wrong."""
    for word in (*filters.has, *filters.lacks):
        if word not in HAS:
            raise UserError(f"“{word}” is nothing to filter by: say phone, email or postal.", code="bad-filter")
    if filters.archived not in ARCHIVED:
        raise UserError("Say no, only or all for archived.", code="bad-filter")
    if not 0 <= filters.month <= 12:
        raise UserError("Give the month of the birthday as a number from 1 to 12.", code="bad-filter")
    for text in (filters.since, filters.before):
        moment(text, now)
    return filters


def moment(text: str, now: int) -> int:
    """The start of a day, or so many days before `now`, in ms; 0 for "". Raises UserError `bad-filter`."""
    if not text:
        return 0
    if _DAYS.match(text) and int(text) <= MOST_DAYS:
        return now - int(text) * DAY
    try:
        return int(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp() * 1000)
    except ValueError:
        raise UserError(f"“{text}” is no day: write it like 2026-01-31, or a number of days like 90.", code="bad-filter") from None


KINDS = {"tag": "=t", "city": "=c", "country": "=l", "language": "=s", "source": "=o", "consent": "=p"}
"""The kinds of values to filter by, with what their words begin with: no word of a record has a = in it."""
ARCHIVED_WORD = "=archived"


def compared(kind: str, text: str) -> str:
    """A value as it is compared: a country by its code where it has one, anything else without case and accents."""
    return (alpha2(text) if kind == "country" else "") or folded(text)


def facet_start(kind: str, text: str) -> str:
    """How the word of a value begins, whichever way it is written."""
    return f"{KINDS[kind]}{compared(kind, text)[:LONGEST].encode().hex()}x"


def facet_shown(word: str) -> str:
    """The value in a word, as it is written."""
    return bytes.fromhex(word.partition("x")[2]).decode()


def facet_word(kind: str, text: str) -> str:
    """The word of a value: what is compared and, after x, as it is written."""
    return facet_start(kind, text) + text[:LONGEST].encode().hex()


def facets(person: Contact, *, archived: bool, word: Callable[[str, str], str] = facet_word) -> str:
    """What a person is filtered by, a word each. A purpose while it is agreed to. `word`: `facet_word`, or one that keeps what it made."""
    found = [("tag", tag) for tag in person.tags]
    found += [pair for address in person.addresses for pair in (("city", address.city), ("country", address.country))]
    found += [("language", person.language), ("source", person.came_by)]
    standing = {folded(consent.purpose): consent for consent in person.consents}  # the last of a purpose holds
    found += [("consent", consent.purpose) for consent in standing.values() if consent.given]
    kept = [word(kind, text) for kind, text in found if text and not text.isspace()]
    has = {"phone": person.phones, "email": person.emails, "postal": person.postal_address()}
    kept += [has_word(name) for name, value in has.items() if value]
    kept += [month_word(int(person.birthday[-5:-3]))] if person.birthday else []
    kept += [ARCHIVED_WORD] if archived else []
    return " ".join(dict.fromkeys(kept))


def has_word(name: str) -> str:
    """The word of who has `phone`, `email` or `postal`."""
    return f"=h{name}"


def month_word(month: int) -> str:
    """The word of a birthday in this month."""
    return f"=m{month:02}"


@dataclass(frozen=True, slots=True)
class Segment:
    """A choice of customers under a name: whoever meets the filters when somebody looks. Times in ms."""

    id: bytes
    name: str
    filters: Filters
    created: int
    updated: int
