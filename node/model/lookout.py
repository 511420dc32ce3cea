"""What a seller wants to hear of: a listing or a GTIN, what is known of it, and what of its changes is worth a notice.

It decides when a wish is met, from what was seen before and what is there now. It knows no table, no feed's log and no page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .catalog_change import GoodsFacts, Kind, OfferFacts, Told, goods_changes, offer_changes


class Wish(StrEnum):
    """What one wants to hear: anything, that it costs so much or less, that it is back in stock, that it is gone or called back."""

    ANY = "any"
    PRICE = "price"
    BACK = "back"
    GONE = "gone"


Where = tuple[bytes, bytes, str]
"""Who sells it, whose product it is, and its handle there: a listing that outlives each change of its record."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a listing says: the product, None when it is gone, and its offers by SKU."""

    goods: GoodsFacts | None
    offers: Mapping[str, OfferFacts] = field(default_factory=dict)

    def lowest(self, currency: str) -> int | None:
        """The lowest price of what can be had in a currency; None when nothing can."""
        if self.goods is None or self.goods.recall is not None:
            return None
        return min((offer.price for offer in self.offers.values() if not offer.out and offer.currency == currency), default=None)


Sights = Mapping[Where, Sight]


@dataclass(frozen=True, slots=True)
class Lookout:
    """One thing on the watch list. `where` for a listing, `code` for a GTIN; `seen` what its listings said last. Times in ms."""

    id: bytes
    where: Where | None
    code: str
    wish: Wish
    at_most: int | None
    currency: str
    title: str
    seen: Sights
    added: int
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened; `dismissed` when the person said it has seen it. Times in ms."""

    id: bytes
    lookout: bytes
    at: int
    where: Where
    title: str
    sku: str
    told: Told
    dismissed: int | None = None


def worth_telling(lookout: Lookout, now: Sights) -> Iterator[tuple[Where, str, Told]]:
    """Which listing, which SKU (empty: the product) and what, of all that differs from what was seen."""
    for where in sorted({*lookout.seen, *now}):
        before, after = lookout.seen.get(where, Sight(None)), now.get(where, Sight(None))
        if lookout.wish is Wish.PRICE:
            yield from _price(lookout, where, before, after)
        else:
            yield from (
                (where, sku, told) for sku, told in _changes(before, after) if lookout.wish is Wish.ANY or _is_met(lookout.wish, told)
            )


def _changes(before: Sight, after: Sight) -> Iterator[tuple[str, Told]]:
    """A listing that comes or goes does so in one line, from its lowest price on."""
    yield from (("", told) for told in _whole(before, after))
    if before.goods is None or after.goods is None:
        return
    for sku in sorted({*before.offers, *after.offers}):
        yield from ((sku, told) for told in offer_changes(before.offers.get(sku), after.offers.get(sku)))


def _whole(before: Sight, after: Sight) -> Iterator[Told]:
    for told in goods_changes(before.goods, after.goods):
        if told.kind is Kind.NEW:
            offer = min(after.offers.values(), key=lambda item: item.price, default=None)
            yield Told(Kind.NEW, None, offer.price, offer.currency) if offer else told
        else:
            yield told


def _is_met(wish: Wish, told: Told) -> bool:
    if wish is Wish.BACK:
        return told.kind in (Kind.BACK, Kind.NEW, Kind.ALLOWED)
    return told.kind in (Kind.GONE, Kind.RECALLED)


def _price(lookout: Lookout, where: Where, before: Sight, after: Sight) -> Iterator[tuple[Where, str, Told]]:
    """It costs no more than was said, and before it cost more or could not be had."""
    most = lookout.at_most or 0
    old, new = before.lowest(lookout.currency), after.lowest(lookout.currency)
    if new is not None and new <= most and (old is None or old > most):
        yield where, "", Told(Kind.CHEAPER if old is not None else Kind.BACK, old, new, lookout.currency)
