"""The watch list: what a seller wants to hear of, put there and taken off, and the notices of what happened.

What counts as news is `lookout_sights`'s to say; this keeps the list and shows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from node.errors import ConflictError, NotFound, UserError
from node.model.catalog_change import Kind
from node.model.lookout import Lookout, Notice, Where, Wish
from protocol.money import exponent
from protocol.operations import Noun
from protocol.product import product_id

from .brand_plans import brand_name
from .lookout_sights import LookoutsUnit, seen_now
from .today_items import MOST as MOST_ON_TODAY
from .today_items import TodayItem

MOST = 1_000
MOST_SHOWN = 200
UNDO_MS = 30 * 86_400_000
_FULL = f"There are {MOST} on your watch list already: take some off first."
_SAYS = {
    Kind.NEW: "is new",
    Kind.CHEAPER: "costs less",
    Kind.DEARER: "costs more",
    Kind.SOLD_OUT: "is sold out",
    Kind.BACK: "is back in stock",
    Kind.GONE: "is gone",
    Kind.RECALLED: "was called back",
    Kind.ALLOWED: "may be sold again",
    Kind.WORDS: "is described otherwise",
    Kind.PICTURES: "has other pictures",
    Kind.PLAN: "earns another commission",
    Kind.DEALS: "has other special prices",
    Kind.TERMS: "is sold on other terms",
}


@dataclass(frozen=True, slots=True)
class LookoutView:
    """One thing on the watch list: a product as a shop sells it, or a GTIN (`code`) at whichever shop. `wish` is any, price (at most
    `at_most`), back or gone. `price` is the lowest now, None when it can't be had; prices in minor units of `currency`. `product` is its id
    now, empty when it is gone. `removed`: when it was taken off the list, 0 while it is on it. Times in ms.
    """

    id: str
    title: str
    code: str
    merchant: str
    merchant_name: str
    product: str
    wish: str
    at_most: int | None
    price: int | None
    currency: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class NoticeView:
    """Something that happened. `kind` as in the journal of changes; `sku` empty for the whole product; `at` in ms."""

    id: str
    lookout: str
    at: int
    merchant: str
    merchant_name: str
    product: str
    title: str
    sku: str
    kind: str
    old: int | None
    new: int | None
    currency: str
    note: str


@dataclass(frozen=True, slots=True)
class WatchListView:
    """The watch list, what was taken off it lately, and what happened that you have not seen yet; each the newest first."""

    lookouts: tuple[LookoutView, ...]
    removed: tuple[LookoutView, ...]
    notices: tuple[NoticeView, ...]


def list_lookouts(unit: LookoutsUnit) -> WatchListView:
    """The watch list and its notices."""
    shown = tuple(_view(unit, row) for row in unit.lookouts.all())
    removed = tuple(_view(unit, row) for row in unit.lookouts.all(removed=True)[:MOST_SHOWN])
    return WatchListView(shown, removed, tuple(_notice(unit, row) for row in unit.lookouts.notices(MOST_SHOWN)))


def add_lookout(
    unit: LookoutsUnit,
    product: bytes | None = None,
    feed: bytes | None = None,
    code: str = "",
    wish: str = "any",
    at_most: int | None = None,
    currency: str = "",
) -> LookoutView:
    """Watch a product as a shop sells it (`feed`, else the one that does), or a GTIN at whichever shop: for any change, a price of at most
    `at_most` (minor units), that it is back in stock, or gone. The same again changes nothing.
    """
    _check_wish(wish, at_most)
    if (product is None) == (not code.strip()):
        raise UserError("Name a product, or the number under its bar code.", code="bad-request")
    made = _of_product(unit, product, feed) if product is not None else _of_code(unit, code)
    paid = next((offer.currency for sight in made.seen.values() for offer in sight.offers.values()), unit.me.currency)
    made = replace(made, wish=Wish(wish), at_most=at_most, currency=currency.strip().upper() or paid)
    exponent(made.currency)
    same = next((row for row in unit.lookouts.all() if _asks(row) == _asks(made)), None)
    if same is not None:
        return _view(unit, same)
    _check_open(made)
    if unit.lookouts.count() >= MOST:
        raise ConflictError(_FULL, code="too-many")
    unit.lookouts.keep(made)
    unit.touched("changes")
    return _view(unit, made)


def remove_lookout(unit: LookoutsUnit, lookout: bytes) -> LookoutView:
    """Take something off the watch list. For thirty days that can be undone."""
    row = replace(_get(unit, lookout), removed=unit.now)
    unit.lookouts.keep(row)
    unit.touched("changes")
    return _view(unit, row)


def restore_lookout(unit: LookoutsUnit, lookout: bytes) -> LookoutView:
    """Put something back on the watch list. What changed while it was off is not told."""
    row = _get(unit, lookout)
    if row.removed is not None:
        if unit.lookouts.count() >= MOST:
            raise ConflictError(_FULL, code="too-many")
        row = replace(row, removed=None, seen=seen_now(unit, row))
        unit.lookouts.keep(row)
        unit.touched("changes")
    return _view(unit, row)


def dismiss_notice(unit: LookoutsUnit, notice: bytes | None = None, lookout: bytes | None = None) -> int:
    """You have seen what happened: one notice, those of one thing on the list, or (neither named) all; how many that were."""
    done = unit.lookouts.dismiss(notice, lookout, unit.now)
    unit.touched("changes")
    return done


def waiting(unit: LookoutsUnit) -> Iterable[TodayItem]:
    """What happened on the watch list, one line for each listing and moment."""
    found = unit.lookouts.notices(MOST_SHOWN)
    groups = [list(rows) for _, rows in groupby(found, key=lambda row: (row.at, row.lookout, row.where))]
    for first, *others in groups[:MOST_ON_TODAY]:
        shop = _shop(unit, first.where)[1]
        more = [_SAYS[row.told.kind] for row in others if row.told.kind is not first.told.kind]
        also = f". Also: {', '.join(dict.fromkeys(more))}" if more else ""
        text = f"{f'At {shop}' if shop else 'On your watch list'}{_amounts(first)}{also}"
        title = f"{first.title} {_SAYS[first.told.kind]}"
        seen = f"/catalog/watchlist/{first.lookout.hex()}/seen"
        yield TodayItem("lookout", "catalog", title, text, "/catalog/watchlist", "Look", first.at, shop, seen)


def tick(unit: LookoutsUnit) -> None:
    """Let go of what was taken off, or seen, long ago."""
    unit.lookouts.forget(unit.now - UNDO_MS)


def _amounts(row: Notice) -> str:
    told = row.told
    if told.kind is Kind.RECALLED:
        return f": {told.note}"
    if told.new is None:
        return ""
    new = f"{_plain(told.new, told.currency)} {told.currency}"
    return f": {new}" if told.old is None else f": {_plain(told.old, told.currency)} → {new}"


def _plain(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


# --- what is put there


def _check_wish(wish: str, at_most: int | None) -> None:
    if wish not in list(Wish):
        raise UserError("Say what you want to hear of: any, price, back or gone.", code="bad-request")
    if (wish == Wish.PRICE) != (at_most is not None) or not 0 <= (at_most or 0) < 2**63:
        raise UserError("Say from which price on you want to hear of it, if you wait for a price and only then.", code="bad-price")


def _of_product(unit: LookoutsUnit, product: bytes, feed: bytes | None) -> Lookout:
    record = unit.catalog.product(product)
    if record is None:
        raise NotFound("There is no such product in your catalogs. It may have been replaced: look for its title.")
    sellers = sorted((item.offer.price.minor, item.feed) for item in unit.catalog.offers_of(product))
    feeds = [found for _, found in sellers]
    chosen = feed or (record.feed if record.feed in feeds or not feeds else feeds[0])
    row = unit.catalog.feed(chosen)
    if row is None or row.own or chosen not in (*feeds, record.feed):
        raise NotFound("None of the shops that you follow sells it there: choose it from the catalog.")
    empty = Lookout(
        unit.random(32), (chosen, record.feed, record.product.handle), "", Wish.ANY, None, "", record.product.title, {}, unit.now
    )
    return replace(empty, seen=seen_now(unit, empty))


def _of_code(unit: LookoutsUnit, code: str) -> Lookout:
    digits = code.strip().replace("-", "").replace(" ", "")
    if not digits.isdecimal() or not digits.isascii() or not 8 <= len(digits) <= 14:
        raise UserError("A GTIN has 8 to 14 digits: the number under the bar code.", code="bad-request")
    empty = Lookout(unit.random(32), None, digits.lstrip("0"), Wish.ANY, None, "", digits, {}, unit.now)
    seen = seen_now(unit, empty)
    title = next((sight.goods.title for sight in seen.values() if sight.goods), digits)
    return replace(empty, seen=seen, title=title)


def _check_open(row: Lookout) -> None:
    """Raises ConflictError `met-already`: who waits for a price that holds now would wait for nothing."""
    lowest = _lowest(row)
    if row.at_most is not None and lowest is not None and lowest <= row.at_most:
        raise ConflictError("It costs no more than that now. Say a lower price, or watch it for any change.", code="met-already")


def _asks(row: Lookout) -> tuple[Any, ...]:
    return row.where, row.code, row.wish, row.at_most, row.currency if row.wish is Wish.PRICE else ""


def _get(unit: LookoutsUnit, lookout: bytes) -> Lookout:
    row = unit.lookouts.get(lookout)
    if row is None:
        raise NotFound("That is not on your watch list.")
    return row


# --- how it is shown


def _lowest(row: Lookout) -> int | None:
    return min((low for sight in row.seen.values() if (low := sight.lowest(row.currency)) is not None), default=None)


def _view(unit: LookoutsUnit, row: Lookout) -> LookoutView:
    merchant, name = _shop(unit, row.where) if row.where else ("", "")
    product = _product(unit, row.where) if row.where else ""
    what = (row.id.hex(), row.title, row.code, merchant, name, product, row.wish.value, row.at_most)
    return LookoutView(*what, _lowest(row), row.currency, row.added, row.removed or 0)


def _notice(unit: LookoutsUnit, row: Notice) -> NoticeView:
    told = row.told
    place = (*_shop(unit, row.where), _product(unit, row.where), row.title, row.sku)
    return NoticeView(row.id.hex(), row.lookout.hex(), row.at, *place, told.kind.value, told.old, told.new, told.currency, told.note)


def _shop(unit: LookoutsUnit, where: Where) -> tuple[str, str]:
    row = unit.catalog.feed(where[0])
    return (row.identity.hex(), brand_name(unit, row.identity)) if row else ("", "")


def _product(unit: LookoutsUnit, where: Where) -> str:
    record = unit.catalog.record(where[1], (Noun.PRODUCT, where[2]))
    return product_id(record).hex() if record is not None else ""
