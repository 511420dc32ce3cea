"""An encrypted store in the making, from a backup's rows: at the backup's own schema first. It is no store until all is in it.

It is not synced on the way, for a copy that a power cut hits is made anew; `seal` makes it last.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlcipher3 import dbapi2

from node.errors import IntegrityError, Unavailable, UserError
from node.model.backup import Count, Key, Row

from .capture import shape
from .database import KEY_BYTES, fold_log, open_database
from .failures import named
from .kept import TABLES, LeftOut, Rebuilt
from .migrate import migrate, shipped

DRILLS = "drill-"
MOST_OPEN = 20_000  # rows in one transaction: each writes the pages of unordered keys again, and they shall fit the cache
_NEVER = {table.name for table in TABLES if isinstance(table, LeftOut | Rebuilt)}


class Loading:
    """The port `Copy` of the backup engine."""

    def __init__(self, path: Path, key: bytes, schema: Sequence[int], now: int) -> None:
        strange = set(schema) - set(shipped())
        if strange:
            text = f"This backup was made by a newer Gemstra (schema {max(strange)}). Install the newer version."
            raise UserError(text, code="newer-schema")
        self._db = open_database(path, key)
        try:
            for statement in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -65536", "secure_delete = OFF"):
                self._db.execute(f"PRAGMA {statement}")
            migrate(self._db, now, {number: shipped()[number] for number in schema})
            found = self._db.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name")
            self._tables = [row[0] for row in found if row[0] not in _NEVER and not row[0].startswith("sqlite_")]
            for table in self._tables:
                self._db.execute(f"DELETE FROM {table}")  # what a migration put there, the backup has as well  # noqa: S608
            self._db.execute("BEGIN")
            self._unwritten = 0
        except BaseException:
            self._db.close()
            raise

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Rows, new or in the place of those with their key."""
        self._known(table, columns)
        names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        with _fitting(table):
            self._db.conn.executemany(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608

    def drop(self, table: str, key: Sequence[str], keys: Iterable[Key]) -> None:
        """These rows are gone."""
        self._known(table, key)
        where = " AND ".join(f'"{column}" = ?' for column in key)
        with _fitting(table):
            self._db.conn.executemany(f"DELETE FROM {table} WHERE {where}", keys)  # noqa: S608

    def own(self, owners: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Slot and key of customers."""
        with _fitting("customer_secrets"):
            self._db.conn.executemany("INSERT OR REPLACE INTO customer_secrets (slot, customer, key) VALUES (?, ?, ?)", owners)

    def part_done(self, rows: int) -> None:
        """So many rows came: write down what is there once it is much."""
        self._unwritten += rows
        if self._unwritten < MOST_OPEN:
            return
        self._unwritten = 0
        with named():
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def rows(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Every carried table with its rows."""
        for table in self._tables:
            columns = ", ".join(f'"{column}"' for column in shape(self._db, table).columns)
            yield table, iter(self._db.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608

    def seal(self, sequences: Iterable[Count], following: int) -> None:
        """All is in it: make it last. No number is given twice, nor a slot. Raises IntegrityError `backup-differs`."""
        with named():
            for table, number in (*((count.table, count.number) for count in sequences), ("customer_secrets", following - 1)):
                self._db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
            self._end_with_customers()
            self._db.execute("COMMIT")
            self._db.execute("PRAGMA synchronous = FULL")
        if not fold_log(self._db):
            raise Unavailable("The disk is full: nothing was restored. Free some space and try again.", code="disk-full")

    def _end_with_customers(self) -> None:
        """What belonged to customers that are not there (erased since the backup) goes, as erasing would have had it."""
        for table in (*self._tables, "customer_secrets"):
            sql = 'SELECT "from", on_delete FROM pragma_foreign_key_list(?) WHERE "table" = \'customers\''
            for column, then in self._db.execute(sql, (table,)).fetchall():
                act = f'UPDATE {table} SET "{column}" = NULL' if then == "SET NULL" else f"DELETE FROM {table}"  # noqa: S608
                self._db.execute(f'{act} WHERE "{column}" IS NOT NULL AND "{column}" NOT IN (SELECT id FROM customers)')  # noqa: S608
        broken = self._db.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise IntegrityError(f"A row of {broken[0]} belongs to one of {broken[2]} that isn't in the backup.", code="backup-differs")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _known(self, table: str, columns: Sequence[str]) -> None:
        if table not in self._tables or not set(columns) <= set(shape(self._db, table).columns):
            raise IntegrityError(f"The backup holds a table that its own schema doesn't have: {table[:40]!r}.", code="backup-damaged")


class Workshop:
    """Copies for the drill, in the data folder, under a key that is only in memory: what a crash leaves is noise, and goes at the next."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._clock = clock
        self.sweep()

    @contextmanager
    def copy(self, schema: tuple[int, ...]) -> Iterator[Loading]:
        """An empty copy at that schema, gone afterwards."""
        self.sweep()
        path = self._folder / f"{DRILLS}{os.urandom(8).hex()}.db"
        try:
            copy = Loading(path, os.urandom(KEY_BYTES), schema, self._clock())
            try:
                yield copy
            finally:
                copy.close()
        finally:
            self.sweep()

    def sweep(self) -> None:
        """Remove every copy."""
        for path in self._folder.glob(f"{DRILLS}*"):
            path.unlink(missing_ok=True)


@contextmanager
def _fitting(table: str) -> Iterator[None]:
    """A row that its table refuses is no row of that table."""
    try:
        with named():
            yield
    except (dbapi2.IntegrityError, dbapi2.ProgrammingError) as error:
        raise IntegrityError(f"The backup holds a row that doesn't fit its table {table}.", code="backup-damaged") from error
