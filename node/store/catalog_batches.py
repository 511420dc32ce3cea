"""Batches of operations on our feeds in the store, with what stood before each, so that one can be taken back."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.catalog_batch import Batch, BatchSlot
from protocol.operations import Noun

from .many import insert_many

_FIELDS = "batch, feed, kind, name, at, first, last, counts, undoes, undone, device, how"
_MOST = 200


class CatalogBatches:
    """The tables `catalog_batches` and `catalog_batch_slots` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, batch: Batch) -> None:
        """Write a batch, new or changed."""
        counts = msgspec.json.encode(batch.counts).decode()
        values = (
            batch.batch,
            batch.feed,
            batch.kind,
            batch.name,
            batch.at,
            batch.first,
            batch.last,
            counts,
            batch.undoes,
            int(batch.undone),
            batch.device,
            batch.how,
        )
        sql = (
            f"INSERT INTO catalog_batches ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (batch) DO UPDATE SET "  # noqa: S608
            "feed = excluded.feed, first = excluded.first, last = excluded.last, counts = excluded.counts, undone = excluded.undone"
        )
        self._db.execute(sql, values)

    def get(self, batch: bytes) -> Batch | None:
        """The batch with this id."""
        row = self._db.execute(f"SELECT {_FIELDS} FROM catalog_batches WHERE batch = ?", (batch,)).fetchone()  # noqa: S608
        return _batch(row) if row else None

    def all(self) -> list[Batch]:
        """The latest batches, newest first."""
        sql = f"SELECT {_FIELDS} FROM catalog_batches ORDER BY at DESC, last DESC LIMIT {_MOST}"  # noqa: S608
        return [_batch(row) for row in self._db.execute(sql)]

    def discard(self, batch: bytes) -> None:
        """A batch that changed nothing."""
        self._db.execute("DELETE FROM catalog_batches WHERE batch = ?", (batch,))

    def note(self, batch: bytes, slots: Iterable[BatchSlot]) -> None:
        """Keep what stood before. Of several for one slot the first `before` and the last `after` hold."""
        into = "INSERT INTO catalog_batch_slots (batch, goods, noun, name, before, after)"
        ending = " ON CONFLICT (batch, noun, name) DO UPDATE SET after = excluded.after"
        rows = [(batch, item.goods, item.slot[0].value, item.slot[1], item.before, item.after) for item in slots]
        insert_many(self._db, into, rows, ending=ending)

    def goods(self, batch: bytes) -> Iterator[list[BatchSlot]]:
        """The slots of each product in turn, what offers name before them. Names are sorted, records read as their turn comes."""
        sql = "SELECT goods, noun, name FROM catalog_batch_slots WHERE batch = ? ORDER BY goods, noun DESC, name"
        for _, slots in groupby(self._db.execute(sql, (batch,)), key=itemgetter(0)):
            yield [self._slot(batch, *slot) for slot in slots]

    def _slot(self, batch: bytes, goods: str, noun: str, name: str) -> BatchSlot:
        sql = "SELECT before, after FROM catalog_batch_slots WHERE batch = ? AND noun = ? AND name = ?"
        before, after = self._db.execute(sql, (batch, noun, name)).fetchone()
        return BatchSlot(goods, (Noun(noun), name), before, after)

    def forget(self, batch: bytes) -> None:
        """What stood before is needed no more."""
        self._db.execute("DELETE FROM catalog_batch_slots WHERE batch = ?", (batch,))


def _batch(row: Sequence[Any]) -> Batch:
    batch, feed, kind, name, at, first, last, counts, undoes, undone, device, how = row
    return Batch(
        batch, feed, kind, name, at, first, last, msgspec.json.decode(counts, type=dict[str, int]), undoes, bool(undone), device, how
    )
