"""Performance figures: what a merchant tells a brand about its products in a month. Sums only: no person, and no small number.

It decides what is counted and what is left out, so that nobody can be told from a figure. It knows no order's contents beyond what it is
given (docs/protocol/19-brand.md).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .codec import key, refuse_empty
from .country import check_country
from .errors import Conflict, Malformed
from .kinds import Kind, Topic

TYPE = "brand.performance"
LEAST = 5  # no number below it is told
MOST_FIGURES = 2_000  # in one part
MOST_PARTS = 500
A_PART = 200  # figures that surely fit a message, each with all its regions
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class RegionFigure:
    """Units that went to one country."""

    OPEN_ENDED = True
    country: str = key(0, longest=2)
    units: int = key(2)


@dataclass(frozen=True, slots=True)
class Figure:
    """One product in one month. What is absent is fewer than `LEAST`; the regions are those that may be told."""

    OPEN_ENDED = True
    handle: str = key(0, longest=255)
    units: int | None = key(2, default=None)
    returns: int | None = key(4, default=None)
    sellers: int | None = key(6, default=None)
    regions: tuple[RegionFigure, ...] | None = key(8, most=250, default=None)

    def __post_init__(self) -> None:
        refuse_empty(self, "regions")
        told = [item.units for item in self.regions or ()]
        if any(number is not None and number < LEAST for number in (self.units, self.returns, self.sellers, *told)):
            raise Malformed(f"{self.handle}: a number below {LEAST} is left out", code="small-count")
        for item in self.regions or ():
            check_country(item.country)
        if len({item.country for item in self.regions or ()}) != len(told):
            raise Malformed(f"{self.handle}: a country twice", code="country")
        rest = (self.units or 0) - sum(told)
        if rest < 0 or (self.units is None and any((self.returns, self.sellers))):
            raise Malformed(f"{self.handle}: the parts are more than the whole", code="bad-figures")
        if told and 0 < rest < LEAST:
            raise Malformed(f"{self.handle}: what the regions leave can be told from them", code="small-count")


@dataclass(frozen=True, slots=True)
class Performance:
    """A month of a brand's products at one merchant, or a part of it. A later `version` takes the place of an earlier one.

    `feed` is the brand's feed, `period` the month of acceptance in UTC, such as 2026-11.
    """

    OPEN_ENDED = True
    merchant: bytes = key(0, size=32)
    feed: bytes = key(2, size=32)
    period: str = key(4, longest=7)
    version: int = key(6, low=1)
    part: int = key(8, low=1, high=MOST_PARTS)
    parts: int = key(10, low=1, high=MOST_PARTS)
    figures: tuple[Figure, ...] = key(12, most=MOST_FIGURES)

    def __post_init__(self) -> None:
        if not _PERIOD.fullmatch(self.period):
            raise Malformed(f"{self.period!r} is no month such as 2026-11", code="bad-period")
        if self.part > self.parts:
            raise Malformed("a part beyond the last", code="bad-figures")
        handles = [figure.handle for figure in self.figures]
        if len(set(handles)) != len(handles):
            raise Malformed("a product twice", code="bad-figures")


@dataclass(frozen=True, slots=True)
class Sale:
    """So many pieces of a product in one order, and how many of them came back. `country` is empty for what was fetched."""

    handle: str
    order: bytes
    seller: bytes
    country: str
    units: int
    returned: int = 0


def figures(sales: Iterable[Sale]) -> tuple[Figure, ...]:
    """What may be told of `sales`, by handle.

    A product is told of once `LEAST` orders have it, a region once `LEAST` orders went there. Where regions would leave fewer than `LEAST`
    units or orders over, the smallest of them is left out too, so that the rest can't be reckoned from the whole.
    """
    by_handle: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        by_handle[sale.handle].append(sale)
    return tuple(_figure(handle, found) for handle, found in sorted(by_handle.items()))


def _figure(handle: str, sales: Sequence[Sale]) -> Figure:
    if len({sale.order for sale in sales}) < LEAST:
        return Figure(handle)
    units, returns = sum(sale.units for sale in sales), sum(sale.returned for sale in sales)
    sellers = len({sale.seller for sale in sales})
    regions = _regions(sales, units)
    return Figure(
        handle,
        units,
        returns if returns >= LEAST and len({sale.order for sale in sales if sale.returned}) >= LEAST else None,
        sellers if sellers >= LEAST else None,
        tuple(regions) or None,
    )


def _regions(sales: Sequence[Sale], units: int) -> list[RegionFigure]:
    orders: dict[str, set[bytes]] = defaultdict(set)
    counted: dict[str, int] = defaultdict(int)
    for sale in sales:
        orders[sale.country].add(sale.order)
        counted[sale.country] += sale.units
    told = sorted((code for code in counted if code and len(orders[code]) >= LEAST), key=lambda code: (-counted[code], code))
    while told:
        left = [code for code in counted if code not in told]
        others = set().union(*(orders[code] for code in left))
        if not left or (units - sum(counted[code] for code in told) >= LEAST and len(others) >= LEAST):
            break
        told.pop()
    return [RegionFigure(code, counted[code]) for code in told]


def divide(report: Performance, found: Sequence[Figure]) -> list[Performance]:
    """`report` with all of `found`, in parts that fit a message each. Raises Conflict `too-large`."""
    chunks = [tuple(found[start : start + A_PART]) for start in range(0, len(found), A_PART)] or [()]
    if len(chunks) > MOST_PARTS:
        raise Conflict("more products than a report can hold", code="too-large")
    return [replace(report, part=number, parts=len(chunks), figures=chunk) for number, chunk in enumerate(chunks, start=1)]


KINDS = (Kind(TYPE, Topic.CATALOG, Performance, signed=True),)
