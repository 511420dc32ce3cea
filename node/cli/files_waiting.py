"""What commands for files that wait have in common: naming one, saying its columns, seeing how far it is."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from node.cli.context import Call
from node.errors import UserError
from node.model.staged import require_size

_LOOK_SECONDS = 0.5
_PIECE = 200


def waiting_id(text: str) -> str:
    """The id of a file that waits, if that is what was named."""
    return text if len(text) == 64 and all(letter in "0123456789abcdef" for letter in text) and not Path(text).exists() else ""


def size_of(file: str) -> int:
    """One that is too large is refused before it is sent; sending says what else is wrong with it."""
    path = Path(file)
    size = path.stat().st_size if path.is_file() else 0
    require_size(size)
    return size


def rows_of(call: Call, one: str, **query: str) -> Iterator[dict[str, Any]]:
    """All rows of the file at `one`, fetched piece by piece."""
    after = 0
    while True:
        piece = call.client.get(f"{one}/rows", after=after, limit=_PIECE, **query)
        yield from piece["rows"]
        after = piece["cursor"]
        if not after:
            return


def write_lines(rows: Iterable[Mapping[str, Any]]) -> None:
    """JSON, one a line, as they come."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def columns_of(given: Iterable[str], mapping: str, known: Callable[[], Iterable[Mapping[str, Any]]], see: str) -> dict[str, str]:
    """Columns as they were said: those remembered under the id `mapping`, then each "Title=field"."""
    fields: dict[str, str] = {}
    if mapping:
        row = next((row for row in known() if row["id"].startswith(mapping)), None)
        if row is None:
            raise UserError(f"No such mapping is remembered. See them with: {see}", code="bad-mapping")
        fields = dict(row["columns"])
    for text in given:
        title, equals, target = text.rpartition("=")
        if not equals or not title:
            raise UserError(f"“{text}” is not of the form Title=field.", code="bad-mapping")
        fields[title] = target
    return fields


def watched(call: Call, work: Callable[[], Any], progress: Callable[[], Mapping[str, Any]], stop: Callable[[], Any]) -> dict[str, Any]:
    """What `work` answers, while a second connection tells how far it is; Ctrl-C stops it with nothing written."""
    shown = sys.stderr.isatty() and not call.output.quiet and not call.output.as_json
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        try:
            while not wait([running], timeout=_LOOK_SECONDS).done:
                if shown:
                    found = progress()
                    sys.stderr.write(f"\r{found['phase'] or 'writing'}  {found['done']} of {found['total']}   ")
                    sys.stderr.flush()
        except KeyboardInterrupt:
            stop()
            raise
        if shown:
            sys.stderr.write("\n")
        done: dict[str, Any] = running.result()
        return done


def write_errors(call: Call, path: str, file: Path) -> None:
    """The rows that failed, written as `path` gives them, for this person only."""
    after, rows = 0, 0
    try:
        with file.open("x", encoding="utf-8", newline="") as target:
            file.chmod(0o600)
            while True:
                piece = call.client.get(path, after=after)
                target.write(piece["text"])
                rows += piece["rows"]
                after = piece["cursor"]
                if not after:
                    break
    except FileExistsError as error:
        raise UserError(f"{file} exists already. Name another file.", code="file-exists") from error
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}.", code="file-unwritable") from error
    call.output.say(f"{'1 row' if rows == 1 else f'{rows} rows'} that failed: in {file}")
