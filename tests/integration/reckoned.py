"""What the demo must find, reckoned without the program: product exports read with the csv module, commissions by hand."""

import csv
import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

DIRECT_BPS, LEVEL_BPS = 2_000, 500
NOT_LISTED = ("grouped", "external")


@dataclass(frozen=True)
class Sale:
    """`lines` are (sku, quantity, price in minor units)."""

    products: int
    variants: int
    skipped: tuple[int, ...]
    lines: tuple[tuple[str, int, int], ...]

    @property
    def base(self) -> int:
        return sum(quantity * price for _, quantity, price in self.lines)

    def commissions(self, rate: int) -> dict[str, int]:
        """GMS base units by payee."""
        return {"ana": self.base * DIRECT_BPS * rate // 10_000, "ben": self.base * LEVEL_BPS * rate // 10_000}


def reckon(path: Path) -> Sale:
    """Of a Shopify or WooCommerce export in a currency with two decimals."""
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    return _shopify(rows) if "Handle" in rows[0] else _woocommerce(rows)


def _sale(products: int, prices: dict[str, int], skipped: list[int]) -> Sale:
    """The first two SKUs in SKU order, one each; two of one where there is only one. `prices` of what is in stock comes first."""
    first = sorted(prices)[:2]
    lines = tuple((sku, 1 if len(first) > 1 else 2, prices[sku]) for sku in first)
    return Sale(products, 0, tuple(skipped), lines)


def _minor(text: str) -> int:
    amount = Decimal(text) * 100
    assert amount == int(amount)
    return int(amount)


def _shopify(rows: list[dict[str, str]]) -> Sale:
    listed: dict[str, bool] = {}
    prices: dict[str, int] = {}
    skipped, variants = [], 0
    for number, row in enumerate(rows, 2):
        handle = row["Handle"]
        if row["Title"]:
            listed[handle] = row["Status"] == "active"
            if not listed[handle]:
                skipped.append(number)
        if listed[handle] and row["Variant Price"]:
            variants += 1
            if int(row["Variant Inventory Qty"] or 0) > 0 or row["Variant Inventory Policy"] == "continue":
                prices[row["Variant SKU"]] = _minor(row["Variant Price"])
    found = _sale(sum(listed.values()), prices, skipped)
    return Sale(found.products, variants, found.skipped, found.lines)


def _woocommerce(rows: list[dict[str, str]]) -> Sale:
    skipped, variants, parents = [], 0, set()
    prices: dict[str, int] = {}
    for number, row in enumerate(rows, 2):
        kind = row["Type"].split(",")[0]
        if row["Published"] != "1" or row["Visibility in catalog"] == "hidden" or kind in NOT_LISTED:
            skipped.append(number)
            continue
        if kind == "variable":
            continue
        parents.add(row["Parent"] or row["SKU"])
        variants += 1
        if row["In stock?"] == "1":  # none of our files limits a sale to days
            assert not row["Date sale price starts"]
            assert not row["Date sale price ends"]
            prices[row["SKU"]] = _minor(row["Sale price"] or row["Regular price"])
    found = _sale(len(parents), prices, skipped)
    return Sale(found.products, variants, found.skipped, found.lines)
