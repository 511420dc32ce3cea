"""Drafts signed as one batch: a product and its offers together, over what was signed since, under one new head of the feed.

Two halves, so that a hundred thousand of them hold up no order: what is to be signed is reckoned on a snapshot, and then only written down.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from node.errors import ConflictError
from node.model.catalog import FeedRow
from node.model.catalog_batch import Batch, BatchSlot
from node.model.draft import Draft, Pile
from protocol.codec import from_bytes, to_bytes
from protocol.log import Frontier, leaf_hash
from protocol.offer import Offer, Stock
from protocol.operations import Noun, Operation, Slot, Verb, element, written
from protocol.product import Product, product_id
from protocol.state_hash import StateHash

from .brand_offers import refusal
from .catalog import own_feed, sign_head
from .catalog_batches import hash_of
from .catalog_whole import is_whole
from .drafts import DraftsUnit, feed_of
from .piles import LONGEST_NAME, find_pile
from .profile_use import require_unused
from .rebasing import differing, rebased

_HASHED_AT_ONCE = 1000
_MOST_NAMED = 5
_PRICES = {"price", "compare_at", "ranks", "promotions"}
_PIECES = {"stock", "count"}
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PublishedView:
    """What was signed. `batch` is empty where nothing had to change; entries `first` to `last` of the feed's log."""

    batch: str
    feed: str
    checkpoint: str
    first: int
    last: int
    counts: dict[str, int]


@dataclass(slots=True)
class Prepared:
    """A pile as it would be signed over our log of `row.size` entries; `stamp` tells whether its drafts changed since."""

    pile: Pile
    row: FeedRow
    tree: Frontier
    state: StateHash
    stamp: int
    raws: list[bytes] = field(default_factory=list)
    slots: list[BatchSlot] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def begin(unit: DraftsUnit, pile: bytes) -> None:
    """The feed that a pile goes to is there."""
    own_feed(unit, find_pile(unit, pile).currency)


def prepare(unit: DraftsUnit, pile: bytes, anyway: bool, tell: Tell) -> Prepared | None:
    """What signing a pile would write; None while the catalog file follows what somebody else signed just now. Raises ConflictError
    `changed-since` with what was signed otherwise since, unless `anyway`; `nothing-to-do`; `unknown-product`; `profile-in-use`. `tell`
    hears how many drafts were looked at.
    """
    if not is_whole(unit):
        return None
    found = find_pile(unit, pile)
    feed = feed_of(unit, found.currency)
    row = unit.catalog.feed(feed) if feed else None
    if row is None or row.frontier is None or not unit.drafts.count(pile):
        raise ConflictError("There is nothing to sign: no draft waits here.", code="nothing-to-do")
    made = Prepared(found, row, row.frontier, row.state, found.at)
    clashes: list[str] = []
    came: list[bytes] = []
    gone: list[bytes] = []
    done = 0
    for drafts in unit.drafts.by_goods(pile):
        for operation, before in _group(unit, made, drafts, clashes):
            raw, put = written(operation)
            made.raws.append(raw)
            made.tree = made.tree.append(leaf_hash(raw))
            made.slots.append(BatchSlot(drafts[0].goods or " ".join(operation.slot), operation.slot, before, hash_of(operation.record)))
            gone += [] if before is None else [element(operation.slot, before)]
            came += [] if put is None else [put]
        if len(came) + len(gone) >= _HASHED_AT_ONCE:
            made.state, came, gone = made.state.change(added=came, removed=gone), [], []
        done += len(drafts)
        tell(done)
    for draft in unit.drafts.of_goods(pile, ""):
        if draft.record is None:
            require_unused(unit, feed, pile, draft.slot)
    made.state = made.state.change(added=came, removed=gone)
    if clashes and not anyway:
        some = "; ".join(clashes[:_MOST_NAMED]) + ("; …" if len(clashes) > _MOST_NAMED else "")
        text = f"{len(clashes)} of these were signed otherwise since you began: {some}. Let go of those drafts, or sign yours over them."
        raise ConflictError(text, code="changed-since")
    return made


def commit(unit: DraftsUnit, prepared: Prepared, kind: str, name: str) -> PublishedView | None:
    """Sign what was prepared, as one batch; None where log or drafts went on since: prepare it again."""
    pile, row = find_pile(unit, prepared.pile.pile), own_feed(unit, prepared.pile.currency)
    if (row.feed, row.size, pile.at) != (prepared.row.feed, prepared.row.size, prepared.stamp):
        return None
    unit.drafts.keep_pile(replace(pile, due=-1))
    if not prepared.raws:
        unit.touched("changes")
        return PublishedView("", row.feed.hex(), row.checkpoint_id.hex() if row.checkpoint_id else "", row.size + 1, row.size, {})
    first, last = row.size + 1, prepared.tree.size
    title = name.strip()[:LONGEST_NAME] or pile.name or "Edited by hand"
    planned = kind == "schedule"
    device = (pile.device if planned else None) or unit.me.device.public
    how = "clock" if planned else "hand"
    batch = Batch(unit.random(32), row.feed, kind, title, unit.now, first, last, prepared.counts, device=device, how=how)
    unit.catalog_batches.keep(batch)
    unit.catalog_batches.note(batch.batch, prepared.slots)
    unit.catalog.append(row.feed, first, prepared.raws)
    row = sign_head(unit, row, prepared.tree, prepared.state)
    head = row.checkpoint_id.hex() if row.checkpoint_id else ""
    return PublishedView(batch.batch.hex(), row.feed.hex(), head, first, last, prepared.counts)


def fail(unit: DraftsUnit, pile: bytes, code: str, error: str) -> None:
    """Keep why a pile was not signed when its time came."""
    found = unit.drafts.pile(pile)
    if found is not None and found.due > 0:
        unit.drafts.keep_pile(replace(found, code=code, error=error))
        unit.touched("changes")


def sweep(unit: DraftsUnit, rows: int) -> bool:
    """Erase drafts that were signed or let go, up to `rows`; True once none is left."""
    for pile in unit.drafts.spent():
        if not unit.drafts.drop_some(pile.pile, rows):
            return False
        unit.drafts.drop_pile(pile.pile)
    return True


# --- one product with its offers


def _group(unit: DraftsUnit, made: Prepared, drafts: list[Draft], clashes: list[str]) -> Iterator[tuple[Operation, bytes | None]]:
    wanted: dict[Slot, bytes | None] = {}
    for draft in drafts:
        value, clash = rebased(draft.slot[0], draft.base, draft.record, _now(unit, made, draft.slot))
        wanted[draft.slot] = value if value is None or isinstance(value, bytes) else to_bytes(value)
        if clash:
            clashes.append(f"{draft.slot[1]} ({', '.join(clash)})" if any(clash) else draft.slot[1])
    goods = drafts[0].goods
    found = _goods(unit, made, goods, wanted) if goods else ((slot, _of_brand(unit, slot, record)) for slot, record in wanted.items())
    outcomes = set()
    for slot, record in found:
        before = _now(unit, made, slot)
        if record != before:
            outcomes.add(_outcome(slot, before, record))
            yield _operation(slot, record), before
    if outcomes:
        outcome = next((name for name in ("new", "withdrawn", "changed") if name in outcomes), None) or min(outcomes)
        made.counts[outcome] = made.counts.get(outcome, 0) + 1


def _goods(unit: DraftsUnit, made: Prepared, handle: str, wanted: dict[Slot, bytes | None]) -> Iterator[tuple[Slot, bytes | None]]:
    """What a product and its offers are to be: each offer names the product's record as it is signed."""
    key = (Noun.PRODUCT, handle)
    now = _now(unit, made, key)
    product = wanted.get(key, now)
    had = _skus(now)
    if product is None:
        if now is None and any(record is not None for record in wanted.values()):
            raise ConflictError(f"{handle}: the product of this offer is no longer there. Let go of the draft.", code="unknown-product")
        yield from ((slot, None) for slot in dict.fromkeys([*((Noun.OFFER, sku) for sku in had), *wanted]) if slot != key)
        yield key, None
        return
    name, has = product_id(product), _skus(product)
    yield key, product
    offers = [slot for slot in wanted if slot[0] is Noun.OFFER]
    every = [*((Noun.OFFER, sku) for sku in (*had, *has)), *offers] if product != now else offers
    for slot in dict.fromkeys(every):
        record = wanted[slot] if slot in wanted else _now(unit, made, slot)
        stays = record is not None and slot[1] in has
        yield slot, to_bytes(replace(from_bytes(Offer, record), product=name)) if record is not None and stays else None


def _of_brand(unit: DraftsUnit, slot: Slot, record: bytes | None) -> bytes | None:
    """An offer of a brand's product names what the brand's feed has now, and is signed while the brand lets it be sold, or as sold out.

    Raises ConflictError with the code of the brand's refusal.
    """
    if slot[0] is not Noun.OFFER or record is None:
        return record
    offer = from_bytes(Offer, record)
    raw = unit.catalog.record(offer.brand.feed, (Noun.PRODUCT, offer.brand.handle)) if offer.brand else None
    if raw is None:
        return record
    fresh = replace(offer, product=product_id(raw))
    refused = refusal(unit, fresh) if fresh.stock is not Stock.OUT else None
    if refused is not None:
        raise ConflictError(f"{refused}. Let go of the draft, or draft it as sold out.", code=refused.code)
    return to_bytes(fresh)


def _now(unit: DraftsUnit, made: Prepared, slot: Slot) -> bytes | None:
    return unit.catalog.record(made.row.feed, slot)


def _skus(product: bytes | None) -> list[str]:
    return [variant.sku for variant in from_bytes(Product, product).variants] if product is not None else []


def _operation(slot: Slot, record: bytes | None) -> Operation:
    return Operation(Verb(f"{'remove' if record is None else 'put'}-{slot[0].value}"), slot[1], record)


def _outcome(slot: Slot, before: bytes | None, after: bytes | None) -> str:
    if before is None:
        return "new"
    if after is None:
        return "withdrawn"
    if slot[0] is not Noun.OFFER:
        return "changed"
    names = differing(from_bytes(Offer, before), from_bytes(Offer, after))
    return "stock" if names <= _PIECES else "price" if names <= _PRICES else "changed"
