"""The watch list in the store, and what happened there."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from node.model.catalog_change import GoodsFacts, Kind, OfferFacts, Told
from node.model.lookout import Lookout, Notice, Sight, Sights, Where, Wish
from protocol.encoding import decode, encode

from .catalog_columns import code_mark
from .database import ATTACHED

_AT = ATTACHED
_LOOKOUT = "id, feed, shelf, handle, code, wish, at_most, currency, title, seen, added, removed"
_NOTICE = "id, lookout, at, feed, shelf, handle, title, sku, kind, old, new, currency, note, dismissed"


class Lookouts:
    """The tables `lookouts` and `lookout_notices` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, row: Lookout) -> None:
        """Write one, new or changed."""
        feed, shelf, handle = row.where or (None, None, "")
        what = (row.id, feed, shelf, handle, row.code, row.wish.value, row.at_most, row.currency, row.title)
        marks = ", ".join("?" * 12)
        sql = f"INSERT OR REPLACE INTO lookouts ({_LOOKOUT}) VALUES ({marks})"  # noqa: S608
        self._db.execute(sql, (*what, _packed(row.seen), row.added, row.removed))

    def get(self, lookout: bytes) -> Lookout | None:
        """The one with this id, also when it was taken off."""
        row = self._db.execute(f"SELECT {_LOOKOUT} FROM lookouts WHERE id = ?", (lookout,)).fetchone()  # noqa: S608
        return _lookout(row) if row else None

    def all(self, *, removed: bool = False) -> list[Lookout]:
        """What is on the list (or was taken off it), the newest first."""
        sql = f"SELECT {_LOOKOUT} FROM lookouts WHERE (removed IS NOT NULL) = ? ORDER BY added DESC, id"  # noqa: S608
        return [_lookout(row) for row in self._db.execute(sql, (int(removed),))]

    def count(self) -> int:
        """How many are on the list."""
        found: int = self._db.execute("SELECT count(*) FROM lookouts WHERE removed IS NULL").fetchone()[0]
        return found

    def selling(self, code: str, limit: int) -> list[Where]:
        """Where what has this number is sold in the feeds that are followed: found by the index first, then looked up row by row."""
        sql = (
            f"SELECT s.feed, o.feed, p.handle FROM {_AT}.words AS w CROSS JOIN {_AT}.listings AS l ON l.id = w.rowid "  # noqa: S608
            f"CROSS JOIN {_AT}.products AS p ON p.id = l.goods CROSS JOIN {_AT}.heads AS s ON s.id = l.feed "
            f"CROSS JOIN {_AT}.heads AS o ON o.id = p.feed CROSS JOIN feeds AS f ON f.feed = s.feed "
            "WHERE w.words MATCH ? AND l.offers > 0 AND NOT f.own AND NOT f.closed ORDER BY l.id LIMIT ?"
        )
        return [(feed, shelf, handle) for feed, shelf, handle in self._db.execute(sql, (f'"{code_mark(code)}"', limit))]

    def forget(self, before: int) -> None:
        """Let go of what was taken off, and of what was seen of notices, earlier than `before`."""
        self._db.execute("DELETE FROM lookouts WHERE removed < ?", (before,))
        self._db.execute("DELETE FROM lookout_notices WHERE dismissed < ?", (before,))

    def tell(self, notice: Notice, most: int) -> None:
        """Write a notice; beyond `most` the oldest go."""
        told = notice.told
        values = (notice.id, notice.lookout, notice.at, *notice.where, notice.title, notice.sku, told.kind.value, told.old, told.new)
        marks = ", ".join("?" * 14)
        sql = f"INSERT OR IGNORE INTO lookout_notices ({_NOTICE}) VALUES ({marks})"  # noqa: S608
        self._db.execute(sql, (*values, told.currency, told.note, notice.dismissed))
        last = "SELECT at, id FROM lookout_notices ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?"
        self._db.execute(f"DELETE FROM lookout_notices WHERE (at, id) <= ({last})", (most,))  # noqa: S608

    def notices(self, limit: int) -> list[Notice]:
        """What the person has not seen yet, the newest first; of what was taken off the list nothing."""
        sql = (
            f"SELECT {', '.join('n.' + name for name in _NOTICE.split(', '))} FROM lookout_notices AS n "  # noqa: S608
            "JOIN lookouts AS l ON l.id = n.lookout WHERE n.dismissed IS NULL AND l.removed IS NULL "
            "ORDER BY n.at DESC, n.lookout, n.feed, n.shelf, n.handle, n.sku, n.kind LIMIT ?"
        )
        return [_notice(row) for row in self._db.execute(sql, (limit,))]

    def dismiss(self, notice: bytes | None, lookout: bytes | None, now: int) -> int:
        """The person has seen it, or those of one thing on the list (None: of all); how many there were."""
        sql = "UPDATE lookout_notices SET dismissed = ? WHERE dismissed IS NULL AND (? IS NULL OR id = ?) AND (? IS NULL OR lookout = ?)"
        return self._db.execute(sql, (now, notice, notice, lookout, lookout)).rowcount


def _packed(seen: Sights) -> bytes:
    return encode(
        [
            [*where, _of_goods(sight.goods), [[sku, *_of_offer(offer)] for sku, offer in sight.offers.items()]]
            for where, sight in seen.items()
        ]
    )


def _unpacked(raw: bytes) -> Sights:
    found = {}
    for feed, shelf, handle, goods, offers in decode(raw):
        sights = {sku: OfferFacts(*facts) for sku, *facts in offers}
        found[feed, shelf, handle] = Sight(_goods(goods), sights)
    return found


def _of_goods(facts: GoodsFacts | None) -> list[Any] | None:
    if facts is None:
        return None
    recall = None if facts.recall is None else list(facts.recall)
    return [facts.title, recall, facts.words, facts.pictures, facts.plans, facts.terms]


def _goods(row: Sequence[Any] | None) -> GoodsFacts | None:
    if row is None:
        return None
    title, recall, *digests = row
    return GoodsFacts(title, None if recall is None else (recall[0], recall[1]), *digests)


def _of_offer(facts: OfferFacts) -> tuple[Any, ...]:
    return facts.product, facts.price, facts.currency, facts.out, facts.plan, facts.deals, facts.terms


def _lookout(row: Sequence[Any]) -> Lookout:
    id_, feed, shelf, handle, code, wish, at_most, currency, title, seen, added, removed = row
    where = (feed, shelf, handle) if feed is not None else None
    return Lookout(id_, where, code, Wish(wish), at_most, currency, title, _unpacked(seen), added, removed)


def _notice(row: Sequence[Any]) -> Notice:
    id_, lookout, at, feed, shelf, handle, title, sku, kind, old, new, currency, note, dismissed = row
    return Notice(id_, lookout, at, (feed, shelf, handle), title, sku, Told(Kind(kind), old, new, currency, note), dismissed)
