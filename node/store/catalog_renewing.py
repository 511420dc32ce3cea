"""Listings that are not as they should be by now, brought up to date some at a time: a promotion has begun or ended, a plan or our rank
came after the offers that depend on it, or a migration asks for it.
"""

from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database

from .catalog_feeds import marks, parts
from .catalog_goods import Shelves
from .catalog_offers import OfferRows
from .catalog_sales import VARIES

_DUE = "SELECT DISTINCT p.product FROM listings AS l JOIN products AS p ON p.id = l.goods WHERE l.turns <= ? LIMIT ?"
_RANK = (
    "INSERT INTO ranks (feed, rank) VALUES (?, ?) ON CONFLICT (feed) DO UPDATE SET rank = excluded.rank, fresh = 1 "
    "WHERE rank <> excluded.rank"
)
_WITH_PLAN = (
    "INSERT OR IGNORE INTO renewals (product) SELECT DISTINCT o.product FROM heads AS h CROSS JOIN offers AS o ON o.feed = h.id "
    "WHERE h.feed = ? AND (o.terms = ? OR o.terms IN (SELECT id FROM terms WHERE plan = ?))"
)
_WITH_RANK = (
    "INSERT OR IGNORE INTO renewals (product) SELECT DISTINCT p.product FROM heads AS h CROSS JOIN listings AS l ON l.feed = h.id "
    "CROSS JOIN products AS p ON p.id = l.goods WHERE h.feed = ? AND l.varies"
)


_MORE = "UPDATE renewing SET waiting = waiting + ?"
_FEWER = "UPDATE renewing SET waiting = waiting - ?, marked = marked OR NOT EXISTS (SELECT 1 FROM renewals)"


class Renewing:
    """The tables `renewals`, `renewing`, `ranks` and `plans` of one transaction."""

    def __init__(self, db: Database, now: int, offers: OfferRows, shelves: Shelves) -> None:
        self._db = db
        self._now = now
        self._offers = offers
        self._shelves = shelves

    def know(self, feed: bytes, rank: int, plans: Iterable[tuple[bytes, bytes]]) -> None:
        """Our rank at the merchant of a feed, and plans of its (hash, record)."""
        self._db.execute(_RANK, (feed, rank))
        rows = [(feed, plan, record) for plan, record in plans]
        self._db.conn.executemany("INSERT OR IGNORE INTO plans (feed, plan, record) VALUES (?, ?, ?)", rows)

    def unknow(self, feed: bytes) -> None:
        """Nobody follows the feed any more."""
        for name in ("ranks", "plans"):
            self._db.execute(f"DELETE FROM {name} WHERE feed = ?", (feed,))  # noqa: S608

    def renew(self, most: int) -> int:
        """Reckon listings of up to so many products anew; of how many, 0 once nothing is left."""
        self._spread()
        found = {row[0] for row in self._db.execute(_DUE, (self._now, most)).fetchall()}
        found.update(row[0] for row in self._db.execute("SELECT product FROM renewals LIMIT ?", (most - len(found),)).fetchall())
        for part in parts(found):
            self._offers.look_again(part)
            gone = self._db.execute(f"DELETE FROM renewals WHERE product IN ({marks(part)})", part).rowcount  # noqa: S608
            self._db.execute(_FEWER, (gone,))
        self._shelves.arrange()
        return len(found)

    def _spread(self) -> None:
        """What waited for a plan or a rank waits as products from now on."""
        for feed, plan in self._db.execute("SELECT feed, plan FROM plans WHERE fresh").fetchall():
            self._await(_WITH_PLAN, (feed, VARIES, plan))
        for (feed,) in self._db.execute("SELECT feed FROM ranks WHERE fresh").fetchall():
            self._await(_WITH_RANK, (feed,))
        self._db.execute("UPDATE plans SET fresh = 0 WHERE fresh")
        self._db.execute("UPDATE ranks SET fresh = 0 WHERE fresh")

    def _await(self, sql: str, values: tuple[Any, ...]) -> None:
        self._db.execute(_MORE, (self._db.execute(sql, values).rowcount,))
