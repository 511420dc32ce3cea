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
from node.model.terms import words
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
_WITHDRAWAL = 26
"""The key of a product that is called back."""
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


Offered = tuple[bytes, int, int]
"""The product, price and stock of an offer."""


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
                offers[name] = offer_columns(record)
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
        found = words(" ".join(parts))
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


def offer_columns(record: bytes) -> Offered:
    """The product, price and stock (a place in `STOCKS`) of an offer record. Raises Malformed."""
    try:
        tree = peek(record)
        product, price, stock = tree[2], tree[4][0], _STOCK[tree[6]]
    except (KeyError, TypeError) as error:
        raise Malformed(f"an offer without what it is found by: {error!r}") from error
    if type(product) is not bytes or type(price) is not int or not 0 <= price < 2**63:
        raise Malformed("an offer whose product or price is none")
    return product, price, stock


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


def price_mark(price: int) -> str:
    """The mark of a price's magnitude; marks sort as prices do."""
    return f"{MARK}p{price.bit_length():02x}"


def fine_mark(price: int) -> str:
    """The mark of a price among those of its magnitude; marks sort as prices do."""
    return f"{MARK}q{place_of(price):03x}"


def place_of(price: int) -> int:
    """Where a price stands on the ladder of fine marks."""
    bits = price.bit_length()
    part = price >> (bits - 1 - FINE) if bits > FINE else price
    return (bits << FINE) + part % (1 << FINE)


def prices_of(rung: str) -> tuple[int, int]:
    """The lowest and the highest price of a fine mark."""
    bits, part = divmod(int(rung[len(MARK) + 1 :], 16), 1 << FINE)
    if bits <= FINE:
        return part, part
    width = 1 << (bits - 1 - FINE)
    low = ((1 << FINE) + part) * width
    return low, low + width - 1


OFFERED = f"{MARK}o"
AVAILABLE = f"{MARK}s"


def listing_words(made: Goods, feed: int, low: int, stock: int, offers: int) -> str:
    """All that a listing is found by. What is called back isn't in stock, whatever its merchant says."""
    found = f"{made.words} {feed_mark(feed)} {price_mark(low)} {fine_mark(low)}"
    if not offers:
        return found
    return f"{found} {OFFERED}" if made.recalled or STOCKS[stock] is Stock.OUT else f"{found} {OFFERED} {AVAILABLE}"


@lru_cache(maxsize=8192)
def _short(text: str) -> str:
    return blake2b(plain(text).encode(), digest_size=6).hexdigest()
