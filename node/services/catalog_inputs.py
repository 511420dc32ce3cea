"""Products and offers as a person writes them: hashes as hex, empty lists for what is absent; and the records they become.

It decides no rule of a record: reading the bytes back does, as everyone who receives them will.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from node.errors import UserError
from node.model.record_words import words_of
from protocol.codec import from_bytes, to_bytes
from protocol.errors import ProtocolError
from protocol.money import Money
from protocol.offer import BrandTerms, Offer, Promotion, RankPrice, Stock
from protocol.operations import MAX_RECORD_BYTES, Record
from protocol.product import Image, Product, Size, Translation, Variant, Withdrawal

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class PictureInput:
    """A picture by address, by hash (hex), or both; `thumbnail`: the hash of its small form."""

    url: str = ""
    hash: str = ""
    alt: str = ""
    thumbnail: str = ""


@dataclass(frozen=True, slots=True)
class ProductInput:
    """All that a product may say. `plans`: hashes (hex) of the only brand plans under which it may be offered. Times in ms."""

    handle: str
    title: str
    variants: tuple[Variant, ...]
    description: str = ""
    vendor: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    images: tuple[PictureInput, ...] = ()
    volume: tuple[Money, ...] = ()
    plans: tuple[str, ...] = ()
    valid_from: int | None = None
    valid_to: int | None = None
    withdrawal: Withdrawal | None = None
    mpn: str | None = None
    weight: int | None = None
    size: Size | None = None
    suggested: tuple[Money, ...] = ()
    ingredients: str | None = None
    language: str | None = None
    translations: tuple[Translation, ...] = ()
    google_category: int | None = None
    origin: str | None = None
    care: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferInput:
    """All that an offer may say. `handle` names the product in this catalog; of a brand's product `brand_feed`, `brand_handle` and
    `brand_plan` (hex) name it instead. `plan`: the commission plan's hash (hex). Times in ms.
    """

    sku: str
    price: Money
    handle: str = ""
    compare_at: Money | None = None
    ranks: tuple[RankPrice, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    stock: Stock = Stock.UNKNOWN
    count: int | None = None
    tax_class: str = ""
    shipping_profile: str = ""
    returns: str | None = None
    plan: str = ""
    brand_feed: str = ""
    brand_handle: str = ""
    brand_plan: str = ""
    least: int | None = None
    most: int | None = None
    valid_from: int = 0
    valid_to: int | None = None
    available_from: int | None = None
    available_to: int | None = None


_MAY_BE_ABSENT = frozenset({"volume", "plans", "suggested", "translations", "warnings", "ranks", "promotions"})


def product_of(given: ProductInput) -> Product:
    """The record. Raises UserError with what is wrong."""
    values = {item.name: _absent(item.name, getattr(given, item.name)) for item in fields(given)}
    values["images"] = tuple(
        Image(item.url or None, _hash(item.hash), item.alt or None, thumbnail=_hash(item.thumbnail)) for item in given.images
    )
    values["plans"] = tuple(id_of(plan) for plan in given.plans) or None
    return checked(Product, values)


def offer_of(given: OfferInput, product: bytes) -> Offer:
    """The record, for the product with this id. Raises UserError with what is wrong."""
    own = {"handle", "brand_feed", "brand_handle", "brand_plan"}
    values = {item.name: _absent(item.name, getattr(given, item.name)) for item in fields(given) if item.name not in own}
    values |= {"product": product, "plan": id_of(given.plan) if given.plan else None, "returns": given.returns or None}
    if given.brand_feed:
        values["brand"] = BrandTerms(id_of(given.brand_feed), given.brand_handle, id_of(given.brand_plan))
    return checked(Offer, values)


def product_input(product: Product) -> ProductInput:
    """A record as it is edited."""
    values = {item.name: _present(item.name, getattr(product, item.name)) for item in fields(ProductInput)}
    values["images"] = tuple(
        PictureInput(item.url or "", (item.hash or b"").hex(), item.alt or "", (item.thumbnail or b"").hex()) for item in product.images
    )
    values["plans"] = tuple(plan.hex() for plan in product.plans or ())
    return ProductInput(**values)


def offer_input(offer: Offer, handle: str) -> OfferInput:
    """A record as it is edited; `handle` names its product."""
    own = {"handle", "brand_feed", "brand_handle", "brand_plan"}
    values = {item.name: _present(item.name, getattr(offer, item.name)) for item in fields(OfferInput) if item.name not in own}
    values |= {"plan": offer.plan.hex() if offer.plan else "", "handle": "" if offer.brand else handle}
    if offer.brand:
        values |= {"brand_feed": offer.brand.feed.hex(), "brand_handle": offer.brand.handle, "brand_plan": offer.brand.plan.hex()}
    return OfferInput(**values)


def checked(kind: type[R], values: dict[str, Any]) -> R:
    """A record that whoever receives it can read. Raises UserError with its code."""
    try:
        return from_bytes(kind, to_bytes(kind(**values)), max_bytes=MAX_RECORD_BYTES)
    except ProtocolError as error:
        raise UserError(words_of(error), code=error.code) from error


def _absent(name: str, value: Any) -> Any:
    return None if name in _MAY_BE_ABSENT and not value else value


def _present(name: str, value: Any) -> Any:
    return () if name in _MAY_BE_ABSENT and value is None else value


def _hash(text: str) -> bytes | None:
    return id_of(text) if text else None


def id_of(text: str) -> bytes:
    """An id or hash from its hex. Raises UserError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UserError(f"{text[:20]!r} is no id: copy its 64 letters and digits from the list.", code="bad-request") from None
