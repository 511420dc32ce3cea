"""Customers as vCard 4.0 (RFC 6350), for any other program; own X- properties hold what a card has no place for.

A card is read back by our own reader when it is written. Where that gives another person than was written (a label with two spaces, a
number that another country dials otherwise), the exact record comes along (exact_card.py).
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from node.model.export import Header
from node.model.person import Address, Contact
from node.model.photo import media_type

from . import vcard
from .exact_card import exact_line

_LONGEST = 75
_PLAIN_LABEL = re.compile(r"[a-z][a-z0-9-]*\Z")
_RAW_NAME = re.compile(r"(?:[A-Za-z0-9-]+\.)?X-[A-Za-z0-9-]+\Z")
_BREAKS = re.compile(r"[\r\n]")
_HIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DASHED = re.compile(r"\d{4}-\d\d-\d\d\Z|--\d\d-\d\d\Z")


class CardWriter:
    """The cards of a file."""

    media_type = "text/vcard"
    ending = "vcf"

    def begin(self, header: Header, /) -> bytes:  # noqa: ARG002  the port's
        """A file of cards has no head."""
        return b""

    def rows(self, kind: str, view: Any, values: Iterable[Any], /) -> bytes:  # noqa: ARG002  the port's
        """A card each."""
        return b"".join(card(value.person) for value in values)

    def end(self, counts: dict[str, int], /) -> bytes:  # noqa: ARG002  the port's
        """Nor an end."""
        return b""


def card(person: Contact) -> bytes:
    """One card of which our reader makes the same person."""
    folded = [fold(line) for line in _lines(person)]
    lines = [line for block in folded for line in block.removesuffix(b"\r\n").split(b"\r\n")]
    dialled = all(item.raw.startswith("+") for item in person.phones)  # else it is read by the country that the importer names
    if not dialled or _read(lines) != replace(person, row=1):
        folded.append(fold(exact_line(lines, person)))
    return b"BEGIN:VCARD\r\n" + b"".join(folded) + b"END:VCARD\r\n"


def _read(lines: list[bytes]) -> Contact | None:
    found = list(vcard.read_cards([b"BEGIN:VCARD", *lines, b"END:VCARD"], "ZZ"))
    return found[0].person if len(found) == 1 and not found[0].problems else None


def fold(line: str) -> bytes:
    """A content line in pieces of 75 bytes, never within a letter."""
    data = line.encode("utf-8", "replace")
    pieces, start = [], 0
    while len(data) - start > _LONGEST - bool(start):
        end = start + _LONGEST - bool(start)
        while data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[start:end])
        start = end
    return b"\r\n ".join([*pieces, data[start:]]) + b"\r\n"


def _lines(person: Contact) -> Iterator[str]:
    names, number = person.names, iter(range(1, 1_000_000))
    yield "VERSION:4.0"
    yield f"FN:{_text(names.full)}"
    parts = (names.family, names.given, names.middle, names.prefix, names.suffix)
    if any(parts):
        yield "N:" + ";".join(map(_text, parts))
    for place, phone in enumerate(person.phones, 1):
        yield from _labelled("TEL", phone.label, _text(phone.raw or phone.e164 or ""), number, f";PREF={min(place, 100)}")
    for place, item in enumerate(person.emails, 1):
        yield from _labelled("EMAIL", item.label, _text(item.value), number, f";PREF={min(place, 100)}")
    for place, address in enumerate(person.addresses, 1):
        yield from _labelled("ADR", address.label, _address(address), number, f";PREF={min(place, 100)}")
    yield from _singles(person)
    for item in person.dates:
        if item.label == "anniversary":
            yield f"ANNIVERSARY:{_day(item.value)}"
        else:
            yield from _labelled("X-ABDATE", item.label, _day(item.value), number, apple=True)
    for item in person.urls:
        yield from _labelled("URL", item.label, _text(item.value), number)
    yield from (f"X-SOCIALPROFILE;SERVICE-TYPE={_quoted(item.label)}:{_text(item.value)}" for item in person.handles)
    if person.tags:
        yield "CATEGORIES:" + ",".join(map(_text, person.tags))
    yield from (f"X-GEMSTRA-PREFERENCE;LABEL={_quoted(item.label)}:{_text(item.value)}" for item in person.preferences)
    yield from (f"X-GEMSTRA-FIELD;LABEL={_quoted(item.label)}:{_text(item.value)}" for item in person.custom)
    for said in person.consents:
        yield "X-GEMSTRA-CONSENT:" + ";".join(map(_text, (said.purpose, "given" if said.given else "withdrawn", said.day, said.how)))
    for raw in person.other:
        if _RAW_NAME.match(raw.name) and not _BREAKS.search(raw.parameters + raw.value) and not _HIDDEN.search(raw.parameters + raw.value):
            yield f"{raw.name}{';' if raw.parameters else ''}{raw.parameters}:{raw.value}"
    if person.photo:
        yield f"PHOTO:data:{media_type(person.photo)};base64,{base64.b64encode(person.photo).decode()}"


def _singles(person: Contact) -> Iterator[str]:
    singles = {"NICKNAME": person.nickname, "ORG": person.organisation, "TITLE": person.title, "LANG": person.language}
    singles |= {"NOTE": person.notes, "X-GEMSTRA-CAME-BY": person.came_by, "X-GEMSTRA-REFERRER": person.referrer}
    yield from (f"{name}:{_text(value)}" for name, value in singles.items() if value)
    if person.birthday:
        yield f"BDAY:{_day(person.birthday)}"


def _labelled(name: str, label: str, value: str, number: Iterator[int], more: str = "", *, apple: bool = False) -> Iterator[str]:
    """A property with its label: as a type where it is one word, else as Apple writes labels of one's own."""
    if not label:
        yield f"{name}{more}:{value}"
    elif _PLAIN_LABEL.match(label) and not apple:
        yield f"{name};TYPE={label}{more}:{value}"
    else:
        group = f"item{next(number)}"
        yield f"{group}.{name}{more}:{value}"
        yield f"{group}.X-ABLABEL:{_text(label)}"


def _address(address: Address) -> str:
    parts = ("", "", "\n".join(address.lines), address.city, address.region, address.postcode, address.country)
    return ";".join(map(_text, parts))


def _day(value: str) -> str:
    """As version 4 writes days: 19880423, --0423."""
    if not _DASHED.match(value):
        return _text(value)
    return "--" + value[2:].replace("-", "") if value.startswith("--") else value.replace("-", "")


def _text(value: str) -> str:
    escaped = _HIDDEN.sub("", value).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _quoted(value: str) -> str:
    """A parameter's value (RFC 6868)."""
    return (
        '"'
        + _HIDDEN.sub("", value).replace("^", "^^").replace("\r\n", "^n").replace("\n", "^n").replace("\r", "^n").replace('"', "^'")
        + '"'
    )
