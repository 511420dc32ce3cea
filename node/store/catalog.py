"""Catalogs in the store: feeds, their records by slot, our own log, pages not yet proved, plans."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from node.model.catalog import FeedRow, OfferRecord, PlanRecord, ProductRecord
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import verify
from protocol.log import Frontier, Tree, leaf_hash
from protocol.offer import Offer
from protocol.operations import Noun, Operation, Slot
from protocol.plan import TYPE, Plan, plan_hash
from protocol.product import Product, product_id
from protocol.state_hash import StateHash

_FEED = (
    "feed, identity, name, currency, own, size, checkpoint, checkpoint_id, state, frontier, staged, synced_at, asked_at, error, "
    "incarnation, closed"
)
_OFFERS = "SELECT o.feed, o.record, p.record FROM offers AS o JOIN products AS p ON p.feed = o.feed AND p.product = o.product"


class Catalog:
    """The tables of feeds, their records, our own log and the plans, in one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- feeds

    def feed(self, feed: bytes) -> FeedRow | None:
        """The feed with this id."""
        row = self._db.execute(f"SELECT {_FEED} FROM feeds WHERE feed = ?", (feed,)).fetchone()  # noqa: S608
        return _feed(row) if row else None

    def feeds(self, *, own: bool | None = None) -> list[FeedRow]:
        """All feeds, ours or others', by name; not those that a later device's took the place of."""
        sql = f"SELECT {_FEED} FROM feeds WHERE (? IS NULL OR own = ?) AND NOT closed ORDER BY name, feed"  # noqa: S608
        found = self._db.execute(sql, (own, own))
        return [_feed(row) for row in found]

    def keep_feed(self, row: FeedRow) -> None:
        """Write a feed, new or changed."""
        frontier = to_bytes(row.frontier) if row.frontier else None
        head = (row.feed, row.identity, row.name, row.currency, int(row.own), row.size, row.checkpoint, row.checkpoint_id)
        rest = (row.state.to_bytes(), frontier, row.staged, row.synced_at, row.asked_at, row.error)
        ends = (row.incarnation, int(row.closed))
        names = [name.strip() for name in _FEED.split(",")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        marks = ", ".join("?" * len(names))
        self._db.execute(f"INSERT INTO feeds ({_FEED}) VALUES ({marks}) ON CONFLICT (feed) DO UPDATE SET {changes}", head + rest + ends)  # noqa: S608

    def close_feed(self, feed: bytes) -> None:
        """Another feed took its place: its records are there, its log stays."""
        for table in (*(table for table, _ in _SLOTS.values()), "catalog_pages"):
            self._db.execute(f"DELETE FROM {table} WHERE feed = ?", (feed,))  # noqa: S608
        self._db.execute("UPDATE feeds SET closed = 1 WHERE feed = ?", (feed,))

    # --- our own log

    def append(self, feed: bytes, first: int, operations: Sequence[bytes]) -> None:
        """Entries `first`, `first` + 1, … of our feed."""
        rows = [(feed, first + index, raw) for index, raw in enumerate(operations)]
        self._db.conn.executemany("INSERT INTO catalog_log (feed, seq, operation) VALUES (?, ?, ?)", rows)

    def entries(self, feed: bytes, after: int) -> Iterator[tuple[int, bytes]]:
        """(sequence, operation) of our feed after `after`, in order."""
        sql = "SELECT seq, operation FROM catalog_log WHERE feed = ? AND seq > ? ORDER BY seq"
        return ((row[0], row[1]) for row in self._db.execute(sql, (feed, after)))

    def proof(self, feed: bytes, old: int, size: int) -> tuple[bytes, ...]:
        """That our log of `size` entries begins with the one of `old`."""
        return Tree([leaf_hash(raw) for _, raw in self.entries(feed, 0)]).consistency(old, size)

    # --- pages under way

    def stage(self, feed: bytes, operations: Iterable[bytes]) -> None:
        """Keep a page's operations until all are here."""
        number = self._db.execute("SELECT coalesce(max(number), 0) FROM catalog_pages WHERE feed = ?", (feed,)).fetchone()[0]
        rows = [(feed, number + index, raw) for index, raw in enumerate(operations, start=1)]
        self._db.conn.executemany("INSERT INTO catalog_pages (feed, number, operation) VALUES (?, ?, ?)", rows)

    def staged(self, feed: bytes) -> list[bytes]:
        """What was kept, in order."""
        found = self._db.execute("SELECT operation FROM catalog_pages WHERE feed = ? ORDER BY number", (feed,))
        return [row[0] for row in found]

    def unstage(self, feed: bytes) -> None:
        """Let go of the pages."""
        self._db.execute("DELETE FROM catalog_pages WHERE feed = ?", (feed,))

    # --- records by slot

    def record(self, feed: bytes, slot: Slot) -> bytes | None:
        """The bytes in a slot."""
        table, column = _SLOTS[slot[0]]
        sql = f"SELECT record FROM {table} WHERE feed = ? AND {column} = ?"  # noqa: S608
        row = self._db.execute(sql, (feed, slot[1])).fetchone()
        return row[0] if row else None

    def names(self, feed: bytes, noun: Noun) -> set[str]:
        """The names in use."""
        table, column = _SLOTS[noun]
        return {row[0] for row in self._db.execute(f"SELECT {column} FROM {table} WHERE feed = ?", (feed,))}  # noqa: S608

    def apply(self, feed: bytes, operation: Operation) -> None:
        """Put or remove what a checked operation says."""
        noun, name = operation.slot
        table, column = _SLOTS[noun]
        if operation.record is None:
            self._db.execute(f"DELETE FROM {table} WHERE feed = ? AND {column} = ?", (feed, name))  # noqa: S608
            return
        if noun is Noun.PRODUCT:
            product = from_bytes(Product, operation.record)
            values: tuple[Any, ...] = (feed, name, product_id(operation.record), product.title, operation.record)
            self._db.execute("INSERT OR REPLACE INTO products (feed, handle, product, title, record) VALUES (?, ?, ?, ?, ?)", values)
        elif noun is Noun.OFFER:
            offer = from_bytes(Offer, operation.record)
            values = (feed, name, offer.product, operation.record)
            self._db.execute("INSERT OR REPLACE INTO offers (feed, sku, product, record) VALUES (?, ?, ?, ?)", values)
        else:
            values = (feed, name, operation.record)
            self._db.execute(f"INSERT OR REPLACE INTO {table} (feed, name, record) VALUES (?, ?, ?)", values)  # noqa: S608

    # --- reading

    def products(self, search: str, after: tuple[str, bytes, str], limit: int) -> list[ProductRecord]:
        """Products whose title holds `search`, by title; `after` is (title, feed, handle) of the last one seen."""
        sql = (
            "SELECT feed, product, record FROM products WHERE title LIKE ? ESCAPE '\\' "
            "AND (title COLLATE NOCASE, feed, handle) > (?, ?, ?) "
            "ORDER BY title COLLATE NOCASE, feed, handle LIMIT ?"
        )
        pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found = self._db.execute(sql, (pattern, *after, limit))
        return [ProductRecord(row[0], row[1], from_bytes(Product, row[2])) for row in found]

    def product(self, product: bytes) -> ProductRecord | None:
        """The product with this id."""
        row = self._db.execute("SELECT feed, product, record FROM products WHERE product = ? LIMIT 1", (product,)).fetchone()
        return ProductRecord(row[0], row[1], from_bytes(Product, row[2])) if row else None

    def offers_of(self, product: bytes) -> list[OfferRecord]:
        """The offers for a product, by SKU."""
        sql = f"{_OFFERS} WHERE o.product = ? ORDER BY o.sku"
        return [_offer(row) for row in self._db.execute(sql, (product,))]

    def offer(self, feed: bytes, sku: str) -> OfferRecord | None:
        """The offer for a SKU in a feed."""
        row = self._db.execute(f"{_OFFERS} WHERE o.feed = ? AND o.sku = ?", (feed, sku)).fetchone()
        return _offer(row) if row else None

    def offers(self, feed: bytes | None, after: str, limit: int) -> list[OfferRecord]:
        """Offers in SKU order after the SKU `after`."""
        where = "WHERE (? IS NULL OR o.feed = ?) AND o.sku > ? ORDER BY o.sku, o.feed LIMIT ?"
        return [_offer(row) for row in self._db.execute(f"{_OFFERS} {where}", (feed, feed, after, limit))]

    def counts(self, feed: bytes) -> tuple[int, int]:
        """(products, offers) in a feed."""
        sql = "SELECT (SELECT count(*) FROM products WHERE feed = ?), (SELECT count(*) FROM offers WHERE feed = ?)"
        row = self._db.execute(sql, (feed, feed)).fetchone()
        return row[0], row[1]

    # --- plans

    def keep_plan(self, record: PlanRecord, now: int) -> None:
        """Keep a signed plan; the same again changes nothing."""
        plan = record.plan
        values = (record.hash, plan.merchant, plan.version, plan.currency, record.raw, now)
        self._db.execute("INSERT OR IGNORE INTO plans (plan, merchant, version, currency, raw, known_at) VALUES (?, ?, ?, ?, ?, ?)", values)

    def plan(self, plan: bytes) -> PlanRecord | None:
        """The plan with this hash."""
        row = self._db.execute("SELECT raw FROM plans WHERE plan = ?", (plan,)).fetchone()
        return _plan(row[0]) if row else None

    def plans(self, merchant: bytes | None = None) -> list[PlanRecord]:
        """Plans of a merchant (None: all), newest version first."""
        sql = "SELECT raw FROM plans WHERE ? IS NULL OR merchant = ? ORDER BY merchant, currency, version DESC"
        return [_plan(row[0]) for row in self._db.execute(sql, (merchant, merchant))]


_SLOTS = {
    Noun.PRODUCT: ("products", "handle"),
    Noun.OFFER: ("offers", "sku"),
    Noun.SHIPPING: ("shipping_profiles", "name"),
    Noun.RETURNS: ("return_policies", "name"),
}


def _feed(row: tuple[Any, ...]) -> FeedRow:
    feed, identity, name, currency, own, size, checkpoint, checkpoint_id, state, frontier, *ends = row
    staged, synced_at, asked_at, error, incarnation, closed = ends
    tree = from_bytes(Frontier, frontier) if frontier else None
    lanes = StateHash.from_bytes(state)
    head = (feed, identity, name, currency, bool(own), size, checkpoint, checkpoint_id, lanes, tree)
    return FeedRow(*head, staged, synced_at, asked_at, error, incarnation, bool(closed))


def _offer(row: tuple[Any, ...]) -> OfferRecord:
    return OfferRecord(row[0], from_bytes(Offer, row[1]), from_bytes(Product, row[2]))


@lru_cache(maxsize=256)
def _plan(raw: bytes) -> PlanRecord:
    plan = verify(raw, TYPE).read(Plan)
    return PlanRecord(plan_hash(plan), plan, raw)
