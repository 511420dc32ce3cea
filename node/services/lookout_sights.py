"""What the catalogs say of what is on the watch list, held against what they said before whenever one has changed.

What was seen is kept beside each, so that nothing is missed however a change arrived: in an update, with all of a catalog fetched anew, or
while the node was off. A catalog that is only partly here is not looked at.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from node.model.catalog_change import goods_facts, offer_facts
from node.model.lookout import Lookout, Notice, Sight, Sights, Where, worth_telling
from protocol.encoding import peek
from protocol.operations import Noun

from .brand_plans import BrandsUnit

MOST_NOTICES = 2_000
MOST_SELLERS = 200
"""Of one number; beyond, only those are watched that were first."""


class LookoutBook(Protocol):
    """The watch list in the store (node/store/lookouts.py says what each does)."""

    def keep(self, row: Lookout) -> None: ...  # noqa: D102
    def get(self, lookout: bytes, /) -> Lookout | None: ...  # noqa: D102
    def all(self, *, removed: bool = False) -> Sequence[Lookout]: ...  # noqa: D102
    def count(self) -> int: ...  # noqa: D102
    def forget(self, before: int, /) -> None: ...  # noqa: D102
    def tell(self, notice: Notice, most: int) -> None: ...  # noqa: D102
    def selling(self, code: str, limit: int, /) -> Sequence[Where]: ...  # noqa: D102
    def notices(self, limit: int, /) -> Sequence[Notice]: ...  # noqa: D102
    def dismiss(self, notice: bytes | None, lookout: bytes | None, now: int) -> int: ...  # noqa: D102


class LookoutsUnit(BrandsUnit, Protocol):
    """What the watch list needs of a transaction."""

    @property
    def lookouts(self) -> LookoutBook: ...  # noqa: D102


def look(unit: LookoutsUnit, feed: bytes) -> int:
    """A catalog has changed: hold the list against it; how many notices that made."""
    made, sights = 0, _Looking(unit)
    for row in unit.lookouts.all():
        if row.where is not None and not any(sights.present(name) == feed for name in row.where[:2]):
            continue
        now = sights.now(row)
        if now == row.seen:
            continue
        for where, sku, told in worth_telling(row, now):
            goods = next((sight.goods for known in (now, row.seen) if (sight := known.get(where)) and sight.goods), None)
            title = goods.title if goods else row.title
            unit.lookouts.tell(Notice(unit.random(32), row.id, unit.now, where, title, sku, told), MOST_NOTICES)
            made += 1
        unit.lookouts.keep(replace(row, seen=now))
    if made:
        unit.touched("changes")
    return made


def seen_now(unit: LookoutsUnit, row: Lookout) -> Sights:
    """What the listings of one thing on the list say now."""
    return _Looking(unit).now(row)


class _Looking:
    """One look at the catalogs, which asks of each feed once."""

    def __init__(self, unit: LookoutsUnit) -> None:
        self._unit = unit
        self._present: dict[bytes, bytes] = {}
        self._whole: dict[bytes, bool] = {}

    def now(self, row: Lookout) -> Sights:
        """What its listings say now; of a catalog that is not whole here, what was seen before."""
        found: dict[Where, Sight] = {}
        places = [row.where] if row.where is not None else self._unit.lookouts.selling(row.code, MOST_SELLERS)
        for where in dict.fromkeys([*row.seen, *places]):
            known = row.seen.get(where, Sight(None))
            feed, shelf = (self.present(name) for name in where[:2])
            if not (self._is_whole(feed) and self._is_whole(shelf)):
                found[where] = known
                continue
            sight = self._sight(feed, shelf, where[2], known)
            if sight.goods is None and self._is_part(shelf):
                found[where] = known  # it may be in what we chose not to follow: that is no end of it
            elif sight.goods is not None or row.where is not None:
                found[where] = sight
        return found

    def present(self, feed: bytes) -> bytes:
        """A feed, or the one that took its place once its writer moved to another device."""
        if feed not in self._present:
            row, present = self._unit.catalog.feed(feed), feed
            if row is not None and row.closed:
                others = self._unit.catalog.feeds(own=False)
                present = next((other.feed for other in others if other.record.follows(row.record)), feed)
            self._present[feed] = present
        return self._present[feed]

    def _is_whole(self, feed: bytes) -> bool:
        if feed not in self._whole:
            self._whole[feed] = is_whole(self._unit, feed)
        return self._whole[feed]

    def _is_part(self, feed: bytes) -> bool:
        return self._unit.catalog.held(feed).part is not None

    def _sight(self, feed: bytes, shelf: bytes, handle: str, known: Sight) -> Sight:
        """By handle and SKU, which last: a record's id is another one with each change, and a brand's change is here before its shop's."""
        record = self._unit.catalog.record(shelf, (Noun.PRODUCT, handle))
        if record is None:
            return Sight(None)
        skus = dict.fromkeys([*known.offers, *(variant[0] for variant in peek(record)[16])])
        offers = {sku: offer_facts(raw) for sku in skus if (raw := self._unit.catalog.record(feed, (Noun.OFFER, sku))) is not None}
        return Sight(goods_facts(record), offers)


def is_whole(unit: LookoutsUnit, feed: bytes) -> bool:
    """Whether the catalog file holds all that was accepted of a feed."""
    row = unit.catalog.feed(feed)
    return row is not None and unit.catalog.held(feed).size == row.size > 0 and not unit.catalog.loaded(feed)
