"""Sending a file to the node, with how far it got on stderr."""

import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

from node.cli.client import Client
from node.cli.context import Call
from node.errors import NotFound, UserError

ANSWER_SECONDS = 600.0  # a large file is signed or taken over in one transaction after its last byte


class _Counted:
    """A file that says how much of it was read."""

    def __init__(self, source: BinaryIO, name: str, size: int) -> None:
        self._source, self._name, self._size = source, name, max(size, 1)
        self._done, self._shown = 0, -1

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._source.read(size)
        self._done += len(piece)
        percent = min(100, 100 * self._done // self._size)
        if percent != self._shown:
            self._shown = percent
            bar = "#" * (percent // 4)
            sys.stderr.write(f"\r{self._name}  [{bar:<25}] {percent:>3} %")
        if not piece:
            sys.stderr.write("  sent, reading …\n")
        sys.stderr.flush()
        return piece


def send_file(call: Call, path: str, file: Path, **query: Any) -> Any:
    """POST the file's bytes as they are read. Raises NotFound, UserError `file-unreadable`, and what the node answers."""
    try:
        with file.open("rb") as source:
            shown = sys.stderr.isatty() and not call.output.quiet and not call.output.as_json
            body = cast("BinaryIO", _Counted(source, file.name, file.stat().st_size)) if shown else source
            return Client(call.data, timeout=ANSWER_SECONDS).upload(path, body, name=file.name[:200], **query)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {file}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.", code="file-unreadable") from error
