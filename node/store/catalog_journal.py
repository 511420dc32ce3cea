"""The journal of the catalog file: what a batch of operations changed in a followed feed, told once all of it is in.

What a record was is compared with what it is at the end, however often it changed between (`node/model/catalog_change.py` says what
counts). A product comes and goes with its offers, in one line. Of a batch that changes more than `MOST_AT_ONCE` slots the rest is counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlite_utils import Database

from node.model.catalog import Entry
from node.model.catalog_change import GoodsFacts, Kind, OfferFacts, Told, goods_changes, goods_facts, offer_changes, offer_facts
from protocol.operations import Noun, Slot
from protocol.product import product_id

from .catalog_feeds import marks, parts
from .many import insert_many

MOST_AT_ONCE = 5_000
MOST_KEPT = 10_000
"""Lines of one feed."""
KEPT_MS = 30 * 86_400_000
_INTO = "INSERT INTO changes (feed, at, kind, noun, name, shelf, handle, title, old, new, currency, note, old_plan, new_plan)"
_COME_AND_GO = (Kind.NEW, Kind.GONE)

Facts = GoodsFacts | OfferFacts | bytes | None


@dataclass(frozen=True, slots=True)
class _Goods:
    """A product that changes are about."""

    shelf: int = 0
    handle: str = ""
    title: str = ""


class Journal:
    """Of one feed, in one transaction."""

    def __init__(self, db: Database, key: int, now: int) -> None:
        self._db = db
        self._key = key
        self._now = now
        self._slots: dict[Slot, tuple[Facts, Facts]] = {}
        self._names: dict[bytes, _Goods] = {}
        """Product id → which product that is or was, of those that are here."""
        self._untold = 0

    def note(self, entries: Mapping[Slot, Entry], before: Mapping[Slot, bytes]) -> None:
        """These slots are about to hold this, where `before` is in them now."""
        for slot, entry in entries.items():
            held = before.get(slot)
            if held == entry.record:
                continue
            known = self._slots.get(slot)
            if known is None and len(self._slots) >= MOST_AT_ONCE:
                self._untold += 1
                continue
            first = known[0] if known else self._facts(slot, held)
            self._slots[slot] = (first, self._facts(slot, entry.record))

    def tell(self) -> None:
        """Write down what changed, and forget what is old."""
        told = [(slot, told) for slot, pair in self._slots.items() for told in _changes(slot, pair)]
        self._name({facts.product for pair in self._slots.values() for facts in pair if isinstance(facts, OfferFacts)})
        rows = [self._row(slot, change) for slot, change in self._folded(told)]
        if self._untold:
            rows.append(self._row((Noun.PRODUCT, ""), Told(Kind.MANY, new=self._untold)))
        insert_many(self._db, _INTO, rows)
        self._prune()

    def tell_many(self) -> None:
        """The feed was fetched anew: what changed is not known one by one."""
        insert_many(self._db, _INTO, [self._row((Noun.PRODUCT, ""), Told(Kind.MANY))])

    # --- what is told

    def _facts(self, slot: Slot, record: bytes | None) -> Facts:
        if record is None:
            return None
        if slot[0] is Noun.OFFER:
            return offer_facts(record)
        if slot[0] is not Noun.PRODUCT:
            return product_id(record)
        facts = goods_facts(record)
        self._names[product_id(record)] = _Goods(self._key, slot[1], facts.title)
        return facts

    def _folded(self, told: list[tuple[Slot, Told]]) -> Iterator[tuple[Slot, Told]]:
        """With offers that came or went together with their product told by it alone: from what price on."""
        alone = {(slot[1], change.kind) for slot, change in told if slot[0] is Noun.PRODUCT and change.kind in _COME_AND_GO}
        prices: dict[tuple[str, Kind], Told] = {}
        rest = []
        for slot, change in told:
            at = (self._goods_of(slot).handle, change.kind)
            if slot[0] is Noun.OFFER and at in alone and self._goods_of(slot).shelf == self._key:
                prices[at] = min(prices.get(at, change), change, key=lambda item: item.new or item.old or 0)
            else:
                rest.append((slot, change))
        for slot, change in rest:
            found = prices.get((slot[1], change.kind)) if slot[0] is Noun.PRODUCT else None
            yield slot, replace(change, old=found.old, new=found.new, currency=found.currency) if found else change

    def _row(self, slot: Slot, change: Told) -> tuple[object, ...]:
        goods = self._goods_of(slot)
        place = (slot[0].value, slot[1], goods.shelf, goods.handle, goods.title)
        return self._key, self._now, change.kind.value, *place, *_values(change)

    def _goods_of(self, slot: Slot) -> _Goods:
        before, after = self._slots.get(slot, (None, None))
        if isinstance(found := after or before, OfferFacts):
            return self._names.get(found.product, _Goods())
        return _Goods(self._key, slot[1], found.title) if isinstance(found, GoodsFacts) else _Goods()

    def _name(self, products: set[bytes]) -> None:
        for part in parts(sorted(products - self._names.keys())):
            sql = f"SELECT product, feed, handle, title FROM products WHERE product IN ({marks(part)})"  # noqa: S608
            for product, shelf, handle, title in self._db.execute(sql, part):
                known = self._names.get(product)
                if known is None or shelf == self._key:  # the feed's own before another that has the same to the byte
                    self._names[product] = _Goods(shelf, handle, title)

    def _prune(self) -> None:
        self._db.execute("DELETE FROM changes WHERE at < ?", (self._now - KEPT_MS,))
        last = "SELECT at, id FROM changes WHERE feed = ? ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?"
        self._db.execute(f"DELETE FROM changes WHERE feed = ? AND (at, id) <= ({last})", (self._key, self._key, MOST_KEPT))  # noqa: S608


def _values(change: Told) -> tuple[object, ...]:
    return change.old, change.new, change.currency, change.note, change.old_plan, change.new_plan


def _changes(slot: Slot, pair: tuple[Facts, Facts]) -> Iterator[Told]:
    before, after = pair
    if slot[0] is Noun.OFFER:
        yield from offer_changes(_as_offer(before), _as_offer(after))
    elif slot[0] is Noun.PRODUCT:
        yield from goods_changes(_as_goods(before), _as_goods(after))
    elif before != after:
        yield Told(Kind.TERMS)


def _as_offer(facts: Facts) -> OfferFacts | None:
    return facts if isinstance(facts, OfferFacts) else None


def _as_goods(facts: Facts) -> GoodsFacts | None:
    return facts if isinstance(facts, GoodsFacts) else None
