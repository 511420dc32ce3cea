"""Our catalog as products of the intermediate shape, some at a time, for a file of any format; or each record as it is, for our own."""

from dataclasses import dataclass

from node.errors import NotFound
from node.model.catalog import Span
from node.model.listing import Exact, Option, ProductRow, Sale, VariantRow
from protocol.codec import from_bytes, from_checked
from protocol.offer import Offer, Stock
from protocol.operations import Noun, Slot
from protocol.product import Product, Variant, product_id

from .catalog import CatalogUnit, require_writer, usual_currency
from .catalog_whole import require_whole

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """Products in the order of their handles, and what to go on after; None: that was the last."""

    products: tuple[ProductRow, ...]
    after: str | None


def feed_to_export(unit: CatalogUnit, currency: str = "") -> tuple[bytes, str]:
    """Our feed of this currency ("": the only one, or that chosen at set-up) and the currency. Raises NotFound."""
    require_writer(unit)
    require_whole(unit)
    feeds = {row.currency: row.feed for row in unit.catalog.feeds(own=True)}
    chosen = currency or usual_currency(unit)
    if chosen not in feeds:
        known = f" You have one in {', '.join(sorted(feeds))}." if feeds else " Import your products first."
        raise NotFound(f"You have no catalog in {chosen or 'any currency'}.{known}")
    return feeds[chosen], chosen


def read_stretch(unit: CatalogUnit, feed: bytes, currency: str, after: str = "") -> Stretch:
    """The next products."""
    found: list[ProductRow] = []
    last = ""
    for entry in unit.catalog.slots(feed, Span((Noun.PRODUCT, after))):
        if entry.noun is not Noun.PRODUCT or entry.record is None:
            break
        last = entry.name
        row = _row(unit, feed, from_bytes(Product, entry.record), currency)
        if row is not None:
            found.append(row)
        if len(found) == _AT_ONCE:
            return Stretch(tuple(found), last)
    return Stretch(tuple(found), None)


_ORDER = (Noun.SHIPPING, Noun.RETURNS, Noun.PRODUCT, Noun.OFFER)
"""What offers name stands before them."""


def read_records(unit: CatalogUnit, feed: bytes, currency: str, after: str = "") -> Stretch:  # noqa: ARG001  as `read_stretch`
    """The next records, whole: each product with its offers; then offers of others' products. `after` is of the stretch before."""
    noun, _, name = after.partition(" ") if after else (_ORDER[0].value, "", "")
    found: list[ProductRow] = []
    last, count = "", 0
    for entry in unit.catalog.slots(feed, Span((Noun(noun), name))):
        if entry.noun.value != noun or entry.record is None:
            break
        last, count = entry.name, count + 1
        exact = _exact(unit, feed, (entry.noun, entry.name), entry.record)
        if exact is not None:
            found.append(ProductRow(entry.name, entry.name, "", "", "", (), (), (), (), 0, exact=exact))
        if count == _AT_ONCE:
            return Stretch(tuple(found), f"{noun} {last}")
    place = _ORDER.index(Noun(noun)) + 1
    return Stretch(tuple(found), f"{_ORDER[place].value} " if place < len(_ORDER) else None)


def _exact(unit: CatalogUnit, feed: bytes, slot: Slot, record: bytes) -> Exact | None:
    """The record with those that go along; None for an offer that goes along with its product."""
    if slot[0] is Noun.OFFER:
        own = unit.catalog.handles(feed, [from_checked(Offer, record).product])
        return None if own else Exact(Noun.OFFER, record)
    if slot[0] is not Noun.PRODUCT:
        return Exact(slot[0], record)
    raws = (unit.catalog.record(feed, (Noun.OFFER, variant.sku)) for variant in from_checked(Product, record).variants)
    id_ = product_id(record)
    return Exact(Noun.PRODUCT, record, tuple(raw for raw in raws if raw is not None and from_checked(Offer, raw).product == id_))


def _row(unit: CatalogUnit, feed: bytes, product: Product, currency: str) -> ProductRow | None:
    """A product with what can be bought of it; None where nothing can."""
    variants = []
    for variant in product.variants:
        raw = unit.catalog.record(feed, (Noun.OFFER, variant.sku))
        if raw is not None:
            variants.append(_variant(product, variant, from_bytes(Offer, raw), currency))
    if not variants:
        return None
    options = tuple(
        Option(name, tuple(dict.fromkeys(item.options[at] for item in variants if item.options[at])))
        for at, name in enumerate(product.options)
    )
    images = tuple(image.url for image in product.images if image.url)
    return ProductRow(
        product.handle,
        product.title,
        product.description,
        product.vendor,
        product.category,
        product.tags,
        options,
        images,
        tuple(variants),
        0,
        product.google_category,
        product.origin or "",
    )


def _variant(product: Product, variant: Variant, offer: Offer, currency: str) -> VariantRow:
    size = variant.size or product.size
    sale = min(offer.promotions or (), key=lambda item: (item.end, item.start), default=None)
    return VariantRow(
        sku=variant.sku,
        title="" if variant.title == product.title else variant.title,
        options=variant.values,
        price_minor=offer.price.minor,
        compare_at_minor=offer.compare_at.minor if offer.compare_at else None,
        currency=currency,
        gtin=variant.gtin or "",
        stock=offer.count,
        in_stock=None if offer.stock is Stock.UNKNOWN else offer.stock is not Stock.OUT,
        weight_grams=variant.weight or product.weight,
        taxable=offer.tax_class != "none",
        image="",
        row=0,
        mpn=variant.mpn or product.mpn or "",
        size_mm=(size.length, size.width, size.height) if size else None,
        sale=Sale(sale.price.minor, sale.start, sale.end - 1) if sale and sale.price.minor < offer.price.minor else None,
    )
