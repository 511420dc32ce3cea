"""The one factory of database connections: encrypted pages, full durability; and the catalog file, plain and made again where it is
lost (ADR 0060). It knows no table.

Under the driver named in this package `sqlite_utils.Database(path)` would open an *unkeyed* file, so nothing else in the program
may open a database (tests/node/store/test_database.py).
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

from sqlcipher3 import dbapi2
from sqlite_utils import Database

from node.errors import IntegrityError, NotFound, Unavailable, UserError

from .failures import named

KEY_BYTES = 32
PAGE_BYTES = 4096
BUSY_MS = 5_000
WRITER_CACHE_KB, READER_CACHE_KB = 65_536, 16_384  # at most: a page that left the cache is decrypted again, and an import touches many
PLAIN_HEADER = b"SQLite format 3\0"
ATTACHED = "cat"
"""Under this name the store's connections read the catalog file."""

_SETTINGS = (
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits at a power cut (data.md)
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",  # no plaintext in temporary files
    "PRAGMA secure_delete = ON",  # what is erased is overwritten
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA journal_size_limit = 16777216",
    f"PRAGMA busy_timeout = {BUSY_MS}",
)
_PLAIN_SETTINGS = (
    "PRAGMA synchronous = NORMAL",  # what a power cut takes back is fetched or projected again
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA wal_autocheckpoint = 8192",  # 32 MB: an update is over before its pages are folded in, which is done when nobody waits
    f"PRAGMA busy_timeout = {BUSY_MS}",
    f"PRAGMA cache_size = -{WRITER_CACHE_KB}",
)


def open_database(path: Path, key: bytes, *, readonly: bool = False) -> Database:
    """A connection to the encrypted file at `path`, made (mode 0600) where it is missing and `readonly` is false.

    `key` is 32 random bytes. The file's salt is a hash of the key, which tells a wrong key from a damaged page. Statements run
    in autocommit; transactions are opened by the caller. The connection may be handed to one other thread.

    Raises IntegrityError `wrong-key`, `not-encrypted`, `truncated`, `damaged`; NotFound; UserError `store-unwritable`;
    Unavailable `disk-full`, `disk-failed`. Nothing stays open when it raises.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a store key has {KEY_BYTES} bytes, not {len(key)}")
    _check_file(path, salt_of(key), readonly=readonly)
    with named():
        connection = _connect(path)
        try:
            _prepare(connection, key_text(key), readonly=readonly)
        except BaseException:
            connection.close()
            raise
    return Database(connection, recursive_triggers=False, execute_plugins=False)


def open_plain(path: Path, *, readonly: bool = False) -> Database:
    """A connection to the catalog file at `path`, made (mode 0600) where it is missing: without a key, for it holds what anybody may
    fetch. One that only reads keeps little in memory.

    Raises IntegrityError `damaged`, UserError `store-unwritable`, Unavailable `disk-full`, `disk-failed`.
    """
    _make_private(path)
    with named():
        connection = _connect(path)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            for statement in _PLAIN_SETTINGS:
                connection.execute(statement)
            if readonly:
                connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KB}")
                connection.execute("PRAGMA query_only = ON")
            elif connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
                raise UserError("This folder can't hold the catalogs: its file system has no shared memory.", code="store-unwritable")
        except BaseException:
            connection.close()
            raise
    return Database(connection, recursive_triggers=False, execute_plugins=False)


def attach_plain(database: Database, path: Path) -> None:
    """Let a connection of the store read the catalog file, which is open for writing elsewhere, under the name `ATTACHED`."""
    with named():
        database.execute(f"ATTACH DATABASE ? AS {ATTACHED} KEY ''", (f"file:{quote(str(path))}?mode=ro",))
        database.execute(f"PRAGMA {ATTACHED}.cache_size = -{READER_CACHE_KB}")


def roll_back(database: Database) -> None:
    """Undo the transaction, and end what was still being read: whoever keeps what was raised keeps such a question, and for as long the
    connection would see both files as they were.
    """
    if not database.conn.in_transaction:
        database.execute("BEGIN")  # a full disk: the engine undid it by itself
    database.conn.rollback()


def _connect(path: Path) -> dbapi2.Connection:
    return dbapi2.connect(str(path), isolation_level=None, check_same_thread=False, cached_statements=256, uri=True)


def _make_private(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(f"The catalogs at {path} can't be opened: {error.strerror}.", code="store-unwritable") from error
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def salt_of(key: bytes) -> bytes:
    """The 16 bytes that the file of this key begins with."""
    return hashlib.blake2b(key, digest_size=16, person=b"gemstra-salt").digest()


def key_text(key: bytes) -> str:
    """The key as the engine takes it: key and salt, so that it derives neither."""
    return f"x'{(key + salt_of(key)).hex()}'"


def verify_pages(database: Database) -> None:
    """Check the authentication code of every page of the file (about 400 MB/s). Raises IntegrityError `damaged`."""
    with named():
        faults = [row[0] for row in database.execute("PRAGMA cipher_integrity_check")]
    if faults:
        raise IntegrityError(f"The store is damaged ({faults[0]}; {len(faults)} in all). Restore the latest backup.", code="damaged")


def fold_log(database: Database) -> bool:
    """Move the write-ahead log into the file, so that its pages can be verified: a power cut in the middle of such a move leaves
    torn pages there, which the log still holds whole. False when the disk is too full for it now: nothing is lost by that.
    """
    try:
        with named():
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except Unavailable as error:
        if error.code != "disk-full":
            raise
        return False
    return True


def _prepare(connection: dbapi2.Connection, key: str, *, readonly: bool) -> None:
    # cipher_memory_security stays off: it locks and wipes every allocation of the engine and halves its speed, while the
    # same rows pass through Python strings that nobody can wipe.
    connection.execute("PRAGMA cipher_log_level = NONE")  # the engine would write its own lines to stderr
    connection.execute(f'PRAGMA key = "{key}"')
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    for statement in _SETTINGS:
        connection.execute(statement)
    connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KB if readonly else WRITER_CACHE_KB}")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    elif connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise UserError("This folder can't hold the store: its file system has no shared memory.", code="store-unwritable")


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.is_file() and log.stat().st_size > 0


def _check_file(path: Path, salt: bytes, *, readonly: bool) -> None:
    """Look at the file before the engine does; make an empty one, 0600, where there is none."""
    flags = os.O_RDWR | os.O_NOFOLLOW | (0 if readonly else os.O_CREAT)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError as error:
        raise NotFound(f"There is no store at {path}.") from error
    except OSError as error:
        raise UserError(f"The store at {path} can't be opened: {error.strerror}.", code="store-unwritable") from error
    try:
        os.fchmod(descriptor, 0o600)
        size = os.fstat(descriptor).st_size
        start = os.read(descriptor, len(PLAIN_HEADER))
    finally:
        os.close(descriptor)
    if size == 0:
        if readonly:
            raise IntegrityError(f"The store at {path} is empty.", code="truncated")
        return
    if start == PLAIN_HEADER:
        raise IntegrityError(f"{path} is a database without encryption, not a store.", code="not-encrypted")
    if start != salt:
        text = f"This key doesn't open {path}: it is another vault's store, or its first bytes are damaged."
        raise IntegrityError(f"{text} Put the folder's own file back, or restore the latest backup.", code="wrong-key")
    if size % PAGE_BYTES and not _has_log(path):
        raise IntegrityError(f"{path} was cut short. Restore the latest backup.", code="truncated")
