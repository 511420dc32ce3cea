"""A folder on this machine or on a disk that comes and goes. A name is there whole and synced, or not at all.

Every step goes through descriptors below the folder, opened without following links: a disk pulled out half-way ends in an error
and never in a file below its empty mount point, and a link planted there leads nowhere.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from node.errors import NodeError
from node.model.target import Stored

from . import outcomes
from .names import INCOMING, MARKER, folder_of, is_name, parts_of

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_GONE = {errno.ENOENT, errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ENOTDIR, errno.EHOSTDOWN}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 4


class Entropy(Protocol):
    """Unpredictable bytes."""

    def __call__(self, count: int, /) -> bytes:
        """`count` of them."""
        ...


class Folder:
    """Objects as files below `root`. With a `marker`, only where `MARKER` holds it: an empty mount point is not the disk."""

    def __init__(self, root: Path, marker: str = "", *, entropy: Entropy = os.urandom) -> None:
        self._root = root
        self._marker = marker
        self._entropy = entropy
        self._swept = False

    def found(self, marker: str) -> str:
        """Make the folder where its parent is there, and write `marker` into it; the one it has already stays. Returns which it is."""
        with self._named():
            self._root.mkdir(mode=0o700, exist_ok=True)
            known = self._read_marker()
            if known:
                return known
            with self._top() as top:
                self._write(top, MARKER, marker.encode())
                os.fsync(top)
        return marker

    def entries(self, prefix: str) -> Sequence[Stored]:
        """What lies here under names that begin with `prefix`, in order of name."""
        with self._named(), self._top() as top:
            folder = folder_of(prefix)
            within = parts_of(folder) if folder else []
            try:
                with self._walk(top, within) as at:
                    found = list(self._list(at, folder, _DEEPEST))
            except FileNotFoundError:
                return []
        return sorted((row for row in found if row.name.startswith(prefix)), key=lambda row: row.name)

    def get(self, name: str, most: int) -> bytes:
        """The whole object. Raises NotFound `backup-missing`, IntegrityError `backup-damaged` where it has more than `most` bytes."""
        *folders, last = parts_of(name)
        with self._named(), self._top() as top:
            try:
                with self._walk(top, folders) as at:
                    descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            except FileNotFoundError:
                raise outcomes.missing(name) from None
            with os.fdopen(descriptor, "rb") as file:
                data = file.read(most + 1)
        if len(data) > most:
            raise outcomes.too_large(name, most)
        return data

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Keep an object. Without `replace` what is there already under this name stays."""
        *folders, last = parts_of(name)
        with self._named(), self._top() as top, self._walk(top, [INCOMING], make=True) as incoming:
            self._sweep(incoming)
            part = f"{self._marker}-{self._entropy(8).hex()}"
            try:
                self._write(incoming, part, data)
                with self._walk(top, folders, make=True) as at:
                    if replace:
                        os.rename(part, last, src_dir_fd=incoming, dst_dir_fd=at)
                    else:
                        _place(part, last, incoming, at)
                    _sync(at)
            finally:
                with suppress(FileNotFoundError):  # it was moved to its name
                    os.unlink(part, dir_fd=incoming)

    def delete(self, name: str) -> None:
        """Take an object away, and the folder that it was the last one in; gone already is fine."""
        *folders, last = parts_of(name)
        with self._named(), self._top() as top:
            try:
                with self._walk(top, folders) as at:
                    os.unlink(last, dir_fd=at)
                    _sync(at)
            except FileNotFoundError:
                return
            if folders:
                with self._walk(top, folders[:-1]) as above, suppress(OSError):  # something is in it
                    os.rmdir(folders[-1], dir_fd=above)

    def keeps_old_versions(self) -> bool:
        """A folder does not. (Snapshots of the disk it is on cannot be seen from here.)"""
        return False

    def close(self) -> None:
        """Nothing is held between calls."""

    def _sweep(self, incoming: int) -> None:
        """What an earlier run of this target left half written goes."""
        if not self._swept and self._marker:
            for part in os.listdir(incoming):
                if part.startswith(f"{self._marker}-"):
                    os.unlink(part, dir_fd=incoming)
        self._swept = True

    @contextmanager
    def _top(self) -> Iterator[int]:
        """The open folder, once it is sure that it is the one."""
        descriptor = os.open(self._root, _FOLDER & ~os.O_NOFOLLOW)  # where it is may be a link of the person's own
        try:
            if self._marker and _marker_in(descriptor) != self._marker:
                raise outcomes.gone(str(self._root), "what was set up for backups is not in it")
            yield descriptor
        finally:
            os.close(descriptor)

    def _read_marker(self) -> str:
        with self._top() as top:
            return _marker_in(top)

    @contextmanager
    def _walk(self, top: int, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
        at = os.dup(top)
        try:
            for part in folders:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=at)
                        _sync(at)
                below = os.open(part, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def _list(self, at: int, folder: str, depth: int) -> Iterator[Stored]:
        for part in os.listdir(at):
            name = f"{folder}/{part}" if folder else part
            if not is_name(name):
                continue
            try:
                found = os.stat(part, dir_fd=at, follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    yield Stored(name, found.st_size)
                elif stat.S_ISDIR(found.st_mode) and depth:
                    with self._walk(at, [part]) as below:
                        yield from self._list(below, name, depth - 1)
            except FileNotFoundError:  # taken away while we looked
                continue

    @staticmethod
    def _write(at: int, part: str, data: bytes) -> None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=at)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())

    @contextmanager
    def _named(self) -> Iterator[None]:
        where = str(self._root)
        try:
            yield
        except NodeError:
            raise
        except OSError as error:
            why = error.strerror or "it failed"
            if error.errno in _FULL:
                raise outcomes.full(where) from error
            if error.errno in _GONE:
                raise outcomes.gone(where, why) from error
            if error.errno in _REFUSED:
                raise outcomes.refused(where, why) from error
            raise outcomes.unreachable(where, why) from error


def _marker_in(top: int) -> str:
    try:
        descriptor = os.open(MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    except FileNotFoundError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(65).decode("ascii", "replace")
    return text if is_name(text) else ""


def _place(part: str, last: str, incoming: int, at: int) -> None:
    """Give it its name unless something has it. Disks without hard links take the name in two steps."""
    try:
        os.link(part, last, src_dir_fd=incoming, dst_dir_fd=at, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if last not in os.listdir(at):
            os.rename(part, last, src_dir_fd=incoming, dst_dir_fd=at)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a few file systems sync no folders
            raise
