"""Folders of this machine and addresses, as places of product files."""

import asyncio
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.errors import NotFound, Unavailable, UserError
from node.fetch.client import GuardedClient

REST_SECONDS = 5.0
_LOOKS = 3  # at a file that is being written
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
    """The newest file of a folder, or what an address answers. `sleep` is the system's; tests put another in its place."""

    def __init__(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    @contextmanager
    def open(self, kind: str, place: str, seen: str) -> Iterator[Found]:
        """What is there now; without a source where it is what was `seen`. A file is opened once nobody writes to it, and one that was
        written to until it closes raises Unavailable `still-written`: what was read of it is not what is there.
        """
        if kind == "url":
            yield _answered(place, seen)
            return
        path = _newest(Path(place))
        if _mark(path) == seen:
            yield Found(_name(path), seen, None)
            return
        try:
            mark = self._at_rest(path)
            with path.open("rb") as source:
                yield Found(_name(path)[:200], mark, source)
        except OSError as error:  # another person's, taken away just now, or on a disk that fails
            raise _unreadable(path, error) from error
        if _mark(path) != mark:
            raise _still_written(path)

    def _at_rest(self, path: Path) -> str:
        """What the file is, once it has been that for a while: half of an export looks like a shop that gave up the other half."""
        mark = _mark(path)
        if time.time() - path.stat().st_mtime >= REST_SECONDS:
            return mark
        for _ in range(_LOOKS):
            self._sleep(REST_SECONDS)
            before, mark = mark, _mark(path)
            if mark == before:
                return mark
        raise _still_written(path)


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


def _name(path: Path) -> str:
    """As it can be kept and said: bytes of it that are no UTF-8 came as lone surrogates."""
    return path.name.encode("utf-8", "replace").decode("utf-8")


def _mark(path: Path) -> str:
    """What a file is now, as far as can be told without reading it. Raises UserError `folder-unreadable`."""
    try:
        about = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return f"{_name(path)}/{about.st_size}/{about.st_mtime_ns}"[:500]


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"The file {_name(path)} cannot be read: {error.strerror}.", code="folder-unreadable")


def _still_written(path: Path) -> Unavailable:
    return Unavailable(f"{_name(path)} is still being written. It is read once it stays the same for some seconds.", code="still-written")


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
