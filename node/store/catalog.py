"""Catalogs in the store: feeds, their records by slot, our own log, pages not yet proved, plans."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any

from sqlite_utils import Database

from node.errors import IntegrityError
from node.model.catalog import Brought, Entry, FeedRow, Fetch, Held, Obstacle, OfferRecord, PlanRecord, ProductRecord, Span
from protocol.codec import from_bytes, from_checked, to_bytes
from protocol.envelope import verify
from protocol.log import Frontier
from protocol.offer import Offer
from protocol.operations import Noun, Operation, Slot, Verb, peeked
from protocol.plan import TYPE, Plan, plan_hash
from protocol.product import Product
from protocol.sections import Division, Part, SectionLeaf
from protocol.state_hash import StateHash

from .catalog_feeds import FileFeeds
from .catalog_file import CatalogFile
from .catalog_sections import FileSections
from .database import ATTACHED
from .going_along import Along
from .many import insert_many

_FEED = (
    "feed, identity, name, currency, own, size, checkpoint, checkpoint_id, state, frontier, staged, synced_at, asked_at, error, "
    "incarnation, closed, part, sections"
)
_SHOWN = f"(SELECT h.id, f.feed FROM {ATTACHED}.heads AS h JOIN feeds AS f ON f.feed = h.feed WHERE NOT f.closed AND NOT h.going)"  # noqa: S608
_OFFERS = (
    f"SELECT s.feed, o.record, coalesce((SELECT p.record FROM {ATTACHED}.products AS p WHERE p.product = o.product LIMIT 1), "  # noqa: S608
    f"(SELECT p.record FROM {ATTACHED}.brand_offers AS b JOIN {ATTACHED}.heads AS h ON h.feed = b.brand JOIN {ATTACHED}.products AS p "
    "ON p.feed = h.id AND p.handle = b.handle WHERE b.feed = o.feed AND b.sku = o.sku)) "
    f"FROM {ATTACHED}.offers AS o JOIN {_SHOWN} AS s ON s.id = o.feed"
)
"""An offer of a brand's product may name a record that the brand has replaced since: it comes with what the brand says now."""
_FORMER = (
    f"SELECT o.feed, o.sku FROM {ATTACHED}.products AS p CROSS JOIN {ATTACHED}.heads AS h ON h.id = p.feed "  # noqa: S608
    f"CROSS JOIN {ATTACHED}.brand_offers AS b ON b.brand = h.feed AND b.handle = p.handle "
    f"CROSS JOIN {ATTACHED}.offers AS o ON o.feed = b.feed AND o.sku = b.sku WHERE p.product = ? AND o.product <> p.product"
)

_BEHIND = (
    f"SELECT 1 FROM feeds AS f LEFT JOIN {ATTACHED}.heads AS h ON h.feed = f.feed AND NOT h.going "  # noqa: S608
    "WHERE f.feed = ? AND f.own AND f.checkpoint IS NOT h.checkpoint AND (? OR h.checkpoint IS NULL)"
)


class Catalog:
    """Feeds, our own logs and plans of one transaction, and what the catalog file holds of feeds: that is read here, as it stood when the
    transaction began; what is written there (`file`) counts at once, whatever becomes of this transaction.
    """

    def __init__(self, db: Database, file: CatalogFile, touched: Callable[[], None], *, exact: bool = True) -> None:
        self._db = db
        self._exact = exact
        self._file = file
        self._touched = touched
        self._held = FileFeeds(db, ATTACHED)
        self._sections = FileSections(db, ATTACHED)
        self._new: dict[bytes, dict[Slot, int | None]] = {}
        """By which entry of our own logs this transaction put what is in a slot (None: it took it away), by feed: the file learns of it
        after the commit.
        """
        self._unwritten: dict[tuple[bytes, int], bytes] = {}
        """The records of those entries that are not in the log yet."""
        self.brought: dict[bytes, Brought] = {}
        """What was handed on to the file, by feed."""
        self.along: Along | None = None
        """The file's own transaction, which takes what this one logs."""
        self._at_hand: dict[tuple[bytes, Noun], dict[str, bytes | None]] = {}
        self._whole: dict[bytes, bool] = {}

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
        ends = (row.incarnation, int(row.closed), to_bytes(row.part) if row.part else None, row.sections)
        names = [name.strip() for name in _FEED.split(",")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        marks = ", ".join("?" * len(names))
        if row.own:
            self.is_whole(row.feed)  # as it was before
        if row.own or self._db.execute("SELECT 1 FROM feeds WHERE feed = ?", (row.feed,)).fetchone() is None:
            self._touched()
        self._db.execute(f"INSERT INTO feeds ({_FEED}) VALUES ({marks}) ON CONFLICT (feed) DO UPDATE SET {changes}", head + rest + ends)  # noqa: S608

    def close_feed(self, feed: bytes) -> None:
        """Another feed took its place: its records are there, its log stays."""
        self._db.execute("UPDATE feeds SET closed = 1 WHERE feed = ?", (feed,))
        self._touched()

    # --- our own log

    def append(self, feed: bytes, first: int, operations: Sequence[bytes], *, new: bool = False) -> None:
        """Entries `first`, `first` + 1, … of our feed. `new`: of what they bring to sections so far it is known that `hand` will say it."""
        rows = [(feed, first + index, raw) for index, raw in enumerate(operations)]
        insert_many(self._db, "INSERT INTO catalog_log (feed, seq, operation)", rows)
        for seq in range(first, first + len(operations)):
            self._unwritten.pop((feed, seq), None)
        self.along = self.along or Along(self._file, feed, first)
        self.along.add(feed, first, operations, new=new)
        self._touched()

    def entries(self, feed: bytes, after: int) -> Iterator[tuple[int, bytes]]:
        """(sequence, operation) of our feed after `after`, in order."""
        sql = "SELECT seq, operation FROM catalog_log WHERE feed = ? AND seq > ? ORDER BY seq"
        return ((row[0], row[1]) for row in self._db.execute(sql, (feed, after)))

    # --- what the file holds

    def is_whole(self, feed: bytes) -> bool:
        """Whether the file has our own feed up to its newest head, but for what this transaction wrote: what it lacks is not gone, and
        what it has may be of long ago. To who only reads (not `exact`) the file of a moment before is whole too: it follows each commit.
        """
        if feed not in self._whole:
            self._whole[feed] = self._db.execute(_BEHIND, (feed, self._exact)).fetchone() is None
        return self._whole[feed]

    @property
    def has_missed(self) -> bool:
        """Whether somebody asked for one that is not whole."""
        return False in self._whole.values()

    @property
    def obstacle(self) -> Obstacle | None:
        """What keeps the file from following our own logs."""
        return self._file.obstacle

    def held(self, feed: bytes) -> Held:
        """How far the file has the feed; size 0 when it hasn't."""
        return self._held.held(feed)

    def since(self, feed: bytes, seq: int) -> Iterator[Entry]:
        """What changed after entry `seq`, compacted, in order of their numbers."""
        return self._held.since(feed, seq)

    def slots(self, feed: bytes, span: Span) -> Iterator[Entry]:
        """What the feed holds in a stretch of slots, in order."""
        return self._held.slots(feed, span)

    def numbers(self, feed: bytes, low: int, high: int) -> Iterator[int]:
        """The numbers in [low, high) of the entries that put what is there now, in order."""
        return self._held.numbers(feed, low, high)

    def proof(self, feed: bytes, old: int, size: int) -> Sequence[bytes]:
        """That our log of `size` entries begins with the one of `old`. Raises ConflictError `catalog-behind` until that size is here."""
        return self._held.proof(feed, old, size)

    def loaded(self, feed: bytes) -> frozenset[bytes]:
        """The packs that have come since the load began."""
        return self._held.loaded(feed)

    def staged(self, feed: bytes, *, arriving: bool = False) -> Iterator[bytes]:
        """The pages that wait, in order: of what follows, or of what is new here."""
        return self._held.staged(feed, arriving=arriving)

    def fetch(self, feed: bytes) -> Fetch | None:
        """The answer whose pages wait."""
        return self._held.fetch(feed)

    def since_part(self, feed: bytes, seq: int, part: Part | None, but: Part | None = None) -> Iterator[Entry]:
        """`since` of some sections, or of all, without what is in those of `but`: what left them is gone."""
        if part is None:
            return self._sections.outside(self._held.key(feed), seq, but) if but else self._held.since(feed, seq)
        return self._sections.since(self._held.key(feed), seq, part, but)

    def numbers_part(self, feed: bytes, part: Part) -> Sequence[int]:
        """The numbers of the entries that put what is in some sections now, in order."""
        return self._sections.numbers(self._held.key(feed), part)

    def section_leaves(self, feed: bytes, division: Division) -> tuple[SectionLeaf, ...]:
        """What each section that holds records holds."""
        return self._sections.leaves(self._held.key(feed), division)

    def section_count(self, feed: bytes, division: Division) -> int:
        """How many sections hold records."""
        return self._sections.count(self._held.key(feed), division)

    def section_sizes(self, feed: bytes, division: Division, after: str | None, most: int) -> Sequence[tuple[str, int, int]]:
        """(name, records, bytes) of the sections after a name, in order."""
        return self._sections.sizes(self._held.key(feed), division, after, most)

    def record(self, feed: bytes, slot: Slot) -> bytes | None:
        """The bytes in a slot."""
        new = self._new.get(feed)
        if new is not None and slot in new:
            seq = new[slot]
            return None if seq is None else self._written(feed, seq)
        noun, name = slot
        at_hand = self._at_hand.get((feed, noun), {})
        return at_hand[name] if name in at_hand else self._held.record(feed, slot)

    def look_up(self, feed: bytes, noun: Noun, names: Collection[str]) -> None:
        """Have the records of these names at hand, all asked for at once and in the place of those before, so that `record` needs not ask
        for each. The file as this transaction sees it does not change.
        """
        held = self._held.records(self._held.key(feed), noun, names)
        self._at_hand[feed, noun] = {name: held.get(name) for name in names}

    def handles(self, feed: bytes, products: Iterable[bytes]) -> dict[bytes, str]:
        """Product id → handle, of those that the feed holds."""
        return self._held.handles(self._held.key(feed), products)

    def names(self, feed: bytes, noun: Noun) -> set[str]:
        """The names in use."""
        found = self._held.names(feed, noun)
        for (what, name), seq in self._new.get(feed, {}).items():
            if what is noun:
                (found.discard if seq is None else found.add)(name)
        return found

    def branded(self, feed: bytes) -> list[str]:
        """The SKUs that may be of brands' products, in order. All there are, while the file of an earlier program is brought up to date."""
        if not self._db.execute(f"SELECT marked FROM {ATTACHED}.renewing").fetchone()[0]:  # noqa: S608
            return sorted(self.names(feed, Noun.OFFER))
        sql = f"SELECT sku FROM {ATTACHED}.brand_offers WHERE feed = ?"  # noqa: S608
        found = {row[0] for row in self._db.execute(sql, (self._held.key(feed),))}
        return sorted(found | {name for noun, name in self._new.get(feed, {}) if noun is Noun.OFFER})

    def apply(self, feed: bytes, operation: Operation, seq: int) -> None:
        """Entry `seq` of our own feed, which `append` writes soon: `record` and `names` know it from now on, all else after the commit."""
        new = self._new.setdefault(feed, {})
        if operation.record is None:
            new[operation.slot] = None
        else:
            new[operation.slot] = seq
            self._unwritten[feed, seq] = operation.record

    def hand(self, feed: bytes, brought: Brought) -> None:
        """What entries of this transaction bring to sections of our own feed: the file need not find it."""
        self.brought[feed] = brought

    def _written(self, feed: bytes, seq: int) -> bytes | None:
        """What an entry of this transaction put."""
        key = (feed, seq)
        if key in self._unwritten:
            return self._unwritten[key]
        row = self._db.execute("SELECT operation FROM catalog_log WHERE feed = ? AND seq = ?", key).fetchone()
        return peeked(row[0])[2]

    # --- reading

    def product(self, product: bytes) -> ProductRecord | None:
        """The product with this id."""
        sql = (
            f"SELECT s.feed, p.product, p.record FROM {ATTACHED}.products AS p JOIN {_SHOWN} AS s ON s.id = p.feed "  # noqa: S608
            "WHERE p.product = ? ORDER BY p.id LIMIT 1"
        )
        row = self._db.execute(sql, (product,)).fetchone()
        return ProductRecord(row[0], row[1], _product(row[2])) if row else None

    def offers_of(self, product: bytes) -> list[OfferRecord]:
        """The offers for a product, by SKU; of a brand's also those that name an earlier record of it."""
        found = self._offers("o.product = ? ORDER BY o.sku", (product,))
        former = self._db.execute(_FORMER, (product,)).fetchall()
        found += [record for key in former for record in self._offers("o.feed = ? AND o.sku = ?", key)]
        return sorted(found, key=lambda record: record.offer.sku) if former else found

    def offer(self, feed: bytes, sku: str) -> OfferRecord | None:
        """The offer for a SKU in a feed. Of our own feed it is what our log says, which nobody can alter in the plain file."""
        found = self._offers("o.feed = ? AND o.sku = ?", (self._held.key(feed), sku))
        if found:
            self._check_own(feed, (Noun.OFFER, sku))
        return found[0] if found else None

    def offers(self, feed: bytes | None, after: str, limit: int) -> list[OfferRecord]:
        """Offers in SKU order after the SKU `after`."""
        sql = f"SELECT id FROM {_SHOWN} WHERE ? IS NULL OR feed = ?"  # noqa: S608
        keys = [row[0] for row in self._db.execute(sql, (feed, feed)).fetchall()]
        found = [self._offers("o.feed = ? AND o.sku > ? ORDER BY o.sku LIMIT ?", (key, after, limit)) for key in keys]
        return list(islice(merge(*found, key=lambda record: record.offer.sku), limit))

    def _check_own(self, feed: bytes, slot: Slot) -> None:
        """Raises IntegrityError `catalog-damaged` where the file says otherwise than our own log."""
        sql = (
            f"SELECT o.record, l.operation FROM {ATTACHED}.offers AS o LEFT JOIN catalog_log AS l ON l.feed = ? AND l.seq = o.seq "  # noqa: S608
            "WHERE o.feed = ? AND o.sku = ? AND EXISTS (SELECT 1 FROM feeds WHERE feed = ? AND own)"
        )
        row = self._db.execute(sql, (feed, self._held.key(feed), slot[1], feed)).fetchone()
        if row and (row[1] is None or from_bytes(Operation, row[1]) != Operation(Verb.PUT_OFFER, slot[1], row[0])):
            text = "The catalog file isn't what your own log says. Stop the node and start it again: it makes the file anew."
            raise IntegrityError(text, code="catalog-damaged")

    def _offers(self, where: str, values: Sequence[Any]) -> list[OfferRecord]:
        found = self._db.execute(f"{_OFFERS} WHERE {where}", values)
        return [OfferRecord(row[0], from_checked(Offer, row[1]), _product(row[2])) for row in found if row[2] is not None]

    def counts(self, feed: bytes) -> tuple[int, int]:
        """(products, offers) in a feed."""
        held = self._held.held(feed)
        return held.products, held.offers

    def naming(self, feed: bytes, part: bytes) -> int:
        """How many records of offers in a feed hold `part`."""
        sql = f"SELECT count(*) FROM {ATTACHED}.offers WHERE feed = ? AND instr(record, ?)"  # noqa: S608
        count: int = self._db.execute(sql, (self._held.key(feed), part)).fetchone()[0]
        return count

    # --- plans

    def keep_plan(self, record: PlanRecord, now: int) -> None:
        """Keep a signed plan, in the place of the same that another device signed."""
        plan = record.plan
        values = (record.hash, plan.merchant, plan.version, plan.currency, record.raw, now)
        sql = (
            "INSERT INTO plans (plan, merchant, version, currency, raw, known_at) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (plan) DO UPDATE SET raw = excluded.raw WHERE raw <> excluded.raw"
        )
        self._db.execute(sql, values)
        self._touched()

    def plan(self, plan: bytes) -> PlanRecord | None:
        """The plan with this hash."""
        row = self._db.execute("SELECT raw FROM plans WHERE plan = ?", (plan,)).fetchone()
        return _plan(row[0]) if row else None

    def plans(self, merchant: bytes | None = None) -> list[PlanRecord]:
        """Plans of a merchant (None: all), newest version first."""
        sql = "SELECT raw FROM plans WHERE ? IS NULL OR merchant = ? ORDER BY merchant, currency, version DESC"
        return [_plan(row[0]) for row in self._db.execute(sql, (merchant, merchant))]


def _feed(row: tuple[Any, ...]) -> FeedRow:
    feed, identity, name, currency, own, size, checkpoint, checkpoint_id, state, frontier, *ends = row
    staged, synced_at, asked_at, error, incarnation, closed, part, sections = ends
    tree = from_bytes(Frontier, frontier) if frontier else None
    lanes = StateHash.from_bytes(state)
    head = (feed, identity, name, currency, bool(own), size, checkpoint, checkpoint_id, lanes, tree)
    chosen = from_bytes(Part, part) if part else None
    return FeedRow(*head, staged, synced_at, asked_at, error, incarnation, bool(closed), chosen, sections)


@lru_cache(maxsize=512)
def _product(raw: bytes) -> Product:
    return from_checked(Product, raw)


@lru_cache(maxsize=256)
def _plan(raw: bytes) -> PlanRecord:
    plan = verify(raw, TYPE).read(Plan)
    return PlanRecord(plan_hash(plan), plan, raw)
