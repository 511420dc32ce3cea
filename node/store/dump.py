"""Reading what a backup carries, a stretch at a time: each call is one short snapshot, so that no long one holds up the writer.

A table is walked while people go on working; what they change meanwhile is in the list of changes, which is read last. So the rows
and then the changes, applied in order, come to the store as it is at the end (docs/backup.md).
"""

from typing import Any

from sqlite_utils import Database

from node.model.backup import Batch, Changes, Count, Key, Owned, Walk

from .capture import KEY_COLUMNS, Shape, shape
from .kept import KEPT, Kept

_BYTES = 4 << 20


class Dump:
    """The carried tables of one snapshot."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def tables(self) -> list[str]:
        """The carried tables, in the order in which they are walked."""
        return list(KEPT)

    def schema(self) -> tuple[int, ...]:
        """The numbers of the migrations this store has had."""
        return tuple(row[0] for row in self._db.execute("SELECT number FROM migrations ORDER BY number"))

    def position(self) -> int:
        """The number of the newest change ever noted."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'backup_changes'").fetchone()
        return row[0] if row else 0

    def behind(self, since: int) -> int:
        """How many changes were noted after `since`."""
        found: int = self._db.execute("SELECT count(*) FROM backup_changes WHERE seq > ?", (since,)).fetchone()[0]
        return found

    def sequences(self) -> tuple[Count, ...]:
        """The highest number each table ever gave, so that none is given twice."""
        found = self._db.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
        return tuple(Count(name, number) for name, number in found if name in KEPT)

    def revoked(self, most: int) -> tuple[bytes, ...]:
        """The ids of the grants that were revoked last."""
        sql = "SELECT grant_id FROM grants WHERE revoke_id IS NOT NULL AND grant_id IS NOT NULL ORDER BY updated DESC, key LIMIT ?"
        return tuple(row[0] for row in self._db.execute(sql, (most,)))

    def slots(self) -> tuple[bytes, int]:
        """Every customer's slot and key, packed, and the slot that comes next."""
        rows = self._db.execute("SELECT slot, key FROM customer_secrets ORDER BY slot")
        packed = b"".join([slot.to_bytes(8, "big") + key for slot, key in rows])
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'customer_secrets'").fetchone()
        return packed, (row[0] if row else 0) + 1

    def keyless(self, most: int) -> list[bytes]:
        """Customers who have no key yet."""
        sql = "SELECT id FROM customers AS c WHERE NOT EXISTS (SELECT 1 FROM customer_secrets AS s WHERE s.customer = c.id) LIMIT ?"
        return [row[0] for row in self._db.execute(sql, (most,))]

    def slot_of(self, customer: bytes) -> tuple[int, bytes] | None:
        """The customer's slot and key."""
        row = self._db.execute("SELECT slot, key FROM customer_secrets WHERE customer = ?", (customer,)).fetchone()
        return (row[0], row[1]) if row else None

    def walk(self, table: str, after: Key, most: int) -> Walk | None:
        """Up to `most` rows after the place `after` (() = the beginning). None: a customer among them has no key yet."""
        kept, found = KEPT[table], shape(self._db, table)
        order = ("rowid",) if found.by_rowid else found.key
        places = ", ".join(f"t.{column}" for column in order)
        where = [kept.filter("t")]
        if after:
            where.append(f"({places}) > ({', '.join('?' * len(order))})")
        sql = (
            f"SELECT {_columns(found)}, {_owner(kept)}, {places} FROM {table} AS t {_join(kept, f't.{kept.customer}')} "  # noqa: S608
            f"WHERE {' AND '.join(where)} ORDER BY {places} LIMIT ?"
        )
        width, size, rows = len(found.columns), 0, []
        place: Key | None = None
        for row in self._db.execute(sql, (*after, most)):
            rows.append(row[: width + 2])
            size += sum(len(value) for value in row[:width] if isinstance(value, bytes | str))
            if size > _BYTES or len(rows) == most:
                place = tuple(row[width + 2 :])
                break
        owned = self._owned(kept, found, rows)
        return None if owned is None else Walk(Batch(table, found.columns, found.key, owned), place)

    def changed(self, since: int, most: int) -> Changes | None:
        """The rows behind the first `most` changes after `since`, as they are now. None: a customer among them has no key yet."""
        sql = "SELECT max(seq) FROM (SELECT seq FROM backup_changes WHERE seq > ? ORDER BY seq LIMIT ?)"
        upto = self._db.execute(sql, (since, most)).fetchone()[0]
        if upto is None:
            return Changes(since, more=False, batches=())
        more = bool(self._db.execute("SELECT 1 FROM backup_changes WHERE seq > ? LIMIT 1", (upto,)).fetchone())
        nouns = {row[0] for row in self._db.execute("SELECT DISTINCT noun FROM backup_changes WHERE seq > ? AND seq <= ?", (since, upto))}
        batches = []
        for name in (table for table in KEPT if table in nouns):
            batch = self._batch(KEPT[name], shape(self._db, name), (name, since, upto))
            if batch is None:
                return None
            batches.append(batch)
        return Changes(upto, more, tuple(batches))

    def _batch(self, kept: Kept, found: Shape, stretch: tuple[str, int, int]) -> Batch | None:
        columns = ", ".join(KEY_COLUMNS[: len(found.key)])
        changed = f"(SELECT DISTINCT {columns} FROM backup_changes WHERE noun = ? AND seq > ? AND seq <= ?) AS c"  # noqa: S608
        same = " AND ".join(f"t.{name} = c.{place}" for name, place in zip(found.key, KEY_COLUMNS, strict=False))
        present = (
            f"SELECT {_columns(found)}, {_owner(kept)} FROM {changed} CROSS JOIN {kept.name} AS t ON {same} "  # noqa: S608
            f"{_join(kept, f't.{kept.customer}')} WHERE {kept.filter('t')}"
        )
        owned = self._owned(kept, found, self._db.execute(present, stretch).fetchall())
        if owned is None:
            return None
        keyed = kept.customer in found.key and len(found.key) > 1  # then the key tells something of the customer
        owner, join = "NULL, NULL", ""
        if keyed:
            owner, join = _owner(kept), _join(kept, f"c.{KEY_COLUMNS[found.key.index(kept.customer)]}")
        absent = (
            f"SELECT {', '.join(f'c.{name}' for name in KEY_COLUMNS[: len(found.key)])}, {owner} FROM {changed} {join} "  # noqa: S608
            f"WHERE NOT EXISTS (SELECT 1 FROM {kept.name} AS t WHERE {same} AND {kept.filter('t')})"
        )
        rows = [Owned(tuple(row[:-2]), row[-2], row[-1]) for row in self._db.execute(absent, stretch)]
        gone = tuple(row for row in rows if row.slot is not None or not keyed)
        erased = tuple(row.values for row in rows if row.slot is None and keyed)
        return Batch(kept.name, found.columns, found.key, owned, gone, erased)

    def _owned(self, kept: Kept, found: Shape, rows: list[Any]) -> tuple[Owned, ...] | None:
        owned = tuple(Owned(tuple(row[:-2]), row[-2], row[-1]) for row in rows)
        if kept.customer:
            place = found.columns.index(kept.customer)
            keyless = {row.values[place] for row in owned if row.slot is None and row.values[place] is not None}
            if any(self._db.execute("SELECT 1 FROM customers WHERE id = ?", (customer,)).fetchone() for customer in keyless):
                return None
        return owned


def _columns(found: Shape) -> str:
    return ", ".join(f't."{column}"' for column in found.columns)


def _owner(kept: Kept) -> str:
    return "s.slot, s.key" if kept.customer else "NULL, NULL"


def _join(kept: Kept, customer: str) -> str:
    return f"LEFT JOIN customer_secrets AS s ON s.customer = {customer}" if kept.customer else ""
