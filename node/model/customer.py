"""A seller's customer as the store keeps it: what a contacts file says of a person, when it came, and from where.

It decides how a customer is found again, what two records of one person make together, and what of it an order may need.
Times in milliseconds UTC.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from protocol.disclosure import LONGEST_VALUE, Field

from .person import Address, Consent, Contact, Labelled, Phone
from .territory import alpha2

MOST_REGION, MOST_POSTCODE = 10, 16  # what a quote request takes (protocol/order_records.py)
_Value = TypeVar("_Value")
_NOT_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Customer:
    """`source` is the import that wrote it last; None once it was written by hand. `archived`: when it was put aside, or None."""

    id: bytes
    person: Contact
    created: int
    updated: int
    source: bytes | None = None
    archived: int | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import that was taken over."""

    id: bytes
    name: str
    dialect: str
    at: int
    created: int
    updated: int
    known: int
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A customer as it stands in the tables: the columns that writing it sets, its likenesses, and its picture
    with the small one where that is changed.
    """

    columns: tuple[Any, ...]
    keys: list[tuple[str, str]]
    picture: bytes | None = None
    shown: bytes | None = None
    pictured: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """A customer of an import that something happened to since. how: changed, ordered, used."""

    id: bytes
    name: str
    how: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking an import back comes to: who goes, who is as in the image, and who is as an older program kept it."""

    removed: tuple[bytes, ...]
    restored: tuple[tuple[bytes, Image], ...]
    older: tuple[Customer, ...]


class _Marks(dict[int, int | None]):
    """For `str.translate`: no combining marks. It learns a letter when it first meets it."""

    def __missing__(self, letter: int) -> int | None:
        self[letter] = None if unicodedata.combining(chr(letter)) else letter
        return self[letter]


_MARKS = _Marks()


def plain(text: str) -> str:
    """`text` as it is searched and sorted: without case, accents and repeated spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join([found for word in text.split() if (found := _plain_word(word))])


def _plain_word(word: str) -> str:
    if word.isascii():  # as most are of a note where one is not
        return word.lower()
    return " ".join(unicodedata.normalize("NFKD", word.casefold()).translate(_MARKS).split())


def digits(text: str) -> str:
    """The digits of `text`."""
    return _NOT_DIGITS.sub("", text)


def same_person(person: Contact) -> tuple[tuple[str, str], ...]:
    """What a record of the same person shares with this one, the strongest first: name with address, e-mails, whole phone numbers."""
    address = next(iter(person.addresses), None)
    where = "" if address is None else "\n".join((*address.lines, address.postcode, address.city))
    keys = [("who", plain(person.names.full) + "\n" + plain(where))]
    keys += [("email", item.value.strip().casefold()) for item in person.emails if item.value.strip()]
    keys += [("phone", phone.e164) for phone in person.phones if phone.e164]
    return tuple(dict.fromkeys(keys))


def merged(before: Contact, after: Contact) -> Contact:
    """One person of two records: `after` speaks where it says something, and what only `before` has stays."""
    return replace(
        after,
        row=before.row,
        phones=_both(after.phones, before.phones, _same_phone),
        emails=_both(after.emails, before.emails, lambda item: item.value.casefold()),
        addresses=_both(after.addresses, before.addresses, _same_address),
        birthday=after.birthday or before.birthday,
        organisation=after.organisation or before.organisation,
        title=after.title or before.title,
        notes=after.notes or before.notes,
        nickname=after.nickname or before.nickname,
        urls=_both(after.urls, before.urls, _labelled),
        dates=_both(after.dates, before.dates, _labelled),
        photo=after.photo or before.photo,
        language=after.language or before.language,
        handles=_both(after.handles, before.handles, _labelled),
        tags=tuple(dict.fromkeys((*after.tags, *before.tags))),
        other=tuple(dict.fromkeys((*after.other, *before.other))),
        came_by=before.came_by or after.came_by,  # how a person came first is not changed by a later file
        referrer=before.referrer or after.referrer,
        preferences=_both(after.preferences, before.preferences, _labelled),
        custom=_both(after.custom, before.custom, lambda item: item.label),
        consents=_consents(before.consents, after.consents),
    )


def _consents(before: tuple[Consent, ...], after: tuple[Consent, ...]) -> tuple[Consent, ...]:
    """In their order; what a file says again without a day is no news."""
    found = list(dict.fromkeys((*before, *(said for said in after if said.day))))
    for said in after:
        last = next((known for known in reversed(found) if known.purpose == said.purpose), None)
        if not said.day and (last is None or last.given is not said.given):
            found.append(said)
    return tuple(found)


def _both(first: Iterable[_Value], second: Iterable[_Value], name: Callable[[_Value], Hashable]) -> tuple[_Value, ...]:
    first, second = tuple(first), tuple(second)
    found = {name(item): item for item in reversed((*first, *second))}
    return tuple(found[known] for known in dict.fromkeys(name(item) for item in (*first, *second)))


def _same_phone(phone: Phone) -> str:
    return phone.e164 or digits(phone.raw) or phone.raw


def _same_address(address: Address) -> str:
    return plain("\n".join((*address.lines, address.postcode, address.city)))


def _labelled(item: Labelled) -> tuple[str, str]:
    return item.label, item.value


# --- what an order needs


def delivery_values(person: Contact) -> dict[Field, str]:
    """What can be disclosed of the person. A free-form address is all street."""
    values = {
        Field.NAME: person.names.full,
        Field.PHONE: next((phone.e164 or phone.raw for phone in person.phones), ""),
        Field.EMAIL: next((item.value for item in person.emails), ""),
    }
    if (address := person.postal_address()) is not None:
        values |= {
            Field.STREET: ", ".join(_lines(address.lines)),
            Field.POSTCODE: address.postcode,
            Field.CITY: address.city,
            Field.REGION: address.region,
            Field.COUNTRY: address.country,
        }
    return {field: value[:LONGEST_VALUE] for field, value in values.items() if value}


def destination(person: Contact) -> tuple[str, str, str]:
    """Country (ISO 3166-1 alpha-2), region and postcode: all that a quote may know. Each empty where it is not known or too long."""
    address = person.postal_address()
    if address is None:
        return "", "", ""
    country = alpha2(address.country) or (alpha2(_lines(address.lines)[-1].split(",")[-1]) if not address.country else "")
    region, postcode = address.region.strip(), address.postcode.strip()
    return country, region if len(region) <= MOST_REGION else "", postcode if len(postcode) <= MOST_POSTCODE else ""


def _lines(lines: Iterable[str]) -> list[str]:
    return [found for line in lines for piece in line.split("\n") if (found := piece.strip().rstrip(","))]
