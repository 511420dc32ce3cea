r"""Tables for a spreadsheet. No cell begins a formula, and each reads back as what it was (pictures have no place in a table).

A list stands in one cell, an entry a line: `home: mia@example.com`. A backslash begins an escape: `\n` in a list is a line end of the
entry itself. A cell that a spreadsheet would reckon (= + - @, tab, return) has an apostrophe before it.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from node.model.export import CustomerLine, Header
from node.model.person import Address, Consent, Contact, Entry, Labelled, Names, Phone, Raw

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SAFE = re.compile(r"'+[=+\-@\t\r]")
_CONTROL = re.compile(r"[\\\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_IN_LISTS = re.compile(r"[\\\x00-\x1f\x7f\x85\u2028\u2029]")
_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "s": ";", "c": ":", "e": ""}
_WHOLE = re.compile(r"(.*?) \((\+\d{4,15})?\)\Z", re.DOTALL)
_E164 = re.compile(r"\+\d{4,15}\Z")
_AFTER_LINES = 4  # postcode, town, region, country
_NAMES = ("full", "given", "middle", "family", "prefix", "suffix")
_SINGLE = ("nickname", "organisation", "title", "birthday", "language", "came_by", "referrer", "notes")
_PAIRS = ("emails", "dates", "handles", "urls", "preferences", "custom")
HEADER = (
    "Gemstra id", "Name", "Given name", "Middle name", "Family name", "Before the name", "After the name",
    "Called", "Organisation", "Title", "Birthday", "Language", "Came by", "Sent by", "Note",
    "Phones", "E-mails", "Days", "Handles", "Links", "Wishes", "Own fields", "Addresses", "Tags", "Consents", "From files", "Put aside",
)  # fmt: skip


class TableWriter:
    """The rows of one kind; a table has one head, so a file holds one kind."""

    media_type = "text/csv"
    ending = "csv"

    def __init__(self) -> None:
        self._begun = False

    def begin(self, header: Header, /) -> bytes:  # noqa: ARG002  the port's
        """The mark by which spreadsheets know UTF-8."""
        return b"\xef\xbb\xbf"

    def rows(self, kind: str, view: Any, values: Iterable[Any], /) -> bytes:  # noqa: ARG002  the port's
        """A row each, titles before the first."""
        titles: Sequence[str] = HEADER if view is CustomerLine else [item.name for item in fields(view)]
        found = [] if self._begun else [_line(titles)]
        self._begun = True
        found += [_line(customer_cells(value) if isinstance(value, CustomerLine) else _flat(value)) for value in values]
        return "".join(found).encode("utf-8", "replace")

    def end(self, counts: dict[str, int], /) -> bytes:  # noqa: ARG002  the port's
        """A table has no end."""
        return b""


def safe(cell: str) -> str:
    """A cell that no spreadsheet reckons."""
    return "'" + cell if _FORMULA.match(cell) else cell


def unsafe(cell: str) -> str:
    """What `safe` was given."""
    return cell[1:] if cell[:1] == "'" and _SAFE.match(cell) else cell


def _line(cells: Iterable[str]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return made.getvalue()


def _flat(value: Any) -> list[str]:
    """A view's fields, what has parts as JSON."""
    found = [getattr(value, item.name) for item in fields(value)]
    return [escaped(item if isinstance(item, str) else msgspec.json.encode(item).decode()) for item in found]


# --- customers


def customer_cells(line: CustomerLine) -> list[str]:
    """The cells under HEADER."""
    person = line.person
    texts = [getattr(person.names, name) for name in _NAMES] + [getattr(person, name) for name in _SINGLE]
    lists = [[_pair(item.label, _part(_phone(item))) for item in person.phones]]
    lists += [[_pair(item.label, _part(item.value)) for item in getattr(person, name)] for name in _PAIRS]
    lists.append([_pair(item.label, _joined((*item.lines, *_place(item)))) for item in person.addresses])
    lists.append([_part(tag) for tag in person.tags])
    lists.append([_joined((item.purpose, "given" if item.given else "withdrawn", item.day, item.how)) for item in person.consents])
    lists.append([_joined((item.name, item.parameters, item.value)) for item in person.other])
    aside = "" if line.archived is None else str(line.archived)
    return [line.id, *map(escaped, texts), *("\n".join(row or "\\e" for row in rows) for rows in lists), aside]


def read_customer(row: int, given: Sequence[str]) -> Entry:
    """The person in cells under HEADER, which came out of `customer_cells`."""
    cells = [unsafe(cell) for cell in (*given, *[""] * (len(HEADER) - len(given)))]
    texts = [_plain(cell) for cell in cells[1:15]]
    lists = [cell.split("\n") if cell else [] for cell in cells[15:26]]
    try:
        rest: dict[str, Any] = dict(zip(_SINGLE, texts[6:], strict=True))
        for name, rows in zip(_PAIRS, lists[1:7], strict=True):
            rest[name] = tuple(Labelled(label, _plain(value)) for label, value in map(_two, rows))
        person = Contact(
            row=row,
            names=Names(**dict(zip(_NAMES, texts[:6], strict=True))),
            phones=tuple(_read_phone(label, _plain(value)) for label, value in map(_two, lists[0])),
            addresses=tuple(_read_address(label, value.split(";")) for label, value in map(_two, lists[7])),
            tags=tuple(map(_plain, lists[8])),
            consents=tuple(Consent(purpose, said == "given", day, how) for purpose, said, day, how in map(_parts, lists[9])),
            other=tuple(Raw(*parts) for parts in map(_parts, lists[10])),
            **rest,
        )
    except (ValueError, TypeError):
        return Entry(row, None, ("A cell of this row is not as the export wrote it.",), tuple(given))
    if not person.names.full:
        return Entry(row, None, ("It has no name.",), tuple(given))
    return Entry(row, person)


def _place(address: Address) -> tuple[str, ...]:
    return address.postcode, address.city, address.region, address.country


def _read_address(label: str, parts: list[str]) -> Address:
    plain = [_plain(part) for part in parts]
    if len(plain) < _AFTER_LINES:
        raise ValueError(parts)
    postcode, city, region, country = plain[-_AFTER_LINES:]
    return Address(label, tuple(plain[:-_AFTER_LINES]), city, region, postcode, country)


def _phone(item: Phone) -> str:
    """The number as written; where it does not tell the whole number by itself, that in brackets after it."""
    told = item.raw if _E164.match(item.raw) else None
    return item.raw if told == item.e164 and not _WHOLE.match(item.raw) else f"{item.raw} ({item.e164 or ''})"


def _read_phone(label: str, text: str) -> Phone:
    if match := _WHOLE.match(text):
        return Phone(label, match[1], match[2])
    return Phone(label, text, text if _E164.match(text) else None)


def _pair(label: str, value: str) -> str:
    return f"{_part(label).replace(':', chr(92) + 'c')}: {value}" if label or ": " in value else value


def _two(text: str) -> tuple[str, str]:
    label, colon, value = text.partition(": ")
    return (_plain(label), value) if colon else ("", label)


def _joined(parts: Iterable[str]) -> str:
    return ";".join(_part(part).replace(";", "\\s") for part in parts)


def _parts(text: str) -> list[str]:
    return [_plain(part) for part in text.split(";")]


def escaped(text: str) -> str:
    """A text of its own cell: line ends stay, what a table cannot hold is written out."""
    return _CONTROL.sub(_written_out, text)


def _part(text: str) -> str:
    return _IN_LISTS.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return {"\\": "\\\\", "\n": "\\n"}.get(match[0]) or f"\\u{ord(match[0]):04x}"


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1][1:], 16)) if len(match[1]) > 1 else _LETTERS.get(match[1], match[1]), text)
