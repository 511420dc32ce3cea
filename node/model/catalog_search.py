"""A search over all catalogs: what is asked, in which order, and what is found."""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """How what is found stands. `best`: what begins like the search before what only holds it, then by title. `earns`: by what a sale
    brings the seller, the most first.
    """

    BEST = "best"
    CHEAP = "cheap"
    DEAR = "dear"
    EARNS = "earns"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search asks for; everything empty or None is not asked. `feeds` are the only ones looked into; prices are the lowest of a
    product in minor units, as it is sold to us, both included; `earns` is the least that a sale brings, and no price below `floor` brings
    that; `code` is a GTIN; `home`: only in the feed that has the record; `recalled`: only what is called back, or will be.
    """

    words: tuple[str, ...] = ()
    feeds: tuple[bytes, ...] = ()
    brand: str = ""
    category: str = ""
    code: str = ""
    available: bool = False
    offered: bool = True
    low: int | None = None
    high: int | None = None
    earns: int | None = None
    floor: int = 0
    home: bool = False
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended, to go on after it: what its last listing is sorted by, and its number."""

    rank: int
    name: str
    price: int
    listing: int
    earns: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A product in a feed that sells it. `goods` is its record, which may be from a brand's feed; prices are its lowest and highest;
    `stock` the best of its offers' (a place in the order in stock, low, unknown, out).
    """

    id: int
    feed: bytes
    product: bytes
    goods: bytes
    low: int
    high: int
    stock: int
    offers: int
    place: Place


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what is found. `total` is exact, or with `many` there are more than so many: nothing is counted beyond `MOST_COUNTED`, and
    where amounts are asked for, no more than is read for a page.
    """

    listings: tuple[Listing, ...]
    total: int
    many: bool
    more: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of so many `products`, `of` all that are here, it is still to be worked out what they cost us and bring us. 0: so few that it is done
    at once, or none.
    """

    products: int
    of: int


MOST_COUNTED = 2_000
