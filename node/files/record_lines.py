"""Lines of our own product file that hold whole records: a product with its offers, a shipping profile, a return policy, an offer of a
brand's product. What is exported so comes back byte for byte (docs/catalog-imports.md).

A line is a record or it is told: nothing is cut. What the catalog has to say of it comes later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from node.model.listing import CODES, Exact, ProductRow, Skipped, VariantRow
from node.model.record_words import words_of
from protocol.codec import from_bytes, from_checked, to_bytes
from protocol.errors import Malformed, ProtocolError
from protocol.offer import Offer, Stock
from protocol.operations import MAX_RECORD_BYTES, RECORDS, Noun, Record, slot_of
from protocol.product import Image, Product

from .named_records import named, record_of
from .pictures_at import why_not

OFFERS = "offers"
_NO_PRODUCT = bytes(32)
"""In the place of the product's id, which is known once the product is."""
_TITLES = {Noun.SHIPPING: "Shipping profile", Noun.RETURNS: "Return policy", Noun.OFFER: "Offer of a brand's product"}
_KINDS = frozenset({*(noun.value for noun in Noun), OFFERS})


def is_record(given: object) -> bool:
    """Whether a line holds a record, not the short form."""
    return isinstance(given, dict) and bool(_KINDS & given.keys()) and "handle" not in given


class RecordLines:
    """The lines of one file: each SKU is sold once, by the row that `owners` say."""

    def __init__(self, currency: str, owners: dict[str, int]) -> None:
        self._currency, self._owners = currency, owners

    def read(self, number: int, given: Mapping[str, Any]) -> ProductRow | Skipped:
        """The line's records, or why they are none."""
        body = given.get(Noun.PRODUCT, given.get(Noun.OFFER))
        about = body if isinstance(body, dict) else {}
        title, sku = (str(about.get(name, ""))[:200] for name in ("title", "sku"))
        try:
            found = self._read(number, given)
        except ProtocolError as error:
            code = error.code if error.code in CODES else "bad-field"
            return Skipped(number, words_of(error), sku or _first_sku(given), title, code=code)
        for variant in found.variants:
            first = self._owners.setdefault(variant.sku, number)
            if first != number:
                reason = f"The SKU {variant.sku} is already in row {first}; one SKU can be sold once. Give it another SKU."
                return Skipped(number, reason, variant.sku, found.title, code="sku-taken")
        return found

    def _read(self, number: int, given: Mapping[str, Any]) -> ProductRow:
        kinds = [name for name in given if name != OFFERS]
        if len(kinds) != 1 or kinds[0] not in _KINDS or (OFFERS in given and kinds[0] != Noun.PRODUCT):
            text = "A line holds a product with its offers, or one of: shipping, returns, offer. Write each on a line of its own"
            raise Malformed(text, code="not-a-product")
        noun = Noun(kinds[0])
        if noun is Noun.PRODUCT:
            return self._product(number, given)
        record = _checked(record_of(RECORDS[noun], given[noun]))
        self._require_currency(record)
        name = slot_of(record)[1]
        variants = (_variant(record, record.sku, number),) if isinstance(record, Offer) else ()
        return _row(f"{noun}: {name}", f"{_TITLES[noun]}: {name}", variants, number, Exact(noun, to_bytes(record)))

    def _product(self, number: int, given: Mapping[str, Any]) -> ProductRow:
        product, notes = _safe(_checked(record_of(Product, given[Noun.PRODUCT])))
        listed = given.get(OFFERS) or []
        if not isinstance(listed, list):
            raise Malformed("The offers of a product are a list, one for each SKU that is sold", code="bad-field")
        offers: dict[str, Offer] = {}
        for item in listed:
            offer = _checked(record_of(Offer, item, product=_NO_PRODUCT))
            self._require_currency(offer)
            if product.variant(offer.sku) is None or offer.sku in offers:
                raise Malformed(
                    f"The offer for {offer.sku} is for no variant of this product, or its second. Leave it out", code="bad-field"
                )
            offers[offer.sku] = offer
        skus = sorted((variant.sku for variant in product.variants), key=lambda sku: sku not in offers)
        variants = tuple(_variant(offers.get(sku), sku, number) for sku in skus)
        exact = Exact(Noun.PRODUCT, to_bytes(product), tuple(map(to_bytes, offers.values())))
        return _row(product.handle, product.title, variants, number, exact, notes)

    def _require_currency(self, record: Record) -> None:
        said = record.price.currency if isinstance(record, Offer) else getattr(record, "currency", self._currency)
        if said != self._currency:
            text = f"It is priced in {said}, and the file says that its prices are in {self._currency}. Import each currency by itself"
            raise Malformed(text, code="currency")


def _first_sku(given: Mapping[str, Any]) -> str:
    body = given.get(Noun.PRODUCT)
    listed = body.get("variants") if isinstance(body, dict) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    return str(first.get("sku", ""))[:200] if isinstance(first, dict) else ""


def _checked(record: Any) -> Any:
    """A record whose bytes whoever receives them can read."""
    raw = to_bytes(record)
    if len(raw) > MAX_RECORD_BYTES:
        raise Malformed("It takes more than 64 KiB. Shorten its texts, or divide it", code="too-large")
    names = [slot_of(record)[1]] + ([variant.sku for variant in record.variants] if isinstance(record, Product) else [])
    if not all(map(str.isprintable, names)):
        raise Malformed("A name, a handle and a SKU are of letters, digits and signs that can be seen. Write it anew", code="bad-field")
    return from_bytes(type(record), raw, max_bytes=MAX_RECORD_BYTES)


def _safe(product: Product) -> tuple[Product, tuple[str, ...]]:
    """Without addresses of pictures that lead nowhere, or inside; with a note of each."""
    notes: list[str] = []
    images: list[Image] = []
    for image in product.images:
        reason = why_not(image.url) if image.url else ""
        if reason:
            notes.append(f"The address of a picture was left out: “{(image.url or '')[:80]}” {reason}.")
        if not reason or image.hash is not None:
            images.append(replace(image, url=None) if reason else image)
    return (replace(product, images=tuple(images)) if notes else product), tuple(notes[:20])


def _row(handle: str, title: str, variants: tuple[VariantRow, ...], number: int, exact: Exact, notes: tuple[str, ...] = ()) -> ProductRow:
    return ProductRow(handle, title, "", "", "", (), (), (), variants, number, notes=notes, exact=exact)


def _variant(offer: Offer | None, sku: str, number: int) -> VariantRow:
    price = offer.price if offer else None
    in_stock = offer is not None and offer.stock is not Stock.OUT
    return VariantRow(
        sku, "", (), price.minor if price else 0, None, price.currency if price else "", "", None, in_stock, None, True, "", number
    )


# --- writing


def line_of(exact: Exact) -> bytes:
    """The line that holds these records."""
    line: dict[str, Any] = {exact.noun.value: named(from_checked(RECORDS[exact.noun], exact.record))}
    if exact.offers:
        line[OFFERS] = [named(offer, without="product") for offer in _offers(exact)]
    return msgspec.json.encode(line) + b"\n"


def _offers(exact: Exact) -> Iterator[Offer]:
    return (from_checked(Offer, raw) for raw in exact.offers)
