"""Drafts of a catalog of ours: products, offers, shipping profiles and return policies as they are to be, until they are signed.

Signing them is publishing.py. A draft remembers what stood there when it was begun, so that what is signed meanwhile is not undone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from node.errors import NotFound, UserError
from node.model.draft import Draft, Pile
from node.model.record_words import words_of
from protocol.brand_plan import check_offer
from protocol.codec import from_bytes, to_bytes
from protocol.errors import ProtocolError
from protocol.money import exponent
from protocol.offer import Offer
from protocol.operations import RECORDS, Noun, Record, Slot, slot_of
from protocol.product import Product, product_id
from protocol.return_policy import ReturnPolicy
from protocol.shipping import ShippingProfile

from .brand_plans import BrandsUnit
from .catalog import plan_for, require_writer
from .catalog_batches import BatchesUnit
from .catalog_inputs import OfferInput, ProductInput, checked, id_of, offer_input, offer_of, product_input, product_of
from .catalog_whole import require_whole
from .pricing import rates_of
from .profile_use import WORDS, require_unused

MOST_ROWS = 200


class DraftBook(Protocol):
    """Drafts as this service keeps them (node/store/drafts.py says what each does)."""

    def keep_pile(self, pile: Pile) -> None: ...  # noqa: D102
    def pile(self, pile: bytes, /) -> Pile | None: ...  # noqa: D102
    def open_pile(self, currency: str) -> Pile | None: ...  # noqa: D102
    def piles(self) -> Sequence[Pile]: ...  # noqa: D102
    def due(self, now: int) -> Sequence[Pile]: ...  # noqa: D102
    def spent(self) -> Sequence[Pile]: ...  # noqa: D102
    def join(self, pile: bytes, other: bytes) -> None: ...  # noqa: D102
    def drop_pile(self, pile: bytes) -> None: ...  # noqa: D102
    def put(self, pile: bytes, drafts: Iterable[Draft]) -> None: ...  # noqa: D102
    def get(self, pile: bytes, slot: Slot) -> Draft | None: ...  # noqa: D102
    def of_goods(self, pile: bytes, goods: str) -> Sequence[Draft]: ...  # noqa: D102
    def by_goods(self, pile: bytes) -> Iterator[list[Draft]]: ...  # noqa: D102
    def page(self, pile: bytes, after: tuple[str, str, str], limit: int) -> Sequence[Draft]: ...  # noqa: D102
    def count(self, pile: bytes) -> int: ...  # noqa: D102
    def naming(self, pile: bytes, part: bytes) -> tuple[int, int]: ...  # noqa: D102
    def drop(self, pile: bytes, slots: Iterable[Slot]) -> None: ...  # noqa: D102
    def drop_some(self, pile: bytes, rows: int) -> bool: ...  # noqa: D102


class DraftsUnit(BatchesUnit, BrandsUnit, Protocol):
    """What drafts need of a transaction."""

    @property
    def drafts(self) -> DraftBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SavedView:
    """A draft. `changes`: whether signing it would change anything; `drafts`: how many wait in this currency."""

    currency: str
    noun: str
    name: str
    changes: bool
    drafts: int


# --- looking


def get_product(unit: DraftsUnit, currency: str, handle: str) -> ProductInput:
    """A product as it would be once the drafts are signed. Raises NotFound."""
    record = found(unit, currency, (Noun.PRODUCT, handle))
    assert isinstance(record, Product)
    return product_input(record)


def get_offer(unit: DraftsUnit, currency: str, sku: str) -> OfferInput:
    """An offer as it would be once the drafts are signed. Raises NotFound."""
    record = found(unit, currency, (Noun.OFFER, sku))
    assert isinstance(record, Offer)
    return offer_input(record, goods_of(unit, currency, record))


def list_shipping(unit: DraftsUnit, currency: str) -> list[ShippingProfile]:
    """The shipping profiles as they would be."""
    return [record for record in _all(unit, currency, Noun.SHIPPING) if isinstance(record, ShippingProfile)]


def list_returns(unit: DraftsUnit, currency: str) -> list[ReturnPolicy]:
    """The return policies as they would be."""
    return [record for record in _all(unit, currency, Noun.RETURNS) if isinstance(record, ReturnPolicy)]


def found(unit: DraftsUnit, currency: str, slot: Slot) -> Record:
    """What a slot would hold. Raises NotFound."""
    raw = standing(unit, currency, slot)
    if raw is None:
        raise NotFound(f"There is no {slot[0]} named {slot[1]!r} in your {currency} catalog.")
    return from_bytes(RECORDS[slot[0]], raw)


def standing(unit: DraftsUnit, currency: str, slot: Slot) -> bytes | None:
    """What a slot would hold once the open drafts are signed."""
    pile = unit.drafts.open_pile(currency)
    draft = unit.drafts.get(pile.pile, slot) if pile else None
    return signed(unit, currency, slot) if draft is None else draft.record


def signed(unit: DraftsUnit, currency: str, slot: Slot) -> bytes | None:
    """What a slot of our feed holds."""
    feed = feed_of(unit, currency)
    return None if feed is None else unit.catalog.record(feed, slot)


def feed_of(unit: DraftsUnit, currency: str) -> bytes | None:
    """Our feed of a currency, None where there is none yet."""
    return next((row.feed for row in unit.catalog.feeds(own=True) if row.currency == currency), None)


def _all(unit: DraftsUnit, currency: str, noun: Noun) -> list[Record]:
    feed, pile = feed_of(unit, currency), unit.drafts.open_pile(currency)
    names = unit.catalog.names(feed, noun) if feed else set()
    if pile is not None:
        names |= {draft.slot[1] for draft in unit.drafts.of_goods(pile.pile, "") if draft.slot[0] is noun}
    raws = ((name, standing(unit, currency, (noun, name))) for name in sorted(names))
    return [from_bytes(RECORDS[noun], raw) for _, raw in raws if raw is not None]


# --- writing


def save_product(unit: DraftsUnit, currency: str, product: ProductInput) -> SavedView:
    """Draft a product, new or changed. Its offers are signed anew with it; those of variants that it no longer has go."""
    _require_writer(unit, currency)
    record = product_of(product)
    for variant in record.variants:
        other = _owner(unit, currency, variant.sku)
        if other not in (None, record.handle):
            text = f"The SKU {variant.sku} belongs to another of your products. Give it another SKU, or withdraw it there."
            raise UserError(text, code="duplicate-sku")
    return _save(unit, currency, record.handle, slot_of(record), to_bytes(record))


def save_offer(unit: DraftsUnit, currency: str, offer: OfferInput) -> SavedView:
    """Draft an offer, new or changed; without a plan it names the newest. Raises UserError with what does not fit."""
    _require_shop(unit)
    _require_writer(unit, currency)
    if not offer.plan:
        newest = plan_for(unit, currency)
        offer = replace(offer, plan=newest.hex() if newest else "")
    goods = "" if offer.brand_feed else offer.handle
    record = offer_of(offer, _brand_product(unit, offer) if offer.brand_feed else _own_product(unit, currency, offer))
    _check_offer(unit, currency, record)
    return _save(unit, currency, goods, slot_of(record), to_bytes(record))


def save_shipping(unit: DraftsUnit, currency: str, profile: ShippingProfile) -> SavedView:
    """Draft a shipping profile, new or changed."""
    _require_shop(unit)
    _require_writer(unit, currency)
    record = checked(ShippingProfile, _values(profile))
    if record.currency != currency:
        raise UserError(f"The profile's costs are in {record.currency}, your catalog's prices in {currency}.", code="currency")
    return _save(unit, currency, "", slot_of(record), to_bytes(record))


def save_returns(unit: DraftsUnit, currency: str, policy: ReturnPolicy) -> SavedView:
    """Draft a return policy, new or changed."""
    _require_shop(unit)
    _require_writer(unit, currency)
    record = checked(ReturnPolicy, _values(policy))
    return _save(unit, currency, "", slot_of(record), to_bytes(record))


def withdraw(unit: DraftsUnit, currency: str, noun: Noun, name: str) -> SavedView:
    """Draft that something goes: a product with its offers, an offer, a shipping profile or a return policy that no offer names.

    Raises NotFound, ConflictError `profile-in-use`.
    """
    _require_writer(unit, currency)
    record = found(unit, currency, (noun, name))
    pile = unit.drafts.open_pile(currency)
    require_unused(unit, feed_of(unit, currency), pile.pile if pile else None, (noun, name))
    goods = name if isinstance(record, Product) else goods_of(unit, currency, record) if isinstance(record, Offer) else ""
    return _save(unit, currency, goods, (noun, name), None)


def _save(unit: DraftsUnit, currency: str, goods: str, slot: Slot, record: bytes | None) -> SavedView:
    if record is not None and not slot[1].isprintable():
        raise UserError("A name, a handle and a SKU are of letters, digits and signs that can be seen.", code="bad-name")
    pile = open_pile(unit, currency)
    base = signed(unit, currency, slot)
    if record == base:
        unit.drafts.drop(pile.pile, [slot])
    else:
        unit.drafts.put(pile.pile, [Draft(goods, slot, record, base, unit.now)])
    touch(unit, pile)
    return SavedView(currency, slot[0].value, slot[1], record != base, unit.drafts.count(pile.pile))


def open_pile(unit: DraftsUnit, currency: str) -> Pile:
    """The pile that drafts of a currency go to."""
    pile = unit.drafts.open_pile(currency)
    if pile is None:
        pile = Pile(unit.random(32), currency, "", unit.now)
        unit.drafts.keep_pile(pile)
    return pile


def touch(unit: DraftsUnit, pile: Pile) -> None:
    """Its drafts changed: whoever prepared them for signing prepares them again."""
    unit.drafts.keep_pile(replace(pile, at=max(unit.now, pile.at + 1)))
    unit.touched("changes")


# --- what an offer refers to


def goods_of(unit: DraftsUnit, currency: str, offer: Offer) -> str:
    """The handle of the product an offer belongs to; empty for a brand's."""
    if offer.brand is not None:
        return ""
    pile, slot = unit.drafts.open_pile(currency), slot_of(offer)
    draft = unit.drafts.get(pile.pile, slot) if pile else None
    if draft is not None and draft.record is not None:
        return draft.goods
    record = unit.catalog.product(offer.product)
    return record.product.handle if record else ""


def _owner(unit: DraftsUnit, currency: str, sku: str) -> str | None:
    raw = standing(unit, currency, (Noun.OFFER, sku))
    return None if raw is None else goods_of(unit, currency, from_bytes(Offer, raw))


def _own_product(unit: DraftsUnit, currency: str, offer: OfferInput) -> bytes:
    raw = standing(unit, currency, (Noun.PRODUCT, offer.handle))
    if raw is None or from_bytes(Product, raw).variant(offer.sku) is None:
        text = f"No product {offer.handle!r} with the SKU {offer.sku} is in your {currency} catalog. Make the product first."
        raise UserError(text, code="unknown-product")
    return product_id(raw)


def _brand_product(unit: DraftsUnit, offer: OfferInput) -> bytes:
    raw = unit.catalog.record(id_of(offer.brand_feed), (Noun.PRODUCT, offer.brand_handle))
    if raw is None:
        raise UserError("That product is not in the brand's catalog: sync it first.", code="unknown-product")
    return product_id(raw)


def _check_offer(unit: DraftsUnit, currency: str, offer: Offer) -> None:
    if offer.price.currency != currency:
        raise UserError(f"The price is in {offer.price.currency}, this catalog's are in {currency}.", code="currency")
    for noun, name in ((Noun.SHIPPING, offer.shipping_profile), (Noun.RETURNS, offer.returns)):
        if name and standing(unit, currency, (noun, name)) is None:
            raise UserError(f"There is no {WORDS[noun]} named {name!r}. Make it first.", code="unknown-profile")
    require_tax_class(unit, offer.tax_class)
    plan = unit.catalog.plan(offer.plan) if offer.plan else None
    if offer.plan and (plan is None or plan.plan.merchant != unit.me.identity or plan.plan.currency != currency):
        raise UserError(f"That is no plan of yours in {currency}.", code="wrong-plan")
    if offer.brand is not None:
        raw, bounds = unit.catalog.record(offer.brand.feed, (Noun.PRODUCT, offer.brand.handle)), unit.brands.plan(offer.brand.plan)
        brand = unit.catalog.feed(offer.brand.feed)
        if raw is None or bounds is None or brand is None or plan is None:
            raise UserError("The brand's plan is not known here: sync its catalog first.", code="wrong-brand-plan")
        try:
            check_offer(offer, raw, from_bytes(Product, raw), bounds.bounds, plan.plan, brand=brand.identity, now=unit.now)
        except ProtocolError as error:
            raise UserError(words_of(error), code=error.code) from error


def require_tax_class(unit: DraftsUnit, name: str) -> None:
    """Raises UserError `unknown-tax`."""
    rates = rates_of(unit)
    if name and name not in rates:
        text = f"There is no tax class {name[:40]!r}: there are {', '.join(rates)}. Add it to your shop's terms first."
        raise UserError(text, code="unknown-tax")


def _require_shop(unit: DraftsUnit) -> None:
    if unit.me.role != "merchant":
        raise UserError("Only a merchant has offers, shipping profiles and return policies: a brand signs products.", code="not-a-merchant")


def _require_writer(unit: DraftsUnit, currency: str) -> None:
    require_writer(unit)
    require_whole(unit)
    try:
        exponent(currency)
    except ProtocolError as error:
        raise UserError(words_of(error), code=error.code) from error


def _values(record: Record) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}
