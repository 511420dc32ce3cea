"""Everything as JSON lines: `{"kind": …, "value": …}`, one a line, a header first and the counts last (docs/export.md).

It reads back what it wrote: each value as the type it was, so that nothing is lost without being seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from node.errors import UserError
from node.model.export import BESIDES, FORMAT, Beside, CustomerLine, End, Header
from node.model.person import Entry, Origin

SIGN = b'{"kind":"header"'
LONGEST_LINE = 8 << 20
"""A customer with a picture of 5 MB."""
_ID = re.compile(r"[0-9a-f]{64}\Z")
_LATEST = 1 << 53
_ROWS = msgspec.json.Encoder()


class _Kind(msgspec.Struct):
    kind: str
    value: dict[str, Any]


class JsonWriter:
    """The lines of a file."""

    media_type = "application/x-ndjson"
    ending = "jsonl"

    def begin(self, header: Header, /) -> bytes:
        """The first line."""
        return line("header", header)

    def rows(self, kind: str, view: Any, values: Iterable[Any], /) -> bytes:  # noqa: ARG002  the port's
        """A line each."""
        return b"".join(line(kind, value) for value in values)

    def end(self, counts: dict[str, int], /) -> bytes:
        """The last line."""
        return line("end", End(counts))


def line(kind: str, value: Any) -> bytes:
    """One line of the file."""
    return _ROWS.encode({"kind": kind, "value": value}) + b"\n"


def read_lines(lines: Iterable[bytes], views: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Kind and value of each line. Raises UserError `export-broken`, also where the end is missing."""
    known = {"header": Header, "end": End, **views}
    last = ""
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            found = msgspec.json.decode(text)
            last = found["kind"]
            yield last, msgspec.json.decode(text, type=_line_type(known[last])).value
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise UserError(f"Line {number} of the export is none of ours: {error}", code="export-broken") from error
    if last != "end":
        raise UserError("The export has no last line, so it was cut off. Make it again.", code="export-broken")


def _line_type(view: Any) -> Any:
    if view not in _LINES:
        _LINES[view] = msgspec.defstruct("Line", [("kind", str), ("value", view)])
    return _LINES[view]


_LINES: dict[Any, Any] = {}


def read_people(lines: Iterable[bytes]) -> Iterator[Entry | Beside]:
    """The customers of an export and what hangs on them, to be imported; kinds that were signed are passed over, what is broken is told
    in its place.
    """
    row = 0
    for text in lines:
        if not text.strip():
            continue
        try:
            found = msgspec.json.decode(text, type=_Kind)
            if found.kind == "header" and found.value.get("gemstra") != FORMAT:
                yield Entry(0, None, ("This export is of a newer Gemstra. Install the newer version.",))
                return
            if found.kind in BESIDES:
                yield Beside(found.kind, msgspec.json.decode(text, type=_line_type(BESIDES[found.kind])).value)
                continue
            if found.kind != "customer":
                continue
            value: CustomerLine = msgspec.json.decode(text, type=_line_type(CustomerLine)).value
            origin = _origin(value)
        except (msgspec.DecodeError, UnicodeDecodeError, AttributeError, ValueError) as error:
            row += 1
            yield Entry(row, None, (f"This line is none of an export: {error}",), (text[:1000].decode("utf-8", "replace"),))
            continue
        row += 1
        yield Entry(row, value.person, origin=origin)


def _origin(value: CustomerLine) -> Origin:
    """Raises ValueError where it is none of ours."""
    if not _ID.match(value.id):
        raise ValueError("the id is none")
    if not all(0 <= at < _LATEST for at in (value.created, value.updated, value.archived or 0)):
        raise ValueError("a time is none")
    return Origin(value.id, value.created, value.updated, value.archived)
