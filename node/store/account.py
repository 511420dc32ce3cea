"""What the carried rows come to: their number and their state hash, kept up by what changed. It knows no row's meaning.

A row's element is its digest (node/services/backup_stream.py makes it). Each digest is kept beside, so that a changed row can be
taken out of the hash by what it was.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from node.model.backup import Account, Key
from protocol.state_hash import StateHash

from .capture import KEY_COLUMNS

_MOST = 20_000
Digest = tuple[str, Key, bytes | None]
"""Table, primary key, and the digest of the row; None: it is gone."""


class Accounts:
    """The tables `backup_account` and `backup_rows` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self) -> Account | None:
        """The account; None: nothing is captured."""
        row = self._db.execute("SELECT seq, schema, state, counts FROM backup_account").fetchone()
        return Account(row[0], tuple(json.loads(row[1])), row[2], json.loads(row[3])) if row else None

    def begin(self, schema: tuple[int, ...], position: int) -> None:
        """Reckon anew, from `position` on; changes are captured from now on."""
        self.end()
        self._db.execute("INSERT INTO backup_account (one, seq, schema, counts) VALUES (1, ?, ?, '{}')", (position, json.dumps(schema)))

    def end(self) -> None:
        """Keep no account and capture nothing."""
        self._db.execute("DELETE FROM backup_account")
        self._db.execute("DELETE FROM backup_rows")

    def add(self, digests: Iterable[Digest]) -> None:
        """Digests of rows that were walked."""
        rows = [(table, *_padded(key), digest) for table, key, digest in digests]
        self._db.conn.executemany("INSERT OR REPLACE INTO backup_rows (noun, k1, k2, k3, digest) VALUES (?, ?, ?, ?, ?)", rows)

    def digests(self, after: Key) -> tuple[list[bytes], Key | None]:
        """A stretch of the digests, and where it goes on."""
        where = "WHERE (noun, k1, k2, k3) > (?, ?, ?, ?)" if after else ""
        sql = f"SELECT digest, noun, k1, k2, k3 FROM backup_rows {where} ORDER BY noun, k1, k2, k3 LIMIT {_MOST}"  # noqa: S608
        rows = self._db.execute(sql, after).fetchall()
        return [row[0] for row in rows], tuple(rows[-1][1:]) if len(rows) == _MOST else None

    def settle(self, state: StateHash) -> None:
        """The walk is over, and this is what its digests come to."""
        counts = dict(self._db.execute("SELECT noun, count(*) FROM backup_rows GROUP BY noun").fetchall())
        self._db.execute("UPDATE backup_account SET state = ?, counts = ?", (state.to_bytes(), json.dumps(counts)))

    def change(self, upto: int, digests: Iterable[Digest]) -> Account:
        """Take the changes up to `upto` into the account."""
        before = self.get()
        assert before is not None
        assert before.state is not None
        added, removed = [], []
        counts = Counter(before.counts)
        for table, key, digest in digests:
            old = self._exchange(table, key, digest)
            if old is not None:
                removed.append(old)
            if digest is not None:
                added.append(digest)
            counts[table] += (digest is not None) - (old is not None)
        state = StateHash.from_bytes(before.state).change(added=added, removed=removed).to_bytes()
        kept = {table: number for table, number in counts.items() if number}
        self._db.execute("UPDATE backup_account SET seq = ?, state = ?, counts = ?", (upto, state, json.dumps(kept)))
        return Account(upto, before.schema, state, kept)

    def _exchange(self, table: str, key: Key, digest: bytes | None) -> bytes | None:
        """Keep the digest (None: none) and return what was there."""
        where = "noun = ? AND " + " AND ".join(f"{column} = ?" for column in KEY_COLUMNS)
        values = (table, *_padded(key))
        row: Any = self._db.execute(f"SELECT digest FROM backup_rows WHERE {where}", values).fetchone()  # noqa: S608
        if digest is None:
            self._db.execute(f"DELETE FROM backup_rows WHERE {where}", values)  # noqa: S608
        else:
            self.add([(table, key, digest)])
        return row[0] if row else None


def _padded(key: Key) -> Key:
    return (*key, *[""] * (len(KEY_COLUMNS) - len(key)))
