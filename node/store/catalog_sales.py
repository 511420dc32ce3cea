"""What products are sold for in each feed, as it stands for us at a time: our price, what a sale brings, and when that changes by itself.

Most offers say one price, for everybody and always: their columns are enough. The others are read (`terms`, 0006_terms.sql).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sqlite_utils import Database

from node.model.earning import NOTHING, Earning, PlanRates
from protocol.codec import from_checked
from protocol.offer import Offer, Stock, next_change, price_at
from protocol.plan import Plan

from .catalog_columns import STOCKS
from .catalog_feeds import marks, parts

PLAIN, VARIES = 0, -1
MOST = 2**63 - 1
"""The highest number that a column takes."""
_OUT = STOCKS.index(Stock.OUT)
_AS_ONE = (
    "SELECT '[' || coalesce(group_concat(piece), '') || ']' FROM ({})"  # as one row: the engine's lock goes hand to hand at each (many.py)
)
_OFFERED = _AS_ONE.format("SELECT json_array(hex(product), feed, sku, price, stock, terms) AS piece FROM offers WHERE product IN ({})")
_FORMER = _AS_ONE.format(
    "SELECT json_array(p.id, hex(o.product), o.feed, o.sku, o.price, o.stock, o.terms) AS piece FROM products AS p "
    "CROSS JOIN heads AS h ON h.id = p.feed CROSS JOIN brand_offers AS b ON b.brand = h.feed AND b.handle = p.handle "
    "CROSS JOIN offers AS o ON o.feed = b.feed AND o.sku = b.sku WHERE p.id IN ({}) AND o.product <> p.product"
)


@dataclass(slots=True)
class Piece:
    """An offer, as its columns have it. `former`: it names a record that its brand has replaced."""

    product: bytes
    feed: int
    sku: str
    price: int
    stock: int
    terms: int
    former: bool = False


@dataclass(frozen=True, slots=True)
class Sale:
    """Lowest and highest price, best stock, number of offers, what the cheapest brings; when that changes by itself (None: never), and
    whether it is for us and now only.
    """

    low: int = 0
    high: int = 0
    stock: int = 0
    offers: int = 0
    earns: int = 0
    turns: int | None = None
    varies: bool = False


UNSOLD = Sale()


class Sales:
    """The tables `offers`, `brand_offers`, `terms`, `ranks` and `plans` of one transaction."""

    def __init__(self, db: Database, now: int) -> None:
        self._db = db
        self._now = now
        self._read: dict[tuple[int, str], Offer] = {}

    # --- pieces

    def of(self, products: Sequence[bytes]) -> dict[bytes, dict[int, list[Piece]]]:
        """The offers that name these records, by product and feed."""
        found: dict[bytes, dict[int, list[Piece]]] = {}
        for product, *rest in json.loads(self._db.execute(_OFFERED.format(marks(products)), products).fetchone()[0]):
            piece = Piece(bytes.fromhex(product), *rest)
            found.setdefault(piece.product, {}).setdefault(piece.feed, []).append(piece)
        return found

    def former(self, ids: Sequence[int]) -> dict[int, dict[int, list[Piece]]]:
        """The offers of brands' products, by the product's row and feed, that name a record from before."""
        found: dict[int, dict[int, list[Piece]]] = {}
        if self._has_brands:
            for id_, product, *rest in json.loads(self._db.execute(_FORMER.format(marks(ids)), ids).fetchone()[0]):
                piece = Piece(bytes.fromhex(product), *rest)
                piece.former = True
                found.setdefault(id_, {}).setdefault(piece.feed, []).append(piece)
        return found

    @property
    def _has_brands(self) -> bool:
        return self._db.execute("SELECT 1 FROM brand_offers LIMIT 1").fetchone() is not None

    # --- sales

    def read(self, pieces: Iterable[Piece]) -> None:
        """Have the records of those at hand whose columns are not enough."""
        self._read = {}
        wanted: dict[int, list[str]] = {}
        for piece in pieces:
            if piece.terms == VARIES:
                wanted.setdefault(piece.feed, []).append(piece.sku)
        for feed, skus in wanted.items():
            for part in parts(skus):
                sql = f"SELECT sku, record FROM offers WHERE feed = ? AND sku IN ({marks(part)})"  # noqa: S608
                for sku, record in self._db.execute(sql, (feed, *part)):
                    self._read[feed, sku] = from_checked(Offer, record)

    def sale(self, pieces: Sequence[Piece], category: str) -> Sale:
        """What a product of this category is sold for in one feed; `read` was told of these."""
        best = (0, "")
        high, stock, turns, varies = 0, _OUT, MOST, False
        first: Piece | None = None
        for piece in pieces:
            price, place = piece.price, piece.stock
            if piece.terms == VARIES:
                offer = self._read[piece.feed, piece.sku]
                price = min(price_at(offer, self._now, self._ranks.get(piece.feed, 0)).price.minor, MOST)
                place = place if offer.orderable_at(self._now) else _OUT
                turns = min(turns, next_turn(offer, self._now) or turns)
            varies = varies or piece.former or piece.terms == VARIES
            if first is None or (price, piece.sku) < best:
                first, best = piece, (price, piece.sku)
            high, stock = max(high, price), min(stock, place)
        if first is None:
            return UNSOLD
        earns = self._earned(first, best[0], category).minor
        return Sale(best[0], high, stock, len(pieces), earns, turns if turns < MOST else None, varies)

    def _earned(self, piece: Piece, price: int, category: str) -> Earning:
        plan = self._read[piece.feed, piece.sku].plan if piece.terms == VARIES else self._terms.get(piece.terms)
        rates = self._plans.get((piece.feed, plan)) if plan else None
        return rates.earned(price, sku=piece.sku, product=piece.product, category=category) if rates else NOTHING

    # --- what it depends on

    @cached_property
    def _ranks(self) -> Mapping[int, int]:
        return dict(self._db.execute("SELECT h.id, r.rank FROM ranks AS r JOIN heads AS h ON h.feed = r.feed").fetchall())

    @cached_property
    def _plans(self) -> Mapping[tuple[int, bytes], PlanRates]:
        rows = self._db.execute("SELECT h.id, p.plan, p.record FROM plans AS p JOIN heads AS h ON h.feed = p.feed").fetchall()
        return {(feed, plan): _rates(record) for feed, plan, record in rows}

    @cached_property
    def _terms(self) -> dict[int, bytes]:
        return dict(self._db.execute("SELECT id, plan FROM terms").fetchall())

    def terms(self, plan: bytes, *, varies: bool) -> int:
        """What stands in the column of an offer under a plan (empty: none)."""
        if varies:
            return VARIES
        if not plan:
            return PLAIN
        found = self._numbers.get(plan)
        if found is None:
            self._db.execute("INSERT OR IGNORE INTO terms (plan) VALUES (?)", (plan,))
            found = int(self._db.execute("SELECT id FROM terms WHERE plan = ?", (plan,)).fetchone()[0])
            self._numbers[plan] = found
            self._terms[found] = plan
        return found

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        return {plan: number for number, plan in self._terms.items()}


def next_turn(offer: Offer, now: int) -> int | None:
    """When its price, or whether it can be ordered, changes next by itself; None: never."""
    times = (next_change([offer], now), offer.available_to)
    return min((time for time in times if time is not None and time > now), default=None)


@lru_cache(maxsize=256)
def _rates(record: bytes) -> PlanRates:
    return PlanRates(from_checked(Plan, record))
