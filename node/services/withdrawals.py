"""Recalls: a brand, or a merchant of its own goods, withdraws a product for a reason; whoever offers it stops at once."""

from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound, UserError
from node.model.catalog import FeedRow
from node.model.catalog_search import Asked, Order
from node.model.terms import words
from protocol.codec import from_bytes
from protocol.offer import Offer, Stock
from protocol.operations import Noun, put
from protocol.product import Product, Withdrawal, product_id

from .catalog import CatalogUnit, publish
from .catalog_whole import require_whole
from .search_book import BookUnit

MOST_ROWS = 200
MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """A withdrawn product. `at` in ms."""

    handle: str
    title: str
    product: str
    reason: str
    at: int


class WithdrawalsUnit(CatalogUnit, BookUnit, Protocol):
    """What the list needs of a transaction."""


def withdraw(unit: CatalogUnit, handle: str, reason: str) -> WithdrawalView:
    """Call a product back: it may not be sold from now on, anywhere. Say why; merchants and their sellers read it."""
    if not reason.strip():
        raise UserError("Say why you withdraw it: merchants and their sellers will ask.", code="bad-withdrawal")
    return _sign(unit, handle, Withdrawal(reason.strip(), unit.now))


def allow_again(unit: CatalogUnit, handle: str) -> WithdrawalView:
    """Let a withdrawn product be sold again. Merchants offer it anew themselves."""
    return _sign(unit, handle, None)


def list_withdrawals(unit: WithdrawalsUnit, search: str = "", limit: int = MOST_ROWS) -> list[WithdrawalView]:
    """What is withdrawn of our own products, by title; of many, what these words find."""
    feeds = tuple(row.feed for row in unit.catalog.feeds(own=True))
    asked = Asked(tuple(words(search)[:MOST_WORDS]), feeds, offered=False, home=True, recalled=True)
    if not feeds or (search.strip() and not asked.words):
        return []
    found = unit.catalog_search.find(asked, Order.BEST, None, min(max(limit, 1), MOST_ROWS)).listings
    return [_view(from_bytes(Product, listing.goods), listing.product) for listing in found]


def _sign(unit: CatalogUnit, handle: str, withdrawal: Withdrawal | None) -> WithdrawalView:
    require_whole(unit)
    found = [
        (row, raw) for row in unit.catalog.feeds(own=True) if (raw := unit.catalog.record(row.feed, (Noun.PRODUCT, handle))) is not None
    ]
    if not found:
        raise NotFound("You have no product with that handle.")
    views = []
    for row, raw in found:
        product = replace(from_bytes(Product, raw), withdrawal=withdrawal)
        operation = put(product)
        assert operation.record is not None
        named = product_id(operation.record)
        offers = [put(_renamed(offer, named, product, unit.now)) for offer in _offers(unit, row, product_id(raw))]
        publish(unit, row.currency, [operation, *offers])
        views.append(_view(product, named))
    return views[0]


def _offers(unit: CatalogUnit, row: FeedRow, product: bytes) -> list[Offer]:
    """Our own offers of our own product: they name its record, which is another now."""
    return [item.offer for item in unit.catalog.offers_of(product) if item.feed == row.feed]


def _renamed(offer: Offer, product: bytes, record: Product, now: int) -> Offer:
    out = record.withdrawn_at(now)
    return replace(offer, product=product, stock=Stock.OUT if out else offer.stock, count=None if out else offer.count)


def _view(product: Product, id_: bytes) -> WithdrawalView:
    withdrawal = product.withdrawal
    reason, at = (withdrawal.reason, withdrawal.at) if withdrawal else ("", 0)
    return WithdrawalView(product.handle, product.title, id_.hex(), reason, at)
