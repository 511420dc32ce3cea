"""Pictures as files named by hash, in three folders: our own, as they came, and as our pages show them. Public data, of no person.

A file appears whole or not at all. What was fetched keeps to a quota: what was not looked at for longest goes first.
"""

import hashlib
import os
import secrets
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock

from node.model.media import Shelf, Usage

_HALF = "."  # begins the name of a file that is being written
_FETCHED = (Shelf.CAME, Shelf.SHOWN)
Place = tuple[Shelf, str]


class MediaFolder:
    """The port `PictureFiles` over a folder; for any thread."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most = most_bytes
        self._lock = Lock()
        self._known: OrderedDict[Place, int] | None = None
        """What was fetched, with its size; what was looked at last stands last."""

    def get(self, shelf: Shelf, hash_: bytes) -> bytes | None:
        """The picture; None where it isn't, or isn't what it was any more."""
        place = (shelf, hash_.hex())
        try:
            content = self._file(place).read_bytes()
        except FileNotFoundError:
            return None
        if shelf is not Shelf.SHOWN and hashlib.sha256(content).digest() != hash_:
            self._remove(place)
            return None
        if shelf in _FETCHED:
            self._used(place)
        return content

    def put(self, shelf: Shelf, hash_: bytes, content: bytes) -> bool:
        """Keep a picture; False where the quota has no room for it."""
        place = (shelf, hash_.hex())
        if shelf in _FETCHED and not self._make_room(place, len(content)):
            return False
        self._write(self._file(place), content)
        if shelf in _FETCHED:
            with self._lock:
                known = self._all()
                known[place] = len(content)
                known.move_to_end(place)
        return True

    def usage(self) -> Usage:
        """How much there is."""
        with self._lock:
            kept = list(self._all().values())
        own = [file.stat().st_size for file in self._files(Shelf.OWN)]
        return Usage(len(own), sum(own), len(kept), sum(kept))

    def clear(self) -> None:
        """All that was fetched goes."""
        with self._lock:
            places = list(self._all())
        for place in places:
            self._remove(place)

    def _make_room(self, place: Place, size: int) -> bool:
        with self._lock:
            known = self._all()
            if size > self._most:
                return False
            total = sum(known.values()) + size - known.get(place, 0)
            going = []
            for old, held in known.items():
                if total <= self._most:
                    break
                if old != place:
                    going.append(old)
                    total -= held
        for old in going:
            self._remove(old)
        return True

    def _used(self, place: Place) -> None:
        with self._lock:
            if place in self._all():
                self._all().move_to_end(place)
        with suppress(FileNotFoundError):
            os.utime(self._file(place))

    def _remove(self, place: Place) -> None:
        self._file(place).unlink(missing_ok=True)
        with self._lock:
            self._all().pop(place, None)

    def _all(self) -> OrderedDict[Place, int]:
        """What was fetched, as a start finds it: by when each was looked at. Halves that a killed node left are gone then."""
        if self._known is None:
            for half in list(self._path.glob(f"*/{_HALF}*")):  # all of them first: they go while we look
                half.unlink(missing_ok=True)
            found = [((shelf, file.name), file.stat()) for shelf in _FETCHED for file in self._files(shelf)]
            found.sort(key=lambda item: item[1].st_mtime_ns)
            self._known = OrderedDict((place, stat.st_size) for place, stat in found)
        return self._known

    def _files(self, shelf: Shelf) -> list[Path]:
        folder = self._path / shelf
        return [file for file in folder.iterdir() if not file.name.startswith(_HALF)] if folder.is_dir() else []

    def _file(self, place: Place) -> Path:
        return self._path / place[0] / place[1]

    def _write(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = file.with_name(f"{_HALF}{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as written:
                written.write(content)
                written.flush()
                os.fsync(written.fileno())
            half.replace(file)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
