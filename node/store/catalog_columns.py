"""What the catalog file's columns and its search index hold of a record. It reads only that much of the record's bytes, for bulk.

Words are made by `node/model/terms.py`. Beside them stand marks, one for each value that is filtered by: a letter of the private use
area, which no word has, says of which kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from node.model.catalog import Entry
from node.model.customer import plain
from node.model.terms import elided, words
from protocol.encoding import peek
from protocol.errors import Malformed
from protocol.offer import Stock
from protocol.operations import Noun
from protocol.product import product_id

MARK = "\ue000"
STOCKS = (Stock.IN_STOCK, Stock.LOW, Stock.UNKNOWN, Stock.OUT)
"""The best first: a product has the stock of its best variant."""
_STOCK = {stock.value: place for place, stock in enumerate(STOCKS)}
_MOST_LEVELS = 8
_WITHDRAWAL, _TRANSLATIONS = 26, 31
"""Keys of a product: that it is called back, and its texts in other languages."""
_VARYING = (14, 20, 22, 36)
"""Keys of an offer: until when it holds, prices for ranks, promotions, until when goods are there."""
NAME = 40
"""So much of a title is sorted by."""
STEPS = 3
"""Letters of a title that have marks."""
FINE = 5
"""A price's fine mark has this many bits beside its magnitude: 32 marks for each doubling."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What a product's row and its words are made of. `brand` and `category` name its sections; `labels`: (mark, what it stands for);
    `recalled`: called back now, or from a time that its writer has announced.
    """

    product: bytes
    title: str
    name: str
    brand: str
    category: str
    words: str
    labels: Sequence[tuple[str, str]]
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """What an offer's row is made of. `stock` is a place in `STOCKS`; `plan` is empty where it names none; `varies`: what it costs, or
    whether it can be had, is not for everybody and always from `begins` on; `brand`: the feed that has the product, and the handle there.
    """

    product: bytes
    price: int
    stock: int
    plan: bytes
    varies: bool
    begins: int
    brand: tuple[bytes, str] | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What the records of a batch say, each read once: products by handle, offers by SKU."""

    goods: Mapping[str, Goods]
    offers: Mapping[str, Offered]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Columns":
        """Of those that are put. Raises Malformed."""
        made: dict[str, Goods] = {}
        offers: dict[str, Offered] = {}
        for _, noun, name, record in entries:
            if record is not None and noun is Noun.PRODUCT:
                made[name] = goods(record)
            elif record is not None and noun is Noun.OFFER:
                offers[name] = offered(record)
        return cls(made, offers)


def goods(record: bytes) -> Goods:
    """The columns of a product record. Raises Malformed."""
    try:
        tree = peek(record)
        title, vendor, category = tree[2], tree[6], tree[8]
        variants = tree[16]
        codes = [variant[6] for variant in variants if 6 in variant]
        parts = [title, vendor, category, *tree[10], *codes, *(variant[7] for variant in variants if 7 in variant)]
        for variant in variants:
            parts += (variant[0], variant[2])
        parts += [text[2] for text in tree.get(_TRANSLATIONS, ()) if 2 in text]
        found = [*words(" ".join(parts)), *elided(title)]
        labels = [(brand_mark(vendor), vendor)] if vendor else []
        labels += [(category_mark(path), path) for path in category_paths(category)]
        marks = [mark for mark, _ in labels]
        marks += [code_mark(code) for code in codes]
        name = plain(title)[:NAME] or "?"
        rungs = title_marks(name)
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"a product without what it is found by: {error!r}") from error
    labels += [(rung, "") for rung in rungs]
    text = " ".join(dict.fromkeys([*found, *marks, *rungs]))
    return Goods(product_id(record), title, name, vendor, category, text, labels, _WITHDRAWAL in tree)


def title_of(record: bytes) -> str:
    """The title of a product record. Raises Malformed."""
    try:
        return str(peek(record)[2])
    except (KeyError, TypeError) as error:
        raise Malformed(f"a product without a title: {error!r}") from error


def offer_columns(record: bytes) -> tuple[bytes, int, int]:
    """The product, price and stock (a place in `STOCKS`) of an offer record. Raises Malformed."""
    made = offered(record)
    return made.product, made.price, made.stock


def offered(record: bytes) -> Offered:
    """The columns of an offer record. Raises Malformed."""
    try:
        tree = peek(record)
        product, price, stock = tree[2], tree[4][0], _STOCK[tree[6]]
        brand = (tree[28][0], tree[28][2]) if 28 in tree else None
    except (KeyError, TypeError) as error:
        raise Malformed(f"an offer without what it is found by: {error!r}") from error
    if type(product) is not bytes or type(price) is not int or not 0 <= price < 2**63:
        raise Malformed("an offer whose product or price is none")
    return Offered(product, price, stock, tree.get(18, b""), any(key in tree for key in _VARYING), tree.get(12, 0), brand)


# --- marks


def brand_mark(vendor: str) -> str:
    """The mark of a brand, however it is written."""
    return f"{MARK}b{_short(vendor)}"


def category_mark(path: str) -> str:
    """The mark of a category and all that is below it."""
    return f"{MARK}c{_short(path)}"


@lru_cache(maxsize=8192)
def category_paths(category: str) -> tuple[str, ...]:
    """`Garden > Pots > Clay` is in `Garden`, `Garden > Pots` and itself."""
    steps = [step.strip() for step in category.split(">")][:_MOST_LEVELS]
    return tuple(" > ".join(steps[: count + 1]) for count in range(len(steps)) if steps[count])


def code_mark(gtin: str) -> str:
    """The mark of a GTIN; the same number with more zeros before it is the same code."""
    return f"{MARK}g{gtin.lstrip('0')}"


def feed_mark(feed: int) -> str:
    """The mark of a feed."""
    return f"{MARK}f{feed}"


def title_marks(name: str) -> tuple[str, ...]:
    """The marks of how a title begins: of its first letter, its first two, its first three. Marks of as many letters sort as names do."""
    return _rungs(name[:STEPS].ljust(STEPS))


@lru_cache(maxsize=8192)
def _rungs(beginning: str) -> tuple[str, ...]:
    letters = [f"{ord(letter):05x}" for letter in beginning]
    return tuple([f"{MARK}t{''.join(letters[:count])}" for count in range(1, STEPS + 1)])


def beginning_of(rung: str) -> str:
    """The letters of a title's mark."""
    digits = rung[len(MARK) + 1 :]
    return "".join(chr(int(digits[at : at + 5], 16)) for at in range(0, len(digits), 5))


@dataclass(frozen=True, slots=True)
class Ladder:
    """The marks of amounts. Those of magnitudes begin with one letter, the steps between with the other; both sort as amounts do."""

    magnitude: str
    step: str

    def mark(self, amount: int) -> str:
        """The mark of an amount's magnitude."""
        return f"{MARK}{self.magnitude}{amount.bit_length():02x}"

    def fine(self, place: int) -> str:
        """The mark of a place on the ladder."""
        return f"{MARK}{self.step}{place:03x}"

    def words(self, amount: int) -> str:
        """Both marks of an amount."""
        return f"{self.mark(amount)} {self.fine(place_of(amount))}"


LADDERS = {"low": Ladder("p", "q"), "earns": Ladder("v", "w")}
"""By the column whose amounts have marks. What earns nothing has none."""


def place_of(amount: int) -> int:
    """Where an amount stands on a ladder."""
    bits = amount.bit_length()
    part = amount >> (bits - 1 - FINE) if bits > FINE else amount
    return (bits << FINE) + part % (1 << FINE)


def amounts_of(rung: str) -> tuple[int, int]:
    """The lowest and the highest amount of a fine mark."""
    bits, part = divmod(int(rung[len(MARK) + 1 :], 16), 1 << FINE)
    if bits <= FINE:
        return part, part
    width = 1 << (bits - 1 - FINE)
    low = ((1 << FINE) + part) * width
    return low, low + width - 1


OFFERED = f"{MARK}o"
UNOFFERED = f"{MARK}n"
AVAILABLE = f"{MARK}s"
RECALLED = f"{MARK}r"
ABROAD = f"{MARK}a"
"""Of a listing in another feed than the one that has the record."""


def listing_words(made: Goods, feed: int, low: int, earns: int, *, is_offered: bool, sold_out: bool, abroad: bool = False) -> str:
    """All that a listing is found by. What is called back isn't in stock, whatever its merchant says."""
    found = f"{made.words} {feed_mark(feed)} {LADDERS['low'].words(low)}"
    if earns:
        found += f" {LADDERS['earns'].words(earns)}"
    if abroad:
        found += f" {ABROAD}"
    if made.recalled:
        found += f" {RECALLED}"
    if not is_offered:
        return f"{found} {UNOFFERED}"
    return f"{found} {OFFERED}" if made.recalled or sold_out else f"{found} {OFFERED} {AVAILABLE}"


@lru_cache(maxsize=8192)
def _short(text: str) -> str:
    return blake2b(plain(text).encode(), digest_size=6).hexdigest()
