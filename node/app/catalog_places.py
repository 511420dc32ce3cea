"""Folders of this machine and addresses, as places of product files."""

import asyncio
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.errors import NotFound, UserError
from node.fetch.client import GuardedClient

_SECONDS = 120.0
_MOST_BYTES = 64 << 20  # held in memory while it is read
_ENDINGS = frozenset((".csv", ".tsv", ".txt", ".xml", ".json", ".jsonl", ".jsonld", ".html", ".htm"))


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a place."""

    name: str
    seen: str
    source: Any


class Places:
    """The newest file of a folder, or what an address answers."""

    @contextmanager
    def open(self, kind: str, place: str, seen: str) -> Iterator[Found]:
        """What is there now; without a source where it is what was `seen`."""
        if kind == "url":
            yield _answered(place, seen)
            return
        path = _newest(Path(place))
        about = path.stat()
        mark = f"{path.name}/{about.st_size}/{about.st_mtime_ns}"[:500]
        if mark == seen:
            yield Found(path.name, mark, None)
            return
        with path.open("rb") as source:
            yield Found(path.name[:200], mark, source)


def _answered(url: str, seen: str) -> Found:
    """What an address answers: over https only, since its prices may be signed unseen."""
    if not url.startswith("https://"):
        raise UserError("A watched address begins with https://, so that nobody changes prices on the way.", code="bad-address")
    had, _, version = seen.partition(" ")
    came = asyncio.run(GuardedClient().get(url, most_bytes=_MOST_BYTES, seconds=_SECONDS, known=version, secure=True))
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2][:200] or "feed"
    mark = hashlib.sha256(came.body).hexdigest()
    if came.unchanged:
        return Found(name, seen, None)
    # the server may have come to tell the same bytes by another version: it is asked by that next time
    return Found(name, f"{mark} {came.version}".strip(), None if mark == had else io.BytesIO(came.body))


def _newest(folder: Path) -> Path:
    """The file that was written last. Raises NotFound, UserError `folder-unreadable`."""
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS and path.is_file() and not path.is_symlink()]
        newest = max(files, key=lambda path: path.stat().st_mtime_ns, default=None)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.", code="folder-unreadable") from error
    if newest is None:
        raise NotFound(f"There is no product file in {folder}.")
    return newest
