"""What the catalogs say of what is on the watch list, held against what they said before whenever one has changed.

What was seen is kept beside each, so that nothing is missed however a change arrived: in an update, with all of a catalog fetched anew, or
while the node was off. A catalog that is only partly here is not looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from node.model.catalog import FeedRow
from node.model.catalog_change import goods_facts, offer_facts
from node.model.catalog_search import Listing
from node.model.lookout import Lookout, Notice, Sight, Sights, Where, worth_telling
from protocol.encoding import peek
from protocol.operations import Noun

from .brand_plans import BrandsUnit

MOST_NOTICES = 2_000


class LookoutBook(Protocol):
    """The watch list in the store (node/store/lookouts.py says what each does)."""

    def keep(self, row: Lookout) -> None: ...  # noqa: D102
    def get(self, lookout: bytes, /) -> Lookout | None: ...  # noqa: D102
    def all(self, *, removed: bool = False) -> Sequence[Lookout]: ...  # noqa: D102
    def count(self) -> int: ...  # noqa: D102
    def forget(self, before: int, /) -> None: ...  # noqa: D102
    def tell(self, notice: Notice, most: int) -> None: ...  # noqa: D102
    def notices(self, limit: int, /) -> Sequence[Notice]: ...  # noqa: D102
    def dismiss(self, notice: bytes | None, lookout: bytes | None, now: int) -> int: ...  # noqa: D102


class Codes(Protocol):
    """Products found by their number."""

    def same_code(self, code: str, /) -> Sequence[Listing]: ...  # noqa: D102


class LookoutsUnit(BrandsUnit, Protocol):
    """What the watch list needs of a transaction."""

    @property
    def lookouts(self) -> LookoutBook: ...  # noqa: D102

    @property
    def catalog_search(self) -> Codes: ...  # noqa: D102


def look(unit: LookoutsUnit, feed: bytes) -> int:
    """A catalog has changed: hold the list against it; how many notices that made."""
    made = 0
    for row in unit.lookouts.all():
        if row.where is not None and not any(_present(unit, name) == feed for name in row.where[:2]):
            continue
        now = seen_now(unit, row)
        if now == row.seen:
            continue
        for where, sku, told in worth_telling(row, now):
            goods = next((sight.goods for sights in (now, row.seen) if (sight := sights.get(where)) and sight.goods), None)
            title = goods.title if goods else row.title
            unit.lookouts.tell(Notice(unit.random(32), row.id, unit.now, where, title, sku, told), MOST_NOTICES)
            made += 1
        unit.lookouts.keep(replace(row, seen=now))
    if made:
        unit.touched("changes")
    return made


def seen_now(unit: LookoutsUnit, row: Lookout) -> Sights:
    """What its listings say now; of a catalog that is not whole here, what was seen before."""
    found: dict[Where, Sight] = {}
    for where in dict.fromkeys([*row.seen, *_places(unit, row)]):
        known = row.seen.get(where, Sight(None))
        feed, shelf = (unit.catalog.feed(_present(unit, name)) for name in where[:2])
        if not (_is_whole(unit, feed) and _is_whole(unit, shelf)):
            found[where] = known
            continue
        assert feed is not None
        assert shelf is not None
        sight = _sight(unit, feed.feed, shelf.feed, where[2], known)
        if sight.goods is not None or row.where is not None:
            found[where] = sight
    return found


def _places(unit: LookoutsUnit, row: Lookout) -> Iterator[Where]:
    """Where it is sold: a listing's own place, a code's as they are now."""
    if row.where is not None:
        yield row.where
        return
    for listing in unit.catalog_search.same_code(row.code):
        feed, record = unit.catalog.feed(listing.feed), unit.catalog.product(listing.product)
        if feed is not None and not feed.own and not feed.closed and record is not None and listing.offers:
            handle = record.product.handle
            own = unit.catalog.record(listing.feed, (Noun.PRODUCT, handle)) == listing.goods
            yield listing.feed, listing.feed if own else record.feed, handle


def _sight(unit: LookoutsUnit, feed: bytes, shelf: bytes, handle: str, known: Sight) -> Sight:
    """By handle and SKU, which last: a record's id is another one with each change, and a brand's change is here before its shop's."""
    record = unit.catalog.record(shelf, (Noun.PRODUCT, handle))
    if record is None:
        return Sight(None)
    skus = dict.fromkeys([*known.offers, *(variant[0] for variant in peek(record)[16])])
    offers = {sku: offer_facts(raw) for sku in skus if (raw := unit.catalog.record(feed, (Noun.OFFER, sku))) is not None}
    return Sight(goods_facts(record), offers)


def _is_whole(unit: LookoutsUnit, row: FeedRow | None) -> bool:
    return row is not None and unit.catalog.held(row.feed).size == row.size > 0 and not unit.catalog.loaded(row.feed)


def _present(unit: LookoutsUnit, feed: bytes) -> bytes:
    """A feed, or the one that took its place once its writer moved to another device."""
    row = unit.catalog.feed(feed)
    if row is None or not row.closed:
        return feed
    return next((other.feed for other in unit.catalog.feeds(own=False) if other.record.follows(row.record)), feed)
