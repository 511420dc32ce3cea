"""What may change about a product and an offer, and what of it a person is told.

It decides what counts as a change and of which kind, from what a record was and what it is. It knows no table, no feed and no words. A
record is read only that far, for bulk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from protocol.encoding import encode, peek
from protocol.offer import Stock

LONGEST_TITLE, LONGEST_NOTE = 200, 1_000


class Kind(StrEnum):
    """What happened to a listing. `MANY` stands for more than was looked at one by one."""

    NEW = "new"
    CHEAPER = "cheaper"
    DEARER = "dearer"
    SOLD_OUT = "sold-out"
    BACK = "back"
    GONE = "gone"
    RECALLED = "recalled"
    ALLOWED = "allowed"
    WORDS = "words"
    PICTURES = "pictures"
    PLAN = "plan"
    DEALS = "deals"
    TERMS = "terms"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class GoodsFacts:
    """What of a product a change is seen by: `recall` is why and when it was called back, the rest are digests."""

    title: str
    recall: tuple[str, int] | None
    words: bytes
    pictures: bytes
    plans: bytes
    terms: bytes


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What of an offer a change is seen by. `deals` are its other prices: by rank, in promotions, struck through."""

    product: bytes
    price: int
    currency: str
    out: bool
    plan: bytes | None
    deals: bytes
    terms: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """One change: prices in minor units, `note` the reason of a recall."""

    kind: Kind
    old: int | None = None
    new: int | None = None
    currency: str = ""
    note: str = ""
    old_plan: bytes | None = None
    new_plan: bytes | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the journal: what happened to what is under `name` in `feed`, and which product that is: by `handle`, in the feed
    `shelf` (a brand's, where a merchant sells what it describes), with its present id where it is still there. `at` in ms.
    """

    id: int
    feed: bytes
    at: int
    noun: str
    name: str
    told: Told
    shelf: bytes | None
    handle: str
    title: str
    product: bytes | None


def goods_facts(record: bytes) -> GoodsFacts:
    """Of a product record's bytes."""
    tree = dict(peek(record))
    pictures, plans, terms = (_taken(tree, keys) for keys in ((14,), (18, 20), (22, 24)))
    withdrawal = tree.pop(26, None)
    recall = None
    if isinstance(withdrawal, Mapping):
        recall = f"{withdrawal.get(0, '')}"[:LONGEST_NOTE], _whole(withdrawal.get(2))
    return GoodsFacts(f"{tree.get(2, '')}"[:LONGEST_TITLE], recall, _digest(tree), pictures, plans, terms)


def offer_facts(record: bytes) -> OfferFacts:
    """Of an offer record's bytes. How many pieces are left is no change that is told: only whether any are."""
    tree = dict(peek(record))
    product, price, stock, plan = tree.pop(2, b""), tree.pop(4, {}), tree.pop(6, ""), tree.pop(18, None)
    tree.pop(24, None)
    deals = _taken(tree, (16, 20, 22))
    amount, currency = (price.get(0), price.get(2)) if isinstance(price, Mapping) else (0, "")
    return OfferFacts(product, _whole(amount), f"{currency}", stock == Stock.OUT.value, plan, deals, _digest(tree))


def goods_changes(before: GoodsFacts | None, after: GoodsFacts | None) -> Iterator[Told]:
    """What happened to a product."""
    if before is None or after is None:
        if before is not after:
            yield Told(Kind.NEW if before is None else Kind.GONE)
        return
    if before.recall != after.recall:
        yield Told(Kind.ALLOWED) if after.recall is None else Told(Kind.RECALLED, note=after.recall[0])
    if before.words != after.words:
        yield Told(Kind.WORDS)
    if before.pictures != after.pictures:
        yield Told(Kind.PICTURES)
    if before.plans != after.plans:
        yield Told(Kind.PLAN)
    if before.terms != after.terms:
        yield Told(Kind.TERMS)


def offer_changes(before: OfferFacts | None, after: OfferFacts | None) -> Iterator[Told]:
    """What happened to an offer. That it names its product's new record is no change of its own."""
    if before is None:
        if after is not None:
            yield Told(Kind.NEW, None, after.price, after.currency)
        return
    if after is None:
        yield Told(Kind.GONE, before.price, None, before.currency)
        return
    if before.price != after.price:
        yield Told(Kind.CHEAPER if after.price < before.price else Kind.DEARER, before.price, after.price, after.currency)
    if before.out != after.out:
        yield Told(Kind.SOLD_OUT if after.out else Kind.BACK)
    if before.plan != after.plan:
        yield Told(Kind.PLAN, old_plan=before.plan, new_plan=after.plan)
    if before.deals != after.deals:
        yield Told(Kind.DEALS)
    if before.terms != after.terms:
        yield Told(Kind.TERMS)


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**63 else 0


def _taken(tree: dict[Any, Any], keys: tuple[int, ...]) -> bytes:
    return _digest({key: tree.pop(key) for key in keys if key in tree})


def _digest(tree: dict[Any, Any]) -> bytes:
    return blake2b(encode(tree), digest_size=8).digest() if tree else b""
