"""What a store set up from a backup makes anew: tables that are derived, and the feeds of others, which come again from them.

A noun with a derived table adds its way here, one function, and a `Rebuilt` in kept.py; one whose table has a version in `derived`
adds it in derived.py alone: no backup carries that version, so opening the restored store has made it already.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlite_utils import Database

from node.model.backup import Value
from node.model.customer import same_person
from node.model.person import Contact
from protocol.state_hash import STATE_BYTES

from .capture import shape
from .customers import person_of
from .kept import KEPT

_MOST = 2_000


class Arrival:
    """Tables that a backup does not carry, and rows of one customer that come back, of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rebuild(self) -> None:
        """Make every derived table anew that opening the store did not."""
        self._db.execute("PRAGMA cache_size = -65536")  # indexes that are made in no order; the connection closes after it
        for way in REBUILDING:
            way(self._db)

    def returning(self) -> Sequence[str]:
        """Tables whose rows come back with one customer."""
        return [kept.name for kept in KEPT.values() if kept.returns]

    def person(self, record: bytes, picture: bytes | None) -> Contact:
        """A person as a row and a picture of a backup hold them."""
        return replace(person_of(record), photo=picture)

    def missing(self, table: str, rows: Sequence[Mapping[str, Value]]) -> Sequence[Mapping[str, Value]]:
        """Those of the rows that the table doesn't have, by their key."""
        key = shape(self._db, table).key
        where = " AND ".join(f'"{column}" = ?' for column in key)
        sql = f"SELECT 1 FROM {table} WHERE {where}"  # noqa: S608
        return [row for row in rows if not self._db.execute(sql, [row[column] for column in key]).fetchone()]

    def bring_back(self, table: str, rows: Sequence[Mapping[str, Value]]) -> None:
        """Add rows, as far as today's table has their columns; one that contradicts what is there stays away."""
        known = shape(self._db, table).columns
        for row in rows:
            columns = [column for column in row if column in known]
            names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
            self._db.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", [row[column] for column in columns])  # noqa: S608

    def follow_anew(self) -> None:
        """Other people's catalogs were left out: follow them as if for the first time."""
        self._db.execute(
            "UPDATE feeds SET size = 0, checkpoint = NULL, checkpoint_id = NULL, state = zeroblob(?), frontier = NULL, staged = 0, "
            "synced_at = 0, asked_at = 0, error = '' WHERE own = 0",
            (STATE_BYTES,),
        )


def _customer_keys(db: Database) -> None:
    db.execute("DELETE FROM customer_keys")
    after = 0
    while rows := db.execute("SELECT rowid, id, record FROM customers WHERE rowid > ? ORDER BY rowid LIMIT ?", (after, _MOST)).fetchall():
        keys = [(kind, value, id_) for _, id_, record in rows for kind, value in same_person(person_of(record))]
        db.conn.executemany("INSERT INTO customer_keys (kind, value, customer) VALUES (?, ?, ?)", keys)
        after = rows[-1][0]


def _order_news(db: Database) -> None:
    """What orders say of purchases is worked out by the tick, from the orders named here."""
    for table in ("customer_reorders", "customer_purchases", "customer_orders", "order_news"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608
    db.execute("INSERT INTO order_news (draft) SELECT draft FROM orders WHERE side = 'seller' AND customer IS NOT NULL")


REBUILDING: tuple[Callable[[Database], None], ...] = (_customer_keys, _order_news)
