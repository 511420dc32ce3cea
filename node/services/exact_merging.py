"""Whole records of a file beside what the catalog has: what the line says is signed as it is, and what it does not say is not there.

It decides what would be written, and what a record may name here: a profile, a tax class, a plan, a brand. It writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from node.model.listing import Exact, ProductRow
from node.model.product_import import MOST_CHANGES, Change
from node.model.record_words import words_of
from protocol.codec import from_checked, to_bytes
from protocol.errors import ProtocolError
from protocol.offer import Offer
from protocol.operations import MAX_RECORD_BYTES, Noun, Operation, Slot, Verb, put, remove
from protocol.product import Product, product_id

from .brand_offers import refusal
from .brand_plans import BrandsUnit
from .pricing import rates_of
from .product_merging import Looked, Merged, of_another, standing
from .profile_use import WORDS
from .record_changes import differences

_PRICES = frozenset({"price", "compare at", "ranks", "promotions"})
_PIECES = frozenset({"stock", "count"})
_PROFILES = ((Noun.SHIPPING, "shipping_profile"), (Noun.RETURNS, "returns"))


@dataclass(frozen=True, slots=True)
class House:
    """What records may name in this catalog. `plan` is named where a record names none of `plans`, which are ours; `brought`: whether a
    line before brings what is in a slot.
    """

    unit: BrandsUnit
    feed: bytes
    currency: str
    plan: bytes | None
    brought: Callable[[Slot], bool]
    plans: frozenset[bytes] = field(init=False)
    taxes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        unit = self.unit
        own = frozenset(record.hash for record in unit.catalog.plans(unit.me.identity) if record.plan.currency == self.currency)
        object.__setattr__(self, "plans", own)
        object.__setattr__(self, "taxes", frozenset(rates_of(unit)))


class _Refused(Exception):
    """Why a record can't be signed here, and its code (node/model/listing.py)."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


def merged_exact(shelf: Looked, house: House, row: ProductRow, exact: Exact, handle: str, *, look: bool) -> Merged:
    """`row` in the place of what the catalog has under `handle`. `look`: only how it differs is needed."""
    try:
        if exact.noun is Noun.PRODUCT:
            return _goods(shelf, house, row, exact, handle, look=look)
        return _single(shelf, house, exact, handle)
    except _Refused as refused:
        return Merged("error", handle, reason=refused.reason, code=refused.code)
    except ProtocolError as error:
        return Merged("error", handle, reason=f"It does not fit into a catalog. {words_of(error)}"[:300], code="too-large")


def _goods(shelf: Looked, house: House, row: ProductRow, exact: Exact, handle: str, *, look: bool) -> Merged:
    before = standing(shelf, house.feed, handle)
    other = of_another(shelf, house.feed, row, before) if look else ""  # what is written was looked at first
    if other:
        reason = f"The SKU {other} belongs to another of your products. Give it another SKU, or withdraw it there."
        raise _Refused(reason, "sku-of-another")
    product = from_checked(Product, exact.record)
    raw = exact.record if product.handle == handle else to_bytes(replace(product, handle=handle))
    name = product_id(raw)
    known = before.offers if before else {}
    given = [from_checked(Offer, item) for item in exact.offers] if house.unit.me.role != "brand" else []
    offers = [_settled(shelf, house, replace(item, product=name), known.get(item.sku)) for item in given]
    gone = sorted(set(known) - {offer.sku for offer in offers})
    changes = list(differences(Noun.PRODUCT, before.raw, raw)) if before and before.raw != raw else []
    for offer in offers:
        was = known.get(offer.sku)
        if was is None and before:
            changes.append(Change("price", offer.sku, "", differences(Noun.OFFER, None, to_bytes(offer))[0].after))
        elif was is not None:
            found = differences(Noun.OFFER, to_bytes(was), to_bytes(offer)) if replace(was, product=name) != offer else ()
            changes += [replace(change, of=offer.sku) for change in found]
    changes += [Change("withdrawn", sku, "", "") for sku in gone]
    outcome = _outcome(changes) if before else "new"
    operations = (
        Operation(Verb.PUT_PRODUCT, handle, raw),
        *(put(offer) for offer in offers),
        *(remove(Noun.OFFER, sku) for sku in gone),
    )
    fresh = sum(offer.promotions is not None and offer.promotions != getattr(known.get(offer.sku), "promotions", None) for offer in offers)
    return Merged(outcome, handle, () if look else operations, tuple(changes[:MOST_CHANGES]), promotions=fresh if look else 0)


def _single(shelf: Looked, house: House, exact: Exact, handle: str) -> Merged:
    if house.unit.me.role != "merchant":
        raise _Refused("A brand's catalog holds products only: its merchants sign offers, shipping and returns.", "not-a-kind-sold")
    raw, noun = exact.record, exact.noun
    slot = (noun, handle.partition(": ")[2])
    before = shelf.record(house.feed, slot) if house.feed else None
    if noun is Noun.OFFER:
        offer = from_checked(Offer, raw)
        raw = to_bytes(_settled(shelf, house, offer, from_checked(Offer, before) if before else None))
    changes = differences(noun, before, raw) if before is not None and before != raw else ()
    outcome = "new" if before is None else _outcome(list(changes))
    operation = Operation(Verb(f"put-{noun.value}"), slot[1], raw)
    return Merged(outcome, handle, (operation,), changes[:MOST_CHANGES])


def _settled(shelf: Looked, house: House, offer: Offer, before: Offer | None) -> Offer:
    """The offer as it can be signed here: under a plan of ours. What stands here as it is needs no further look."""
    if offer.plan not in house.plans:
        offer = replace(offer, plan=(before.plan if before else None) or house.plan)
    if before is not None and replace(before, product=offer.product) == offer:
        return offer
    if offer.tax_class and offer.tax_class not in house.taxes:
        reason = f"{offer.sku}: there is no tax class “{offer.tax_class}” here. Add it to your shop's terms, or change the line."
        raise _Refused(reason, "unknown-tax")
    for noun, attribute in _PROFILES:
        name = getattr(offer, attribute)
        if name and shelf.record(house.feed, (noun, name)) is None and not house.brought((noun, name)):
            reason = f"{offer.sku}: there is no {WORDS[noun]} “{name}” here. Make it, or put its line before this one."
            raise _Refused(reason, "no-profile")
    refused = refusal(house.unit, offer) if offer.brand is not None else None
    if refused is not None:
        raise _Refused(f"{words_of(refused)} Follow the brand's catalog and offer it there, or leave the line out."[:300], "no-brand")
    if len(to_bytes(offer)) > MAX_RECORD_BYTES:
        raise _Refused(f"{offer.sku}: its offer takes more than 64 KiB. Shorten it.", "too-large")
    return offer


def _outcome(changes: list[Change]) -> str:
    names = {change.field for change in changes}
    if not names:
        return "same"
    return "price" if names <= _PRICES else "stock" if names <= _PIECES else "changed"
