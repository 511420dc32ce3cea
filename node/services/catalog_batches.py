"""What is signed into a catalog of ours together, and taken back together: a product with its offers goes back whole, or stays as it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

from node.errors import ConflictError, NotFound
from node.model.catalog import FeedRow
from node.model.catalog_batch import Batch, BatchSlot
from protocol.operations import Noun, Operation, Verb

from . import profile_use
from .catalog import CatalogUnit, Note, publish
from .catalog_whole import require_whole
from .who import Who

MOST_TOUCHED = 200
_NOTED = 1024  # as many as the store inserts by one statement


class BatchBook(Protocol):
    """Batches as this service keeps them (node/store/catalog_batches.py says what each does)."""

    def keep(self, batch: Batch) -> None: ...  # noqa: D102
    def get(self, batch: bytes, /) -> Batch | None: ...  # noqa: D102
    def all(self) -> Sequence[Batch]: ...  # noqa: D102
    def discard(self, batch: bytes) -> None: ...  # noqa: D102
    def note(self, batch: bytes, slots: Iterable[BatchSlot]) -> None: ...  # noqa: D102
    def goods(self, batch: bytes) -> Iterator[list[BatchSlot]]: ...  # noqa: D102
    def forget(self, batch: bytes) -> None: ...  # noqa: D102


class BatchesUnit(CatalogUnit, Protocol):
    """A unit that knows catalogs and their batches."""

    @property
    def catalog_batches(self) -> BatchBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch: entries `first` to `last` of the feed's log; `counts` by what became of products. `at` in ms. `device`: the name of the one
    that asked for it ("": not known any more); `how`: by hand, by the clock (a planned time), by a place that is watched.
    """

    id: str
    feed: str
    kind: str
    name: str
    at: int
    first: int
    last: int
    counts: dict[str, int]
    undoes: str
    undone: bool
    device: str
    how: str


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What taking a batch back would do now: `goods` products go back, `left` were changed since; `touched` are the first 200 of them."""

    id: str
    name: str
    undone: bool
    goods: int
    left: int
    touched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollbackView:
    """The batch that took another back. `restored` products are as before, `left` stay as they were changed since."""

    id: str
    undoes: str
    restored: int
    left: int


class _Noting:
    """Keeps what stood before each slot that a batch writes, some at a time."""

    def __init__(self, unit: BatchesUnit, batch: bytes) -> None:
        self.goods = ""
        self._unit, self._batch = unit, batch
        self._slots: list[BatchSlot] = []

    def __call__(self, operation: Operation, before: bytes | None) -> None:
        self._slots.append(BatchSlot(self.goods, operation.slot, before, hash_of(operation.record)))
        if len(self._slots) >= _NOTED:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        self._unit.catalog_batches.note(self._batch, self._slots)
        self._slots.clear()


def publish_batch(
    unit: BatchesUnit, currency: str, goods: Iterable[tuple[str, Iterable[Operation]]], batch: Batch
) -> tuple[Batch, FeedRow]:
    """Sign `goods` (a product's handle, its operations) into the feed of `currency` at once, and keep what stood before."""
    batch = replace(batch, device=unit.me.device.public)
    noting = _Noting(unit, batch.batch)
    unit.catalog_batches.keep(batch)

    def operations() -> Iterator[Operation]:
        for handle, found in goods:
            noting.goods = handle
            yield from found

    note: Note = noting
    first, row = publish(unit, currency, operations(), note)
    noting.flush()
    done = replace(batch, feed=row.feed, first=first, last=row.size)
    if done.last < done.first:
        unit.catalog_batches.discard(batch.batch)
    else:
        unit.catalog_batches.keep(done)
    return done, row


def list_batches(unit: BatchesUnit) -> list[BatchView]:
    """The latest batches, newest first."""
    who = Who(unit)
    return [_view(unit, who, batch) for batch in unit.catalog_batches.all()]


def plan_rollback(unit: BatchesUnit, batch: bytes) -> RollbackPlan:
    """What taking a batch back would do: which of its products were changed since, and would stay."""
    require_whole(unit)
    found = find_batch(unit, batch)
    touched: list[str] = []
    count = 0
    if not found.undone:
        feed = _row_of(unit, found).feed
        for slots in unit.catalog_batches.goods(batch):
            count += 1
            if _touched(unit, feed, slots):
                touched.append(slots[0].goods)
    return RollbackPlan(found.batch.hex(), found.name, found.undone, count - len(touched), len(touched), tuple(touched[:MOST_TOUCHED]))


def roll_back(unit: BatchesUnit, batch: bytes, leave: bool = False) -> RollbackView:
    """Take a batch back by a new one: each of its products with its offers is as before, byte for byte.

    `leave`: products changed since stay as they are; without it, one such product stops all. Raises ConflictError `already-undone`,
    `changed-since`, `profile-in-use`.
    """
    found = find_batch(unit, batch)
    if found.undone:
        raise ConflictError("This batch was taken back already.", code="already-undone")
    plan = plan_rollback(unit, batch)
    if plan.left and not leave:
        some = ", ".join(plan.touched[:5]) + (" …" if plan.left > 5 else "")
        verb = "was" if plan.left == 1 else "were"
        text = f"{plan.left} of these products {verb} changed since: {some}. Take the others back, or nothing."
        raise ConflictError(text, code="changed-since")
    row = _row_of(unit, found)
    _require_unused(unit, found, row.feed)
    made = Batch(unit.random(32), row.feed, "rollback", found.name, unit.now, 0, 0, {"restored": plan.goods}, undoes=batch)
    done, _ = publish_batch(unit, row.currency, _inverse(unit, found, row.feed), made)
    unit.catalog_batches.keep(replace(found, undone=True))
    unit.catalog_batches.forget(batch)
    unit.touched("changes")
    return RollbackView(done.batch.hex(), batch.hex(), plan.goods, plan.left)


def find_batch(unit: BatchesUnit, batch: bytes) -> Batch:
    """The batch. Raises NotFound."""
    found = unit.catalog_batches.get(batch)
    if found is None:
        raise NotFound("There is no such batch. See them with: gemstra catalog batches")
    return found


def _row_of(unit: BatchesUnit, batch: Batch) -> FeedRow:
    """The feed that the batch is in now: a later device's holds what an earlier one's held."""
    row = unit.catalog.feed(batch.feed)
    assert row is not None
    return next((own for own in unit.catalog.feeds(own=True) if own.record.follows(row.record)), row)


def _inverse(unit: BatchesUnit, batch: Batch, feed: bytes) -> Iterator[tuple[str, list[Operation]]]:
    for slots in unit.catalog_batches.goods(batch.batch):
        if not _touched(unit, feed, slots):
            yield slots[0].goods, [_back(item) for item in slots]


def _require_unused(unit: BatchesUnit, batch: Batch, feed: bytes) -> None:
    """What the batch brought goes only where no offer names it afterwards."""
    gone = [
        item.slot
        for slots in unit.catalog_batches.goods(batch.batch)
        for item in slots
        if item.before is None and item.slot[0] in profile_use.WORDS and not _touched(unit, feed, slots)
    ]
    for slot in gone:
        part = profile_use.part_of(slot)
        count = unit.catalog.naming(feed, part)
        for _, operations in _inverse(unit, batch, feed):
            for operation in operations:
                if operation.slot[0] is Noun.OFFER:
                    count += part in (operation.record or b"")
                    count -= part in (unit.catalog.record(feed, operation.slot) or b"")
        if count > 0:
            raise profile_use.in_use(slot, count)


def _back(item: BatchSlot) -> Operation:
    noun, name = item.slot
    return Operation(Verb(f"{'remove' if item.before is None else 'put'}-{noun.value}"), name, item.before)


def _touched(unit: BatchesUnit, feed: bytes, slots: Iterable[BatchSlot]) -> bool:
    return any(hash_of(unit.catalog.record(feed, item.slot)) != item.after for item in slots)


def hash_of(record: bytes | None) -> bytes | None:
    """By which what a batch put in a slot is known again."""
    return None if record is None else blake2b(record, digest_size=16).digest()


def _view(unit: BatchesUnit, who: Who, batch: Batch) -> BatchView:
    feed = unit.catalog.feed(batch.feed)
    undoes = batch.undoes.hex() if batch.undoes else ""
    device = who.name(batch.device, feed.record.writer if feed else 0)
    return BatchView(
        batch.batch.hex(),
        batch.feed.hex(),
        batch.kind,
        batch.name,
        batch.at,
        batch.first,
        batch.last,
        batch.counts,
        undoes,
        batch.undone,
        device,
        batch.how,
    )
