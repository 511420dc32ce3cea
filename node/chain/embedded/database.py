"""The SQLite file of the embedded chain: opened durable, one transaction a block, and the key-value view that the EVM wants.

Everything in it is public, so it is not encrypted; only the deployer's key is private, which is why the file is for its owner alone.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from eth.db.backends.base import BaseAtomicDB
from eth.db.batch import BatchDB
from eth_hash.auto import keccak

from node.errors import IntegrityError, UserError

_APPLICATION_ID = 0x41535452
_HASH_SIZE = 32
_CACHED_NODES = 200_000
"""Trie nodes kept in memory; about 100 bytes each."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the file. `IntegrityError("chain-file-damaged")` when it is not one of ours or does not read,
    `UserError("chain-file-unusable")` when the disk is full or the file may not be written.
    """
    try:
        fresh = not path.exists()
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise unusable(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if fresh or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            schema = files(__package__).joinpath("schema.sql").read_text()
            connection.executescript(f"BEGIN;{schema};PRAGMA application_id = {_APPLICATION_ID};COMMIT;")
        if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
            raise sqlite3.DatabaseError("not a chain file")
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
    except sqlite3.OperationalError as error:
        connection.close()
        raise unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise damaged(path, str(error)) from error
    return connection


def damaged(path: Path, reason: str) -> IntegrityError:
    """The error for a chain file that cannot be trusted."""
    return IntegrityError(
        f"The chain file {path} is damaged ({reason}). Put a copy of the folder back, "
        "or delete the folder to start a new chain; balances of the old one are then gone.",
        code="chain-file-damaged",
    )


def seal(body: Any) -> bytes:
    """JSON with a checksum before it, because SQLite has none of its own."""
    text = json.dumps(body, separators=(",", ":")).encode()
    return zlib.crc32(text).to_bytes(4, "big") + text


def unseal(sealed: bytes) -> Any:
    """What `seal` was given; `sqlite3.DatabaseError` when the bytes have changed."""
    if zlib.crc32(sealed[4:]) != int.from_bytes(sealed[:4], "big"):
        raise sqlite3.DatabaseError("a stored block is not what was written: the chain file is damaged")
    return json.loads(sealed[4:])


def unusable(path: Path, error: Exception) -> UserError:
    """The error for a file that the system does not let us read or write; what is in it is not in doubt."""
    return UserError(
        f"The chain file {path} cannot be used: {error}. Free space on its disk and check who may write there, "
        "then start again; nothing in it was changed.",
        code="chain-file-unusable",
    )


class TrieStore(BaseAtomicDB):  # type: ignore[misc]
    """Bytes by key. Writes wait in memory until `flush`, which runs inside the transaction of their block."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._cache: dict[bytes, bytes] = {}
        self._waiting: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self._waiting.get(key) or self._cache.get(key)
        if value is not None:
            return value
        row = self._connection.execute("SELECT value FROM trie WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        # Nodes, code and headers are kept under their hash: what does not match would be a wrong balance.
        if len(key) == _HASH_SIZE and keccak(row[0]) != key:
            raise damaged(self._path, f"entry {key.hex()[:16]} is not what was written")
        if len(self._cache) >= _CACHED_NODES:
            self._cache.clear()
        self._cache[key] = row[0]
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._waiting[key] = value

    def __delitem__(self, key: bytes) -> None:
        """Nodes are addressed by their hash and older blocks need them: nothing is ever removed."""

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def atomic_batch(self) -> Iterator[Any]:
        """Writes made inside become visible together."""
        batch = BatchDB(self)
        try:
            yield batch
            batch.commit(apply_deletes=False)
        finally:
            batch.clear()

    def flush(self) -> None:
        """Write what waits. The caller holds the transaction."""
        self._connection.executemany("INSERT OR REPLACE INTO trie VALUES (?, ?)", self._waiting.items())
        self._cache.update(self._waiting)
        self._waiting.clear()

    def discard(self) -> None:
        """Forget what waits: a call that must leave no trace, a block that failed."""
        self._waiting.clear()
