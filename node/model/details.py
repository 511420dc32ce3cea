"""Everything written of a person, as a form or a JSON document holds it: the whole of a Contact but its picture.

It decides what may be written, and names each field that may not. What stands there already and is left as it was is never refused:
files hold phones that are none, and an edit of the tags shall not be stopped by them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from node.errors import FieldError, FieldErrors

from .person import Address, Consent, Contact, Labelled, Names, Phone, Raw, day, phone
from .territory import alpha2

LONGEST, LONGEST_TEXT, MOST = 500, 100_000, 100
_EMAIL = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+\Z")
_PHONE = re.compile(r"[\d\s+()./,;#*x\-\u2010-\u2015]+\Z", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_FEWEST_DIGITS = 3
_HIDDEN = frozenset(("Cc", "Cs"))
_KEPT = frozenset("\n\t")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with the seller's word for it, such as home or work."""

    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class PhoneEntry:
    """A phone number as written. `whole` is its E.164 form where it is one; it is reckoned anew when written."""

    value: str
    label: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An address; `street` has the street and what stands beside it, one a line."""

    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Details:
    """A person. Preferred values come first. Days are YYYY-MM-DD, or --MM-DD where no year is known.

    `preferences` are standing wishes (sizes, allergies, no calls), `custom` the seller's own fields by label, `other` what a file said
    that has no field here. What was said of consent is added to and never taken away.
    """

    name: str = ""
    given: str = ""
    middle: str = ""
    family: str = ""
    prefix: str = ""
    suffix: str = ""
    nickname: str = ""
    organisation: str = ""
    title: str = ""
    birthday: str = ""
    language: str = ""
    came_by: str = ""
    referrer: str = ""
    note: str = ""
    phones: tuple[PhoneEntry, ...] = ()
    emails: tuple[Entry, ...] = ()
    addresses: tuple[AddressEntry, ...] = ()
    dates: tuple[Entry, ...] = ()
    handles: tuple[Entry, ...] = ()
    urls: tuple[Entry, ...] = ()
    preferences: tuple[Entry, ...] = ()
    custom: tuple[Entry, ...] = ()
    tags: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    other: tuple[Raw, ...] = ()


NOBODY = Contact(0, Names(""))
_PLACE = ("postcode", "city", "region", "country", "label")
_NAME_PARTS = ("given", "family", "middle", "prefix", "suffix")


def details_of(person: Contact) -> Details:
    """What is kept of a person, but for the picture."""
    names = person.names
    return Details(
        name=names.full,
        **{part: getattr(names, part) for part in _NAME_PARTS},
        nickname=person.nickname,
        organisation=person.organisation,
        title=person.title,
        birthday=person.birthday,
        language=person.language,
        came_by=person.came_by,
        referrer=person.referrer,
        note=person.notes,
        phones=tuple(map(_phone_entry, person.phones)),
        emails=_entries(person.emails),
        addresses=tuple(map(_address_entry, person.addresses)),
        dates=_entries(person.dates),
        handles=_entries(person.handles),
        urls=_entries(person.urls),
        preferences=_entries(person.preferences),
        custom=_entries(person.custom),
        tags=person.tags,
        consents=person.consents,
        other=person.other,
    )


def written(details: Details, before: Contact, region: str) -> Contact:
    """The person that `details` make of `before` (NOBODY for a new one). `region` (two capitals): the country of a number without one,
    where no address names it. Raises FieldErrors with every field that is wrong.
    """
    check = _Check(details_of(before))
    home = next((code for address in details.addresses if (code := alpha2(address.country))), region)
    person = Contact(
        row=before.row,
        names=Names(check.line("name", details.name), **{part: check.line(part, getattr(details, part)) for part in _NAME_PARTS}),
        phones=check.phones(details.phones, before.phones, home),
        emails=check.entries("emails", details.emails, check.email),
        addresses=check.addresses(details.addresses, before.addresses),
        birthday=check.birthday(details.birthday),
        organisation=check.line("organisation", details.organisation),
        title=check.line("title", details.title),
        notes=check.text("note", details.note),
        nickname=check.line("nickname", details.nickname),
        urls=check.entries("urls", details.urls),
        dates=check.entries("dates", details.dates, check.date),
        photo=before.photo,
        language=check.language(details.language),
        handles=check.entries("handles", details.handles),
        tags=check.tags(details.tags),
        other=details.other,
        came_by=check.line("came_by", details.came_by),
        referrer=check.line("referrer", details.referrer),
        preferences=check.entries("preferences", details.preferences),
        custom=check.entries("custom", details.custom),
        consents=check.consents(details.consents),
    )
    if not person.names.full and not check.failed("name"):
        check.refuse(FieldError("Enter a name.", code="name-missing", field="name"))
    if check.faults:
        raise FieldErrors(check.faults)
    return person


@dataclass(slots=True)
class _Check:
    """Looks at each field and gathers what is wrong. Fields that stand in `before` as they are pass."""

    before: Details
    faults: list[FieldError] = field(default_factory=list)

    def refuse(self, fault: FieldError) -> None:
        self.faults.append(fault)

    def failed(self, path: str) -> bool:
        return any(fault.field == path for fault in self.faults)

    def line(self, path: str, value: str, *, known: str | None = None) -> str:
        """One line of text."""
        if value == (getattr(self.before, path, None) if known is None else known):
            return value
        return self._text(path, value.strip(), LONGEST, frozenset())

    def text(self, path: str, value: str) -> str:
        """Text of several lines."""
        if value == getattr(self.before, path):
            return value
        return self._text(path, value.replace("\r\n", "\n").strip(), LONGEST_TEXT, _KEPT)

    def _text(self, path: str, value: str, most: int, kept: frozenset[str]) -> str:
        if len(value) > most:
            self.refuse(FieldError(f"Shorten this: it may have {most} characters.", code="too-long", field=path))
        elif any(unicodedata.category(letter) in _HIDDEN and letter not in kept for letter in value):
            self.refuse(FieldError("Take the invisible control characters out of this.", code="bad-character", field=path))
        return value

    def birthday(self, value: str) -> str:
        value = self.line("birthday", value)
        found = day(value)
        if value and value != self.before.birthday and not found:
            text = "Enter a birthday that exists, like 1988-04-23, or --04-23 without the year."
            self.refuse(FieldError(text, code="bad-birthday", field="birthday"))
        return found or value

    def date(self, path: str, value: str) -> str:
        found = day(value)
        if not found and not self.failed(path):
            text = "Enter a day that exists, like 2026-04-23, or --04-23 without the year."
            self.refuse(FieldError(text, code="bad-date", field=path))
        return found or value

    def email(self, path: str, value: str) -> str:
        domain = value.rpartition("@")[2]
        good = _EMAIL.match(value) and not domain.startswith(".") and ".." not in domain
        if not good and not self.failed(path):
            self.refuse(FieldError("Enter an e-mail address like ana@example.com.", code="bad-email", field=path))
        return value

    def language(self, value: str) -> str:
        value = self.line("language", value)
        if value and value != self.before.language and not _LANGUAGE.match(value):
            self.refuse(FieldError("Enter a language as its code, like es or pt-BR.", code="bad-language", field="language"))
        return value

    def phones(self, given: Sequence[PhoneEntry], before: Sequence[Phone], region: str) -> tuple[Phone, ...]:
        known = {(item.label, item.raw or item.e164 or ""): item for item in before}
        found = []
        for number, item in self._each("phones", given, len(before)):
            if (same := known.get((item.label, item.value))) is not None:
                found.append(same)
                continue
            path = f"phones.{number}.value"
            value, label = self.line(path, item.value), self.line(f"phones.{number}.label", item.label)
            digits = sum(letter.isdigit() for letter in value)
            if value and not self.failed(path) and (digits < _FEWEST_DIGITS or not _PHONE.match(value)):
                self.refuse(FieldError("Enter a phone number, like +34 600 000 111.", code="bad-phone", field=path))
            elif value:
                found.append(phone(label, value, region))
        return tuple(found)

    def addresses(self, given: Sequence[AddressEntry], before: Sequence[Address]) -> tuple[Address, ...]:
        known = {_address_entry(item): item for item in before}
        found = []
        for number, item in self._each("addresses", given, len(before)):
            if (same := known.get(item)) is not None:
                found.append(same)
                continue
            path = f"addresses.{number}"
            lines = tuple(
                self.line(f"{path}.street", line.strip(), known="") for line in item.street.replace("\r", "\n").split("\n") if line.strip()
            )
            rest = {name: self.line(f"{path}.{name}", getattr(item, name), known="") for name in _PLACE}
            if lines or any(value for name, value in rest.items() if name != "label"):
                found.append(Address(lines=lines, **rest))
        return tuple(found)

    def entries(self, path: str, given: Sequence[Entry], check: Callable[[str, str], str] | None = None) -> tuple[Labelled, ...]:
        before: tuple[Entry, ...] = getattr(self.before, path)
        found = []
        for number, item in self._each(path, given, len(before)):
            if item in before:
                found.append(Labelled(item.label, item.value))
                continue
            place = f"{path}.{number}.value"
            value, label = self.line(place, item.value, known=""), self.line(f"{path}.{number}.label", item.label, known="")
            if value:
                found.append(Labelled(label, check(place, value) if check else value))
        return tuple(found)

    def tags(self, given: Sequence[str]) -> tuple[str, ...]:
        """Each tag once, however it is written."""
        found: dict[str, str] = {}
        for _, item in self._each("tags", given, len(self.before.tags)):
            tag = item if item in self.before.tags else self.line("tags", item, known="")
            if tag:
                found.setdefault(tag.casefold(), tag)
        return tuple(found.values())

    def consents(self, given: Sequence[Consent]) -> tuple[Consent, ...]:
        before = self.before.consents
        if any(item not in given for item in before):
            text = "What was said of consent stays on record. Add that it was withdrawn instead."
            self.refuse(FieldError(text, code="consent-stays", field="consents"))
        found = []
        for number, item in self._each("consents", given, len(before)):
            if item in before:
                found.append(item)
                continue
            path = f"consents.{number}"
            purpose, how = self.line(f"{path}.purpose", item.purpose, known=""), self.line(f"{path}.how", item.how, known="")
            if not purpose and (item.day or how):
                self.refuse(FieldError("Say what the consent is for, like newsletter.", code="purpose-missing", field=f"{path}.purpose"))
            elif purpose:
                found.append(Consent(purpose, item.given, self._consent_day(f"{path}.day", item.day.strip()), how))
        return tuple(found)

    def _consent_day(self, path: str, value: str) -> str:
        found = day(value)
        if not found or found.startswith("--"):
            self.refuse(FieldError("Enter the day it was said, like 2026-04-23.", code="bad-date", field=path))
        return found

    def _each(self, path: str, given: Iterable[_Value], known: int) -> Iterable[tuple[int, _Value]]:
        items = list(given)
        if len(items) > max(MOST, known):
            self.refuse(FieldError(f"Keep at most {MOST} of these.", code="too-many", field=path))
            return []
        return enumerate(items)


def _entries(items: Iterable[Labelled]) -> tuple[Entry, ...]:
    return tuple(Entry(item.value, item.label) for item in items)


def _phone_entry(item: Phone) -> PhoneEntry:
    return PhoneEntry(item.raw or item.e164 or "", item.label, item.e164 or "")


def _address_entry(item: Address) -> AddressEntry:
    return AddressEntry("\n".join(item.lines), item.postcode, item.city, item.region, item.country, item.label)
