"""Catalogs: a merchant signs products and offers from a file; a seller follows the feed and proves it complete."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound, Unavailable, UserError
from node.model.catalog import Entry, FeedRow, OfferRecord, PlanRecord, ProductRecord
from node.model.listing import ProductFile, ProductRow, VariantRow
from node.model.peers import Peer
from protocol.brand_plan import check_noun
from protocol.codec import from_bytes, to_bytes
from protocol.envelope import verify
from protocol.errors import BadSignature, Conflict, Unauthorized
from protocol.feed import (
    CatalogAnswer,
    CatalogChanged,
    CatalogRequest,
    Feed,
    FeedsAnswer,
    FeedsRequest,
    incarnation_of,
    page,
)
from protocol.identity import Role
from protocol.kinds import Topic
from protocol.log import CHECKPOINT, Checkpoint, Frontier, check_extends, leaf_hash, sign_checkpoint, verify_checkpoint
from protocol.messages import Message
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import RECORDS, Noun, Operation, Verb, element, put, remove
from protocol.product import Image, Product, Variant, product_id
from protocol.state_hash import StateHash

from .catalog_file import Feeds
from .exchange import Exchange, Incoming, send
from .peers import PeersUnit
from .unit import OutboxEntry

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
    def stage(self, feed: bytes, operations: Sequence[bytes]) -> None: ...  # noqa: D102
    def unstage(self, feed: bytes) -> None: ...  # noqa: D102
    def take(self, feed: bytes, checkpoint: Checkpoint, raw: bytes) -> StateHash: ...  # noqa: D102
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


def _on_request(unit: CatalogUnit, incoming: Incoming) -> CatalogAnswer:
    request: CatalogRequest = incoming.message.record
    row = unit.catalog.feed(request.feed)
    if row is None or not row.own or row.checkpoint is None or row.closed:
        raise Conflict("no such feed here", code="unknown-feed")
    if request.since > row.size or request.known > row.size:
        raise Conflict("that is further than this feed goes", code="rollback")
    if unit.catalog.held(row.feed).checkpoint != row.checkpoint:
        raise Unavailable("The catalog is being put together; ask again in a minute.", code="not-ready")
    proof: Sequence[bytes] = ()
    if 0 < request.known < row.size:
        proof = unit.catalog.proof(row.feed, request.known, row.size)
    pending = unit.catalog.since(row.feed, request.since)
    return page(row.checkpoint, row.size, proof, ((entry.seq, to_bytes(_operation(entry))) for entry in pending))


def _operation(entry: Entry) -> Operation:
    return Operation(Verb(f"{'remove' if entry.record is None else 'put'}-{entry.noun}"), entry.name, entry.record)


# --- the seller


def sync(unit: CatalogUnit, merchant: bytes | None = None) -> int:
    """Ask a merchant (or all) what feeds it has, and fetch what is new; how many were asked."""
    merchants = [peer for peer in publishers(unit) if merchant in (None, peer.identity)]
    if merchant is not None and not merchants:
        raise NotFound("You are not paired with that merchant.")
    for peer in merchants:
        send(unit, peer.peer, FeedsRequest(), topic=Topic.CATALOG, query=True)
    return len(merchants)


def tick(unit: CatalogUnit) -> None:
    """Ask publishers that were never asked, and those whose catalog the file has lost; once a minute while there is no answer.

    A writer's new device begins its own feeds.
    """
    if unit.me.role != "seller":
        for row in unit.catalog.feeds(own=True):
            _own_feed(unit, row.currency)
    for peer in publishers(unit):
        known = [row for row in unit.catalog.feeds(own=False) if row.identity == peer.identity]
        if known and all(row.asked_at and not _is_behind(unit, row) for row in known):
            continue
        key = f"feeds-asked/{peer.peer}"
        if unit.now - unit.settings.get(key, 0) >= ASK_AGAIN_MS:
            unit.settings.set(key, unit.now)
            send(unit, peer.peer, FeedsRequest(), topic=Topic.CATALOG, query=True)


def _on_feeds_answer(unit: CatalogUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    peer = unit.peers.get(entry.peer)
    answer = reply.record
    if peer is None or not isinstance(answer, FeedsAnswer):
        return
    known = {row.feed: row.record for row in unit.catalog.feeds(own=False) if row.identity == peer.identity}
    if len({*known, *(feed.id for feed in answer.feeds)}) > MOST_FEEDS:
        raise Conflict(f"a merchant has at most {MOST_FEEDS} feeds", code="too-large")
    for feed in answer.feeds:
        if feed.identity != peer.identity:
            raise Unauthorized("a merchant answers for its own feeds only", code="wrong-identity")
        if any(other.follows(feed) for other in known.values()):
            raise Conflict("a feed of an earlier device than the one followed", code="rollback")
        fresh = FeedRow(feed.id, feed.identity, feed.name, feed.currency, own=False, incarnation=feed.incarnation)
        row = unit.catalog.feed(feed.id) or fresh
        unit.catalog.keep_feed(row)
        _ask(unit, entry.peer, row)
    unit.touched("changes")


def _on_changed(unit: CatalogUnit, incoming: Incoming) -> None:
    changed: CatalogChanged = incoming.message.record
    row = unit.catalog.feed(changed.feed)
    if row is None:
        send(unit, incoming.peer.peer, FeedsRequest(), topic=Topic.CATALOG, query=True)
    elif row.identity == incoming.peer.identity:
        _ask(unit, incoming.peer.peer, row)


def _ask(unit: CatalogUnit, peer: str, row: FeedRow) -> None:
    """Fetch what follows; pages of an answer that was never finished are dropped first."""
    unit.catalog.unstage(row.feed)
    unit.settings.set(_staged(row), 0)
    unit.catalog.keep_feed(replace(row, staged=0, asked_at=unit.now))
    request = CatalogRequest(row.feed, _reached(unit, row), row.size)
    send(unit, peer, request, topic=Topic.CATALOG, about=("feed", row.feed), query=True)


def _reached(unit: CatalogUnit, row: FeedRow) -> int:
    """How much of the feed is here: less than was accepted where the catalog file was lost."""
    return min(unit.catalog.held(row.feed).size, row.size)


def _is_behind(unit: CatalogUnit, row: FeedRow) -> bool:
    return _reached(unit, row) < row.size


def _on_answer(unit: CatalogUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    request, answer = sent.record, reply.record
    row = unit.catalog.feed(request.feed)
    peer = unit.peers.get(entry.peer)
    unit.outbox.forget_reply(entry.id)  # it is kept as records, not once more as it came
    if row is None or peer is None or not isinstance(answer, CatalogAnswer):
        return
    if request.since != (row.staged or _reached(unit, row)) or request.known != row.size:
        return  # overtaken by a later question
    checkpoint = _checked_head(row, answer, peer)
    for operation in answer.read():
        row.record.read(operation)
        if peer.role is Role.BRAND:
            check_noun(operation)
    more = answer.more(request.since, checkpoint.size)
    _bound(unit, row, request, answer, more=more)
    unit.catalog.stage(row.feed, answer.operations)
    if more:
        unit.catalog.keep_feed(replace(row, staged=answer.upto))
        following = CatalogRequest(row.feed, answer.upto, row.size)
        send(unit, entry.peer, following, topic=Topic.CATALOG, about=("feed", row.feed), query=True)
        return
    _take(unit, row, checkpoint, answer.checkpoint)


def _bound(unit: CatalogUnit, row: FeedRow, request: CatalogRequest, answer: CatalogAnswer, *, more: bool) -> None:
    """A merchant may have much to say, but not without end. Raises Conflict `bad-page`, `too-large`."""
    count = len(answer.operations)
    if count > answer.upto - request.since or (more and not count):
        raise Conflict("a page has an operation for each step at most, and one at least while more follows", code="bad-page")
    held = unit.settings.get(_staged(row), 0) + sum(map(len, answer.operations))
    if held > MOST_STAGED_BYTES:
        raise Conflict(f"the catalog has more than {MOST_STAGED_BYTES >> 20} MB to fetch at once", code="too-large")
    unit.settings.set(_staged(row), held)


def _staged(row: FeedRow) -> str:
    return f"catalog/staged/{row.feed.hex()}"


def _checked_head(row: FeedRow, answer: CatalogAnswer, peer: Peer) -> Checkpoint:
    checkpoint = verify_checkpoint(answer.checkpoint, log=row.feed)
    author = verify(answer.checkpoint, CHECKPOINT).envelope.author
    peer.state.require_live(author)
    if peer.state.number_of(author) != row.record.writer:
        raise Unauthorized("a feed has one writer, and this device is not it", code="wrong-writer")
    if row.checkpoint is not None:
        check_extends(verify_checkpoint(row.checkpoint, log=row.feed), checkpoint, answer.proof)
    return checkpoint


def _take(unit: CatalogUnit, row: FeedRow, checkpoint: Checkpoint, raw: bytes) -> None:
    """Apply all pages and compare the state hash. What does not hold has no effect, and is said."""
    unit.touched("changes")
    try:
        state = unit.catalog.take(row.feed, checkpoint, raw)
    except BadSignature as error:
        unit.catalog.unstage(row.feed)
        unit.catalog.keep_feed(replace(row, staged=0, error=error.code))
        return
    head = verify(raw, CHECKPOINT)
    unit.catalog.keep_feed(
        replace(row, size=checkpoint.size, checkpoint=raw, checkpoint_id=head.id, state=state, staged=0, synced_at=unit.now, error="")
    )
    for other in unit.catalog.feeds(own=False):
        if row.record.follows(other.record):
            unit.catalog.close_feed(other.feed)


def _on_failed(unit: CatalogUnit, _entry: OutboxEntry, sent: Message, code: str) -> None:
    row = unit.catalog.feed(sent.record.feed)
    if row is not None:
        unit.catalog.unstage(row.feed)
        unit.catalog.keep_feed(replace(row, staged=0, error=code))


EXCHANGE = Exchange(
    answers={"catalog.feeds": _on_feeds, "catalog.request": _on_request, "catalog.changed": _on_changed},
    settles={"catalog.feeds": _on_feeds_answer, "catalog.request": _on_answer},
    fails={"catalog.request": _on_failed},
    queries=frozenset({"catalog.feeds", "catalog.request"}),
    reads=frozenset({"catalog.request"}),
)
