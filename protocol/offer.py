"""Offers: what a merchant asks for one SKU, of whom, when and how many; and what one piece costs at a time.

It decides which price holds. It knows no tax, no delivery and no feed (docs/protocol/05-catalog.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .codec import key, refuse_empty
from .errors import Conflict, Malformed
from .money import Money


class Stock(StrEnum):
    """The merchant's word as of the checkpoint's time; a quote is what reserves."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RankPrice:
    """The price for sellers of `min_rank` and above, in place of the offer's."""

    OPEN_ENDED = True
    min_rank: int = key(0, low=1, high=255)
    price: Money = key(2)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A price for everybody in [`start`, `end`), where it is lower than what holds otherwise."""

    OPEN_ENDED = True
    name: str = key(0, longest=120)
    price: Money = key(2)
    start: int = key(4)
    end: int = key(6)

    def __post_init__(self) -> None:
        if not self.name:
            raise Malformed("a promotion has a name")
        if self.start >= self.end:
            raise Malformed(f"{self.name}: it ends before it begins", code="bad-period")

    def runs_at(self, now: int) -> bool:
        """From `start` up to, but without, `end`."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class BrandTerms:
    """Of a brand's product: the feed that has it, its handle there, and the brand plan whose bounds the offer's plan keeps."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    handle: str = key(2, longest=255)
    plan: bytes = key(4, size=32)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a merchant asks for one SKU. `product` is the id of the product record, `plan` the hash of the commission plan.

    `shipping_profile` and `returns` name records of the same feed. It can be ordered in [`valid_from`, `valid_to`), in quantities from
    `least` to `most`; goods are there in [`available_from`, `available_to`), what is ordered before is sent then.
    """

    OPEN_ENDED = True
    sku: str = key(0, longest=128)
    product: bytes = key(2, size=32)
    price: Money = key(4)
    stock: Stock = key(6, default=Stock.UNKNOWN)
    tax_class: str = key(8, longest=64, default="")
    shipping_profile: str = key(10, longest=64, default="")
    valid_from: int = key(12, default=0)
    valid_to: int | None = key(14, default=None)
    compare_at: Money | None = key(16, default=None)
    plan: bytes | None = key(18, size=32, default=None)
    ranks: tuple[RankPrice, ...] | None = key(20, most=32, default=None)
    promotions: tuple[Promotion, ...] | None = key(22, most=32, default=None)
    count: int | None = key(24, default=None)
    returns: str | None = key(26, longest=64, default=None)
    brand: BrandTerms | None = key(28, default=None)
    least: int | None = key(30, default=None)
    most: int | None = key(32, default=None)
    available_from: int | None = key(34, default=None)
    available_to: int | None = key(36, default=None)

    def __post_init__(self) -> None:
        if not self.sku:
            raise Malformed("an offer needs a SKU")
        self._check_prices()
        self._check_quantities()
        if self.brand is not None and self.plan is None:
            raise Malformed(f"{self.sku}: an offer of a brand's product names the merchant's plan beside the brand's", code="no-plan")
        for begins, ends in ((self.valid_from, self.valid_to), (self.available_from, self.available_to)):
            if begins is not None and ends is not None and begins >= ends:
                raise Malformed(f"{self.sku}: it ends before it begins", code="bad-period")

    def _check_prices(self) -> None:
        refuse_empty(self, "ranks", "promotions")
        for price in self.prices():
            if price.minor < 0:
                raise Malformed(f"{self.sku}: a price cannot be negative", code="bad-price")
            if price.currency != self.price.currency:
                raise Malformed(f"{self.sku}: two currencies in one offer", code="currency")
        ranks = [item.min_rank for item in self.ranks or ()]
        if ranks != sorted(set(ranks)):
            raise Malformed(f"{self.sku}: prices by rank stand in rising order, one a rank", code="bad-ranks")

    def _check_quantities(self) -> None:
        if (self.least is not None and self.least < 1) or (self.most is not None and self.most < (self.least or 1)):
            raise Malformed(f"{self.sku}: the least quantity is 1 or more, the most at least as much", code="bad-quantity")
        if self.count == 0 and self.stock in (Stock.IN_STOCK, Stock.LOW):
            raise Malformed(f"{self.sku}: none is left, yet it says it has some", code="bad-stock")

    def prices(self) -> Iterator[Money]:
        """Every amount in it."""
        yield self.price
        if self.compare_at is not None:
            yield self.compare_at
        yield from (item.price for item in self.ranks or ())
        yield from (item.price for item in self.promotions or ())

    def valid_at(self, now: int) -> bool:
        """From `valid_from` up to, but without, `valid_to`."""
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)

    def orderable_at(self, now: int) -> bool:
        """Whether it can be ordered at `now`, as far as the offer says: it holds, is not sold out, and goods are still to come or there."""
        return self.valid_at(now) and self.stock is not Stock.OUT and (self.available_to is None or now < self.available_to)

    def check_quantity(self, quantity: int) -> None:
        """Raises Conflict `bad-quantity`."""
        least, most = self.least or 1, self.most
        if quantity < least:
            raise Conflict(f"{self.sku}: the quantity is {quantity}, order at least {least}", code="bad-quantity")
        if most is not None and quantity > most:
            raise Conflict(f"{self.sku}: the quantity is {quantity}, order at most {most}", code="bad-quantity")


# --- which price holds
#
# The list price is the offer's. A seller's rank replaces it by the price of the highest rank that the seller has reached. Promotions that
# run are for everybody and take the place of either, the lowest of them, where they are lower. So nobody pays more for a promotion, and a
# rank never hides one. Of two equal prices the one named first here is given as the reason.


class PriceRule(StrEnum):
    """Why a price holds."""

    LIST = "list"
    RANK = "rank"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one piece costs and why; `name` is the promotion's, `until` when that price ends."""

    price: Money
    rule: PriceRule = PriceRule.LIST
    name: str = ""
    until: int | None = None


def price_at(offer: Offer, now: int, rank: int = 0) -> UnitPrice:
    """The price of one piece for a seller of `rank` at `now`. Whether the offer holds then is `valid_at`'s to say."""
    found = UnitPrice(offer.price, until=offer.valid_to)
    reached = [item for item in offer.ranks or () if item.min_rank <= rank]
    if reached:
        found = UnitPrice(reached[-1].price, PriceRule.RANK, until=offer.valid_to)
    running = [item for item in offer.promotions or () if item.runs_at(now)]
    best = min(running, key=lambda item: item.price.minor, default=None)
    if best is not None and best.price.minor < found.price.minor:
        ends = best.end if offer.valid_to is None else min(best.end, offer.valid_to)
        return UnitPrice(best.price, PriceRule.PROMOTION, best.name, ends)
    return found


def total_at(offer: Offer, now: int, rank: int, quantity: int) -> Money:
    """What `quantity` pieces cost then. Raises Conflict `bad-quantity`."""
    offer.check_quantity(quantity)
    return price_at(offer, now, rank).price.times(quantity)


def next_change(offers: Sequence[Offer], now: int) -> int | None:
    """When a price or the validity of one of `offers` changes next after `now`; None = never."""
    times = (
        time
        for offer in offers
        for time in (offer.valid_from, offer.valid_to, *(edge for item in offer.promotions or () for edge in (item.start, item.end)))
    )
    return min((time for time in times if time is not None and time > now), default=None)
