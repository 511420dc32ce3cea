"""The tree of our own logs, kept so that a proof reads a few rows: hashes of whole subtrees from 16 entries on. What is below is made
again from the entries, which are in the store's log: at most a few dozen for a proof (docs/protocol/04-log.md).
"""

from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from node.errors import ConflictError
from protocol.log import EMPTY_ROOT, consistency_path, leaf_hash, node_hash, split

LEVEL = 4
GROUP = 1 << LEVEL
_HASH = 32


class StoredTree:
    """The tree of one feed, read from a store's connection that has the file attached."""

    def __init__(self, db: Database, schema: str, key: int, feed: bytes) -> None:
        self._db = db
        self._at = schema
        self._key = key
        self._feed = feed

    def consistency(self, old: int, size: int) -> Sequence[bytes]:
        """The proof that the tree of `size` begins with the tree of `old`. Raises ConflictError `catalog-behind` until it is here."""
        row = self._db.execute(f"SELECT size FROM {self._at}.heads WHERE id = ?", (self._key,)).fetchone()  # noqa: S608
        if row is None or row[0] < size:
            raise ConflictError("The catalog file doesn't have that much of the log yet.", code="catalog-behind")
        return consistency_path(old, size, self._hash)

    def _hash(self, start: int, end: int) -> bytes:
        count = end - start
        if count >= GROUP and count & (count - 1) == 0:
            level = count.bit_length() - 1
            sql = f"SELECT hash FROM {self._at}.tree WHERE feed = ? AND level = ? AND number = ?"  # noqa: S608
            row = self._db.execute(sql, (self._key, level, start >> level)).fetchone()
            if row is None:
                raise ConflictError("The catalog file doesn't have that much of the log yet.", code="catalog-behind")
            found: bytes = row[0]
            return found
        if count <= GROUP:
            sql = "SELECT operation FROM main.catalog_log WHERE feed = ? AND seq > ? AND seq <= ? ORDER BY seq"
            return subtree([leaf_hash(row[0]) for row in self._db.execute(sql, (self._feed, start, end))])
        middle = start + split(count)
        return node_hash(self._hash(start, middle), self._hash(middle, end))


def subtree(leaves: Sequence[bytes]) -> bytes:
    """The hash over some leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(subtree(leaves[:middle]), subtree(leaves[middle:]))


def root(db: Database, key: int, size: int, tail: bytes) -> bytes | None:
    """The tree head of the `size` entries that are here, whose leaf hashes after the last whole group are `tail`; None where some of the
    tree is missing.
    """
    found = [subtree(_leaves(tail))] if tail else []
    for level in range(LEVEL, size.bit_length()):
        if size >> level & 1:
            sql = "SELECT hash FROM tree WHERE feed = ? AND level = ? AND number = ?"
            row = db.execute(sql, (key, level, (size >> level) - 1)).fetchone()
            if row is None:
                return None
            found = [node_hash(row[0], *found) if found else row[0]]
    return found[0] if found else EMPTY_ROOT


def _leaves(tail: bytes) -> list[bytes]:
    return [tail[at : at + _HASH] for at in range(0, len(tail), _HASH)]


def grow(db: Database, key: int, size: int, tail: bytes, leaves: Iterable[bytes]) -> bytes:
    """Append leaf hashes to the tree of `size`, whose leaf hashes after the last whole group are `tail`; the tail afterwards."""
    pending = _leaves(tail)
    fresh: dict[tuple[int, int], bytes] = {}
    for leaf in leaves:
        pending.append(leaf)
        size += 1
        if len(pending) == GROUP:
            _climb(db, key, fresh, (size >> LEVEL) - 1, subtree(pending))
            pending = []
    rows = [(key, level, number, hash_) for (level, number), hash_ in fresh.items()]
    db.conn.executemany("INSERT OR REPLACE INTO tree (feed, level, number, hash) VALUES (?, ?, ?, ?)", rows)
    return b"".join(pending)


def _climb(db: Database, key: int, fresh: dict[tuple[int, int], bytes], number: int, hash_: bytes) -> None:
    level = LEVEL
    fresh[level, number] = hash_
    while number & 1:
        left = fresh.get((level, number - 1))
        if left is None:
            sql = "SELECT hash FROM tree WHERE feed = ? AND level = ? AND number = ?"
            left = db.execute(sql, (key, level, number - 1)).fetchone()[0]
        hash_ = node_hash(left, hash_)
        level, number = level + 1, number >> 1
        fresh[level, number] = hash_
