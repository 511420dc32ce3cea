"""Catalogs: a merchant signs products and offers from a file; a seller follows the feed and proves it complete."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from node.errors import UserError
from node.model.catalog import Brought, Entry, FeedRow, Obstacle, OfferRecord, PlanRecord, ProductRecord
from node.model.listing import ProductFile, ProductRow
from node.model.peers import Peer
from protocol.codec import from_bytes
from protocol.feed import (
    CatalogChanged,
    Feed,
    incarnation_of,
)
from protocol.identity import Role
from protocol.kinds import Topic
from protocol.log import Checkpoint, Frontier, leaf_hash, sign_checkpoint, verify_checkpoint
from protocol.operations import RECORDS, Noun, Operation, put, remove, written
from protocol.product import Product, Withdrawal, product_id
from protocol.sections import Division, Part, SectionLeaf
from protocol.state_hash import StateHash

from .catalog_file import Feeds
from .catalog_reckoning import Reckoning
from .catalog_whole import is_whole, require_whole
from .exchange import send
from .peers import PeersUnit
from .product_merging import new_offer, new_product

FEED_NAME = "main"
ASK_AGAIN_MS = 60_000
MOST_FEEDS = 64  # of one merchant
_KEY_26 = b"\x18\x1a"  # of a withdrawal: what lacks it need not be read
_FOLLOWED_BY = {"merchant": Role.SELLER, "brand": Role.MERCHANT}
_WRITTEN_AT_ONCE = 1024  # as many as the store inserts by one statement
Note = Callable[[Operation, bytes | None], None]
MOST_STAGED_BYTES = 1 << 30  # of one feed, waiting for the rest of an answer


class CatalogBook(Feeds, Protocol):
    """Feeds, records and plans as this service keeps them (node/store/catalog.py says what each does)."""

    def feed(self, feed: bytes, /) -> FeedRow | None: ...  # noqa: D102
    def feeds(self, *, own: bool | None = None) -> Sequence[FeedRow]: ...  # noqa: D102
    def keep_feed(self, row: FeedRow) -> None: ...  # noqa: D102
    def is_whole(self, feed: bytes, /) -> bool: ...  # noqa: D102
    @property
    def obstacle(self) -> Obstacle | None: ...  # noqa: D102
    def since_part(self, feed: bytes, seq: int, part: Part | None, but: Part | None = None) -> Iterator[Entry]: ...  # noqa: D102
    def numbers_part(self, feed: bytes, part: Part) -> Sequence[int]: ...  # noqa: D102
    def section_leaves(self, feed: bytes, division: Division) -> tuple[SectionLeaf, ...]: ...  # noqa: D102
    def section_count(self, feed: bytes, division: Division) -> int: ...  # noqa: D102
    def section_sizes(self, feed: bytes, division: Division, after: str | None, most: int) -> Sequence[tuple[str, int, int]]: ...  # noqa: D102
    def append(self, feed: bytes, first: int, operations: Sequence[bytes], *, new: bool = ...) -> None: ...  # noqa: D102
    def hand(self, feed: bytes, brought: Brought) -> None: ...  # noqa: D102
    def close_feed(self, feed: bytes) -> None: ...  # noqa: D102
    def names(self, feed: bytes, noun: Noun) -> set[str]: ...  # noqa: D102
    def branded(self, feed: bytes) -> Sequence[str]: ...  # noqa: D102
    def look_up(self, feed: bytes, noun: Noun, names: Collection[str]) -> None: ...  # noqa: D102
    def handles(self, feed: bytes, products: Iterable[bytes]) -> Mapping[bytes, str]: ...  # noqa: D102
    def apply(self, feed: bytes, operation: Operation, seq: int) -> None: ...  # noqa: D102
    def product(self, product: bytes, /) -> ProductRecord | None: ...  # noqa: D102
    def offers_of(self, product: bytes) -> Sequence[OfferRecord]: ...  # noqa: D102
    def offer(self, feed: bytes, sku: str) -> OfferRecord | None: ...  # noqa: D102
    def offers(self, feed: bytes | None, after: str, limit: int) -> Sequence[OfferRecord]: ...  # noqa: D102
    def counts(self, feed: bytes) -> tuple[int, int]: ...  # noqa: D102
    def naming(self, feed: bytes, part: bytes) -> int: ...  # noqa: D102
    def keep_plan(self, record: PlanRecord, now: int) -> None: ...  # noqa: D102
    def plan(self, plan: bytes, /) -> PlanRecord | None: ...  # noqa: D102
    def plans(self, merchant: bytes | None = None) -> Sequence[PlanRecord]: ...  # noqa: D102


class CatalogUnit(PeersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def catalog(self) -> CatalogBook: ...  # noqa: D102


def usual_currency(unit: CatalogUnit) -> str:
    """What a desk's amounts are in where nobody says it: its only catalog's currency; before it has one, or has several, that of set-up."""
    feeds = unit.catalog.feeds(own=True)
    return feeds[0].currency if len(feeds) == 1 else unit.me.currency


@dataclass(frozen=True, slots=True)
class SkippedView:
    """A row of the file that is not sold, and why. Rows count as in a spreadsheet."""

    row: int
    reason: str
    sku: str
    name: str


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an import did. `added`, `changed` and `removed` count operations of the feed; `checkpoint` is the new head's id."""

    dialect: str
    products: int
    variants: int
    skipped: tuple[SkippedView, ...]
    added: int
    changed: int
    removed: int
    feed: str
    checkpoint: str
    size: int


# --- the merchant


def import_products(unit: CatalogUnit, file: ProductFile, currency: str, replace_all: bool = False) -> ImportView:
    """Sign a file's products and offers into the feed of `currency`. `replace_all` takes away what the file does not have."""
    require_writer(unit)
    require_whole(unit)
    row = _own_feed(unit, currency)
    plan = plan_for(unit, currency)
    operations = list(_operations(_withdrawn(unit, row), file.products, plan))
    if unit.me.role == "brand":
        operations = [operation for operation in operations if operation.slot[0] is Noun.PRODUCT]
    if replace_all:
        named = {operation.slot for operation in operations}
        for noun in (Noun.OFFER, Noun.PRODUCT):
            gone = sorted(name for name in unit.catalog.names(row.feed, noun) if (noun, name) not in named)
            operations += [remove(noun, name) for name in gone]
    row, (added, changed, removed) = _write(unit, row, operations)
    skipped = tuple(SkippedView(item.row, item.reason, item.sku, item.name) for item in file.skipped)
    head = row.checkpoint_id.hex() if row.checkpoint_id else ""
    counts = (len(file.products), sum(len(product.variants) for product in file.products))
    return ImportView(file.dialect, *counts, skipped, added, changed, removed, row.feed.hex(), head, row.size)


def adopt_plan(unit: CatalogUnit, currency: str, plan: bytes) -> None:
    """Have every offer of the currency's feed name the plan."""
    if not any(row.currency == currency for row in unit.catalog.feeds(own=True)):
        return
    row = _own_feed(unit, currency)
    offers = unit.catalog.offers(row.feed, "", 10**9)
    _write(unit, row, [put(replace(item.offer, plan=plan)) for item in offers])


def _withdrawn(unit: CatalogUnit, row: FeedRow) -> dict[str, Withdrawal]:
    """What is withdrawn stays so, whatever a file says: handle → withdrawal."""
    found: dict[str, Withdrawal] = {}
    for name in unit.catalog.names(row.feed, Noun.PRODUCT):
        raw = unit.catalog.record(row.feed, (Noun.PRODUCT, name))
        withdrawal = from_bytes(Product, raw).withdrawal if raw is not None and _KEY_26 in raw else None
        if withdrawal is not None:
            found[name] = withdrawal
    return found


def _operations(withdrawn: Mapping[str, Withdrawal], products: Iterable[ProductRow], plan: bytes | None) -> Iterator[Operation]:
    for row in products:
        product = put(replace(new_product(row), withdrawal=withdrawn.get(row.handle)))
        assert product.record is not None
        yield product
        name = product_id(product.record)
        for variant in row.variants:
            yield put(new_offer(variant, name, plan))


def _own_feed(unit: CatalogUnit, currency: str) -> FeedRow:
    """The feed this device writes. Another device's log is never gone on with: its records begin ours, and it is closed."""
    incarnation = incarnation_of(unit.peers.own().number_of(unit.me.device.public))
    feed = Feed(unit.me.identity, FEED_NAME, currency, incarnation)
    found = unit.catalog.feed(feed.id)
    if found is not None:
        return found
    row = FeedRow(feed.id, unit.me.identity, FEED_NAME, currency, own=True, frontier=Frontier(), incarnation=incarnation)
    require_whole(unit)
    for before in unit.catalog.feeds(own=True):
        if feed.follows(before.record):
            row, _ = _write(unit, row, _records(unit, before))
            unit.catalog.close_feed(before.feed)
    return row


def _records(unit: CatalogUnit, row: FeedRow) -> list[Operation]:
    """All that is in a feed of ours, as it would be written anew."""
    records = [(noun, unit.catalog.record(row.feed, (noun, name))) for noun in Noun for name in sorted(unit.catalog.names(row.feed, noun))]
    return [put(from_bytes(RECORDS[noun], raw)) for noun, raw in records if raw is not None]


def own_feed(unit: CatalogUnit, currency: str) -> FeedRow:
    """The feed of `currency` that this device writes, begun where there is none. Raises UserError `not-a-merchant`."""
    require_writer(unit)
    return _write(unit, _own_feed(unit, currency), ())[0]


def publish(unit: CatalogUnit, currency: str, operations: Iterable[Operation], note: Note | None = None) -> tuple[int, FeedRow]:
    """Sign `operations` into our feed of `currency` at once; the number its first entry has, and the feed afterwards.

    `note` hears of each that changes something, before it does, with what stood in its slot.
    """
    require_writer(unit)
    row = _own_feed(unit, currency)
    first = row.size + 1
    row, _ = _write(unit, row, operations, note)
    return first, row


def _write(
    unit: CatalogUnit, row: FeedRow, operations: Iterable[Operation], note: Note | None = None
) -> tuple[FeedRow, tuple[int, int, int]]:
    """Log what really changes, some at a time, and sign the new head."""
    require_whole(unit)
    assert row.frontier is not None
    unit.catalog.keep_feed(row)
    writing = _Writing(unit, row.feed, row.frontier, Reckoning(row.state))
    counts = [0, 0, 0]
    for operation in operations:
        before = unit.catalog.record(row.feed, operation.slot)
        if before == operation.record:
            continue
        counts[2 if operation.record is None else 0 if before is None else 1] += 1
        if note is not None:
            note(operation, before)
        writing.add(operation, before)
    writing.flush()
    size, tree = row.size, writing.tree
    if tree.size == size and row.checkpoint:
        return row, (0, 0, 0)
    state, sections = writing.reckoning.end()
    if sections is not None:
        unit.catalog.hand(row.feed, Brought(size + 1, tree.size, sections))
    return sign_head(unit, row, tree, state), (counts[0], counts[1], counts[2])


def sign_head(unit: CatalogUnit, row: FeedRow, tree: Frontier, state: StateHash) -> FeedRow:
    """Sign how far our log is now, keep it, and tell those who follow it."""
    head = sign_checkpoint(unit.me.device, Checkpoint(row.feed, tree.size, tree.root, state.digest, _time(unit, row)))
    row = replace(row, size=tree.size, state=state, frontier=tree, checkpoint=head.raw, checkpoint_id=head.id, synced_at=unit.now)
    unit.catalog.keep_feed(row)
    for peer in followers(unit):
        send(unit, peer.peer, CatalogChanged(row.feed, head.raw), topic=Topic.CATALOG, about=("feed", row.feed))
    unit.touched("changes")
    return row


@dataclass(slots=True)
class _Writing:
    """Entries of our log on their way: the tree and the state they lead to are kept, the entries themselves some at a time."""

    unit: CatalogUnit
    feed: bytes
    tree: Frontier
    reckoning: Reckoning
    raws: list[bytes] = field(default_factory=list)

    def add(self, operation: Operation, before: bytes | None) -> None:
        """The next entry; `before` stood in its slot."""
        raw, came = written(operation)
        self.reckoning.add(operation, came, before)
        self.raws.append(raw)
        self.unit.catalog.apply(self.feed, operation, self.tree.size + len(self.raws))
        if len(self.raws) >= _WRITTEN_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Log what was gathered."""
        self.unit.catalog.append(self.feed, self.tree.size + 1, self.raws, new=self.reckoning.knows_sections)
        self.tree = self.tree.append(*map(leaf_hash, self.raws))
        self.raws = []


def _time(unit: CatalogUnit, row: FeedRow) -> int:
    """A clock that was set back does not make a head look older than the one before."""
    return max(unit.now, verify_checkpoint(row.checkpoint).time) if row.checkpoint else unit.now


def plan_for(unit: CatalogUnit, currency: str) -> bytes | None:
    """The hash of our newest plan in this currency."""
    found = [record.hash for record in unit.catalog.plans(unit.me.identity) if record.plan.currency == currency]
    return found[0] if found else None


def require_writer(unit: CatalogUnit) -> None:
    """Raise UserError `not-a-merchant` for a seller."""
    if unit.me.role == "seller":
        what = "Only a merchant's or a brand's node writes a catalog. A seller follows the catalogs of its merchants."
        raise UserError(what, code="not-a-merchant")


def followers(unit: CatalogUnit) -> list[Peer]:
    """Who follows our feeds: a merchant's sellers, a brand's merchants."""
    return [peer for peer in unit.peers.all() if peer.role is _FOLLOWED_BY.get(unit.me.role)]


def publishers(unit: CatalogUnit) -> list[Peer]:
    """Whose feeds we follow: a seller's merchants, a merchant's brands."""
    return [peer for peer in unit.peers.all() if _FOLLOWED_BY.get(peer.role.value) == unit.me.role]


def tick(unit: CatalogUnit) -> None:
    """A writer's new device begins its own feeds."""
    if unit.me.role != "seller" and is_whole(unit):
        for row in unit.catalog.feeds(own=True):
            _own_feed(unit, row.currency)
