"""A product file that waits for the merchant's word: what stands in it, and what would become of each product.

outcome: new, price (only prices differ), stock (only stock differs), changed, same, withdrawn (it would be taken away), error (not sold).
"""

from dataclasses import dataclass

from .listing import ProductRow

OUTCOMES = ("new", "price", "stock", "changed", "withdrawn", "same", "error")
LEFT = "left"
"""What the merchant leaves out, whatever would become of it."""
WRITTEN = ("new", "price", "stock", "changed", "withdrawn")
MOST_CHANGES = 20
SHOWN = 120
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field that would change; `of` is the SKU it is about, or nothing for the product."""

    field: str
    of: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ProductImport:
    """One file that waits. state: reading, columns, ready. `header` and `targets` are of a table of no known program. `at` in ms.

    `withdraw`: what the file does not have goes. `judged`: how long the feed was when the rows were compared. `source`: the watched place.
    """

    id: bytes
    name: str
    dialect: str
    currency: str
    at: int
    state: str
    header: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    withdraw: bool = False
    judged: int = -1
    source: bytes | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class WaitingProduct:
    """A product of the file, or a row that gives none, with the `code` of why. `handle` is what it would write in the catalog; `left`: it
    is left out on the merchant's word.
    """

    number: int
    row: int
    name: str
    sku: str
    product: ProductRow | None
    reason: str
    outcome: str
    handle: str
    changes: tuple[Change, ...]
    code: str = ""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the product `number`; `promotions`: how many of its SKUs come by one."""

    number: int
    outcome: str
    handle: str
    changes: tuple[Change, ...] = ()
    reason: str = ""
    promotions: int = 0
    code: str = ""
