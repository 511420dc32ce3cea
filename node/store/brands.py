"""Brands in the store: who they are, who relays their feeds, their bounds, what of theirs was offered, and months told."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlite_utils import Database

from node.model.brand import BrandPlanRecord, BrandRow, HeadRow, ReportRow
from protocol.brand_plan import TYPE, BrandPlan, brand_plan_hash
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import verify
from protocol.identity import IdentityState, Presentation, replay
from protocol.ids import ID_BYTES
from protocol.performance import TYPE as REPORT
from protocol.performance import Performance

MOST_HEADS = 1024


class Brands:
    """The tables `brands`, `feed_relays`, `feed_heads`, `brand_plans`, `brand_goods` and `brand_reports` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- who they are

    def get(self, identity: bytes) -> BrandRow | None:
        """A brand that merchants showed us."""
        found = self._db.execute("SELECT name, presentation FROM brands WHERE identity = ?", (identity,)).fetchone()
        return BrandRow(identity, found[0], *_shown(found[1])) if found else None

    def keep(self, identity: bytes, name: str, presentation: Presentation, now: int) -> None:
        """Keep what was shown of it last."""
        sql = (
            "INSERT INTO brands (identity, name, presentation, known_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (identity) DO UPDATE SET name = excluded.name, presentation = excluded.presentation, known_at = excluded.known_at"
        )
        self._db.execute(sql, (identity, name, to_bytes(presentation), now))

    # --- who relays them

    def relays(self, feed: bytes) -> list[bytes]:
        """The merchants that relay a feed to us."""
        return [row[0] for row in self._db.execute("SELECT via FROM feed_relays WHERE feed = ? ORDER BY via", (feed,))]

    def relayed(self, via: bytes) -> list[bytes]:
        """The feeds that a merchant relays to us."""
        return [row[0] for row in self._db.execute("SELECT feed FROM feed_relays WHERE via = ? ORDER BY feed", (via,))]

    def keep_relay(self, feed: bytes, via: bytes) -> None:
        """A merchant relays it."""
        self._db.execute("INSERT OR IGNORE INTO feed_relays (feed, via) VALUES (?, ?)", (feed, via))

    def drop_relay(self, feed: bytes, via: bytes) -> None:
        """It does so no more."""
        self._db.execute("DELETE FROM feed_relays WHERE feed = ? AND via = ?", (feed, via))

    def keep_head(self, feed: bytes, head: HeadRow) -> None:
        """A head that was taken, with the proof from the one before."""
        sql = "INSERT OR IGNORE INTO feed_heads (feed, size, checkpoint, proof) VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (feed, head.size, head.checkpoint, b"".join(head.proof)))
        self._db.execute("DELETE FROM feed_heads WHERE feed = ? AND size <= ?", (feed, self._oldest(feed)))

    def _oldest(self, feed: bytes) -> int:
        sql = "SELECT size FROM feed_heads WHERE feed = ? ORDER BY size DESC LIMIT 1 OFFSET ?"
        found = self._db.execute(sql, (feed, MOST_HEADS)).fetchone()
        return found[0] if found else -1

    def heads(self, feed: bytes, after: int) -> list[HeadRow]:
        """The heads taken after the one of size `after`, in order; none where that one wasn't taken, or is forgotten."""
        sql = "SELECT size, checkpoint, proof FROM feed_heads WHERE feed = ? AND size >= ? ORDER BY size"
        found = [HeadRow(size, raw, tuple(_hashes(proof))) for size, raw, proof in self._db.execute(sql, (feed, after))]
        return found[1:] if found and found[0].size == after else []

    def head_at(self, feed: bytes, size: int) -> bytes | None:
        """The raw head of that size, where it was taken and is not forgotten."""
        found = self._db.execute("SELECT checkpoint FROM feed_heads WHERE feed = ? AND size = ?", (feed, size)).fetchone()
        return found[0] if found else None

    # --- bounds

    def keep_plan(self, record: BrandPlanRecord, now: int) -> None:
        """Keep signed bounds, in the place of the same that another device signed."""
        bounds = record.bounds
        values = (record.hash, bounds.brand, bounds.name, bounds.version, record.raw, now)
        sql = (
            "INSERT INTO brand_plans (plan, brand, name, version, raw, known_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (plan) DO UPDATE SET raw = excluded.raw WHERE raw <> excluded.raw"
        )
        self._db.execute(sql, values)

    def plan(self, plan: bytes) -> BrandPlanRecord | None:
        """The bounds with this hash."""
        found = self._db.execute("SELECT raw FROM brand_plans WHERE plan = ?", (plan,)).fetchone()
        return _plan(found[0]) if found else None

    def plans(self, brand: bytes | None = None) -> list[BrandPlanRecord]:
        """Bounds of a brand (None: of all), by name, the newest version first."""
        sql = "SELECT raw FROM brand_plans WHERE ? IS NULL OR brand = ? ORDER BY brand, name, version DESC"
        return [_plan(row[0]) for row in self._db.execute(sql, (brand, brand))]

    # --- what was offered

    def keep_goods(self, product: bytes, feed: bytes, handle: str) -> None:
        """An offer of ours named this record of a brand's product."""
        self._db.execute("INSERT OR IGNORE INTO brand_goods (product, feed, handle) VALUES (?, ?, ?)", (product, feed, handle))

    def goods(self, product: bytes) -> tuple[bytes, str] | None:
        """The brand's feed and handle of a record that was offered."""
        found = self._db.execute("SELECT feed, handle FROM brand_goods WHERE product = ?", (product,)).fetchone()
        return (found[0], found[1]) if found else None

    # --- months told

    def keep_report(self, row: ReportRow) -> None:
        """Keep a part of a month, in the place of an earlier version's."""
        report = row.report
        month = (report.merchant, report.feed, report.period)
        older = "DELETE FROM brand_reports WHERE merchant = ? AND feed = ? AND period = ? AND version < ?"
        self._db.execute(older, (*month, report.version))
        values = (row.id, *month, report.version, report.part, row.raw, row.at)
        sql = "INSERT OR REPLACE INTO brand_reports (id, merchant, feed, period, version, part, raw, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._db.execute(sql, values)

    def reports(self, merchant: bytes | None = None, feed: bytes | None = None, period: str = "") -> Sequence[ReportRow]:
        """Parts of months, the latest month first."""
        sql = (
            "SELECT id, raw, at FROM brand_reports WHERE (? IS NULL OR merchant = ?) AND (? IS NULL OR feed = ?) "
            "AND (? = '' OR period = ?) ORDER BY period DESC, merchant, feed, part"
        )
        found = self._db.execute(sql, (merchant, merchant, feed, feed, period, period))
        return [ReportRow(id_, _report(raw), raw, at) for id_, raw, at in found]


def _hashes(joined: bytes) -> Iterator[bytes]:
    return (joined[place : place + ID_BYTES] for place in range(0, len(joined), ID_BYTES))


@lru_cache(maxsize=64)
def _shown(raw: bytes) -> tuple[Presentation, IdentityState]:
    presentation = from_bytes(Presentation, raw)
    return presentation, replay(presentation.inception, presentation.entries)


@lru_cache(maxsize=256)
def _plan(raw: bytes) -> BrandPlanRecord:
    bounds = verify(raw, TYPE).read(BrandPlan)
    return BrandPlanRecord(brand_plan_hash(bounds), bounds, raw)


def _report(raw: bytes) -> Performance:
    return verify(raw, REPORT).read(Performance)
