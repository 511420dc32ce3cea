"""Delimited tables (CSV), row by row. It decides what a row, a column and a limit is; no column means anything to it."""

import csv
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from node.errors import UserError

from .decoding import Progress, Source, read_lines

MAX_ROWS = 2_000_000
MAX_CELL = 1_000_000
MAX_COLUMNS = 400
_MAX_LINE = 8_000_000
_DELIMITERS = ",;\t"

_lock = threading.Lock()
_readers = 0
_limit_before = 0


class Row:
    """One record: `number` as a spreadsheet shows it (the header is row 1), cells by column."""

    __slots__ = ("_columns", "cells", "number")

    def __init__(self, number: int, cells: list[str], columns: Mapping[str, int]) -> None:
        self.number = number
        self.cells = cells
        self._columns = columns

    def get(self, column: str) -> str:
        """The trimmed cell, or "" where the row or the table has no such column."""
        index = self._columns.get(column)
        if index is None or index >= len(self.cells):
            return ""
        return self.cells[index].strip()


class Table:
    """A table open for one reading. `columns` maps what a dialect calls a column (see `rename`) to its place."""

    def __init__(self, header: list[str], records: Iterator[tuple[int, list[str]]], name: str) -> None:
        self.name = name
        self.header = header
        self.columns: dict[str, int] = {}
        for index, title in enumerate(header):
            self.columns.setdefault(plain(title), index)
        self._records = records

    def change(self, cell: Callable[[str], str]) -> None:
        """Have every cell go through `cell` as it is read."""
        self._records = ((number, [cell(text) for text in cells]) for number, cells in self._records)

    def rename(self, synonyms: Mapping[str, str]) -> None:
        """Let each column whose plain title is a key of `synonyms` answer to the value too, first come."""
        for title, index in list(self.columns.items()):
            if title in synonyms:
                self.columns.setdefault(synonyms[title], index)

    def require(self, titles: Mapping[str, str], dialect: str) -> None:
        """Raise UserError `file-column` unless each key of `titles` is a column; the value is how the person knows it."""
        missing = [title for column, title in titles.items() if column not in self.columns]
        if missing:
            words = ", ".join(f"“{title}”" for title in missing)
            raise UserError(
                f"“{self.name}” looks like {dialect} but has no column {words}. "
                "Export it again with all columns, or add the column to the first row.",
                code="file-column",
            )

    def __iter__(self) -> Iterator[Row]:
        for number, cells in self._records:
            yield Row(number, cells, self.columns)


def plain(title: str) -> str:
    """A column title for comparing: no case, no outer or doubled spaces, one kind of apostrophe."""
    return " ".join(title.replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ").casefold().split())


@contextmanager
def _room_for_long_cells() -> Iterator[None]:
    """`csv` has one limit for the whole process: raise it while any table is open, then put it back."""
    global _readers, _limit_before  # noqa: PLW0603 - it mirrors csv's own process-wide setting
    with _lock:
        _readers += 1
        if _readers == 1:
            _limit_before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                csv.field_size_limit(_limit_before)


def _delimiter(header_line: str) -> str:
    outside = "".join(header_line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _records(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    source = iter(lines)
    skipped = 0
    first = ""
    for first in source:
        if first.strip():
            break
        skipped += 1
    number = skipped
    delimiter, parts, last = _delimiter(first), list[str](), ""
    reader = csv.reader(_noted(first, source, parts), delimiter=delimiter)
    try:
        for cells in reader:
            number += 1
            last = "".join(parts)
            parts.clear()
            if number - skipped > MAX_ROWS + 1:
                raise UserError(f"“{name}” has more than {MAX_ROWS:,} rows. Split it into several files.", code="file-limit")
            if len(cells) > MAX_COLUMNS:
                raise UserError(
                    f"Row {number} of “{name}” has {len(cells)} columns; {MAX_COLUMNS} are the most. Export only what you need.",
                    code="file-limit",
                )
            if any(cells):
                yield number, cells
        _require_closed(last, delimiter)
    except csv.Error as problem:
        row = number + bool(parts)  # where the reader stopped, or the last one, which it took as whole
        message = f"Row {row} of “{name}” cannot be read ({problem}): a quotation mark is open or a cell exceeds {MAX_CELL:,} characters."
        raise UserError(f"{message} Correct that row or export the file again.", code="file-broken") from None


def _noted(first: str, rest: Iterator[str], parts: list[str]) -> Iterator[str]:
    """`first`, then `rest`, each line noted in `parts` until the row it belongs to is whole."""
    parts.append(first)
    yield first
    for line in rest:
        parts.append(line)
        yield line


def _require_closed(row: str, delimiter: str) -> None:
    """A lenient reader ends a file inside an open quotation mark as if it were closed. Raises csv.Error for such a last row."""
    try:
        list(csv.reader([row], delimiter=delimiter, strict=True))
    except csv.Error as problem:
        if "unexpected end" in str(problem):  # other strictness is not ours: spreadsheets write quotes within cells
            raise


@contextmanager
def open_table(source: Source, name: str, progress: Progress | None = None) -> Iterator[Table]:
    """The table in `source`, read as it is iterated: memory for one row, whatever the size of the file.

    Raises UserError: `file-empty`, `file-encoding`, `file-limit`, `file-broken` (also while iterating).
    """
    with _room_for_long_cells():
        records = _records(read_lines(source, name, longest=_MAX_LINE, progress=progress), name)
        header = next(records, None)
        if header is None:
            raise UserError(f"“{name}” is empty. Export it again and import that file.", code="file-empty")
        yield Table([title.strip().lstrip("\ufeff") for title in header[1]], records, name)
