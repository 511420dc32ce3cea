"""Products: what is sold, without a price. Brands write them, and merchants whose goods are their own.

It decides what a product may say of itself and when that contradicts itself. It knows no offer and no feed (docs/protocol/05-catalog.md).
Fields that bind whoever sells have even keys; those that only describe have odd ones, which a node may keep without understanding.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .codec import key, refuse_empty
from .country import check_country
from .errors import Malformed
from .gtin import check_gtin
from .ids import digest
from .language import LONGEST as LONGEST_LANGUAGE
from .language import check_language
from .money import Money

MOST_CURRENCIES = 32
HEAVIEST = 100_000_000  # grams: a hundred tonnes
LONGEST_SIDE = 100_000  # millimetres


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by address, by hash, or both. It is fetched lazily and checked against the hash where there is one.

    `thumbnail` is the hash of its small form, as its writer made it.
    """

    OPEN_ENDED = True
    url: str | None = key(0, longest=2000, default=None)
    hash: bytes | None = key(2, size=32, default=None)
    alt: str | None = key(4, longest=500, default=None)
    thumbnail: bytes | None = key(7, size=32, default=None)


@dataclass(frozen=True, slots=True)
class Size:
    """Length, width and height as packed, in millimetres."""

    OPEN_ENDED = True
    length: int = key(0)
    width: int = key(2)
    height: int = key(4)

    def __post_init__(self) -> None:
        if not all(0 < side <= LONGEST_SIDE for side in (self.length, self.width, self.height)):
            raise Malformed(f"a side is 1 to {LONGEST_SIDE} millimetres long", code="bad-size")


@dataclass(frozen=True, slots=True)
class Translation:
    """A product's texts in another language; what is absent stands in the product's own."""

    OPEN_ENDED = True
    language: str = key(0, longest=LONGEST_LANGUAGE)
    title: str | None = key(2, longest=500, default=None)
    description: str | None = key(4, longest=20_000, default=None)
    care: str | None = key(6, longest=2_000, default=None)
    ingredients: str | None = key(8, longest=5_000, default=None)
    warnings: tuple[str, ...] | None = key(10, longest=500, most=20, default=None)

    def __post_init__(self) -> None:
        check_language(self.language)
        refuse_empty(self, "warnings")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """From `at` on it may not be sold any more, and why: whoever offers it stops, whoever bought it may have to be told."""

    OPEN_ENDED = True
    reason: str = key(0, longest=1_000)
    at: int = key(2)

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise Malformed("a withdrawal says why", code="bad-withdrawal")


@dataclass(frozen=True, slots=True)
class Variant:
    """What can be bought: one SKU. `values` stand in the order of the product's options.

    `weight` is in grams, as packed. What is absent is as the product says; `volume` is the qualified volume; no plan reckons by it yet.
    """

    OPEN_ENDED = True
    sku: str = key(0, longest=128)
    title: str = key(2, longest=500)
    values: tuple[str, ...] = key(4, longest=200, most=8, default=())
    gtin: str | None = key(6, longest=14, default=None)
    volume: tuple[Money, ...] | None = key(8, most=MOST_CURRENCIES, default=None)
    mpn: str | None = key(7, longest=70, default=None)
    weight: int | None = key(9, default=None)
    size: Size | None = key(11, default=None)
    suggested: tuple[Money, ...] | None = key(13, most=MOST_CURRENCIES, default=None)
    ingredients: str | None = key(15, longest=5_000, default=None)

    def __post_init__(self) -> None:
        if self.gtin is not None:
            check_gtin(self.gtin)
        _check_article(self)


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold, without price. `handle` is its lasting name in the feed; `description` is plain text in `language`.

    `google_category` is an id of Google's product taxonomy, `origin` the country it was made in, `suggested` what the brand would ask, in
    each currency. `plans` are the hashes of the only brand plans under which it may be offered; it may be offered in
    [`valid_from`, `valid_to`), and not at all once withdrawn.
    """

    OPEN_ENDED = True
    handle: str = key(0, longest=255)
    title: str = key(2, longest=500)
    description: str = key(4, longest=20_000, default="")
    vendor: str = key(6, longest=200, default="")
    category: str = key(8, longest=500, default="")
    tags: tuple[str, ...] = key(10, longest=200, most=250, default=())
    options: tuple[str, ...] = key(12, longest=200, most=8, default=())
    images: tuple[Image, ...] = key(14, most=50, default=())
    variants: tuple[Variant, ...] = key(16, most=500, default=())
    volume: tuple[Money, ...] | None = key(18, most=MOST_CURRENCIES, default=None)
    plans: tuple[bytes, ...] | None = key(20, size=32, most=16, default=None)
    valid_from: int | None = key(22, default=None)
    valid_to: int | None = key(24, default=None)
    withdrawal: Withdrawal | None = key(26, default=None)
    mpn: str | None = key(19, longest=70, default=None)
    weight: int | None = key(21, default=None)
    size: Size | None = key(23, default=None)
    suggested: tuple[Money, ...] | None = key(25, most=MOST_CURRENCIES, default=None)
    ingredients: str | None = key(27, longest=5_000, default=None)
    language: str | None = key(29, longest=LONGEST_LANGUAGE, default=None)
    translations: tuple[Translation, ...] | None = key(31, most=40, default=None)
    google_category: int | None = key(33, default=None)
    origin: str | None = key(35, longest=2, default=None)
    care: str | None = key(37, longest=2_000, default=None)
    warnings: tuple[str, ...] | None = key(39, longest=500, most=20, default=None)

    def __post_init__(self) -> None:
        if not self.handle or not self.title:
            raise Malformed("a product needs a handle and a title")
        if not self.variants:
            raise Malformed(f"{self.handle}: a product needs at least one variant")
        skus = [variant.sku for variant in self.variants]
        if len(set(skus)) != len(skus) or "" in skus:
            raise Malformed(f"{self.handle}: each variant needs a SKU of its own", code="duplicate-sku")
        if any(len(variant.values) != len(self.options) for variant in self.variants):
            raise Malformed(f"{self.handle}: each variant needs one value per option")
        _check_article(self)
        _check_words(self)
        if self.valid_from is not None and self.valid_to is not None and self.valid_from >= self.valid_to:
            raise Malformed(f"{self.handle}: it ends before it begins", code="bad-period")

    def sellable_at(self, now: int) -> bool:
        """Whether it may be offered at `now`: in its time, and not withdrawn."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_to is None or now < self.valid_to) and not self.withdrawn_at(now)

    def withdrawn_at(self, now: int) -> bool:
        """Whether its writer has called it back by then."""
        return self.withdrawal is not None and self.withdrawal.at <= now

    def variant(self, sku: str) -> Variant | None:
        """The variant with this SKU."""
        return next((variant for variant in self.variants if variant.sku == sku), None)


def product_id(record: bytes) -> bytes:
    """The id of a product: the hash of its record's bytes."""
    return digest("product", record)


def _check_article(article: Product | Variant) -> None:
    """What a product and a variant may say of the thing itself."""
    refuse_empty(article, "volume", "suggested")
    if article.mpn is not None and not _is_mpn(article.mpn):
        raise Malformed(f"{article.mpn!r} is no manufacturer's number: letters or digits, no space around them", code="bad-mpn")
    if article.weight is not None and not 0 < article.weight <= HEAVIEST:
        raise Malformed(f"a weight is 1 to {HEAVIEST} grams", code="bad-weight")
    for amounts in (article.suggested, article.volume):
        if amounts is not None:
            _check_amounts(amounts)


def _is_mpn(text: str) -> bool:
    return text == text.strip() and text.isprintable() and any(map(str.isalnum, text))


def _check_amounts(amounts: Iterable[Money]) -> None:
    seen: set[str] = set()
    for amount in amounts:
        if amount.minor < 0:
            raise Malformed("a price cannot be negative", code="bad-price")
        if amount.currency in seen:
            raise Malformed(f"two amounts in {amount.currency}", code="currency")
        seen.add(amount.currency)


def _check_words(product: Product) -> None:
    refuse_empty(product, "plans", "translations", "warnings")
    if product.google_category is not None and not 0 < product.google_category < 2**31:
        raise Malformed(f"{product.handle}: a category of Google's taxonomy is a positive number", code="bad-category")
    if product.origin is not None:
        check_country(product.origin)
    if product.language is not None:
        check_language(product.language)
    languages = [product.language, *(translation.language for translation in product.translations or ())]
    if len(set(languages)) != len(languages):
        raise Malformed(f"{product.handle}: two texts in one language", code="language")
