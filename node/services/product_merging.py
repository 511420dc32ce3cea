"""A product of a file beside what the catalog has: by SKU it is the same, what the file says counts, what only the catalog has stays.

It decides what would be written and what that changes. It reads the catalog and writes nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from node.model.listing import ProductRow, VariantRow
from node.model.product_import import MOST_CHANGES, SHOWN, Change
from node.model.record_words import words_of
from protocol.codec import from_tree, to_bytes
from protocol.country import CODES
from protocol.encoding import peek
from protocol.errors import Malformed, ProtocolError
from protocol.money import Money, exponent
from protocol.offer import Offer, Promotion, Stock
from protocol.operations import MAX_RECORD_BYTES, Noun, Operation, Record, Slot, Verb, put, remove
from protocol.product import HEAVIEST, LONGEST_SIDE, Image, Product, Size, Variant, product_id

FEW = 5
SALE = "Sale"
"""The promotion that a file's sale becomes: by its name the next file finds it again."""
MOST_VARIANTS = 500
_MOST_IMAGES, _LONGEST_ADDRESS, _MOST_PROMOTIONS = 50, 2_000, 32
_LAST_DAY = 253_402_300_799_999  # of the year 9999
_MOST_BYTES, _FRAME = 4, 64  # of a character, around a text
_WORDS = ("title", "vendor", "category")
_OF_VARIANT = frozenset(("gtin", "mpn", "weight"))
R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Shelf(Protocol):
    """What is read of the catalog."""

    def record(self, feed: bytes, slot: Slot) -> bytes | None: ...  # noqa: D102


class Looked:
    """A shelf that is asked once for each slot; without a feed there is nothing on it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[Slot, bytes | None] = {}
        self._offers: dict[str, Offer | None] = {}

    def record(self, feed: bytes, slot: Slot) -> bytes | None:
        """The bytes in a slot."""
        if not feed:
            return None
        if slot not in self._known:
            self._known[slot] = self._shelf.record(feed, slot)
        return self._known[slot]

    def offer(self, feed: bytes, sku: str) -> Offer | None:
        """The offer for a SKU."""
        if sku not in self._offers:
            raw = self.record(feed, (Noun.OFFER, sku))
            self._offers[sku] = None if raw is None else ours(Offer, raw)
        return self._offers[sku]


def ours(kind: type[R], record: bytes) -> R:
    """A record of a feed of ours: it was checked when it was signed."""
    return from_tree(kind, peek(record))


@dataclass(frozen=True, slots=True)
class Merged:
    """What would be written of a product, and how that differs. `reason`: why it cannot be, then nothing else counts."""

    outcome: str
    handle: str
    operations: tuple[Operation, ...] = ()
    changes: tuple[Change, ...] = ()
    reason: str = ""
    code: str = ""
    promotions: int = 0
    """SKUs that come by a promotion they did not have."""


@dataclass(frozen=True, slots=True)
class Found:
    """A product of the catalog with its offers, as they stand."""

    product: Product
    raw: bytes
    offers: dict[str, Offer]


def merged(
    shelf: Looked, feed: bytes, row: ProductRow, handle: str, plan: bytes | None, *, whole: bool, priced: bool, look: bool
) -> Merged:
    """`row` over the product `handle` of the catalog (which need not be there). `whole`: SKUs that the file does not name go.

    `priced`: with offers; a brand's catalog has none. `look`: what would be written is not needed, only how it differs.
    """
    before = standing(shelf, feed, handle)
    other = of_another(shelf, feed, row, before) if look else ""  # what is written was looked at first
    if other:
        reason = f"The SKU {other} belongs to another of your products. Give it another SKU, or withdraw it there."
        return Merged("error", handle, reason=reason, code="sku-of-another")
    if before is None and not row.title:
        reason = "It has no title, and its SKU is not in your catalog. Import it with a title first."
        return Merged("error", handle, reason=reason, code="no-title")
    try:
        product = _product(row, before, handle, whole=whole)
        if before is None and look and _is_small(row):
            return Merged("new", handle)
        raw = to_bytes(product)
        _check_fits(product, raw)
        name = product_id(raw)
        offers = _offers(row, before, name, plan) if priced else []
        named = {offer.sku for offer in offers}
        kept = [replace(offer, product=name) for sku, offer in before.offers.items() if sku not in named] if before else []
    except ProtocolError as problem:
        return Merged("error", handle, reason=f"It does not fit into a catalog. {words_of(problem)}"[:300], code="too-large")
    if before is None and not look:
        return Merged("new", handle, (Operation(Verb.PUT_PRODUCT, handle, raw), *map(put, offers)))
    stays = {variant.sku for variant in product.variants}
    gone = [offer.sku for offer in kept if offer.sku not in stays]
    changes = _changes(before, product, offers, gone) if before else []
    outcome = _outcome(changes) if before else "new"
    if look or outcome == "same":
        fresh = sum(_is_promoted(before, offer) for offer in offers)
        return Merged(outcome, handle, (), tuple(changes[:MOST_CHANGES]), promotions=fresh)
    puts = (put(offer) for offer in (*offers, *kept) if offer.sku in stays)
    operations = (Operation(Verb.PUT_PRODUCT, handle, raw), *puts, *(remove(Noun.OFFER, sku) for sku in gone))
    return Merged(outcome, handle, operations, tuple(changes[:MOST_CHANGES]))


def _is_small(row: ProductRow) -> bool:
    """Whether it needs no encoding to see that it fits into a record: few texts, and no sale to be checked."""
    if len(row.variants) > FEW or any(variant.dated for variant in row.variants):
        return False
    texts = [row.title, row.description, row.vendor, row.category, *row.tags, *row.images]
    for variant in row.variants:
        texts += (variant.sku, variant.title, variant.mpn, *variant.options)
    return _MOST_BYTES * sum(map(len, texts)) + _FRAME * len(texts) < MAX_RECORD_BYTES


def _check_fits(product: Product, raw: bytes) -> None:
    """What came together from file and catalog is still one record. Raises Malformed."""
    if len(raw) > MAX_RECORD_BYTES or len(product.variants) > MOST_VARIANTS:
        raise Malformed(f"with what your catalog has it is more than {MOST_VARIANTS} variants or 64 KiB", code="too-large")


def _offers(row: ProductRow, before: Found | None, product: bytes, plan: bytes | None) -> list[Offer]:
    return [_offer(variant, before.offers.get(variant.sku) if before else None, product, plan) for variant in row.variants]


def _changes(before: Found, product: Product, offers: Sequence[Offer], gone: Sequence[str]) -> list[Change]:
    changes = [*_of_product(before.product, product), *(change for offer in offers for change in _of_offer(before, offer))]
    return [*changes, *(Change("withdrawn", sku, _price(before.offers[sku]), "") for sku in gone)]


def withdrawn(shelf: Shelf, feed: bytes, handle: str) -> Iterator[Operation]:
    """What takes a product away, with its offers."""
    before = found(shelf, feed, handle)
    if before is not None:
        for sku in sorted(before.offers):
            yield remove(Noun.OFFER, sku)
        yield remove(Noun.PRODUCT, handle)


def found(shelf: Shelf, feed: bytes, handle: str) -> Found | None:
    """The product with this handle."""
    return standing(Looked(shelf), feed, handle)


def standing(shelf: Looked, feed: bytes, handle: str) -> Found | None:
    """`found`, of a shelf that is asked once."""
    raw = shelf.record(feed, (Noun.PRODUCT, handle))
    if raw is None:
        return None
    product = ours(Product, raw)
    offers = ((variant.sku, shelf.offer(feed, variant.sku)) for variant in product.variants)
    return Found(product, raw, {sku: offer for sku, offer in offers if offer is not None})


def of_another(shelf: Looked, feed: bytes, row: ProductRow, before: Found | None) -> str:
    """A SKU of the row that another product of the catalog has."""
    for variant in row.variants:
        if before is None or variant.sku not in before.offers:
            offer = shelf.offer(feed, variant.sku)
            if offer is not None and (before is None or offer.product != product_id(before.raw)):
                return variant.sku
    return ""


def _product(row: ProductRow, before: Found | None, handle: str, *, whole: bool) -> Product:
    if before is None:
        return new_product(row, handle)
    was = before.product
    if not row.title:
        return was  # a list of prices or of stock
    options = was.options if row.plain else tuple(option.name for option in row.options)
    cleared = {name for variant in row.variants for name in variant.cleared}

    def over(name: str, said: T, stood: T, none: T) -> T:
        return said or (none if name in cleared else stood)

    return replace(
        was,
        title=row.title,
        description=over("description", row.description[:20_000], was.description, ""),
        vendor=over("vendor", row.vendor[:200], was.vendor, ""),
        category=over("category", row.category[:500], was.category, ""),
        tags=over("tags", row.tags[:250], was.tags, ()),
        options=options,
        images=_images(row, was, clears=bool(cleared & {"image", "images"})),
        variants=_variants(row, was, keep=not whole and options == was.options),
        google_category=over("google_category", row.google_category or None, was.google_category, None),
        origin=over("origin", _origin(row), was.origin, None),
    )


def _images(row: ProductRow, was: Product, *, clears: bool) -> tuple[Image, ...]:
    """The pictures that the file names, each as it was known; those that were put here by hand stay, first as they were put.
    `clears`: where it names none, there is none but those.
    """
    if not row.images and not clears:
        return was.images
    known = {image.url: image for image in was.images if image.url}
    by_hand = tuple(image for image in was.images if not image.url)
    return (*by_hand, *(known.get(url, Image(url=url)) for url in row.images if len(url) <= _LONGEST_ADDRESS))[:_MOST_IMAGES]


def _variants(row: ProductRow, was: Product, *, keep: bool) -> tuple[Variant, ...]:
    """Those of the file, each over what it was; with `keep` also those that only the catalog has, where they were."""
    known = {variant.sku: variant for variant in was.variants}
    came: dict[str, Variant] = {}
    for item in row.variants:
        fresh = new_variant(item, row.title)
        old = known.get(item.sku)
        if row.plain and was.options:  # the file says nothing of options
            fresh = replace(fresh, title=old.title if old else fresh.title, values=old.values if old else ("",) * len(was.options))
        came[item.sku] = fresh if old is None else _over(old, fresh, item.cleared)
    if not keep:
        return tuple(came.values())
    standing = [came.pop(variant.sku, variant) for variant in was.variants]
    return (*standing, *came.values())


def _over(old: Variant, fresh: Variant, cleared: Collection[str]) -> Variant:
    """What the file says over what was there, or instead of it where an empty cell clears."""
    kept = {name: getattr(old, name) for name in ("gtin", "mpn", "weight", "size")} | dict.fromkeys(_OF_VARIANT & {*cleared})
    return replace(
        old,
        title=fresh.title,
        values=fresh.values,
        **{name: getattr(fresh, name) or stood for name, stood in kept.items()},
    )


def _counted_alike(variant: VariantRow, fresh: Offer, before: Offer) -> bool:
    """Whether a file that knows only whether there are pieces says what they were counted to be."""
    return "count" in variant.silent and before.count is not None and (before.count == 0) == (fresh.stock is Stock.OUT)


def _offer(variant: VariantRow, before: Offer | None, product: bytes, plan: bytes | None) -> Offer:
    fresh = new_offer(variant, product, plan)
    if before is None:
        return fresh
    told = variant.in_stock is not None and "stock" not in variant.silent and not _counted_alike(variant, fresh, before)
    stock, count = (fresh.stock, fresh.count) if told else (before.stock, None if "stock" in variant.cleared else before.count)
    compare_at = fresh.compare_at
    if compare_at is None and "compare_at" in variant.silent and before.compare_at and before.compare_at.minor > fresh.price.minor:
        compare_at = before.compare_at
    promotions = before.promotions if "sale" in variant.silent else _promotions(before, fresh)
    return replace(before, product=product, price=fresh.price, compare_at=compare_at, stock=stock, count=count, promotions=promotions)


def _promotions(before: Offer, fresh: Offer) -> tuple[Promotion, ...] | None:
    """The sale of the file, and what was put here by hand. One that is known by another name stays as it is."""
    by_hand = tuple(item for item in before.promotions or () if item.name != SALE)
    known = {(item.price, item.start, item.end) for item in by_hand}
    came = tuple(item for item in fresh.promotions or () if (item.price, item.start, item.end) not in known)
    return (*came, *by_hand)[:_MOST_PROMOTIONS] or None


def _is_promoted(before: Found | None, offer: Offer) -> bool:
    was = before.offers.get(offer.sku) if before else None
    return not set(offer.promotions or ()) <= set((was.promotions if was else None) or ())


# --- what a file says, as records


def new_product(row: ProductRow, handle: str = "") -> Product:
    """A product as the file has it, under its handle or another."""
    return Product(
        handle=handle or row.handle,
        title=row.title,
        description=row.description[:20_000],
        vendor=row.vendor[:200],
        category=row.category[:500],
        tags=row.tags[:250],
        options=tuple(option.name for option in row.options),
        images=tuple(Image(url=url) for url in row.images[:50] if len(url) <= 2000),
        variants=tuple(new_variant(item, row.title) for item in row.variants),
        google_category=row.google_category or None,
        origin=_origin(row),
    )


def new_variant(item: VariantRow, title: str) -> Variant:
    """A variant as the file has it; what a record cannot hold is left out."""
    mpn = item.mpn.strip()
    return Variant(
        item.sku,
        item.title or title,
        item.options,
        item.gtin or None,
        mpn=mpn if mpn.isprintable() and any(map(str.isalnum, mpn)) else None,
        weight=item.weight_grams if item.weight_grams and item.weight_grams <= HEAVIEST else None,
        size=Size(*item.size_mm) if item.size_mm and all(0 < side <= LONGEST_SIDE for side in item.size_mm) else None,
    )


def new_offer(variant: VariantRow, product: bytes, plan: bytes | None) -> Offer:
    """An offer as the file has it: a sale whose end is known is a promotion, which ends by itself."""
    price, sale = variant.regular_minor, variant.dated
    regular = variant.compare_at_minor
    stock = _stock(variant)
    counted = variant.stock if variant.stock is not None and 0 <= variant.stock < 2**31 else None
    named: tuple[Promotion, ...] = ()
    if sale is not None and sale.ends is not None:
        named = (Promotion(SALE, Money(sale.price_minor, variant.currency), sale.starts, sale.ends + 1),)
    return Offer(
        sku=variant.sku,
        product=product,
        price=Money(price, variant.currency),
        stock=stock,
        tax_class="standard" if variant.taxable else "none",
        compare_at=Money(regular, variant.currency) if regular is not None and regular > price else None,
        promotions=named or None,
        plan=plan,
        count=None if counted == 0 and stock is not Stock.OUT else counted,
    )


def _origin(row: ProductRow) -> str | None:
    return row.origin if row.origin in CODES else None


def _stock(variant: VariantRow) -> Stock:
    if variant.in_stock is None:
        return Stock.UNKNOWN
    if not variant.in_stock:
        return Stock.OUT
    return Stock.LOW if variant.stock is not None and 0 < variant.stock <= FEW else Stock.IN_STOCK


# --- what differs


def _of_product(was: Product, now: Product) -> list[Change]:
    if was == now:
        return []
    changes = [Change(name, "", _short(getattr(was, name)), _short(getattr(now, name))) for name in (*_WORDS, "description")]
    changes.append(Change("tags", "", _short(", ".join(was.tags)), _short(", ".join(now.tags))))
    changes.append(Change("options", "", ", ".join(was.options), ", ".join(now.options)))
    changes.append(Change("pictures", "", _pictures(was), _pictures(now)))
    changes += [
        Change(name.replace("_", " "), "", str(getattr(was, name) or ""), str(getattr(now, name) or ""))
        for name in ("google_category", "origin")
    ]
    old, new = ({item.sku: item for item in product.variants} for product in (was, now))
    changes += [Change("SKU", sku, "", _short(variant.title)) for sku, variant in new.items() if sku not in old]
    for sku, variant in new.items():
        if sku in old and old[sku] != variant:
            changes += _of_variant(old[sku], variant)
    return [change for change in changes if change.before != change.after] or [Change("details", "", "", "changed")]


def _of_variant(was: Variant, now: Variant) -> list[Change]:
    pairs = (
        ("name", was.title, now.title),
        ("options", " / ".join(was.values), " / ".join(now.values)),
        ("GTIN", was.gtin or "", now.gtin or ""),
        ("maker's number", was.mpn or "", now.mpn or ""),
        ("weight", f"{was.weight or ''}", f"{now.weight or ''}"),
    )
    return [Change(field, now.sku, _short(before), _short(after)) for field, before, after in pairs if before != after]


def _of_offer(before: Found, offer: Offer) -> list[Change]:
    was = before.offers.get(offer.sku)
    if was is None:
        sale = [Change("promotion", offer.sku, "", _days(offer))] if offer.promotions else []
        return [Change("price", offer.sku, "", _price(offer)), *sale]
    pairs = (
        ("price", _price(was), _price(offer)),
        ("price before", amount(was.compare_at), amount(offer.compare_at)),
        ("promotion", _days(was), _days(offer)),
        ("stock", _pieces(was), _pieces(offer)),
    )
    return [Change(field, offer.sku, old, new) for field, old, new in pairs if old != new]


def _days(offer: Offer) -> str:
    """Its promotions: “18.00 EUR until 2026-12-31”."""
    told = (f"{amount(item.price)}{_day(' from', item.start)}{_day(' until', item.end - 1)}" for item in offer.promotions or ())
    return _short("; ".join(told))


def _day(word: str, at: int) -> str:
    """A day in UTC; nothing for the beginning of all."""
    return f"{word} {datetime.fromtimestamp(min(at, _LAST_DAY) / 1000, UTC).date().isoformat()}" if at else ""


def _pieces(offer: Offer) -> str:
    return offer.stock.value if offer.count is None else f"{offer.stock.value}, {offer.count}"


def _outcome(changes: Collection[Change]) -> str:
    fields = {change.field for change in changes}
    if not fields:
        return "same"
    if fields <= {"price", "price before", "promotion", "stock"}:
        return "stock" if fields == {"stock"} else "price"
    return "changed"


def _pictures(product: Product) -> str:
    first = next((image.url or "by hash" for image in product.images), "")
    return f"{len(product.images)}: {first}"[:SHOWN] if product.images else "none"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _price(offer: Offer) -> str:
    return amount(offer.price)


def amount(money: Money | None) -> str:
    """As a decimal number with its currency, for a person."""
    if money is None:
        return ""
    decimals = exponent(money.currency)
    digits = str(money.minor).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]} {money.currency}" if decimals else f"{digits} {money.currency}"
