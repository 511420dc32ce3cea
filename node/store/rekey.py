"""The store under another key: written whole into a file beside it, checked, put in its place in one step.

Killed anywhere, the folder holds the old file or the new one, and `is_under` says which. The pages that the old file leaves on the disk are
ciphertext under a key that nobody keeps.
"""

import os
import shutil
from pathlib import Path

from sqlite_utils import Database

from node.errors import Unavailable

from .database import key_text, open_database, salt_of, verify_pages
from .failures import named

SUFFIX = ".fresh"
SPARE = 1.25  # the new file beside the old one, and what its making needs


def is_under(path: Path, key: bytes) -> bool:
    """Whether the file at `path` is the store under `key`."""
    try:
        with path.open("rb") as file:
            salt = salt_of(key)
            return file.read(len(salt)) == salt
    except FileNotFoundError:
        return False


def check_space(path: Path) -> None:
    """Raises Unavailable `disk-full` unless there is room for the store a second time."""
    needed = int(path.stat().st_size * SPARE)
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        text = f"This needs {needed // 1_000_000 + 1} MB of free space beside the store; there are {free // 1_000_000} MB. Free some."
        raise Unavailable(text, code="disk-full")


def rekey(path: Path, key: bytes, fresh: bytes) -> None:
    """Put the store at `path`, which nobody has open, under the key `fresh`. Raises what `open_database` and `verify_pages` raise."""
    beside = path.with_name(path.name + SUFFIX)
    beside.unlink(missing_ok=True)
    database = open_database(path, key)
    try:
        with named():
            database.execute("PRAGMA journal_mode = DELETE").fetchone()  # a log left behind would be taken for the new file's
            _write(database, beside, fresh)
    finally:
        database.close()
    _check(beside, fresh)
    _exchange(path, beside)


def _write(database: Database, beside: Path, fresh: bytes) -> None:
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    database.execute("ATTACH ? AS fresh KEY ?", (str(beside), key_text(fresh)))
    try:
        database.execute("PRAGMA fresh.journal_mode = OFF")  # cut off, the file is thrown away; it is synced before it counts
        database.execute("PRAGMA fresh.synchronous = OFF")
        database.execute("SELECT sqlcipher_export('fresh')").fetchone()
        database.execute(f"PRAGMA fresh.user_version = {version}")  # the export leaves it out
    finally:
        database.execute("DETACH fresh")


def _check(beside: Path, fresh: bytes) -> None:
    database = open_database(beside, fresh)
    try:
        verify_pages(database)
        with named():
            database.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        database.close()


def _exchange(path: Path, beside: Path) -> None:
    for target in (beside, path.parent):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
