"""What a command prints: data on stdout (a table for people, JSON for programs), everything else on stderr; and its exit code."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

from node.errors import ConflictError, IntegrityError, Locked, NodeError, NotFound, Unavailable
from protocol.errors import LocalError, ProtocolError

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 3),
    (Locked, 4),
    (ConflictError, 5),
    (LocalError, 5),
    (Unavailable, 6),
    (IntegrityError, 7),
)

_TIMES = frozenset({"at", "asked", "due", "next", "until", "taken", "available_from", "available_to", "as_of"})
"""Columns of tables that hold instants (ms; 0: none). JSON keeps the number."""
_FIRST_TIME = 1_000_000_000_000  # of the year 2001
_LAST_TIME = 253_370_000_000_000  # of the year 9998: a peer may name one that no clock has


def exit_code(error: Exception) -> int:
    """0 ok, 1 error, 2 usage, 3 not found, 4 locked, 5 conflict, 6 network, 7 integrity (ui brief, "Command line")."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


class Output:
    """How this call wants its answers: `as_json` one document on stdout, `quiet` nothing but data."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json, self.quiet = as_json, quiet

    def show(self, value: Any, columns: Sequence[str] = ()) -> None:
        """Print an answer: JSON, or a table of `columns`, or the fields one a line."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
        elif isinstance(value, list):
            self._table(value, columns)
        elif isinstance(value, Mapping):
            width = max((len(name) for name in value), default=0)
            for name, item in value.items():
                lines = item.splitlines() if isinstance(item, str) else []
                shown = f"\n{'':<{width}}  ".join(map(_printable, lines)) if len(lines) > 1 else _shown(name, item)
                sys.stdout.write(f"{name:<{width}}  {shown}\n")
        elif value is not None:
            sys.stdout.write(f"{_cell(value)}\n")

    def say(self, text: str) -> None:
        """A word to the person, on stderr."""
        if not self.quiet and not self.as_json:
            sys.stderr.write("\n".join(map(_printable, text.split("\n"))) + "\n")

    def _table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        if not rows:
            self.say("Nothing here yet.")
            return
        names = list(columns) or list(rows[0])
        if not sys.stdout.isatty():
            for line in (names, *([_shown(name, row.get(name)) for name in names] for row in rows)):
                sys.stdout.write("\t".join(line) + "\n")
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*names, box=None, header_style="bold")
        for row in rows:
            table.add_row(*(Text(_shown(name, row.get(name))) for name in names))  # as text: rich reads a string as markup
        Console(no_color="NO_COLOR" in os.environ).print(table)


def when(at: int) -> str:
    """An instant on the clock of this computer."""
    return datetime.fromtimestamp(at / 1000).astimezone().isoformat(sep=" ", timespec="minutes")


def _shown(name: str, value: Any) -> str:
    if type(value) is not int or not 0 <= value < _LAST_TIME:
        return _cell(value)
    if name in _TIMES:
        return when(value) if value else ""
    return when(value) if name.endswith("_at") and value > _FIRST_TIME else _cell(value)  # `compare_at` is a price


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _printable(" ".join(value.splitlines()))
    if isinstance(value, list | Mapping):
        return _printable(json.dumps(value, ensure_ascii=False))
    return str(value)


def _printable(text: str) -> str:
    """Peers' strings must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def fail(error: Exception) -> NoReturn:
    """Print what is wrong and what to do, and leave with the error's exit code."""
    sys.stderr.write(f"{_printable(str(error))} [{getattr(error, 'code', 'error')}]\n")
    raise SystemExit(exit_code(error))


@contextmanager
def reported() -> Iterator[None]:
    """Expected errors become a line on stderr and an exit code."""
    try:
        yield
    except (NodeError, ProtocolError) as error:
        fail(error)
