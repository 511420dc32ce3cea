"""A document that must be read whole (JSON-LD, a web page): its text within a bound, and JSON of any depth refused without harm."""

from typing import Any

import msgspec

from node.errors import UserError

from .decoding import Progress, Source, read_lines

MOST_JSON = 8 << 20
MOST_PAGE = 32 << 20


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


def json_of(text: str, name: str) -> Any:
    """The value of a JSON text. Raises UserError `file-broken`."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise UserError(f"“{name}” is nested too deeply to be a catalog. Export it again.", code="file-broken") from None
    except msgspec.DecodeError as problem:
        raise UserError(f"“{name}” is no whole JSON: {str(problem)[:200]}. Export it again.", code="file-broken") from None
