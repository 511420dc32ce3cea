"""Catalogs: a merchant signs products and offers from a file; a seller follows the feed and proves it complete."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import UserError
from node.model.catalog import FeedRow, OfferRecord, PlanRecord, ProductRecord
from node.model.listing import ProductFile, ProductRow, VariantRow
from node.model.peers import Peer
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import verify
from protocol.feed import (
    CatalogChanged,
    Feed,
    FeedsAnswer,
    incarnation_of,
)
from protocol.identity import Role
from protocol.kinds import Topic
from protocol.log import Checkpoint, Frontier, leaf_hash, sign_checkpoint
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import RECORDS, Noun, Operation, element, put, remove
from protocol.product import Image, Product, Variant, product_id

from .catalog_file import Feeds
from .exchange import Exchange, Incoming, send
from .peers import PeersUnit

FEED_NAME = "main"
FEW = 5
ASK_AGAIN_MS = 60_000
MOST_FEEDS = 64  # of one merchant
_FOLLOWED_BY = {"merchant": Role.SELLER, "brand": Role.MERCHANT}
MOST_STAGED_BYTES = 1 << 30  # of one feed, waiting for the rest of an answer


class CatalogBook(Feeds, Protocol):
    """Feeds, records and plans as this service keeps them (node/store/catalog.py says what each does)."""

    def feed(self, feed: bytes, /) -> FeedRow | None: ...  # noqa: D102
    def feeds(self, *, own: bool | None = None) -> Sequence[FeedRow]: ...  # noqa: D102
    def keep_feed(self, row: FeedRow) -> None: ...  # noqa: D102
    def append(self, feed: bytes, first: int, operations: Sequence[bytes]) -> None: ...  # noqa: D102
    def close_feed(self, feed: bytes) -> None: ...  # noqa: D102
    def names(self, feed: bytes, noun: Noun) -> set[str]: ...  # noqa: D102
    def apply(self, feed: bytes, operation: Operation) -> None: ...  # noqa: D102
    def products(self, search: str, after: tuple[str, bytes, str], limit: int) -> Sequence[ProductRecord]: ...  # noqa: D102
    def product(self, product: bytes, /) -> ProductRecord | None: ...  # noqa: D102
    def offers_of(self, product: bytes) -> Sequence[OfferRecord]: ...  # noqa: D102
    def offer(self, feed: bytes, sku: str) -> OfferRecord | None: ...  # noqa: D102
    def offers(self, feed: bytes | None, after: str, limit: int) -> Sequence[OfferRecord]: ...  # noqa: D102
    def counts(self, feed: bytes) -> tuple[int, int]: ...  # noqa: D102
    def keep_plan(self, record: PlanRecord, now: int) -> None: ...  # noqa: D102
    def plan(self, plan: bytes, /) -> PlanRecord | None: ...  # noqa: D102
    def plans(self, merchant: bytes | None = None) -> Sequence[PlanRecord]: ...  # noqa: D102


class CatalogUnit(PeersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def catalog(self) -> CatalogBook: ...  # noqa: D102


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
    _require_writer(unit)
    row = _own_feed(unit, currency)
    plan = _plan_for(unit, currency)
    operations = list(_operations(file.products, plan))
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


def _operations(products: Iterable[ProductRow], plan: bytes | None) -> Iterator[Operation]:
    for row in products:
        product = put(_product(row))
        assert product.record is not None
        yield product
        name = product_id(product.record)
        for variant in row.variants:
            yield put(_offer(variant, name, plan))


def _product(row: ProductRow) -> Product:
    return Product(
        handle=row.handle,
        title=row.title,
        description=row.description[:20_000],
        vendor=row.vendor[:200],
        category=row.category[:500],
        tags=row.tags[:250],
        options=tuple(option.name for option in row.options),
        images=tuple(Image(url=url) for url in row.images[:50] if len(url) <= 2000),
        variants=tuple(Variant(item.sku, item.title or row.title, item.options, item.gtin or None) for item in row.variants),
    )


def _offer(variant: VariantRow, product: bytes, plan: bytes | None) -> Offer:
    regular = variant.compare_at_minor
    return Offer(
        sku=variant.sku,
        product=product,
        price=Money(variant.price_minor, variant.currency),
        stock=_stock(variant),
        tax_class="standard" if variant.taxable else "none",
        compare_at=Money(regular, variant.currency) if regular is not None and regular > variant.price_minor else None,
        plan=plan,
    )


def _stock(variant: VariantRow) -> Stock:
    if variant.in_stock is None:
        return Stock.UNKNOWN
    if not variant.in_stock:
        return Stock.OUT
    return Stock.LOW if variant.stock is not None and 0 < variant.stock <= FEW else Stock.IN_STOCK


def _own_feed(unit: CatalogUnit, currency: str) -> FeedRow:
    """The feed this device writes. Another device's log is never gone on with: its records begin ours, and it is closed."""
    incarnation = incarnation_of(unit.peers.own().number_of(unit.me.device.public))
    feed = Feed(unit.me.identity, FEED_NAME, currency, incarnation)
    found = unit.catalog.feed(feed.id)
    if found is not None:
        return found
    row = FeedRow(feed.id, unit.me.identity, FEED_NAME, currency, own=True, frontier=Frontier(), incarnation=incarnation)
    for before in unit.catalog.feeds(own=True):
        if feed.follows(before.record):
            row, _ = _write(unit, row, _records(unit, before))
            unit.catalog.close_feed(before.feed)
    return row


def _records(unit: CatalogUnit, row: FeedRow) -> list[Operation]:
    """All that is in a feed of ours, as it would be written anew."""
    records = [(noun, unit.catalog.record(row.feed, (noun, name))) for noun in Noun for name in sorted(unit.catalog.names(row.feed, noun))]
    return [put(from_bytes(RECORDS[noun], raw)) for noun, raw in records if raw is not None]


def _write(unit: CatalogUnit, row: FeedRow, operations: Sequence[Operation]) -> tuple[FeedRow, tuple[int, int, int]]:
    """Log what really changes, and sign the new head."""
    assert row.frontier is not None
    unit.catalog.keep_feed(row)
    effective: list[Operation] = []
    gone: list[bytes] = []
    came: list[bytes] = []
    counts = [0, 0, 0]
    for operation in operations:
        before = unit.catalog.record(row.feed, operation.slot)
        if before == operation.record:
            continue
        counts[2 if operation.record is None else 0 if before is None else 1] += 1
        gone += [] if before is None else [element(operation.slot, before)]
        came += [] if operation.record is None else [element(operation.slot, operation.record)]
        unit.catalog.apply(row.feed, operation)
        effective.append(operation)
    if not effective and row.checkpoint:
        return row, (0, 0, 0)
    raws = [to_bytes(operation) for operation in effective]
    unit.catalog.append(row.feed, row.size + 1, raws)
    tree = row.frontier
    for raw in raws:
        tree = tree.append(leaf_hash(raw))
    state = row.state.change(added=came, removed=gone)
    head = sign_checkpoint(unit.me.device, Checkpoint(row.feed, tree.size, tree.root, state.digest, unit.now))
    row = replace(row, size=tree.size, state=state, frontier=tree, checkpoint=head.raw, checkpoint_id=head.id, synced_at=unit.now)
    unit.catalog.keep_feed(row)
    for peer in followers(unit):
        send(unit, peer.peer, CatalogChanged(row.feed, head.raw), topic=Topic.CATALOG, about=("feed", row.feed))
    unit.touched("changes")
    return row, (counts[0], counts[1], counts[2])


def _plan_for(unit: CatalogUnit, currency: str) -> bytes | None:
    found = [record.hash for record in unit.catalog.plans(unit.me.identity) if record.plan.currency == currency]
    return found[0] if found else None


def _require_writer(unit: CatalogUnit) -> None:
    if unit.me.role == "seller":
        what = "Only a merchant's or a brand's node writes a catalog. A seller follows the catalogs of its merchants."
        raise UserError(what, code="not-a-merchant")


def followers(unit: CatalogUnit) -> list[Peer]:
    """Who follows our feeds: a merchant's sellers, a brand's merchants."""
    return [peer for peer in unit.peers.all() if peer.role is _FOLLOWED_BY.get(unit.me.role)]


def publishers(unit: CatalogUnit) -> list[Peer]:
    """Whose feeds we follow: a seller's merchants, a merchant's brands."""
    return [peer for peer in unit.peers.all() if _FOLLOWED_BY.get(peer.role.value) == unit.me.role]


# --- the merchant's answers


def _on_feeds(unit: CatalogUnit, incoming: Incoming) -> FeedsAnswer:
    for record in unit.catalog.plans(unit.me.identity):
        signed = verify(record.raw, "plan")
        send(unit, incoming.peer.peer, signed, topic=Topic.CATALOG, about=("plan", record.hash))
    return FeedsAnswer(tuple(row.record for row in unit.catalog.feeds(own=True)))


def tick(unit: CatalogUnit) -> None:
    """A writer's new device begins its own feeds."""
    if unit.me.role != "seller":
        for row in unit.catalog.feeds(own=True):
            _own_feed(unit, row.currency)


EXCHANGE = Exchange(answers={"catalog.feeds": _on_feeds}, queries=frozenset({"catalog.feeds"}))
