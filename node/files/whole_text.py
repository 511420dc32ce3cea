"""A document that must be read whole (JSON-LD, a web page): its text within a bound, and JSON of any depth refused without harm."""

import re
from typing import Any

import msgspec

from node.errors import UserError

from .decoding import Progress, Source, read_lines

MOST_JSON = 8 << 20
MOST_PAGE = 32 << 20
MOST_DEEP = 200
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def whole_text(source: Source, name: str, most: int, progress: Progress | None = None) -> str:
    """All of it. Raises UserError `file-limit`, `file-encoding`, `file-empty`."""
    parts: list[str] = []
    size = 0
    for line in read_lines(source, name, longest=most, progress=progress):
        parts.append(line)
        size += len(line)
        if size > most:
            text = f"“{name}” has more than {most >> 20} MB, and must be held whole. Export a table, a feed or JSON lines instead."
            raise UserError(text, code="file-limit")
    return "".join(parts)


def too_deep(text: str) -> bool:
    """Whether a JSON text is nested deeper than any catalog is. It is looked at before it is read: libraries in this process may lift
    Python's limit on recursion, and then a deep text would end the process.
    """
    if text.count("[") + text.count("{") <= MOST_DEEP:
        return False
    depth = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MOST_DEEP:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def json_of(text: str, name: str) -> Any:
    """The value of a JSON text. Raises UserError `file-broken`."""
    if too_deep(text):
        raise UserError(f"“{name}” is nested too deeply to be a catalog. Export it again.", code="file-broken")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as problem:
        raise UserError(f"“{name}” is no whole JSON: {str(problem)[:200]}. Export it again.", code="file-broken") from None
