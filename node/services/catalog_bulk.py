"""One change to many offers: which they are, what it does to each, and the drafts it makes, some at a time.

It decides no rule of an offer: a record that its reader would refuse is left as it is, and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from node.errors import UserError
from node.model.draft import Draft
from node.model.record_words import words_of
from protocol.codec import from_bytes, to_bytes
from protocol.errors import ProtocolError
from protocol.money import BASIS_POINTS, Money, exponent
from protocol.offer import Offer, Promotion, RankPrice, Stock
from protocol.operations import Noun
from protocol.product import Product, product_id

from .catalog_imports import ChangeView
from .catalog_inputs import id_of
from .catalog_whole import require_whole
from .drafts import DraftsUnit, feed_of, open_pile, require_tax_class, standing, touch
from .piles import changed

PIECE = 500
HIGHEST = 255
SHOWN_ROWS = 50


@dataclass(frozen=True, slots=True)
class Selection:
    """Which offers: those that meet all that is said; without anything, all of the catalog. `search`: part of a title or SKU."""

    search: str = ""
    vendor: str = ""
    category: str = ""
    skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sale:
    """A promotion of `off_bps` of each price, in [`start`, `end`) (ms)."""

    name: str
    off_bps: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RankChange:
    """The price for sellers of `min_rank` and above: the offer's own price by `percent_bps`, then by `amount` minor units. `own`: the price
    that this rank has now instead, where it has one.
    """

    min_rank: int
    percent_bps: int = 0
    amount: int = 0
    own: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What changes. Prices, those by rank too, by `percent_bps`, then by `amount` minor units, then to the nearest with `ending` (99 for
    12.99); prices of single ranks by `ranks`, over what the price is then. None leaves as it is; `plan` as hex; `end_promotions` takes
    promotions away, `end_ranks` prices by rank; `withdraw` takes the goods away.
    """

    percent_bps: int | None = None
    amount: int | None = None
    ending: int | None = None
    ranks: tuple[RankChange, ...] = ()
    end_ranks: bool = False
    promotion: Sale | None = None
    end_promotions: bool = False
    stock: Stock | None = None
    tax_class: str | None = None
    shipping_profile: str | None = None
    returns: str | None = None
    plan: str | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    available_from: int | None = None
    available_to: int | None = None
    withdraw: bool = False


@dataclass(frozen=True, slots=True)
class BulkRowView:
    """What would become of one offer; `refusal`: why it cannot."""

    sku: str
    title: str
    changes: tuple[ChangeView, ...]
    refusal: str


@dataclass(frozen=True, slots=True)
class BulkEditView:
    """Offers chosen, how many of them change, and how many cannot; the first 50 that change or cannot. `drafts`: how many were made."""

    chosen: int
    changed: int
    refused: int
    rows: tuple[BulkRowView, ...]
    drafts: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the offers looked at: their drafts, and the SKU to go on after (empty: the end)."""

    drafts: tuple[Draft, ...]
    rows: tuple[BulkRowView, ...]
    chosen: int
    refused: int
    after: str


def check_change(unit: DraftsUnit, currency: str, change: Change) -> None:
    """What a change names is there. Raises UserError."""
    if unit.me.role != "merchant":
        raise UserError("Only a merchant has offers to change.", code="not-a-merchant")
    if change == Change():
        raise UserError("Say what is to change.", code="bad-request")
    if change.ending is not None and not 0 <= change.ending < 10 ** exponent(currency):
        raise UserError("An ending is what stands behind the point, such as 99.", code="bad-amount")
    if any(item.percent_bps <= -BASIS_POINTS or not 1 <= item.min_rank <= HIGHEST for item in change.ranks):
        raise UserError(f"A price by rank is for a rank of 1 to {HIGHEST}, and goes down by less than 100 %.", code="bad-amount")
    if len({item.min_rank for item in change.ranks}) < len(change.ranks):
        raise UserError("Say each rank once.", code="bad-ranks")
    if change.percent_bps is not None and change.percent_bps <= -BASIS_POINTS:
        raise UserError("A price goes down by less than 100 %.", code="bad-amount")
    if change.promotion and not 0 < change.promotion.off_bps < BASIS_POINTS:
        raise UserError("A promotion takes off more than nothing and less than 100 %.", code="bad-amount")
    require_tax_class(unit, change.tax_class or "")
    for noun, name in ((Noun.SHIPPING, change.shipping_profile), (Noun.RETURNS, change.returns)):
        if name and standing(unit, currency, (noun, name)) is None:
            raise UserError(f"There is no {noun} named {name!r}. Make it first.", code="unknown-profile")
    plan = unit.catalog.plan(id_of(change.plan)) if change.plan else None
    if change.plan and (plan is None or plan.plan.merchant != unit.me.identity or plan.plan.currency != currency):
        raise UserError(f"That is no plan of yours in {currency}.", code="wrong-plan")


def look(unit: DraftsUnit, currency: str, selection: Selection, change: Change, after: str) -> Piece:
    """The next offers of the catalog, by SKU, and what the change makes of those chosen."""
    require_whole(unit)
    feed = feed_of(unit, currency)
    found = unit.catalog.offers(feed, after, PIECE) if feed else []
    drafts: list[Draft] = []
    rows: list[BulkRowView] = []
    chosen = refused = 0
    for record in found:
        if not _meets(selection, record.offer, record.product):
            continue
        chosen += 1
        slot = (Noun.OFFER, record.offer.sku)
        assert feed is not None
        base, stands = unit.catalog.record(feed, slot), standing(unit, currency, slot)
        if stands is None:
            continue
        try:
            after_it = applied(change, from_bytes(Offer, stands))
            raw = None if after_it is None else to_bytes(from_bytes(Offer, to_bytes(after_it)))
        except ProtocolError as error:
            refused += 1
            rows.append(BulkRowView(record.offer.sku, record.product.title, (), words_of(error)))
            continue
        if raw != stands:
            drafts.append(_draft(unit, feed, record.product, slot, raw, base, all_of_it=_whole(selection, record.product)))
            rows.append(BulkRowView(record.offer.sku, record.product.title, changed(Noun.OFFER, stands, raw), ""))
    return Piece(tuple(drafts), tuple(rows[:SHOWN_ROWS]), chosen, refused, found[-1].offer.sku if len(found) == PIECE else "")


def keep(unit: DraftsUnit, currency: str, drafts: Sequence[Draft]) -> int:
    """Keep the drafts of a piece; how many there are."""
    pile = open_pile(unit, currency)
    unit.drafts.put(pile.pile, drafts)
    touch(unit, pile)
    return len(drafts)


def applied(change: Change, offer: Offer) -> Offer | None:
    """An offer once it is changed; None: it goes. Raises ProtocolError where no such offer can be."""
    if change.withdraw:
        return None
    fields: dict[str, Any] = {}
    if (change.percent_bps, change.amount, change.ending) != (None, None, None):
        fields["price"] = price = _priced(change, offer.price)
        fields["ranks"] = tuple(RankPrice(item.min_rank, _priced(change, item.price)) for item in offer.ranks or ()) or None
        fields["compare_at"] = offer.compare_at if offer.compare_at and offer.compare_at.minor > price.minor else None
    if change.ranks or change.end_ranks:
        fields["ranks"] = _ranks(change, fields.get("price", offer.price), fields.get("ranks", offer.ranks) or ())
    kept = () if change.end_promotions else offer.promotions or ()
    if change.promotion:
        sale, now = change.promotion, fields.get("price", offer.price)
        off = Money((now.minor * (BASIS_POINTS - sale.off_bps) + BASIS_POINTS // 2) // BASIS_POINTS, now.currency)
        kept = (*(item for item in kept if item.name != sale.name), Promotion(sale.name, off, sale.start, sale.end))
    fields["promotions"] = kept or None
    for name in ("tax_class", "shipping_profile", "valid_from", "valid_to", "available_from", "available_to"):
        if getattr(change, name) is not None:
            fields[name] = getattr(change, name)
    if change.returns is not None:
        fields["returns"] = change.returns or None
    if change.plan is not None:
        fields["plan"] = id_of(change.plan) if change.plan else offer.plan
    if change.stock is not None:
        fields |= {"stock": change.stock, "count": None if offer.count == 0 and change.stock is not Stock.OUT else offer.count}
    return replace(offer, **fields)


def _ranks(change: Change, price: Money, standing: Sequence[RankPrice]) -> tuple[RankPrice, ...] | None:
    """The prices by rank, once those that are named are over the price, or over what they were."""
    known = {item.min_rank: item.price for item in standing}
    found = {} if change.end_ranks else dict(known)
    for item in change.ranks:
        base = known.get(item.min_rank) if item.own else price
        if base is not None:
            found[item.min_rank] = _priced(Change(item.percent_bps, item.amount, change.ending), base)
    return tuple(RankPrice(rank, found[rank]) for rank in sorted(found)) or None


def _priced(change: Change, price: Money) -> Money:
    minor = (price.minor * (BASIS_POINTS + (change.percent_bps or 0)) + BASIS_POINTS // 2) // BASIS_POINTS + (change.amount or 0)
    if change.ending is not None:
        unit = 10 ** exponent(price.currency)
        whole = minor // unit * unit
        near = [found for found in (whole - unit, whole, whole + unit) if found + change.ending >= 0]
        minor = min((found + change.ending for found in near), key=lambda found: (abs(found - minor), -found))
    return Money(minor, price.currency)


def _meets(selection: Selection, offer: Offer, product: Product) -> bool:
    words = selection.search.casefold()
    return (
        (not words or words in product.title.casefold() or words in offer.sku.casefold())
        and (not selection.vendor or product.vendor.casefold() == selection.vendor.casefold())
        and (not selection.category or product.category.casefold().startswith(selection.category.casefold()))
        and (not selection.skus or offer.sku in selection.skus)
    )


def _whole(selection: Selection, product: Product) -> bool:
    """Whether all of a product is chosen, not some of its SKUs."""
    return not selection.skus and selection.search.casefold() in product.title.casefold()


def _draft(
    unit: DraftsUnit, feed: bytes, product: Product, slot: tuple[Noun, str], raw: bytes | None, base: bytes | None, *, all_of_it: bool
) -> Draft:
    """Of a product that goes altogether the product is drafted, which takes its offers along."""
    key = (Noun.PRODUCT, product.handle)
    own = unit.catalog.record(feed, key)
    ours = own is not None and product_id(own) == product_id(to_bytes(product))
    if raw is None and ours and all_of_it:
        return Draft(product.handle, key, None, own, unit.now)
    return Draft(product.handle if ours else "", slot, raw, base, unit.now)
