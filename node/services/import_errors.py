"""The rows of a file that gave nobody, as a file to mend and import again: each with its reason, as it stood."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from node.model.staged import Staged, StagedRow

from .customer_staging import StagingUnit, find_staged

_MOST = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ErrorsView:
    """A piece of an error file: its text, and where to go on (`cursor` 0 = the end). `name` is how to call it: .csv, or .vcf for cards."""

    name: str
    text: str
    rows: int
    cursor: int


def read_errors(unit: StagingUnit, staged: bytes, after: int = 0) -> ErrorsView:
    """Rows that failed, each with its number, the reason and as it stood: a table (safe to open in a spreadsheet), or cards for cards."""
    found = find_staged(unit, staged)
    rows = unit.staged_imports.rows(found.seq, "error", after, _MOST + 1)
    shown = rows[:_MOST]
    cards = found.dialect == "vcard"
    text = _cards(shown) if cards else _table(found, shown, first=after == 0)
    stem = found.name.rpartition(".")[0] or found.name
    cursor = shown[-1].judgement.number if len(rows) > _MOST else 0
    return ErrorsView(f"{stem}-errors.{'vcf' if cards else 'csv'}", text, len(shown), cursor)


def _table(staged: Staged, rows: Sequence[StagedRow], *, first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(map(safe, ("Row", "Reason", *staged.header)))
    for row in rows:
        writer.writerow((row.row, safe(" ".join(row.problems)), *map(safe, row.original)))
    return text.getvalue()


def safe(cell: str) -> str:
    """A cell no spreadsheet reckons with; reading it in again takes the mark away."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cards(rows: Sequence[StagedRow]) -> str:
    pieces = []
    for row in rows:
        card = "".join(row.original) or "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n"
        reason = " ".join(row.problems).replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
        begin, _, rest = card.partition("\r\n")
        pieces.append(f"{begin}\r\nX-GEMSTRA-CARD:{row.row}\r\nX-GEMSTRA-REASON:{reason}\r\n{rest}")
    return "".join(pieces)
